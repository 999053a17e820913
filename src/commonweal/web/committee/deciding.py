"""What the votes make: the decision's paper, which the chair reads and signs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from commonweal.foundation.errors import Refused
from commonweal.governance.application.version import ApplicationVersion
from commonweal.governance.committee.assessment import check_settled
from commonweal.governance.committee.decision import Decision as DecisionPaper
from commonweal.governance.committee.decision import VariableDecision
from commonweal.governance.committee.outcome import Case, decide, outcome_of
from commonweal.governance.committee.vocabulary import YES, Outcome
from commonweal.governance.committee.votes import Vote as VotePaper
from commonweal.governance.states.item import ITEM
from commonweal.web.accounts.models import User
from commonweal.web.applications.services import paper_of
from commonweal.web.committee.ballots import ballot_of, counted, result_of, rules_for, whole
from commonweal.web.committee.models import Decision, Item
from commonweal.web.committee.policies import CHAIR, check_part, members
from commonweal.web.committee.services import declarations_of
from commonweal.web.committee.shorter import check_still_short, earlier_of
from commonweal.web.config import clock
from commonweal.web.desk.services import record_of
from commonweal.web.signing.models import Act
from commonweal.web.signing.services import propose

RECORD: Mapping[str, tuple[str, str]] = {
    "approve": ("record_approval", "decision_yes"),
    "approve_with_conditions": ("record_approval", "decision_yes"),
    "resubmit": ("record_request", "decision_again"),
    "reject": ("record_rejection", "decision_no"),
}
"""What becomes of the application: the step, and the guard that then holds."""


@dataclass(frozen=True)
class Texts:
    """What the chair writes for the committee. `conditions`: the wording of those asked for."""

    summary: str
    reasons: tuple[str, ...]
    conditions: tuple[str, ...] = ()
    until: date | None = None


def wanted_conditions(votes: Iterable[VotePaper]) -> tuple[str, ...]:
    """The conditions that members asked for, each once, without names and in no one's order."""
    return tuple(sorted({text for vote in votes for text in vote.conditions}))


def outcome_now(item: Item) -> Outcome:
    """What the votes of a closed item decide. Raises as `outcome_of`."""
    return outcome_of(counted(item), rules_for(item), route=item.meeting.route, round_=item.round)[
        0
    ]


def check_may_decide(person: User, item: Item, paper: ApplicationVersion) -> None:
    """Refuse who cannot sign the decision, or an item that has none to sign.

    Raises `Refused` CW-STATE-STEP, CW-STATE-ROLE and what `check_takes_part` raises.
    """
    seat = check_part(person, item, paper)
    if seat.role != CHAIR:
        raise Refused("CW-STATE-ROLE", "Only the chair of the committee can do this.")
    if item.state not in ("closed", "deadlocked"):
        raise Refused("CW-STATE-STEP", f"This cannot be done now. {ITEM.sentences[item.state]}")
    found = result_of(item)
    if found == "too_few":
        raise Refused("CW-COMMITTEE-QUORUM", "Too few votes count to decide this.")
    if found not in ("decided", "last_deadlock"):
        raise Refused("CW-COMMITTEE-DEADLOCK", "The votes do not come to a decision.")


def make(item: Item, paper: ApplicationVersion, texts: Texts, at: datetime) -> DecisionPaper:
    """The decision that the votes make at `at`. Raises what `decide` and `check_settled` raise."""
    rules, ballot = rules_for(item), ballot_of(item)
    says_yes = outcome_now(item) in YES
    declared = declarations_of(item.version)
    proposed = check_still_short(item, paper)
    before = list(item.version.decisions.order_by("made_at", "id"))
    case = Case(
        id=f"{paper.application}-{paper.number}-d{len(before) + 1}",
        application=paper.application,
        version_number=paper.number,
        version_digest=item.version.digest,
        summary=texts.summary,
        reasons=texts.reasons,
        asked=paper.asked,
        variables=[_variable(one) for one in item.variables] if says_yes else (),
        conditions=texts.conditions,
        involved=paper.involved,
        declarations=declared,
        route=item.meeting.route,
        met=() if proposed is None else proposed.met,
        chairs_reason=None if proposed is None else proposed.chairs_reason,
        earlier=earlier_of(item),
        until=texts.until if says_yes else None,
        replaces=next((one.reference for one in reversed(before) if one.published_at), None),
    )
    made = decide(case, ballot, rules, members(), at)
    check_settled(
        record_of(item.version), rules,
        application=paper.application, version_digest=item.version.digest,
        purposes=paper.content.purpose.codes, processing=paper.content.access.processing,
        involved=paper.involved, deciding=[vote.person for vote in counted(item)], at=at,
    )  # fmt: skip
    return made


def _variable(plain: Mapping[str, Any]) -> VariableDecision:
    return VariableDecision.read(dict(plain), "What was decided of a variable")


def check_wording(asked: Sequence[str], worded: Sequence[str]) -> None:
    """Refuse to drop a condition that a member asked for. Raises CW-DECISION-INVALID."""
    if len(worded) != len(asked) or not all(text.strip() for text in worded):
        raise Refused(
            "CW-DECISION-INVALID",
            "A condition that a member asked for can be worded better, but not left out.",
        )


def propose_decision(person: User, item: Item, texts: Texts, back: str) -> Act:
    """The decision for the chair to sign. Raises what `make` and `propose` raise."""
    paper = paper_of(item.version)
    check_may_decide(person, item, paper)
    made = make(item, paper, texts, whole(clock.now()))
    return propose(
        person,
        CHAIR,
        "decide",
        made.outcome,
        subject=paper.application,
        object_digest=made.digest(),
        back=back,
        wish={"item": item.pk, "decision": made.plain()},
    )


def texts_of(made: DecisionPaper) -> Texts:
    """What a person wrote in a decision."""
    return Texts(made.summary, made.reasons, made.conditions, made.until)


def check_again(item: Item, paper: ApplicationVersion, made: DecisionPaper) -> None:
    """Refuse a decision that is no longer the one that the votes make.

    Raises `Refused` CW-DECISION-OTHER, and what `make` raises.
    """
    acts = [*item.version.declarations.all(), *item.version.votes.all()]
    if any(one.made_at > made.decided_at for one in acts):
        raise Refused(
            "CW-DECISION-OTHER",
            "A member has declared something since this was written down.",
            remedy="Go back, look at it again, and sign what it is now.",
        )
    if make(item, paper, texts_of(made), made.decided_at).digest() != made.digest():
        raise Refused("CW-DECISION-OTHER", "The decision is not the one that the votes make.")


def new_row(item: Item, paper: ApplicationVersion, made: DecisionPaper, act: Act) -> Decision:
    """The row of a decision that was signed. It is not published yet."""
    return Decision(
        version=item.version,
        reference=made.id,
        content=made.canonical(),
        digest=made.digest(),
        outcome=made.outcome,
        title=item.title,
        asked_by=(paper.content.organisation.name or "")[:500],
        act=act.pk,
        made_at=made.decided_at,
    )
