"""S16 at the edges of a cohort: "admitted from this day on" must not give anybody's shift away.

The naive twin releases everybody in the cohort, as ours did before a hostile review.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.release_house import House, make_house, permitted

SINCE = date(2024, 1, 1)
WEEKS = 8
ALL = 2 * WEEKS + 1
DATA = permitted(
    patients={"nhs_number": "pseudonym"},
    admissions={"nhs_number": "pseudonym", "admitted": "shift"},
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """People with one admission each, one a day from two hundred days before the cohort begins."""
    made = make_house(tmp_path, count=500)
    made.tables["admissions"] = [
        {**made.tables["admissions"][0], "nhs_number": number, "admission_id": f"X{place}",
         "admitted": (SINCE + timedelta(days=place - 200)).isoformat(),
         "discharged": (SINCE + timedelta(days=place - 199)).isoformat()}
        for place, number in enumerate(made.numbers)
    ]  # fmt: skip
    made.write()
    yield made
    made.close()


def cohort(*parts: tuple[str, date]) -> dict[str, Any]:
    return {
        "all": [
            {"where": {"table": "admissions", "variable": "admitted", "op": op,
                       "value": day.isoformat()}}
            for op, day in parts
        ]
    }  # fmt: skip


def candidates(shown: date, first: date, last: date) -> int:
    """The attack: the shifts that put the true day where the cohort says it is."""
    tried = (shown - timedelta(weeks=week) for week in range(-WEEKS, WEEKS + 1))
    return sum(first <= day <= last for day in tried)


def shown_days(house: House, **changes: Any) -> list[date]:
    released = house.built(data=DATA, **changes)["admissions"]["admitted"].to_pylist()
    return [day for day in released if day is not None]


def test_nobody_lies_beside_a_first_day(house: House) -> None:
    everybody = shown_days(house, id="P-all")
    # What the twin would release of the cohort: its people, wherever they were moved to.
    twin = [day for day in everybody if day >= SINCE - timedelta(weeks=WEEKS)]
    assert min(candidates(day, SINCE, date.max) for day in twin) == 1
    ours = shown_days(house, id="P-since", cohort=cohort(("ge", SINCE)))
    assert len(ours) > 100
    assert {candidates(day, SINCE, date.max) for day in ours} == {ALL}


def test_nobody_lies_beside_either_end_of_a_window(house: House) -> None:
    last = SINCE + timedelta(days=250)
    ours = shown_days(house, id="P-window", cohort=cohort(("ge", SINCE), ("le", last)))
    assert len(ours) > 50
    assert {candidates(day, SINCE, last) for day in ours} == {ALL}


def test_people_with_a_day_well_inside_keep_their_days_at_the_edge(house: House) -> None:
    near, inside = SINCE, SINCE + timedelta(days=120)
    number = house.numbers[0]
    template = house.tables["admissions"][0]
    house.tables["admissions"] = [
        row for row in house.tables["admissions"] if row["nhs_number"] != number
    ] + [
        {**template, "nhs_number": number, "admission_id": f"B{place}",
         "admitted": day.isoformat(), "discharged": (day + timedelta(days=1)).isoformat()}
        for place, day in enumerate((near, inside))
    ]  # fmt: skip
    house.write()
    report = house.build(house.issue(id="P-two", data=DATA, cohort=cohort(("ge", SINCE))))
    counts = report.manifest["patients"]
    assert counts["left_empty"] > 0
    rows = house.contents(report)["admissions"].to_pylist()
    by_person: dict[bytes, list[date]] = {}
    for row in rows:
        by_person.setdefault(row["nhs_number"], []).append(row["admitted"])
    [both] = [days for days in by_person.values() if len(days) == 2]
    assert max(both) - min(both) == inside - near
