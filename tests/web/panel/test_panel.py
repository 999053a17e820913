"""The public panel: every role in every state, blind votes, and what everybody can read."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.canonical import canonical
from commonweal.foundation.clock import FixedClock
from commonweal.foundation.errors import CommonwealError
from commonweal.governance.states.panel_question import PANEL_QUESTION
from commonweal.ledger.details import verify_commitment
from commonweal.web.accounts.people import PEOPLE
from tests.web.signing_room import sign_now, signer

BY_ROLE = {role: one.id for one in PEOPLE for role in one.roles}
ACTIONS = sorted({step.action for step in PANEL_QUESTION.transitions})
WORDS = "Most of us want it, if small groups are not left out."
LEADS, MEMBER, WRITER, OFFICER = "nadia", "mary", "leon", "owen"


@pytest.fixture
def people(db: None) -> dict[str, Any]:
    """The made-up people, by their id."""
    from commonweal.web.accounts.models import User

    return {one.public_id: one for one in User.objects.filter(is_made_up=True)}


@pytest.fixture
def asked(people: dict[str, Any]) -> Any:
    """A question that is being prepared, with a paper."""
    from commonweal.web.panel import services

    made = services.propose(people[LEADS], "May a company train AI on chest X-rays?", "It asks.", 5)
    services.add_paper(people[LEADS], made, "Paper", "Plain words.")
    return made


def voted(person: Any, question: Any, choice: str, reasons: str) -> Any:
    """A vote that was signed and counted. The ledger is not told: an entry costs time."""
    from commonweal.web.panel import services
    from commonweal.web.panel.handlers import PanelVoteHandler

    act = services.propose_vote(person, question, choice, reasons, "/")
    PanelVoteHandler().follow(act)
    act.delete()
    return question.votes.get(person=person)


def take(person: Any, question: Any, action: str) -> None:
    """The step `action`, with everything typed that it asks for."""
    from commonweal.web.panel import services

    calls: dict[str, Callable[[], None]] = {
        "send_papers": lambda: services.send_papers(person, question),
        "ask_for_more": lambda: services.ask_for_more(person, question, "Shorter, please."),
        "open_vote": lambda: services.open_vote(person, question),
        "close_vote": lambda: services.close_vote(person, question),
        "write_record": lambda: services.write_record(person, question, WORDS),
        "answer": lambda: services.answer(person, question, "Each group is now reported."),
        "drop": lambda: services.drop(person, question, "The company took it back."),
    }
    calls[action]()
    question.refresh_from_db()


def brought_to(state: str, question: Any, people: dict[str, Any]) -> None:
    """The question in `state`, by the steps that lead there."""

    road = ["proposed", "papers_sent", "voting", "counted", "heard", "answered"]
    steps = [(LEADS, "send_papers"), (LEADS, "open_vote"), (LEADS, "close_vote"),
             (WRITER, "write_record"), (OFFICER, "answer")]  # fmt: skip
    if state == "dropped":
        take(people[LEADS], question, "drop")
        return
    for who, action in steps[: road.index(state)]:
        if action == "close_vote":
            voted(people[MEMBER], question, "yes_if", "If it is fair.")
        take(people[who], question, action)


def refused(code: str, call: Callable[..., Any], *args: Any) -> None:
    with pytest.raises(CommonwealError) as caught:
        call(*args)
    assert caught.value.code == code, caught.value.sentence


# --- role x state x action ----------------------------------------------------------------------


@pytest.mark.parametrize("state", PANEL_QUESTION.states)
def test_who_may_do_what_in_which_state(state: str, asked: Any, people: dict[str, Any]) -> None:
    from django.db import transaction

    brought_to(state, asked, people)
    if state == "voting":
        voted(people[MEMBER], asked, "no", "No.")
    tried = 0
    for action, (role, who) in itertools.product(ACTIONS, BY_ROLE.items()):
        expected = [
            step.to for step in PANEL_QUESTION.transitions
            if (step.from_, step.action) == (state, action) and role in step.by
        ]  # fmt: skip
        tried += 1
        sid = transaction.savepoint()
        if expected:
            take(people[who], asked, action)
            assert asked.state == expected[0], (role, action)
        else:
            there = any(
                (step.from_, step.action) == (state, action) for step in PANEL_QUESTION.transitions
            )
            code = "CW-STATE-ROLE" if there else "CW-STATE-STEP"
            refused(code, take, people[who], asked, action)
        transaction.savepoint_rollback(sid)
        asked.refresh_from_db()
        assert asked.state == state
    assert tried == len(ACTIONS) * len(BY_ROLE) > 130


@pytest.mark.parametrize("role", BY_ROLE)
def test_a_page_offers_what_the_role_may_do(
    role: str, asked: Any, people: dict[str, Any], sign_in: Any
) -> None:
    from commonweal.web.panel.policies import INSIDE

    client = sign_in(BY_ROLE[role])
    address = f"/panel/questions/{asked.reference}/"
    brought_to("papers_sent", asked, people)
    answer = client.get(address)
    if role not in INSIDE:
        assert answer.status_code == 404
        assert client.post(f"{address}step/", {"step": "open_vote"}).status_code == 404
        return
    page = answer.content.decode()
    for action, said in (
        ("open_vote", 'value="open_vote"'), ("ask_for_more", "/better-papers/"),
        ("drop", "/drop/"), ("send_papers", 'value="send_papers"'), ("answer", "/answer/"),
    ):  # fmt: skip
        may = any(
            (step.from_, step.action) == ("papers_sent", action) and role in step.by
            for step in PANEL_QUESTION.transitions
        )
        assert (said in page) is may, action


def test_who_only_votes_sees_nothing_that_is_being_prepared(asked: Any, sign_in: Any) -> None:
    address = f"/panel/questions/{asked.reference}/"
    assert sign_in(MEMBER).get(address).status_code == 404
    assert asked.ask not in sign_in(MEMBER).get("/panel/").content.decode()
    assert sign_in(LEADS).get(address).status_code == 200


# --- what must be true first --------------------------------------------------------------------


def test_papers_are_needed_before_they_are_sent(people: dict[str, Any]) -> None:
    from commonweal.web.panel import services

    made = services.propose(people[LEADS], "Ask?", "Why.", 5)
    refused("CW-STATE-GUARD", take, people[LEADS], made, "send_papers")


def test_a_real_home_waits_a_week_for_the_papers(
    asked: Any, people: dict[str, Any], monkeypatch: pytest.MonkeyPatch, at: Any
) -> None:
    from commonweal.web.config import clock
    from commonweal.web.panel import policies

    take(people[LEADS], asked, "send_papers")
    monkeypatch.setattr(policies, "days_for_papers", lambda: 7)
    refused("CW-STATE-GUARD", take, people[LEADS], asked, "open_vote")
    now = clock.now()
    at(FixedClock(now + timedelta(days=7, seconds=-1)))
    refused("CW-STATE-GUARD", take, people[LEADS], asked, "open_vote")
    at(FixedClock(now + timedelta(days=7, seconds=1)))
    take(people[LEADS], asked, "open_vote")


def test_a_vote_is_closed_when_all_are_in_or_its_time_is_over(
    asked: Any, people: dict[str, Any], at: Any
) -> None:
    from commonweal.web.config import clock

    brought_to("voting", asked, people)
    refused("CW-STATE-GUARD", take, people[LEADS], asked, "close_vote")
    at(FixedClock(clock.now() + timedelta(days=5, seconds=1)))
    refused("CW-PANEL-VOTE", voted, people[MEMBER], asked, "yes", "Late.")
    take(people[LEADS], asked, "close_vote")
    assert asked.state == "counted"


@pytest.mark.parametrize("more", ["committee_lay", "applicant", "facilitator", "ig_officer"])
def test_the_record_is_written_by_somebody_independent(
    more: str, asked: Any, people: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    brought_to("counted", asked, people)
    writer = people[WRITER]
    held = writer.roles_on
    monkeypatch.setattr(type(writer), "roles_on", lambda self, day: (
        held(day) | {more} if self.pk == writer.pk else frozenset()
    ))  # fmt: skip
    refused("CW-STATE-GUARD", take, writer, asked, "write_record")


def test_who_voted_does_not_write_the_record(
    asked: Any, people: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    brought_to("counted", asked, people)
    voter = people[MEMBER]
    both = frozenset({"panel_member", "rapporteur"})
    monkeypatch.setattr(type(voter), "wide_roles_on", lambda self, day: both)
    refused("CW-STATE-GUARD", take, voter, asked, "write_record")


@pytest.mark.parametrize("blank", ["", "  ", "\n"])
def test_nothing_ends_without_words_for_the_public(
    blank: str, asked: Any, people: dict[str, Any]
) -> None:
    from commonweal.web.panel import services

    refused("CW-STATE-GUARD", services.drop, people[LEADS], asked, blank)
    brought_to("heard", asked, people)
    refused("CW-STATE-GUARD", services.answer, people[OFFICER], asked, blank)


# --- the vote -----------------------------------------------------------------------------------


def test_votes_are_blind_until_the_vote_is_closed(
    asked: Any, people: dict[str, Any], sign_in: Any
) -> None:
    """The attack: somebody who leads the panel, or an officer, looks before the end."""
    from commonweal.web.panel.presenters import result_of

    brought_to("voting", asked, people)
    voted(people[MEMBER], asked, "no", "A reason of her own.")
    address = f"/panel/questions/{asked.reference}/"
    for who in (LEADS, OFFICER, WRITER, "kate", "edward"):
        page = sign_in(who).get(address).content.decode()
        assert "A reason of her own" not in page
        assert "How the panel voted" not in page
        assert "1 of 1 vote is in" in page
    assert "A reason of her own" in sign_in(MEMBER).get(address).content.decode()
    with pytest.raises(ValueError, match="blind"):
        result_of(asked)
    take(people[LEADS], asked, "close_vote")
    assert "A reason of her own" in sign_in(LEADS).get(address).content.decode()


def test_a_vote_can_be_changed_while_it_is_open_and_counts_once(
    asked: Any, people: dict[str, Any]
) -> None:
    from commonweal.web.ledgerlink.models import Intent
    from commonweal.web.panel import services
    from commonweal.web.panel.presenters import result_of

    brought_to("voting", asked, people)
    for choice in ("no", "yes", "not_sure"):
        voted(people[MEMBER], asked, choice, f"Because of {choice}.")
    take(people[LEADS], asked, "close_vote")
    assert dict(result_of(asked)["rows"])["I cannot say"] == 1
    assert result_of(asked)["cast"] == 1
    refused("CW-STATE-STEP", voted, people[MEMBER], asked, "yes", "Too late.")
    heard = Intent.objects.filter(type="panel.voted")
    assert heard.count() == 3
    assert all(b"Because" not in bytes(one.body) for one in heard)
    # The salt beside the vote opens what the last entry commits to, and no other vote does.
    row, entry = asked.votes.get(), heard.last().event()
    said = services.vote_said(row)
    verify_commitment(bytes(row.salt), canonical(said), str(entry.fields["vote"]))
    changed = canonical(said | {"choice": "no"})
    refused(
        "CW-LEDGER-DETAIL-INVALID", verify_commitment,
        bytes(row.salt), changed, str(entry.fields["vote"]),
    )  # fmt: skip


def to_vote(people: dict[str, Any], asked: Any, choice: str = "no") -> Any:
    from commonweal.web.panel import services

    brought_to("voting", asked, people)
    return services.propose_vote(people[MEMBER], asked, choice, "Because.", "/")


def test_a_vote_is_about_this_question_with_these_papers(
    asked: Any, people: dict[str, Any], web_home: Path
) -> None:
    """The attack: the question is changed after people have answered it."""
    from commonweal.web.ledgerlink.models import governed_write
    from commonweal.web.panel.models import Question

    act = to_vote(people, asked, "yes")
    with governed_write():
        Question.objects.update(ask="May anybody have everything?")
    found = sign_now(web_home, act)
    assert (found.state, found.code) == ("refused", "CW-PANEL-VOTE")
    assert not asked.votes.exists()


def test_a_vote_in_the_database_that_nobody_signed_is_on_no_ledger(
    asked: Any, people: dict[str, Any], web_home: Path
) -> None:
    """The attack: whoever owns the database votes for a member, with its event."""
    from commonweal.ledger.entry import Actor, Event
    from commonweal.vault.custody.carrying import carry_within

    to_vote(people, asked)
    fields = {"question": asked.reference, "vote": "hmac-sha256:" + "b" * 64}
    forged = Event("panel.voted", Actor("panel_member", MEMBER), fields)
    with (
        signer(web_home) as custody,
        pytest.raises(CommonwealError) as caught,
        custody.ledger.transaction() as writing,
    ):
        carry_within(custody, writing, "z" * 32, 1, forged)
    assert caught.value.code == "CW-LEDGER-CARRIED"


def test_a_signed_vote_is_carried_once(asked: Any, people: dict[str, Any], web_home: Path) -> None:
    from commonweal.ledger.entry import Actor, Event
    from commonweal.vault.custody.carrying import carry_within

    act = sign_now(web_home, to_vote(people, asked))
    assert (act.state, asked.votes.get().choice) == ("heard", "no")
    fields = {"question": asked.reference, "vote": "hmac-sha256:" + "b" * 64}
    event = Event("panel.voted", Actor("panel_member", MEMBER), fields)
    other = Event("panel.voted", Actor("panel_member", "irene"), fields)
    with signer(web_home) as custody, custody.ledger.transaction() as writing:
        with pytest.raises(CommonwealError):
            carry_within(custody, writing, "y" * 32, 1, other)
        carry_within(custody, writing, "y" * 32, 2, event)
        with pytest.raises(CommonwealError):
            carry_within(custody, writing, "y" * 32, 3, event)


def test_a_vote_on_its_way_is_not_closed_out(
    asked: Any, people: dict[str, Any], web_home: Path, at: Any
) -> None:
    from commonweal.web.config import clock
    from commonweal.web.signing.services import ask_signature

    act = to_vote(people, asked)
    ask_signature(act.person, act.pk)
    at(FixedClock(clock.now() + timedelta(days=6)))
    refused("CW-STATE-GUARD", take, people[LEADS], asked, "close_vote")


@pytest.mark.parametrize("who", [LEADS, OFFICER, "amara", "irene", WRITER])
def test_nobody_else_votes(who: str, asked: Any, people: dict[str, Any]) -> None:

    brought_to("voting", asked, people)
    refused("CW-STATE-ROLE", voted, people[who], asked, "yes", "I say so.")


def test_who_joins_later_is_not_in_a_vote(asked: Any, people: dict[str, Any]) -> None:
    from commonweal.web.ledgerlink.models import governed_write

    brought_to("voting", asked, people)
    asked.eligible = ["somebody-else"]
    with governed_write():
        asked.save()
    refused("CW-PANEL-VOTE", voted, people[MEMBER], asked, "yes", "I am new.")


def test_rows_are_written_with_their_event_only(asked: Any) -> None:
    asked.state = "answered"
    refused("CW-WEB-GOVERNED", asked.save)


# --- what everybody reads -----------------------------------------------------------------------


def test_the_whole_road_by_clicking(
    client: Any,
    sign_in: Any,
    people: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    web_home: Path,
) -> None:
    from django.conf import settings
    from django.core import mail

    from commonweal.web.config import clock
    from commonweal.web.ledgerlink.models import Intent
    from commonweal.web.letters.models import Letter
    from commonweal.web.letters.post import written
    from commonweal.web.panel.models import Meeting, Question

    monkeypatch.setattr(settings, "EMAIL_BACKEND", "django.core.mail.backends.locmem.EmailBackend")
    mail.outbox = []
    boss = sign_in(LEADS)
    made = boss.post("/panel/questions/new/", {"ask": "May it?", "why": "So.", "vote_days": "9"})
    at = made["Location"]
    boss.post(f"{at}paper/", {"title": "One", "words": "All of it."})
    today = clock.today()
    called = boss.post("/panel/meetings/new/", {
        "kind": "workshop", "title": "A day", "where": "Library", "about": "X-rays",
        "held_on_day": today.day, "held_on_month": today.month, "held_on_year": today.year,
        "papers": "Read this.", "question": Question.objects.get().reference,
        "assessment": "a-bcdfghjklm",
    })  # fmt: skip
    assert called.status_code == 302, called.content.decode()[:3000]
    boss.post(f"{at}step/", {"step": "send_papers"})
    assert boss.post(f"{at}step/", {"step": "open_vote"}).status_code == 302
    meeting = called["Location"]
    member = sign_in(MEMBER)
    assert "You have not answered yet" in member.get(meeting).content.decode()
    member.post(meeting, {"coming": "yes"})
    assert "1 of 1 who are invited" in member.get(meeting).content.decode()
    said = member.post(f"{at}vote/", {"choice": "yes_if", "reasons": "With <b>care</b>."})
    assert Question.objects.get().votes.count() == 0
    act = sign_now(web_home, said["Location"].strip("/").split("/")[-1])
    assert (act.state, Question.objects.get().votes.get().act) == ("heard", act.pk)
    assert member.post(f"{at}vote/", {"choice": "zork"}).status_code == 200
    sign_in(LEADS).post(f"{at}step/", {"step": "close_vote"})
    writer = sign_in(WRITER)
    assert writer.post(f"{meeting}notes/", {"people": "1", "words": "Notes."}).status_code == 302
    assert writer.post(f"{meeting}notes/", {"people": "1", "words": "Other."}).status_code == 403
    writer.post(f"{at}record/", {"words": WORDS})
    found = Question.objects.get()
    assert client.get(f"/panel/heard/{found.reference}/").status_code == 404
    sign_in(OFFICER).post(f"{at}answer/", {"words": "We report each group."})
    client.post("/account/logout/")
    client.logout()
    page = client.get(f"/panel/heard/{found.reference}/")
    assert page.status_code == 200
    text = page.content.decode()
    for words in (WORDS, "We report each group.", "With &lt;b&gt;care&lt;/b&gt;.", "Notes."):
        assert words in text
    assert "Mary" not in text
    event = Intent.objects.get(type="panel.answered").event()
    assert event.definition.log == "public"
    assert str(event.fields["heard_hash"]) in text
    assert str(event.fields["answer_hash"]) in text
    assert found.ask in client.get("/panel/heard/").content.decode()
    assert Meeting.objects.get().notes == "Notes."
    # Mail is written down and sent by the postman, who keeps what is for made-up people here; it
    # holds a reference and a link, and nothing of what it is about.
    assert not mail.outbox
    letters = list(Letter.objects.select_related("person", "invitation"))
    assert {one.path for one in letters} == {at, meeting}
    assert [one.person.public_id for one in letters] == [MEMBER] * 3
    for one in letters:
        _, subject, body = written([one])
        assert one.path in body
        assert "X-rays" not in subject + body
        assert "May it" not in subject + body


def test_a_mail_server_that_is_away_stops_no_step(
    asked: Any, people: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does a step that comes to nothing leave a mail behind."""
    from django.conf import settings
    from django.db import transaction

    from commonweal.web.letters.models import Letter

    monkeypatch.setattr(settings, "EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
    monkeypatch.setattr(settings, "EMAIL_HOST", "127.0.0.1")
    monkeypatch.setattr(settings, "EMAIL_PORT", 1)
    with transaction.atomic():
        take(people[LEADS], asked, "send_papers")
        assert asked.state == "papers_sent"
        transaction.set_rollback(True)
    assert not Letter.objects.exists()


@pytest.mark.parametrize("role", ["facilitator", "committee_secretary", "panel_member"])
def test_a_role_for_one_project_is_no_part_in_the_panel(
    role: str, asked: Any, people: dict[str, Any], sign_in: Any
) -> None:
    from commonweal.ledger.entry import Actor
    from commonweal.web.accounts.models import Organisation
    from commonweal.web.accounts.services import give_role
    from commonweal.web.config import clock
    from commonweal.web.panel.policies import members_on

    hospital = Organisation.objects.get(kind="custodian")
    before = len(members_on(clock.today()))
    give_role(people["divya"], hospital, role, Actor("system", "service"), project="a-project")
    browser = sign_in("divya")
    assert browser.get(f"/panel/questions/{asked.reference}/").status_code == 404
    assert browser.get("/panel/questions/new/").status_code == 404
    assert len(members_on(clock.today())) == before


@pytest.mark.parametrize(
    "address",
    ["/panel/questions/new/", "/panel/meetings/new/", "/panel/questions/p-x/", "/panel/heard/p-x/",
     "/panel/meetings/p-x/"],
)  # fmt: skip
def test_who_has_no_part_sees_no_page(address: str, sign_in: Any, client: Any) -> None:
    assert client.get(address).status_code in (302, 404)
    assert sign_in("amara").get(address).status_code == 404


def test_bad_input_is_said_and_nothing_typed_is_lost(asked: Any, sign_in: Any) -> None:
    client = sign_in(LEADS)
    address = "/panel/questions/new/"
    page = client.post(address, {"ask": "x" * 301, "why": "Kept <words>.", "vote_days": "900"})
    text = page.content.decode()
    assert page.status_code == 200
    assert "Kept &lt;words&gt;." in text
    assert "There is a problem" in text
    step = f"/panel/questions/{asked.reference}/step/"
    assert client.post(step, {"step": "answer"}).status_code == 403
    assert client.get(step).status_code == 405
    bad = {"kind": "workshop", "title": "T", "assessment": "a-<script>"}
    assert "looks like" in client.post("/panel/meetings/new/", bad).content.decode()


def test_notes_come_after_the_day_and_once(people: dict[str, Any]) -> None:
    from commonweal.web.config import clock
    from commonweal.web.panel import services

    more = {"kind": "meeting", "title": "T", "about": "A", "where": "W", "papers": "P",
            "assessment": "", "question": None}  # fmt: skip
    later = services.call_meeting(
        people[LEADS], held_on=clock.today() + timedelta(days=1), **more
    )  # fmt: skip
    refused("CW-STATE-STEP", services.write_notes, people[WRITER], later, "Words", 1)
    refused("CW-STATE-ROLE", services.write_notes, people[LEADS], later, "Words", 1)
    refused("CW-STATE-ROLE", lambda: services.answer_invitation(people[LEADS], later, coming=True))
