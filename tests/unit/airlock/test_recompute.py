# ruff: noqa: E501 (one refused request a line)
"""Recomputation against its slow twin, and what it refuses."""

from __future__ import annotations

import hashlib
import math
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commonweal.airlock.figures import Table
from commonweal.airlock.opened import OpenRelease, OpenTable
from commonweal.airlock.recompute.recompute import half_up
from commonweal.foundation.errors import CommonwealError
from commonweal.papers.output_request import OutputRequest
from commonweal.papers.release import ReleaseManifest
from tests import factories
from tests.airlock_house import (
    PERSON,
    Oracle,
    col,
    open_release,
    recompute,
    released,
    request,
    top_two,
    where,
)  # fmt: skip

STAYS = {
    "ward": "text",
    "nights": "integer",
    "cost": "decimal",
    "planned": "boolean",
    "day": "date",
}
PEOPLE = {"sex": "text", "age": "integer"}
ALL_MEASURES = [
    {"measure": "people"},
    {"measure": "rows"},
    {"measure": "sum", "column": col("cost")},
    {"measure": "mean", "column": col("nights"), "decimals": 4},
    {"measure": "sd", "column": col("cost"), "decimals": 4},
    {"measure": "quantile", "column": col("nights"), "q": 0.25, "decimals": 4},
    {"measure": "min", "column": col("cost")},
    {"measure": "max", "column": col("nights")},
    {"measure": "ratio", "per": 100, "decimals": 4,
     "numerator": {"of": "people", "where": where("planned", "eq", True)},
     "denominator": {"of": "people"}},
    {"measure": "ratio", "decimals": 4, "numerator": {"of": "sum", "column": col("cost")},
     "denominator": {"of": "rows", "where": where("nights", "ge", 2)}},
]  # fmt: skip


def row(person: str, **fields: Any) -> dict[str, Any]:
    return {PERSON: person, **fields}


def place(table: Table, cell: tuple[str, ...]) -> tuple[int, ...]:
    labels = [[axis.label(i) for i in range(axis.places)] for axis in table.axes]
    return tuple(names.index(name) for names, name in zip(labels, cell, strict=True))


def compare(table: Table, oracle: Oracle) -> None:
    """Every figure and every evidence of a table is what the twin finds, cell by cell."""
    cells = oracle.cells()
    places = {place(table, cell): rows for cell, rows in cells.items()}
    for index in np.ndindex(table.shape):
        rows = places.get(index, [])
        for series, measure in zip(table.series, oracle.asked.measures, strict=True):
            wanted = oracle.figure(rows, measure)
            given_ = float(series.figures[index])
            assert given_ == pytest.approx(wanted, abs=0.500001 * 10**-series.decimals, nan_ok=True)
            if series.parts is not None:
                check_parts(series.parts, index, oracle, rows, measure)
            else:
                check_evidence(series, index, oracle, rows, measure)


def check_parts(parts: Any, index: Any, oracle: Oracle, rows: Any, measure: Any) -> None:
    top, bottom = (oracle.part(rows, one)[0] for one in (measure.numerator, measure.denominator))
    assert parts.numerator.people[index] == len(top)
    assert parts.denominator.people[index] == len(bottom)
    assert parts.only_numerator[index] == len(top - bottom)
    assert parts.only_denominator[index] == len(bottom - top)


def check_evidence(series: Any, index: Any, oracle: Oracle, rows: Any, measure: Any) -> None:
    evidence, column = series.evidence, getattr(measure, "column", None)
    people = oracle.by_person(rows, column)
    values = [value for one in people.values() for value in one]
    assert evidence.people[index] == len(people)
    assert evidence.rows[index] == len(values)
    by_rows = [float(len(one)) for one in people.values()]
    assert three(evidence.by_rows, index) == pytest.approx(top_two(by_rows))
    if column is None:
        return
    sums = [math.fsum(one) for one in people.values()]
    assert three(evidence.amounts, index) == pytest.approx(top_two(sums))
    assert evidence.amounts.negative[index] == any(value < 0 for value in values)
    if measure.measure == "sd" and values:
        mean = math.fsum(values) / len(values)
        squares = [math.fsum((value - mean) ** 2 for value in one) for one in people.values()]
        assert three(evidence.squares, index) == pytest.approx(top_two(squares), abs=1e-6)
    if values:
        assert evidence.lowest[index] == min(values)
        assert evidence.highest[index] == max(values)
    if evidence.holders is not None and values:
        at = oracle.figure(rows, measure)
        if abs(at - round(at, 6)) > 1e-12:
            return  # a quantile between two values: nobody has it, and rounding decides no test
        assert evidence.below[index] == sum(min(one) <= at for one in people.values())
        assert evidence.above[index] == sum(max(one) >= at for one in people.values())
        assert evidence.holders[index] == sum(at in one for one in people.values())


def three(contributions: Any, index: Any) -> tuple[float, float, float]:
    parts = (contributions.total, contributions.largest, contributions.second)
    return tuple(float(part[index]) for part in parts)  # type: ignore[return-value]


# --- random tables ------------------------------------------------------------------------------

stays = st.fixed_dictionaries(
    {
        PERSON: st.sampled_from("abcdef"),
        "ward": st.sampled_from(["A", "B", None]),
        "nights": st.integers(0, 5) | st.none(),
        "cost": st.sampled_from([0.0, 1.5, -2.25, 100.0, math.nan, math.inf, None]),
        "planned": st.booleans() | st.none(),
        "day": st.sampled_from([date(2024, 1, 1), date(2024, 6, 1), None]),
    }
)
people = st.fixed_dictionaries(
    {"sex": st.sampled_from(["F", "M", None]), "age": st.integers(0, 90)}
)
conditions = st.sampled_from(
    [
        where("ward", "eq", "A"), where("ward", "ne", "A"), where("ward", "is_missing"),
        where("nights", "in", [1, 2]), where("cost", "gt", 0), where("planned", "ne", True),
        where("day", "lt", "2024-03-01"), where("sex", "eq", "F", "people"),
        where("ward", "is_present"), where("age", "ge", 40.5, "people"),
    ]
)  # fmt: skip
filters = st.recursive(
    conditions,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda many: {"all": many}),
        st.lists(inner, min_size=1, max_size=3).map(lambda many: {"any": many}),
        inner.map(lambda one: {"not": one}),
    ),
    max_leaves=4,
)
groupings = st.sampled_from(
    [
        {"column": col("ward")}, {"column": col("planned")}, {"column": col("nights")},
        {"column": col("sex", "people")}, {"column": col("age", "people"), "bands": [30, 60.5]},
        {"column": col("cost"), "bands": [0, 50]}, {"column": col("day")},
    ]
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    measures=st.lists(st.sampled_from(ALL_MEASURES), min_size=1, max_size=4, unique_by=str),
    rows=st.lists(stays, max_size=25),
    who=st.lists(people, min_size=6, max_size=6),
    by=st.lists(groupings, max_size=2, unique_by=lambda one: one["column"]["name"]),
    margins=st.booleans(),
    only=filters | st.none(),
)
def test_figures_and_evidence_are_those_of_the_twin(
    tmp_path_factory: pytest.TempPathFactory,
    measures: Any,
    rows: Any,
    who: Any,
    by: Any,
    margins: Any,
    only: Any,
) -> None:
    folder = tmp_path_factory.mktemp("twin")
    persons = [{PERSON: code, **one} for code, one in zip("abcdef", who, strict=True)]
    release = open_release(folder, {"stays": (STAYS, rows), "people": (PEOPLE, persons)})
    fields = {"by": by, "margins": margins and bool(by), "measures": measures}
    asked = request(**fields, **({} if only is None else {"where": only}))
    compare(recompute(asked, release, folder), Oracle({"stays": rows, "people": persons}, asked))


# --- by hand ------------------------------------------------------------------------------------


def small(folder: Path, rows: list[dict[str, Any]]) -> OpenRelease:
    return open_release(folder, {"stays": (STAYS, rows)})


def figures(table: Table, series: int = 0) -> dict[tuple[str, ...], float]:
    labels = [[axis.label(i) for i in range(axis.places)] for axis in table.axes]
    return {
        tuple(names[i] for names, i in zip(labels, index, strict=True)): float(value)
        for index, value in np.ndenumerate(table.series[series].figures)
    }


def test_people_are_counted_and_never_rows(tmp_path: Path) -> None:
    release = small(tmp_path, [row("a", ward="A")] * 12 + [row("b", ward="B")])
    asked = request(
        by=[{"column": col("ward")}], measures=[{"measure": "people"}, {"measure": "rows"}]
    )
    table = recompute(asked, release, tmp_path)
    assert figures(table) == {("A",): 1, ("B",): 1}
    assert figures(table, 1) == {("A",): 12, ("B",): 1}


def test_a_person_in_two_cells_is_one_person_in_their_total(tmp_path: Path) -> None:
    release = small(tmp_path, [row("a", ward="A"), row("a", ward="B"), row("b", ward="B")])
    asked = request(by=[{"column": col("ward")}], measures=[{"measure": "people"}], margins=True)
    assert figures(recompute(asked, release, tmp_path)) == {("A",): 1, ("B",): 2, ("all",): 2}


def test_a_cell_with_nobody_is_there(tmp_path: Path) -> None:
    rows = [row(f"p{i}", ward="AB"[i % 2], planned=False) for i in range(20)]
    rows.append(row("x", ward="A", planned=True))
    asked = request(
        by=[{"column": col("ward")}, {"column": col("planned")}], measures=[{"measure": "people"}]
    )
    found = figures(recompute(asked, small(tmp_path, rows), tmp_path))
    assert found == {("A", "false"): 10, ("A", "true"): 1, ("B", "false"): 10, ("B", "true"): 0}


def test_a_filter_does_not_hide_that_nobody_of_a_group_is_left(tmp_path: Path) -> None:
    rows = [row(f"p{i}", ward="AB"[i % 2], planned=i % 2 == 0) for i in range(20)]
    asked = request(
        by=[{"column": col("ward")}], where=where("planned", "eq", True),
        measures=[{"measure": "people"}],
    )  # fmt: skip
    assert figures(recompute(asked, small(tmp_path, rows), tmp_path)) == {("A",): 10, ("B",): 0}


def test_groups_that_the_filter_itself_leaves_out_are_not_named(tmp_path: Path) -> None:
    rows = [row(f"p{i}", ward="ABC"[i % 3]) for i in range(60)]
    asked = request(
        by=[{"column": col("ward")}], where={"all": [where("ward", "in", ["A", "B"])]},
        measures=[{"measure": "people"}],
    )  # fmt: skip
    assert figures(recompute(asked, small(tmp_path, rows), tmp_path)) == {("A",): 20, ("B",): 20}


def test_a_rare_group_is_not_named_where_nobody_asked_for_is_in_it(tmp_path: Path) -> None:
    rows = [row(f"p{i}", ward="A", planned=True) for i in range(20)]
    rows += [row("x", ward="A very rare ward", planned=False)]
    asked = request(
        by=[{"column": col("ward")}], where=where("planned", "eq", True),
        measures=[{"measure": "people"}],
    )  # fmt: skip
    assert figures(recompute(asked, small(tmp_path, rows), tmp_path)) == {("A",): 20}


def test_a_column_of_one_name_in_two_tables_keeps_both_names(tmp_path: Path) -> None:
    release = open_release(
        tmp_path,
        {
            "stays": ({"sex": "text"}, [row("a", sex="F"), row("b", sex="M")]),
            "people": ({"sex": "text"}, [row("a", sex="F"), row("b", sex="F")]),
        },
    )
    by = [{"column": col("sex")}, {"column": col("sex", "people")}]
    table = recompute(request(by=by, measures=[{"measure": "people"}]), release, tmp_path)
    assert [axis.name for axis in table.axes] == ["stays.sex", "people.sex"]
    assert table.where((1, 0)) == {"stays.sex": "M", "people.sex": "F"}


@pytest.mark.parametrize(
    ("value", "places", "wanted"),
    [(0.5, 0, 1), (-0.5, 0, -1), (1.005, 2, 1.01), (2.675, 2, 2.68), (0.125, 2, 0.13), (7, 3, 7)],
)
def test_halves_are_rounded_up(value: float, places: int, wanted: float) -> None:
    assert half_up(np.array([value, np.nan]), places)[0] == wanted


# --- what is refused ----------------------------------------------------------------------------

NAMES = 'x" UNION SELECT * FROM people; --'
ODD = {NAMES: "integer", "a b'; DROP": "text"}


def test_names_and_values_are_never_statements(tmp_path: Path) -> None:
    rows = [{PERSON: "a", NAMES: 3, "a b'; DROP": "' OR true; --"}]
    release = open_release(tmp_path, {"stays": (ODD, rows)})
    asked = request(
        by=[{"column": col("a b'; DROP")}], where=where("a b'; DROP", "eq", "' OR true; --"),
        measures=[{"measure": "sum", "column": col(NAMES)}],
    )  # fmt: skip
    assert figures(recompute(asked, release, tmp_path)) == {("' OR true; --",): 3}
    nobody = asked.model_copy(update={"where": request(
        where=where("a b'; DROP", "eq", "' OR 1=1; --"), measures=[{"measure": "rows"}]
    ).where})  # fmt: skip
    assert figures(recompute(nobody, release, tmp_path)) == {}


KINDS = {**STAYS, "seen": "timestamp"}
SUM = {"measure": "sum", "column": col("nights")}
REFUSED: list[tuple[str, str, dict[str, Any]]] = [
    ("no such table", "COLUMN", {"table": "nowhere", "measures": [{"measure": "rows"}]}),
    ("no such column", "COLUMN", {"measures": [{"measure": "sum", "column": col("x")}]}),
    ("no such other table", "COLUMN", {"by": [{"column": col("x", "y")}], "measures": [SUM]}),
    ("the person grouped by", "COLUMN", {"by": [{"column": col(PERSON)}], "measures": [SUM]}),
    ("the person compared", "COLUMN", {"where": where(PERSON, "eq", "a"), "measures": [SUM]}),
    ("the person present", "COLUMN", {"where": where(PERSON, "is_present"), "measures": [SUM]}),
    ("the person measured", "COLUMN", {"measures": [{"measure": "max", "column": col(PERSON)}]}),
    ("a record's code", "COLUMN", {"by": [{"column": col("stay")}], "measures": [SUM]}),
    ("a name", "COLUMN", {"by": [{"column": col("surname")}], "measures": [SUM]}),
    ("free text", "COLUMN", {"where": where("note", "eq", "x"), "measures": [SUM]}),
    ("the sum of texts", "COLUMN", {"measures": [{"measure": "sum", "column": col("ward")}]}),
    ("the mean of truths", "COLUMN", {"measures": [{"measure": "mean", "column": col("planned")}]}),
    ("the highest date", "COLUMN", {"measures": [{"measure": "max", "column": col("day")}]}),
    ("bands of texts", "COLUMN", {"by": [{"column": col("ward"), "bands": [1]}], "measures": [SUM]}),
    ("decimals as groups", "COLUMN", {"by": [{"column": col("cost")}], "measures": [SUM]}),
    ("moments as groups", "COLUMN", {"by": [{"column": col("seen")}], "measures": [SUM]}),
    ("a text for a number", "COLUMN", {"where": where("nights", "eq", "1"), "measures": [SUM]}),
    ("a number for a text", "COLUMN", {"where": where("ward", "eq", 1), "measures": [SUM]}),
    ("truth for a number", "COLUMN", {"where": where("nights", "eq", True), "measures": [SUM]}),
    ("a number for truth", "COLUMN", {"where": where("planned", "eq", 1), "measures": [SUM]}),
    ("no date", "COLUMN", {"where": where("day", "lt", "2024-13-01"), "measures": [SUM]}),
    ("a moment elsewhere", "COLUMN", {"where": where("seen", "lt", "2024-01-01T00:00+01:00"), "measures": [SUM]}),
    ("truth in a list of texts", "COLUMN", {"where": where("ward", "in", ["A", True]), "measures": [SUM]}),
    ("an order of truths", "COLUMN", {"where": where("planned", "in", [True]), "measures": [SUM]}),
    ("a wrong value in a part", "COLUMN", {"measures": [{"measure": "ratio", "numerator": {"of": "rows", "where": where("ward", "eq", 1)}, "denominator": {"of": "rows"}}]}),
    ("several rows beside", "MANY-ROWS", {"table": "people", "by": [{"column": col("ward")}], "measures": [{"measure": "people"}]}),
    ("nobody's rows", "NOBODY", {"table": "codes", "measures": [{"measure": "rows"}]}),
    ("a column of nobody's rows", "NOBODY", {"by": [{"column": col("meaning", "codes")}], "measures": [SUM]}),
]  # fmt: skip


@pytest.fixture
def hostile(tmp_path: Path) -> OpenRelease:
    stays_ = [row("a", ward="A", nights=1), row("a", ward="B", nights=2)]
    made = open_release(
        tmp_path,
        {
            "stays": (KINDS, stays_),
            "people": (PEOPLE, [row("a", sex="F", age=1)]),
            "codes": ({"meaning": "text"}, [row("a", meaning="x")]),
        },
    )
    columns = {
        **made.tables["stays"].columns,
        "stay": released("stay", "code", "record_code", "record_key"),
        "surname": released("surname", "text", "exact", "direct_identifier"),
        "note": released("note", "text", "exact", "free_text"),
    }
    table, codes = made.tables["stays"], made.tables["codes"]
    changed = {
        **made.tables,
        "stays": OpenTable("stays", table.files, columns, PERSON),
        "codes": OpenTable("codes", codes.files, codes.columns, None),
    }
    return OpenRelease(made.release, changed)


@pytest.mark.parametrize(("what", "code", "fields"), REFUSED, ids=[one[0] for one in REFUSED])
def test_what_a_release_cannot_answer_is_refused(
    hostile: OpenRelease, tmp_path: Path, what: str, code: str, fields: dict[str, Any]
) -> None:
    with pytest.raises(CommonwealError) as refused:
        recompute(request(**fields), hostile, tmp_path)
    assert refused.value.code == f"CW-OUTPUT-{code}"
    assert refused.value.exit_code == 4


@pytest.mark.parametrize(
    ("form", "kind", "looked_at"),
    [
        ("age_band(5,90)", "text", True), ("year", "integer", True), ("month", "text", True),
        ("outward_postcode", "text", True), ("exact", "text", False),
        ("redacted_text", "text", False), ("deidentified_image", "text", False),
        ("pseudonym", "code", False), ("record_code", "code", False), ("rollup(10)", "text", False),
        ("truncate(3)", "text", False),
    ],
)  # fmt: skip
def test_a_birthday_is_looked_at_where_it_is_shown_coarsely(
    tmp_path: Path, form: str, kind: str, looked_at: bool
) -> None:
    made = small(tmp_path, [row("a", ward="A")])
    table = made.tables["stays"]
    columns = {**table.columns, "ward": released("ward", kind, form, "direct_identifier")}
    changed = OpenRelease("r", {"stays": OpenTable("stays", table.files, columns, PERSON)})
    asked = request(by=[{"column": col("ward")}], measures=[{"measure": "people"}])
    if not looked_at:
        with pytest.raises(CommonwealError) as refused:
            recompute(asked, changed, tmp_path)
        assert refused.value.code == "CW-OUTPUT-COLUMN"
    elif kind == "text":
        assert recompute(asked, changed, tmp_path).series[0].figures.tolist() == [1]


def test_a_row_of_nobody_stops_everything(tmp_path: Path) -> None:
    release = small(tmp_path, [row("a", ward="A"), {PERSON: None, "ward": "A"}])
    with pytest.raises(CommonwealError) as refused:
        recompute(request(measures=[{"measure": "people"}]), release, tmp_path)
    assert refused.value.code == "CW-OUTPUT-RELEASE"


def test_too_many_cells_are_refused(tmp_path: Path) -> None:
    release = small(tmp_path, [row(f"p{i}", nights=i, ward=str(i)) for i in range(400)])
    by = [{"column": col("nights")}, {"column": col("ward")}]
    with pytest.raises(CommonwealError) as refused:
        recompute(request(by=by, measures=[{"measure": "people"}]), release, tmp_path)
    assert refused.value.code == "CW-OUTPUT-CELLS"


# --- the opened folder --------------------------------------------------------------------------


def opened(tmp_path: Path, table: pa.Table) -> tuple[ReleaseManifest, Path]:
    """A manifest of two tables whose files lie in a folder as `release open` leaves them."""
    data = factories.manifest_data()
    for name, described in data["tables"].items():
        path = tmp_path / name / "part-00000.parquet"
        path.parent.mkdir()
        pq.write_table(table, path)
        seen = hashlib.sha256(path.read_bytes()).hexdigest()
        described["files"][0] |= {"content_hash": f"sha256:{seen}"}
    return ReleaseManifest.read(data, "The manifest"), tmp_path


def test_a_release_is_opened_by_its_manifest(tmp_path: Path) -> None:
    manifest, folder = opened(tmp_path, pa.table({"nhs_number": ["a"], "born": [40]}))
    release = OpenRelease.at(manifest, folder)
    assert release.tables["patients"].person == "nhs_number"
    asked = OutputRequest.read(
        {"request": 1, "name": "t", "title": "t", "table": "patients",
         "measures": [{"measure": "max", "column": col("born", "patients")}]}, "It",
    )  # fmt: skip
    assert figures(recompute(asked, release, tmp_path)) == {(): 40}


def test_a_changed_or_missing_file_is_refused(tmp_path: Path) -> None:
    manifest, folder = opened(tmp_path, pa.table({"nhs_number": ["a"], "born": [40]}))
    path = folder / "patients" / "part-00000.parquet"
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(CommonwealError) as refused:
        OpenRelease.at(manifest, folder)
    assert refused.value.code == "CW-OUTPUT-RELEASE"
    path.unlink()
    with pytest.raises(CommonwealError) as refused:
        OpenRelease.at(manifest, folder)
    assert refused.value.code == "CW-FILE-MISSING"


def test_two_people_columns_are_none(tmp_path: Path) -> None:
    data = factories.manifest_data()
    column = {"name": "other", "type": "text", "form": "pseudonym", "role": "record_key"}
    data["tables"]["patients"]["columns"].append(column)
    for name, described in data["tables"].items():
        path = tmp_path / name / "part-00000.parquet"
        path.parent.mkdir()
        path.write_bytes(b"")
        described["files"][0] |= {"content_hash": f"sha256:{hashlib.sha256(b'').hexdigest()}"}
    release = OpenRelease.at(ReleaseManifest.read(data, "The manifest"), tmp_path)
    assert release.tables["patients"].person is None
    assert release.tables["admissions"].person == "nhs_number"
