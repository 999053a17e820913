"""`commonweal forms`: what a custodian types who changes a form, and what they see."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from commonweal.cli.main import run
from commonweal.governance.forms.library import our_library
from tests.unit.cli.support import Told

Run = Any


@pytest.fixture
def cw(capsys: pytest.CaptureFixture[str]) -> Run:
    def one(*arguments: Any) -> Told:
        code = run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Told(code, out, err)

    return one


@pytest.fixture
def dpia(tmp_path: Path) -> Path:
    path = tmp_path / "dpia.yaml"
    path.write_bytes(our_library().text("dpia"))
    return path


def edited(dpia: Path, *changes: tuple[str, str]) -> Path:
    text = dpia.read_text()
    for old, new in (("version: 1\n", "version: 2\n"), *changes):
        assert old in text, old
        text = text.replace(old, new, 1)
    path = dpia.with_name("dpia-2.yaml")
    path.write_text(text)
    return path


def test_forms_are_listed(cw: Run) -> None:
    told = cw("forms", "list")
    assert told.code == 0
    assert len(told.out.splitlines()) == len(list(our_library()))
    assert "dpia" in told.out
    listed = cw("forms", "list", "--json").json["forms"]
    assert {one["id"] for one in listed} >= {"aia", "dpia", "member-review"}
    assert all(one["questions"] for one in listed)


def test_a_form_is_copied_to_be_changed(cw: Run, tmp_path: Path) -> None:
    out = tmp_path / "mine.yaml"
    assert cw("forms", "export", "dpia", "--out", out).code == 0
    assert out.read_bytes() == our_library().text("dpia")
    cw("forms", "export", "dpia", "--out", out).is_refusal("CW-FILE-EXISTS", 3)
    cw("forms", "export", "moon", "--out", tmp_path / "x").is_refusal("CW-QUESTION-UNKNOWN", 3)
    assert not (tmp_path / "x").exists()


def test_a_sound_form_passes(cw: Run, dpia: Path) -> None:
    told = cw("forms", "check", dpia)
    assert told.code == 0
    assert told.out.splitlines()[-1].endswith("32 questions, no fault.")
    assert cw("forms", "check", dpia, "--json").json == {
        "ok": True, "problems": [], "form": "dpia", "version": 1, "questions": 32,
    }  # fmt: skip


def test_every_fault_is_told(cw: Run, dpia: Path) -> None:
    bad = edited(
        dpia,
        ("kind: yes_no, given: uses_ai", "kind: maybe, given: uses_ai"),
        ("max_words: 500", "max_words: lots"),
    )
    told = cw("forms", "check", bad)
    assert told.code == 3
    assert "section description, question uses_ai, field kind must be one of" in told.out
    assert "question processing, field max_words must be a whole number" in told.out
    assert told.out.splitlines()[-1] == "2 fault(s) to put right."
    plain = cw("forms", "check", bad, "--json")
    assert plain.code == 3
    assert plain.json["ok"] is False
    assert {one["where"] for one in plain.json["problems"]} == {
        "description.uses_ai", "description.processing",
    }  # fmt: skip


def test_advice_is_no_fault(cw: Run, dpia: Path) -> None:
    new = edited(dpia, ("help: A rough figure is enough.", "help: Count the cohort."))
    told = cw("forms", "check", new, "--against", dpia)
    assert told.code == 0
    assert 'Advice  description.people_count: Few people know the word "cohort"' in told.out
    assert "Changed: description.people_count: changed (help)." in told.out


def test_a_locked_question_needs_two_people_and_a_note(cw: Run, dpia: Path) -> None:
    change = ("ask: What is it for?", "ask: What is the aim?")
    new = edited(dpia, change)
    told = cw("forms", "check", new, "--against", dpia)
    assert told.code == 3
    assert "write a note" in told.out
    assert "2 different people must approve it, and 0 did" in told.out
    noted = edited(dpia, change, ("intro: |", "note: Plainer words.\nintro: |"))
    assert cw("forms", "check", noted, "--against", dpia, "--approved-by", "a").code == 3
    told = cw("forms", "check", noted, "--against", dpia, "--approved-by", "a,b", "--json")
    assert told.code == 0
    assert {
        "where": "description.purposes",
        "what": "changed",
        "fields": ["ask"],
        "locked": True,
    } in (told.json["changes"])


def test_a_form_goes_to_fhir_and_back(cw: Run, tmp_path: Path) -> None:
    resource, back = tmp_path / "q.json", tmp_path / "back.yaml"
    assert cw("forms", "export", "aia", "--fhir", "--out", resource).code == 0
    assert json.loads(resource.read_text())["resourceType"] == "Questionnaire"
    told = cw("forms", "import", resource, "--out", back, "--json")
    assert told.code == 0
    assert told.json["questions"] == len(our_library().form("aia").questions())
    original = tmp_path / "aia.yaml"
    original.write_bytes(our_library().text("aia"))
    assert cw("forms", "check", back, "--against", original, "--json").json["changes"] == []


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("{", "CW-JSON-INVALID"),
        ('{"resourceType": "Patient"}', "CW-FHIR-INVALID"),
        ('{"resourceType": "Questionnaire", "status": "active", "moon": 1}', "CW-FHIR-INVALID"),
        ('{"a": 1, "a": 2}', "CW-JSON-INVALID"),
        ("x" * (4 * 1024 * 1024 + 1), "CW-FILE-TOO-LARGE"),
    ],
)
def test_what_is_no_questionnaire_is_refused(
    cw: Run, tmp_path: Path, content: str, code: str
) -> None:
    (tmp_path / "q.json").write_text(content)
    cw("forms", "import", tmp_path / "q.json", "--out", tmp_path / "x.yaml").is_refusal(code, 3)
    assert not (tmp_path / "x.yaml").exists()


def test_an_item_that_cannot_be_held_stops_the_import(cw: Run, tmp_path: Path) -> None:
    item = {"linkId": "photo", "type": "attachment", "text": "A photograph"}
    data = {"resourceType": "Questionnaire", "status": "active", "title": "X", "item": [item]}
    (tmp_path / "q.json").write_text(json.dumps(data))
    told = cw("forms", "import", tmp_path / "q.json", "--out", tmp_path / "x.yaml")
    assert told.code == 3
    assert "FAULT   Item photo: the item type attachment is not one of our kinds" in told.out
    assert told.out.splitlines()[-1] == "Nothing was written: put these right first."
    assert not (tmp_path / "x.yaml").exists()


@pytest.mark.parametrize("command", ["check", "import"])
def test_a_missing_file_is_told(cw: Run, tmp_path: Path, command: str) -> None:
    out = ["--out", tmp_path / "x"] if command == "import" else []
    cw("forms", command, tmp_path / "none", *out).is_refusal("CW-FILE-MISSING", 3)


def test_a_folder_of_forms(cw: Run, tmp_path: Path, dpia: Path) -> None:
    edited(dpia, ("title: Data protection", "title: Our data protection")).rename(dpia)
    told = cw("forms", "list", "--folder", tmp_path, "--json")
    (mine,) = [one for one in told.json["forms"] if one["id"] == "dpia"]
    assert (mine["version"], mine["title"].split()[0]) == (2, "Our")
    cw("forms", "list", "--folder", tmp_path / "none").is_refusal("CW-FILE-MISSING", 3)
