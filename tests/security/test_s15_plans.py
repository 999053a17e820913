"""S15: the difference of two plans tells one person's value, so plans are counted.

The naive planner answers as often as it is asked. Whoever writes the choices folder lets one person
object at a time: where the number in the release falls, that person has the diagnosis.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.vault.custody import change_state
from tests.release_house import House, make_house, objection, permitted, refused

VICTIMS = 5
COHORT = {
    "where": {"table": "admissions", "variable": "diagnosis", "op": "starts_with", "value": "J45"}
}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = make_house(tmp_path / "house", count=24)
    yield made
    made.close()


def limited(house: House, plans: int) -> None:
    house.limit(plans_per_day=plans)


def truth(house: House) -> list[bool]:
    """Whether each victim was ever admitted with asthma."""
    rows = house.tables["admissions"]
    return [
        any(r["nhs_number"] == number and r["diagnosis"].startswith("J45") for r in rows)
        for number in house.numbers[:VICTIMS]
    ]


def attack(house: House, permit: Path) -> list[bool]:
    """What the differences tell; ends early where a plan is refused."""
    found = []
    try:
        house.choose()
        whole = house.plan(permit).patients["released"]
        for number in house.numbers[:VICTIMS]:
            house.choose(objections=[objection(number)])
            found.append(house.plan(permit).patients["released"] < whole)
    except CommonwealError as error:
        if error.code != "CW-RELEASE-PLAN-LIMIT":
            raise
    return found


def issue(house: House) -> Path:
    data = permitted(patients={"nhs_number": "pseudonym", "sex": "exact"})
    return house.issue(data=data, cohort=COHORT, risk={"k": 2})


def test_naive_plans_without_end_tell_everybodys_diagnosis(house: House) -> None:
    limited(house, 1000)
    assert True in truth(house)
    assert False in truth(house)
    assert attack(house, issue(house)) == truth(house)


def test_ours_ends_after_as_many_as_the_policy_says(house: House) -> None:
    limited(house, 3)
    permit = issue(house)
    assert len(attack(house, permit)) == 2
    assert [one["today"] for one in house.events("release.planned")] == [1, 2, 3]
    error = refused(lambda: house.plan(permit))
    assert (error.code, error.exit_code) == ("CW-RELEASE-PLAN-LIMIT", 4)
    # The count is of one permit and one day; it is on the ledger, so a new process changes nothing.
    house.close()
    limited(house, 3)
    assert refused(lambda: house.plan(permit)).code == "CW-RELEASE-PLAN-LIMIT"
    house.plan(issue(house))
    house.clock.advance(timedelta(days=1))
    house.choose()
    house.plan(permit)
    assert house.ledger_faults() == []


def test_a_plan_counts_also_when_it_fails_on_the_data(house: House) -> None:
    limited(house, 1)
    permit = issue(house)
    house.choose(objections=[objection(number) for number in house.numbers])
    assert refused(lambda: house.plan(permit)).code == "CW-RELEASE-NOBODY"
    assert refused(lambda: house.plan(permit)).code == "CW-RELEASE-PLAN-LIMIT"


def test_a_plan_that_no_permit_allows_is_not_counted(house: House) -> None:
    permit = issue(house)
    change_state(house.custody(), permit, "pause")
    assert refused(lambda: house.plan(permit)).code == "CW-PERMIT-PAUSED"
    assert house.events("release.planned") == []


def test_the_default_is_twenty_and_the_entry_names_nobody(house: House) -> None:
    assert house.custody().trust.plans_per_day == 20
    house.plan(issue(house))
    (entry,) = house.events("release.planned")
    assert set(entry) == {"v", "type", "at", "role", "actor", "permit", "today"}
