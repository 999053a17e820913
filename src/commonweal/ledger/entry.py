"""Events, and the canonical bytes that stand for them on a log.

An entry is one flat JSON object in RFC 8785 form: `v` (1), `type`, `at`, `role`, on the sealed log
also `actor`, the fields of its type, and where there are sealed details (S10) `details`, their
commitment, and `details_key`, the id of the key that opens them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from commonweal.foundation.canonical import canonical
from commonweal.foundation.clock import stamp
from commonweal.ledger.events import (
    RESERVED,
    ROLES,
    EventType,
    check_fields,
    event_type,
    invalid,
)
from commonweal.ledger.fields import KINDS

VERSION = 1
MAX_BYTES = 8192
_WHOLE_HOUR = ":00:00.000Z"


@dataclass(frozen=True)
class Actor:
    """Who acts: a role of `events.ROLES`, and the id of the person or service.

    The id is left out of public entries.
    """

    role: str
    id: str = "system"

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise invalid(f"The role of an actor must be one of {', '.join(ROLES)}.")
        if not KINDS["actor"][0](self.id):
            raise invalid("The id of an actor must be a machine-readable name.")


@dataclass(frozen=True)
class Event:
    """Something that happened, checked against the closed list when it is made.

    Raises `Fault` CW-LEDGER-EVENT-INVALID. The time is set by the ledger when it is written.
    """

    type: str
    actor: Actor
    fields: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", MappingProxyType(dict(self.fields)))
        check_fields(self.definition, self.fields)

    @property
    def definition(self) -> EventType:
        """The row of the table of event types."""
        return event_type(self.type)

    @property
    def permit(self) -> str | None:
        """The permit the event is about, if it is about one."""
        found = self.fields.get("permit")
        return found if isinstance(found, str) else None


def shown_time(definition: EventType, stamped: str) -> str:
    """A stamped time as the event's log shows it: as it is, or on the public log the hour (S9)."""
    if definition.log == "public":
        return stamped[: -len(_WHOLE_HOUR)] + _WHOLE_HOUR
    return stamped


def entry_bytes(event: Event, at: datetime, details: tuple[str, str] | None = None) -> bytes:
    """The canonical bytes of the entry for `event` at `at`.

    `details`: the commitment to sealed details and the id of the key that opens them.
    """
    definition = event.definition
    entry: dict[str, Any] = {
        "v": VERSION,
        "type": event.type,
        "at": shown_time(definition, stamp(at)),
        "role": event.actor.role,
        **event.fields,
    }
    if definition.log == "sealed":
        entry["actor"] = event.actor.id
    if details is not None:
        entry["details"], entry["details_key"] = details
    return canonical(entry)


def intent_hash(created_at: str, body: bytes) -> bytes:
    """The hash in an intent's row: over its exact time, which a public entry hides, and its body.

    It shows damage. What shows forgery is the tree.
    """
    return hashlib.sha256(created_at.encode() + b"\n" + body).digest()


def _refuse(_: str) -> Any:
    raise ValueError("only whole numbers are written in entries")


_FLAT = frozenset({str, int})
# Made once: verification reads millions of entries.
_decode = json.JSONDecoder(parse_float=_refuse, parse_constant=_refuse).decode
_encode = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
).encode


def read_entry(body: bytes) -> dict[str, Any]:
    """The entry that `body` holds, after every check that needs nothing but the table.

    Raises `Fault` CW-LEDGER-EVENT-INVALID: not JSON, not canonical, unknown type or field.
    """
    if len(body) > MAX_BYTES:
        raise invalid("An entry is larger than an entry can be.")
    try:
        entry = _decode(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise invalid("An entry is not valid JSON.") from error
    if not isinstance(entry, dict) or not _FLAT.issuperset(map(type, entry.values())):
        raise invalid("An entry is not one flat JSON object.")
    # For flat objects of text and whole numbers this writes the same bytes as RFC 8785, twenty
    # times faster; a test holds the two together. A key named twice does not come back either.
    if _written(entry) != body:
        raise invalid("An entry is not in canonical form.")
    _check_frame(entry)
    return entry


def _written(entry: dict[str, Any]) -> bytes:
    try:
        return _encode(entry).encode("utf-8")
    except ValueError as error:
        raise invalid("An entry holds text that cannot be written.") from error


def _check_frame(entry: dict[str, Any]) -> None:
    definition = event_type(entry.get("type"))
    version = entry.get("v")
    if type(version) is not int or version != VERSION:
        raise invalid("An entry has an unknown version.")
    if entry.get("role") not in ROLES:
        raise invalid("An entry does not say who acted.")
    at = entry.get("at")
    if not isinstance(at, str) or not KINDS["moment"][0](at):
        raise invalid("An entry does not say when it was made.")
    if definition.log == "public" and not at.endswith(_WHOLE_HOUR):
        raise invalid("An entry has a time that its log does not show.")
    if (definition.log == "sealed") is not ("actor" in entry):
        raise invalid("An entry names its actor on the wrong log.")
    if "actor" in entry and not KINDS["actor"][0](entry["actor"]):
        raise invalid("An entry has a wrong actor.")
    if "details" in entry and not KINDS["commitment"][0](entry["details"]):
        raise invalid("An entry has a wrong commitment to its details.")
    # Without it, whoever changed the key's id in the row of the details would hide them unseen.
    if ("details" in entry) is not ("details_key" in entry):
        raise invalid("An entry does not say which key opens its details.")
    if "details_key" in entry and not KINDS["key"][0](entry["details_key"]):
        raise invalid("An entry has a wrong id of the key of its details.")
    check_fields(definition, {k: v for k, v in entry.items() if k not in RESERVED})
