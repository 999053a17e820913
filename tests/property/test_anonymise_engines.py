"""Rows counted in a table engine against rows coded in memory: the same answer."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from commonweal.foundation.connection import connect
from commonweal.foundation.errors import CommonwealError
from commonweal.vault.risk.anonymise import Builtin, Generalised, Hierarchy, Request
from commonweal.vault.risk.anonymise.anonymise import (
    anonymise,
    rows_in_engine,
    work_out,
    worked_out,
)
from commonweal.vault.tables.duckdb_engine import DuckDBEngine
from commonweal.vault.tables.engine import Engine
from commonweal.vault.tables.spark_engine import SparkEngine
from commonweal.vault.tables.spark_session import Spark

QUASI = {
    "age": Hierarchy(
        "age",
        (
            ("1", "2", "3", "4", ""),
            ("1-2", "1-2", "3-4", "3-4", "none"),
            ("*", "*", "*", "*", "*"),
        ),
    ),
    "sex": Hierarchy("sex", (("F", "M"), ("*", "*"))),
}
ILL = Hierarchy(
    "ill",
    (("flu", "cold", "gout", "10", "9"), ("lung", "lung", "joint", "no", "no"), ("*",) * 5),
)
SCHEMA = pa.schema([(name, pa.string()) for name in ("age", "sex", "ill", "who")])
ROW = st.fixed_dictionaries(
    {
        "age": st.sampled_from(["1", "2", "3", "4", None]),
        "sex": st.sampled_from(["F", "M", None]),
        "ill": st.sampled_from(["flu", "cold", "gout", "10", "9"]),
        "who": st.sampled_from([f"p{n}" for n in range(7)]),
    }
)
ASKED = st.fixed_dictionaries(
    {
        "k": st.integers(1, 3),
        "person": st.sampled_from([None, "who"]),
        "suppress": st.sampled_from([0.0, 0.3]),
        "metric": st.sampled_from(["entropy", "discernibility"]),
        "local": st.booleans(),
        "keep": st.sampled_from([(), ("nr",)]),
        "mean_risk": st.sampled_from([None, 0.6]),
    },
    optional={
        "l": st.just(2),
        "t": st.sampled_from([0.4, 0.8]),
        "ground": st.sampled_from(["equal", "ordered", "hierarchical"]),
        "presence": st.just((0.0, 0.9)),
    },
)  # fmt: skip


@pytest.fixture(scope="module")
def duckdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = DuckDBEngine(connect(tmp_path_factory.mktemp("engine")))
    yield engine
    engine.close()


def tables(rows: list[dict[str, Any]]) -> tuple[pa.Table, pa.Table]:
    """The data, with a number a row; and a population that holds everybody, and more."""
    data = pa.Table.from_pylist(rows, SCHEMA)
    around = pa.concat_tables([data, data, pa.Table.from_pylist(rows[:1], SCHEMA)])
    return data.append_column("nr", pa.array(range(len(rows)), pa.int32())), around


def outcome(run: Callable[[], Generalised]) -> tuple[Any, ...]:
    """What can be seen of a run: report without seconds, table and candidates; or the refusal."""
    try:
        made = run()
    except CommonwealError as error:
        return (error.code, error.sentence)
    report = {name: value for name, value in made.report.items() if name != "seconds"}
    return (report, made.table.schema, made.table.combine_chunks(), made.candidates)


def on_engine(
    engine: Engine, data: pa.Table, known: Mapping[str, Any], request: Request, around: Any
) -> Generalised:
    with rows_in_engine(engine, data, known, request, around) as (rows, columns):
        made = worked_out(rows, known, request)
    made.report["left_out"] = [name for name in columns if name not in rows.names]
    return made


def in_memory(
    data: pa.Table, known: Mapping[str, Any], request: Request, around: Any
) -> Generalised:
    quasi = [name for name in data.column_names if name in known and name not in request.sensitive]
    read = {*quasi, *request.sensitive, *request.keep, request.person}
    chosen = data.select([name for name in data.column_names if name in read])
    made = work_out(chosen, known, request, around)
    made.report["left_out"] = [name for name in data.column_names if name not in read]
    return made


@settings(max_examples=60)
@given(rows=st.lists(ROW, max_size=16), asked=ASKED)
@example(rows=[], asked={"k": 1})
@example(
    rows=[{"age": "1", "sex": "F", "ill": "flu", "who": None}], asked={"k": 1, "person": "who"}
)
@example(rows=[{"age": "7", "sex": "F", "ill": "flu", "who": "a"}] * 3, asked={"k": 1})
def test_a_table_engine_counts_what_memory_counts(
    duckdb: Engine, rows: list[dict[str, Any]], asked: dict[str, Any]
) -> None:
    sensitive = ("ill",) if {"l", "t"} & asked.keys() else ()
    request = Request(**asked, sensitive=sensitive)
    data, around = tables(rows)
    beside = around if request.presence else None
    known = QUASI | ({"ill": ILL} if sensitive else {})
    if not sensitive:
        data = data.drop_columns(["ill"])
    assert outcome(lambda: on_engine(duckdb, data, known, request, beside)) == outcome(
        lambda: in_memory(data, known, request, beside)
    )


# --- Spark ----------------------------------------------------------------------------------


def hospital() -> pa.Table:
    """Stays of 40 people with columns of every type, and with gaps."""
    days = [dt.date(1950 + n % 23, 1 + n % 12, 1 + n % 28) for n in range(120)]
    return pa.table(
        {
            "born": pa.array(days),
            "sex": pa.array([("F", "M", None)[n % 3] for n in range(120)]),
            "icd": pa.array([("E10.1", "I21", "E119", "N18", "I210")[n % 5] for n in range(120)]),
            "who": pa.array([n % 40 for n in range(120)], pa.int16()),
            "cost": pa.array([decimal.Decimal(n * 7) / 100 for n in range(120)],
                             pa.decimal128(20, 2)),
            "seen": pa.array([dt.datetime(2026, 3, 1, n % 24, n % 60, n, n)  # noqa: DTZ001
                              for n in range(60)] + [None] * 60, pa.timestamp("us")),
            "weight": pa.array([n / 3 if n % 4 else None for n in range(120)]),
            "ward": pa.array(["", "Ä'\"`", "b"] * 40),
        }
    )  # fmt: skip


@pytest.mark.timeout(900)
@pytest.mark.parametrize("person", [None, "who"])
def test_spark_gives_the_report_and_the_rows_of_duckdb(
    spark: Spark, tmp_path: Path, person: str | None
) -> None:
    known = {
        "born": Builtin("date"),
        "sex": Hierarchy("sex", (("F", "M", ""), ("*", "*", "*"))),
        "icd": Builtin("icd10"),
    }
    keep = ("cost", "seen", "weight", "ward") if person else ("who", "cost")
    request = Request(
        k=5, sensitive=("icd",), t=0.9, ground="hierarchical", suppress=0.1, person=person,
        keep=keep, local=True,
    )  # fmt: skip
    engine = SparkEngine(spark, connect(tmp_path))
    try:
        made = outcome(lambda: on_engine(engine, hospital(), known, request, None))
    finally:
        engine.close()
    assert made == outcome(lambda: anonymise(hospital(), known, request))
    assert made[0]["released"] > 0
