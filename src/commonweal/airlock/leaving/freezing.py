"""Submitting: files are copied, hashed and frozen; then the author signs exactly that.

`freeze` makes the turn's folder without its name; all in it is sealed as it is written. `submit`
lets the ledger hear of the author's act and writes `output.submitted`, while the permit is live, in
one transaction; only then the folder gets its name. A cut leaves a nameless folder, which `resume`
names if the ledger knows its manifest, and throws away if it does not.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from commonweal.airlock.audit.history import Pin, read_place
from commonweal.airlock.audit.writing import seal_output
from commonweal.airlock.kept import turn_context, write_sealed
from commonweal.airlock.leaving.ports import Ground, Judge
from commonweal.airlock.leaving.releasing import judged_case, recover
from commonweal.airlock.leaving.store import (
    FILES,
    FINDINGS,
    MANIFEST,
    PROPOSAL,
    OutputStore,
    Submitted,
    check_files,
    read_turn,
)
from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import CommonwealError, Fault, Refused, Unavailable
from commonweal.foundation.files import (
    STAGING_PREFIX,
    fsync_folder,
    fsync_tree,
    make_private_folder,
    only_one,
    translated,
)
from commonweal.foundation.keyed import Keys, OpenKey, sealing_into
from commonweal.ledger.details import commitment, new_salt
from commonweal.ledger.entry import Actor, Event
from commonweal.ledger.store import Writing
from commonweal.papers.acts import SignedAct
from commonweal.papers.output_manifest import (
    CALLED,
    CODE,
    Detected,
    EarlierOutput,
    FileFound,
    FileKind,
    Findings,
    Origin,
    OutputFile,
    OutputManifest,
    RulesUsed,
)
from commonweal.papers.output_request import Grade

LIFE = timedelta(days=60)
"""How long an output can wait before it must be submitted anew."""
MOST_BYTES = 10 * 1024**3
_CHUNK = 1 << 20
_AUTHOR_ROLE = "researcher"
_AIRLOCK = Actor("system", "airlock")


@dataclass(frozen=True)
class Source:
    """A file that asks to leave: where it lies, and what is known of it.

    `sha256`: of the bytes that were checked, where a job left them; others are not frozen.
    """

    path: Path
    kind: FileKind
    type: Detected
    grade: Grade
    made_from: str | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Draft:
    """What an author puts together, and what the checks found.

    `release_hash`: of the release's manifest. `found`: of each file, with `audit` the reviewer's
    result of the audit as plain JSON, against exactly `compared`. `proposal`: a folder as
    `audit.writing.write_output` makes it, or None where nothing was recomputed. `left_behind`:
    what the job left beside, and its author did not ask for. `job` and `study`, or `origin`.
    """

    id: str
    title: str
    author: str
    permit: str
    release: str
    release_hash: str
    context: str
    controls: str
    sources: Sequence[Source]
    found: Sequence[FileFound]
    profile: RulesUsed
    compared: Sequence[Pin] = ()
    audit: dict[str, Any] | None = None
    proposal: Path | None = None
    left_behind: Sequence[str] = ()
    job: str | None = None
    study: str | None = None
    origin: Origin | None = None


@dataclass(frozen=True)
class Frozen:
    """A turn that is whole and has no name yet: what the author signs is `manifest.digest()`."""

    submitted: Submitted

    @property
    def manifest(self) -> OutputManifest:
        """What is signed."""
        return self.submitted.manifest


def freeze(store: OutputStore, ground: Ground, draft: Draft) -> Frozen:
    """Copy and hash everything, and make the manifest.

    Raises `Fault` CW-LEAVING-FILE for a file that is no plain file, CW-LEAVING-MANIFEST;
    `Refused` CW-LEAVING-KNOWN where a turn of this output is still open or it has left.
    """
    store.make()
    turns = store.turns(draft.id)
    _require_open(ground, draft.id, bool(turns))
    number = turns[-1] + 1 if turns else 1
    previous = store.read(draft.id).manifest if turns else None
    if previous is not None and previous.author != draft.author:
        raise Refused("CW-LEAVING-KNOWN", "An output of this name is another author's.")
    key = store.keys.sealing(ground.permit(draft.permit).project.id)
    make_private_folder(store.outputs / draft.id)
    staging = store.outputs / draft.id / f"{STAGING_PREFIX}{number}-{secrets.token_hex(6)}"
    with translated(staging.name):
        (staging / FILES).mkdir(parents=True, mode=0o700)
    try:
        turn = _Sealing(staging, draft.id, number, key)
        files = [_taken(one, turn) for one in draft.sources]
        proposal = _proposal(draft, turn)
        findings = _findings(draft, number)
        manifest = _manifest(draft, ground, number, previous, files, findings, proposal)
        turn.put(FINDINGS, findings.canonical())
        turn.put(MANIFEST, manifest.canonical())
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    return Frozen(Submitted(staging, manifest, findings, (), {}, store.keys))


@dataclass(frozen=True)
class _Sealing:
    """A turn's folder while it is made: what is written into it is sealed for that turn."""

    folder: Path
    output: str
    turn: int
    key: OpenKey

    def context(self, path: str) -> str:
        """What binds a file to the turn."""
        return turn_context(self.output, self.turn, path)

    def put(self, path: str, content: bytes) -> None:
        """Seal and write one file durably."""
        write_sealed(self.folder / path, content, self.key, self.context(path))


def _require_open(ground: Ground, output: str, known: bool) -> None:
    events = [one for one in ground.written() if one.output == output]
    if any(one.type in ("output.released", "output.recalled") for one in events):
        raise Refused("CW-LEAVING-KNOWN", "An output of this name has left already.")
    steps = [one for one in events if one.type in ("output.submitted", "output.moved")]
    if known and steps and steps[-1].type == "output.submitted":
        raise Refused("CW-LEAVING-KNOWN", "This output is still being judged.")
    if steps and steps[-1].fields.get("step") in ("reject", "withdraw", "run_out", "end"):
        raise Refused("CW-LEAVING-KNOWN", "This output has ended; submit it under another name.")


def _taken(source: Source, turn: _Sealing) -> OutputFile:
    """Copy a file of a job and hash what was copied. Links and devices are never followed."""
    name = source.path.name
    try:
        with translated(name):
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            taken = os.open(source.path, flags)
    except CommonwealError as error:
        raise Fault("CW-LEAVING-FILE", f"The file {name} of a job cannot be taken.") from error
    try:
        size, digest = _copied(taken, name, turn)
    finally:
        os.close(taken)
    if source.sha256 not in (None, f"sha256:{digest}"):
        raise Fault("CW-LEAVING-FILE", f"The file {name} of a job changed after it was checked.")
    plain = {
        "path": name, "sha256": f"sha256:{digest}", "bytes": size,
        "type": source.type, "grade": source.grade, "kind": source.kind,
        **({} if source.made_from is None else {"made_from": source.made_from}),
    }  # fmt: skip
    return OutputFile.read(plain, "A file of an output", CODE)


def _copied(source: int, name: str, turn: _Sealing) -> tuple[int, str]:
    """Bytes and hash of what was copied, before it was sealed."""
    path, hashed, size = f"{FILES}/{name}", hashlib.sha256(), 0
    with translated(name):
        if not stat.S_ISREG(os.fstat(source).st_mode):
            raise Fault("CW-LEAVING-FILE", f"{name} of a job is no plain file.")
        with (
            (turn.folder / path).open("xb") as out,
            sealing_into(out, turn.key, turn.context(path)) as sealer,
        ):
            while chunk := os.read(source, _CHUNK):
                size += len(chunk)
                if size > MOST_BYTES:
                    raise Fault("CW-LEAVING-FILE", f"The file {name} of a job is too large.")
                hashed.update(chunk)
                sealer.write(chunk)
    return size, hashed.hexdigest()


def _proposal(draft: Draft, turn: _Sealing) -> EarlierOutput | None:
    """The draft's part of the history, sealed as it will lie there once it has left."""
    if draft.proposal is None:
        return None
    place = read_place(draft.proposal, "CW-AUDIT-OUTPUT")
    if place.pin.output != draft.id:
        raise Fault("CW-AUDIT-OUTPUT", "The figures of an output are those of another one.")
    seal_output(place, turn.folder / PROPOSAL, turn.key)
    return EarlierOutput(output=place.pin.output, manifest=place.pin.manifest)


def _findings(draft: Draft, turn: int) -> Findings:
    said = None if draft.audit is None else draft.audit.get("verdict")
    plain = {
        "findings": 1, "output": draft.id, "turn": turn, "salt": secrets.token_hex(32),
        "files": [one.plain() for one in draft.found],
        **({} if draft.audit is None else {"audit": draft.audit, "audit_verdict": said}),
    }  # fmt: skip
    return Findings.read(plain, "The findings", "CW-LEAVING-FINDINGS")


def _manifest(
    draft: Draft,
    ground: Ground,
    turn: int,
    previous: OutputManifest | None,
    files: Iterable[OutputFile],
    findings: Findings,
    proposal: EarlierOutput | None,
) -> OutputManifest:
    permit, now = ground.permit(draft.permit), ground.now()
    compared = [] if proposal is None else [
        {"output": pin.output, "manifest": pin.manifest} for pin in draft.compared
    ]  # fmt: skip
    plain = {
        "output_manifest": 1, "id": draft.id, "turn": turn, "title": draft.title,
        "author": draft.author, "project": permit.project.id,
        "permit": permit.id, "permit_hash": permit.digest(),
        "release": draft.release, "release_hash": draft.release_hash,
        **({"job": draft.job, "study": draft.study} if draft.origin is None else {
            "origin": draft.origin.plain()
        }),
        "context": draft.context, "controls": draft.controls,
        "files": [one.plain() for one in files], "findings": findings.digest(),
        "profile": draft.profile.plain(), "compared": compared,
        "submitted_at": stamp(now), "expires": stamp(now + LIFE),
        **({"left_behind": list(draft.left_behind)} if draft.left_behind else {}),
        **({} if previous is None else {"previous": previous.digest()}),
        **({} if proposal is None else {"proposal": proposal.plain()}),
    }  # fmt: skip
    return OutputManifest.read(plain, CALLED, CODE)


def submit(store: OutputStore, ground: Ground, frozen: Frozen, signed: SignedAct) -> Submitted:
    """Let the ledger hear of the author's act, and give the turn its name.

    Raises `Fault` CW-LEAVING-ACTS where the act is about something else, what `verify_act` raises,
    `Refused` CW-PERMIT-NOT-LIVE, CW-LEAVING-AUTHOR, CW-LEAVING-KNOWN.
    """
    manifest, act = frozen.manifest, signed.act
    about = (act.kind, act.subject, act.object_digest, act.actor)
    if about != ("submit_output", manifest.id, manifest.digest(), manifest.author):
        raise Fault("CW-LEAVING-ACTS", "The author signed something else than this output.")
    if manifest.author not in {one.id for one in ground.permit(manifest.permit).people}:
        raise Refused("CW-LEAVING-AUTHOR", "The permit does not name the author of this output.")
    if manifest.origin is not None and manifest.origin.kind == "standing":
        raise Fault("CW-LEAVING-ACTS", "A month is put forward by the airlock, under its approval.")

    def heard(writing: Writing) -> None:
        ground.record(writing, signed)

    return _submitted(store, ground, frozen, Actor(_AUTHOR_ROLE, manifest.author), heard, (signed,))


def submit_month(store: OutputStore, ground: Ground, judge: Judge, frozen: Frozen) -> Submitted:
    """Put a month of a standing output forward, and give the turn its name.

    Nobody signs it: its author and two others signed the layout, and the judge verifies that in the
    transaction that writes it. Raises what the judge raises, and as `submit`.
    """

    def approved(_writing: Writing) -> None:
        judged_case(store, ground, judge, frozen.submitted)

    return _submitted(store, ground, frozen, _AIRLOCK, approved, ())


def _submitted(
    store: OutputStore,
    ground: Ground,
    frozen: Frozen,
    by: Actor,
    first: Callable[[Writing], None],
    acts: tuple[SignedAct, ...],
) -> Submitted:
    """Write that a turn was submitted, after `first`, in one transaction; then it has its name."""
    manifest = frozen.manifest
    with only_one(store.lock, "the outputs"):
        ground.settle()
        recover(store, ground)
        check_files(frozen.submitted)
        for one in acts:
            store.add(frozen.submitted, one, None)
        with translated(frozen.submitted.folder.name):
            fsync_tree(frozen.submitted.folder)
            fsync_folder(frozen.submitted.folder.parent)
            fsync_folder(store.outputs)
        with ground.transaction() as writing:
            _require_open(ground, manifest.id, known=True)
            first(writing)
            salt = new_salt()
            content = {"salt": salt.hex(), "manifest": manifest.digest(), "turn": manifest.turn}
            fields = {
                "permit": manifest.permit, "release": manifest.release, "output": manifest.id,
                "turn": manifest.turn, "manifest": commitment(salt, manifest.canonical()),
                **({} if manifest.job is None else {"job": manifest.job}),
            }  # fmt: skip
            writing.append(Event("output.submitted", by, fields), ground.details(content))
        target = _named(store, frozen.submitted)
        ground.settle()
    return replace(frozen.submitted, folder=target, acts=acts)


def find_frozen(store: OutputStore, output: str, digest: str) -> Frozen:
    """The frozen turn that waits for its author's signature, by the digest of its manifest.

    Raises `Refused` CW-LEAVING-UNKNOWN where there is none any more.
    """
    folder = store.outputs / output
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            found = _frozen_at(path, output, store.keys)
            if found is not None and hmac.compare_digest(found.manifest.digest(), digest):
                return Frozen(found)
    raise Refused(
        "CW-LEAVING-UNKNOWN",
        "What was to be signed is not there any more.",
        remedy="It waits for a day. Ask again; the checks then run anew.",
    )


def _frozen_at(path: Path, output: str, keys: Keys) -> Submitted | None:
    """A turn without its name. None for anything else, and for one that is not whole."""
    if not path.name.startswith(STAGING_PREFIX):
        return None
    try:
        return read_turn(path, output, _turn_of(path), keys)
    except Unavailable:
        raise
    except CommonwealError:
        return None


def _turn_of(path: Path) -> int:
    return int(path.name.removeprefix(STAGING_PREFIX).partition("-")[0])


def _named(store: OutputStore, submitted: Submitted) -> Path:
    manifest = submitted.manifest
    target = store.turn(manifest.id, manifest.turn)
    with translated(target.name):
        submitted.folder.rename(target)
        fsync_folder(target.parent)
    return target


def resume(
    store: OutputStore, ground: Ground, *, after: timedelta = timedelta(days=1)
) -> list[str]:
    """After a cut: name what the ledger knows, throw the rest away. Gives the ids that were named.

    `after`: how long a frozen folder may wait for its author's signature.
    Raises `Unavailable` CW-AUDIT-UNSEALED where an older version left turns in the clear.
    """
    store.make()
    before = (ground.now() - after).timestamp()
    known = {
        str(one.details["manifest"]) for one in ground.written() if one.type == "output.submitted"
    }
    named = []
    with only_one(store.lock, "the outputs"):
        for output in store.ids():
            for path in sorted((store.outputs / output).iterdir()):
                if not path.name.startswith(STAGING_PREFIX):
                    continue
                turn = _turn_of(path)
                if _is_known(path, output, turn, known, store.keys):
                    _named(store, read_turn(path, output, turn, store.keys))
                    named.append(output)
                elif path.stat().st_mtime < before:
                    shutil.rmtree(path)
    return named


def _is_known(path: Path, output: str, turn: int, known: set[str], keys: Keys) -> bool:
    try:
        return read_turn(path, output, turn, keys).manifest.digest() in known
    except Unavailable:
        raise  # nothing is thrown away because keys are missing, or because it is not sealed yet
    except CommonwealError:
        return False  # it was cut off before it was whole, so nobody signed it
