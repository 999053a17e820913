"""An application, from the first draft to the committee's decision.

The state is that of the application; each sending freezes a version, and a decision is about one
version. Queries go in turns: while a question is with the applicant the clock stands still.
"""

from __future__ import annotations

from commonweal.governance.states.machine import from_each, machine, step
from commonweal.governance.states.parties import DESK, MEMBERS, RECORDERS, WRITERS

_BEFORE_DECISION = (
    *("draft", "sent", "screening", "queried", "ready"),
    *("with_committee", "queried_by_committee", "to_be_revised"),
)

APPLICATION = machine(
    "application",
    "application",
    states=(
        ("draft", "applicant", "The application is being written."),
        ("sent", "custodian", "The application has arrived and waits to be looked at."),
        ("screening", "custodian", "The hospital is checking that the application is complete."),
        ("queried", "applicant", "The hospital has asked the applicant something."),
        ("ready", "custodian", "The application is complete and waits for a meeting."),
        ("with_committee", "committee", "The committee has the application."),
        ("queried_by_committee", "applicant", "The committee has asked the applicant something."),
        ("to_be_revised", "applicant", "The committee has asked for a changed application."),
        ("rejected", "applicant", "The committee has said no; the applicant may appeal."),
        ("under_appeal", "officers", "The applicant has appealed against the decision."),
        ("approved", "nobody", "The committee has said yes. An agreement comes next."),
        ("refused", "nobody", "The answer is no, and that is final."),
        ("withdrawn", "nobody", "The applicant has taken the application back."),
        ("lapsed", "nobody", "The application ended because no answer came."),
    ),
    steps=(
        step("send", "draft", "sent", ["applicant"], "Send the application.", "may_be_sent"),
        step("take_up", "sent", "screening", DESK, "Begin to check the application."),
        step("ask_applicant", "screening", "queried", DESK, "Ask the applicant a question."),
        step("answer", "queried", "screening", WRITERS, "Send the answers.", "something_answered"),
        step(
            "pass_screening", "screening", "ready", ["ig_officer"],
            "Say that the application is complete.", "screening_passed",
        ),
        step("screen_again", "ready", "screening", ["ig_officer"], "Check the application again."),
        step(
            "put_to_committee", "ready", "with_committee", ["committee_secretary"],
            "Put the application to the committee.", "assessment_settled",
        ),
        step(
            "ask_applicant", "with_committee", "queried_by_committee", RECORDERS,
            "Pass the committee's question on to the applicant.",
        ),
        step(
            "answer", "queried_by_committee", "with_committee", WRITERS,
            "Send the answers.", "something_answered",
        ),
        step(
            "ask_nothing", "queried_by_committee", "with_committee", MEMBERS,
            "Take back the last question that the applicant has.", "nothing_asked",
        ),
        step(
            "record_approval", "with_committee", "approved", RECORDERS,
            "Record that the committee said yes.", "decision_yes",
        ),
        step(
            "record_request", "with_committee", "to_be_revised", RECORDERS,
            "Record that the committee asked for a changed application.", "decision_again",
        ),
        step(
            "record_rejection", "with_committee", "rejected", RECORDERS,
            "Record that the committee said no.", "decision_no",
        ),
        step(
            "send", "to_be_revised", "sent", ["applicant"],
            "Send the changed application.", "may_be_sent",
        ),
        step(
            "appeal", "rejected", "under_appeal", ["applicant"],
            "Appeal against the decision.", "within_appeal_time",
        ),
        step("accept_decision", "rejected", "refused", ["applicant"], "Accept the decision."),
        step(
            "end_appeal_time", "rejected", "refused", ["system"],
            "The time to appeal has passed.", "appeal_time_over",
        ),
        step(
            "uphold_appeal", "under_appeal", "ready", ["caldicott_guardian", "siro"],
            "Uphold the appeal: the committee decides again.", "heard_by_others",
        ),
        step(
            "dismiss_appeal", "under_appeal", "refused", ["caldicott_guardian", "siro"],
            "Dismiss the appeal.", "heard_by_others",
        ),
        step(
            "take_appeal_back", "under_appeal", "refused", ["applicant"], "Take the appeal back."
        ),
        from_each(
            "withdraw", _BEFORE_DECISION, "withdrawn", ["applicant"], "Take the application back."
        ),
        from_each(
            "lapse", ("queried", "queried_by_committee", "to_be_revised"), "lapsed", ["system"],
            "No answer came in the time that the rules give.", "answer_overdue",
        ),
    ),
)  # fmt: skip
