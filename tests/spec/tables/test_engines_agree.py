"""The engines side by side: every code point, many numbers, random tables through random steps.

Where the battery has an oracle for each case, here the engines are each other's. What Spark is
asked is put into few statements, because each costs it a tenth of a second.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.foundation.connection import connect
from commonweal.vault.tables import ops
from commonweal.vault.tables.duckdb_engine import DuckDBEngine
from commonweal.vault.tables.engine import Engine
from commonweal.vault.tables.java_text import java_pattern
from commonweal.vault.tables.spark_engine import SparkEngine
from commonweal.vault.tables.spark_session import Spark

Both = tuple[DuckDBEngine, SparkEngine]
Build = Callable[[ops.Value], ops.Value]
EVERY = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
# Where letters, signs and marks are dense or were added of late; the rest are thousands alike.
DENSE = [*range(0x3000), *range(0xA4D0, 0xAC00), *range(0xF900, 0x12100), *range(0x1DF00, 0x1EF00)]
SOME = [chr(code) for code in [*DENSE, *range(0x13430, 0x13460), *range(0x31340, 0x31360)]]


@pytest.fixture(scope="module")
def both(spark: Spark, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    work = tmp_path_factory.mktemp("engines")
    made = DuckDBEngine(connect(work, threads=2)), SparkEngine(spark, connect(work, threads=1))
    yield made
    for engine in made:
        engine.close()


def answers(engine: Engine, data: pa.Table, kind: str, builds: dict[str, Build]) -> pa.Table:
    """What `builds` make of the column `a` of `data`, in its order."""
    engine.forget("asked")
    table = engine.load("asked", data, {"i": "integer", "a": kind})
    made = ops.project(table, {"i": table["i"], **{n: b(table["a"]) for n, b in builds.items()}})
    return engine.arrow(ops.ordered(made, ["i"]))


def compare(both: Both, values: pa.Array, kind: str, builds: dict[str, Build]) -> None:
    data = pa.table({"i": pa.array(range(len(values)), pa.int64()), "a": values})
    first, second = (answers(engine, data, kind, builds) for engine in both)
    for name in builds:
        pairs = zip(values, first[name], second[name], strict=True)
        if not first[name].equals(second[name]):
            odd = [(one, a, b) for one, a, b in pairs if a != b]
            pytest.fail(f"{name}: {len(odd)} answers differ, such as {odd[:5]}")


@pytest.mark.parametrize(
    "letters", [SOME, pytest.param(EVERY, marks=pytest.mark.slow)], ids=["dense", "every"]
)
def test_code_points(both: Both, letters: list[str]) -> None:
    alone: dict[str, Build] = {
        "bare_token": ops.bare_token,
        "code_spelling": ops.code_spelling,
        "is_blank": ops.is_blank,
        "key_spelling": ops.key_spelling,
        "text_length": ops.text_length,
        "letter_or_digit": lambda a: ops.matches(a, r"[\p{L}\p{N}]"),
        "invisible": lambda a: ops.matches(a, r"[\p{Z}\p{Cc}\p{Cf}]"),
        "dash": lambda a: ops.matches(a, r"\p{Pd}"),
        "nhs_shaped": lambda a: ops.nhs_shaped(ops.join_text(_nine(), a, _one())),
        "outward_postcode": lambda a: ops.outward_postcode(ops.join_text(_postcode(), a)),
    }
    compare(both, pa.array(letters), "text", alone)


def _nine() -> ops.Value:
    return ops.constant("943476591", "text")


def _one() -> ops.Value:
    return ops.constant("9", "text")


def _postcode() -> ops.Value:
    return ops.constant("M1 1AE", "text")


def test_many_numbers(both: Both) -> None:
    random = np.random.default_rng(20261129)
    scale = 10.0 ** random.integers(-8, 14, 9_000)
    plain = random.uniform(-10, 10, 9_000) * scale
    cents = random.integers(-(10**9), 10**9, 4_000) / 100
    whole = random.integers(-(2**53), 2**53, 4_000).astype(float)
    edges = [0.0, 0.5, -0.5, 1e-4, 9.999e-5, 1e7, 9999999.5, 1e15, 9.99e15, 1e-299, 123.45]
    values = np.concatenate([plain, cents, whole, edges])
    builds: dict[str, Build] = {
        "as_text": ops.as_text,
        "key_spelling": ops.key_spelling,
        "nhs_shaped": ops.nhs_shaped,
        "half_up": lambda a: ops.round_half_up(a, Decimal("0.1")),
        "by_five": lambda a: ops.round_half_up(a, Decimal(5)),
    }
    compare(both, pa.array(values), "decimal", builds)


def test_a_number_of_which_java_may_find_another_text_is_refused(both: Both) -> None:
    exact, odd = 1e23, struct.unpack("d", struct.pack("Q", 0x43AB69D4FAA4C12F))[0]
    data = pa.table({"i": [1], "a": [odd]})
    assert answers(both[0], data, "decimal", {"out": ops.as_text})["out"].to_pylist()
    for number in (exact, odd):
        with pytest.raises(Exception, match="CW-ENGINE-FAILED"):
            answers(both[1], pa.table({"i": [1], "a": [number]}), "decimal", {"out": ops.as_text})


@pytest.mark.parametrize(
    "pattern", [r"\d", r"\w+", r"\s", r"(?i)a", r"[a[b]]", r"[a&&b]", r"\p{Greek}", "\\", r"(?=a)"]
)
def test_patterns_that_could_mean_something_else_are_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="another engine"):
        java_pattern(pattern)


# --- random tables through random steps -------------------------------------------------------

START = datetime.fromisoformat("1960-01-01")
TEXTS = st.one_of(
    st.none(),
    st.sampled_from(["", "a", "A", "b ", " b", "é", "ß", "I21.4", "M1 1AE", "9434765919", "0012"]),
    st.text(st.characters(codec="utf-8"), max_size=4),
)
KINDS: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "t": (pa.string(), TEXTS),
    "u": (pa.string(), st.sampled_from(["x", "y", "", None])),
    "n": (pa.int64(), st.one_of(st.none(), st.integers(-(2**31), 2**31), st.integers(-3, 3))),
    "x": (
        pa.float64(),
        st.one_of(st.none(), st.integers(-400, 400).map(lambda quarters: quarters / 4)),
    ),
    "d": (pa.date32(), st.one_of(st.none(), st.dates(date(1900, 1, 1), date(2100, 1, 1)))),
    "m": (
        pa.timestamp("us"),
        st.one_of(st.none(), st.datetimes(START, START + timedelta(days=50_000))),
    ),
}
OF = {"t": "text", "u": "text", "n": "integer", "x": "decimal", "d": "date", "m": "timestamp"}
Step = Callable[[ops.Table], ops.Table]

STEPS: list[Step] = [
    lambda t: ops.keep_where(t, ops.compare(t["n"], "ge", ops.constant(0, "integer"))),
    lambda t: ops.keep_where(t, ops.negate(ops.is_missing(t["t"]))),
    lambda t: ops.derive(t, {"t": ops.truncate(t["t"], 2)}),
    lambda t: ops.derive(t, {"t": ops.first_of(ops.outward_postcode(t["t"]), t["u"])}),
    lambda t: ops.derive(t, {"t": ops.bare_token(t["t"])}),
    lambda t: ops.derive(t, {"t": ops.key_spelling(t["t"]), "u": ops.nhs_shaped(t["t"])}),
    lambda t: ops.derive(t, {"n": ops.round_half_up(t["n"], Decimal(5))}),
    lambda t: ops.derive(t, {"x": ops.round_half_up(t["x"], Decimal("0.5"))}),
    lambda t: ops.derive(t, {"x": ops.divide(t["n"], t["x"])}),
    lambda t: ops.derive(t, {"n": ops.days_between(t["d"], t["m"])}),
    lambda t: ops.derive(t, {"d": ops.shift_weeks(t["d"], ops.constant(-3, "integer"))}),
    lambda t: ops.derive(t, {"m": ops.to_hour(t["m"]), "u": ops.month(t["m"])}),
    lambda t: ops.derive(t, {"u": ops.age_band(ops.age_at(t["d"], date(2024, 2, 29)), 5, 90)}),
    lambda t: ops.derive(t, {"n": ops.over_group(ops.count_rows(t), [t["u"]])}),
    lambda t: ops.derive(t, {"x": ops.over_group(ops.largest(t["x"]), [t["u"]])}),
    lambda t: ops.semi_join(t, ops.keep_where(t, ops.is_missing(t["x"])), {"u": "u"}),
    lambda t: ops.anti_join(t, ops.keep_where(t, ops.is_missing(t["n"])), {"t": "t"}),
    lambda t: ops.left_join(
        t, ops.group(t, ["t"], {"k": ops.count_distinct(t["u"])}), {"t": "t"}, {"n": "k"}
    ),
    lambda t: ops.inner_join_same(
        t, ops.group(t, ["u"], {"k": ops.smallest(t["m"])}), {"u": "u"}, {"m": "k"}
    ),
    lambda t: ops.union(t, ops.keep_where(t, ops.starts_with(t["t"], "a"))),
    ops.distinct,
]


@settings(max_examples=12)
@given(
    st.lists(st.tuples(*(strategy for _, strategy in KINDS.values())), max_size=60),
    st.lists(st.sampled_from(STEPS), min_size=1, max_size=5),
)
def test_random_tables_through_random_steps(
    both: Both, rows: list[tuple[Any, ...]], steps: list[Step]
) -> None:
    columns = list(zip(*rows, strict=True)) or [()] * len(KINDS)
    data = pa.table(
        {
            name: pa.array(values, type_)
            for (name, (type_, _)), values in zip(KINDS.items(), columns, strict=True)
        }
    )
    made = []
    for engine in both:
        engine.forget("given")
        table = engine.load("given", data, OF)
        for step in steps:
            table = step(table)
        made.append(engine.arrow(ops.ordered(table, ops.columns(table))))
    assert made[0].equals(made[1])


def test_the_release_is_the_same_bytes(both: Both) -> None:
    """Across row groups, with all kinds of columns and missing values in each."""
    random = np.random.default_rng(7)
    count = 250_000
    number = random.integers(0, 1000, count)
    gone = pa.array(random.random(count) < 0.05)
    columns = {
        "code": pa.array([bytes([n % 256]) * 16 for n in number.tolist()]),
        "n": pa.array(number),
        "x": pa.array(number / 8),
        "t": pa.array([f"text {n % 37}" for n in number.tolist()]),
        "b": pa.array(number % 2 == 0),
        "d": pa.array((number % 365).astype("int32"), pa.int32()).cast(pa.date32()),
        "m": pa.array([START + timedelta(minutes=n) for n in number.tolist()], pa.timestamp("us")),
    }
    kinds = dict(
        zip(
            columns,
            ["code", "integer", "decimal", "text", "boolean", "date", "timestamp"],
            strict=True,
        )
    )
    data = pa.table({n: pa.compute.if_else(gone, None, one) for n, one in columns.items()})
    written = []
    for engine in both:
        engine.forget("rows")
        table = engine.load("rows", data, kinds)
        sink = pa.BufferOutputStream()
        assert engine.write_parquet(ops.ordered(table, list(kinds)), sink) == count
        written.append(sink.getvalue())
    assert written[0].equals(written[1])
