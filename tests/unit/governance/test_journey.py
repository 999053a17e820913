"""One application from the draft to the announced permit, by the rules alone.

Each guard is said to hold only where the rule behind it was asked, so this is also how the service
joins states and rules. What lies in other packages (forms, signing) is taken as given, by name.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from commonweal.foundation.errors import Refused
from commonweal.governance.committee import votes
from commonweal.governance.committee.assessment import AssessmentRecord, check_settled
from commonweal.governance.committee.conflicts import undeclared
from commonweal.governance.committee.decision import check_says_yes
from commonweal.governance.committee.outcome import Deadlocked, decide
from commonweal.governance.committee.recount import Evidence, check_recount
from commonweal.governance.roles import RoleName
from commonweal.governance.states.registry import MACHINES
from commonweal.papers.permit_state import check_transition
from tests.unit.governance.committee.support import (
    ASKED,
    MEETING,
    SEATS,
    VERSION,
    case,
    declared,
    everyone_free,
    membership,
    refusing,
    rules,
    vote,
)
from tests.unit.governance.committee.test_assessment import HEARD

END = MEETING + timedelta(hours=1)


class Thing:
    """Something that goes through the states of one machine."""

    def __init__(self, name: str) -> None:
        self.machine = MACHINES[name]
        self.state = self.machine.initial

    def take(self, action: str, role: RoleName, *met: str) -> str:
        self.state = self.machine.check_step(self.state, action, role, met=met)
        return self.state


def test_from_a_draft_to_an_announced_permit() -> None:
    application, review = Thing("application"), Thing("review")
    application.take("send", "applicant", "may_be_sent")
    application.take("take_up", "data_manager")
    application.take("ask_applicant", "ig_officer")
    application.take("answer", "co_applicant", "something_answered")
    application.take("pass_screening", "ig_officer", "screening_passed")

    # The public is heard before the committee meets.
    with pytest.raises(Refused, match="impact assessment"):
        application.take("put_to_committee", "committee_secretary")
    review.take("pass_screening", "ig_officer")
    review.take("schedule", "facilitator")
    review.take("hold", "facilitator", "papers_a_week_before")
    review.take("write_record", "rapporteur", "rapporteur_independent")
    review.take("synthesise", "applicant", "every_point_answered")
    check_settled(
        AssessmentRecord.read(HEARD, "record"), rules(), application="app-1",
        version_digest=VERSION, purposes=["ai_train"], processing=["train"], involved=["asker"],
        deciding=list(SEATS), at=MEETING,
    )  # fmt: skip
    review.take("put_to_committee", "committee_secretary", "every_point_answered")
    application.take("put_to_committee", "committee_secretary", "assessment_settled")

    # Conflicts, a question, the vote.
    item = Thing("item")
    item.take("begin", "committee_chair")
    declarations = [*everyone_free(), declared("statistician", "works_with_applicant")]
    assert undeclared(membership().sitting(MEETING), declarations, VERSION) == ()
    item.take("end_declarations", "committee_chair", "everyone_declared")
    here = ("chair", "doctor", "nurse", "statistician", "lay1", "lay2", "lay3")
    ballot = votes.open_ballot(VERSION, membership(), declarations, ["asker"], here, MEETING)
    item.take("open_vote", "committee_chair", "quorate")
    question = votes.Question(
        question=1, id="q1", person="lay1", version_digest=VERSION, asked_at=MEETING
    )
    ballot = votes.ask(ballot, question)
    item.take("ask", "committee_lay")
    ballot = votes.answer(ballot, "q1", "The year of birth only.", MEETING)
    item.take("answer", "ig_officer", "something_answered")
    for person in ballot.eligible:
        ballot = votes.cast(ballot, vote(person, "approve"), membership())
    assert ballot.complete
    item.take("close_vote", "committee_chair", "every_vote_in")

    # The decision, counted twice.
    decision = decide(case(declarations=declarations, involved=["asker"]), ballot, rules(),
                      membership(), END)  # fmt: skip
    assert (decision.outcome, decision.votes.excluded) == ("approve", 1)
    check_recount(decision, Evidence(ballot.votes, declarations, ["asker"], ASKED), rules(),
                  membership())  # fmt: skip
    item.take("record_decision", "committee_secretary", "agreed")
    assert application.take("record_approval", "committee_chair", "decision_yes") == "approved"
    made = Thing("decision")
    made.take("decide", "committee_chair", "agreed")
    made.take("publish", "committee_secretary", "public_version_ready")
    made.take("accept", "applicant")

    # Both sides, both officers, then the permit and no sooner.
    agreement, permit = Thing("agreement"), Thing("permit")
    check_says_yes(decision)
    agreement.take("offer", "ig_officer", "made_from_decision")
    agreement.take("accept", "signatory_applicant", "named_signatory")
    agreement.take("accept", "signatory_custodian", "named_signatory")
    agreement.take("countersign_as_siro", "siro", "made_from_decision")
    with pytest.raises(Refused):
        agreement.take("make_permit", "system", "signer_agreed")
    agreement.take("countersign_as_guardian", "caldicott_guardian", "somebody_else")
    agreement.take("make_permit", "system", "signer_agreed")
    assert permit.take("issue", "system", "signer_agreed") == check_transition("drafted", "issue")
    assert (agreement.state, permit.state) == ("in_force", "announced")


def test_from_a_meeting_that_does_not_agree_to_a_changed_application() -> None:
    item, application = Thing("item"), Thing("application")
    application.state, item.state = "with_committee", "closed"
    people = ("chair", "doctor", "nurse", "lay1", "lay2", "lay3")
    ballot = votes.open_ballot(VERSION, membership(), everyone_free(), (), people, MEETING)
    for person in people:
        verdict = "reject" if person == "lay3" else "approve"
        ballot = votes.cast(ballot, vote(person, verdict), membership())  # type: ignore[arg-type]
    with pytest.raises(Deadlocked):
        decide(case(), ballot, rules(), membership(), END)
    item.take("record_deadlock", "committee_chair", "not_agreed")
    item.take("discuss_again", "committee_chair", "rounds_left")
    item.take("list_again", "committee_secretary")

    again = votes.open_ballot(VERSION, membership(), everyone_free(), (), people, END, round_=2)
    for one in ballot.votes:
        second = one.model_copy(update={"round": 2, "at": END})
        again = votes.cast(again, second, membership())
    decision = decide(refusing(), again, rules(), membership(), END)
    assert (decision.outcome, decision.by_deadlock) == ("resubmit", True)
    application.take("record_request", "committee_secretary", "decision_again")
    assert application.take("send", "applicant", "may_be_sent") == "sent"
