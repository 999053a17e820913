"""Typed reading: what each type takes, and that nothing is lost without being counted."""

from __future__ import annotations

import datetime as dt
from typing import Any

import duckdb
import pytest

from commonweal.vault.sources.values import (
    DUCKDB_TYPES,
    as_text,
    family,
    non_finite,
    typed,
    unreadable,
)

D, T = dt.date, dt.datetime
READ: list[tuple[str, str, Any]] = [
    ("integer", "0", 0),
    ("integer", "-12", -12),
    ("integer", "+5", 5),
    ("integer", "007", 7),
    ("integer", "63.0", 63),
    ("integer", "9223372036854775807", 9223372036854775807),
    ("decimal", ".5", 0.5),
    ("decimal", "5.", 5.0),
    ("decimal", "-1e-3", -0.001),
    ("boolean", "TRUE", True),
    ("boolean", "n", False),
    ("boolean", "1", True),
    ("date", "2000-02-29", D(2000, 2, 29)),
    ("date", "20000229", D(2000, 2, 29)),
    ("date", "3/2/1999", D(1999, 2, 3)),
    ("date", "31/12/1999", D(1999, 12, 31)),
    ("date", "1989-05-25 00:00:00", D(1989, 5, 25)),
    ("date", "1989-05-25T00:00:00.000Z", D(1989, 5, 25)),
    ("timestamp", "2001-07-04T08:42:44Z", T(2001, 7, 4, 8, 42, 44)),
    ("timestamp", "2001-07-04 08:42", T(2001, 7, 4, 8, 42)),
    ("timestamp", "2001-07-04 08:42:44+01:30", T(2001, 7, 4, 7, 12, 44)),
    ("timestamp", "2001-07-04T08:42:44-05", T(2001, 7, 4, 13, 42, 44)),
    ("timestamp", "2001-07-04T08:42:44.123456+0100", T(2001, 7, 4, 7, 42, 44, 123456)),
    ("timestamp", "4/7/2001 08:42", T(2001, 7, 4, 8, 42)),
    ("timestamp", "2001-07-04", T(2001, 7, 4)),
    ("date", "01/01/1000", D(1000, 1, 1)),
    ("date", "20100110", D(2010, 1, 10)),
    ("timestamp", "0001-01-01T00:00:00Z", T(1, 1, 1)),
    ("timestamp", "9999-12-31T23:59:59+00:00", T(9999, 12, 31, 23, 59, 59)),
    ("timestamp", "2020-02-28 24:00", T(2020, 2, 29)),
    ("text", " kept as it is ", " kept as it is "),
    ("text", "NaN", "NaN"),
]
NOT_READ = [
    ("integer", "1.5"), ("integer", "1e3"), ("integer", " 5"), ("integer", "1,000"),
    ("integer", "9223372036854775808"), ("integer", "x"), ("integer", "0x10"),
    ("decimal", "1,5"), ("decimal", "1_000"), ("decimal", "1e999"), ("decimal", "1 "),
    ("boolean", "maybe"), ("boolean", "2"),
    ("date", "2001-02-30"), ("date", "2001-2-3"), ("date", "2001/02/03"), ("date", "31/02/2001"),
    ("date", "20011301"), ("date", "02/13/2001"), ("date", "2001-02-03 10:00:00"),
    ("date", " 2001-02-03"), ("date", "2001"),
    # A year 0 stands for "unknown"; it was read as 1 BC, which Python cannot hold and Spark spells
    # otherwise than DuckDB.
    ("date", "01/01/0000"), ("date", "00000101"), ("date", "0000-01-01T00:00:00Z"),
    ("timestamp", "0000-01-01 10:00"), ("timestamp", "1/1/0000 10:00"),
    ("timestamp", "0001-01-01T00:00:00+14:00"), ("timestamp", "9999-12-31T23:59:59-14:00"),
    ("timestamp", "9999-12-31T24:00:00"),
    ("timestamp", "2001-02-30T00:00:00"), ("timestamp", "2001-07-04T25:00:00"),
    ("timestamp", "2001-07-04T08:42:44 BST"), ("timestamp", "yesterday"),
]  # fmt: skip


def ask(type_: str, value: str, missing: tuple[str, ...] = ()) -> tuple[Any, bool, bool]:
    with duckdb.connect() as c:
        c.execute("SET TimeZone = 'UTC'")
        row = c.execute(
            f"SELECT {typed('v', 'VARCHAR', type_, missing)}, "
            f"{unreadable('v', 'VARCHAR', type_, missing)}, {non_finite('v', 'VARCHAR', type_)} "
            "FROM (SELECT CAST(? AS VARCHAR) AS v)",
            [value],
        ).fetchone()
    assert row is not None
    return row[0], bool(row[1]), bool(row[2])


@pytest.mark.parametrize(("type_", "text", "value"), READ)
def test_what_each_type_reads(type_: str, text: str, value: Any) -> None:
    assert ask(type_, text) == (value, False, False)


@pytest.mark.parametrize(("type_", "text"), NOT_READ)
def test_what_does_not_read_is_null_and_counted(type_: str, text: str) -> None:
    assert ask(type_, text) == (None, True, False)


@pytest.mark.parametrize("type_", ["integer", "decimal", "date", "timestamp"])
@pytest.mark.parametrize("text", ["NaN", "nan", "inf", "-Infinity", "+INF"])
def test_what_is_not_finite_is_null_and_counted_apart(type_: str, text: str) -> None:
    assert ask(type_, text) == (None, False, True)


@pytest.mark.parametrize("type_", list(DUCKDB_TYPES))
@pytest.mark.parametrize("text", ["", "?", "it's missing"])
def test_missing_is_null_and_not_counted(type_: str, text: str) -> None:
    assert ask(type_, text, ("?", "it's missing")) == (None, False, False)


NATIVE: list[tuple[str, str, str, Any, bool, bool]] = [
    ("DOUBLE", "2.0::DOUBLE", "integer", 2, False, False),
    ("DOUBLE", "2.5::DOUBLE", "integer", None, True, False),
    ("DOUBLE", "'nan'::DOUBLE", "decimal", None, False, True),
    ("DOUBLE", "'-inf'::DOUBLE", "integer", None, False, True),
    ("DOUBLE", "'nan'::DOUBLE", "text", None, False, True),
    ("DOUBLE", "1e300::DOUBLE", "integer", None, True, False),
    ("HUGEINT", "170141183460469231731687303715884105727::HUGEINT", "integer", None, True, False),
    ("DECIMAL(6,2)", "1.25::DECIMAL(6,2)", "decimal", 1.25, False, False),
    ("DATE", "'infinity'::DATE", "date", None, False, True),
    ("DATE", "'2001-02-03'::DATE", "timestamp", T(2001, 2, 3), False, False),
    ("TIMESTAMP", "'2001-02-03 00:00:00'::TIMESTAMP", "date", D(2001, 2, 3), False, False),
    ("TIMESTAMP", "'2001-02-03 01:00:00'::TIMESTAMP", "date", None, True, False),
    ("TIMESTAMP WITH TIME ZONE", "'2001-02-03 01:00:00+02'::TIMESTAMPTZ", "timestamp",
     T(2001, 2, 2, 23), False, False),
    ("BIGINT", "1::BIGINT", "boolean", True, False, False),
    ("BIGINT", "7::BIGINT", "boolean", None, True, False),
    ("BIGINT", "7::BIGINT", "date", None, True, False),
    ("BOOLEAN", "true", "text", "true", False, False),
]  # fmt: skip


@pytest.mark.parametrize(("storage", "sql", "type_", "value", "bad", "odd"), NATIVE)
def test_stored_types(storage: str, sql: str, type_: str, value: Any, bad: bool, odd: bool) -> None:
    with duckdb.connect() as c:
        c.execute("SET TimeZone = 'UTC'")
        row = c.execute(
            f"SELECT {typed('v', storage, type_)}, {unreadable('v', storage, type_)}, "
            f"{non_finite('v', storage, type_)} FROM (SELECT {sql} AS v)"
        ).fetchone()
    assert row == (value, bad, odd)


def test_a_missing_token_counts_in_stored_numbers_too() -> None:
    with duckdb.connect() as c:
        values = "(VALUES (-9), (3)) t(v)"
        read = ("v", "INTEGER", "integer", ("-9",))
        text = as_text("v", "INTEGER", ("-9",))
        rows = c.execute(
            f"SELECT {typed(*read)}, {text}, {unreadable(*read)} FROM {values}"
        ).fetchall()
    assert rows == [(None, None, False), (3, "3", False)]


@pytest.mark.parametrize(
    "storage", ["INTEGER[]", "STRUCT(a INTEGER)", "MAP(VARCHAR, INTEGER)", "BLOB", "VARCHAR[3]"]
)
def test_what_is_no_single_value_has_no_type(storage: str) -> None:
    assert family(storage) is None
