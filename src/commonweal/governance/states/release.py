"""A release on its way: planned, built, measured, signed off by a second person, released.

Whoever planned a release cannot sign it off. A crash while it is being built leads back to the
plan, with nothing released. When the permit stops allowing work, an unfinished release ends.
"""

from __future__ import annotations

from commonweal.governance.states.machine import from_each, machine, step
from commonweal.governance.states.parties import SIGNING_OFF

_UNFINISHED = ("planned", "building", "built", "measured", "sent_back", "signed_off")

RELEASE = machine(
    "release",
    "release",
    states=(
        ("planned", "custodian", "The release is planned."),
        ("building", "system", "The release is being built."),
        ("built", "system", "The release is built; its risks are being measured."),
        ("measured", "custodian", "The risks are measured; a second person signs off next."),
        ("sent_back", "custodian", "The second person has sent the release back."),
        ("signed_off", "system", "The release is signed off and is being finished."),
        ("released", "nobody", "The data are ready for the project."),
        ("abandoned", "nobody", "The release was given up; nothing was released."),
    ),
    steps=(
        step("build", "planned", "building", ["data_manager"], "Build the release.",
             "plan_within_permit"),
        step("finish_building", "building", "built", ["system"], "The release is built.",
             "ledger_says_so"),
        step("break_off", "building", "planned", ["system"],
             "The building was cut off; nothing is left of it."),
        step("measure", "built", "measured", ["system"], "The risks are measured.",
             "within_limits"),
        step("miss_limits", "built", "sent_back", ["system"],
             "A measured risk is over its limit."),
        step("sign_off", "measured", "signed_off", SIGNING_OFF,
             "Sign the release off as the second person.", "somebody_else"),
        step("stand", "measured", "released", ["system"],
             "Made again by the same recipe: what was signed off before stands.",
             "ledger_says_so"),
        step("send_back", "measured", "sent_back", SIGNING_OFF,
             "Send the release back with a reason.", "somebody_else"),
        step("plan_again", "sent_back", "planned", ["data_manager"], "Plan the release again."),
        step("release", "signed_off", "released", ["system"], "Make the data ready.",
             "ledger_says_so"),
        from_each("give_up", ("planned", "sent_back", "measured"), "abandoned", ["data_manager"],
                  "Give the release up."),
        from_each("end", _UNFINISHED, "abandoned", ["system"],
                  "The permit does not allow the work any more.", "permit_not_live"),
    ),
)  # fmt: skip
