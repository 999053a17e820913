"""Recomputed tables as the audit sees them, against a slow twin, and what the audit then finds."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commonweal.airlock.audit.history import History, load_output, read_place
from commonweal.airlock.audit.running import Result, audit
from commonweal.airlock.audit.writing import NewTable, write_output
from commonweal.airlock.meaning import population
from commonweal.airlock.opened import OpenRelease
from commonweal.airlock.session import Session
from commonweal.foundation.errors import Fault
from commonweal.papers.output_request import OutputRequest
from tests.airlock_house import PERSON, Oracle, col, open_release, request, where

STAYS = {"ward": "text", "nights": "integer", "cost": "decimal", "ill": "boolean", "day": "date"}
PEOPLE = {"sex": "text"}
AT = datetime(2026, 1, 1, tzinfo=UTC)
PER_PERSON = {"measure": "people"}
MEAN = {"measure": "mean", "column": col("cost")}
ILL = {
    "measure": "ratio", "per": 100, "denominator": {"of": "people"},
    "numerator": {"of": "people", "where": where("ill", "eq", True)},
}  # fmt: skip


def audit_id(code: str) -> bytes:
    return hashlib.sha256(f"custodian {code}".encode()).digest()[:16]


def write_map(folder: Path, codes: list[str]) -> Path:
    path = folder / "audit_map.parquet"
    ids = pa.array([audit_id(code) for code in codes], pa.binary())
    pq.write_table(pa.table({"code": pa.array(codes), "audit_id": ids}), path)
    return path


def made(release: OpenRelease, map_: Path, *asked: OutputRequest) -> list[NewTable]:
    with Session.over(release) as session:
        return [t for one in asked for t in session.cells(session.recompute(one), map_)]


def audited(folder: Path, tables: list[NewTable]) -> Result:
    """The tables of one submission against each other."""
    write_output(folder, "proposal", "A proposal", AT, tables)
    output = load_output(read_place(folder / "proposal", "CW-AUDIT-OUTPUT"))
    return audit(History((), ()), [output], seconds=10)


def row(person: str, **fields: Any) -> dict[str, Any]:
    return {PERSON: person, **fields}


def ward(name: str, people: int, costs: int | None = None, **fields: Any) -> list[dict[str, Any]]:
    """People of a ward, each with a stay; the first `costs` of them have a cost."""
    known = people if costs is None else costs
    return [
        row(f"{name}{n}", ward=name, cost=float(n) if n < known else None, ill=n % 2 == 0, **fields)
        for n in range(people)
    ]


# --- against the twin ---------------------------------------------------------------------------

stays = st.fixed_dictionaries(
    {
        PERSON: st.sampled_from("abcdef"),
        "ward": st.sampled_from(["A", "B", None]),
        "nights": st.integers(0, 5) | st.none(),
        "cost": st.sampled_from([0.0, 1.5, None]),
        "ill": st.booleans() | st.none(),
        "day": st.sampled_from([date(2024, 1, 1), date(2024, 6, 1), None]),
    }
)
groupings = st.sampled_from(
    [
        {"column": col("ward")}, {"column": col("ill")}, {"column": col("day")},
        {"column": col("nights")}, {"column": col("nights"), "bands": [1, 3.5]},
        {"column": col("sex", "people")},
    ]
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=st.lists(stays, max_size=20),
    sexes=st.lists(st.sampled_from(["F", "M", None]), min_size=6, max_size=6),
    by=st.lists(groupings, max_size=2, unique_by=lambda one: one["column"]["name"]),
    margins=st.booleans(),
    measures=st.lists(
        st.sampled_from([PER_PERSON, {"measure": "rows"}, MEAN, ILL]),
        min_size=1, max_size=3, unique_by=str,
    ),
)  # fmt: skip
def test_people_and_figures_of_each_cell_are_those_of_the_twin(
    tmp_path_factory: pytest.TempPathFactory,
    rows: Any, sexes: Any, by: Any, margins: Any, measures: Any,
) -> None:  # fmt: skip
    folder = tmp_path_factory.mktemp("cells")
    persons = [{PERSON: code, "sex": sex} for code, sex in zip("abcdef", sexes, strict=True)]
    release = open_release(folder, {"stays": (STAYS, rows), "people": (PEOPLE, persons)})
    asked = request(by=by, margins=margins and bool(by), measures=measures)
    tables = made(release, write_map(folder, list("abcdef")), asked)
    oracle = Oracle({"stays": rows, "people": persons}, asked)
    cells = oracle.cells()
    with Session.over(release) as session:
        table = session.recompute(asked)
    output = load_written(folder, tables)
    if 0 in table.shape:
        (new,), (kept,) = tables, output.tables
        assert (not cells, kept.sizes.tolist(), len(output.people)) == (True, [0], 0)
        assert [(one.at, one.low, one.high) for one in new.cells] == [((), 0, 0)]
        return
    labels = [[axis.label(i) for i in range(axis.places)] for axis in table.axes]
    for new, kept in zip(tables, output.tables, strict=True):
        sizes = kept.sizes
        for number, one in enumerate(new.cells):
            index = np.unravel_index(one.row - 1, table.shape) if table.shape else ()
            inside = cells.get(tuple(n[int(i)] for n, i in zip(labels, index, strict=True)), [])
            who = {found["", "who"] for found in inside if of_the_set(oracle, found, new)}
            assert sizes[number] == len(who)
            assert one.low <= len(who)
            assert one.high is None or len(who) <= one.high


def of_the_set(oracle: Oracle, found: Any, new: NewTable) -> bool:
    """Whether a row counts in this table of the audit, by its title."""
    words = new.title.partition(": ")[2]
    if words == "some rows":
        return bool(found["stays", "ill"])
    return words != "rows with cost" or found["stays", "cost"] is not None


def load_written(folder: Path, tables: list[NewTable]) -> Any:
    write_output(folder, "proposal", "A proposal", AT, tables)
    return load_output(read_place(folder / "proposal", "CW-AUDIT-OUTPUT"))


# --- several measures of one submission -----------------------------------------------------------


def asked_by_ward(*measures: Any, **more: Any) -> OutputRequest:
    return request(by=[{"column": col("ward")}], measures=list(measures), **more)


def test_two_filters_of_one_submission_differ_by_one_person(tmp_path: Path) -> None:
    rows = [*ward("A", 30, nights=2), row("A0", ward="A", nights=9), row("A99", ward="A", nights=9)]
    release = open_release(tmp_path, {"stays": (STAYS, rows)})
    map_ = write_map(tmp_path, [f"A{n}" for n in [*range(30), 99]])
    less = asked_by_ward(PER_PERSON, name="less", where=where("nights", "lt", 5))
    result = audited(tmp_path, made(release, map_, asked_by_ward(PER_PERSON), less))
    assert result.verdict == "fail"
    assert {(one.code, one.people) for one in result.findings} == {("CW-AUDIT-DIFFERENCE", 1)}


def test_two_filters_that_differ_by_many_are_let_through(tmp_path: Path) -> None:
    rows = [*ward("A", 30, nights=2), *(row(f"A9{n}", ward="A", nights=9) for n in range(20))]
    release = open_release(tmp_path, {"stays": (STAYS, rows)})
    map_ = write_map(tmp_path, sorted({one[PERSON] for one in rows}))
    less = asked_by_ward(PER_PERSON, name="less", where=where("nights", "lt", 5))
    result = audited(tmp_path, made(release, map_, asked_by_ward(PER_PERSON), less))
    assert result.verdict == "pass"


def test_steps_of_rounding_that_are_finer_than_the_threshold_are_not_enough(tmp_path: Path) -> None:
    rows = [*ward("A", 29, nights=2), row("A99", ward="A", nights=9)]
    release = open_release(tmp_path, {"stays": (STAYS, rows)})
    map_ = write_map(tmp_path, sorted({one[PERSON] for one in rows}))
    shown = {"rounding": "midpoint_6"}
    less = asked_by_ward(PER_PERSON, name="less", where=where("nights", "lt", 5), **shown)
    tables = made(release, map_, asked_by_ward(PER_PERSON, **shown), less)
    assert [(one.low, one.high) for table in tables for one in table.cells] == [(25, 30)] * 2
    assert audited(tmp_path, tables).verdict == "fail"


def test_a_mean_of_few_less_than_everybody_is_no_count(tmp_path: Path) -> None:
    """49 of 50 have a cost: the mean does not say how many, so nothing is subtracted."""
    release = open_release(tmp_path, {"stays": (STAYS, ward("A", 50, costs=49))})
    map_ = write_map(tmp_path, [f"A{n}" for n in range(50)])
    tables = made(release, map_, asked_by_ward(PER_PERSON, MEAN))
    assert [table.title for table in tables] == ["A table", "A table: rows with cost"]
    assert [(one.low, one.high) for one in tables[1].cells] == [(1, None)]
    assert audited(tmp_path, tables).verdict == "pass"


# --- definitions --------------------------------------------------------------------------------


def told(release: OpenRelease, **fields: Any) -> dict[str, Any]:
    asked = request(measures=[PER_PERSON], **fields)
    return {one.variable: one for one in population(asked, release).conditions}


@pytest.fixture
def release(tmp_path: Path) -> OpenRelease:
    persons = [{PERSON: "A0", "sex": "F"}]
    return open_release(tmp_path, {"stays": (STAYS, ward("A", 3)), "people": (PEOPLE, persons)})


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (where("ward", "eq", "A"), {"values": ("A",)}),
        (where("ward", "in", ["A", "B", "A"]), {"values": ("A", "B")}),
        (where("ward", "is_present"), {}),
        (where("ill", "eq", True), {"values": ("true",)}),
        (where("nights", "eq", 3), {"least": 3, "below": 4}),
        (where("nights", "ge", 3), {"least": 3}),
        (where("nights", "gt", 3), {"least": 4}),
        (where("nights", "le", 3), {"below": 4}),
        (where("cost", "lt", 3.5), {"below": 3.5}),
        (where("day", "eq", "2024-01-01"), {"values": ("2024-01-01",)}),
        ({"all": [where("nights", "ge", 3), where("nights", "lt", 9)]}, {"least": 3, "below": 9}),
    ],
)  # fmt: skip
def test_conditions_say_what_the_filter_says(
    release: OpenRelease, asked: Any, said: dict[str, Any]
) -> None:
    found = told(release, where=asked)
    name = next(one for one in found if one.startswith("stays."))
    plain = found[name].plain()
    wanted = {key: list(v) if isinstance(v, tuple) else v for key, v in said.items()}
    assert plain == {"variable": name, **wanted}
    assert len(found) == 2


@pytest.mark.parametrize(
    "asked",
    [
        where("ward", "ne", "A"), where("ward", "is_missing"), where("cost", "gt", 3.5),
        where("cost", "le", 3), where("cost", "eq", 3), where("nights", "in", [1, 2]),
        where("day", "lt", "2024-01-01"), {"not": where("ward", "eq", "A")},
        {"any": [where("ward", "eq", "A"), where("nights", "ge", 3)]},
        where("ward", "lt", "B"),
    ],
)  # fmt: skip
def test_what_conditions_cannot_say_is_known_by_its_words(release: OpenRelease, asked: Any) -> None:
    found = told(release, where=asked)
    assert [name.split()[0] for name in found] == ["rows", "filter"]
    other = told(release, where={"any": [asked, where("nights", "ge", 4)]})
    assert set(found) != set(other)
    assert set(told(release, where=asked)) == set(found)


def test_two_conditions_that_one_cannot_say_are_both_kept(release: OpenRelease) -> None:
    ors = {"all": [where("ward", "in", ["A", "B"]), where("ward", "in", ["C", "D"])]}
    found = told(release, where=ors)
    assert found["stays.ward"].values == ("A", "B")
    assert sum(name.startswith("also ") for name in found) == 1


def test_rows_of_one_table_are_no_rows_of_another(release: OpenRelease) -> None:
    asked = request(table="people", measures=[PER_PERSON])
    mine, other = population(asked, release), population(request(measures=[PER_PERSON]), release)
    assert not mine.implies(other)
    assert not other.implies(mine)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["missing person", "twice", "no map", "short ids", "absent"])
def test_a_map_that_is_not_of_these_people_stops_everything(
    tmp_path: Path, release: OpenRelease, how: str
) -> None:
    map_ = write_map(tmp_path, ["A0", "A1", *(["A1"] if how == "twice" else []), "A2"])
    if how == "missing person":
        write_map(tmp_path, ["A0", "A1"])
    elif how == "no map":
        map_.write_bytes(b"not a map")
    elif how == "short ids":
        ids = pa.array([b"x", b"y", b"z"], pa.binary())
        pq.write_table(pa.table({"code": ["A0", "A1", "A2"], "audit_id": ids}), map_)
    elif how == "absent":
        map_ = tmp_path / "nowhere.parquet"
    with pytest.raises(Fault) as refused:
        made(release, map_, request(measures=[PER_PERSON]))
    assert refused.value.code == "CW-OUTPUT-RELEASE"


def test_a_sum_and_a_mean_say_how_many_have_a_value(tmp_path: Path) -> None:
    """Across two requests: 50 people, and 49 values by sum over mean."""
    release = open_release(tmp_path, {"stays": (STAYS, ward("A", 50, costs=49))})
    map_ = write_map(tmp_path, [f"A{n}" for n in range(50)])
    total = {"measure": "sum", "column": col("cost")}
    costs = asked_by_ward(MEAN, total, name="costs")
    tables = made(release, map_, asked_by_ward(PER_PERSON), costs)
    result = audited(tmp_path, tables)
    assert result.verdict == "fail"
    assert {(one.code, one.people) for one in result.findings} == {("CW-AUDIT-DIFFERENCE", 1)}


SHARE = {**ILL, "decimals": 2}


def shares(tmp_path: Path, ill: int, decimals: int = 2, **more: Any) -> list[NewTable]:
    """A share of the ill among 200, and the same of everybody but one who is ill."""
    rows = [row(f"p{n}", ward="A", ill=n < ill, nights=9 if n == 0 else 1) for n in range(200)]
    release = open_release(tmp_path, {"stays": (STAYS, rows)})
    map_ = write_map(tmp_path, [f"p{n}" for n in range(200)])
    share = {**SHARE, "decimals": decimals}
    less = asked_by_ward(share, name="less", where=where("nights", "lt", 5), **more)
    return made(release, map_, asked_by_ward(share, **more), less)


def test_a_share_is_a_count_to_whoever_knows_of_how_many(tmp_path: Path) -> None:
    tables = shares(tmp_path, 77)
    assert [(one.low, one.high) for one in tables[1].cells + tables[0].cells] in (
        [(0, None), (77, 77)], [(77, 77), (0, None)],
    )  # fmt: skip
    result = audited(tmp_path, tables)
    assert result.verdict == "fail"
    assert {one.people for one in result.findings} == {1}


def test_a_share_without_decimals_says_less(tmp_path: Path) -> None:
    tables = shares(tmp_path, 77, decimals=0)
    said = {(one.low, one.high) for table in tables[:2] for one in table.cells}
    assert said == {(0, None), (77, 79)}  # 38.5 to 39.5 in a hundred of 200


def test_a_share_of_rounded_counts_says_what_they_say(tmp_path: Path) -> None:
    tables = shares(tmp_path, 77, rounding="midpoint_6")
    assert {(one.low, one.high) for table in tables for one in table.cells} == {(0, None), (73, 78)}


def test_rows_are_people_where_each_has_one(tmp_path: Path) -> None:
    rows = [row(f"p{n}", ward="A") for n in range(30)] + [row("p0", ward="B"), row("p0", ward="B")]
    release = open_release(tmp_path, {"stays": (STAYS, rows)})
    map_ = write_map(tmp_path, [f"p{n}" for n in range(30)])
    (table,) = made(release, map_, asked_by_ward({"measure": "rows"}))
    assert [(one.low, one.high) for one in table.cells] == [(30, 30), (1, 2)]


NOBODY: dict[str, dict[str, Any]] = {
    "table": {"measures": [PER_PERSON], "where": where("ward", "eq", "nowhere")},
    "part": {
        "measures": [
            {**ILL, "numerator": {"of": "people", "where": where("ward", "eq", "nowhere")}}
        ]
    },
    "values": {"measures": [MEAN], "where": where("cost", "is_missing")},
}  # fmt: skip


@pytest.mark.parametrize("name", NOBODY)
def test_an_audit_takes_figures_behind_which_nobody_is(tmp_path: Path, name: str) -> None:
    """It must not fall over: whether it does would tell the author that nobody is there."""
    rows = [
        {PERSON: f"p{n:03d}", "ward": "AB"[n % 2], "cost": None if n < 40 else 1.0, "ill": n < 50}
        for n in range(120)
    ]  # fmt: skip
    release = open_release(tmp_path, {"stays": (STAYS, rows)})
    map_ = write_map(tmp_path, [row[PERSON] for row in rows])
    every = request(name="every", measures=[PER_PERSON])
    tables = made(release, map_, request(**NOBODY[name]), every)
    assert audited(tmp_path / "out", tables).findings is not None
    first = made(release, map_, every, request(**NOBODY[name]))
    assert audited(tmp_path / "again", first).findings is not None
