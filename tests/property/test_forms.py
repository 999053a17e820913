"""Properties of forms and answers: nothing is lost on the way, and drafts never break."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.governance.forms.answers import (
    MAX_TYPED,
    begin,
    can_send,
    check_sendable,
    problems,
    visible,
)
from commonweal.governance.forms.changing import compare
from commonweal.governance.forms.cleaning import clean, filled
from commonweal.governance.forms.comparing import changes, word_pieces
from commonweal.governance.forms.conditions import Condition
from commonweal.governance.forms.fhir import (
    check_resource,
    questionnaire,
    read_questionnaire,
    read_response,
    response,
)
from commonweal.governance.forms.migrating import migrate
from commonweal.governance.forms.reading import parse_form
from commonweal.governance.forms.schema import FormDefinition
from commonweal.governance.forms.writing import write_form
from tests.form_samples import answers_to, forms, sample

fewer = settings(max_examples=25)


def over_the_wire(data: Any) -> Any:
    return json.loads(json.dumps(data))


@fewer
@given(forms())
def test_a_form_reads_back_from_its_yaml(form: FormDefinition) -> None:
    assert parse_form(write_form(form), "The form") == form


@fewer
@given(forms())
def test_a_form_goes_through_fhir_without_loss(form: FormDefinition) -> None:
    resource = over_the_wire(questionnaire(form))
    assert check_resource(resource, "x") == "Questionnaire"
    back = read_questionnaire(resource)
    assert back.problems == ()
    assert back.definition == form


@fewer
@given(st.data())
def test_answers_go_through_fhir_without_loss(data: st.DataObject) -> None:
    form = data.draw(forms())
    given_answers = data.draw(answers_to(form))
    resource = over_the_wire(response(form, given_answers))
    assert check_resource(resource, "x") == "QuestionnaireResponse"
    back = read_response(form, resource)
    assert back.problems == ()
    assert back.answers == given_answers


def is_met(condition: Condition | None, values: dict[str, Any]) -> bool:
    """An obvious twin of `holds`: `values` are the answers that are shown."""
    if condition is None:
        return True
    if condition.question is None:
        met = [is_met(child, values) for child in condition.children()]
        if condition.not_ is not None:
            return not met[0]
        return all(met) if condition.all is not None else any(met)
    value = values.get(condition.question)
    number = isinstance(value, int) and not isinstance(value, bool)
    plain = condition.plain()
    return {
        "answered": lambda wanted: (condition.question in values) == wanted,
        "is": lambda wanted: type(value) is type(wanted) and value == wanted,
        "has": lambda wanted: isinstance(value, tuple) and wanted in value,
        "at_least": lambda wanted: number and value >= wanted,
        "at_most": lambda wanted: number and value <= wanted,
    }[next(name for name in plain if name != "question")](
        next(wanted for name, wanted in plain.items() if name != "question")
    )


def shown_slowly(form: FormDefinition, values: dict[str, Any]) -> set[str]:
    """An obvious twin of `visible`: asks each question again, with what is shown before it."""
    shown: set[str] = set()
    for section in form.sections:
        at_its_start = {id_: values[id_] for id_ in shown if id_ in values}
        for question in section.questions:
            now = {id_: values[id_] for id_ in shown if id_ in values}
            if is_met(section.shown_when, at_its_start) and is_met(question.shown_when, now):
                shown.add(question.id)
    return shown


@fewer
@given(st.data())
def test_what_is_shown_is_what_the_slow_twin_says(data: st.DataObject) -> None:
    form = data.draw(forms())
    given_answers = data.draw(answers_to(form))
    assert visible(form, given_answers) == shown_slowly(form, dict(given_answers.values))


@fewer
@given(st.data())
def test_what_can_be_sent_holds_only_what_is_shown(data: st.DataObject) -> None:
    form = data.draw(forms())
    draft = data.draw(answers_to(form))
    if can_send(form, draft):
        sent = check_sendable(form, draft)
        assert set(sent.values) == set(draft.values) & visible(form, draft)
        assert not sent.as_typed
        assert problems(form, sent) == ()
    else:
        assert problems(form, draft)


@given(st.data())
def test_nothing_typed_is_lost_and_saving_never_fails(data: st.DataObject) -> None:
    form = sample()
    names = [
        "name", "ai", "model", "stage", "kinds", "begins", "begins-day", "begins-month",
        "begins-year", "people", "cost", "cag", "harms-1-harm", "harms-2-day-day", "harms-9-owner",
        "harms-1-nothing", "harms-0-harm", "promise", "csrf",
    ]  # fmt: skip
    sent = data.draw(
        st.dictionaries(
            st.sampled_from(names), st.lists(st.text(max_size=30), min_size=1, max_size=3)
        )
    )
    made = clean(form, begin(form), sent)
    kept = json.dumps(made.answers.plain(), ensure_ascii=False)
    assert type(made.answers).read(made.answers.plain(), "The draft") == made.answers
    assert clean(form, begin(form), filled(form, made.answers)).answers == made.answers
    # What stands as typed is told, once each.
    for place in made.answers.as_typed:
        assert any(found.where.endswith(place) for found in made.problems), place
    for name in ("name", "model", "stage", "cag", "people"):
        typed = sent.get(name, [""])[-1]
        bare = "".join(c for c in typed if c.isascii() and c.isalnum())
        if len(bare) == len(typed):
            assert typed.lower() in kept.lower() or typed.isdigit(), name
    # The page comes back with the draft: typed texts are read the same way again.
    again = problems(form, made.answers)
    for found in made.problems:
        if found.where.partition(".")[2].split(".")[0] in visible(form, made.answers):
            assert found in again


def test_a_huge_field_is_cut_and_told() -> None:
    form = sample()
    made = clean(form, begin(form), {"model": ["x " * MAX_TYPED]}, asked=["model"])
    assert len(made.answers.as_typed["model"]) <= MAX_TYPED
    assert {found.code for found in made.problems} == {"CW-ANSWER-TOO-LONG", "CW-ANSWER-CUT"}


@given(st.text(alphabet="ab \n", max_size=60), st.text(alphabet="ab \n", max_size=60))
def test_the_pieces_of_two_texts_are_the_texts(before: str, after: str) -> None:
    left, right = word_pieces(before, after)
    assert "".join(piece.text for piece in left) == before
    assert "".join(piece.text for piece in right) == after
    same = [[p.text for p in side if p.mark == "same"] for side in (left, right)]
    assert "".join(same[0]) == "".join(same[1])
    assert {piece.mark for piece in left} <= {"same", "removed"}
    assert {piece.mark for piece in right} <= {"same", "added"}
    if before == after:
        assert all(piece.mark == "same" for piece in (*left, *right))


@fewer
@given(st.data())
def test_a_version_against_itself_changes_nothing(data: st.DataObject) -> None:
    form = data.draw(forms())
    draft = data.draw(answers_to(form))
    assert compare(form, form) == compare(form, form, "a note", ["a", "b"])
    assert compare(form, form).changes == ()
    assert compare(form, form).problems == ()
    assert changes(form, draft, form, draft) == ()


@fewer
@given(st.data())
def test_carrying_over_loses_nothing(data: st.DataObject) -> None:
    old = data.draw(forms())
    draft = data.draw(answers_to(old))
    new_data = data.draw(forms()).plain() | {"version": 9999}
    new = parse_form(write_form(type(old).read(new_data, "x")), "The newer form")
    moved = migrate(old, new, draft).answers
    asked = {question.id for question in new.questions()}
    aside = {one.question for one in moved.aside}
    declared = {q.id for q in old.questions() if q.kind == "declaration"}
    for id_ in draft.values:
        kept = id_ in moved.values or any(p.partition(".")[0] == id_ for p in moved.as_typed)
        assert kept or id_ in aside or id_ in declared
        assert id_ in asked or id_ in aside
    for place in draft.as_typed:
        id_ = place.partition(".")[0]
        assert place in moved.as_typed or id_ in aside
