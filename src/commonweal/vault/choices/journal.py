"""The journal of choices that people made with the hospital: entries of the ledger (P5, S9, S10).

Each choice is one entry of the sealed log, `choice.recorded`, with a number and a random id. What
it says lies sealed in the entry's details under the key `choices`. So the journal is append-only,
ordered, crash-safe and in every backup as the ledger is, and it cannot say something else than the
ledger: they are one thing. Nobody reads from the log who chose.

A journal with a gap, with an entry that does not open or was changed, or that is not the one that
the fence outside of the home remembers (an older copy was brought back) is refused, and nothing is
built: somebody's objection would be passed over. After the restore of a backup choices are recorded
again, and two people say so (`loss`).
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import date, timedelta
from sqlite3 import Connection
from typing import Any

import numpy as np

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import CommonwealError, Refused, Unavailable
from commonweal.ledger.details import Details, open_content
from commonweal.ledger.entry import Actor, Event, intent_hash, read_entry
from commonweal.papers.choice import Choice
from commonweal.vault.choices.recorded import Journal, Recorded, earlier_of
from commonweal.vault.choices.snapshot import (
    TAIL,
    Running,
    Snapshot,
    read_snapshot,
    write_snapshot,
)
from commonweal.vault.custody import Custody
from commonweal.vault.custody.lineage import is_known
from commonweal.vault.keys.fence import FenceState

EVENT = "choice.recorded"
ACCEPTED = "choice.loss_accepted"
KEY = "choices"
_ROWS = (
    "SELECT intent.id, body, body_hash, created_at, key_id, ciphertext FROM intent "
    "LEFT JOIN detail ON detail.intent_id = intent.id WHERE type = ? ORDER BY intent.id"
)


def read_journal(custody: Custody) -> Journal:
    """The whole journal, checked against the ledger and the fence.

    Raises `Unavailable` CW-CHOICES-JOURNAL.
    """
    # The fence first: a choice that is recorded at this moment then stands in the ledger already.
    held = custody.keyring.fence.read()
    with custody.ledger.reading() as connection:
        opened = _opened(custody, connection)
        if is_behind(held, connection):
            raise lost(held, connection)
    return _kept(custody, opened)


def verify_journal(custody: Custody) -> Journal:
    """As `read_journal`, with every entry opened again and no sealed copy believed."""
    held = custody.keyring.fence.read()
    with custody.ledger.reading() as connection:
        opened = _through(custody, connection, None)
        if is_behind(held, connection):
            raise lost(held, connection)
    return opened.journal()


def read_behind(custody: Custody) -> Journal:
    """As `read_journal`, but also where choices were lost by a restore: to record, never to build.

    Raises `Unavailable` CW-CHOICES-JOURNAL.
    """
    held = custody.keyring.fence.read()
    with custody.ledger.reading() as connection:
        opened = _opened(custody, connection)
        if is_behind(held, connection) and not was_restored(connection):
            raise lost(held, connection)
    return _kept(custody, opened)


# --- opening ----------------------------------------------------------------------------------


@dataclass
class _Opened:
    """Entries as they are opened. `new`: how many were not in the sealed copy."""

    intents: list[int] = field(default_factory=list)
    hashes: list[bytes] = field(default_factory=list)
    papers: list[bytes] = field(default_factory=list)
    running: Running = field(default_factory=Running)
    new: int = 0

    def journal(self) -> Journal:
        try:
            made = Journal(self.intents, self.hashes, self.papers)
        except (ValueError, OSError) as error:
            raise broken("its entries cannot be read") from error
        _check_taking_back(made)
        return made


def _opened(custody: Custody, connection: Connection) -> _Opened:
    copy = read_snapshot(custody)
    try:
        return _through(custody, connection, copy)
    except _DoesNotFitError:
        return _through(custody, connection, None)


class _DoesNotFitError(Exception):
    """The sealed copy is not of these rows."""


def _through(custody: Custody, connection: Connection, copy: Snapshot | None) -> _Opened:
    """Every entry in order. Raises `_DoesNotFitError`."""
    found = _Opened()
    known = 0 if copy is None else len(copy.papers)
    keys: dict[str, bytes] = {}
    for number, row in enumerate(connection.execute(_ROWS, (EVENT,)), start=1):
        found.running.add(row)
        found.intents.append(row[0])
        found.hashes.append(bytes(row[2]))
        if number > known:
            found.papers.append(_open(custody, number, row, keys))
            found.new += 1
        elif number == known and copy is not None:
            if not copy.is_of(found.running.digest()):
                raise _DoesNotFitError
            found.papers.extend(copy.papers)
    if len(found.papers) != len(found.intents):
        raise _DoesNotFitError  # the copy has more entries than the ledger
    return found


def _open(custody: Custody, number: int, row: Any, keys: dict[str, bytes]) -> bytes:
    _, body, hashed, created, key_id, sealed = row
    if not hmac.compare_digest(bytes(hashed), intent_hash(created, bytes(body))):
        raise broken(f"its entry {number:,} was changed")
    try:
        entry = read_entry(bytes(body))
        if sealed is None or entry.get("details_key") != key_id:
            raise broken(f"what its entry {number:,} says is gone")
        if key_id not in keys:
            keys[key_id] = custody.keyring.secret_of(key_id).use()
        content = open_content(sealed, key_id, keys[key_id], str(entry["details"]))
        choice = Choice.read(parse_json(content, "The choice"), "The choice")
    except Unavailable:
        raise
    except CommonwealError as error:
        raise broken(f"its entry {number:,} cannot be read") from error
    if (entry["number"], entry["choice"], entry["by"]) != (number, choice.id, choice.set_by):
        raise broken(f"its entry {number:,} is not the one that belongs there")
    return content


def _check_taking_back(journal: Journal) -> None:
    column = journal.columns["takes_back"].drop_null()
    if not len(column):
        return
    back = column.to_numpy()
    places = np.flatnonzero(journal.columns["takes_back"].is_valid().to_numpy()) + 1
    later = back >= places
    if later.any() or len(np.unique(back)) != len(back):
        raise broken("an entry takes back what is not there, or what was taken back already")


def _kept(custody: Custody, opened: _Opened) -> Journal:
    made = opened.journal()
    if opened.new > TAIL:
        key = custody.keyring.get(KEY).id
        write_snapshot(custody, Snapshot(opened.running.digest(), opened.papers), key)
    return made


# --- the fence --------------------------------------------------------------------------------


def is_behind(held: FenceState, connection: Connection) -> bool:
    """Whether the fence, as read before the ledger, remembers choices that this has not got."""
    if held.choices_recorded == 0:
        return False
    found = hash_at(connection, held.choices_recorded)
    if found is None:
        return True
    return held.choices_last is not None and found.hex() != held.choices_last


def hash_at(connection: Connection, number: int) -> bytes | None:
    """The hash of the entry with this number, from 1 on; None where there is none."""
    found = connection.execute(
        "SELECT body_hash FROM intent WHERE type = ? ORDER BY id LIMIT 1 OFFSET ?",
        (EVENT, number - 1),
    ).fetchone()
    return None if found is None or number < 1 else bytes(found[0])


def was_restored(connection: Connection) -> bool:
    """Whether a backup was restored since two people last accepted a loss."""
    found = connection.execute(
        "SELECT type FROM intent WHERE type IN ('backup.restored', ?) ORDER BY id DESC LIMIT 1",
        (ACCEPTED,),
    ).fetchone()
    return found is not None and found[0] == "backup.restored"


def lost(held: FenceState, connection: Connection) -> Unavailable:
    """What is said where the fence remembers more."""
    remembered = held.choices_recorded
    if was_restored(connection):
        return Unavailable(
            "CW-CHOICES-JOURNAL",
            f"The journal of people's choices cannot be used: {remembered:,} were recorded before "
            "the restore, and the newest of them are not in the backup.",
            remedy="Record them again; then two people say so with `commonweal choices "
            "accept-loss`.",
        )
    return broken(
        f"{remembered:,} entries were recorded, and the last of them is not there: an older copy "
        "of the ledger was brought back"
    )


def broken(why: str) -> Unavailable:
    """The refusal to use a journal that is not whole."""
    return Unavailable(
        "CW-CHOICES-JOURNAL",
        f"The journal of people's choices cannot be used: {why}.",
        remedy="Nothing is built until it is whole. Look at `commonweal ledger verify`.",
    )


# --- recording --------------------------------------------------------------------------------


def record(custody: Custody, choice: Choice) -> Recorded:
    """Take a choice into the journal; one that is there already (by its id) is found again.

    When this returns, the choice is on the disk, and the next build and the next job honour it.
    Raises `Unavailable` CW-CHOICES-JOURNAL; `Refused` CW-CHOICES-TAKE-BACK for the taking back of
    what is not there, not this person's, not for whoever asks, or was taken back already;
    CW-CHOICES-ID for an id that stands for another choice, CW-CHOICES-PROJECT for one about a
    project that this home never had: no build would honour it, and whoever chose must hear of it.
    """
    if choice.project is not None and not is_known(custody, choice.project):
        raise Refused(
            "CW-CHOICES-PROJECT",
            "This hospital never had a project or permit of this name.",
            remedy="See that it is not misspelt: the public list has every project.",
        )
    key = _key(custody)
    with custody.ledger.transaction() as writing:
        # Nobody else records while this transaction is open, so here the order does not matter.
        held = custody.keyring.fence.read()
        behind = is_behind(held, writing.connection)
        if behind and not was_restored(writing.connection):
            raise lost(held, writing.connection)
        number = _number_of(writing.connection, choice.id)
        if number is None:
            if choice.takes_back is not None:
                _require_own(_opened(custody, writing.connection).journal(), choice)
            number = 1 + _count(writing.connection)
            fields = {"number": number, "choice": choice.id, "by": choice.set_by}
            role = "system" if choice.entered_by is None else "custodian"
            details = Details(choice.plain(), key.id, custody.keyring.secret_of(key.id).use())
            actor = Actor(role, choice.entered_by or "the-person")
            writing.append(Event(EVENT, actor, fields), details)
    made = read_behind(custody).entry(number)
    if not behind:
        # What is recorded again after a restore counts once two people have said so.
        custody.keyring.fence.record_choice(number, made.hash)
    if _said(made.choice) != _said(choice):
        raise Refused("CW-CHOICES-ID", "Another choice was recorded under this id.")
    return made


def _count(connection: Connection) -> int:
    found = connection.execute("SELECT COUNT(*) FROM intent WHERE type = ?", (EVENT,))
    return int(found.fetchone()[0])


def _number_of(connection: Connection, choice_id: str) -> int | None:
    """The number of the choice with this id, as its entry says it; nothing is opened."""
    found = connection.execute(
        "SELECT json_extract(CAST(body AS TEXT), '$.number') FROM intent WHERE type = ? "
        "AND json_extract(CAST(body AS TEXT), '$.choice') = ?",
        (EVENT, choice_id),
    ).fetchone()
    return None if found is None else int(found[0])


def _key(custody: Custody) -> Any:
    if not any(info.name == KEY for info in custody.keyring.list()):
        custody.keyring.create(KEY, "details")
    return custody.keyring.get(KEY)


def _said(choice: Choice) -> dict[str, Any]:
    return choice.plain() | {"recorded_at": None}


def _require_own(journal: Journal, choice: Choice) -> None:
    back = choice.takes_back
    if back is None:
        return
    earlier = journal.entry(back).choice if 0 < back <= journal.number else None
    if earlier is None or earlier.kind is None or earlier.whose != choice.whose:
        raise Refused("CW-CHOICES-TAKE-BACK", "This person made no choice of this number.")
    if earlier.set_by not in choice.rule.takes_back:
        raise Refused(
            "CW-CHOICES-TAKE-BACK",
            "Whoever chooses for somebody takes back only what was chosen for them.",
        )
    if journal.taken_back(back):
        raise Refused("CW-CHOICES-TAKE-BACK", "This choice was taken back already.")


# --- for one person ---------------------------------------------------------------------------


@dataclass(frozen=True)
class ChoiceInForce:
    """A choice of one person as they are shown it. `ended_on`: its last day, if it has one."""

    number: int
    choice: Choice
    ended_on: date | None


def choices_of(custody: Custody, number: str) -> tuple[ChoiceInForce, ...]:
    """The choices of the person with this NHS number, the oldest first; also those that ended."""
    mine = read_journal(custody).of_person(number)
    ends = {one.choice.takes_back: one.choice.effective_from - timedelta(days=1) for one in mine}
    return tuple(
        ChoiceInForce(
            one.number, one.choice, earlier_of(one.choice.effective_to, ends.get(one.number))
        )
        for one in mine
        if one.choice.kind is not None
    )  # fmt: skip
