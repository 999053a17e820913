"""No governed row without its intent, no intent without its row (rule 2)."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.clock import FixedClock
from commonweal.foundation.errors import Fault
from commonweal.ledger.entry import Actor, Event, read_entry
from commonweal.ledger.events import RESERVED, TYPES

ACTOR = Actor("system", "tests")


@pytest.fixture
def rows(db: None) -> Any:
    from commonweal.web.accounts.models import Membership, Organisation, User

    user = User.objects.create_user("one@example.org", "One")
    place = Organisation.objects.create(name="Somewhere", kind="university")
    return Membership(user=user, organisation=place, role="applicant", begins=date(2026, 1, 1))


def event(row: Any) -> Event:
    fields = {"person": row.user.public_id, "held_role": row.role}
    return Event("account.role_given", ACTOR, {**fields, "organisation": "somewhere"})


def test_row_and_intent_are_written_together(rows: Any, at: Any) -> None:
    from commonweal.web.accounts.models import Membership
    from commonweal.web.ledgerlink.models import Intent
    from commonweal.web.ledgerlink.services import govern, unplaced

    at(FixedClock(datetime(2026, 3, 2, 9, 5, 6, 789_000, tzinfo=UTC)))
    before = unplaced()
    intent = govern(event(rows), rows)
    assert unplaced() == before + 1
    kept = Intent.objects.get(pk=intent.pk)
    assert Membership.objects.filter(pk=rows.pk).exists()
    entry = read_entry(bytes(kept.body))
    assert (entry["at"], entry["actor"]) == ("2026-03-02T09:05:06.789Z", "tests")
    expected = hashlib.sha256(f"{kept.stamped}\n".encode() + bytes(kept.body)).digest()
    assert bytes(kept.body_hash) == expected
    assert kept.event() == event(rows)
    assert (kept.log, kept.ledger_intent, kept.placed_at) == ("sealed", None, None)


def test_a_governed_row_is_not_written_without_its_event(rows: Any) -> None:
    from commonweal.web.accounts.models import Membership
    from commonweal.web.ledgerlink.services import govern

    many = Membership.objects.all()
    tries = [
        rows.save,
        rows.delete,
        lambda: Membership.objects.create(user=rows.user, organisation=rows.organisation),
        lambda: Membership.objects.get_or_create(user=rows.user, role="dpo"),
        lambda: many.update(role="siro"),
        lambda: many.delete(),
        lambda: Membership.objects.bulk_create([rows]),
        lambda: Membership.objects.bulk_update([rows], ["role"]),
        lambda: rows.user.memberships.create(organisation=rows.organisation, role="siro"),
        lambda: rows.user.memberships.all().delete(),
        lambda: Membership._base_manager.all().update(role="siro"),
        lambda: Membership._default_manager.all().delete(),
    ]
    govern(event(rows), rows)
    count = Membership.objects.count()
    for number, tried in enumerate(tries):
        with pytest.raises(Fault) as caught:
            tried()
        assert caught.value.code == "CW-WEB-GOVERNED", number
    assert Membership.objects.count() == count


def test_leave_to_write_ends_with_the_block_and_is_the_threads_own(rows: Any) -> None:
    from commonweal.web.ledgerlink.models import governed_write, require_governed

    seen: list[str] = []

    def other() -> None:
        try:
            require_governed("A row")
        except Fault as error:
            seen.append(error.code)

    with contextlib.suppress(KeyError), governed_write():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        require_governed("A row")
        raise KeyError
    other()
    assert seen == ["CW-WEB-GOVERNED"] * 2


def test_an_intent_is_never_changed(rows: Any) -> None:
    from django.db import connection

    from commonweal.web.ledgerlink.models import Intent, governed_write
    from commonweal.web.ledgerlink.services import govern

    intent = govern(event(rows), rows)
    tries = [
        intent.delete,
        lambda: Intent.objects.all().delete(),
        lambda: Intent.objects.update(body=b"{}"),
        lambda: Intent.objects.bulk_create([Intent()]),
        Intent().save,
    ]
    for number, tried in enumerate(tries):
        with pytest.raises(Fault) as caught:
            tried()
        assert caught.value.code == "CW-WEB-GOVERNED", number
    with pytest.raises(Fault), governed_write():
        intent.save()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ledgerlink_intent SET stamped = '2020-01-01T00:00:00.000Z' WHERE id = %s",
            [intent.pk],
        )
    with pytest.raises(Fault) as caught:
        Intent.objects.get(pk=intent.pk).event()
    assert "was changed" in caught.value.sentence


def test_no_field_of_an_event_hides_a_key_of_its_entry() -> None:
    assert [name for name, kind in TYPES.items() if RESERVED & kind.fields.keys()] == []


# --- fault injection ------------------------------------------------------------------------------


@pytest.fixture
def committed(web_home: Path) -> Iterator[Any]:
    """Rows that are really there, because these tests really commit."""
    from django.db import connection

    from commonweal.web.accounts.models import Membership, Organisation, User

    user = User.objects.create_user("real@example.org", "Real")
    place = Organisation.objects.create(name="Really somewhere", kind="university")
    yield Membership(user=user, organisation=place, role="applicant", begins=date(2026, 1, 1))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM accounts_membership WHERE user_id = %s", [user.pk])
        cursor.execute("DELETE FROM ledgerlink_intent WHERE actor_id = 'tests'")
    user.delete()
    place.delete()


def counts(row: Any) -> tuple[int, int]:
    from commonweal.web.accounts.models import Membership
    from commonweal.web.ledgerlink.models import Intent

    held = Membership.objects.filter(role=row.role, begins=row.begins).count()
    return held, Intent.objects.filter(actor_id="tests").count()


def test_when_the_commit_fails_neither_is_there(committed: Any) -> None:
    from django.db import IntegrityError

    from commonweal.web.ledgerlink.services import govern

    said = event(committed)
    # A key that leads nowhere is refused by the database when it commits, and not before.
    committed.user_id = 999_999_999
    with pytest.raises(IntegrityError):
        govern(said, committed)
    assert counts(committed) == (0, 0)


def test_when_the_commit_is_cut_off_neither_is_there(
    committed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import OperationalError, connection

    from commonweal.web.ledgerlink.services import govern

    def cut_off() -> None:
        raise OperationalError("the disk is gone")

    with monkeypatch.context() as patch:
        patch.setattr(connection, "_commit", cut_off)
        with pytest.raises(OperationalError):
            govern(event(committed), committed)
    assert counts(committed) == (0, 0)
    govern(event(committed), committed)
    assert counts(committed) == (1, 1)


@pytest.mark.parametrize("place", ["row", "intent"])
def test_when_one_of_both_cannot_be_written_the_other_is_not(
    committed: Any, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    from commonweal.web.accounts.models import Membership
    from commonweal.web.ledgerlink.models import Intent
    from commonweal.web.ledgerlink.services import govern

    def fails(*_: Any, **__: Any) -> None:
        raise OSError("no space")

    monkeypatch.setattr(Membership if place == "row" else Intent, "save", fails)
    with pytest.raises(OSError, match="no space"):
        govern(event(committed), committed)
    assert counts(committed) == (0, 0)
