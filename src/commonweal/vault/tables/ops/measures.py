"""Measures of groups, and conditions and constants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import ibis

from commonweal.vault.tables.ops.base import TYPES, Table, Value


def count_rows(table: Table) -> Value:
    """Number of rows (of the group)."""
    return table.count()


def count_rows_where_present(table: Table, name: str) -> Value:
    """Number of rows in which the column has a value."""
    return table[name].count()


def count_where(table: Table, condition: Value) -> Value:
    """Number of rows for which `condition` is true."""
    return table.count(where=condition)


def count_distinct(column: Value) -> Value:
    """Number of different values, missing not counted."""
    return column.nunique()


def total(column: Value) -> Value:
    """Sum."""
    return column.sum()


def mean(column: Value) -> Value:
    """Arithmetic mean."""
    return column.mean()


def smallest(column: Value) -> Value:
    """Minimum."""
    return column.min()


def largest(column: Value) -> Value:
    """Maximum."""
    return column.max()


@ibis.udf.agg.builtin(name="bit_or")  # type: ignore[untyped-decorator]
def _bit_or(value: int) -> int: ...  # type: ignore[empty-body]


@ibis.udf.scalar.builtin(name="bit_count")  # type: ignore[untyped-decorator]
def _bit_count(value: int) -> int: ...  # type: ignore[empty-body]


def bits_together(column: Value) -> Value:
    """Bitwise or of 64-bit integers over the group."""
    return _bit_or(column)


def bits_set(column: Value) -> Value:
    """Number of one-bits."""
    return _bit_count(column).cast("int64")


def over_group(measure: Value, by: Sequence[Value]) -> Value:
    """A measure of each row's group, on every row."""
    return measure.over(ibis.window(group_by=list(by)))


def row_number() -> Value:
    """The place of each row, from 1, in the order in which the source gives them."""
    return ibis.row_number().cast("int64") + 1


def place_among(column: Value) -> Value:
    """The place of each row, from 1, when the rows are put in ascending order of a column without
    equal or missing values."""
    order = ibis.window(order_by=[ibis.asc(column)])
    return ibis.row_number().over(order).cast("int64") + 1


def earlier_value(column: Value, steps: int, by: Sequence[Value], order: Sequence[Value]) -> Value:
    """The value `steps` rows before, within the group, in this order."""
    return column.lag(steps).over(ibis.window(group_by=list(by), order_by=list(order)))


def constant(value: str | int | float | bool | Any, kind: str) -> Value:
    """A constant of type `kind`. Only for what papers and policy say: never patients or keys."""
    if kind == "decimal":
        # A bare 0.1 is an exact decimal of its own type to every engine.
        return ibis.literal(repr(float(value))).cast(TYPES[kind])
    return ibis.literal(value, type=TYPES[kind])


def missing(kind: str) -> Value:
    """The missing value of type `kind`."""
    return ibis.null(TYPES[kind])


def compare(left: Value, op: Literal["eq", "ne", "lt", "le", "gt", "ge"], right: Value) -> Value:
    """A comparison; unknown where either side is missing."""
    return {
        "eq": lambda: left == right,
        "ne": lambda: left != right,
        "lt": lambda: left < right,
        "le": lambda: left <= right,
        "gt": lambda: left > right,
        "ge": lambda: left >= right,
    }[op]()


def is_in(column: Value, values: Sequence[Any]) -> Value:
    """True where the column is one of `values` (constants of papers or policy)."""
    return column.isin(list(values))


def starts_with(column: Value, prefix: str) -> Value:
    """True where the text starts with `prefix`, letter case respected."""
    return column.startswith(prefix)


def is_missing(column: Value) -> Value:
    """True where there is no value."""
    return column.isnull()


def both(first: Value, *others: Value) -> Value:
    """Logical and."""
    for other in others:
        first = first & other
    return first


def either(first: Value, *others: Value) -> Value:
    """Logical or."""
    for other in others:
        first = first | other
    return first


def negate(condition: Value) -> Value:
    """Logical not."""
    return ~condition


def choose(condition: Value, then: Value, otherwise: Value) -> Value:
    """`then` where the condition is true, else `otherwise`."""
    return ibis.ifelse(condition, then, otherwise)


def first_of(*values: Value) -> Value:
    """The first value that is not missing."""
    return ibis.coalesce(*values)


def plus(left: Value, right: Value) -> Value:
    """Sum of two numbers."""
    return left + right


def times(left: Value, right: Value) -> Value:
    """Product of two numbers."""
    return left * right


def natural_log(column: Value) -> Value:
    """Natural logarithm of a number above 0, as a decimal; an error for any other."""
    return column.cast("float64").ln()


def divide(left: Value, right: Value) -> Value:
    """Quotient of two numbers, as a decimal; missing where it is divided by 0."""
    return left.cast("float64") / right.cast("float64").nullif(0.0)
