"""Workers as processes: they begin with the service, end cleanly, and two of them do no harm.

On PostgreSQL, where writers really run beside each other.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures_postgres import Cluster
from tests.web.house import ENTRY, make_home, served, start, wait_for
from tests.web.test_serve import Plain, children_of, fetched, gone, token


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("workers")
    return make_home(place / "home", stores=place / "stores")


def stores(home: Path) -> dict[str, str]:
    return {"COMMONWEAL_ROOT_STORE": str(home.with_name("stores"))}


def carried(home: Path) -> list[int]:
    """The service's numbers that the ledger knows, in the order in which it wrote them."""
    with closing(sqlite3.connect(home / "ledger" / "ledger.sqlite")) as connection:
        rows = connection.execute("SELECT number FROM carried ORDER BY intent_id")
        return [number for (number,) in rows]


def sound(home: Path) -> dict[str, Any]:
    import json

    done = subprocess.run(
        [sys.executable, "-c", ENTRY, "ledger", "verify", "--json", "--home", str(home)],
        check=False, capture_output=True, text=True, env={**os.environ, **stores(home)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads(done.stdout))


@pytest.fixture
def service(home: Path, postgres_cluster: Cluster) -> Iterator[tuple[Any, str]]:
    url = postgres_cluster.new()
    with served(home, DATABASE_URL=url, **stores(home)) as found:
        yield found, url


def test_two_workers_at_once_on_postgresql(home: Path, service: tuple[Any, str]) -> None:
    import psycopg

    found, url = service
    browser = Plain(int(found.address.rpartition(":")[2]))
    for who in ("amara", "grace", "quentin"):
        page = browser.get("/account/people/")
        browser.post("/account/people/sign-in/", person=who, **token(page))
    logs = [home.with_name(f"worker-{n}.log") for n in (1, 2)]
    variables = {"DATABASE_URL": url, **stores(home)}
    arguments = ["--home", str(home), "worker", "--room", "signer"]
    workers = [start(arguments, log, variables) for log in logs]
    with psycopg.connect(url, autocommit=True) as connection:
        ends = time.monotonic() + 90
        while connection.execute(WAITS).fetchone() != (0, 1):
            assert all(one.poll() is None for one in workers), [log.read_text() for log in logs]
            assert time.monotonic() < ends, [log.read_text() for log in logs]
            time.sleep(0.1)
        rows = connection.execute("SELECT id FROM ledgerlink_intent ORDER BY id").fetchall()
    assert carried(home) == [number for (number,) in rows]
    assert len(rows) >= 28
    assert sound(home)["intents_left"] == 0
    wait_for(logs[0], "a worker begins", workers[0])
    for one in workers:
        one.send_signal(signal.SIGTERM)
    for one, log in zip(workers, logs, strict=True):
        assert one.wait(timeout=30) == 0, log.read_text()
        assert "a worker ended" in log.read_text()
        assert '"level": "error"' not in log.read_text()


WAITS = """SELECT (SELECT count(*) FROM ledgerlink_intent WHERE placed_at IS NULL),
                  (SELECT count(*) FROM signing_knownroster)"""
COMMIT = """
import os, django
django.setup()
from django.db import OperationalError, connection, transaction
from commonweal.ledger.entry import Actor, Event
from commonweal.web.accounts.models import Membership, User
from commonweal.web.ledgerlink.models import Intent
from commonweal.web.ledgerlink.services import govern
import psycopg

user = User.objects.get(public_id="samuel")
held = user.memberships.first()

def counts():
    return (Membership.objects.filter(user=user).count(),
            Intent.objects.filter(type="account.role_given").count())

def write():
    row = Membership(user=user, organisation=held.organisation, role="clinician",
                     begins=held.begins)
    fields = {"person": "samuel", "held_role": "clinician", "organisation": "meadowbank"}
    govern(Event("account.role_given", Actor("system", "tests"), fields), row)

before = counts()
try:
    with transaction.atomic():
        write()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            pid = cursor.fetchone()[0]
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [pid])
    raise SystemExit("the commit did not fail")
except OperationalError:
    connection.close()
assert counts() == before, (before, counts())
write()
assert counts() == (before[0] + 1, before[1] + 1)
print("neither, then both")
"""


def test_when_the_commit_fails_on_postgresql_neither_row_nor_intent_exists(
    home: Path, postgres_cluster: Cluster
) -> None:
    variables = {
        **os.environ, "DATABASE_URL": postgres_cluster.new(), "COMMONWEAL_HOME": str(home),
        "DJANGO_SETTINGS_MODULE": "commonweal.web.config.settings",
    }  # fmt: skip
    for program in (["-m", "commonweal.web.prepare"], ["-c", COMMIT]):
        done = subprocess.run(
            [sys.executable, *program], check=False, env=variables, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == "neither, then both\n"


def test_the_service_starts_its_workers_and_stops_with_them(home: Path) -> None:
    with served(home, workers=True, **stores(home)) as found:
        children = children_of(found.process.pid)
        for room in ("signer", "vault", "enclave", "airlock"):
            wait_for(found.log, f'"room": "{room}"', found.process)
        assert fetched(found.address, "/health") == (200, b'{"status": "ok"}')
        signer = next(
            one for one in children
            if b"\0signer\0" in Path(f"/proc/{one}/cmdline").read_bytes()
        )  # fmt: skip
        os.kill(signer, signal.SIGKILL)
        assert found.process.wait(timeout=30) == 5
        assert "The part signer of the service ended by itself" in found.log.read_text()
        assert gone(children)
        assert "Traceback" not in found.log.read_text()


def test_a_worker_says_why_it_cannot_work(home: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    nothing = f"sqlite://{tmp_path / 'none' / 'service.sqlite'}"
    (tmp_path / "none").mkdir()
    tries = (
        (["--room", "kitchen"], {}, 2, "CW-WEB-ROOM: A worker works in one room"),
        (["--room", "signer"], {"DATABASE_URL": nothing}, 5, "CW-WEB-DATABASE"),
    )
    for arguments, variables, code, said in tries:
        process = start(
            ["worker", *arguments], log, {"COMMONWEAL_HOME": str(home), **stores(home), **variables}
        )
        assert process.wait(timeout=60) == code, log.read_text()
        assert said in log.read_text()
        assert "Traceback" not in log.read_text()
