"""What is owed when the work under a permit has ended: destruction, and a certificate of it.

It begins when a permit is closed, revoked or expired, so nothing can be done with the data any
more by the time it is asked whether they are gone. A permit that was replaced owes nothing: the
newer one carries on. `seen_as` says what a page shows for both together.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from commonweal.governance.states.machine import from_each, machine, step
from commonweal.papers.permit_state import State

CLOSING = machine(
    "closing",
    "closing of the project",
    states=(
        ("owed", "applicant", ("The work has ended. The data must be destroyed, and a certificate "
         "sent.")),
        ("overdue", "applicant", "The certificate is overdue."),
        ("sent", "custodian", "The certificate has arrived and is being checked."),
        ("with_officers", "officers", "No certificate came; the officers decide what to do."),
        ("certified", "nobody", "The data are destroyed, and the certificate is accepted."),
        ("without_certificate", "nobody", ("The project ended without a certificate, and that is "
         "published.")),
    ),
    steps=(
        from_each("send_certificate", ("owed", "overdue", "with_officers"), "sent",
                  ["signatory_applicant", "applicant", "data_manager"],
                  "Send the certificate that every copy was destroyed.", "certificate_complete"),
        step("return", "sent", "owed", ["ig_officer"], "Send the certificate back."),
        step("accept", "sent", "certified", ["ig_officer", "information_asset_owner"],
             "Accept the certificate.", "somebody_else"),
        step("run_over", "owed", "overdue", ["system"], "The time for the certificate has passed.",
             "time_has_come"),
        step("tell_officers", "overdue", "with_officers", ["ig_officer", "system"],
             "Put it before the officers."),
        step("end_without", "with_officers", "without_certificate", ["siro"],
             "Record that no certificate will come.", "reasons_published"),
    ),
)  # fmt: skip

OWES: frozenset[State] = frozenset({"closed", "revoked", "expired"})
"""States of a permit after which destruction is owed."""

SEEN: Mapping[State, str] = MappingProxyType(
    {
        "drafted": "being prepared",
        "announced": "planned",
        "active": "active",
        "paused": "paused",
        "suspended": "stopped for now",
        "superseded": "replaced",
        "revoked": "taken back",
        "closed": "ended",
        "expired": "run out",
    }
)
"""One public word for each state of a permit (no two states share one)."""


def seen_as(permit: State, closing: str | None) -> str:
    """What the register shows for a project.

    `closing`: the state of the closing, or None where none has begun. Raises ValueError where the
    two cannot stand together.
    """
    if closing is None:
        return SEEN[permit]
    if closing not in CLOSING.states or permit not in OWES:
        raise ValueError("a project closes only after its permit has ended")
    return SEEN[permit] if closing in CLOSING.final else f"{SEEN[permit]}: closing"
