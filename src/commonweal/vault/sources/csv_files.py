"""Strict reading of CSV and TSV files (RFC 4180, with a declared delimiter, quote and encoding).

Nothing is guessed while data are read: the delimiter is found once, by the scan, and then declared
in the catalogue. A file that breaks its own rules is refused as a whole, with the line, because a
row that is skipped or padded is a patient's record lost or mixed up. No message repeats content.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

import duckdb

from commonweal.foundation.connection import quote_literal, quote_path
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.foundation.files import translated
from commonweal.vault.sources.source import Reading, check_names

MAX_LINE_BYTES = 8 * 1024 * 1024
_BUFFER_BYTES = 32 * 1024 * 1024
_BLOCK = 4 * 1024 * 1024
_SAMPLE = 1024 * 1024
_DELIMITERS = (",", ";", "\t", "|")
_ENCODINGS = {"utf-8": "utf-8", "utf8": "utf-8", "latin-1": "latin-1", "iso-8859-1": "latin-1"}
_FOREIGN_MARKS = {
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
    b"PK\x03\x04": "a zip archive",
    b"\x1f\x8b": "a gzip archive",
    b"PAR1": "Parquet",
}


@dataclass(frozen=True)
class CsvLayout:
    """How one file is written: its column names and the marks between its cells."""

    names: tuple[str, ...]
    delimiter: str
    quote: str
    encoding: str


def layout(path: Path, place: str, reading: Reading | None = None) -> CsvLayout:
    """The layout of a file, from its header and what is declared.

    Where nothing is declared the delimiter is detected. Raises `Fault` CW-SOURCE-EMPTY,
    CW-SOURCE-ENCODING, CW-SOURCE-NAMES or CW-SOURCE-MALFORMED.
    """
    declared = reading or Reading()
    encoding = _encoding(declared.encoding, place)
    quote = declared.quote or '"'
    head = _head(path, place, encoding)
    delimiter = declared.delimiter or _delimiter(path, head, quote)
    try:
        cells = next(_reader(head, delimiter, quote))
    except (csv.Error, StopIteration):
        raise Fault(
            "CW-SOURCE-MALFORMED",
            f"{place}, line 1: the header cannot be read (is a quote left open?).",
        ) from None
    check_names(cells, place)
    if any(_looks_like_data(cell) for cell in cells):
        raise Fault(
            "CW-SOURCE-NAMES",
            f"{place}: the first line looks like data; a header is required.",
            remedy="Put a line with the names of the columns first.",
        )
    return CsvLayout(tuple(cells), delimiter, quote, encoding)


def relation(path: Path, found: CsvLayout) -> str:
    """SQL that reads the file strictly, every cell as text, to stand after FROM."""
    columns = ", ".join(f"{quote_literal(name)}: 'VARCHAR'" for name in found.names)
    quote = quote_literal(found.quote)
    return (
        f"read_csv([{quote_path(path)}], columns = {{{columns}}}, auto_detect = false, "
        f"header = true, skip = 0, delim = {quote_literal(found.delimiter)}, quote = {quote}, "
        f"escape = {quote}, comment = '', nullstr = '', "
        f"encoding = {quote_literal(found.encoding)}, "
        "strict_mode = true, null_padding = false, ignore_errors = false, "
        "store_rejects = false, compression = 'none', hive_partitioning = false, "
        f"filename = false, max_line_size = {MAX_LINE_BYTES}, buffer_size = {_BUFFER_BYTES})"
    )


def check_bytes(path: Path, place: str, encoding: str) -> None:
    """Read every byte once: refuse NUL bytes and what is not text in `encoding`.

    Raises `Fault` CW-SOURCE-ENCODING with the line.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    with translated(place), path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            if (at := block.find(b"\x00")) >= 0:
                raise _not_text(place, line + block.count(b"\n", 0, at), "it holds a NUL byte")
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                at = max(error.start - (len(error.object) - len(block)), 0)
                raise _not_text(place, line + block.count(b"\n", 0, at), _not_utf8()) from None
            line += block.count(b"\n")
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            raise _not_text(place, line, _not_utf8()) from None


_LINE = re.compile(r"CSV Error on Line: ([0-9]{1,18})\n")
_WIDTH = re.compile(r"\nExpected Number of Columns: ([0-9]{1,9}) Found: ([0-9]{1,9})\n")


def malformed(place: str, error: duckdb.Error) -> CommonwealError | None:
    """Our fault for an error of DuckDB's CSV reader, or None if it is not one of those."""
    message = str(error)
    if "CSV" not in message:
        return None
    line = _LINE.search(message)
    at = f"{place}, line {int(line[1]):,}" if line else place
    # The message quotes the row: only digits of fixed phrases are taken from it, from the end.
    tail = message[message.rfind("\nExpected Number of Columns: ") :]
    if (width := _WIDTH.match(tail)) and "unterminated quote" not in message:
        reason = f"the row has {int(width[2]):,} cells where the header has {int(width[1]):,}"
    elif "unterminated quote" in message:
        reason = "a quote is not closed, or text follows a closing quote"
    elif "Maximum line size" in message:
        reason = f"the row is longer than {MAX_LINE_BYTES:,} bytes (is a quote left open?)"
    elif "unicode" in message or "encoded" in message:
        return Fault("CW-SOURCE-ENCODING", f"{at}: the text is not in the declared encoding.")
    else:
        reason = "the rows do not follow the CSV rules (are line endings mixed?)"
    return Fault("CW-SOURCE-MALFORMED", f"{at}: {reason}.")


def _encoding(declared: str | None, place: str) -> str:
    encoding = _ENCODINGS.get((declared or "utf-8").lower())
    if encoding is None:
        raise Fault(
            "CW-SOURCE-ENCODING", f"{place}: only the encodings utf-8 and latin-1 can be declared."
        )
    return encoding


def _head(path: Path, place: str, encoding: str) -> str:
    with translated(place), path.open("rb") as stream:
        head = stream.read(_SAMPLE)
    if not head.strip(b"\r\n \t\xef\xbb\xbf"):
        raise Fault("CW-SOURCE-EMPTY", f"{place} is empty: not even a header.")
    for mark, name in _FOREIGN_MARKS.items():
        if head.startswith(mark):
            raise Fault("CW-SOURCE-ENCODING", f"{place} is {name}, not UTF-8 text.")
    head = head.removeprefix(codecs.BOM_UTF8)
    if b"\x00" in head:
        line = 1 + head.count(b"\n", 0, head.find(b"\x00"))
        raise _not_text(place, line, "it holds a NUL byte")
    try:
        # Not final: the sample may end within a character.
        return codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError as error:
        raise _not_text(place, 1 + head.count(b"\n", 0, error.start), _not_utf8()) from None


def _delimiter(path: Path, head: str, quote: str) -> str:
    """The mark that cuts the first rows into the same number of cells, the more the better."""
    if path.suffix.lower() in (".tsv", ".tab"):
        return "\t"
    best, best_score = ",", (0.0, 1)
    for candidate in _DELIMITERS:
        widths: list[int] = []
        try:
            for row in _reader(head, candidate, quote):
                widths.append(len(row))
                if len(widths) == 200:
                    break
        except csv.Error:
            pass
        # The sample may cut its last row.
        seen = widths[:-1] if len(widths) > 1 and len(widths) < 200 else widths
        if not seen or seen[0] < 2:
            continue
        score = (sum(w == seen[0] for w in seen) / len(seen), seen[0])
        if score > best_score:
            best, best_score = candidate, score
    return best


def _reader(text: str, delimiter: str, quote: str) -> csv._reader:  # type: ignore[name-defined]
    return csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quote, strict=True
    )


_DATA = re.compile(
    r"[+-]?[0-9.,/:T Z-]*[0-9][0-9.,/:T Z-]*"  # numbers, dates, NHS numbers
    r"|.+@.+\..+"
    r"|[0-9]{1,2}[ /-](jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[ /-][0-9]{2,4}"
    r"|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|[a-z]{1,2}[0-9][0-9a-z]? [0-9][a-z]{2}",  # a postcode
    re.ASCII | re.IGNORECASE,
)


def _looks_like_data(cell: str) -> bool:
    return _DATA.fullmatch(cell.strip()) is not None


def _not_utf8() -> str:
    return "it is not UTF-8 text (declare `encoding: latin-1` if that is what it is)"


def _not_text(place: str, line: int, reason: str) -> Fault:
    return Fault("CW-SOURCE-ENCODING", f"{place}, line {line:,}: {reason}.")
