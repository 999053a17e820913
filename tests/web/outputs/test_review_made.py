"""The reviewer's page of what hangs on a column of a study's own, and of a picture of ours."""

from __future__ import annotations

import base64
import copy
import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from commonweal.foundation.drawing import drawn, of_rows
from commonweal.foundation.errors import Refused
from commonweal.papers.output_manifest import Findings, OutputManifest
from tests.output_papers import H
from tests.web.outputs.review_house import CODE, Papers, _file, furnish, papers
from tests.web.outputs.test_review_page import ADDRESS, page_of

pytestmark = pytest.mark.usefixtures("db")
SVG = drawn(of_rows("bar", "Costs <script>x</script>", ["ward", "people"], [["A", "hidden"]], [1]))
MADE = {"name": "risk", "sha256": H(77), "people": 398, "of": 400, "distinct": 3}


def made(kind: str = "drawing", svg: str = SVG) -> Papers:
    """The turn with its second request made over such a column, and drawn."""
    found = papers()
    told = copy.deepcopy(found.findings.plain())
    for one in told["files"]:
        if one["path"] == "costs.json":
            one["report"]["made"] = [MADE]
    told["files"].append({"path": "costs.svg", "verdict": "review"})
    findings = Findings.read(told, "The findings")
    plain = found.manifest.plain()
    files: list[dict[str, Any]] = [dict(one) for one in plain["files"]]
    for one in files:
        if one["path"].startswith("costs."):
            one["grade"] = "tabulated"
    own = kind != "drawing"
    files.append(
        _file("costs.svg", SVG.encode(), kind, "declared" if own else "tabulated", "svg",
              None if own else "costs.json")
    )  # fmt: skip
    manifest = OutputManifest.read(
        plain | {"files": files, "findings": findings.digest()}, "The manifest"
    )
    tables = found.tables | {"costs.svg": {"columns": [], "rows": [], "cut": 0, "svg": svg}}
    return replace(found, manifest=manifest, findings=findings, tables=tables)


def test_the_page_says_that_the_column_is_the_studys_own_and_shows_its_code() -> None:
    furnish(made=made())
    page = page_of()
    assert "The study's own code made a column for this" in page.text
    assert re.search(r"risk ?: a value for 398 of 400 people, 3 different", page.text)
    assert "counted outside the study, over a column that the study made" in page.text
    assert page.every("a", href=f"{ADDRESS}code")
    assert CODE.splitlines()[1] in page_of(address=f"{ADDRESS}code").text


def test_a_picture_of_ours_is_shown_as_an_image_and_beside_its_table() -> None:
    furnish(made=made())
    page = page_of()
    (shown,) = re.findall(r'src="data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)"', page.html)
    assert base64.b64decode(shown).decode() == SVG
    assert "drawn from the table beside it as that leaves" in page.text
    assert "<script>x" not in page.html
    assert re.search(r'<img class="review-drawing__image"[^>]* alt="[^"]{20,}"', page.html)


@pytest.mark.parametrize(
    ("kind", "svg"),
    [("drawing", SVG.replace("hidden", "7")), ("drawing", ""), ("figure", SVG), ("file", SVG)],
    ids=["another", "none", "a study's picture", "a study's file"],
)
def test_no_other_picture_is_shown(kind: str, svg: str) -> None:
    """Neither one that reviewers do not sign for, nor one that a study wrote."""
    furnish(made=made(kind, svg))
    page = page_of()
    assert "data:image/svg" not in page.html
    assert "<svg xmlns" not in page.html
    if kind == "drawing":
        assert "This page does not show what is in it." in page.text


def test_nobody_is_offered_the_column_or_can_ask_for_it() -> None:
    declared = [
        {"file": "costs.json", "kind": "request", "about": "Costs"},
        {"file": "risk.column", "kind": "person_column", "about": "Risk"},
    ]
    job: Any = SimpleNamespace(declared=declared, title="Costs")
    from commonweal.web.outputs.forms import AskForm
    from commonweal.web.outputs.services import _require_declared

    field = AskForm(None, job, None).fields["files"]
    assert [name for name, _ in field.choices] == ["costs.json"]
    wish: Any = SimpleNamespace(files=["costs.json", "risk.column"])
    with pytest.raises(Refused, match="CW-LEAVING-JOB"):
        _require_declared(job, wish)
