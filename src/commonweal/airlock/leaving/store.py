"""Where outputs lie, and reading them back without believing them.

| below `<home>/airlock` | what |
|---|---|
| `outputs/<id>/<turn>/manifest.json` | the frozen manifest |
| `outputs/<id>/<turn>/findings.json` | what was found, for reviewers |
| `outputs/<id>/<turn>/files/` | the files of the manifest |
| `outputs/<id>/<turn>/proposal/` | its figures and the people behind them, until it leaves |
| `outputs/<id>/<turn>/acts/`, `reviews/` | what people signed and wrote, one file each |
| `history/<id>/` | everything that has left |
| `released/<id>/` | the files that left, with manifest, decision, record, and `public.json` |
| `released/<id>/recall.json` | why it should not have left |

All of a turn and of the history is sealed under the key of the output's project (`airlock.kept`);
what has left is not. Nothing in here decides: files are hashed against the manifest, the manifest
is what people signed, and what they signed is held against the ledger.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from commonweal.airlock.kept import Kept, turn_context, write_sealed
from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import CommonwealError, Fault, Refused
from commonweal.foundation.files import STAGING_PREFIX, make_private_folder, translated
from commonweal.foundation.keyed import Keys, OpenKey, open_into
from commonweal.papers.acts import CALLED as ACT_CALLED
from commonweal.papers.acts import SignedAct
from commonweal.papers.base import Paper
from commonweal.papers.output_manifest import (
    CALLED,
    CODE,
    Findings,
    OutputFile,
    OutputManifest,
    OutputReview,
)

MANIFEST, FINDINGS, FILES, PROPOSAL = "manifest.json", "findings.json", "files", "proposal"
ACTS, REVIEWS, DECISION, RECORD = "acts", "reviews", "decision.json", "record.json"
PUBLIC = "public.json"
_MOST_PAPER = 64 * 1024 * 1024
_MOST_ACT = 256 * 1024
_MOST_ACTS = 10_000
_CHUNK = 1 << 20
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Submitted:
    """One turn of an output as it lies in the store: nothing of it is believed yet.

    `keys`: what its sealed files are opened with.
    """

    folder: Path
    manifest: OutputManifest
    findings: Findings
    acts: tuple[SignedAct, ...]
    reviews: Mapping[str, OutputReview]
    keys: Keys = field(repr=False, compare=False)

    @property
    def files(self) -> Path:
        """Where its files lie, sealed."""
        return self.folder / FILES

    def context(self, path: str) -> str:
        """What binds a file of this turn to it."""
        return turn_context(self.manifest.id, self.manifest.turn, path)

    def copy(self, file: OutputFile, target: Path | None) -> None:
        """Open and hash one of its files; copy what was hashed where `target` is named.

        Raises `Fault` CW-LEAVING-FILE where it is not the one that was frozen, and what
        `Keys.opening` raises.
        """
        sealed = (self.keys, self.context(f"{FILES}/{file.path}"))
        copy_checked(self.files / file.path, file, target, sealed)

    def content(self, file: OutputFile) -> bytes:
        """The bytes of one of its files. Raises as `copy`."""
        sealed = (self.keys, self.context(f"{FILES}/{file.path}"))
        return checked_content(self.files / file.path, file, sealed)

    @property
    def proposal(self) -> Path:
        """Where its part of the history lies until it leaves."""
        return self.folder / PROPOSAL


@dataclass(frozen=True)
class OutputStore:
    """The airlock's folder of a home, and the keys that seal and open what is kept in it."""

    root: Path
    keys: Keys = field(repr=False, compare=False)

    @property
    def kept(self) -> Kept:
        """How files of the history are read: nothing in the clear is."""
        return Kept(self.keys, clear=False)

    @property
    def outputs(self) -> Path:
        """What was submitted."""
        return self.root / "outputs"

    @property
    def history(self) -> Path:
        """What has left, for audits."""
        return self.root / "history"

    @property
    def released(self) -> Path:
        """The files that have left."""
        return self.root / "released"

    @property
    def lock(self) -> Path:
        """Held by whoever freezes, judges or releases."""
        return self.root / "lock"

    def make(self) -> None:
        """Make the folders that are not there."""
        for folder in (self.outputs, self.history, self.released):
            make_private_folder(folder)

    def ids(self) -> list[str]:
        """The ids of every output that was submitted."""
        if not self.outputs.is_dir():
            return []
        with translated(self.outputs.name):
            found = sorted(path.name for path in self.outputs.iterdir())
        return [name for name in found if not name.startswith(".")]

    def turns(self, output: str) -> list[int]:
        """The turns of an output that are there whole; none of what can be no output's id."""
        folder = self.outputs / output
        if not is_id(output) or not folder.is_dir():
            return []
        with translated(output):
            names = [path.name for path in folder.iterdir()]
        return sorted(int(name) for name in names if name.isascii() and name.isdigit())

    def turn(self, output: str, turn: int) -> Path:
        """The folder of one turn."""
        return self.outputs / output / str(turn)

    def read(self, output: str) -> Submitted:
        """The newest turn of an output. Raises `Refused` CW-LEAVING-UNKNOWN, and as `read_turn`."""
        turns = self.turns(output)
        if not turns:
            raise Refused("CW-LEAVING-UNKNOWN", "There is no output of this name.")
        return read_turn(self.turn(output, turns[-1]), output, turns[-1], self.keys)

    def add(self, submitted: Submitted, signed: SignedAct, review: OutputReview | None) -> None:
        """Keep what somebody signed. A second time the same is no fault."""
        key = self.keys.sealing(submitted.manifest.project)
        if review is not None:
            name = review.digest().removeprefix("sha256:")
            _keep(submitted, f"{REVIEWS}/{name}.json", review, key)
        _keep(submitted, f"{ACTS}/{signed.act.id}.json", signed, key)

    def drop(self, submitted: Submitted, act: str) -> None:
        """Remove what somebody signed and the ledger never heard of.

        A review stays where another act holds the same words.
        """
        gone = [one for one in submitted.acts if one.act.id == act]
        held = {one.act.content for one in submitted.acts if one.act.id != act}
        with translated(ACTS):
            (submitted.folder / ACTS / f"{act}.json").unlink(missing_ok=True)
        for one in gone:
            content = one.act.content
            if content is not None and content in submitted.reviews and content not in held:
                name = content.removeprefix("sha256:")
                with translated(REVIEWS):
                    (submitted.folder / REVIEWS / f"{name}.json").unlink(missing_ok=True)


def is_id(output: str) -> bool:
    """Whether an output can be called so: what comes from outside names a folder here."""
    return _ID.fullmatch(output) is not None


def _keep(submitted: Submitted, path: str, paper: Paper, key: OpenKey) -> None:
    target = submitted.folder / path
    make_private_folder(target.parent)
    write_sealed(target, paper.canonical(), key, submitted.context(path))


def read_turn(folder: Path, output: str, turn: int, keys: Keys) -> Submitted:
    """What lies in the folder of a turn.

    Raises `Fault` CW-LEAVING-MANIFEST, CW-LEAVING-FINDINGS, CW-LEAVING-ACTS, CW-SEAL-BROKEN and
    those of files; `Unavailable` CW-AUDIT-UNSEALED; what `Keys.opening` raises.
    """
    kept = Kept(keys, clear=False)
    told = kept.manifest(
        folder / MANIFEST, turn_context(output, turn, MANIFEST), CALLED, limit=_MOST_PAPER
    )
    manifest = OutputManifest.read(parse_json(told, CALLED), CALLED, CODE)
    if (manifest.id, manifest.turn) != (output, turn):
        raise Fault(CODE, "The manifest of an output is that of another output or turn.")

    def plain(path: str, what: str, limit: int) -> bytes:
        context = turn_context(output, turn, path)
        return kept.file(folder / path, context, what, sealed=True, limit=limit)[0]

    found = parse_json(plain(FINDINGS, "The findings", _MOST_PAPER), "The findings")
    findings = Findings.read(found, "The findings", "CW-LEAVING-FINDINGS")
    acts = tuple(
        SignedAct.load(parse_json(plain(path, ACT_CALLED, _MOST_ACT), ACT_CALLED))
        for path in _all(folder, ACTS)
    )
    reviews = [
        OutputReview.read(
            parse_json(plain(path, "The review", _MOST_ACT), "The review"),
            "The review",
            "CW-LEAVING-ACTS",
        )
        for path in _all(folder, REVIEWS)
    ]
    by_digest = {one.digest(): one for one in reviews}
    return Submitted(folder, manifest, findings, acts, by_digest, keys)


def _all(folder: Path, kind: str) -> list[str]:
    """The paths of what people signed or wrote, in order."""
    if not (folder / kind).is_dir():
        return []
    with translated(kind):
        names = sorted(path.name for path in (folder / kind).iterdir() if path.suffix == ".json")
    # What was being written when the power went is not there; `write_atomic` left it beside.
    whole = [name for name in names if not name.startswith(STAGING_PREFIX)]
    if len(whole) > _MOST_ACTS:
        raise Fault("CW-LEAVING-ACTS", "There are more acts about an output than there can be.")
    return [f"{kind}/{name}" for name in whole]


def check_files(submitted: Submitted) -> None:
    """Open and hash every file against the manifest. Raises `Fault` CW-LEAVING-FILE.

    A file more, one less, a link, or one changed byte is a fault: what people signed is not it.
    """
    named = {one.path: one for one in submitted.manifest.files}
    with translated(submitted.files.name):
        there = {path.name for path in submitted.files.iterdir()}
    if there != set(named):
        raise Fault("CW-LEAVING-FILE", "The files of an output are not those of its manifest.")
    for one in named.values():
        submitted.copy(one, None)


Sealed = tuple[Keys, str]
"""What a sealed file is opened with: the keys, and its context."""


def copy_checked(
    source: Path, file: OutputFile, target: Path | None, sealed: Sealed | None = None
) -> None:
    """Hash a file, and copy what was hashed where `target` is named; the source is read once.

    `sealed`: how it is opened, where it is one that waits. What is copied is plain.
    Raises `Fault` CW-LEAVING-FILE for a link, something that is no plain file, or other bytes.
    """
    with translated(file.path):
        out = None
        if target is not None:
            made = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o440)
            out = os.fdopen(made, "wb", buffering=0)
    try:
        _pour(source, file, sealed, out)
        if out is not None:
            with translated(file.path):
                os.fsync(out.fileno())
    finally:
        if out is not None:
            out.close()


def checked_content(source: Path, file: OutputFile, sealed: Sealed | None = None) -> bytes:
    """The bytes of a file, hashed. Raises as `copy_checked`."""
    held = io.BytesIO()
    _pour(source, file, sealed, held)
    return held.getvalue()


def _pour(
    source: Path, file: OutputFile, sealed: Sealed | None, out: io.RawIOBase | io.BytesIO | None
) -> None:
    """Everything of a file into `out`, if it is the one of the manifest to its last byte."""
    try:
        with translated(file.path):
            taken = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except CommonwealError as error:
        raise _changed(file) from error
    if not stat.S_ISREG(os.fstat(taken).st_mode):
        os.close(taken)
        raise _changed(file)
    sink = _Hashed(file, out)
    with os.fdopen(taken, "rb", buffering=0) as stream, translated(file.path):
        if sealed is None:
            while chunk := stream.read(_CHUNK):
                sink.write(chunk)
        else:
            _open_into(io.BufferedReader(stream, _CHUNK), sink, file, sealed)
    if sink.size != file.bytes or f"sha256:{sink.hashed.hexdigest()}" != file.sha256:
        raise _changed(file)


def _open_into(stream: io.BufferedReader, sink: _Hashed, file: OutputFile, sealed: Sealed) -> None:
    keys, context = sealed
    try:
        open_into(stream, sink, keys, context, f"The file {file.path}")
    except Fault as error:
        raise (_changed(file) if error.code == "CW-SEAL-BROKEN" else error) from error


class _Hashed:
    """Hashes what is written to it, passes it on, and takes no more than the manifest says."""

    def __init__(self, file: OutputFile, out: io.RawIOBase | io.BytesIO | None) -> None:
        self._file, self._out = file, out
        self.hashed, self.size = hashlib.sha256(), 0

    def write(self, data: bytes, /) -> int:
        self.size += len(data)
        if self.size > self._file.bytes:
            raise _changed(self._file)
        self.hashed.update(data)
        rest = memoryview(data)
        # A disk that is nearly full takes a part and says so only by the count.
        while self._out is not None and rest:
            rest = rest[(self._out.write(rest) or 0) :]
        return len(data)


def _changed(file: OutputFile) -> Fault:
    return Fault(
        "CW-LEAVING-FILE",
        f"The file {file.path} is not the one that was submitted.",
        remedy="The output goes back to its author; find out who changed it.",
    )
