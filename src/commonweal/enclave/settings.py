"""What a custodian sets for the room of jobs: how many, how long, how large, in which runtimes.

`enclave/settings.yaml` in the home; where it is absent the defaults hold. Environments that jobs
run in are named here and nowhere else: a study names one, and never a path (P11).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from commonweal.foundation.documents import load_document
from commonweal.papers.base import Identifier, Line, Paper
from commonweal.papers.study import StudyLimits

NAME = "settings.yaml"


class Settings(Paper):
    """The settings of the enclave.

    jobs_a_day: of one project, on one day in London (S4). checks_a_day: of what its jobs left, the
    same; the airlock counts them, by page and by command. attempts: how often a job is tried when
    it is cut off by us. most: the largest limits that a study may ask for. tmp_mb: room for
    temporary files of a job, in memory. cores: CPU cores of a job. runtimes: name and folder of
    each environment (a virtual environment with the packages that studies use).
    """

    enclave: Literal[1] = 1
    jobs_a_day: Annotated[int, Field(ge=1, le=1000)] = 20
    checks_a_day: Annotated[int, Field(ge=1, le=1000)] = 20
    attempts: Annotated[int, Field(ge=1, le=10)] = 3
    most: StudyLimits = StudyLimits(minutes=24 * 60, memory_gb=16, outputs_mb=512)
    tmp_mb: Annotated[int, Field(ge=1, le=1_048_576)] = 256
    cores: Annotated[int, Field(ge=1, le=256)] = 2
    runtimes: dict[Identifier, Line] = Field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path) -> Settings:
        """The settings in a room's folder. Raises `PaperInvalid` CW-JOB-SETTINGS."""
        path = folder / NAME
        if not path.exists():
            return cls()
        what = "The settings of the enclave"
        return cls.read(load_document(path, what), what, "CW-JOB-SETTINGS")
