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

Nothing in here decides: files are hashed against the manifest, the manifest is what people signed,
and what they signed is held against the ledger.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import CommonwealError, Fault, Refused
from commonweal.foundation.files import (
    STAGING_PREFIX,
    make_private_folder,
    read_bytes,
    translated,
    write_atomic,
)
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
    """One turn of an output as it lies in the store: nothing of it is believed yet."""

    folder: Path
    manifest: OutputManifest
    findings: Findings
    acts: tuple[SignedAct, ...]
    reviews: Mapping[str, OutputReview]

    @property
    def files(self) -> Path:
        """Where its files lie."""
        return self.folder / FILES

    @property
    def proposal(self) -> Path:
        """Where its part of the history lies until it leaves."""
        return self.folder / PROPOSAL


@dataclass(frozen=True)
class OutputStore:
    """The airlock's folder of a home."""

    root: Path

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
        return read_turn(self.turn(output, turns[-1]), output, turns[-1])

    def add(self, submitted: Submitted, signed: SignedAct, review: OutputReview | None) -> None:
        """Keep what somebody signed. A second time the same is no fault."""
        if review is not None:
            _keep(submitted.folder / REVIEWS, review.digest().removeprefix("sha256:"), review)
        _keep(submitted.folder / ACTS, signed.act.id, signed)

    def drop(self, submitted: Submitted, act: str) -> None:
        """Remove what somebody signed and the ledger never heard of.

        A review stays where another act holds the same words.
        """
        gone = [one for one in submitted.acts if one.act.id == act]
        held = {one.act.content for one in submitted.acts if one.act.id != act}
        with translated(ACTS):
            (submitted.folder / ACTS / f"{act}.json").unlink(missing_ok=True)
        for one in gone:
            content = one.act.content or ""
            if content in submitted.reviews and content not in held:
                name = content.removeprefix("sha256:")
                with translated(REVIEWS):
                    (submitted.folder / REVIEWS / f"{name}.json").unlink(missing_ok=True)


def is_id(output: str) -> bool:
    """Whether an output can be called so: what comes from outside names a folder here."""
    return _ID.fullmatch(output) is not None


def _keep(folder: Path, name: str, paper: Paper) -> None:
    make_private_folder(folder)
    write_atomic(folder / f"{name}.json", paper.canonical())


def read_turn(folder: Path, output: str, turn: int) -> Submitted:
    """What lies in the folder of a turn.

    Raises `Fault` CW-LEAVING-MANIFEST, CW-LEAVING-FINDINGS, CW-LEAVING-ACTS and those of files.
    """
    plain = parse_json(read_bytes(folder / MANIFEST, CALLED, limit=_MOST_PAPER), CALLED)
    manifest = OutputManifest.read(plain, CALLED, CODE)
    if (manifest.id, manifest.turn) != (output, turn):
        raise Fault(CODE, "The manifest of an output is that of another output or turn.")
    found = parse_json(
        read_bytes(folder / FINDINGS, "The findings", limit=_MOST_PAPER), "The findings"
    )
    findings = Findings.read(found, "The findings", "CW-LEAVING-FINDINGS")
    acts = tuple(SignedAct.load(parse_json(content, ACT_CALLED)) for content in _all(folder / ACTS))
    reviews = [
        OutputReview.read(parse_json(content, "The review"), "The review", "CW-LEAVING-ACTS")
        for content in _all(folder / REVIEWS)
    ]
    return Submitted(folder, manifest, findings, acts, {one.digest(): one for one in reviews})


def _all(folder: Path) -> Iterator[bytes]:
    if not folder.is_dir():
        return
    with translated(folder.name):
        names = sorted(path for path in folder.iterdir() if path.suffix == ".json")
    # What was being written when the power went is not there; `write_atomic` left it beside.
    whole = [path for path in names if not path.name.startswith(STAGING_PREFIX)]
    if len(whole) > _MOST_ACTS:
        raise Fault("CW-LEAVING-ACTS", "There are more acts about an output than there can be.")
    for path in whole:
        yield read_bytes(path, ACT_CALLED, limit=_MOST_ACT)


def check_files(submitted: Submitted) -> None:
    """Hash every file against the manifest. Raises `Fault` CW-LEAVING-FILE.

    A file more, one less, a link, or one changed byte is a fault: what people signed is not it.
    """
    named = {one.path: one for one in submitted.manifest.files}
    with translated(submitted.files.name):
        there = {path.name for path in submitted.files.iterdir()}
    if there != set(named):
        raise Fault("CW-LEAVING-FILE", "The files of an output are not those of its manifest.")
    for one in named.values():
        copy_checked(submitted.files / one.path, one, None)


def copy_checked(source: Path, file: OutputFile, target: Path | None) -> None:
    """Hash a file, and copy what was hashed where `target` is named; the source is read once.

    Raises `Fault` CW-LEAVING-FILE for a link, something that is no plain file, or other bytes.
    """
    try:
        with translated(file.path):
            taken = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except CommonwealError as error:
        raise _changed(file) from error
    try:
        size, digest = _copied(taken, file, target)
    finally:
        os.close(taken)
    if size != file.bytes or f"sha256:{digest}" != file.sha256:
        raise _changed(file)


def _copied(source: int, file: OutputFile, target: Path | None) -> tuple[int, str]:
    hashed, size = hashlib.sha256(), 0
    if not stat.S_ISREG(os.fstat(source).st_mode):
        raise _changed(file)
    with translated(file.path):
        out = None
        if target is not None:
            out = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o440)
        try:
            while chunk := os.read(source, _CHUNK):
                size += len(chunk)
                if size > file.bytes:
                    break
                hashed.update(chunk)
                _put(out, chunk)
            if out is not None:
                os.fsync(out)
        finally:
            if out is not None:
                os.close(out)
    return size, hashed.hexdigest()


def _put(out: int | None, chunk: bytes) -> None:
    """Write all of it: a disk that is nearly full takes a part and says so only by the count."""
    rest = memoryview(chunk)
    while out is not None and rest:
        rest = rest[os.write(out, rest) :]


def _changed(file: OutputFile) -> Fault:
    return Fault(
        "CW-LEAVING-FILE",
        f"The file {file.path} is not the one that was submitted.",
        remedy="The output goes back to its author; find out who changed it.",
    )
