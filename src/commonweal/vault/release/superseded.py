"""How long the data of a release that was replaced can still be read, and by whom (S13).

Nobody begins anything new on it. But a job may be at work on it, and what a job left is recomputed
on the very release that it ran on: on another one its figures would be other figures. So the data
key lives until no job runs on it and everything that jobs left was decided, at most for
`superseded_days` of the trust policy. All of it is read off the ledger.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from commonweal.foundation.clock import parse_stamp
from commonweal.vault.custody import Custody

DAYS = 28
"""Where the trust policy does not say: people who objected since are in it, so it is no longer than
four weeks, in which two checkers can look at an output and its author can mend it once."""

Because = Literal["job", "outputs"]
_OUTPUT_ENDS = frozenset({"reject", "withdraw", "run_out", "end"})


@dataclass(frozen=True)
class Superseded:
    """A release that another one replaced, by the ledger. `at`: when that was."""

    release: str
    permit: str
    at: datetime


@dataclass(frozen=True)
class Need:
    """Why its data are kept: jobs at work, or outputs that are not decided; and until when."""

    because: Because
    jobs: tuple[str, ...]
    until: datetime

    @property
    def sentence(self) -> str:
        """For the custodian."""
        what = "a job runs on it" if self.because == "job" else "what jobs left is not decided"
        return f"{what}; kept until {self.until:%d %B %Y} at the latest"


def superseded(custody: Custody) -> Iterator[Superseded]:
    """Every release that was replaced, oldest first."""
    with custody.ledger.reading() as connection:
        rows = connection.execute(
            "SELECT body, created_at FROM intent WHERE type = 'release.completed' ORDER BY id"
        ).fetchall()
    for body, at in rows:
        entry = json.loads(body)
        if "refreshes" in entry:
            yield Superseded(entry["refreshes"], entry["permit"], parse_stamp(at))


def find_superseded(custody: Custody, release: str) -> Superseded | None:
    """Whether and when a release was replaced."""
    return next((one for one in superseded(custody) if one.release == release), None)


def need_of(custody: Custody, one: Superseded) -> Need | None:
    """Why the data of a replaced release must stay readable; None where they need not."""
    until = one.at + longest(custody)
    if custody.clock.now() >= until:
        return None
    with custody.ledger.reading() as connection:
        running = jobs_at_work(connection, one.permit, one.release)
        if running:
            return Need("job", running, until)
        waiting = undecided(connection, one.permit, one.release)
    return Need("outputs", waiting, until) if waiting else None


def longest(custody: Custody) -> timedelta:
    """The limit of the trust policy."""
    said = custody.trust.fresh.superseded_days
    return timedelta(days=DAYS if said is None else said)


def jobs_at_work(connection: Any, permit: str, release: str) -> tuple[str, ...]:
    """Jobs whose last start was on this release, and of which no end was heard since."""
    last: dict[str, str | None] = {}
    for type_, entry in _entries(connection, permit, ("job.started", "job.ended")):
        last[entry["job"]] = entry["release"] if type_ == "job.started" else None
    return tuple(job for job, on in last.items() if on == release)


def undecided(connection: Any, permit: str, release: str) -> tuple[str, ...]:
    """Jobs that left outputs of this release which were not submitted, or not decided yet."""
    left: list[str] = []
    outputs: dict[str, dict[str, bool]] = {}
    job_of: dict[str, str] = {}
    types = ("outputs.collected", "output.submitted", "output.moved", "output.released")
    for type_, entry in _entries(connection, permit, types):
        if type_ == "outputs.collected":
            if entry["release"] == release:
                left.append(entry["job"])
            continue
        output = entry["output"]
        if type_ == "output.submitted" and "job" in entry:
            job_of[output] = entry["job"]
        ended = type_ == "output.released" or entry.get("step") in _OUTPUT_ENDS
        if output in job_of:
            outputs.setdefault(job_of[output], {})[output] = ended
    return tuple(job for job in left if not _all_ended(outputs.get(job, {})))


def _all_ended(outputs: dict[str, bool]) -> bool:
    return bool(outputs) and all(outputs.values())


def _entries(
    connection: Any, permit: str, types: tuple[str, ...]
) -> Iterator[tuple[str, dict[str, Any]]]:
    marks = ", ".join("?" * len(types))
    rows = connection.execute(
        f"SELECT type, body FROM intent WHERE permit = ? AND type IN ({marks}) ORDER BY id",  # noqa: S608
        (permit, *types),
    ).fetchall()
    for type_, body in rows:
        yield type_, json.loads(body)
