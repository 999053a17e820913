"""The study's declaration: all of it is fixed before the code has seen anything."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.foundation.errors import CommonwealError
from commonweal.papers.base import PaperInvalid
from commonweal.papers.study import MAX_OUTPUTS, OUTPUT_KINDS, StudyDeclaration

SECRET = "Zebedee-Quark-943"


def output(**changed: Any) -> dict[str, Any]:
    return {"file": "table.json", "kind": "request", "about": "Stays by ward"} | changed


def study(**changed: Any) -> dict[str, Any]:
    base = {
        "study": 1,
        "title": "Length of stay",
        "command": ["python", "main.py", "--seed", "7"],
        "runtime": "python",
        "outputs": [output(), output(file="model.onnx", kind="model")],
        "limits": {"minutes": 20, "memory_gb": 2, "outputs_mb": 16},
        "reference": ["imd_2019.csv"],
    }
    return {name: value for name, value in (base | changed).items() if value is not None}


def read(data: Any) -> StudyDeclaration:
    return StudyDeclaration.read(data, "The study", "CW-STUDY-INVALID")


def test_a_study_is_read_from_its_file(tmp_path: Path) -> None:
    text = """study: 1
title: Length of stay
command: [python, main.py]
outputs:
  - {file: table.json, kind: request, about: Stays by ward}
"""
    (tmp_path / "study.yaml").write_text(text)
    made = StudyDeclaration.load(tmp_path / "study.yaml")
    assert made.command == ("python", "main.py")
    assert (made.runtime, made.limits.minutes, made.reference) == ("python", 60, ())
    assert made.kind_of("table.json") == "request"
    assert read(json.loads(made.canonical())).digest() == made.digest()


def test_kinds_of_output_are_a_closed_list() -> None:
    assert OUTPUT_KINDS == ("request", "file", "figure", "model", "person_column")
    for kind in OUTPUT_KINDS:
        file = "risk.column" if kind == "person_column" else "table.json"
        assert read(study(outputs=[output(kind=kind, file=file)])).outputs[0].kind == kind


REFUSED: dict[str, dict[str, Any]] = {
    "another version": study(study=2),
    "a version in words": study(study="1"),
    "no title": study(title=None),
    "a blank title": study(title="  "),
    "a title that changes direction": study(title="Stays \u202e by ward"),
    "an unknown key": study(network="host"),
    "a person column by another name": study(outputs=[output(kind="person_column")]),
    "a plain file called a person column": study(outputs=[output(kind="file", file="a.column")]),
    "an unknown key in an output": study(outputs=[output(path="/etc/passwd")]),
    "no command": study(command=None),
    "an empty command": study(command=[]),
    "a command in one text": study(command="python main.py"),
    "a program by its path": study(command=["/usr/bin/env", "python"]),
    "a program of the study": study(command=["./run.sh"]),
    "an option for a program": study(command=["-c", "x"]),
    "a program without a name": study(command=[""]),
    "an argument with a line break": study(command=["python", "a\nb"]),
    "an argument with a zero": study(command=["python", "a\0b"]),
    "too many arguments": study(command=["python"] * 65),
    "a runtime by its path": study(runtime="../../env"),
    "no outputs": study(outputs=None),
    "an empty list of outputs": study(outputs=[]),
    "too many outputs": study(outputs=[output(file=f"t{n}.json") for n in range(MAX_OUTPUTS + 1)]),
    "an output in a folder": study(outputs=[output(file="a/b.json")]),
    "an output above": study(outputs=[output(file="../b.json")]),
    "an absolute output": study(outputs=[output(file="/outputs/b.json")]),
    "a hidden output": study(outputs=[output(file=".b.json")]),
    "an output like an option": study(outputs=[output(file="-b.json")]),
    "an output with a space": study(outputs=[output(file="a b.json")]),
    "an output with two dots": study(outputs=[output(file="a..json")]),
    "an output that ends in a dot": study(outputs=[output(file="a.", kind="file")]),
    "an output with a letter that is not plain": study(outputs=[output(file="tåble.json")]),
    "an output with a line break": study(outputs=[output(file="a.json\n")]),
    "an output with a name that is too long": study(outputs=[output(file="a" * 65, kind="file")]),
    "two outputs of one name": study(outputs=[output(), output()]),
    "two outputs that differ in capitals": study(outputs=[output(), output(file="TABLE.json")]),
    "an output called like a file of ours": study(outputs=[output(file="outputs.json")]),
    "the same in capitals": study(outputs=[output(file="Release.json")]),
    "an unknown kind": study(outputs=[output(kind="rows")]),
    "a request that is no JSON": study(outputs=[output(file="a.csv")]),
    "an output without a word about it": study(outputs=[{"file": "a.json", "kind": "request"}]),
    "no time": study(limits={"minutes": 0}),
    "more than two weeks": study(limits={"minutes": 20_161}),
    "half a minute": study(limits={"minutes": 0.5}),
    "true minutes": study(limits={"minutes": True}),
    "no memory": study(limits={"memory_gb": 0}),
    "endless memory": study(limits={"memory_gb": 1025}),
    "endless outputs": study(limits={"outputs_mb": 10_241}),
    "an unknown limit": study(limits={"gpus": 8}),
    "a reference by its path": study(reference=["/reference/imd.csv"]),
    "a reference named twice": study(reference=["imd.csv", "IMD.csv"]),
    "too many references": study(reference=[f"r{n}" for n in range(51)]),
    "a list instead of a study": {"study": [1]},
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_study_cannot_be(name: str) -> None:
    with pytest.raises(PaperInvalid) as caught:
        read(REFUSED[name])
    assert caught.value.code == "CW-STUDY-INVALID"


@pytest.mark.parametrize("text", ["study: 1\nstudy: 1\n", "a: &x 1\n", "[1", "- 1\n", "", "\xff"])
def test_a_file_that_is_no_declaration(tmp_path: Path, text: str) -> None:
    (tmp_path / "study.yaml").write_bytes(text.encode("latin-1"))
    with pytest.raises(CommonwealError):
        StudyDeclaration.load(tmp_path / "study.yaml")


@given(
    field=st.sampled_from(["title", "command", "runtime", "outputs", "limits", "reference"]),
    value=st.one_of(
        st.just(SECRET + "/.."), st.integers(), st.none(), st.lists(st.just(SECRET + "\0")),
        st.dictionaries(st.just(SECRET), st.just(SECRET), min_size=1),
    ),
)  # fmt: skip
def test_a_refusal_never_repeats_what_was_written(field: str, value: Any) -> None:
    with contextlib.suppress(PaperInvalid):
        read(study() | {field: value})
        return
    with pytest.raises(PaperInvalid) as caught:
        read(study() | {field: value})
    assert SECRET not in caught.value.sentence


@given(st.text(max_size=70))
def test_a_name_that_is_taken_is_one_plain_name(name: str) -> None:
    try:
        made = read(study(outputs=[output(file=name, kind="file")]))
    except PaperInvalid:
        return
    (file,) = (one.file for one in made.outputs)
    assert file.isascii()
    assert Path(file).name == file
    assert not file.startswith(("-", "."))
    assert ".." not in file
