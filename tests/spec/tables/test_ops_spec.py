"""Tables in, tables out, for every operation on every engine; and the SQL each engine is given.

After a wanted change of the SQL, write the snapshots anew with COMMONWEAL_TEST_SNAPSHOTS=write in
the environment and read the difference.
"""

from __future__ import annotations

import inspect
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from commonweal.foundation.errors import Failure
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine
from tests.spec.tables.cases import CASES as FIRST_CASES
from tests.spec.tables.cases import KEY, Case
from tests.spec.tables.more_cases import MORE

CASES = [*FIRST_CASES, *MORE]

SNAPSHOTS = Path(__file__).parent / "snapshots"
FOLDERS = {"duckdb": SNAPSHOTS, "pyspark": SNAPSHOTS / "spark"}
# Read at import: tests themselves run without settings of the person who runs them.
WRITE = os.environ.get("COMMONWEAL_TEST_SNAPSHOTS") == "write"
ARROW = {
    "text": pa.string(),
    "integer": pa.int64(),
    "decimal": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "code": pa.binary(),
}
BY_NAME = [pytest.param(case, id=case.name) for case in CASES]


def load(engine: Engine, case: Case) -> dict[str, ops.Table]:
    tables = {}
    for name, (kinds, rows) in case.inputs.items():
        columns = list(zip(*rows, strict=True)) or [()] * len(kinds)
        data = pa.table(
            {
                column: pa.array(values, ARROW[kind])
                for (column, kind), values in zip(kinds.items(), columns, strict=True)
            }
        )
        engine.forget(name)
        tables[name] = engine.load(name, data, kinds)
    if case.keyed:
        engine.forget("key")
        tables["key"] = engine.key_table("key", KEY)
    return tables


def in_any_order(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(rows, key=lambda row: [(value is None, str(value)) for value in row])


def same(left: Any, right: Any) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return math.isclose(left, right, rel_tol=1e-12, abs_tol=0.0)
    return bool(left == right) and isinstance(left, type(right))


@pytest.mark.parametrize("case", BY_NAME)
def test_case(engine: Engine, case: Case) -> None:
    made = case.build(load(engine, case))
    found = [tuple(row.values()) for row in engine.rows(made, 1000)]
    expected = case.expected
    if not case.ordered:
        found, expected = in_any_order(found), in_any_order(expected)
    assert len(found) == len(expected)
    for row, wanted in zip(found, expected, strict=True):
        assert len(row) == len(wanted)
        assert all(map(same, row, wanted)), (row, wanted)


@pytest.mark.parametrize("dialect", ["duckdb", "pyspark"])
@pytest.mark.parametrize("case", BY_NAME)
def test_sql_of_case(case: Case, dialect: ops.Dialect) -> None:
    tables = {name: ops.named(name, kinds) for name, (kinds, _) in case.inputs.items()}
    tables["key"] = ops.named("key", {"inner_pad": "code", "outer_pad": "code"})
    sql = ops.to_sql(case.build(tables), dialect) + "\n"
    path = FOLDERS[dialect] / f"{case.name}.sql"
    if WRITE:
        path.write_bytes(sql.encode())
    assert path.read_bytes().decode() == sql


def test_no_snapshot_is_left_over() -> None:
    for folder in FOLDERS.values():
        assert {path.stem for path in folder.glob("*.sql")} == {case.name for case in CASES}


def test_names_are_not_used_twice() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


def test_every_operation_has_a_case() -> None:
    public = {
        name
        for name, member in vars(ops).items()
        if inspect.isfunction(member)
        and member.__module__.startswith(f"{ops.__name__}.")
        and not name.startswith("_")
    }
    covered = {name for case in CASES for name in case.covers}
    assert public - covered == set()
    assert covered - public == set()


def test_the_package_offers_every_operation_of_its_parts() -> None:
    parts = [member for member in vars(ops).values() if inspect.ismodule(member)]
    assert {part.__name__.rpartition(".")[2] for part in parts} == {
        *("base", "codes", "measures", "tables", "values")
    }
    inside = {"kind_of", "floor_to"}  # what operations are made of
    operations = {
        name
        for part in parts
        for name, member in vars(part).items()
        if inspect.isfunction(member)
        and member.__module__ == part.__name__
        and not name.startswith("_")
    }
    assert operations - inside == set(ops.__all__) - {"TYPES", "Dialect", "Table", "Value"}


def test_kinds_come_back_as_they_went_in() -> None:
    kinds = {kind: kind for kind in ops.TYPES}
    assert ops.kinds(ops.named("all", kinds)) == kinds
    assert ops.columns(ops.named("all", kinds)) == tuple(kinds)


FAILING: dict[str, tuple[str, Any, Callable[[ops.Value], ops.Value]]] = {
    "plus": ("integer", 2**63 - 1, lambda a: ops.plus(a, ops.constant(1, "integer"))),
    "times": ("integer", 2**62, lambda a: ops.times(a, ops.constant(4, "integer"))),
    "as_number": ("text", "12345678x0", ops.as_number),
    "as_number of too much": ("text", "9" * 20, ops.as_number),
    "natural_log of 0": ("decimal", 0.0, ops.natural_log),
    "natural_log below 0": ("decimal", -1.0, ops.natural_log),
}


@pytest.mark.parametrize("name", list(FAILING))
def test_what_does_not_fit_is_an_error_and_no_number(
    engine: Engine, name: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    kind, value, build = FAILING[name]
    engine.forget("given")
    given = engine.load("given", pa.table({"a": pa.array([value], ARROW[kind])}), {"a": kind})
    with pytest.raises(Failure) as caught:
        engine.rows(ops.project(given, {"out": build(given["a"])}), 1)
    assert caught.value.code == "CW-ENGINE-FAILED"
    told = str(caught.value) + caplog.text + "".join(capfd.readouterr())
    assert str(value) not in told
