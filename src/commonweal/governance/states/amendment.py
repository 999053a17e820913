"""A change to an approved project, and its renewal.

Small changes, by a published list, are decided by information governance; everything else goes to
the committee. A change takes effect only when a newer permit replaces the old one.
"""

from __future__ import annotations

from commonweal.governance.states.machine import (
    Owner,
    StateMachine,
    Transition,
    from_each,
    machine,
    step,
)
from commonweal.governance.states.parties import RECORDERS, WRITERS

_OPEN = ("draft", "sent", "queried", "with_committee", "queried_by_committee", "agreed")


def _states(what: str) -> tuple[tuple[str, Owner, str], ...]:
    return (
        ("draft", "applicant", f"The {what} is being written."),
        ("sent", "custodian", f"The {what} has arrived and is being checked."),
        ("queried", "applicant", "The hospital has asked the applicant something."),
        ("with_committee", "committee", f"The committee has the {what}."),
        ("queried_by_committee", "applicant", "The committee has asked the applicant something."),
        ("agreed", "system", f"The {what} is agreed; the papers are being signed."),
        ("in_force", "nobody", f"The {what} is in force under a newer permit."),
        ("refused", "nobody", f"The {what} was refused; the permit goes on as it was."),
        ("withdrawn", "nobody", f"The {what} was taken back, or the project ended first."),
    )


def _steps(what: str) -> tuple[Transition | tuple[Transition, ...], ...]:
    return (
        step("send", "draft", "sent", ["applicant"], f"Send the {what}.", "may_be_sent"),
        step("ask_applicant", "sent", "queried", ["ig_officer"], "Ask the applicant a question."),
        step("answer", "queried", "sent", WRITERS, "Send the answers.", "something_answered"),
        step("put_to_committee", "sent", "with_committee", ["ig_officer", "committee_secretary"],
             "Put it to the committee.", "screening_passed"),
        step("ask_applicant", "with_committee", "queried_by_committee", RECORDERS,
             "Pass the committee's question on to the applicant."),
        step("answer", "queried_by_committee", "with_committee", WRITERS, "Send the answers.",
             "something_answered"),
        step("record_approval", "with_committee", "agreed", RECORDERS,
             "Record that the committee said yes.", "decision_yes"),
        step("record_request", "with_committee", "draft", RECORDERS,
             "Record that the committee asked for a change.", "decision_again"),
        step("record_rejection", "with_committee", "refused", RECORDERS,
             "Record that the committee said no.", "decision_no"),
        step("take_effect", "agreed", "in_force", ["system"],
             "A newer permit has replaced the old one.", "signer_agreed"),
        step("record_refusal", "agreed", "refused", ["system"],
             "An officer refused to countersign.", "ledger_says_so"),
        from_each("withdraw", _OPEN, "withdrawn", ["applicant"], "Take it back."),
        from_each("end", _OPEN, "withdrawn", ["system"], "The project has ended.",
                  "ledger_says_so"),
    )  # fmt: skip


AMENDMENT: StateMachine = machine(
    "amendment",
    "change to a project",
    states=_states("change"),
    steps=(
        *_steps("change"),
        step("agree_small_change", "sent", "agreed", ["ig_officer"],
             "Agree a change that the rules call small.", "minor_change"),
    ),
)  # fmt: skip

RENEWAL: StateMachine = machine(
    "renewal", "renewal", states=_states("renewal"), steps=_steps("renewal")
)
"""As a change, but never a small one: the committee sees every renewal."""
