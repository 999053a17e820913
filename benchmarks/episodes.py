"""Made-up hospital episodes of any size, written in parts and never held in memory.

Every value follows from the number of its row or its person by DuckDB's `hash`, so that the same
size gives the same data. `patients/` has one row a person; `episodes/` has five a person on
average, in no order of people, with what a hospital extract repeats of the person on each row.
Columns are independent: times and memory can be measured on them, risk figures mean nothing.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import duckdb

EACH = 5
"""Rows of episodes a person, on average."""
PART_ROWS = 5_000_000
MOST_PEOPLE = 24_000_000
"""So many synthetic NHS numbers (first digit 9) there are in steps of four."""
QUASI = ("band", "sex", "ethnicity", "outward")
"""Quasi-identifiers that `episodes` repeats on every row: about 5,700 classes."""

# The check digit: weights 10 to 2; where it would be ten, the next nine digits (which never carry,
# as the last is even) have two more in the sum, so that their check digit is eight.
_MACROS = """
    CREATE MACRO weighed(n) AS ((n // 100000000 % 10) * 10 + (n // 10000000 % 10) * 9
        + (n // 1000000 % 10) * 8 + (n // 100000 % 10) * 7 + (n // 10000 % 10) * 6
        + (n // 1000 % 10) * 5 + (n // 100 % 10) * 4 + (n // 10 % 10) * 3 + (n % 10) * 2) % 11;
    CREATE MACRO numbered(n, s) AS
        CASE WHEN s = 1 THEN (n + 1) * 10 + 8 ELSE n * 10 + (11 - s) % 11 END;
    CREATE MACRO nhs(p) AS
        CAST(numbered(900000000 + 4 * p, weighed(900000000 + 4 * p)) AS VARCHAR);
    CREATE MACRO born(p) AS DATE '1930-01-01' + CAST(hash(p * 3 + 1) % 34000 AS INTEGER);
    CREATE MACRO sex(p) AS CASE WHEN hash(p * 5 + 2) % 2 = 0 THEN '1' ELSE '2' END;
    CREATE MACRO ethnicity(p) AS chr(CAST(65 + hash(p * 11 + 3) % 6 AS INTEGER));
    CREATE MACRO outward(p) AS 'ZQ' || CAST(1 + hash(p * 13 + 4) % 25 AS VARCHAR);
    CREATE MACRO letter(h) AS chr(CAST(65 + h % 26 AS INTEGER));
"""
_PATIENTS = """
    SELECT nhs(p) AS nhs_number, born(p) AS date_of_birth, sex(p) AS sex,
        ethnicity(p) AS ethnicity,
        outward(p) || ' ' || CAST(hash(p * 17) % 10 AS VARCHAR)
            || letter(hash(p * 19)) || letter(hash(p * 23)) AS postcode
    FROM (SELECT range::BIGINT AS p FROM range({start}, {end}))
"""
_EPISODES = """
    SELECT i AS epikey, nhs(p) AS nhs_number,
        DATE '2019-04-01' + CAST(hash(i * 29) % 2500 AS INTEGER) AS admidate,
        DATE '2019-04-01' + CAST(hash(i * 29) % 2500 + hash(i * 31) % 9 AS INTEGER) AS disdate,
        chr(CAST(65 + hash(i * 37) % 20 AS INTEGER)) || printf('%02d', hash(i * 41) % 25) || '.'
            || CAST(hash(i * 43) % 9 AS VARCHAR) AS diag_01,
        CAST(100 + hash(i * 47) % 60 AS VARCHAR) AS tretspef,
        'R' || CAST(hash(i * 53) % 90 AS VARCHAR) AS procode,
        (hash(i * 59) % 900000) / 100.0 AS tariff,
        year(born(p)) // 5 * 5 AS band, sex(p) AS sex, ethnicity(p) AS ethnicity,
        outward(p) AS outward, chr(CAST(65 + hash(i * 37) % 20 AS INTEGER)) AS chapter
    FROM (
        SELECT i, CAST(hash(i * 7 + 1) % {people} AS BIGINT) AS p
        FROM (SELECT range::BIGINT AS i FROM range({start}, {end}))
    )
"""


def make_source(folder: Path, choices: Path, rows: int) -> int:
    """`patients/`, `episodes/` of `rows` rows in `folder` and the `choices`; returns the people."""
    people = rows // EACH
    if people > MOST_PEOPLE:
        raise ValueError(f"there are synthetic NHS numbers for {MOST_PEOPLE:,} people only")
    with duckdb.connect(config={"preserve_insertion_order": False}) as engine:
        engine.execute("SET enable_progress_bar = false")
        engine.execute("SET memory_limit = '2GB'")
        engine.execute(_MACROS)
        for table, query, size in (("patients", _PATIENTS, people), ("episodes", _EPISODES, rows)):
            (folder / table).mkdir(parents=True)
            for number, start in enumerate(range(0, size, PART_ROWS)):
                end = min(start + PART_ROWS, size)
                part = query.format(start=start, end=end, people=people)
                engine.execute(
                    f"COPY ({part}) TO '{folder / table}/part-{number:03d}.parquet' "
                    "(FORMAT parquet, COMPRESSION zstd)"
                )
        _choices(engine, choices, people)
    return people


def _choices(engine: duckdb.DuckDBPyConnection, folder: Path, people: int) -> None:
    """Every tenth person has opted out nationally; nobody objected here."""
    folder.mkdir()
    engine.execute(
        f"COPY (SELECT nhs(range::BIGINT) || ',' FROM range({people}) WHERE range % 10 <> 0) "
        f"TO '{folder}/national_allowed.dat' (FORMAT csv, HEADER false, DELIMITER '|', QUOTE '')"
    )
    record = {
        "checked_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "requested": people,
        "returned": people - len(range(0, people, 10)),
    }
    (folder / "national_allowed.json").write_text(json.dumps(record))
    (folder / "objections.csv").write_text(
        "identifier,kind,project,effective_from,effective_to,evidence\n"
    )
