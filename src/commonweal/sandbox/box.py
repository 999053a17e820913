"""The one way in for other rooms: a sandbox that was tried when it was opened, or none at all.

`Sandbox.open` tries every guard and raises where one that is needed does not hold. There is no
other constructor, and other rooms import nothing that starts a run (a test looks), so nothing is
ever run on a machine that was not tried, and no setting runs things with less.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from commonweal.foundation.errors import CommonwealError
from commonweal.sandbox.cgroups import Cgroups
from commonweal.sandbox.devices import check_devices
from commonweal.sandbox.guards import Report, probe
from commonweal.sandbox.orders import Device, JobUser, Run
from commonweal.sandbox.parsing import Parsed, Parsing, parse_in_sandbox, with_limits
from commonweal.sandbox.running import Fill, Job, Outcome, running
from commonweal.sandbox.uids import PROBE_USER, UserNumbers

__all__ = ["Fill", "Job", "Outcome", "Report", "Sandbox"]

Shaped = TypeVar("Shaped")


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A sandbox whose guards hold. Made by `open`.

    report: what was found when it was tried. users: the record of projects' user numbers.
    cgroups: where runs have cgroups; None in a demonstration home on a machine without.
    """

    report: Report
    users: UserNumbers
    cgroups: Cgroups | None

    def __post_init__(self) -> None:
        self.report.check()

    @classmethod
    def open(cls, record: Path, *, demo: bool, cgroup: str | None) -> Sandbox:
        """Try every guard; some 1.2 seconds.

        record: the file with projects' user numbers, in a folder that is the custodian's alone.
        demo: whether the home is a demonstration's: then limits by cgroup are used where they are
            there, and not needed. cgroup: the value of `COMMONWEAL_CGROUP`.
        Raises `Unavailable` CW-SANDBOX-GUARD with the guard that does not hold and its remedy.
        """
        return cls(*_tried(demo=demo, cgroup=cgroup, record=record))

    def run(self, run: Run, project: str, fill: Fill | None = None) -> AbstractContextManager[Job]:
        """Start a run of a project; leaving the block ends it. Whether it needs a cgroup is ours
        to say and not the run's. `fill`: see `running`. Raises as `running` does.
        """
        order = replace(run, cgroup=self.cgroups is not None)
        return running(order, self._user(project), self.cgroups, fill=fill)

    def check_devices(self, devices: Sequence[Device]) -> None:
        """Try that a run that is given devices opens these and no other.

        Raises `Unavailable` CW-STUDY-GPU.
        """
        user = PROBE_USER if os.geteuid() == 0 else None
        check_devices(devices, user)

    def owner(self, project: str) -> int:
        """The number on this machine of the user to whom a run's outputs belong."""
        user = self._user(project)
        return os.getuid() if user is None else user.uid

    def parse(
        self,
        module: str,
        file: Path,
        shape: Callable[[Any], Shaped],
        project: str,
        options: Mapping[str, str | int | bool] | None = None,
        *,
        most_answer: int | None = None,
    ) -> Parsed[Shaped]:
        """What our parser `module` says of a file of a project; see `parse_in_sandbox`.

        The parser is another user than the project's jobs, which may be running.
        most_answer: bytes of the largest answer, where the usual 4 MiB do not hold what is asked
            for (the pixels of a picture); at most 64 MiB.
        """
        parsing = Parsing(self._user(f"parse:{project}"), self.cgroups, self.cgroups is not None)
        if most_answer is not None:
            parsing = with_limits(parsing, log_bytes=most_answer)
        return parse_in_sandbox(module, file, shape, parsing, options)

    def _user(self, name: str) -> JobUser | None:
        return self.users.of(name) if os.geteuid() == 0 else None


def _tried(
    *, demo: bool, cgroup: str | None, record: Path
) -> tuple[Report, UserNumbers, Cgroups | None]:
    report, cgroups = look(demo=demo, cgroup=cgroup)
    # A demonstration does without cgroups that do not do what they should, not with half of them.
    held = next(guard.holds for guard in report.guards if guard.name == "cgroup")
    return report, UserNumbers(record), cgroups if held else None


def look(*, demo: bool, cgroup: str | None) -> tuple[Report, Cgroups | None]:
    """Try every guard and tell; raises for none of them. What `commonweal doctor` shows."""
    try:
        cgroups = Cgroups.given(cgroup)
    except CommonwealError:
        cgroups = None
    user = PROBE_USER if os.geteuid() == 0 else None
    return probe(user, cgroups, cgroup_needed=not demo), cgroups
