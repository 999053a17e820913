"""Checking what asks to leave: requests are recomputed, all other files looked at in the sandbox.

The allow-list is closed: what is neither a request (of a table or an analysis), nor a file of a
kind that leaves, nor a model, nor a whole session of ACRO (a folder) fails.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from commonweal.airlock.acro import read_session
from commonweal.airlock.analysis import Result, analyse
from commonweal.airlock.analysis.proposing import analysis_tables
from commonweal.airlock.audit.writing import NewTable
from commonweal.airlock.declared import MOST_BYTES
from commonweal.airlock.desk import Desk, kind_of, required
from commonweal.airlock.figures import Table
from commonweal.airlock.opened import OpenRelease
from commonweal.airlock.profile import RuleProfile
from commonweal.airlock.report import CheckReport, FileReport, Reader
from commonweal.airlock.rules import Finding, judge
from commonweal.airlock.rules.analyses import judge_analysis
from commonweal.airlock.session import Session
from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import Fault, Refused
from commonweal.foundation.files import read_bytes, sha256_file
from commonweal.papers.output_request import OutputRequest
from commonweal.papers.requests import read_request

__all__ = ["CheckReport", "FileReport", "Reader", "check_files"]


def check_files(
    paths: Sequence[Path],
    profile: RuleProfile,
    release: OpenRelease | None,
    work: Path,
    audit_map: Path | None = None,
    *,
    desk: Desk | None = None,
) -> CheckReport:
    """Check each file; requests run on `release`, all in one session, and without one nobody knows
    their figures. `audit_map`: the release's, for whoever audits the tables afterwards. `desk`:
    where all other files are looked at.

    Raises what reading a file raises, `Failure` and `Unavailable` of the engine, and `Unavailable`
    where a file needs the sandbox and there is none: a file that could not be looked at has no
    verdict.
    """
    if release is None:
        return CheckReport(profile, _checked(paths, _Against(profile, None, None, desk)))
    with Session.over(release, work) as session:
        return CheckReport(profile, _checked(paths, _Against(profile, session, audit_map, desk)))


@dataclass(frozen=True)
class _Against:
    """What files are held against, and what they are looked at with."""

    profile: RuleProfile
    session: Session | None
    audit_map: Path | None
    desk: Desk | None


def _checked(paths: Sequence[Path], against: _Against) -> tuple[FileReport, ...]:
    found: list[FileReport] = []
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            found += _session(path, against)
        else:
            found.append(_check(path, against))
    return tuple(found)


def _session(folder: Path, against: _Against) -> list[FileReport]:
    """The files of a session of ACRO; one that is not whole is one file that fails."""
    try:
        return read_session(folder, against.profile, against.desk)
    except Fault as error:
        nothing = f"sha256:{hashlib.sha256(b'').hexdigest()}"
        return [FileReport(folder.name, "acro", nothing, (_stopped(folder, error),))]


def _check(path: Path, against: _Against) -> FileReport:
    kind = kind_of(path, against.desk)
    if kind == "request":
        return _request(path, against)
    if kind == "model":
        return required(against.desk).model(path)
    return required(against.desk).file(path, kind, against.profile)


def _request(path: Path, against: _Against) -> FileReport:
    """A request is a paper of ours, small and of a closed form: it is read here, and its figures
    are made from the release."""
    try:
        content = read_bytes(path, "The output", limit=MOST_BYTES)
    except Fault as error:
        if error.code != "CW-FILE-TOO-LARGE":
            raise
        return FileReport(path.name, "output_request", sha256_file(path), (_stopped(path, error),))
    seen = f"sha256:{hashlib.sha256(content).hexdigest()}"
    profile, session, audit_map = against.profile, against.session, against.audit_map
    table: Table | None = None
    analysis: Result | None = None
    cells: tuple[NewTable, ...] = ()
    try:
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
    except (Fault, Refused) as error:
        if error.code == "CW-OUTPUT-RELEASE":
            raise
        found = [_stopped(path, error)]
    return FileReport(path.name, "output_request", seen, tuple(found), table, cells, analysis)


def _unrecomputed(path: Path) -> list[Finding]:
    return [Finding("unknown", "Unknown", "review", {"table": path.name})]


def _stopped(path: Path, error: Fault | Refused) -> Finding:
    """A file that cannot be what it says it is, or asks for what the release has not."""
    where = {"table": path.name, "code": error.code}
    return Finding("unreadable", "Unknown", "fail", where, said=error.sentence)
