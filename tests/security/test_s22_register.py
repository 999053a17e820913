"""S22 and S10 at the register: nothing of an application is shown but what its forms call public,
and a text that might name somebody is kept back. A twin that shows all answers gives both away."""

from __future__ import annotations

import json
from typing import Any

import pytest

from commonweal.governance.forms.library.shelf import our_library
from commonweal.web.register.asked import KEPT_BACK, Asked, asked_in, public_names, screened


def version(*people: str, **forms: Any) -> dict[str, Any]:
    """The plain values of a version that are read of it."""
    answers = [{"form": form, "form_version": 1, "values": said} for form, said in forms.items()]
    return {"content": {"people": [{"name": one} for one in people]}, "answers": answers}


def naive(plain: dict[str, Any]) -> str:
    """What a register would show that took the answers as they are."""
    return json.dumps(plain["answers"], ensure_ascii=False)


SECRET = "What nobody should read."


@pytest.mark.parametrize("form", ["retention", "dpia", "methods", "security", "member-review"])
def test_other_forms_are_never_read(form: str) -> None:
    plain = version(**{form: {"summary": SECRET, "funders": [{"funder": SECRET}]}})
    assert SECRET in naive(plain)
    assert asked_in(plain) == Asked()


def test_a_question_that_is_no_longer_public_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    from commonweal.web.register import asked

    plain = version(benefits={"summary": SECRET})
    assert asked_in(plain).benefit == SECRET
    monkeypatch.setattr(asked, "public_names", lambda _: frozenset())
    assert asked_in(plain) == Asked()


def test_every_question_that_is_read_is_marked_public_by_its_form() -> None:
    said = {
        "funding": ("funders", "any_gain", "gains", "rights"),
        "benefits": ("summary", "benefits", "company_gain", "nhs_share"),
    }
    for form, names in said.items():
        assert set(names) <= public_names(form)
        assert set(names) <= {one.id for one in our_library().forms[form].questions()}


@pytest.mark.parametrize(
    "text",
    [
        "Ring 0113 496 0123 for more.",
        "Patient 943 476 5919 was the first.",
        "9434765919",
        "Write to jo@trust.example.",
        "They live at LS1 4AP.",
        "Dr Amira Khan will own it.",
        "AMIRA and khan",
        "It helped 212 patients last year.",
        "A blank\u200b that nobody sees",
        "Khan, Amira",
    ],
)
@pytest.mark.parametrize("place", ["summary", "company_gain", "nhs_share"])
def test_a_text_that_might_name_somebody_is_kept_back(text: str, place: str) -> None:
    plain = version("Amira Khan", benefits={place: text})
    assert text in naive(plain)
    made = asked_in(plain)
    assert text not in str(made)
    assert KEPT_BACK in str(made)


@pytest.mark.parametrize(
    "text",
    [
        "Fewer people come at night.", "In 2027 a device is sold.", "Khan Research Ltd", "",
        "The Asthma Trust of Leeds", "By 1 January 2027", "Dr Jones will use it.",
    ],
)  # fmt: skip
def test_other_texts_are_shown_as_they_are(text: str) -> None:
    assert screened(text, ("Amira Khan", "Jo")) == text


@pytest.mark.parametrize(
    "values",
    [
        {"summary": 7, "benefits": "x", "nhs_share": ["x"]},
        {"summary": None, "benefits": [1, "x", {"more": SECRET}]},
        {"benefits": [{"benefit": {"deep": SECRET}}]},
        {},
    ],
)
def test_answers_of_odd_kinds_break_nothing(values: dict[str, Any]) -> None:
    made = asked_in(version(benefits=values))
    assert made.benefit == ""
    assert SECRET not in str([one for row in made.benefits for one in row if one != str(
        {"deep": SECRET})])  # fmt: skip


def test_answers_to_another_version_of_a_form_are_not_shown() -> None:
    plain = version(funding={"funders": [{"funder": SECRET}]})
    plain["answers"][0]["form_version"] = 2
    assert asked_in(plain) == Asked()
