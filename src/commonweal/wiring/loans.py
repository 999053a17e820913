"""A release, lent by the vault to the airlock for one use, and the desk that looks at files.

A home is opened for a moment only where it is needed: a check can take minutes. Whoever is killed
leaves an unsealed release in memory; the next loan of the same home takes it back.
"""

from __future__ import annotations

import contextlib
import functools
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from commonweal.airlock.desk import Desk, Kind
from commonweal.airlock.files.people import Sieve
from commonweal.airlock.opened import OpenRelease
from commonweal.foundation.clock import SystemClock
from commonweal.foundation.errors import Unavailable
from commonweal.foundation.files import make_private_folder, only_one
from commonweal.papers.job import JobOutputs
from commonweal.papers.permit import Permit
from commonweal.papers.release import ReleaseManifest
from commonweal.vault.custody import Custody, find_permit, settled
from commonweal.vault.release.lending import AUDIT_MAP, MEMORY, SIEVE, lend, take_back
from commonweal.vault.release.sieving import sieve_codes
from commonweal.vault.release.store import read_manifest
from commonweal.wiring.retraining import made_again_by, model_limits
from commonweal.wiring.sandboxes import opened_sandbox

Opened = Callable[[], AbstractContextManager[Custody]]
"""Gives the opened home for the length of a block."""
_LOCK = "lock"
_BEGINNING_SECONDS = 60.0
"""How long a folder may be without its lock: it is being made."""


@dataclass(frozen=True)
class Loan:
    """An opened release, the folder that it is lent in, its audit map, and its permit."""

    release: OpenRelease
    folder: Path
    audit_map: Path
    manifest: ReleaseManifest
    permit: Permit

    @property
    def project(self) -> str:
        """Whose the release is."""
        return self.permit.project.id


@contextlib.contextmanager
def unsealed(opened: Opened, folder: Path, memory: Path = MEMORY) -> Iterator[Loan]:
    """The release of a live permit, lent to the airlock for the length of a block (S19).

    folder: the release in the home's store. memory: where the folder of the loan is made. Raises
    as `read_manifest` and `lend`.
    """
    with opened() as custody:
        beginning = f"commonweal-airlock-{custody.home.id}-"
    take_back_left(memory, beginning)
    loans = memory / f"{beginning}{secrets.token_hex(8)}"
    to = loans / "release"
    make_private_folder(loans)
    try:
        with only_one(loans / _LOCK, "this loan"):
            with opened() as custody, settled(custody):
                manifest = read_manifest(custody.home.releases, folder, custody.belief)
                permit = find_permit(custody, manifest.permit_id)
                lent = lend(custody, folder, permit, "airlock", to)
            release = OpenRelease.at(lent.manifest, to / "data", lent.permit.cohort)
            yield Loan(release, to, to / AUDIT_MAP, lent.manifest, lent.permit)
    finally:
        _remove(loans)


def take_back_left(memory: Path, beginning: str) -> int:
    """Remove loans whose borrower was killed: the kernel freed their locks. How many."""
    removed = 0
    for path in sorted(memory.glob(f"{beginning}*")):
        with contextlib.suppress(Unavailable, FileNotFoundError):
            lock = path / _LOCK
            age = SystemClock().now().timestamp() - path.stat().st_mtime
            if not lock.exists() and age < _BEGINNING_SECONDS:
                continue
            with only_one(lock, "this loan"):
                _remove(path)
                removed += 1
    return removed


def _remove(loans: Path) -> None:
    take_back(loans)
    shutil.rmtree(loans, ignore_errors=True)


@contextlib.contextmanager
def desk_on(
    opened: Opened,
    loan: Loan,
    kinds: Mapping[str, Kind] | None = None,
    left: JobOutputs | None = None,
) -> Iterator[Desk]:
    """Files are compared with the release, with its sieve and with its hold-out.

    kinds: what the study declared each file to be. left: what a job of this release left, by the
    ledger; its code makes its models again. The key of the sieve stays with the vault, and what
    makes its codes is taken back when the block ends. The sandbox is opened when the first file
    needs it.
    """
    work = loan.folder.parent / "looked"
    make_private_folder(work)
    with opened() as custody, sieve_codes(custody, loan.manifest) as codes:
        sandbox = functools.cache(lambda: opened_sandbox(custody))
        models = loan.permit.outputs.models
        yield Desk(
            sandbox, loan.project, work, kinds or {}, Sieve.at(loan.folder / SIEVE, codes),
            loan.release, loan.folder,
            limits=model_limits(custody, loan.permit),
            again=None if left is None else made_again_by(custody, left, sandbox),
            private=models is not None and models.differentially_private,
            no_models=models is not None and models.none_leaves,
        )  # fmt: skip


def declared_kinds(left: JobOutputs) -> dict[str, Kind]:
    """What a study declared each file to be; a column of single people is no file to look at."""
    return {one.file: one.kind for one in left.files if one.kind != "person_column"}
