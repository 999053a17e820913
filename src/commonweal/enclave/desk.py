"""What the enclave asks of the custodian's side: a port, since it never imports the vault.

On one machine it is `vault.release.job_desk`; on two, something that speaks to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from commonweal.ledger.entry import Event
from commonweal.ledger.state import PermitStanding
from commonweal.papers.permit import Permit
from commonweal.papers.permit_status import PermitStatus


class Loan(Protocol):
    """A release that lies open in memory, for one job."""

    @property
    def release(self) -> str:
        """Its id."""
        ...

    @property
    def folder(self) -> Path:
        """Where `data/` and `release.json` lie."""
        ...

    def sealing_key(self, job: str) -> bytes:
        """32 bytes that seal what this job keeps for its next attempt, and nothing else.

        The same each time for one job on one release; gone when the release's key is destroyed.
        """
        ...


class Recorded(Protocol):
    """What the ledger knows of a job's outputs."""

    @property
    def attempt(self) -> int:
        """Of which attempt they are."""
        ...

    @property
    def outputs(self) -> str:
        """The hash of their paper (`JobOutputs`)."""
        ...


class Desk(Protocol):
    """The custodian's side, as a room of jobs sees it."""

    @property
    def is_demonstration(self) -> bool:
        """Whether the home is a demonstration's, by its trust policy."""
        ...

    def permit(self, permit_id: str) -> Permit:
        """The permit with this id, believed. Raises the refusals of an unknown one."""
        ...

    def status(self, permit: Permit) -> PermitStatus:
        """Its status, fresh and signed (S12)."""
        ...

    def standing(self, permit_id: str) -> PermitStanding | None:
        """Its state now, for following it; None if it was never issued."""
        ...

    def newest(self, permit_id: str) -> str:
        """The id of its newest release. Raises `Refused` CW-RELEASE-MISSING."""
        ...

    def lend(self, permit_id: str, name: str, owner: int | None) -> AbstractContextManager[Loan]:
        """Its newest release, in memory under `name` for `owner`, as long as a block lasts."""
        ...

    def lend_to_site(self, permit_id: str, name: str, owner: int, statement: bytes) -> Loan:
        """Its newest release on the volume of a site, in the folder `name`, until `take_from_site`.

        The desk believes nothing of what it is told but the signed statement: its volume is where
        the release is laid. Raises `Refused` CW-ENGINE-VOLUME, `Fault` CW-ENGINE-STATEMENT.
        """
        ...

    def take_from_site(self, names: Callable[[str], bool], statement: bytes) -> int:
        """Remove the folders of attempts from a site's volume whose name `names` says; how many."""
        ...

    def take_back(self, at_work: Callable[[], list[str]]) -> int:
        """Remove loans that a crash left, but those of jobs at work; how many.

        `at_work` is asked after the loans were looked at: one that is made meanwhile stays.
        """
        ...

    def record(self, event: Event, private: Mapping[str, str]) -> int:
        """Write an event, and `private` sealed with it; its intent. Raises as the ledger does."""
        ...

    def record_outputs(self, event: Event, outputs: str) -> int:
        """Write that outputs were collected, unless those of this job were before.

        Raises `Refused` CW-JOB-LEASE then, and as the ledger does.
        """
        ...

    def recorded(self, permit_id: str, job: str) -> Recorded | None:
        """What the ledger knows of a job's outputs."""
        ...

    def ordered(self, permit_id: str, job: str, attempt: int) -> str | None:
        """The hash of the order (`JobOrder`) by which the ledger knows that an attempt began."""
        ...
