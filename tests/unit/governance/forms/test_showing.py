"""What pages show of a form that is being filled in."""

from __future__ import annotations

from typing import Any

import pytest

from commonweal.foundation.errors import Fault
from commonweal.governance.forms.answers import Answers, begin
from commonweal.governance.forms.reading import read_form
from commonweal.governance.forms.showing import shown_sections
from tests.form_samples import COMPLETE, answers, question_of, sample, sample_data

START = {"name": "Asthma", "ai": False, "stage": "idea"}


@pytest.mark.parametrize(
    ("draft", "progress"),
    [
        (begin(sample()), ["not_started", "not_started"]),
        (answers({"name": "Asthma"}), ["in_progress", "not_started"]),
        (answers({}, as_typed={"people": "lots"}), ["not_started", "in_progress"]),
        (answers({}, as_typed={"harms.1.day": "soon"}), ["not_started", "in_progress"]),
        (answers(START), ["completed", "not_started"]),
        (answers(COMPLETE), ["completed", "completed"]),
    ],
)
def test_progress_of_each_section(draft: Answers, progress: list[str]) -> None:
    assert [section.progress for section in shown_sections(sample(), draft)] == progress


def test_what_the_application_gives_is_no_beginning() -> None:
    data = sample_data()
    question_of(data, "ai")["given"] = "uses_ai"
    draft = answers({"ai": True})
    assert shown_sections(read_form(data, "x"), draft)[0].progress == "not_started"


def test_a_section_that_may_be_left_empty_is_not_done_before_it_is_begun() -> None:
    data = sample_data()
    for question in data["sections"][0]["questions"]:
        question["required"] = False
    form = read_form(data, "x")
    assert shown_sections(form, begin(form))[0].progress == "not_started"
    assert shown_sections(form, answers({"name": "Asthma"}))[0].progress == "completed"


def test_a_section_with_nothing_to_show_is_left_out() -> None:
    data = sample_data()
    data["sections"][1]["shown_when"] = {"question": "ai", "is": True}
    form = read_form(data, "x")
    assert [one.id for one in shown_sections(form, answers(START))] == ["start"]
    assert [one.id for one in shown_sections(form, answers({**START, "ai": True}))] == [
        "start", "more",
    ]  # fmt: skip


def test_answers_in_words() -> None:
    draft = answers(
        {**COMPLETE, "ai": False, "people": 20},
        as_typed={"begins": ["2", "13", "2026"], "harms.2.day": "soon", "harms.4.harm": "x\x00"},
    )
    start, more = shown_sections(sample(), draft)
    told: dict[str, Any] = {one.where: one for one in (*start.answers, *more.answers)}
    assert "start.model" not in told  # hidden
    assert told["start.ai"].text == "No"
    assert told["start.kinds"].text is None
    assert (told["more.begins"].text, told["more.begins"].unread) == ("2 13 2026", True)
    assert told["more.cost"].text == "£1,200.50"
    assert told["more.harms"].columns == ("Harm", "Day", "Owner")
    assert told["more.harms"].rows == (
        ("None", "", "Lead"), ("Some", "soon", "Lead"), ("", "", ""), ("x\x00", "", ""),
    )  # fmt: skip
    assert told["more.harms"].unread


def test_a_table_that_is_none_is_shown_as_it_is() -> None:
    (_, more) = shown_sections(sample(), answers({**COMPLETE, "harms": "none"}))
    (harms,) = [one for one in more.answers if one.where == "more.harms"]
    assert (harms.text, harms.rows, harms.unread) == ("none", (), True)


def test_answers_to_another_form_are_not_shown() -> None:
    with pytest.raises(Fault, match="CW-ANSWER-OTHER"):
        shown_sections(sample(version=2), answers(COMPLETE))
