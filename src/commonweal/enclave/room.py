"""The enclave's folder in a home, and what is checked there of a study before it may run."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from commonweal.enclave.checkpoints import Checkpoints
from commonweal.enclave.desk import Desk
from commonweal.enclave.elsewhere import Notes, name_of
from commonweal.enclave.engine import limits_of
from commonweal.enclave.packing import Shelf
from commonweal.enclave.reference import Brought, References
from commonweal.enclave.runtimes import Environment, environment
from commonweal.enclave.scratch import FOLDER as SCRATCH
from commonweal.enclave.scratch import Scratch, own_folders, scratch_of
from commonweal.enclave.settings import CHECKPOINTS_MB, Settings
from commonweal.foundation.clock import Clock
from commonweal.foundation.errors import Refused
from commonweal.foundation.files import make_private_folder
from commonweal.papers.job import JobOrder
from commonweal.papers.permit import Permit
from commonweal.papers.study import StudyDeclaration
from commonweal.sandbox.orders import MIB, Disk

FOLDER = "enclave"


def checkpoints_of(declaration: StudyDeclaration) -> int | None:
    """MiB that a study keeps for its next attempt; None where it keeps nothing."""
    if not declaration.checkpoints:
        return None
    return declaration.limits.checkpoints_mb or CHECKPOINTS_MB


@dataclass(frozen=True)
class Room:
    """The folder `enclave/` of a home.

    jobs/: outputs that the ledger knows. logs/: what jobs said that left none. studies/: code by
    its hash. reference/: what came in through the ingress check.
    """

    folder: Path
    settings: Settings
    clock: Clock

    @classmethod
    def open(cls, home: Path, clock: Clock) -> Room:
        """The room of a home, made where it is not there."""
        folder = home / FOLDER
        for name in ("jobs", "logs", "studies", "reference"):
            make_private_folder(folder / name)
        return cls(folder, Settings.load(folder), clock)

    @property
    def jobs(self) -> Path:
        """Where outputs lie, one folder a job."""
        return self.folder / "jobs"

    @property
    def logs(self) -> Path:
        """Where logs lie of jobs that left no outputs."""
        return self.folder / "logs"

    @property
    def checkpoints(self) -> Checkpoints:
        """What jobs keep for their next attempt."""
        return Checkpoints.of(self.folder)

    @property
    def notes(self) -> Notes:
        """What was sent to a site."""
        return Notes.of(self.folder)

    @property
    def scratch(self) -> Scratch:
        """Where folders of jobs lie on a disk while they run."""
        named = self.settings.disk_folder
        place = self.folder / SCRATCH if named is None else scratch_of(Path(named), self.folder)
        return Scratch(place, self.settings.disk_reserve_mb * MIB)

    def disk_for(
        self, order: JobOrder, owner: int, *, again: bool = False
    ) -> AbstractContextManager[Disk | None]:
        """Where the folders of an attempt lie on a disk; None where they lie in memory.

        again: its code is run again, by nobody whom the queue knows. Raises as `Scratch.lent`.
        """
        if self.settings.outputs == "memory":
            return contextlib.nullcontext()
        limits = limits_of(order, self.settings)
        most = limits.output_bytes + limits.tmp_bytes + limits.kept_bytes
        folders = own_folders(bool(limits.kept_bytes))
        if again:
            return self.scratch.lent_again(order.job, folders, owner, most)
        return self.scratch.lent(name_of(order), folders, owner, most)

    @property
    def shelf(self) -> Shelf:
        """Studies by their hash."""
        return Shelf(self.folder / "studies")

    def environment(self, name: str) -> Environment:
        """A runtime. Raises `Refused` CW-STUDY-RUNTIME."""
        return environment(name, self.settings.runtimes)

    def references(self, names: Sequence[str]) -> tuple[Brought, ...]:
        """What a study may read beside the data. Raises `Refused` CW-STUDY-REFERENCE."""
        return self.kept_references().find(names)

    def kept_references(self) -> References:
        """Everything that came in."""
        return References(self.folder / "reference")

    def check_permit(
        self, desk: Desk, permit: Permit, declaration: StudyDeclaration, by: str
    ) -> None:
        """Refuse unless `by` may run this study now. Raises `PermitRefused`.

        Any study needs `python`; one that leaves a model needs `train` as well (S2).
        """
        now = self.clock.now()
        status = desk.status(permit)
        permit.check("python", by, now, status)
        if any(output.kind == "model" for output in declaration.outputs):
            permit.check("train", by, now, status)

    def check_limits(self, declaration: StudyDeclaration) -> None:
        """Refuse a study that asks for more than is given here.

        Raises `Refused` CW-STUDY-LIMITS, CW-STUDY-GPU, CW-STUDY-ENGINE.
        """
        if self.settings.engine != "here" and (declaration.gpu or declaration.checkpoints):
            raise Refused(
                "CW-STUDY-ENGINE",
                "Studies here run at a site, where no checkpoints are kept and no devices given.",
                remedy="Leave `checkpoints` and `gpu` out, or ask who keeps this service.",
            )
        if declaration.gpu and self.settings.gpus is None:
            raise Refused(
                "CW-STUDY-GPU",
                "The study asks for a device for calculations (gpu: true), and none is given here.",
                remedy="Run it without; the custodian names devices in enclave/settings.yaml.",
            )
        asked, most = declaration.limits, self.settings.most
        if (kept := checkpoints_of(declaration)) and kept > self.settings.most_checkpoints_mb:
            raise Refused(
                "CW-STUDY-LIMITS",
                "The study would keep more for its next attempt than the "
                f"{self.settings.most_checkpoints_mb:,} MB that are given here.",
            )
        for name, unit in (("minutes", "minutes"), ("memory_gb", "GB of memory"),
                           ("outputs_mb", "MB of outputs")):  # fmt: skip
            if getattr(asked, name) > getattr(most, name):
                raise Refused(
                    "CW-STUDY-LIMITS",
                    f"The study asks for more than the {getattr(most, name):,} {unit} that are "
                    "given here.",
                )
