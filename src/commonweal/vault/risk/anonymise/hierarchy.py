"""Generalisation hierarchies in the form of ARX: how the values of one column become coarser.

A file `hierarchy_<column>.csv` has no header; each line is one value of the column (level 0) and
then one coarser label a level, separated by `;`. Levels must be nested: values that share a label
on one level share the labels of all levels above. Without that, a coarser table could have smaller
classes and no search could prove that its answer is the best.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from commonweal.foundation.errors import Fault
from commonweal.foundation.files import read_bytes

PREFIX = "hierarchy_"
ALL = "*"
_MOST_BYTES = 256 * 1024 * 1024
_MOST_LEVELS = 60


@dataclass(frozen=True)
class Hierarchy:
    """`levels[0]` are the values of the column, each once; `levels[i][j]` the label of value j.

    Raises `Fault` CW-ANONYMISE-HIERARCHY where values are doubled or levels are not nested.
    """

    column: str
    levels: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        if not self.levels or not self.levels[0]:
            raise _broken(self.column, "has no values")
        if len(self.levels) > _MOST_LEVELS:
            raise _broken(self.column, f"has more than {_MOST_LEVELS} levels")
        if len(set(self.levels[0])) != len(self.levels[0]):
            raise _broken(self.column, "names a value twice in its first column")
        for number, (finer, coarser) in enumerate(
            zip(self.levels, self.levels[1:], strict=False), 1
        ):
            if len(coarser) != len(finer):
                raise _broken(self.column, "has lines of different length")
            above: dict[str, str] = {}
            for line, (low, high) in enumerate(zip(finer, coarser, strict=True), 1):
                if above.setdefault(low, high) != high:
                    raise _broken(
                        self.column,
                        f"is not nested: on line {line:,} level {number} parts values that "
                        f"level {number - 1} had joined",
                    )

    @property
    def height(self) -> int:
        """How many levels lie above the values themselves."""
        return len(self.levels) - 1


def read_hierarchy(path: Path, column: str) -> Hierarchy:
    """The hierarchy in one file. Raises `Fault` CW-ANONYMISE-HIERARCHY, CW-FILE-MISSING and others.

    An empty first cell stands for a missing value. A line of empty cells only is refused.
    """
    content = read_bytes(path, "hierarchy", limit=_MOST_BYTES)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Fault("CW-FILE-ENCODING", f"{path.name} is not valid UTF-8.") from None
    try:
        rows = [row for row in csv.reader(io.StringIO(text), delimiter=";", strict=True) if row]
    except csv.Error:
        raise _broken(column, "cannot be read as CSV with ; between cells") from None
    return from_rows(column, rows)


def from_rows(column: str, rows: Sequence[Sequence[str]]) -> Hierarchy:
    """A hierarchy from lines of labels. Raises `Fault` CW-ANONYMISE-HIERARCHY."""
    if not rows:
        raise _broken(column, "has no values")
    width = len(rows[0])
    for line, row in enumerate(rows, 1):
        if len(row) != width:
            raise _broken(column, f"has {len(row)} cells on line {line:,} where line 1 has {width}")
        if width > 1 and not any(row):
            raise _broken(column, f"has nothing on line {line:,}")
    return Hierarchy(column, tuple(zip(*rows, strict=True)))


def read_folder(folder: Path) -> dict[str, Hierarchy]:
    """All hierarchies of a folder, by column, in the order of their names.

    Files of other names are left alone. Raises `Fault` CW-FILE-MISSING and CW-ANONYMISE-HIERARCHY.
    """
    if not folder.is_dir():
        raise Fault("CW-FILE-MISSING", f"There is no folder {folder.name}.")
    found = {}
    for path in sorted(folder.glob(f"{PREFIX}*.csv")):
        column = path.stem.removeprefix(PREFIX)
        if column:
            found[column] = read_hierarchy(path, column)
    if not found:
        raise Fault(
            "CW-ANONYMISE-HIERARCHY",
            f"The folder {folder.name} has no file hierarchy_<column>.csv.",
        )
    return found


def _broken(column: str, why: str) -> Fault:
    return Fault("CW-ANONYMISE-HIERARCHY", f"The hierarchy of column {column} {why}.")
