# ruff: noqa: E501 (a table reads best with one case a line)
"""S16: one true date beside shifted ones gives the shift, and with it every date of the person.

The naive twin issues any mixture of offered forms. The attack recovers the shift from a mixed
release; our rules refuse each such mixture before anything is built.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.papers.issue import issue
from commonweal.papers.permit import PermitDraft
from tests import factories

PEOPLE = 400
WEEKS = 8
FIRST = date(2020, 1, 1)


@dataclass(frozen=True)
class Hospital:
    """True days since `FIRST`, one row a person, and each person's secret shift in days."""

    admitted: np.ndarray
    discharged: np.ndarray
    shift: np.ndarray


def hospital() -> Hospital:
    draw = np.random.default_rng(16)
    admitted = draw.integers(200, 1200, PEOPLE)
    weeks = draw.integers(-WEEKS, WEEKS + 1, PEOPLE)
    return Hospital(admitted, admitted + draw.integers(0, 30, PEOPLE), weeks * 7)


def candidates_from_exact(truth: Hospital) -> np.ndarray:
    """Discharge shown as it is, admission shifted: stays are 0 to 29 days."""
    shown, exact = truth.admitted + truth.shift, truth.discharged
    weeks = np.arange(-WEEKS, WEEKS + 1) * 7
    stay = exact[:, None] - (shown[:, None] - weeks[None, :])
    return ((stay >= 0) & (stay < 30)).sum(axis=1)


def candidates_from_month(truth: Hospital) -> np.ndarray:
    """The month of the same date beside it."""
    month = np.array([(FIRST + timedelta(days=int(d))).month for d in truth.admitted])
    shown = truth.admitted + truth.shift
    weeks = np.arange(-WEEKS, WEEKS + 1) * 7
    tried = shown[:, None] - weeks[None, :]
    months = np.array([[(FIRST + timedelta(days=int(d))).month for d in row] for row in tried])
    return (months == month[:, None]).sum(axis=1)


def candidates_from_interval(truth: Hospital) -> np.ndarray:
    """Ours: the stay as an interval says nothing about the shift."""
    return np.full(PEOPLE, 2 * WEEKS + 1)


def test_the_naive_mixture_gives_the_shift_away() -> None:
    truth = hospital()
    assert candidates_from_exact(truth).max() <= 5
    assert candidates_from_exact(truth).min() >= 1
    assert np.median(candidates_from_month(truth)) <= 5
    assert candidates_from_interval(truth).min() == 17


def naive_issue(draft: PermitDraft) -> bool:
    """The twin: every variable is offered in the form that is asked for."""
    catalogue = factories.catalogue().dataset(draft.dataset.dataset)
    return all(
        item.form in catalogue.table(table.table).variable(item.variable).forms
        for table in draft.dataset.tables
        for item in table.variables
    )


MIXTURES: list[tuple[str, str, Any]] = [
    ("exact beside shift", "data.0.tables.1.variables.4", {"variable": "discharged", "form": "exact"}),
    ("year of birth", "data.0.tables.0.variables.1", {"variable": "born", "form": "year"}),
    ("month of birth", "data.0.tables.0.variables.1", {"variable": "born", "form": "month"}),
    ("exact age", "data.0.tables.0.variables.1", {"variable": "born", "form": "age_band(1,90)"}),
    (
        "an administrative date from the person's own",
        "data.0.tables.1.variables.4",
        {"variable": "loaded", "form": "interval", "since": "discharged"},
    ),
    (
        "an administrative date alone",
        "data.0.tables.1.variables.4",
        {"variable": "loaded", "form": "interval"},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("what", "path", "value"), MIXTURES, ids=[row[0] for row in MIXTURES])
def test_ours_refuses_what_the_twin_issues(what: str, path: str, value: Any) -> None:
    draft = PermitDraft.read(factories.put(factories.draft_data(), path, dict(value)), "The draft")
    assert naive_issue(draft)
    with pytest.raises(CommonwealError) as caught:
        issue(
            draft, factories.catalogue(), factories.trust(), [factories.signer()],
            authority="direct", clock=factories.clock(),
        )  # fmt: skip
    assert caught.value.code == "CW-PERMIT-DATE-FORMS"


@pytest.mark.parametrize("op", ["eq", "in"])
def test_a_cohort_of_one_day_is_a_true_date_too(op: str) -> None:
    """Everybody in it was admitted on that day: shifted minus known day is the shift."""
    truth = hospital()
    day = int(truth.admitted[0])
    same = truth.admitted == day
    assert np.array_equal((truth.admitted + truth.shift - day)[same], truth.shift[same])
    value: Any = "2021-05-05" if op == "eq" else ["2021-05-05"]
    cohort = {"where": {"table": "admissions", "variable": "admitted", "op": op, "value": value}}
    with pytest.raises(CommonwealError, match="CW-PERMIT-DATE-FORMS"):
        factories.permit_text(cohort=cohort)


def test_an_administrative_date_cannot_even_be_offered_shifted() -> None:
    data = factories.put(
        factories.catalogue_data(), "datasets.0.tables.1.variables.4.forms", ["shift"]
    )
    with pytest.raises(CommonwealError, match="administrative"):
        factories.Catalogue.read(data, "The catalogue")
