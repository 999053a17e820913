"""A database that came back older than its ledger goes on: nothing is lost or comes twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.errors import Fault
from commonweal.ledger.entry import read_entry
from tests.fixtures_postgres import Cluster
from tests.web.house import ENTRY, make_home
from tests.web.signing_room import signer
from tests.web.workers.test_intents import Killed, noted, place, three  # noqa: F401 (fixtures)


def people_on_ledger(home: Path) -> list[str]:
    with signer(home) as custody, custody.ledger.reading() as reading:
        bodies = reading.execute(
            "SELECT body FROM intent WHERE type = 'account.signed_in' ORDER BY id"
        ).fetchall()
    names = [str(read_entry(body)["person"]) for (body,) in bodies]
    return [name for name in names if name.startswith(("person-", "late-", "new-"))]


def snapshot() -> list[dict[str, Any]]:
    """The copy: the rows as they are now."""
    from commonweal.web.ledgerlink.models import Intent

    return list(Intent.objects.values())


def brought_back(rows: list[dict[str, Any]], name: str) -> None:
    """The database as the copy had it; it counts on from there."""
    from django.db import connection

    from commonweal.web.ledgerlink.models import Courier

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM ledgerlink_intent")
        for row in rows:
            marks = ", ".join(["%s"] * len(row))
            cursor.execute(
                f"INSERT INTO ledgerlink_intent ({', '.join(row)}) VALUES ({marks})",
                list(row.values()),
            )
        cursor.execute(
            "UPDATE sqlite_sequence SET seq = (SELECT max(id) FROM ledgerlink_intent) "
            "WHERE name = 'ledgerlink_intent'"
        )
    Courier.objects.update(name=name)


def asked(home: Path, *, go: bool = False) -> Any:
    from commonweal.web.ledgerlink.workers import carry_on, planned_carry_on

    with signer(home) as custody:
        return carry_on(custody) if go else planned_carry_on(custody)


@pytest.fixture
def older(web_home: Path, three: list[Any]) -> Path:  # noqa: F811
    """Two placed, one that waits in the copy; it and two more were placed before the loss.

    The service ran for a while after it came back, and wrote two new events.
    """
    from commonweal.web.ledgerlink.models import Intent
    from commonweal.web.ledgerlink.workers import courier_name

    name = courier_name()
    Intent.objects.filter(pk=three[2].pk).update(placed_at="2020-01-01T00:00Z", ledger_intent=1)
    assert place(web_home) == 2
    Intent.objects.filter(pk=three[2].pk).update(placed_at=None, ledger_intent=None)
    copy = snapshot()
    for who in ("late-d", "late-e"):
        noted(who)
    assert place(web_home) == 3
    brought_back(copy, name)
    for who in ("new-f", "new-g", "new-h"):
        noted(who)
    return web_home


BEFORE = ["person-a", "person-b", "person-c", "late-d", "late-e"]


def own(home: Path, start: int) -> list[str]:
    return people_on_ledger(home)[start:]


@pytest.fixture
def start(web_home: Path) -> int:
    return len(people_on_ledger(web_home))


def test_without_it_the_ledger_refuses(start: int, older: Path) -> None:
    with pytest.raises(Fault) as caught:
        place(older)
    assert caught.value.code == "CW-LEDGER-CARRIED"
    assert own(older, start) == BEFORE


def test_the_plan_says_what_was_lost_and_changes_nothing(start: int, older: Path) -> None:
    found = asked(older)
    assert found.is_needed
    assert found.lost == {"account.signed_in": 2}
    assert found.about == ("late-d", "late-e")
    assert (len(found.known), found.waiting) == (1, 3)
    assert "2 account.signed_in" in " ".join(found.sentences())
    assert own(older, start) == BEFORE
    assert asked(older) == found


def whole(home: Path, start: int) -> None:
    from commonweal.vault.custody import verify_ledger
    from commonweal.web.ledgerlink.models import Intent
    from tests.web.signing_room import WebClock

    place(home)
    assert own(home, start) == [*BEFORE, "new-f", "new-g", "new-h"]
    assert not Intent.objects.filter(placed_at__isnull=True).exists()
    report = verify_ledger(home, WebClock(), root_store=home.with_name("stores"))
    assert (report.faults, report.intents_left) == ([], 0)
    with signer(home) as custody, custody.ledger.reading() as reading:
        (count,) = reading.execute(
            "SELECT count(*) FROM intent WHERE type = 'service.brought_back'"
        ).fetchone()
    assert count >= 1
    assert not asked(home).is_needed


def test_it_goes_on_and_nothing_is_lost_or_comes_twice(start: int, older: Path) -> None:
    asked(older, go=True)
    assert own(older, start) == BEFORE
    whole(older, start)


def test_cut_off_between_ledger_and_database(
    start: int, older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.web.ledgerlink import workers

    def dies(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(workers, "note_known", dies)
        with pytest.raises(Killed):
            asked(older, go=True)
    with pytest.raises(Fault):
        place(older)
    before = names(older)
    asked(older, go=True)
    assert names(older) == before  # the name that the ledger has, and no second one
    whole(older, start)


def names(home: Path) -> list[str]:
    with signer(home) as custody, custody.ledger.reading() as reading:
        rows = reading.execute("SELECT body FROM intent WHERE type = 'service.brought_back'")
        return [str(read_entry(body)["courier"]) for (body,) in rows]


def test_the_same_old_copy_once_more(start: int, older: Path) -> None:
    """What was handed over under the name in between is not handed over again."""
    from commonweal.web.ledgerlink.workers import courier_name

    copy, name = snapshot(), courier_name()
    asked(older, go=True)
    place(older)
    noted("late-i")
    place(older)
    brought_back(copy, name)
    found = asked(older, go=True)
    assert "late-i" in found.about
    place(older)
    assert own(older, start) == [*BEFORE, "new-f", "new-g", "new-h", "late-i"]
    assert not asked(older).is_needed


def test_where_nothing_is_lost_nothing_is_done(web_home: Path, three: list[Any]) -> None:  # noqa: F811
    from commonweal.web.ledgerlink.workers import courier_name

    place(web_home)
    name, before = courier_name(), names(web_home)
    found = asked(web_home, go=True)
    assert not found.is_needed
    assert "has everything" in found.sentences()[0]
    assert (courier_name(), names(web_home)) == (name, before)


def test_what_somebody_changed_is_no_older_copy(older: Path) -> None:
    from commonweal.web.ledgerlink.models import Intent

    body = Intent.objects.filter(placed_at__isnull=False).last()
    placed = Intent.objects.filter(pk=body.pk)
    forged = bytes(body.body).replace(b"person-b", b"person-x")
    super(type(placed), placed).update(body=forged)
    for go in (False, True):
        with pytest.raises(Fault) as caught:
            asked(older, go=go)
        assert caught.value.code == "CW-LEDGER-CARRIED"


# --- the procedure of the how-to, on PostgreSQL ---------------------------------------------------

EVENTS = """
import os, sys
from pathlib import Path
import django
django.setup()
from commonweal.foundation.clock import SystemClock
from commonweal.foundation.errors import Fault
from commonweal.ledger.entry import Actor, Event
from commonweal.vault.custody import open_custody
from commonweal.web.ledgerlink.models import Intent
from commonweal.web.ledgerlink.services import govern
from commonweal.web.ledgerlink.workers import place_intents
for who in sys.argv[1:]:
    said = {"person": who, "means": "persona"}
    govern(Event("account.signed_in", Actor("system", "tests"), said))
home = Path(os.environ["COMMONWEAL_HOME"])
with open_custody(home, SystemClock(), root_store=home.with_name("stores")) as custody:
    try:
        place_intents(custody)
    except Fault as error:
        print(error.code)
print(Intent.objects.filter(placed_at__isnull=True).count())
"""


def test_the_procedure_on_postgresql(
    tmp_path_factory: pytest.TempPathFactory, postgres_cluster: Cluster
) -> None:
    """As docs/how-to/back-up-and-restore.md says; the copy is PostgreSQL's own."""
    import psycopg

    place_ = tmp_path_factory.mktemp("older")
    home = make_home(place_ / "home", stores=place_ / "stores")
    variables = {
        **os.environ, "COMMONWEAL_HOME": str(home), "DATABASE_URL": postgres_cluster.url("used"),
        "DJANGO_SETTINGS_MODULE": "commonweal.web.config.settings",
        "COMMONWEAL_ROOT_STORE": str(place_ / "stores"),
    }  # fmt: skip

    def run(*program: str) -> str:
        done = subprocess.run(
            [sys.executable, *program], check=False, env=variables, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def sql(*statements: str) -> None:
        with psycopg.connect(postgres_cluster.url(), autocommit=True) as connection:
            for one in statements:
                connection.execute(one)

    sql("CREATE DATABASE used")
    run("-m", "commonweal.web.prepare")
    assert run("-c", EVENTS, "person-a") == "0\n"
    sql("CREATE DATABASE kept TEMPLATE used")
    assert run("-c", EVENTS, "late-b", "late-c") == "0\n"
    sql("DROP DATABASE used", "CREATE DATABASE used TEMPLATE kept")
    assert run("-c", EVENTS, "new-d") == "CW-LEDGER-CARRIED\n1\n"
    said = json.loads(run("-c", ENTRY, "carry-on", "--json"))
    assert (said["needed"], said["done"], said["lost"]) == (True, False, {"account.signed_in": 2})
    assert "late-b, late-c" in run("-c", ENTRY, "carry-on")
    assert json.loads(run("-c", ENTRY, "carry-on", "--go", "--json"))["done"] is True
    assert run("-c", EVENTS) == "0\n"
    assert json.loads(run("-c", ENTRY, "carry-on", "--json"))["needed"] is False
    assert json.loads(run("-c", ENTRY, "ledger", "verify", "--json"))["faults"] == []
