"""A client of GA4GH TES 1.1: the one module of the enclave that speaks HTTP.

It speaks https (http to this machine only), follows no redirect, believes the machine's roots or
one named certificate, reads a bounded answer in a bounded time, and shows its token nowhere. A task
is created only after a list by tag shows that it is not there, and an answer that was lost is
looked for in the same way, so a job runs once though a message was sent twice.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote, urlencode

from commonweal.enclave.engines import asking
from commonweal.enclave.engines.port import ENDED, State, Task, Ticket, follow
from commonweal.foundation.addresses import Address, service_address
from commonweal.foundation.canonical import canonical, parse_json
from commonweal.foundation.clock import Clock
from commonweal.foundation.errors import CommonwealError, Unavailable, WrongUsage
from commonweal.foundation.files import translated
from commonweal.papers.signing import Trust
from commonweal.papers.site import SiteStatement
from commonweal.sandbox.collecting import Collected, collect
from commonweal.sandbox.measuring import remove_tree

BASE = "/ga4gh/tes/v1"
MOST_ANSWER = 2 * 1024 * 1024
MOST_PAGES = 20
TIMEOUT_SECONDS = 20.0
TRIES = 3
PAUSE_SECONDS = 0.5
_BLOCK = 64 * 1024
_BOTH_WAYS = 2
"""`socket.SHUT_RDWR`."""


class Token:
    """A bearer token. No representation, copy or JSON of it shows it."""

    __slots__ = ("_held",)

    def __init__(self, text: str) -> None:
        if not text.isascii() or not text.isprintable() or not text or " " in text:
            raise WrongUsage("CW-ENGINE-ADDRESS", "The token of the site's engine is not one.")
        self._held = text

    def header(self) -> str:
        """The value of the header that carries it, for the one call that needs it."""
        return f"Bearer {self._held}"

    def __repr__(self) -> str:
        return "Token(hidden)"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a token is never pickled or copied")


@dataclass(frozen=True)
class TesSite:
    """The custodian's configuration of a site. address: of the engine, without `/ga4gh/...`.

    home: the id of our home, so that two homes at one site keep apart. outputs: the address under
    which the site puts what jobs left; outputs_folder: the same place as this machine sees it.
    outputs_owner: the number of the user who owns files there. authority: a file with the root
    certificate to believe instead of the machine's.
    """

    address: str
    home: str
    outputs: str
    outputs_folder: Path
    outputs_owner: int
    token: Token | None = None
    authority: Path | None = None
    timeout: float = TIMEOUT_SECONDS

    def __post_init__(self) -> None:
        _place(self.address)


@dataclass(frozen=True)
class _Answer:
    status: int
    content: bytes


class TesEngine:
    """An `Engine` at a site that a signed statement says has no way out."""

    def __init__(
        self,
        site: TesSite,
        statement: str | bytes,
        trust: Trust,
        clock: Clock,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """`statement`: the signed text; raises what `SiteStatement.load` does."""
        self.site = site
        self.statement = SiteStatement.load(statement, trust)
        self._clock = clock
        self._pause = pause

    def __repr__(self) -> str:
        return f"TesEngine({self.site.address})"

    # --- the port -------------------------------------------------------------------------

    def submit(self, task: Task) -> Ticket:
        """Have a task run once; see `Engine.submit`."""
        self.verify()
        known = self._ours(task.name)
        if not known:
            self._create(task)
            known = self._ours(task.name)
            if not known:
                raise _unsure()
        one, others = asking.chosen(known)
        for other in others:
            self._stop(other.there)
        ticket = Ticket(task.name, one.there, one.mark)
        if one.state not in ENDED:
            self._check_taken(task, ticket)
        return ticket

    def find(self, name: str) -> Ticket | None:
        """The task of this name; see `Engine.find`."""
        known = self._ours(name)
        if not known:
            return None
        one, _ = asking.chosen(known)
        return Ticket(name, one.there, one.mark)

    def clear(self, ticket: Ticket) -> None:
        """Remove what a task left in the folder that the site and this machine share."""
        with translated("what a task left"):
            remove_tree(self.site.outputs_folder / ticket.mark)

    def poll(self, ticket: Ticket, before: State = "waiting") -> State:
        """How a task stands; see `Engine.poll`."""
        there = ticket.there
        plain = self._read("GET", f"/tasks/{quote(there, safe='')}?view=MINIMAL")
        return follow(before, asking.state_of(plain, there))

    def cancel(self, ticket: Ticket) -> None:
        """Ask for a task to be stopped; see `Engine.cancel`."""
        self._stop(ticket.there)

    def collect(self, ticket: Ticket, task: Task, into: Path) -> tuple[Collected, ...]:
        """Copy what a finished task left; see `Engine.collect`.

        Raises `Unavailable` CW-ENGINE-UNSURE where it has not finished, and what
        `sandbox.collecting.collect` raises.
        """
        if ticket.name != task.name or self.poll(ticket) != "finished":
            raise Unavailable("CW-ENGINE-UNSURE", "The task has not finished, so nothing is taken.")
        place = self.site.outputs_folder / ticket.mark
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            outputs = os.open(place, flags)
        except OSError as error:
            raise Unavailable(
                "CW-ENGINE-GONE", "The site says that a task finished, but it left no folder."
            ) from error
        try:
            return collect(outputs, task.outputs, into, owner=self.site.outputs_owner)
        finally:
            os.close(outputs)

    def verify(self) -> None:
        """Refuse unless the site is, now, what the statement in force says.

        Raises `Fault` CW-ENGINE-STATEMENT, `Unavailable` CW-ENGINE-SITE, CW-ENGINE-UNREACHABLE.
        """
        asking.require_statement(self.statement, self.site.address, self._clock.now())
        asking.check_service(self._read("GET", "/service-info"), self.statement)

    # --- what is asked --------------------------------------------------------------------

    def _document(self, task: Task, mark: str) -> dict[str, Any]:
        return asking.task_document(task, self.site.home, mark, self.site.outputs, self.statement)

    def _create(self, task: Task) -> None:
        """Send a task once. What became of it is told by the list, whatever the answer was."""
        content = canonical(self._document(task, secrets.token_hex(16)))
        with contextlib.suppress(_Unanswered):
            answer = self._send("POST", "/tasks", content)
            if 400 <= answer.status < 500:
                raise _refused(answer.status)

    def _check_taken(self, task: Task, ticket: Ticket) -> None:
        """Stop a task that the site holds in another form than it was sent in."""
        plain = self._read("GET", f"/tasks/{quote(ticket.there, safe='')}?view=FULL")
        try:
            asking.check_taken(plain, self._document(task, ticket.mark))
        except CommonwealError:
            self._stop(ticket.there)
            raise

    def _ours(self, name: str) -> list[asking.Known]:
        """The tasks of this name at the site, all pages."""
        asked = {
            "view": "BASIC",
            "page_size": "256",
            "name_prefix": name,
        }
        tags = [("tag_key", asking.HOME_TAG), ("tag_value", self.site.home),
                ("tag_key", asking.JOB_TAG), ("tag_value", name)]  # fmt: skip
        found: list[asking.Known] = []
        for _ in range(MOST_PAGES):
            query = urlencode([*asked.items(), *tags])
            page, token = asking.page_of(self._read("GET", f"/tasks?{query}"), self.site.home, name)
            found += page
            if token is None:
                return found
            asked["page_token"] = token
        raise asking.misunderstood("a list of tasks does not end")

    def _stop(self, there: str) -> None:
        path = f"/tasks/{quote(there, safe='')}:cancel"
        answer = self._asked("POST", path, b"{}")
        # A site may refuse to stop what has ended; how it stands is asked by `poll`.
        if answer.status not in (200, 400, 404, 409):
            raise _refused(answer.status)

    def _read(self, method: str, path: str) -> Any:
        answer = self._asked(method, path, None)
        if answer.status == 404:
            raise Unavailable("CW-ENGINE-GONE", "The site's engine does not know what it is asked.")
        if answer.status != 200:
            raise _refused(answer.status)
        return _parsed(answer.content)

    def _asked(self, method: str, path: str, body: bytes | None) -> _Answer:
        """Ask what may be asked again: three times where there is no answer, or one of 5xx."""
        for turn in range(1, TRIES + 1):
            try:
                answer = self._send(method, path, body)
            except _Unanswered as error:
                if turn == TRIES:
                    raise _unreachable() from error
            else:
                if answer.status < 500 or turn == TRIES:
                    return answer
            self._pause(PAUSE_SECONDS * 2 ** (turn - 1))
        raise _unreachable()

    def _send(self, method: str, path: str, body: bytes | None) -> _Answer:
        secure, host, port, prefix = _place(self.site.address)
        headers = {"Accept": "application/json", "Connection": "close"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if self.site.token is not None:
            headers["Authorization"] = self.site.token.header()
        with self._connection(secure, host, port) as connection:
            return _exchanged(connection, method, f"{prefix}{BASE}{path}", body, headers)

    @contextlib.contextmanager
    def _connection(
        self, secure: bool, host: str, port: int | None
    ) -> Iterator[http.client.HTTPConnection]:
        """A connection that is cut off after the timeout, however slowly the other side drips."""
        timeout = self.site.timeout
        if secure:
            context = ssl.create_default_context(cafile=_named(self.site.authority))
            made: http.client.HTTPConnection = http.client.HTTPSConnection(
                host, port, timeout=timeout, context=context
            )
        else:
            made = http.client.HTTPConnection(host, port, timeout=timeout)
        cut = threading.Event()
        try:
            made.connect()
            # Held here: `http.client` lets go of it once the headers are read.
            timer = threading.Timer(timeout, _cut, [made.sock, cut])
            timer.daemon = True
            timer.start()
            try:
                yield made
            finally:
                timer.cancel()
            if cut.is_set():
                raise TimeoutError  # what came until then may look like a whole answer
        except (OSError, http.client.HTTPException, ValueError) as error:
            # The message of such an error may repeat what was sent, so it goes no further.
            raise _Unanswered from error
        finally:
            made.close()


class _Unanswered(Exception):
    """There was no answer, or not a whole one."""


def _exchanged(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes | None,
    headers: Mapping[str, str],
) -> _Answer:
    connection.request(method, path, body, dict(headers))
    response = connection.getresponse()
    parts: list[bytes] = []
    size = 0
    while part := response.read1(_BLOCK):
        size += len(part)
        if size > MOST_ANSWER:
            raise http.client.HTTPException
        parts.append(part)
    if response.length:
        raise http.client.HTTPException  # it was cut off
    if 300 <= response.status < 400:
        # Whoever can redirect us can have our token: nobody is followed.
        raise _refused(response.status)
    return _Answer(response.status, b"".join(parts))


def _cut(open_socket: Any, cut: threading.Event) -> None:
    cut.set()
    with contextlib.suppress(OSError):
        open_socket.shutdown(_BOTH_WAYS)


def _parsed(content: bytes) -> Any:
    try:
        return parse_json(content, "The answer", max_bytes=MOST_ANSWER)
    except CommonwealError as error:
        raise asking.misunderstood("it is not JSON") from error


def _named(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _place(address: str) -> Address:
    """Scheme, host, port and path of a site's address, or `WrongUsage` CW-ENGINE-ADDRESS."""
    return service_address(
        address,
        "CW-ENGINE-ADDRESS",
        "The address of a site's engine is https://..., or http:// on this machine.",
    )


def _refused(status: int) -> Unavailable:
    return Unavailable(
        "CW-ENGINE-REFUSED", f"The site's engine refused what it was asked (status {status})."
    )


def _unreachable() -> Unavailable:
    return Unavailable(
        "CW-ENGINE-UNREACHABLE", "The site's engine does not answer, or not in time."
    )


def _unsure() -> Unavailable:
    return Unavailable(
        "CW-ENGINE-UNSURE",
        "It is not known whether the site's engine took a task.",
        remedy="It is asked again before anything is sent anew.",
    )
