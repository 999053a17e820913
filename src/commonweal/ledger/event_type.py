"""What an event type is, and the words and fields that several of them share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from commonweal.foundation.roles import PERSON_ROLES
from commonweal.ledger.fields import Field

Log = Literal["public", "sealed"]
LOGS: tuple[Log, ...] = ("public", "sealed")

PermitState = Literal[
    "announced", "active", "paused", "suspended", "superseded", "revoked", "closed", "expired"
]
TERMINAL: frozenset[str] = frozenset({"superseded", "revoked", "closed"})

ROLES = (
    *PERSON_ROLES,
    "committee",
    "custodian",
    "researcher",
    "reviewer",
    "signer",
    "system",
)
"""Who can act. On the public log this is all that is said about the actor."""


PURPOSES = (
    "permit_signing",
    "status_signing",
    "manifest_signing",
    "ledger_checkpoint",
    "person_signing",
    "project",
    "audit",
    "sieve",
    "release_data",
    "details",
    "output_data",
    "backup",
    "membership",
    "person_orders",
)
"""What keys are for."""

ACCOUNT_ROLES = PERSON_ROLES
"""The roles that an account of the service can hold."""

STOP_REASONS = (
    "request_of_controller",
    "guardian_decision",
    "incident",
    "support_lapsed",
    "security_assurance_lapsed",
    "choices_stale",
    "agreement_ended",
    "condition_broken",
    "legal_order",
    "restored_from_backup",
)


@dataclass(frozen=True)
class EventType:
    """One row of the table.

    `state`: what the event makes of its permit. `live`: the states its permit must be in when the
    event is written; the store checks that by itself. `also_paused`: a field and its word with
    which a paused permit counts too, beside those of `live`. `own`: written by the ledger only.
    """

    name: str
    log: Log
    says: str
    fields: Mapping[str, Field]
    state: PermitState | None = None
    live: tuple[PermitState, ...] = ()
    own: bool = False
    also_paused: tuple[str, str] | None = None

    def live_for(self, fields: Mapping[str, Any]) -> tuple[PermitState, ...]:
        """The states in which its permit must be when an event with these fields is written."""
        if self.also_paused is not None and fields.get(self.also_paused[0]) == self.also_paused[1]:
            return (*self.live, "paused")
        return self.live


def word(*words: str, required: bool = True) -> Field:
    """A field that holds one of these words."""
    return Field("one_of", required, words)


PERMIT = Field("permit")
RELEASE = Field("release")
OUTPUT = Field("output")
KEY = Field("key")
AUTHORISATION = Field("authorisation")
HASHED = Field("hash")
APPLICATION = Field("application")
DECISION = Field("decision")
COMMITTED = Field("commitment")
ROUTE = word("committee", "proportionate", "chair", "small_change")
CONSIDERED = word("application", "amendment", "renewal")
WHY = word(*STOP_REASONS, required=False)


def optional(kind: str) -> Field:
    """A field of this kind that may be missing."""
    return Field(kind, required=False)
