"""The events of outputs as the ledger holds them, with their details opened."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from commonweal.foundation.clock import parse_stamp
from commonweal.ledger.details import open_details

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
    rows = connection.execute(
        "SELECT intent.id, type, body, created_at, key_id, ciphertext FROM intent "
        "LEFT JOIN detail ON intent_id = intent.id "
        "WHERE intent.id > ? AND type >= 'output.' AND type < 'output/' "
        "AND (? IS NULL OR json_extract(CAST(body AS TEXT), '$.output') = ?) ORDER BY intent.id",
        (after, output, output),
    ).fetchall()
    found, keys = [], dict[str, bytes]()
    for intent, type_, body, at, key, ciphertext in rows:
        entry = json.loads(body)
        details: Mapping[str, Any] = {}
        if ciphertext is not None:
            if key not in keys:
                keys[key] = key_of(key)
            details = open_details(ciphertext, key, keys[key], entry["details"])
        found.append(
            OutputEvent(
                type_, entry["output"], entry["permit"], entry, parse_stamp(at), intent, details
            )
        )
    return tuple(found)


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
