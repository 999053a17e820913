"""The events of outputs, and of publications made elsewhere, with their details opened."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from commonweal.foundation.clock import parse_stamp
from commonweal.ledger.details import open_details, verify_commitment

CHECK_BEGUN = "outputs.check_begun"


@dataclass(frozen=True)
class OutputEvent:
    """An event `output.*`: fields of its entry (with `actor`), and its details, opened."""

    type: str
    output: str
    permit: str
    fields: Mapping[str, Any]
    at: datetime
    intent: int
    details: Mapping[str, Any]


def output_events(
    connection: sqlite3.Connection,
    key_of: Callable[[str], bytes],
    output: str | None = None,
    after: int = 0,
) -> tuple[OutputEvent, ...]:
    """Every event of an output, in the order of the ledger.

    `output`: only of this one. `after`: only what was written after this intent. `key_of`: the key
    of sealed details by its id. Raises `Fault` CW-LEDGER-DETAIL-INVALID.
    """
    return tuple(
        OutputEvent(
            type_, entry["output"], entry["permit"], entry, parse_stamp(at), intent, details
        )
        for intent, type_, at, entry, details in _opened(
            connection, "output", key_of, output, after
        )
    )


def imported_publications(
    connection: sqlite3.Connection, key_of: Callable[[str], bytes]
) -> dict[str, str]:
    """The manifest hash of each publication that was brought into the history, by its name.

    Raises as `output_events`; `Fault` CW-LEDGER-DETAIL-INVALID where an entry commits to another.
    """
    found = {}
    for _, _, _, entry, details in _opened(connection, "publication", key_of):
        if details:  # else they were erased: what is in the history is all that is known
            manifest = str(details["manifest"])
            salt = bytes.fromhex(str(details["salt"]))
            verify_commitment(salt, manifest.encode(), entry["manifest"])
            found[str(entry["output"])] = manifest
    return found


_Row = tuple[int, str, str, dict[str, Any], Mapping[str, Any]]
"""Intent, type, time, entry and opened details of an event."""


def _opened(
    connection: sqlite3.Connection,
    family: str,
    key_of: Callable[[str], bytes],
    output: str | None = None,
    after: int = 0,
) -> Iterator[_Row]:
    """Every event whose type begins with `family` and a dot, in the order of the ledger.

    output, after: as for `output_events`.
    """
    rows = connection.execute(
        "SELECT intent.id, type, body, created_at, key_id, ciphertext FROM intent "
        "LEFT JOIN detail ON intent_id = intent.id "
        "WHERE intent.id > ? AND type >= ? AND type < ? "
        "AND (? IS NULL OR json_extract(CAST(body AS TEXT), '$.output') = ?) ORDER BY intent.id",
        (after, f"{family}.", f"{family}/", output, output),
    ).fetchall()
    keys = dict[str, bytes]()
    for intent, type_, body, at, key, ciphertext in rows:
        entry = json.loads(body)
        details: Mapping[str, Any] = {}
        if ciphertext is not None:
            if key not in keys:
                keys[key] = key_of(key)
            details = open_details(ciphertext, key, keys[key], entry["details"])
        yield intent, type_, at, entry, details


def checks_begun(connection: sqlite3.Connection, project: str, since: datetime) -> tuple[str, ...]:
    """The ids of a project's checks of outputs that were begun at `since` or later.

    Reads from the newest entry back to `since`: times never go back on a ledger.
    """
    rows = connection.execute("SELECT type, body, created_at FROM intent ORDER BY id DESC")
    found = []
    for type_, body, at in rows:
        if parse_stamp(at) < since:
            break
        if type_ != CHECK_BEGUN:
            continue
        entry = json.loads(body)
        if entry["project"] == project:
            found.append(str(entry["check"]))
    return tuple(found)
