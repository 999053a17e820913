"""From what a source stores to a typed value, as DuckDB SQL.

The six types of the catalogue have one reading each, the same for every source:

- `text`: as stored, never trimmed.
- `integer`: an optional sign and digits, `63.0` too; must fit 64 bits.
- `decimal`: plain or scientific notation with a point, as a 64-bit float.
- `boolean`: true/false, t/f, yes/no, y/n, 1/0 in any case.
- `date`: `YYYY-MM-DD`, `YYYYMMDD`, `DD/MM/YYYY` (the British order), or a timestamp at midnight.
- `timestamp`: ISO 8601 with `T` or a space, in UTC where an offset is given, else as written;
  `DD/MM/YYYY HH:MM[:SS]`; a date alone is its midnight.

The empty text and the declared missing tokens are NULL. NaN and infinities are NULL in numbers and
dates, and counted. Anything else that does not read is NULL and counted as unreadable, so that no
caller can lose a value without knowing.
"""

from __future__ import annotations

from collections.abc import Sequence

from commonweal.foundation.connection import quote_literal

NON_FINITE = ("nan", "+nan", "-nan", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity")
DUCKDB_TYPES = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "decimal": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}
"""The DuckDB type of each type of the catalogue."""

# No calendar has a year 0, which people write for "unknown": an engine would make 1 BC of it.
_YEAR = "([0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)"
_EDGES = "('0001-01-01', '9999-12-31')"
"""The days from which an offset, or the hour 24, leads out of the years 1 to 9999."""
_WIDTHS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_INTEGERS = frozenset(sign + width for width in _WIDTHS for sign in ("", "U"))
_TEXTS = frozenset({"VARCHAR", "UUID", "TIME", "TIME_NS", "TIME WITH TIME ZONE", "INTERVAL", "BIT"})


def family(storage: str) -> str | None:
    """The type of the catalogue that a DuckDB storage type is nearest to, or None if there is none.

    Lists, structures, maps and bytes have none: they cannot be released.
    """
    if storage.endswith("]") or storage.startswith(("STRUCT", "MAP", "UNION", "BLOB", "GEOMETRY")):
        return None
    if storage in _INTEGERS:
        return "integer"
    if storage in ("FLOAT", "DOUBLE") or storage.startswith("DECIMAL"):
        return "decimal"
    if storage == "BOOLEAN":
        return "boolean"
    if storage == "DATE":
        return "date"
    if storage.startswith("TIMESTAMP"):
        return "timestamp"
    return "text" if storage in _TEXTS or storage.startswith("ENUM") else None


def as_text(column: str, storage: str, missing: Sequence[str] = ()) -> str:
    """SQL for the stored value as text: NULL where it is empty or a declared missing token."""
    text = column if storage == "VARCHAR" else f"CAST({column} AS VARCHAR)"
    tokens = ", ".join(quote_literal(token) for token in dict.fromkeys(("", *missing)))
    return f"CASE WHEN {text} IN ({tokens}) THEN NULL ELSE {text} END"


def non_finite(column: str, storage: str, type_: str) -> str:
    """SQL that is true where a number or date is NaN or infinite."""
    stored = family(storage)
    if stored in ("date", "timestamp") or storage in ("FLOAT", "DOUBLE"):
        return f"({column} IS NOT NULL AND NOT isfinite({column}))"
    if stored == "text" and type_ not in ("text", "boolean"):
        return f"(length({column}) <= 9 AND lower({column}) IN ({_literals(NON_FINITE)}))"
    return "false"


def typed(column: str, storage: str, type_: str, missing: Sequence[str] = ()) -> str:
    """SQL for the value in the DuckDB type of `type_`; NULL where missing or unreadable."""
    native = _native(column, family(storage), type_)
    if native is None or (missing and family(storage) == "text"):
        text = as_text(column, storage, missing)
        if type_ == "text":
            return f"CASE WHEN {non_finite(column, storage, type_)} THEN NULL ELSE {text} END"
        return _READERS[type_](text)
    if missing:
        return (
            f"CASE WHEN ({as_text(column, storage, missing)}) IS NULL THEN NULL ELSE {native} END"
        )
    return native


def unreadable(column: str, storage: str, type_: str, missing: Sequence[str] = ()) -> str:
    """SQL that is true where there is a value that does not read as `type_`."""
    if type_ == "text":
        return "false"
    text = as_text(column, storage, missing)
    value = typed(column, storage, type_, missing)
    odd = non_finite(column, storage, type_)
    # Nearly every value reads, and is written as text for nothing then.
    return f"CASE WHEN ({value}) IS NULL THEN ({text}) IS NOT NULL AND NOT {odd} ELSE false END"


def _native(column: str, stored: str | None, type_: str) -> str | None:
    """SQL that needs no text in between, where the storage allows it."""
    finite = f"CASE WHEN isfinite({column}) THEN {{}} END"
    readable_year = f"year({column}) BETWEEN 1 AND 9999"
    match stored, type_:
        case "integer", "integer":
            return f"TRY_CAST({column} AS BIGINT)"
        case "integer" | "decimal", "decimal":
            value = f"CAST({column} AS DOUBLE)"
            # Adding 0 makes a plain 0 of -0, which would be another text and other bytes.
            return f"CASE WHEN isfinite({value}) THEN {value} + 0.0 END"
        case "decimal", "integer":
            value = f"CAST({column} AS DOUBLE)"
            whole = f"isfinite({value}) AND {value} = trunc({value}) AND abs({value}) < 9.2e18"
            return f"CASE WHEN {whole} THEN TRY_CAST({column} AS BIGINT) END"
        case "boolean", "boolean":
            return column
        case "date", "date":
            return finite.format(f"CASE WHEN {readable_year} THEN {column} END")
        case (("date" | "timestamp"), "timestamp"):
            stamp = f"CAST({column} AS TIMESTAMP)"
            return finite.format(f"CASE WHEN {readable_year} THEN {stamp} END")
        case "timestamp", "date":
            stamp = f"CAST({column} AS TIMESTAMP)"
            midnight = f"{stamp} = date_trunc('day', {stamp}) AND {readable_year}"
            return finite.format(f"CASE WHEN {midnight} THEN CAST({stamp} AS DATE) END")
        case _:
            return None


def integer_from_text(text: str) -> str:
    """SQL: the BIGINT that `text` spells, or NULL."""
    cast = f"TRY_CAST({text} AS BIGINT)"
    return f"CASE WHEN regexp_full_match({text}, '[+-]?[0-9]{{1,19}}([.]0*)?') THEN {cast} END"


def decimal_from_text(text: str) -> str:
    """SQL: the finite DOUBLE that `text` spells, or NULL."""
    number = "[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]{1,4})?"
    cast = f"TRY_CAST({text} AS DOUBLE)"
    finite = f"regexp_full_match({text}, '{number}') AND isfinite({cast})"
    return f"CASE WHEN {finite} THEN {cast} + 0.0 END"


def boolean_from_text(text: str) -> str:
    """SQL: the BOOLEAN that `text` spells, or NULL."""
    low = f"lower({text})"
    return (
        f"CASE WHEN length({text}) > 5 THEN NULL "
        f"WHEN {low} IN ('true', 't', 'yes', 'y', '1') THEN true "
        f"WHEN {low} IN ('false', 'f', 'no', 'n', '0') THEN false END"
    )


def date_from_text(text: str) -> str:
    """SQL: the DATE that `text` spells, or NULL."""
    # Reading and writing back is both the strictest and the fastest check of the ISO form.
    iso = f"TRY_CAST({text} AS DATE)"
    midnight = _YEAR + "-[0-9]{2}-[0-9]{2}[T ]00:00(:00([.]0{1,9})?)?Z?"
    return (
        f"CASE WHEN length({text}) = 10 AND {text}[5] = '-' "
        f"THEN CASE WHEN CAST({iso} AS VARCHAR) = {text} THEN {iso} END "
        f"WHEN regexp_full_match({text}, '{_YEAR}[0-9]{{4}}') "
        f"THEN CAST(try_strptime({text}, '%Y%m%d') AS DATE) "
        f"WHEN regexp_full_match({text}, '[0-9]{{1,2}}/[0-9]{{1,2}}/{_YEAR}') "
        f"THEN CAST(try_strptime({text}, '%d/%m/%Y') AS DATE) "
        f"WHEN regexp_full_match({text}, '{midnight}') "
        f"THEN TRY_CAST(left({text}, 10) AS DATE) END"
    )


def timestamp_from_text(text: str) -> str:
    """SQL: the TIMESTAMP (UTC where an offset is written) that `text` spells, or NULL."""
    day, time = _YEAR + "-[0-9]{2}-[0-9]{2}", "[0-2][0-9]:[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?"
    zone = "(Z|[+-][0-9]{2}(:?[0-9]{2})?)"
    british = "[0-9]{1,2}/[0-9]{1,2}/" + _YEAR + " [0-9]{1,2}:[0-9]{2}"
    plain = f"TRY_CAST(rtrim({text}, 'Z') AS TIMESTAMP)"
    # DuckDB ignores an offset when it casts to TIMESTAMP, so zoned texts go through TIMESTAMPTZ.
    zoned = f"CAST(TRY_CAST({text} AS TIMESTAMPTZ) AS TIMESTAMP)"
    return (
        f"CASE WHEN regexp_full_match({text}, '{day}[T ]{time}Z?') "
        f"THEN {_in_calendar(text, plain)} "
        f"WHEN regexp_full_match({text}, '{day}[T ]{time}{zone}') "
        f"THEN {_in_calendar(text, zoned)} "
        f"WHEN regexp_full_match({text}, '{british}(:[0-9]{{2}})?') "
        f"THEN coalesce(try_strptime({text}, '%d/%m/%Y %H:%M:%S'), "
        f"try_strptime({text}, '%d/%m/%Y %H:%M')) "
        f"ELSE CAST({date_from_text(text)} AS TIMESTAMP) END"
    )


def _in_calendar(text: str, value: str) -> str:
    readable = f"CASE WHEN year({value}) BETWEEN 1 AND 9999 THEN {value} END"
    return f"CASE WHEN left({text}, 10) IN {_EDGES} THEN {readable} ELSE {value} END"


_READERS = {
    "integer": lambda text: integer_from_text(f"({text})"),
    "decimal": lambda text: decimal_from_text(f"({text})"),
    "boolean": lambda text: boolean_from_text(f"({text})"),
    "date": lambda text: date_from_text(f"({text})"),
    "timestamp": lambda text: timestamp_from_text(f"({text})"),
}


def _literals(texts: Sequence[str]) -> str:
    return ", ".join(quote_literal(text) for text in texts)
