"""The register in plain words, as of now."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from django.conf import settings

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.clock import parse_stamp
from commonweal.foundation.errors import CommonwealError
from commonweal.foundation.files import read_bytes
from commonweal.foundation.london import london_day
from commonweal.ledger.state import Newer, counts_instead, end_of_day
from commonweal.papers.forms import Form
from commonweal.papers.register import Register, RegisterEntry
from commonweal.papers.sentences import ACTION_WORDS, PURPOSE_WORDS
from commonweal.web.config.jinja import day, moment

FILE = Path("public") / "register.json"
MAX_BYTES = 64 * 1024 * 1024

Stage = Literal["planned", "active", "paused", "ended"]
STAGES: tuple[tuple[Stage, str, str, str], ...] = (
    ("planned", "Planned", "blue", "People can still say no."),
    ("active", "Active", "green", "The project may use data now."),
    ("paused", "Paused", "yellow", "Nothing new may be done until it goes on."),
    ("ended", "Ended", "grey", "The project may not use data any more."),
)
WORDS = {stage: (name, colour, sentence) for stage, name, colour, sentence in STAGES}

KINDS: dict[str, str] = {
    "nhs_body": "NHS organisation",
    "custodian": "this hospital's own team",
    "government": "government department",
    "local_authority": "council",
    "other": "another kind of organisation",
}
"""Kinds of organisations whose word on paper is not what people say."""
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
_UNSEEN = frozenset({"Cf", "Cs"})
"""Kinds of characters that are left out when something is looked for: they show nothing."""
_AFTER: dict[str, Stage] = {"paused": "paused", "suspended": "paused", "superseded": "ended",
                            "revoked": "ended", "closed": "ended"}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """An entry as lists need it: in what words it is found, and what stage its events leave.

    `replaced`: from when on a newer permit counts in its place.
    """

    entry: RegisterEntry
    text: str
    left_in: Stage
    until: date
    replaced: datetime | None

    def stage(self, now: datetime) -> Stage:
        """Where the project stands now."""
        return _stage(self.entry, self.left_in, self.until, self.replaced, now)


@dataclass(frozen=True)
class _Held:
    """A register with what is worked out of it once for each file."""

    register: Register
    by_id: dict[str, RegisterEntry]
    newer: dict[str, list[Newer]]
    lines: tuple[Line, ...]
    seen: tuple[int, int, int]
    kept: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Whole:
    """A register with its indexes, for what is worked out of all of it once for each file.

    `newer`: by a permit's id, the ids of those that replace it, in the order of the register.
    `seen`: the identity of the file. `kept`: what other modules worked out of this very file, by
    their own names; it goes when the file does.
    """

    register: Register
    by_id: Mapping[str, RegisterEntry]
    newer: Mapping[str, Sequence[str]]
    lines: tuple[Line, ...]
    seen: tuple[int, int, int]
    kept: dict[str, Any]


def whole_or_none() -> Whole | None:
    """The register and its indexes, or None before there is one. Raises CW-WEB-REGISTER."""
    held = _held_or_none()
    if held is None:
        return None
    if "whole" not in held.kept:
        newer = {older: [one.permit_id for one in found] for older, found in held.newer.items()}
        held.kept["whole"] = Whole(
            held.register, held.by_id, newer, held.lines, held.seen, held.kept
        )
    found: Whole = held.kept["whole"]
    return found


def register_or_none() -> Register | None:
    """The register of this home, checked, or None before there is one. Raises CW-WEB-REGISTER."""
    held = _held_or_none()
    return None if held is None else held.register


def lines() -> tuple[Line, ...]:
    """The entries in their order, as lists need them; none before there is a register."""
    held = _held_or_none()
    return () if held is None else held.lines


def entry_or_none(permit: str) -> RegisterEntry | None:
    """The entry of a permit, or None. Raises CW-WEB-REGISTER."""
    held = _held_or_none()
    return None if held is None else held.by_id.get(permit)


def title_of(permit: str) -> str:
    """What the project of a permit is called, as the register has it; empty where it cannot tell.

    For pages that name a project beside other things: they have its id to show instead.
    """
    try:
        entry = entry_or_none(permit)
    except CommonwealError:
        return ""
    return "" if entry is None else str(entry.permit["project"]["title"])


def register_file() -> Path:
    """Where the register lies."""
    return Path(settings.ENVIRONMENT.home / FILE)


def _held_or_none() -> _Held | None:
    path = register_file()
    try:
        seen = path.stat()
    except FileNotFoundError:
        return None
    return _held(path, (seen.st_ino, seen.st_size, seen.st_mtime_ns))


@lru_cache(maxsize=2)
def _held(path: Path, seen: tuple[int, int, int]) -> _Held:
    # The file is replaced as a whole, so these three numbers stand for its content.
    content = read_bytes(path, "The register", limit=MAX_BYTES)
    register = Register.read(parse_json(content, "The register"), "The register")
    register.check()
    # Of two entries of one name the first counts, as it does for whoever reads from the top.
    by_id = {entry.id: entry for entry in reversed(register.entries)}
    newer = _newer(register)
    lines = tuple(_line(one, newer) for one in register.entries)
    return _Held(register, by_id, newer, lines, seen)


def _line(entry: RegisterEntry, newer: dict[str, list[Newer]]) -> Line:
    permit = entry.permit
    said = (permit["project"]["title"], permit["project"]["lay_summary"],
            permit["organisation"]["name"], entry.id)  # fmt: skip
    until = date.fromisoformat(str(permit["until"]))
    replaced = counts_instead(entry.id, newer)
    return Line(entry, folded(" ".join(said)), _left_in(entry), until, replaced)


def folded(text: str) -> str:
    """Text as it is searched: in one case and one form, without characters that nobody sees."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    if not plain.isascii():
        plain = "".join(one for one in plain if unicodedata.category(one) not in _UNSEEN)
    return " ".join(plain.split())


def replaced_at(permit_id: str) -> datetime | None:
    """From when on a newer permit counts in the place of this one, as the ledger has it."""
    held = _held_or_none()
    return None if held is None else counts_instead(permit_id, held.newer)


def _newer(register: Register) -> dict[str, list[Newer]]:
    """By the permit that is replaced, what was issued in its place."""
    found: dict[str, list[Newer]] = {}
    for one in register.entries:
        older = one.permit.get("supersedes")
        if older is not None:
            ended = next((e.at for e in one.events if e.what in ("revoked", "closed")), None)
            found.setdefault(str(older), []).append(Newer(one.id, one.active_from, ended))
    return found


def stage_of(entry: RegisterEntry, now: datetime) -> Stage:
    """Where a project stands now: what happened last, and what time has done since."""
    until = date.fromisoformat(str(entry.permit["until"]))
    return _stage(entry, _left_in(entry), until, replaced_at(entry.id), now)


def _left_in(entry: RegisterEntry) -> Stage:
    """The stage in which its events leave it, whatever time has done since."""
    stage: Stage = "active"
    for event in entry.events:
        stage = _AFTER.get(event.what, "active" if event.what == "resumed" else stage)
    return stage


def _stage(
    entry: RegisterEntry, left_in: Stage, until: date, replaced: datetime | None, now: datetime
) -> Stage:
    if left_in != "ended" and london_day(now) > until:
        return "ended"
    if replaced is not None and replaced <= now:
        return "ended"
    if left_in == "active" and now < entry.active_from:
        return "planned"
    return "paused" if left_in == "active" and is_review_late(entry, now) else left_in


def is_review_late(entry: RegisterEntry, now: datetime) -> bool:
    """True once the day of the yearly review has passed: the machines stop by the same rule."""
    due = entry.review_by
    return due is not None and now >= end_of_day(due.isoformat())


def project_shown(entry: RegisterEntry, now: datetime) -> dict[str, Any]:
    """One project as pages and the API show it."""
    permit = entry.permit
    stage = stage_of(entry, now)
    name, colour, sentence = WORDS[stage]
    said_no = _say_no_before(permit, now) if stage == "planned" else None
    return {
        "id": entry.id,
        "title": permit["project"]["title"],
        "summary": permit["project"]["lay_summary"],
        "organisation": permit["organisation"]["name"],
        "organisation_kind": kind_in_words(str(permit["organisation"]["kind"])),
        "controllers": [one["name"] for one in permit["controllers"]],
        "stage": stage,
        "stage_name": name,
        "colour": colour,
        "stage_sentence": sentence,
        "say_no_before": said_no,
        "from": date.fromisoformat(str(permit["from"])),
        "until": date.fromisoformat(str(permit["until"])),
        "purposes": [PURPOSE_WORDS[one] for one in permit["purposes"]],
        "direct": permit.get("authority") == "direct",
        "hash": entry.permit_hash,
    }


def kind_in_words(kind: str) -> str:
    """A kind of organisation as people say it."""
    return KINDS.get(kind, kind.replace("_", " "))


def _say_no_before(permit: Mapping[str, Any], now: datetime) -> datetime | None:
    """Until when a no is in time for the very first release; None once that has passed."""
    said = permit.get("say_no_until")
    until = parse_stamp(said) if said else None
    return until if until is not None and until > now else None


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
