"""The rules by which exact counts become figures that may be shown."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.papers.figures import BANDS, Shown, VariableFigures
from commonweal.papers.forms import Form, shows_less
from commonweal.vault.figures.publishing import (
    Counts,
    Margins,
    band_of,
    cell,
    coarser_never_dearer,
    listed,
    percent,
    rounded_out,
    without_small_rest,
)
from commonweal.vault.keys import Secret

MARGINS = Margins(Secret(b"k" * 32))
NAMES = st.text(max_size=5)


def test_each_count_has_its_own_name() -> None:
    odd = [("a", "b"), ("a,b",), ('a","b',), ("a", "b", "code", "x"), ("a", "b", "code,x"), ()]
    assert len({cell(*one) for one in odd}) == len(odd)
    assert json.loads(cell("t", "v", "code", "é")) == ["t", "v", "code", "é"]


@given(st.integers(0, 10**9), NAMES)
def test_a_figure_is_a_ten_near_its_count_or_hidden(count: int, name: str) -> None:
    (shown,) = Counts(MARGINS, None).shown({name: count}).values()
    assert (shown is None) == (count < 10)
    if shown is not None:
        assert shown % 10 == 0
        assert shown >= 10
        assert -10 < shown - count < 10


def test_where_a_figure_steps_up_is_secret_and_stays_so() -> None:
    counts = Counts(MARGINS, None)
    borders = {}
    for name in map(str, range(200)):
        figures = [counts.shown({name: count})[name] for count in range(100, 111)]
        assert figures == sorted(figures, key=int)  # type: ignore[arg-type]
        borders[name] = figures.count(figures[0])
        assert figures == [counts.shown({name: count})[name] for count in range(100, 111)]
    assert set(borders.values()) == set(range(1, 11))
    other = Counts(Margins(Secret(b"l" * 32)), None)
    assert any(other.shown({n: 105}) != counts.shown({n: 105}) for n in borders)


@given(st.integers(0, 1000), st.integers(0, 1000), NAMES)
def test_a_later_version_says_the_same_until_ten_people_differ(
    before: int, now: int, name: str
) -> None:
    held = Counts(MARGINS, {name: before}).hold({name: now})[name]
    assert held in (before, now)
    if abs(now - before) < 10:
        assert held == before
    if abs(now - before) > 19:
        assert held == now


def test_what_is_new_starts_from_what_is_there() -> None:
    counts = Counts(MARGINS, {"a": 50})
    assert counts.hold({"b": 7}, new=True) == {"b": 7}
    assert counts.hold({"b": 7}) == {"b": 0}  # a code that nobody had
    assert counts.hold({"b": 30}) == {"b": 30}
    assert Counts(MARGINS, None).hold({"b": 3}) == {"b": 3}


@pytest.mark.parametrize(
    ("whole", "people", "shown"),
    [(200, 200, 100), (0, 200, 0), (195, 200, 100), (194, 200, 95), (100, 199, None),
     (0, 0, None), (103, 200, 50), (105, 200, 55), (500, 200, 100)],
)  # fmt: skip
def test_a_percentage_is_a_step_of_at_least_ten_people(
    whole: int, people: int, shown: int | None
) -> None:
    assert percent(whole, people) == shown


@pytest.mark.parametrize(
    ("low", "high", "years", "shown"),
    [
        (1.234, 98.76, False, (1.2, 99)),
        (-1.21, 0.0, False, (-1.3, 0)),
        (0.01234, 12345.0, False, (0.012, 13000)),
        (1987.0, 2011.0, True, (1987, 2011)),
        (10.0, 100.0, False, (10, 100)),
    ],
)
def test_a_range_is_rounded_outwards(
    low: float, high: float, years: bool, shown: tuple[float, float]
) -> None:
    assert rounded_out(low, high, years=years) == shown


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
def test_a_range_never_gets_narrower(one: float, other: float) -> None:
    low, high = sorted((one, other))
    found = rounded_out(low, high, years=False)
    assert found[0] <= low
    assert found[1] >= high


def test_codes_are_listed_from_ten_people_on() -> None:
    assert listed({"a": 9, "b": 10, "c": 300, "d": 10}) == ["c", "b", "d"]
    assert listed({}) == []
    assert len(listed({str(n): 10 for n in range(500)})) == 200


@pytest.mark.parametrize(
    ("rests", "kept"), [((0,), 3), ((9,), 2), ((1, 0), 2), ((10, 40), 3), ((10, 5), 2), ((), 3)]
)
def test_a_small_rest_takes_the_smallest_code_with_it(rests: tuple[int, ...], kept: int) -> None:
    assert without_small_rest(["a", "b", "c"], rests) == ["a", "b", "c"][:kept]


# --- bands ------------------------------------------------------------------------------------

FORMS = (
    "exact", "month", "year", "age_band(5,90)", "age_band(10,90)", "age_band(1,90)",
    "age_band(10,80)", "truncate(1)", "truncate(3)", "outward_postcode", "rollup(10)",
    "rollup(50)", "round(5)", "round(7)", "shift", "interval", "pseudonym",
)  # fmt: skip


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from(FORMS), st.sampled_from(BANDS)))
def test_a_coarser_form_never_costs_more(bands: dict[str, str]) -> None:
    given_ = {form: Shown.read({"band": band}, "A band") for form, band in bands.items()}
    made = coarser_never_dearer(given_)
    assert list(made) == list(given_)
    for form, shown in made.items():
        assert BANDS.index(shown.band) >= BANDS.index(given_[form].band), "never made less"
        for other, than in made.items():
            if shows_less(Form.parse(form), Form.parse(other)):
                assert BANDS.index(shown.band) <= BANDS.index(than.band)
    assert coarser_never_dearer(made) == made
    VariableFigures(forms=made)  # the paper asks for the same


def test_a_paper_with_a_dearer_coarse_form_cannot_be() -> None:
    forms = {"exact": {"band": "low"}, "year": {"band": "high"}}
    with pytest.raises(Exception, match="year costs more than exact"):
        VariableFigures.read({"forms": forms}, "Figures")


@given(st.floats(0, 40), st.floats(0, 40))
def test_more_bits_are_never_a_lower_band(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert BANDS.index(band_of(low)) <= BANDS.index(band_of(high))
    assert (band_of(3.3), band_of(3.4), band_of(6.7)) == ("low", "medium", "high")
