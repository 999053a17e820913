"""What every engine does: take a task once, say how it stands, stop it, give what it left.

An engine is told nothing of patients but where the release lies; what it says of a task is one of a
closed list of states. Logs, exit codes and names that a job chose are never read (S4). A task is
taken once: whoever sends it again, because the answer was lost, gets the same ticket.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, get_args

from commonweal.foundation.errors import Fault, WrongUsage
from commonweal.sandbox.collecting import Collected, Declaration

State = Literal[
    "waiting",
    "running",
    "stopping",
    "unknown",
    "finished",
    "failed",
    "broken",
    "cancelled",
    "preempted",
]
"""`failed`: by what the study did. `broken`: by the site. `preempted`: by the site, for others."""

STATES: tuple[State, ...] = get_args(State)
ENDED: frozenset[State] = frozenset({"finished", "failed", "broken", "cancelled", "preempted"})
AGAIN: frozenset[State] = frozenset({"broken", "preempted"})
"""States after which the job may be tried anew: it was not the study's doing."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_IMAGE = re.compile(r"[a-z0-9][a-z0-9._:/-]{0,200}@sha256:[0-9a-f]{64}", re.ASCII)
_INSIDE = re.compile(r"(/[A-Za-z0-9._-]{1,128}){1,6}", re.ASCII)
_ADDRESS = re.compile(r"(https|file|s3)://[A-Za-z0-9._:/-]{1,900}", re.ASCII)
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,63}", re.ASCII)
_MOST_ARGUMENTS = 64


def _refused(sentence: str) -> WrongUsage:
    return WrongUsage("CW-ENGINE-TASK", sentence)


@dataclass(frozen=True)
class Needs:
    """What a task is given. memory and disk in GiB; minutes by the clock."""

    cores: int
    memory_gb: int
    disk_gb: int
    minutes: int

    def __post_init__(self) -> None:
        if min(self.cores, self.memory_gb, self.disk_gb, self.minutes) < 1:
            raise _refused("A task needs at least one core, GiB and minute.")


@dataclass(frozen=True)
class Given:
    """A folder or file that a task reads: where the site finds it, and where the job sees it."""

    address: str
    inside: str
    kind: Literal["folder", "file"] = "folder"

    def __post_init__(self) -> None:
        if not _ADDRESS.fullmatch(self.address) or ".." in self.address:
            raise _refused("A task is given something at an address that cannot be used.")
        if not _INSIDE.fullmatch(self.inside) or "/.." in self.inside:
            raise _refused("A task would see something at a path that cannot be used.")


@dataclass(frozen=True)
class Task:
    """One attempt at one job. image: by digest, never by a name that can move.

    Raises `WrongUsage` CW-ENGINE-TASK.
    """

    job: str
    attempt: int
    project: str
    image: str
    command: tuple[str, ...]
    given: tuple[Given, ...]
    outputs: Declaration
    needs: Needs
    environment: Mapping[str, str] = field(default_factory=dict)
    workdir: str = "/study"

    def __post_init__(self) -> None:
        if not (_ID.fullmatch(self.job) and _ID.fullmatch(self.project) and self.attempt >= 1):
            raise _refused("A task has no job, project or attempt that can be named.")
        if not _IMAGE.fullmatch(self.image):
            raise _refused("The image of a task is not named by its digest.")
        plain = all(one.isprintable() for one in (*self.command, *self.environment.values()))
        if not self.command or len(self.command) > _MOST_ARGUMENTS or not plain:
            raise _refused("The command or environment of a task is not plain text.")
        if not all(_VARIABLE.fullmatch(name) for name in self.environment):
            raise _refused("A variable of a task's environment has an odd name.")
        inside = [one.inside for one in self.given]
        if len(set(inside)) < len(inside) or "/outputs" in inside:
            raise _refused("A task is given two things in one place.")

    @property
    def name(self) -> str:
        """The job and attempt: what an engine knows the task by."""
        return f"{self.job}.{self.attempt}"


@dataclass(frozen=True)
class Ticket:
    """A task that was taken. there: its name there; mark: chosen once for each sending."""

    name: str
    there: str
    mark: str


class Engine(Protocol):
    """What runs tasks. Every call may be made again after a crash."""

    def submit(self, task: Task) -> Ticket:
        """Have a task run, once, whoever asks how often.

        Raises `Unavailable` CW-ENGINE-SITE where the target is not proved to hold a job,
        CW-ENGINE-UNSURE where it is not known whether it was taken: then ask again.
        """
        ...

    def find(self, name: str) -> Ticket | None:
        """The task of this name, if there is one; nothing is sent."""
        ...

    def clear(self, ticket: Ticket) -> None:
        """Remove what a task left there. No matter if nothing lies there any more."""
        ...

    def poll(self, ticket: Ticket, before: State = "waiting") -> State:
        """How it stands. `before`: what was heard last. Raises `Fault` CW-ENGINE-BACKWARDS,
        `Unavailable` CW-ENGINE-UNREACHABLE, CW-ENGINE-ANSWER, CW-ENGINE-GONE."""
        ...

    def cancel(self, ticket: Ticket) -> None:
        """Ask for it to be stopped; that it has, `poll` says. No matter if it has ended."""
        ...

    def collect(self, ticket: Ticket, task: Task, into: Path) -> tuple[Collected, ...]:
        """Copy what a finished task left, all that was declared and nothing else."""
        ...


def follow(before: State, seen: State) -> State:
    """What to believe where `before` was heard and then `seen`.

    A task that waits again after it ran was started anew by the site, which is its matter. What has
    ended has ended: outputs may have been taken. Raises `Fault` CW-ENGINE-BACKWARDS.
    """
    if before in ENDED and seen not in (before, "unknown"):
        raise Fault(
            "CW-ENGINE-BACKWARDS",
            f"A task that was {before} is now said to be {seen}; the site's engine is not believed "
            "about it.",
        )
    return before if before in ENDED else seen
