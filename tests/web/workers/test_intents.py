"""Each intent of the service gets its place on the ledger once, in order, across any crash."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError, Fault, Unavailable
from commonweal.ledger.entry import Actor, Event, read_entry
from tests.web.signing_room import signer

ACTOR = Actor("system", "tests")
HASH = "sha256:" + "a" * 64
COMMITMENT = "hmac-sha256:" + "b" * 64


class Killed(BaseException):
    """The machine stops here: nothing may catch it and tidy up."""


def noted(name: str) -> Any:
    from commonweal.web.ledgerlink.services import govern

    return govern(Event("account.signed_in", ACTOR, {"person": name, "means": "persona"}))


@pytest.fixture
def three(db: None) -> list[Any]:
    """Three intents that wait, and no others."""
    from commonweal.web.ledgerlink.models import Intent

    # Those of the made-up people's roles, as if they were placed long ago.
    for number, row in enumerate(Intent.objects.all()):
        Intent.objects.filter(pk=row.pk).update(placed_at="2020-01-01T00:00Z",
                                                ledger_intent=10_000 + number)  # fmt: skip
    return [noted(f"person-{one}") for one in "abc"]


def place(home: Path) -> int:
    from commonweal.web.ledgerlink.workers import place_intents

    with signer(home) as custody:
        return place_intents(custody)


def on_ledger(home: Path, rows: list[Any]) -> list[str]:
    """The people named by events that came from these rows, in the ledger's order."""
    from commonweal.web.ledgerlink.models import Intent

    names = [str(read_entry(bytes(one.body))["person"]) for one in Intent.objects.filter(
        pk__in=[row.pk for row in rows])]  # fmt: skip
    with signer(home) as custody, custody.ledger.reading() as connection:
        start = connection.execute("SELECT min(intent_id) FROM carried WHERE courier = ?",
                                   (_courier(),)).fetchone()[0]  # fmt: skip
        bodies = connection.execute(
            "SELECT body FROM intent WHERE id >= ? AND type = 'account.signed_in' ORDER BY id",
            (start or 10**9,),
        )
        found = [str(read_entry(body)["person"]) for (body,) in bodies]
    return [name for name in found if name in names]


def _courier() -> str:
    from commonweal.web.ledgerlink.workers import courier_name

    return courier_name()


def assert_whole(home: Path, rows: list[Any]) -> None:
    """Each row has its one place, in order, and the ledger is sound and has nothing left over."""
    from commonweal.vault.custody import verify_ledger
    from commonweal.web.ledgerlink.models import Intent
    from tests.web.signing_room import WebClock

    assert on_ledger(home, rows) == ["person-a", "person-b", "person-c"]
    kept = Intent.objects.filter(pk__in=[row.pk for row in rows])
    numbers = [one.ledger_intent for one in kept]
    assert None not in numbers
    assert numbers == sorted(numbers)
    report = verify_ledger(home, WebClock(), root_store=home.with_name("stores"))
    assert report.faults == []
    assert report.intents_left == 0


def test_what_waits_is_placed_once_and_in_order(web_home: Path, three: list[Any]) -> None:
    assert place(web_home) == 3
    assert place(web_home) == 0
    assert_whole(web_home, three)


def _in_ledger_transaction(patch: pytest.MonkeyPatch) -> None:
    from commonweal.ledger.store import Writing

    real, calls = Writing.append, []

    def append(self: Any, *args: Any, **more: Any) -> int:
        calls.append(1)
        if len(calls) == 2:
            raise Killed
        return real(self, *args, **more)

    patch.setattr(Writing, "append", append)


def _between_event_and_note(patch: pytest.MonkeyPatch) -> None:
    """The event stands in the ledger's open transaction, and whose it was does not yet."""
    from commonweal.ledger import carrying

    class Stops:
        def __enter__(self) -> None:
            raise Killed

        def __exit__(self, *_: object) -> None:
            return None

    real, seen = carrying.translated, []

    def translated() -> Any:
        seen.append(1)
        return Stops() if len(seen) == 4 else real()

    patch.setattr(carrying, "translated", translated)


def _between_the_databases(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("commonweal.web.ledgerlink.workers._note_places", _stop)


def _in_database_transaction(patch: pytest.MonkeyPatch) -> None:
    from commonweal.web.ledgerlink.models import IntentQuery

    real, calls = IntentQuery.update, []

    def update(self: Any, **values: Any) -> int:
        calls.append(1)
        if len(calls) == 2:
            raise Killed
        return real(self, **values)

    patch.setattr(IntentQuery, "update", update)


def _before_settling(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("commonweal.web.ledgerlink.workers.settle", _stop)


def _before_signing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("commonweal.vault.custody.settling._sign", _stop)


def _stop(*_: Any, **__: Any) -> Any:
    raise Killed


PLACES: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "in the ledger's transaction": _in_ledger_transaction,
    "between an event and the note of it": _between_event_and_note,
    "between the two databases": _between_the_databases,
    "in the database's transaction": _in_database_transaction,
    "before the tree": _before_settling,
    "before the checkpoint": _before_signing,
}


@pytest.mark.parametrize("where", sorted(PLACES))
def test_cut_off_anywhere_the_next_run_ends_it(
    web_home: Path, three: list[Any], monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    with monkeypatch.context() as patch:
        PLACES[where](patch)
        with pytest.raises(Killed):
            place(web_home)
    place(web_home)
    assert_whole(web_home, three)


def test_two_workers_at_once_place_each_once(web_home: Path, three: list[Any]) -> None:
    """The second has read what waits before the first was done with it."""
    from commonweal.web.ledgerlink import workers
    from commonweal.web.ledgerlink.models import Intent

    waiting = list(Intent.objects.filter(placed_at__isnull=True))
    with signer(web_home) as one, signer(web_home) as two:
        first, _ = workers._hand_over(one, _courier(), waiting)
        second, _ = workers._hand_over(two, _courier(), waiting)
        assert first == second
        workers._note_places(second)
        workers._note_places(first)
    place(web_home)
    assert_whole(web_home, three)


def test_a_changed_intent_stops_the_queue_and_loses_none(
    web_home: Path, three: list[Any], lines: list[dict[str, Any]]
) -> None:
    from django.db import connection

    from commonweal.web.ledgerlink.models import Intent

    second = three[1]
    true = bytes(Intent.objects.get(pk=second.pk).body)

    def write(body: bytes) -> None:
        with connection.cursor() as cursor:
            sql = "UPDATE ledgerlink_intent SET body = %s WHERE id = %s"
            cursor.execute(sql, [body, second.pk])

    write(true.replace(b"person-b", b"person-x"))
    for _ in range(2):
        with pytest.raises(Fault) as caught:
            place(web_home)
        assert caught.value.code == "CW-WEB-GOVERNED"
        assert f"Intent {second.pk} " in caught.value.sentence
        assert (lines[-1]["intent"], lines[-1]["code"]) == (second.pk, "CW-WEB-GOVERNED")
    assert on_ledger(web_home, three) == ["person-a"]
    write(true)
    assert place(web_home) == 2
    assert_whole(web_home, three)


def test_an_intent_that_was_placed_cannot_come_back_as_another(
    web_home: Path, three: list[Any]
) -> None:
    """Its row is written anew, with a hash that fits, and marked as waiting."""
    from django.db import connection

    from commonweal.ledger.entry import intent_hash
    from commonweal.web.ledgerlink.models import Intent

    place(web_home)
    row = Intent.objects.get(pk=three[0].pk)
    body = bytes(row.body).replace(b"person-a", b"person-z")
    sql = (
        "UPDATE ledgerlink_intent SET body = %s, body_hash = %s, placed_at = NULL, "
        "ledger_intent = NULL WHERE id = %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [body, intent_hash(row.stamped, body), row.pk])
    with pytest.raises(Fault) as caught:
        place(web_home)
    assert caught.value.code == "CW-LEDGER-CARRIED"
    # And if the row says what it said, it gets the place that it had.
    with connection.cursor() as cursor:
        true = bytes(row.body)
        cursor.execute(sql, [true, intent_hash(row.stamped, true), row.pk])
    assert place(web_home) == 1
    assert Intent.objects.get(pk=row.pk).ledger_intent == row.ledger_intent
    assert_whole(web_home, three)


def test_a_part_that_is_away_is_waited_for(
    web_home: Path, three: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.ledger.store import Writing

    def behind(*_: Any, **__: Any) -> Any:
        raise Unavailable("CW-CLOCK-BEHIND", "The clock is behind.")

    with monkeypatch.context() as patch:
        patch.setattr(Writing, "now", behind)
        with pytest.raises(Unavailable):
            place(web_home)
    assert place(web_home) == 3
    assert_whole(web_home, three)


# --- what people must have signed -----------------------------------------------------------------

UNSIGNED = (
    ("vote.cast", "committee", {"round": 1, "vote": COMMITMENT}),
    ("conflict.declared", "committee", {"conflict": "no", "declaration": COMMITMENT}),
    ("advice.given", "dpo", {"advice": COMMITMENT}),
    ("agreement.accepted", "custodian", {"side": "custodian", "agreement": COMMITMENT}),
    (
        "officer.countersigned",
        "siro",
        {"decision": "d-1", "agreement": COMMITMENT},
    ),
    (
        "officer.stopped",
        "siro",
        {"decision": "d-1", "step": "refused", "reasons_hash": HASH},
    ),
    (
        "application.decided",
        "committee",
        {
            "decision": "d-1", "decision_hash": HASH, "outcome": "approve", "route": "committee",
            "about": "application", "version": COMMITMENT, "rules_hash": HASH, "by_deadlock": "no",
        },
    ),
)  # fmt: skip


@pytest.mark.parametrize(("kind", "role", "fields"), UNSIGNED)
def test_what_nobody_signed_is_not_put_on_the_ledger(
    web_home: Path, three: list[Any], kind: str, role: str, fields: dict[str, Any]
) -> None:
    from commonweal.web.ledgerlink.services import govern

    govern(Event(kind, Actor(role, "priya"), {"application": "a-bcdfghjkmn", **fields}))
    with pytest.raises(CommonwealError) as caught:
        place(web_home)
    assert caught.value.code == "CW-LEDGER-CARRIED"
    assert "no signature" in caught.value.sentence
    assert_whole(web_home, three)


def test_advice_counts_as_often_as_it_was_signed(
    web_home: Path, three: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.web.accounts.models import User
    from commonweal.web.ledgerlink.services import govern
    from commonweal.web.signing import handlers
    from commonweal.web.signing.handlers import Told
    from commonweal.web.signing.services import propose
    from tests.web.signing_room import sign_now

    subject = f"a-{_courier()[:10]}"

    def said(who: str) -> None:
        govern(Event("advice.given", Actor("dpo", who),
                     {"application": subject, "advice": COMMITMENT}))  # fmt: skip

    class Advises:
        def check(self, _act: Any) -> None: ...

        def follow(self, act: Any) -> None:
            said(act.person.public_id)

        def told(self, _act: Any) -> Told:
            return Told("Advice", "/")

    monkeypatch.setitem(handlers._handlers, "advise", Advises())
    quentin = User.objects.get(public_id="quentin")
    act = propose(
        quentin, "dpo", "advise", "content", subject=subject, object_digest=HASH, back="/"
    )
    assert sign_now(web_home, act).state == "heard"
    assert place(web_home) == 4
    for who in ("quentin", "priya"):  # once more than was signed; and somebody who signed nothing
        said(who)
        with pytest.raises(CommonwealError) as caught:
            place(web_home)
        assert caught.value.code == "CW-LEDGER-CARRIED"
    assert_whole(web_home, three)


class Follows:
    """A kind of act from which nothing follows: the test writes what it wants."""

    def check(self, _act: Any) -> None: ...

    def follow(self, _act: Any) -> None: ...

    def told(self, _act: Any) -> Any: ...


TWISTED = (
    ("hamish", "committee_member", "conflict", "conflicted", "conflict.declared", "conflict",
     ("yes", "no"), {"declaration": COMMITMENT}),
    ("hamish", "committee_member", "conflict", "none", "conflict.declared", "conflict",
     ("no", "yes"), {"declaration": COMMITMENT}),
    ("vera", "signatory_custodian", "agree", "accept", "agreement.accepted", "side",
     ("custodian", "applicant"), {"agreement": COMMITMENT}),
)  # fmt: skip


@pytest.mark.parametrize("twisted", [False, True])
@pytest.mark.parametrize(
    ("who", "role", "act", "verdict", "kind", "field", "words", "fields"), TWISTED
)
def test_what_was_signed_is_not_told_the_other_way_round(
    web_home: Path, three: list[Any], monkeypatch: pytest.MonkeyPatch, who: str, role: str,
    act: Any, verdict: str, kind: str, field: str, words: tuple[str, str], fields: dict[str, Any],
    twisted: bool,
) -> None:  # fmt: skip
    """A member's conflict is not told as none, nor the hospital's yes as the applicant's."""
    from commonweal.foundation.clock import stamp
    from commonweal.governance.committee.conflicts import Declaration
    from commonweal.web.accounts.models import User
    from commonweal.web.config import clock
    from commonweal.web.ledgerlink.services import govern
    from commonweal.web.signing import handlers
    from commonweal.web.signing.services import propose
    from tests.web.signing_room import sign_now

    subject, (true, false) = f"a-{_courier()[:10]}", words
    monkeypatch.setitem(handlers._handlers, act, Follows())
    person = User.objects.get(public_id=who)
    content = None
    if act == "conflict":
        plain = {"declaration": 1, "person": who, "version_digest": HASH, "at": stamp(clock.now()),
                 "conflicts": [] if verdict == "none" else ["works_with_applicant"]}  # fmt: skip
        content = Declaration.read(plain, "It")
    made = propose(
        person, role, act, verdict, subject=subject, object_digest=HASH, back="/", content=content
    )
    assert sign_now(web_home, made).state == "heard"
    assert place(web_home) == 3
    said = {"application": subject, field: false if twisted else true, **fields}
    govern(Event(kind, Actor(role, who), said))
    if not twisted:
        assert place(web_home) == 1
        return
    with pytest.raises(CommonwealError) as caught:
        place(web_home)
    assert caught.value.code == "CW-LEDGER-CARRIED"


def test_a_permit_is_not_made_by_a_row(web_home: Path, three: list[Any]) -> None:
    """The event is well-formed and its row is whole: it is not for a service to say it."""
    from commonweal.foundation.clock import stamp
    from commonweal.web.config import clock
    from commonweal.web.ledgerlink.services import govern

    at = clock.now()
    govern(
        Event(
            "permit.issued", Actor("signer", "signer"),
            {"permit": "permit-77", "permit_hash": HASH, "authority": "committee",
             "active_from": stamp(at - timedelta(days=1)), "until": "2099-01-01"},
        )
    )  # fmt: skip
    with pytest.raises(CommonwealError) as caught:
        place(web_home)
    assert caught.value.code == "CW-LEDGER-CARRIED"
    with signer(web_home) as custody:
        assert custody.ledger.permit_standing("permit-77") is None
