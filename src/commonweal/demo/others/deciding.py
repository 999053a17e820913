"""The desk and the committee: each step as its people take it in the service."""

from __future__ import annotations

from datetime import datetime, timedelta

from commonweal.demo.others.hands import Hands
from commonweal.demo.others.plan import Decided
from commonweal.demo.walkthrough.deciding import CONFLICTED, POINTS, VOTERS
from commonweal.foundation.clock import Clock
from commonweal.governance.application.evidence import CHECKED_WORDS
from commonweal.governance.committee.conflicts import Declaration
from commonweal.governance.committee.votes import Vote
from commonweal.web.accounts.models import User
from commonweal.web.applications.models import Application
from commonweal.web.committee import agenda, ballots, deciding
from commonweal.web.committee.models import Item, Meeting
from commonweal.web.committee.policies import seat_of
from commonweal.web.desk import advising, assessing, evidence, publishing, replying, services
from commonweal.web.desk.checklist import checklist
from commonweal.web.desk.policies import Standing, standing_of
from commonweal.web.desk.replying import Reply
from commonweal.web.signing.services import propose

OFFICER, DPO, SECRETARY, CHAIR = "edward", "quentin", "kate", "grace"
FACILITATOR, RAPPORTEUR = "nadia", "leon"
MEMBERS = (*VOTERS, CONFLICTED)
_PLACE = "Room 4, Meadowbank Hospital"


def at(hands: Hands, who: str, row: Application) -> Standing:
    """An application as somebody at the desk sees it now."""
    return standing_of(hands.person(who), row.reference, hands.day())


def check_at_desk(hands: Hands, row: Application) -> None:
    """Edward checks it, Quentin advises, and the committee can have it."""
    services.take_up(at(hands, OFFICER, row))
    found = at(hands, OFFICER, row)
    for one in found.paper.content.documents:
        evidence.check_document(
            found, str(one.id), "accept", "", seen=str(one.sha256), looked_at=CHECKED_WORDS
        )
    services.save_marks(found, {one.id: ("yes", "") for one in checklist()})
    act = advising.propose_advice(
        at(hands, DPO, row), "content", "Read in full. The risks are named and met.", (), "/"
    )
    hands.sign(act)
    services.pass_screening(at(hands, OFFICER, row))


# --- an AI tool: a day with patients --------------------------------------------------------------


def call_workshop(hands: Hands, row: Application) -> None:
    """The impact assessment is complete, and a workshop is set for two weeks later."""
    assessing.screen(at(hands, OFFICER, row))
    planned = hands.day() + timedelta(days=14)
    assessing.schedule(at(hands, OFFICER, row), None, planned, hands.person(FACILITATOR))


def hold_workshop(hands: Hands, row: Application) -> None:
    """It is held and written down; each point is answered, and the answers are looked at."""
    day = hands.day()
    assessing.hold(at(hands, FACILITATOR, row), day - timedelta(days=10), day, 10)
    heard = [one["heard"] for one in POINTS]
    assessing.write_record(at(hands, RAPPORTEUR, row), "People had hopes and doubts.", heard)
    replies = {
        n: Reply(one["reply"], one["reason"], one.get("change", ""))
        for n, one in enumerate(POINTS, 1)
    }
    sender = row.begun_by
    replying.save_replies(sender, row, replies)
    replying.send_replies(sender, row)
    assessing.check_answers(at(hands, OFFICER, row))


def publish_assessment(hands: Hands, row: Application) -> None:
    """Everybody can read the impact assessment."""
    publishing.publish(at(hands, OFFICER, row), read=True)


# --- meetings -------------------------------------------------------------------------------------


def call(hands: Hands, when: datetime) -> Meeting:
    """Kate calls a meeting."""
    return agenda.new_meeting(hands.person(SECRETARY), when, _PLACE)


def put_on(hands: Hands, row: Application, meeting: Meeting) -> None:
    """Kate puts an application on the agenda."""
    agenda.put_to_committee(hands.person(SECRETARY), row.reference, meeting)


def open_meeting(hands: Hands, meeting: Meeting, absent: tuple[str, ...]) -> None:
    """Who came is written down, and the chair opens it."""
    kate, grace = hands.person(SECRETARY), hands.person(CHAIR)
    agenda.set_present(kate, meeting, [one for one in MEMBERS if one not in absent])
    agenda.step_meeting(kate, meeting, "send_papers")
    agenda.step_meeting(grace, meeting, "open")


def end_meeting(hands: Hands, meeting: Meeting) -> None:
    """The chair ends it."""
    agenda.step_meeting(hands.person(CHAIR), meeting, "end")


def decide(hands: Hands, row: Application, said: Decided) -> None:
    """All declare, talk, vote, and the chair writes the decision down and signs it."""
    item = Item.objects.get(version__application=row)
    kate, grace = hands.person(SECRETARY), hands.person(CHAIR)
    agenda.step_item(kate, item, "begin")
    present = item.meeting.present
    for who in present:
        _declare(hands, item, hands.person(who))
    agenda.step_item(grace, item, "end_declarations")
    ballots.open_vote(grace, item, 24)
    item.refresh_from_db()
    for who in present:
        _vote(hands, item, hands.person(who), said)
    item = Item.objects.select_related("version__application", "meeting").get(pk=item.pk)
    conditions = (said.condition,) if said.condition else ()
    texts = deciding.Texts(said.summary, said.reasons, conditions)
    hands.sign(deciding.propose_decision(grace, item, texts, "/"))


def _declare(hands: Hands, item: Item, who: User) -> None:
    said = Declaration(
        declaration=1, person=who.public_id, version_digest=item.version.digest, conflicts=(),
        at=hands.now(),
    )  # fmt: skip
    _act(hands, item, who, "conflict", "none", said)


def _vote(hands: Hands, item: Item, who: User, said: Decided) -> None:
    """The first one asks for the condition, where there is one."""
    verdict = said.verdict
    if verdict == "approve_with_conditions" and who.public_id != VOTERS[-1]:
        verdict = "approve"
    asks = (said.condition,) if said.condition and verdict != "approve" else ()
    made = Vote(
        vote=1, person=who.public_id, role=_seat(hands.clock, who),  # type: ignore[arg-type]
        round=item.round,
        version_digest=item.version.digest, verdict=verdict, reasons=said.summary,
        conditions=asks, at=hands.now(),
    )  # fmt: skip
    _act(hands, item, who, "vote", verdict, made)


def _act(
    hands: Hands, item: Item, who: User, kind: str, verdict: str, content: Declaration | Vote
) -> None:
    hands.sign(propose(
        who, _seat(hands.clock, who), kind, verdict,  # type: ignore[arg-type]
        subject=item.version.application.reference, object_digest=item.version.digest,
        back="/", content=content, wish={"item": item.pk},
    ))  # fmt: skip


def _seat(clock: Clock, who: User) -> str:
    seat = seat_of(who, clock.now())
    return "" if seat is None else seat.role
