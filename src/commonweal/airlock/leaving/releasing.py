"""The release worker: verifies everything itself, and then an output leaves once, whole (S11).

    (a) every file is hashed against the manifest that people signed, while it is copied;
    (b) every act is verified against roster, trust policy and ledger, and the votes are counted;
    (c) the audit must be of exactly what has left; where another output left since, it runs again;
    (d) `output.released` is written, with the permit live in that very transaction (S12);
    (e) the copy gets its name, and the proposal becomes a part of the history.

(d) is the moment in which it leaves. Before it, there is only a staged copy, which the next run
throws away; after it, the next run finishes (e). So a cut at any instant leaves nothing half
released, and the ledger alone says what left. Judging and (d) are one transaction: a vote or a stop
that comes in between is seen.
"""

from __future__ import annotations

import contextlib
import hmac
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from commonweal.airlock.audit.history import History, Lost, Pin, read_history, read_place
from commonweal.airlock.audit.running import Pinned, audit, check_pinned, read_proposals
from commonweal.airlock.audit.values import DEFAULT, Dominance
from commonweal.airlock.leaving.ports import Ground, Judge, Judgement
from commonweal.airlock.leaving.records import release_record
from commonweal.airlock.leaving.signed_layouts import standing_case
from commonweal.airlock.leaving.store import (
    DECISION,
    FILES,
    MANIFEST,
    PUBLIC,
    RECORD,
    OutputStore,
    Submitted,
    check_files,
)
from commonweal.foundation.canonical import canonical, digest, parse_json
from commonweal.foundation.errors import CommonwealError, Fault, Refused
from commonweal.foundation.files import (
    STAGING_PREFIX,
    fsync_folder,
    fsync_tree,
    only_one,
    read_bytes,
    translated,
    write_atomic,
)
from commonweal.ledger.details import commitment, new_salt
from commonweal.ledger.entry import Actor, Event
from commonweal.ledger.outputs import OutputEvent
from commonweal.ledger.state import PermitLive
from commonweal.ledger.store import Writing
from commonweal.papers.output_manifest import CALLED, CODE, OutputDecision, OutputManifest
from commonweal.papers.standing_case import StandingCase

WORKER = Actor("system", "release-worker")
_RERUN_SECONDS = 60.0
_STEPS = {
    "CW-AUDIT-STALE": "find_stale",
    "CW-LEAVING-FILE": "find_changed",
    "CW-LEAVING-EXPIRED": "run_out",
}
"""Refusals after which the output is not where it was: code and step of `output.moved`."""


@dataclass(frozen=True)
class Released:
    """An output that has left: its folder, its intent on the ledger, and whether it was now."""

    output: str
    folder: Path
    intent: int
    now: bool


def release(store: OutputStore, ground: Ground, judge: Judge, output: str) -> Released:
    """Let one output leave, or refuse. What has left already is told again and not done twice.

    Raises `Fault` CW-LEDGER-REWOUND, CW-LEAVING-FILE, CW-LEAVING-MANIFEST, CW-LEAVING-STORE,
    CW-AUDIT-HISTORY; `Refused` CW-LEAVING-VOTES, CW-LEAVING-RECALLED, CW-LEAVING-PERMIT,
    CW-LEAVING-UNKNOWN, CW-AUDIT-STALE, CW-PERMIT-NOT-LIVE; what the judge raises, and those of
    the ledger. A refusal of an output that is there is written on the ledger.
    """
    store.make()
    with only_one(store.lock, "the outputs"):
        ground.settle()
        recover(store, ground)
        known = _left(ground, output)
        if known is not None:
            return Released(output, store.released / output, known.intent, now=False)
        submitted = store.read(output)
        require_standing(ground, submitted.manifest)
        try:
            return _release(store, ground, judge, submitted)
        except (Refused, Fault) as error:
            _refused(ground, submitted.manifest, error)
            raise


def _release(store: OutputStore, ground: Ground, judge: Judge, submitted: Submitted) -> Released:
    manifest = submitted.manifest
    check_files(submitted)
    history = whole_history(store, ground)
    # Votes first: an audit can take a minute, and nobody need wait for one that cannot leave.
    _judged(store, ground, judge, submitted)
    compared = _audited(store, submitted, history)
    staging = _stage(store, submitted)
    try:
        with ground.transaction() as writing:
            require_standing(ground, manifest)
            _check_same_set(ground, history)
            found = _judged(store, ground, judge, submitted)
            _finish_papers(staging, manifest, found, writing)
            intent = _write(ground, writing, submitted, found, compared)
    except BaseException:
        # If the commit itself was cut off nobody knows; `recover` asks the ledger.
        if _left(ground, manifest.id) is None:
            shutil.rmtree(staging, ignore_errors=True)
        raise
    _finish(store, manifest.id, manifest)
    ground.settle()
    return Released(manifest.id, store.released / manifest.id, intent, now=True)


def _left(ground: Ground, output: str) -> OutputEvent | None:
    """The event with which an output left. Raises `Refused` CW-LEAVING-RECALLED."""
    events = [one for one in ground.written() if one.output == output]
    if any(one.type == "output.recalled" for one in events):
        raise Refused("CW-LEAVING-RECALLED", "This output was recalled.")
    return next((one for one in events if one.type == "output.released"), None)


def require_standing(ground: Ground, manifest: OutputManifest) -> None:
    """Refuse unless the ledger says that this very turn waits: submitted, and nothing since.

    An older turn that is put back into the store, or one that was returned, does not leave.
    Raises `Refused` CW-LEAVING-STATE.
    """
    events = [one for one in ground.written() if one.output == manifest.id]
    steps = [one for one in events if one.type in ("output.submitted", "output.moved")]
    if not steps or steps[-1].type != "output.submitted":
        raise Refused("CW-LEAVING-STATE", "This output does not wait for a decision.")
    if steps[-1].details.get("manifest") != manifest.digest():
        raise Refused("CW-LEAVING-STATE", "Another turn of this output is the one that waits.")


def _check_same_set(ground: Ground, history: History) -> None:
    """Nothing left while this was audited. The lock of the store says so; the ledger decides."""
    there = {pin.output for pin in history.pins()}
    left = [one for one in ground.written() if one.type == "output.released"]
    if any(one.details.get("proposal") and one.output not in there for one in left):
        raise Refused("CW-AUDIT-STALE", "Another output has left since the audit.")


# --- (b) the votes ------------------------------------------------------------------------------


def _judged(store: OutputStore, ground: Ground, judge: Judge, submitted: Submitted) -> Judgement:
    """The votes, verified and counted now; refuses unless they let it leave."""
    found = judged_case(store, ground, judge, submitted)
    if found.decision.outcome != "approved":
        raise Refused(
            "CW-LEAVING-VOTES",
            "Two people have not approved this output as it is.",
            remedy="An output leaves when two people who may judge it have signed that it may.",
        )
    return found


def judged_case(
    store: OutputStore, ground: Ground, judge: Judge, submitted: Submitted
) -> Judgement:
    """What the votes make, whatever it is.

    With a month of a standing output the judge is handed everything that was signed about its
    layout too: it verifies the approval each time, and nobody says that it was there.

    What the ledger has not heard of is no vote, however it came into the store; what it heard of
    and is not there is missed by the judge.
    """
    manifest = submitted.manifest
    records = ground.records(manifest.id)
    acts = [one for one in submitted.acts if one.act.id in records.acts]
    permit = ground.permit(manifest.permit)
    if permit.digest() != manifest.permit_hash or permit.project.id != manifest.project:
        raise Refused("CW-LEAVING-PERMIT", "The permit is not the one that it was frozen under.")
    at = ground.now()
    return judge(
        manifest,
        submitted.findings,
        acts,
        submitted.reviews,
        [one.id for one in permit.people],
        ground.rosters(),
        ground.trust(at),
        at,
        home=ground.home,
        records=records,
        standing=_standing_of(store, ground, manifest),
    )


def _standing_of(
    store: OutputStore, ground: Ground, manifest: OutputManifest
) -> StandingCase | None:
    origin = manifest.origin
    if origin is None or origin.kind != "standing":
        return None
    return standing_case(store, ground, origin.of)


# --- (c) the audit ------------------------------------------------------------------------------


def whole_history(store: OutputStore, ground: Ground) -> History:
    """The history, held against the ledger: what left is in it, unchanged, and no table beside it.

    Publications made elsewhere are there too, those that the ledger heard of unchanged; the
    catalogue's figures come from elsewhere than here.
    Raises `Fault` CW-AUDIT-HISTORY, and what `read_history` raises.
    """
    left = {
        one.output: one
        for one in ground.written()
        if one.type == "output.released" and one.details.get("proposal")
    }
    expected = {output: str(one.details["proposal"]) for output, one in left.items()}
    expected |= ground.publications()
    history = read_history(store.history, kept=store.kept, known=expected)
    there = {pin.output: pin.manifest for pin in history.pins()}
    own = {place.pin.output for place in history.places if place.paper.kind == "tables"}
    if any(there.get(output) != pin for output, pin in expected.items()) or own - left.keys():
        raise _another_history()
    for one in history.lost:
        _require_lost(store, ground, one, left.get(one.pin.output))
    return history


def _require_lost(store: OutputStore, ground: Ground, lost: Lost, left: OutputEvent | None) -> None:
    """Whoever can write files could name a destroyed key of others, so that an output is not
    compared: what is lost is so only with the key of its own project."""
    project = None if left is None else ground.permit(left.permit).project.id
    named = None if left is None else left.details.get("key")
    if named not in (None, lost.key) or not store.keys.was(lost.key, project):
        raise _another_history()


def _another_history() -> Fault:
    return Fault(
        "CW-AUDIT-HISTORY",
        "The history is not what the ledger says has left.",
        remedy="Restore it from a backup; nothing leaves before.",
    )


def _audited(store: OutputStore, submitted: Submitted, history: History) -> tuple[Pin, ...]:
    """The outputs that this one was compared with, all of them. Raises `Refused` CW-AUDIT-STALE.

    Where another output left since people looked, the audit runs again. If it still finds nothing
    at all, what people approved is as it was; with any finding they have to look again.
    """
    manifest = submitted.manifest
    if manifest.proposal is None:
        return ()
    proposals = read_proposals(
        [submitted.proposal], history, kept=store.kept, name=manifest.proposal.output
    )
    own = Pin(manifest.proposal.output, manifest.proposal.manifest)
    pins = [one.place.pin for one in proposals]
    if pins != [own]:
        raise Fault("CW-LEAVING-FILE", "The figures of an output are not those that were frozen.")
    compared = tuple(Pin(one.output, one.manifest) for one in manifest.compared)
    try:
        check_pinned(Pinned((own,), compared), pins, history)
    except Refused as error:
        again = audit(
            history,
            proposals,
            threshold=_threshold(submitted),
            dominance=_dominance(submitted),
            seconds=_RERUN_SECONDS,
        )
        if again.verdict != "pass":
            raise error from None
        return again.pinned.compared
    return compared


def _threshold(submitted: Submitted) -> int:
    """The smallest group of the audit that people saw: `findings` is what they signed on."""
    said = (submitted.findings.audit or {}).get("threshold")
    if type(said) is not int:
        raise Fault("CW-LEAVING-FINDINGS", "The findings do not say how the audit was made.")
    return said


def _dominance(submitted: Submitted) -> Dominance:
    """The limits of that audit for what one or two people have of two sums; those that come with
    Commonweal where it was made before there were any."""
    said = (submitted.findings.audit or {}).get("dominance")
    if said is None:
        return DEFAULT
    names = {"n": int, "k": float, "p": float}
    fits = isinstance(said, dict) and said.keys() == names.keys()
    if not fits or any(type(said[name]) not in (int, kind) for name, kind in names.items()):
        raise Fault("CW-LEAVING-FINDINGS", "The findings do not say how the audit was made.")
    return Dominance(int(said["n"]), float(said["k"]), float(said["p"]))


# --- (d) the moment -----------------------------------------------------------------------------


def _stage(store: OutputStore, submitted: Submitted) -> Path:
    """The copy that will leave, durable but without its name; hashed as it is copied."""
    staging = _staging(store, submitted.manifest.id)
    with translated(staging.name):
        shutil.rmtree(staging, ignore_errors=True)
        (staging / FILES).mkdir(parents=True, mode=0o700)
    for one in submitted.manifest.leaving():
        submitted.copy(one, staging / FILES / one.path)
    write_atomic(staging / MANIFEST, submitted.manifest.canonical())
    return staging


def _staging(store: OutputStore, output: str) -> Path:
    return store.released / f"{STAGING_PREFIX}{output}"


def _finish_papers(
    staging: Path, manifest: OutputManifest, found: Judgement, writing: Writing
) -> None:
    """The decision, the record and what the public register says beside the files, on the disk."""
    write_atomic(staging / DECISION, found.decision.canonical())
    write_atomic(staging / PUBLIC, canonical(manifest.public_projection(found.decision.overrides)))
    record = release_record(manifest, found.decision, writing.now())
    write_atomic(staging / RECORD, canonical(record))
    with translated(staging.name):
        fsync_tree(staging)
        fsync_folder(staging.parent)


def _write(
    ground: Ground,
    writing: Writing,
    submitted: Submitted,
    found: Judgement,
    compared: tuple[Pin, ...],
) -> int:
    manifest, salt = submitted.manifest, new_salt()
    ground.use(writing, found.acts, manifest.id, manifest.permit)
    committed = commitment(salt, manifest.canonical())
    about = {"permit": manifest.permit, "output": manifest.id, "manifest": committed}
    key = submitted.keys.sealing(manifest.project)
    content = {
        "salt": salt.hex(),
        "manifest": manifest.digest(),
        "decision": found.decision.digest(),
        "proposal": "" if manifest.proposal is None else manifest.proposal.manifest,
        "compared": digest([[one.output, one.manifest] for one in compared]),
        "turn": manifest.turn,
        "key": key.id,
    }
    writing.append(Event("output.approved", WORKER, about), ground.details(content))
    public = manifest.public_projection(found.decision.overrides)
    fields = {
        **about,
        "release": manifest.release,
        "output_hash": digest(public),
        "overrides": len(found.decision.overrides),
    }
    return writing.append(
        Event("output.released", WORKER, fields),
        ground.details(content),
        PermitLive(manifest.permit, ("active",)),
    )


def _refused(ground: Ground, manifest: OutputManifest, error: CommonwealError) -> None:
    """Write the refusal, and the step that follows from it. Failing at that hides no refusal."""
    about = {"permit": manifest.permit, "output": manifest.id}
    with ground.transaction() as writing:
        writing.append(Event("output.refused", WORKER, {**about, "code": error.code}))
        if error.code in _STEPS:
            fields = {**about, "step": _STEPS[error.code]}
            writing.append(Event("output.moved", WORKER, fields))
    ground.settle()


def end(store: OutputStore, ground: Ground, output: str) -> int:
    """End an output that waits and whose permit is over for good. Whoever calls it has seen that.

    Raises `Refused` CW-LEAVING-STATE where it waits no more.
    """
    with only_one(store.lock, "the outputs"):
        manifest = store.read(output).manifest
        with ground.transaction() as writing:
            require_standing(ground, manifest)
            fields = {"permit": manifest.permit, "output": output, "step": "end"}
            intent = writing.append(Event("output.moved", WORKER, fields))
        ground.settle()
    return intent


# --- (e) and after a cut ------------------------------------------------------------------------


def recover(store: OutputStore, ground: Ground) -> list[str]:
    """Finish what the ledger says has left; throw away what it does not know. Idempotent.

    Gives the ids of outputs that were finished. Raises `Fault` CW-LEAVING-STORE where the ledger
    says that something left and it is nowhere.
    """
    left = {one.output: one for one in ground.written() if one.type == "output.released"}
    finished = []
    for output, event in left.items():
        if _is_finished(store, output, event.details):
            _say_in_public(store, event)
            continue
        submitted = store.turn(output, int(event.details["turn"]))
        _finish_at(store, output, submitted, str(event.details["proposal"]))
        finished.append(output)
    with translated(store.released.name):
        for path in store.released.iterdir():
            if path.name.startswith(STAGING_PREFIX):
                shutil.rmtree(path)
    return finished


def _say_in_public(store: OutputStore, event: OutputEvent) -> None:
    """Write what the register says of an output anew where it is gone, from the papers that left.

    Only what the ledger committed to. Failing at that stops nothing: the register says that it has
    no words.
    """
    folder = store.released / event.output
    if (folder / PUBLIC).exists():
        return
    with contextlib.suppress(CommonwealError):
        plain = parse_json(read_bytes(folder / MANIFEST, CALLED), CALLED)
        manifest = OutputManifest.read(plain, CALLED, CODE)
        decided = parse_json(read_bytes(folder / DECISION, "The decision"), "The decision")
        overrides = OutputDecision.read(decided, "The decision").overrides
        public = manifest.public_projection(overrides)
        if hmac.compare_digest(digest(public), str(event.fields["output_hash"])):
            write_atomic(folder / PUBLIC, canonical(public))


def _is_finished(store: OutputStore, output: str, details: Mapping[str, object]) -> bool:
    in_history = not details["proposal"] or (store.history / output).is_dir()
    return in_history and (store.released / output).is_dir()


def _finish(store: OutputStore, output: str, manifest: OutputManifest) -> None:
    pin = "" if manifest.proposal is None else manifest.proposal.manifest
    _finish_at(store, output, store.turn(output, manifest.turn), pin)


def _finish_at(store: OutputStore, output: str, turn: Path, proposal: str) -> None:
    """Give both folders their names; either may have it already."""
    staging, target = _staging(store, output), store.released / output
    # The history first: an output that is not in it would be missing from the next audit.
    place = store.history / output
    if proposal and not place.exists():
        _move(turn / "proposal", place)
        _require_moved(store, place, proposal)
    if not target.exists():
        _move(staging, target)


def _require_moved(store: OutputStore, place: Path, proposal: str) -> None:
    try:
        found = read_place(place, "CW-AUDIT-HISTORY", store.kept).pin.manifest
    except Refused:
        return  # its key was destroyed since: the audit says that it cannot be compared
    if found != proposal:
        raise Fault("CW-LEAVING-STORE", "The figures of an output are not those that left.")


def _move(source: Path, target: Path) -> None:
    if not source.is_dir() or source.is_symlink():
        raise Fault(
            "CW-LEAVING-STORE",
            f"The ledger says that {target.name} left, and a part of it is nowhere.",
            remedy="Restore the airlock's folder from a backup.",
        )
    with translated(target.name):
        source.rename(target)
        fsync_folder(target.parent)
        fsync_folder(source.parent)
