"""Sealing what an older version left in the clear: `commonweal airlock seal-history`.

File by file, each in the place of the clear one in a moment, and the manifest of a folder last: cut
off anywhere, the folder still says that it is not sealed, and the next run goes on where this one
ended. Nothing is sealed that is not what its manifest says, and no manifest that the ledger does
not know: sealing makes nothing true.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from commonweal.airlock.audit.history import Place, read_place
from commonweal.airlock.audit.manifest import BY_RULE
from commonweal.airlock.kept import history_context, replace_by_sealed, turn_context
from commonweal.airlock.leaving.ports import Ground
from commonweal.airlock.leaving.publications import tell
from commonweal.airlock.leaving.store import (
    ACTS,
    FILES,
    FINDINGS,
    MANIFEST,
    PROPOSAL,
    REVIEWS,
    OutputStore,
)
from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import Fault
from commonweal.foundation.files import (
    STAGING_PREFIX,
    ByteSink,
    only_one,
    read_bytes,
    sha256_file,
    translated,
)
from commonweal.foundation.keyed import Keys, OpenKey, has_mark, open_into
from commonweal.ledger.outputs import OutputEvent
from commonweal.papers.output_manifest import CALLED, CODE, Findings, OutputManifest

_CHUNK = 1 << 20


@dataclass(frozen=True)
class SealedNow:
    """How many folders (an output's part of the history, or a turn) and files were sealed now.

    `before`: folders that were sealed already. `told`: publications that the ledger heard of now.
    """

    folders: int = 0
    files: int = 0
    before: int = 0
    told: int = 0


def unsealed_folders(store: OutputStore) -> tuple[int, int]:
    """How many folders of the history and of turns are in the clear, and how many there are.

    Needs no key. Raises those of files.
    """
    folders = [*_history_folders(store), *_turn_folders(store)]
    clear = [one for one in folders if (one / MANIFEST).exists() and _is_clear(one)]
    return len(clear), len(folders)


def seal_store(store: OutputStore, ground: Ground) -> SealedNow:
    """Seal everything that lies in the clear, while nobody else works in the store.

    Raises `Fault` CW-AUDIT-HISTORY, CW-LEAVING-MANIFEST, CW-LEAVING-FILE or CW-LEAVING-FINDINGS
    where something is not what its manifest or the ledger says: it stays as it is.
    """
    store.make()
    with only_one(store.lock, "the outputs"):
        ground.settle()
        work = _Sealing(store, ground.written(), ground)
        for folder in _history_folders(store):
            work.history(folder)
        for folder in _turn_folders(store):
            work.turn(folder)
        told = _tell_publications(store, ground)
        ground.settle()
    return SealedNow(work.folders, work.files, work.before, told)


def _history_folders(store: OutputStore) -> list[Path]:
    if not store.history.is_dir():
        return []
    with translated("the history"):
        found = sorted(store.history.iterdir())
    return [
        one for one in found if one.is_dir() and not one.name.startswith(STAGING_PREFIX)
        and not _is_by_rule(one)
    ]  # fmt: skip


def _turn_folders(store: OutputStore) -> list[Path]:
    """Every turn, those too that wait for their author's signature."""
    found = []
    for output in store.ids():
        with translated(output):
            found += [path for path in (store.outputs / output).iterdir() if path.is_dir()]
    return sorted(found)


def _is_clear(folder: Path) -> bool:
    return not has_mark(folder / MANIFEST)


def _is_by_rule(folder: Path) -> bool:
    """The catalogue's figures are sealed by the vault, and their manifest says nothing."""
    if not _is_clear(folder):
        return False
    plain = parse_json(read_bytes(folder / MANIFEST, "The manifest"), "The manifest")
    return isinstance(plain, dict) and plain.get("kind") in BY_RULE


class _Sealing:
    """One run."""

    def __init__(
        self, store: OutputStore, written: tuple[OutputEvent, ...], ground: Ground
    ) -> None:
        self._store, self._ground = store, ground
        self._left = {
            one.output: one for one in written
            if one.type == "output.released" and one.details.get("proposal")
        }  # fmt: skip
        self._submitted = {
            (one.output, one.details.get("turn")): str(one.details.get("manifest"))
            for one in written if one.type == "output.submitted"
        }  # fmt: skip
        self.folders = self.files = self.before = 0

    # --- the history ------------------------------------------------------------------------

    def history(self, folder: Path) -> None:
        """Seal an output's part of the history, under the key of its project."""
        _clear_away(folder)
        if not _is_clear(folder):
            self.before += 1
            return
        place = read_place(folder, "CW-AUDIT-HISTORY")
        left = self._left.get(place.pin.output)
        if place.paper.kind == "publication":
            project = None
        elif left is None or left.details["proposal"] != place.pin.manifest:
            raise _unknown(folder)
        else:
            project = self._ground.permit(left.permit).project.id
        self._part(place, self._store.keys.sealing(project))
        self.folders += 1

    def _part(self, place: Place, key: OpenKey) -> None:
        """Seal the files of a part of the history, its manifest last."""
        folder, output = place.folder, place.pin.output
        for file in place.paper.files():
            self._file(folder / file.path, key, history_context(output, file.path), file.sha256)
        self._file(folder / MANIFEST, key, history_context(output, MANIFEST), place.pin.manifest)

    # --- turns ------------------------------------------------------------------------------

    def turn(self, folder: Path) -> None:
        """Seal a turn. One that was cut off before it was whole is thrown away."""
        output = folder.parent.name
        _clear_away(folder)
        if not (folder / MANIFEST).is_file():
            _throw_away(folder)
            return
        if not _is_clear(folder):
            self.before += 1
            return
        manifest = _manifest(folder, output)
        signed = self._submitted.get((output, manifest.turn))
        named = not folder.name.startswith(STAGING_PREFIX)
        if (named or signed is not None) and signed != manifest.digest():
            raise Fault(CODE, f"A turn of {output} is not the one that the ledger knows.")
        if self._ground.permit(manifest.permit).project.id != manifest.project:
            raise Fault(CODE, f"A turn of {output} is of another project than its permit.")
        self._turn(folder, manifest, self._store.keys.sealing(manifest.project))
        self.folders += 1

    def _turn(self, folder: Path, manifest: OutputManifest, key: OpenKey) -> None:
        def context(path: str) -> str:
            return turn_context(manifest.id, manifest.turn, path)

        for one in manifest.files:
            path = f"{FILES}/{one.path}"
            self._file(folder / path, key, context(path), one.sha256, "CW-LEAVING-FILE")
        self._findings(folder / FINDINGS, manifest, key, context(FINDINGS))
        for kind in (ACTS, REVIEWS):
            if (folder / kind).is_dir():
                for found in sorted((folder / kind).glob("*.json")):
                    self._file(found, key, context(f"{kind}/{found.name}"), None)
        proposal = folder / PROPOSAL
        if proposal.is_dir() and manifest.proposal is not None:
            self._proposal(proposal, manifest.id, manifest.proposal.manifest, key)
        strange = [one for one in _files(folder) if one != folder / MANIFEST and not has_mark(one)]
        if strange:
            raise Fault(CODE, f"A turn of {manifest.id} holds files that are no part of it.")
        self._file(folder / MANIFEST, key, context(MANIFEST), None)

    def _findings(self, path: Path, manifest: OutputManifest, key: OpenKey, context: str) -> None:
        if not has_mark(path):
            plain = parse_json(read_bytes(path, "The findings"), "The findings")
            found = Findings.read(plain, "The findings", "CW-LEAVING-FINDINGS")
            if found.digest() != manifest.findings:
                raise Fault(
                    "CW-LEAVING-FINDINGS", f"The findings of {manifest.id} are not those frozen."
                )
        self._file(path, key, context, None)

    def _proposal(self, folder: Path, output: str, pin: str, key: OpenKey) -> None:
        if not _is_clear(folder):
            return
        place = read_place(folder, "CW-AUDIT-HISTORY", name=output)
        if place.pin.manifest != pin:
            raise _unknown(folder)
        self._part(place, key)

    # --- one file ---------------------------------------------------------------------------

    def _file(
        self,
        path: Path,
        key: OpenKey,
        context: str,
        sha256: str | None,
        code: str = "CW-AUDIT-HISTORY",
    ) -> None:
        """Seal one file whose bytes have this hash (None: whatever they are), unless it is."""
        if path.is_symlink() or not path.is_file():
            raise Fault(code, f"{path.name} is no plain file, so it is not sealed.")
        if has_mark(path) and _opens(path, self._store.keys, context, sha256):
            return
        if sha256 is not None and sha256_file(path) != sha256:
            raise Fault(code, f"{path.name} is not what its manifest says, so it is not sealed.")
        replace_by_sealed(path, key, context, lambda sink: _poured(path, sink))
        self.files += 1


def _poured(path: Path, sink: ByteSink) -> None:
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            sink.write(chunk)


class _Nothing:
    def write(self, data: bytes, /) -> int:
        return len(data)


def _opens(path: Path, keys: Keys, context: str, sha256: str | None) -> bool:
    """Whether a file was sealed before the last run was cut off: a clear one may begin like it."""
    try:
        with path.open("rb") as stream:
            found = open_into(stream, _Nothing(), keys, context, path.name)
    except Fault:
        return False
    return sha256 in (None, found)


def _manifest(folder: Path, output: str) -> OutputManifest:
    plain = parse_json(read_bytes(folder / MANIFEST, CALLED), CALLED)
    manifest = OutputManifest.read(plain, CALLED, CODE)
    turn = folder.name.removeprefix(STAGING_PREFIX).partition("-")[0]
    if (manifest.id, str(manifest.turn)) != (output, turn):
        raise Fault(CODE, "The manifest of an output is that of another output or turn.")
    return manifest


def _files(folder: Path) -> Iterator[Path]:
    return (one for one in sorted(folder.rglob("*")) if not one.is_dir() or one.is_symlink())


def _clear_away(folder: Path) -> None:
    """Remove what a cut left beside files: sealed parts, or an act that was never whole."""
    for one in _files(folder):
        if one.name.startswith(STAGING_PREFIX) and not one.is_symlink():
            one.unlink()


def _throw_away(folder: Path) -> None:
    """Remove a turn whose freezing was cut off and left files in the clear.

    One that is being frozen now has only sealed files, or empty ones.
    """
    if folder.name.startswith(STAGING_PREFIX):
        held = [one for one in _files(folder) if one.is_symlink() or one.stat().st_size > 0]
        if any(one.is_symlink() or not has_mark(one) for one in held):
            shutil.rmtree(folder)


def _tell_publications(store: OutputStore, ground: Ground) -> int:
    """Let the ledger hear of publications that were brought in before it was told."""
    known, told = ground.publications(), 0
    for folder in _history_folders(store):
        if folder.name in known:
            continue
        place = read_place(folder, "CW-AUDIT-HISTORY", store.kept)
        if place.paper.kind == "publication":
            tell(ground, place.pin)
            told += 1
    return told


def _unknown(folder: Path) -> Fault:
    return Fault(
        "CW-AUDIT-HISTORY",
        f"The figures of {folder.name} are not those that the ledger knows; they stay unsealed.",
        remedy="Restore the airlock's folder from a backup.",
    )
