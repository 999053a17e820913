"""A heading is a word that a study may have chosen: what stands behind it stands beside it.

The attack: a study makes a column of its own out of the hospital that a person was in, calls it
`sex`, and has its numbers shown as F and M. The naive twin is the heading alone.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from commonweal.foundation.canonical import canonical
from commonweal.foundation.errors import Fault
from commonweal.papers.output_manifest import OutputFile
from tests.output_papers import H
from tests.web.outputs.review_house import Papers, furnish, papers
from tests.web.outputs.test_review_page import ADDRESS, page_of

LIE = {"table": "made_by_study", "name": "sex", "made": True, "labels": ["F", "<b>M</b>"]}
TRUE = {"table": "patients", "name": "sex", "made": False, "labels": []}
REQUEST = {
    "request": 1, "name": "sexes", "title": "By sex", "table": "patients",
    "by": [{"column": {"table": "patients", "name": "born"}, "bands": [1980]},
           {"column": {"table": "made_by_study", "name": "sex"}, "labels": ["F", "M"]}],
    "measures": [{"measure": "people"}],
}  # fmt: skip


def with_sources(sources: list[dict[str, Any]] | None) -> Papers:
    found = papers()
    tables = copy.deepcopy(found.tables)
    for one in ("born.csv", "costs.csv"):
        tables[one]["sources"] = sources
    return replace(found, tables=tables)


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("address", [ADDRESS, f"{ADDRESS}files/1"])
def test_two_headings_that_look_alike_are_told_apart(address: str) -> None:
    furnish(made=with_sources([LIE, TRUE]))
    page = page_of(address=address)
    ours, theirs = "the study's own column sex", "patients.sex"
    assert ours in page.text
    assert theirs in page.text
    assert "The study chose these words." in page.text
    assert "0 is shown as “F”, 1 is shown as “<b>M</b>”" in page.text
    assert "<b>M</b>" not in page.html


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("address", [ADDRESS, f"{ADDRESS}files/1"])
def test_columns_of_the_release_have_their_whole_name(address: str) -> None:
    furnish(made=with_sources([TRUE | {"name": "ward"}, TRUE]))
    page = page_of(address=address)
    assert "patients.ward" in page.text
    assert "The study chose these words." not in page.text
    assert "cannot be shown here" not in page.text


@pytest.mark.usefixtures("db")
def test_where_nobody_told_it_the_page_says_so() -> None:
    furnish(made=with_sources(None))
    for address in (ADDRESS, f"{ADDRESS}files/1"):
        page = page_of(address=address)
        assert "Which column of the data stands behind each heading cannot be shown" in page.text
        assert "review-source" not in page.html.split("</style>")[-1]


# --- what the worker tells ----------------------------------------------------------------------


def told(request: Any, made_from: str = "sexes.json") -> Any:
    """What is told of a table that was made from this request."""
    from commonweal.web.outputs.workers.papers import tables_of

    def file(path: str, kind: str, type_: str, **more: str) -> OutputFile:
        plain = {"path": path, "sha256": H(1), "bytes": 9, "type": type_, "kind": kind,
                 "grade": "tabulated"}  # fmt: skip
        return OutputFile.read(plain | more, "A file")

    table = file("sexes.csv", "table", "csv", made_from=made_from)
    asked = file("sexes.json", "request", "json")
    contents = {"sexes.csv": b"born,sex,people\n1980,F,40\n", "sexes.json": request}

    def content(one: OutputFile) -> bytes:
        if contents[one.path] is None:
            raise Fault("CW-LEAVING-FILE", "It is not the one that was frozen.")
        return bytes(contents[one.path])

    known = {one.path: one for one in (table, asked)}
    manifest = SimpleNamespace(leaving=lambda: [table], file=known.get)
    found: Any = SimpleNamespace(manifest=manifest, content=content)
    return tables_of(found)["sexes.csv"]["sources"]


@pytest.mark.usefixtures("web_home")
def test_each_side_is_told_from_the_request_that_was_signed() -> None:
    assert told(canonical(REQUEST)) == [
        {"table": "patients", "name": "born", "made": False, "labels": []},
        {"table": "made_by_study", "name": "sex", "made": True, "labels": ["F", "M"]},
    ]


@pytest.mark.usefixtures("web_home")
@pytest.mark.parametrize("request_", [None, b"{", b"[]", canonical({"request": 2})])
def test_a_request_that_cannot_be_read_tells_nothing(request_: bytes | None) -> None:
    assert told(request_) is None
    assert told(canonical(REQUEST), "other.json") is None
