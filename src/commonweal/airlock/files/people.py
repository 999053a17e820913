"""Whether a file is about single people, by comparing its cells with the release and its source.

Patterns alone do not find a surname, a hospital number or a row of a patient. So the cells, which
came out of the parser as bounded columns of text, are compared here, outside of it:

* with the identifier sieve: keyed codes of the source's identifiers. The key never comes here. Who
  calls hands in a function that makes the codes of texts, for one check (`Sieve.token_of`);
* with the codes of people and records of the release, whole or cut off;
* with the rows of the release: a table of figures has no rows that are those of people.

Nothing here returns a value that it compared; counts and column numbers only.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from commonweal.airlock.declared import counts_people
from commonweal.airlock.files.answers import Column, Sheet
from commonweal.airlock.opened import NEVER_SHOWN, OpenRelease, OpenTable
from commonweal.airlock.profile import RuleProfile, Stop
from commonweal.airlock.rules.findings import Finding
from commonweal.foundation.connection import (
    connect,
    engine_errors,
    quote_identifier,
    quote_path,
)
from commonweal.foundation.errors import Fault

TOKEN_BYTES = 16
SHORTEST = 4
"""Identifiers with fewer letters and digits are not in the sieve."""
LONGEST_RUN = 4
"""Words that are taken together: postcodes have two, NHS numbers three, short addresses four."""
_LEAST_CODE = 8
_ALIKE = 0.9
"""Share of a column's different values that a column of the release has, for the two to be alike;
and of rows that are to be found in the release."""
_FEW = 0.2
_STRONG = 6
_WORDS_OF_ONE = 3
_MOST_SETS = 30
_STATISTIC = ("mean", "median", "average", "sd", "min", "max", "rate", "ratio", "percent", "pct",
              "share", "quantile", "quartile", "lower", "upper", "ci", "se", "coef", "estimate",
              "value", "p")  # fmt: skip

Tokens = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Sieve:
    """The source's identifiers as keyed codes, and what makes such a code.

    tokens: `token` (16 bytes), `identifies` (text), as the vault writes them beside a release.
    token_of: makes the codes of a column of texts, an (n, 16) array; it holds the key, we do not.
    """

    tokens: pa.Table
    token_of: Callable[[pa.ChunkedArray], Tokens]

    @classmethod
    def at(cls, path: Path, token_of: Callable[[pa.ChunkedArray], Tokens]) -> Sieve:
        """The sieve in an unsealed `sieve.parquet`. Raises `Fault` CW-OUTPUT-RELEASE."""
        try:
            tokens = pq.read_table(path, columns=["token", "identifies"])
        except (OSError, pa.ArrowException, KeyError):
            raise Fault("CW-OUTPUT-RELEASE", "The sieve of a release cannot be read.") from None
        kept = tokens.set_column(0, "token", tokens.column("token").cast(pa.binary()))
        return cls(kept.set_column(1, "identifies", kept.column("identifies").cast(pa.string())),
                   token_of)  # fmt: skip


class Comparison:
    """The cells of one file in the engine, for the length of a block."""

    def __init__(self, sheets: Sequence[Sheet], what: str, work: Path) -> None:
        self.sheets = sheets
        self.what = what
        self.engine = connect(work, threads=1)
        with engine_errors("hold the cells of a file"):
            self.engine.register("told", _cells(sheets))
            self.engine.execute("CREATE TABLE cells AS SELECT * FROM told")
            self.engine.unregister("told")
            self.engine.execute(_WORDS)

    def __enter__(self) -> Comparison:
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.close()

    def where(self, sheet: int, column: int | None = None) -> dict[str, str]:
        """A place in the file, by numbers."""
        place = {"table": self.what}
        if len(self.sheets) > 1:
            place["sheet"] = str(sheet)
        return place if column is None else {**place, "column": str(column)}

    # --- identifiers of the source ---------------------------------------------------------

    def sieved(self, sieve: Sieve) -> Iterator[Finding]:
        """Identifiers of the source, anywhere in a cell.

        One that is long and has a digit fails; words, dates and short numbers, which many people
        share, fail where there are several, and are for a person to see where not.
        """
        with engine_errors("compare a file with the sieve"):
            once = self.engine.execute("SELECT DISTINCT word FROM words ORDER BY word").arrow()
            words = (once.read_all() if hasattr(once, "read_all") else once).column("word")
            made = sieve.token_of(words) if len(words) else np.empty((0, TOKEN_BYTES), np.uint8)
            if made.shape != (len(words), TOKEN_BYTES):
                raise Fault("CW-OUTPUT-RELEASE", "The sieve's codes do not have their form.")
            coded = pa.table({"word": words, "token": _binary(made)})
            self.engine.register("coded", coded)
            self.engine.register("sieve", sieve.tokens)
            found = self.engine.execute(_SIEVED).fetchall()
            self.engine.unregister("coded")
            self.engine.unregister("sieve")
        for sheet, column, strong, plain, distinct in found:
            many = plain >= _WORDS_OF_ONE and plain >= distinct / 2
            outcome: Stop = "fail" if strong or many else "review"
            place = self.where(sheet, column)
            yield Finding("sieve", "Unknown", outcome, place, float(strong + plain))

    # --- codes of the release --------------------------------------------------------------

    def coded(self, release: OpenRelease) -> Iterator[Finding]:
        """Codes of people and records, as text, in hexadecimal or in base64, whole or cut off."""
        selects = [
            f"SELECT {spelling.format(quote_identifier(column.name))} AS word FROM {_rows(table)}"
            for table in release.tables.values()
            for column in table.columns.values()
            if column.form in NEVER_SHOWN
            for spelling in _SPELLINGS[_kind_of(self.engine, table, column.name)]
        ]
        if not selects:
            return
        with engine_errors("compare a file with the codes of a release"):
            found = self.engine.execute(
                _CODED.replace(_PLACE, " UNION ALL ".join(selects))
            ).fetchall()
        for sheet, column, whole, cut in found:
            outcome: Stop = "fail" if whole or cut > 1 else "review"
            place = self.where(sheet, column)
            yield Finding("codes", "Unknown", outcome, place, float(whole + cut))

    # --- rows of the release ---------------------------------------------------------------

    def row_level(self, release: OpenRelease, profile: RuleProfile) -> Iterator[Finding]:
        """Tables whose rows are rows of few people in the release.

        Each column is taken for the column of the release that has its values. Then rows are
        looked for in the release by all of these columns together, and by fewer.
        """
        for number, sheet in enumerate(self.sheets, start=1):
            if sheet.form != "table" or not sheet.columns[0].values:
                continue
            worst: Finding | None = None
            for table in release.tables.values():
                if table.person is not None:
                    worst = _worse(worst, self._rows_in(number, sheet, table, profile))
            if worst is not None:
                yield worst

    def _rows_in(
        self, number: int, sheet: Sheet, table: OpenTable, profile: RuleProfile
    ) -> Finding | None:
        with engine_errors("compare a file with the rows of a release"):
            alike = self._alike(number, sheet, table)
            worst: Finding | None = None
            if alike:
                self._lay_out(table, alike)
            for chosen in _sets(alike):
                some = self._few(number, chosen, profile.threshold)
                columns = [sheet.columns[place - 1] for place, _ in chosen]
                # One column, a statistic or a running number may have a person's values by chance.
                chance = len(chosen) == 1 or any(_is_figure(one) for one in columns)
                if some is not None and chance:
                    some = replace(some, outcome="review")
                worst = _worse(worst, some)
                if worst is not None and worst.outcome == "fail":
                    break
        return worst

    def _alike(self, number: int, sheet: Sheet, table: OpenTable) -> list[tuple[int, str]]:
        """Column numbers of the sheet, each with the release's column that has its values."""
        self.engine.execute(
            "CREATE OR REPLACE TABLE mine AS SELECT DISTINCT col, value FROM spelt "
            "WHERE sheet = ? AND value <> ''", [number],
        )  # fmt: skip
        sizes = dict(self.engine.execute("SELECT col, count(*) FROM mine GROUP BY col").fetchall())
        best: dict[int, tuple[Any, str]] = {}
        for name, column in table.columns.items():
            if column.form in NEVER_SHOWN:
                continue
            # Each value is spelt once: most columns have few.
            raw, spelt = quote_identifier(name), _spelt("raw")
            found = self.engine.execute(
                f"WITH once AS (SELECT DISTINCT {raw} AS raw FROM {_rows(table)}), "
                f"theirs AS (SELECT DISTINCT {spelt} AS value FROM once) "
                "SELECT col, count(*), (SELECT count(*) FROM theirs) "
                "FROM mine SEMI JOIN theirs USING (value) GROUP BY col"
            ).fetchall()
            for place, shared, all_values in found:
                title = sheet.columns[place - 1].name
                if shared < _ALIKE * sizes[place] or counts_people(title):
                    continue
                rank = (_bare(title) == _bare(name), -all_values)
                if place not in best or rank > best[place][0]:
                    best[place] = (rank, name)
        return [(place, name) for place, (_, name) in sorted(best.items())]

    def _lay_out(self, table: OpenTable, alike: Sequence[tuple[int, str]]) -> None:
        """`theirs`: the release's rows in the file's spelling, by the file's column numbers.

        A value that the file has not is one sign that no file has, so that its rows match nothing.
        """
        rows, columns = _rows(table), []
        joins = []
        for place, name in alike:
            raw = quote_identifier(name)
            self.engine.execute(
                f"CREATE OR REPLACE TABLE spelling{place} AS SELECT raw, {_spelt('raw')} AS value "
                f"FROM (SELECT DISTINCT {raw} AS raw FROM {rows} WHERE {raw} IS NOT NULL) "
                f"WHERE {_spelt('raw')} IN (SELECT value FROM mine WHERE col = {place})"
            )
            columns.append(
                f"CASE WHEN r.{raw} IS NULL THEN '' ELSE coalesce(s{place}.value, chr(1)) END "
                f"AS v{place}"
            )
            joins.append(f"LEFT JOIN spelling{place} s{place} ON s{place}.raw = r.{raw}")
        person = quote_identifier(table.require_person())
        self.engine.execute(
            f"CREATE OR REPLACE TABLE theirs AS SELECT {', '.join(columns)}, r.{person} AS person "
            f"FROM {rows} r {' '.join(joins)}"
        )

    def _few(
        self, number: int, chosen: Sequence[tuple[int, str]], threshold: int
    ) -> Finding | None:
        """The rows whose values in these columns are in the release, of few people."""
        mine = ", ".join(
            f"coalesce(max(value) FILTER (col = {place}), '') AS v{place}" for place, _ in chosen
        )
        keys = ", ".join(f"v{place}" for place, _ in chosen)
        (rows, there, few), *_ = self.engine.execute(
            f"WITH mine AS (SELECT {mine} FROM spelt WHERE sheet = ? GROUP BY row), "
            f"counted AS (SELECT {keys}, count(DISTINCT person) AS people FROM theirs "
            f"SEMI JOIN mine USING ({keys}) GROUP BY {keys}) "
            "SELECT count(*), count(people), count(*) FILTER (people < ?) "
            f"FROM mine LEFT JOIN counted USING ({keys})", [number, threshold],
        ).fetchall()  # fmt: skip
        if not few:
            return None
        outcome: Stop = "fail" if there >= _ALIKE * rows and few >= _FEW * rows else "review"
        place = {**self.where(number), "columns": ", ".join(str(p) for p, _ in chosen)}
        return Finding("row-level", "Unknown", outcome, place, float(few), float(threshold))


def compare(
    sheets: Sequence[Sheet], what: str, profile: RuleProfile, sieve: Sieve | None,
    release: OpenRelease | None, work: Path,
) -> list[Finding]:  # fmt: skip
    """What the comparison of a file with the release and its source's identifiers finds.

    What is not handed in is said to be not compared. Raises `Failure` and `Unavailable` of the
    engine, and `Fault` CW-OUTPUT-RELEASE.
    """
    found: list[Finding] = []
    if sieve is None or release is None:
        found.append(Finding("not-compared", "Unknown", "review", {"table": what}))
    if (sieve is None and release is None) or not sheets:
        return found
    with Comparison(sheets, what, work) as cells:
        if sieve is not None:
            found.extend(cells.sieved(sieve))
        if release is not None:
            found.extend(cells.coded(release))
            found.extend(cells.row_level(release, profile))
    if release is not None:
        found += _on_its_side(sheets, what, profile, release, work)
    return found


def _on_its_side(
    sheets: Sequence[Sheet], what: str, profile: RuleProfile, release: OpenRelease, work: Path
) -> list[Finding]:
    """Tables whose columns are rows of few people: what has more columns than rows, turned."""
    turned = [_turned(one) for one in sheets if one.form == "table"]
    wide = [one for one in turned if one is not None]
    if not wide:
        return []
    with Comparison(wide, what, work) as cells:
        return [replace(one, where={"table": what}) for one in cells.row_level(release, profile)]


def _turned(sheet: Sheet) -> Sheet | None:
    """The table with its rows as columns, the first of which are names; None where it is long."""
    first, *rest = sheet.columns
    if len(rest) <= len(first.values) or not first.values:
        return None
    lines = zip(*(column.values for column in rest), strict=True)
    columns = [
        Column(name=name or "", values=list(line))
        for name, line in zip(first.values, lines, strict=True)
    ]
    return Sheet(name=sheet.name, form="table", rows=len(rest), columns=columns)


def _cells(sheets: Sequence[Sheet]) -> pa.Table:
    """`sheet`, `col`, `row` (numbers from 1; row 0 is the header) and `text`."""
    parts = []
    for sheet_number, sheet in enumerate(sheets, start=1):
        for place, column in enumerate(sheet.columns, start=1):
            # Wide digits and the like are read as what they stand for.
            told = pa.array([column.name, *column.values], pa.string())
            texts = pc.utf8_normalize(told, form="NFKC")
            rows = len(texts)
            parts.append(pa.table({
                "sheet": pa.array(np.full(rows, sheet_number, np.int32)),
                "col": pa.array(np.full(rows, place, np.int32)),
                "row": pa.array(np.arange(rows, dtype=np.int32)),
                "text": texts,
            }))  # fmt: skip
    return pa.concat_tables(parts)


def _sets(alike: list[tuple[int, str]]) -> Iterator[tuple[tuple[int, str], ...]]:
    """All columns together, all but one, threes, pairs and single ones, up to the most."""
    sizes = sorted({len(alike), len(alike) - 1, 3, 2, 1} - {0, -1}, reverse=True)
    every = (
        chosen
        for size in sizes
        if size <= len(alike)
        for chosen in itertools.combinations(alike, size)
    )
    return itertools.islice(every, _MOST_SETS)


def _worse(one: Finding | None, other: Finding | None) -> Finding | None:
    if one is None or other is None:
        return one or other
    return max(one, other, key=lambda found: (found.outcome == "fail", found.value or 0.0))


def _is_figure(column: Column) -> bool:
    """Whether a column's name is that of a statistic, or its cells number the rows."""
    words = "".join(sign if sign.isalpha() else " " for sign in column.name.lower()).split()
    rows = range(len(column.values))
    running = any(column.values == [str(n + first) for n in rows] for first in (0, 1))
    return running or any(word in _STATISTIC for word in words)


def _bare(name: str) -> str:
    return "".join(sign for sign in name.lower() if sign.isalnum())


def _rows(table: OpenTable) -> str:
    files = ", ".join(quote_path(path) for path in table.files)
    return f"read_parquet([{files}])"


def _kind_of(engine: duckdb.DuckDBPyConnection, table: OpenTable, name: str) -> str:
    said = f"SELECT typeof({quote_identifier(name)}) FROM {_rows(table)} LIMIT 1"
    found = engine.execute(said).fetchone()
    return "BLOB" if found is not None and found[0] == "BLOB" else "VARCHAR"


def _spelt(column: str) -> str:
    """A value in the one spelling in which files and releases are compared."""
    text = f"lower(trim({column}::VARCHAR))"
    day = f"regexp_replace({text}, '[ t]00:00(:00(\\.0+)?)?z?$', '')"
    return f"coalesce(try_cast({text} AS DOUBLE)::VARCHAR, {day})"


def _binary(codes: Tokens) -> pa.Array:
    data = np.ascontiguousarray(codes, np.uint8).tobytes()
    fixed = pa.Array.from_buffers(pa.binary(TOKEN_BYTES), len(codes), [None, pa.py_buffer(data)])
    return fixed.cast(pa.binary())


_BARE = r"regexp_replace(upper({}), '[^\p{{L}}\p{{N}}]', '', 'g')"
_SPELLINGS = {
    "BLOB": ("upper(hex({}))", "translate(upper(base64({})), '+/=', '')"),
    "VARCHAR": (_BARE,),
}
"""How people write the codes of a release: those of real ones are bytes."""
_WORDS = rf"""
CREATE VIEW spelt AS
    SELECT sheet, col, row, coalesce({_spelt("text")}, '') AS value FROM cells WHERE row > 0;
CREATE TABLE words AS
WITH once AS (SELECT DISTINCT sheet, col, upper(text) AS text FROM cells WHERE text <> ''),
parts AS (
    SELECT sheet, col, regexp_replace(text, '[^\p{{L}}\p{{N}}]', '', 'g') AS bare,
        list_filter(regexp_split_to_array(text, '[^\p{{L}}\p{{N}}]+'), lambda w: w <> '') AS list,
        regexp_extract_all(regexp_replace(text, '[ .,_/-]', '', 'g'), '[0-9]{{11,}}') AS runs
    FROM once
),
spelt_words AS (
    SELECT sheet, col, bare AS word FROM parts
    UNION ALL
    SELECT sheet, col, array_to_string(list[start : start + size - 1], '') AS word
    FROM (SELECT sheet, col, list, unnest(range(1, len(list) + 1)) AS start FROM parts),
        range(1, {LONGEST_RUN + 1}) AS sizes(size)
    WHERE start + size - 1 <= len(list)
    UNION ALL
    SELECT sheet, col, run[start : start + 9] AS word
    FROM (
        SELECT sheet, col, run, unnest(range(1, len(run) - 8)) AS start
        FROM (SELECT sheet, col, unnest(runs) AS run FROM parts)
    )
)
SELECT DISTINCT sheet, col, word FROM spelt_words
WHERE len(word) BETWEEN {SHORTEST} AND 200;
"""
_SIEVED = rf"""
WITH hits AS (
    SELECT DISTINCT w.sheet, w.col, w.word,
        regexp_matches(w.word, '[0-9]') AND len(w.word) >= {_STRONG}
            AND NOT regexp_matches(w.word, '^(19|20)?[0-9]{{6}}$') AS strong
    FROM words w JOIN coded USING (word) JOIN sieve USING (token)
),
sizes AS (
    SELECT sheet, col, count(DISTINCT text) AS size FROM cells
    WHERE row > 0 AND text <> '' GROUP BY ALL
)
SELECT sheet, col, count(*) FILTER (strong), count(*) FILTER (NOT strong),
    coalesce(any_value(size), 0)
FROM hits LEFT JOIN sizes USING (sheet, col) GROUP BY sheet, col ORDER BY sheet, col
"""
_PLACE = "-- codes --"
_CODED = rf"""
WITH firsts AS (SELECT DISTINCT left(word, {_LEAST_CODE}) AS first FROM words),
short AS (SELECT DISTINCT word, left(word, {_LEAST_CODE}) AS first FROM ({_PLACE})
          WHERE len(word) >= {_LEAST_CODE}
          AND left(word, {_LEAST_CODE}) IN (SELECT first FROM firsts)),
hits AS (
    SELECT sheet, col, w.word, bool_or(w.word = short.word) AS whole
    FROM words w JOIN short ON left(w.word, {_LEAST_CODE}) = short.first
    WHERE len(w.word) >= {_LEAST_CODE} AND starts_with(short.word, w.word)
        -- Dates and counts are hexadecimal too, and among a million codes some begin like one.
        AND NOT regexp_matches(w.word, '^[0-9]{{8,13}}$')
    GROUP BY ALL
)
SELECT sheet, col, count(*) FILTER (whole), count(*) FILTER (NOT whole)
FROM hits GROUP BY sheet, col ORDER BY sheet, col
"""
