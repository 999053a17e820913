"""The public register, written where the service can read it: `public/register.json`.

Made from the public log and the public parts of permits. It names no person, and holds nothing that
the public log and the register page may not show.
"""

from __future__ import annotations

import hmac
import json
from datetime import date
from pathlib import Path
from typing import Any

from commonweal.foundation.canonical import canonical, parse_json
from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import CommonwealError
from commonweal.foundation.files import make_private_folder, read_bytes, write_atomic
from commonweal.ledger import reading
from commonweal.papers.permit import Permit
from commonweal.papers.register import Register
from commonweal.papers.register_log import (
    HAPPENED,
    ISSUED,
    REVIEWED,
    SHOWN,
    Logged,
    by_permit,
    event_told,
    outputs_logged,
)
from commonweal.papers.register_outputs import RegisterOutput
from commonweal.vault.custody.holding import Custody
from commonweal.vault.custody.kept_reviews import kept_review
from commonweal.vault.custody.left_outputs import has_new_words, lacks_words, with_words
from commonweal.vault.custody.lineage import kept_permits

PUBLIC = "public"
REGISTER = "register.json"
_MOST_BYTES = 64 * 1024 * 1024


def publish_register(custody: Custody) -> Path:
    """Write the register as it is now; gives its place.

    Permits whose copy is not believed are left out, as they are everywhere. Raises what writing
    raises.
    """
    return _write(custody, _made(custody))


def _made(custody: Custody) -> Register:
    size, events = public_events(custody)
    permits = {permit.id: permit for permit in kept_permits(custody)}
    entries = [
        _entry(permits[id_], happened)
        | _reviews(custody, id_, happened)
        | _outputs(custody, permits[id_], happened)
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
    return register


def _write(custody: Custody, register: Register) -> Path:
    folder = custody.home.path / PUBLIC
    make_private_folder(folder)
    write_atomic(folder / REGISTER, canonical(register.plain()) + b"\n")
    return folder / REGISTER


def kept_register(custody: Custody) -> Register | None:
    """The register as it was written last, or None where there is none that can be believed."""
    path = custody.home.path / PUBLIC / REGISTER
    try:
        content = read_bytes(path, "The register", limit=_MOST_BYTES)
        register = Register.read(parse_json(content, "The register"), "The register")
        register.check()
    except CommonwealError:
        return None
    return register


class FollowRegister:
    """Write the register anew where it does not say what the log says, or words came since.

    Whatever wrote on the log, a page, a command or a worker that was cut off: the next look sees
    it, and so it is with a file that somebody changed or put back. A look at which nothing is new
    costs two questions. It writes only what is different, so two workers do not write in turns.
    """

    def __init__(self) -> None:
        self._size = -1
        self._file: tuple[int, ...] | None = None
        self._missing: tuple[tuple[str, str, RegisterOutput], ...] = ()

    def __call__(self, custody: Custody) -> int:
        """1 where it was written, else 0."""
        size = custody.ledger.size("public")
        known = 0 <= self._size <= size and self._file == _seen(custody)
        if known and not _told_since(custody, self._size):
            came = (has_new_words(custody, one, *about) for *about, one in self._missing)
            if not any(came):
                self._size = size
                return 0
        register, before = _made(custody), kept_register(custody)
        same = before is not None and (before.home, before.custodian, before.entries) == (
            register.home, register.custodian, register.entries
        )  # fmt: skip
        if not same:
            _write(custody, register)
        self._size, self._file = size, _seen(custody)
        self._missing = tuple(
            (entry.id, str(entry.permit["project"]["id"]), one)
            for entry in register.entries
            for one in entry.outputs
            if lacks_words(one)
        )
        return int(not same)


def _seen(custody: Custody) -> tuple[int, ...] | None:
    try:
        found = (custody.home.path / PUBLIC / REGISTER).stat()
    except OSError:
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns)


def _told_since(custody: Custody, before: int) -> bool:
    with custody.ledger.reading() as connection:
        rows = connection.execute(
            "SELECT type FROM entry JOIN intent ON intent.id = entry.intent_id "
            "WHERE entry.log = 'public' AND idx >= ?",
            (before,),
        )
        return any(kind in SHOWN for (kind,) in rows)


def public_events(custody: Custody) -> tuple[int, dict[str, Logged]]:
    """The size of the public log, and for each permit what it tells, with the places."""
    with custody.ledger.reading() as connection:
        size = reading.size(connection, "public")
        rows = connection.execute(
            "SELECT entry.idx, intent.type, intent.body FROM entry "
            "JOIN intent ON intent.id = entry.intent_id "
            "WHERE entry.log = 'public' ORDER BY entry.idx"
        )
        told = ((index, json.loads(body)) for index, kind, body in rows if kind in SHOWN)
        return size, by_permit(told)


def public_entries(custody: Custody) -> list[tuple[int, dict[str, Any]]]:
    """Every entry of the public log that the register tells of, with its place."""
    _, found = public_events(custody)
    return sorted((i, dict(entry)) for logged in found.values() for i, entry in logged)


def _outputs(custody: Custody, permit: Permit, happened: Logged) -> dict[str, Any]:
    """What has left under a permit; words that are not what was logged are left out."""
    told = [
        with_words(custody, one, permit.id, permit.project.id) for one in outputs_logged(happened)
    ]
    return {"outputs": [one.plain() for one in told]}


def _reviews(custody: Custody, permit_id: str, happened: Logged) -> dict[str, Any]:
    """The day of the next yearly review, and what the public is told of those accepted."""
    due, found = None, []
    for _, entry in happened:
        if entry["type"] == REVIEWED and due is not None:
            found.append(
                {"due": due, "accepted_at": entry["at"], "review_hash": entry["review_hash"]}
                | _summary(custody, permit_id, due, entry["review_hash"])
            )
        if entry["type"] in (ISSUED, REVIEWED):
            due = entry.get("review_by")
    return ({} if due is None else {"review_by": due}) | {"reviews": found}


def _summary(custody: Custody, permit_id: str, due: str, logged: str) -> dict[str, str]:
    # A file that is not what was logged is left out, and the page says that it is not there.
    review = kept_review(custody, permit_id, date.fromisoformat(due))
    if review is None or not hmac.compare_digest(review.public_hash(), logged):
        return {}
    return {"summary": review.summary}


def _entry(permit: Permit, happened: Logged) -> dict[str, Any]:
    issued = next(entry for _, entry in happened if entry["type"] == ISSUED)
    return {
        "permit": permit.public_projection(),
        "permit_hash": issued["permit_hash"],
        "active_from": issued["active_from"],
        "events": [event_told(i, entry) for i, entry in happened if entry["type"] in HAPPENED],
    }
