"""What a job left, made ready to be frozen: its files, the figures made from requests, verdicts.

A request that could be recomputed brings its figures, a table as CSV and an analysis as JSON; only
they leave. Of a file or a figure, what was written anew from its values leaves, and a model as it
is. What the checks do not know at all cannot leave, whoever approves it: it is refused here, before
anybody has to look at it.

A refusal here is told to the author at once, so none may hang on anybody's data (S4, S6). A request
that says what it should, and of which the data gave nothing (nobody meets it, groups cannot be
merged, a person has several rows), is frozen like any other, with a file that says so in place of
its figures; only reviewers learn of it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from commonweal.airlock.analysis.published import written
from commonweal.airlock.checking import CheckReport, FileReport
from commonweal.airlock.declared import MOST_BYTES
from commonweal.airlock.desk import RECIPE
from commonweal.airlock.files.writing import Media
from commonweal.airlock.leaving.freezing import Source
from commonweal.airlock.published import published
from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import Fault, Refused
from commonweal.foundation.files import read_bytes, sha256_file, write_atomic
from commonweal.papers.job import JobOutputs, LeftFile
from commonweal.papers.output_manifest import Detected, FileFound, FileVerdict
from commonweal.papers.output_request import OutputRequest
from commonweal.papers.requests import read_request

_TYPES: Mapping[Media, Detected] = {
    "text/csv": "csv", "image/png": "png", "application/json": "json", "text/plain": "text",
    "application/x-ipynb+json": "ipynb", "image/svg+xml": "svg", "text/html": "html",
}  # fmt: skip
_MODELS: Mapping[str, Detected] = {
    "onnx": "onnx", "safetensors": "safetensors", "coefficients": "json",
}  # fmt: skip
_NEVER = frozenset(
    {"kind", "model", "model-kind", "model-file", "model-large", "model-external", "model-hidden"}
)
"""Rules that nobody can override: a kind of file that does not leave, and a model of which nobody
saw everything. What they find stands in the file alone, so its author may be told."""
_MOST_MODEL = 512 << 20
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


class Files(Protocol):
    """A list of files that lie in the folder `outputs` of another."""

    @property
    def files(self) -> Sequence[LeftFile]:
        """Each with its hash."""
        ...


def gather(folder: Path, left: Files, report: CheckReport, work: Path) -> Gathered:
    """The sources of an output. `work`: an empty folder, for what leaves.

    Raises `Refused` CW-LEAVING-BLOCKED for a kind of file that does not leave, for one that could
    not be read, and where nothing is there that could leave; `Fault` CW-LEAVING-FILE where two
    files would have one name, or a file is not the one that was checked.
    """
    gathering = _Gathering(folder, report, work, {one.file.casefold() for one in left.files})
    for one, checked in zip(left.files, report.files, strict=True):
        if not hmac.compare_digest(checked.sha256, one.sha256):
            raise Fault("CW-LEAVING-FILE", f"The file {one.file} is not the one that was checked.")
        if checked.kind == "output_request":
            gathering.request(one, checked)
        elif checked.kind == "model":
            gathering.model(one, checked)
        else:
            gathering.anew(one, checked)
    if all(one.kind == "request" for one in gathering.sources):
        raise Refused("CW-LEAVING-BLOCKED", "Nothing in this output is a request that can be read, "
                      "so nothing of it can leave.")  # fmt: skip
    return Gathered(tuple(gathering.sources), tuple(gathering.found))


@dataclass
class _Gathering:
    """Files as they are made ready. `taken`: names that are given, folded."""

    folder: Path
    report: CheckReport
    work: Path
    taken: set[str]
    sources: list[Source] = field(default_factory=list)
    found: list[FileFound] = field(default_factory=list)

    def request(self, one: LeftFile, checked: FileReport) -> None:
        """A request stays, for reviewers; the figures made from it leave."""
        verdict = _verdict(checked)
        path = self.folder / "outputs" / one.file
        self.sources.append(Source(path, "request", "json", "recomputed", sha256=one.sha256))
        self._tell(one.file, verdict, checked)
        made = _figures(path, checked, self.report)
        if made is not None:
            self._put(made.name, made.content, None)
            self.sources.append(_source(made, self.work, one.file))
            said = "unreadable" if made.nothing else verdict
            self.found.append(FileFound(path=made.name, verdict=said))

    def anew(self, one: LeftFile, checked: FileReport) -> None:
        """What was written anew from a file's values leaves; the file itself stays behind (S18)."""
        verdict = _verdict(checked)
        leaving = [made for made in checked.renderings if made.leaves]
        if not leaving:
            raise Refused(
                "CW-LEAVING-BLOCKED",
                f"Nothing of the file {one.file} could be written anew, so nothing of it leaves.",
                remedy="Leave it out, or write what it says as a table.",
            )
        for made in leaving:
            # A recipe keeps the name by which its model is found.
            recipe = one.file.endswith(RECIPE) and len(leaving) == 1
            name = one.file if recipe else made.name
            self._put(name, made.content, one.file)
            kind = "file" if one.kind == "request" else one.kind
            self.sources.append(Source(self.work / name, kind, _TYPES[made.media], "declared"))
            self._tell(name, verdict, checked)

    def model(self, one: LeftFile, checked: FileReport) -> None:
        """A model leaves as it is: each of its bytes was told of by a reader of ours."""
        verdict = _verdict(checked)
        type_ = _MODELS.get(checked.model or "")
        if type_ is None:
            raise _blocked(checked)
        content = read_bytes(self.folder / "outputs" / one.file, "The model", limit=_MOST_MODEL)
        if f"sha256:{hashlib.sha256(content).hexdigest()}" != checked.sha256:
            raise Fault("CW-LEAVING-FILE", f"The file {one.file} is not the one that was checked.")
        self._put(one.file, content, one.file)
        self.sources.append(Source(self.work / one.file, "model", type_, "declared"))
        self._tell(one.file, verdict, checked)

    def _put(self, name: str, content: bytes, instead: str | None) -> None:
        """Write what leaves. It may have the name of the file that it stands for."""
        folded = name.casefold()
        if instead is not None and folded == instead.casefold():
            self.taken.discard(folded)
        if folded in self.taken:
            raise Fault("CW-LEAVING-FILE", f"Two files would be called {name}.")
        self.taken.add(folded)
        write_atomic(self.work / name, content, exclusive=True)

    def _tell(self, name: str, verdict: FileVerdict, checked: FileReport) -> None:
        said = checked.for_record(self.report.profile)
        self.found.append(FileFound(path=name, verdict=verdict, report=said))


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
        raise _blocked(checked)
    return "unreadable" if "unreadable" in rules else checked.verdict("reviewer")


def _blocked(checked: FileReport) -> Refused:
    return Refused(
        "CW-LEAVING-BLOCKED",
        f"The file {checked.path} is of a kind that does not leave, or cannot be read as it is.",
        remedy="Leave it out, or write what it says as a table.",
    )
