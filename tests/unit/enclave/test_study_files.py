"""Files, pictures, models and notes that a study leaves, and what it cannot leave."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from commonweal.enclave import study as toolkit
from commonweal.enclave.study import Study, StudyError, col
from tests.airlock_house import PERSON
from tests.study_house import worked
from tests.unit.enclave.stays import PEOPLE, STAYS, aged

# --- files ------------------------------------------------------------------------------------


def test_files_are_left_as_they_are_given(fresh: Study, tmp_path: Path) -> None:
    (tmp_path / "given.txt").write_text("from a file")
    fresh.file("a.txt", "a text")
    fresh.file("b.txt", tmp_path / "given.txt")
    fresh.file("c.csv", pa.table({"n": [1, 2]}))
    fresh.figure("d.png", b"\x89PNG")
    found = {one.name: one.read_bytes() for one in fresh.place.outputs.iterdir()}
    assert found == {
        "a.txt": b"a text", "b.txt": b"from a file", "c.csv": b'"n"\n1\n2\n', "d.png": b"\x89PNG",
    }  # fmt: skip


MODEL: dict[str, Any] = {"features": ["age", "died"], "target": "cost", "of": "stays"}
FED = [
    toolkit.feature("age", missing=50, minus=50, divide=10),
    toolkit.one_of("sex", ["F", "M"]),
    toolkit.code(col("people", "area"), ["N", "S"]),
    "day",
]
AIM = toolkit.target("died", [False, True])


def test_a_model_leaves_with_its_recipe(fresh: Study) -> None:
    fresh.model("risk.onnx", b"weights", features=FED, target=AIM, of="stays")
    assert (fresh.place.outputs / "risk.onnx").read_bytes() == b"weights"
    plain = {"levels": [], "minus": 0.0, "divide": 1.0}
    sex, area = {"table": "stays", "name": "sex"}, {"table": "people", "name": "area"}
    day, died = {"table": "stays", "name": "day"}, {"table": "stays", "name": "died"}
    assert json.loads((fresh.place.outputs / "risk.recipe.json").read_text()) == {
        "recipe": 1, "kind": "model", "name": "risk.recipe", "title": "Model risk",
        "file": "risk.onnx", "table": "stays",
        "features": [
            {"column": aged.plain(), "as": "number", **plain, "missing": 50.0, "minus": 50.0,
             "divide": 10.0},
            {"column": sex, "as": "one_of", **plain, "levels": ["F", "M"]},
            {"column": area, "as": "code", **plain, "levels": ["N", "S"]},
            {"column": day, "as": "number", **plain},
        ],
        "target": {"column": died, "classes": [False, True]},
    }  # fmt: skip


def test_examples_are_the_numbers_that_the_recipe_says(fresh: Study) -> None:
    found = fresh.examples(features=FED, target=AIM, of="stays")
    assert found.names == ("age", "sex=F", "sex=M", "area", "day")
    people = sorted({row[PERSON] for row in STAYS})
    areas = {row[PERSON]: row["area"] for row in PEOPLE}
    wanted = sorted(
        (
            people.index(row[PERSON]), float(row["died"]), (row["age"] - 50) / 10,
            float(row["sex"] == "F"), float(row["sex"] == "M"),
            float("NS".index(areas[row[PERSON]])), float((row["day"] - dt.date(1970, 1, 1)).days),
        )
        for row in STAYS
    )  # fmt: skip
    made = sorted(zip(found.person, found.y, *found.x.T, strict=True))
    assert np.allclose(np.array(made, float), np.array(wanted, float))


def test_examples_without_a_target_are_left_out(tmp_path: Path) -> None:
    rows = [{PERSON: "a", "n": 1, "t": "x"}, {PERSON: "b", "n": None, "t": "y"},
            {PERSON: "c", "n": 3, "t": None}]  # fmt: skip
    house = worked(tmp_path, {"people": ({"n": "integer", "t": "text"}, rows)})
    number = house.study.examples(features=[toolkit.code("t", ["y"])], target="n", of="people")
    assert (number.y.tolist(), number.x.tolist()) == ([1.0, 3.0], [[-1.0], [-1.0]])
    classes = toolkit.target("t", ["x", "z"])
    named = house.study.examples(features=["n"], target=classes, of="people")
    assert (named.y.tolist(), named.person.tolist()) == ([0.0], [0])


LEFT: dict[str, tuple[Callable[[Study], Any], str]] = {
    "folder": (lambda s: s.file("a/b", "x"), "name"),
    "hidden": (lambda s: s.file(".a", "x"), "name"),
    "two dots": (lambda s: s.file("a..b", "x"), "name"),
    "ends with a dot": (lambda s: s.file("a.", "x"), "name"),
    "ours": (lambda s: s.file("Outputs.json", "x"), "enclave's own"),
    "pickle": (lambda s: s.file("m.pkl", b"x"), "run code"),
    "joblib": (lambda s: s.file("m.JOBLIB", b"x"), "run code"),
    "content": (lambda s: s.file("a.txt", 3), "content"),
    "no such file": (lambda s: s.file("a.txt", Path("/nowhere/a.txt")), "cannot be read"),
    "svg": (lambda s: s.figure("a.svg", b"x"), "picture"),
    "no picture": (lambda s: s.figure("a.png", 3), "figure"),
    "torch": (lambda s: s.model("m.pt", b"x", **MODEL), "run code"),
    "model as text": (lambda s: s.model("m.txt", b"x", **MODEL), "model leaves as"),
    "no features": (lambda s: s.model("m.onnx", b"x", **MODEL | {"features": []}), "features"),
    "features as number": (lambda s: s.model("m.onnx", b"x", **MODEL | {"features": 3}), "features"),
    "target in features": (lambda s: s.model("m.onnx", b"x", **MODEL | {"features": ["cost"]}), "target"),
    "person as feature": (lambda s: s.model("m.onnx", b"x", **MODEL | {"features": [PERSON]}), "singles people"),
    "text as number": (lambda s: s.model("m.onnx", b"x", **MODEL | {"features": ["sex"]}), "one_of"),
    "decimals as levels": (lambda s: s.model("m.onnx", b"x", **MODEL | {"features": [toolkit.code("cost", [1])], "target": "age"}), "use a number"),
    "text as target": (lambda s: s.model("m.onnx", b"x", **MODEL | {"target": "sex"}), "target"),
    "no target": (lambda s: s.model("m.onnx", b"x", **MODEL | {"target": None}), "target"),
    "one class": (lambda s: toolkit.target("sex", ["F"]), "classes"),
    "classes as text": (lambda s: toolkit.target("sex", "FM"), "classes"),
    "levels twice": (lambda s: toolkit.one_of("sex", ["1", 1]), "levels"),
    "no levels": (lambda s: toolkit.code("sex", []), "levels"),
    "201 levels": (lambda s: toolkit.code("age", range(201)), "levels"),
    "divide by 0": (lambda s: toolkit.feature("age", divide=0), "divide"),
    "minus nothing": (lambda s: toolkit.feature("age", minus=None), "minus"),
    "missing as flag": (lambda s: toolkit.feature("age", missing=True), "missing"),
    "too many numbers": (lambda s: s.model("m.onnx", b"x", **MODEL | {"features": [toolkit.one_of("age", range(200))] * 11}), "2,000"),
    "long name": (lambda s: s.model("m" * 55 + ".json", b"x", **MODEL), "name"),
    "no note": (lambda s: s.note("a.json", context=" "), "context"),
    "note of numbers": (lambda s: s.note("a.json", context=3), "context"),
    "note's unseen letters": (lambda s: s.note("a.json", context="a\u202eb"), "context"),
    "note on a folder": (lambda s: s.note("a/b", context="x"), "about"),
    "endless note": (lambda s: s.note("a.json", context="x" * 20_001), "context"),
}  # fmt: skip


@pytest.mark.parametrize("what", LEFT)
def test_what_cannot_be_left_is_refused(fresh: Study, what: str) -> None:
    call, says = LEFT[what]
    with pytest.raises(StudyError, match=says):
        call(fresh)
    assert list(fresh.place.outputs.iterdir()) == []


def test_notes_are_kept_together_and_the_last_word_counts(fresh: Study) -> None:
    fresh.note("a.json", context="Table 1 of the paper.")
    fresh.note("b.json", context="Table 2.", controls="Under 10 left out.")
    fresh.note("a.json", context="Table 1\nof the paper, second version.")
    assert json.loads((fresh.place.outputs / "notes.json").read_text()) == {
        "notes": [
            {"about": "b.json", "context": "Table 2.", "controls": "Under 10 left out."},
            {"about": "a.json", "context": "Table 1\nof the paper, second version."},
        ]
    }


def test_who_forgets_to_declare_an_output_is_told(
    fresh: Study,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.yaml").write_text("outputs:\n  - file: a.json\n  - {file: 'b.json'}\n")
    for name in ("a", "b", "c", "c"):
        fresh.count(name, of="stays")
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "c.json is not among the outputs that study.yaml declares, so it will not be collected."
    ]
