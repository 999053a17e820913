"""The public register, written where the service can read it: `public/register.json`.

Made from the public log and the public parts of permits. It names no person, and holds nothing that
the public log and the register page may not show.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from commonweal.foundation.canonical import canonical
from commonweal.foundation.clock import stamp
from commonweal.foundation.files import make_private_folder, write_atomic
from commonweal.ledger.state import REVIEWED
from commonweal.papers.permit import Permit
from commonweal.papers.register import Register
from commonweal.vault.custody.holding import Custody
from commonweal.vault.custody.kept_reviews import kept_review
from commonweal.vault.custody.lineage import kept_permits

PUBLIC = "public"
REGISTER = "register.json"

_HAPPENED: Mapping[str, str] = {
    "permit.issued": "issued",
    "permit.paused": "paused",
    "permit.suspended": "suspended",
    "permit.resumed": "resumed",
    "permit.superseded": "superseded",
    "permit.revoked": "revoked",
    "permit.closed": "closed",
    "permit.reviewed": "reviewed",
    "release.completed": "release_completed",
    "release.data_key_destroyed": "release_destroyed",
}


def publish_register(custody: Custody) -> Path:
    """Write the register as it is now; gives its place.

    Permits whose copy is not believed are left out, as they are everywhere. Raises what writing
    raises.
    """
    size, events = _events(custody)
    permits = {permit.id: permit for permit in kept_permits(custody)}
    entries = [
        _entry(permits[id_], happened) | _reviews(custody, id_, happened)
        for id_, happened in events.items()
        if id_ in permits
    ]
    plain = {
        "format": 1,
        "home": custody.home.id,
        "custodian": custody.trust.custodian,
        "made_at": stamp(custody.clock.now()),
        "public_size": size,
        "entries": entries,
    }
    register = Register.read(plain, "The register")
    register.check()
    folder = custody.home.path / PUBLIC
    make_private_folder(folder)
    write_atomic(folder / REGISTER, canonical(register.plain()) + b"\n")
    return folder / REGISTER


def _events(custody: Custody) -> tuple[int, dict[str, list[tuple[int, dict[str, Any]]]]]:
    """The size of the public log, and for each permit its entries there with their places."""
    found: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    with custody.ledger.reading() as connection:
        rows = connection.execute(
            "SELECT entry.idx, intent.type, intent.body FROM entry "
            "JOIN intent ON intent.id = entry.intent_id "
            "WHERE entry.log = 'public' ORDER BY entry.idx"
        )
        size = 0
        for index, kind, body in rows:
            size = index + 1
            if kind in _HAPPENED:
                entry = json.loads(body)
                found.setdefault(entry["permit"], []).append((index, entry))
    return size, found


def _reviews(
    custody: Custody, permit_id: str, happened: list[tuple[int, dict[str, Any]]]
) -> dict[str, Any]:
    """The day of the next yearly review, and what the public is told of those accepted."""
    due, found = None, []
    for _, entry in happened:
        if entry["type"] == REVIEWED and due is not None:
            found.append(
                {"due": due, "accepted_at": entry["at"], "review_hash": entry["review_hash"]}
                | _summary(custody, permit_id, due, entry["review_hash"])
            )
        if entry["type"] in ("permit.issued", REVIEWED):
            due = entry.get("review_by")
    return ({} if due is None else {"review_by": due}) | {"reviews": found}


def _summary(custody: Custody, permit_id: str, due: str, logged: str) -> dict[str, str]:
    # A file that is not what was logged is left out, and the page says that it is not there.
    review = kept_review(custody, permit_id, date.fromisoformat(due))
    if review is None or not hmac.compare_digest(review.public_hash(), logged):
        return {}
    return {"summary": review.summary}


def _entry(permit: Permit, happened: list[tuple[int, dict[str, Any]]]) -> dict[str, Any]:
    issued = next(entry for _, entry in happened if entry["type"] == "permit.issued")
    return {
        "permit": permit.public_projection(),
        "permit_hash": issued["permit_hash"],
        "active_from": issued["active_from"],
        "events": [
            {
                "what": _HAPPENED[entry["type"]],
                "at": entry["at"],
                "entry": index,
                **({"reason": entry["reason"]} if "reason" in entry else {}),
            }
            for index, entry in happened
        ],
    }
