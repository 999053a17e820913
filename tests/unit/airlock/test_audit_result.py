"""What an audit's result says, whom it tells what, and what it is good for."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from commonweal.airlock.audit.findings import given_away
from commonweal.airlock.audit.history import read_history
from commonweal.airlock.audit.running import Result, audit, check_pinned, read_proposals
from commonweal.foundation.errors import Fault, Refused, WrongUsage
from tests.audit_house import Asked, House, by, exactly, fives, tens, values

AGE = by("age", "30s", "40s", "50s")


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(tmp_path)
    for number in range(180):
        house.people[number] = {"age": ("30s", "40s", "50s")[number % 3], "sex": "fm"[number % 2]}
    return house


def run(house: House, *folders: Path, threshold: int = 10) -> Result:
    history = read_history(house.history)
    return audit(history, read_proposals(folders, history), threshold=threshold)


def two_left(house: House) -> Path:
    """Table 7 left; since then two people of the fifties objected; table 12 is asked for."""
    house.leave(Asked("table-7", (AGE,), margins=False), output="march")
    del house.people[2], house.people[5]
    later = Asked("table-12", (AGE,), margins=False, snapshot="s2")
    return house.propose(later, output="june")


def test_the_sum_that_gives_it_away_is_told_to_the_reviewer(house: House) -> None:
    result = run(house, two_left(house))
    assert result.verdict == "fail"
    (finding,) = result.findings
    assert finding.sentence == "table-7 row 3 of march minus table-12 row 3 of june = 2 people"
    (plain,) = result.plain()["findings"]
    assert (plain["code"], plain["people"], plain["verdict"]) == ("CW-AUDIT-DIFFERENCE", 2, "fail")
    assert [(t["times"], t["output"], t["row"]) for t in plain["sum"]] == [
        (1, "march", 3),
        (-1, "june", 3),
    ]


def test_the_author_is_told_their_own_cell_and_no_number(house: House) -> None:
    result = run(house, two_left(house))
    told = result.plain_for_author("june", "Dr Osei")
    (finding,) = told["findings"]
    assert (finding["table"], finding["row"]) == ("table-12", 3)
    text = json.dumps(told)
    assert "march" not in text
    assert "table-7" not in text
    assert set(re.findall(r"\d+", finding["rule"] + finding["advice"])) == {"10"}


@pytest.mark.parametrize("looked", [None, ""])
def test_the_author_is_told_nothing_before_a_person_has_looked(
    house: House, looked: str | None
) -> None:
    with pytest.raises(Refused, match="CW-AUDIT-UNSEEN"):
        run(house, two_left(house)).plain_for_author("june", looked)


def test_rounding_to_ten_answers_the_difference(house: House) -> None:
    house.leave(Asked("table-7", (AGE,), margins=False, says=tens), output="march")
    del house.people[2], house.people[5]
    later = Asked("table-12", (AGE,), margins=False, snapshot="s2", says=tens)
    assert run(house, house.propose(later)).verdict == "pass"


def test_rounding_to_five_does_not(house: House) -> None:
    house.leave(Asked("table-7", (AGE,), margins=False, says=fives), output="march")
    del house.people[2], house.people[5]
    later = Asked("table-12", (AGE,), margins=False, snapshot="s2", says=fives)
    assert run(house, house.propose(later)).verdict == "fail"


def test_ten_who_left_are_enough(house: House) -> None:
    house.leave(Asked("table-7", (AGE,), margins=False))
    for number in range(2, 32, 3):
        del house.people[number]
    later = Asked("table-12", (AGE,), margins=False, snapshot="s2")
    assert run(house, house.propose(later)).verdict == "pass"


def test_the_same_table_again_is_no_finding(house: House) -> None:
    house.leave(Asked("table-7", (AGE,)))
    assert run(house, house.propose(Asked("table-12", (AGE,)))).verdict == "pass"


def test_proposals_are_audited_with_each_other(house: House) -> None:
    first = house.propose(Asked("a", (AGE,), margins=False))
    del house.people[2]
    second = house.propose(Asked("b", (AGE,), margins=False, snapshot="s2"))
    assert run(house, first).verdict == run(house, second).verdict == "pass"
    together = run(house, first, second)
    assert together.verdict == "fail"
    assert len(together.findings) == 1
    assert together.of("output-1") == together.of("output-2") == together.findings


def test_a_difference_of_nobody_fails_where_definitions_differ(house: House) -> None:
    for person in house.people.values():
        person["ill"] = "y" if person["age"] == "50s" else "n"
    house.leave(Asked("fifties", (by("age", "50s"),), margins=False))
    ill = Asked("ill", (by("age", "50s"),), (values("ill", "y"),), margins=False)
    result = run(house, house.propose(ill))
    assert [(one.code, one.verdict, one.people) for one in result.findings] == [
        ("CW-AUDIT-SAME", "fail", 0)
    ]


def test_people_who_came_and_went_are_for_a_person_to_judge(house: House) -> None:
    house.leave(Asked("table-7", (AGE,), margins=False))
    del house.people[2]
    house.people["new"] = {"age": "50s", "sex": "f"}
    result = run(house, house.propose(Asked("later", (AGE,), margins=False, snapshot="s2")))
    assert [(one.code, one.verdict) for one in result.findings] == [("CW-AUDIT-NEAR", "review")]
    assert result.findings[0].sentence.endswith("differ by a few people on both sides.")


@pytest.mark.parametrize(
    ("low", "high", "threshold", "verdict"),
    [
        (2, 2, 10, "fail"),
        (0, 0, 10, "fail"),
        (9, 9, 10, "fail"),
        (10, 10, 10, "pass"),
        (0, 9, 10, "pass"),  # all that a hidden cell says
        (1, 9, 10, "fail"),  # somebody is there
        (0, 8, 10, "fail"),
        (-5, 4, 10, "fail"),
        (-9, 9, 10, "pass"),
        (6, 14, 10, "review"),
        (1, 10, 10, "pass"),
        (0, 10, 10, "pass"),
        (9, 10, 10, "review"),
        (1, None, 10, "pass"),
        (500, 500, 10, "pass"),
        (1, 7, 8, "fail"),
    ],
)
def test_what_an_interval_gives_away(
    low: int, high: int | None, threshold: int, verdict: str
) -> None:
    assert given_away(low, high, threshold) == verdict


# --- pinning ----------------------------------------------------------------------------------


def test_an_audit_is_good_for_the_set_that_was_compared(house: House) -> None:
    house.leave(Asked("t", (AGE,)))
    folder = house.propose(Asked("u", (AGE,)))
    history = read_history(house.history)
    proposals = read_proposals([folder], history)
    result = audit(history, proposals)
    pins = [one.place.pin for one in proposals]
    check_pinned(result.pinned, pins, read_history(house.history))
    assert result.plain()["compared_hash"] == result.pinned.hash
    house.leave(Asked("between", (by("sex", "f", "m"),)))
    with pytest.raises(Refused, match="CW-AUDIT-STALE"):
        check_pinned(result.pinned, pins, read_history(house.history))


def test_an_audit_is_good_for_these_outputs_only(house: House) -> None:
    folder, other = house.propose(Asked("u", (AGE,))), house.propose(Asked("w", (AGE,)))
    history = read_history(house.history)
    result = audit(history, read_proposals([folder], history))
    for folders in ([other], [folder, other]):
        pins = [one.place.pin for one in read_proposals(folders, history)]
        with pytest.raises(Refused, match="CW-AUDIT-STALE"):
            check_pinned(result.pinned, pins, history)


def test_two_requests_that_are_safe_alone_cannot_both_leave(house: House) -> None:
    """The second is stale as soon as the first has left, and then fails (airlock rule 6)."""
    first = Asked("a", (AGE,), margins=False)
    proposed = house.propose(first, output="one")
    del house.people[2]
    second = house.propose(Asked("b", (AGE,), margins=False, snapshot="s2"), output="two")
    approved = run(house, second)
    assert approved.verdict == "pass"
    proposed.rename(house.history / "one")
    history = read_history(house.history)
    pins = [one.place.pin for one in read_proposals([second], history)]
    with pytest.raises(Refused, match="CW-AUDIT-STALE"):
        check_pinned(approved.pinned, pins, history)
    assert run(house, second).verdict == "fail"


def test_an_output_that_has_left_is_not_audited_again(house: House) -> None:
    name = house.leave(Asked("t", (AGE,)))
    history = read_history(house.history)
    with pytest.raises(Fault, match="CW-AUDIT-OUTPUT"):
        read_proposals([house.history / name], history)


def test_an_output_named_twice_is_refused(house: House) -> None:
    folder = house.propose(Asked("t", (AGE,)))
    with pytest.raises(Fault, match="CW-AUDIT-OUTPUT"):
        read_proposals([folder, folder], read_history(house.history))


def test_nothing_to_audit_and_no_threshold_are_wrong_usage(house: House) -> None:
    history = read_history(house.history)
    with pytest.raises(WrongUsage):
        read_proposals([], history)
    with pytest.raises(WrongUsage):
        audit(history, [], threshold=1)


def test_what_was_not_asked_for_is_said(house: House) -> None:
    history = read_history(house.history)
    folder = house.propose(Asked("t", (AGE,), says=exactly))
    result = audit(history, read_proposals([folder], history), probe=False)
    assert result.verdict == "review"
    assert result.not_examined == ("Sums and bounds of many figures: not asked for.",)
