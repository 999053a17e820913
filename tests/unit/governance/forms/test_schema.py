"""Reading a form: what is right passes, and each fault is told with section and question."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.governance.forms.reading import FormInvalid, load_form, parse_form, read_form
from commonweal.governance.forms.schema import ATTRIBUTES, KINDS, NEEDED
from tests.form_samples import question_of, sample, sample_data

Change = Callable[[dict[str, Any]], object]


def fault_of(change: Change) -> FormInvalid:
    data = sample_data()
    change(data)
    with pytest.raises(FormInvalid) as caught:
        read_form(data, "The form x.yaml")
    return caught.value


def q(data: dict[str, Any], id_: str) -> dict[str, Any]:
    return question_of(data, id_)


def test_the_sample_is_right() -> None:
    form = sample()
    assert [question.kind for question in form.questions()] == [
        "short_text", "yes_no", "long_text", "one_of", "several_of", "date", "whole_number",
        "money", "reference", "table", "declaration",
    ]  # fmt: skip
    assert {question.kind for question in form.questions()} == set(KINDS)
    assert form.filled_by == ("applicant",)


def test_nothing_is_public_unless_it_says_so() -> None:
    assert not question_of(sample_data(), "stage").get("public")
    found = sample().find("stage")
    assert found is not None
    assert not found[1].public


@pytest.mark.parametrize(
    ("change", "where", "said"),
    [
        (lambda d: d.pop("title"), "", "field title is missing"),
        (lambda d: d.update(colour="red"), "", "field colour is not a known field"),
        (lambda d: d.update({"<b>": 1}), "", "field (other name) is not a known field"),
        (lambda d: d.update(form=2), "", "field form must be one of 1"),
        (lambda d: d.update(version="1"), "", "field version must be a whole number"),
        (lambda d: d.update(version=True), "", "field version must be a whole number"),
        (lambda d: d.update(version=0), "", "field version is too small"),
        (lambda d: d.update(id="Sample"), "", "field id does not have the right form"),
        (lambda d: d.update(sections=[]), "", "field sections has too few entries"),
        (lambda d: d.update(filled_by=["king"]), "", "must be one of"),
        (lambda d: d.update(filled_by=["dpo", "dpo"]), "", "a role in filled_by is named twice"),
        (lambda d: d["sections"][0].pop("title"), "start", "section start, field title is missing"),
        (lambda d: d["sections"][0].update(questions=[]), "start", "section start"),
        (lambda d: q(d, "name").pop("ask"), "start.name", "section start, question name"),
        (lambda d: q(d, "name").update(kind="essay"), "start.name", "question name, field kind"),
        (lambda d: q(d, "name").update(id="Name"), "start.1", "question 1, field id"),
        (lambda d: q(d, "name").update(max_words=3), "start.name", "must not have max_words"),
        (lambda d: q(d, "model").update(max_words="x"), "start.model", "field max_words"),
        (lambda d: q(d, "model").update(max_words=0), "start.model", "max_words is too small"),
        (lambda d: q(d, "stage").pop("options"), "start.stage", "must have options"),
        (lambda d: q(d, "stage").update(options=[]), "start.stage", "too few entries"),
        (
            lambda d: q(d, "stage")["options"].append({"code": "idea", "label": "x"}),
            "start.stage",
            "must not have the code idea twice",
        ),
        (
            lambda d: q(d, "stage")["options"].append({"code": "b", "label": "BUILT"}),
            "start.stage",
            "must not have the label BUILT twice",
        ),
        (
            lambda d: [option.update(retired=True) for option in q(d, "stage")["options"]],
            "start.stage",
            "must offer at least one option",
        ),
        (
            lambda d: q(d, "stage")["options"][0].update(exclusive=True),
            "start.stage",
            "must not have an exclusive option",
        ),
        (lambda d: q(d, "cag").pop("patterns"), "more.cag", "must have patterns"),
        (lambda d: q(d, "cag").update(patterns=["(a+)+$"]), "more.cag", "right form"),
        (lambda d: q(d, "harms").pop("columns"), "more.harms", "must have columns"),
        (
            lambda d: q(d, "harms")["columns"][0].update(kind="table"),
            "more.harms.harm",
            "column harm, field kind",
        ),
        (
            lambda d: q(d, "harms")["columns"].append(q(d, "harms")["columns"][0]),
            "more.harms",
            "must not have the id harm twice",
        ),
        (
            lambda d: [column.update(public=False) for column in q(d, "harms")["columns"]],
            "more.harms",
            "must have a public column",
        ),
        (lambda d: q(d, "harms").update(min_rows=9), "more.harms", "min_rows no larger"),
        (lambda d: q(d, "harms").update(max_rows=1000), "more.harms", "max_rows is too large"),
        (lambda d: q(d, "promise").pop("statement"), "more.promise", "must have statement"),
        (lambda d: q(d, "promise").pop("basis"), "more.promise", "must have a basis"),
        (lambda d: q(d, "people").update(smallest=2000), "more.people", "smallest no larger"),
        (lambda d: q(d, "people").update(largest=2**31), "more.people", "whole numbers within"),
        (lambda d: q(d, "begins").update(earliest="2031-01-01"), "more.begins", "earliest no"),
        (lambda d: q(d, "begins").update(earliest="1 May"), "more.begins", "YYYY-MM-DD"),
        (lambda d: q(d, "cag").update(required=True), "more.cag", "not both"),
        (lambda d: q(d, "name").update(given="uses_ai"), "start.name", "must be of kind yes_no"),
        (
            lambda d: q(d, "ai").update(given="uses_ai", required=False),
            "start.ai",
            "must be required",
        ),
        (lambda d: q(d, "ai").update(given="the_moon"), "start.ai", "must be one of"),
        (lambda d: q(d, "name").update(ask="a\u202eb"), "start.name", "invisible characters"),
        (lambda d: q(d, "name").update(ask="a\nb"), "start.name", "line breaks"),
        (lambda d: q(d, "name").update(ask="  "), "start.name", "must not be blank"),
        (lambda d: q(d, "name").update(public="yes"), "start.name", "must be true or false"),
    ],
)
def test_a_fault_names_its_place(change: Change, where: str, said: str) -> None:
    error = fault_of(change)
    assert error.code == "CW-QUESTION-INVALID"
    first = error.problems[0]
    assert first.where == where, error.problems
    assert said in first.sentence, error.problems
    assert error.sentence.startswith("The form x.yaml: ")


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (lambda d: q(d, "people").update(id="name"), "CW-QUESTION-INVALID", "name is used twice"),
        (lambda d: q(d, "people").update(id="start"), "CW-QUESTION-INVALID", "start is used twice"),
        (
            lambda d: d.update(retired=[{"id": "name", "ask": "Old?"}]),
            "CW-QUESTION-REUSED",
            "section start, question name: the id name is retired",
        ),
        (
            lambda d: d.update(retired=[{"id": "a", "ask": "A?"}, {"id": "a", "ask": "B?"}]),
            "CW-QUESTION-INVALID",
            "a retired id is listed twice",
        ),
    ],
)
def test_ids_are_used_once(change: Change, code: str, said: str) -> None:
    found = fault_of(change).problems
    assert any(one.code == code and said in one.sentence for one in found), found


LOOKS = "CW-QUESTION-CONDITION"


@pytest.mark.parametrize(
    ("id_", "condition", "said"),
    [
        ("model", {"question": "moon", "is": True}, "looks at moon, which is no question"),
        ("model", {"question": "stage", "is": "idea"}, "looks at stage, which is not asked"),
        ("model", {"question": "model", "answered": True}, "which is not asked earlier"),
        ("model", {"question": "name", "is": "anna"}, "asks is of name, which is a short_text"),
        ("model", {"question": "ai", "is": "yes"}, "needs true or false"),
        ("model", {"question": "ai", "is": 1}, "needs true or false"),
        ("model", {"question": "ai", "has": "x"}, "it can ask answered or is"),
        ("people", {"question": "stage", "is": "moon"}, "needs the code of one of its options"),
        ("people", {"question": "stage", "is": True}, "needs the code of one of its options"),
        ("people", {"question": "kinds", "is": "text"}, "it can ask answered or has"),
        ("people", {"question": "begins", "at_least": 3}, "it can ask answered"),
        ("cag", {"question": "people", "is": "ten"}, "needs a whole number"),
        (
            "people",
            {"all": [{"not": {"question": "harms", "answered": True}}]},
            "not asked earlier",
        ),
    ],
)
def test_conditions_look_at_earlier_questions_of_the_right_kind(
    id_: str, condition: dict[str, Any], said: str
) -> None:
    error = fault_of(lambda d: q(d, id_).update(shown_when=condition))
    assert [one.code for one in error.problems] == [LOOKS]
    assert said in error.problems[0].sentence
    assert f"question {id_}: " in error.problems[0].sentence


@pytest.mark.parametrize(
    "condition",
    [
        {},
        {"question": "ai"},
        {"question": "ai", "is": True, "answered": True},
        {"is": True},
        {"question": "ai", "is": True, "all": [{"question": "ai", "is": True}]},
        {"all": []},
        {"any": [], "question": "ai"},
        {"not": {}},
        {"all": [{"question": "ai", "is": True}], "any": [{"question": "ai", "is": True}]},
        {"question": "ai", "is": None},
        {"question": "ai", "like": "x"},
        {"not": {"not": {"not": {"not": {"question": "ai", "is": True}}}}},
        "ai",
        [{"question": "ai", "is": True}],
    ],
)
def test_a_condition_has_one_meaning(condition: Any) -> None:
    error = fault_of(lambda d: q(d, "model").update(shown_when=condition))
    assert error.problems[0].where == "start.model"


def test_a_circle_is_impossible() -> None:
    def change(data: dict[str, Any]) -> None:
        q(data, "name")["shown_when"] = {"question": "ai", "is": True}
        q(data, "ai")["shown_when"] = {"question": "name", "answered": True}

    error = fault_of(change)
    assert ["not asked earlier" in one.sentence for one in error.problems] == [True]


def test_a_section_looks_at_earlier_sections_only() -> None:
    error = fault_of(
        lambda d: d["sections"][1].update(shown_when={"question": "people", "at_least": 3})
    )
    assert error.problems[0].where == "more"
    assert "not asked earlier" in error.problems[0].sentence
    right = sample_data()
    right["sections"][1]["shown_when"] = {"question": "ai", "is": True}
    assert read_form(right, "x").sections[1].shown_when is not None


def test_a_form_has_an_end() -> None:
    def change(data: dict[str, Any]) -> None:
        asked = [{"id": f"n{n}", "kind": "date", "ask": "When?"} for n in range(301)]
        data["sections"] = [
            {"id": f"s{n}", "title": "S", "questions": asked[n * 60 : n * 60 + 60]}
            for n in range(6)
        ]

    assert "more than 300 questions" in fault_of(change).problems[0].sentence
    assert (
        "too many entries"
        in fault_of(lambda d: d["sections"][0].update(questions=[q(d, "name")] * 61))
        .problems[0]
        .sentence
    )


def test_every_fault_is_told_at_once() -> None:
    def change(data: dict[str, Any]) -> None:
        q(data, "name").pop("ask")
        q(data, "cag").pop("patterns")
        data["colour"] = "red"

    error = fault_of(change)
    assert {one.where for one in error.problems} == {"", "start.name", "more.cag"}
    assert "(2 more faults)" in error.sentence


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_refuses_what_other_kinds_have(kind: str) -> None:
    values: dict[str, Any] = {
        "max_length": 3, "max_words": 3, "options": [{"code": "a", "label": "A"}],
        "earliest": "2026-01-01", "latest": "2026-01-02", "smallest": 1, "largest": 2,
        "patterns": ["##"], "columns": [{"id": "c", "kind": "date", "ask": "C"}], "min_rows": 1,
        "max_rows": 2, "statement": "I do.",
    }  # fmt: skip
    assert set(values) == set().union(*ATTRIBUTES.values())
    needed = {name: values[name] for name in NEEDED.get(kind, ())}
    for name, value in values.items():
        data = sample_data()
        data["sections"] = [
            {
                "id": "s",
                "title": "S",
                "questions": [{"id": "x", "kind": kind, "ask": "X?", **needed, name: value}],
            }
        ]
        if name in ATTRIBUTES[kind]:
            assert read_form(data, "x")
        else:
            with pytest.raises(FormInvalid, match=f"must not have {name}"):
                read_form(data, "x")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: &x 1\nb: *x\n", "CW-YAML-INVALID"),
        ("form: 1\nform: 1\n", "CW-YAML-INVALID"),
        ("!!python/object/apply:os.system [ls]", "CW-YAML-INVALID"),
        ("- a\n- b\n", "CW-QUESTION-INVALID"),
        ("", "CW-QUESTION-INVALID"),
        ("form: 1\n---\nform: 1\n", "CW-YAML-INVALID"),
        (b"\xff\xfe", "CW-FILE-ENCODING"),
        ("a: " + "[" * 100 + "]" * 100, "CW-YAML-INVALID"),
        ("form: 1\nsections: " + "{questions: [" * 20 + "]}" * 20, "CW-QUESTION-INVALID"),
        ("a: ~\n: b\n", "CW-YAML-INVALID"),
        pytest.param("a: [" + "1," * 300_000 + "1]", "CW-FILE-TOO-LARGE", id="a long list"),
    ],
)
def test_hostile_texts_are_faults_of_ours(text: str | bytes, code: str) -> None:
    with pytest.raises(Fault) as caught:
        parse_form(text, "The form")
    assert caught.value.code == code


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(CommonwealError, match="CW-FILE-MISSING"):
        load_form(tmp_path / "none.yaml")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "long.yaml").write_text("a: [" + "1," * 300_000 + "1]")
    with pytest.raises(CommonwealError, match="CW-FILE-TOO-LARGE"):
        load_form(tmp_path / "long.yaml")


def test_what_a_file_holds_is_never_repeated() -> None:
    data = sample_data()
    question_of(data, "name")["ask"] = "Ada Lovelace 943 476 5919\n"
    question_of(data, "name")["943 476 5919"] = 1
    with pytest.raises(FormInvalid) as caught:
        read_form(data, "x")
    said = " ".join([str(caught.value), *(one.sentence for one in caught.value.problems)])
    assert "Lovelace" not in said
    assert "943" not in said
