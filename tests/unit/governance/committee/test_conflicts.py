"""Conflicts of interest, declared first and never taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from commonweal.foundation.errors import Refused
from commonweal.governance.committee import conflicts
from commonweal.governance.committee.conflicts import Declaration
from commonweal.papers.base import PaperInvalid
from tests.unit.governance.committee.support import (
    BEFORE,
    MEETING,
    OTHER,
    VERSION,
    declared,
    everyone_free,
    membership,
)


def takes_part(person: str, declarations: list[Declaration], involved: Any = ()) -> str | None:
    try:
        conflicts.check_takes_part(person, membership(), declarations, VERSION, involved, MEETING)
    except Refused as error:
        assert not conflicts.can_take_part(
            person, membership(), declarations, VERSION, involved, MEETING
        )
        return error.code
    assert conflicts.can_take_part(person, membership(), declarations, VERSION, involved, MEETING)
    return None


@pytest.mark.parametrize(
    ("person", "declarations", "involved", "code"),
    [
        ("lay1", [declared("lay1")], (), None),
        ("lay1", [], (), "CW-COMMITTEE-DECLARATION"),
        ("lay1", [declared("lay2")], (), "CW-COMMITTEE-DECLARATION"),
        ("lay1", [declared("lay1", version=OTHER)], (), "CW-COMMITTEE-DECLARATION"),
        ("lay1", [declared("lay1", at=MEETING + timedelta(seconds=1))], (),
         "CW-COMMITTEE-DECLARATION"),
        ("lay1", [declared("lay1", at=MEETING)], (), None),
        ("lay1", [declared("lay1", "money")], (), "CW-COMMITTEE-CONFLICT"),
        ("lay1", [declared("lay1", "money"), declared("lay1")], (), "CW-COMMITTEE-CONFLICT"),
        ("lay1", [declared("lay1"), declared("lay1", "rival")], (), "CW-COMMITTEE-CONFLICT"),
        ("lay1", [declared("lay1", "money", version=OTHER), declared("lay1")], (), None),
        ("lay1", [declared("lay1")], ("lay1",), "CW-COMMITTEE-CONFLICT"),
        ("stranger", [declared("stranger")], (), "CW-COMMITTEE-MEMBER"),
        ("", [], (), "CW-COMMITTEE-MEMBER"),
    ],
)  # fmt: skip
def test_who_takes_part(
    person: str, declarations: list[Declaration], involved: tuple[str, ...], code: str | None
) -> None:
    assert takes_part(person, declarations, involved) == code


def test_a_conflict_cannot_be_taken_back() -> None:
    earlier = [declared("lay1", "money")]
    with pytest.raises(Refused) as caught:
        conflicts.check_declaration(declared("lay1", at=MEETING), earlier, membership())
    assert caught.value.code == "CW-COMMITTEE-DECLARATION"
    conflicts.check_declaration(declared("lay1", "rival"), earlier, membership())
    conflicts.check_declaration(declared("lay1", version=OTHER), earlier, membership())
    conflicts.check_declaration(declared("lay1", "money"), everyone_free(), membership())
    with pytest.raises(Refused) as caught:
        conflicts.check_declaration(declared("stranger"), [], membership())
    assert caught.value.code == "CW-COMMITTEE-MEMBER"


def test_who_has_not_declared() -> None:
    seats = membership().sitting(MEETING)
    some = [declared("chair"), declared("lay1", "money")]
    missing = conflicts.undeclared(seats, some, VERSION, involved=["nurse"])
    assert missing == ("doctor", "statistician", "lay2", "lay3", "lay4")
    assert conflicts.undeclared(seats, everyone_free(), VERSION) == ()


def test_what_a_member_reads() -> None:
    assert "no conflict" in conflicts.notice(declared("lay1"))
    told = conflicts.notice(declared("lay1", "money", "rival"))
    assert told.startswith(conflicts.EXCLUDED)
    assert "could gain or lose money; works on something that competes with it." in told


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "No member had"), (1, "One member had"), (3, "3 members had")],
)
def test_the_minutes_name_nobody(count: int, said: str) -> None:
    assert conflicts.minute(count).startswith(said)


def test_a_declaration_is_written_strictly() -> None:
    good = declared("lay1", "money").plain()
    for changes in (
        {"conflicts": ["money", "money"]}, {"conflicts": ["other"]}, {"conflicts": ["envy"]},
        {"version_digest": "x"}, {"at": "2026-06-08"}, {"person": "lay 1"}, {"free": True},
    ):  # fmt: skip
        with pytest.raises(PaperInvalid):
            Declaration.read({**good, **changes}, "declaration")
    assert Declaration.read({**good, "conflicts": ["other"], "told": "We dance."}, "d").at == BEFORE
