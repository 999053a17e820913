"""A text for the public that somebody of the hospital writes, and a second person publishes (S22).

Who wrote it never publishes it. What was published is never changed: it is taken down with a
reason that everybody can read, and written anew.
"""

from __future__ import annotations

from commonweal.governance.roles import RoleName
from commonweal.governance.states.machine import from_each, machine, step

WRITERS: list[RoleName] = [
    "ig_officer", "data_manager", "committee_secretary", "information_asset_owner",
    "caldicott_guardian", "dpo", "siro",
]  # fmt: skip
"""Who writes for the public, and who publishes what another of them wrote."""

NOTICE = machine(
    "notice",
    "text for the public",
    states=(
        ("draft", "custodian", "The text is being written."),
        ("offered", "custodian", "A second person looks at the text."),
        ("published", "custodian", "Everybody can read the text."),
        ("taken_down", "nobody", "The text was taken down; everybody can read why."),
        ("dropped", "nobody", "The text was dropped before anybody outside read it."),
    ),
    steps=(
        step("offer", "draft", "offered", WRITERS, "Give it to a second person.",
             "nothing_stops_text"),
        step("send_back", "offered", "draft", WRITERS, "Send it back to its writer."),
        step("publish", "offered", "published", WRITERS, "Publish it.", "second_person_looked"),
        step("take_down", "published", "taken_down", WRITERS, "Take it down.",
             "reasons_published"),
        from_each("drop", ("draft", "offered"), "dropped", WRITERS, "Drop it."),
    ),
)  # fmt: skip
