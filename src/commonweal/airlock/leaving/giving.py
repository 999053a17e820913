"""After an output has left: giving it to its project, recalling it, taking it back before.

A download is an event like any other: written with the permit live, in that transaction, and
refused once the output was recalled (S12). Nobody signs it, so the event says no more than what the
airlock knows: that files were given out, by which way, and in whose name they were asked for; never
that this person asked. A project goes on under the permit that replaced an older one, and what left
under the older one is given to the people whom the newer one names.

A recall takes nothing back. It stops the links, says so in public with its reasons and date and in
how many names files had been given out, and the sealed log says in whose.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

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
    """A recall: its record, its intent, and in whose names files were given out before (sealed)."""

    recall: OutputRecall
    intent: int
    downloaded_by: tuple[str, ...]


Way = Literal["service", "command"]
"""By which way files are given out: made ready for the service's pages, or to who gave a command.
Neither proves who asked."""


def download(
    store: OutputStore, ground: Ground, output: str, person: str, to: Path, *, way: Way = "command"
) -> Path:
    """Give the files of a released output to a person of its project, into the new folder `to`.

    The permit that is asked is the one under which the project goes on (`Ground.living`). Raises
    `Refused` CW-LEAVING-UNKNOWN, CW-LEAVING-RECALLED, CW-LEAVING-AUTHOR for somebody whom that one
    does not name, CW-PERMIT-NOT-LIVE; `Fault` CW-LEAVING-FILE, CW-FILE-EXISTS.
    """
    store.make()
    with only_one(store.lock, "the outputs"):
        ground.settle()
        recover(store, ground)
        left = _left(ground, output)
        manifest = released_manifest(store, left)
        permit = ground.living(manifest.permit)
        if person not in {one.id for one in permit.people}:
            raise Refused("CW-LEAVING-AUTHOR", "The permit does not name this person.")
        with staged_folder(to) as folder:
            for one in manifest.leaving():
                source = store.released / output / FILES / one.path
                copy_checked(source, one, folder / one.path)
            with ground.transaction() as writing:
                _left(ground, output)
                fields = {"permit": permit.id, "output": output, "named": person, "way": way}
                writing.append(
                    Event("output.downloaded", WORKER, fields),
                    None,
                    PermitLive(permit.id, ("active",)),
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
    events = ground.about(output)
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
    events = ground.about(output)
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
            people = given_to(ground, paper.output)
            fields = {
                "permit": left.permit, "output": paper.output, "reasons_hash": paper.digest(),
                "given_to": len(people),
            }  # fmt: skip
            intent = writing.append(Event("output.recalled", WORKER, fields))
        ground.settle()
    return Recalled(paper, intent, people)


def given_to(ground: Ground, output: str) -> tuple[str, ...]:
    """In whose names files of an output were given out, by the sealed log. Entries of earlier
    versions name the person as who did it."""
    had = [one for one in ground.about(output) if one.type == "output.downloaded"]
    return tuple(sorted({str(one.fields.get("named") or one.fields["actor"]) for one in had}))


def withdraw(store: OutputStore, ground: Ground, signed: SignedAct) -> int:
    """Take an output back before it leaves: its author signs it, about the very turn that waits.

    What was signed about an earlier turn takes back no later one. Not while it is released: whoever
    releases holds the store. Raises `Fault` CW-LEAVING-ACTS, what `verify_act` raises; `Refused`
    CW-LEAVING-AUTHOR, CW-LEAVING-UNKNOWN, CW-LEAVING-STATE.
    """
    act = signed.act
    if act.kind != "withdraw_output":
        raise Fault("CW-LEAVING-ACTS", "What was signed takes no output back.")
    with only_one(store.lock, "the outputs"):
        ground.settle()
        manifest = store.read(act.subject).manifest
        if act.actor != manifest.author:
            raise Refused("CW-LEAVING-AUTHOR", "Only its author takes an output back.")
        if not hmac.compare_digest(act.object_digest, manifest.digest()):
            raise Refused("CW-LEAVING-STATE", "What was signed is about another turn of it.")
        with ground.transaction() as writing:
            last = [one for one in ground.about(manifest.id) if one.type != "output.refused"][-1:]
            if not last or last[0].type != "output.submitted":
                raise Refused("CW-LEAVING-STATE", "This output cannot be taken back any more.")
            if last[0].details.get("manifest") != manifest.digest():
                raise Refused("CW-LEAVING-STATE", "Another turn of it is the one that waits.")
            ground.record(writing, signed)
            ground.use(writing, [act.id], manifest.id, manifest.permit)
            fields = {"permit": manifest.permit, "output": manifest.id, "step": "withdraw"}
            by = Actor("researcher", manifest.author)
            intent = writing.append(Event("output.moved", by, fields))
        ground.settle()
    return intent
