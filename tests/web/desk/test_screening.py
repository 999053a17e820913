"""From a sent application to one that is ready for a meeting, each step with its ledger entry."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.governance.application.evidence import CHECKED_WORDS
from commonweal.ledger.details import verify_commitment
from tests.web.conftest import Page
from tests.web.desk.conftest import all_marks, came_in, entries, in_state, sent, standing, state_of
from tests.web.signing_room import sign_now


def advise(client: Any, row: Any, home: Path, **more: Any) -> Any:
    """The officer writes advice and signs it."""
    said = {"verdict": "content", "words": "The risks are small and named.", **more}
    answer = client.post(f"/desk/{row.reference}/advice/", said)
    assert answer.status_code == 302, Page(answer).text
    return sign_now(home, str(answer["Location"]).rstrip("/").split("/")[-1])


def check_documents(client: Any, row: Any) -> None:
    """The protocol is not needed; the letter that the law asks for came and is checked in full."""
    base = f"/desk/{row.reference}/documents/"
    excused = {"action": "excuse", "note": "Seen on paper.", "seen": ""}
    assert client.post(f"{base}protocol/", excused).status_code == 302
    assert "The law asks for this document" in Page(client.post(f"{base}rec/", excused)).text
    letter = came_in(row, "rec")
    said = {"action": "accept", "seen": letter.sha256, "note": "Another copy of it."}
    assert "say that you checked each point" in Page(client.post(f"{base}rec/", said)).text
    said["looked_at"] = list(CHECKED_WORDS)
    answer = client.post(f"{base}rec/", said)
    assert answer.status_code == 302, Page(answer).text


def test_the_whole_way_to_a_meeting(
    amara: Any, edward: Any, browser_of: Any, web_home: Path, present: Any
) -> None:
    row = sent(amara)
    base = f"/desk/{row.reference}/"
    assert "Asthma admissions in winter" in Page(edward.get("/desk/")).text
    assert edward.post(f"{base}steps/take_up/").status_code == 302
    assert state_of(row) == "screening"
    page = Page(edward.post(f"{base}steps/pass_screening/"))
    assert "Evidence still has to be checked" in page.text
    assert state_of(row) == "screening"
    all_marks(edward, row)
    check_documents(edward, row)
    left = Page(edward.get(base)).text
    assert "The Data Protection Officer's advice is not here yet." in left
    assert "nobody has checked" not in left
    present()
    quentin, edward = browser_of("quentin"), browser_of("edward")
    assert "An answer in plain words." in Page(quentin.get(f"{base}advice/")).text
    settled = advise(quentin, row, web_home)
    assert (settled.state, settled.sentence) == ("heard", "")
    assert "The risks are small and named." in Page(edward.get(base)).text
    assert edward.post(f"{base}steps/pass_screening/").status_code == 302
    assert state_of(row) == "ready"
    from commonweal.web.desk.services import is_settled

    assert is_settled(row.versions.get())
    said = [(one["type"], one["actor"]) for one in entries(row)]
    assert said == [
        ("application.handled", "edward"),
        ("evidence.checked", "edward"),
        ("evidence.checked", "edward"),
        ("advice.given", "quentin"),
        ("application.screened", "edward"),
        ("assessment.route_taken", "edward"),
    ]
    assert entries(row)[-1]["route"] == "not_needed"
    assert edward.post(f"{base}steps/screen_again/").status_code == 302
    assert state_of(row) == "screening"


def test_what_nobody_signed_is_not_taken_up(amara: Any, edward: Any) -> None:
    row = sent(amara, signed=False)
    page = Page(edward.post(f"/desk/{row.reference}/steps/take_up/"))
    assert "has not signed this version" in page.text
    assert (state_of(row), entries(row)) == ("sent", [])


def test_taking_up_begins_the_assessment(amara: Any, edward: Any) -> None:
    from commonweal.web.desk.models import Assessment

    row = sent(amara)
    assert not Assessment.objects.filter(application=row).exists()
    assert "waits to be screened" in Page(edward.get(f"/desk/{row.reference}/assessment/")).text
    assert edward.post(f"/desk/{row.reference}/assessment/excuse/").status_code == 403
    edward.post(f"/desk/{row.reference}/steps/take_up/")
    assert Assessment.objects.get(application=row).state == "waiting"


def test_the_desk_does_not_ask_for_the_committee(amara: Any, browser_of: Any) -> None:
    row = in_state(sent(amara), "with_committee")
    kate = browser_of("kate")
    assert kate.get(f"/desk/{row.reference}/").status_code == 200
    assert kate.post(f"/desk/{row.reference}/ask/", {"words-1": "Why?"}).status_code == 403
    assert (state_of(row), row.queries.count()) == ("with_committee", 0)


def test_a_document_that_ran_out_counts_no_more(amara: Any, browser_of: Any, clock: Any) -> None:
    from commonweal.web.desk.services import left_to_do
    from tests.applications import content_data

    data = content_data()
    data["documents"][0]["expires"] = "2026-05-01"
    row = in_state(sent(amara, data), "screening")
    version = row.versions.get()
    from commonweal.web.ledgerlink.models import governed_write

    with governed_write():
        row.documents.create(name="protocol", state="checked")
    clock.advance(timedelta(days=60))
    paper = standing("edward", row).paper
    assert "Document protocol: nobody" not in str(left_to_do(version, paper).documents)
    assert "it has run out" not in str(left_to_do(version, paper).documents)
    clock.advance(timedelta(days=1))
    assert "Document protocol: it has run out." in left_to_do(version, paper).documents
    assert "has run out; a newer one is needed" in Page(
        browser_of("edward").get(f"/desk/{row.reference}/documents/protocol/")
    ).text  # fmt: skip


def test_somebody_whom_the_application_names_does_not_check_it(amara: Any, edward: Any) -> None:
    from commonweal.web.accounts.models import User
    from commonweal.web.applications.models import CoAuthor

    row = sent(amara)
    CoAuthor.objects.create(
        application=row, person=User.objects.get(public_id="edward"),
        organisation=row.organisation, added_by=row.begun_by, added_at=row.begun_at,
    )  # fmt: skip
    assert "names you" in Page(edward.get(f"/desk/{row.reference}/")).text
    assert edward.post(f"/desk/{row.reference}/steps/take_up/").status_code == 403
    assert state_of(row) == "sent"


def test_two_people_check_at_once_and_nothing_is_lost(
    amara: Any, edward: Any, browser_of: Any
) -> None:
    row = in_state(sent(amara), "screening")
    farah = browser_of("farah")
    path = f"/desk/{row.reference}/checks/"
    assert edward.post(path, {"legal.result": "yes"}).status_code == 302
    # Farah's page was opened before: it knows nothing of Edward's mark and does not undo it.
    assert farah.post(path, {"people.result": "no", "people.note": "B."}).status_code == 302
    text = Page(farah.get(path)).text
    assert "Yes: Edward Shaw" in text
    assert "No: Farah Aziz" in text
    with pytest.raises(Exception, match="cannot be done now"):
        twice(row)


def twice(row: Any) -> None:
    """Two people press the same button: the second one is told."""
    from commonweal.web.desk.services import take_up

    in_state(row, "sent")
    first, second = standing("edward", row), standing("farah", row)
    take_up(first)
    take_up(second)


@pytest.mark.parametrize(
    ("sent_in", "said"),
    [
        ({"legal.result": "no"}, "Legal basis: say why."),
        ({"legal.result": "maybe"}, "Legal basis: choose one of the answers."),
        ({"legal.result": "not_needed", "legal.note": "  "}, "Legal basis: say why."),
        ({"legal.result": "no", "legal.note": "x" * 4_001}, "Legal basis: the note is too long."),
    ],
)
def test_a_mark_that_cannot_be_is_said_and_kept_in_the_box(
    amara: Any, edward: Any, sent_in: dict[str, str], said: str
) -> None:
    row = in_state(sent(amara), "screening")
    page = Page(edward.post(f"/desk/{row.reference}/checks/", {**sent_in, "flows.note": "Typed"}))
    assert page.text.startswith("Error: ")
    assert said in page.text
    assert "Typed" in page.text
    assert row.versions.get().marks.count() == 0


# --- questions ----------------------------------------------------------------------------------


def test_questions_go_in_turns_and_nothing_typed_is_lost(
    amara: Any, edward: Any, browser_of: Any
) -> None:
    row = in_state(sent(amara), "screening")
    base, mine = f"/desk/{row.reference}/", f"/applications/{row.reference}/questions/"
    asked = {"where-1": "legal", "words-1": "Which law?", "where-2": "", "words-2": "Who pays?"}
    more = Page(edward.post(f"{base}ask/", {**asked, "add": "1"}))
    assert len(more.every("textarea")) == 3
    assert "Which law?" in more.text
    assert edward.post(f"{base}ask/", {**asked, "send": "1"}).status_code == 302
    assert state_of(row) == "queried"
    assert edward.post(f"{base}ask/", {**asked, "send": "1"}).status_code == 403
    page = Page(amara.get(mine))
    assert "Question 1: The law" in page.text or "Which law?" in page.text
    assert amara.post(mine, {"answer-1": "Half", "save": "1"}).status_code == 302
    page = Page(amara.post(mine, {"answer-1": "Half an answer", "answer-2": "", "send": "1"}))
    assert "Each question must be answered" in page.text
    assert "Half an answer" in Page(amara.get(mine)).text
    assert state_of(row) == "queried"
    assert "No answer yet." in Page(edward.get(f"{base}questions/")).text
    assert "Half an answer" not in Page(edward.get(f"{base}questions/")).text
    last = {"answer-1": "The law of 2012.", "answer-2": "The charity.", "send": "1"}
    assert amara.post(mine, last).status_code == 302
    assert state_of(row) == "screening"
    assert "The law of 2012." in Page(edward.get(f"{base}questions/")).text
    assert amara.post(mine, last).status_code == 403
    queried, answered = entries(row)
    assert (queried["type"], queried["by"]) == ("application.queried", "screening")
    assert (answered["type"], answered["role"]) == ("application.answered", "applicant")
    assert "law" not in str(queried)
    from commonweal.web.desk.asking import answer_bytes, asked_bytes

    query = row.queries.get()
    words = [("legal", "Which law?"), ("", "Who pays?")]
    verify_commitment(bytes(query.salt), asked_bytes(words), queried["query"])
    told = answer_bytes(["The law of 2012.", "The charity."])
    verify_commitment(bytes(query.answer_salt), told, answered["answer"])


def test_what_no_database_keeps_is_marked_and_the_rest_stays(amara: Any, edward: Any) -> None:
    row = in_state(sent(amara), "screening")
    path = f"/desk/{row.reference}/ask/"
    page = Page(edward.post(path, {"words-1": "Why\x00?", "words-2": "", "add": "1"}))
    assert "Why\ufffd?" in page.text
    assert edward.post(path, {"words-1": "Why\x00?", "send": "1"}).status_code == 302
    mine = f"/applications/{row.reference}/questions/"
    assert amara.post(mine, {"answer-1": "So\x00.", "save": "1"}).status_code == 302
    assert "So\ufffd." in Page(amara.get(mine)).text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"words-1": "   "}, "Write at least one question."),
        ({"words-1": "x" * 4_001}, "longer than 4,000"),
        ({"words-1": "Why?", "where-1": "nowhere"}, "choose a part"),
    ],
)
def test_a_question_that_cannot_be_asked_is_said(
    amara: Any, edward: Any, typed: dict[str, str], said: str
) -> None:
    row = in_state(sent(amara), "screening")
    page = Page(edward.post(f"/desk/{row.reference}/ask/", typed))
    assert said in page.text
    assert (state_of(row), row.queries.count(), entries(row)) == ("screening", 0, [])


def test_when_the_intent_cannot_be_written_nothing_is(
    amara: Any, edward: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import transaction

    from commonweal.web.desk import asking
    from commonweal.web.ledgerlink.models import Intent

    def fails(*_: Any, **__: Any) -> None:
        raise OSError("no space")

    row = in_state(sent(amara), "screening")
    at = standing("edward", row)
    with monkeypatch.context() as patch:
        patch.setattr(Intent, "save", fails)
        with pytest.raises(OSError, match="no space"), transaction.atomic():
            asking.ask(at, [("", "Why?")])
    assert (state_of(row), row.queries.count()) == ("screening", 0)


# --- advice -------------------------------------------------------------------------------------


def test_advice_is_about_the_version_that_was_read(
    amara: Any, browser_of: Any, web_home: Path
) -> None:
    from tests.web.desk.conftest import send_again

    row = in_state(sent(amara), "screening")
    quentin = browser_of("quentin")
    answer = quentin.post(
        f"/desk/{row.reference}/advice/", {"verdict": "content", "words": "Good."}
    )
    send_again(row)  # a newer version came before the officer signed
    settled = sign_now(web_home, str(answer["Location"]).rstrip("/").split("/")[-1])
    assert (settled.state, settled.code) == ("refused", "CW-STATE-STEP")
    assert [one["type"] for one in entries(row)] == []


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"verdict": "content"}, "Write your advice."),
        ({"words": "Good."}, "Choose one."),
        ({"verdict": "content_with_conditions", "words": "So."}, "at least one condition"),
        ({"verdict": "content", "words": "So.", "conditions": "A"}, "second answer only"),
    ],
)
def test_advice_that_is_not_whole_is_not_signed(
    amara: Any, browser_of: Any, said: dict[str, str], sentence: str
) -> None:
    from commonweal.web.signing.models import Act

    row = in_state(sent(amara), "screening")
    page = Page(browser_of("quentin").post(f"/desk/{row.reference}/advice/", said))
    assert sentence in page.text
    assert not Act.objects.filter(kind="advise").exists()


def test_advice_with_conditions_is_shown_to_all_who_work_on_it(
    amara: Any, browser_of: Any, web_home: Path, present: Any
) -> None:
    row = in_state(sent(amara), "screening")
    present()
    edward = browser_of("edward")
    settled = advise(
        browser_of("quentin"), row, web_home, verdict="content_with_conditions",
        conditions="Keep it short.\n\nLook again in May.",
    )  # fmt: skip
    assert settled.state == "heard"
    text = Page(edward.get(f"/desk/{row.reference}/")).text
    assert "Keep it short." in text
    assert "Look again in May." in text
    # A second settling writes no second row.
    from commonweal.web.desk.handlers import AdviceHandler

    AdviceHandler().check(settled)
    AdviceHandler().follow(settled)
    assert row.versions.get().advice.count() == 1


# --- clocks -------------------------------------------------------------------------------------


def test_days_are_counted_and_stand_still_while_the_applicant_has_the_turn(
    amara: Any, browser_of: Any, clock: Any
) -> None:
    row = sent(amara)  # Monday 2 March 2026
    clock.advance(timedelta(days=4))
    text = Page(browser_of("edward").get("/desk/")).text
    assert "the hospital , for 4 working days" in text
    assert "By 16 March 2026." in text
    row = in_state(row, "screening")
    clock.advance(timedelta(days=30))
    assert "Late" in Page(browser_of("edward").get("/desk/")).text
    mine = Page(browser_of("amara").get(f"/applications/{row.reference}/")).text
    assert "We tell you within 10 working days" in mine
    in_state(row, "queried")
    clock.advance(timedelta(days=3))
    assert "clock stands still" in Page(browser_of("edward").get(f"/desk/{row.reference}/")).text


def test_medians_are_told_from_five_finished_ones_on(
    amara: Any, browser_of: Any, clock: Any
) -> None:
    rows = [in_state(sent(amara), "screening") for _ in range(6)]
    clock.advance(timedelta(days=7))
    amara = browser_of("amara")
    for row in rows[:4]:
        in_state(row, "ready")
    path = f"/applications/{rows[5].reference}/"
    assert "Half of the last" not in Page(amara.get(path)).text
    in_state(rows[4], "ready")
    assert "Half of the last 5 applications took 5 working days or fewer." in Page(
        amara.get(path)
    ).text  # fmt: skip
