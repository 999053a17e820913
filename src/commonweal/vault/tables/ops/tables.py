"""Operations on whole tables: choosing, joining, grouping, ordering."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

import ibis

from commonweal.vault.tables.ops.base import TYPES, Dialect, Table, Value, kind_of


def named(name: str, columns: Mapping[str, str]) -> Table:
    """The relation called `name` with `columns` (name: key of `TYPES`)."""
    return ibis.table({column: TYPES[kind] for column, kind in columns.items()}, name=name)


def to_sql(table: Table, dialect: Dialect) -> str:
    """The table expression as one SQL statement."""
    if dialect == "pyspark":
        from commonweal.vault.tables.spark_sql import to_spark_sql

        return to_spark_sql(table)
    return _sql_of(table.op(), dialect)


@lru_cache(maxsize=2048)
def _sql_of(plan: Any, dialect: Dialect) -> str:
    """Writing a statement out takes longer than running it on few rows; a plan is a value.

    It holds names, types and constants of a plan, never rows or keys.
    """
    return str(ibis.to_sql(plan.to_expr(), dialect=dialect, pretty=False))


def columns(table: Table) -> tuple[str, ...]:
    """The names of the columns, in order."""
    return tuple(table.columns)


def kinds(table: Table) -> dict[str, str]:
    """The columns with their types as keys of `TYPES`."""
    return {name: kind_of(dtype) for name, dtype in table.schema().items()}


def select(table: Table, names: Sequence[str]) -> Table:
    """Only these columns, in this order."""
    return table.select(*names)


def rename(table: Table, new: Mapping[str, str]) -> Table:
    """Columns renamed: new name to old name."""
    return table.rename(dict(new))


def derive(table: Table, values: Mapping[str, Value]) -> Table:
    """Columns added or replaced."""
    return table.mutate(*_named(values))


def project(table: Table, values: Mapping[str, Value]) -> Table:
    """Exactly these columns, each computed from `table`."""
    return table.select(*_named(values))


def keep_where(table: Table, condition: Value) -> Table:
    """Rows for which `condition` is true (unknown counts as not true)."""
    return table.filter(condition)


def distinct(table: Table) -> Table:
    """Each row once."""
    return table.distinct()


def union(first: Table, *others: Table) -> Table:
    """All rows of tables with the same columns."""
    return ibis.union(first, *others, distinct=False) if others else first


def semi_join(left: Table, right: Table, on: Mapping[str, str]) -> Table:
    """Rows of `left` that have a partner; `on` maps left to right columns."""
    return left.semi_join(right, _pairs(left, right, on))


def anti_join(left: Table, right: Table, on: Mapping[str, str]) -> Table:
    """Rows of `left` without a partner."""
    return left.anti_join(right, _pairs(left, right, on))


def inner_join(left: Table, right: Table, on: Mapping[str, str], take: Mapping[str, str]) -> Table:
    """Rows of `left` with a partner, and from it the columns `take` (new name: right name)."""
    return _joined(left, right, on, take, "inner")


def inner_join_same(
    left: Table, right: Table, on: Mapping[str, str], take: Mapping[str, str]
) -> Table:
    """`inner_join` where a missing value is the partner of a missing value."""
    return _joined(left, right, on, take, "inner", same=True)


def left_join(left: Table, right: Table, on: Mapping[str, str], take: Mapping[str, str]) -> Table:
    """All rows of `left`; the columns `take` are missing where there is no partner."""
    return _joined(left, right, on, take, "left")


def cross_one(left: Table, one_row: Table) -> Table:
    """Every row of `left` beside the only row of `one_row`."""
    return left.cross_join(one_row)


def group(table: Table, by: Sequence[str], measures: Mapping[str, Value]) -> Table:
    """One row a group, with measures; with empty `by` one row for the whole table."""
    wanted = _named(measures)
    return table.group_by(list(by)).aggregate(wanted) if by else table.aggregate(wanted)


def ordered(table: Table, by: Sequence[str]) -> Table:
    """Rows in ascending order of the columns `by`, missing values last."""
    return table.order_by([ibis.asc(table[name], nulls_first=False) for name in by])


def _named(values: Mapping[str, Value]) -> list[Value]:
    # Not as keyword arguments: a column may be called `self`.
    return [value.name(name) for name, value in values.items()]


def _pairs(left: Table, right: Table, on: Mapping[str, str]) -> list[Value]:
    return [left[mine] == right[theirs] for mine, theirs in on.items()]


def _joined(
    left: Table,
    right: Table,
    on: Mapping[str, str],
    take: Mapping[str, str],
    how: Literal["inner", "left"],
    *,
    same: bool = False,
) -> Table:
    prefixed = {f"right__{name}": name for name in dict.fromkeys([*on.values(), *take.values()])}
    other = right.select(*prefixed.values()).rename(prefixed)
    sides = [(left[mine], other[f"right__{theirs}"]) for mine, theirs in on.items()]
    pairs = [a.identical_to(b) if same else a == b for a, b in sides]
    both_sides = left.join(other, pairs, how=how)
    own = {name: both_sides[name] for name in left.columns if name not in take}
    taken = {new: both_sides[f"right__{old}"] for new, old in take.items()}
    return both_sides.select(*_named({**own, **taken}))
