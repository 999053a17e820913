"""What a hostile review found in the papers and what now holds: each was issued before.

S16: a cohort that holds a date to a narrow window undoes every shift, and an interval since a date
that is shown gives another date. The naive twins are the rules as they were: a cohort was refused
for `eq`, `in` and `starts_with` on a date, and an interval was asked only what it counts from.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.cohort import Cohort
from commonweal.papers.permit import PermitDraft
from commonweal.papers.permit_rules import check_draft
from tests import factories

PEOPLE = 600
WEEKS = 8
SHIFTS = np.arange(-WEEKS, WEEKS + 1)
NEEDED = 7 * (2 * WEEKS + 1)
FIRST = date(2020, 1, 1)
KNOWN = 500
"""The day of the attack, counted from `FIRST`."""


def day(n: int) -> str:
    return (FIRST + timedelta(days=n)).isoformat()


def admitted(op: str, n: int) -> dict[str, Any]:
    return {"where": {"table": "admissions", "variable": "admitted", "op": op, "value": day(n)}}


def discharged(op: str, n: int) -> dict[str, Any]:
    found = admitted(op, n)
    found["where"]["variable"] = "discharged"
    return found


def counted(op: str, n: int) -> dict[str, Any]:
    return {"at_least": {"n": 1, "of": admitted(op, n)["where"]}}


SEX = {"where": {"table": "patients", "variable": "sex", "op": "is_present"}}
ONE_DAY: dict[str, dict[str, Any]] = {
    "from and until": {"all": [admitted("ge", KNOWN), admitted("le", KNOWN)]},
    "after and before": {"all": [admitted("gt", KNOWN - 1), admitted("lt", KNOWN + 1)]},
    "turned": {"not": {"any": [admitted("lt", KNOWN), admitted("gt", KNOWN)]}},
    "turned twice": {
        "all": [{"not": admitted("lt", KNOWN)}, {"not": {"not": admitted("le", KNOWN)}}]
    },
    "not another": {"not": admitted("ne", KNOWN)},
    "counted": {"all": [counted("ge", KNOWN), SEX, {"all": [counted("lt", KNOWN + 1)]}]},
    "one branch": {
        "any": [
            {"all": [{"any": [admitted("ge", KNOWN), admitted("le", 0)]}, admitted("le", KNOWN)]},
            {"all": [{"not": SEX}, {"everyone": True}]},
        ]
    },
}  # fmt: skip
"""Ways of writing "admitted on this very day", none of them with `eq`, `in` or `starts_with`."""


def conditions_of(cohort: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for condition in Cohort.read(cohort, "The cohort").conditions():
        yield condition.plain()


def naive_cohort_rule(cohort: dict[str, Any]) -> bool:
    """The twin: no condition fixes a date by itself."""
    return all(c["op"] not in ("eq", "in", "starts_with") for c in conditions_of(cohort))


def candidates(shown: np.ndarray, first: int, last: int) -> np.ndarray:
    """For each shown date, the shifts that put the true one between two known days."""
    tried = shown[:, None] - 7 * SHIFTS[None, :]
    return ((tried >= first) & (tried <= last)).sum(axis=1)


def issue_with(cohort: dict[str, Any], **changes: Any) -> None:
    check_draft(factories.draft(cohort=cohort, **changes), factories.catalogue())


@pytest.mark.parametrize("cohort", ONE_DAY.values(), ids=ONE_DAY)
def test_a_cohort_of_one_day_in_other_words(cohort: dict[str, Any]) -> None:
    assert naive_cohort_rule(cohort)
    draw = np.random.default_rng(16)
    shift = draw.choice(SHIFTS, PEOPLE)
    shown = KNOWN + 7 * shift
    # The attack on what the twin issues: shown day minus known day is the shift of everybody.
    assert (candidates(shown, KNOWN, KNOWN) == 1).all()
    assert np.array_equal((shown - KNOWN) // 7, shift)
    with pytest.raises(CommonwealError, match="CW-PERMIT-DATE-FORMS"):
        issue_with(cohort)


@pytest.mark.parametrize("days", [7, 28, NEEDED - 1])
def test_a_narrow_window_leaves_too_few_shifts_to_everybody(days: int) -> None:
    draw = np.random.default_rng(days)
    true = draw.integers(KNOWN, KNOWN + days, PEOPLE)
    shown = true + 7 * draw.choice(SHIFTS, PEOPLE)
    cohort = {"all": [admitted("ge", KNOWN), admitted("lt", KNOWN + days)]}
    assert naive_cohort_rule(cohort)
    assert candidates(shown, KNOWN, KNOWN + days - 1).max() <= -(-days // 7)
    with pytest.raises(CommonwealError, match="CW-PERMIT-DATE-FORMS"):
        issue_with(cohort)


def test_a_window_as_wide_as_all_shifts_leaves_them_all_in_its_middle() -> None:
    """At its edges it does not: there a paper cannot help (known limits), only trimming can."""
    cohort = {"all": [admitted("ge", KNOWN), admitted("lt", KNOWN + NEEDED)]}
    issue_with(cohort)
    middle = np.array([KNOWN + 7 * WEEKS])
    assert candidates(middle, KNOWN, KNOWN + NEEDED - 1) == 2 * WEEKS + 1
    edge = np.array([KNOWN - 7 * WEEKS])
    assert candidates(edge, KNOWN, KNOWN + NEEDED - 1) == 1


def test_who_comes_and_goes_in_a_known_week_came_in_that_week() -> None:
    cohort = {"all": [admitted("ge", KNOWN), discharged("le", KNOWN + 6)]}
    assert naive_cohort_rule(cohort)
    with pytest.raises(CommonwealError, match="CW-PERMIT-DATE-FORMS"):
        issue_with(cohort)


@pytest.mark.parametrize("days", [1, 2, 365])
def test_births_of_a_few_days_are_chosen_by_nobody(days: int) -> None:
    """In any form of the date of birth, also where no date is moved."""
    born = {"table": "patients", "variable": "born"}
    cohort = {
        "all": [
            {"where": {**born, "op": "ge", "value": day(0)}},
            {"not": {"where": {**born, "op": "ge", "value": day(days)}}},
        ]
    }
    assert naive_cohort_rule(cohort)
    for form in ("shift", "interval", "exact"):
        data = factories.put(
            factories.draft_data(cohort=cohort), "data.0.tables.1.variables.2.form", form
        )
        with pytest.raises(CommonwealError, match="CW-PERMIT-COHORT"):
            check_draft(PermitDraft.read(data, "The draft"), factories.catalogue())


# --- intervals ----------------------------------------------------------------------------------


def stays(form: str) -> PermitDraft:
    """Admission in `form`, discharge as days since it."""
    data = factories.draft_data()
    variables = data["data"][0]["tables"][1]["variables"]
    variables[2] = {"variable": "admitted", "form": form}
    variables.append({"variable": "discharged", "form": "interval", "since": "admitted"})
    return PermitDraft.read(data, "The draft")


def naive_interval_rule(draft: PermitDraft) -> bool:
    """The twin: an interval counts from another date that is no birth and not administrative."""
    table = factories.catalogue().dataset("hospital").table("admissions")
    return all(
        (anchor := table.variable(item.since)).type == "date"
        and anchor.identifies != "date_of_birth"
        and not anchor.administrative
        for item in draft.dataset.tables[1].variables
        if item.since is not None
    )


@pytest.mark.parametrize(("form", "certain"), [("exact", 1), ("month", 31), ("year", 366)])
def test_days_since_a_shown_date_are_a_date(form: str, certain: int) -> None:
    draft = stays(form)
    assert naive_interval_rule(draft)
    draw = np.random.default_rng(4)
    came = [FIRST + timedelta(days=int(n)) for n in draw.integers(0, 700, PEOPLE)]
    length = [timedelta(days=int(n)) for n in draw.integers(0, 40, PEOPLE)]
    cut = {"exact": {}, "month": {"day": 1}, "year": {"month": 1, "day": 1}}[form]
    for arrived, stay in zip(came, length, strict=True):
        earliest = arrived.replace(**cut) + stay
        left = arrived + stay
        assert timedelta(0) <= left - earliest < timedelta(days=certain)
    with pytest.raises(CommonwealError, match="CW-PERMIT-DATE-FORMS"):
        check_draft(draft, factories.catalogue())


@pytest.mark.parametrize("form", ["shift", "interval"])
def test_days_since_a_hidden_date_are_only_days(form: str) -> None:
    check_draft(stays(form), factories.catalogue())


# --- roles --------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["other", "sensitive"])
@pytest.mark.parametrize(
    "identifies", ["person_key", "hospital_number", "postcode", "date_of_birth", "nhs_number"]
)
def test_what_identifies_is_not_declared_harmless(identifies: str, role: str) -> None:
    """Under such a role it was shown as it is, and no risk figure counted it."""
    data = factories.catalogue_data()
    type_ = "date" if identifies == "date_of_birth" else "text"
    data["datasets"][0]["tables"][0]["variables"].append(
        factories.variable("x", type_, role, "exact", identifies=identifies)
    )
    with pytest.raises(CommonwealError, match=r"CW-CATALOGUE-INVALID.*patients\.x"):
        Catalogue.read(data, "The catalogue", "CW-CATALOGUE-INVALID")
