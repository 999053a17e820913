"""The public register with 10,000 projects: how long a page and a file take, and what they ask.

Both sizes are asked in a process of their own. A page's figures are of its request inside the
service, without a network. The register's file is made here in its own form; the one project whose
page is asked for is a real one, because its page is held against the public log.
"""

from __future__ import annotations

import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SMALL, LARGE = 30, 10_000
TIMES = 40
_ROOT = Path(__file__).resolve().parent.parent

PAGES: tuple[tuple[str, str], ...] = (
    ("the list", "/projects/"),
    ("the list, its last page", "/projects/?page=1000000"),
    ("the list, three boxes", "/projects/?kind=company&ai=yes&year=2024"),
    ("the list, two words", "/projects/?q=institute+illness+7"),
    ("the list, words that nothing has", "/projects/?q=zebra+crossing"),
    ("one project", "/projects/permit-0/"),
    ("check this yourself", "/projects/permit-0/check/"),
    ("who makes money", "/projects/companies/"),
    ("the table", "/projects/projects.csv"),
    ("HDR UK, flat", "/projects/projects.hdruk.json"),
    ("the feed", "/projects/projects.atom"),
)


def run() -> list[dict[str, Any]]:
    """Both sizes, and the rows of the table."""
    small, large = _child(SMALL), _child(LARGE)
    rows: list[dict[str, Any]] = [
        {"what": f"the register is read: {LARGE:,} projects", "value": large["read"], "unit": "s"}
    ]
    for what, _ in PAGES:
        one, few = large["pages"][what], small["pages"][what]
        rows += [
            {"what": f"{what}: p50", "value": one["p50"] * 1000, "unit": "ms"},
            {"what": f"{what}: p95", "value": one["p95"] * 1000, "unit": "ms"},
            {"what": f"{what}: made the first time", "value": one["first"], "unit": "s"},
            {"what": f"{what}: p50 over that of {SMALL} projects",
             "value": one["p50"] / few["p50"], "unit": "times"},
            {"what": f"{what}: queries more", "value": one["queries"] - few["queries"], "unit": "",
             "budget": "at most 0 more"},
        ]  # fmt: skip
    return rows


def _child(count: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.register", str(count)]
    done = subprocess.run(command, check=True, cwd=_ROOT, stdout=subprocess.PIPE)
    answered: dict[str, Any] = json.loads(done.stdout.decode().splitlines()[-1])
    return answered


def main(count: int) -> None:
    """Make such a home, ask for every page, and print what it took."""
    with tempfile.TemporaryDirectory() as folder:
        home = _home(Path(folder) / "home")
        file = home / "public" / "register.json"
        _fill(file, count)
        print(json.dumps(_ask()))


def _home(place: Path) -> Path:
    from tests.web.house import make_home

    make_home(place, stores=place.with_name("stores"))
    os.environ["COMMONWEAL_HOME"] = str(place)
    os.environ["DJANGO_SETTINGS_MODULE"] = "commonweal.web.config.settings"
    import django

    django.setup()
    from commonweal.web.prepare import prepare

    prepare()
    return place


def _fill(file: Path, count: int) -> None:
    """The real projects, and `count` more before them."""
    from tests.web import register_rows

    real = json.loads(file.read_text(encoding="utf-8"))["entries"]
    home = json.loads(file.read_text(encoding="utf-8"))["home"]
    register_rows.write(file, [*register_rows.entries(count), *real], home)


def _ask() -> dict[str, Any]:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from commonweal.web.register.presenters import whole_or_none

    logging.disable(logging.WARNING)  # a line for each request would be measured, too
    client = Client(headers={"host": "localhost:8000"}, REMOTE_ADDR="127.0.0.1")
    begun = time.perf_counter()
    whole_or_none()
    found: dict[str, Any] = {"read": time.perf_counter() - begun, "pages": {}}
    for what, address in PAGES:
        taken = []
        for _ in range(TIMES + 1):
            begun = time.perf_counter()
            answer = client.get(address)
            taken.append(time.perf_counter() - begun)
            if answer.status_code != 200:
                raise RuntimeError(f"{address} answered {answer.status_code}")
        with CaptureQueriesContext(connection) as seen:
            client.get(address)
        first, rest = taken[0], sorted(taken[1:])
        found["pages"][what] = {
            "first": first, "p50": statistics.median(rest),
            "p95": rest[int(len(rest) * 0.95)], "queries": len(seen),
        }  # fmt: skip
    return found


if __name__ == "__main__":
    main(int(sys.argv[1]))
