"""The ledger's store: intents in the transaction of the business change (ARCHITECTURE rule 2).

    with ledger.transaction() as writing:
        writing.connection.execute("INSERT INTO ...")     # the business row
        writing.append(event)                             # its intent

Both are on the disk when the block has ended (WAL, synchronous FULL), or neither is. SQLite allows
one writer at a time (BEGIN IMMEDIATE), so the order of intents is the order of commits, and
`requires_live` is judged in order with the permit's own events (S12).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

from commonweal.foundation.clock import Clock, parse_stamp, stamp
from commonweal.foundation.errors import Failure, Fault, Refused, Unavailable
from commonweal.foundation.files import STAGING_PREFIX, fsync_folder
from commonweal.foundation.files import translated as files_translated
from commonweal.ledger import reading, schema
from commonweal.ledger.details import Details, open_details
from commonweal.ledger.entry import Event, entry_bytes, intent_hash, read_entry
from commonweal.ledger.events import LOGS, Log, invalid
from commonweal.ledger.merkle import Fetch
from commonweal.ledger.roster_order import EVENTS as ROSTER_EVENTS
from commonweal.ledger.roster_order import check_roster_event
from commonweal.ledger.schema import translated
from commonweal.ledger.state import (
    REVIEWED,
    PermitLive,
    PermitStanding,
    check_live,
    check_review_event,
    check_state_event,
    record_state,
    standing,
)
from commonweal.ledger.trust_order import CHANGED, EVENTS, SET, check_policy_event

CLOCK_TOLERANCE = timedelta(seconds=2)
FIRST_EVENT = SET


class Writing:
    """One open transaction. `connection` is for the business rows that belong to the events."""

    def __init__(self, connection: sqlite3.Connection, clock: Clock) -> None:
        self.connection = connection
        self._clock = clock

    def append(
        self,
        event: Event,
        details: Details | None = None,
        requires_live: PermitLive | None = None,
    ) -> int:
        """Write the intent of an event; returns its id.

        The table of event types says which events need a live permit, and that is always checked;
        `requires_live` can only ask for it where the table does not, or be stricter.

        Raises `Refused` CW-PERMIT-NOT-LIVE, CW-LEDGER-STATE, CW-LEDGER-NO-POLICY; `Unavailable`
        CW-CLOCK-BEHIND; `Fault` CW-LEDGER-EVENT-INVALID.
        """
        if event.definition.own:
            raise invalid(f"The event {event.type} is written by the ledger itself.")
        with translated():
            return self._append(event, details, requires_live)

    def _append(
        self, event: Event, details: Details | None, requires_live: PermitLive | None
    ) -> int:
        definition = event.definition
        now = present(self.connection, self._clock)
        first = self.connection.execute("SELECT 1 FROM intent LIMIT 1").fetchone() is None
        if first and event.type != FIRST_EVENT:
            raise Refused(
                "CW-LEDGER-NO-POLICY", "The first entry of a ledger must be its trust policy."
            )
        if event.type in (SET, CHANGED) and not first:
            _check_home(self.connection, event)
        if event.type in EVENTS and not first:
            check_policy_event(self.connection, event.type, event.fields, now)
        if event.type in ROSTER_EVENTS:
            check_roster_event(self.connection, event.type, event.fields, now)
        if definition.state is not None:
            check_state_event(self.connection, event, now)
        if event.type == REVIEWED:
            check_review_event(self.connection, event, now)
        for need in _needs(event, requires_live):
            check_live(self.connection, need, now)
        # A savepoint, so that a caller who catches an error cannot commit half an event.
        self.connection.execute("SAVEPOINT event")
        try:
            intent_id = self._insert(event, details, now)
        except BaseException:
            self.connection.execute("ROLLBACK TO event")
            raise
        finally:
            self.connection.execute("RELEASE event")
        return intent_id

    def _insert(self, event: Event, details: Details | None, now: datetime) -> int:
        definition = event.definition
        written, ciphertext = details.seal() if details is not None else ("", b"")
        body = entry_bytes(event, now, (written, details.key_id) if details is not None else None)
        intent_id = self.connection.execute(
            "INSERT INTO intent (log, type, body, body_hash, permit, created_at) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (
                definition.log,
                event.type,
                body,
                intent_hash(stamp(now), body),
                event.permit,
                stamp(now),
            ),
        ).lastrowid
        if intent_id is None:
            raise Failure("CW-LEDGER-BROKEN", "The ledger did not number an intent.")
        if details is not None:
            self.connection.execute(
                "INSERT INTO detail (intent_id, key_id, ciphertext) VALUES (?, ?, ?)",
                (intent_id, details.key_id, ciphertext),
            )
        if definition.state is not None:
            record_state(self.connection, event, intent_id, now)
        return intent_id

    def now(self) -> datetime:
        """The present by this ledger: never before what is written. Raises CW-CLOCK-BEHIND."""
        with translated():
            return present(self.connection, self._clock)

    def permit_standing(self, permit_id: str) -> PermitStanding | None:
        """The permit's state at this point of the order of events."""
        with translated():
            return standing(self.connection, permit_id, present(self.connection, self._clock))


def _check_home(connection: sqlite3.Connection, event: Event) -> None:
    """A demonstration home can never be promoted (S21)."""
    first = connection.execute("SELECT body FROM intent ORDER BY id LIMIT 1").fetchone()
    if read_entry(first[0]).get("home") != event.fields["home"]:
        raise Refused("CW-LEDGER-STATE", "The kind of a home cannot be changed by a new policy.")


def _needs(event: Event, asked: PermitLive | None) -> Iterator[PermitLive]:
    if event.definition.live and event.permit is not None:
        yield PermitLive(event.permit, event.definition.live_for(event.fields))
    if asked is not None:
        if event.permit is not None and asked.permit_id != event.permit:
            raise invalid("The event and the permit it must be live for are not the same permit.")
        yield asked


def present(connection: sqlite3.Connection, clock: Clock) -> datetime:
    """The present, never before what is written. Raises `Unavailable` CW-CLOCK-BEHIND."""
    now = clock.now()
    last = connection.execute("SELECT created_at FROM intent ORDER BY id DESC LIMIT 1").fetchone()
    if last is None:
        return now
    written = parse_stamp(last[0])
    if now < written - CLOCK_TOLERANCE:
        raise Unavailable(
            "CW-CLOCK-BEHIND",
            f"The clock says {stamp(now)}, but the ledger was last written at {last[0]}.",
            remedy="Set the machine's clock right.",
        )
    return max(now, written)


class Ledger:
    """A ledger in one SQLite file. Safe to share between threads; one writes at a time."""

    def __init__(self, path: Path, connection: sqlite3.Connection, clock: Clock) -> None:
        self.path = path
        self.clock = clock
        self._connection = connection
        self._lock = threading.RLock()

    @classmethod
    def create(cls, path: Path, clock: Clock) -> Self:
        """Make a new, empty ledger at `path`, whole or not at all. Raises CW-FILE-EXISTS."""
        beside = path.with_name(f"{STAGING_PREFIX}{path.name}-{secrets.token_hex(6)}")
        with files_translated(path.name):
            try:
                os.close(os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
                schema.make(beside)
                os.link(beside, path)
                fsync_folder(path.parent)
            except FileExistsError as error:
                raise Fault("CW-FILE-EXISTS", f"{path.name} is already there.") from error
            finally:
                for ending in ("", "-wal", "-shm"):
                    beside.with_name(beside.name + ending).unlink(missing_ok=True)
        return cls.open(path, clock)

    @classmethod
    def open(cls, path: Path, clock: Clock) -> Self:
        """Open an existing ledger.

        A ledger that is missing is not made anew, because that would forget everything.
        Raises `Fault` CW-LEDGER-MISSING or CW-LEDGER-BROKEN.
        """
        connection = schema.connect(path)
        try:
            with translated():
                schema.upgrade(connection)
                faults = schema.schema_faults(connection)
            if faults:
                raise Fault("CW-LEDGER-BROKEN", faults[0])
        except BaseException:
            connection.close()
            raise
        return cls(path, connection, clock)

    def close(self) -> None:
        """Close the database. What was acknowledged is on the disk already."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- writing ------------------------------------------------------------------------
    @contextlib.contextmanager
    def exclusive(self) -> Iterator[sqlite3.Connection]:
        """The connection inside a transaction of its own that no other writer can be in.

        For the ledger's own parts (sequencer, signer). Everything else uses `transaction`.
        """
        with self._lock:
            if self._connection.in_transaction:
                raise Failure("CW-LEDGER-BUSY", "A transaction of this ledger is open already.")
            with _immediate(self._connection):
                yield self._connection

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Writing]:
        """Business rows and intents together: all of them are kept, or none is."""
        with self.exclusive() as connection:
            yield Writing(connection, self.clock)

    def append(
        self,
        event: Event,
        details: Details | None = None,
        requires_live: PermitLive | None = None,
    ) -> int:
        """Write one event in a transaction of its own; see `Writing.append`."""
        with self.transaction() as writing:
            return writing.append(event, details, requires_live)

    def append_many(self, events: Iterable[Event]) -> list[int]:
        """Write events in one transaction: all of them or none; returns their intent ids."""
        with self.transaction() as writing:
            return [writing.append(event) for event in events]

    def erase_details(self, intent_id: int) -> None:
        """Erase the details of one entry for good, also from the write-ahead log.

        The entry and all proofs stay as they are. Raises `Fault` CW-LEDGER-DETAIL-INVALID if the
        entry never had details; erasing twice is allowed.
        """
        with self.exclusive() as connection, translated():
            changed = connection.execute(
                "UPDATE detail SET ciphertext = NULL WHERE intent_id = ?", (intent_id,)
            ).rowcount
            if changed != 1:
                raise Fault("CW-LEDGER-DETAIL-INVALID", "The entry has no details.")
        with self._lock, translated():
            busy = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if busy:
            raise Unavailable(
                "CW-LEDGER-BUSY",
                "The details are erased, but a reader keeps an old copy of them on the disk.",
                remedy="Close other programs that read the ledger and erase again.",
            )

    # --- reading ------------------------------------------------------------------------
    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection in a state that does not move while the block runs."""
        with self._lock, translated():
            if self._connection.in_transaction:
                yield self._connection
                return
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            finally:
                self._connection.execute("ROLLBACK")

    def permit_standing(self, permit_id: str) -> PermitStanding | None:
        """The state of a permit now, or None if it was never issued.

        Raises `Unavailable` CW-CLOCK-BEHIND: a state by a wrong clock is no state.
        """
        with self.reading() as connection:
            return standing(connection, permit_id, present(connection, self.clock))

    def size(self, log: Log) -> int:
        """The number of entries in a log's tree."""
        with self.reading() as connection:
            return reading.size(connection, log)

    def root(self, log: Log) -> bytes:
        """The root of a log's tree as it stands."""
        with self.reading() as connection:
            return reading.root(connection, log)

    def entry(self, log: Log, index: int) -> bytes:
        """The canonical bytes of one entry. Raises `Fault` CW-LEDGER-NOT-PROVABLE."""
        with self.reading() as connection:
            return reading.body(connection, log, index)

    def place(self, intent_id: int) -> tuple[Log, int] | None:
        """(log, index) of an intent, or None while the sequencer has not placed it."""
        with self.reading() as connection:
            return reading.place(connection, intent_id)

    def intents_left(self) -> int:
        """The number of intents that have no place yet."""
        with self.reading() as connection:
            return sum(reading.intents_left(connection, log) for log in LOGS)

    def epoch(self) -> int:
        """The number of the ledger's epoch: 1, and one more after each return to an older copy."""
        with self.reading() as connection:
            return reading.epoch(connection)

    def fetcher(self, log: Log) -> Fetch:
        """A function that fetches stored subtrees of a log."""

        def fetch(level: int, index: int) -> bytes:
            with self._lock, translated():
                return reading.node(self._connection, log, level, index)

        return fetch

    def open_details(self, intent_id: int, key: bytes) -> Any:
        """The details of an entry, checked against its commitment.

        Raises `Fault` CW-LEDGER-DETAIL-ERASED or CW-LEDGER-DETAIL-INVALID.
        """
        with self.reading() as connection:
            row = connection.execute(
                "SELECT body, key_id, ciphertext FROM intent LEFT JOIN detail "
                "ON intent_id = intent.id WHERE intent.id = ?",
                (intent_id,),
            ).fetchone()
        if row is None or row[1] is None:
            raise Fault("CW-LEDGER-DETAIL-INVALID", "The entry has no details.")
        if row[2] is None:
            raise Fault("CW-LEDGER-DETAIL-ERASED", "The details of this entry were erased.")
        written = read_entry(row[0]).get("details", "")
        return open_details(row[2], row[1], key, written)


@contextlib.contextmanager
def _immediate(connection: sqlite3.Connection) -> Iterator[None]:
    with translated():
        connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        if not connection.in_transaction:
            raise Failure(
                "CW-LEDGER-BROKEN", "A transaction was ended inside; its events may be lost."
            )
        with translated():
            connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
