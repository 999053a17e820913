"""Files on their way in, and what is in, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from commonweal.papers.act_table import fingerprint
from commonweal.papers.ingress import MOST_NAMES
from commonweal.web.dummies.presenters import size_shown
from commonweal.web.ingress.models import DECIDED, SENT, Brought, IngressOrder, Offering
from commonweal.web.orders import OPEN, QUEUED
from commonweal.web.register.presenters import title_of

STATE_WORDS: Mapping[str, tuple[str, str, str]] = {
    "sent": ("Being looked at", "blue", "The file is read in a closed room."),
    "scanned": ("Waits for a signature", "yellow", "Whoever sent it signs that they bring it in."),
    "offered": ("Waits for a second person", "yellow", "A data manager decides on it."),
    "approved": ("Coming in", "blue", "It was approved, and is looked at once more."),
    "in": ("In", "green", "Studies may use it."),
    "unfit": ("Cannot come in", "red", "Something in it does not fit. The file was removed."),
    "refused": ("Refused", "red", "A data manager refused it. The file was removed."),
    "taken_back": ("Taken back", "grey", "Whoever sent it took it back. The file was removed."),
    "lapsed": ("Ended", "grey", "Nobody signed in time. The file was removed."),
    "failed": ("Did not come in", "red", "It was approved, but did not come in. It was removed."),
}
_UNDER_WAY = (SENT, "approved")
"""States in which a worker has something to do with a file."""
KIND_WORDS: Mapping[str, str] = {
    "reference": "A table",
    "weights": "Weights of a model",
    "package": "A Python package",
}
NAMES_WORDS: Mapping[str, str] = {
    "reference": "Columns",
    "weights": "Parts of the model (tensors)",
    "package": "Files in the package",
}


def line_shown(row: Offering) -> dict[str, Any]:
    """One file in a list."""
    name, colour, sentence = STATE_WORDS[row.state]
    return {
        "reference": row.reference,
        "name": row.name,
        "kind": KIND_WORDS.get(row.kind, row.kind),
        "about": row.about,
        "permit": row.permit,
        "project_title": title_of(row.permit) if row.permit else "",
        "state": name,
        "colour": colour,
        "sentence": sentence,
        "sent_at": row.sent_at,
    }


def offering_shown(row: Offering, order: IngressOrder | None, now: datetime) -> dict[str, Any]:
    """One file as its own page shows it."""
    return line_shown(row) | {
        "licence": row.licence,
        "size": size_shown(row.size),
        "bytes": row.size,
        "sha256": row.sha256.removeprefix("sha256:"),
        "found": row.found,
        "names": list(row.names),
        "names_words": NAMES_WORDS.get(row.kind, "Names"),
        "most_names": MOST_NAMES,
        "brought_by": row.brought_by.name,
        "decided_by": "" if row.decided_by is None else row.decided_by.name,
        "reasons": row.reasons,
        "fingerprint": fingerprint(row.digest) if row.digest else "",
        "code": row.code,
        "why": row.sentence,
        "over": row.state in DECIDED,
        "where": _where(order, now),
        "busy": row.state in _UNDER_WAY and order is not None and order.state in OPEN,
        "unscanned": row.state == SENT,
    }


def brought_shown(row: Brought) -> dict[str, Any]:
    """Something that is in."""
    return {
        "name": row.name,
        "kind": KIND_WORDS.get(row.kind, row.kind),
        "licence": row.licence,
        "about": row.about,
        "size": size_shown(row.size),
        "sha256": row.sha256.removeprefix("sha256:"),
        "found": row.found,
        "came_at": row.came_at,
        "typed": not row.offer,
    }


def _where(order: IngressOrder | None, now: datetime) -> str:
    if order is None or order.state not in OPEN:
        return ""
    if order.state == QUEUED:
        return "It waits for the worker."
    if order.is_left(now):
        return "The worker that was at it has stopped answering. The next worker begins again."
    return "The worker is at it."
