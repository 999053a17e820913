"""What reviewers read of one turn: figures as they would leave, earlier ones, and the code.

Only files that the airlock made itself are parsed here: the figures of requests, and what was
written anew from a study's files (S18). Code is shown as text and never run.
"""

from __future__ import annotations

import csv
import functools
import hashlib
import io
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from commonweal.airlock.leaving.store import FILES, OutputStore, Submitted, checked_content
from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import CommonwealError
from commonweal.foundation.files import read_bytes, sha256_file
from commonweal.papers.output_manifest import OutputFile
from commonweal.papers.output_request import MADE_BY_STUDY, OutputRequest
from commonweal.papers.requests import read_request
from commonweal.vault.custody import Custody

MOST_CELLS = 2_000
MOST_TABLE = 8 * 1024 * 1024
"""A larger file is named, and its figures are not shown on the page."""
MOST_CODE, MOST_FILES = 200_000, 40
"""Bytes of a file of code, and how many files of a study are shown; others are named."""
MOST_EARLIER = 20
"""How many earlier outputs are shown beside."""
Shown = dict[str, Any]


def tables_of(found: Submitted) -> dict[str, Shown]:
    """The figures of a turn, by the name of their file; of a table that the airlock made from a
    request also what stands behind its sides (`sources`)."""
    shown = _tables(found.content, found.manifest.leaving())
    for one in found.manifest.leaving():
        if one.kind == "table" and one.path in shown:
            shown[one.path]["sources"] = _sources(found, one)
    return shown


def _sources(found: Submitted, table: OutputFile) -> list[dict[str, Any]] | None:
    """The column behind each side of a table, as its request names it; None where that is no
    request for a table, or cannot be read.

    A study names its own columns, and says with which words their numbers are shown: a heading
    alone does not tell them from columns of the release.
    """
    asked = None if table.made_from is None else found.manifest.file(table.made_from)
    if asked is None:
        return None
    try:
        plain = parse_json(found.content(asked), "The request")
        request = read_request(plain, asked.path)
    except CommonwealError:
        return None
    if not isinstance(request, OutputRequest):
        return None
    return [
        {
            "table": side.column.table,
            "name": side.column.name,
            "made": side.column.table == MADE_BY_STUDY,
            "labels": list(side.labels or ()),
        }
        for side in request.by
    ]


def _tables(
    content_of: Callable[[OutputFile], bytes], files: Iterable[OutputFile]
) -> dict[str, Shown]:
    shown: dict[str, Shown] = {}
    for one in files:
        drawing = one.kind == "drawing"
        if not (drawing or one.type in ("csv", "tsv", "json")) or one.bytes > MOST_TABLE:
            continue
        try:
            content = content_of(one)
            if drawing:
                # Drawn by the airlock: the only kind of SVG that a page may hold.
                svg = content.decode("utf-8")
                shown[one.path] = {"columns": [], "rows": [], "cut": 0, "svg": svg}
                continue
            shown[one.path] = (
                _of_json(content, one.path)
                if one.type == "json"
                else _of_rows(content, "\t" if one.type == "tsv" else ",")
            )
        except (CommonwealError, UnicodeDecodeError, csv.Error):
            continue  # it is named in the manifest, and has no table to show
    return shown


def _of_rows(content: bytes, delimiter: str) -> Shown:
    rows = list(csv.reader(io.StringIO(content.decode("utf-8")), delimiter=delimiter))
    head, body = (rows[0], rows[1:]) if rows else ([], [])
    return _cut(head, body)


def _of_json(content: bytes, name: str) -> Shown:
    """Figures of an analysis, a value a row: where it stands in the file, and what it says."""
    return _cut(["figure", "value"], [[path, said] for path, said in _flat(
        "", parse_json(content, name)
    )])  # fmt: skip


def _flat(path: str, value: Any) -> Iterable[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(f"{path}.{name}" if path else str(name), inner)
    elif isinstance(value, list):
        for number, inner in enumerate(value, 1):
            yield from _flat(f"{path}[{number}]", inner)
    else:
        yield path, "" if value is None else str(value)


def _cut(head: list[str], rows: list[list[str]]) -> Shown:
    width = max(len(head), 1)
    kept = rows[: max(1, MOST_CELLS // width)]
    return {"columns": head, "rows": kept, "cut": len(rows) - len(kept)}


def earlier_of(store: OutputStore, found: Submitted) -> dict[str, dict[str, Shown]]:
    """The figures of outputs that have left with which the audit found something, by output."""
    findings = (found.findings.audit or {}).get("findings", [])
    named = {
        str(term["output"]) for one in findings for term in one.get("sum", [])
    } - {found.manifest.id}  # fmt: skip
    compared = {one.output for one in found.manifest.compared}
    shown: dict[str, dict[str, Shown]] = {}
    for output in sorted(named & compared)[:MOST_EARLIER]:
        left = store.released / output
        if not left.is_dir():
            continue  # a publication made elsewhere has no files here
        try:
            plain = parse_json(read_bytes(left / "manifest.json", "The manifest"), "The manifest")
            files = [OutputFile.read(one, "A file") for one in plain["files"]]
        except (CommonwealError, KeyError, TypeError):
            continue
        tables = _tables(
            functools.partial(_released, left / FILES),
            # A picture of a table has the table's name, and no cells to compare.
            [one for one in files if one.kind not in ("request", "drawing")],
        )
        shown[output] = {name.rpartition(".")[0] or name: one for name, one in tables.items()}
    return shown


def _released(folder: Path, file: OutputFile) -> bytes:
    return checked_content(folder / file.path, file)


def code_of(custody: Custody, study: str) -> dict[str, Shown]:
    """The files of a study by their paths, `sha256` and `text`; it is found by its hash alone.

    No text (None) for a file that the page cannot show: who judges must know that there is more to
    read. That all of them are the study of this hash, a page sees for itself.
    """
    folder = custody.home.path / "enclave" / "studies" / study.removeprefix("sha256:")
    shown: dict[str, Shown] = {}
    if not folder.is_dir():
        return shown
    texts = 0
    for path in sorted(folder.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            continue
        told = _code(path, with_text=texts < MOST_FILES)
        texts += told["text"] is not None
        shown[str(path.relative_to(folder))] = told
    return shown


def _code(path: Path, *, with_text: bool) -> Shown:
    """A file's hash, and its text where a page can show it. What is no plain file has no hash: a
    study holds none, so a page refuses all of it."""
    if path.is_symlink() or not path.is_file():
        return {"sha256": "", "text": None}
    try:
        if path.stat().st_size > MOST_CODE or not with_text:
            return {"sha256": sha256_file(path), "text": None}
        content = read_bytes(path, "The code", limit=MOST_CODE)
    except CommonwealError:
        return {"sha256": "", "text": None}
    return {"sha256": f"sha256:{hashlib.sha256(content).hexdigest()}", "text": _text(content)}


def _text(content: bytes) -> str | None:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text
