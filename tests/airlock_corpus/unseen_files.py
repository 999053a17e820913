"""Files labelled by somebody who had not seen the checks' code: what is in them, and whether it is
somebody's. A bad one must be failed, or put before a person where `least` says so.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import openpyxl
from PIL import Image, PngImagePlugin

from tests.files_house import SAFE_ROWS, csv_of, hospital, zip_of


@dataclass(frozen=True)
class Made:
    """One file; `kind`: what the study declared it to be. `leaves`: what must not leave of a file
    that a person may let go."""

    what: str
    bad: bool
    name: str
    content: bytes
    least: Literal["review", "fail"] = "fail"
    kind: Literal["file", "figure"] = "file"
    leaves: bytes = b""


def book(change: Any) -> bytes:
    made = openpyxl.Workbook()
    for row in [("ward", "n"), *SAFE_ROWS]:
        made.active.append(row)
    change(made)
    held = io.BytesIO()
    made.save(held)
    return held.getvalue()


def picture(comment: str | None = None) -> bytes:
    info = PngImagePlugin.PngInfo()
    if comment:
        info.add_text("Comment", comment)
    held = io.BytesIO()
    Image.new("RGB", (60, 40), "white").save(held, "png", pnginfo=info)
    return held.getvalue()


def unseen_files() -> Iterator[Made]:
    """All of them."""
    held = hospital()
    numbers = held["nhs"][40:46]
    wide = {48 + digit: 0xFF10 + digit for digit in range(10)}
    rows = [[one.translate(wide), 60] for one in numbers]
    yield Made("NHS numbers in wide digits", True, "a.csv", csv_of(["ref", "n"], rows))
    rows = [[" ".join(one), 60] for one in numbers]
    yield Made("NHS numbers digit by digit", True, "b.csv", csv_of(["ref", "n"], rows))
    rows = [[int(one) + 0.0, 60] for one in numbers]
    yield Made("NHS numbers as decimals", True, "c.csv", csv_of(["ref", "n"], rows))
    told = {"wards": {"Alder": {"patients": 44}, "Birch": {"patients": 3}}}
    yield Made("a small count deep in JSON", True, "d.json", json.dumps(told).encode())
    letters = [[held["hospital"][n].lower().replace("rx", "rx-"), 44] for n in (3, 9, 12)]
    yield Made("hospital numbers with dashes", True, "e.csv", csv_of(["g", "n"], letters))
    columns = ("age_band", "ward", "sex", "nights")
    turned = [[name, *(held[name][n] for n in range(60))] for name in columns]
    yield Made("rows of people, turned on their side", True, "f.csv",
               csv_of(["v", *(f"p{n}" for n in range(60))], turned), "review")  # fmt: skip
    people = [{name: held[name][n] for name in columns} for n in range(100, 160)]
    yield Made("people within JSON", True, "g.json",
               json.dumps({"results": {"rows": people}}).encode())  # fmt: skip

    def far(made: Any) -> None:
        made.active.cell(900, 90, numbers[0])
        made.active.column_dimensions["CL"].hidden = True

    yield Made("a number far out in a hidden column", True, "h.xlsx", book(far))

    def noted(made: Any) -> None:
        made.properties.description = f"patient {numbers[1]}"

    yield Made("a number in a workbook's properties", True, "i.xlsx", book(noted), "review",
               leaves=numbers[1].encode())  # fmt: skip
    said = picture(f"patient {numbers[2]}")
    yield Made("a picture that says whose it is", True, "j.png", said, "review", "figure")
    packed = zip_of({"rows.csv": csv_of(list(columns), [list(one.values()) for one in people])})
    yield Made("a picture and an archive", True, "k.png", picture() + packed, "review",
               "figure")  # fmt: skip
    yield Made("an archive that says it is a table", True, "l.csv", packed)
    page = f"<table><tr><td>Alder</td><td>44</td></tr></table><!-- {numbers[3]} -->"
    yield Made("a number in a note on a page", True, "m.html", page.encode(), "review")
    yield Made("a pickle that says it is JSON", True, "n.json", b"\x80\x04N.")
    safe = [("Alder", 40), ("Birch", 210), ("Cedar", 35)]
    yield Made("counts of three wards", False, "o.csv", csv_of(["ward", "patients"], safe))
    shares = [("Alder", 40.5, 12.25), ("Birch", 51.3, 9.5)]
    yield Made("means and shares", False, "p.csv", csv_of(["ward", "share", "mean"], shares))
    body = json.dumps({"r2": 0.44, "n": 5120, "coefficients": {"age": 0.03, "sex": -0.2}})
    yield Made("a model's figures", False, "q.json", body.encode())
    yield Made("a workbook of counts", False, "r.xlsx", book(lambda made: None))
    yield Made("a plain picture", False, "s.png", picture(), kind="figure")
