"""The catalogue's variables as CSV, one line each."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from commonweal.papers.catalogue import Variable
from commonweal.papers.exports.described import Described
from commonweal.papers.figures import VariableFigures

COLUMNS = (
    "dataset", "table", "variable", "type", "role", "forms offered", "complete (percent)",
    "risk of each form",
)  # fmt: skip
_RISKY = ("=", "+", "-", "@", "\t", "\r")


def safe_cell(text: str) -> str:
    """A cell that no spreadsheet runs as a formula."""
    return f"'{text}" if text.startswith(_RISKY) else text


def as_csv(rows: Iterable[Iterable[str]]) -> str:
    """The rows (in the order of `COLUMNS`) as CSV with a heading."""
    return as_csv_with(COLUMNS, rows)


def as_csv_with(columns: Sequence[str], rows: Iterable[Iterable[str]]) -> str:
    """Rows as CSV under the heading `columns`."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([safe_cell(cell) for cell in row])
    return out.getvalue()


def rows_of(described: Described) -> Iterator[tuple[str, ...]]:
    """The lines of one dataset."""
    for table in described.dataset.tables:
        for one in table.variables:
            figures = described.variable(table.name, one.name)
            yield line(described.dataset.id, table.name, one, figures)


def line(
    dataset: str, table: str, variable: Variable, figures: VariableFigures | None
) -> tuple[str, ...]:
    """The line of one variable; what is not known or hidden is empty."""
    complete = "" if figures is None or figures.complete is None else str(figures.complete)
    bands = (
        ""
        if figures is None
        else "; ".join(f"{form}: {shown.band}" for form, shown in figures.forms.items())
    )
    forms = "; ".join(variable.forms)
    role = variable.role or "undecided"
    return (dataset, table, variable.name, variable.type, role, forms, complete, bands)
