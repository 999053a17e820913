"""From answers to a form to what an application carries of them."""

from __future__ import annotations

import pytest

from commonweal.demo.walkthrough import application as demonstration
from commonweal.foundation.errors import CommonwealError
from commonweal.governance.application.answered import answered
from commonweal.governance.forms.library.shelf import our_library
from tests import applications
from tests.form_samples import COMPLETE, answers, sample


def test_complete_answers_travel_as_they_are() -> None:
    form = answered(sample(), answers(COMPLETE), applications.content())
    assert form.problems == ()
    assert (form.answers.form, form.answers.form_version) == ("sample", 1)
    assert form.answers.values == COMPLETE


def test_an_answer_that_is_not_shown_is_not_sent() -> None:
    form = answered(sample(), answers(COMPLETE | {"ai": False}), applications.content())
    assert "model" in COMPLETE
    assert "model" not in form.answers.values
    assert form.problems == ()


def test_what_is_missing_stops_sending_and_says_where() -> None:
    without = {name: value for name, value in COMPLETE.items() if name != "people"}
    form = answered(sample(), answers(without), applications.content())
    assert [(one.where, one.level) for one in form.problems] == [("more.people", "stops")]


def test_the_application_answers_what_it_knows() -> None:
    definition = our_library().form("dpia")
    about_ai = applications.company_data()
    for data, ai in ((applications.content_data(), False), (about_ai, True)):
        content = applications.read_draft(data)
        typed = answers(form="dpia", form_version=definition.version).model_copy(
            update={"values": {"uses_ai": not ai}}
        )
        assert answered(definition, typed, content).answers.values["uses_ai"] is ai


def test_answers_to_another_form_are_refused() -> None:
    with pytest.raises(CommonwealError) as caught:
        answered(our_library().form("aia"), answers(COMPLETE), applications.content())
    assert caught.value.code == "CW-ANSWER-OTHER"


def test_the_demonstrations_forms_need_nothing_more() -> None:
    today = applications.NOW.date()
    asked = applications.read_draft(demonstration.content(today, 20_000))
    forms = demonstration.forms(asked, today)
    assert {name: form.problems for name, form in forms.items()} == {"aia": (), "dpia": ()}
    assert forms["dpia"].answers.values["uses_ai"] is True
