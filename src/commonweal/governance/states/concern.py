"""A concern that anybody raised, and what came of it.

The clock runs from the day on which it came. Source: UK GDPR and the Data (Use and Access) Act 2025
(a controller makes complaints easy, says within 30 days that one came, and looks into it without
delay); the days are a setting. Who is not content can go to the Information Commissioner.
"""

from __future__ import annotations

from commonweal.governance.roles import RoleName
from commonweal.governance.states.machine import from_each, machine, step

ANSWERING: list[RoleName] = ["ig_officer", "dpo", "caldicott_guardian"]
"""Who looks into concerns."""

CONCERN = machine(
    "concern",
    "concern",
    states=(
        ("received", "custodian", "We have your concern. Nobody has begun to look into it."),
        ("looked_into", "custodian", "Somebody is looking into your concern."),
        ("answered", "nobody", "Your concern was answered."),
        ("withdrawn", "nobody", "The concern was taken back."),
    ),
    steps=(
        step("take_up", "received", "looked_into", ANSWERING, "Look into it."),
        step("answer", "looked_into", "answered", ANSWERING, "Answer it.", "outcome_written"),
        from_each("withdraw", ("received", "looked_into"), "withdrawn", ["public"],
                  "Take it back."),
    ),
)  # fmt: skip
