"""A task, a signed statement, a scripted site, and an engine in memory that keeps the contract."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from commonweal.enclave.engines.port import ENDED, Given, Needs, State, Task, Ticket, follow
from commonweal.enclave.engines.tes import TesEngine, TesSite, Token
from commonweal.foundation.clock import FixedClock, stamp
from commonweal.foundation.errors import Unavailable
from commonweal.papers.site import SiteStatement
from commonweal.sandbox.collecting import Collected, Declaration, Declared, collect
from tests import factories

IMAGE = "registry.example/study@sha256:" + "ab" * 32
SECRET = "tok-very-secret-0123456789"


def task(job: str = "job-1", attempt: int = 1, **changes: Any) -> Task:
    given = {
        "project": "asthma",
        "image": IMAGE,
        "command": ("python", "main.py"),
        "given": (Given("file:///srv/releases/r1", "/release"),
                  Given("file:///srv/studies/s1", "/study")),
        "outputs": Declaration((Declared("counts.json", 10_000),), 10_000),
        "needs": Needs(2, 4, 10, 60),
        "environment": {"COMMONWEAL_RELEASE": "/release"},
        **changes,
    }  # fmt: skip
    return Task(job, attempt, **given)


def statement_data(address: str, **changes: Any) -> dict[str, Any]:
    return {
        "statement": 1,
        "site": "wharfedale-cluster",
        "address": address,
        "service": "org.example.tes",
        "parameter": "network",
        "value": "none",
        "how": "Pods have no route; the plug-in drops every packet.",
        "tried": "The escape suite was run in a task: no name, no address, no packet.",
        "tried_by": "Jo Ferris",
        "tried_on": "2026-02-20",
        "until": "2026-08-20",
        "stated_at": stamp(factories.NOW),
        **changes,
    }


def statement(address: str, **changes: Any) -> str:
    paper = SiteStatement.read(statement_data(address, **changes), "The statement")
    return paper.signed([factories.signer()], factories.NOW)


class Scripted:
    """The server of `tes_server`, in its own process."""

    def __init__(self, port: int, folder: Path, secure: bool = False) -> None:
        self.port, self.folder, self.secure = port, folder, secure
        self.address = f"http://127.0.0.1:{port}"

    def script(self, *steps: tuple[str, str], **more: Any) -> None:
        self._call("POST", "/script", {"steps": [{"on": a, "do": b} for a, b in steps], **more})

    def held(self) -> dict[str, Any]:
        return self._call("GET", "/held", None)

    def _call(self, method: str, path: str, body: Any) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(connection):
            connection.request(method, path, None if body is None else json.dumps(body))
            return json.loads(connection.getresponse().read())

    def engine(self, signed: str | None = None, **changes: Any) -> TesEngine:
        site = TesSite(**{"address": self.address, "home": "home-1", "outputs": "file:///srv/out",
                          "outputs_folder": self.folder, "outputs_owner": os.getuid(),
                          "token": Token(SECRET), "timeout": 1.0, **changes})  # fmt: skip
        said = signed or statement(site.address)
        return TesEngine(site, said, factories.trust(), FixedClock(factories.NOW), lambda _: None)

    def leaves(self, ticket: Ticket, **files: str) -> None:
        """As if the task had left these files."""
        place = self.folder / ticket.mark
        place.mkdir()
        for name, text in files.items():
            (place / name.replace("__", ".")).write_text(text)


@contextlib.contextmanager
def scripted(folder: Path, *certificate: Path) -> Iterator[Scripted]:
    from tools.side import side_environment

    python = side_environment("oracles", "acro, roc-validator and py-tes")
    script = Path(__file__).with_name("tes_server.py")
    process = subprocess.Popen([python, script, *certificate], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield Scripted(int(process.stdout.readline()), folder, bool(certificate))
    finally:
        process.kill()
        process.wait()
        process.stdout.close() if process.stdout else None


class InMemory:
    """The obvious engine: it keeps what it was given in a dictionary."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.tickets, self.states = folder, {}, {}

    def submit(self, task: Task) -> Ticket:
        if task.name not in self.tickets:
            ticket = Ticket(task.name, f"there-{len(self.tickets)}", secrets.token_hex(16))
            self.tickets[task.name] = ticket
            self.states[ticket.there] = "waiting"
        return self.tickets[task.name]

    def find(self, name: str) -> Ticket | None:
        return self.tickets.get(name)

    def clear(self, ticket: Ticket) -> None:
        shutil.rmtree(self.folder / ticket.mark, ignore_errors=True)

    def poll(self, ticket: Ticket, before: State = "waiting") -> State:
        if ticket.there not in self.states:
            raise Unavailable("CW-ENGINE-GONE", "There is no such task.")
        return follow(before, self.states[ticket.there])

    def cancel(self, ticket: Ticket) -> None:
        if ticket.there in self.states and self.states[ticket.there] not in ENDED:
            self.states[ticket.there] = "cancelled"

    def collect(self, ticket: Ticket, task: Task, into: Path) -> tuple[Collected, ...]:
        if ticket.name != task.name or self.poll(ticket) != "finished":
            raise Unavailable("CW-ENGINE-UNSURE", "It has not finished.")
        outputs = os.open(self.folder / ticket.mark, os.O_RDONLY | os.O_DIRECTORY)
        try:
            return collect(outputs, task.outputs, into, owner=os.getuid())
        finally:
            os.close(outputs)


__all__ = ["InMemory", "Scripted", "scripted", "statement", "statement_data", "sys", "task"]
