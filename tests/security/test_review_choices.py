"""Whoever objects is left out, however their identifier is written.

A hostile review wrote objections, person keys and NHS numbers in every spelling that people and
spreadsheets produce. The naive twin compares letter by letter and reads NHS numbers strictly: each
attack works against it. Ours takes the person out, or refuses and says which line to look at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commonweal.foundation.connection import connect
from commonweal.foundation.errors import Fault
from commonweal.foundation.identifiers import InvalidNHSNumber, NHSNumber
from commonweal.vault.choices.apply import ChoiceResult, apply_choices
from commonweal.vault.choices.decision import Decision
from commonweal.vault.choices.folder import read_choices
from commonweal.vault.choices.naming import PersonKeys
from commonweal.vault.choices.rules import KINDS
from commonweal.vault.tables.duckdb_engine import DuckDBEngine
from tests import factories
from tests.release_house import (
    House,
    exempt,
    make_house,
    objection,
    permitted,
    refused,
    without_identifier,
)
from tests.unit.choices.helpers import NO_JOURNAL, One, load_people, nhs_numbers, write_folder

N = nhs_numbers(6)
FULL_WIDTH = {0x30 + digit: 0xFF10 + digit for digit in range(10)}
NBSP = "\u00a0"
WIDE = "\uff2d\uff32\uff2e0003".translate(FULL_WIDTH)
OTHER = PersonKeys("other_identifier")
WHOLE = PersonKeys("other_identifier", "integer")


def grouped(number: str, gap: str) -> str:
    return gap.join((number[:3], number[3:6], number[6:]))


# --- the naive twin ---------------------------------------------------------------------------


def naive_is_about(identifier: str, one: One) -> bool:
    """The twin: letter by letter, and only tidy NHS numbers."""
    try:
        return identifier == one.person or NHSNumber(identifier).digits == one.national
    except InvalidNHSNumber:
        return False


# --- spellings, one at a time -----------------------------------------------------------------


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    made = DuckDBEngine(connect(tmp_path_factory.mktemp("engine"), threads=1))
    yield made
    made.close()


def decision(**changes: Any) -> Decision:
    kinds = frozenset(rule.kind for rule in KINDS)
    usual = {"national": False, "kinds": kinds, "consent_needed": False, "objections": True}
    return Decision(**{**usual, "include_without_identifier": False, "sentences": (), **changes})


def applied(
    engine: DuckDBEngine,
    folder: Path,
    people: Sequence[One],
    lines: Sequence[str],
    keys: PersonKeys = OTHER,
    **changes: Any,
) -> tuple[list[str], ChoiceResult]:
    """(who may be in, the result) of these lines of objections.csv."""
    write_folder(folder, objections=lines)
    choices = read_choices(folder, **NO_JOURNAL, needs_national=False, clock=factories.clock())
    everyone = load_people(engine, [*people, *changes.pop("outside", ())], "everyone")
    result = apply_choices(
        engine, load_people(engine, people), decision(**changes), choices, keys=keys,
        project_ids=("asthma",), at=factories.NOW.date(), everyone=everyone,
    )  # fmt: skip
    return sorted(row["person"] for row in engine.rows(result.allowed, 100)), result


SPELLINGS = [
    # key in the data, NHS number in the data, identifier in the list, type of the key
    ("MRN0003", None, "mrn0003", OTHER),
    ("MRN0003 ", None, "MRN0003", OTHER),
    (" mrn-0003", None, "MRN/0003", OTHER),
    ("MRN0003", None, "MRN 0003", OTHER),
    ("MRN0003", None, f"MRN{NBSP}0003", OTHER),
    ("MRN0003", None, WIDE, OTHER),
    (WIDE, None, "mrn0003", OTHER),
    ("MRN\u200b0003", None, "MRN0003", OTHER),
    ("MRN\t0003", None, "MRN.0003", OTHER),
    ("Straße7", None, "STRASSE 7", OTHER),
    ("\u00c9TUDE1", None, "e\u0301tude1", OTHER),
    ("\u2167-1", None, "viii1", OTHER),
    ("00012", None, "12", OTHER),
    ("12", None, "00012", OTHER),
    ("1003", None, "00001003", WHOLE),
    ("1003", None, "1003.0", WHOLE),
    ("1003.0", None, "1003", OTHER),
    ("1003", None, "+1003", WHOLE),
    ("1003", None, "1003".translate(FULL_WIDTH), WHOLE),
    *[
        (key, N[3], written, keys)
        for key, keys in (("MRN0003", OTHER), ("1003", WHOLE))
        for written in (
            N[3].translate(FULL_WIDTH), grouped(N[3], NBSP), grouped(N[3], "."), f"{N[3]}.0",
            grouped(N[3], "  "), grouped(N[3], "\u2011"), grouped(N[3], "\u2009"),
        )
    ],
]  # fmt: skip


@pytest.mark.parametrize(("key", "national", "written", "keys"), SPELLINGS)
def test_an_objector_in_another_spelling_is_left_out(
    engine: DuckDBEngine,
    tmp_path: Path,
    key: str,
    national: str | None,
    written: str,
    keys: PersonKeys,
) -> None:
    objector, other = One(key, national, True), One("77", N[0], True)
    assert not naive_is_about(written, objector)
    allowed, result = applied(engine, tmp_path, [objector, other], [objection(written)], keys)
    assert allowed == ["77"]
    assert (result.removed["local_objection"], result.name_nobody) == (1, 0)


@pytest.mark.parametrize("written", ["A-1", "a1", "A 1"])
def test_an_objection_that_fits_two_keys_is_about_both(
    engine: DuckDBEngine, tmp_path: Path, written: str
) -> None:
    people = [One("A-1", None, True), One("A1", None, True), One("A2", None, True)]
    assert applied(engine, tmp_path, people, [objection(written)])[0] == ["A2"]


@pytest.mark.parametrize(("written", "allowed"), [("A-1", ["A-1"]), ("a1", []), ("B 1", ["B1"])])
def test_a_consent_that_fits_two_keys_lets_neither_in(
    engine: DuckDBEngine, tmp_path: Path, written: str, allowed: list[str]
) -> None:
    people = [One("A-1", None, True), One("B1", None, True)]
    line = objection(written, "project_consent", "asthma")
    twin = [One("A1", None, True)]  # not in the cohort, and still a person of the dataset
    found = applied(engine, tmp_path, people, [line], consent_needed=True, outside=twin)[0]
    assert found == allowed


def test_an_objection_under_a_key_outside_the_cohort_reaches_the_person(
    engine: DuckDBEngine, tmp_path: Path
) -> None:
    people = [One("B", N[0], True), One("C", N[1], True)]
    outside = [One("A", N[0], True)]
    assert not naive_is_about("a", people[0])
    found = applied(engine, tmp_path, people, [objection("a")], outside=outside)[0]
    assert found == ["C"]


@pytest.mark.parametrize("recorded", [False, True])
def test_a_number_that_nobody_can_read_keeps_its_person_out(
    engine: DuckDBEngine, tmp_path: Path, recorded: bool
) -> None:
    people = [One("A", None, True, unreadable=True), One("B", None, True), One("C", N[0], True)]
    found, result = applied(
        engine, tmp_path, people, [objection(N[3])], include_without_identifier=recorded
    )
    assert found == ["B", "C"]
    assert result.removed["no_valid_identifier"] == 1


def test_where_the_law_orders_the_use_nobodys_number_is_looked_at(
    engine: DuckDBEngine, tmp_path: Path
) -> None:
    people = [One("A", None, True, unreadable=True)]
    duty = {"kinds": frozenset(), "objections": False}
    assert applied(engine, tmp_path, people, [], **duty)[0] == ["A"]


# --- lines that cannot be right, and lines about others ---------------------------------------


@pytest.mark.parametrize(
    ("keys", "written", "said"),
    [
        (OTHER, "9434765918", "looks like an NHS number"),
        (OTHER, "943 476 5918", "looks like an NHS number"),
        (OTHER, "9434765918".translate(FULL_WIDTH), "looks like an NHS number"),
        (OTHER, "943 476 591", "looks like an NHS number"),
        (OTHER, f"943{NBSP}476{NBSP}59190", "looks like an NHS number"),
        (OTHER, "943-476-591l", "looks like an NHS number"),
        (OTHER, "8000000002", "looks like an NHS number"),
        (OTHER, "--", "without any letter or digit"),
        (WHOLE, "MRN0003", "neither a number"),
        (WHOLE, "1003a", "neither a number"),
        (WHOLE, "9434765918", "looks like an NHS number"),
        (PersonKeys("nhs_number"), "MRN0003", "not a valid NHS number"),
        (PersonKeys("nhs_number"), "9434765918", "not a valid NHS number"),
        (PersonKeys("row"), N[0], "no person has one"),
        (PersonKeys("row"), "MRN0003", "no person has one"),
    ],
)
def test_a_line_that_cannot_be_right_is_refused(
    engine: DuckDBEngine, tmp_path: Path, keys: PersonKeys, written: str, said: str
) -> None:
    good = [] if keys.kind == "row" else [objection(N[0])]
    with pytest.raises(Fault) as caught:
        applied(engine, tmp_path, [One("1", None, True)], [*good, objection(written)], keys)
    error = caught.value
    assert (error.code, error.exit_code) == ("CW-CHOICES-IDENTIFIER", 3)
    assert said in error.sentence
    assert f"line {2 + len(good)}" in error.sentence
    assert "objections.csv" in error.sentence
    assert written not in str(error)
    left = engine.connection.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE 'choices_%'"
    ).fetchone()
    assert left == (0,)


def test_a_key_that_somebody_has_is_right_whatever_it_looks_like(
    engine: DuckDBEngine, tmp_path: Path
) -> None:
    people = [One("9434765918", N[0], True), One("2", N[1], True)]
    assert applied(engine, tmp_path, people, [objection("9434765918")])[0] == ["2"]


def test_without_nhs_numbers_a_line_of_ten_digits_is_a_key_of_somebody_else(
    engine: DuckDBEngine, tmp_path: Path
) -> None:
    keys = PersonKeys("other_identifier", numbered=False)
    people = [One("1", None, True)]
    found, result = applied(engine, tmp_path, people, [objection("9434765918")], keys)
    assert (found, result.name_nobody) == (["1"], 1)


def test_lines_that_name_nobody_are_counted(engine: DuckDBEngine, tmp_path: Path) -> None:
    people = [One("A", N[0], True), One("B", None, True)]
    lines = [
        objection("a"), objection(N[0]), objection("C"), objection(N[4]), objection("d", "type1"),
        objection("outside"), "E,local_objection,,2026-01-01,2026-01-02,over",
        objection("F", "withdrawal", "another"),
    ]  # fmt: skip
    outside = [One("Out-Side", None, True)]
    result = applied(engine, tmp_path, people, lines, outside=outside)[1]
    assert result.name_nobody == 3
    assert "3 line(s) of objections.csv" in result.sentences()[0]
    assert applied(engine, tmp_path, people, lines[:2])[1].sentences() == ()


# --- releases that are really built -----------------------------------------------------------

DATA = permitted(
    patients={"mrn": "pseudonym", "sex": "exact"},
    admissions={"mrn": "pseudonym", "diagnosis": "truncate(3)"},
)


def keyed(
    base: Path,
    key: Callable[[int], str] = lambda place: f"MRN{place:04d}",
    number: Callable[[int, str], str] = lambda _, number: number,
    type_: str = "text",
) -> House:
    """A hospital whose tables are linked by a key of its own; NHS numbers as `number` writes."""
    house = make_house(base)
    keys = {one: key(place) for place, one in enumerate(house.numbers)}
    for place, row in enumerate(house.tables["patients"]):
        row["mrn"] = keys[row["nhs_number"]]
        row["nhs_number"] = number(place, row["nhs_number"])
    for row in house.tables["admissions"]:
        row["mrn"] = keys[row["nhs_number"]]
    dataset = house.catalogue_data["datasets"][0]
    dataset["person"] = {
        "table": "patients", "variable": "mrn", "kind": "other_identifier",
        "national": "nhs_number",
    }  # fmt: skip
    mrn = factories.variable(
        "mrn", type_, "direct_identifier", "pseudonym", identifies="person_key"
    )
    for table in dataset["tables"]:
        if table["name"] in ("patients", "admissions"):
            table["person_link"] = "mrn"
            table["variables"].append(mrn)
    house.write()
    return house


def unidentified() -> dict[str, Any]:
    return dict(exempt(), include_people_without_identifier=without_identifier())


def removed(house: House, **changes: Any) -> tuple[int, dict[str, int]]:
    """(released, who was left out and why) of a build."""
    people = house.build(house.issue(data=DATA, **changes)).manifest["patients"]
    return people["released"], {name: n for name, n in people["removed"].items() if n}


@pytest.mark.parametrize(
    ("type_", "key", "written"),
    [
        ("text", lambda place: f"MRN{place:04d} ", "mrn0003"),
        ("integer", lambda place: f"{1000 + place:08d}", "0001003.0"),
    ],
)
def test_a_release_without_the_objector(
    tmp_path: Path, type_: str, key: Callable[[int], str], written: str
) -> None:
    house = keyed(tmp_path / "house", key, type_=type_)
    number = house.numbers[5].translate(FULL_WIDTH)
    house.choose(objections=[objection(written), objection(number), objection("4711")])
    permit = house.issue(data=DATA)
    report = house.build(permit)
    assert report.manifest["patients"]["removed"]["local_objection"] == 2
    # How many lines name nobody is said to the data manager, and stays in the vault.
    assert report.plain()["objections"]["lines_naming_nobody"] == 1
    said = "1 line(s) of objections.csv that apply here name nobody"
    assert any(said in sentence for sentence in report.sentences())
    plan = house.plan(permit)
    assert plan.plain()["objections"]["lines_naming_nobody"] == 1
    assert any(said in sentence for sentence in plan.sentences())
    assert "name nobody" not in (report.folder / "report.html").read_text()
    assert "lines_naming_nobody" not in str(report.manifest)
    house.close()


ODD = {
    3: lambda number: grouped(number, NBSP),
    4: lambda number: grouped(number, "  "),
    5: lambda number: number.translate(FULL_WIDTH),
    6: lambda number: grouped(number, "."),
    7: lambda number: f"{number}.0",
    # cannot be read
    8: lambda number: number[:9] + "X",
    9: lambda number: number + "0",
    10: lambda number: number[:9] + str((int(number[9]) + 1) % 10),
    11: lambda _: "unknown",
    # there is nothing
    12: lambda _: "",
    13: lambda _: f" {NBSP}\t",
}


@pytest.mark.parametrize("recorded", [False, True])
def test_an_exemption_is_for_people_without_a_number_only(tmp_path: Path, recorded: bool) -> None:
    true = nhs_numbers(60)
    house = keyed(
        tmp_path / "house", number=lambda n, text: ODD.get(n, lambda number: number)(text)
    )
    house.choose(
        allowed=true, requested=60, objections=[objection(true[place]) for place in range(3, 12)]
    )
    choices = unidentified() if recorded else exempt()
    # Odd spellings are read, so objections reach them; four cannot be read, and stay out.
    assert removed(house, choices=choices) == (
        51,
        {"local_objection": 5, "no_valid_identifier": 4},
    )
    house.close()


def test_numbers_as_decimals_are_read(tmp_path: Path) -> None:
    house = make_house(tmp_path / "house")
    numbers = house.numbers
    for table in ("patients", "admissions"):
        for row in house.tables[table]:
            row["nhs_number"] += ".0"
    house.write()
    # The second time as a column of numbers in a file of Parquet.
    for as_parquet in (False, True):
        if as_parquet:
            for table in ("patients", "admissions"):
                rows = pa.Table.from_pylist(house.tables[table])
                place = rows.column_names.index("nhs_number")
                doubles = rows["nhs_number"].cast(pa.float64())
                pq.write_table(
                    rows.set_column(place, "nhs_number", doubles),
                    house.source / f"{table}.parquet",
                )
                (house.source / f"{table}.csv").unlink()
        house.choose(allowed=numbers, requested=60, objections=[objection(numbers[3])])
        data = permitted(
            patients={"nhs_number": "pseudonym", "sex": "exact"},
            admissions={"nhs_number": "pseudonym", "diagnosis": "truncate(3)"},
        )
        manifest = house.build(house.issue(data=data)).manifest
        assert manifest["patients"]["released"] == 59
        assert manifest["tables"]["admissions"]["rows"] == 118
    house.close()


@pytest.mark.parametrize("table", ["patients", "admissions"])
def test_a_column_of_which_nothing_reads_is_named(tmp_path: Path, table: str) -> None:
    house = make_house(tmp_path / "house")
    for row in house.tables[table]:
        row["nhs_number"] = f"H{row['nhs_number']}"
    house.tables[table][0]["nhs_number"] = " "
    house.write()
    data = permitted(
        patients={"nhs_number": "pseudonym", "sex": "exact"},
        admissions={"nhs_number": "pseudonym", "diagnosis": "truncate(3)"},
    )
    permit = house.issue(data=data)
    error = refused(lambda: house.build(permit))
    assert (error.code, error.exit_code) == ("CW-RELEASE-UNREADABLE", 3)
    values = len(house.tables[table]) - 1
    assert f"Table {table}, column nhs_number: none of the {values} value(s)" in error.sentence
    house.close()


# --- S21: real people in a demonstration home -------------------------------------------------

REAL = "401 023 2137"


def in_the_key(house: House) -> str:
    for table in ("patients", "admissions"):
        for row in house.tables[table]:
            if row["mrn"] == "MRN0003":
                row["mrn"] = REAL
    return "mrn"


def in_the_numbers(house: House) -> str:
    house.tables["patients"][4]["nhs_number"] = grouped(REAL.replace(" ", ""), NBSP)
    return "nhs_number"


def in_another_table(house: House) -> str:
    # Neither permitted nor linked by: the table is read for its other columns.
    house.tables["admissions"][7]["nhs_number"] = REAL.translate(FULL_WIDTH)
    return "nhs_number"


def in_another_column(house: House) -> str:
    """A second column of NHS numbers in the person table, such as the mother's."""
    for row in house.tables["patients"]:
        row["mother"] = ""
    house.tables["patients"][9]["mother"] = REAL
    table = house.catalogue_data["datasets"][0]["tables"][0]
    table["variables"].append(
        factories.variable("mother", "text", "direct_identifier", identifies="nhs_number")
    )
    return "mother"


def only_in_the_links(house: House) -> str:
    house.tables["admissions"][3]["mrn"] = REAL
    return "mrn"


@pytest.mark.parametrize(
    "attack",
    [in_the_key, in_the_numbers, in_another_table, in_another_column, only_in_the_links],
)
def test_a_demonstration_home_finds_real_numbers_wherever_they_are_declared(
    tmp_path: Path, attack: Callable[[House], str]
) -> None:
    house = keyed(tmp_path / "house")
    column = attack(house)
    house.write()
    house.choose(allowed=nhs_numbers(60), requested=60)
    permit = house.issue(data=DATA)
    error = refused(lambda: house.build(permit))
    assert (error.code, error.exit_code) == ("CW-HOME-DEMO-REAL", 4)
    assert f"column {column}: " in error.sentence
    assert "NHS number(s) could belong to real people" in error.sentence
    assert "2137" not in str(error)
    assert "2137".translate(FULL_WIDTH) not in str(error)
    house.close()
