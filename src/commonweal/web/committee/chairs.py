"""The chair's action: a small thing that the chair decides with lay members, between meetings.

It builds on a yes of the whole committee, for a reason that the published rules name, and never
allows more than the committee did. The chair proposes and signs; those who take part had all said
for the committee's decision that they have no conflict. They vote as in a meeting, and what they
decide waits, so that any member can call it in. What is called in, or not agreed, leaves the
committee's decision as it was. The signer of permits checks all of this again.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import CommonwealError, Fault, Refused
from commonweal.governance.application.version import ApplicationVersion
from commonweal.governance.committee.conflicts import EXCLUDED, can_take_part, check_takes_part
from commonweal.governance.committee.decision import Decision as DecisionPaper
from commonweal.governance.committee.membership import Seat
from commonweal.governance.committee.outcome import all_yes, check_chairs_action, check_quorum
from commonweal.governance.committee.route import CODE, RouteProposal, check_proposal
from commonweal.governance.committee.rules import CommitteeRules
from commonweal.governance.committee.vocabulary import ChairsReason
from commonweal.web.accounts.models import User
from commonweal.web.applications.models import Application, Version
from commonweal.web.applications.services import paper_of
from commonweal.web.committee.ballots import whole
from commonweal.web.committee.models import FINAL_ITEM, Decision, Item
from commonweal.web.committee.policies import (
    CHAIR,
    SITTING,
    check_role,
    is_out,
    members,
    no_page,
    seat_of,
)
from commonweal.web.committee.services import decision_of, decision_paper, declarations_of
from commonweal.web.committee.shorter import CALLED
from commonweal.web.config import clock
from commonweal.web.config.rules import rules_in_force
from commonweal.web.signing.models import Act
from commonweal.web.signing.services import propose

MOST = 50
"""How many decisions are listed that a chair could build on."""
BETWEEN_MEETINGS: tuple[ChairsReason, ...] = ("conditions_met", "correction")
"""Reasons that build on a decision. An emergency without one has no page: a meeting is called."""
ANOTHER = "Another chair of the committee can do it, or the next meeting."


@dataclass(frozen=True)
class Basis:
    """What a chair's action is about, and the committee's decision that it builds on."""

    application: Application
    version: Version
    paper: ApplicationVersion
    row: Decision
    earlier: DecisionPaper


def _page_of_chair(person: User) -> None:
    if CHAIR not in check_role(person, SITTING):
        raise Refused("CW-STATE-ROLE", "Only the chair of the committee can do this.")


def basis_of(reference: str) -> Basis:
    """What the whole committee decided last of an application, where the chair may build on it.

    Raises `Fault` CW-WEB-NOT-FOUND; `Refused` CW-COMMITTEE-ROUTE, CW-STATE-STEP.
    """
    application = Application.objects.filter(reference=reference).first()
    version = None if application is None else application.versions.order_by("number").last()
    if application is None or version is None:
        raise no_page()
    row = decision_of(version)
    if row is None or application.state != "approved":
        raise Refused(CODE, "There is no decision of the committee to build on.")
    earlier = decision_paper(row)
    if earlier.route != "committee":
        raise Refused(CODE, "The chair builds on decisions of the whole committee only.")
    if row.agreements.exists():
        raise Refused(
            "CW-STATE-STEP",
            "The agreement is written, so the chair cannot decide about this any more.",
            remedy="Once there is a permit, the project can ask for a change.",
        )
    return Basis(application, version, paper_of(version), row, earlier)


def check_begins(basis: Basis) -> None:
    """Refuse a second chair's action on one version. Raises `Refused` CW-COMMITTEE-ROUTE."""
    version = basis.version
    if version.items.exclude(state__in=FINAL_ITEM).exists():
        raise Refused(CODE, "This is before members already. Wait until that has ended.")
    if version.route_acts.filter(kind="call_in", route="chair").exists():
        raise Refused(
            CODE, "A member has called this in, so what the whole committee decided stays."
        )
    if version.votes.filter(route="chair").exists():
        raise Refused(CODE, "The chair and lay members have voted on this already.")


def ready_for_chair(person: User, reference: str) -> Basis:
    """What a chair who takes part may build on.

    Raises as `basis_of` and `check_begins`; `Refused` CW-STATE-ROLE, CW-COMMITTEE-CONFLICT,
    CW-COMMITTEE-MEMBER, CW-COMMITTEE-DECLARATION.
    """
    _page_of_chair(person)
    basis = basis_of(reference)
    if is_out(person, basis.version, basis.paper):
        raise Refused("CW-COMMITTEE-CONFLICT", EXCLUDED, remedy=ANOTHER)
    seat = seat_of(person, clock.now())
    if seat is None or seat.role != CHAIR:
        raise Refused("CW-COMMITTEE-MEMBER", "You do not hold the chair's seat today.")
    if person.public_id not in {one.person for one in declarations_of(basis.version)}:
        raise Refused(
            "CW-COMMITTEE-DECLARATION",
            "You were not asked about conflicts when the committee decided this, so you take no "
            "part in it.",
            remedy=ANOTHER,
        )
    check_begins(basis)
    return basis


def reasons_for(rules: CommitteeRules, earlier: DecisionPaper) -> list[ChairsReason]:
    """The reasons for which the chair may act on `earlier`, by the published rules."""
    return [one for one in BETWEEN_MEETINGS if _allowed(one, rules, earlier)]


def _allowed(reason: ChairsReason, rules: CommitteeRules, earlier: DecisionPaper) -> bool:
    try:
        check_chairs_action(reason, rules, earlier)
    except Refused:
        return False
    return True


def may_sit(basis: Basis) -> list[Seat]:
    """Members who can take part: they declared for the committee's decision, and have none."""
    now, declared = clock.now(), declarations_of(basis.version)
    known = members()
    return [
        one
        for one in known.sitting(now)
        if can_take_part(
            one.person, known, declared, basis.version.digest, basis.paper.involved, now
        )
    ]


def check_sitting(present: Collection[str], basis: Basis) -> None:
    """Refuse people who could not decide together by the rules.

    Raises what `check_takes_part` raises; `NotQuorate`.
    """
    now, declared, known = clock.now(), declarations_of(basis.version), members()
    seats = [
        check_takes_part(
            one, known, declared, basis.version.digest, basis.paper.involved, now
        )
        for one in sorted(present)
    ]  # fmt: skip
    check_quorum(all_yes(one.role for one in seats), rules_in_force(), "chair")


def propose_chair(
    person: User, reference: str, reason: str, told: str, present: Collection[str], back: str
) -> Act:
    """The proposal, for the chair to sign. Raises as `ready_for_chair` and `check_sitting`."""
    basis = ready_for_chair(person, reference)
    there = {*present, person.public_id}
    check_sitting(there, basis)
    made = RouteProposal.read(
        {
            "route_proposal": 1,
            "person": person.public_id,
            "version_digest": basis.version.digest,
            "route": "chair",
            "chairs_reason": reason,
            "told": told.strip(),
            "earlier": basis.earlier.digest(),
            "at": stamp(whole(clock.now())),
        },
        CALLED, CODE,
    )  # fmt: skip
    check_fits(made, basis)
    return propose(
        person, CHAIR, "propose_route", "chair", subject=reference,
        object_digest=basis.version.digest, back=back, content=made,
        wish={"version": basis.version.pk, "present": sorted(there)},
    )  # fmt: skip


def check_fits(made: RouteProposal, basis: Basis) -> None:
    """Refuse what the rules do not let the chair act for. Raises `Refused` CW-COMMITTEE-ROUTE."""
    if made.chairs_reason not in BETWEEN_MEETINGS:
        raise Refused(CODE, "The rules do not let the chair act for this reason.")
    check_proposal(made, rules_in_force(), basis.paper.content, basis.earlier)


def could_act_on(person: User) -> list[Application]:
    """Approved applications on which this chair could act now."""
    rows = Application.objects.filter(state="approved", agreements__isnull=True)
    found = []
    for one in rows.select_related("draft").order_by("-id")[:MOST]:
        try:
            basis = ready_for_chair(person, one.reference)
        except CommonwealError:
            continue
        if reasons_for(rules_in_force(), basis.earlier):
            found.append(one)
    return found


def under_way() -> list[Item]:
    """Chair's actions that have not ended."""
    rows = Item.objects.filter(meeting__route="chair").exclude(state__in=FINAL_ITEM)
    return list(rows.select_related("meeting").order_by("id"))


def basis_again(act: Act) -> Basis:
    """What a proposal that is signed is about, looked up again.

    Raises as `ready_for_chair`; `Fault` CW-WEB-SIGNING where a newer version was sent.
    """
    basis = ready_for_chair(act.person, act.subject)
    if basis.version.pk != act.wish.get("version"):
        raise Fault("CW-WEB-SIGNING", "What this is about is not the newest version.")
    return basis
