"""Attack: a job writes what it saw into the number of sheets of a workbook, or kinds of files.

Names of declared files are fixed in the hashed study, but what is written anew from them is not:
a workbook gives one table for each sheet, a JSON file is a request or is none, and a refusal that
names a file says a bit with each file. Before people have judged an output its author may read
nothing of it (S4, S6). The naive twin tells the names of the frozen files.
"""

from __future__ import annotations

import io
import pickle
from typing import Any

import pytest

from commonweal.airlock.leaving.store import read_turn
from commonweal.vault.custody import Custody
from commonweal.wiring.outputs import store_of
from tests.web.conftest import db, web_home  # noqa: F401 (fixtures)
from tests.web.outputs.conftest import airlock, released_home  # noqa: F401 (fixtures)
from tests.web.outputs.room import SEXES, Airlock, output


class _Raw(str):
    """Bytes where the house of tests takes text."""

    content: bytes

    __slots__ = ("content",)

    def encode(self, *_: Any) -> bytes:
        return self.content


def raw(content: bytes) -> _Raw:
    made = _Raw("raw")
    made.content = content
    return made


def book(sheets: int) -> _Raw:
    import openpyxl

    made = openpyxl.Workbook()
    made.remove(made.active)
    for number in range(sheets):
        sheet = made.create_sheet(f"s{number}")
        for row in (["sex", "n"], ["F", 30], ["M", 40]):
            sheet.append(row)
    sink = io.BytesIO()
    made.save(sink)
    return raw(sink.getvalue())


def told(house: Airlock, name: str, **files: Any) -> list[dict[str, str]]:
    """What its author reads of the frozen files."""
    house.job(name, **files)
    order = house.checked(name, files=[one.replace("_", ".") for one in files])
    assert order.state == "done", order.sentence
    return list(output(name).manifest["files"])


def frozen(house: Airlock, name: str) -> dict[str, bytes]:
    """The naive twin: the names in the frozen manifest, with what is sealed under them."""

    def read(custody: Custody) -> dict[str, bytes]:
        store = store_of(custody)
        (folder,) = (store.outputs / name).iterdir()
        found = read_turn(folder, name, 1, store.keys)
        return {one.path: found.content(one) for one in found.manifest.files}

    return dict(house.with_custody(read))


def test_how_many_sheets_and_whether_a_request_is_one(airlock: Airlock) -> None:  # noqa: F811
    two = told(airlock, "job-a", sexes_json=SEXES, book_xlsx=book(2), b_json=SEXES | {"name": "b"})
    five = told(airlock, "job-b", sexes_json=SEXES, book_xlsx=book(5), b_json={"value": 7})
    assert len(frozen(airlock, "job-a")) != len(frozen(airlock, "job-b"))
    assert two == five
    assert [one["path"] for one in two] == ["b", "book", "sexes"]


def test_a_file_that_cannot_be_read_is_told_to_nobody_who_asked(
    airlock: Airlock,  # noqa: F811
) -> None:
    """One job writes a broken file where it saw something; the other does not. Both are frozen, and
    only reviewers learn which; in the naive twin the first is refused at once."""
    good, bad = raw(b"sex,n\nF,30\nM,30\n"), raw(pickle.dumps({"a": 1}))
    whole = told(airlock, "job-a", t0_csv=good, t1_csv=good)
    broken = told(airlock, "job-b", t0_csv=good, t1_csv=bad)
    assert whole == broken
    assert list(frozen(airlock, "job-a")) == ["t0.csv", "t1.csv"]
    kept = frozen(airlock, "job-b")
    assert list(kept) == ["t0.csv", "t1.unreadable.txt"]
    assert kept["t1.unreadable.txt"] == b"Nothing of this file leaves.\n"
    assert not any(pickle.dumps({"a": 1}) in one for one in kept.values())


@pytest.mark.parametrize(
    ("path", "name"),
    [("a.csv", "a"), ("a-2.csv", "a"), ("a-3-2.csv", "a"), ("a.b.figures.json", "a"),
     ("-1.csv", "file"), ("a-b.png", "a-b")],
)  # fmt: skip
def test_what_names_have_in_common(path: str, name: str, db: None) -> None:  # noqa: F811
    from commonweal.web.outputs.wishes import authors_name

    assert authors_name(path) == name
