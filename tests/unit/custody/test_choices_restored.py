"""A real backup that is older than the newest choice: nothing is read until two people say so."""

from __future__ import annotations

import shutil
from datetime import timedelta
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.vault.choices import loss
from commonweal.vault.choices.journal import choices_of, read_journal, record
from commonweal.vault.choices.loss import accept_loss
from commonweal.vault.custody import back_up, create_key, restore_home, verify_ledger
from commonweal.vault.keys.fence import Fence
from tests.unit.choices.said import said
from tests.unit.custody.support import Place

FIRST, SECOND, THIRD = "9434765919", "9434765870", "4505577104"
BOTH = ["amara", "edward"]


def code(call: Any) -> str:
    try:
        call()
    except CommonwealError as error:
        return error.code
    return ""


def say(place: Place, number: str, **more: Any) -> Any:
    with place.open() as custody:
        return record(custody, said(place.clock.now(), number, **more))


def brought_back(place: Place, before: int = 1) -> None:
    """A backup with `before` choices, two more after it, and the restore of the backup."""
    with place.open() as custody:
        for name in BOTH:
            create_key(custody, name, "person_signing")
    if before:
        say(place, FIRST)
    with place.open() as custody:
        back_up(custody, place.folder / "b")
    say(place, SECOND)
    say(place, THIRD)
    restored(place)


def restored(place: Place) -> None:
    shutil.rmtree(place.home)
    place.clock.advance(timedelta(hours=1))
    restore_home(place.folder / "b", place.home, place.clock, root_store=place.store)


def is_refused(place: Place) -> bool:
    with place.open() as custody:
        one, other = code(lambda: read_journal(custody)), code(lambda: choices_of(custody, SECOND))
    assert one == other
    assert one in ("", "CW-CHOICES-JOURNAL")
    return bool(one)


@pytest.mark.parametrize("before", [0, 1])
def test_two_people_say_that_the_lost_choices_were_recorded_again(
    place: Place, before: int
) -> None:
    brought_back(place, before)
    assert is_refused(place)
    for number in (SECOND, THIRD, FIRST):
        say(place, number)
        # As many as there were, or more, is not the same journal: people must say so.
        assert is_refused(place)
    with place.open() as custody:
        done = accept_loss(custody, BOTH)
        assert (done.number, done.remembered) == (before + 3, before + 2)
        assert read_journal(custody).number == before + 3
        assert len(choices_of(custody, SECOND)) == 1
        assert code(lambda: accept_loss(custody, BOTH)) == "CW-CHOICES-NO-LOSS"
        assert custody.ledger.size("sealed") > 0
    say(place, SECOND, kind="no_companies")
    assert not is_refused(place)
    assert verify_ledger(place.home, place.clock, root_store=place.store).faults == []


@pytest.mark.parametrize(
    ("people", "wanted"),
    [
        ([], "CW-KEY-APPROVAL"),
        (["amara"], "CW-KEY-APPROVAL"),
        (["amara", "amara"], "CW-KEY-APPROVAL"),
        (["amara", "permit-signer"], "CW-KEY-USE"),
        (["amara", "nobody"], "CW-KEY-UNKNOWN"),
    ],
)
def test_fewer_than_two_people_accept_nothing(place: Place, people: list[str], wanted: str) -> None:
    brought_back(place)
    with place.open() as custody:
        assert code(lambda: accept_loss(custody, people)) == wanted
        with custody.ledger.reading() as connection:
            found = connection.execute("SELECT 1 FROM intent WHERE type = 'choice.loss_accepted'")
            assert found.fetchone() is None
    assert is_refused(place)


def test_where_nothing_was_lost_there_is_nothing_to_accept(place: Place) -> None:
    with place.open() as custody:
        for name in BOTH:
            create_key(custody, name, "person_signing")
        assert code(lambda: accept_loss(custody, BOTH)) == "CW-CHOICES-NO-LOSS"
    say(place, FIRST)
    with place.open() as custody:
        back_up(custody, place.folder / "b")
    restored(place)
    assert not is_refused(place)
    with place.open() as custody:
        assert code(lambda: accept_loss(custody, BOTH)) == "CW-CHOICES-NO-LOSS"


def test_a_second_loss_needs_two_people_again(place: Place) -> None:
    """Also where the numbers are those of the first: the acceptance of then is about then."""
    brought_back(place)
    with place.open() as custody:
        accept_loss(custody, BOTH)
    older = place.folder / "older"
    shutil.copytree(place.home, older)
    say(place, SECOND)
    say(place, THIRD)
    shutil.rmtree(place.home)
    shutil.copytree(older, place.home)
    assert is_refused(place)
    with place.open() as custody:
        # Brought back in another way than by a restore: nobody can accept that.
        assert code(lambda: accept_loss(custody, BOTH)) == "CW-CHOICES-JOURNAL"
        now = place.clock.now()
        assert code(lambda: record(custody, said(now, FIRST))) == "CW-CHOICES-JOURNAL"
    assert is_refused(place)


def test_cut_off_between_ledger_and_fence_the_next_call_ends_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    brought_back(place)

    class DiedError(BaseException):
        pass

    def dies(*_: Any) -> None:
        raise DiedError

    with place.open() as custody, monkeypatch.context() as patched:
        patched.setattr(Fence, "record_choice_loss", dies)
        with pytest.raises(DiedError):
            accept_loss(custody, BOTH)
    assert is_refused(place)
    with place.open() as custody:
        assert loss.accept_loss(custody, []).number == 1
    assert not is_refused(place)
