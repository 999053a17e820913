"""`catalogue check`: each fault by table, variable and row count; nothing on a sound catalogue."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commonweal.foundation.clock import FixedClock
from commonweal.foundation.identifiers import check_digit
from commonweal.papers.catalogue import Catalogue, Dataset
from commonweal.vault.scan import CheckReport, check, scan
from commonweal.vault.scan.profile import TableProfile
from commonweal.vault.sources import Source, open_source

ROOT = Path(__file__).resolve().parents[3]
CLOCK = FixedClock(dt.datetime(2026, 4, 1, tzinfo=dt.UTC))


def nhs(count: int, start: int = 900_000_000) -> list[Any]:
    found = []
    for nine in range(start, start + 2 * count):
        digit = check_digit(str(nine))
        if digit is not None:
            found.append(f"{nine}{digit}")
    return found[:count]


def var(name: str, type_: str = "text", role: str | None = "other", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": type_, "role": role, "forms": [], **more}


class Case:
    """A small hospital that has no fault, and what a test changes of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.links: dict[str, Any] = {}
        self.kind = "nhs_number"
        people = nhs(60)
        self.people: dict[str, list[Any]] = {
            "nhs_number": people,
            "born": [dt.date(1950, 1, 1) + dt.timedelta(days=200 * i) for i in range(60)],
            "died": [None] * 59 + [dt.date(2024, 1, 1)],
            "town": [["Alton", "Beal", "Corby"][i % 3] for i in range(60)],
        }
        self.stays: dict[str, list[Any]] = {
            "stay_id": list(range(120)),
            "nhs_number": [people[i % 60] for i in range(120)],
            "admitted": [dt.date(2020, 1, 1) + dt.timedelta(days=3 * i) for i in range(120)],
            "loaded": [dt.date(2020, 1, 1) + dt.timedelta(days=i) for i in range(120)],
            "note": [["low", "high", "none"][i % 3] for i in range(120)],
            "value": [str(i / 4) for i in range(120)],
        }
        self.wards: dict[str, list[Any]] = {
            "ward": [f"W{i}" for i in range(30)],
            "beds": [4 + i % 5 for i in range(30)],
            "about": [f"The ward number {i} of the house" for i in range(30)],
        }
        self.tests: dict[str, list[Any]] = {
            "stay_id": [i % 120 for i in range(240)],
            "result": [i / 2 for i in range(240)],
        }
        self.variables = {
            "people": [
                var("nhs_number", role="direct_identifier", identifies="nhs_number"),
                var("born", "date", "direct_identifier", identifies="date_of_birth"),
                var("died", "date", "quasi_identifier", identifies="date_of_death"),
                var("town", role="quasi_identifier", forms=["exact"]),
            ],
            "stays": [
                var("stay_id", "integer", "record_key", forms=["record_code"]),
                var("nhs_number", role="direct_identifier", identifies="nhs_number"),
                var("admitted", "date", "quasi_identifier", identifies="event_date",
                    forms=["shift"]),
                var("loaded", "date", "other", forms=["month"]),
                var("note"),
                var("value", "decimal"),
            ],
            "tests": [
                var("stay_id", "integer", "record_key",
                    links_to={"table": "stays", "variable": "stay_id"}),
                var("result", "decimal"),
            ],
            "wards": [
                var("ward", role="record_key", forms=["record_code"]),
                var("beds", "integer", forms=["exact"]),
                var("about", forms=["exact"]),
            ],
        }  # fmt: skip

    def of(self, table: str, name: str) -> dict[str, Any]:
        return next(v for v in self.variables[table] if v["name"] == name)

    def run(self, opened: Callable[[Dataset], Source] | None = None, **more: Any) -> CheckReport:
        self.folder.mkdir(exist_ok=True)
        tables = {name: getattr(self, name) for name in ("people", "stays", "tests", "wards")}
        for name, columns in tables.items():
            pq.write_table(pa.table(columns), self.folder / f"{name}.parquet")
        links: dict[str, Any] = {
            "people": "nhs_number", "stays": "nhs_number",
            "tests": {"variable": "stay_id", "to_table": "stays", "to_variable": "stay_id"},
            "wards": None, **self.links,
        }  # fmt: skip
        catalogue = Catalogue.read(
            {
                "catalogue": 1,
                "custodian": {"name": "Test"},
                "datasets": [
                    {
                        "id": "d",
                        "title": "D",
                        "source": {"kind": "folder", "location": str(self.folder)},
                        "person": {"table": "people", "variable": "nhs_number",
                                   "kind": self.kind},
                        "tables": [
                            {"name": name, "person_link": links[name], "variables": variables}
                            for name, variables in self.variables.items()
                        ],
                    }
                ],
            },
            "The test's catalogue",
        )  # fmt: skip
        return check(catalogue, opened or opener, clock=CLOCK, **more)


def opener(dataset: Dataset) -> Source:
    return open_source(dataset.source.kind, dataset.source.location)


_PROFILES: dict[tuple[Any, ...], TableProfile] = {}
"""Most of what is profiled here are tables that a test did not change: the same bytes."""


@pytest.fixture(autouse=True)
def _profiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Profile a file of the same bytes, read in the same way, once for all tests here."""
    module = sys.modules[check.__module__]
    profile: Callable[..., TableProfile] = module.profile_table

    def once(connection: Any, source: Source, table: Any, *, missing: Any) -> TableProfile:
        file = Path(source.location) / f"{table.name}.parquet"
        if not file.is_file():
            return profile(connection, source, table, missing=missing)
        key = (file.read_bytes(), repr(table), missing)
        if key not in _PROFILES:
            _PROFILES[key] = profile(connection, source, table, missing=missing)
        return _PROFILES[key]

    monkeypatch.setattr(module, "profile_table", once)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path / "d")


def test_a_sound_catalogue_has_no_finding(case: Case) -> None:
    report = case.run(synthetic_only=True)
    assert report.findings == ()
    assert report.rows == {"d": {"people": 60, "stays": 120, "tests": 240, "wards": 30}}
    assert report.as_dict()["ok"] is True


def test_the_samples_pass_as_they_are_scanned() -> None:
    for place in ("examples/synthea", "tests/data/heart"):
        with open_source("folder", str(ROOT / place)) as source:
            catalogue = Catalogue.read(scan(source).catalogue(), "The scan")
        report = check(catalogue, opener, clock=CLOCK)
        assert report.faults == ()
        assert {w.code for w in report.warnings} <= {"CW-CHECK-LIFE"}


def put(table: str, column: str, *changes: tuple[int, Any]) -> Callable[[Case], None]:
    def change(case: Case) -> None:
        for row, value in changes:
            getattr(case, table)[column][row] = value

    return change


def declare(table: str, name: str, **fields: Any) -> Callable[[Case], None]:
    return lambda case: case.of(table, name).update(fields)


def fill(table: str, column: str, make: Callable[[int], Any]) -> Callable[[Case], None]:
    def change(case: Case) -> None:
        columns = getattr(case, table)
        columns[column] = [make(i) for i in range(len(columns[column]))]

    return change


def drop(table: str, column: str) -> Callable[[Case], None]:
    return lambda case: getattr(case, table).pop(column)


def unique(
    table: str, column: str, make: Callable[[int], Any], **fields: Any
) -> Callable[[Case], None]:
    def change(case: Case) -> None:
        fill(table, column, make)(case)
        case.of(table, column).update({"forms": ["exact"], **fields})

    return change


def wards(name: str, make: Callable[[int], Any], **fields: Any) -> Callable[[Case], None]:
    """A further column of a table that is not about people."""

    def change(case: Case) -> None:
        case.wards[name] = [make(i) for i in range(30)]
        case.variables["wards"].append(
            var(name, "text" if isinstance(make(0), str) else "integer", **fields)
        )

    return change


DAY = dt.date
FAULTS: dict[str, tuple[Callable[[Case], None], str, str | None, str | None, int]] = {
    "no role": (declare("stays", "note", role=None), "CW-CHECK-ROLE", "stays", "note", 0),
    "column gone": (drop("stays", "note"), "CW-CHECK-COLUMN", "stays", "note", 0),
    "unreadable number": (put("stays", "value", (0, "many"), (1, "1,5")), "CW-CHECK-UNREADABLE",
                          "stays", "value", 2),
    "undeclared missing token": (put("stays", "value", (0, "?")), "CW-CHECK-UNREADABLE", "stays",
                                 "value", 1),
    "wrong type": (declare("stays", "note", type="date"), "CW-CHECK-UNREADABLE", "stays", "note",
                   120),
    "a person twice": (lambda c: put("people", "nhs_number", (1, c.people["nhs_number"][0]))(c),
                       "CW-CHECK-PERSON-TWICE", "people", "nhs_number", 1),
    "stays of nobody": (put("stays", "nhs_number", (0, nhs(1, 955_000_000)[0])), "CW-CHECK-ORPHAN",
                        "stays", "nhs_number", 1),
    "tests of no stay": (put("tests", "stay_id", (0, 999), (1, 998)), "CW-CHECK-ORPHAN", "tests",
                         "stay_id", 2),
    "born tomorrow": (put("people", "born", (3, DAY(2026, 4, 2))), "CW-CHECK-BIRTH", "people",
                      "born", 1),
    "born long ago": (put("people", "born", (3, DAY(1889, 12, 31)), (4, DAY(1001, 1, 1))),
                      "CW-CHECK-BIRTH", "people", "born", 2),
    "died before birth": (put("people", "died", (0, DAY(1949, 1, 1))), "CW-CHECK-LIFE", "people",
                          "died", 1),
    "stay key twice": (put("stays", "stay_id", (1, 0)), "CW-CHECK-RECORD-KEY", "stays", "stay_id",
                       1),
    "one day for all": (fill("stays", "loaded", lambda i: DAY(2024, 4, 1)),
                        "CW-CHECK-ADMINISTRATIVE", "stays", "loaded", 120),
    "hidden NHS numbers": (fill("stays", "note", lambda i: nhs(1, 910_000_000 + 7 * i)[0]),
                           "CW-CHECK-HIDDEN-IDENTIFIER", "stays", "note", 120),
    "some hidden e-mails": (fill("stays", "note", lambda i: f"a{i}@b.org" if i % 4 == 0 else "-"),
                            "CW-CHECK-HIDDEN-IDENTIFIER", "stays", "note", 30),
    "hidden postcodes": (fill("people", "town", lambda i: f"XQ{i} 1AB"),
                         "CW-CHECK-HIDDEN-IDENTIFIER", "people", "town", 60),
    "hidden telephones": (fill("stays", "note", lambda i: f"07700 900{i:03d}"),
                          "CW-CHECK-HIDDEN-IDENTIFIER", "stays", "note", 120),
    "hidden SSN": (fill("stays", "note", lambda i: f"{100 + i}-22-3333"),
                   "CW-CHECK-HIDDEN-IDENTIFIER", "stays", "note", 120),
    "hidden free text": (fill("stays", "note", lambda i: f"seen today with {i} kinds of bad pain"),
                         "CW-CHECK-FREE-TEXT", "stays", "note", 120),
    "a unique text": (unique("stays", "note", lambda i: f"x{i}"), "CW-CHECK-UNIQUE", "stays",
                      "note", 120),
    "a unique text, cut behind its end": (
        unique("stays", "note", lambda i: f"x{i}", forms=["truncate(4)"]), "CW-CHECK-UNIQUE",
        "stays", "note", 120),
    "unique dates": (unique("stays", "note", lambda i: DAY(2020, 1, 1) + dt.timedelta(days=i),
                            type="date"), "CW-CHECK-UNIQUE", "stays", "note", 120),
    "unique long numbers": (unique("stays", "note", lambda i: 700_000 + 31 * i, type="integer"),
                            "CW-CHECK-UNIQUE", "stays", "note", 120),
    "nine in ten unique": (unique("stays", "note", lambda i: f"x{min(i, 109)}"),
                           "CW-CHECK-UNIQUE", "stays", "note", 110),
    "an unlinked NHS number": (wards("pat", lambda i: nhs(1, 910_000_000 + 7 * i)[0]),
                               "CW-CHECK-UNLINKED", "wards", "pat", 30),
    "some unlinked NHS numbers": (
        wards("pat", lambda i: nhs(1, 910_000_000 + 7 * i)[0] if i % 4 == 0 else "none"),
        "CW-CHECK-UNLINKED", "wards", "pat", 8),
    "an unlinked NHS number that is not in the catalogue": (
        lambda c: c.wards.update(pat=nhs(30, 910_000_000)), "CW-CHECK-UNLINKED", "wards", "pat",
        30),
    "an unlinked NHS number by its declaration": (
        wards("pat", lambda i: str(i), role="direct_identifier", identifies="nhs_number"),
        "CW-CHECK-UNLINKED", "wards", "pat", 30),
    "an unlinked key of stays": (
        wards("stay_id", lambda i: 2 * i, role="record_key"), "CW-CHECK-UNLINKED", "wards",
        "stay_id", 30),
    "an unlinked link to stays": (
        wards("last", lambda i: 900 + i, role="record_key",
              links_to={"table": "stays", "variable": "stay_id"}),
        "CW-CHECK-UNLINKED", "wards", "last", 30),
    "stays without their link": (
        lambda c: c.links.update(stays=None, tests=None), "CW-CHECK-UNLINKED", "stays",
        "nhs_number", 120),
    "lists": (fill("stays", "note", lambda i: [i]), "CW-SOURCE-STORAGE", "stays", "note", 120),
    "not NHS numbers": (fill("stays", "nhs_number", lambda i: str(i)), "CW-CHECK-NHS-NUMBER",
                        "stays", "nhs_number", 120),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_has_its_place_and_count(case: Case, name: str) -> None:
    change, code, table, variable, rows = FAULTS[name]
    change(case)
    report = case.run()
    assert (code, table, variable, rows) in {
        (f.code, f.table, f.variable, f.rows) for f in report.faults
    }
    assert report.as_dict()["ok"] is False
    assert all(f.sentence.endswith(".") for f in report.findings)


WARNINGS: dict[str, tuple[Callable[[Case], None], str, str, str, int]] = {
    "no person key": (put("stays", "nhs_number", (0, None), (1, "")), "CW-CHECK-PERSON-MISSING",
                      "stays", "nhs_number", 2),
    "before birth": (put("stays", "admitted", (0, DAY(1949, 1, 1))), "CW-CHECK-LIFE", "stays",
                     "admitted", 1),
    "after death": (put("stays", "admitted", (59, DAY(2025, 1, 1))), "CW-CHECK-LIFE", "stays",
                    "admitted", 1),
    "not a number": (put("stays", "value", (0, "NaN"), (1, "-inf")), "CW-CHECK-NOT-A-NUMBER",
                     "stays", "value", 2),
    "wrong check digit": (put("people", "nhs_number", (0, "9434765918")), "CW-CHECK-NHS-NUMBER",
                          "people", "nhs_number", 1),
    "one digit ten times": (put("people", "nhs_number", (0, "0000000000")), "CW-CHECK-NHS-NUMBER",
                            "people", "nhs_number", 1),
    "out of range": (put("people", "nhs_number", (0, "5990128088")), "CW-CHECK-NHS-NUMBER",
                     "people", "nhs_number", 1),
    "unique small numbers": (unique("stays", "note", lambda i: i, type="integer"),
                             "CW-CHECK-UNIQUE", "stays", "note", 120),
    "short keys that may be stays": (wards("ref", lambda i: 3 * i), "CW-CHECK-UNLINKED", "wards",
                                     "ref", 30),
    "extra column": (lambda c: c.stays.update(extra=[1] * 120), "CW-CHECK-COLUMN", "stays",
                     "extra", 0),
}  # fmt: skip


@pytest.mark.parametrize("name", WARNINGS)
def test_each_warning_has_its_place_and_count(case: Case, name: str) -> None:
    change, code, table, variable, rows = WARNINGS[name]
    change(case)
    assert (code, table, variable, rows) in {
        (f.code, f.table, f.variable, f.rows) for f in case.run().warnings
    }


NO_FINDINGS: dict[str, Callable[[Case], None]] = {
    "unique, but never shown": unique("stays", "note", lambda i: f"x{i}", forms=[]),
    "unique, cut short": unique("stays", "note", lambda i: f"x{i}", forms=["truncate(2)"]),
    "unique, rolled up": unique("stays", "note", lambda i: f"x{i}", forms=["rollup(10)"]),
    "unique results": declare("tests", "result", forms=["exact"]),
    "unique times": unique(
        "stays", "note", lambda i: dt.datetime(2020, 1, 1, i % 24, i % 60), type="timestamp"  # noqa: DTZ001
    ),
    "unique and measured": unique(
        "stays", "note", lambda i: f"x{i}", role="quasi_identifier", forms=["exact"]
    ),
    "few different texts": unique("stays", "note", lambda i: f"x{i % 108}"),
    "few rows": unique("people", "town", lambda i: f"x{i}" if i < 49 else None, role="other"),
    "numbers that lie in a key by chance": wards("size", lambda i: 3 * i),
    "a code that no person has": wards("code", lambda i: f"QX{i:05d}"),
}  # fmt: skip


@pytest.mark.parametrize("name", NO_FINDINGS)
def test_what_is_no_identifier_is_passed(case: Case, name: str) -> None:
    NO_FINDINGS[name](case)
    assert case.run().findings == ()


def test_an_unlinked_key_is_found_in_another_spelling(case: Case) -> None:
    """A key of the custodian's own, in other letters and with other separators."""
    keys = [f"mk-{i:04d}" for i in range(60)]
    case.people["nhs_number"] = keys
    case.stays["nhs_number"] = [keys[i % 60] for i in range(120)]
    for table in ("people", "stays"):
        case.of(table, "nhs_number").update(identifies="person_key")
    wards("who", lambda i: f"MK {i:04d}")(case)
    case.kind = "other_identifier"
    found = {(f.code, f.table, f.variable, f.rows) for f in case.run().faults}
    assert found == {("CW-CHECK-UNLINKED", "wards", "who", 30)}


def test_each_kind_of_bad_nhs_number_is_told_apart(case: Case) -> None:
    bad = ["9434765918", "0000000000", "5990128088", "12345"]
    for row, number in enumerate(bad):
        case.people["nhs_number"][row] = number
    words = [f.sentence for f in case.run().findings if f.code == "CW-CHECK-NHS-NUMBER"]
    for expected in (
        "ten digits",
        "one digit ten times",
        "wrong check digit",
        "outside the ranges",
    ):
        assert any(expected in sentence for sentence in words)
    assert not any(number in sentence for number in bad for sentence in words)


def test_numbers_that_may_be_real_are_a_fault_only_where_they_must_not_be(case: Case) -> None:
    real = nhs(60, 400_000_000)
    case.people["nhs_number"] = real
    case.stays["nhs_number"] = [real[i % 60] for i in range(120)]
    assert case.run().faults == ()
    found = {(f.code, f.table, f.rows) for f in case.run(synthetic_only=True).faults}
    assert found == {("CW-CHECK-NHS-REAL", "people", 60), ("CW-CHECK-NHS-REAL", "stays", 120)}


def test_spaces_in_nhs_numbers_are_no_orphans(case: Case) -> None:
    case.stays["nhs_number"] = [f"{n[:3]} {n[3:6]} {n[6:]}" for n in case.stays["nhs_number"]]
    assert "CW-CHECK-ORPHAN" not in {f.code for f in case.run().findings}


def test_a_damaged_table_is_a_finding_and_the_others_are_still_checked(case: Case) -> None:
    case.of("stays", "note")["role"] = None

    def damage(dataset: Dataset) -> Source:
        (case.folder / "tests.parquet").write_bytes(b"nonsense")
        return opener(dataset)

    assert {(f.code, f.table) for f in case.run(damage).faults} == {
        ("CW-SOURCE-MALFORMED", "tests"), ("CW-CHECK-ROLE", "stays"),
    }  # fmt: skip


def test_a_source_that_is_gone_is_a_finding(case: Case, tmp_path: Path) -> None:
    report = case.run(lambda _: open_source("folder", str(tmp_path / "nowhere")))
    assert {f.code for f in report.faults} == {"CW-FILE-MISSING"}


def test_no_finding_repeats_a_value(case: Case) -> None:
    case.stays["note"] = [f"zaphod{i}@beeblebrox.org" for i in range(120)]
    case.people["born"][0] = dt.date(1801, 7, 9)
    text = str(case.run().as_dict())
    assert "zaphod" not in text
    assert "1801" not in text
