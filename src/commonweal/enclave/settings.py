"""What a custodian sets for the room of jobs: how many, how long, how large, in which runtimes.

`enclave/settings.yaml` in the home; where it is absent the defaults hold. Environments that jobs
run in are named here and nowhere else: a study names one, and never a path (P11).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from commonweal.foundation.documents import load_document
from commonweal.foundation.errors import CommonwealError
from commonweal.papers.base import Identifier, Line, Paper, Sha256, named_twice
from commonweal.papers.study import StudyLimits
from commonweal.sandbox.orders import Device, Mount

NAME = "settings.yaml"
CHECKPOINTS_MB, MOST_CHECKPOINTS_MB = 256, 1024
"""What a study with checkpoints may keep where it does not say, and at most where nobody says."""


FilePlace = Annotated[Line, StringConstraints(pattern=r"^/")]
"""An absolute path."""


class Gpus(Paper):
    """Devices for calculations that studies may ask for.

    devices: paths such as /dev/nvidia0, /dev/nvidiactl, /dev/nvidia-uvm. libraries: folders of the
    driver that do not lie below /usr; a job sees them read-only, at their own path.
    """

    devices: Annotated[tuple[Line, ...], Field(min_length=1, max_length=64)]
    libraries: Annotated[tuple[Line, ...], Field(max_length=16)] = ()

    @model_validator(mode="after")
    def _can_be_given(self) -> Gpus:
        try:
            self.given()
            self.mounts()
        except CommonwealError as error:
            raise ValueError(error.sentence) from error
        if named_twice(list(self.devices)) is not None:
            raise ValueError("a device is named twice")
        return self

    def given(self) -> tuple[Device, ...]:
        """The devices, as a run is given them."""
        return tuple(Device(path) for path in self.devices)

    def mounts(self) -> tuple[Mount, ...]:
        """The folders of the driver, as a run sees them."""
        return tuple(Mount(Path(path), path) for path in self.libraries)


class Site(Paper):
    """A site whose engine runs jobs (GA4GH TES 1.1).

    address: of the engine. statement: the file of the custodian's signed word. outputs,
    outputs_folder: where tasks leave what they write, as the site and as this machine sees it.
    owner: the number of the user as whom tasks run. token_file, authority: a file with the token,
    and with the certificate to believe. images: by the hash of a runtime's packages.
    """

    address: Line
    statement: FilePlace
    outputs: Line
    outputs_folder: FilePlace
    owner: Annotated[int, Field(ge=0, le=2**31)]
    token_file: FilePlace | None = None
    authority: FilePlace | None = None
    images: dict[Sha256, Line]


class Settings(Paper):
    """The settings of the enclave.

    jobs_a_day: of one project, on one day in London (S4). checks_a_day: of what its jobs left, the
    same; the airlock counts them, by page and by command. attempts: how often a job is tried when
    it is cut off by us. most: the largest limits that a study may ask for. tmp_mb: room for
    temporary files of a job, in memory. cores: CPU cores of a job. again_minutes: for all models
    that are made again in one check (S2). runtimes: name and folder of each environment (a virtual
    environment with the packages that studies use). gpus: devices for calculations; none where it
    is absent. outputs: where what a job writes lies while it runs. disk_folder: on which disk, if
    not the home's. disk_reserve_mb: room on it that stays free. engine, site: what runs jobs: this
    machine, or the engine of a site.
    """

    enclave: Literal[1] = 1
    jobs_a_day: Annotated[int, Field(ge=1, le=1000)] = 20
    checks_a_day: Annotated[int, Field(ge=1, le=1000)] = 20
    attempts: Annotated[int, Field(ge=1, le=10)] = 3
    most: StudyLimits = StudyLimits(minutes=24 * 60, memory_gb=16, outputs_mb=512)
    tmp_mb: Annotated[int, Field(ge=1, le=1_048_576)] = 256
    cores: Annotated[int, Field(ge=1, le=256)] = 2
    again_minutes: Annotated[int, Field(ge=1, le=24 * 60)] = 60
    runtimes: dict[Identifier, Line] = Field(default_factory=dict)
    gpus: Gpus | None = None
    outputs: Literal["memory", "disk"] = "memory"
    disk_folder: FilePlace | None = None
    disk_reserve_mb: Annotated[int, Field(ge=64, le=16_777_216)] = 1024
    engine: Literal["here", "tes"] = "here"
    site: Site | None = None

    @model_validator(mode="after")
    def _has_its_site(self) -> Settings:
        if (self.engine == "tes") != (self.site is not None):
            raise ValueError("a site is named where its engine runs jobs, and only there")
        return self

    @property
    def most_checkpoints_mb(self) -> int:
        """The most that a study may keep for its next attempt, in MiB."""
        return self.most.checkpoints_mb or MOST_CHECKPOINTS_MB

    @classmethod
    def load(cls, folder: Path) -> Settings:
        """The settings in a room's folder. Raises `PaperInvalid` CW-JOB-SETTINGS."""
        path = folder / NAME
        if not path.exists():
            return cls()
        what = "The settings of the enclave"
        return cls.read(load_document(path, what), what, "CW-JOB-SETTINGS")
