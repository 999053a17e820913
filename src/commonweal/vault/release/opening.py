"""`release open`: unseal a release for a live permit, into memory-backed storage (S13, S19)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from commonweal.foundation.errors import Fault, Refused, Unavailable
from commonweal.foundation.files import (
    file_system,
    make_private_folder,
    staged_folder,
    translated,
)
from commonweal.foundation.london import london_day
from commonweal.ledger.entry import Event
from commonweal.papers.permit import Permit
from commonweal.papers.release import ReleaseManifest
from commonweal.vault.choices.journal import read_journal
from commonweal.vault.custody import Custody, settle
from commonweal.vault.custody.release_steps import require_signed_off
from commonweal.vault.keys import Secret
from commonweal.vault.release.closing import MANAGER, newest
from commonweal.vault.release.progress import Progress, quiet
from commonweal.vault.release.session import check_now, load_permit
from commonweal.vault.release.store import read_manifest
from commonweal.vault.release.superseded import find_superseded, need_of, undecided
from commonweal.vault.release.verify import open_file, release_key, verify_release
from commonweal.vault.release.writing import context_of

_MEMORY = frozenset({"tmpfs", "ramfs"})


@dataclass(frozen=True)
class OpenReport:
    """What was unsealed, and where."""

    release: str
    folder: Path
    tables: dict[str, int]

    def plain(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {"release": self.release, "folder": str(self.folder), "tables": self.tables}

    def sentences(self) -> list[str]:
        """The report in words."""
        return [
            f"Release {self.release} lies open in {self.folder}.",
            "Delete that folder as soon as the work is done.",
        ]


def open_release(
    custody: Custody,
    folder: Path,
    permit_path: Path,
    to: Path,
    progress: Progress = quiet,
) -> OpenReport:
    """Unseal the permit's newest release into `to`, which must not exist.

    Raises `PermitRefused`, `Refused` CW-RELEASE-SUPERSEDED (a newer one exists: whoever objected
    since is still in this one), CW-RELEASE-NOT-SIGNED-OFF, CW-RELEASE-NOT-IN-MEMORY,
    CW-RELEASE-KEY-GONE, and the faults of `verify_release`.
    """
    permit, manifest = openable(custody, folder, permit_path, progress)
    require_signed_off(custody, manifest.release, permit.authority)
    if to.exists() or to.is_symlink():
        raise Fault(
            "CW-FILE-EXISTS",
            f"{to.name or to} is already there; a release is opened into a new folder.",
            remedy=f"Name a folder that is not there yet, such as {to / manifest.release}",
        )
    if permit.delivery != "handover" and file_system(to.absolute().parent) not in _MEMORY:
        raise Refused(
            "CW-RELEASE-NOT-IN-MEMORY",
            "This permit's data may only be opened in memory; the folder named lies on a disk.",
            remedy="Name a folder below /dev/shm.",
        )
    secret = data_key(custody, manifest)
    with staged_folder(to) as staging:
        fields = {"permit": permit.id, "release": manifest.release, "use": "command"}
        custody.ledger.append(Event("release.opened", MANAGER, fields))
        for table in manifest.tables.values():
            for file in table.files:
                progress(f"Opening {file.path}")
                target = staging / file.path.removeprefix("data/")
                make_private_folder(target.parent)
                context = context_of(manifest.release, file.path)
                with translated(file.path), target.open("xb") as sink:
                    open_file(folder / file.path, sink, file, secret, context)
    settle(custody)
    rows = {name: table.rows for name, table in manifest.tables.items()}
    return OpenReport(manifest.release, to, rows)


def openable(
    custody: Custody, folder: Path, permit_path: Path, progress: Progress = quiet
) -> tuple[Permit, ReleaseManifest]:
    """The permit and manifest of a release whose data may be used now: live permit, whole, newest.

    Raises what `open_release` raises for these.
    """
    permit = load_permit(custody, permit_path)
    check_now(custody, permit, "open")
    manifest = read_manifest(custody.home.releases, folder, custody.belief)
    _check_newest(custody, permit, manifest)
    # Before every byte is read: a job that waits for newer choices asks again and again.
    require_fresh_choices(custody, manifest)
    require_whole(custody, folder, progress)
    return permit, manifest


def require_whole(custody: Custody, folder: Path, progress: Progress = quiet) -> None:
    """Refuse a release of which anything was changed. Raises `Refused` CW-RELEASE-NOT-WHOLE."""
    report = verify_release(custody, folder, progress)
    if report.faults:
        first = report.faults[0]
        raise Refused(
            "CW-RELEASE-NOT-WHOLE", f"The release is not whole: {first['place']} was changed."
        )


def recomputable(
    custody: Custody, folder: Path, permit_path: Path, progress: Progress = quiet
) -> tuple[Permit, ReleaseManifest]:
    """The permit and manifest of a release that the airlock may read: for checks, nothing else.

    What `openable` allows. And where the ledger knows outputs that jobs left of this very release
    and that are not decided, they are recomputed on it though it was replaced, though its choices
    are old (the job saw it as it is), and while the permit is paused (S12: it takes no new work,
    and this is none); at most for as long as its key is kept (`superseded`).

    Raises what `openable` raises.
    """
    permit = load_permit(custody, permit_path)
    manifest = read_manifest(custody.home.releases, folder, custody.belief)
    with custody.ledger.reading() as connection:
        left = undecided(connection, permit.id, manifest.release)
    replaced = find_superseded(custody, manifest.release)
    over = replaced is not None and need_of(custody, replaced) is None
    if manifest.permit_id != permit.id or not left or over:
        return openable(custody, folder, permit_path, progress)
    check_now(custody, permit, "recompute")
    data_key(custody, manifest)
    require_whole(custody, folder, progress)
    return permit, manifest


def data_key(custody: Custody, manifest: ReleaseManifest) -> Secret:
    """The key of a release's data. Raises `Refused` CW-RELEASE-KEY-GONE."""
    secret = release_key(custody, manifest.release)
    if secret is None:
        raise Refused("CW-RELEASE-KEY-GONE", "The key of this release was destroyed.")
    return secret


def require_fresh_choices(custody: Custody, manifest: ReleaseManifest) -> None:
    """Refuse a release whose choices are older than the limit, or than anybody's newest (S13).

    Any choice in the journal counts, whoever made it and whatever it is about: which project has to
    wait would else tell what somebody chose (S14, ADR 66). Raises `Unavailable`
    CW-RELEASE-CHOICES-OLD, CW-CHOICES-JOURNAL.
    """
    require_young_choices(custody, manifest)
    applied = set(manifest.choices.applied) - {"national"}
    if applied and _has_moved(custody, manifest):
        raise _old(custody, manifest)


def require_young_choices(custody: Custody, manifest: ReleaseManifest) -> None:
    """Refuse a release whose choices are older than the limit. As `require_fresh_choices`."""
    limit = timedelta(days=custody.trust.fresh.choices_days)
    if custody.clock.now() - _checked_at(manifest) > limit:
        raise _old(custody, manifest)


def _has_moved(custody: Custody, manifest: ReleaseManifest) -> bool:
    # A build can end on another day than that on which choices counted for it.
    made_on = manifest.choices.counted_on or london_day(manifest.built_at)
    today = london_day(custody.clock.now())
    return read_journal(custody).moved_since(manifest.choices.journal or 0, made_on, today)


def _checked_at(manifest: ReleaseManifest) -> datetime:
    return manifest.choices.national.checked_at or manifest.built_at


def _old(custody: Custody, manifest: ReleaseManifest) -> Unavailable:
    # One sentence for both reasons: who waits does not read whether anybody chose anything (S14).
    return Unavailable(
        "CW-RELEASE-CHOICES-OLD",
        f"The choices in this release are from {_checked_at(manifest):%d %B %Y}; the limit is "
        f"{custody.trust.fresh.choices_days} days, and people may have said no since.",
        remedy="Build the release again with newer choices.",
    )


def _check_newest(custody: Custody, permit: Permit, manifest: ReleaseManifest) -> None:
    if manifest.permit_id != permit.id:
        raise Refused("CW-RELEASE-OTHER-PERMIT", "This release was made under another permit.")
    latest = newest(custody, permit.id)
    if latest is None or latest.release != manifest.release:
        raise Refused(
            "CW-RELEASE-SUPERSEDED",
            "A newer release of this permit exists; only the newest is opened.",
        )
