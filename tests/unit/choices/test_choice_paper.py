"""Who may choose what for whom: one line a rule, more of them refused than taken."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from commonweal.papers.base import PaperInvalid
from commonweal.papers.choice import ID_LENGTH, ID_LETTERS, KINDS, Choice, birthday, new_choice_id

NUMBER = "9434765919"
WHOSE = {"kind": "nhs_number", "identifier": NUMBER}


def said(**changes: Any) -> dict[str, Any]:
    """A local objection by page, by the person, with `changes`; None takes a field away."""
    usual: dict[str, Any] = {
        "choice": 1, "id": "a" * 16, "whose": WHOSE, "kind": "local_objection",
        "effective_from": "2026-03-02", "set_by": "self", "channel": "page",
        "made_on": "2026-03-02", "recorded_at": "2026-03-02T09:00:00.000Z",
    }  # fmt: skip
    return {name: value for name, value in (usual | changes).items() if value is not None}


def by_staff(**changes: Any) -> dict[str, Any]:
    return said(**{"set_by": "staff", "channel": "phone", "entered_by": "edward",
                   "evidence": "call of 2 March"} | changes)  # fmt: skip


DAYS = ("born_on", "ends_on", "died_on", "scope")


def trusted(relation: str, **more: Any) -> dict[str, Any]:
    days = {name: more.pop(name) for name in DAYS if name in more}
    scoped = {"scope": "health_and_welfare"} if relation in ("attorney", "deputy") else {}
    plain = scoped | days
    who = {"relation": relation} | {key: one for key, one in plain.items() if one is not None}
    return by_staff(**{"set_by": "trusted_person", "trusted": who} | more)


TAKEN: dict[str, dict[str, Any]] = {
    "by page": said(),
    "by a program": said(channel="api"),
    **{f"no to {kind}": said(kind=kind) for kind in KINDS[:4]},
    **{f"{kind} of one project": said(kind=kind, project="heart-1") for kind in KINDS[4:]},
    "written down on the next day in London": said(
        made_on="2026-07-02", effective_from="2026-07-02", recorded_at="2026-07-01T23:10:00.000Z"
    ),
    "until a day": said(effective_to="2026-03-02"),
    "from a later day": said(effective_from="2027-01-01"),
    "taken back": said(kind=None, takes_back=1),
    "by a record key": said(whose={"kind": "record_key", "identifier": "MRN 3", "dataset": "a"}),
    "by phone": by_staff(),
    "at the desk": by_staff(channel="desk"),
    "by post": by_staff(channel="post"),
    "on a form": by_staff(channel="form"),
    "a parent on the last day": trusted("parent", born_on="2013-03-03"),
    "a parent on the day of birth": trusted("parent", born_on="2026-03-02"),
    "a parent of a leap year's child": trusted(
        "parent",
        born_on="2016-02-29",
        made_on="2029-02-28",
        effective_from="2029-02-28",
        recorded_at="2029-02-28T09:00:00.000Z",
    ),
    "an attorney": trusted("attorney"),
    "an attorney on the last day": trusted("attorney", ends_on="2026-03-02"),
    "a deputy": trusted("deputy", ends_on="2030-01-01"),
    "a parent says yes": trusted(
        "parent", born_on="2020-01-01", kind="project_consent", project="heart-1"
    ),
    "a parent by page": trusted("parent", born_on="2020-01-01", channel="page", entered_by=None),
    "a deputy takes back": trusted("deputy", kind=None, takes_back=1),
    "after a death": trusted("personal_representative", died_on="2026-03-02"),
}
REFUSED: dict[str, dict[str, Any]] = {
    "the national opt-out": said(kind="ndoo"),
    "the national opt-out in other words": said(kind="national_opt_out"),
    "one made at a practice": said(kind="type1"),
    "nothing": said(kind=None),
    "two things": said(takes_back=1),
    "taking back nothing": said(kind=None, takes_back=0),
    "an unknown field": said(diagnosis="asthma"),
    "no project": said(kind="withdrawal"),
    "a project too many": said(project="heart-1"),
    "a project of taking back": said(kind=None, takes_back=1, project="heart-1"),
    "a hostile project": said(kind="withdrawal", project="../x"),
    "an end before the beginning": said(effective_to="2026-03-01"),
    "taking back until a day": said(kind=None, takes_back=1, effective_to="2027-01-01"),
    "a beginning before it was said": said(effective_from="2026-03-01"),
    "written down before it was said": said(made_on="2026-03-03", effective_from="2026-03-03"),
    "no such day": said(effective_from="2026-02-30"),
    "a wrong NHS number": said(whose=WHOSE | {"identifier": "9434765918"}),
    "a spaced NHS number": said(whose=WHOSE | {"identifier": "943 476 5919"}),
    "an NHS number of a dataset": said(whose=WHOSE | {"dataset": "hospital"}),
    "a record key of nowhere": said(whose={"kind": "record_key", "identifier": "MRN3"}),
    "hidden characters": said(
        whose={"kind": "record_key", "identifier": "a\u200b", "dataset": "a"}
    ),
    "a short id": said(id="a"),
    "an id with capitals": said(id="A" * 16),
    "by phone by the person alone": said(channel="phone"),
    "at the desk by nobody": by_staff(entered_by=None),
    "by staff without evidence": by_staff(evidence=None),
    "by staff with blank evidence": by_staff(evidence=" "),
    "for somebody without saying what they are": by_staff(set_by="trusted_person"),
    "for oneself as a parent": said(trusted={"relation": "parent", "born_on": "2020-01-01"}),
    "trusted without evidence": trusted("attorney", evidence=None),
    "an uncle": trusted("uncle"),
    "a parent without a day of birth": trusted("parent"),
    "a parent on the thirteenth birthday": trusted("parent", born_on="2013-03-02"),
    "a parent of an adult": trusted("parent", born_on="1980-01-01"),
    "a parent before the birth": trusted("parent", born_on="2026-03-03"),
    "a parent of a leap year's child who is thirteen": trusted(
        "parent",
        born_on="2016-02-29",
        made_on="2029-03-01",
        effective_from="2029-03-01",
        recorded_at="2029-03-01T09:00:00.000Z",
    ),
    "a parent with a last day": trusted("parent", born_on="2020-01-01", ends_on="2026-04-01"),
    "an attorney whose power has ended": trusted("attorney", ends_on="2026-03-01"),
    "an attorney of a child": trusted("attorney", born_on="2020-01-01"),
    "a deputy for the dead": trusted("deputy", died_on="2026-01-01"),
    **{
        f"{who} says yes": trusted(who, **day, kind="project_consent", project="heart-1")
        for who, day in [
            ("attorney", {}),
            ("deputy", {"ends_on": "2030-01-01"}),
            ("personal_representative", {"died_on": "2026-01-01"}),
        ]
    },
    "an attorney without a scope": trusted("attorney", scope=None),
    "an attorney for the money": trusted("attorney", scope="property_and_affairs"),
    "an attorney for everything": trusted("attorney", scope="all"),
    "a parent with a scope": trusted("parent", born_on="2020-01-01", scope="health_and_welfare"),
    "a parent at the desk by nobody": trusted("parent", born_on="2020-01-01", entered_by=None),
    "a parent by page by staff": trusted("parent", born_on="2020-01-01", channel="page"),
    "by staff by page": by_staff(channel="page"),
    "by page by staff": said(entered_by="edward"),
    "by fax": by_staff(channel="fax"),
    "a representative of nobody who died": trusted("personal_representative"),
    "a representative before the death": trusted("personal_representative", died_on="2026-03-03"),
}


@pytest.mark.parametrize("name", TAKEN)
def test_taken(name: str) -> None:
    choice = Choice.read(TAKEN[name], "The choice")
    assert Choice.read(choice.plain(), "The choice") == choice


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    with pytest.raises(PaperInvalid) as caught:
        Choice.read(REFUSED[name], "The choice")
    assert NUMBER not in caught.value.sentence


def test_there_is_no_kind_for_the_national_opt_out() -> None:
    assert set(KINDS) == {
        *("local_objection", "no_ai_training", "no_companies", "no_research_here"),
        *("project_objection", "project_consent", "withdrawal"),
    }


def test_a_birthday_on_29_february() -> None:
    assert birthday(date(2016, 2, 29), 13) == date(2029, 3, 1)
    assert birthday(date(2016, 2, 29), 4) == date(2020, 2, 29)


def test_ids_are_letters_alone_so_that_no_number_of_a_patient_is_in_one() -> None:
    """Of ids with digits one in a million held a valid NHS number, which no log takes."""
    drawn = [new_choice_id() for _ in range(500)]
    assert all(len(one) == ID_LENGTH and set(one) <= set(ID_LETTERS) for one in drawn)
    assert not set(ID_LETTERS) & set("0123456789")
    assert len(set(drawn)) == len(drawn)
