"""Papers with versions in a home: kept twice, judged by the ledger's order, known to the fence.

What the trust policy (`policies.py`, `amending.py`) and the roster (`rosters.py`,
`roster_changes.py`) have in common. A paper that no entry of the ledger names is worth nothing; one
that the fence knows and the ledger does not means that the ledger is an older copy (S11, S20).
"""

from __future__ import annotations

import hmac
import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.clock import Clock, parse_stamp, stamp
from commonweal.foundation.errors import Fault, Refused
from commonweal.foundation.files import make_private_folder, read_bytes, write_atomic
from commonweal.ledger.entry import Event
from commonweal.ledger.store import Ledger, Writing
from commonweal.ledger.version_order import VersionStep
from commonweal.papers.base import Paper
from commonweal.papers.signing import add_signature, sign_paper
from commonweal.vault.home import Home
from commonweal.vault.keys.fence import PolicyFence

if TYPE_CHECKING:
    from commonweal.vault.custody.holding import Custody

MAX_PAPER = 4 * 1024 * 1024
Fenced = Mapping[int, PolicyFence]
WITHDRAWN_ENDING = "withdrawn.jws"
_HOUR = timedelta(hours=1)
_MARGIN = timedelta(minutes=1)


# --- files ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shelf:
    """Where the papers of one kind lie, in the home and in the root store.

    `called`: as sentences name such a paper. `changed`: the fault of one that is not what the
    ledger holds, from a reason.
    """

    folder: str
    called: str
    changed: Callable[[str], Fault]

    def names(self, home: Home, hash_: str, ending: str = "jws") -> tuple[Path, Path]:
        """Where the paper of a version is kept: in the home, and in the root store."""
        name = f"{hash_.removeprefix('sha256:')}.{ending}"
        return home.path / self.folder / name, home.root_store / self.folder / name

    def keep(self, home: Home, hash_: str, text: str, ending: str = "jws") -> None:
        """Write the paper to both places. What no entry of the ledger names is worth nothing."""
        for path in reversed(self.names(home, hash_, ending)):
            make_private_folder(path.parent)
            write_atomic(path, text.encode())

    def read(self, home: Home, hash_: str, ending: str = "jws") -> bytes:
        """The paper of a version from either place. Raises the fault `changed`."""
        for path in self.names(home, hash_, ending):
            if path.is_file():
                return read_bytes(path, self.called, limit=MAX_PAPER)
        raise self.changed("the paper of one of its versions is not there")

    def bring_back(self, home: Home, hash_: str, *, withdrawn: bool) -> bytes:
        """The paper, from the root store if need be, and in both places again."""
        text = self.read(home, hash_)
        self.keep(home, hash_, text.decode())
        if withdrawn:
            word = self.read(home, hash_, WITHDRAWN_ENDING)
            self.keep(home, hash_, word.decode(), WITHDRAWN_ENDING)
        return text


def draft_bytes(paper: Paper) -> bytes:
    """A proposal as people read it."""
    return (json.dumps(paper.plain(), indent=2, ensure_ascii=False) + "\n").encode()


def read_draft(file: Path, called: str) -> tuple[Any, bytes | None]:
    """The plain JSON of an unsigned proposal, or None and the bytes of a signed one."""
    content = read_bytes(file, called, limit=MAX_PAPER)
    plain = parse_json(content, called)
    if isinstance(plain, dict) and "signatures" in plain:
        return None, content
    return plain, None


def sign_draft(
    custody: Custody, file: Path, paper: Paper, text: str | None, key: str, kind: str, called: str
) -> str:
    """Add the signature of the key called `key` to a proposal, in its file; gives the text.

    Raises `Fault` CW-SIGNATURE-UNTRUSTED, CW-SIGNATURE-COMPROMISED or CW-SIGNATURE-INVALID (it has
    signed before).
    """
    signer = custody.signer(key)
    custody.belief.require_changer(signer.key_id, key)
    now = custody.book.now()
    if text is None:
        signed = sign_paper(kind, paper.plain(), [signer], now)
    else:
        signed = add_signature(text, kind, signer, now, called)
    write_atomic(file, signed.encode())
    return signed


# --- ending and writing again -------------------------------------------------------------------

W = TypeVar("W", bound=Paper)


@dataclass(frozen=True)
class Ending(Generic[W]):
    """How a paper of one kind that waits is withdrawn: all that differs between the kinds.

    `kind`: of the signed withdrawal. `waiting`: what waits at a time, or None. `nothing`: the
    refusal where none does. `paper`: the withdrawal of it. `check`: refuses a signed one that does
    not do. `event`: what the ledger hears.
    """

    shelf: Shelf
    kind: str
    nothing: Refused
    waiting: Callable[[datetime], W | None]
    paper: Callable[[W, datetime], Paper]
    check: Callable[[str, W, datetime], object]
    event: Callable[[W], Event]


def end_waiting(custody: Custody, key: str, ending: Ending[W]) -> W:
    """Withdraw what waits, with the signature of one person who may change it; the caller settles.

    Raises `ending.nothing`, what `ending.check` raises, and `Fault` CW-SIGNATURE-UNTRUSTED.
    """
    signer = custody.signer(key)
    with custody.ledger.transaction() as writing:
        now = writing.now()
        found = ending.waiting(now)
        if found is None:
            raise ending.nothing
        custody.belief.require_changer(signer.key_id, key)
        text = sign_paper(ending.kind, ending.paper(found, now).plain(), [signer], now)
        ending.check(text, found, now)
        ending.shelf.keep(custody.home, found.digest(), text, WITHDRAWN_ENDING)
        writing.append(ending.event(found))
    return found


def write_lost(
    custody: Custody,
    fenced: Fenced,
    known: Mapping[int, datetime | None],
    adopt: Callable[[Writing, PolicyFence], None],
    withdrawal: Callable[[int, PolicyFence], Event],
) -> list[int]:
    """Write again the versions that an older ledger does not know; gives their numbers.

    Their papers lie in the root store, and the fence says from when on they count. `known`: when
    each version that the ledger knows was withdrawn, or None.
    """
    again = []
    with custody.ledger.transaction() as writing:
        for number, held in sorted(fenced.items()):
            if number not in known:
                adopt(writing, held)
                again.append(number)
            if held.withdrawn and known.get(number) is None:
                writing.append(withdrawal(number, held))
    return again


# --- times ------------------------------------------------------------------------------------


def begins(delay: timedelta, now: datetime) -> dict[str, str]:
    """From when on a change counts: the whole hour after its wait; the public log tells hours (S9).

    An empty dict where it counts at once.
    """
    if not delay:
        return {}
    due = now + delay + _MARGIN
    whole = due.replace(minute=0, second=0, microsecond=0)
    return {"effective_from": stamp(whole if whole == due else whole + _HOUR)}


def adopted_at(step: VersionStep, hash_: str, held: PolicyFence | None) -> datetime:
    """When a version was adopted: where it was written again after a restore, as the fence says."""
    known = held is not None and held.hash == hash_
    return held.at if held is not None and known and step.restored else step.at


def counts_from(
    step: VersionStep,
    hash_: str,
    held: PolicyFence | None,
    delay: timedelta,
    shelf: Shelf,
    *,
    follows: datetime | None = None,
) -> datetime:
    """From when on a version counts. Raises the shelf's fault where its wait was too short.

    `follows`: from when on the version counts that it was made from, where there is one.
    """
    begins_at = step.effective_from
    if step.restored:
        if held is not None and held.hash == hash_ and held.effective_from == begins_at:
            return begins_at
        # Nobody but the ledger says that it waited: it waits again, as what it was made from does.
        return max(begins_at, max(step.at, follows or step.at) + delay)
    if begins_at < step.at + delay:
        raise shelf.changed(f"version {step.version} would count before its wait is over")
    return begins_at


def require_waiting(
    step: VersionStep, hash_: str, held: PolicyFence | None, begins_at: datetime, shelf: Shelf
) -> None:
    """Refuse a withdrawal of what counted already: one person may only stop what waits.

    What counts is changed by as many as must sign. Raises the shelf's fault.
    """
    known = held is not None and held.hash == hash_ and held.withdrawn
    if step.withdrawn_at is not None and step.withdrawn_at >= begins_at and not known:
        raise shelf.changed(f"version {step.version} was withdrawn when it counted already")


def require_fenced(
    known: Mapping[int, tuple[str, datetime | None]], fenced: Fenced, called: str
) -> None:
    """Refuse a history that lacks what the fence knows. Raises `Fault` CW-LEDGER-REWOUND.

    `known`: by number, the digest of each version and when it was withdrawn.
    """
    for number, held in fenced.items():
        digest, withdrawn_at = known.get(number, ("", None))
        same = hmac.compare_digest(digest, held.hash)
        if not same or (held.withdrawn and withdrawn_at is None):
            raise Fault(
                "CW-LEDGER-REWOUND",
                f"The ledger does not know version {number} of {called}, which was adopted.",
                remedy="The ledger is an older copy: `commonweal restore` of a backup puts that "
                "right, and copying files does not.",
            )


# --- a history that is read once ----------------------------------------------------------------

H = TypeVar("H")


class VersionBook(Generic[H]):
    """The history of a paper in an open home, read anew when the ledger has grown.

    `events`: the beginning of the names of its events, such as `trust.`.
    """

    def __init__(self, home: Home, ledger: Ledger, clock: Clock, events: str) -> None:
        self._home = home
        self._ledger = ledger
        self._clock = clock
        self._events = f"{events}%"
        self._seen = -1
        self._closed = False
        self._history: H | None = None

    def _load(self, connection: sqlite3.Connection) -> H:
        raise NotImplementedError

    def close(self) -> None:
        """The ledger closes: what was read last stays."""
        self._closed = True

    def history(self) -> H:
        """Every version, verified."""
        if self._closed and self._history is not None:
            return self._history
        with self._ledger.reading() as connection:
            newest = int(connection.execute("SELECT max(id) FROM intent").fetchone()[0] or 0)
            if self._history is None or newest < self._seen or self._news(connection):
                self._history = self._load(connection)
            self._seen = newest
        return self._history

    def _news(self, connection: sqlite3.Connection) -> bool:
        found = connection.execute(
            "SELECT 1 FROM intent WHERE id > ? AND type LIKE ? LIMIT 1", (self._seen, self._events)
        ).fetchone()
        return found is not None

    def now(self) -> datetime:
        """The present, never before the ledger's last entry: a clock set back brings no old version
        back."""
        if self._closed:
            return self._clock.now()
        with self._ledger.reading() as connection:
            found = connection.execute(
                "SELECT created_at FROM intent ORDER BY id DESC LIMIT 1"
            ).fetchone()
        now = self._clock.now()
        return now if found is None else max(now, parse_stamp(found[0]))
