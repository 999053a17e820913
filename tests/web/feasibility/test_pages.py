"""Who may look counts up, what they see, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from commonweal.papers.cube import CubeTold
from commonweal.web.accounts.people import PEOPLE
from tests.web.conftest import Page
from tests.web.feasibility.room import STANDING, contract, row
from tests.web.releases.room import Room, person, today

MAY = {"amara", "bethan", "noor", "edward", "farah"}
"""Researchers of the university, which has a contract, and of the hospital, which needs none; who
looks after the counts."""
FORM = "Show about how many"


def sees_numbers(answer: Any) -> bool:
    assert answer.status_code == 200, answer.content[:300]
    return FORM in Page(answer).text


def test_who_sees_numbers(told: Room, asks: Callable[..., Any]) -> None:
    """Every made-up person, and nobody: of each the page of the dataset and the list."""
    for who in [None, *(one.id for one in PEOPLE)]:
        asked = asks(who, sex="F")
        assert sees_numbers(asked) is (who in MAY), who
        told_a_band = " people." in Page(asked).text and "This is of" in Page(asked).text
        assert told_a_band is (who in MAY), who
        if who not in MAY:
            assert "How to get a contract" in Page(asked).text, who


def test_the_list_names_datasets_to_whoever_may(told: Room, browser_of: Any, client: Any) -> None:
    assert "Choose the data" in Page(browser_of("amara").get("/data/feasibility")).text
    for page in (browser_of("divya").get("/data/feasibility"), client.get("/data/feasibility")):
        assert "Choose the data" not in Page(page).text
        assert "How to get a contract" in Page(page).text


@pytest.mark.parametrize(
    "state", ["drafted", "offered", "accepted_by_applicant", "replaced", "withdrawn"]
)
def test_a_contract_that_is_not_in_force_is_none(
    told: Room, asks: Callable[..., Any], state: str
) -> None:
    contract("brightscan", state=state)
    assert not sees_numbers(asks("divya"))


def test_a_contract_counts_on_its_last_day_and_not_after(
    told: Room, asks: Callable[..., Any]
) -> None:
    from commonweal.web.ledgerlink.models import governed_write

    made = contract("brightscan", ends=today())
    assert sees_numbers(asks("divya"))
    with governed_write():
        type(made).objects.filter(pk=made.pk).update(ends=today() - timedelta(days=1))
    assert not sees_numbers(asks("divya"))


def test_a_role_for_one_project_over_or_lapsed_gives_nothing(
    told: Room, asks: Callable[..., Any]
) -> None:
    from commonweal.web.accounts.models import Membership, Organisation
    from commonweal.web.ledgerlink.models import governed_write

    day = today()
    for who in ("amara", "farah"):
        mine = Membership.objects.filter(user__public_id=who)
        for change in ({"project": "project-0"}, {"begins": day + timedelta(days=1)},
                       {"begins": day - timedelta(days=9), "ends": day}):  # fmt: skip
            before = mine.values().get()
            with governed_write():
                mine.update(**change)
            assert not sees_numbers(asks(who)), (who, change)
            with governed_write():
                mine.update(**{name: before[name] for name in change})
        assert sees_numbers(asks(who))
    university = Organisation.objects.filter(public_id="university")
    university.update(assured_until=day - timedelta(days=1))
    assert asks("amara").status_code != 200 or not sees_numbers(asks("amara"))


def test_a_researcher_of_the_hospital_needs_no_contract(
    told: Room, asks: Callable[..., Any]
) -> None:
    from commonweal.web.accounts.models import Membership, Organisation
    from commonweal.web.ledgerlink.models import governed_write

    with governed_write():
        Membership.objects.filter(user__public_id="divya").update(
            organisation=Organisation.objects.get(kind="custodian")
        )
    assert sees_numbers(asks("divya"))


def test_the_page_says_how_old_it_is_and_what_was_done(
    told: Room, asks: Callable[..., Any]
) -> None:
    page = Page(asks("amara"))
    for words in ("By up to 30 people, up or down", "Applied, as they were on",
                  "Fewer than about 50 people, or nobody", "no free search",
                  "Nobody's record is opened"):  # fmt: skip
        assert words in page.text, words
    assert page.every("a", href=f"/projects/{STANDING}/")
    assert len(page.every("select")) == 3
    assert "This is of" not in page.text, "nothing is answered that was not asked"
    asked = Page(asks("amara", age="", sex="", diagnosis=""))
    assert "Everybody who is counted" in asked.text
    chosen = Page(asks("amara", sex="F"))
    assert any("selected" in one for one in chosen.every("option", value="F"))


def test_codes_have_words_beside_them_and_a_way_to_the_list_of_data(
    told: Room, asks: Callable[..., Any]
) -> None:
    page = Page(asks("amara", diagnosis="asthma"))
    assert "diagnosis: asthma (J45)" in page.text
    assert "younger (55-59, 50-54)" in page.text
    assert "From diagnosis of admissions: the first 3 signs of each code." in page.text
    assert "in steps of 5 years." in page.text
    assert "F (F)" not in page.text, "nothing is said twice"
    for table, name in (("patients", "born"), ("patients", "sex"), ("admissions", "diagnosis")):
        assert page.every("a", href=f"/data/hospital/{table}/{name}/"), name


@pytest.mark.parametrize(
    "question",
    [{"postcode": "LS1"}, {"diagnosis": "plague"}, {"sex": ["F", "M"]}, {"sex": "F", "born": ""},
     {"sex": "F'--"}, {"age": "41"}, {"": "F"}, {"sex": "F\x00"}],
)  # fmt: skip
def test_what_is_not_in_the_lists_is_refused(
    told: Room, asks: Callable[..., Any], question: dict[str, Any]
) -> None:
    answer = asks("amara", "hospital", **question)
    assert answer.status_code == 400
    assert "people" not in Page(answer).text.split("You can only choose")[0]


def test_other_datasets_and_ways(told: Room, asks: Callable[..., Any], browser_of: Any) -> None:
    from commonweal.web.discovery.models import Counts

    assert asks("amara", "none").status_code == 404
    empty = asks("amara", "odd")
    assert "There are no numbers of these data yet" in Page(empty).text
    assert browser_of("amara").post("/data/feasibility/hospital", {"sex": "F"}).status_code == 405
    Counts.objects.create(dataset="gone")
    assert "gone" not in Page(browser_of("farah").get("/data/feasibility")).text


def test_too_old_or_a_stopped_permit_and_nothing_is_told(
    told: Room, asks: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.web.discovery import feasibility, views_feasibility

    assert "No numbers now" not in Page(asks("amara", sex="F")).text
    late = row().told["frozen_at"]
    for stage in ("planned", "paused", "ended"):
        monkeypatch.setattr(feasibility, "stage_of", lambda *_, stage=stage: stage)
        page = Page(asks("amara", sex="F"))
        assert "not in force" in page.text, stage
        assert "This is of" not in page.text, stage
    monkeypatch.setattr(feasibility, "stage_of", lambda *_: "active")
    told_at = feasibility.read_told(row()).frozen_at
    for days, closed in ((61, False), (62, True), (4000, True)):
        now = told_at + timedelta(days=days)
        monkeypatch.setattr(views_feasibility.clock, "now", lambda now=now: now)
        view = views_feasibility._answered(_request({"sex": "F"}), row())
        assert ("closed" in view, "answer" in view) == (closed, not closed), (days, late)
    monkeypatch.undo()


def test_a_permit_that_the_register_does_not_know_tells_nothing(
    told: Room, asks: Callable[..., Any]
) -> None:
    changed = row()
    changed.told |= {"permit_id": "nobody-knows"}
    changed.save()
    changed.digest = "sha256:" + "1" * 64
    changed.save()
    assert asks("amara", sex="F").status_code == 400, "not what was told"
    changed.digest = CubeTold.read(changed.told, "It", "CW-CUBE-INVALID").digest()
    changed.save()
    page = Page(asks("amara", sex="F"))
    assert "not in force" in page.text
    assert "This is of" not in page.text


def _request(question: dict[str, str]) -> Any:
    from django.test import RequestFactory

    return RequestFactory().get("/data/feasibility/hospital", question)


def test_only_keepers_see_why_counts_were_not_made(told: Room, asks: Callable[..., Any]) -> None:
    from commonweal.web.config import clock

    found = row()
    found.tried_at, found.code, found.sentence = clock.now(), "CW-X", "The list is too old."
    found.save()
    assert "The list is too old." in Page(asks("farah")).text
    assert "The list is too old." in Page(asks("edward")).text
    assert "The list is too old." not in Page(asks("amara")).text
    assert person("amara").name in Page(asks("amara")).text
