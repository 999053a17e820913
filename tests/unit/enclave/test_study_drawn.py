"""A study asks the airlock for a picture: what is written, what is seen of it, what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from commonweal.airlock.checking import check_files
from commonweal.airlock.drawing import picture_of
from commonweal.airlock.profile import RuleProfile
from commonweal.enclave.study import StudyError, bands, measure
from commonweal.papers.analysis_request import SurvivalRequest
from commonweal.papers.output_request import OutputRequest
from tests.airlock_house import PERSON
from tests.made_house import KINDS, people
from tests.study_house import Worked, worked

SACRO = RuleProfile.load("sacro-default")
TEXT = "{http://www.w3.org/2000/svg}text"


@pytest.fixture
def made(tmp_path: Path) -> Worked:
    lives = [{PERSON: f"p{n:03}", "days": 1 + n % 9 * 10, "dead": n % 3 > 0} for n in range(60)]
    kinds = {"days": "integer", "dead": "boolean"}
    return worked(tmp_path, {"stays": (KINDS, people()), "lives": (kinds, lives)})


def texts(svg: str | bytes) -> list[str]:
    return [str(one.text) for one in ET.fromstring(svg).iter(TEXT)]


@pytest.mark.parametrize("kind", ["bar", "line"])
def test_the_preview_says_what_the_airlock_draws(made: Worked, kind: str) -> None:
    """The same figures in the same places where nothing is rounded, hidden or merged."""
    measures = [measure.people(), measure.mean("cost", decimals=1)]
    by: list[Any] = ["ward", bands("cost", [2])]
    seen = made.study.table("t", of="stays", by=by, measures=measures, totals=True, title="T")
    drawn = made.study.figure("t", seen, kind=kind)
    assert not isinstance(drawn, Path)
    plain = made.written("t")
    assert plain["figure"] == kind
    assert OutputRequest.read(plain, "The request").figure == kind
    path = made.outputs / "t.json"
    (file,) = check_files([path], SACRO, made.release, made.outputs).files
    picture = picture_of(file, SACRO)
    assert picture is not None
    assert texts(picture) == texts(drawn.svg)[:-1]
    assert texts(drawn.svg)[-1] == "Note: a preview, for use in this job only."
    assert drawn._repr_svg_() == drawn.svg


def test_a_survival_curve_is_drawn(made: Worked) -> None:
    seen = made.study.survival("s", "days", "dead", of="lives", step=30)
    drawn = made.study.figure("s", seen, kind="curve")
    assert not isinstance(drawn, Path)
    assert SurvivalRequest.read(made.written("s"), "The request").figure == "curve"
    (file,) = check_files([made.outputs / "s.json"], SACRO, made.release, made.outputs).files
    picture = picture_of(file, SACRO)
    assert picture is not None
    assert texts(picture)[:2] == texts(drawn.svg)[:2]
    assert b"<polyline" in picture


def test_a_preview_that_is_kept_is_no_output(made: Worked, tmp_path: Path) -> None:
    seen = made.study.count("t", of="stays", by="ward")
    drawn = made.study.figure("t", seen, kind="bar")
    assert not isinstance(drawn, Path)
    assert drawn.save(tmp_path / "seen.svg").read_text() == drawn.svg
    assert [one.name for one in made.outputs.iterdir()] == ["t.json"]


def test_what_cannot_be_drawn_is_refused_and_nothing_changes(made: Worked) -> None:
    study = made.study
    plain = study.count("t", of="stays", by="ward")
    whole = study.count("u", of="stays")
    before = {one.name: one.read_bytes() for one in made.outputs.iterdir()}
    for ask, says in (
        (lambda: study.figure("t", plain), "bar or line"),
        (lambda: study.figure("t", plain, kind="curve"), "bar or line"),
        (lambda: study.figure("t", plain, kind="pie"), "bar or line"),
        (lambda: study.figure("other", plain, kind="bar"), "name"),
        (lambda: study.figure("u", whole, kind="bar"), "groupings"),
        (lambda: study.figure("a.png", b"\x89PNG", kind="bar"), "kind"),
    ):
        with pytest.raises(StudyError, match=says):
            ask()
    assert before == {one.name: one.read_bytes() for one in made.outputs.iterdir()}


def test_regressions_and_correlations_are_not_drawn(made: Worked) -> None:
    seen = made.study.regression("r", "cost", ["ward"], of="stays")
    with pytest.raises(StudyError, match="not drawn"):
        made.study.figure("r", seen, kind="bar")


@pytest.mark.parametrize(
    "changed",
    [{"figure": "pie"}, {"figure": "curve"}, {"figure": 1}, {"by": []}, {"by": "three"},
     {"measures": "seven"}],
    ids=str,
)  # fmt: skip
def test_the_paper_knows_a_closed_list_of_pictures(changed: dict[str, Any]) -> None:
    sides = [{"column": {"table": "stays", "name": name}} for name in ("a", "b", "c")]
    kinds = ("sum", "mean", "sd", "min", "max")
    cost = {"table": "stays", "name": "cost"}
    many = [{"measure": "people"}, {"measure": "rows"},
            *({"measure": kind, "column": cost} for kind in kinds)]  # fmt: skip
    asked: dict[str, Any] = {
        "request": 1, "name": "t", "title": "T", "table": "stays", "by": sides[:1],
        "measures": many[:1], "figure": "bar",
    }  # fmt: skip
    OutputRequest.read(asked, "The request")
    wrong = {"by": sides} if changed == {"by": "three"} else (
        {"measures": many} if changed == {"measures": "seven"} else changed
    )  # fmt: skip
    with pytest.raises(Exception, match="CW-PAPER-INVALID"):
        OutputRequest.read({**asked, **wrong}, "The request")
