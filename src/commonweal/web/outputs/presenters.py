"""Outputs as their authors' pages show them: nothing of what was found (S6).

While people look, all states are one to the author: how many have judged, and whether they agree,
is nothing that a page may tell.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from commonweal.papers.job import quarter_after
from commonweal.papers.rule_words import REASON_HELP
from commonweal.web.config import clock
from commonweal.web.orders import DONE, OPEN
from commonweal.web.outputs.models import Output, OutputOrder
from commonweal.web.register.presenters import title_of

_NAMES: dict[str, tuple[str, str]] = {
    "draft": ("Ready to sign", "blue"),
    "in_review": ("Two people are looking", "yellow"),
    "approved": ("About to leave", "green"),
    "released": ("Has left", "green"),
    "recalled": ("Recalled", "red"),
    "returned": ("Came back to you", "orange"),
    "rejected": ("May not leave", "red"),
    "withdrawn": ("Taken back", "grey"),
    "expired": ("Out of time", "grey"),
}
_SENTENCES: dict[str, str] = {
    "draft": "It was checked, and nobody can change it now. Sign it, and two people look at it.",
    "in_review": "Two people look at it, each by themselves. You hear what they decide, and "
    "nothing before both have.",
    "approved": "Two people said that it may leave. Every file is checked once more, and then it "
    "leaves.",
    "released": "It has left the hospital. The people of your project can download it.",
    "recalled": "It should not have left. Nobody can download it any more. If you have a copy, do "
    "not use it, and delete it.",
    "returned": "It may not leave as it is. Read why, change your study or your words, and ask "
    "again.",
    "rejected": "Two people decided that it may not leave.",
    "withdrawn": "It was taken back before it left.",
    "expired": "Its time, or that of its permit, ran out before it left.",
}
_RETURNED_MONTH = (
    "This month may not leave as it is. Read why. What is in it, the layout says: on the page of "
    "the layout you can leave this month out, or end the layout and ask for another one. A data "
    "manager can have the month made again."
)
_RETURNED_NOISE = "It may not leave as it is. Read why, and ask again in other words."
_SAME = {
    "consolidating": "in_review", "submitted": "in_review", "checking": "in_review",
    "releasing": "approved", "blocked": "returned", "failed": "in_review",
}  # fmt: skip
"""States that are one to the author."""
AGAIN_WORDS = {
    "stale": "Another output left meanwhile, so this one has to be checked again with it.",
    "changed": "A file was not the one that was submitted, so it has to be checked again.",
}


def state_shown(row: Output, *, month: bool = False) -> dict[str, str]:
    """The state as a tag and a sentence. `month`: it is a month of a standing output."""
    state = _SAME.get(row.state, row.state)
    name, colour = _NAMES[state]
    sentence = _SENTENCES[state]
    if state == "returned" and not row.job:  # no study made it that could be changed
        sentence = _RETURNED_MONTH if month else _RETURNED_NOISE
    return {"name": name, "colour": colour, "sentence": sentence}


def replaced_shown(row: Output) -> str:
    """What its author can do where a newer permit counts and it has not left; else empty."""
    if not row.is_replaced or row.state in ("released", "recalled", "rejected", "withdrawn"):
        return ""
    then = "Run your study again under the newer permit, and ask for its files there."
    if not row.job:
        then = "Ask for it again under the newer permit."
    return (
        f"A newer permit, {row.living}, has replaced the one that you asked under. Nothing more "
        f"leaves under the older one. {then}"
    )


def line(row: Output) -> dict[str, Any]:
    """An output in a list."""
    return {
        "reference": row.reference, "title": row.title, "project": row.project,
        "project_title": title_of(row.permit),
        "state": state_shown(row), "turn": row.turn,
    }  # fmt: skip


def told_shown(row: Output) -> dict[str, Any] | None:
    """What people decided, once they have: reasons by file, and their words. Never who."""
    if row.told is None or row.state in ("draft", "in_review", "consolidating"):
        return None
    reasons = [
        {"file": one["file"] or "The whole output", "says": one["says"],
         "help": REASON_HELP.get(one.get("reason", ""), "")}
        for one in row.told["reasons"]
    ]  # fmt: skip
    again = AGAIN_WORDS.get(row.told["outcome"], "")
    if not (reasons or row.told["words"] or again):
        return None
    return {"reasons": reasons, "words": row.told["words"], "again": again}


def check_shown(order: OutputOrder | None) -> dict[str, Any] | None:
    """The newest check of an output: that it runs, or why it came to nothing; else None."""
    if order is None or order.state == DONE:
        return None
    if order.state in OPEN:
        return {"open": True, "asked_at": order.asked_at, "next": _next(clock.now())}
    return {
        "open": False, "code": order.code, "sentence": order.sentence,
        "ended_at": order.ended_at,
    }  # fmt: skip


def _next(now: datetime) -> datetime:
    """When something can be told at the earliest: what was told at this moment is told already."""
    return quarter_after(now)


def download_shown(order: OutputOrder | None, now: datetime) -> dict[str, Any] | None:
    """The newest download of this person: waiting, ready until a time, or why it failed."""
    if order is None:
        return None
    if order.state in OPEN:
        return {"open": True, "ready": False, "sentence": ""}
    if order.state != DONE:
        return {"open": False, "ready": False, "sentence": order.sentence, "code": order.code}
    if order.goes_at is None or order.goes_at <= now:
        return None
    return {"open": False, "ready": True, "until": order.goes_at, "order": order.pk,
            "sentence": ""}  # fmt: skip
