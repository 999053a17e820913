"""Checking files that ask to leave: requests are recomputed, tables of others are looked at.

The allow-list is closed: what is neither an `OutputRequest` nor a CSV table fails.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from commonweal.airlock.audit.writing import NewTable
from commonweal.airlock.declared import MOST_BYTES, judge_declared
from commonweal.airlock.figures import Table
from commonweal.airlock.opened import OpenRelease
from commonweal.airlock.profile import RuleProfile
from commonweal.airlock.rules import Finding, for_author, for_reviewer, judge
from commonweal.airlock.rules.findings import Verdict, verdict_for_author, verdict_of
from commonweal.airlock.session import Session
from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import Fault, Refused
from commonweal.foundation.files import read_bytes
from commonweal.papers.output_request import OutputRequest

Reader = Literal["author", "reviewer"]


@dataclass(frozen=True)
class FileReport:
    """What was found of one file. `table` is there where figures were recomputed, and `cells` are
    the same in the form of the audit."""

    path: str
    kind: str
    sha256: str
    findings: tuple[Finding, ...]
    table: Table | None = None
    cells: tuple[NewTable, ...] = ()

    def plain(self, profile: RuleProfile, reader: Reader) -> dict[str, Any]:
        """The report as JSON values, for one kind of reader (S6)."""
        by_reviewer = reader == "reviewer"
        return {
            "path": self.path,
            "type": self.kind,
            "sha256": self.sha256,
            "verdict": self.verdict(reader),
            "findings": for_reviewer(self.findings)
            if by_reviewer
            else for_author(self.findings, profile),
        }

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
        named = f"{self.profile.name} {self.profile.version}"
        return [*told, f"Verdict under {named}: {self.verdict(reader)}"]


def check_files(
    paths: Sequence[Path],
    profile: RuleProfile,
    release: OpenRelease | None,
    work: Path,
    audit_map: Path | None = None,
) -> CheckReport:
    """Check each file; requests run on `release`, all in one session, and without one nobody knows
    their figures. `audit_map`: the release's, for whoever audits the tables afterwards.

    Raises what reading a file raises, and `Failure` and `Unavailable` of the engine: a file that
    could not be looked at has no verdict.
    """
    if release is None:
        return CheckReport(profile, tuple(_check(path, profile, None, None) for path in paths))
    with Session.over(release, work) as session:
        files = tuple(_check(path, profile, session, audit_map) for path in paths)
    return CheckReport(profile, files)


def _check(
    path: Path, profile: RuleProfile, session: Session | None, audit_map: Path | None
) -> FileReport:
    content = read_bytes(path, "The output", limit=MOST_BYTES)
    seen = f"sha256:{hashlib.sha256(content).hexdigest()}"
    kind = {".json": "output_request", ".csv": "csv"}.get(path.suffix.lower(), "unknown")
    table: Table | None = None
    cells: tuple[NewTable, ...] = ()
    try:
        if kind == "output_request":
            request = OutputRequest.read(parse_json(content, path.name), path.name)
            table = None if session is None else session.recompute(request)
            found = _unrecomputed(path) if table is None else judge(table, profile)
            if table is not None and session is not None and audit_map is not None:
                cells = session.cells(table, audit_map)
        elif kind == "csv":
            found = judge_declared(content, path.name, profile)
        else:
            found = [Finding("kind", "Unknown", "fail", {"table": path.name})]
    except (Fault, Refused) as error:
        if error.code == "CW-OUTPUT-RELEASE":
            raise
        found = [_stopped(path, error)]
    return FileReport(path.name, kind, seen, tuple(found), table, cells)


def _unrecomputed(path: Path) -> list[Finding]:
    return [Finding("unknown", "Unknown", "review", {"table": path.name})]


def _stopped(path: Path, error: Fault | Refused) -> Finding:
    """A file that cannot be what it says it is, or asks for what the release has not."""
    where = {"table": path.name, "code": error.code}
    return Finding("unreadable", "Unknown", "fail", where, said=error.sentence)
