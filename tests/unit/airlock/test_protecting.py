"""Hiding and merging: what is published afterwards is attacked, judged again, and said."""

from __future__ import annotations

import contextlib
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commonweal.airlock.figures import Table
from commonweal.airlock.opened import OpenRelease
from commonweal.airlock.profile import RuleProfile
from commonweal.airlock.protecting import suppressed
from commonweal.airlock.published import HIDDEN, published
from commonweal.airlock.rules import failing, judge
from commonweal.airlock.rules.findings import verdict_of
from commonweal.airlock.session import Session
from commonweal.foundation.errors import CommonwealError, Refused
from tests.airlock_house import PERSON, Oracle, col, open_release, request
from tests.unit.airlock.test_proposing import audited, write_map

KINDS = {"ward": "text", "site": "integer", "age": "integer", "cost": "decimal", "day": "date"}
SACRO = RuleProfile.load("sacro-default")
LOW = SACRO.model_copy(update={"threshold": 3})
COUNT = {"measure": "people"}
MEAN = {"measure": "mean", "column": col("cost")}
MAXIMUM = {"measure": "max", "column": col("cost")}
WARDS, SITES = {"column": col("ward")}, {"column": col("site")}
BANDS = {"column": col("age"), "bands": [20, 40, 60]}


def release_of(folder: Path, rows: list[dict[str, Any]]) -> OpenRelease:
    return open_release(folder, {"stays": (KINDS, rows)})


def filled(counts: list[list[int]]) -> list[dict[str, Any]]:
    """Rows of people, each in one cell: `counts` by ward and site."""
    return [
        {PERSON: f"{i}-{j}-{n}", "ward": "ABCDE"[i], "site": j, "age": 30, "cost": 1.0 + n % 5}
        for i, line in enumerate(counts)
        for j, count in enumerate(line)
        for n in range(count)
    ]


def protected(folder: Path, rows: list[Any], profile: RuleProfile = SACRO, **asked: Any) -> Table:
    with Session.over(release_of(folder, rows)) as session:
        return session.protected(request(**asked), profile)


# --- hiding -------------------------------------------------------------------------------------

SMALL_CORNER = [[3, 20, 30], [25, 40, 50], [30, 35, 45]]


def test_hiding_the_small_cell_alone_gives_it_back(tmp_path: Path) -> None:
    """The naive twin: one cell hidden, and the total less the others is its figure."""
    asked = {"by": [WARDS, SITES], "margins": True, "measures": [COUNT]}
    with Session.over(release_of(tmp_path, filled(SMALL_CORNER))) as session:
        table = session.recompute(request(**asked))
    counts = table.series[0].figures
    assert counts[0, 3] - counts[0, 1] - counts[0, 2] == 3
    shown = suppressed(table, SACRO)
    hidden = shown.series[0].hidden
    assert hidden is not None
    assert hidden[0, 0]
    for line in (hidden[0, :], hidden[:, 0]):
        assert line.sum() >= 2
    assert shown.least is not None
    assert shown.most is not None
    assert shown.most[0, 0] - shown.least[0, 0] >= 10


def test_the_published_table_says_what_is_hidden(tmp_path: Path) -> None:
    asked = {"by": [WARDS, SITES], "margins": True, "measures": [COUNT], "protect": "suppress"}
    table = protected(tmp_path, filled(SMALL_CORNER), **asked)
    lines = published(table).decode().splitlines()
    assert lines[0] == "ward,site,people,protected"
    assert lines[1].startswith(f'A,0,{HIDDEN},"cells of fewer than 10 people')
    assert all("others that would give them away" in line for line in lines[1:])
    assert judge(table, SACRO) == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(counts=st.lists(st.lists(st.integers(0, 6), min_size=2, max_size=2), min_size=2, max_size=2))
def test_no_table_that_fits_what_is_published_tells_a_small_cell(
    tmp_path_factory: pytest.TempPathFactory, counts: list[list[int]]
) -> None:
    """The slow twin of the attack: of all tables of whole numbers that show the same, a small cell
    has values as far apart as the threshold."""
    folder = tmp_path_factory.mktemp("hide")
    asked = {"by": [WARDS, SITES], "margins": True, "measures": [COUNT], "protect": "suppress"}
    with contextlib.suppress(Refused):
        table = protected(folder, filled(counts), LOW, **asked)
        assert verdict_of(judge(table, LOW)) == "pass"
        hidden, figures = table.series[0].hidden, table.series[0].figures.astype(int)
        if hidden is None or table.shape != (3, 3):
            return
        most = int(figures.max()) + LOW.threshold + 1
        inner = np.indices((most,) * 4).reshape(4, -1).T.reshape(-1, 2, 2)
        worlds = np.zeros((len(inner), 3, 3), int)
        worlds[:, :2, :2] = inner
        worlds[:, 2, :2], worlds[:, :2, 2] = inner.sum(1), inner.sum(2)
        worlds[:, 2, 2] = inner.sum((1, 2))
        fits = worlds[np.all(worlds[:, ~hidden] == figures[~hidden], axis=1)]
        width = fits.max(0) - fits.min(0)
        assert np.all(width[figures < LOW.threshold] >= LOW.threshold)


def test_every_figure_of_a_hidden_cell_is_hidden(tmp_path: Path) -> None:
    rows = [*filled([[30, 40], [50, 60]]), {PERSON: "x", "ward": "A", "site": 0, "cost": 1e9}]
    asked = {"by": [WARDS, SITES], "measures": [COUNT, MEAN], "protect": "suppress"}
    table = protected(tmp_path, rows, **asked)
    assert judge(table, SACRO) == []
    lines = [line.split(",")[:4] for line in published(table).decode().splitlines()]
    assert lines[1] == ["A", "0", HIDDEN, HIDDEN]
    assert lines[2][2:] == ["40", "3.00"]


def test_nobody_in_a_cell_is_hidden_like_somebody(tmp_path: Path) -> None:
    """With a profile that lets zeros pass too: else a hidden cell would say that somebody is."""
    profile = SACRO.model_copy(update={"zeros": "pass", "one_answer": "review"})
    rows = filled([[0, 40], [50, 3], [20, 20]])
    asked = {"by": [WARDS, SITES], "measures": [COUNT], "protect": "suppress"}
    table = protected(tmp_path, rows, profile, **asked)
    hidden = table.series[0].hidden
    assert hidden is not None
    assert hidden.tolist() == [[True, False], [False, True], [False, False]]
    assert table.most is not None
    assert table.most[0, 0] == table.most[1, 1] == 9


def test_all_in_one_cell_of_a_line_is_not_answered_by_hiding_it_alone(tmp_path: Path) -> None:
    profile = SACRO.model_copy(update={"zeros": "pass"})
    with Session.over(release_of(tmp_path, filled([[30, 0], [20, 40]]))) as session:
        table = session.recompute(request(by=[WARDS, SITES], measures=[COUNT]))
    (series,) = table.series
    alone = np.array([[True, False], [False, False]])
    for hidden, left in ((alone, {"class"}), (np.array([[True, True], [False, False]]), set())):
        shown = Table(table.name, table.title, table.grade, table.axes, (
            type(series)(series.name, series.kind, series.figures, series.evidence, hidden=hidden),
        ))  # fmt: skip
        assert {one.rule for one in judge(shown, profile)} == left
    assert failing(table, profile)[0, 0]


def test_what_a_hidden_cell_says_goes_into_the_audit(tmp_path: Path) -> None:
    """A second table with other bands takes the hidden cell apart: its own totals give it away."""
    rows = filled([[3, 40], [50, 60]])
    release = release_of(tmp_path, rows)
    map_ = write_map(tmp_path, sorted({one[PERSON] for one in rows}))
    hiding = request(by=[WARDS, SITES], measures=[COUNT], protect="suppress")
    totals = request(name="wards", by=[WARDS], measures=[COUNT])
    with Session.over(release) as session:
        tables = [
            one for asked in (hiding, totals)
            for one in session.cells(session.protected(asked, SACRO), map_)
        ]  # fmt: skip
    said = {(one.low, one.high) for one in tables[0].cells}
    assert said == {(0, 9), (40, 40), (50, 50), (60, 60)}
    result = audited(tmp_path, tables)
    assert result.verdict == "fail"  # 43 of the ward less the 40 that are shown


@pytest.mark.parametrize(
    "counts",
    [[[1, 0], [0, 0]], [[2, 2], [2, 2]], [[5]], [[3, 40]]],
)
def test_what_cannot_be_kept_is_refused_or_all_hidden(
    tmp_path: Path, counts: list[list[int]]
) -> None:
    asked = {"by": [WARDS, SITES], "margins": True, "measures": [COUNT], "protect": "suppress"}
    with contextlib.suppress(Refused):
        table = protected(tmp_path, filled(counts), **asked)
        assert table.least is not None
        assert table.most is not None
        width = table.most - table.least
        small = table.series[0].figures < SACRO.threshold
        assert np.all(width[small] >= SACRO.threshold)


def test_people_in_several_cells_are_not_hidden_but_rounded(tmp_path: Path) -> None:
    rows = [*filled([[30, 40], [50, 5]]), {PERSON: "0-0-0", "ward": "A", "site": 1}]
    asked = {"by": [WARDS, SITES], "margins": True, "measures": [COUNT], "protect": "suppress"}
    with pytest.raises(Refused) as refused:
        protected(tmp_path, rows, **asked)
    assert "round" in refused.value.sentence


# --- merging ------------------------------------------------------------------------------------


def aged(*ages: int | None) -> list[dict[str, Any]]:
    return [{PERSON: f"p{n}", "age": age, "cost": 1.0} for n, age in enumerate(ages)]


def labels(table: Table, side: int = 0) -> list[str]:
    axis = table.axes[side]
    return [axis.label(place) for place in range(axis.places)]


def test_bands_are_merged_until_each_has_enough_people(tmp_path: Path) -> None:
    rows = aged(*[10] * 4, *[30] * 20, *[50] * 7, *[70] * 8)
    table = protected(tmp_path, rows, by=[BANDS], measures=[COUNT], protect="merge")
    assert labels(table) == ["under 40", "40 and over"]
    assert table.series[0].figures.tolist() == [24, 15]
    assert judge(table, SACRO) == []
    assert b"put together" in published(table)


def test_whole_numbers_and_dates_have_neighbours_too(tmp_path: Path) -> None:
    rows = [
        {PERSON: f"p{n}", "site": n % 3, "day": date(2024, 1 + n % 3, 1)} for n in range(24)
    ]  # fmt: skip
    table = protected(tmp_path, rows, by=[SITES], measures=[COUNT], protect="merge")
    assert labels(table)[-1] in ("0 to 2", "1 to 2", "2")
    by = [{"column": col("day")}]
    table = protected(tmp_path, rows, by=by, measures=[COUNT], protect="merge")
    assert labels(table)[0].startswith("2024-01-01")


def test_a_table_that_needs_nothing_is_left_as_it_is(tmp_path: Path) -> None:
    rows = aged(*[10] * 12, *[30] * 20)
    table = protected(tmp_path, rows, by=[BANDS], measures=[COUNT], protect="merge")
    assert labels(table) == ["under 20", "20 to under 40"]
    assert table.protected == ()
    assert b"protected" not in published(table)


def test_a_group_without_a_value_is_nobodys_neighbour(tmp_path: Path) -> None:
    rows = aged(*[10] * 5, *[30] * 20, *[None] * 12)
    table = protected(tmp_path, rows, by=[BANDS], measures=[COUNT], protect="merge")
    assert labels(table) == ["under 40", "no value"]
    few = aged(*[10] * 5, *[30] * 20, None)
    with pytest.raises(Refused) as refused:
        protected(tmp_path, few, by=[BANDS], measures=[COUNT], protect="merge")
    assert refused.value.code == "CW-OUTPUT-MERGE"


@pytest.mark.parametrize("by", [[WARDS], [WARDS, WARDS | {"column": col("cost"), "bands": [9]}]])
def test_groups_without_an_order_are_not_merged(tmp_path: Path, by: list[Any]) -> None:
    rows = filled([[3, 4], [20, 30]])
    with pytest.raises(Refused) as refused:
        protected(tmp_path, rows, by=by, measures=[COUNT], protect="merge")
    assert refused.value.code == "CW-OUTPUT-MERGE"


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 25), st.integers(0, 90), st.integers(0, 3)), max_size=60
    ),
    margins=st.booleans(),
)  # fmt: skip
def test_merged_groups_hold_who_the_twin_says(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, int, int]], margins: bool
) -> None:
    made = [{PERSON: f"p{p}", "age": age, "site": site, "cost": 1.0} for p, age, site in rows]
    folder = tmp_path_factory.mktemp("merge")
    asked: dict[str, Any] = {"by": [BANDS, SITES], "margins": margins, "measures": [COUNT]}
    table = None
    with contextlib.suppress(Refused):
        table = protected(folder, made, LOW, **asked, protect="merge")
    if table is None:
        return
    if not rows:
        assert not table.series[0].figures.any(), "nobody stays nobody, for the rules to judge"
        assert [one.outcome for one in judge(table, LOW)] == ["fail"]
        return
    assert np.all(table.series[0].figures >= LOW.threshold)
    assert table.merged is not None
    oracle = Oracle({"stays": made}, request(**asked))
    plain = [sorted({r[1] for r in rows}), sorted({r[2] for r in rows})]
    bands = sorted({sum(age >= edge for edge in (20, 40, 60)) for age in plain[0]})
    for place in np.ndindex(table.shape):
        inside = [
            row
            for row in oracle.rows
            if all(
                at == len(axis.labels) or table.merged[side][old] == at
                for side, (axis, at, old) in enumerate(
                    zip(
                        table.axes,
                        place,
                        (
                            bands.index(sum(row["stays", "age"] >= e for e in (20, 40, 60))),
                            plain[1].index(row["stays", "site"]),
                        ),
                        strict=True,
                    )
                )
            )
        ]
        assert table.series[0].figures[place] == len({row["", "who"] for row in inside})


def test_merged_groups_are_ranges_to_the_audit(tmp_path: Path) -> None:
    rows = aged(*[10] * 4, *[30] * 20, *[50] * 7, *[70] * 8)
    release = release_of(tmp_path, rows)
    map_ = write_map(tmp_path, [one[PERSON] for one in rows])
    merged = request(by=[BANDS], measures=[COUNT], protect="merge")
    with Session.over(release) as session:
        (table,) = session.cells(session.protected(merged, SACRO), map_)
        (plain,) = session.cells(
            session.recompute(request(name="plain", by=[BANDS], measures=[COUNT])), map_
        )
    ranges = [(one.least, one.below) for one in table.dimensions[0].categories]
    assert ranges == [(None, 40), (40, None)]
    assert audited(tmp_path, [table]).verdict == "pass"
    (tmp_path / "both").mkdir()
    assert audited(tmp_path / "both", [table, plain]).verdict == "fail"


# --- what cannot be asked for ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked",
    [
        {"measures": [COUNT], "protect": "merge"},
        {"measures": [COUNT], "protect": "round"},
        {"measures": [COUNT], "protect": ["suppress"]},
        {"by": [WARDS], "margins": True, "measures": [MAXIMUM], "protect": "suppress"},
        {"by": [WARDS], "margins": True, "measures": [COUNT, MAXIMUM], "protect": "suppress"},
        {"by": [WARDS], "margins": True, "measures": [{"measure": "rows"}], "protect": "suppress"},
    ],
)  # fmt: skip
def test_protection_that_does_not_protect_cannot_be_asked_for(asked: dict[str, Any]) -> None:
    with pytest.raises(CommonwealError) as refused:
        request(**asked)
    assert refused.value.code == "CW-PAPER-INVALID"
