"""The release store: where releases lie, which exist, and what a crash left behind.

A release exists when the ledger holds its `release.completed` and its folder has its name. It is
built in `.building-<release>` beside its place; everything is on the disk before the ledger says
completed, and the rename comes last. So after a crash either the ledger does not know the release
and its remains are removed, or it does and the rename is carried out (`closing.recover`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from commonweal.foundation.errors import Fault
from commonweal.foundation.files import read_bytes
from commonweal.ledger.reading import entries_of
from commonweal.ledger.store import Ledger
from commonweal.papers.permit import Permit
from commonweal.papers.release import ReleaseManifest, ReleaseSummary
from commonweal.papers.signing import Trust

BUILDING = ".building-"
AIRLOCK = ".airlock"
MANIFEST = "manifest.jws"
SUMMARY = "summary.jws"
PROOF = "ledger.tlog-proof"
RISK = "risk.json"
REPORT = "report.html"
ID_LENGTH = 64


@dataclass(frozen=True)
class Completed:
    """A `release.completed` entry: the ledger's word that the release exists."""

    release: str
    permit: str
    intent_id: int
    fields: dict[str, object]


def completed(ledger: Ledger, *, permit: str | None = None) -> Iterator[Completed]:
    """The completed releases (of one permit), oldest first."""
    with ledger.reading() as connection:
        entries = entries_of(connection, "release.completed")
    for intent_id, entry in entries:
        if permit is None or entry["permit"] == permit:
            yield Completed(entry["release"], entry["permit"], intent_id, entry)


def find_completed(ledger: Ledger, release: str) -> Completed | None:
    """The entry of one release, or None."""
    return next((one for one in completed(ledger) if one.release == release), None)


def next_release_id(ledger: Ledger, permit: Permit) -> tuple[str, int, str | None]:
    """(id, sequence number, id of the release it follows) for the permit's next release."""
    earlier = list(completed(ledger, permit=permit.id))
    number = len(earlier) + 1
    ending = f".r{number}"
    begin = permit.id
    if len(begin + ending) > ID_LENGTH:
        # Cut short, two permits could share an id; the hash keeps them apart.
        ending = f"-{hashlib.sha256(permit.id.encode()).hexdigest()[:16]}{ending}"
        begin = begin[: ID_LENGTH - len(ending)]
    return begin + ending, number, earlier[-1].release if earlier else None


def airlock_folder(releases: Path, release: str) -> Path:
    """Where the audit map, sieve, hold-out and membership list of a release lie."""
    return releases / f"{release}{AIRLOCK}"


def release_of(folder: Path) -> Path:
    """The folder, if it looks like a release. Raises `Fault` CW-RELEASE-MISSING."""
    if not (folder / MANIFEST).is_file():
        raise Fault(
            "CW-RELEASE-MISSING",
            f"There is no release in {folder.name}.",
            remedy="Give the folder of a release; `commonweal release list` shows where each lies.",
        )
    return folder


def kept_folder(releases: Path, folder: Path, trust: Trust) -> Path:
    """Where the papers of the release in `folder` are: there, or for one that was handed over in
    the store, found by its summary. Raises `Fault` CW-RELEASE-MISSING and those of the summary."""
    if (folder / MANIFEST).is_file() or not (folder / SUMMARY).is_file():
        return release_of(folder)
    summary = ReleaseSummary.load(read_bytes(folder / SUMMARY, "The summary"), trust)
    return release_of(releases / summary.release)


def read_manifest(releases: Path, folder: Path, trust: Trust) -> ReleaseManifest:
    """The manifest of the release in `folder` (see `kept_folder`), believed under `trust`."""
    content = read_bytes(kept_folder(releases, folder, trust) / MANIFEST, "The manifest")
    return ReleaseManifest.load(content, trust)
