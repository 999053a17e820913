"""A change to an approved project, and its renewal.

Small changes, by a published list, are decided by information governance; everything else goes to
the committee. A change takes effect only when a newer permit replaces the old one.
"""

from __future__ import annotations

from commonweal.governance.states.machine import (
    StateMachine,
    Transition,
    from_each,
    machine,
    step,
)

_WRITERS = ("applicant", "co_applicant")
_RECORDERS = ("committee_secretary", "committee_chair")


def _steps(what: str) -> tuple[Transition | tuple[Transition, ...], ...]:
    return (
        step("send", "draft", "sent", ["applicant"], f"Send the {what}.", "may_be_sent"),
        step("ask_applicant", "sent", "queried", ["ig_officer"], "Ask the applicant a question."),
        step("answer", "queried", "sent", _WRITERS, "Send the answers.", "something_answered"),
        step("put_to_committee", "sent", "with_committee", ["ig_officer", "committee_secretary"],
             "Put it to the committee.", "screening_passed"),
        step("ask_applicant", "with_committee", "queried_by_committee", _RECORDERS,
             "Pass the committee's question on to the applicant."),
        step("answer", "queried_by_committee", "with_committee", _WRITERS, "Send the answers.",
             "something_answered"),
        step("record_approval", "with_committee", "agreed", _RECORDERS,
             "Record that the committee said yes.", "decision_yes"),
        step("record_request", "with_committee", "draft", _RECORDERS,
             "Record that the committee asked for a change.", "decision_again"),
        step("record_rejection", "with_committee", "refused", _RECORDERS,
             "Record that the committee said no.", "decision_no"),
        step("take_effect", "agreed", "in_force", ["system"],
             "A newer permit has replaced the old one.", "signer_agreed"),
        from_each("withdraw",
                  ("draft", "sent", "queried", "with_committee", "queried_by_committee", "agreed"),
                  "withdrawn", ["applicant"], "Take it back."),
        from_each("end", ("draft", "sent", "queried", "with_committee", "queried_by_committee",
                          "agreed"),
                  "withdrawn", ["system"], "The project has ended.", "ledger_says_so"),
    )  # fmt: skip


def _states(what: str) -> tuple[tuple[str, str], ...]:
    return (
        ("draft", f"The {what} is being written."),
        ("sent", f"The {what} has arrived and is being checked."),
        ("queried", "The hospital has asked the applicant something."),
        ("with_committee", f"The committee has the {what}."),
        ("queried_by_committee", "The committee has asked the applicant something."),
        ("agreed", f"The {what} is agreed; the papers are being signed."),
        ("in_force", f"The {what} is in force under a newer permit."),
        ("refused", f"The {what} was refused; the permit goes on as it was."),
        ("withdrawn", f"The {what} was taken back, or the project ended first."),
    )
