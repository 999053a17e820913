"""Where outputs stand, for the hospital's lists and pages; no finding is in here (S6).

Before people have decided, nothing here hangs on anybody's vote.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from commonweal.governance.states.output import OUTPUT
from commonweal.web.config import clock
from commonweal.web.outputs.models import RECALL, Output, OutputOrder
from commonweal.web.outputs.policies import JUDGED, LEFT
from commonweal.web.outputs.presenters_review import GRADE_WORDS, KIND_WORDS
from commonweal.web.outputs.presenters_votes import review_shown
from commonweal.web.outputs.reviewing import Case, fetched_by, votes_on
from commonweal.web.register.presenters import title_of

STATE_WORDS: dict[str, tuple[str, str]] = {
    "draft": ("Draft", "grey"),
    "submitted": ("Submitted", "blue"),
    "checking": ("Being checked", "blue"),
    "blocked": ("Blocked", "red"),
    "failed": ("Checks broke off", "red"),
    "in_review": ("Waits for two people", "blue"),
    "consolidating": ("People disagree", "orange"),
    "returned": ("Sent back", "orange"),
    "approved": ("Approved", "green"),
    "releasing": ("About to leave", "green"),
    "released": ("Has left", "green"),
    "recalled": ("Recalled", "red"),
    "rejected": ("May not leave", "red"),
    "withdrawn": ("Taken back", "grey"),
    "expired": ("Time is over", "grey"),
}
OWNER_WORDS = {
    "applicant": "its author",
    "custodian": "people who check outputs",
    "system": "the airlock",
    "nobody": "nobody: this has ended",
}


def state_shown(output: Output) -> dict[str, str]:
    """The state of an output as a tag and a sentence."""
    name, colour = STATE_WORDS[output.state]
    return {"name": name, "colour": colour, "sentence": OUTPUT.sentences[output.state]}


def standing_shown(output: Output) -> dict[str, Any]:
    """What every page of one output says of it."""
    return {
        "output": output.reference,
        "project": output.project,
        "project_title": title_of(output.permit),
        "permit": output.permit,
        "state": state_shown(output),
        "whose_turn": _whose(output),
        "waits": waiting_words(output),
        "since": output.waits_since if output.state in JUDGED else None,
        "ended_at": output.ended_at,
        "expires_at": output.expires_at,
    }


def line_shown(output: Output, own: str | None = None, *, out: bool = False) -> dict[str, Any]:
    """One output in a list. `own`: the reader's own verdict; `out`: they have an interest."""
    said = ""
    if out:
        said = "You said that you have an interest, so you do not judge it."
    elif own is not None:
        said = "You have judged it."
    return standing_shown(output) | {"title": output.title, "said": said}


def _whose(output: Output) -> str:
    # A released output can be recalled, which is no turn of anybody's.
    return OWNER_WORDS["nobody" if output.state in LEFT else OUTPUT.owner(output.state)]


def waiting_words(output: Output) -> str:
    """How long an output waits for people, in words; empty where it does not."""
    if output.state not in JUDGED or output.waits_since is None:
        return ""
    return _span((clock.now() - output.waits_since).total_seconds() / 86_400)


def median_words(days: float | None) -> str:
    """The median of waiting times in words; empty where nothing was decided."""
    return "" if days is None else _span(days)


def _span(days: float) -> str:
    if days < 1:
        hours = int(days * 24)
        return "less than an hour" if hours < 1 else _count(hours, "hour")
    return _count(int(days), "day")


def _count(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def decided_shown(output: Output, digest: str | None = None) -> list[dict[str, Any]]:
    """Who judged a turn and how, once people have decided; nothing before. The newest turn, or the
    earlier one with this digest."""
    return [
        {"name": act.person.name, "at": act.heard_at, **review_shown(review)}
        for act, review in votes_on(output, digest)
    ]


def left_shown(output: Output, *, tell_downloads: bool) -> dict[str, Any] | None:
    """What left, and what came of it. `tell_downloads`: who had it when it was recalled."""
    if output.state not in LEFT:
        return None
    public = output.public or {}
    return {
        "files": [
            (one["path"], KIND_WORDS[one["kind"]], GRADE_WORDS[one["grade"]])
            for one in output.leaving()
        ],
        "rules": public.get("profile", ""),
        "left_at": output.ended_at if output.state == "released" else None,
        "recall": output.recall,
        "recalled": _recalled(output, tell_downloads=tell_downloads),
    }


def _recalled(output: Output, *, tell_downloads: bool) -> dict[str, Any] | None:
    """Who recalled it, and who had it by then, as the airlock answered."""
    order = (
        OutputOrder.objects.filter(kind=RECALL, output=output.reference)
        .select_related("asked_by")
        .defer("content")
        .last()
    )
    if order is None:
        return None
    at: datetime | None = order.ended_at
    return {
        "by": order.asked_by.name,
        "at": at,
        "state": order.state,
        "sentence": order.sentence,
        "fetched": fetched_by(output) if tell_downloads else None,
    }


def earlier_turn(case: Case) -> list[dict[str, Any]]:
    """What people said of the turn before, which came back."""
    previous = case.manifest.previous
    return [] if previous is None else decided_shown(case.output, previous)
