"""Forms chosen so that an intruder finds few enough: the search, the gate and the test together.

What the search chooses is held against one plain build for each form: the draws of the test follow
from the project's key, so an attacker finds the same people whichever permit asks.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from commonweal.vault.release import generalising
from tests.release_house import House, make_house, permitted, refused

PEOPLE = 160
FORMS = ["exact", "month", "year"]
ADMITTED = "admissions.admitted"
PRACTICE = "patients.ethnicity"
BOUND = 0.14
DAYS = [date(2024, 3 + month, day) for month in range(8) for day in (5, 19)]
SURE = """
attackers: 1
views:
  - id: sure
    title: somebody who is never wrong
    knows:
      - {identifies: [event_date], events: 8}
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Three stays each: many people share each of the days, few all three. Nobody knows somebody's
    practice."""
    made = make_house(tmp_path_factory.mktemp("forms") / "house", count=PEOPLE)
    groups: Counter[str] = Counter()
    stays = []
    for place, row in enumerate(made.tables["patients"]):
        practice = f"{'AB'[place % 2]}{int(place % 8 < 2)}"
        row["ethnicity"] = practice
        turn, far = groups[practice], sorted({"A0", "A1", "B0", "B1"}).index(practice)
        groups[practice] += 1
        days = {turn % 16, (turn * 5 + 3 + far) % 16, (turn * 7 + turn // 16 * 3 + 1 + far) % 16}
        first = made.tables["admissions"][2 * place]
        stays += [
            {**first, "admission_id": f"S{place}-{day}", "admitted": DAYS[day].isoformat(),
             "discharged": DAYS[day].isoformat()}
            for day in sorted(days)
        ]  # fmt: skip
    made.tables["admissions"] = stays
    for table in made.catalogue_data["datasets"][0]["tables"]:
        for one in table["variables"]:
            if one["name"] == "admitted":
                one["forms"] = FORMS
            if one["name"] == "ethnicity":
                one |= {"forms": ["exact", "truncate(1)"], "identifies": "gp_practice"}
    made.write_catalogue()
    made.write()
    folder = made.home / "attackers"
    folder.mkdir(exist_ok=True)
    (folder / "own.yaml").write_text(SURE)
    yield made
    made.close()


def issued(house: House, form: str, bound: float, *, optimise: bool) -> Path:
    data = permitted(
        patients={"nhs_number": "pseudonym", "ethnicity": "exact"},
        admissions={"nhs_number": "pseudonym", "admitted": form},
    )
    return house.issue(
        data=data, intruder_test={"upper_bound": bound}, risk={"k": 2},
        optimise_generalisation=optimise,
    )  # fmt: skip


def passes(house: House, form: str, bound: float) -> bool:
    """Whether a release in this form alone passes the test."""
    plan = house.plan(issued(house, form, bound, optimise=False))
    assert all("Intruder test" in one for one in plan.breaches)
    return not plan.breaches


def test_the_least_coarse_forms_in_which_an_intruder_finds_few_enough(house: House) -> None:
    verdicts = {form: passes(house, form, BOUND) for form in FORMS}
    assert (verdicts[FORMS[0]], verdicts[FORMS[-1]]) == (False, True)
    best = next(form for form in FORMS if verdicts[form])
    permit = issued(house, FORMS[0], BOUND, optimise=True)
    report = house.build(permit)
    chosen = report.manifest["risk"]["generalisation"]
    assert chosen["levels"][ADMITTED] == {"permitted": FORMS[0], "released": best}
    # Nobody knows the practice, so that showing it more coarsely is never tried for its own sake.
    assert chosen["levels"][PRACTICE]["released"] == "exact"
    assert chosen["tested"] == FORMS.index(best) + 1
    assert chosen["optimal"] is True
    assert 0 < chosen["score"] == chosen["bound"]
    outcome = report.manifest["risk"]["intruder"]
    assert outcome["upper"] <= BOUND == outcome["limit"]
    told = " ".join(report.sentences())
    assert "and the bound of the intruder test loses less" in told
    assert f"In {chosen['tested'] - 1} choice(s) that lose less an intruder found too many" in told
    assert house.verify(report.folder).faults == []
    found: dict[str, Any] = json.loads((report.folder / "risk.json").read_text())
    held = {tuple(one["levels"]): one["holds"] for one in found["generalisation"]["candidates"]}
    names = found["generalisation"]["variables"]
    for levels, holds in held.items():
        form = dict(zip(names, levels, strict=True))[ADMITTED]
        # What was not tried for itself fails as that does which shows the same to the attacker.
        assert not holds or verdicts[form]


def test_where_every_form_gives_too_many_away_nothing_is_made(house: House) -> None:
    permit = issued(house, FORMS[0], 0.001, optimise=True)
    there = sorted(house.releases.iterdir())
    error = refused(lambda: house.build(permit))
    assert error.code == "CW-INTRUDER-LIMIT"
    # Three forms of a day were tried, and none twice beside a coarser practice.
    assert f"An intruder was tried in {len(FORMS)} choice(s) of forms" in str(error.remedy)
    assert "No choice is left that the catalogue offers." in str(error.remedy)
    assert sorted(house.releases.iterdir()) == there


def test_a_search_that_is_cut_short_says_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generalising, "MOST_TESTED", 2)
    plan = house.plan(issued(house, FORMS[0], 0.001, optimise=True))
    assert any("Intruder test" in one for one in plan.breaches)
    (told,) = (one for one in plan.sentences() if "tried in 2 choice(s) of forms" in one)
    assert "found too many in all of them" in told
    assert "Others were not reached." in told
    assert plan.risk["generalisation"]["optimal"] is False


def test_forms_that_pass_at_once_are_tried_once(house: House) -> None:
    report = house.build(issued(house, FORMS[-1], BOUND, optimise=True))
    chosen = report.manifest["risk"]["generalisation"]
    assert (chosen["tested"], chosen["score"]) == (1, 0.0)
    assert report.manifest["risk"]["intruder"]["upper"] <= BOUND
