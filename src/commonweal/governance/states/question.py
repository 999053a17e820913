"""A question that a member of the committee asks with one click: "I do not understand this"."""

from __future__ import annotations

from commonweal.governance.states.machine import from_each, machine, step
from commonweal.governance.states.parties import MEMBERS

QUESTION = machine(
    "question",
    "question",
    states=(
        ("asked", "custodian", "A member has asked; the hospital answers or passes it on."),
        ("with_applicant", "applicant", "The applicant has been asked for the answer."),
        ("answered", "committee", "There is an answer."),
        ("settled", "nobody", "The member who asked is content with the answer."),
        ("taken_back", "nobody", "The member took the question back."),
    ),
    steps=(
        step("pass_on", "asked", "with_applicant", ["ig_officer", "committee_secretary"],
             "Pass the question on to the applicant."),
        step("answer", "asked", "answered",
             ["ig_officer", "data_manager", "dpo", "committee_secretary", "committee_chair"],
             "Answer the question.", "something_answered"),
        step("answer", "with_applicant", "answered", ["applicant", "co_applicant"],
             "Answer the question.", "something_answered"),
        step("settle", "answered", "settled", MEMBERS, "Say that the answer will do.",
             "own_question"),
        step("ask_again", "answered", "asked", MEMBERS, "Ask again.", "own_question"),
        from_each("take_back", ("asked", "with_applicant", "answered"), "taken_back", MEMBERS,
                  "Take the question back.", "own_question"),
    ),
)  # fmt: skip
