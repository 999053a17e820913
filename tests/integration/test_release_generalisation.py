"""Optimal generalisation inside a release: what may be shown more coarsely, and no more.

Figures and forms are those of what was written, counted again from the opened files.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.papers.release import ReleaseSummary
from commonweal.vault.custody import rotate_key
from commonweal.vault.risk import RiskRefused
from tests.release_house import MARKER, House, make_house, permitted, refused
from tests.unit.custody.amending import change
from tests.unit.release.oracle import smallest_group

DATA = permitted(
    patients={"nhs_number": "pseudonym", "born": "age_band(5,90)", "sex": "exact"},
    admissions={"nhs_number": "pseudonym", "admitted": "month"},
)
OFFERS = {
    ("patients", "born"): ["age_band(5,90)", "age_band(10,90)", "age_band(20,80)", "year"],
    ("admissions", "admitted"): ["exact", "month", "year", "shift"],
}
BORN = "patients.born"
ADMITTED = "admissions.admitted"


def offer(house: House, offers: dict[tuple[str, str], list[str]]) -> None:
    """Let the catalogue offer exactly these forms."""
    for table in house.catalogue_data["datasets"][0]["tables"]:
        for one in table["variables"]:
            one["forms"] = offers.get((table["name"], one["name"]), one["forms"])
    house.write_catalogue()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Sixty people of two sexes, aged 20 to 59, spread so that bands of five are too small."""
    made = make_house(tmp_path / "house")
    for place, row in enumerate(made.tables["patients"]):
        row["born"] = f"{1967 + place * 7 % 40}-01-15"
    for place, row in enumerate(made.tables["admissions"]):
        row["admitted"] = (date(2024, 1, 1) + timedelta(days=place * 173 % 700)).isoformat()
    offer(made, OFFERS)
    made.write()
    yield made
    made.close()


def laid_together(tables: dict[str, list[dict[str, Any]]]) -> int:
    """k: people by what their row says, and each admission beside its person."""
    people = {row["nhs_number"]: row for row in tables["patients"]}
    beside = [
        {**row, "born": people[row["nhs_number"]]["born"], "sex": people[row["nhs_number"]]["sex"]}
        for row in tables["admissions"]
    ]
    return min(
        smallest_group(tables["patients"], ("born", "sex"), "nhs_number"),
        smallest_group(beside, ("born", "sex", "admitted"), "nhs_number"),
    )


def forms(manifest: dict[str, Any]) -> dict[str, str]:
    return {
        f"{name}.{column['name']}": column["form"]
        for name, table in manifest["tables"].items()
        for column in table["columns"]
    }


def test_what_is_refused_as_agreed_passes_more_coarsely(house: House) -> None:
    plain = house.issue(data=DATA)
    assert refused(lambda: house.build(plain)).code == "CW-RISK-LIMIT"
    permit = house.issue(data=DATA, optimise_generalisation=True)
    report = house.build(permit)
    manifest = report.manifest
    chosen = manifest["risk"]["generalisation"]
    shown = forms(manifest)
    assert chosen["levels"][BORN] == {"permitted": "age_band(5,90)", "released": shown[BORN]}
    assert chosen["levels"][ADMITTED] == {"permitted": "month", "released": "year"}
    assert chosen["levels"]["patients.sex"] == {"permitted": "exact", "released": "exact"}
    assert shown[ADMITTED] == "year"
    assert shown[BORN] != "year"  # of a birth it tells more than a band of five years does
    assert (chosen["metric"], chosen["optimal"]) == ("entropy", True)
    assert 0 < chosen["score"] == chosen["bound"] < 1
    assert chosen["nodes"] == 6
    found = {name: table.to_pylist() for name, table in house.contents(report).items()}
    assert manifest["risk"]["after"]["k"] == laid_together(found) >= 5
    assert any(f"{ADMITTED}: shown as year; agreed was month." in one for one in report.sentences())
    assert house.verify(report.folder).faults == []
    assert house.ledger_faults() == []


def test_the_plan_says_what_the_build_does(house: House) -> None:
    permit = house.issue(data=DATA, optimise_generalisation=True)
    plan = house.plan(permit)
    report = house.build(permit)
    assert plan.breaches == ()
    assert plan.risk["generalisation"] == report.manifest["risk"]["generalisation"]
    for name in ("k", "classes", "prosecutor", "marketer"):
        assert plan.risk["after"][name] == report.manifest["risk"]["after"][name]
    assert f"{ADMITTED}: shown as year; agreed was month." in plan.sentences()


def test_nothing_is_coarser_where_the_agreed_forms_pass(house: House) -> None:
    data = permitted(patients={"nhs_number": "pseudonym", "sex": "exact"})
    plain = house.build(house.issue(data=data))
    report = house.build(house.issue(data=data, optimise_generalisation=True))
    assert forms(report.manifest) == forms(plain.manifest)
    assert report.manifest["risk"]["generalisation"]["score"] == 0.0
    assert report.manifest["risk"]["after"] == plain.manifest["risk"]["after"]
    assert "generalisation" not in plain.manifest["risk"]


def test_without_a_coarser_offer_the_refusal_is_the_same(house: House) -> None:
    offer(house, {("patients", "born"): ["age_band(5,90)"], ("admissions", "admitted"): ["month"]})
    plain = refused(lambda: house.build(house.issue(data=DATA)))
    error = refused(lambda: house.build(house.issue(data=DATA, optimise_generalisation=True)))
    assert isinstance(error, RiskRefused)
    assert (error.code, error.sentence) == (plain.code, plain.sentence)
    assert len(house.events("risk.hint_given")) == 2


def test_where_the_coarsest_fails_there_is_a_refusal_and_no_hint(house: House) -> None:
    permit = house.issue(data=DATA, optimise_generalisation=True, risk={"k": 40})
    plan = house.plan(permit)
    assert plan.breaches
    error = refused(lambda: house.build(permit))
    assert error.code == "CW-RISK-LIMIT"
    assert "Even the coarsest forms" in str(error.remedy)
    assert house.events("risk.hint_given") == []
    assert list(house.releases.iterdir()) == []
    said = f"{error} {error.remedy} {plan.sentences()}"
    assert MARKER not in said
    assert not any(number in said for number in house.numbers)


def test_people_may_be_left_out_instead(house: House) -> None:
    house.tables["patients"][0]["born"] = "1960-01-01"  # the only one over sixty
    house.write()
    # Two ways up: bands of twenty years, or bands of ten of which the last is all over fifty.
    offer(house, {("patients", "born"): [*OFFERS["patients", "born"], "age_band(10,50)"]})
    data = permitted(patients={"nhs_number": "pseudonym", "born": "age_band(5,90)"})
    permit = house.issue(data=data, optimise_generalisation=True, risk={"suppress_up_to": 1 / 60})
    report = house.build(permit)
    assert report.manifest["patients"]["suppressed"] == 1
    assert forms(report.manifest)[BORN] == "age_band(5,90)"
    strict = house.build(house.issue(data=data, optimise_generalisation=True, risk={"k": 2}))
    assert strict.manifest["patients"]["suppressed"] == 0
    assert forms(strict.manifest)[BORN] == "age_band(10,50)"


def test_a_form_that_does_not_join_is_no_choice(house: House) -> None:
    # 20 does not divide 50: bands of 50 years cut through bands of 20.
    offer(house, {("patients", "born"): ["age_band(20,80)", "age_band(50,50)"]})
    for place, row in enumerate(house.tables["patients"]):
        row["born"] = f"{(1985, 1974, 1960)[place % 3]}-01-15"  # 41, 52 and 66 years old
    house.write()
    data = permitted(patients={"nhs_number": "pseudonym", "born": "age_band(20,80)"})
    permit = house.issue(data=data, optimise_generalisation=True, risk={"k": 30})
    error = refused(lambda: house.build(permit))
    assert error.code == "CW-RISK-LIMIT"


def test_beside_a_moved_date_no_form_is_chosen_that_undoes_it(house: House) -> None:
    offer(house, {("patients", "born"): ["age_band(5,90)", "age_band(20,80)"]})
    data = permitted(
        patients={"nhs_number": "pseudonym", "born": "age_band(5,90)", "sex": "exact"},
        admissions={"nhs_number": "pseudonym", "admitted": "shift"},
    )
    permit = house.issue(data=data, optimise_generalisation=True, risk={"k": 10})
    shown = forms(house.build(permit).manifest)
    assert shown[ADMITTED] == "shift"
    assert shown[BORN] == "age_band(20,80)"


def test_the_hold_out_is_shown_in_the_same_forms(house: House) -> None:
    permit = house.issue(
        data=DATA,
        optimise_generalisation=True,
        purposes=["ai_train"],
        processing=["train"],
        risk={"k": 3},
    )
    report = house.build(permit)
    held = house.holdout(report)["patients"].column("born").to_pylist()
    released = house.contents(report)["patients"].column("born").to_pylist()
    assert held
    assert set(held) <= set(released) | {None}


def test_a_linked_refresh_keeps_the_forms(house: House) -> None:
    permit = house.issue(data=DATA, optimise_generalisation=True, link_across_refreshes=True)
    first = house.build(permit)
    # With twice as many people the agreed forms would nearly do; they stay as they were.
    for row in house.tables["admissions"]:
        row["admitted"] = "2024-05-05"
    house.write()
    second = house.build(permit)
    assert forms(second.manifest) == forms(first.manifest)
    chosen = second.manifest["risk"]["generalisation"]
    assert chosen["fixed_by"] == first.manifest["release"]
    assert chosen["levels"] == first.manifest["risk"]["generalisation"]["levels"]
    assert not chosen["optimal"]


def test_a_linked_refresh_goes_on_after_the_keys_that_signed_were_replaced(house: House) -> None:
    permit = house.issue(data=DATA, optimise_generalisation=True, link_across_refreshes=True)
    first = house.build(permit)
    rotate_key(house.custody(), "manifest-signer")
    change(house.custody(), house.base / "policy", replace=["manifest-signer"])
    assert house.plan(permit).risk["generalisation"]["fixed_by"] == first.manifest["release"]
    second = house.build(permit)
    assert forms(second.manifest) == forms(first.manifest)


def test_a_linked_refresh_that_would_need_other_forms_is_refused(house: House) -> None:
    permit = house.issue(data=DATA, optimise_generalisation=True, link_across_refreshes=True)
    first = house.build(permit)
    house.tables["patients"][0]["born"] = "1930-01-01"
    house.write()
    error = refused(lambda: house.build(permit))
    assert error.code == "CW-RISK-LIMIT"
    assert f"as in release {first.manifest['release']}" in str(error.remedy)
    assert house.events("risk.hint_given") == []
    # A permit that replaces it and agrees to the same forms keeps to them too.
    newer = house.issue(
        data=DATA,
        optimise_generalisation=True,
        link_across_refreshes=True,
        supersedes="permit-1",
        version=2,
        risk={"suppress_up_to": 0.2},
    )
    report = house.build(newer)
    assert forms(report.manifest) == forms(first.manifest)


def test_without_linked_codes_each_refresh_is_free(house: House) -> None:
    permit = house.issue(data=DATA, optimise_generalisation=True)
    house.build(permit)
    for row in house.tables["admissions"]:
        row["admitted"] = "2024-05-05"
    house.write()
    second = house.build(permit)
    assert forms(second.manifest)[ADMITTED] == "month"


def test_reports_say_what_was_chosen_and_the_summary_only_the_forms(house: House) -> None:
    report = house.build(house.issue(data=DATA, optimise_generalisation=True))
    risk = json.loads((report.folder / "risk.json").read_text())
    chosen = risk["generalisation"]
    assert chosen["levels"] == report.manifest["risk"]["generalisation"]["levels"]
    trace = chosen["candidates"]
    assert [one for one in trace if one["holds"]]
    assert min(one["score"] for one in trace if one["holds"]) == chosen["score"]
    assert chosen["variables"] == [BORN, ADMITTED]
    summary = ReleaseSummary.load(
        (report.folder / "summary.jws").read_bytes(), house.custody().trust
    )
    assert {one.form for one in summary.tables["admissions"].columns} == {"pseudonym", "year"}
    assert "score" not in json.dumps(summary.plain())
    assert "generalisation" not in json.dumps(summary.plain())
