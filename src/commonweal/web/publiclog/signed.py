"""The public log as it was last signed, read by indexed look-ups that do not grow with the log.

What was written and not yet signed is nowhere here: nobody could check it. The name of the log
stands in every query, so that no address and no parameter reaches the sealed one (S9).
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, overload

from django.conf import settings

from commonweal.foundation.clock import SystemClock
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.ledger import reading
from commonweal.ledger.checkpoint import Checkpoint, epoch_of
from commonweal.ledger.entry import read_entry
from commonweal.ledger.events import Log
from commonweal.ledger.merkle import root_at
from commonweal.ledger.note import Note
from commonweal.ledger.proving import newest_note, prove
from commonweal.ledger.schema import NAMED, named, names_one
from commonweal.ledger.store import Ledger
from commonweal.ledger.tiles import Tile, tile_content
from commonweal.web.config.trusting import LEDGER
from commonweal.web.publicpages.places import place

LOG: Log = "public"
_NUMBER = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


def _naming(index: str, has: str, value: str, order: str) -> str:
    return (
        f"SELECT entry.idx, body FROM intent INDEXED BY {index} "
        f"JOIN entry ON entry.intent_id = intent.id WHERE intent.{has} "
        f"AND {value} = ? AND intent.id <= ? ORDER BY intent.id {order} LIMIT ?"
    )


def _by_each(order: str) -> tuple[str, ...]:
    return (
        _naming("public_by_permit", "log = 'public' AND permit IS NOT NULL", "permit", order),
        *(_naming(f"public_by_{one}", names_one(one), named(one), order) for one in NAMED),
    )


_QUERIES, _OLDEST = _by_each("DESC"), _by_each("ASC")


@dataclass(frozen=True)
class Entry:
    """One entry: its number from 0, and what it says."""

    index: int
    says: dict[str, Any]


@dataclass(frozen=True)
class SignedLog:
    """The log up to its newest signed checkpoint `point`, whose text is `note`."""

    ledger: Ledger
    connection: sqlite3.Connection
    note: str
    point: Checkpoint

    def entries(self, start: int, end: int) -> list[Entry]:
        """The entries from `start` up to `end`, oldest first, as many as were signed.

        Raises `Fault` CW-LEDGER-REWOUND where one is missing.
        """
        start, end = max(start, 0), min(end, self.point.size)
        rows = self.connection.execute(
            "SELECT idx, body FROM entry JOIN intent ON intent.id = intent_id "
            "WHERE entry.log = ? AND idx >= ? AND idx < ? ORDER BY idx",
            (LOG, start, end),
        ).fetchall()
        if [index for index, _ in rows] != list(range(start, end)):
            raise Fault("CW-LEDGER-REWOUND", "The log lacks an entry that was signed.")
        return [Entry(index, read_entry(body)) for index, body in rows]

    def about(self, name: str, before: int, count: int) -> list[Entry]:
        """Up to `count` entries below entry `before` that name a thing, newest first.

        That is a permit, or a release, an output or a text for the public. Each look-up is by an
        index that has public entries only: how many sealed ones there are changes nothing (S9).
        """
        newest = self._intent_of(min(before, self.point.size) - 1)
        if newest is None or not _NAME.fullmatch(name):
            return []
        found: dict[int, bytes] = {}
        for query in _QUERIES:
            found |= self.connection.execute(query, (name, newest, count))
        return [
            Entry(index, read_entry(found[index])) for index in sorted(found)[: -count - 1 : -1]
        ]

    def first_about(self, name: str) -> int | None:
        """The number of the oldest entry that names a thing, or None."""
        newest = self._intent_of(self.point.size - 1)
        if newest is None or not _NAME.fullmatch(name):
            return None
        rows = [
            row[0] for query in _OLDEST for row in self.connection.execute(query, (name, newest, 1))
        ]
        return min(rows, default=None)

    def _intent_of(self, index: int) -> int | None:
        """The id of the intent of one entry; ids are in the order of entries."""
        row = self.connection.execute(
            "SELECT intent_id FROM entry WHERE log = ? AND idx = ?", (LOG, index)
        ).fetchone()
        return None if row is None else int(row[0])

    def proof(self, index: int) -> str:
        """The proof file of one entry by this checkpoint."""
        return prove(self.ledger, LOG, index, note=self.note)

    def tile(self, tile: Tile) -> bytes | None:
        """The bytes of one tile of the signed tree, or None."""
        return tile_content(self.connection, tile, self.point.size)

    def adds_up(self) -> bool:
        """True if the stored sums of this log lead to the root that was signed."""
        try:
            fetch = reading.fetcher(self.connection, LOG)
            return root_at(self.point.size, fetch) == self.point.root
        except CommonwealError:
            return False

    @property
    def epoch(self) -> int:
        """Which epoch the signed tree is of: 1, and one more for each return to an older copy."""
        return epoch_of(self.point.origin)

    @property
    def waiting(self) -> bool:
        """True if entries wait to be signed."""
        return reading.size(self.connection, LOG) > self.point.size


@contextmanager
def signed_log() -> Iterator[SignedLog | None]:
    """The signed log of this home, or None before its first signature."""
    with (
        Ledger.open(settings.ENVIRONMENT.home / LEDGER, SystemClock()) as ledger,
        ledger.reading() as connection,
    ):
        note = newest_note(connection, LOG)
        if note is None:
            yield None
        else:
            yield SignedLog(ledger, connection, note, Checkpoint.parse(Note.parse(note).text))


def page_about(name: str) -> str | None:
    """The page of the oldest signed entry that names a thing; None where there is none, or no log.

    What cannot be read is not linked to: whose page asks says something else.
    """
    try:
        with signed_log() as log:
            number = None if log is None else log.first_about(name)
    except CommonwealError:
        return None
    return None if number is None else place("publiclog:entry", number)


@contextmanager
def signed_log_or_missing() -> Iterator[SignedLog]:
    """The signed log. Raises `Fault` CW-WEB-NOT-FOUND before its first signature."""
    with signed_log() as log:
        if log is None:
            raise Fault("CW-WEB-NOT-FOUND", "The public log has not been signed yet.")
        yield log


def number_or_none(text: str) -> int | None:
    """A number in its one spelling, or None."""
    return int(text) if _NUMBER.fullmatch(text) else None


class NewestFirst(Sequence[Entry]):
    """The entries of a log, the newest first; only those that are asked for are read."""

    def __init__(self, log: SignedLog) -> None:
        self._log = log

    def __len__(self) -> int:
        return self._log.point.size

    @overload
    def __getitem__(self, place: int) -> Entry: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Entry]: ...

    def __getitem__(self, place: int | slice) -> Entry | Sequence[Entry]:
        size = len(self)
        if isinstance(place, int):
            return self._log.entries(size - 1 - place, size - place)[0]
        start, end, _ = place.indices(size)
        return list(reversed(self._log.entries(size - end, size - start)))
