"""What a job left, made ready to be frozen: its files, the figures made from requests, verdicts.

A request that could be recomputed brings its figures, a table as CSV and an analysis as JSON; only
they leave. What the checks do not know at all cannot leave, whoever approves it: it is refused
here, before anybody has to look at it.

A refusal here is told to the author at once, so none may hang on anybody's data (S4, S6). A request
that says what it should, and of which the data gave nothing (nobody meets it, groups cannot be
merged, a person has several rows), is frozen like any other, with a file that says so in place of
its figures; only reviewers learn of it.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from commonweal.airlock.analysis.published import written
from commonweal.airlock.checking import CheckReport, FileReport
from commonweal.airlock.declared import MOST_BYTES
from commonweal.airlock.leaving.freezing import Source
from commonweal.airlock.published import published
from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import Fault, Refused
from commonweal.foundation.files import read_bytes, sha256_file, write_atomic
from commonweal.papers.job import JobOutputs
from commonweal.papers.output_manifest import Detected, FileFound, FileVerdict
from commonweal.papers.output_request import OutputRequest
from commonweal.papers.requests import read_request

_TYPES: Mapping[str, Detected] = {"output_request": "json", "csv": "csv"}
_NEVER = frozenset({"kind"})
"""Rules that nobody can override: a file of a kind that does not leave."""
_MOST_BYTES = 4 * 1024 * 1024
_NO_TABLE = b"no figures were made\n"
_NO_ANALYSIS = b'{"figures": null}\n'


@dataclass(frozen=True)
class Gathered:
    """The files of an output and the verdict on each."""

    sources: tuple[Source, ...]
    found: tuple[FileFound, ...]


def read_job(folder: Path) -> JobOutputs:
    """What a job says that it left. Raises `PaperInvalid`, and those of files."""
    content = read_bytes(folder / "outputs.json", "The list of outputs", limit=_MOST_BYTES)
    return JobOutputs.read(parse_json(content, "The list of outputs"), "The list of outputs")


def job_paths(folder: Path, left: JobOutputs) -> list[Path]:
    """The files that a job left, each the one that was collected.

    Raises `Fault` CW-LEAVING-FILE for one that is gone, a link, or has other bytes.
    """
    paths = [folder / "outputs" / one.file for one in left.files]
    for path, one in zip(paths, left.files, strict=True):
        plain = path.is_file() and not path.is_symlink()
        if not plain or not hmac.compare_digest(sha256_file(path), one.sha256):
            raise Fault("CW-LEAVING-FILE", f"The file {one.file} is not the one that was left.")
    return paths


def gather(folder: Path, left: JobOutputs, report: CheckReport, work: Path) -> Gathered:
    """The sources of an output. `work`: an empty folder, for tables that were recomputed.

    Raises `Refused` CW-LEAVING-BLOCKED for a kind of file that does not leave, and where no file
    is there that could; `Fault` CW-LEAVING-FILE where a table would have the name of another file,
    or a file is not the one that was checked.
    """
    names = {one.file for one in left.files}
    sources: list[Source] = []
    found: list[FileFound] = []
    for one, checked in zip(left.files, report.files, strict=True):
        if checked.sha256 != one.sha256:
            raise Fault("CW-LEAVING-FILE", f"The file {one.file} changed while it was checked.")
        verdict = _verdict(checked)
        path = folder / "outputs" / one.file
        if checked.kind == "output_request":
            sources.append(Source(path, "request", "json", "recomputed", sha256=one.sha256))
            found.append(_found(one.file, verdict, report, checked))
            made = _figures(path, checked, report)
            if made is not None:
                if made.name in names:
                    raise Fault("CW-LEAVING-FILE", f"Two files would be called {made.name}.")
                names.add(made.name)
                write_atomic(work / made.name, made.content, exclusive=True)
                sources.append(_source(made, work, one.file))
                said = "unreadable" if made.nothing else verdict
                found.append(FileFound(path=made.name, verdict=said))
        else:
            kind = "file" if one.kind == "request" else one.kind
            type_ = _TYPES.get(checked.kind, "unknown")
            sources.append(Source(path, kind, type_, "declared", sha256=one.sha256))
            found.append(_found(one.file, verdict, report, checked))
    if all(one.kind == "request" for one in sources):
        raise Refused("CW-LEAVING-BLOCKED", "Nothing in this output is a request that can be read, "
                      "so nothing of it can leave.")  # fmt: skip
    return Gathered(tuple(sources), tuple(found))


@dataclass(frozen=True)
class _Made:
    """Figures that the airlock made from a request, as they leave. `nothing`: there are none."""

    name: str
    content: bytes
    type: Detected
    nothing: bool = False


def _figures(path: Path, checked: FileReport, report: CheckReport) -> _Made | None:
    """A table as CSV, an analysis as JSON, under a name that hangs on the request alone.

    None where the file is no request at all: that its author can read in it, too.
    """
    try:
        content = read_bytes(path, "The output", limit=MOST_BYTES)
        request = read_request(parse_json(content, path.name), path.name)
    except Fault:
        return None
    stem, table, analysis = path.stem, checked.table, checked.analysis
    if isinstance(request, OutputRequest):
        made = _Made(f"{stem}.csv", _NO_TABLE, "csv", nothing=True)
    else:
        made = _Made(f"{stem}.figures.json", _NO_ANALYSIS, "json", nothing=True)
    if table is not None and all(axis.labels or axis.total for axis in table.axes):
        return replace(made, content=published(table), nothing=False)
    if analysis is not None and len(analysis.behind.person):
        return replace(made, content=written(analysis, report.profile), nothing=False)
    return made


def _source(made: _Made, work: Path, request: str) -> Source:
    if made.nothing:
        return Source(work / made.name, "file", made.type, "declared")
    return Source(work / made.name, "table", made.type, "recomputed", request)


def _verdict(checked: FileReport) -> FileVerdict:
    rules = {one.rule for one in checked.findings}
    if rules & _NEVER:
        raise Refused(
            "CW-LEAVING-BLOCKED",
            f"The file {checked.path} is of a kind that does not leave.",
            remedy="Leave it out, or write what it says as a table.",
        )
    return "unreadable" if "unreadable" in rules else checked.verdict("reviewer")


def _found(name: str, verdict: FileVerdict, report: CheckReport, checked: FileReport) -> FileFound:
    said = checked.plain(report.profile, "reviewer")
    return FileFound(path=name, verdict=verdict, report=said)
