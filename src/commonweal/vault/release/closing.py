"""The end of a build, and the start of the next: what makes a release exist, exactly once.

Every `release.authorised` ends in one of `release.completed`, `release.refused` (with the code) and
`release.abandoned`. What a dead build could not write about itself, `recover` writes.

`complete` writes the ledger's word and then `settle_place` carries out what follows from it:
checkpoint, proof, name, and the end of the release that this one replaces (S13). Each step may
be done again, so `recover` after a crash is the same code.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from commonweal.foundation.canonical import digest, parse_json
from commonweal.foundation.errors import CommonwealError, Failure
from commonweal.foundation.files import (
    STAGING_PREFIX,
    fsync_folder,
    read_bytes,
    translated,
    write_atomic,
)
from commonweal.ledger.details import Details, commitment
from commonweal.ledger.entry import Actor, Event
from commonweal.ledger.fields import BANDS
from commonweal.ledger.proving import prove
from commonweal.ledger.reading import entries_of
from commonweal.ledger.store import Ledger, Writing
from commonweal.papers.permit import Permit
from commonweal.papers.release import ReleaseManifest
from commonweal.vault.custody import Custody, publish_register, settle
from commonweal.vault.release.release_keys import shred_release_keys
from commonweal.vault.release.store import (
    BUILDING,
    MANIFEST,
    PROOF,
    Completed,
    airlock_folder,
    completed,
    find_completed,
)
from commonweal.vault.release.superseded import need_of, superseded

MANAGER = Actor("data_manager", "command-line")
_DESTROYED = "release.data_key_destroyed"
_BAND_LIMITS = (100, 1_000, 10_000, 100_000)

Within = Callable[[Writing, ReleaseManifest], None]
"""What else is to hold, or to be written, in the transaction that completes a release."""


def nothing_more(_writing: Writing, _manifest: ReleaseManifest) -> None:
    """A release that people ordered needs nothing more."""


def complete(
    custody: Custody,
    permit: Permit,
    release: str,
    earlier: str | None,
    staging: Path,
    by: Actor = MANAGER,
    within: Within = nothing_more,
) -> tuple[Path, dict[str, Any], int]:
    """Write `release.completed` for what lies, durable, in `staging`; give it its place.

    `within` is called in that transaction, and what it raises leaves nothing.

    Returns (folder, manifest, intent id). Raises `Refused` CW-PERMIT-NOT-LIVE if the permit was
    stopped meanwhile: nothing is on the ledger then.
    """
    content = read_bytes(staging / MANIFEST, "The manifest")
    manifest = ReleaseManifest.load(content, custody.belief)
    salt = secrets.token_bytes(32)
    details = _details(custody, {"manifest_salt": salt.hex(), "manifest": manifest.digest()})
    fields: dict[str, Any] = {
        "permit": permit.id,
        "release": release,
        "permit_hash": digest(permit.public_projection()),
        "membership_root": manifest.membership.root,
        "manifest": commitment(salt, content),
        "people": band(manifest.patients.released),
        "delivery": permit.delivery,
    }
    if earlier is not None:
        fields["refreshes"] = earlier
    checked_at = manifest.choices.national.checked_at
    if checked_at is not None:
        # Before the entry: cut off in between, newer choices are known than were needed.
        custody.keyring.fence.record_choices(checked_at)
    with custody.ledger.transaction() as writing:
        # The policy may have changed since it was signed; what counts is the ledger's order.
        ReleaseManifest.load(content, custody.book.history().view(writing.now()))
        within(writing, manifest)
        _append_choices(custody, writing, permit, release, manifest, by)
        intent = writing.append(Event("release.completed", by, fields), details)
    entry = find_completed(custody.ledger, release)
    assert entry is not None  # noqa: S101 (it was written one line above)
    folder = settle_place(custody, entry, staging)
    return folder, manifest.plain(), intent


def _append_choices(
    custody: Custody,
    writing: Any,
    permit: Permit,
    release: str,
    manifest: ReleaseManifest,
    by: Actor,
) -> None:
    choices = manifest.choices
    salt = secrets.token_bytes(32)
    content = choices.canonical()
    details = _details(
        custody, {"choices_salt": salt.hex(), "choices": parse_json(content, "The choices")}
    )
    fields: dict[str, Any] = {
        "permit": permit.id,
        "release": release,
        "choices": commitment(salt, content),
        "source": "asserted",
    }
    writing.append(Event("choices.applied", by, fields), details)


def _details(custody: Custody, content: dict[str, Any]) -> Details:
    info = custody.keyring.get("details")
    return Details(content, info.id, custody.keyring.secret("details").use())


def settle_place(custody: Custody, entry: Completed, staging: Path) -> Path:
    """Checkpoint, proof, name, and the end of what the release replaces. May be done again."""
    releases = custody.home.releases
    settle(custody)
    place = custody.ledger.place(entry.intent_id)
    if place is None:
        raise Failure("CW-RELEASE-INCONSISTENT", "The ledger gave the release no place.")
    if not (staging / PROOF).exists():
        proof = prove(custody.ledger, *place)
        write_atomic(staging / PROOF, proof.encode(), exclusive=True)
    folder = releases / entry.release
    with translated(entry.release):
        # What was being written when a run was cut off is no part of the release.
        for left in staging.glob(f"{STAGING_PREFIX}*"):
            left.unlink()
        staging.rename(folder)
        fsync_folder(releases)
    retire_unneeded(custody)
    publish_register(custody)
    return folder


def retire_unneeded(custody: Custody) -> list[str]:
    """Destroy the data keys of replaced releases that nothing needs any more (S13); which.

    Nothing: no job at work on it, and nothing undecided that a job left (`superseded`). May be done
    again at any time, and is: by each build, and by the vault's worker. Cut off between the end of
    a key and the ledger's word on it, the next one writes that.
    """
    with custody.ledger.reading() as connection:
        said = {one["release"] for _, one in entries_of(connection, _DESTROYED)}
    gone = []
    for one in superseded(custody):
        if one.release not in said and need_of(custody, one) is None:
            retire(custody, one.release, one.permit)
            gone.append(one.release)
    return gone


def retire(custody: Custody, release: str, permit: str) -> None:
    """Destroy the data key of a release that a newer one replaced, and say so."""
    shred_release_keys(custody, release)
    fields = {"permit": permit, "release": release, "reason": "superseded"}
    custody.ledger.append(Event(_DESTROYED, Actor("system"), fields))
    settle(custody)


def recover(custody: Custody) -> list[str]:
    """Finish or remove what dead builds left in the store; says in words what was done."""
    done: list[str] = []
    releases = custody.home.releases
    with translated("the release store"):
        left = sorted(path for path in releases.iterdir() if path.name.startswith(BUILDING))
    for staging in left:
        release = staging.name.removeprefix(BUILDING)
        entry = find_completed(custody.ledger, release)
        if entry is None:
            discard(custody, release, staging)
            done.append(f"Removed the remains of release {release}, which was never finished.")
        else:
            settle_place(custody, entry, staging)
            done.append(f"Release {release} was finished and now stands in its place.")
    for release, permit in unended(custody.ledger):
        _abandon(custody, release, permit)
    # A build may also have been cut off between its name and the end of what it replaced.
    retire_unneeded(custody)
    return done


def unended(ledger: Ledger) -> list[tuple[str, str]]:
    """(release, permit) of each build that was authorised and has no end on the ledger."""
    with ledger.reading() as connection:
        rows = connection.execute(
            "SELECT type, body FROM intent WHERE type IN ('release.authorised', "
            "'release.completed', 'release.refused', 'release.abandoned') ORDER BY id"
        ).fetchall()
    found: dict[str, str] = {}
    for type_, body in rows:
        entry = parse_json(body, "An entry")
        # A release that was refused may be tried again under the same id.
        if type_ == "release.authorised":
            found[entry["release"]] = entry["permit"]
        else:
            found.pop(entry.get("release", ""), None)
    return list(found.items())


def end_failed(
    custody: Custody, permit: Permit, release: str, error: BaseException, by: Actor = MANAGER
) -> None:
    """Write how a build ended that raised `error`, unless the ledger has its completion.

    If that cannot be written now, the error of the build is still the one to be told; `recover`
    writes it then.
    """
    with contextlib.suppress(CommonwealError, OSError):
        if find_completed(custody.ledger, release) is not None:
            return
        if isinstance(error, CommonwealError):
            fields = {"permit": permit.id, "release": release, "code": error.code}
            custody.ledger.append(Event("release.refused", by, fields))
        elif (release, permit.id) in unended(custody.ledger):
            _abandon(custody, release, permit.id)


def _abandon(custody: Custody, release: str, permit: str) -> None:
    fields = {"permit": permit, "release": release}
    custody.ledger.append(Event("release.abandoned", Actor("system"), fields))


def discard(custody: Custody, release: str, staging: Path) -> None:
    """Remove all of a release that the ledger does not know as completed."""
    if find_completed(custody.ledger, release) is not None:
        return
    shred_release_keys(custody, release)
    shutil.rmtree(airlock_folder(custody.home.releases, release), ignore_errors=True)
    shutil.rmtree(staging, ignore_errors=True)


def newest(custody: Custody, permit: str) -> Completed | None:
    """The newest completed release of a permit."""
    found = list(completed(custody.ledger, permit=permit))
    return found[-1] if found else None


def band(people: int) -> str:
    """How the public log says how many people."""
    return BANDS[sum(people >= limit for limit in _BAND_LIMITS)]
