"""What the ledger heard of is never told as refused: it is followed, or it is void and says so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.errors import Refused
from tests.fixtures_postgres import Cluster
from tests.web.conftest import Page, new_client
from tests.web.house import make_home
from tests.web.signing.conftest import Noted, proposed
from tests.web.signing_room import signer

TOO_LATE = Refused("CW-STATE-STEP", "A question has stopped the vote.")


class PowerCut(BaseException):
    """Not an error that anything here may catch."""


class Cut:
    """A signer's room that is cut off before or after one of its own steps."""

    def __init__(self, room: Any, at: str) -> None:
        self.room, self.at = room, at

    def sign(self, act: Any) -> Any:
        return self._around("sign", act)

    def hear(self, signed: Any) -> Any:
        return self._around("hear", signed)

    def known(self, act_id: str) -> Any:
        return self.room.known(act_id)

    def void(self, act_id: str, code: str) -> None:
        self._around("void", act_id, code)

    def _around(self, name: str, *given: Any) -> Any:
        if self.at == f"before {name}":
            raise PowerCut
        made = getattr(self.room, name)(*given)
        if self.at == f"after {name}":
            raise PowerCut
        return made


def on_ledger(home: Path, act_id: str) -> dict[str, int]:
    """How often each kind of event about this act stands on the ledger."""
    found = {}
    with signer(home) as custody, custody.ledger.reading() as reading:
        for name in ("act.recorded", "act.void"):
            query = (
                "SELECT count(*) FROM intent WHERE type = ? "
                "AND json_extract(CAST(body AS TEXT), '$.act') = ?"
            )
            (found[name],) = reading.execute(query, (name, act_id)).fetchone()
    return found


def asked() -> Any:
    from commonweal.web.signing.services import ask_signature

    row = proposed()
    return ask_signature(row.person, row.pk)


def settled(home: Path, row: Any, cut: str = "") -> Any:
    """Settle, and the row as it then stands; `cut`: where the power goes."""
    from commonweal.web.signing.models import Act
    from commonweal.web.signing.services import settle
    from commonweal.web.signing.workers import SignerRoom

    with signer(home) as custody:
        if cut:
            with pytest.raises(PowerCut):
                settle(row.pk, Cut(SignerRoom(custody), cut))
        else:
            settle(row.pk, SignerRoom(custody))
    return Act.objects.get(pk=row.pk)


POINTS = (
    # where it is cut off, whether the step is overtaken then, what becomes of it, what stands there
    ("before sign", False, "heard", (1, 0)),
    ("before sign", True, "refused", (0, 0)),
    ("after sign", False, "heard", (1, 0)),
    ("after sign", True, "refused", (0, 0)),
    ("before hear", True, "refused", (0, 0)),
    ("after hear", False, "heard", (1, 0)),
    ("after hear", True, "void", (1, 1)),
)


@pytest.mark.parametrize(("cut", "overtaken", "state", "there"), POINTS)
def test_cut_off_at_each_point(
    web_home: Path, noted: Noted, cut: str, overtaken: bool, state: str, there: tuple[int, int]
) -> None:
    row = asked()
    assert settled(web_home, row, cut).state == "asked"
    noted.refuses = TOO_LATE if overtaken else None
    found = settled(web_home, row)
    assert found.state == state
    told = on_ledger(web_home, row.pk)
    assert (told["act.recorded"], told["act.void"]) == there
    assert (found.entry is not None) is (there[0] == 1)
    assert noted.followed.count(row.pk) == (1 if state == "heard" else 0)
    if overtaken:
        assert (found.code, found.sentence) == (TOO_LATE.code, TOO_LATE.sentence)
    again = settled(web_home, row)
    assert (again.state, again.settled_at) == (found.state, found.settled_at)


@pytest.mark.parametrize("cut", ["before void", "after void"])
def test_cut_off_while_it_is_made_void(web_home: Path, noted: Noted, cut: str) -> None:
    row = asked()
    settled(web_home, row, "after hear")
    noted.refuses = TOO_LATE
    assert settled(web_home, row, cut).state == "asked"
    assert settled(web_home, row).state == "void"
    assert on_ledger(web_home, row.pk) == {"act.recorded": 1, "act.void": 1}


def test_what_follow_refuses_is_void_too(
    web_home: Path, noted: Noted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A handler should refuse in `check`. If one does it later, the ledger has heard already."""
    row = asked()

    def refuses(_act: Any) -> None:
        raise TOO_LATE

    monkeypatch.setattr(noted, "follow", refuses)
    found = settled(web_home, row)
    assert (found.state, found.code) == ("void", "CW-STATE-STEP")
    assert on_ledger(web_home, row.pk) == {"act.recorded": 1, "act.void": 1}


def test_a_row_that_was_changed_afterwards_is_void_and_not_refused(
    web_home: Path, noted: Noted
) -> None:
    from commonweal.web.signing.models import Act

    row = asked()
    settled(web_home, row, "after hear")
    Act.objects.filter(pk=row.pk).update(verdict="not_content")
    found = settled(web_home, row)
    assert (found.state, found.code) == ("void", "CW-ACT-INVALID")
    assert found.entry is not None


def test_another_worker_was_faster(
    web_home: Path, noted: Noted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the refusal and its writing another one settled it: its word stands."""
    from commonweal.web.signing import services
    from commonweal.web.signing.services import settle
    from commonweal.web.signing.workers import SignerRoom

    row = asked()
    real, atomic, entered = noted.check, services.transaction.atomic, []

    def once(_act: Any) -> None:
        noted.check = real  # type: ignore[method-assign]
        raise TOO_LATE

    noted.check = once  # type: ignore[method-assign]
    with signer(web_home) as custody:
        room = SignerRoom(custody)

        def between(*given: Any) -> Any:
            entered.append(1)
            if len(entered) == 2:  # the first transaction has failed; now the other one runs
                monkeypatch.setattr(services.transaction, "atomic", atomic)
                assert settle(row.pk, room).state == "heard"
            return atomic(*given)

        monkeypatch.setattr(services.transaction, "atomic", between)
        found = settle(row.pk, room)
    assert found.state == "heard"
    assert noted.followed == [row.pk]
    assert on_ledger(web_home, row.pk) == {"act.recorded": 1, "act.void": 0}


# --- what people are told -------------------------------------------------------------------------


@pytest.fixture
def void(web_home: Path, noted: Noted) -> Any:
    row = asked()
    settled(web_home, row, "after hear")
    noted.refuses = TOO_LATE
    return settled(web_home, row)


def as_person(public_id: str) -> Any:
    from commonweal.web.accounts.middleware import PERSONA
    from commonweal.web.accounts.models import User
    from commonweal.web.accounts.personas import BACKEND

    client = new_client()
    client.force_login(User.objects.get(public_id=public_id), backend=BACKEND)
    session = client.session
    session[PERSONA] = True
    session.save()
    return client


def test_the_person_is_told_plainly(void: Any) -> None:
    client = as_person("quentin")
    page = Page(client.get(f"/sign/{void.pk}/"))
    assert "You signed it, but nothing followed from it" in page.text
    assert TOO_LATE.sentence in page.text
    assert f"as its number {void.entry:,}" in page.text
    assert "does not count" not in page.text
    listed = Page(client.get("/sign/")).text
    assert "Nothing followed from it. The ledger heard of it" in listed


def test_who_decides_is_told_without_whose_it_was(void: Any) -> None:
    from commonweal.web.signing.presenters import came_late

    (late,) = came_late(void.subject)
    assert (late.what, late.entry) == ("Advice on data protection", void.entry)
    assert "quentin" not in repr(late)
    assert came_late("a-another") == []


def test_papers_for_a_permit_need_it_all_the_same(void: Any) -> None:
    """Or whoever owns the database could lose a vote by holding the signer up at the right time."""
    from commonweal.web.signing.services import acts_about

    (kept,) = [one for one in acts_about(void.subject) if one.act.id == void.pk]
    assert kept.digest() == void.signed.digest()


# --- two at once, on both databases ---------------------------------------------------------------

TWO = """
import os, sys, threading
from pathlib import Path
import django
django.setup()
from django.db import connection, connections, transaction
from commonweal.foundation.clock import SystemClock
from commonweal.foundation.errors import Refused
from commonweal.vault.custody import open_custody
from commonweal.web.accounts.models import User
from commonweal.web.signing import handlers, services
from commonweal.web.signing.models import Act
from commonweal.web.signing.workers import SignerRoom, tell_roster

class Noted:
    refuses, cut, followed = None, False, []
    def check(self, act):
        if self.refuses: raise self.refuses
    def follow(self, act):
        if self.cut: raise KeyboardInterrupt
        self.followed.append(act.pk)

noted = handlers._handlers["advise"] = Noted()
home = Path(os.environ["COMMONWEAL_HOME"])
opened = lambda: open_custody(home, SystemClock(), root_store=home.with_name("stores"))
with opened() as custody:
    tell_roster(custody)
person = User.objects.get(public_id="quentin")

def asked():
    act = services.propose(person, "dpo", "advise", "content", subject="a-bcdfghjklm",
                           object_digest="sha256:" + "a" * 64, back="/about")
    return services.ask_signature(person, act.pk).pk

def race(act):
    ready, states = threading.Barrier(2), []
    def run():
        try:
            with opened() as custody:
                ready.wait(30)
                while True:
                    try:
                        states.append(services.settle(act, SignerRoom(custody)).state)
                        return
                    except services.Unavailable:
                        pass
        finally:
            connections.close_all()
    both = [threading.Thread(target=run) for _ in range(2)]
    [one.start() for one in both]; [one.join(60) for one in both]
    with opened() as custody, custody.ledger.reading() as reading:
        events = [reading.execute("SELECT count(*) FROM intent WHERE type = ? AND "
            "json_extract(CAST(body AS TEXT), '$.act') = ?", (name, act)).fetchone()[0]
            for name in ("act.recorded", "act.void")]
    row = Act.objects.get(pk=act)
    print(connection.vendor, row.state, states, events, noted.followed.count(act))

race(asked())
late = asked()
noted.cut = True
try:
    with opened() as custody:
        services.settle(late, SignerRoom(custody))
except KeyboardInterrupt:
    pass
noted.cut, noted.refuses = False, Refused("CW-STATE-STEP", "Too late.")
race(late)
noted.refuses = None
last = asked()
noted.refuses = Refused("CW-STATE-STEP", "Too late.")
race(last)
"""


@pytest.fixture(scope="module")
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("void")
    return make_home(place / "home", stores=place / "stores")


@pytest.mark.parametrize("vendor", ["sqlite", "postgresql"])
def test_two_workers_at_once(own_home: Path, vendor: str, postgres_cluster: Cluster) -> None:
    variables = {
        **os.environ, "COMMONWEAL_HOME": str(own_home),
        "DJANGO_SETTINGS_MODULE": "commonweal.web.config.settings",
    }  # fmt: skip
    variables |= {"DATABASE_URL": postgres_cluster.new()} if vendor == "postgresql" else {}
    for program in (["-m", "commonweal.web.prepare"], ["-c", TWO]):
        done = subprocess.run(
            [sys.executable, *program], check=False, env=variables, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines() == [
        f"{vendor} heard ['heard', 'heard'] [1, 0] 1",
        f"{vendor} void ['void', 'void'] [1, 1] 0",
        f"{vendor} refused ['refused', 'refused'] [0, 0] 0",
    ]
