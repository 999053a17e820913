"""What a check found: of one file, and of all files of a submission, told for two readers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from commonweal.airlock.analysis import Result
from commonweal.airlock.audit.writing import NewTable
from commonweal.airlock.figures import Table
from commonweal.airlock.files.writing import Rendering
from commonweal.airlock.profile import RuleProfile
from commonweal.airlock.recompute.made import MadeFacts
from commonweal.airlock.rules import Finding, for_author, for_reviewer
from commonweal.airlock.rules.findings import Verdict, verdict_for_author, verdict_of

Reader = Literal["author", "reviewer"]
MOST_READ = 20_000
"""Characters of a drawing's or a notebook's texts that reviewers read beside the findings."""


@dataclass(frozen=True)
class FileReport:
    """What was found of one file. `table` or `analysis` is there where figures were recomputed, and
    `cells` are the same in the form of the audit. Of other files, `renderings` are what leaves, and
    `summaries` what a reviewer reads of each column first, and `reading` texts that are in them and
    do not leave by themselves. `model`: what kind of model it is;
    `card`: its card, line by line. `made`: columns of the study's own that figures hang on.
    `fixed`: files beside it by name and hash that its code leaves the very same whatever people it
    sees."""

    path: str
    kind: str
    sha256: str
    findings: tuple[Finding, ...]
    table: Table | None = None
    cells: tuple[NewTable, ...] = ()
    analysis: Result | None = None
    renderings: tuple[Rendering, ...] = ()
    summaries: tuple[dict[str, Any], ...] = ()
    reading: tuple[str, ...] = ()
    model: str | None = None
    card: tuple[str, ...] = ()
    made: tuple[MadeFacts, ...] = ()
    fixed: Mapping[str, str] = field(default_factory=dict)

    def plain(self, profile: RuleProfile, reader: Reader) -> dict[str, Any]:
        """The report as JSON values, for one kind of reader (S6)."""
        by_reviewer = reader == "reviewer"
        made = [one.plain() for one in self.made] if by_reviewer else []
        return {
            "path": self.path,
            "type": self.kind,
            "sha256": self.sha256,
            "verdict": self.verdict(reader),
            "findings": for_reviewer(self.findings)
            if by_reviewer
            else for_author(self.findings, profile),
            **({"made": made} if made else {}),
        }

    def for_record(self, profile: RuleProfile) -> dict[str, Any]:
        """What reviewers read of an output: the report, with summaries and texts or the card."""
        more: dict[str, Any] = {}
        if self.summaries:
            more["summaries"] = list(self.summaries)
        if self.reading:
            more["reading"] = [text[:MOST_READ] for text in self.reading]
        if self.card:
            more["card"] = list(self.card)
        return self.plain(profile, "reviewer") | more

    def verdict(self, reader: Reader) -> Verdict:
        """The verdict that this reader is told."""
        told = verdict_of if reader == "reviewer" else verdict_for_author
        return told(self.findings)


@dataclass(frozen=True)
class CheckReport:
    """What was found of all files, with the profile that it was held against."""

    profile: RuleProfile
    files: tuple[FileReport, ...]

    def verdict(self, reader: Reader) -> Verdict:
        """The worst verdict on a file."""
        verdicts = {file.verdict(reader) for file in self.files}
        return "fail" if "fail" in verdicts else "review" if "review" in verdicts else "pass"

    def plain(self, reader: Reader) -> dict[str, Any]:
        """INTERFACES "airlock check", and which profile it was."""
        named = self.profile
        return {
            "verdict": self.verdict(reader),
            "profile": {"name": named.name, "version": named.version, "digest": named.digest()},
            "files": [file.plain(self.profile, reader) for file in self.files],
        }

    def lines(self, reader: Reader) -> list[str]:
        """The report in words."""
        told = []
        for file in self.files:
            told.append(f"{file.path}: {file.verdict(reader)}")
            for one in file.plain(self.profile, reader)["findings"]:
                where = ", ".join(f"{name} {said}" for name, said in one["where"].items())
                told.append(f"  {one['code']} {where}: {one['sentence']}")
            if reader == "reviewer":
                told += [one.line() for one in file.made]
                told += file.card
        named = f"{self.profile.name} {self.profile.version}"
        return [*told, f"Verdict under {named}: {self.verdict(reader)}"]
