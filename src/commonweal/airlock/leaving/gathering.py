"""What a job left, made ready to be frozen: its files, the figures made from requests, verdicts.

A request that could be recomputed brings its figures, a table as CSV and an analysis as JSON; only
they leave. Of a file or a figure, what was written anew from its values leaves, and a model as it
is. What the checks do not know at all cannot leave, whoever approves it.

A refusal here would be told to the author at once, so none may hang on anybody's data or on bytes
that a job wrote with the data before it (S4, S6). A request of which the data gave nothing (nobody
meets it, groups cannot be merged, a person has several rows), a file that cannot be read, one of a
kind that never leaves, and one that falls into too many parts are frozen like any other, with a
file in place of what would leave that says only that there is nothing. Only reviewers learn why.
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
from commonweal.airlock.drawing import SUFFIX as DRAWING
from commonweal.airlock.drawing import picture_of_analysis, picture_of_table
from commonweal.airlock.files.writing import Media, Rendering
from commonweal.airlock.leaving.freezing import Source
from commonweal.airlock.models.retraining import RECIPE
from commonweal.airlock.published import published
from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import Fault, Refused
from commonweal.foundation.files import read_bytes, sha256_file, write_atomic
from commonweal.papers.job import JobOutputs, LeftFile
from commonweal.papers.output_manifest import (
    MOST_FILES,
    Detected,
    FileFound,
    FileKind,
    FileVerdict,
)
from commonweal.papers.output_request import Grade, OutputRequest
from commonweal.papers.requests import read_request
from commonweal.papers.study import OutputKind

_TYPES: Mapping[Media, Detected] = {
    "text/csv": "csv", "image/png": "png", "application/json": "json", "text/plain": "text",
    "application/x-ipynb+json": "ipynb", "image/svg+xml": "svg", "text/html": "html",
}  # fmt: skip
_MODELS: Mapping[str, Detected] = {
    "onnx": "onnx", "safetensors": "safetensors", "coefficients": "json",
}  # fmt: skip
_LEAVES_AS: Mapping[OutputKind, FileKind] = {
    "request": "file", "file": "file", "figure": "figure", "model": "model",
}  # fmt: skip
_NEVER = frozenset({
    "kind", "model", "model-permit", "model-kind", "model-file", "model-large", "model-external",
    "model-hidden",
})  # fmt: skip
"""Rules that nobody can override: a kind of file that does not leave, a model where the permit lets
none leave, and one of which nobody saw everything. Nothing of such a file is frozen, so nothing of
it can be approved."""
_MOST_MODEL = 512 << 20
_MOST_BYTES = 4 * 1024 * 1024
_NO_TABLE = b"no figures were made\n"
_NO_ANALYSIS = b'{"figures": null}\n'
_NO_FILE = b"Nothing of this file leaves.\n"
"""In place of a file of which nothing can leave: the same bytes, whatever was in it."""
_LONGEST, _KEPT_STEM = 64, 40
"""Characters of a file's name, and how many of its beginning are never cut off."""


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

    A file of which nothing can leave is there by a placeholder, with what was found of it for
    reviewers; names that are taken get a number. Raises `Refused` CW-LEAVING-BLOCKED where no file
    is there at all; `Fault` CW-LEAVING-FILE where a file is not the one that was checked.
    """
    if not left.files:
        raise Refused("CW-LEAVING-BLOCKED", "There is no file in this output.")
    if any(one.kind == "person_column" for one in left.files):
        raise Refused("CW-LEAVING-BLOCKED", "A column of single people never leaves.",
                      remedy="Ask for the tables that are made of it.")  # fmt: skip
    # A request may bring its figures and a picture of them.
    parts = sum(3 if one.kind == "output_request" else max(1, len(_leaving(one)))
                for one in report.files)  # fmt: skip
    gathering = _Gathering(
        folder, report, work, {one.file.casefold() for one in left.files}, parts > MOST_FILES
    )
    for one, checked in zip(left.files, report.files, strict=True):
        if not hmac.compare_digest(checked.sha256, one.sha256):
            raise Fault("CW-LEAVING-FILE", f"The file {one.file} is not the one that was checked.")
        if checked.kind == "output_request":
            gathering.request(one, checked)
        elif checked.kind == "model":
            gathering.model(one, checked)
        else:
            gathering.anew(one, checked)
    return Gathered(tuple(gathering.sources), tuple(gathering.found))


@dataclass
class _Gathering:
    """Files as they are made ready. `taken`: names that are given, folded. `crowded`: there are too
    many parts, so a file of several stays."""

    folder: Path
    report: CheckReport
    work: Path
    taken: set[str]
    crowded: bool
    sources: list[Source] = field(default_factory=list)
    found: list[FileFound] = field(default_factory=list)

    def request(self, one: LeftFile, checked: FileReport) -> None:
        """A request stays, for reviewers; the figures made from it leave."""
        verdict = _verdict(checked)
        path = self.folder / "outputs" / one.file
        made = _figures(path, checked, self.report)
        grade: Grade = "recomputed" if made is None else made.grade
        self.sources.append(Source(path, "request", "json", grade, sha256=one.sha256))
        self._tell(one.file, verdict, checked)
        if made is None:
            self.stays(one, checked)
            return
        made = replace(made, name=self._put(made.name, made.content, None))
        self.sources.append(_source(made, self.work, one.file))
        said = "unreadable" if made.nothing else verdict
        self.found.append(FileFound(path=made.name, verdict=said))
        if made.drawing is not None and not made.nothing and not self.crowded:
            self._drawn(f"{path.stem}{DRAWING}", made, one.file, verdict)

    def _drawn(self, wanted: str, made: _Made, request: str, verdict: FileVerdict) -> None:
        """The picture that the airlock drew of the figures, beside them."""
        name = self._put(wanted, made.drawing or b"", None)
        self.sources.append(Source(self.work / name, "drawing", "svg", made.grade, request))
        self.found.append(FileFound(path=name, verdict=verdict))

    def anew(self, one: LeftFile, checked: FileReport) -> None:
        """What was written anew from a file's values leaves; the file itself stays behind (S18)."""
        leaving = _leaving(checked)
        if not leaving or _never(checked) or (self.crowded and len(leaving) > 1):
            self.stays(one, checked)
            return
        for made in leaving:
            # A recipe keeps the name by which its model is found.
            recipe = one.file.endswith(RECIPE) and len(leaving) == 1
            name = self._put(one.file if recipe else made.name, made.content, one.file)
            kind = _LEAVES_AS[one.kind]
            self.sources.append(Source(self.work / name, kind, _TYPES[made.media], "declared"))
            self._tell(name, _verdict(checked), checked)

    def model(self, one: LeftFile, checked: FileReport) -> None:
        """A model leaves as it is: each of its bytes was told of by a reader of ours."""
        type_ = _MODELS.get(checked.model or "")
        path = self.folder / "outputs" / one.file
        if type_ is None or _never(checked) or path.stat().st_size > _MOST_MODEL:
            self.stays(one, checked)
            return
        content = read_bytes(path, "The model", limit=_MOST_MODEL)
        if f"sha256:{hashlib.sha256(content).hexdigest()}" != checked.sha256:
            raise Fault("CW-LEAVING-FILE", f"The file {one.file} is not the one that was checked.")
        name = self._put(one.file, content, one.file)
        self.sources.append(Source(self.work / name, "model", type_, "declared"))
        self._tell(name, _verdict(checked), checked)

    def stays(self, one: LeftFile, checked: FileReport) -> None:
        """Nothing of a file leaves: a placeholder says so, and reviewers read why."""
        name = self._put(f"{one.file.split('.')[0]}.unreadable.txt", _NO_FILE, None)
        self.sources.append(Source(self.work / name, "file", "text", "declared"))
        self._tell(name, "unreadable", checked)

    def _put(self, name: str, content: bytes, instead: str | None) -> str:
        """Write what leaves, and give its name: that of the file that it stands for, or one with a
        number where a name is taken. Which names collide can hang on what a job wrote, so it is
        refused to nobody."""
        if instead is not None and name.casefold() == instead.casefold():
            self.taken.discard(name.casefold())
        free, number = _named(name, 1), 1
        while free.casefold() in self.taken:
            number += 1
            free = _named(name, number)
        self.taken.add(free.casefold())
        write_atomic(self.work / free, content, exclusive=True)
        return free

    def _tell(self, name: str, verdict: FileVerdict, checked: FileReport) -> None:
        said = checked.for_record(self.report.profile)
        self.found.append(FileFound(path=name, verdict=verdict, report=said))


def _named(name: str, number: int) -> str:
    """A name that fits, with a number from the second on. Its beginning stays (`authors_name`)."""
    stem, dot, ending = name.partition(".")
    counted = "" if number == 1 else f"-{number}"
    whole = f"{stem}{counted}{dot}{ending}"
    if len(whole) <= _LONGEST:
        return whole
    room = _LONGEST - len(f"{counted}{dot}{ending}")
    return f"{stem[: max(room, _KEPT_STEM)]}{counted}{dot}{ending}"[:_LONGEST]


@dataclass(frozen=True)
class _Made:
    """Figures that the airlock made from a request, as they leave. `nothing`: there are none.
    `drawing`: the picture of them, where the request asks for one."""

    name: str
    content: bytes
    type: Detected
    grade: Grade
    nothing: bool = False
    drawing: bytes | None = None


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
        made = _Made(f"{stem}.csv", _NO_TABLE, "csv", request.grade, nothing=True)
    else:
        made = _Made(f"{stem}.figures.json", _NO_ANALYSIS, "json", request.grade, nothing=True)
    if table is not None and all(axis.labels or axis.total for axis in table.axes):
        return replace(
            made, content=published(table), nothing=False, drawing=picture_of_table(table)
        )
    if analysis is not None and len(analysis.behind.person):
        return replace(
            made, content=written(analysis, report.profile), nothing=False,
            drawing=picture_of_analysis(analysis, report.profile),
        )  # fmt: skip
    return made


def _source(made: _Made, work: Path, request: str) -> Source:
    if made.nothing:
        return Source(work / made.name, "file", made.type, "declared")
    return Source(work / made.name, "table", made.type, made.grade, request)


def _verdict(checked: FileReport) -> FileVerdict:
    rules = {one.rule for one in checked.findings}
    return "unreadable" if "unreadable" in rules else checked.verdict("reviewer")


def _never(checked: FileReport) -> bool:
    """True for what nobody can let out."""
    return any(one.rule in _NEVER for one in checked.findings)


def _leaving(checked: FileReport) -> list[Rendering]:
    return [made for made in checked.renderings if made.leaves]
