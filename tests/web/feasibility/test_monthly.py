"""The vault's worker makes a month's counts once, says why it could not, and tries again."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.clock import FixedClock
from commonweal.foundation.errors import CommonwealError, Unavailable
from commonweal.papers.cube import CubeTold
from commonweal.vault.cube import keeping, monthly
from commonweal.vault.custody import open_custody
from tests.cube_house import declaration
from tests.web.feasibility.room import BY, STANDING, declare, row
from tests.web.releases.room import Room


def first_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """The month's first working day is over, whatever today is."""
    from commonweal.web.discovery import workers

    monkeypatch.setattr(workers, "first_working_day", lambda _: date(2020, 1, 1))


def work(room: Room) -> int:
    from commonweal.web.discovery.workers import steps

    return int(room.with_custody(lambda custody: sum(step(custody) for step in steps("vault"))))


def frozen(room: Room) -> list[Any]:
    return list(room.with_custody(keeping.frozen))


def test_it_is_made_once_and_told(waiting: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    first_day(monkeypatch)
    assert row() is None
    assert work(waiting) >= 1
    (one,) = frozen(waiting)
    told = row()
    assert (told.month, told.code) == (one.release[-7:], "")
    assert work(waiting) == 0
    assert len(frozen(waiting)) == 1, "a month has one"
    type(told).objects.update(tried_at=None)
    assert work(waiting) == 0
    assert len(frozen(waiting)) == 1
    check_what_was_told(waiting, told)


def check_what_was_told(room: Room, told: Any) -> None:
    """The row holds the paper of what may leave, and neither counts nor keys."""
    paper = CubeTold.read(told.told, "It", "CW-CUBE-INVALID")
    kept = room.with_custody(lambda custody: list(keeping.newest_cubes(custody)))[0]
    assert paper == kept.told
    assert set(told.told) == {"told", "release", "month", "permit_id", "frozen_at", "choices",
                              "declaration", "cells"}  # fmt: skip
    assert all(set(one) == {"at", "band"} for one in told.told["cells"])
    held = room.with_custody(lambda custody: keeping.read_held(custody, paper.release))
    text = json.dumps(told.told)
    assert not any(name in text for name in held), "what figures are called is a hash of values"
    for hidden in (kept.permit_hash, kept.catalogue_digest):
        assert hidden not in text


def test_stale_choices_are_said_and_tried_again(
    waiting: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.web.config import clock
    from commonweal.web.discovery import workers

    first_day(monkeypatch)
    waiting.choose(checked_at=datetime.now(UTC) - timedelta(days=30))
    work(waiting)
    told = row()
    assert (told.code, told.told, told.month) == ("CW-CHOICES-LIST-STALE", None, "")
    assert "old" in told.sentence
    waiting.choose()
    work(waiting)
    assert frozen(waiting) == [], "not before the hour is over"
    type(told).objects.update(tried_at=clock.now() - workers.TRY_AGAIN)
    work(waiting)
    assert len(frozen(waiting)) == 1
    assert (row().code, row().sentence) == ("", "")


def test_a_stopped_permit_is_said(waiting: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    first_day(monkeypatch)
    waiting.stop("pause", STANDING)
    work(waiting)
    assert row().code == "CW-PERMIT-PAUSED"
    assert frozen(waiting) == []


def test_what_breaks_says_nothing_of_itself(waiting: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    from commonweal.web.discovery import workers

    first_day(monkeypatch)

    def broken(*_: Any) -> None:
        raise ValueError("9434765919 was not found")

    monkeypatch.setattr(workers, "build_month", broken)
    with pytest.raises(ValueError, match="9434765919"):
        waiting.with_custody(workers.make_counts)
    assert row().code == "CW-INTERNAL"
    assert "9434765919" not in row().sentence


def test_busy_is_not_a_try(waiting: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    from commonweal.web.discovery import workers

    first_day(monkeypatch)

    def busy(*_: Any) -> None:
        raise Unavailable("CW-BUSY", "Another command works in this home.")

    monkeypatch.setattr(workers, "build_month", busy)
    with pytest.raises(CommonwealError, match="Another command"):
        waiting.with_custody(workers.make_counts)
    assert row() is None


@pytest.mark.parametrize(
    ("at", "due"),
    [
        ("2026-01-01", False),  # a bank holiday
        ("2026-01-02", True),
        ("2026-02-01", False),  # a Sunday
        ("2026-02-02", True),
        ("2026-02-28", True),
        ("2026-05-01", True),
        ("2026-08-02", False),
        ("2026-08-03", True),
    ],
)
def test_the_first_working_day(
    waiting: Room, monkeypatch: pytest.MonkeyPatch, at: str, due: bool
) -> None:
    from commonweal.web.discovery import workers

    monkeypatch.setattr(workers, "is_due", lambda *_: True)
    clock = FixedClock(datetime.fromisoformat(f"{at}T12:00:00+00:00"))
    stores = waiting.home.with_name("stores")
    with open_custody(waiting.home, clock, root_store=stores) as custody:
        assert bool(workers.waiting(custody)) is due


def test_nothing_set_up_nothing_done(waiting: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    first_day(monkeypatch)
    (waiting.home / monthly.FILE).unlink()
    assert work(waiting) == 0
    assert row() is None


def test_a_list_that_cannot_be_read_is_said(waiting: Room) -> None:
    for broken in ("{", "[]", '{"monthly": 2}', '{"monthly": 1, "datasets": {"hospital": {}}}'):
        (waiting.home / monthly.FILE).write_text(broken)
        with pytest.raises(CommonwealError) as refused:
            waiting.with_custody(monthly.every_monthly)
        assert refused.value.code == "CW-CUBE-MONTHLY", broken


def test_what_was_decided_is_kept_and_not_the_file(waiting: Room) -> None:
    declare(waiting, spread=500, title="Another")
    (one,) = waiting.with_custody(monthly.every_monthly)
    assert (one.declaration, one.permit, one.by) == (declaration(), STANDING, BY)


@pytest.mark.parametrize(
    ("by", "changes", "code"),
    [("mallory", {}, "CW-PERMIT-PERSON"), (BY, {"dataset": "clinic"}, "CW-CUBE-PERMIT"),
     (BY, {"spread": 11}, "CW-CUBE-INVALID")],
)  # fmt: skip
def test_what_cannot_be_counted_is_not_set_up(
    waiting: Room, by: str, changes: dict[str, Any], code: str
) -> None:
    before = (waiting.home / monthly.FILE).read_bytes()
    permit = waiting.beside / f"{STANDING}.jws"
    source = permit if permit.exists() else waiting.home / "permits" / f"{STANDING}.jws"
    with pytest.raises(CommonwealError) as refused:
        waiting.with_custody(
            lambda custody: monthly.set_up(custody, source, _file(waiting, **changes), by)
        )
    assert refused.value.code in (code, "CW-RELEASE-INPUTS")
    assert (waiting.home / monthly.FILE).read_bytes() == before


def _file(room: Room, **changes: Any) -> Path:
    from tests.cube_house import declaration_data

    place = room.beside / "other.json"
    place.write_text(json.dumps(declaration_data(**changes)))
    return place


def test_ids_that_begin_alike_have_names_of_their_own() -> None:
    """Two datasets whose ids share their first 48 letters (and 31) had one name before."""
    ids = ["a" * 48 + "1", "a" * 48 + "2", "a" * 48, "a" * 64, "a" * 31 + "b" * 20]
    names = {keeping.release_name(one, "2026-03") for one in ids}
    assert len(names) == len(ids)
    assert max(map(len, names)) <= 64
    assert keeping.release_name("hospital", "2026-03") == "cube-hospital.2026-03"
