"""What is shown, what is missing, and what may be sent; and a page of a browser made a draft."""

from __future__ import annotations

from typing import Any

import pytest

from commonweal.foundation.errors import Fault, Refused
from commonweal.governance.forms.answers import (
    Answers,
    begin,
    can_fill,
    can_send,
    check_may_fill,
    check_sendable,
    problems,
    visible,
    with_given,
)
from commonweal.governance.forms.cleaning import clean, filled
from commonweal.governance.forms.reading import read_form
from commonweal.papers.base import PaperInvalid
from tests.form_samples import COMPLETE, answers, question_of, sample, sample_data


def told(draft: Answers) -> set[tuple[str, str]]:
    return {(found.where, found.code) for found in problems(sample(), draft)}


def complete(**changes: Any) -> Answers:
    values = {**COMPLETE, **changes}
    return answers({id_: value for id_, value in values.items() if value is not None})


def test_a_complete_draft_can_be_sent() -> None:
    assert problems(sample(), complete()) == ()
    assert can_send(sample(), complete())
    assert check_sendable(sample(), complete()) == complete()


def test_an_empty_draft_misses_what_is_needed_and_shown() -> None:
    draft = begin(sample())
    missing = {
        "start.name", "start.ai", "start.stage", "more.begins", "more.people", "more.harms",
        "more.promise",
    }  # fmt: skip
    assert told(draft) == {(where, "CW-ANSWER-MISSING") for where in missing}
    assert all(found.level == "stops" for found in problems(sample(), draft))
    with pytest.raises(Refused, match="7 answers must be put right first") as caught:
        check_sendable(sample(), draft)
    assert caught.value.code == "CW-ANSWER-INCOMPLETE"
    assert not can_send(sample(), draft)


@pytest.mark.parametrize(
    ("changes", "where", "code"),
    [
        ({"name": None}, "start.name", "CW-ANSWER-MISSING"),
        ({"name": 5}, "start.name", "CW-ANSWER-KIND"),
        ({"model": None}, "start.model", "CW-ANSWER-MISSING"),
        ({"model": "1 2 3 4 5 6"}, "start.model", "CW-ANSWER-TOO-LONG"),
        ({"stage": "moon"}, "start.stage", "CW-ANSWER-CHOICE"),
        ({"stage": "sold"}, "start.stage", "CW-ANSWER-CHOICE"),
        ({"kinds": ["moon"]}, "start.kinds", "CW-ANSWER-CHOICE"),
        ({"begins": "2019-12-31"}, "more.begins", "CW-ANSWER-RANGE"),
        ({"people": 100}, "more.cag", "CW-ANSWER-MISSING"),
        ({"people": True}, "more.people", "CW-ANSWER-KIND"),
        ({"cag": "18"}, "more.cag", "CW-ANSWER-KIND"),
        ({"cost": -1}, "more.cost", "CW-ANSWER-RANGE"),
        ({"promise": False}, "more.promise", "CW-ANSWER-KIND"),
        ({"harms": "none"}, "more.harms", "CW-ANSWER-KIND"),
        ({"harms": [{"harm": "x", "owner": "y"}]}, "more.harms", "CW-ANSWER-ROWS"),
        ({"harms": [{"harm": "x", "owner": "y"}] * 4}, "more.harms", "CW-ANSWER-ROWS"),
        ({"harms": [{"harm": "x"}, *COMPLETE["harms"]]}, "more.harms.1.owner", "CW-ANSWER-MISSING"),
        (
            {"harms": [{"harm": "x", "owner": "y", "moon": "z"}, *COMPLETE["harms"]]},
            "more.harms.1.moon",
            "CW-ANSWER-UNKNOWN",
        ),
        (
            {"harms": [*COMPLETE["harms"], {"harm": "x", "owner": "y", "day": "soon"}]},
            "more.harms.3.day",
            "CW-ANSWER-KIND",
        ),
        ({"moon": "x"}, "moon", "CW-ANSWER-UNKNOWN"),
    ],
)
def test_one_wrong_answer_is_one_problem(changes: dict[str, Any], where: str, code: str) -> None:
    draft = complete(**changes)
    assert told(draft) == {(where, code)}
    with pytest.raises(Refused, match="1 answer must be put right"):
        check_sendable(sample(), draft)


def test_a_hidden_answer_is_kept_and_not_sent() -> None:
    draft = complete(ai=False, model="far too many words for its limit")
    assert "model" not in visible(sample(), draft)
    assert problems(sample(), draft) == ()
    sent = check_sendable(sample(), draft)
    assert "model" not in sent.values
    assert draft.values["model"] == "far too many words for its limit"


def test_a_hidden_answer_shows_nothing_else() -> None:
    data = sample_data()
    question_of(data, "stage")["shown_when"] = {"question": "model", "answered": True}
    form = read_form(data, "x")
    assert "stage" in visible(form, complete())
    assert "stage" not in visible(form, complete(ai=False))


def test_typed_text_that_is_no_answer_stops_sending_only() -> None:
    typed = {"people": "lots", "harms.2.day": "soon", "kinds": ["moon"]}
    draft = complete().model_copy(update={"as_typed": typed})
    assert told(draft) == {
        ("more.people", "CW-ANSWER-KIND"),
        ("more.harms.2.day", "CW-ANSWER-KIND"),
        ("start.kinds", "CW-ANSWER-CHOICE"),
    }


def test_a_sentence_never_repeats_what_was_typed() -> None:
    typed = {"people": "943 476 5919", "begins": "Lovelace", "cag": "<script>"}
    draft = answers({}, as_typed=typed)
    for found in problems(sample(), draft):
        assert not any(text in found.sentence for text in typed.values())


@pytest.mark.parametrize("change", [{"form": "other"}, {"form_version": 2}])
def test_answers_to_another_form_are_refused(change: dict[str, Any]) -> None:
    draft = complete().model_copy(update=change)
    for ask in (problems, check_sendable, can_send):
        with pytest.raises(Fault, match="CW-ANSWER-OTHER"):
            ask(sample(), draft)
    with pytest.raises(Fault, match="CW-ANSWER-OTHER"):
        clean(sample(), draft, {})


@pytest.mark.parametrize(
    "data",
    [
        {"values": {"Name": "x"}},
        {"values": {"name": 1.5}},
        {"values": {"name": None}},
        {"values": {"name": "a\x00"}},
        {"values": {"name": []}},
        {"values": {"harms": [[]]}},
        {"values": {"harms": [{"a": {"b": 1}}]}},
        {"values": {"name": 2**60}},
        {"as_typed": {"harms.0.day": "x"}},
        {"as_typed": {"a.b.c.d": "x"}},
        {"as_typed": {"name": 5}},
        {"colour": "red"},
        {"answers": 2},
    ],
)
def test_answers_are_read_strictly(data: dict[str, Any]) -> None:
    with pytest.raises(PaperInvalid):
        Answers.read({"answers": 1, "form": "sample", "form_version": 1, **data}, "x")


def test_the_same_answers_have_the_same_digest() -> None:
    assert complete().digest() == Answers.read(complete().plain(), "x").digest()
    assert complete().digest() != complete(name="Other").digest()


def test_a_form_is_filled_in_by_its_roles() -> None:
    form = sample(filled_by=["rapporteur", "panel_member"])
    check_may_fill(form, "rapporteur")
    assert can_fill(form, "panel_member")
    assert not can_fill(form, "applicant")
    with pytest.raises(Refused, match="rapporteur or member of the public panel") as caught:
        check_may_fill(form, "applicant")
    assert caught.value.code == "CW-ANSWER-ROLE"


# --- what the application knows ------------------------------------------------------------------


def given_form() -> Any:
    data = sample_data()
    question_of(data, "ai")["given"] = "uses_ai"
    return read_form(data, "x")


def test_what_the_application_knows_is_not_typed() -> None:
    form = given_form()
    draft = with_given(form, complete(ai=None), {"uses_ai": True})
    assert draft.values["ai"] is True
    page = clean(form, draft, {"ai": ["no"], "name": ["Other"]})
    assert page.answers.values["ai"] is True
    assert page.answers.values["name"] == "Other"
    assert "ai" not in with_given(form, draft, {"is_research": True}).values


def test_what_the_application_does_not_know_yet_is_told() -> None:
    found = [one for one in problems(given_form(), complete(ai=None)) if one.where == "start.ai"]
    assert ["the application answers this" in one.sentence for one in found] == [True]


# --- pages ---------------------------------------------------------------------------------------

PAGE = {
    "name": ["Asthma"],
    "ai": ["yes"],
    "model": ["A small one"],
    "stage": ["idea"],
    "kinds": ["image", "text"],
    "begins-day": ["2"],
    "begins-month": ["3"],
    "begins-year": ["2026"],
    "people": ["20"],
    "cost": ["1,200.50"],
    "cag": [""],
    "harms-1-harm": ["None"],
    "harms-1-owner": ["Lead"],
    "harms-1-day-day": ["1"],
    "harms-1-day-month": ["5"],
    "harms-1-day-year": ["2026"],
    "harms-2-harm": [""],
    "harms-7-harm": ["Some"],
    "harms-7-owner": ["Lead"],
    "promise": ["yes"],
    "csrfmiddlewaretoken": ["x"],
}


def test_a_page_becomes_typed_answers() -> None:
    made = clean(sample(), begin(sample()), PAGE)
    assert made.problems == ()
    assert dict(made.answers.values) == {
        **COMPLETE,
        "kinds": ("text", "image"),
        "harms": (
            {"harm": "None", "owner": "Lead", "day": "2026-05-01"},
            {"harm": "Some", "owner": "Lead"},
        ),
    }
    assert can_send(sample(), made.answers)


def test_what_cannot_be_read_is_kept_as_it_was_typed() -> None:
    page = {
        **PAGE,
        "people": ["lots"],
        "begins-month": ["13"],
        "model": ["one two three four five six"],
        "kinds": ["moon", "text"],
        "name": ["a\x00b"],
        "harms-7-owner": ["x" * 300],
    }
    made = clean(sample(), begin(sample()), page)
    assert dict(made.answers.as_typed) == {
        "people": "lots",
        "begins": ("2", "13", "2026"),
        "model": "one two three four five six",
        "kinds": ("moon", "text"),
        "name": "a\x00b",
        "harms.2.owner": "x" * 300,
    }
    assert {(one.where, one.code) for one in made.problems} == {
        ("more.people", "CW-ANSWER-KIND"),
        ("more.begins", "CW-ANSWER-KIND"),
        ("start.model", "CW-ANSWER-TOO-LONG"),
        ("start.kinds", "CW-ANSWER-CHOICE"),
        ("start.name", "CW-ANSWER-CHARACTERS"),
        ("more.harms.2.owner", "CW-ANSWER-TOO-LONG"),
    }
    assert set(made.problems) == set(problems(sample(), made.answers))


def test_the_parts_of_a_date_are_kept_as_they_were() -> None:
    page = {"begins-day": [" 2 3"], "begins-month": [""], "begins-year": ["MMXXVI"]}
    made = clean(sample(), begin(sample()), page, asked=["begins"])
    assert made.answers.as_typed == {"begins": ("2 3", "", "MMXXVI")}
    assert filled(sample(), made.answers) == {
        "begins-day": ("2 3",),
        "begins-month": ("",),
        "begins-year": ("MMXXVI",),
    }


def test_a_draft_fills_in_its_page_again() -> None:
    draft = clean(sample(), begin(sample()), PAGE).answers
    fields = filled(sample(), draft)
    assert fields["kinds"] == ("text", "image")
    assert fields["begins-month"] == ("3",)
    assert fields["cost"] == ("1200.50",)
    assert fields["harms-2-harm"] == ("Some",)
    assert "cag" not in fields
    assert clean(sample(), begin(sample()), fields).answers == draft
    assert filled(given_form(), complete()).get("ai") is None


def test_a_page_changes_only_what_it_asked() -> None:
    draft = clean(sample(), begin(sample()), PAGE).answers
    made = clean(sample(), draft, {"people": ["lots"]}, asked=["people", "kinds"]).answers
    assert made.as_typed == {"people": "lots"}
    assert "people" not in made.values
    assert "kinds" not in made.values  # boxes that were there and not ticked
    assert made.values["name"] == "Asthma"
    again = clean(sample(), made, {"people": ["30"]}, asked=["people"]).answers
    assert again.values["people"] == 30
    assert not again.as_typed


def test_an_answer_can_be_taken_back() -> None:
    draft = clean(sample(), begin(sample()), PAGE).answers
    made = clean(sample(), draft, {"name": ["  "], "promise": []}, asked=["name", "promise"])
    assert made.problems == ()
    assert not {"name", "promise"} & set(made.answers.values)


def test_the_last_of_several_values_counts() -> None:
    made = clean(sample(), begin(sample()), {"ai": ["no", "yes"]}, asked=["ai"])
    assert made.answers.values == {"ai": True}


@pytest.mark.parametrize(
    "name",
    ["harms-0-harm", "harms-01-harm", "harms--harm", "harms-1", "harms-1-moon", "harms-1-harm-day",
     "harms-99999-harm", "HARMS-1-harm", "harms-\u0661-harm", "harms-1-day-hour"],
)  # fmt: skip
def test_names_that_no_page_of_ours_has_are_left_alone(name: str) -> None:
    made = clean(sample(), begin(sample()), {name: ["x"]})
    assert made.answers == begin(sample())
    assert made.problems == ()


def test_too_many_rows_are_cut_and_told() -> None:
    page = {f"harms-{n}-harm": ["x"] for n in range(1, 301)}
    made = clean(sample(), begin(sample()), page)
    assert len(made.answers.values["harms"]) == 200
    assert "CW-ANSWER-CUT" in {one.code for one in made.problems}
    assert "CW-ANSWER-ROWS" in {one.code for one in problems(sample(), made.answers)}


def test_half_a_character_does_not_break_a_draft() -> None:
    made = clean(sample(), begin(sample()), {"name": ["a\ud800b"], "kinds": ["\udfff"]})
    assert made.answers.canonical()


def test_a_huge_list_of_ticks_is_kept_in_part() -> None:
    made = clean(sample(), begin(sample()), {"kinds": ["x" * 900] * 999}, asked=["kinds"])
    assert len(made.answers.as_typed["kinds"]) == 200
    assert {one.code for one in made.problems} == {"CW-ANSWER-CHOICE", "CW-ANSWER-CUT"}
