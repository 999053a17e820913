"""The audit of proposed outputs against everything that has left, and of each other.

The result pins the exact set that was compared, and is good for that set only: `check_pinned`
refuses it as soon as another output has left (an approval carries the set, the release checks it).
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from commonweal.airlock.audit.atoms import groups_of
from commonweal.airlock.audit.bounds import bounds
from commonweal.airlock.audit.certificates import Remaining
from commonweal.airlock.audit.findings import (
    Finding,
    Verdict,
    for_author,
    for_reviewer,
    worst,
)
from commonweal.airlock.audit.history import (
    History,
    Output,
    Pin,
    load_output,
    read_place,
    set_hash,
)
from commonweal.airlock.audit.pairs import compare, overlap_of
from commonweal.airlock.audit.people import places_in
from commonweal.airlock.audit.probe import probe as probe_groups
from commonweal.airlock.audit.tables import AuditTable, Small
from commonweal.airlock.audit.values import DEFAULT, Dominance, differences
from commonweal.airlock.kept import CLEAR, Kept
from commonweal.foundation.errors import Fault, Refused, WrongUsage

THRESHOLD = 10
LARGEST_BY_RULE = 20
"""Up to this threshold the catalogue's figures are safe by the rule they are made by: held until
ten people differ, rounded after a secret step (docs/explanation/catalogue-figures.md)."""


class Progress(Protocol):
    """How a long audit tells what it does: plain words, and the share done where it is known."""

    def __call__(self, step: str, done: float | None = None, /) -> None:
        """Say what is being done now."""
        ...


def quiet(step: str, done: float | None = None, /) -> None:
    """Say nothing."""
    del step, done


@dataclass(frozen=True)
class Pinned:
    """What an audit is good for: these proposals against exactly this set of outputs."""

    proposals: tuple[Pin, ...]
    compared: tuple[Pin, ...]

    @property
    def hash(self) -> str:
        """One hash over the set that was compared."""
        return set_hash(self.compared)


@dataclass(frozen=True)
class Result:
    """What an audit found. `more`: findings beyond those told; `not_examined`: sentences."""

    threshold: int
    pinned: Pinned
    findings: tuple[Finding, ...]
    more: int
    worst_more: Verdict
    not_examined: tuple[str, ...]
    notes: tuple[str, ...] = ()
    dominance: Dominance = DEFAULT

    @property
    def verdict(self) -> Verdict:
        """`pass` only where everything was examined and nothing found."""
        verdicts = [one.verdict for one in self.findings]
        if self.more:
            verdicts.append(self.worst_more)
        if self.not_examined:
            verdicts.append("review")
        return worst(verdicts)

    def of(self, output: str) -> tuple[Finding, ...]:
        """The findings in whose sum a proposal has a part."""
        return tuple(f for f in self.findings if any(t.output == output for t in f.terms))

    def plain(self) -> dict[str, Any]:
        """The reviewer's result as plain JSON values: it holds the sums, and is kept sealed."""
        return {
            "audit": 1,
            "verdict": self.verdict,
            "threshold": self.threshold,
            "dominance": self.dominance.plain(),
            "outputs": [_plain(pin) for pin in self.pinned.proposals],
            "compared": [_plain(pin) for pin in self.pinned.compared],
            "compared_hash": self.pinned.hash,
            "findings": for_reviewer(self.findings, self.threshold),
            "more_findings": self.more,
            "not_examined": list(self.not_examined),
            "notes": list(self.notes),
        }

    def plain_for_author(self, output: str, looked: str | None) -> dict[str, Any]:
        """What the author of a proposal may read (S6). Raises `Refused` CW-AUDIT-UNSEEN."""
        told = for_author(self.findings, output, self.threshold, looked)
        return {"audit": 1, "output": output, "findings": told}


def _plain(pin: Pin) -> dict[str, str]:
    return {"output": pin.output, "manifest": pin.manifest}


def read_proposals(
    folders: Sequence[Path], history: History, *, kept: Kept = CLEAR, name: str | None = None
) -> list[Output]:
    """The outputs that somebody asks for, loaded.

    `kept`: how their files are opened. `name`: of the output, where its one folder has another.
    Raises `Fault` CW-AUDIT-OUTPUT, also where one of that name has left or is named twice.
    """
    if not folders:
        raise WrongUsage("CW-USAGE", "Name at least one output to audit.")
    places = [read_place(folder, "CW-AUDIT-OUTPUT", kept, name) for folder in folders]
    taken = {pin.output for pin in history.pins()}
    for place in places:
        if place.pin.output in taken:
            raise Fault(
                "CW-AUDIT-OUTPUT",
                f"The output {place.pin.output} has left already, or is named twice.",
            )
        taken.add(place.pin.output)
    return [load_output(place) for place in places]


def check_pinned(pinned: Pinned, proposals: Sequence[Pin], history: History) -> None:
    """Refuse an audit that is not of exactly these proposals and everything that has left.

    Raises `Refused` CW-AUDIT-STALE.
    """
    same = sorted(pinned.proposals, key=lambda p: p.output) == sorted(
        proposals, key=lambda p: p.output
    )
    if same and set_hash(history.pins()) == pinned.hash:
        return
    raise Refused(
        "CW-AUDIT-STALE",
        "Another output has left, or something changed, since the audit.",
        remedy="Run the audit again; then the reviewers look again.",
    )


def audit(
    history: History,
    proposals: Sequence[Output],
    *,
    threshold: int = THRESHOLD,
    dominance: Dominance = DEFAULT,
    probe: bool = True,
    seconds: float = 60.0,
    progress: Progress = quiet,
) -> Result:
    """Audit proposals against the history and each other.

    `threshold`: the smallest group that may be seen, at least 2. `dominance`: limits of what one
    or two people may have of what two sums differ by; pairs of sums get up to `seconds`. `probe`:
    look for sums and bounds of many figures too, for up to `seconds` more; what was not reached is
    said.
    Raises `Fault` CW-AUDIT-HISTORY where the history is not whole.
    """
    if threshold < 2:
        raise WrongUsage("CW-USAGE", "The smallest group that may be seen is at least 2.")
    found = _Found([], 0, [], [], [], set())
    rules = _Rules(threshold, dominance, _left(time.monotonic() + seconds))
    everything = [*proposals]
    for output, other in _meetings(history, proposals, progress):
        _meet(output, other, rules, found)
        if other not in everything:
            everything.append(other)
    found.not_examined += [
        f"{one.pin.output}: its project's key was destroyed, so nobody can compare it any more."
        for one in history.lost
    ]
    if found.unkept:
        found.notes.append(
            f"Values behind {len(found.unkept)} earlier outputs were not kept when they left: what "
            "sums in them give away by subtraction is not known."
        )
    if history.by_rule and threshold > LARGEST_BY_RULE:
        found.not_examined.append("The catalogue's figures: they are made for smaller groups.")
    if probe:
        progress("Looking for sums of many figures", None)
        _look_further(everything, len(proposals), threshold, seconds, found)
    else:
        found.not_examined.append("Sums and bounds of many figures: not asked for.")
    pinned = Pinned(tuple(one.place.pin for one in proposals), history.pins())
    return Result(
        threshold,
        pinned,
        tuple(found.findings),
        found.more,
        worst(found.worst),
        tuple(found.not_examined),
        tuple(found.notes),
        dominance,
    )


def _look_further(
    outputs: Sequence[Output], proposals: int, threshold: int, seconds: float, found: _Found
) -> None:
    """Sums of many figures of all tables behind which people are known."""
    starts = time.monotonic()
    behind = [(table, out.people) for out in outputs if out.people for table in out.tables]
    new = sum(len(out.tables) for out in outputs[:proposals] if out.people)
    found.not_examined += [
        f"Sums of many figures with {out.name}: nobody knows who is in it."
        for out in outputs
        if out.people is None
    ]
    groups = groups_of(behind)
    found.not_examined += [
        f"Sums of many figures with {one.paper.name} of {one.output}: too many groups."
        for one in groups.left_out
    ]
    if not groups.possible:
        found.not_examined.append(
            "Combinations that nobody has: too many, so who reads was taken to know them."
        )
    new -= sum(table in groups.left_out for table, _ in behind[:new])
    # Sums get half of the time at most, so that there is always some for bounds.
    probed = probe_groups(groups, new, threshold, _left(starts + seconds / 2))
    found.findings += [_softened(one, groups.possible) for one in probed.findings]
    bounded = bounds(groups, new, threshold, probed, _left(starts + seconds))
    found.findings += [_softened(one, groups.possible) for one in bounded.findings]
    found.not_examined += [*probed.incomplete, *bounded.incomplete]
    already = max(probed.already, bounded.already)
    if already:
        found.notes.append(
            f"{already} small groups follow from what has left before; this adds nothing."
        )


def _left(end: float) -> Remaining:
    return lambda: end - time.monotonic()


def _softened(finding: Finding, possible: bool) -> Finding:
    """A sum that may need knowledge that nobody has is for a person to judge."""
    if possible or finding.verdict != "fail":
        return finding
    return dataclasses.replace(finding, verdict="review")


@dataclass(frozen=True)
class _Rules:
    """What pairs are held against, and for how long values are looked at."""

    threshold: int
    dominance: Dominance
    remaining: Remaining


@dataclass
class _Found:
    findings: list[Finding]
    more: int
    worst: list[Verdict]
    not_examined: list[str]
    notes: list[str]
    unkept: set[str]

    def take(self, findings: Sequence[Finding], more: int, worst_more: Verdict) -> None:
        """Findings of a pair of tables, and how many more there were."""
        self.findings += findings
        if more:
            self.more += more
            self.worst.append(worst_more)


def _meetings(
    history: History, proposals: Sequence[Output], progress: Progress
) -> Iterator[tuple[Output, Output]]:
    """Each pair of outputs once: proposals with themselves, each other, and all that left."""
    for number, one in enumerate(proposals):
        for other in proposals[: number + 1]:
            yield one, other
    count = max(1, len(history.places))
    for number, earlier in enumerate(history.load()):
        progress("Comparing with what has left", number / count)
        for one in proposals:
            yield one, earlier


def _meet(output: Output, other: Output, rules: _Rules, found: _Found) -> None:
    where = _where(output, other)
    missed = 0
    for number, new in enumerate(output.tables):
        earlier = other.tables if output is not other else output.tables[: number + 1]
        for table in earlier:
            part_of = _part_of(new, table, where)
            overlap = None if part_of is None else overlap_of(new, table, part_of)
            seen = compare(new, table, overlap, rules.threshold)
            found.take(seen.findings, seen.more, seen.worst_more)
            if not seen.examined:
                found.not_examined.append(
                    f"{new.paper.name} of {new.output} with {table.paper.name} of {table.output}: "
                    "too many cells for a comparison by definition."
                )
            if overlap is not None and where is not None and new.amounts and table.amounts:
                told = differences(
                    overlap, where, rules.threshold, rules.dominance, rules.remaining
                )
                # Where the counts give the same few people away, one line says enough.
                said = {_cells_of(one) for one in seen.findings if one.verdict == "fail"}
                new_ones = [one for one in told.findings if _cells_of(one) not in said]
                found.take(new_ones, told.more, told.worst_more)
                missed += told.missed
    if missed:
        found.not_examined.append(
            f"What {missed} pairs of sums of {output.name} and {other.name} differ by: not reached "
            "in time."
        )
    if other.place.paper.history == 1 and any(one.amounts for one in output.tables):
        found.unkept.add(other.name)


def _cells_of(finding: Finding) -> frozenset[tuple[str, str, int]]:
    return frozenset((one.output, one.table, one.row) for one in finding.terms)


def _where(output: Output, other: Output) -> Small | None:
    """The place of each person of an output among the people of the other, -1 for nowhere."""
    if output.people is None or other.people is None:
        return None
    if output.people.key == other.people.key:
        return np.arange(len(output.people), dtype=np.int32)
    return places_in(other.people.ids, output.people.ids).astype(np.int32)


def _part_of(new: AuditTable, table: AuditTable, where: Small | None) -> Small | None:
    if where is None or not (new.has_people and table.has_people):
        return None
    if not len(table.part_of):
        return np.full(len(where), -1, np.int32)
    return np.where(where >= 0, table.part_of[where], np.int32(-1))
