"""Who is missing, by group: small tables in, counts out, on every engine, beside a slow oracle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from commonweal.papers.catalogue import Catalogue, Dataset
from commonweal.papers.missing import ANOTHER, NOT_STATED, EqualityVariable
from commonweal.vault.choices import Decision
from commonweal.vault.equality.groups import groups_of, place_of
from commonweal.vault.equality.measuring import (
    MissingFound,
    measure_missing,
    rows_of_nobody,
)
from commonweal.vault.release.loading import LoadedTables
from commonweal.vault.release.people import person_rows
from commonweal.vault.release.recipe import WholeDataset
from commonweal.vault.sources import Fingerprint
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine
from tests.factories import variable
from tests.unit.choices.helpers import nhs_numbers

# Spark takes its time where other things run at once.
pytestmark = pytest.mark.timeout(1800)
AT = date(2026, 3, 1)
WHITE, ASIAN = "White", "Asian or Asian British"
BLACK, OTHER = "Black, Black British, Caribbean or African", "Other ethnic group"
EVERYBODY = Decision(
    national=True, kinds=frozenset(), consent_needed=False, objections=True,
    include_without_identifier=False, sentences=(),
)  # fmt: skip
ARROW = {"text": pa.string(), "integer": pa.int64(), "decimal": pa.float64(), "date": pa.date32()}
TYPES = {"key": "text", "number": "text", "ethnic": "text", "sex": "text", "born": "date",
         "tenth": "decimal"}  # fmt: skip
NUMBERS = nhs_numbers(9)

# --- one value, one group ---------------------------------------------------------------------

ETHNIC = [
    ("A", WHITE), ("a ", WHITE), ("White: Irish", WHITE), ("White - British", WHITE),
    ("H", ASIAN), ("R", ASIAN), ("Asian or Asian British: Indian", ASIAN), ("N", BLACK),
    ("black african", BLACK), ("S", OTHER), ("Z", NOT_STATED), ("99", NOT_STATED),
    ("099", NOT_STATED), ("Not Stated", NOT_STATED), ("", NOT_STATED), (" \u200b", NOT_STATED),
    (None, NOT_STATED), ("Q", ANOTHER), ("White: Indian", ANOTHER), ("\u0410", ANOTHER),
    ("9434765919", ANOTHER), ("'; DROP TABLE patients; --", ANOTHER), ("A" * 5000, ANOTHER),
]  # fmt: skip
SEXES = [
    ("1", "Male"), ("2", "Female"), ("01", "Male"), ("f", "Female"), ("MALE", "Male"),
    ("9", "Neither, or not clear"), ("0", NOT_STATED), ("X", NOT_STATED), (None, NOT_STATED),
    ("3", ANOTHER), ("12", ANOTHER), ("-1", ANOTHER), ("+2", ANOTHER),
]  # fmt: skip
TENTHS = [
    (1.0, "1 (the poorest areas)"), (10.0, "10"), (5.0, "5"), (0.0, ANOTHER), (11.0, ANOTHER),
    (-1.0, ANOTHER), (32844.0, ANOTHER), (2.5, ANOTHER), (None, NOT_STATED),
]  # fmt: skip
AGES = [
    (0, "Under 1 year"), (1, "1 to 17"), (17, "1 to 17"), (18, "18 to 29"), (29, "18 to 29"),
    (44, "30 to 44"), (45, "45 to 59"), (74, "60 to 74"), (75, "75 and over"),
    (130, "75 and over"), (131, ANOTHER), (-1, ANOTHER), (None, NOT_STATED),
]  # fmt: skip
OWN = EqualityVariable.read(
    {
        "variable": "v",
        "describes": "language",
        "groups": [
            {"title": "English", "values": ["eng", "en-GB"]},
            {"title": NOT_STATED, "values": ["und"]},
        ],
    },
    "The groups",
)
LANGUAGES = [("ENG", "English"), ("en gb", "English"), ("und", NOT_STATED), ("pol", ANOTHER),
             ("", NOT_STATED)]  # fmt: skip


# The oracle's test goes through Spark each time; what is only another table does so with `--all`.
DUCKDB_FIRST = pytest.mark.parametrize(
    "engine", ["duckdb", pytest.param("spark", marks=pytest.mark.slow)], indirect=True
)


def usual(describes: Any) -> EqualityVariable:
    return EqualityVariable(variable="v", describes=describes)


@pytest.mark.parametrize(
    ("one", "kind", "cases"),
    [(usual("ethnicity"), "text", ETHNIC), (usual("sex"), "text", SEXES), (OWN, "text", LANGUAGES),
     (usual("deprivation"), "decimal", TENTHS), (usual("age"), "integer", AGES)],
    ids=["ethnicity", "sex", "own", "deprivation", "age"],
)  # fmt: skip
def test_every_value_has_its_group(
    engine: Engine, one: EqualityVariable, kind: str, cases: Sequence[tuple[Any, str]]
) -> None:
    values = pa.array([value for value, _ in cases], ARROW[kind])
    data = pa.table({"i": pa.array(range(len(cases)), pa.int64()), "a": values})
    engine.forget("values")
    given = engine.load("values", data, {"i": "integer", "a": kind})
    value = given["a"] if one.describes == "age" else ops.as_text(given["a"])
    placed = ops.project(given, {"i": given["i"], "place": place_of(one, value)})
    titles = list(groups_of(one))
    found = {row["i"]: titles[row["place"]] for row in engine.rows(placed, len(cases))}
    assert [found[n] for n in range(len(cases))] == [group for _, group in cases]


def test_no_value_means_two_groups() -> None:
    for describes in ("ethnicity", "sex", "deprivation"):
        values = [value for group in groups_of(usual(describes)).values() for value in group]
        assert len(values) == len(set(values)) > 10


# --- a source in, counts out ------------------------------------------------------------------

Row = dict[str, Any]
SPACED = f"{NUMBERS[3][:3]} {NUMBERS[3][3:6]} {NUMBERS[3][6:]}"
PEOPLE: list[Row] = [
    dict(zip(TYPES, row, strict=True))
    for row in (
        ("1", NUMBERS[0], "A", "1", date(2026, 2, 1), 1.0),
        ("2", NUMBERS[1], "A", "2", date(1950, 3, 1), 10.0),
        ("3", "", "A", "2", date(1951, 3, 2), 10.0),
        ("4", None, "H", "2", date(2008, 3, 1), None),
        ("5", "0000000000", "H", "X", date(2008, 3, 2), 1.0),
        ("6", "not known", None, "", None, 2.5),
        ("7", NUMBERS[2], "?", "9", date(1890, 1, 1), 2.0),
        ("8", SPACED, "Z", "1", date(2027, 1, 1), 2.0),
        ("", None, "N", "1", date(1996, 3, 1), 3.0),
    )
]
LOST = {"3", "4", "5", "6", ""}
"""By key: whoever has no valid NHS number."""
STAYS = ["1", "1", "2", "5", "8", "8", "", None, "99"]
"""Whose the stays are."""


def dataset(kind: str = "nhs_number", **changes: Any) -> Dataset:
    roles = {"key": "record_key", "number": "direct_identifier", "born": "direct_identifier"}
    names = {"number": "nhs_number", "ethnic": "ethnicity", "sex": "sex", "born": "date_of_birth",
             "tenth": "deprivation"}  # fmt: skip
    people = [
        variable(name, type_, roles.get(name, "quasi_identifier"), identifies=names[name])
        if name in names
        else variable(name, type_, roles.get(name))
        for name, type_ in TYPES.items()
    ]
    linked = "number" if kind == "nhs_number" else "key"
    person: Row = {"table": "people", "variable": linked, "kind": kind}
    if kind == "other_identifier":
        person["national"] = "number"
    stays = [variable("who", "text", "record_key")]
    plain = {
        "catalogue": 1,
        "custodian": {"name": "A hospital"},
        "datasets": [
            {
                "id": "d", "title": "D", "source": {"kind": "folder", "location": "x"},
                "person": person,
                "tables": [
                    {"name": "people", "person_link": linked, "variables": people},
                    {"name": "stays", "person_link": "who", "variables": stays},
                ],
                **changes,
            }
        ],
    }  # fmt: skip
    return Catalogue.read(plain, "The catalogue").dataset("d")


def loaded(
    engine: Engine, of: Dataset, people: Sequence[Row], stays: Sequence[Any]
) -> LoadedTables:
    for name in ("people_in", "stays_in", "nhs_numbered", "nhs_shaped", "equality_grouped"):
        engine.forget(name)
    columns = {
        name: pa.array([row[name] for row in people], ARROW[kind]) for name, kind in TYPES.items()
    }
    views = {
        "people": engine.load("people_in", pa.table(columns), TYPES),
        "stays": engine.load(
            "stays_in", pa.table({"who": pa.array(stays, pa.string())}), {"who": "text"}
        ),
    }
    return LoadedTables(WholeDataset(of), engine, Fingerprint.over([]), views, {}, {})


def counts(found: MissingFound | None, variable_: str) -> dict[str, tuple[int, int]]:
    assert found is not None
    groups = next(groups for one, groups in found.variables.items() if one.variable == variable_)
    return {name: (n.kept, n.lost) for name, n in groups.items() if n.kept or n.lost}


def oracle(of: Dataset, name: str, lost: set[str]) -> dict[str, tuple[int, int]]:
    """Row by row."""
    tables = {
        "ethnic": dict(ETHNIC) | {"?": ANOTHER},
        "sex": dict(SEXES) | {"": NOT_STATED},
        "tenth": dict(TENTHS) | {3.0: "3", 2.0: "2"},
    }

    def group(row: Row) -> str:
        if name != "born":
            return tables[name][row[name]]
        if row["born"] is None or row["born"] > AT:
            return NOT_STATED
        years = AT.year - row["born"].year - ((row["born"].month, row["born"].day) > (3, 1))
        if years > 130:
            return ANOTHER
        firsts = [("75 and over", 75), ("60 to 74", 60), ("45 to 59", 45), ("30 to 44", 30),
                  ("18 to 29", 18), ("1 to 17", 1), ("Under 1 year", 0)]  # fmt: skip
        return next(title for title, first in firsts if years >= first)

    found: dict[str, list[int]] = {}
    for row in PEOPLE:
        found.setdefault(group(row), [0, 0])[row["key"] in lost] += 1
    return {title: (a, b) for title, (a, b) in found.items()}


@pytest.mark.parametrize(
    ("engine", "kind"),
    [("duckdb", "nhs_number"), ("duckdb", "other_identifier"), ("spark", "nhs_number"),
     pytest.param("spark", "other_identifier", marks=pytest.mark.slow)],
    indirect=["engine"],
)  # fmt: skip
def test_people_are_counted_as_the_oracle_counts(engine: Engine, kind: str) -> None:
    of = dataset(kind)
    found = measure_missing(loaded(engine, of, PEOPLE, STAYS), EVERYBODY, AT, demo=True)
    assert found is not None
    assert (found.whole.kept, found.whole.lost, found.whole.numberless) == (4, 5, 5)
    assert [one.variable for one in found.variables] == ["ethnic", "sex", "born", "tenth"]
    for name in ("ethnic", "sex", "born", "tenth"):
        assert counts(found, name) == oracle(of, name, LOST), name
    exact = found.exact(None)
    assert (exact.kept, exact.lost) == (4, 5)


@DUCKDB_FIRST
def test_a_permit_that_needs_no_nhs_number_loses_fewer(engine: Engine) -> None:
    """Known by a hospital's own number, people without an NHS number are lost only where choices
    have to be looked up; the catalogue's figures count them all the same."""
    of = dataset("other_identifier")
    source = loaded(engine, of, PEOPLE, STAYS)
    free = replace(EVERYBODY, national=False, objections=False)
    found = measure_missing(source, free, AT, demo=True)
    assert found is not None
    assert (found.whole.kept, found.whole.lost, found.whole.numberless) == (8, 1, 5)
    assert counts(found, "ethnic") == oracle(of, "ethnic", {""})
    # What stands there and cannot be read may hide an objection.
    source = loaded(engine, of, PEOPLE, STAYS)
    told = measure_missing(source, replace(free, objections=True), AT, demo=True)
    assert told is not None
    assert told.whole.lost == 3
    source = loaded(engine, of, PEOPLE, STAYS)
    recorded = replace(EVERYBODY, include_without_identifier=True)
    found = measure_missing(source, recorded, AT, demo=True)
    assert found is not None
    assert found.whole.lost == 3, "unreadable numbers stay out whatever was recorded"


@DUCKDB_FIRST
def test_only_those_whose_choices_let_them_are_kept(engine: Engine) -> None:
    of = dataset()
    engine.forget("allowed_in")
    source = loaded(engine, of, PEOPLE, STAYS)
    allowed = engine.load(
        "allowed_in", pa.table({"person": [NUMBERS[0], NUMBERS[3]]}), {"person": "text"}
    )
    found = measure_missing(source, EVERYBODY, AT, demo=True, allowed=allowed)
    assert found is not None
    assert (found.whole.kept, found.whole.lost) == (2, 5)
    assert counts(found, "sex")["Male"] == (2, 1)


@DUCKDB_FIRST
def test_rows_that_lead_to_nobody(engine: Engine) -> None:
    source = loaded(engine, dataset("other_identifier"), PEOPLE, STAYS)
    people = person_rows(source, EVERYBODY, demo=True)
    assert rows_of_nobody(source, "stays", people) == (3, len(STAYS))
    assert Counter(who in {row["key"] for row in PEOPLE if row["key"]} for who in STAYS)[False] == 3


@DUCKDB_FIRST
def test_nobody_has_to_be_found_where_a_row_is_a_person(engine: Engine) -> None:
    plain = dataset().plain()
    plain["person"] = {"kind": "row"}
    plain["tables"] = [{**plain["tables"][0], "person_link": None}]
    plain["tables"][0].pop("person_link")
    of = Dataset.read(plain, "The dataset")
    source = loaded(engine, of, PEOPLE, STAYS)
    assert measure_missing(source, EVERYBODY, AT, demo=True) is None


@DUCKDB_FIRST
def test_an_empty_source_counts_nobody(engine: Engine) -> None:
    found = measure_missing(loaded(engine, dataset(), [], []), EVERYBODY, AT, demo=True)
    assert found is not None
    assert (found.whole.kept, found.whole.lost) == (0, 0)
    assert counts(found, "ethnic") == {}
