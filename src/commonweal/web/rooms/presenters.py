"""The rooms as the page shows them: what is old is not known, and that is never green."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from commonweal.foundation.codes import CODES
from commonweal.papers.register import RegisterEntry
from commonweal.web.register.presenters import register_or_none
from commonweal.web.releases.models import Held
from commonweal.web.releases.services import project_of
from commonweal.web.rooms.models import Room
from commonweal.web.rooms.queues import OTHER, Queue, Queues

SILENT = timedelta(minutes=2)
"""A worker says every twenty seconds that it lives; longer silence means that it may not."""
OLD = timedelta(minutes=15)
"""An examination is made every five minutes; an older one is not known any more."""
OLD_HOME = timedelta(minutes=5)
LONG_WAIT = timedelta(minutes=15)
PREFIX = "Sandbox, "

ROOM_WORDS: Mapping[str, tuple[str, str]] = {
    "signer": ("Signer", "It puts on the ledger what people signed, and signs permits."),
    "vault": ("Vault", "It holds the records, and makes releases and counts."),
    "enclave": ("Enclave", "It runs the studies of researchers."),
    "airlock": ("Airlock", "It checks results, and lets out what two people approved."),
}
STATES: Mapping[str, tuple[str, str]] = {
    "works": ("Works", "green"),
    "busy": ("Busy", "blue"),
    "unknown": ("Not known", "red"),
    "ok": ("Good", "green"),
    "warning": ("Look at this", "yellow"),
    "fault": ("Wrong", "red"),
}
GUARD_WORDS: Mapping[str, tuple[str, str]] = {
    "start": ("Shut off", "Code is started in a place of its own on this machine."),
    "user": ("No rights", "Code is an ordinary user, and cannot become another."),
    "network": ("No network", "Code cannot send anything out, or reach other programs."),
    "files": ("Only its files", "Code reads what it was given, and changes none of it."),
    "processes": ("Only its programs", "Code cannot see or stop other programs."),
    "system_calls": ("Few requests", "Code can ask the machine for a few things only."),
    "limits": ("Limits", "Code cannot use up memory, disk or open files."),
    "terminal": ("No keyboard", "Code cannot type into anybody's window."),
    "descriptors": ("Nothing left open", "Code does not get files that we had open."),
    "environment": ("No settings of ours", "Code does not see our settings, such as passwords."),
    "outputs": ("Results kept in memory", "What code leaves can be taken when it has ended."),
    "end": ("Can be stopped", "When code is stopped nothing of it goes on."),
    "cgroup": ("Limits as a whole", "All that one study starts is limited together."),
    "project_users": ("A user for each project", "Studies of two projects are two users."),
}
"""Each guard of the sandbox: a name, and what it is for."""
STOPPED: Mapping[str, str] = {
    "enclave": "Studies are not run",
    "airlock": "Results are not checked",
}


def rooms_shown(queues: Queues, now: datetime) -> list[dict[str, Any]]:
    """Every room, in the order in which data travel."""
    rows = {one.name: one for one in Room.objects.all()}
    return [_room(name, rows.get(name), queues.of(name), now) for name in ROOM_WORDS]


def other_shown(queues: Queues, now: datetime) -> dict[str, Any] | None:
    """Work that no room is known for; None where there is none."""
    queue = queues.of(OTHER)
    return _queue(queue, now) if queue.waits or queue.busy else None


def _room(name: str, row: Room | None, queue: Queue, now: datetime) -> dict[str, Any]:
    title, does = ROOM_WORDS[name]
    seen = None if row is None else row.seen_at
    state = state_of(seen, queue, now)
    return {
        "name": name,
        "title": title,
        "does": does,
        "state": _tag(state),
        "seen": "It has never been heard of." if seen is None else f"{ago(seen, now)}.",
        "silent": state == "unknown",
        "queue": _queue(queue, now),
        "checked": _checked(name, row, now),
    }


def state_of(seen: datetime | None, queue: Queue, now: datetime) -> str:
    """Whether a room works: by when it was last heard of, or by work whose lease is kept."""
    if is_fresh(seen, SILENT, now):
        return "works"
    return "busy" if queue.busy else "unknown"


def is_fresh(at: datetime | None, within: timedelta, now: datetime) -> bool:
    """True for a time that is not long ago. One that lies ahead is no more known than an old one;
    a minute of it is two clocks that differ a little."""
    return at is not None and -timedelta(minutes=1) <= now - at <= within


def _queue(queue: Queue, now: datetime) -> dict[str, Any]:
    longest = None if queue.oldest is None or not queue.waits else now - queue.oldest
    return {
        "waits": queue.waits,
        "busy": queue.busy,
        "left": queue.left,
        "longest": "" if longest is None else span(longest),
        "late": longest is not None and longest > LONG_WAIT,
    }


def _checked(name: str, row: Room | None, now: datetime) -> dict[str, Any] | None:
    """What an examination found; None for a room that is not examined."""
    if name == "signer":
        return None
    within = OLD_HOME if name == "vault" else OLD
    known = row is not None and is_fresh(row.checked_at, within, now)
    if row is None or not known:
        last = "" if row is None or row.checked_at is None else ago(row.checked_at, now)
        return {"known": False, "last": last, "lines": [], "stopped": None, "wrong": 0}
    lines = [_line(one) for one in row.findings]
    return {
        "known": True,
        "last": ago(row.checked_at, now),
        "lines": lines,
        "wrong": sum(one["bad"] for one in lines),
        "stopped": _stopped(name, row),
    }


def _stopped(name: str, row: Room) -> dict[str, str] | None:
    if not row.code:
        return None
    begins = STOPPED.get(name, "It does not work")
    return {"begins": begins, "sentence": row.sentence, "code": row.code, "remedy": row.remedy}


def _line(finding: Mapping[str, Any]) -> dict[str, Any]:
    """One finding; a state that nobody knows is not good."""
    name = str(finding.get("name", ""))
    guard = name.removeprefix(PREFIX)
    title, what_for = GUARD_WORDS.get(guard, (name, "")) if name != guard else (name, "")
    state = finding.get("state") if finding.get("state") in ("ok", "warning", "fault") else "fault"
    return {
        "name": name,
        "title": title,
        "for": what_for,
        "state": _tag(str(state)),
        "bad": state != "ok",
        "sentence": finding.get("sentence", ""),
        "remedy": finding.get("remedy") or "" if state != "ok" else "",
    }


def _tag(state: str) -> dict[str, str]:
    words, colour = STATES[state]
    return {"text": words, "classes": f"nhsuk-tag--{colour}"}


def ago(at: datetime, now: datetime) -> str:
    """How long ago something was, in words."""
    return "Just now" if now - at < timedelta(minutes=1) else f"{span(now - at)} ago"


def span(length: timedelta) -> str:
    """A length of time in words, rounded down."""
    minutes = max(int(length.total_seconds()), 0) // 60
    for size, word in ((24 * 60, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            count = minutes // size
            return f"{count} {word}" if count == 1 else f"{count} {word}s"
    return "less than a minute"


def held_rows(projects: frozenset[str]) -> list[dict[str, Any]]:
    """The permits whose studies wait for people to make a release, of the projects whose releases
    somebody sees; the empty name: all."""
    rows = list(Held.objects.all())
    named = {one.id: project_of(one) for one in _entries()} if "" not in projects else {}
    return [
        {"permit": one.permit, "why": CODES.get(one.code, ""), "code": one.code, "at": one.at}
        for one in rows
        if "" in projects or named.get(one.permit) in projects
    ]


def _entries() -> Sequence[RegisterEntry]:
    register = register_or_none()
    return () if register is None else register.entries
