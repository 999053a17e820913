"""Check and audit of one submission, joined into one verdict.

Each file is held against the rules by itself; all tables that were recomputed are written as one
proposal, in the form of the history, and audited against each other and against everything that has
left. The worse of the two is the verdict. The author is told nothing of the audit before a person
has looked (S6), so until then their verdict is at best `review`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from commonweal.airlock.audit.findings import worst
from commonweal.airlock.audit.history import History
from commonweal.airlock.audit.running import Progress, Result, audit, quiet, read_proposals
from commonweal.airlock.audit.values import Dominance
from commonweal.airlock.audit.writing import write_output
from commonweal.airlock.checking import CheckReport, Reader, check_files
from commonweal.airlock.desk import Desk
from commonweal.airlock.opened import OpenRelease
from commonweal.airlock.profile import RuleProfile
from commonweal.airlock.recompute.made import MadeFile
from commonweal.airlock.rules.findings import Verdict
from commonweal.foundation.errors import Fault

SECONDS = 60.0


@dataclass(frozen=True)
class Submission:
    """What is to be checked together. `output`: the name that it would leave under.

    `at`: now. `proposal`: the folder, not there yet, below which the proposal is written. `made`:
    columns of people that the study made, by name.
    """

    paths: Sequence[Path]
    output: str
    at: datetime
    proposal: Path
    made: Mapping[str, MadeFile] = field(default_factory=dict)


@dataclass(frozen=True)
class Joined:
    """The report on each file, and the audit of all; None where no table was recomputed."""

    report: CheckReport
    audit: Result | None

    def verdict(self, reader: Reader) -> Verdict:
        """The worse of both, as this reader may know it."""
        alone = self.report.verdict(reader)
        if self.audit is None:
            return alone
        return worst([alone, self.audit.verdict if reader == "reviewer" else "review"])

    def plain(self, reader: Reader) -> dict[str, Any]:
        """INTERFACES "airlock check", with the audit for a reviewer."""
        told = self.report.plain(reader) | {"verdict": self.verdict(reader)}
        if reader == "reviewer":
            told["audit"] = None if self.audit is None else self.audit.plain()
        return told

    def lines(self, reader: Reader) -> list[str]:
        """The report in words."""
        told = self.report.lines(reader)[:-1]
        if self.audit is not None and reader == "reviewer":
            told += [f"Audit: {one.verdict}: {one.sentence}" for one in self.audit.findings]
            told += [f"Not examined: {one}" for one in self.audit.not_examined]
        elif self.audit is not None:
            told.append("What this gives away with other outputs is told once a person has looked.")
        named = self.report.profile
        return [*told, f"Verdict under {named.name} {named.version}: {self.verdict(reader)}"]


def check_together(
    submission: Submission,
    profile: RuleProfile,
    release: OpenRelease,
    audit_map: Path,
    history: History | None,
    *,
    desk: Desk | None = None,
    seconds: float = SECONDS,
    progress: Progress = quiet,
) -> Joined:
    """Check the files of a submission and audit their tables with each other and all of `history`.
    What is no request is looked at on `desk`.

    Leaves the proposal below `submission.proposal`, which lies in memory, under the output's name,
    for who seals and keeps it. Raises what `check_files`, `audit` and `write_output` raise,
    and `Fault` CW-AUDIT-OUTPUT where two requests have one name or the name has left already.
    """
    past = History((), ()) if history is None else history
    report = check_files(
        submission.paths, profile, release, submission.proposal.parent, audit_map, desk=desk,
        made=submission.made,
    )  # fmt: skip
    tables = [one for file in report.files for one in file.cells]
    if not tables:
        return Joined(report, None)
    names = [one.name for one in tables]
    if len(set(names)) < len(names):
        raise Fault("CW-AUDIT-OUTPUT", "Two requests of one submission have the same name.")
    write_output(submission.proposal, submission.output, submission.output, submission.at, tables)
    proposals = read_proposals([submission.proposal / submission.output], past)
    result = audit(
        past,
        proposals,
        threshold=profile.threshold,
        dominance=Dominance.of(profile),
        seconds=seconds,
        progress=progress,
    )
    return Joined(report, result)
