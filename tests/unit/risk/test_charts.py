"""Charts and words: every mark where its figure says, every text escaped, nothing drawn as much."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from commonweal.vault.risk.charts import Axis, Dot, Row, bar_chart, dot_chart, key_of
from commonweal.vault.risk.page_pictures import candidates, costs, events, shifts
from commonweal.vault.risk.sentences import chance_in_words, share_of_people
from commonweal.vault.risk.shift import ShiftFigures
from tests.factories import draft
from tests.unit.risk.report_pages import CANDIDATES, MORE, Tried, figures

HOSTILE = '<b onload="x">&'


class Drawn(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.marks: list[dict[str, str]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.marks.append({"tag": tag, **{name: value or "" for name, value in attrs}})

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [mark for mark in self.marks if mark["tag"] == tag]


def bars(*rows: Row) -> Drawn:
    return Drawn(bar_chart("c", "Title", "Description", rows))


def widths(drawn: Drawn) -> list[float]:
    return [float(mark["width"].rstrip("%")) for mark in drawn.all("rect")]


def test_bars_are_as_wide_as_their_shares() -> None:
    drawn = bars(Row("a", "1", ((0.25, "before"), (0.5, "after"))))
    assert widths(drawn) == [25.0, 50.0]
    assert [mark["class"] for mark in drawn.all("rect")] == ["before", "after"]


@pytest.mark.parametrize(
    ("share", "width"), [(1.0, 99.4), (1.5, 99.4), (1e-9, 0.4), (0.0, None), (-1.0, None)]
)
def test_something_is_drawn_as_something_and_nothing_as_nothing(
    share: float, width: float | None
) -> None:
    assert widths(bars(Row("a", "1", ((share, "after"),)))) == ([] if width is None else [width])


def test_bars_never_overlap_and_lie_within_the_picture() -> None:
    drawn = bars(*[Row("x" * 90, "y" * 90, ((0.5, "before"), (0.1, "after")))] * 3)
    tops = [int(mark["y"]) for mark in drawn.all("rect")]
    heights = [int(mark["height"]) for mark in drawn.all("rect")]
    ends = [top + height for top, height in zip(tops, heights, strict=True)]
    assert all(end <= top for end, top in zip(ends, tops[1:], strict=False))
    (svg,) = drawn.all("svg")
    assert ends[-1] <= int(svg["height"])
    assert all(len(word) <= 40 for word in drawn.words if set(word) <= {"x", "y"})


def test_dots_stand_where_their_figures_are() -> None:
    across, up = Axis("Detail lost", "least", "most"), Axis("People", "0", "9 people")
    dots = [Dot(0.0, 0.0, "before"), Dot(1.0, 1.0), Dot(0.5, 0.5, ringed=True)]
    drawn = Drawn(dot_chart("d", "T", "D", dots, across, up))
    places = [(float(m["cx"].rstrip("%")), float(m["cy"])) for m in drawn.all("circle")]
    low, high, middle, ring = places
    assert low[0] == 2.0
    assert high[0] == 98.0
    assert high[1] < middle[1] < low[1]
    # The chosen one is drawn last, so that nothing hides it.
    assert middle == ring
    assert [mark["class"] for mark in drawn.all("circle")] == ["before", "after", "after", "ring"]


def test_every_text_of_a_chart_is_escaped() -> None:
    axis = Axis(HOSTILE, HOSTILE, HOSTILE)
    texts = [
        bar_chart("c", HOSTILE, HOSTILE, [Row(HOSTILE, HOSTILE, ((1.0, "after"),))]),
        dot_chart("d", HOSTILE, HOSTILE, [Dot(0.5, 0.5)], axis, axis),
        key_of([("after", HOSTILE)]),
    ]
    for text in texts:
        assert "<b" not in text
        assert not any("onload" in mark for mark in Drawn(text).marks)


def test_a_picture_has_a_name_and_a_description_and_asks_for_nothing() -> None:
    text = bar_chart("c", "Title", "Description", [Row("a", "1", ((0.5, "after"),))])
    (svg,) = Drawn(text).all("svg")
    assert (svg["role"], svg["aria-labelledby"]) == ("img", "c-title c-desc")
    assert "viewBox" not in text
    assert not re.search(r"url\(|href|<script|<style|<image|xlink", text)


# --- sections -------------------------------------------------------------------------------


def test_no_figures_make_no_section() -> None:
    assert candidates([]) == []
    assert costs({}, {}) == []
    assert events({}, {}) == []
    limits = draft().risk
    assert shifts(None, limits, {}) == []
    assert shifts(ShiftFigures(17, 0, None, {}), limits, {}) == []


def test_the_item_that_costs_most_comes_first() -> None:
    after = {"patients": figures(*[8] * 10, 80), "admissions": figures(*[10] * 14)}
    text = "\n".join(costs(after, MORE.deeper))
    assert "somebody who did not know date_of_birth (in patients)" in text
    rows = re.findall(r'<th scope="row">([^<]*)</th>', text)
    assert rows[:3] == [
        "none (all items are there)",
        "date_of_birth (in patients)",
        "sex (in patients)",
    ]


def test_the_least_loss_that_keeps_the_limits_has_the_ring() -> None:
    text = "\n".join(candidates(CANDIDATES))
    assert "14 ways to make the data coarser were tried; 9 keep the limits" in text
    drawn = Drawn(text)
    ring = next(mark for mark in drawn.all("circle") if mark["class"] == "ring")
    best = min((one for one in CANDIDATES if one.holds), key=lambda one: one.score)
    share = (best.score - CANDIDATES[0].score) / (CANDIDATES[-1].score - CANDIDATES[0].score)
    assert float(ring["cx"].rstrip("%")) == pytest.approx(2 + 96 * share, abs=0.01)
    none = "\n".join(candidates([Tried(1.0, 5, False)]))
    assert "none keeps the limits" in none
    assert "ring" not in none
    one = "\n".join(candidates([Tried(1.0, 0, True)]))
    assert "1 keeps the limits" in one


def test_at_most_25_ways_are_in_the_table_and_all_in_the_picture() -> None:
    tried = [Tried(n / 100, n, n > 50) for n in range(100)]
    drawn = Drawn("\n".join(candidates(tried)))
    assert len(drawn.all("tr")) == 26
    assert len([m for m in drawn.all("circle") if m["class"] != "ring"]) == 100


# --- words ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "people", "chance"),
    [
        (0.0, "nobody", "no chance"),
        (1.0, "everybody", "certain"),
        (0.999, "nearly everybody", "nearly certain"),
        (1 / 400, "about 1 person in 400", "about 1 in 400"),
        (0.5, "about 50 people in 100", "about 50 in 100"),
        (1e-9, "fewer than 1 person in 1,000,000", "fewer than 1 in 1,000,000"),
    ],
)
def test_shares_of_people_and_chances_in_words(share: float, people: str, chance: str) -> None:
    assert share_of_people(share) == people
    assert chance_in_words(share) == chance


@pytest.mark.parametrize("wrong", [-0.1, 1.1, float("nan")])
def test_what_is_no_share_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="0 to 1"):
        share_of_people(wrong)
