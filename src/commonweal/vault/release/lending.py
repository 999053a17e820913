"""Lending a release to a job or to the airlock: unsealed into memory, for one use (S13, S19).

What a job gets is what the toolkit reads: `data/<table>/part-*.parquet` and `release.json`, and
nothing else. The airlock gets the same and, beside it, what no job ever sees: the audit map, the
sieve of identifiers and the hold-out. Whoever borrows gives it back: the folder is removed when
the block of `lent` ends, and what a crash left behind by `take_back`.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from commonweal.foundation.errors import Fault, Refused
from commonweal.foundation.files import (
    file_system,
    hand_over,
    make_private_folder,
    sha256_file,
    staged_folder,
    thaw_and_remove,
    translated,
)
from commonweal.foundation.sealing import unseal
from commonweal.ledger.entry import Event
from commonweal.papers.permit import Permit
from commonweal.papers.release import ReleaseManifest
from commonweal.papers.release.manifest import ReleasedFile, ReleasedTable
from commonweal.vault.custody import Custody, find_permit
from commonweal.vault.custody.release_steps import require_signed_off
from commonweal.vault.keys import Secret
from commonweal.vault.release.closing import MANAGER, newest
from commonweal.vault.release.opening import data_key, openable, recomputable
from commonweal.vault.release.progress import Progress, quiet
from commonweal.vault.release.store import airlock_folder
from commonweal.vault.release.verify import open_file
from commonweal.vault.release.writing import context_of, sealing_key

Use = Literal["job", "airlock"]
DESCRIPTION = "release.json"
AUDIT_MAP = "audit_map.parquet"
SIEVE = "sieve.parquet"
MEMORY = Path("/dev/shm")  # noqa: S108 (a folder of our own in it is ours alone)

_LEDGER_USES: dict[Use, str] = {"job": "job", "airlock": "recomputation"}
_MEMORY = frozenset({"tmpfs", "ramfs"})


@dataclass(frozen=True)
class Lent:
    """A release that lies open in `folder`, for one use."""

    release: str
    folder: Path
    permit: Permit
    manifest: ReleaseManifest
    secret: Secret = field(repr=False)

    def sealing_key(self, job: str) -> bytes:
        """32 bytes that seal what a job keeps for its next attempt: of this job on this release.

        Made from the release's data key, so nothing can be opened once that is destroyed.
        """
        return self.secret.derive(b"commonweal/checkpoint/v1\x00" + job.encode()).use()


def newest_release(custody: Custody, permit_id: str) -> Path:
    """The folder of the permit's newest release. Raises `Refused` CW-RELEASE-MISSING."""
    found = newest(custody, permit_id)
    if found is None:
        raise Refused(
            "CW-RELEASE-MISSING",
            f"There is no release of permit {permit_id} yet.",
            remedy="Build one: `commonweal release build`.",
        )
    return custody.home.releases / found.release


def lend(
    custody: Custody,
    release_folder: Path,
    permit_path: Path,
    use: Use,
    to: Path,
    owner: int | None = None,
    progress: Progress = quiet,
    volume: Path | None = None,
) -> Lent:
    """Unseal a release into the new folder `to`, which lies in memory.

    `volume`: the folder that a site's signed statement names; a loan to that site may lie in it.

    For a job it is the permit's newest, with young choices. For the airlock it may also be an older
    one whose jobs' outputs are not decided, and the permit may be paused then (`recomputable`).

    `owner`: the number of the user who is to read it, where we are root; else it is ours. All of
    it can only be read, by that user alone. The ledger hears of it before anything is unsealed.

    Raises what `openable` and `recomputable` raise (the permit is not live, the release is not its
    newest, its choices are old), `Refused` CW-RELEASE-NOT-SIGNED-OFF, CW-RELEASE-NOT-IN-MEMORY or
    CW-RELEASE-KEY-GONE, `Fault` CW-FILE-EXISTS, CW-RELEASE-CHANGED, CW-SEAL-BROKEN.
    """
    if use == "airlock":
        permit, manifest = recomputable(custody, release_folder, permit_path, progress)
    else:
        permit, manifest = openable(custody, release_folder, permit_path, progress)
    require_signed_off(custody, manifest.release, permit.authority)
    # A permit with delivery handover may have its data on a disk elsewhere; a loan never does.
    at_site = volume is not None and use == "job" and to.parent.parent == volume
    if not at_site and file_system(to.absolute().parent) not in _MEMORY:
        raise Refused(
            "CW-RELEASE-NOT-IN-MEMORY",
            "A release is lent in memory only; the folder named lies on a disk.",
            remedy="Name a folder below /dev/shm.",
        )
    secret = data_key(custody, manifest)
    with staged_folder(to) as staging:
        fields = {"permit": permit.id, "release": manifest.release, "use": _LEDGER_USES[use]}
        custody.ledger.append(Event("release.opened", MANAGER, fields))
        for table in manifest.tables.values():
            _open(release_folder, staging, table.files, manifest.release, secret)
        _describe(staging / DESCRIPTION, manifest)
        if use == "airlock":
            _open_aside(custody, staging, manifest, secret)
        hand_over(staging, owner)
    return Lent(manifest.release, to, permit, manifest, secret)


@contextlib.contextmanager
def lent(
    custody: Custody,
    permit_id: str,
    use: Use,
    to: Path,
    owner: int | None = None,
) -> Iterator[Lent]:
    """`lend` the newest release of a permit for the length of a block. Raises what `lend` raises.

    Removed at the block's end, whatever happened in it.
    """
    folder = newest_release(custody, permit_id)
    try:
        yield lend(custody, folder, find_permit(custody, permit_id), use, to, owner)
    finally:
        thaw_and_remove(to)


def loans_of(custody: Custody, memory: Path = MEMORY) -> Path:
    """The folder in memory where this home's loans lie; nobody else can enter it.

    Raises `Refused` CW-RELEASE-NOT-IN-MEMORY, also where somebody else has taken its name.
    """
    folder = memory / f"commonweal-loans-{custody.home.id}"
    make_private_folder(folder)
    its = folder.lstat()
    private = stat.S_ISDIR(its.st_mode) and stat.S_IMODE(its.st_mode) == stat.S_IRWXU
    if not private or its.st_uid != os.geteuid() or file_system(folder) not in _MEMORY:
        raise Refused(
            "CW-RELEASE-NOT-IN-MEMORY",
            f"{folder} is not a folder in memory that is ours alone.",
            remedy="Find out who made it, remove it, and mount a tmpfs there if there is none.",
        )
    return folder


def take_back(loans: Path, in_use: Callable[[], Iterable[str]] = tuple) -> int:
    """Remove what a crash left behind in the folder of loans; how many.

    `in_use`: the names of loans that are in use. It is asked after the folder was looked at, so a
    loan that is made meanwhile is not touched. One that was being made has its name in a longer
    one.
    """
    there = sorted(loans.iterdir())
    kept = tuple(in_use())
    left = [one for one in there if not any(name in one.name for name in kept)]
    for path in left:
        thaw_and_remove(path)
    return len(left)


def _open(
    folder: Path,
    staging: Path,
    files: Iterable[ReleasedFile],
    release: str,
    secret: Secret,
) -> None:
    for file in files:
        target = staging / file.path
        make_private_folder(target.parent)
        with translated(file.path), target.open("xb") as sink:
            open_file(folder / file.path, sink, file, secret, context_of(release, file.path))


def _open_aside(custody: Custody, staging: Path, manifest: ReleaseManifest, secret: Secret) -> None:
    """What only the airlock gets. The map and sieve are sealed under the custodian's own keys."""
    aside = airlock_folder(custody.home.releases, manifest.release)
    held = () if manifest.holdout is None else manifest.holdout.files
    _open(aside, staging, held, manifest.release, secret)
    beside = [("audit_map", "audit", manifest.audit_map, AUDIT_MAP)]
    if manifest.sieve is not None:
        beside.append(("sieve", "sieve", manifest.sieve, SIEVE))
    for name, key, hash_, called in beside:
        if sha256_file(aside / name) != hash_:
            raise Fault("CW-RELEASE-CHANGED", f"{name} is not the file that was made.")
        sealing = sealing_key(custody.keyring.secret_of(manifest.key_ids[key]))
        context = context_of(manifest.release, name)
        with (
            translated(name),
            (aside / name).open("rb") as source,
            (staging / called).open("xb") as sink,
        ):
            unseal(source, sink, sealing.use(), context, name)


def _describe(path: Path, manifest: ReleaseManifest) -> None:
    tables = {name: _described(table) for name, table in manifest.tables.items()}
    said = {"release": 1, "id": manifest.release, "tables": tables}
    path.write_text(json.dumps(said, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _described(table: ReleasedTable) -> dict[str, Any]:
    """A table as its job may know it: what stands in the data it has anyway."""
    people = [column.name for column in table.columns if column.form == "pseudonym"]
    return {
        "person": people[0] if len(people) == 1 else None,
        "rows": table.rows,
        "columns": {one.name: {"type": one.type, "form": one.form} for one in table.columns},
    }
