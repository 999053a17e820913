"""FHIR R4: what others make of our forms, and what we make of theirs."""

from __future__ import annotations

import builtins
import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError, Fault, Unavailable
from commonweal.governance.forms.fhir import (
    check_resource,
    questionnaire,
    read_questionnaire,
    read_response,
    response,
)
from commonweal.governance.forms.reading import read_form
from commonweal.governance.forms.schema import FormDefinition
from tests.form_samples import COMPLETE, answers, mangled, question_of, sample, sample_data

FOREIGN: dict[str, Any] = {
    "resourceType": "Questionnaire",
    "url": "http://example.org/fhir/Questionnaire/asthma-2",
    "version": "2026.1",
    "title": "Asthma at home",
    "status": "active",
    "item": [
        {
            "linkId": "1",
            "type": "group",
            "text": "About you",
            "item": [
                {"linkId": "1.0", "type": "display", "text": "Take your time."},
                {"linkId": "1.1", "type": "boolean", "text": "Do you smoke?", "required": True},
                {
                    "linkId": "1.2",
                    "type": "choice",
                    "text": "How often?",
                    "answerOption": [
                        {"valueCoding": {"system": "http://x", "code": "D-1", "display": "Daily"}},
                        {"valueString": "Less often"},
                        {"valueInteger": 0},
                    ],
                    "enableWhen": [{"question": "1.1", "operator": "=", "answerBoolean": True}],
                },
                {"linkId": "1.3", "type": "integer", "text": "How many?"},
                {
                    "linkId": "1.4",
                    "type": "group",
                    "text": "At night",
                    "enableWhen": [{"question": "1.3", "operator": ">", "answerInteger": 4}],
                    "item": [
                        {
                            "linkId": "1.4.1",
                            "type": "text",
                            "text": "What\nhappens?",
                            "enableWhen": [
                                {"question": "1.2", "operator": "!=", "answerString": "Less often"}
                            ],
                        }
                    ],
                },
            ],
        },
        {
            "linkId": "medicine",
            "type": "group",
            "repeats": True,
            "text": "Your medicines",
            "item": [
                {"linkId": "medicine.name", "type": "string", "text": "Name", "maxLength": 60},
                {"linkId": "since", "type": "date", "text": "Since"},
            ],
        },
        {
            "linkId": "2",
            "type": "choice",
            "repeats": True,
            "text": "What helps?",
            "answerOption": [{"valueString": "Rest"}, {"valueString": "Air"}],
        },
    ],
}


def foreign(change: Callable[[dict[str, Any]], object] = lambda _: None) -> dict[str, Any]:
    data = copy.deepcopy(FOREIGN)
    change(data)
    return data


def item(data: dict[str, Any], link: str) -> dict[str, Any]:
    def find(items: list[dict[str, Any]]) -> dict[str, Any] | None:
        for one in items:
            if one["linkId"] == link:
                return one
            inside = find(one.get("item", []))
            if inside is not None:
                return inside
        return None

    found = find(data["item"])
    assert found is not None, link
    return found


def imported(data: dict[str, Any]) -> FormDefinition:
    made = read_questionnaire(data)
    assert made.definition is not None, made.problems
    return made.definition


# --- ours, seen by others ------------------------------------------------------------------------


def test_our_form_speaks_fhir_where_fhir_has_words() -> None:
    made = questionnaire(sample())
    assert made["url"] == "urn:commonweal:form:sample"
    by_link = {one["linkId"]: one for section in made["item"] for one in section["item"]}
    assert {link: one["type"] for link, one in by_link.items()} == {
        "name": "string", "ai": "boolean", "model": "text", "stage": "choice", "kinds": "choice",
        "begins": "date", "people": "integer", "cost": "quantity", "cag": "string",
        "harms": "group", "promise": "boolean",
    }  # fmt: skip
    assert by_link["model"]["enableWhen"] == [
        {"question": "ai", "operator": "=", "answerBoolean": True}
    ]
    assert by_link["kinds"]["repeats"] is True
    assert by_link["harms"]["repeats"] is True
    assert by_link["promise"]["item"][0]["text"] == "I will keep to it."
    assert [one["linkId"] for one in by_link["harms"]["item"]] == [
        "harms.harm", "harms.day", "harms.owner",
    ]  # fmt: skip
    assert by_link["cag"]["extension"][0] == {
        "url": "http://hl7.org/fhir/StructureDefinition/regex",
        "valueString": "[0-9][0-9]/CAG/[0-9][0-9][0-9][0-9]",
    }
    assert check_resource(json.loads(json.dumps(made)), "x") == "Questionnaire"


def test_our_answers_speak_fhir() -> None:
    made = response(sample(), answers(COMPLETE), "completed")
    assert made["questionnaire"] == "urn:commonweal:form:sample|1"
    assert "extension" not in made  # nothing is hidden where FHIR can say it
    by_link = {one["linkId"]: one for section in made["item"] for one in section["item"]}
    assert by_link["cost"]["answer"][0]["valueQuantity"]["value"] == 1200.5
    assert by_link["stage"]["answer"][0]["valueCoding"]["display"] == "An idea"
    assert sum(one["linkId"] == "harms" for one in made["item"][1]["item"]) == 2
    assert check_resource(json.loads(json.dumps(made)), "x") == "QuestionnaireResponse"


@pytest.mark.parametrize("pence", [0, 1, 29, 99, 100, 115, 120_050, 9_999_999_999_999, -105])
def test_money_keeps_every_penny(pence: int) -> None:
    made = json.loads(json.dumps(response(sample(), answers({"cost": pence}))))
    assert read_response(sample(), made).answers.values == {"cost": pence}


def test_a_draft_keeps_what_fhir_cannot_hold() -> None:
    draft = answers(
        {**COMPLETE, "name": 5, "stage": "moon", "harms": "none", "moon": True},
        as_typed={"people": "lots\x00", "harms.2.day": "soon"},
        aside=[{"question": "gone", "ask": "Gone?", "form_version": 1, "value": True}],
    )
    made = json.loads(json.dumps(response(sample(), draft)))
    assert check_resource(made, "x")
    back = read_response(sample(), made)
    assert (back.answers, back.problems) == (draft, ())


# --- theirs --------------------------------------------------------------------------------------


def test_no_two_items_share_a_link() -> None:
    data = sample_data()
    harms = question_of(data, "harms")
    harms["help"] = "One row each."
    harms["columns"].append({"id": "help", "kind": "date", "ask": "Help", "help": "A day."})
    question_of(data, "promise")["help"] = "Read it."
    data["sections"][1]["intro"] = "More of it."
    form = read_form(data, "x")

    def links(items: list[dict[str, Any]]) -> list[str]:
        return [link for one in items for link in (one["linkId"], *links(one.get("item", [])))]

    made = json.loads(json.dumps(questionnaire(form)))
    every = links(made["item"])
    assert len(every) == len(set(every))
    assert read_questionnaire(made).definition == form


def test_a_foreign_questionnaire_becomes_a_form() -> None:
    made = read_questionnaire(foreign())
    form = imported(foreign())
    assert (form.id, form.version, form.title) == ("asthma-2", 1, "Asthma at home")
    assert [(section.id, section.title) for section in form.sections] == [
        ("q_1", "About you"),
        ("questions", "Asthma at home"),
    ]
    assert form.sections[0].intro == "Take your time."
    assert [(one.id, one.kind, one.required) for one in form.questions()] == [
        ("q_1_1", "yes_no", None),
        ("q_1_2", "one_of", False),
        ("q_1_3", "whole_number", False),
        ("q_1_4_1", "long_text", False),
        ("medicine", "table", False),
        ("q_2", "several_of", False),
    ]
    often, night = form.questions()[1], form.questions()[3]
    assert [(one.code, one.label) for one in often.options or ()] == [
        ("d_1", "Daily"), ("less_often", "Less often"), ("c_0", "0"),
    ]  # fmt: skip
    assert night.ask == "What happens?"
    assert night.shown_when is not None
    assert night.shown_when.plain() == {
        "all": [
            {"question": "q_1_3", "at_least": 5},
            {
                "all": [
                    {"question": "q_1_2", "answered": True},
                    {"not": {"question": "q_1_2", "is": "less_often"}},
                ]
            },
        ]
    }
    assert [column.id for column in form.questions()[4].columns or ()] == ["name", "since"]
    assert not any(one.public or one.locked for one in form.questions())
    assert {one.level for one in made.problems} == {"warns"}
    assert {one.where for one in made.problems} == {"", "1.4"}


def test_an_imported_form_travels_on_as_ours() -> None:
    form = imported(foreign())
    again = read_questionnaire(json.loads(json.dumps(questionnaire(form))))
    assert (again.definition, again.problems) == (form, ())


def asks(link: str, operator: str = "exists", **answer: Any) -> dict[str, Any]:
    return {"question": link, "operator": operator, **(answer or {"answerBoolean": True})}


def add(link: str, **fields: Any) -> Callable[[dict[str, Any]], object]:
    return lambda data: item(data, link).update(fields)


@pytest.mark.parametrize(
    ("change", "where", "said"),
    [
        (add("1.3", type="decimal"), "1.3", "the item type decimal is not one of our kinds"),
        (add("1.3", type="attachment"), "1.3", "the item type attachment"),
        (add("1.3", type="reference"), "1.3", "the item type reference"),
        (add("1.3", type="open-choice"), "1.3", "the item type open-choice"),
        (add("1.3", type="dateTime"), "1.3", "the item type dateTime"),
        (add("1.3", type="url"), "1.3", "the item type url"),
        (add("1.3", type="quantity"), "1.3", "the item type quantity"),
        (add("1.3", repeats=True), "1.3", "an integer that repeats".replace("an ", "a ")),
        (add("1.2", answerValueSet="http://x/v"), "1.2", "value set elsewhere"),
        (
            add("1.3", item=[{"linkId": "9", "type": "string", "text": "Why?"}]),
            "9",
            "a question inside a question",
        ),
        (
            add("since", type="group", item=[{"linkId": "9", "type": "date", "text": "D"}]),
            "since",
            "a group inside a repeating group",
        ),
        (
            add(
                "since",
                enableWhen=[asks("1.1")],
            ),
            "since",
            "cannot have conditions",
        ),
        (
            add("1.3", enableWhen=[asks("77")]),
            "1.3",
            "an item that is not there",
        ),
        (
            add("1.4", enableWhen=[asks("1.1", ">")]),
            "1.4",
            "a condition with >",
        ),
        (
            add("1.4", enableWhen=[asks("1.3", "=", answerDate="2026-01-01")]),
            "1.4",
            "a condition with answerDate",
        ),
        (
            add(
                "1.4",
                enableWhen=[
                    asks("1.1", "="),
                    asks("1.3"),
                ],
            ),
            "1.4",
            "does not say if all count",
        ),
        (add("1.3", linkId="1.1"), "1.1", "the linkId is used twice"),
        (
            add("1.3", modifierExtension=[{"url": "http://x", "valueBoolean": True}]),
            "1.3",
            "changes its meaning",
        ),
        (
            add(
                "1.3",
                extension=[
                    {
                        "url": "urn:commonweal:forms:question",
                        "extension": [{"url": "kind", "valueCode": "date"}],
                    }
                ],
            ),
            "1.3",
            "does not fit its FHIR type",
        ),
        (
            add(
                "1.3",
                extension=[
                    {
                        "url": "urn:commonweal:forms:question",
                        "extension": [{"url": "shownWhen", "valueString": "{{"}],
                    }
                ],
            ),
            "1.3",
            "does not hold what it should",
        ),
    ],
)
def test_what_our_forms_cannot_hold_is_named(
    change: Callable[[dict[str, Any]], object], where: str, said: str
) -> None:
    made = read_questionnaire(foreign(change))
    assert made.definition is None
    stops = [one for one in made.problems if one.level == "stops"]
    assert any(one.where == where and said in one.sentence for one in stops), made.problems
    assert all(one.code == "CW-QUESTION-FOREIGN" for one in stops)


@pytest.mark.parametrize(
    ("change", "where", "said"),
    [
        (add("1.3", initial=[{"valueInteger": 3}]), "1.3", "begins with is left out"),
        (add("1.3", readOnly=True), "1.3", "read-only there"),
        (add("1.4.1", maxLength=50), "1.4.1", "ours counts words"),
    ],
)
def test_what_is_left_out_is_said(
    change: Callable[[dict[str, Any]], object], where: str, said: str
) -> None:
    made = read_questionnaire(foreign(change))
    assert made.definition is not None
    assert any(one.where == where and said in one.sentence for one in made.problems)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: item(d, "1.2").update(enableWhen=[asks("1.3")]),
        lambda d: d["item"].pop(0) and d["item"].clear(),
        lambda d: item(d, "1.2").pop("answerOption"),
        lambda d: item(d, "1.1").update(text="x" * 501),
        lambda d: item(d, "1.1").update(text="a\u202eb"),
    ],
    ids=["a later question", "no items", "no choices", "a long text", "a hidden character"],
)
def test_a_form_that_breaks_our_rules_is_not_made(change: Any) -> None:
    made = read_questionnaire(foreign(change))
    assert made.definition is None
    assert made.problems


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "x",
        {},
        {"resourceType": "Patient"},
        {"resourceType": "Questionnaire"},
        {"resourceType": "Questionnaire", "status": "active", "item": [{"text": "x"}]},
        {"resourceType": "Questionnaire", "status": "active", "moon": 1},
        {"resourceType": "Questionnaire", "status": 5},
        {"resourceType": "QuestionnaireResponse", "status": "completed"},
        {
            "resourceType": "Questionnaire",
            "status": "active",
            "item": [
                {"_linkId": {"extension": [{"url": "x", "valueCode": "y"}]}, "type": "string"}
            ],
        },
    ],
)
def test_what_is_no_questionnaire_is_a_fault(data: Any) -> None:
    with pytest.raises(Fault, match="CW-FHIR-INVALID"):
        read_questionnaire(data)


def test_a_fault_never_repeats_the_resource() -> None:
    data = foreign(add("1.3", type=["943 476 5919"]))
    data["Ada Lovelace"] = "943 476 5919"
    with pytest.raises(Fault) as caught:
        read_questionnaire(data)
    assert "943" not in caught.value.sentence
    assert "Lovelace" not in caught.value.sentence


def test_deep_nesting_is_a_fault() -> None:
    deep: dict[str, Any] = {"linkId": "x", "type": "group"}
    for number in range(200):
        deep = {"linkId": f"g{number}", "type": "group", "item": [deep]}
    with pytest.raises(Fault, match="nested more than"):
        read_questionnaire(foreign(lambda d: d.update(item=[deep])))


def test_two_items_never_get_one_id() -> None:
    data = foreign()
    data["item"] = [
        {"linkId": link, "type": "string", "text": link}
        for link in ("A-1", "a.1", "a_1", "A 1", "é")
    ]
    ids = [one.id for one in imported(data).questions()]
    assert ids == ["a_1_2", "a_1_3", "a_1", "a_1_4", "q"]


# --- without the package, and with mangled resources ---------------------------------------------


def test_without_the_package_it_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("fhir."):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(Unavailable, match="CW-FHIR-UNAVAILABLE") as caught:
        check_resource({"resourceType": "Questionnaire"}, "x")
    assert caught.value.exit_code == 5


def test_forms_need_no_fhir_package_until_something_is_checked() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from commonweal.governance.forms import fhir; "
        "from commonweal.governance.forms.library import our_library; "
        "[fhir.questionnaire(form) for form in our_library()]; "
        "sys.exit(any(name.split('.')[0] == 'fhir' for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_only_errors_of_ours_come_out_of_values_of_other_kinds() -> None:
    tried = 0
    for data in mangled(foreign()):
        tried += 1
        try:
            read_questionnaire(data)
        except CommonwealError:
            continue
    assert tried > 300
