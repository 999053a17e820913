"""Operations beside their oracles, on values that nobody thought of."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.foundation.connection import connect
from commonweal.foundation.identifiers import check_digit
from commonweal.vault.tables import ops
from commonweal.vault.tables.duckdb_engine import DuckDBEngine
from tests.spec.tables.cases import age, outward
from tests.spec.tables.spellings import key_spelt, nhs

ARROW = {"text": pa.string(), "integer": pa.int64(), "decimal": pa.float64(), "date": pa.date32()}
FEW = settings(max_examples=max(15, settings().max_examples // 3))


@pytest.fixture(scope="module", params=["duckdb"])
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DuckDBEngine]:
    made = DuckDBEngine(connect(tmp_path_factory.mktemp("engine"), threads=1))
    yield made
    made.close()


def worked_out(
    engine: DuckDBEngine, kind: str, values: Sequence[Any], build: Callable[[Any], ops.Value]
) -> list[Any]:
    data = pa.table({"i": pa.array(range(len(values)), pa.int64()),
                     "a": pa.array(values, ARROW[kind])})  # fmt: skip
    engine.forget("given")
    given_ = engine.load("given", data, {"i": "integer", "a": kind})
    made = ops.project(given_, {"i": given_["i"], "out": build(given_["a"])})
    found = {row["i"]: row["out"] for row in engine.rows(made, len(values))}
    return [found[i] for i in range(len(values))]


@st.composite
def near_numbers(draw: st.DrawFn) -> str:
    first = f"{draw(st.integers(0, 999_999_999)):09d}"
    digit = check_digit(first)
    last = str(digit) if digit is not None and draw(st.booleans()) else str(draw(st.integers(0, 9)))
    ten = first + last
    zero = draw(st.sampled_from([0x30, 0x30, 0xFF10, 0x0660, 0x0BE6]))
    ten = "".join(chr(zero + int(one)) for one in ten)
    gap = draw(st.sampled_from(["", " ", "-", "  ", "\u00a0", ".", " . ", "\u2013", "_", ","]))
    other = draw(st.sampled_from([gap, "", " "]))
    around = draw(st.sampled_from(["", " ", "\t", "\n", "\r\n", "x", "\u2003", "\x0b", "'", "-"]))
    tail = draw(st.sampled_from(["", "", ".0", ".", ".5", "0"]))
    return around + ten[:3] + gap + ten[3:6] + other + ten[6:] + tail + around


ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))


@FEW
@given(st.lists(st.one_of(near_numbers(), ANY_TEXT), min_size=1), st.booleans())
def test_nhs_numbers(engine: DuckDBEngine, texts: list[str], synthetic: bool) -> None:
    found = worked_out(engine, "text", texts, lambda a: ops.nhs_number(a, synthetic=synthetic))
    assert found == [nhs(synthetic)(text) for text in texts]


NEAR_KEYS = st.text(alphabet="aB0012.. -/#\t\u00e9", max_size=8)


@FEW
@given(st.lists(st.one_of(NEAR_KEYS, ANY_TEXT), min_size=1))
def test_spellings_of_keys(engine: DuckDBEngine, texts: list[str]) -> None:
    assert worked_out(engine, "text", texts, ops.key_spelling) == [key_spelt(t) for t in texts]


@FEW
@given(st.lists(ANY_TEXT, min_size=1), st.binary(min_size=16, max_size=64))
def test_hmac(engine: DuckDBEngine, texts: list[str], key: bytes) -> None:
    data = pa.table({"a": pa.array(texts, pa.string())})
    for name in ("given", "key"):
        engine.forget(name)
    table = ops.with_hmac(
        engine.load("given", data, {"a": "text"}), "a", "code", engine.key_table("key", key)
    )
    for row in engine.rows(table, len(texts)):
        assert row["code"] == hmac.new(key, row["a"].encode(), hashlib.sha256).hexdigest()


@FEW
@given(
    st.lists(st.decimals(-(10**6), 10**6, places=4), min_size=1),
    st.sampled_from(["0.001", "0.01", "0.1", "0.5", "1", "5", "10", "250"]),
)
def test_round_half_up(engine: DuckDBEngine, values: list[Decimal], step: str) -> None:
    numbers = [float(value) for value in values]
    found = worked_out(engine, "decimal", numbers, lambda a: ops.round_half_up(a, Decimal(step)))
    exact = Decimal(step)
    for value, out in zip(values, found, strict=True):
        units = (value / exact + Decimal("0.5")).to_integral_value(ROUND_FLOOR)
        assert out == float(units * exact)


@FEW
@given(st.lists(st.integers(-(10**12), 10**12), min_size=1), st.integers(1, 1000))
def test_round_half_up_of_whole_numbers(engine: DuckDBEngine, values: list[int], step: int) -> None:
    found = worked_out(engine, "integer", values, lambda a: ops.round_half_up(a, Decimal(step)))
    assert found == [(2 * value + step) // (2 * step) * step for value in values]


DATES = st.dates(date(1900, 1, 1), date(2100, 12, 31))


@FEW
@given(st.lists(DATES, min_size=1), DATES)
def test_ages(engine: DuckDBEngine, born: list[date], on: date) -> None:
    found = worked_out(engine, "date", born, lambda a: ops.age_at(a, on))
    assert found == [age(on)(day) for day in born]


@FEW
@given(st.lists(DATES, min_size=1), st.integers(-26, 26))
def test_shifts_keep_intervals(engine: DuckDBEngine, days: list[date], weeks: int) -> None:
    found = worked_out(
        engine, "date", days, lambda a: ops.shift_weeks(a, ops.constant(weeks, "integer"))
    )
    assert found == [day + timedelta(weeks=weeks) for day in days]


POSTCODE_LIKE = st.from_regex(r"\A[A-Za-z]{1,3}[0-9][A-Za-z0-9]? ?[0-9][A-Za-z]{2,3}\Z")
ASCII_TEXT = st.text(st.characters(max_codepoint=0x7E, min_codepoint=0x20))


@FEW
@given(st.lists(st.one_of(POSTCODE_LIKE, ASCII_TEXT), min_size=1))
def test_outward_postcodes(engine: DuckDBEngine, texts: list[str]) -> None:
    assert worked_out(engine, "text", texts, ops.outward_postcode) == [outward(t) for t in texts]
