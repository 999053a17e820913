"""Every build that was authorised has one end on the ledger: completed, refused or abandoned."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError, Failure, Fault, Refused, Unavailable
from commonweal.ledger.store import Ledger
from commonweal.vault.custody import change_state
from commonweal.vault.release import build as building
from commonweal.vault.release import closing
from tests.release_house import House, make_house, permitted, refused

DATA = permitted(patients={"nhs_number": "pseudonym", "sex": "exact"})
TYPES = ("authorised", "completed", "refused", "abandoned")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = make_house(tmp_path / "house", count=24)
    yield made
    made.close()


def story(house: House) -> list[str]:
    """`word release` of each event of a build, in order."""
    with house.custody().ledger.reading() as connection:
        rows = connection.execute(
            "SELECT type, json_extract(body, '$.release') FROM intent "
            "WHERE type LIKE 'release.%' ORDER BY id"
        ).fetchall()
    named = [(type_.removeprefix("release."), release) for type_, release in rows]
    return [f"{word} {release}" for word, release in named if word in TYPES]


def failing(error: BaseException) -> Any:
    def fail(*args: object, **kwargs: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    "error",
    [
        Refused("CW-RISK-LIMIT", "Over a limit."),
        Unavailable("CW-CHOICES-LIST-STALE", "Too old."),
        Fault("CW-RELEASE-UNREADABLE", "Not as declared."),
        Failure("CW-ENGINE-FAILED", "Could not finish."),
    ],
    ids=lambda error: type(error).__name__,
)
def test_each_kind_of_error_is_an_end_with_its_code(
    house: House, monkeypatch: pytest.MonkeyPatch, error: CommonwealError
) -> None:
    permit = house.issue(data=DATA)
    monkeypatch.setattr(building, "prepare", failing(error))
    assert refused(lambda: house.build(permit)) is error
    assert story(house) == ["authorised permit-1.r1", "refused permit-1.r1"]
    (said,) = house.events("release.refused")
    assert (said["code"], said["permit"]) == (error.code, "permit-1")
    assert house.ledger_faults() == []


@pytest.mark.parametrize("error", [TypeError("a bug"), KeyboardInterrupt(), MemoryError()])
def test_what_nobody_expected_is_an_end_too(
    house: House, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    permit = house.issue(data=DATA)
    with monkeypatch.context() as patch:
        patch.setattr(building, "prepare", failing(error))
        with pytest.raises(type(error)):
            house.build(permit)
    assert story(house) == ["authorised permit-1.r1", "abandoned permit-1.r1"]
    house.build(permit)
    assert story(house)[2:] == ["authorised permit-1.r1", "completed permit-1.r1"]
    assert house.ledger_faults() == []


def test_a_source_that_is_wrong_ends_the_build(house: House) -> None:
    permit = house.issue(data=DATA)
    house.tables["patients"].append(dict(house.tables["patients"][0]))
    house.write()
    code = refused(lambda: house.build(permit)).code
    assert [one["code"] for one in house.events("release.refused")] == [code]
    assert closing.unended(house.custody().ledger) == []


def test_a_build_that_was_killed_is_ended_by_the_next(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    permit, other = house.issue(data=DATA), house.issue(data=DATA)
    with monkeypatch.context() as patch:
        # Nothing is written any more, as when the process is gone.
        patch.setattr(building, "prepare", failing(SystemExit()))
        patch.setattr(building, "end_failed", lambda *_: None)
        with pytest.raises(SystemExit):
            house.build(permit)
    assert closing.unended(house.custody().ledger) == [("permit-1.r1", "permit-1")]
    change_state(house.custody(), permit, "revoke")  # an end is written whatever the permit is
    house.build(other)
    assert story(house) == [
        "authorised permit-1.r1", "abandoned permit-1.r1",
        "authorised permit-2.r1", "completed permit-2.r1",
    ]  # fmt: skip
    assert closing.recover(house.custody()) == []
    assert len(house.events("release.abandoned")) == 1
    assert house.ledger_faults() == []


def test_a_ledger_that_cannot_be_written_does_not_hide_the_error(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    permit = house.issue(data=DATA)
    wrong = Fault("CW-RELEASE-UNREADABLE", "Not as declared.")

    def fail(*args: object, **more: object) -> None:
        monkeypatch.setattr(Ledger, "append", failing(Unavailable("CW-LEDGER-BUSY", "Held.")))
        raise wrong

    with monkeypatch.context() as patch:
        patch.setattr(building, "prepare", fail)
        assert refused(lambda: house.build(permit)) is wrong
    monkeypatch.undo()
    assert story(house) == ["authorised permit-1.r1"]
    house.build(permit)
    assert story(house)[1] == "abandoned permit-1.r1"


def test_what_fails_after_completion_is_no_second_end(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    permit = house.issue(data=DATA)
    with monkeypatch.context() as patch:
        patch.setattr(closing, "settle", failing(Unavailable("CW-BUSY", "Another run.")))
        assert refused(lambda: house.build(permit)).code == "CW-BUSY"
    assert story(house) == ["authorised permit-1.r1", "completed permit-1.r1"]
    house.build(permit)
    assert story(house)[2:] == ["authorised permit-1.r2", "completed permit-1.r2"]
    assert house.verify(house.releases / "permit-1.r1").faults == []
