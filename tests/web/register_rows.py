"""A register of as many entries as a test or a benchmark wants, in the file's own form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from commonweal.foundation.canonical import canonical, digest
from commonweal.papers.permit import PermitDraft
from tests import factories

KINDS = ("university", "nhs_body", "charity", "company")
PURPOSES = ("research", "ai_train", "public_health", "service_planning", "ai_test")
_SHOWN = ("permit", "version", "organisation", "controllers", "purposes", "processing",
          "delivery", "from", "until", "data", "project")  # fmt: skip


def entries(count: int) -> list[dict[str, Any]]:
    """Plain entries, each with its own title, kind, purpose, year and events on the log."""
    base = PermitDraft.read(factories.draft_data(), "The draft").plain()
    same = {name: base[name] for name in _SHOWN}
    return [_entry(same, number) for number in range(count)]


def _entry(same: dict[str, Any], number: int) -> dict[str, Any]:
    year = 2020 + number % 8
    since = f"{year}-03-02T09:00:00.000Z"
    permit = same | {
        "id": f"many-{number}",
        "organisation": {"name": f"Institute {number % 97}", "kind": KINDS[number % 4]},
        "purposes": [PURPOSES[number % 5]],
        "processing": ["table"],
        "from": f"{year}-04-01",
        "until": f"{year + 2}-03-31",
        "authority": "committee",
        "issued_at": since,
        "say_no_until": f"{year}-03-30T09:00:00.000Z",
        "project": {
            "id": f"many-{number}", "title": f"Study {number} of breath and sleep",
            "lay_summary": f"We want to learn more about illness {number % 311}. " * 8,
        },
    }  # fmt: skip
    reviews = [] if number % 10 else [
        {"due": f"{year + 1}-03-02", "accepted_at": f"{year + 1}-02-20T09:00:00.000Z",
         "review_hash": digest(number)}
    ]  # fmt: skip
    return {
        "permit": permit,
        "permit_hash": digest(permit),
        "active_from": f"{year}-04-01T00:00:00.000Z",
        "events": [{"what": "issued", "at": since, "entry": number}],
        "reviews": reviews,
        "outputs": [],
    }


def write(path: Path, rows: list[dict[str, Any]], home: str = "test-home") -> Path:
    """A register of these entries."""
    plain = {
        "format": 1, "home": home, "custodian": "Wharfedale Hospital",
        "made_at": "2026-03-02T09:00:00.000Z", "public_size": 1_000_000, "entries": rows,
    }  # fmt: skip
    path.write_bytes(canonical(plain) + b"\n")
    return path
