"""What a job left, made ready to be frozen: its files, the figures made from requests, verdicts.

A request that could be recomputed brings a table of the same name as CSV; only that leaves. What
the checks do not know at all cannot leave, whoever approves it: it is refused here, before anybody
has to look at it.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from commonweal.airlock.checking import CheckReport, FileReport
from commonweal.airlock.leaving.freezing import Source
from commonweal.airlock.published import published
from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import Fault, Refused
from commonweal.foundation.files import read_bytes, sha256_file, write_atomic
from commonweal.papers.job import JobOutputs
from commonweal.papers.output_manifest import Detected, FileFound, FileVerdict

_TYPES: Mapping[str, Detected] = {"output_request": "json", "csv": "csv"}
_NEVER = frozenset({"kind"})
"""Rules that nobody can override: a file of a kind that does not leave."""
_MOST_BYTES = 4 * 1024 * 1024


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

    Raises `Refused` CW-LEAVING-BLOCKED for a kind of file that does not leave, and where nothing
    is there that could; `Fault` CW-LEAVING-FILE where a table would have the name of another file.
    """
    names = {one.file for one in left.files}
    sources: list[Source] = []
    found: list[FileFound] = []
    for one, checked in zip(left.files, report.files, strict=True):
        verdict = _verdict(checked)
        path = folder / "outputs" / one.file
        if checked.kind == "output_request":
            sources.append(Source(path, "request", "json", "recomputed"))
            found.append(_found(one.file, verdict, report, checked))
            if checked.table is not None:
                table = f"{Path(one.file).stem}.csv"
                if table in names:
                    raise Fault("CW-LEAVING-FILE", f"Two files would be called {table}.")
                write_atomic(work / table, published(checked.table), exclusive=True)
                sources.append(Source(work / table, "table", "csv", "recomputed", one.file))
                found.append(FileFound(path=table, verdict=verdict))
        else:
            kind = "file" if one.kind == "request" else one.kind
            sources.append(Source(path, kind, _TYPES.get(checked.kind, "unknown"), "declared"))
            found.append(_found(one.file, verdict, report, checked))
    if all(one.kind == "request" for one in sources):
        raise Refused("CW-LEAVING-BLOCKED", "Nothing in this output could be recomputed, so "
                      "nothing of it can leave.")  # fmt: skip
    return Gathered(tuple(sources), tuple(found))


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
