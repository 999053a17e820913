"""The short route: proposed with its reasons, decided by a few, and called in by any member.

The secretary proposes and signs; what the frozen version shows against it, nobody can argue away.
A few members declare, read, ask and vote as in a meeting, and all must agree. What they decided
waits, so that any member can call it in; then it takes effect by itself. The signer of permits
checks all of this again from what was signed, and believes nothing here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import CommonwealError, Fault, Refused
from commonweal.foundation.london import london_day
from commonweal.governance.application.version import ApplicationVersion
from commonweal.governance.clocks.calendar import WorkingCalendar
from commonweal.governance.committee.decision import Decision as DecisionPaper
from commonweal.governance.committee.outcome import all_yes, check_quorum
from commonweal.governance.committee.route import (
    CODE,
    PROPOSED_BY,
    RouteProposal,
    check_grounds,
    check_proposal,
    last_day_to_call_in,
)
from commonweal.governance.committee.vocabulary import YES
from commonweal.governance.committee.votes import Vote as VotePaper
from commonweal.governance.roles import RoleName
from commonweal.governance.states.application import APPLICATION
from commonweal.governance.states.item import ITEM
from commonweal.ledger.details import commitment, new_salt
from commonweal.ledger.entry import Actor, Event
from commonweal.web.accounts.models import User
from commonweal.web.applications.models import Application, Version
from commonweal.web.applications.services import paper_of
from commonweal.web.committee.ballots import rules_for, whole
from commonweal.web.committee.models import Decision, Item, RouteAct
from commonweal.web.committee.policies import (
    SECRETARY,
    SITTING,
    check_not_out,
    check_role,
    members,
    seat_of,
)
from commonweal.web.committee.services import decision_of, decision_paper
from commonweal.web.config import clock
from commonweal.web.config.rules import rules_in_force
from commonweal.web.desk.services import is_settled
from commonweal.web.ledgerlink.models import Governed
from commonweal.web.ledgerlink.services import govern
from commonweal.web.signing.models import Act
from commonweal.web.signing.services import propose

CALLED = "The proposal to decide without a meeting"
STAYS = "What the whole committee decided stays as it was. The next meeting hears of it."


def ready_for_short(person: User, reference: str) -> tuple[Application, Version]:
    """An application that is ready, with its version.

    Raises `Refused` CW-STATE-STEP, CW-STATE-ROLE, CW-COMMITTEE-CONFLICT.
    """
    if SECRETARY not in check_role(person, SITTING):
        raise Refused("CW-STATE-ROLE", "Only the secretary of the committee can do this.")
    row = Application.objects.filter(reference=reference).first()
    version = None if row is None else row.versions.order_by("number").last()
    if row is None or version is None:
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
    met = ("assessment_settled",) if is_settled(version) else ()
    APPLICATION.check_step(row.state, "put_to_committee", SECRETARY, met=met)
    check_not_out(person, version, paper_of(version))
    return row, version


def check_few(present: Collection[str], version: Version, paper: ApplicationVersion) -> None:
    """Refuse members who could not decide together by the rules.

    Raises `Refused` CW-COMMITTEE-MEMBER, CW-COMMITTEE-ROUTE; `NotQuorate`.
    """
    sitting = {seat.person: seat for seat in members().sitting(clock.now())}
    if not set(present) <= set(sitting):
        raise Refused("CW-COMMITTEE-MEMBER", "Choose people from the list of members.")
    if any(one in paper.involved for one in present):
        raise Refused("CW-COMMITTEE-MEMBER", "Somebody whom the application names takes no part.")
    if version.route_acts.filter(kind="call_in", route="proportionate").exists():
        raise Refused(CODE, "A member has called this in: the whole committee decides.")
    if any(one.route == "proportionate" for one in version.votes.all()):
        raise Refused(CODE, "A few members have voted on this: the whole committee decides now.")
    might = all_yes(sitting[one].role for one in present)
    check_quorum(might, rules_in_force(), "proportionate")


def propose_short(
    person: User, reference: str, reasons: Mapping[str, str], present: Collection[str], back: str
) -> Act:
    """The proposal, for the secretary to sign. Raises as `check_few` and `check_grounds`."""
    row, version = ready_for_short(person, reference)
    paper, rules = paper_of(version), rules_in_force()
    check_few(present, version, paper)
    made = RouteProposal.read(
        {
            "route_proposal": 1,
            "person": person.public_id,
            "version_digest": version.digest,
            "route": "proportionate",
            "grounds": [
                {"condition": one, "reason": reasons[one].strip()}
                for one in rules.proportionate.conditions if reasons.get(one, "").strip()
            ],
            "at": stamp(whole(clock.now())),
        },
        CALLED, CODE,
    )  # fmt: skip
    check_grounds(made.met, rules, paper.content)
    return propose(
        person, SECRETARY, "propose_route", "proportionate", subject=row.reference,
        object_digest=version.digest, back=back, content=made,
        wish={"version": version.pk, "present": sorted(present)},
    )  # fmt: skip


def read_proposal(act: Act, version: Version) -> RouteProposal:
    """What was signed, held against the act. Raises `Fault`, `Refused` CW-COMMITTEE-ROUTE."""
    if act.content is None:
        raise Fault("CW-WEB-SIGNING", "The proposal is missing.")
    made = RouteProposal.read(parse_json(bytes(act.content), CALLED), CALLED, CODE)
    said = (made.person, made.route, made.version_digest, PROPOSED_BY[made.route])
    if said != (act.person.public_id, act.verdict, act.object_digest, act.role):
        raise Refused(CODE, "The proposal is not the one that was signed.")
    if act.object_digest != version.digest:
        raise Refused(CODE, "The proposal is about another version.")
    return made


def record_proposal(act: Act, made: RouteProposal, item: Item, *more: Governed) -> None:
    """Write the item, what was proposed for it, and `more` rows, with what the ledger hears."""
    salt, actor = new_salt(), Actor(act.role, act.person.public_id)
    row = RouteAct(
        version=item.version, kind=act.kind, route=made.route, person=act.person,
        content=made.canonical(), salt=salt, act=act.pk, made_at=made.at,
    )  # fmt: skip
    fields = {
        "application": act.subject, "route": made.route,
        "proposal": commitment(salt, made.canonical()),
    }  # fmt: skip
    govern(Event("route.proposed", actor, fields), row)
    moved = {"application": act.subject, "to": item.state}
    govern(Event("agenda.moved", actor, moved), *more, item)


def proposal_of(item: Item) -> RouteProposal | None:
    """What put an item on a shorter route, or None."""
    if item.meeting.route == "committee" or item.proposal is None:
        return None
    return RouteProposal.read(parse_json(bytes(item.proposal), CALLED), CALLED, CODE)


def check_still_short(item: Item, paper: ApplicationVersion) -> RouteProposal | None:
    """The proposal of an item, held against the rules by which its vote is counted."""
    found = proposal_of(item)
    if item.meeting.route != "committee":
        if found is None:
            raise Refused(CODE, "Nobody proposed that this is decided without a meeting.")
        check_proposal(found, rules_for(item), paper.content, earlier_of(item))
    return found


# --- what a chair's action builds on --------------------------------------------------------------


def builds_on_decision(item: Item) -> bool:
    """True for a chair's action: the whole committee has decided before."""
    return item.meeting.route == "chair"


def earlier_row(item: Item) -> Decision | None:
    """The decision of the whole committee on which a chair's action builds, or None."""
    found = proposal_of(item)
    if found is None or found.earlier is None:
        return None
    row = decision_of(item.version)
    return row if row is not None and row.digest == found.earlier else None


def put_to_chair(version_id: int) -> RouteProposal | None:
    """What put a version into the chair's hands, where that came to a decision that counts."""
    items = Item.objects.filter(version=version_id, meeting__route="chair", state="decided")
    item = items.select_related("meeting").first()
    return None if item is None else proposal_of(item)


def by_chair(rows: Iterable[Decision]) -> set[int]:
    """The keys of those published decisions that the chair made between meetings.

    On a version that is in the chair's hands each decision after the one it builds on is such a
    one: none that was called in is ever published.
    """
    listed = list(rows)
    acts = RouteAct.objects.filter(
        kind="propose_route", route="chair", version__in={one.version_id for one in listed}
    )
    builds_on = {
        RouteProposal.read(parse_json(bytes(text), CALLED), CALLED, CODE).earlier
        for text in acts.values_list("content", flat=True)
    }
    if not builds_on:
        return set()
    first = dict(Decision.objects.filter(digest__in=builds_on).values_list("version_id", "id"))
    return {one.pk for one in listed if one.version_id in first and one.pk > first[one.version_id]}


def earlier_of(item: Item) -> DecisionPaper | None:
    """The paper of `earlier_row`: None where it is not the decision that stands."""
    row = earlier_row(item)
    return None if row is None else decision_paper(row)


def check_vote_fits(item: Item, vote: VotePaper) -> None:
    """Refuse a vote that would make the committee's conditions go. Raises CW-COMMITTEE-ROUTE."""
    found, earlier = proposal_of(item), earlier_of(item)
    if found is None or earlier is None or found.chairs_reason != "correction":
        return
    if vote.verdict in YES and not set(earlier.conditions) <= set(vote.conditions):
        raise Refused(
            CODE,
            "To put a mistake right takes away no condition of the committee.",
            remedy="Say yes with conditions, and leave each of its conditions as it is.",
        )


# --- calling in ---------------------------------------------------------------------------------


def check_call_in(person: User, item: Item) -> RoleName:
    """Refuse who may not call an item in; gives the member's role.

    Raises `Refused` CW-COMMITTEE-MEMBER, CW-COMMITTEE-ROUTE, CW-STATE-STEP.
    """
    seat = seat_of(person, clock.now())
    if seat is None:
        raise Refused("CW-COMMITTEE-MEMBER", "Only members with a vote can call this in.")
    action, guard = call_of(item)
    met = () if item.meeting.route == "committee" else (guard,)
    ITEM.check_step(item.state, action, seat.role, met=met)
    return seat.role


def call_of(item: Item) -> tuple[str, str]:
    """The step by which an item is called in, and its guard."""
    if builds_on_decision(item):
        return "leave", "builds_on_decision"
    return "call_in", "may_be_called_in"


def can_call_in(person: User, item: Item) -> bool:
    """True if `check_call_in` lets the person pass."""
    try:
        check_call_in(person, item)
    except CommonwealError:
        return False
    return True


def propose_call_in(person: User, item: Item, back: str) -> Act:
    """The call, for the member to sign. Raises as `check_call_in`."""
    role = check_call_in(person, item)
    return propose(
        person, role, "call_in", "call_in", subject=item.version.application.reference,
        object_digest=item.version.digest, back=back, wish={"item": item.pk},
    )  # fmt: skip


def call_in_until(item: Item) -> date | None:
    """The last day on which what a few decided can be called in; None for any other item."""
    if item.state != "waiting":
        return None
    row = item.version.decisions.filter(act__isnull=False).order_by("made_at", "id").last()
    heard = None if row is None else Act.objects.filter(pk=row.act, heard_at__isnull=False).first()
    if row is None or heard is None or heard.heard_at is None:
        return None
    return last_day_to_call_in(heard.heard_at, rules_for(item))


def is_over(item: Item) -> bool:
    """True once nobody can call it in any more."""
    until = call_in_until(item)
    return until is not None and london_day(clock.now()) > until


def late() -> list[Item]:
    """What a few decided, whose time is over, and which is still not published a working day later.

    The signer's worker lets it take effect; where that does not run, somebody has to be told.
    """
    found = []
    for item in Item.objects.filter(state="waiting").select_related("version", "meeting"):
        until = call_in_until(item)
        if until is not None and london_day(clock.now()) > WorkingCalendar().add(until, LATE_DAYS):
            found.append(item)
    return found


LATE_DAYS = 2
"""Working days after the time to call in, on which a decision is published at the latest."""


def end_sitting(item: Item) -> None:
    """The few who decided are no meeting: when their item leaves them, they are done."""
    if item.meeting.route != "committee":
        item.meeting.state = "ended"
        item.meeting.save(update_fields=["state"])


def called_in(version: Version) -> bool:
    """True where a member called this version in to the whole committee."""
    return RouteAct.objects.filter(version=version, kind="call_in").exists()
