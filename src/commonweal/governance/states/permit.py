"""The life of a permit as people see it.

`papers/permit_state.py` and the ledger are the truth of a permit's state. This table adds who may
take each step and in which words it is told; a test holds the two together, state by state and
step by step. `EVENTS` names the steps that the ledger writes down; the others are time passing.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from commonweal.governance.states.machine import from_each, machine, step
from commonweal.governance.states.parties import OFFICERS, STOPPERS
from commonweal.papers.permit_state import SENTENCES, Event

EVENTS: Mapping[str, Event] = MappingProxyType(
    {
        "issue": "issue",
        "pause": "pause",
        "suspend": "suspend",
        "resume": "resume",
        "supersede": "supersede",
        "revoke": "revoke",
        "close": "close",
    }
)
"""Steps of this machine that are events of a permit."""

PERMIT = machine(
    "permit",
    "permit",
    states=(
        ("drafted", "system", SENTENCES["drafted"]),
        ("announced", "system", SENTENCES["announced"]),
        ("active", "system", SENTENCES["active"]),
        ("paused", "custodian", SENTENCES["paused"]),
        ("suspended", "officers", SENTENCES["suspended"]),
        ("superseded", "nobody", SENTENCES["superseded"]),
        ("revoked", "nobody", SENTENCES["revoked"]),
        ("closed", "nobody", SENTENCES["closed"]),
        ("expired", "custodian", SENTENCES["expired"]),
    ),
    steps=(
        step("issue", "drafted", "announced", ["system"],
             "The signer has checked everything and signed the permit.", "signer_agreed"),
        step("begin", "announced", "active", ["system"],
             "The time to say no has passed.", "time_has_come"),
        step("pause", "active", "paused", [*STOPPERS, "data_manager", "system"],
             "Let no new work start; running work ends by itself.", "reasons_published"),
        from_each("suspend", ("announced", "active", "paused"), "suspended",
                  [*STOPPERS, "system"], "Stop all work at once.", "reasons_published"),
        step("resume", "paused", "active", OFFICERS, "Let the work go on.", "cause_removed"),
        step("resume", "suspended", "active", OFFICERS, "Let the work go on.", "cause_removed"),
        from_each("supersede", ("announced", "active", "paused", "suspended"), "superseded",
                  ["system"], "A newer permit has been signed.", "signer_agreed"),
        from_each("revoke", ("announced", "active", "paused", "suspended", "expired"), "revoked",
                  OFFICERS, "Take the permit back for good.", "reasons_published"),
        from_each("close", ("announced", "active", "paused", "suspended", "expired"), "closed",
                  [*OFFICERS, "ig_officer"], "End the project; no work is possible afterwards."),
        from_each("run_out", ("announced", "active", "paused", "suspended"), "expired",
                  ["system"], "The last day has passed.", "time_has_come"),
    ),
)  # fmt: skip
