"""objections.csv: choices that people made with the custodian, kept beside the national opt-out.

The file must always be there. "Empty" means a header and no rows: a file without a header is
indistinguishable from one that lost its content, and is refused. One line is one row, so that no
stray quotation mark can swallow somebody's objection. A faulty line refuses the whole file: an
objection that cannot be read would otherwise not be honoured.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from commonweal.foundation.errors import Fault, Unavailable
from commonweal.foundation.files import read_bytes
from commonweal.papers.base import YEARS
from commonweal.vault.choices.rules import KINDS

OBJECTIONS_FILE = "objections.csv"
COLUMNS = ("identifier", "kind", "project", "effective_from", "effective_to", "evidence")
MAX_BYTES = 1 << 30
_HEADER = ",".join(COLUMNS)
SCHEMA = pa.schema(
    [
        ("identifier", pa.string()),
        ("kind", pa.string()),
        ("project", pa.string()),
        ("effective_from", pa.date32()),
        ("effective_to", pa.date32()),
    ]
)
"""What is read of each choice, whether it stands in the file or in the journal."""
_DATE = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_PROJECT = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
# Space around, a quotation mark or what cannot be seen: such an identifier would match nobody.
_ODD_IDENTIFIER = r'^[\s\p{Z}]|[\s\p{Z}]$|["\p{C}]'


@dataclass(frozen=True)
class Objections:
    """The rows of objections.csv.

    `rows` (Arrow): `identifier`, `kind` text; `project` text or missing; `effective_from` date;
    `effective_to` date or missing; both days inclusive. Row i is line i + 2 of the file.
    """

    sha256: str
    rows: pa.Table = field(repr=False, compare=False)


def read_objections(folder: Path) -> Objections:
    """Read and check objections.csv in `folder`.

    Raises `Unavailable` CW-CHOICES-OBJECTIONS-MISSING, and `Fault`
    CW-CHOICES-OBJECTIONS-INVALID or CW-FILE-TOO-LARGE, naming lines and columns only.
    """
    path = folder / OBJECTIONS_FILE
    if not path.is_file():
        raise Unavailable(
            "CW-CHOICES-OBJECTIONS-MISSING",
            f"The choices folder has no {OBJECTIONS_FILE}; without it, objections would be "
            "passed over.",
            remedy=f"If nobody objected, give a file with the one line {_HEADER}",
        )
    content = read_bytes(path, "The list of objections", limit=MAX_BYTES)
    if not content.strip():
        raise Unavailable(
            "CW-CHOICES-OBJECTIONS-MISSING",
            f"{OBJECTIONS_FILE} is blank; even a list without objections has a header.",
            remedy=f"If nobody objected, give a file with the one line {_HEADER}",
        )
    if not content.endswith(b"\n"):
        raise _bad("its last line is not ended, so it may have been cut short")
    table = _parse(content)
    _check(table)
    rows = pa.table(
        {
            "identifier": table["identifier"],
            "kind": table["kind"],
            "project": _or_missing(table["project"]),
            "effective_from": _date(table["effective_from"]),
            "effective_to": _date(table["effective_to"]),
        }
    )
    _check_order(rows)
    return Objections("sha256:" + hashlib.sha256(content).hexdigest(), rows)


def _parse(content: bytes) -> pa.Table:
    if b"\x00" in content:
        raise _bad("it holds NUL bytes, so it is not text")
    # Before the CSV reader: it prints a traceback when a line of the wrong length is not UTF-8.
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        raise _bad("it is not UTF-8 text") from None
    wrong: list[int] = []

    def note(row: pacsv.InvalidRow) -> str:
        wrong.append(row.number or 0)
        return "error"

    try:
        table = pacsv.read_csv(
            pa.BufferReader(content),
            # One thread: only then does the reader know the number of a faulty line.
            read_options=pacsv.ReadOptions(use_threads=False, block_size=1 << 24),
            parse_options=pacsv.ParseOptions(
                newlines_in_values=False, ignore_empty_lines=False, invalid_row_handler=note
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(COLUMNS, pa.string()), strings_can_be_null=False
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError):
        if wrong:
            raise _bad(f"line {wrong[0]:,} does not have {len(COLUMNS)} columns") from None
        raise _bad("it cannot be read as CSV") from None
    if tuple(table.column_names) != COLUMNS:
        raise _bad(f"its first line must be {_HEADER}")
    if table.num_rows != content.count(b"\n") - 1:
        raise _bad("a quotation mark is not closed on its line")
    return table


def _check(table: pa.Table) -> None:
    kind, project = table["kind"], table["project"]
    named = pc.not_equal(project, "")
    known = pa.array([rule.kind for rule in KINDS])
    with_project = pa.array([rule.kind for rule in KINDS if rule.names_project])
    needs_project = pc.is_in(kind, value_set=with_project)
    says_yes = pc.is_in(kind, value_set=pa.array([r.kind for r in KINDS if r.says_yes]))
    identifier = table["identifier"]
    ends = table["effective_to"]
    faults: list[tuple[pa.ChunkedArray, str]] = [
        (pc.equal(identifier, ""), "has no identifier"),
        (
            pc.match_substring_regex(identifier, _ODD_IDENTIFIER),
            "has an identifier with space around it or characters that cannot be part of one",
        ),
        (pc.invert(pc.is_in(kind, value_set=known)), "has a kind that is not known"),
        (pc.and_(needs_project, pc.invert(named)), "names no project, which its kind needs"),
        (pc.and_(named, pc.invert(needs_project)), "names a project, which its kind cannot have"),
        (
            pc.and_(named, pc.invert(pc.match_substring_regex(project, _PROJECT))),
            "has a project that cannot be the name of one",
        ),
        (_not_a_date(table["effective_from"]), "has an effective_from that is not a date"),
        (
            pc.and_(pc.not_equal(ends, ""), _not_a_date(ends)),
            "has an effective_to that is not a date",
        ),
        (
            pc.and_(says_yes, pc.equal(pc.utf8_trim_whitespace(table["evidence"]), "")),
            "is a consent without evidence",
        ),
    ]
    for mask, words in faults:
        refuse_lines(mask, words)


def _check_order(rows: pa.Table) -> None:
    before = pc.less(rows["effective_to"], rows["effective_from"])
    refuse_lines(pc.fill_null(before, False), "ends before it begins")


def refuse_lines(mask: pa.ChunkedArray, words: str) -> None:
    """Raise CW-CHOICES-OBJECTIONS-INVALID if any row is marked: first line and count."""
    found = pc.sum(mask, min_count=0).as_py()
    if found:
        line = pc.index(mask, pa.scalar(True)).as_py() + 2
        more = f" (and {found - 1:,} more lines)" if found > 1 else ""
        raise _bad(f"line {line:,}{more} {words}")


def _not_a_date(column: pa.ChunkedArray) -> pa.ChunkedArray:
    shaped = pc.match_substring_regex(column, _DATE)
    read = _date(column)
    # The reader carries 30 February over into March: a date must read back as it was written.
    same = pc.fill_null(pc.equal(pc.strftime(read, format="%Y-%m-%d"), column), False)
    year = pc.year(read)
    usual = pc.and_(pc.greater_equal(year, YEARS[0]), pc.less_equal(year, YEARS[1]))
    return pc.invert(pc.and_(shaped, pc.and_(same, pc.fill_null(usual, False))))


def _date(column: pa.ChunkedArray) -> pa.ChunkedArray:
    read = pc.strptime(column, format="%Y-%m-%d", unit="s", error_is_null=True)
    return read.cast(pa.date32())


def _or_missing(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)


def _bad(reason: str) -> Fault:
    return Fault("CW-CHOICES-OBJECTIONS-INVALID", f"{OBJECTIONS_FILE} cannot be used: {reason}.")
