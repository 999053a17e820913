"""Random permits: made-up people are in the cohort as the vault reads it, and look like a release.

Every condition, its opposite, and "at least n within days" are in the permits; the vault's own code
judges. Cohorts that nobody can be in are refused, and only those: a slow search says which.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commonweal.enclave.dummy.writing import described
from commonweal.foundation.errors import Refused
from commonweal.papers.refusal import PermitRefused
from tests.dummy_house import judged
from tests.property.test_release import condition, draft_of, forms

CALM = [HealthCheck.too_slow, HealthCheck.data_too_large]


def at_least(n: int, days: int | None, *of: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"n": n, "of": condition(*of)["where"]}
    if days is not None:
        made |= {"within_days": days, "date": "discharged"}
    return {"at_least": made}


LEAVES = [
    {"everyone": True},
    condition("patients", "sex", "eq", "F"),
    condition("patients", "sex", "eq", "X"),
    condition("patients", "ethnicity", "ne", "A"),
    condition("patients", "born", "lt", "1980-06-01"),
    condition("patients", "born", "ge", "1960-01-01"),
    condition("admissions", "diagnosis", "starts_with", "J4"),
    condition("admissions", "diagnosis", "starts_with", "V43"),
    condition("admissions", "diagnosis", "in", ["E11.9", "I21.4", "I21.9"]),
    condition("admissions", "days", "gt", 40),
    condition("admissions", "days", "le", -7),
    condition("admissions", "days", "eq", 3),
    condition("admissions", "discharged", "ge", "2024-01-01"),
    {"where": {"table": "admissions", "variable": "discharged", "op": "is_missing"}},
    {"where": {"table": "admissions", "variable": "days", "op": "is_present"}},
    condition("tests", "code", "in", ["CRP", "ESR"]),
    condition("tests", "value", "gt", 1000.5),
    condition("tests", "value", "le", 0.125),
    condition("tests", "taken", "lt", "2019-02-01"),
    at_least(2, None, "admissions", "diagnosis", "ne", "X"),
    at_least(3, 30, "admissions", "diagnosis", "starts_with", "J45"),
    at_least(2, 0, "admissions", "days", "gt", 5),
    at_least(4, 365, "admissions", "discharged", "ge", "2023-06-01"),
]
cohorts = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda found: {"all": found}),
        st.lists(inner, min_size=1, max_size=3).map(lambda found: {"any": found}),
        inner.map(lambda found: {"not": found}),
    ),
    max_leaves=5,
)


def permit_of(wanted: dict[str, str], cohort: dict[str, Any]) -> dict[str, Any]:
    return draft_of(wanted, cohort, trains=False)


def check(
    wanted: dict[str, str], cohort: dict[str, Any], patients: int, *, shapes: bool = True
) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        try:
            made, real = judged(Path(folder), patients, shapes=shapes, **permit_of(wanted, cohort))
        except PermitRefused:
            return False  # such a permit is never issued
        except Refused as refused:
            assert refused.code == "CW-DUMMY-COHORT"  # noqa: PT017
            return False
    assert (real.people, real.in_cohort) == (patients, patients)
    told = described(made)["tables"]
    for name, columns in real.columns.items():
        assert made.released[name].schema.equals(real.tables[name].schema), name
        shown = [(one["name"], one["type"], one["form"]) for one in columns]
        mine = [
            (column, kind["type"], kind["form"]) for column, kind in told[name]["columns"].items()
        ]
        assert mine == shown
    people = set(made.released["patients"].column("nhs_number").to_pylist())
    assert len(people) == patients == made.released["patients"].num_rows
    for name, column in (("admissions", "nhs_number"), ("tests", "person_code")):
        assert set(made.released[name].column(column).to_pylist()) <= people
    return True


given_all = given(wanted=forms, cohort=cohorts, patients=st.sampled_from([1, 7, 60]))


@settings(max_examples=8, deadline=None, suppress_health_check=CALM)
@given_all
def test_the_vault_finds_everybody_in_the_cohort(
    wanted: dict[str, str], cohort: dict[str, Any], patients: int
) -> None:
    check(wanted, cohort, patients)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@settings(max_examples=150, deadline=None, suppress_health_check=CALM)
@given_all
def test_the_vault_finds_everybody_in_the_cohort_thoroughly(
    wanted: dict[str, str], cohort: dict[str, Any], patients: int
) -> None:
    check(wanted, cohort, patients)


PLAIN = {
    "born": "age_band(5,90)", "ethnicity": "exact", "diagnosis": "exact", "days": "exact",
    "admitted": "month", "value": "exact",
}  # fmt: skip


@pytest.mark.parametrize("place", range(len(LEAVES)))
def test_each_condition_and_its_opposite_can_be_met(place: int) -> None:
    leaf = LEAVES[place]
    both = {"any": [leaf, {"not": leaf}]}
    assert check(PLAIN, {"all": [leaf, both]}, 20, shapes=False)
    if leaf != {"everyone": True}:
        assert check(PLAIN, {"not": leaf}, 20, shapes=False)


NARROW = {
    "all": [
        condition("patients", "sex", "eq", "F"),
        condition("patients", "born", "ge", "1951-01-01"),
        condition("patients", "born", "lt", "1953-02-01"),
        condition("admissions", "diagnosis", "eq", "E11.9"),
        at_least(3, 14, "admissions", "diagnosis", "starts_with", "J45"),
        {"any": [condition("tests", "code", "eq", "ESR"), condition("tests", "value", "gt", 1e6)]},
        {"not": condition("admissions", "days", "ge", 4)},
        {"not": at_least(5, None, "admissions", "diagnosis", "starts_with", "J")},
    ]
}


SPACED = [
    {"all": [at_least(2, None, "admissions", "diagnosis", "ne", "X"),
             {"not": at_least(2, 30, "admissions", "diagnosis", "ne", "X")}]},
    {"all": [at_least(4, 400, "admissions", "days", "ge", 3),
             {"not": at_least(3, 60, "admissions", "days", "ge", 2)}]},
    {"all": [at_least(3, None, "admissions", "days", "ge", 3),
             {"not": at_least(2, 10, "admissions", "days", "ge", 2)},
             {"not": at_least(2, 90, "admissions", "days", "ge", 1)}]},
]  # fmt: skip


@pytest.mark.parametrize("place", range(len(SPACED)))
def test_rows_lie_apart_where_few_may_lie_together(place: int) -> None:
    assert check(PLAIN, SPACED[place], 50, shapes=False)


def test_a_narrow_cohort_has_as_many_people_as_were_asked_for() -> None:
    assert check(PLAIN, NARROW, 200)


FEMALE, THREE = LEAVES[1], condition("admissions", "days", "eq", 3)
IMPOSSIBLE = [
    {"not": {"everyone": True}},
    {"all": [FEMALE, condition("patients", "sex", "eq", "M")]},
    {"all": [FEMALE, {"not": FEMALE}]},
    {"not": {"any": [FEMALE, {"not": FEMALE}]}},
    at_least(2, None, "patients", "sex", "eq", "F"),
    {"all": [at_least(3, None, "admissions", "days", "eq", 3), {"not": THREE}]},
    {
        "all": [
            at_least(3, None, "admissions", "days", "eq", 3),
            {"not": at_least(3, None, "admissions", "days", "ge", 3)},
        ]
    },
    {"all": [THREE, {"not": LEAVES[14]}]},
    {
        "all": [
            at_least(3, 20, "admissions", "days", "eq", 3),
            {"not": at_least(2, 20, "admissions", "days", "eq", 3)},
        ]
    },
]


@pytest.mark.parametrize("place", range(len(IMPOSSIBLE)))
def test_a_cohort_of_nobody_is_refused(place: int) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.raises(Refused) as refused:
        judged(Path(folder), 5, **permit_of(PLAIN, IMPOSSIBLE[place]))
    assert refused.value.code == "CW-DUMMY-COHORT"
