"""One file that asks to leave: what it is, what is wrong with it, and what would leave (S18).

Whatever a study wrote as a file is `declared`: nobody counted it again, so it is never better than
for a person to see. What leaves is a rendering of ours, made of values that a parser told in the
sandbox; the file itself never does.
"""

from __future__ import annotations

import re
import stat
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from commonweal.airlock.files.answers import (
    MOST_ANSWER,
    Answer,
    Body,
    Document,
    Markup,
    Notebook,
    Picture,
    Sheet,
    shape_for,
)
from commonweal.airlock.files.judged import sheets_of
from commonweal.airlock.files.notes import findings_of
from commonweal.airlock.files.people import Sieve, compare
from commonweal.airlock.files.tables import ColumnSummary, look_at_cells, summaries_of
from commonweal.airlock.files.writing import (
    Rendering,
    document_file,
    markup_file,
    notebook_file,
    picture_file,
    sources_file,
    table_file,
    texts_file,
)
from commonweal.airlock.opened import OpenRelease
from commonweal.airlock.profile import RuleProfile
from commonweal.airlock.rules.findings import Finding, Verdict, verdict_of
from commonweal.foundation.errors import Fault, WrongUsage
from commonweal.foundation.files import sha256_file
from commonweal.sandbox.box import Sandbox

FileKind = Literal["file", "figure"]
PARSER = "commonweal.airlock.files.parsers.reading"
ENDINGS = {
    ".csv": "csv", ".tsv": "tsv", ".json": "json", ".parquet": "parquet", ".png": "png",
    ".jpg": "jpeg", ".jpeg": "jpeg", ".xlsx": "xlsx", ".ipynb": "ipynb", ".svg": "svg",
    ".html": "html", ".htm": "html", ".pdf": "pdf", ".onnx": "onnx", ".safetensors": "safetensors",
}  # fmt: skip
"""What a name says that a file is. Any other ending says "unknown"."""
LEAVING: dict[FileKind, frozenset[str]] = {
    "file": frozenset({"csv", "tsv", "json", "parquet", "xlsx", "ipynb", "html"}),
    "figure": frozenset({"png", "jpeg", "svg"}),
}
"""Which kinds a declared file and a declared figure may be."""
MODELS = frozenset({"onnx", "safetensors"})
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
_ODD = "a file with a name that is not shown"
_STOPS = frozenset({"CW-PARSE-FAILED", "CW-PARSE-LIMIT", "CW-PARSE-ANSWER"})
_REFUSED = {
    "pdf": "PDF does not leave, since much of it cannot be seen; hand in pictures and tables.",
    "office": "Documents of office programs do not leave; hand in tables and pictures.",
    "pickle": "A pickle is a program; hand in tables, or models as ONNX or safetensors.",
    "zip": "Archives do not leave; hand in each file.",
    "compressed": "Compressed files do not leave; hand in each file as it is.",
    "program": "Programs do not leave as outputs; the study's code has its own way.",
    "empty": "The file is empty.",
    "unknown": "The file is of no known kind; tables and texts are read in UTF-8 only.",
}


@dataclass(frozen=True)
class FileLook:
    """What was found of one file.

    path: its name as it may be shown. kind: what it was found to be. sha256, size: of its bytes as
    they were read. renderings: what would leave and what is there to read; empty where nothing
    could be made. summaries: of each column of each table.
    """

    path: str
    kind: str
    sha256: str
    size: int
    findings: tuple[Finding, ...]
    renderings: tuple[Rendering, ...] = ()
    summaries: tuple[ColumnSummary, ...] = field(default=())

    @property
    def verdict(self) -> Verdict:
        """The reviewer's verdict. Never `pass`."""
        return verdict_of(self.findings)


def look(
    path: Path,
    kind: FileKind,
    sandbox: Sandbox,
    project: str,
    profile: RuleProfile,
    sieve: Sieve | None = None,
    release: OpenRelease | None = None,
    *,
    work: Path | None = None,
) -> FileLook:
    """Look at one collected file of a project.

    kind: what the study declared it to be; requests and models have their own ways.
    sieve, release: what its cells are compared with; what is not handed in is found "not compared".
    work: a private folder for the engine.
    A file that cannot be read fails, with a sentence. Raises only where *we* cannot look: what
    opening the file raises, `Unavailable` of the sandbox, `Failure` of the engine and `Fault`
    CW-OUTPUT-RELEASE; then it has no verdict.
    """
    if kind not in LEAVING:
        raise WrongUsage("CW-USAGE", "Only declared files and figures are looked at here.")
    name, declared = shown_name(path.name), declared_kind(path.name)
    named = [] if name == path.name else [Finding("name", "Unknown", "fail", {"table": name})]
    first = [Finding("declared", "Unknown", "review", {"table": name}), *named]
    try:
        parsed = sandbox.parse(
            PARSER, path, shape_for(declared), project, {"declared": declared},
            most_answer=MOST_ANSWER,
        )  # fmt: skip
        answer, body = parsed.answer
        sheets = sheets_of(answer, body) if answer.detected == declared else []
        seen = _Seen(name, declared, answer, body, sheets)
        renderings = seen.renderings() if answer.detected == declared else ()
    except Fault as error:
        if error.code not in _STOPS or not stat.S_ISREG(path.lstat().st_mode):
            raise
        digest, size = sha256_file(path), path.stat().st_size
        return FileLook(name, "unreadable", digest, size, (*first, _stopped(name, error)))
    found = [*first, *seen.kind_findings(kind)]
    if answer.detected == declared:
        found += [*findings_of(answer.notes, name), *look_at_cells(sheets, name, profile)]
        found += _compared(sheets, name, profile, sieve, release, work)
    summaries = summaries_of(sheets, profile)
    sealed = (parsed.sha256, parsed.size)
    return FileLook(name, answer.detected, *sealed, tuple(found), renderings, summaries)


def shown_name(name: str) -> str:
    """The name of a file, or words for one that no output may have."""
    return name if _NAME.fullmatch(name) else _ODD


def declared_kind(name: str) -> str:
    """What a name says that a file is."""
    return ENDINGS.get(Path(name).suffix.lower(), "unknown")


def _stopped(name: str, error: Fault) -> Finding:
    where = {"table": name, "code": error.code}
    return Finding("unreadable", "Unknown", "fail", where, said=error.sentence)


def _compared(
    sheets: Sequence[Sheet], name: str, profile: RuleProfile, sieve: Sieve | None,
    release: OpenRelease | None, work: Path | None,
) -> list[Finding]:  # fmt: skip
    if work is not None:
        return compare(sheets, name, profile, sieve, release, work)
    with tempfile.TemporaryDirectory(prefix="commonweal-files-") as folder:
        return compare(sheets, name, profile, sieve, release, Path(folder))


@dataclass(frozen=True)
class _Seen:
    """A file as its parser told it."""

    name: str
    declared: str
    answer: Answer
    body: Body
    sheets: Sequence[Sheet]

    def kind_findings(self, kind: FileKind) -> list[Finding]:
        """Whether what was found may leave at all, and is what it was said to be."""
        found, detected, where = [], self.answer.detected, {"table": self.name}
        if detected != self.declared:
            found.append(Finding("type", "Unknown", "fail", where))
        if detected in MODELS:
            found.append(Finding("model", "Unknown", "fail", where))
        elif detected not in LEAVING[kind]:
            said = _REFUSED.get(detected)
            found.append(Finding("kind", "Unknown", "fail", where, said=said))
        return found

    def renderings(self) -> tuple[Rendering, ...]:
        """What leaves, and what is there to read. Raises `Fault` CW-PARSE-ANSWER."""
        stem = Path(self.name).stem.split(".")[0] or "file"
        texts = [text for sheet in self.sheets if sheet.form == "text"
                 for column in sheet.columns for text in column.values if text]  # fmt: skip
        if isinstance(self.body, Picture):
            return (picture_file(self.body, stem),)
        if isinstance(self.body, Document):
            return (document_file(self.body.value, stem),)
        if isinstance(self.body, Notebook):
            return notebook_file(self.body, stem), sources_file(self.body, stem)
        if isinstance(self.body, Markup):
            drawn = self._markup(stem)
            return (*drawn, texts_file(texts, stem), *self._tables(stem, leaves=False))
        return tuple(self._tables(stem, leaves=True))

    def _markup(self, stem: str) -> tuple[Rendering, ...]:
        """The drawing or page anew; none where its parser said that it holds what may not leave."""
        assert isinstance(self.body, Markup)  # noqa: S101 (for the types)
        refused = {"runs", "points_outside", "unknown_mark", "unseen_mark"}
        if refused & {note for note, count in self.answer.notes.items() if count}:
            return ()
        return (markup_file(self.body, "svg" if self.declared == "svg" else "html", stem),)

    def _tables(self, stem: str, *, leaves: bool) -> list[Rendering]:
        tables = [sheet for sheet in self.sheets if sheet.form == "table"]
        made = []
        for number, sheet in enumerate(tables, start=1):
            name = stem if len(tables) == 1 else f"{stem}-{number}"
            one = table_file(sheet, name)
            made.append(Rendering(one.name, one.media, one.content, leaves))
        return made
