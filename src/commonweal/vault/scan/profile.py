"""A table's profile from one statement that reads each row once.

Every column is grouped to its distinct values with their counts (GROUPING SETS, one scan); all
questions (type, checks, codes, lengths) are then asked once per distinct value and weighted by its
count. So counts of distinct values, shares and uniqueness are exact, and a question costs as much
as there are different values. No value leaves this module: only counts, shares, lengths, and, for
numbers and dates, the 5th and 95th percentile, which the catalogue shows only where the column
identifies nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import duckdb

from commonweal.foundation.connection import quote_identifier, quote_literal
from commonweal.vault.scan.detectors import DETECTORS, MISSING_TOKENS
from commonweal.vault.sources.source import (
    MAX_CELL,
    Column,
    Source,
    SourceTable,
    refuse_long_cells,
)
from commonweal.vault.sources.values import (
    NON_FINITE,
    boolean_from_text,
    date_from_text,
    decimal_from_text,
    family,
    integer_from_text,
    timestamp_from_text,
)

COLUMNS_PER_STATEMENT = 60
"""GROUPING() holds 63 bits, so a wider table is read in several statements."""


@dataclass(frozen=True)
class ColumnProfile:
    """What is known of one column. Counts are of rows unless said otherwise.

    `present` excludes missing, empty and not-a-number values; `shares` maps a detector or type to
    the share (0 to 1) of present values that match; `tokens` counts the texts that may stand for
    missing; `own_name` counts rows that hold the column's own name; `numbers` are the 5th and 95th
    percentile to two significant digits, `years` those of dates: a range to judge by, never a
    record's own figure.
    """

    name: str
    storage: str
    rows: int
    present: int = 0
    missing: int = 0
    non_finite: int = 0
    distinct: int = 0
    most_common: int = 0
    min_length: int = 0
    max_length: int = 0
    mean_words: float = 0.0
    shares: dict[str, float] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    own_name: int = 0
    numbers: tuple[float, float] | None = None
    years: tuple[int, int] | None = None

    def share(self, of: str) -> float:
        """The share of present values that match a detector or read as a type."""
        return self.shares.get(of, 0.0)

    @property
    def unique(self) -> bool:
        """True if no present value occurs twice, and none is missing."""
        return self.present > 0 and self.distinct == self.present == self.rows

    @property
    def top_share(self) -> float:
        """The share of present values that are the most common one."""
        return self.most_common / self.present if self.present else 0.0


@dataclass(frozen=True)
class TableProfile:
    """The profile of a table: its columns in their order."""

    table: SourceTable
    rows: int
    columns: tuple[ColumnProfile, ...]

    def column(self, name: str) -> ColumnProfile:
        """The profile of the column called `name` (KeyError if there is none)."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


def profile_table(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    table: SourceTable,
    *,
    missing: Sequence[str] | None = None,
) -> TableProfile:
    """Profile every column of `table` in one pass.

    `missing`: the declared missing tokens; None while scanning, when the usual ones are counted.
    Raises the faults of the source (CW-SOURCE-MALFORMED, CW-SOURCE-ENCODING, CW-SOURCE-CELL).
    """
    relation = source.relation(connection, table)
    usable = [column for column in table.columns if family(column.storage) is not None]
    found: dict[str, ColumnProfile] = {}
    rows = 0
    with source.reading_errors(table):
        for start in range(0, len(usable), COLUMNS_PER_STATEMENT):
            part = usable[start : start + COLUMNS_PER_STATEMENT]
            answer = connection.execute(profile_statement(part, relation, missing)).fetchall()
            for record in answer:
                column, profile = _read(part, table, record)
                found[column] = profile
                rows = profile.rows
        if not usable:
            counted = connection.execute(f"SELECT count(*) FROM {relation}").fetchone()  # noqa: S608
            rows = int(counted[0]) if counted else 0
    columns = tuple(
        found.get(column.name, ColumnProfile(column.name, column.storage, rows, missing=rows))
        for column in table.columns
    )
    return TableProfile(table, rows, columns)


_TYPES = {
    "integer": integer_from_text("v"),
    "decimal": decimal_from_text("v"),
    "boolean": boolean_from_text("v"),
    "date": date_from_text("v"),
    "timestamp": timestamp_from_text("v"),
}


def _grouped(columns: Sequence[Column], relation: str) -> str:
    """Every column's distinct values with their counts, from one scan."""
    names = [f"c{place}" for place in range(len(columns))]
    texts = ", ".join(
        f"CAST({quote_identifier(column.name)} AS VARCHAR) AS {name}"
        for column, name in zip(columns, names, strict=True)
    )
    sets = ", ".join(f"({name})" for name in names)
    everything = (1 << len(names)) - 1
    place_of = " ".join(
        f"WHEN {everything ^ (1 << (len(names) - 1 - place))} THEN {place}"
        for place in range(len(names))
    )
    return f"""SELECT CASE grouping_id({", ".join(names)}) {place_of} END AS place,
               coalesce({", ".join([*names, "NULL"])}) AS v, count(*) AS n
        FROM (SELECT {texts} FROM {relation}) GROUP BY GROUPING SETS ({sets})"""  # noqa: S608 (identifiers are quoted)


# Numbers and dates start with a digit, a sign or a point; asking that first is cheap.
_NUMERIC = "first BETWEEN 43 AND 57"


def profile_statement(
    columns: Sequence[Column], relation: str, missing: Sequence[str] | None = None
) -> str:
    """The one statement: a row of measures for each column that has rows."""
    absent = MISSING_TOKENS if missing is None else tuple(missing) or ("",)
    tokens = ", ".join(quote_literal(token) for token in absent)
    return f"""
    WITH groups AS MATERIALIZED (
        {_grouped(columns, relation)}
    ), shaped AS (
        {_shaped(tokens, columns)}
    ), asked AS (
        {_asked()}
    ), ranked AS (
        {_ranked(tokens)}
    ), ranges AS (
        {_RANGES}
    )
    {_measured()}
    """


def _shaped(tokens: str, columns: Sequence[Column]) -> str:
    """Each value with its length, its first character, and whether it says that nothing is there.

    `tokens`: the missing tokens, as a list of literals.
    """
    names = ", ".join(quote_literal(column.name) for column in columns)
    odd = ", ".join(quote_literal(text) for text in NON_FINITE)
    return f"""SELECT place, v, n, length(v) AS len, ascii(v) AS first,
               v IS NULL OR v = '' AS gone, v = [{names}][place + 1] AS own_name,
               coalesce(v <> '' AND length(v) <= 50 AND v IN ({tokens}), false) AS token,
               coalesce(length(v) <= 9 AND lower(v) IN ({odd}), false) AS odd
        FROM groups"""  # noqa: S608 (literals are quoted)


def _asked() -> str:
    """Each value read as every type that its length and first character allow, and its marks."""
    tests = ", ".join(f"{sql} AS is_{name}" for name, sql in DETECTORS.items())
    # The text forms of a date and of a timestamp overlap: a date alone is its midnight.
    return f"""SELECT place, n, len, gone, token, odd, own_name, NOT (gone OR token OR odd) AS ok,
               CASE WHEN token THEN v END AS token_text,
               CASE WHEN len <= 40 AND {_NUMERIC} THEN {_TYPES["integer"]} END AS as_integer,
               CASE WHEN len <= 40 AND {_NUMERIC} THEN {_TYPES["decimal"]} END AS number,
               CASE WHEN len <= 5 THEN {_TYPES["boolean"]} END AS as_boolean,
               CASE WHEN len BETWEEN 8 AND 40 AND {_NUMERIC} THEN {_TYPES["date"]} END AS day,
               CASE WHEN len BETWEEN 8 AND 40 AND {_NUMERIC} THEN {_TYPES["timestamp"]} END
               AS moment,
               CASE WHEN gone THEN 0 ELSE len - length(replace(v, ' ', '')) + 1 END AS words,
               {tests}
        FROM shaped"""  # noqa: S608 (constants of the house)


def _ranked(tokens: str) -> str:
    """Numbers and moments with the share of their column's rows that lie at or below them."""
    return f"""SELECT place, number, moment, n,
               sum(n) OVER (PARTITION BY place ORDER BY coalesce(number, epoch(moment)))
               / sum(n) OVER (PARTITION BY place) AS rank
        FROM (SELECT place, n, {_TYPES["decimal"]} AS number, {_TYPES["timestamp"]} AS moment
              FROM groups WHERE length(v) <= 40 AND ascii(v) BETWEEN 43 AND 57
              AND v NOT IN ('', {tokens}))
        WHERE number IS NOT NULL OR moment IS NOT NULL"""  # noqa: S608 (literals are quoted)


# From the 5th to the 95th percentile: the extremes of a column are single people.
_RANGES = """SELECT place,
               min(number) FILTER (WHERE rank >= 0.05) AS low,
               min(number) FILTER (WHERE rank >= 0.95) AS high,
               year(min(moment) FILTER (WHERE rank >= 0.05)) AS early,
               year(min(moment) FILTER (WHERE rank >= 0.95)) AS late
        FROM ranked GROUP BY place"""


def _measured() -> str:
    """The measures of a column, in the order in which `_read` takes them."""
    shares = ", ".join(f"sum(n) FILTER (WHERE ok AND is_{name})" for name in DETECTORS)
    return f"""SELECT place, sum(n), sum(n) FILTER (WHERE ok), sum(n) FILTER (WHERE gone),
           sum(n) FILTER (WHERE odd), count(*) FILTER (WHERE ok), max(n) FILTER (WHERE ok),
           min(len) FILTER (WHERE ok), max(len) FILTER (WHERE ok),
           sum(n * words) FILTER (WHERE ok), max(len),
           coalesce(sum(n) FILTER (WHERE len > {MAX_CELL}), 0),
           map_from_entries(list((token_text, n)) FILTER (WHERE token)),
           any_value(low), any_value(high), any_value(early), any_value(late),
           sum(n) FILTER (WHERE own_name),
           sum(n) FILTER (WHERE ok AND as_integer IS NOT NULL),
           sum(n) FILTER (WHERE ok AND number IS NOT NULL),
           sum(n) FILTER (WHERE ok AND as_boolean IS NOT NULL),
           sum(n) FILTER (WHERE ok AND day IS NOT NULL),
           sum(n) FILTER (WHERE ok AND moment IS NOT NULL),
           {shares}
    FROM asked LEFT JOIN ranges USING (place) GROUP BY place ORDER BY place"""  # noqa: S608 (constants of the house)


_BEFORE_TYPES = 18


def _read(
    columns: Sequence[Column], table: SourceTable, record: tuple[object, ...]
) -> tuple[str, ColumnProfile]:
    values: list[object] = list(record)
    column = columns[_whole(values[0])]
    refuse_long_cells(table, column.name, _whole(values[11]))
    present = _whole(values[2])
    counts = [_whole(value) for value in values[_BEFORE_TYPES:]]
    named = dict(zip([*_TYPES, *DETECTORS], counts, strict=True))
    tokens = values[12] if isinstance(values[12], dict) else {}
    low, high = values[13], values[14]
    numbers = None
    if isinstance(low, float) and isinstance(high, float):
        numbers = (_two_digits(low), _two_digits(high))
    years = None
    if isinstance(values[15], int) and isinstance(values[16], int):
        years = (values[15], values[16])
    profile = ColumnProfile(
        name=column.name,
        storage=column.storage,
        rows=_whole(values[1]),
        present=present,
        missing=_whole(values[3]),
        non_finite=_whole(values[4]),
        distinct=_whole(values[5]),
        most_common=_whole(values[6]),
        min_length=_whole(values[7]),
        max_length=_whole(values[8]),
        mean_words=_whole(values[9]) / present if present else 0.0,
        shares={name: count / present for name, count in named.items() if present and count},
        tokens={str(token): _whole(count) for token, count in tokens.items()},
        own_name=_whole(values[17]),
        numbers=numbers,
        years=years,
    )
    return column.name, profile


def _two_digits(number: float) -> float:
    return float(f"{number:.2g}")


def _whole(value: object) -> int:
    # DuckDB gives a wide sum as a Decimal.
    return int(value) if isinstance(value, int | float | Decimal) else 0
