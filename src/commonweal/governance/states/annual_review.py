"""The yearly review of a project (CAG: within 12 months of the support letter, and each year).

A review that is overdue pauses new work; it does not end the project by itself (P7).
"""

from __future__ import annotations

from commonweal.governance.states.machine import from_each, machine, step
from commonweal.governance.states.parties import WRITERS

ANNUAL_REVIEW = machine(
    "annual_review",
    "yearly review",
    states=(
        ("not_yet_due", "system", "The yearly review is not due yet."),
        ("due", "applicant", "The yearly review is due."),
        ("overdue", "applicant", "The yearly review is overdue: no new work may start."),
        ("sent", "custodian", "The yearly review has arrived and is being read."),
        ("queried", "applicant", "The hospital has asked the applicant something."),
        ("with_committee", "committee", "The committee is looking at the yearly review."),
        ("accepted", "nobody", "The yearly review is accepted; the next one is dated."),
        ("ended", "nobody", "The project ended before its yearly review."),
    ),
    steps=(
        step("fall_due", "not_yet_due", "due", ["system"], "It is time for the yearly review.",
             "time_has_come"),
        step("run_over", "due", "overdue", ["system"], "The time for the review has passed.",
             "time_has_come"),
        from_each("send", ("not_yet_due", "due", "overdue"), "sent", WRITERS,
                  "Send the yearly review.", "may_be_sent"),
        step("ask_applicant", "sent", "queried", ["ig_officer"], "Ask the applicant a question."),
        step("answer", "queried", "sent", WRITERS, "Send the answers.", "something_answered"),
        step("put_to_committee", "sent", "with_committee", ["ig_officer", "committee_secretary"],
             "Put the review to the committee."),
        step("return", "with_committee", "sent", ["committee_chair", "committee_secretary"],
             "Give the review back with the committee's advice."),
        step("accept", "sent", "accepted", ["ig_officer"], "Accept the yearly review."),
        from_each("end", ("not_yet_due", "due", "overdue", "sent", "queried", "with_committee"),
                  "ended", ["system"], "The project has ended.", "ledger_says_so"),
    ),
)  # fmt: skip
