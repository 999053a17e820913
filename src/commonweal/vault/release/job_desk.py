"""The custodian's side of the enclave, on one machine: permits, the ledger, and loans of releases.

The enclave never imports the vault. It is handed this desk, which has the shape of its port
(`enclave.desk.Desk`) and knows nothing of jobs but their names.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from commonweal.foundation.errors import Fault, Refused, Unavailable
from commonweal.foundation.files import translated
from commonweal.ledger.details import Details
from commonweal.ledger.entry import Event
from commonweal.ledger.state import PermitStanding
from commonweal.papers.permit import Permit
from commonweal.papers.permit_status import PermitStatus
from commonweal.papers.site import SiteStatement
from commonweal.sandbox.measuring import remove_tree
from commonweal.vault.custody import Custody, find_permit, load_permit, status_of
from commonweal.vault.custody.holding import DETAILS_KEY
from commonweal.vault.release.lending import (
    MEMORY,
    Lent,
    lend,
    lent,
    loans_of,
    newest_release,
    take_back,
)
from commonweal.vault.release.refresh_requests import ask_refresh

_COLLECTED = "outputs.collected"


@dataclass(frozen=True)
class KnownOutputs:
    """What the ledger knows of a job's outputs: of which attempt, and the hash of their paper."""

    attempt: int
    outputs: str


@dataclass(frozen=True)
class JobDesk:
    """See `enclave.desk.Desk`. memory: where the folder of loans is made."""

    custody: Custody
    memory: Path = MEMORY

    @property
    def is_demonstration(self) -> bool:
        """Whether the trust policy says that everybody here is made up."""
        return self.custody.trust.home == "demo"

    def permit(self, permit_id: str) -> Permit:
        """The home's own copy of a permit. Raises `Refused` CW-PERMIT-UNKNOWN."""
        return load_permit(self.custody, find_permit(self.custody, permit_id))

    def status(self, permit: Permit) -> PermitStatus:
        """Its status, fresh from the ledger."""
        return status_of(self.custody, permit)

    def standing(self, permit_id: str) -> PermitStanding | None:
        """Its state now by the ledger alone: quick, and enough to stop by."""
        return self.custody.ledger.permit_standing(permit_id)

    def newest(self, permit_id: str) -> str:
        """The id of its newest release. Raises `Refused` CW-RELEASE-MISSING."""
        return newest_release(self.custody, permit_id).name

    @contextlib.contextmanager
    def lend(self, permit_id: str, name: str, owner: int | None) -> Iterator[Lent]:
        """Its newest release in memory, for the length of a block. Raises what `lend` raises.

        Where its choices are too old, the vault's worker is asked to make it again (S13): this desk
        builds nothing.
        """
        to = loans_of(self.custody, self.memory) / name
        with contextlib.ExitStack() as block:
            with self._asking(permit_id, name):
                loan = block.enter_context(lent(self.custody, permit_id, "job", to, owner))
            yield loan

    @contextlib.contextmanager
    def _asking(self, permit_id: str, name: str) -> Iterator[None]:
        """Ask the vault's worker for a release with young choices, where a loan needs one."""
        try:
            yield
        except Unavailable as error:
            if error.code == "CW-RELEASE-CHOICES-OLD":
                ask_refresh(self.custody, permit_id, self.newest(permit_id), name)
            raise

    def lend_to_site(self, permit_id: str, name: str, owner: int, statement: bytes) -> Lent:
        """Its newest release, open on the volume that a site's statement names (S19).

        Raises what `lend` raises, `Refused` CW-ENGINE-VOLUME, `Fault` CW-ENGINE-STATEMENT.
        """
        volume = self._volume(statement)
        folder = volume / name
        with translated("the volume of the site"):
            remove_tree(folder)
            folder.mkdir(mode=0o700)
        paper = find_permit(self.custody, permit_id)
        with self._asking(permit_id, name.partition(".")[0]):
            newest = newest_release(self.custody, permit_id)
            to = folder / "release"
            return lend(self.custody, newest, paper, "job", to, owner, volume=volume)

    def take_from_site(self, names: Callable[[str], bool], statement: bytes) -> int:
        """Remove attempts' folders from the volume of a site; how many."""
        gone = [one for one in self._volume(statement, at=None).glob("job-*") if names(one.name)]
        with translated("the volume of the site"):
            for one in gone:
                remove_tree(one)
        return len(gone)

    def _volume(self, statement: bytes, at: Literal["now"] | None = "now") -> Path:
        """The folder that a statement names; `at` None where nothing is laid there."""
        paper = SiteStatement.load(statement, self.custody.belief)
        if at is not None and not paper.holds(self.custody.clock.now()):
            raise Fault("CW-ENGINE-STATEMENT", "The site's statement is not believed any more.")
        if paper.volume is None:
            raise Refused(
                "CW-ENGINE-VOLUME",
                "The site's statement names no volume where a release may lie open for a job, so "
                "none is sent there.",
                remedy="State the volume (`commonweal site state`), or run jobs here: engine: here",
            )
        folder = Path(paper.volume.folder)
        with translated("the volume of the site"):
            its = folder.lstat()
        private = stat.S_ISDIR(its.st_mode) and not its.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        if not private or its.st_uid != os.geteuid():
            raise Refused(
                "CW-ENGINE-VOLUME",
                "The volume of the site is not a folder that only this service can write to.",
            )
        return folder

    def take_back(self, at_work: Callable[[], list[str]]) -> int:
        """Remove loans that a crash left, but those of jobs that are at work."""
        return take_back(loans_of(self.custody, self.memory), at_work)

    def record(self, event: Event, private: Mapping[str, str]) -> int:
        """Write an event, with `private` sealed beside it.

        A job starts on the release that is the newest in this very moment: nobody destroys its key
        from then on. Raises `Refused` CW-RELEASE-SUPERSEDED for another.
        """
        sealed = self._sealed(private) if private else None
        with self.custody.ledger.transaction() as writing:
            if event.type == "job.started":
                latest = self.newest(str(event.permit))
                if latest != event.fields["release"]:
                    raise Refused("CW-RELEASE-SUPERSEDED", "A newer release was made meanwhile.")
            return writing.append(event, sealed)

    def record_outputs(self, event: Event, outputs: str) -> int:
        """Write that a job's outputs were collected: once for each job.

        Looked at and written in one transaction, so that of two workers one is refused.
        Raises `Refused` CW-JOB-LEASE, CW-PERMIT-NOT-LIVE.
        """
        with self.custody.ledger.transaction() as writing:
            found = writing.connection.execute(
                "SELECT body FROM intent WHERE type = ? AND permit = ?",
                (_COLLECTED, event.fields["permit"]),
            )
            if any(json.loads(body)["job"] == event.fields["job"] for (body,) in found):
                raise Refused("CW-JOB-LEASE", "Another attempt of this job came to its end first.")
            return writing.append(event, self._sealed({"outputs": outputs}))

    def recorded(self, permit_id: str, job: str) -> KnownOutputs | None:
        """What the ledger knows of a job's outputs."""
        for entry, said in self._told(permit_id, _COLLECTED, job):
            return KnownOutputs(int(entry["attempt"]), said["outputs"])
        return None

    def ordered(self, permit_id: str, job: str, attempt: int) -> str | None:
        """The hash of the order by which an attempt was started, as the ledger knows it.

        The last one: an attempt that a site could not take was given back after the ledger had
        heard of it, and begins again under the same number with an order of its own.
        """
        found = None
        for entry, said in self._told(permit_id, "job.started", job):
            if entry["attempt"] == attempt:
                found = said["order"]
        return found

    def _told(
        self, permit_id: str, type_: str, job: str
    ) -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
        """Every event of this type about a job, and what was sealed with it; oldest first."""
        with self.custody.ledger.reading() as connection:
            rows = connection.execute(
                "SELECT id, body FROM intent WHERE permit = ? AND type = ? ORDER BY id",
                (permit_id, type_),
            ).fetchall()
        for intent, body in rows:
            entry = json.loads(body)
            if entry["job"] == job:
                key = self.custody.keyring.secret_of(str(entry["details_key"]))
                said = self.custody.ledger.open_details(intent, key.use())
                yield entry, {name: str(value) for name, value in said.items()}

    def _sealed(self, content: Mapping[str, str]) -> Details:
        key = self.custody.keyring.get(DETAILS_KEY)
        return Details(dict(content), key.id, self.custody.keyring.secret_of(key.id).use())
