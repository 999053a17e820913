"""The closed list of what can be written on a ledger, as one table of data.

Two logs share the code (decision S9). On the `public` log anyone can read: it holds decisions,
permits and releases, says only the role that acted, and the hour. The `sealed` log holds the rest,
with the actor's id and the millisecond. Which log an event goes to is a column of this table, so
nobody chooses it at the moment of writing.

There is no field for free text: every field has a kind with a strict form. A hash of something
that is not itself public is only written as a salted commitment (S10, `details.py`). The
reference page `docs/reference/ledger-events.md` is generated from `TYPES`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from commonweal.foundation.errors import Fault
from commonweal.ledger.event_rows.data import ABOUT_DATA
from commonweal.ledger.event_rows.decisions import ABOUT_DECISIONS
from commonweal.ledger.event_rows.leaving import ABOUT_LEAVING
from commonweal.ledger.event_rows.people import ABOUT_PEOPLE
from commonweal.ledger.event_rows.public import ABOUT_PUBLIC
from commonweal.ledger.event_type import (
    ACCOUNT_ROLES,
    LOGS,
    PURPOSES,
    ROLES,
    TERMINAL,
    EventType,
    Log,
    PermitState,
)
from commonweal.ledger.fields import KINDS

__all__ = [
    "ACCOUNT_ROLES",
    "LOGS",
    "PURPOSES",
    "RESERVED",
    "ROLES",
    "TERMINAL",
    "TYPES",
    "EventType",
    "Log",
    "PermitState",
    "check_fields",
    "event_type",
    "invalid",
]

_TABLE = (*ABOUT_DATA, *ABOUT_DECISIONS, *ABOUT_PEOPLE, *ABOUT_PUBLIC, *ABOUT_LEAVING)

TYPES: Mapping[str, EventType] = MappingProxyType({row.name: row for row in _TABLE})
"""Every event type by its name."""

RESERVED = frozenset({"v", "type", "at", "actor", "role", "details", "details_key"})
"""Keys of an entry that are not fields of its event."""


def invalid(sentence: str) -> Fault:
    """The error for an event that does not fit the table."""
    return Fault("CW-LEDGER-EVENT-INVALID", sentence)


def event_type(name: object) -> EventType:
    """The row called `name`. Raises `Fault` CW-LEDGER-EVENT-INVALID."""
    found = TYPES.get(name) if isinstance(name, str) else None
    if found is None:
        raise invalid("The event is not in the closed list of event types.")
    return found


def check_fields(definition: EventType, fields: Mapping[str, Any]) -> None:
    """Refuse fields that are missing, unknown or of the wrong form; values are not repeated.

    Raises `Fault` CW-LEDGER-EVENT-INVALID.
    """
    for name, field in definition.fields.items():
        if name not in fields:
            if field.required:
                raise invalid(f"The event {definition.name} needs the field {name}.")
            continue
        value = fields[name]
        accepts, wanted = KINDS[field.kind]
        if not accepts(value) or (field.words and value not in field.words):
            wanted = f"one of {', '.join(field.words)}" if field.words else wanted
            raise invalid(f"The field {name} of the event {definition.name} must be {wanted}.")
    if not fields.keys() <= definition.fields.keys():
        raise invalid(f"The event {definition.name} has a field that is not in its list.")
