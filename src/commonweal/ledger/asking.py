"""Asking witnesses to cosign the newest checkpoint, and keeping what they sign.

Only the public log is shown to witnesses: the size of the sealed one would tell how much happened
(S9), and its root stands on the public log every day. What a witness answers is believed after its
signature and its time were checked. A witness that has seen a larger tree, or another tree of the
same size, proves that this ledger was put back or that there are two: that is a fault, and nothing
is tried again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from sqlite3 import Connection

from commonweal.foundation.errors import CommonwealError, Fault, Unavailable
from commonweal.ledger import reading
from commonweal.ledger.checkpoint import Checkpoint, parse_number
from commonweal.ledger.cosigning import Cosigned, check_time, cosignatures
from commonweal.ledger.events import Log
from commonweal.ledger.merkle import consistency_proof
from commonweal.ledger.note import Note, Signature, VerifierKey
from commonweal.ledger.schema import translated
from commonweal.ledger.store import Ledger
from commonweal.ledger.witnessing import Answer, Request

LOG: Log = "public"
"""The log that witnesses see."""

Send = Callable[[bytes], Answer]
"""Sends one `add-checkpoint` request to a witness."""

_TRIES = 3


@dataclass(frozen=True)
class Asked:
    """A cosignature that is stored now. `new`: it was not there before."""

    cosigned: Cosigned
    checkpoint: Checkpoint
    new: bool


@dataclass(frozen=True)
class _Newest:
    """The newest signed checkpoint of the present epoch."""

    epoch: int
    note: Note
    point: Checkpoint


def ask(ledger: Ledger, key: VerifierKey, send: Send) -> Asked:
    """Have the newest signed checkpoint of the public log cosigned by one witness.

    Raises `Fault` CW-LEDGER-NOT-PROVABLE (nothing was signed yet), CW-LEDGER-SPLIT,
    CW-LEDGER-WITNESS-REFUSED, CW-LEDGER-COSIGNATURE-TIME, CW-LEDGER-SIGNATURE-INVALID;
    `Unavailable` CW-LEDGER-WITNESS-UNREACHABLE.
    """
    with ledger.reading() as connection:
        newest = _newest(connection)
        there = _stored(connection, newest, key)
        old = _known_size(connection, newest.epoch, key)
    if there is not None:
        return Asked(there, newest.point, new=False)
    for _ in range(_TRIES):
        answer = send(_request(ledger, newest, old).format())
        if answer.status == 409:
            old = _conflict(answer, newest.point, old, key)
            continue
        return Asked(_take(ledger, newest, key, answer), newest.point, new=True)
    raise _refused(key, "it does not agree with itself on what it signed last")


def _newest(connection: Connection) -> _Newest:
    epoch = reading.epoch(connection)
    found = connection.execute(
        "SELECT note FROM checkpoint WHERE log = ? AND epoch = ? ORDER BY size DESC LIMIT 1",
        (LOG, epoch),
    ).fetchone()
    if found is None:
        raise Fault(
            "CW-LEDGER-NOT-PROVABLE",
            "The public log was never signed.",
            remedy="Run `commonweal ledger sequence` first.",
        )
    note = Note.parse(found[0])
    return _Newest(epoch, note, Checkpoint.parse(note.text))


def lines_of(connection: Connection, log: Log, epoch: int, size: int) -> tuple[Signature, ...]:
    """The cosignature lines that are stored for one checkpoint."""
    rows = connection.execute(
        "SELECT line FROM cosignature WHERE log = ? AND epoch = ? AND size = ? ORDER BY line",
        (log, epoch, size),
    )
    return tuple(Signature.parse(line.removesuffix("\n")) for (line,) in rows)


def _stored(connection: Connection, newest: _Newest, key: VerifierKey) -> Cosigned | None:
    lines = lines_of(connection, LOG, newest.epoch, newest.point.size)
    found = cosignatures(Note(newest.note.text, lines), [key])
    return found[0] if found else None


def _known_size(connection: Connection, epoch: int, key: VerifierKey) -> int:
    """The largest size this witness signed, as far as is known here."""
    rows = connection.execute(
        "SELECT size, line FROM cosignature WHERE log = ? AND epoch = ? ORDER BY size DESC",
        (LOG, epoch),
    )
    for size, line in rows:
        signature = Signature.parse(line.removesuffix("\n"))
        if (signature.name, signature.key_id) == (key.name, key.key_id):
            return int(size)
    return 0


def _request(ledger: Ledger, newest: _Newest, old: int) -> Request:
    proof: list[bytes] = []
    if 0 < old < newest.point.size:
        proof = consistency_proof(old, newest.point.size, ledger.fetcher(LOG))
    return Request(old, tuple(proof), newest.note, newest.point)


def _conflict(answer: Answer, point: Checkpoint, old: int, key: VerifierKey) -> int:
    """The size that the witness says it signed last, if this ledger can go on from it."""
    try:
        size = parse_number(answer.content.decode("ascii").removesuffix("\n"), "The size")
    except (CommonwealError, UnicodeDecodeError) as error:
        raise _refused(key, "its answer cannot be read") from error
    if size > point.size:
        raise Fault(
            "CW-LEDGER-SPLIT",
            f"The witness {key.name} has seen {size} entries of this log; this ledger has signed "
            f"{point.size}.",
            remedy="The ledger was put back, or somebody else writes one under its name: find out "
            "before anything else is done.",
        )
    if size == old < point.size:
        raise _refused(key, "it does not agree with itself on what it signed last")
    if size == old:
        raise Fault(
            "CW-LEDGER-SPLIT",
            f"The witness {key.name} has seen another log of {size} entries under the same name.",
            remedy="Somebody signs a second ledger with this one's key: find out before anything "
            "else is done.",
        )
    return size


_MEANINGS = {
    400: "it could not read the request",
    403: "it does not know the key that signed the checkpoint",
    404: "it does not follow this log",
}


def _take(ledger: Ledger, newest: _Newest, key: VerifierKey, answer: Answer) -> Cosigned:
    """Check what came back and store it."""
    if answer.status == 422:
        raise Fault(
            "CW-LEDGER-SPLIT",
            f"What the witness {key.name} signed last is not the beginning of this log.",
            remedy="The ledger was rewritten, or somebody signs a second one with its key.",
        )
    if answer.status >= 500:
        raise Unavailable(
            "CW-LEDGER-WITNESS-UNREACHABLE", f"The witness {key.name} cannot sign now."
        )
    if answer.status != 200:
        raise _refused(key, _MEANINGS.get(answer.status, f"it answers {answer.status}"))
    line, cosigned = _found(newest, key, answer)
    check_time(cosigned, ledger.clock.now())
    with ledger.exclusive() as connection, translated():
        connection.execute(
            "INSERT INTO cosignature (log, epoch, size, line) VALUES (?, ?, ?, ?)",
            (LOG, newest.epoch, newest.point.size, line),
        )
    return cosigned


def _found(newest: _Newest, key: VerifierKey, answer: Answer) -> tuple[str, Cosigned]:
    """The line of this witness in its answer; lines of other keys are ignored."""
    try:
        text = answer.content.decode("utf-8")
        signatures = Note.parse(f"{newest.note.text}\n{text}").signatures
    except (CommonwealError, UnicodeDecodeError) as error:
        raise _refused(key, "its answer cannot be read") from error
    for signature in signatures:
        found = cosignatures(Note(newest.note.text, (signature,)), [key])
        if found:
            return signature.line(), found[0]
    raise _refused(key, "its answer is signed with another key")


def _refused(key: VerifierKey, why: str) -> Fault:
    return Fault("CW-LEDGER-WITNESS-REFUSED", f"The witness {key.name} did not sign: {why}.")
