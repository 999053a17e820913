"""What all parsers share: their limits, their two errors and the form of what they answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, BinaryIO

MOST_BYTES = 16 << 20
"""The largest file that is looked at: nothing that people have to read is larger."""
MOST_ROWS = 5_000
MOST_COLUMNS = 400
MOST_CELLS = 400_000
MOST_TEXT = 8 << 20
"""Characters of all cells together."""
MOST_SHEETS = 30
MOST_PIXELS = 8_000_000
MOST_SIDE = 10_000
MOST_ELEMENTS = 20_000
"""Of a drawing."""
MOST_EVENTS = 200_000
"""Elements, ends and texts of a page or drawing."""

Sheet = dict[str, Any]
"""`name`, `form` ("table" or "text"), `rows` (in the file), `columns`: each `name`, `values`."""


class Invalid(Exception):
    """The file is not what its parser reads."""

    parse_kind = "invalid"


class TooLarge(Exception):
    """The file is larger, deeper or holds more than is looked at."""

    parse_kind = "limit"


class Answer:
    """What is told of a file: sheets of cells, notes with how often, and one body by its kind."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.notes: Counter[str] = Counter()
        self.sheets: list[Sheet] = []
        self.body: dict[str, Any] = {}
        self._cells = 0
        self._text = 0

    def note(self, name: str, count: int = 1) -> None:
        """Tell that something was found in the file."""
        if count > 0:
            self.notes[name] += count

    def add_table(
        self, name: str, header: Sequence[str], rows: Iterable[Sequence[str | None]]
    ) -> None:
        """Add a table; rows beyond the most are counted and not told. Every row is of one length.

        Raises `Invalid` and `TooLarge`.
        """
        if len(header) > MOST_COLUMNS:
            raise TooLarge
        columns: list[list[str | None]] = [[] for _ in header]
        self._count([*header])
        seen = 0
        for row in rows:
            if len(row) != len(header):
                raise Invalid
            seen += 1
            if seen <= MOST_ROWS:
                self._count(row)
                for column, cell in zip(columns, row, strict=True):
                    column.append(cell)
        self._add(name, "table", seen, zip(header, columns, strict=True))

    def _add(
        self, name: str, form: str, rows: int, columns: Iterable[tuple[str, list[Any]]]
    ) -> None:
        if len(self.sheets) >= MOST_SHEETS:
            raise TooLarge
        told = [{"name": title, "values": values} for title, values in columns]
        self.sheets.append({"name": name[:120], "form": form, "rows": rows, "columns": told})

    def _count(self, cells: Sequence[str | None]) -> None:
        self._cells += len(cells)
        self._text += sum(len(cell) for cell in cells if cell is not None)
        if self._cells > MOST_CELLS or self._text > MOST_TEXT:
            raise TooLarge

    def plain(self) -> dict[str, Any]:
        """The answer as JSON values, in its fixed shape."""
        return {
            "detected": self.kind,
            "notes": dict(self.notes),
            "sheets": self.sheets,
            "body": self.body,
        }


def read_all(stream: BinaryIO) -> bytes:
    """The whole file. Raises `TooLarge`."""
    data = stream.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise TooLarge
    return data


def decoded(data: bytes) -> tuple[str, str]:
    """The text of a file and its encoding: UTF-8, or UTF-16 that says so. Raises `Invalid`."""
    encoding = "utf-8"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif data.startswith(b"\xef\xbb\xbf"):
        encoding = "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        raise Invalid from None
    if "\x00" in text:
        raise Invalid
    return text, encoding
