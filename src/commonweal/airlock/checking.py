"""Checking files that ask to leave: requests are recomputed, tables of others are looked at.

The allow-list is closed: what is neither a request (of a table or an analysis), nor a CSV table,
nor a whole session of ACRO (a folder) fails.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from commonweal.airlock.acro import read_session
from commonweal.airlock.analysis import Result, analyse
from commonweal.airlock.analysis.proposing import analysis_tables
from commonweal.airlock.audit.writing import NewTable
from commonweal.airlock.declared import MOST_BYTES, judge_declared
from commonweal.airlock.figures import Table
from commonweal.airlock.opened import OpenRelease
from commonweal.airlock.profile import RuleProfile
from commonweal.airlock.report import CheckReport, FileReport, Reader
from commonweal.airlock.rules import Finding, judge
from commonweal.airlock.rules.analyses import judge_analysis
from commonweal.airlock.session import Session
from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import Fault, Refused
from commonweal.foundation.files import read_bytes
from commonweal.papers.output_request import OutputRequest
from commonweal.papers.requests import read_request

__all__ = ["CheckReport", "FileReport", "Reader", "check_files"]


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
        return CheckReport(profile, _checked(paths, profile, None, None))
    with Session.over(release, work) as session:
        return CheckReport(profile, _checked(paths, profile, session, audit_map))


def _checked(
    paths: Sequence[Path], profile: RuleProfile, session: Session | None, audit_map: Path | None
) -> tuple[FileReport, ...]:
    found: list[FileReport] = []
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            found += _session(path, profile)
        else:
            found.append(_check(path, profile, session, audit_map))
    return tuple(found)


def _session(folder: Path, profile: RuleProfile) -> list[FileReport]:
    """The files of a session of ACRO; one that is not whole is one file that fails."""
    try:
        return read_session(folder, profile)
    except Fault as error:
        nothing = f"sha256:{hashlib.sha256(b'').hexdigest()}"
        return [FileReport(folder.name, "acro", nothing, (_stopped(folder, error),))]


def _check(
    path: Path, profile: RuleProfile, session: Session | None, audit_map: Path | None
) -> FileReport:
    content = read_bytes(path, "The output", limit=MOST_BYTES)
    seen = f"sha256:{hashlib.sha256(content).hexdigest()}"
    kind = {".json": "output_request", ".csv": "csv"}.get(path.suffix.lower(), "unknown")
    table: Table | None = None
    analysis: Result | None = None
    cells: tuple[NewTable, ...] = ()
    try:
        if kind == "output_request":
            request = read_request(parse_json(content, path.name), path.name)
            if session is None:
                found = _unrecomputed(path)
            elif isinstance(request, OutputRequest):
                table = session.protected(request, profile)
                found = judge(table, profile)
                cells = () if audit_map is None else session.cells(table, audit_map)
            else:
                analysis = analyse(request, session)
                found = judge_analysis(analysis, profile)
                if audit_map is not None:
                    cells = analysis_tables(analysis, audit_map, session.release, profile)
        elif kind == "csv":
            found = judge_declared(content, path.name, profile)
        else:
            found = [Finding("kind", "Unknown", "fail", {"table": path.name})]
    except (Fault, Refused) as error:
        if error.code == "CW-OUTPUT-RELEASE":
            raise
        found = [_stopped(path, error)]
    return FileReport(path.name, kind, seen, tuple(found), table, cells, analysis)


def _unrecomputed(path: Path) -> list[Finding]:
    return [Finding("unknown", "Unknown", "review", {"table": path.name})]


def _stopped(path: Path, error: Fault | Refused) -> Finding:
    """A file that cannot be what it says it is, or asks for what the release has not."""
    where = {"table": path.name, "code": error.code}
    return Finding("unreadable", "Unknown", "fail", where, said=error.sentence)
