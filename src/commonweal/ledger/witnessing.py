"""A witness by the C2SP tlog-witness protocol: what it remembers, and what it answers. No HTTP.

For each log the witness keeps the largest checkpoint that it cosigned, in a file of its own, and
that file is on the disk before the answer leaves. A log that shows it a smaller tree, another tree
of the same size, or a larger one that does not continue it gets no signature; what it showed is
kept as evidence, for it is signed by the log.

A folder of a witness: `witness.json` (name and logs), `key` (its secret), `logs/` (one file for
each log; an empty one says that nothing was cosigned yet) and `evidence/`.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.clock import Clock
from commonweal.foundation.errors import CommonwealError, Fault, Unavailable
from commonweal.foundation.files import (
    make_private_folder,
    only_one,
    read_bytes,
    staged_folder,
    write_atomic,
)
from commonweal.ledger.checkpoint import Checkpoint, parse_number
from commonweal.ledger.cosigning import Cosigned, Cosigner, cosignatures
from commonweal.ledger.keychain import KeyChain, invalid
from commonweal.ledger.merkle import EMPTY_ROOT
from commonweal.ledger.note import (
    ED25519,
    Note,
    VerifierKey,
    check_name,
    decode64,
    encode64,
    malformed,
)
from commonweal.ledger.proof import ProofError, verify_consistency
from commonweal.ledger.tlogproof import MAX_HASHES

MAX_REQUEST = 128 * 1024
SIZE_TYPE = "text/x.tlog.size"
NOTE_TYPE = "text/plain; charset=utf-8"
_CONFIG, _KEY, _LOGS, _EVIDENCE = "witness.json", "key", "logs", "evidence"
_MAX_STATE = 200_000
_MAX_EVIDENCE = 100


@dataclass(frozen=True)
class Answer:
    """What a witness answers: an HTTP status, the type of the content, and the content."""

    status: int
    content: bytes
    type: str = NOTE_TYPE


@dataclass(frozen=True)
class Request:
    """A parsed `add-checkpoint` request."""

    old: int
    proof: tuple[bytes, ...]
    note: Note
    checkpoint: Checkpoint

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """Read a request strictly. Raises `Fault` CW-LEDGER-NOTE-INVALID."""
        if len(body) > MAX_REQUEST:
            raise malformed("The request is too long.")
        try:
            head, blank, text = body.decode("utf-8").partition("\n\n")
        except UnicodeDecodeError as error:
            raise malformed("The request is not valid UTF-8.") from error
        lines = head.split("\n")
        if not blank or not lines[0].startswith("old "):
            raise malformed("The request does not begin with an old size and proof lines.")
        old = parse_number(lines[0].removeprefix("old "), "The old size")
        if len(lines) - 1 > MAX_HASHES:
            raise malformed("The request has more proof lines than any tree needs.")
        proof = tuple(decode64(line, "A hash of the proof") for line in lines[1:])
        note = Note.parse(text)
        return cls(old, proof, note, Checkpoint.parse(note.text))

    def format(self) -> bytes:
        """The request's body."""
        lines = [f"old {self.old}", *(encode64(one) for one in self.proof)]
        return ("\n".join(lines) + "\n\n" + self.note.format()).encode()


class _SoftwareKey:
    """The witness's secret, read from its folder. Its representation hides it."""

    __slots__ = ("_private",)

    def __init__(self, seed: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def verification_key(self) -> bytes:
        return self._private.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)


class Witness:
    """One witness over its folder. Safe to share between threads, and between processes."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self._clock = clock
        self._lock = threading.Lock()
        name, _ = _config(folder)
        self._cosigner = Cosigner(name, _SoftwareKey(_seed(folder)))

    def __repr__(self) -> str:
        return f"Witness({self.vkey.name!r}, hidden)"

    @classmethod
    def create(cls, folder: Path, name: str, clock: Clock) -> Self:
        """Make a witness with a new key in the new folder `folder`, whole or not at all.

        Raises `Fault` CW-FILE-EXISTS or CW-LEDGER-NOTE-INVALID (the name).
        """
        check_name(name)
        with staged_folder(folder) as staging:
            for inner in (_LOGS, _EVIDENCE):
                make_private_folder(staging / inner)
            write_atomic(staging / _KEY, encode64(secrets.token_bytes(32)).encode() + b"\n")
            write_atomic(staging / _CONFIG, _written(name, ()))
        return cls(folder, clock)

    @property
    def vkey(self) -> VerifierKey:
        """The witness's verification key."""
        return self._cosigner.verifier

    @property
    def logs(self) -> tuple[VerifierKey, ...]:
        """The keys of the logs that are followed; read anew, so that a server learns of a new one.

        Raises `Fault` CW-LEDGER-NOTE-INVALID, CW-FILE-MISSING or a JSON fault.
        """
        return _config(self.folder)[1]

    def add_log(self, key: VerifierKey | str, chain: str | bytes | None = None) -> None:
        """Follow one more log. The key's name must be the log's whole origin.

        `chain`: for a log that is followed already and whose key was replaced: it must lead from
        the known key to this one. The memory stays, and a key that the chain ends is dropped.

        Raises `Fault` CW-FILE-EXISTS if the log is followed already, CW-LEDGER-NOTE-INVALID,
        CW-LEDGER-CHAIN-INVALID.
        """
        parsed = VerifierKey.parse(key) if isinstance(key, str) else key
        if parsed.kind != ED25519:
            raise malformed("A log's key is an Ed25519 key of type 1, not a witness's.")
        with only_one(self.folder / f"{_CONFIG}.lock", "the witness's list of logs"):
            name, logs = _config(self.folder)
            known = [other for other in logs if other.name == parsed.name]
            if known and chain is not None:
                kept = _followed(known, parsed, chain)
                others = [other for other in logs if other.name != parsed.name]
                write_atomic(self.folder / _CONFIG, _written(name, (*others, *kept)))
                return
            if known:
                raise Fault(
                    "CW-FILE-EXISTS",
                    "The witness follows this log already.",
                    remedy="If the log's key was replaced, add --chain FILE (`ledger keys`).",
                )
            state = self._state_file(parsed.name)
            # The empty state comes first: a log in the list without a state is a lost memory.
            if not state.exists():
                write_atomic(state, b"", exclusive=True)
            write_atomic(self.folder / _CONFIG, _written(name, (*logs, parsed)))

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer one `add-checkpoint` request by the rules of tlog-witness; never raises ours."""
        try:
            request = Request.parse(body)
        except CommonwealError:
            return _said(400, "The request is badly formed.")
        try:
            return self._answer(request)
        except CommonwealError as error:
            return _said(503, f"The witness cannot sign now ({error.code}).")

    def _answer(self, request: Request) -> Answer:
        point = request.checkpoint
        keys = [key for key in self.logs if key.name == point.origin]
        if not keys:
            return _said(404, "This witness does not follow this log.")
        try:
            request.note.verify(keys)
        except CommonwealError:
            return _said(403, "The checkpoint is not signed by the log.")
        if request.old > point.size:
            return _said(400, "The old size is larger than the checkpoint.")
        # Both locks: a second process may work on the same folder.
        with self._lock, only_one(self._state_file(point.origin, "lock"), "this log"):
            return self._judge(request, keys)

    def _judge(self, request: Request, keys: list[VerifierKey]) -> Answer:
        """Compare with what was cosigned last, remember, and cosign."""
        point = request.checkpoint
        last, cosigned = self.last(point.origin)
        size = last.size if last is not None else 0
        if last is not None and point.size == size and point.root != last.root:
            self._keep(request)
            return Answer(409, f"{size}\n".encode(), SIZE_TYPE)
        if request.old != size:
            return Answer(409, f"{size}\n".encode(), SIZE_TYPE)
        if not _continues(last, request):
            self._keep(request)
            return _said(422, "The checkpoint does not continue the last one that was cosigned.")
        now = int(self._clock.now().timestamp())
        if cosigned is not None and now < cosigned.at:
            raise Unavailable("CW-CLOCK-BEHIND", "The witness's clock is behind its last time.")
        line = self._cosigner.cosign(request.note.text, now)
        known = {(key.name, key.key_id) for key in keys}
        own = [one for one in request.note.signatures if (one.name, one.key_id) in known]
        remembered = Note(request.note.text, (*own, line))
        write_atomic(self._state_file(point.origin), remembered.format().encode())
        return Answer(200, line.line().encode())

    def last(self, origin: str) -> tuple[Checkpoint | None, Cosigned | None]:
        """The last checkpoint that was cosigned for a log, and when; None if there was none.

        Raises `Fault` CW-LEDGER-MISSING or CW-LEDGER-BROKEN: the witness has lost its memory, and
        then it signs nothing.
        """
        content = self.remembered(origin)
        if not content:
            return None, None
        try:
            note = Note.parse(content)
            point = Checkpoint.parse(note.text)
            found = cosignatures(note, [self.vkey])
        except CommonwealError as error:
            raise _lost() from error
        if point.origin != origin or len(found) != 1:
            raise _lost()
        return point, found[0]

    def remembered(self, origin: str) -> bytes:
        """The bytes of the state of one log. Raises `Fault` CW-LEDGER-MISSING."""
        path = self._state_file(origin)
        if not path.is_file():
            raise Fault("CW-LEDGER-MISSING", "The witness has lost its memory of this log.")
        return read_bytes(path, "the witness's memory", limit=_MAX_STATE)

    def shown(self, digest: str) -> Answer:
        """The last cosigned checkpoint of the log whose origin has this SHA-256, for monitors."""
        try:
            logs = self.logs
        except CommonwealError:
            return _said(503, "The witness cannot read its settings.")
        for key in logs:
            if hashlib.sha256(key.name.encode()).hexdigest() == digest:
                try:
                    content = self.remembered(key.name)
                except CommonwealError:
                    return _said(503, "The witness has lost its memory of this log.")
                return Answer(200, content) if content else _said(404, "Nothing was cosigned yet.")
        return _said(404, "This witness does not follow this log.")

    @property
    def evidence(self) -> tuple[Path, ...]:
        """Checkpoints that a log signed and that cannot both be true with what was cosigned."""
        return tuple(sorted((self.folder / _EVIDENCE).glob("*.request")))

    def _keep(self, request: Request) -> None:
        name = hashlib.sha256(request.note.text.encode()).hexdigest()
        path = self.folder / _EVIDENCE / f"{name}.request"
        if not path.exists() and len(self.evidence) < _MAX_EVIDENCE:
            write_atomic(path, request.format())

    def _state_file(self, origin: str, ending: str = "checkpoint") -> Path:
        # An origin holds slashes and may be long: its hash is the name.
        return self.folder / _LOGS / f"{hashlib.sha256(origin.encode()).hexdigest()}.{ending}"


def _followed(known: list[VerifierKey], key: VerifierKey, chain: str | bytes) -> list[VerifierKey]:
    """The keys of a log after its chain, if it leads from the known ones to `key`."""
    newest = {one.public for one in KeyChain(known).follow(chain).newest()}
    if key.public not in newest:
        raise invalid("The chain does not lead from the key that the witness knows to this one.")
    kept = [one for one in known if one.public in newest and one != key]
    return [*kept, key]


def _continues(last: Checkpoint | None, request: Request) -> bool:
    """True if the request proves that its tree continues the last one."""
    point = request.checkpoint
    if last is None or last.size == 0:
        # From nothing there is nothing to prove; the empty tree has one root.
        return not request.proof and (point.size > 0 or point.root == EMPTY_ROOT)
    try:
        verify_consistency(last.size, point.size, last.root, point.root, request.proof)
    except ProofError:
        return False
    return True


def _said(status: int, sentence: str) -> Answer:
    return Answer(status, f"{sentence}\n".encode())


def _lost() -> Fault:
    return Fault("CW-LEDGER-BROKEN", "The witness's memory of this log was changed.")


def _written(name: str, logs: tuple[VerifierKey, ...]) -> bytes:
    plain = {"witness": 1, "name": name, "logs": [str(key) for key in logs]}
    return json.dumps(plain, indent=2).encode() + b"\n"


def _config(folder: Path) -> tuple[str, tuple[VerifierKey, ...]]:
    content = read_bytes(folder / _CONFIG, "The witness's settings", limit=1024 * 1024)
    found: Any = parse_json(content, _CONFIG)
    if not isinstance(found, dict) or found.keys() != {"witness", "name", "logs"}:
        raise malformed("The witness's settings do not have their form.")
    name, logs = found["name"], found["logs"]
    if found["witness"] != 1 or not isinstance(name, str) or not isinstance(logs, list):
        raise malformed("The witness's settings do not have their form.")
    if not all(isinstance(text, str) for text in logs):
        raise malformed("The witness's settings do not have their form.")
    check_name(name)
    return name, tuple(VerifierKey.parse(text) for text in logs)


def _seed(folder: Path) -> bytes:
    text = read_bytes(folder / _KEY, "The witness's key", limit=200)
    seed = decode64(text.decode("ascii", "replace").removesuffix("\n"), "The witness's key")
    if len(seed) != 32:
        raise malformed("The witness's key does not have 32 bytes.")
    return seed
