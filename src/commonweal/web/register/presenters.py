"""The register in plain words, as of now."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from django.conf import settings

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.clock import parse_stamp
from commonweal.foundation.files import read_bytes
from commonweal.foundation.london import london_day
from commonweal.ledger.state import Newer, counts_instead, end_of_day
from commonweal.papers.forms import Form
from commonweal.papers.register import Register, RegisterEntry
from commonweal.papers.sentences import ACTION_WORDS, PURPOSE_WORDS
from commonweal.web.config import clock
from commonweal.web.config.jinja import day, moment

FILE = Path("public") / "register.json"
_MAX_BYTES = 64 * 1024 * 1024

Stage = Literal["planned", "active", "paused", "ended"]
STAGES: tuple[tuple[Stage, str, str, str], ...] = (
    ("planned", "Planned", "blue", "People can still say no."),
    ("active", "Active", "green", "The project may use data now."),
    ("paused", "Paused", "yellow", "Nothing new may be done until it goes on."),
    ("ended", "Ended", "grey", "The project may not use data any more."),
)
WORDS = {stage: (name, colour, sentence) for stage, name, colour, sentence in STAGES}

HAPPENED: dict[str, str] = {
    "issued": "The permit was signed and announced",
    "paused": "The project was paused",
    "suspended": "All work was stopped",
    "resumed": "Work may go on",
    "superseded": "A newer permit took its place",
    "revoked": "The permit was taken back",
    "closed": "The project ended",
    "reviewed": "The yearly review was accepted",
    "release_completed": "Data were made ready for the project",
    "release_destroyed": "Data of the project were made unreadable",
}
REASONS: dict[str, str] = {
    "request_of_controller": "The hospital asked for it.",
    "guardian_decision": "The Caldicott Guardian decided it.",
    "incident": "Something went wrong.",
    "support_lapsed": "The legal support for it ran out.",
    "security_assurance_lapsed": "The security check of an organisation ran out.",
    "choices_stale": "People's choices could not be checked.",
    "agreement_ended": "The agreement ended.",
    "condition_broken": "A condition was broken.",
    "legal_order": "A court or the law asked for it.",
    "restored_from_backup": "The system was brought back from a copy.",
}
_AFTER: dict[str, Stage] = {"paused": "paused", "suspended": "paused", "superseded": "ended",
                            "revoked": "ended", "closed": "ended"}  # fmt: skip


def register_or_none() -> Register | None:
    """The register of this home, checked, or None before there is one. Raises CW-WEB-REGISTER."""
    path = settings.ENVIRONMENT.home / FILE
    try:
        seen = path.stat()
    except FileNotFoundError:
        return None
    return _register(path, (seen.st_ino, seen.st_size, seen.st_mtime_ns))


@lru_cache(maxsize=2)
def _register(path: Path, seen: tuple[int, int, int]) -> Register:
    # The file is replaced as a whole, so these three numbers stand for its content.
    del seen
    content = read_bytes(path, "The register", limit=_MAX_BYTES)
    register = Register.read(parse_json(content, "The register"), "The register")
    register.check()
    return register


def replaced_at(permit_id: str) -> datetime | None:
    """From when on a newer permit counts in the place of this one, as the ledger has it."""
    path = settings.ENVIRONMENT.home / FILE
    try:
        seen = path.stat()
    except FileNotFoundError:
        return None
    return counts_instead(permit_id, _newer(path, (seen.st_ino, seen.st_size, seen.st_mtime_ns)))


@lru_cache(maxsize=2)
def _newer(path: Path, seen: tuple[int, int, int]) -> dict[str, list[Newer]]:
    """By the permit that is replaced, what was issued in its place."""
    found: dict[str, list[Newer]] = {}
    for one in _register(path, seen).entries:
        older = one.permit.get("supersedes")
        if older is not None:
            ended = next((e.at for e in one.events if e.what in ("revoked", "closed")), None)
            found.setdefault(str(older), []).append(Newer(one.id, one.active_from, ended))
    return found


def stage_of(entry: RegisterEntry, now: datetime) -> Stage:
    """Where a project stands now: what happened last, and what time has done since."""
    stage: Stage = "active"
    for event in entry.events:
        stage = _AFTER.get(event.what, "active" if event.what == "resumed" else stage)
    until = date.fromisoformat(str(entry.permit["until"]))
    if stage != "ended" and london_day(now) > until:
        return "ended"
    replaced = replaced_at(entry.id)
    if replaced is not None and replaced <= now:
        return "ended"
    if stage == "active" and now < entry.active_from:
        return "planned"
    return "paused" if stage == "active" and is_review_late(entry, now) else stage


def is_review_late(entry: RegisterEntry, now: datetime) -> bool:
    """True once the day of the yearly review has passed: the machines stop by the same rule."""
    due = entry.review_by
    return due is not None and now >= end_of_day(due.isoformat())


@dataclass(frozen=True)
class Counts:
    """How many projects stand where."""

    planned: int
    active: int
    ended: int


def counts_or_none() -> Counts | None:
    """The figures for the first page, or None."""
    register = register_or_none()
    if register is None or not register.entries:
        return None
    now = clock.now()
    found = Counter(stage_of(entry, now) for entry in register.entries)
    return Counts(found["planned"], found["active"] + found["paused"], found["ended"])


def project_shown(entry: RegisterEntry, now: datetime) -> dict[str, Any]:
    """One project as pages and the API show it."""
    permit = entry.permit
    stage = stage_of(entry, now)
    name, colour, sentence = WORDS[stage]
    said_no = permit.get("say_no_until")
    return {
        "id": entry.id,
        "title": permit["project"]["title"],
        "summary": permit["project"]["lay_summary"],
        "organisation": permit["organisation"]["name"],
        "organisation_kind": str(permit["organisation"]["kind"]).replace("_", " "),
        "controllers": [one["name"] for one in permit["controllers"]],
        "stage": stage,
        "stage_name": name,
        "colour": colour,
        "stage_sentence": sentence,
        "say_no_before": parse_stamp(said_no) if stage == "planned" and said_no else None,
        "from": date.fromisoformat(str(permit["from"])),
        "until": date.fromisoformat(str(permit["until"])),
        "purposes": [PURPOSE_WORDS[one] for one in permit["purposes"]],
        "direct": permit.get("authority") == "direct",
        "hash": entry.permit_hash,
    }


def project_page(entry: RegisterEntry, now: datetime) -> dict[str, Any]:
    """Everything that the page of one project shows."""
    permit = entry.permit
    return {
        "project": project_shown(entry, now),
        "work": [ACTION_WORDS[one] for one in permit["processing"]],
        "tables": [
            {"name": table["table"], "variables": [_variable(v) for v in table["variables"]]}
            for dataset in permit["data"]
            for table in dataset["tables"]
        ],
        "steps": [
            {
                "when": moment(event.at),
                "machine": event.at.isoformat(),
                "title": HAPPENED[event.what],
                "text": REASONS.get(event.reason or "", ""),
            }
            for event in entry.events
        ],
        "first": day(entry.events[0].at),
        "yearly": yearly(entry, now),
    }


def yearly(entry: RegisterEntry, now: datetime) -> dict[str, Any] | None:
    """Where the yearly review stands, and what the project told in earlier ones; newest first."""
    if entry.review_by is None:
        return None
    return {
        "says": None if stage_of(entry, now) == "ended" else _says(entry, entry.review_by, now),
        "told": [
            {
                "year": day(one.due),
                "accepted": day(london_day(one.accepted_at)),
                "summary": one.summary,
            }
            for one in reversed(entry.reviews)
        ],
    }


def _says(entry: RegisterEntry, due: date, now: datetime) -> str:
    if is_review_late(entry, now):
        return f"Late since {day(due)}: no new work may start until it is accepted."
    if now.date() >= due - lead():
        return f"Due: it must be accepted by {day(due)}."
    if entry.reviews:
        accepted = day(london_day(entry.reviews[-1].accepted_at))
        return f"Accepted on {accepted}. The next one must be accepted by {day(due)}."
    return f"The first one must be accepted by {day(due)}."


def lead() -> timedelta:
    """How long before its day a review counts as due."""
    return timedelta(weeks=settings.ENVIRONMENT.review_lead_weeks)


def _variable(variable: dict[str, Any]) -> dict[str, str]:
    return {"name": variable["variable"], "form": Form.parse(variable["form"]).sentence}


def shown_projects(register: Register, stages: set[str], words: str) -> list[dict[str, Any]]:
    """The projects that fit, newest first."""
    now = clock.now()
    wanted = words.casefold().split()
    found = []
    for entry in reversed(register.entries):
        shown = project_shown(entry, now)
        text = f"{shown['title']} {shown['summary']} {shown['organisation']} {entry.id}".casefold()
        if (not stages or shown["stage"] in stages) and all(word in text for word in wanted):
            found.append(shown)
    return found
