"""A demonstration home for the service's tests: catalogue, permits in every stage, register.

Its clock ran in the past: what was issued first is active by now, what was issued yesterday is
still announced.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from commonweal.demo.walkthrough.deciding import adopt_people
from commonweal.foundation.clock import FixedClock
from commonweal.foundation.files import make_private_folder
from commonweal.ledger.entry import Actor, Event
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.figures import CatalogueFigures
from commonweal.papers.permit import PermitDraft
from commonweal.vault.custody import (
    Custody,
    change_state,
    create_home,
    find_catalogue,
    issue_permit,
    remember_catalogue,
    settle,
)
from tests import factories
from tests.shared import made_once

FORMULA = "=cmd|'/c calc'!A1"
MARKUP = "<b>a & 'b'</b>/c~d"
_NAMED = tuple(
    {"id": one, "name": name, "role": "Researcher"}
    for one, name in (("amara", "Amara Okafor"), ("bethan", "Bethan Hughes"))
)
"""Made-up people whom the first permit names beside the factories'."""
NAME = "Wharfedale-Nidderdale University Hospitals NHS Foundation Trust"
ENTRY = "import sys; from commonweal.cli.main import run; sys.exit(run())"


def catalogue() -> dict[str, Any]:
    """The factories' hospital, and a second dataset whose names try what names can."""
    plain = factories.catalogue_data()
    odd = [
        factories.variable(FORMULA, "text", "other", "exact"),
        factories.variable(MARKUP, "text", "other", "exact"),
        factories.variable("..", "integer", "other", "round(10)"),
    ]
    plain["datasets"][0]["tables"][0]["title"] = "Patients <i>and</i> births"
    plain["datasets"].append(
        {
            "id": "odd",
            "title": "Odd <names>",
            "source": {"kind": "folder", "location": "secret-place"},
            "person": {"kind": "row"},
            "tables": [{"name": "a/b", "rows": 31_337, "variables": odd}],
        }
    )
    return plain


def make_home(
    place: Path,
    *,
    kind: str = "demo",
    stores: Path,
    say_no_days: int = 28,
    tables: bool = True,
) -> Path:
    """A home in `place` with four permits: active, paused, revoked and announced.

    It is made once a run for all who ask for the same; each of them has a copy. `tables`: with the
    empty tables of the service, which its first start would make in seconds.
    """
    made = made_once(
        f"home-{kind}-{say_no_days}",
        lambda folder: _make(folder / "home", kind, folder / "stores", say_no_days),
    )
    if made is None:
        _make(place, kind, stores, say_no_days)
        return place
    shutil.copytree(made / "home", place)
    shutil.copytree(made / "stores", stores, dirs_exist_ok=True)
    for file in made.glob("home-*"):
        shutil.copy2(file, place.with_name(file.name.replace("home", place.name, 1)))
    if tables and kind == "demo":
        make_private_folder(place / "web")
        with_tables(place / "web" / "service.sqlite")
    return place


def with_tables(file: Path) -> None:
    """The empty tables of the service in `file`; nothing where nothing is shared in this run."""
    if ready := made_once("tables", _tables):
        shutil.copy2(ready / "service.sqlite", file)


_MIGRATE = """
import django
django.setup()
from django.core.management import call_command
from django.db import connection
call_command("migrate", verbosity=0, interactive=False)
connection.close()
"""


def _tables(folder: Path) -> None:
    home = make_home(folder / "home", stores=folder / "stores", tables=False)
    make_private_folder(home / "web")
    plain = {name: text for name, text in os.environ.items() if name != "DATABASE_URL"}
    settings = {"DJANGO_SETTINGS_MODULE": "commonweal.web.config.settings"}
    subprocess.run(
        [sys.executable, "-c", _MIGRATE],
        check=True, env={**plain, **settings, "COMMONWEAL_HOME": str(home)},
    )  # fmt: skip
    (home / "web" / "service.sqlite").rename(folder / "service.sqlite")


def _make(place: Path, kind: str, stores: Path, say_no_days: int) -> None:
    now = datetime.now(UTC)
    clock = FixedClock(now - timedelta(days=60))
    before = os.environ.get("COMMONWEAL_ROOT_STORE")
    os.environ["COMMONWEAL_ROOT_STORE"] = str(stores)
    file = place.with_name(f"{place.name}-catalogue.json")
    file.write_text(json.dumps(catalogue()))
    try:
        with create_home(
            place, kind=kind, name=NAME, clock=clock, time_to_say_no_days=say_no_days
        ) as custody:
            remember_catalogue(custody, file)
            _figures(custody)
            if kind == "demo":
                adopt_people(custody, place.with_name(f"{place.name}-people.json"))
                _permits(custody, place, clock, now)
    finally:
        os.environ.pop("COMMONWEAL_ROOT_STORE")
        if before is not None:
            os.environ["COMMONWEAL_ROOT_STORE"] = before


def paper(catalogue: Catalogue, dataset: str = "hospital") -> CatalogueFigures:
    """Figures of the factories' hospital, as the vault would publish them."""
    sex = {"complete": 95, "codes": [{"code": "F", "people": 120}, {"code": "M", "people": 110}],
           "codes_hidden": True,
           "forms": {"exact": {"band": "low"}}}  # fmt: skip
    born = {"complete": 100, "range": {"low": 1941, "high": 2011},
            "forms": {"age_band(5,90)": {"band": "medium"}, "year": {"band": "medium"},
                      "month": {"band": "high"}}}  # fmt: skip
    variables = {"sex": sex, "born": born, "ethnicity": {"complete": 50, "forms": {}}}
    plain = {
        "figures": 1, "release": f"figures-{dataset}.r1", "sequence": 1, "dataset": dataset,
        "catalogue_digest": catalogue.governed_digest((dataset,)), "commonweal": "1",
        "measured_at": "2026-03-02T09:00:00.000Z", "people": 12_340,
        "choices": {"applied": ["national"], "checked_on": "2026-03-01"},
        "tables": {"patients": {"rows": 12_340, "people": 12_340, "variables": variables},
                   "admissions": {"variables": {}}},
        "missing": {
            "kept": 12_340, "lost": 420, "rows": {"admissions": "1 in 100 to 1 in 20"},
            "variables": [
                {"variable": "ethnicity", "describes": "ethnicity", "groups": [
                    {"group": "White", "kept": 9_000, "lost": 180},
                    {"group": "Asian or Asian British", "kept": 2_100, "lost": 190},
                    {"group": "Other ethnic group", "kept": 60},
                    {"group": "Not stated or not known", "kept": 1_180, "lost": 50},
                ]},
            ],
        },
    }  # fmt: skip
    return CatalogueFigures.read(plain, "Figures")


def _figures(custody: Custody) -> None:
    """Publish figures as the vault does, of a hospital that nobody counted."""
    _, known = find_catalogue(custody, "hospital")
    now = custody.clock.now()
    made = paper(known).model_copy(update={"measured_at": now})
    fields = {"release": made.release, "dataset": made.dataset, "figures_hash": made.digest(),
              "inner": "hmac-sha256:" + "0" * 64}  # fmt: skip
    custody.ledger.append(Event("catalogue.described", Actor("data_manager", "test"), fields))
    folder = custody.home.path / "public" / "figures"
    make_private_folder(folder)
    content = made.signed([custody.signer("manifest-signer")], now).encode()
    (folder / "hospital.jws").write_bytes(content)
    settle(custody)


def _permits(custody: Any, place: Path, clock: FixedClock, now: datetime) -> None:
    _, known = find_catalogue(custody, "hospital")
    papers: dict[str, Path] = {}
    for number, title in enumerate(("Asthma in winter", "Hearts", "Falls", "Births & <b>more</b>")):
        if number == 3:
            clock.advance(now - timedelta(days=1) - clock.now())
        draft = factories.draft_data(
            id=f"permit-{number}",
            project={
                "id": f"project-{number}",
                "title": title,
                "lay_summary": "We want to learn why more people come to hospital.",
            },
            people=[*factories.draft_data()["people"], *(_NAMED if number == 0 else ())],
            **{
                "from": clock.now().date().isoformat(),
                "until": (now + timedelta(days=200)).date().isoformat(),
            },
        )
        out = papers[title] = place.with_name(f"{place.name}-{number}.jws")
        issue_permit(custody, PermitDraft.read(draft, "The draft"), known, ["permit-signer"], out)
        if number == 2:
            clock.advance(timedelta(days=40))
            change_state(custody, papers["Hearts"], "pause", "support_lapsed")
            change_state(custody, papers["Falls"], "revoke", "guardian_decision")


# --- a real server ----------------------------------------------------------------------------


@dataclass
class Served:
    """A running `commonweal serve`."""

    address: str
    process: subprocess.Popen[str]
    home: Path
    log: Path


def free_port() -> int:
    """A port that nobody holds at the moment."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(arguments: list[str], log: Path, variables: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start the command with its output in a file."""
    with log.open("w") as out:
        return subprocess.Popen(
            [sys.executable, "-c", ENTRY, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            text=True,
            env={**os.environ, **variables},
        )


@contextmanager
def served(
    home: Path,
    *,
    workers: bool | tuple[str, ...] = False,
    port: int | None = None,
    **variables: str,
) -> Iterator[Served]:
    """`commonweal serve` of a home on a free port, stopped at the end.

    A worker costs seconds of work to begin. `workers`: True for those of all rooms, as the command
    starts them, or the rooms whose workers alone a test needs; the home's COMMONWEAL_ROOT_STORE is
    named with them.
    """
    port, log = port or free_port(), home.with_name(f"{home.name}-served.log")
    arguments = ["--home", str(home), "serve", "--port", str(port)]
    arguments += [] if workers is True else ["--no-workers"]
    process = start(arguments, log, variables)
    try:
        wait_for(log, "Commonweal is at", process)
        address = f"http://localhost:{port}"
        with at_work(home, workers if isinstance(workers, tuple) else (), address, variables):
            yield Served(address, process, home, log)
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextmanager
def at_work(
    home: Path, rooms: tuple[str, ...], address: str, variables: Mapping[str, str]
) -> Iterator[None]:
    """Workers of these rooms, started as the service starts them. None may end by itself."""
    settings = {
        "COMMONWEAL_HOME": str(home), "COMMONWEAL_WEB_ADDRESS": address,
        "DJANGO_SETTINGS_MODULE": "commonweal.web.config.settings",
    }  # fmt: skip
    started: dict[str, subprocess.Popen[bytes]] = {}
    logs = {room: home.with_name(f"{home.name}-{room}.log") for room in rooms}
    try:
        for room, log in logs.items():
            with log.open("w") as out:
                started[room] = subprocess.Popen(
                    [sys.executable, "-m", "commonweal.web.config.workers", room],
                    stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                    env={**os.environ, **variables, **settings},
                )  # fmt: skip
        yield
        ended = {room: logs[room].read_text() for room in rooms if started[room].poll() is not None}
        assert ended == {}
    finally:
        for one in started.values():
            one.terminate()
        for one in started.values():
            one.wait(timeout=30)


def wait_for(log: Path, text: str, process: subprocess.Popen[str], seconds: float = 240) -> None:
    """Wait until the process has said `text`; it must not end before. Shared machines stall."""
    ends = time.monotonic() + seconds
    while text not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < ends, log.read_text()
        time.sleep(0.05)
