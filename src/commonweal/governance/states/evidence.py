"""A document that an application needs: handed in, found safe to open, checked by a person."""

from __future__ import annotations

from commonweal.governance.states.machine import from_each, machine, step
from commonweal.governance.states.parties import WRITERS

EVIDENCE = machine(
    "evidence",
    "document",
    states=(
        ("wanted", "applicant", "The document is wanted."),
        ("scanning", "system", "The document is being looked at for hidden dangers."),
        ("unsafe", "applicant", "The document was not safe to open; another is needed."),
        ("to_check", "custodian", "The document waits for a person to check it."),
        ("not_accepted", "applicant", ("The document does not show what it must; another is "
         "needed.")),
        ("checked", "system", "A person has checked the document."),
        ("run_out", "applicant", "The document has run out; a newer one is needed."),
        ("not_wanted", "nobody", "The document is not needed any more."),
    ),
    steps=(
        from_each("hand_in", ("wanted", "unsafe", "not_accepted", "run_out"), "scanning",
                  WRITERS, "Hand the document in."),
        step("find_safe", "scanning", "to_check", ["system"],
             "The document is safe to open.", "document_safe"),
        step("find_unsafe", "scanning", "unsafe", ["system"],
             "The document is not safe to open.", "document_unsafe"),
        step("accept", "to_check", "checked", ["ig_officer"],
             "Say that the document shows what it must.", "somebody_else"),
        step("refuse", "to_check", "not_accepted", ["ig_officer"],
             "Say what the document does not show."),
        step("replace", "to_check", "scanning", WRITERS, "Hand in a newer document."),
        step("replace", "checked", "scanning", WRITERS, "Hand in a newer document."),
        step("run_out", "checked", "run_out", ["system"],
             "The document has passed its date.", "out_of_date"),
        step("check_again", "checked", "to_check", ["ig_officer"],
             "Look at the document again."),
        from_each("excuse", ("wanted", "unsafe", "to_check", "not_accepted", "checked",
                             "run_out"),
                  "not_wanted", ["ig_officer"], "Say that the document is not needed."),
    ),
)  # fmt: skip
