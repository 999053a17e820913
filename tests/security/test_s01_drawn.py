"""A picture gives a hidden figure away: by its scale, by a height, by an order, by an empty place.

The naive twin hides the words of a small cell and draws with the real figures, or scales its axis
by the real maximum. Ours is handed the bytes of the published table and nothing else, so two
releases that publish the same table have the same picture, byte for byte.
"""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.airlock.analysis.published import written
from commonweal.airlock.checking import check_files
from commonweal.airlock.drawing import picture_of
from commonweal.airlock.figures import Table
from commonweal.airlock.files.parsers import drawings
from commonweal.airlock.files.parsers.common import Answer
from commonweal.airlock.profile import RuleProfile
from commonweal.airlock.published import HIDDEN, published
from commonweal.airlock.report import FileReport
from commonweal.foundation.drawing import drawn, of_curves, of_rows
from commonweal.foundation.drawing.svg import BAR_MOST, PLOT_HIGH
from tests.airlock_house import PERSON, Row, col, open_release, request
from tests.analysis_house import survival
from tests.unit.airlock.test_analysis_checking import KINDS as LIVES
from tests.unit.airlock.test_analysis_checking import people as lives

SACRO = RuleProfile.load("sacro-default")
KINDS = {"ward": "text", "sex": "text", "cost": "decimal"}
SVG = "{http://www.w3.org/2000/svg}"
COUNT = {"measure": "people"}
COST = {"measure": "mean", "column": col("cost"), "decimals": 1}
MEDIAN = {"measure": "quantile", "q": 0.5, "column": col("cost"), "decimals": 1}
WARD, SEX = {"column": col("ward")}, {"column": col("sex")}


def rows_of(counts: dict[str, int], cost: float = 3.0) -> list[Row]:
    """People of each ward; those of ward S cost what the secret is."""
    return [
        {PERSON: f"{name}{n}", "ward": name, "sex": "FM"[n // 2 % 2],
         "cost": cost if name == "S" else float(1 + n % 3)}
        for name, count in counts.items() for n in range(count)
    ]  # fmt: skip


def checked(folder: Path, rows: list[Row], **asked: Any) -> FileReport:
    folder.mkdir(exist_ok=True)
    release = open_release(folder, {"stays": (KINDS, rows)})
    path = folder / "t.json"
    path.write_bytes(request(**asked).canonical())
    return check_files([path], SACRO, release, folder).files[0]


def picture(file: FileReport) -> ET.Element:
    content = picture_of(file, SACRO)
    assert content is not None
    return ET.fromstring(content)


def texts(root: ET.Element) -> list[str]:
    return [one.text or "" for one in root.iter(f"{SVG}text")]


def bars(root: ET.Element) -> list[float]:
    """The lengths of bars, which have a colour and no dashes; the first is the paper."""
    return [
        float(one.attrib["width"])
        for one in list(root.iter(f"{SVG}rect"))[1:]
        if "stroke-dasharray" not in one.attrib and one.attrib.get("height") == "16"
    ]


# --- a hidden figure ------------------------------------------------------------------------------


def naive_bars(table: Table) -> tuple[list[float], list[str]]:
    """The twin: it hides the word, and scales by the real maximum."""
    series = table.series[0]
    top = float(np.max(series.figures))
    hidden = np.zeros(table.shape, np.bool_) if series.hidden is None else series.hidden
    said = [HIDDEN if gone else str(one) for one, gone in zip(series.figures, hidden, strict=True)]
    return [
        float(one) / top * BAR_MOST
        for one, gone in zip(series.figures, hidden, strict=True) if not gone
    ], said  # fmt: skip


HIDING: dict[str, Any] = {"by": [WARD], "measures": [COST], "protect": "suppress", "figure": "bar"}


def test_the_naive_scale_tells_what_is_hidden(tmp_path: Path) -> None:
    counts = {"A": 30, "B": 40, "S": 4}
    tables = [checked(tmp_path / str(c), rows_of(counts, c), **HIDING).table for c in (9.0, 90.0)]
    (first, said), (second, same) = (naive_bars(one) for one in tables if one is not None)
    assert said == same
    assert HIDDEN in said
    assert first != second  # the ratio of the two is the ratio of the secrets
    assert round(first[0] / second[0]) == 10


@pytest.mark.parametrize("kind", ["bar", "line"])
def test_ours_is_the_same_whatever_is_hidden(tmp_path: Path, kind: str) -> None:
    counts = {"A": 30, "B": 40, "S": 4}
    asked = {**HIDING, "measures": [COUNT, COST, MEDIAN], "figure": kind}
    seen = set()
    for place, (few, cost) in enumerate([(4, 9.0), (4, 9_000.0), (9, -50.0), (1, 0.0)]):
        file = checked(tmp_path / str(place), rows_of({**counts, "S": few}, cost), **asked)
        assert file.table is not None
        assert HIDDEN in published(file.table).decode()
        seen.add(picture_of(file, SACRO))
    assert len(seen) == 1


def test_a_hidden_figure_has_no_length_and_is_said(tmp_path: Path) -> None:
    file = checked(tmp_path, rows_of({"A": 30, "B": 40, "S": 4}, 9_000.0), **HIDING)
    root = picture(file)
    assert len(bars(root)) == 2
    assert max(bars(root)) == BAR_MOST
    assert HIDDEN in texts(root)
    assert "S hidden" in str(root.findtext(f"{SVG}desc"))
    assert not any("9000" in one for one in [*texts(root), ET.tostring(root, "unicode")])


def test_groups_stand_in_the_order_of_the_table_and_not_of_their_size(tmp_path: Path) -> None:
    root = picture(checked(tmp_path, rows_of({"A": 30, "S": 4, "B": 400}), **HIDING))
    assert [one for one in texts(root) if one in ("A", "S", "B")] == ["A", "B", "S"]


# --- every number is a published one --------------------------------------------------------------

ASKED: dict[str, dict[str, Any]] = {
    "people": {"by": [WARD], "measures": [COUNT]},
    "rounded": {"by": [WARD], "measures": [COUNT], "rounding": "midpoint_6"},
    "two sides": {"by": [WARD, SEX], "measures": [COUNT, COST]},
    "with totals": {"by": [WARD, SEX], "measures": [COUNT], "margins": True},
    "hidden under totals": {"by": [WARD, SEX], "measures": [COUNT], "margins": True,
                            "protect": "suppress"},
    "merged": {"by": [{"column": col("cost"), "bands": [1.5, 2.5]}], "measures": [COUNT],
               "protect": "merge"},
    "a median": {"by": [WARD], "measures": [MEDIAN]},
}  # fmt: skip


def numbers_in(words: str) -> set[str]:
    return set(re.findall(r"-?\d+(?:\.\d+)?", words))


@pytest.mark.parametrize("kind", ["bar", "line"])
@pytest.mark.parametrize("name", list(ASKED))
def test_every_number_in_the_drawing_is_published(tmp_path: Path, name: str, kind: str) -> None:
    rows = rows_of({"A": 300, "B": 410, "S": 7, "T": 200})
    file = checked(tmp_path, rows, **ASKED[name], figure=kind, title="A table")
    assert file.table is not None
    content = published(file.table).decode()
    root = picture(file)
    said = " ".join([*texts(root), str(root.findtext(f"{SVG}desc"))])
    assert numbers_in(said) <= numbers_in(content) | {"0"}
    for line in list(csv.DictReader(io.StringIO(content))):
        if "all" not in (line.get("ward"), line.get("sex")) and "people" in line:
            assert line["people"] in said
    # And no point of the picture is another number than those that are written at it.
    if kind == "bar":
        figures = [
            float(one.rsplit(" ", 1)[-1]) for one in texts(root)
            if re.fullmatch(r"(?:sex [FM]: )?-?\d+(?:\.\d+)?", one)
        ]  # fmt: skip
        assert len(bars(root)) == len(figures)
        if len(file.table.series) == 1:
            top = max(figures, default=1.0)
            assert bars(root) == pytest.approx([one / top * BAR_MOST for one in figures], abs=0.01)


@given(st.lists(st.one_of(st.just(HIDDEN), st.just(""), st.integers(-10**9, 10**9).map(str),
                          st.floats(-1e6, 1e6).map(lambda one: f"{one:.3f}")), min_size=1,
                max_size=12))  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_a_line_stands_where_its_figures_say(said: list[str]) -> None:
    rows = [[f"g{place}", one] for place, one in enumerate(said)]
    root = ET.fromstring(drawn(of_rows("line", "T", ["g", "v"], rows, [len(rows)])))
    known = [float(one) for one in said if one not in (HIDDEN, "")]
    places = [float(one.attrib["cy"]) for one in root.iter(f"{SVG}circle")]
    assert len(places) == len(known)
    high, low = max([0.0, *known]), min([0.0, *known])
    span = high - low
    if len(set(known)) > 1 and span:
        foot = max(float(one.attrib["y1"]) for one in root.iter(f"{SVG}line"))
        for place, value in zip(places, known, strict=True):
            assert foot - place == pytest.approx((value - low) / span * PLOT_HIGH, abs=0.02)
    assert [one for one in texts(root) if one == HIDDEN] == [HIDDEN] * said.count(HIDDEN)


def test_a_curve_is_that_of_the_published_steps(tmp_path: Path) -> None:
    asked = survival("ward") | {"figure": "curve"}
    path = tmp_path / "s.json"
    path.write_text(json.dumps(asked))
    release = open_release(tmp_path, {"stays": (LIVES, lives())})
    (file,) = check_files([path], SACRO, release, tmp_path).files
    assert file.analysis is not None
    told = json.loads(written(file.analysis, SACRO))
    root = picture(file)
    steps = [one for curve in told["curves"] for one in curve["steps"]]
    allowed = {json.dumps(one[key]) for one in steps for key in ("to", "survival")}
    said = " ".join([*texts(root), str(root.findtext(f"{SVG}desc"))])
    assert numbers_in(said) <= allowed | {"0", "1"} | numbers_in(asked["title"])
    drops = [one for one in steps if one["to"] is not None]
    paths = [one.attrib["points"].split() for one in root.iter(f"{SVG}polyline")]
    assert sum(len(one) // 2 for one in paths if len(one) > 2) == len(drops)


def test_a_curve_of_too_few_people_is_hidden_and_leaves_the_others_alone() -> None:
    one = {"where": {"ward": "A"}, "steps": [{"to": 12, "survival": 0.8}]}
    few = {"where": {"ward": "S"}, "steps": []}
    late = {"where": {"ward": "S"}, "steps": [{"to": None, "survival": 0.1}]}
    for other, words in ((few, "ward S: hidden"), (late, "0.1 at a later time")):
        root = ET.fromstring(drawn(of_curves({"title": "T", "curves": [one, other]})))
        assert any(words in text for text in texts(root))
        alone = ET.fromstring(drawn(of_curves({"title": "T", "curves": [one]})))
        longest = [max((x.attrib["points"] for x in y.iter(f"{SVG}polyline")), key=len)
                   for y in (root, alone)]  # fmt: skip
        assert longest[0] == longest[1]


# --- hostile words --------------------------------------------------------------------------------

HOSTILE = (
    "<script>alert(1)</script>", "</text><script>x</script>", "]]><a href='javascript:x'>",
    '" onload="alert(1)', "&lt;b&gt; & &#60;", "<!ENTITY x SYSTEM 'file:///etc/passwd'>",
    "\x00\x01\x1b[31m", "abc\u202efdp.exe", "a\u200b\u2066b\u2069", "\ufffe\uffff", "\ud800",
    "line\none\r\ntwo\u2028three",
    "x" * 5_000, "\u0301" * 300, "=HYPERLINK(1)",
)  # fmt: skip


@pytest.mark.parametrize("words", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_words_are_plain_text(words: str) -> None:
    rows = [[words, words], ["b", "3"]]
    content = drawn(of_rows("bar", words, [words, words], rows, [2], notes=[words]))
    root = ET.fromstring(content.encode())
    known = {"svg", "title", "desc", "rect", "text"}
    assert {one.tag.removeprefix(SVG) for one in root.iter()} == known
    assert not any(name.startswith("on") or "href" in name
                   for one in root.iter() for name in one.attrib)  # fmt: skip
    seen = "".join(one.text or "" for one in root.iter())
    assert not re.search(r"[\x00-\x1f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]", seen)
    assert len(content) < 20_000


@pytest.mark.parametrize("kind", ["bar", "line", "curve"])
def test_what_we_draw_keeps_the_rules_for_drawings_of_others(kind: str) -> None:
    """Its marks are among those that may leave, so programs that open it need run nothing."""
    if kind == "curve":
        steps = [{"to": 12, "survival": 0.8}, {"to": None, "survival": 0.3}]
        made = of_curves({"title": "T", "curves": [{"where": {"ward": "A"}, "steps": steps}]})
    else:
        rows = [[a, b, "hidden" if a == "S" else "3.5"] for a in "ABS" for b in "FM"]
        made = of_rows("bar" if kind == "bar" else "line", "T", ["w", "s", "v"], rows, [3, 2])
    answer = Answer("svg")
    # That it is one picture, for who hears it, stands in no picture of a study's own.
    drawings.read(drawn(made).replace(' role="img"', "").encode(), answer)
    assert set(answer.notes) <= {"coordinates", "marks"}


def test_a_picture_is_the_same_for_the_same_table() -> None:
    rows = [["A", "1.0"], ["B", "2.5"]]
    both = [drawn(of_rows("bar", "T", ["w", "v"], rows, [2])) for _ in range(2)]
    assert both[0] == both[1]


def test_too_many_figures_and_none_are_said_and_not_drawn() -> None:
    rows = [[f"g{n}", str(n)] for n in range(401)]
    many = ET.fromstring(drawn(of_rows("bar", "T", ["g", "v"], rows, [401])))
    assert any("too many" in one for one in texts(many))
    assert bars(many) == []
    none = ET.fromstring(drawn(of_rows("line", "T", ["g", "v"], [], [0])))
    assert any("no figure" in one for one in texts(none))
    with pytest.raises(ValueError, match="no table"):
        of_rows("bar", "T", ["g", "v"], rows, [400])
