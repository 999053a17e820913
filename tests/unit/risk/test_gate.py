"""The gate, the hint and the words."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from commonweal.papers.permit import RiskLimits
from commonweal.vault.risk.figures import Figures
from commonweal.vault.risk.gate import RiskRefused, check_limits
from commonweal.vault.risk.hint import Without, smallest_change
from commonweal.vault.risk.sentences import people_in_words, share_in_words
from commonweal.vault.risk.shift import ShiftFigures
from tests.unit.risk.report_pages import figures


def measures(tables: Mapping[str, Figures], limits: RiskLimits) -> list[str]:
    return [breach.measure for breach in check_limits(tables, None, limits)]


# --- figures ----------------------------------------------------------------------------------


def test_figures_from_sizes() -> None:
    found = figures(1, 1, 3, 5)
    assert (found.patients, found.classes, found.k, found.sample_uniques) == (10, 4, 1, 2)
    assert found.prosecutor_mean == pytest.approx(0.4)
    assert found.marketer == pytest.approx(0.4)
    assert found.at_risk == pytest.approx(0.5)  # a chance of exactly 1 in 5 is not above it
    assert [found.people_below(k) for k in (1, 2, 3, 4, 6)] == [0, 2, 2, 5, 10]


def test_at_most_twenty_smallest_classes_are_named() -> None:
    assert figures(*[2] * 30, 1).smallest == (1, *[2] * 19)
    shown = figures(*[2] * 30).as_dict()["smallest_classes"]
    assert shown[0] == {"class": 1, "size": 2}
    assert len(shown) == 20


# --- limits -----------------------------------------------------------------------------------


def test_limits_that_are_just_kept() -> None:
    limits = RiskLimits(k=5, distinct_l=2, prosecutor_mean=0.2, marketer=0.2, shift_candidates=5)
    shift = ShiftFigures(17, 3, 5, {5: 1, 17: 2})
    assert check_limits({"t": figures(5, 5, variety=2)}, shift, limits) == []


def test_each_limit_that_is_broken_is_named_with_its_table() -> None:
    limits = RiskLimits(k=6, distinct_l=3, prosecutor_mean=0.19, marketer=0.1999)
    shift = ShiftFigures(17, 3, 4, {4: 2, 17: 1})
    tables = {"fine": figures(50, variety=3), "stays": figures(5, 5, variety=2)}
    found = check_limits(tables, shift, limits)
    assert [(b.measure, b.table, b.column) for b in found] == [
        ("k", "stays", None),
        ("distinct_l", "stays", "diagnosis"),
        ("prosecutor_mean", "stays", None),
        ("marketer", "stays", None),
        ("shift_candidates", None, None),
    ]
    assert (found[0].value, found[0].limit, found[0].people) == (5, 6, 10)
    assert (found[4].value, found[4].limit, found[4].people) == (4, 5, 2)
    assert "10 people look like fewer than 6" in found[0].sentence
    assert all(breach.sentence.endswith(".") for breach in found)


def test_limits_that_are_not_set_are_not_checked() -> None:
    assert measures({"t": figures(2, 2, variety=1)}, RiskLimits(k=2)) == []


def test_one_unique_person_is_enough_to_refuse() -> None:
    [breach] = check_limits({"t": figures(*[1000] * 20, 1)}, None, RiskLimits(k=2))
    assert (breach.people, breach.value) == (1, 1)
    assert "1 person looks like fewer than 2" in breach.sentence


def test_a_table_without_people_and_dates_that_nobody_has_harm_nobody() -> None:
    empty = Figures.from_sizes(
        rows=0, classes_by_size={}, people_by_size={}, distinct_l={"d": 0}, entropy_l={"d": 0.0}
    )
    assert check_limits({"t": empty}, ShiftFigures(17, 0, None, {}), RiskLimits(distinct_l=2)) == []


def test_the_refusal_has_a_stable_code_and_all_sentences() -> None:
    breaches = check_limits({"a": figures(1), "b": figures(2)}, None, RiskLimits())
    refused = RiskRefused(breaches, remedy="Ask for broader age groups.")
    assert (refused.code, refused.exit_code, len(refused.breaches)) == ("CW-RISK-LIMIT", 4, 2)
    assert "Table a" in refused.sentence
    assert "Table b" in refused.sentence
    with pytest.raises(ValueError, match="breach"):
        RiskRefused([])


# --- hints ------------------------------------------------------------------------------------

PRESENT = {"p.born": "age_band(1,90)", "p.postcode": "exact"}
OFFERED = {
    "p.born": ["age_band(5,90)", "age_band(10,90)"],
    "p.postcode": ["outward_postcode", "exact"],
}
SIZES = {
    ("age_band(1,90)", "exact"): (1, 2, 3, 4, 5, 6),
    ("age_band(5,90)", "exact"): (4, 5, 6, 6),
    ("age_band(10,90)", "exact"): (10, 11),
    ("age_band(1,90)", "outward_postcode"): (6, 7, 8),
}


def measured(forms: Mapping[str, str]) -> dict[str, Figures]:
    return {"p": figures(*SIZES[forms["p.born"], forms["p.postcode"]])}


def test_the_change_that_keeps_most_detail_is_advised() -> None:
    hint = smallest_change(PRESENT, OFFERED, measured, RiskLimits(k=5))
    assert (hint.column, hint.form, hint.tried) == ("p.postcode", "outward_postcode", 3)
    assert hint.classes_kept == pytest.approx(0.5)
    assert hint.leave_out is None
    assert "p.postcode as outward_postcode" in hint.sentence


def test_leaving_people_out_is_named_beside_or_instead() -> None:
    def without() -> Without:
        return Without(10, 21, {"p": figures(5, 6)})

    both = smallest_change(PRESENT, OFFERED, measured, RiskLimits(k=5), without=without)
    assert (both.column, both.leave_out) == ("p.postcode", 10)
    assert "Or leave out 10 people" in both.sentence
    alone = smallest_change(PRESENT, {}, measured, RiskLimits(k=5), without=without)
    assert (alone.column, alone.leave_out, alone.tried) == (None, 10, 0)
    assert "Leaving out 10 people" in alone.sentence


def test_when_nothing_passes_the_hint_says_so() -> None:
    def without() -> Without:
        return Without(21, 21, {"p": figures()})  # everybody: that is no release

    hint = smallest_change(PRESENT, OFFERED, measured, RiskLimits(k=50), without=without)
    assert (hint.column, hint.form, hint.leave_out, hint.tried) == (None, None, None, 3)
    assert "No single coarser form" in hint.sentence


def test_leaving_out_that_does_not_pass_is_not_advised() -> None:
    hint = smallest_change(
        PRESENT, {}, measured, RiskLimits(k=5, marketer=0.01),
        without=lambda: Without(3, 21, {"p": figures(5, 6, 7)}),
    )  # fmt: skip
    assert hint.leave_out is None


def test_too_few_shifts_are_not_helped_by_coarser_forms() -> None:
    def never(forms: Mapping[str, str]) -> dict[str, Figures]:
        raise AssertionError("nothing is measured")

    shift = ShiftFigures(17, 1, 1, {1: 1})
    hint = smallest_change(PRESENT, OFFERED, never, RiskLimits(), shift=shift)
    assert (hint.column, hint.tried) == (None, 0)
    assert "date shifts" in hint.sentence


# --- words ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.0, "none"),
        (1.0, "all"),
        (0.999, "nearly all"),
        (0.75, "about 75 in 100"),
        (0.5, "about 50 in 100"),
        (1 / 3, "about 1 in 3"),
        (0.2, "about 1 in 5"),
        (0.0025, "about 1 in 400"),
        (1 / 47, "about 1 in 45"),
        (1 / 1234, "about 1 in 1,200"),
        (1 / 123_456, "about 1 in 123,000"),
        (1e-9, "fewer than 1 in 1,000,000"),
    ],
)
def test_shares_in_words(share: float, words: str) -> None:
    assert share_in_words(share) == words


@pytest.mark.parametrize("share", [-0.01, 1.01, float("nan")])
def test_what_is_no_share_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        share_in_words(share)


def test_people_in_words() -> None:
    assert [people_in_words(n) for n in (0, 1, 1234)] == ["nobody", "1 person", "1,234 people"]
