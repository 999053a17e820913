"""After an output has left: giving it to its project, recalling it, taking it back before.

A download is an event like any other: written with the permit live, in that transaction, and
refused once the output was recalled (S12). A recall takes nothing back. It stops the links, says so
in public with its reasons and date, and the sealed log says who has the files.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commonweal.airlock.leaving.ports import Ground
from commonweal.airlock.leaving.records import release_record
from commonweal.airlock.leaving.releasing import WORKER, recover
from commonweal.airlock.leaving.store import (
    DECISION,
    FILES,
    MANIFEST,
    RECORD,
    OutputStore,
    copy_checked,
)
from commonweal.foundation.canonical import parse_json
from commonweal.foundation.clock import parse_stamp
from commonweal.foundation.errors import Fault, Refused
from commonweal.foundation.files import only_one, read_bytes, staged_folder, write_atomic
from commonweal.ledger.entry import Actor, Event
from commonweal.ledger.outputs import OutputEvent
from commonweal.ledger.state import PermitLive
from commonweal.papers.acts import SignedAct
from commonweal.papers.output_manifest import (
    CALLED,
    CODE,
    OutputDecision,
    OutputManifest,
    OutputRecall,
)

RECALL = "recall.json"


@dataclass(frozen=True)
class Recalled:
    """A recall: its record, its intent, and who had downloaded the output before (sealed)."""

    recall: OutputRecall
    intent: int
    downloaded_by: tuple[str, ...]


def download(store: OutputStore, ground: Ground, output: str, person: str, to: Path) -> Path:
    """Give the files of a released output to a person of its project, into the new folder `to`.

    Raises `Refused` CW-LEAVING-UNKNOWN, CW-LEAVING-RECALLED, CW-LEAVING-AUTHOR for somebody whom
    the permit does not name, CW-PERMIT-NOT-LIVE; `Fault` CW-LEAVING-FILE, CW-FILE-EXISTS.
    """
    store.make()
    with only_one(store.lock, "the outputs"):
        ground.settle()
        recover(store, ground)
        left = _left(ground, output)
        manifest = released_manifest(store, left)
        if person not in {one.id for one in ground.permit(manifest.permit).people}:
            raise Refused("CW-LEAVING-AUTHOR", "The permit does not name this person.")
        with staged_folder(to) as folder:
            for one in manifest.leaving():
                source = store.released / output / FILES / one.path
                copy_checked(source, one, folder / one.path)
            with ground.transaction() as writing:
                _left(ground, output)
                fields = {"permit": manifest.permit, "output": output}
                writing.append(
                    Event("output.downloaded", Actor("researcher", person), fields),
                    None,
                    PermitLive(manifest.permit, ("active",)),
                )
        ground.settle()
    return to


def released_manifest(store: OutputStore, left: OutputEvent) -> OutputManifest:
    """The manifest of a released output, as the ledger committed to it.

    Raises `Fault` CW-LEAVING-STORE for another one.
    """
    path = store.released / left.output / MANIFEST
    plain = parse_json(read_bytes(path, CALLED), CALLED)
    manifest = OutputManifest.read(plain, CALLED, CODE)
    if manifest.digest() != left.details["manifest"]:
        raise Fault("CW-LEAVING-STORE", "A released output is not the one that left.")
    return manifest


def released_record(store: OutputStore, ground: Ground, output: str) -> dict[str, Any]:
    """The record of a release (SATRE 3.3.09), as it was written when it left; also if recalled.

    Raises `Refused` CW-LEAVING-UNKNOWN; `Fault` CW-LEAVING-STORE where the record is not about what
    the ledger says has left.
    """
    events = [one for one in ground.written() if one.output == output]
    left = next((one for one in events if one.type == "output.released"), None)
    if left is None:
        raise Refused("CW-LEAVING-UNKNOWN", "No output of this name has left.")
    manifest = released_manifest(store, left)
    plain = parse_json(read_bytes(store.released / output / DECISION, "The decision"), "It")
    decision = OutputDecision.read(plain, "The decision")
    there = parse_json(read_bytes(store.released / output / RECORD, "The record"), "The record")
    told = there.get("released_at") if isinstance(there, dict) else None
    same = decision.digest() == left.details["decision"] and isinstance(told, str)
    if not same or there != release_record(manifest, decision, parse_stamp(str(told))):
        raise Fault("CW-LEAVING-STORE", "The record of a release is not about what left.")
    return dict(there)


def _left(ground: Ground, output: str) -> OutputEvent:
    events = [one for one in ground.written() if one.output == output]
    if any(one.type == "output.recalled" for one in events):
        raise Refused("CW-LEAVING-RECALLED", "This output was recalled; it is given to nobody.")
    found = next((one for one in events if one.type == "output.released"), None)
    if found is None:
        raise Refused("CW-LEAVING-UNKNOWN", "No output of this name has left.")
    return found


def recall(store: OutputStore, ground: Ground, signed: SignedAct, paper: OutputRecall) -> Recalled:
    """Record that an output should not have left. One person who may is enough.

    Raises `Fault` CW-LEAVING-ACTS, what `verify_act` raises; `Refused` CW-LEAVING-UNKNOWN,
    CW-LEAVING-RECALLED.
    """
    act = signed.act
    about = (act.kind, act.subject, act.object_digest)
    if about != ("recall_output", paper.output, paper.digest()):
        raise Fault("CW-LEAVING-ACTS", "What was signed is not this recall.")
    with only_one(store.lock, "the outputs"):
        ground.settle()
        recover(store, ground)
        left = _left(ground, paper.output)
        with ground.transaction() as writing:
            _left(ground, paper.output)
            ground.record(writing, signed)
            ground.use(writing, [act.id], paper.output, left.permit)
            # Once the act is verified; until the ledger says so it is only a file, which the ledger
            # names by its hash.
            write_atomic(store.released / paper.output / RECALL, paper.canonical())
            fields = {
                "permit": left.permit, "output": paper.output, "reasons_hash": paper.digest()
            }  # fmt: skip
            intent = writing.append(Event("output.recalled", WORKER, fields))
        ground.settle()
    had = [one for one in ground.written() if one.type == "output.downloaded"]
    people = {str(one.fields["actor"]) for one in had if one.output == paper.output}
    return Recalled(paper, intent, tuple(sorted(people)))


def withdraw(store: OutputStore, ground: Ground, manifest: OutputManifest, person: str) -> int:
    """Take an output back before it leaves: its author alone can.

    Not while it is released: whoever releases holds the store.

    Raises `Refused` CW-LEAVING-AUTHOR, CW-LEAVING-STATE.
    """
    if person != manifest.author:
        raise Refused("CW-LEAVING-AUTHOR", "Only its author takes an output back.")
    with only_one(store.lock, "the outputs"):
        with ground.transaction() as writing:
            events = [one for one in ground.written() if one.output == manifest.id]
            last = [one for one in events if one.type != "output.refused"][-1:]
            if not last or last[0].type != "output.submitted":
                raise Refused("CW-LEAVING-STATE", "This output cannot be taken back any more.")
            fields = {"permit": manifest.permit, "output": manifest.id, "step": "withdraw"}
            intent = writing.append(Event("output.moved", Actor("researcher", person), fields))
        ground.settle()
    return intent
