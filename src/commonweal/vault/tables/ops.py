"""Table operations: a closed list, defined once for every engine.

This is the only module that knows Ibis. It is used as a compiler alone: operations build
expressions over named tables, `to_sql` turns them into the SQL of an engine, and the engine runs
that text on its own connection. No value of a patient and no key is ever a literal: keys live in
one-row tables that the engine fills with bound parameters.

House rules kept here for every engine: rounding is half up, letters are lowered in ASCII only,
dates have no time zone, an age changes on the birthday (29 February: on 1 March).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal, TypeAlias

import ibis
import ibis.expr.types as ir

Table: TypeAlias = ir.Table
"""A table expression. Callers pass it on and take columns by name; they do not build on Ibis."""
Value: TypeAlias = ir.Value
Dialect = Literal["duckdb", "pyspark"]

TYPES: dict[str, str] = {
    "text": "string",
    "integer": "int64",
    "decimal": "float64",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "code": "binary",
}
"""Types of the catalogue (and `code`, 16 bytes) as engine types."""

_HEX = "0123456789abcdef"
_POSTCODE = "^[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}$"


# --- tables ---------------------------------------------------------------------------------


def named(name: str, columns: Mapping[str, str]) -> Table:
    """The relation called `name` with `columns` (name: key of `TYPES`)."""
    return ibis.table({column: TYPES[kind] for column, kind in columns.items()}, name=name)


def to_sql(table: Table, dialect: Dialect) -> str:
    """The table expression as one SQL statement."""
    return str(ibis.to_sql(table, dialect=dialect, pretty=False))


def columns(table: Table) -> tuple[str, ...]:
    """The names of the columns, in order."""
    return tuple(table.columns)


def kinds(table: Table) -> dict[str, str]:
    """The columns with their types as keys of `TYPES`."""
    return {name: _kind(dtype) for name, dtype in table.schema().items()}


def select(table: Table, names: Sequence[str]) -> Table:
    """Only these columns, in this order."""
    return table.select(*names)


def rename(table: Table, new: Mapping[str, str]) -> Table:
    """Columns renamed: new name to old name."""
    return table.rename(dict(new))


def derive(table: Table, values: Mapping[str, Value]) -> Table:
    """Columns added or replaced."""
    return table.mutate(**dict(values))


def project(table: Table, values: Mapping[str, Value]) -> Table:
    """Exactly these columns, each computed from `table`."""
    return table.select(**dict(values))


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
    grouped = table.group_by(list(by)) if by else table
    return grouped.aggregate(**dict(measures))


def ordered(table: Table, by: Sequence[str]) -> Table:
    """Rows in ascending order of the columns `by`, missing values last."""
    return table.order_by([ibis.asc(table[name], nulls_first=False) for name in by])


# --- measures -------------------------------------------------------------------------------


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


def row_number(table: Table) -> Value:
    """The place of each row, from 1, in the order in which the source gives them."""
    return ibis.row_number().cast("int64") + 1


def earlier_value(column: Value, steps: int, by: Sequence[Value], order: Sequence[Value]) -> Value:
    """The value `steps` rows before, within the group, in this order."""
    return column.lag(steps).over(ibis.window(group_by=list(by), order_by=list(order)))


# --- conditions and constants ---------------------------------------------------------------


def constant(value: str | int | float | bool | Any, kind: str) -> Value:
    """A constant of type `kind`. Only for what papers and policy say: never patients or keys."""
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
    """Natural logarithm of a number above 0, as a decimal."""
    return column.cast("float64").ln()


def divide(left: Value, right: Value) -> Value:
    """Quotient of two numbers, as a decimal."""
    return left.cast("float64") / right.cast("float64")


# --- texts ----------------------------------------------------------------------------------


def as_text(column: Value) -> Value:
    """A value as text."""
    return column.cast("string")


def join_text(*parts: Value) -> Value:
    """Texts one after the other; missing where any is."""
    joined = parts[0]
    for part in parts[1:]:
        joined = joined + part
    return joined


def truncate(column: Value, length: int) -> Value:
    """The first `length` characters, not counting dots of codes and spaces around."""
    return column.replace(".", "").strip().substr(0, length).rstrip()


def bare_token(column: Value) -> Value:
    """Letters and digits only, in capitals: the spelling in which identifiers are sieved."""
    return column.cast("string").upper().re_replace(r"[^\p{L}\p{N}]", "")


def text_length(column: Value) -> Value:
    """Number of characters."""
    return column.length().cast("int64")


def outward_postcode(column: Value) -> Value:
    """The outward half of a UK postcode; missing where it is not one."""
    bare = column.upper().re_replace("[^A-Z0-9]", "")
    return ibis.ifelse(
        bare.re_search(_POSTCODE), bare.substr(0, bare.length() - 3), ibis.null("string")
    )


def bare_digits(column: Value) -> Value:
    """A text without spaces, tabs and dashes: the spelling in which NHS numbers are joined."""
    bare = column
    for character in " \t\r\n-":
        bare = bare.replace(character, "")
    return bare


def matches(column: Value, pattern: str) -> Value:
    """True where the text holds the regular expression (a constant of policy)."""
    return column.re_search(pattern)


def upper_bare(column: Value) -> Value:
    """A code in capitals without dots and spaces: `i21.4` gives `I214`."""
    return column.upper().replace(".", "").replace(" ", "")


def nhs_number(column: Value, *, synthetic: bool) -> Value:
    """The ten digits of a valid NHS number, else missing (rules of `foundation.identifiers`).

    `synthetic`: whether numbers of the range that is never issued are accepted.
    """
    digits = nhs_shaped(column)
    good = nhs_checked(as_number(digits), synthetic=synthetic)
    return ibis.ifelse(good, digits, ibis.null("string"))


def nhs_shaped(column: Value) -> Value:
    """The digits of a text that is shaped like an NHS number, else missing.

    First of three steps (`nhs_shaped`, `as_number`, `nhs_checked`): with a view after each, large
    tables are spared working the first ones out again for every digit.
    """
    text = column.cast("string")
    shaped = text.re_search(r"^[ \t\r\n]*[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}[ \t\r\n]*$")
    return ibis.ifelse(shaped, text.re_replace("[^0-9]", ""), ibis.null("string"))


def as_number(digits: Value) -> Value:
    """A text of digits as an integer."""
    return digits.cast("int64")


def nhs_checked(number: Value, *, synthetic: bool) -> Value:
    """Whether a ten-digit number has the right check digit and lies in a range in use."""
    summed = ibis.literal(0, "int64")
    for place in range(9):
        summed = summed + (number // 10 ** (9 - place) % 10) * (10 - place)
    expected = (11 - summed % 11) % 11
    check = (expected != 10) & (expected == number % 10)
    issued = number.between(4_000_000_000, 4_999_999_999)
    issued = issued | number.between(6_000_000_000, 7_999_999_999)
    if synthetic:
        issued = issued | number.between(9_000_000_000, 9_999_999_999)
    return check & issued & (number % 1_111_111_111 != 0)


# --- numbers and dates ----------------------------------------------------------------------


def round_half_up(column: Value, step: Decimal) -> Value:
    """To the nearest multiple of `step`, halves upwards (-2.5 to -2, 2.5 to 3 for step 1).

    Worked in whole millionths so that 0.15 at step 0.1 is 0.2 on every engine; integers stay
    integers where the step is whole.
    """
    unit = int(step * 1_000_000)
    if step == step.to_integral_value() and _kind(column.type()) == "integer":
        return _floor_to(column + int(step) // 2, int(step)) if step > 1 else column
    millionths = (column.cast("float64") * 1_000_000.0).round().cast("int64")
    exact = _floor_to(millionths * 2 + unit, 2 * unit).cast("float64") / 2_000_000.0
    small = column.cast("float64").abs() < 1e12
    return ibis.ifelse(small, exact, column.cast("float64"))


def year(column: Value) -> Value:
    """The year, as an integer."""
    return column.year().cast("int64")


def month(column: Value) -> Value:
    """Year and month as text, `2026-03`."""
    number = column.month().cast("int64")
    padded = ibis.ifelse(number < 10, ibis.literal("0"), ibis.literal("")) + number.cast("string")
    return column.year().cast("string") + "-" + padded


def age_at(born: Value, on: Any) -> Value:
    """Completed years at the date `on`; missing for people born later."""
    birth = born.cast("date")
    birthday = birth.month().cast("int64") * 100 + birth.day().cast("int64")
    had = ibis.literal(on.month * 100 + on.day, "int64") >= birthday
    years = ibis.literal(on.year, "int64") - birth.year().cast("int64")
    age = ibis.ifelse(had, years, years - 1)
    return ibis.ifelse(age >= 0, age, ibis.null("int64"))


def age_band(age: Value, width: int, top: int) -> Value:
    """An age in years as `65-69`, or `90+` from `top` on; single years where the width is 1."""
    low = _floor_to(age, width)
    label = low.cast("string")
    if width > 1:
        label = label + "-" + (low + (width - 1)).cast("string")
    label = ibis.ifelse(age >= top, ibis.literal(f"{top}+"), label)
    return ibis.ifelse(age >= 0, label, ibis.null("string"))


def days_between(later: Value, earlier: Value) -> Value:
    """Whole days from `earlier` to `later`, negative where the order is reversed."""
    return later.cast("date").delta(earlier.cast("date"), unit="day").cast("int64")


def as_date(column: Value) -> Value:
    """The day of a date or timestamp."""
    return column.cast("date")


def shift_weeks(column: Value, weeks: Value) -> Value:
    """A date or timestamp moved by a whole number of weeks."""
    moved = column + (weeks * 7).as_interval("D")
    # Adding days to a date gives a timestamp on some engines.
    return moved.cast("timestamp").cast("date") if _kind(column.type()) == "date" else moved


# --- codes made with keys -------------------------------------------------------------------


@ibis.udf.scalar.builtin(name="sha256")  # type: ignore[untyped-decorator]
def _sha256_hex(value: bytes) -> str: ...  # type: ignore[empty-body]


@ibis.udf.scalar.builtin(name="unhex")  # type: ignore[untyped-decorator]
def _unhex(value: str) -> bytes: ...  # type: ignore[empty-body]


@ibis.udf.scalar.builtin(name="concat")  # type: ignore[untyped-decorator]
def _bytes_concat(first: bytes, second: bytes) -> bytes: ...  # type: ignore[empty-body]


@ibis.udf.scalar.builtin(name="encode")  # type: ignore[untyped-decorator]
def _utf8(value: str) -> bytes: ...  # type: ignore[empty-body]


def hmac_hex(text: Value, inner: Value, outer: Value) -> Value:
    """HMAC-SHA-256 (RFC 2104) of UTF-8 `text` as 64 hexadecimal digits.

    `inner` and `outer` are the columns `inner_pad`, `outer_pad` of a key table: the key padded to 64 bytes and combined
    with 0x36 and 0x5c (see `DuckDBEngine.key_table`).
    """
    first = _unhex(_sha256_hex(_bytes_concat(inner, _utf8(text))))
    return _sha256_hex(_bytes_concat(outer, first))


def with_hmac(table: Table, name: str, into: str, key: Table) -> Table:
    """The table with column `into`: `hmac_hex` of the text column `name` under a key table."""
    keyed = table.cross_join(key.rename(cw__inner="inner_pad", cw__outer="outer_pad"))
    made = keyed.mutate(**{into: hmac_hex(keyed[name], keyed["cw__inner"], keyed["cw__outer"])})
    return made.select(*table.columns, into)


def drawn_between(hex_digest: Value, low: int, high: int) -> Value:
    """A whole number from `low` to `high`, drawn evenly from a digest made for drawing.

    Takes the 7 hexadecimal digits behind the first 16 bytes; the bias is below 1 in 2 million.
    """
    return number_of(hex_digest) % (high - low + 1) + low


def code_of(hex_digest: Value) -> Value:
    """The first 16 bytes of a hexadecimal digest: what is released as a pseudonym."""
    return _unhex(hex_digest.substr(0, 32))


def bytes_of(hex_digest: Value) -> Value:
    """All 32 bytes of a hexadecimal digest."""
    return _unhex(hex_digest)


def sha256_of(data: Value) -> Value:
    """SHA-256 of bytes, as 64 hexadecimal digits."""
    return _sha256_hex(data)


def join_bytes(first: Value, *others: Value) -> Value:
    """Byte strings one after the other."""
    for other in others:
        first = _bytes_concat(first, other)
    return first


def number_of(hex_digest: Value, digits: int = 7, start: int = 32) -> Value:
    """A whole number from `digits` hexadecimal digits from `start` on (uniform below 16**digits).

    Starts behind the 16 bytes of `code_of`, so that a released code says nothing about it.
    """
    number = ibis.literal(0, "int64")
    for place in range(start, start + digits):
        number = number * 16 + ibis.literal(_HEX).find(hex_digest.substr(place, 1)).cast("int64")
    return number


# --- inside ---------------------------------------------------------------------------------


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
    return both_sides.select(**own, **taken)


def _floor_to(number: Value, step: int) -> Value:
    # Exact for whole numbers of either sign: no engine's division is asked to floor.
    return number - ((number % step) + step) % step


def _kind(dtype: Any) -> str:
    if dtype.is_string():
        return "text"
    if dtype.is_integer():
        return "integer"
    if dtype.is_floating() or dtype.is_decimal():
        return "decimal"
    if dtype.is_boolean():
        return "boolean"
    if dtype.is_date():
        return "date"
    if dtype.is_timestamp():
        return "timestamp"
    if dtype.is_binary():
        return "code"
    raise TypeError(f"no kind for {dtype}")
