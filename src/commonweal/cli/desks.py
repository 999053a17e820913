"""Where commands of the airlock look at files: the sandbox, and what the vault lent (S18).

The sandbox is opened when the first file needs it: a submission of requests alone needs none.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from commonweal.cli.options import named_home, opened
from commonweal.cli.sandboxes import homeless_sandbox, opened_sandbox

if TYPE_CHECKING:
    import typer

    from commonweal.airlock.desk import Desk
    from commonweal.sandbox.box import Sandbox
    from commonweal.wiring.loans import Loan

NOBODYS = "files-of-no-project"
"""The project of files that are checked without a release."""


@contextlib.contextmanager
def unsealed(ctx: typer.Context, home: Path | None, folder: Path) -> Iterator[Loan]:
    """The release of a live permit, lent to the airlock for the length of a block (S19)."""
    from commonweal.cli.checks import MEMORY_FOLDER
    from commonweal.wiring.loans import unsealed as lend

    with lend(lambda: opened(ctx, home), folder, MEMORY_FOLDER) as lent:
        yield lent


@contextlib.contextmanager
def desk_on(
    ctx: typer.Context, home: Path | None, loan: Loan, paths: Sequence[Path], job: str | None
) -> Iterator[Desk]:
    """Files are compared with the release, with its sieve and with its hold-out.

    job: the one that left them, whose code makes its models again; else the one in whose folder
    `paths` lie, where they lie in one. What the study declared each file to be is taken from it.
    """
    from commonweal.wiring.loans import declared_kinds
    from commonweal.wiring.loans import desk_on as laid
    from commonweal.wiring.outputs import job_folder
    from commonweal.wiring.retraining import job_behind, left_by

    with opened(ctx, home) as custody:
        if job is None:
            left = job_behind(custody, paths, loan.release.release)
        else:
            left = left_by(custody, job_folder(custody, job), loan.release.release)
    kinds = None if left is None else declared_kinds(left)
    with laid(lambda: opened(ctx, home), loan, kinds, left) as desk:
        yield desk


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
