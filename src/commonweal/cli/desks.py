"""Where commands of the airlock look at files: the sandbox, and what the vault lent (S18).

The sandbox is opened when the first file needs it: a submission of requests alone needs none.
"""

from __future__ import annotations

import contextlib
import functools
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from commonweal.cli.options import named_home, opened
from commonweal.cli.sandboxes import homeless_sandbox, opened_sandbox
from commonweal.foundation.files import make_private_folder

if TYPE_CHECKING:
    import typer

    from commonweal.airlock.desk import Desk, Kind
    from commonweal.airlock.opened import OpenRelease
    from commonweal.papers.release import ReleaseManifest
    from commonweal.sandbox.box import Sandbox

NOBODYS = "files-of-no-project"
"""The project of files that are checked without a release."""


@dataclass(frozen=True)
class Loan:
    """An opened release, the folder that it is lent in, and its audit map."""

    release: OpenRelease
    folder: Path
    audit_map: Path
    manifest: ReleaseManifest
    project: str


@contextlib.contextmanager
def unsealed(ctx: typer.Context, home: Path | None, folder: Path) -> Iterator[Loan]:
    """The release of a live permit, lent to the airlock for the length of a block (S19)."""
    from commonweal.airlock.opened import OpenRelease
    from commonweal.cli.checks import MEMORY_FOLDER
    from commonweal.vault.custody import find_permit, settled
    from commonweal.vault.release.lending import AUDIT_MAP, lend, take_back
    from commonweal.vault.release.store import read_manifest

    loans = MEMORY_FOLDER / f"commonweal-airlock-{secrets.token_hex(8)}"
    to = loans / "release"
    make_private_folder(loans)
    try:
        with opened(ctx, home) as custody, settled(custody):
            manifest = read_manifest(custody.home.releases, folder, custody.belief)
            permit = find_permit(custody, manifest.permit_id)
            lent = lend(custody, folder, permit, "airlock", to)
        release = OpenRelease.at(lent.manifest, to / "data", lent.permit.cohort)
        yield Loan(release, to, to / AUDIT_MAP, lent.manifest, lent.permit.project.id)
    finally:
        take_back(loans)
        shutil.rmtree(loans, ignore_errors=True)


@contextlib.contextmanager
def desk_on(
    ctx: typer.Context, home: Path | None, loan: Loan, kinds: Mapping[str, Kind] | None = None
) -> Iterator[Desk]:
    """Files are compared with the release, with its sieve and with its hold-out.

    kinds: what the study declared each file to be. The key of the sieve stays with the vault, and
    what makes its codes is taken back when the block ends.
    """
    from commonweal.airlock.desk import Desk
    from commonweal.airlock.files.people import Sieve
    from commonweal.vault.release.lending import SIEVE
    from commonweal.vault.release.sieving import sieve_codes

    work = loan.folder.parent / "looked"
    make_private_folder(work)
    with opened(ctx, home) as custody, sieve_codes(custody, loan.manifest) as codes:
        yield Desk(
            functools.cache(lambda: opened_sandbox(custody)),
            loan.project, work, kinds or {}, Sieve.at(loan.folder / SIEVE, codes),
            loan.release, loan.folder,
        )  # fmt: skip


@contextlib.contextmanager
def bare_desk(ctx: typer.Context, home: Path | None, work: Path) -> Iterator[Desk]:
    """Files are looked at by themselves. work: an empty folder of ours.

    The sandbox is the home's where one was named; its own where there is none.
    """
    from commonweal.airlock.desk import Desk

    with contextlib.ExitStack() as stack:

        def sandbox() -> Sandbox:
            if named_home(ctx, home) is None:
                return homeless_sandbox(work)
            return opened_sandbox(stack.enter_context(opened(ctx, home)))

        yield Desk(functools.cache(sandbox), NOBODYS, work)
