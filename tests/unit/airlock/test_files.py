"""What is found in files of each kind, by small examples; and a slow twin for what is compared."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.airlock.files.answers import Column, Sheet
from commonweal.airlock.files.looking import declared_kind, look, shown_name
from commonweal.airlock.files.people import Sieve, compare
from commonweal.airlock.files.tables import identifier_findings, summaries_of
from commonweal.airlock.files.writing import csv_cell, is_formula, plain_text
from commonweal.foundation.errors import CommonwealError, Fault, WrongUsage
from tests.files_house import (
    SACRO,
    Beside,
    bare,
    book_of,
    code,
    csv_of,
    cut_of,
    film_of,
    hospital,
    jpeg_of,
    looked,
    notebook_of,
    parquet_of,
    parts_of,
    plot,
    png_of,
    release,
    rules_of,
    sieve,
    svg_of,
    token_of,
    zip_of,
)
from tests.unit.choices.helpers import nhs_numbers

NUMBERS = nhs_numbers(40)


def sheet(header: list[str], rows: list[list[Any]]) -> Sheet:
    columns = [
        Column(name=name, values=[None if row[n] is None else str(row[n]) for row in rows])
        for n, name in enumerate(header)
    ]
    return Sheet(name="t", form="table", rows=len(rows), columns=columns)


# --- names and kinds ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.csv", "csv"), ("a.CSV", "csv"), ("a.csv.exe", "unknown"), ("a.png.csv", "csv"),
     ("a", "unknown"), ("a.jpeg", "jpeg"), ("a.pkl", "unknown"), (".csv", "unknown")],
)  # fmt: skip
def test_a_name_says_one_kind(name: str, kind: str) -> None:
    assert declared_kind(name) == kind


@pytest.mark.parametrize("name", ["x\u202ecsv.csv", "a b.csv", "-a.csv", "..csv", "a\n.csv",
                                  "é.csv", "a;b.csv", "x" * 129])  # fmt: skip
def test_odd_names_are_not_shown(name: str) -> None:
    assert name not in shown_name(name)


def test_requests_and_models_have_their_own_ways(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("n\n20\n")
    for kind in ("request", "model", "anything"):
        with pytest.raises(WrongUsage):
            look(tmp_path / "x.csv", kind, Beside(), "p", SACRO)  # type: ignore[arg-type]


def test_what_is_no_plain_file_has_no_verdict(tmp_path: Path) -> None:
    class Stops(Beside):
        def parse(self, *_: Any, **__: Any) -> Any:
            raise Fault("CW-PARSE-FAILED", "What was to be parsed is not a plain file.")

    (tmp_path / "x.csv").symlink_to("/dev/null")
    with pytest.raises(CommonwealError):
        look(tmp_path / "x.csv", "file", Stops(), "p", SACRO)  # type: ignore[arg-type]


def patched(old: bytes, new: bytes) -> bytes:
    """A workbook whose sheet says `new` instead of `old`."""
    parts = parts_of(book_of())
    name = "xl/worksheets/sheet1.xml"
    assert old in parts[name]
    return zip_of({**parts, name: parts[name].replace(old, new)})


# --- each kind ---------------------------------------------------------------------------------

READ: list[tuple[str, str, bytes, set[str]]] = [
    ("commas", "a.csv", b"ward,n\nA,20\n", set()),
    ("semicolons", "a.csv", b"ward;n\nA;20\n", {"dropped"}),
    ("an order mark", "a.csv", b"\xef\xbb\xbfward,n\nA,20\n", set()),
    ("UTF-16", "a.csv", "ward,n\nA,20\n".encode("utf-16"), {"dropped"}),
    ("no rows", "a.csv", b"ward,n\n", set()),
    ("blank lines", "a.csv", b"ward,n\n\nA,20\n\n", set()),
    ("an open quote", "a.csv", b'ward,n\n"A,20\n', {"unreadable"}),
    ("a dash", "a.csv", b"ward,n\nA,20\nB,-\n", set()),
    ("a text with a dash", "a.csv", b"ward,x\nA,- not known\n", {"dropped"}),
    ("a formula", "a.csv", b"ward,x\nA,=1+1\n", {"active"}),
    ("a formula in the header", "a.csv", b"=1+1,n\nA,20\n", {"active"}),
    ("signed numbers", "a.csv", b"term,x\nA,-1.5e-3\nB,+2\nC,-12%\n", set()),
    ("postcodes", "a.csv", b"area,n\nLS1 4AP,20\n", {"hint"}),
    ("dates of birth", "a.csv", b"dob,n\n1950-02-03,20\n", {"hint"}),
    ("two values of JSON", "a.json", b"{} {}", {"unreadable"}),
    ("an empty list", "a.json", b"[]", {"unreadable"}),
    ("a number", "a.json", b" 5", {"type"}),
    ("a large number", "a.json", b'{"x": 1e999}', {"unreadable"}),
    ("a long number", "a.json", b'{"x": 12345678901234567890}', {"unreadable"}),
    ("numbers as keys", "a.json", json.dumps({NUMBERS[0]: 1, NUMBERS[1]: 2}).encode(),
     {"identifier"}),
    ("a picture", "a.png", png_of(plot()), set()),
    ("a picture that moves", "a.png", film_of(plot(1), plot(2)), {"dropped"}),
    ("one byte behind a picture", "a.png", png_of(plot()) + b"\n", {"hidden"}),
    ("a JPEG", "a.jpg", jpeg_of(plot()), set()),
    ("a JPEG with Exif", "a.jpg", jpeg_of(plot(), exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0"),
     {"dropped"}),
    ("a JPEG in steps", "a.jpg", jpeg_of(plot(), progressive=True), set()),
    ("Parquet", "a.parquet", parquet_of({"ward": ["A", None], "x": [1.5, float("nan")]}), set()),
    ("Parquet of dates", "a.parquet", parquet_of({"d": pa.array([0, 400], pa.date32())}), set()),
    ("a word coded in Parquet", "a.parquet",
     parquet_of({"w": pa.array(["A", "B"]).dictionary_encode()}), set()),
    ("a workbook", "a.xlsx", book_of(), set()),
    ("a filter in a workbook", "a.xlsx",
     book_of(lambda _, sheet: setattr(sheet.auto_filter, "ref", "A1:B4")), {"dropped"}),
    ("a narrow column", "a.xlsx",
     patched(b"<sheetData>", b'<cols><col min="2" max="2" width="0.1"/></cols><sheetData>'),
     {"hidden"}),
    ("rows of no height", "a.xlsx", patched(b"<sheetFormatPr ", b'<sheetFormatPr zeroHeight="1" '),
     {"hidden"}),
    ("a notebook", "a.ipynb", notebook_of([code("1")]), set()),
    ("a notebook of old", "a.ipynb", b'{"nbformat": 3, "cells": []}', {"unreadable"}),
    ("a table on a page", "a.html", b"<table><tr><th>n</th></tr><tr><td>20</td></tr></table>",
     set()),
    ("a page not closed", "a.html", b"<div><p>x</div>", set()),
    ("a page left open", "a.html", b"<div><p>x", {"unreadable"}),
    ("a style on a page", "a.html", b"<style>p {color: red}</style><p>x</p>", {"hidden"}),
    ("XML", "a.html", b"<?xml version='1.0'?><feed/>", {"type", "kind"}),
    ("lines", "a.svg", svg_of('<path d="M 1 2 L 3 4"/>'), {"underlying"}),
    ("a tag of its own", "a.svg", svg_of("<rows>1</rows>"), {"hidden", "underlying"}),
    ("an attribute of its own", "a.svg", svg_of('<g data-x="1"/>'), {"hidden", "underlying"}),
    ("a local reference", "a.svg", svg_of('<defs><g id="a"/></defs><use xlink:href="#a"/>'),
     {"underlying"}),
    ("two colons", "a.svg", svg_of('<g style="fill: url(http://x)"/>'), {"active", "underlying"}),
    ("a local paint", "a.svg", svg_of('<g style="fill: url(#a)"/>'), {"underlying"}),
    ("nothing to be seen", "a.svg", svg_of('<text opacity="0">x</text>'),
     {"hidden", "underlying"}),
]  # fmt: skip


@pytest.mark.parametrize(("what", "name", "content", "rules"), READ, ids=[r[0] for r in READ])
def test_what_is_found(
    what: str, name: str, content: bytes, rules: set[str], tmp_path: Path
) -> None:
    seen = looked(tmp_path, name, content)
    assert rules_of(seen) == rules
    assert seen.verdict != "pass"
    assert (seen.size, seen.sha256[:7]) == (len(content), "sha256:")
    if not rules & {"unreadable", "type", "active", "hidden"}:
        assert any(one.leaves for one in seen.renderings)


def test_the_same_file_leaves_in_the_same_bytes(tmp_path: Path) -> None:
    for name, content in (("a.png", png_of(plot())), ("b.xlsx", book_of()),
                          ("c.json", b'{"b": 1, "a": [2.50]}')):  # fmt: skip
        once, again = (looked(tmp_path, name, content).renderings for _ in range(2))
        assert [one.sha256 for one in once] == [one.sha256 for one in again]


def test_what_leaves_holds_the_values(tmp_path: Path) -> None:
    (told,) = looked(tmp_path, "a.csv", b'w,n\n"A, ""B""\nC",20\n=x,1\n').renderings
    rows = list(csv.reader(io.StringIO(told.content.decode(), newline="")))
    assert rows == [["w", "n"], ['A, "B"\nC', "20"], ["'=x", "1"]]
    (told,) = looked(tmp_path, "b.json", b'{"b": 1, "a": [2.50, null, true, "x"]}').renderings
    assert json.loads(told.content) == {"b": 1, "a": [2.5, None, True, "x"]}
    assert list(json.loads(told.content)) == ["b", "a"]
    (told,) = looked(tmp_path, "c.parquet", parquet_of({"x": [1, None], "y": [0.1, 2.0]})
                     ).renderings  # fmt: skip
    assert told.content == b"x,y\r\n1,0.1\r\n,2.0\r\n"


def test_a_picture_leaves_as_it_looks(tmp_path: Path) -> None:
    from PIL import Image

    clear = np.zeros((4, 6, 4), np.uint8)
    clear[:2] = (0, 94, 184, 255)
    for name, content in (("a.png", png_of(clear, colours=6)), ("b.png", png_of(plot()))):
        (told,) = looked(tmp_path, name, content).renderings
        shown = Image.open(io.BytesIO(told.content))
        assert shown.mode == "RGB"
        assert shown.info == {}
    (told,) = looked(tmp_path, "a.png", png_of(clear, colours=6)).renderings
    pixels = np.asarray(Image.open(io.BytesIO(told.content))).astype(int)
    assert np.abs(pixels[0, 0] - (0, 94, 184)).max() <= 3
    assert (pixels[3] == 255).all()


def test_a_notebook_leaves_without_its_outputs(tmp_path: Path) -> None:
    import nbformat

    output = {"output_type": "stream", "name": "stdout", "text": "943 476 5919"}
    seen = looked(tmp_path, "a.ipynb", notebook_of([code("1\n2", output)], title="943"))
    book, text = seen.renderings
    nbformat.validate(nbformat.reads(book.content.decode(), 4))
    assert b"943" not in book.content
    assert text.content == b"# [code]\n1\n2\n"
    assert not text.leaves


# --- cells -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "outcome"),
    [([], None), (["1234567890"], None), (NUMBERS[:1], "review"), (NUMBERS[:2], "fail"),
     ([NUMBERS[0]] * 9, "review"), ([f"x{NUMBERS[0]}y", f"({NUMBERS[1]})"], "fail"),
     ([NUMBERS[0], NUMBERS[1], *(f"91234{n:05}" for n in range(40))], "review"),
     ([f"1{number}" for number in NUMBERS[:9]], "fail"),
     ([f"{number}7{n}" for n, number in enumerate(NUMBERS[:9])], "fail"),
     ([f"{12_345_678_901 + 977 * n}" for n in range(30)], None), ([NUMBERS[0][:9]], None)],
)  # fmt: skip
def test_nhs_numbers(cells: list[str], outcome: str | None) -> None:
    found = [one.outcome for one in identifier_findings(cells, {"table": "t"})]
    assert found == ([outcome] if outcome else [])


def test_random_numbers_are_for_a_person_at_most() -> None:
    """One ten-digit number in eleven passes by chance: a column of them is not failed."""
    rng = np.random.default_rng(3)
    for _ in range(40):
        cells = [str(n) for n in rng.integers(1_000_000_000, 9_999_999_999, 60)]
        assert [o.outcome for o in identifier_findings(cells, {"table": "t"})] in ([], ["review"])


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [("=1", True), ("+x", True), ("-x", True), ("@x", True), ("\t=1", True), ("\rx", True),
     ("-1", False), ("+1.5", False), ("-1,200", False), ("-", False), ("1=1", False), ("", False),
     ("-.5", False), ("-1e-9", False), ("-1-1", True), ("+", False), ("-5%", False)],
)  # fmt: skip
def test_formulas(cell: str, wanted: bool) -> None:
    assert is_formula(cell) is wanted


@given(st.text(max_size=40))
def test_no_cell_leaves_as_a_formula_or_with_what_nobody_sees(text: str) -> None:
    told = csv_cell(text)
    assert not is_formula(told)
    assert plain_text(told) == told
    assert "\u202e" not in told
    assert "\x00" not in told


def test_what_a_reviewer_reads_of_columns() -> None:
    rows = [["A", 0, 15, "2024-01-02", 1.5], ["B", 5, 3, "2024-02-03", 2.5],
            [None, 20, 9, "2024-03-04", "[REDACTED]"]]  # fmt: skip
    found = summaries_of([sheet(["w", "patients", "n", "day", "rate"], rows)], SACRO)
    told = {one.name: one for one in found}
    assert (told["w"].type, told["w"].missing, told["w"].distinct) == ("text", 1, 2)
    assert told["w"].small is None
    patients = told["patients"]
    assert (patients.least_above_nothing, patients.most, patients.fives) == (5.0, 20.0, True)
    assert (patients.small, patients.sixes) == (1, False)
    assert (told["n"].sixes, told["n"].fives, told["n"].small) == (True, False, 2)
    assert told["day"].type == "date"
    assert (told["rate"].type, told["rate"].missing) == ("number", 1)
    assert told["rate"].as_dict()["column"] == 5


# --- comparison --------------------------------------------------------------------------------


def compared(tables: list[Sheet], folder: Path, **beside: Any) -> list[tuple[str, str]]:
    found = compare(tables, "t", SACRO, beside.get("sieve"), beside.get("release"), folder)
    return [(one.rule, one.outcome) for one in found if one.rule != "not-compared"]


HELD = hospital()
SIEVED: list[tuple[str, list[str], list[tuple[str, str]]]] = [
    ("nothing", ["Alder", "Birch"], []),
    ("a number", [HELD["nhs"][5]], [("sieve", "fail")]),
    ("a number in three", [f"{HELD['nhs'][5][:3]} {HELD['nhs'][5][3:6]}/{HELD['nhs'][5][6:]}"],
     [("sieve", "fail")]),
    ("a number among digits", [f"007{HELD['nhs'][5]}99"], [("sieve", "fail")]),
    ("a postcode in small letters", [f"of {HELD['postcode'][9].lower()}, Leeds"],
     [("sieve", "fail")]),
    ("a postcode without its space", [HELD["postcode"][9].replace(" ", "")], [("sieve", "fail")]),
    ("half a postcode", [HELD["postcode"][9].split()[0]], []),
    ("a surname", ["Featherstone"], [("sieve", "review")]),
    ("a surname in pieces", ["O Donovan"], [("sieve", "review")]),
    ("surnames", HELD["surname"][:4], [("sieve", "fail")]),
    ("surnames among many groups", ["Young", "White", *(f"group{n}" for n in range(9))],
     [("sieve", "review")]),
    ("in the header", [], []),
]  # fmt: skip


@pytest.mark.parametrize(("what", "cells", "wanted"), SIEVED, ids=[s[0] for s in SIEVED])
def test_identifiers_of_the_source(
    what: str, cells: list[str], wanted: list[tuple[str, str]], tmp_path: Path
) -> None:
    table = sheet(["x"], [[cell] for cell in cells])
    assert compared([table], tmp_path, sieve=sieve()) == wanted


def test_an_identifier_as_a_column_is_found(tmp_path: Path) -> None:
    table = sheet([HELD["nhs"][7]], [["1"]])
    assert compared([table], tmp_path, sieve=sieve()) == [("sieve", "fail")]


def test_a_function_that_makes_no_codes_is_refused(tmp_path: Path) -> None:
    table = sheet(["x"], [["abcd"]])
    broken = Sieve(sieve().tokens, lambda texts: np.zeros((len(texts), 3), np.uint8))
    with pytest.raises(Fault, match="CW-OUTPUT-RELEASE"):
        compare([table], "t", SACRO, broken, None, tmp_path)
    with pytest.raises(Fault, match="CW-OUTPUT-RELEASE"):
        Sieve.at(tmp_path / "nowhere.parquet", token_of)


def test_the_codes_of_another_key_find_nothing(tmp_path: Path) -> None:
    table = sheet(["x"], [[HELD["nhs"][5]]])
    other = Sieve(sieve().tokens, lambda texts: 255 - token_of(texts))
    assert compared([table], tmp_path, sieve=other) == []


@settings(max_examples=15)
@given(st.lists(st.sampled_from(["nhs", "surname", "hospital", "ward", "of", "12", "x"]),
                min_size=1, max_size=6), st.sampled_from([" ", ", ", "/", " - "]))  # fmt: skip
def test_the_sieve_finds_what_a_slow_search_finds(
    tmp_path_factory: pytest.TempPathFactory, words: list[str], sign: str
) -> None:
    cell = sign.join(str(HELD[word][17]) if word in HELD else word for word in words)
    held = {bare(str(value)) for column in ("nhs", "surname", "hospital", "postcode")
            for value in HELD[column]}  # fmt: skip
    parts = "".join(c if c.isalnum() else " " for c in cell.upper()).split()
    near = {"".join(parts[start : start + size]) for size in range(1, 5)
            for start in range(len(parts))} | {bare(cell)}  # fmt: skip
    folder = tmp_path_factory.mktemp("sieve")
    found = compared([sheet(["x"], [[cell]])], folder, sieve=sieve())
    assert bool(found) == bool({one for one in near if len(one) >= 4} & held)


CODES: list[tuple[str, list[str], list[tuple[str, str]]]] = [
    ("hexadecimal", [HELD["code"][1].hex()], [("codes", "fail")]),
    ("capitals", [HELD["spell"][1].hex().upper()], [("codes", "fail")]),
    ("in a text", [f"see {HELD['code'][1].hex()}."], [("codes", "fail")]),
    ("one cut off", [HELD["code"][1].hex()[:12]], [("codes", "review")]),
    ("several cut off", [HELD["code"][n].hex()[:8] for n in range(3)], [("codes", "fail")]),
    ("cut too short to tell", [HELD["code"][n].hex()[:7] for n in range(3)], []),
    ("others", [bytes(range(n, n + 16)).hex() for n in range(9)], []),
]  # fmt: skip


@pytest.mark.parametrize(("what", "cells", "wanted"), CODES, ids=[c[0] for c in CODES])
def test_codes_of_the_release(
    what: str, cells: list[str], wanted: list[tuple[str, str]], tmp_path: Path
) -> None:
    table = sheet(["x"], [[cell] for cell in cells])
    assert compared([table], tmp_path, release=release(tmp_path)) == wanted


COLUMNS = ["age_band", "ward", "sex", "nights"]


def slow_few(rows: list[list[Any]], names: list[str]) -> int:
    """In how many rows the values belong to 1 to 9 people, by looking at everybody."""
    everybody = list(zip(*(HELD[name] for name in names), strict=True))
    return sum(0 < sum(tuple(row) == person for person in everybody) < 10 for row in rows)


@settings(max_examples=8)
@given(st.lists(st.integers(0, 599), min_size=12, max_size=40, unique=True),
       st.lists(st.sampled_from(COLUMNS), min_size=2, max_size=4, unique=True))  # fmt: skip
def test_rows_are_counted_as_a_slow_twin_does(
    tmp_path_factory: pytest.TempPathFactory, people: list[int], names: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    rows = cut_of(people, names)
    # Each row once, as a table by these columns has them.
    rows = [list(row) for row in dict.fromkeys(map(tuple, rows))]
    found = [one for one in compare([sheet(names, rows)], "t", SACRO, None, release(folder), folder)
             if one.rule == "row-level"]  # fmt: skip
    slow = slow_few(rows, names)
    if slow >= 0.2 * len(rows):
        (one,) = found
        assert (one.outcome, one.value) == ("fail", float(slow))
    elif slow:
        assert found


def test_rows_in_other_spellings_and_with_columns_between(tmp_path: Path) -> None:
    rows = [[n, row[0].upper(), f"  {row[1]}", row[2], f"{row[3]}.0", 0.5 * n]
            for n, row in enumerate(cut_of(range(25), COLUMNS))]  # fmt: skip
    table = sheet(["id", "a", "b", "c", "d", "score"], rows)
    assert compared([table], tmp_path, release=release(tmp_path)) == [("row-level", "fail")]


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        (["ward", "sex", "n"], [[w, s, 90] for w in ("Alder", "Birch") for s in ("male",)]),
        (["ward", "nights_total"], [["Alder", 5123], ["Birch", 6231]]),
        (["other"], [["x"], ["y"]]),
        (["ward"], []),
    ],
)
def test_tables_of_figures_are_not_rows(
    header: list[str], rows: list[list[Any]], tmp_path: Path
) -> None:
    assert compared([sheet(header, rows)], tmp_path, release=release(tmp_path)) == []


def test_rows_of_others_are_not_those_of_the_release(tmp_path: Path) -> None:
    rows = [["90 to 99", "Dell", "other", 99 + n] for n in range(30)]
    assert compared([sheet(COLUMNS, rows)], tmp_path, release=release(tmp_path)) == []


def test_rows_and_columns_of_csv_come_from_the_file(tmp_path: Path) -> None:
    seen = looked(tmp_path, "a.csv", csv_of(["ward", "n"], [("A", 3), ("B", 4)]))
    small = [one for one in seen.findings if one.rule == "threshold"]
    assert [(one.where["column"], one.where["row"]) for one in small] == [("2", "1"), ("2", "2")]
