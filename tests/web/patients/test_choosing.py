"""Choosing by page: said here, confirmed by signing in, written in the vault's journal."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from commonweal.vault.choices.journal import read_journal
from tests.web.conftest import Page, new_client
from tests.web.patients.conftest import STRANGER, Hospital

ANSWER, CHOOSE, CONFIRM = "/my-data/answer/", "/my-data/choose/", "/my-data/choose/confirm/"


def chosen(hospital: Hospital, number: str, browser: Any = None, **said: str) -> Page:
    """Chooses on the page, confirms as somebody, and reads what came of it."""
    browser = browser or new_client()
    check = browser.post(CHOOSE, {"project": "", **said})
    assert "Check your choice" in Page(check).text, Page(check).text
    assert hospital.go(browser, number, CONFIRM)["Location"] == ANSWER
    hospital.work()
    return Page(browser.get(ANSWER))


def entries(hospital: Hospital) -> list[Any]:
    journal = read_journal(hospital.house.custody())
    return [journal.entry(number).choice for number in range(1, journal.number + 1)]


@pytest.mark.parametrize(
    ("kind", "title"),
    [("local_objection", "No to all research and planning by this hospital"),
     ("no_research_here", "No to research by this hospital"),
     ("no_companies", "No to any use by a company"),
     ("no_ai_training", "No to training AI")],
)  # fmt: skip
def test_a_kind_is_chosen_shown_and_taken_back(hospital: Hospital, kind: str, title: str) -> None:
    number = hospital.house.numbers[10]
    before = len(entries(hospital))
    page = chosen(hospital, number, kind=kind)
    assert "Your choice is written down" in page.text
    for words in (title, "It counts from", "What it cannot undo",
                  "Your care team cannot see this choice here.", "Print this page"):  # fmt: skip
        assert words in page.text
    assert number not in page.html
    (made,) = entries(hospital)[before:]
    assert (made.kind, made.whose.identifier, made.set_by, made.channel) == (
        kind, number, "self", "page")  # fmt: skip
    browser = new_client()
    shown = hospital.look(number, browser)
    assert title in shown.text
    assert "No data have been made ready with it yet." in shown.text
    back = shown.every("input", name="number")[0]["value"]
    check = Page(browser.post("/my-data/choose/take-back/", {"number": back}))
    assert f"The choice that you take back: number {back}." in check.text
    assert hospital.go(browser, number, CONFIRM)["Location"] == ANSWER
    hospital.work()
    assert "Take back a choice" in Page(browser.get(ANSWER)).text
    assert entries(hospital)[-1].takes_back == int(str(back))
    hospital.house.clock.advance(timedelta(days=1))
    assert "You have made no choice here that counts now." in hospital.look(number).text


def test_one_project_from_its_own_place_on_the_page(hospital: Hospital) -> None:
    number, browser = hospital.house.numbers[11], new_client()
    page = hospital.look(number, browser)
    form = {name: str(page.every("input", name=name)[0]["value"]) for name in ("kind", "project")}
    assert form == {"kind": "project_objection", "project": "permit-1"}
    page = chosen(hospital, number, browser, **form)
    assert "No to one project" in page.text
    made = entries(hospital)[-1]
    assert (made.kind, made.project) == ("project_objection", "permit-1")


def test_nothing_is_written_before_somebody_signed_in(hospital: Hospital, browser: Any) -> None:
    from commonweal.web.patients.models import OwnOrder

    before = len(entries(hospital))
    check = browser.post(CHOOSE, {"kind": "no_companies", "project": ""})
    assert "It is not written down yet." in Page(check).text
    assert not OwnOrder.objects.exists()
    hospital.provider.lies = {"answer": {"code": None, "error": "access_denied"}}
    assert hospital.go(browser, STRANGER, CONFIRM).status_code == 403
    hospital.work()
    assert len(entries(hospital)) == before


def test_confirmed_twice_is_recorded_once(hospital: Hospital) -> None:
    number, browser = hospital.house.numbers[12], new_client()
    before = len(entries(hospital))
    browser.post(CHOOSE, {"kind": "no_companies", "project": ""})
    kept = browser.cookies["my-data"].value
    for _ in range(2):
        browser.cookies["my-data"] = kept  # the button "back", and the same button again
        hospital.go(browser, number, CONFIRM)
        hospital.work()
        assert "Your choice is written down" in Page(browser.get(ANSWER)).text
    assert len(entries(hospital)) == before + 1


def test_nobody_takes_back_what_another_chose(hospital: Hospital) -> None:
    chosen(hospital, hospital.house.numbers[13], kind="no_companies")
    number = len(entries(hospital))
    browser = new_client()
    browser.post("/my-data/choose/take-back/", {"number": str(number)})
    hospital.go(browser, hospital.house.numbers[14], CONFIRM)
    hospital.work()
    page = Page(browser.get(ANSWER))
    assert "Your choice was not written down." in page.text
    assert len(entries(hospital)) == number


def test_a_child_does_not_choose_alone(hospital: Hospital) -> None:
    year = hospital.house.clock.now().year - 12
    hospital.provider.person.birthdate = f"{year}-12-31"  # type: ignore[attr-defined]
    page = chosen(hospital, STRANGER, kind="local_objection")
    assert "Your choice was not written down." in page.text
    assert "A parent or guardian chooses" in page.text


@pytest.mark.parametrize(
    ("said", "words"),
    [({}, "Choose what you say no to."), ({"kind": "ndoo"}, "not one of"),
     ({"kind": "project_consent", "project": "permit-1"}, "not one of"),
     ({"kind": "project_objection"}, "Enter the permit of the project."),
     ({"kind": "project_objection", "project": "nothing"}, "no project with this permit"),
     ({"kind": "project_objection", "project": "<b>'"}, "no project with this permit"),
     ({"kind": "project_objection", "project": "x" * 65}, "at most 64"),
     ({"kind": "no_companies", "project": "permit-1"}, "Leave this empty")],
)  # fmt: skip
def test_what_is_no_choice_is_asked_again_and_nothing_typed_is_lost(
    hospital: Hospital, browser: Any, said: dict[str, str], words: str
) -> None:
    page = Page(browser.post(CHOOSE, said))
    assert words in page.text
    assert "There is a problem" in page.text
    if said.get("project"):
        assert page.every("input", name="project")[0]["value"] == said["project"]
    assert "my-data" not in browser.cookies
    assert browser.get(CONFIRM).status_code == 403


@pytest.mark.parametrize(
    "number", ["", "0", "-1", "x", "1e3", "9" * 11, "\u0661", "1 OR 1=1", "1000000001"]
)
def test_numbers_that_are_none(hospital: Hospital, browser: Any, number: str) -> None:
    answer = browser.post("/my-data/choose/take-back/", {"number": number})
    assert answer.status_code == 403
    assert "We do not know what you want to choose." in Page(answer).text
    assert "my-data" not in browser.cookies


def test_where_it_is_closed_the_form_is_not_there(
    hospital: Hospital, browser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.conf import settings

    monkeypatch.setattr(settings, "PATIENTS_PROVIDER", None)
    page = Page(browser.get(CHOOSE))
    assert "You cannot use this page here yet" in page.text
    assert not page.every("input", type="radio")
    answer = browser.post(CHOOSE, {"kind": "no_companies", "project": ""})
    assert answer.status_code == 403


def test_another_site_makes_nobody_choose(hospital: Hospital) -> None:
    from django.test import Client

    strict = Client(
        headers={"host": "localhost:8000"}, REMOTE_ADDR="127.0.0.1", enforce_csrf_checks=True
    )
    for way in (CHOOSE, "/my-data/choose/take-back/", "/my-data/sign-out/"):
        answer = strict.post(way, {"kind": "no_companies", "number": "1"})
        assert answer.status_code == 403
        assert "my-data" not in strict.cookies


def test_every_kind_and_reason_has_words_and_no_code_shows_without() -> None:
    from typing import get_args

    from commonweal.foundation.codes import CODES
    from commonweal.papers.choice import KINDS
    from commonweal.papers.own_record import Because
    from commonweal.web.patients.words import BECAUSE, KIND_WORDS, OFFERED, REFUSALS, refusal

    assert set(KIND_WORDS) == set(KINDS)
    assert set(OFFERED) < set(KINDS)
    assert set(BECAUSE) == set(get_args(Because))
    assert REFUSALS.keys() <= CODES.keys()
    assert refusal("CW-INTERNAL").sentence == "This cannot be answered right now."
