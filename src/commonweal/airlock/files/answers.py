"""What a parser may answer, and nothing else: a closed shape that holds values, never a file.

A parser that was taken over can say what it likes in this shape: other figures, other pixels. It
cannot say it in bytes that somebody else's program then reads: pixels become a picture here, cells
become a table here.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StrictStr, model_validator

from commonweal.airlock.files.parsers.common import (
    MOST_CELLS,
    MOST_COLUMNS,
    MOST_EVENTS,
    MOST_PIXELS,
    MOST_ROWS,
    MOST_SHEETS,
    MOST_SIDE,
    MOST_TEXT,
)

Kind = Literal[
    "csv", "tsv", "json", "parquet", "png", "jpeg", "xlsx", "ipynb", "svg", "html",
    "pdf", "postscript", "office", "hdf5", "numpy", "gif", "compressed", "database", "program",
    "arrow", "pickle", "safetensors", "onnx", "zip", "xml", "empty", "unknown",
]  # fmt: skip
"""What a file can be found to be. Only the first ten ever leave."""
NoteName = Literal[
    "encoding", "delimiter", "pandas_metadata", "metadata", "index", "trailing",
    "animation", "under_transparency", "beside_entries", "macros", "external", "pivot", "embedded",
    "comments", "drawings", "unknown_part", "hidden_sheets", "defined_names", "hidden_lines",
    "formulas", "beside_cells", "outputs", "attachments", "widgets", "encoded", "runs",
    "points_outside", "unknown_mark", "unseen_mark", "marks", "coordinates",
]  # fmt: skip
MOST_ANSWER = 40 << 20
"""Bytes of an answer: the pixels of the largest picture in base64, with room to spare."""

_Count = Annotated[int, Field(strict=True, ge=0, le=1 << 32)]


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Column(_Closed):
    """One column of a sheet; None where a cell is empty."""

    name: StrictStr
    values: list[StrictStr | None] = Field(max_length=MOST_ROWS)


class Sheet(_Closed):
    """Cells of a table, or texts that are no table. `rows`: how many there are in the file."""

    name: Annotated[StrictStr, Field(max_length=120)]
    form: Literal["table", "text"]
    rows: _Count
    columns: list[Column] = Field(min_length=1, max_length=MOST_COLUMNS)

    @model_validator(mode="after")
    def _is_a_table(self) -> Self:
        lengths = {len(column.values) for column in self.columns}
        if len(lengths) != 1 or min(lengths) > self.rows:
            raise ValueError("columns are of one length")
        if min(lengths) != min(self.rows, MOST_ROWS):
            raise ValueError("rows are told up to the most")
        return self


class Picture(_Closed):
    """Pixels, three bytes each, row by row."""

    width: Annotated[int, Field(strict=True, ge=1, le=MOST_SIDE)]
    height: Annotated[int, Field(strict=True, ge=1, le=MOST_SIDE)]
    rgb: bytes

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if not isinstance(value, dict) or not isinstance(value.get("rgb"), str):
            raise TypeError("pixels come as text")
        try:
            return {**value, "rgb": base64.b64decode(value["rgb"], validate=True)}
        except binascii.Error:
            raise ValueError("pixels come in base64") from None

    @model_validator(mode="after")
    def _is_full(self) -> Self:
        if self.width * self.height > MOST_PIXELS:
            raise ValueError("too many pixels")
        if len(self.rgb) != 3 * self.width * self.height:
            raise ValueError("a picture has all its pixels")
        return self


class Document(_Closed):
    """A value of JSON."""

    value: Any


class NotebookCell(_Closed):
    """The source of one cell of a notebook."""

    type: Literal["code", "markdown", "raw"]
    source: Annotated[StrictStr, Field(max_length=MOST_TEXT)]


class Notebook(_Closed):
    """The cells of a notebook."""

    cells: list[NotebookCell] = Field(max_length=MOST_ROWS)


_Open = tuple[Literal["open"], StrictStr, list[tuple[StrictStr, StrictStr]]]
_Other = tuple[Literal["text", "close"], StrictStr]


class Markup(_Closed):
    """Elements, texts and ends in the order of the document."""

    events: list[_Open | _Other] = Field(max_length=MOST_EVENTS)


class Nothing(_Closed):
    """A kind that has nothing beside its cells, or was not read."""


Body = Picture | Document | Notebook | Markup | Nothing
_BODIES: dict[str, type[Body]] = {
    "json": Document, "png": Picture, "jpeg": Picture, "ipynb": Notebook, "svg": Markup,
    "html": Markup,
}  # fmt: skip


class Answer(_Closed):
    """What was found of one file."""

    detected: Kind
    notes: dict[NoteName, _Count]
    sheets: list[Sheet] = Field(max_length=MOST_SHEETS)
    body: Any

    @model_validator(mode="after")
    def _is_bounded(self) -> Self:
        cells = sum(len(s.columns) * len(s.columns[0].values) for s in self.sheets)
        texts = sum(len(cell) for s in self.sheets for c in s.columns for cell in c.values if cell)
        if cells > MOST_CELLS or texts > MOST_TEXT:
            raise ValueError("more cells than a parser may tell")
        return self


def shape_for(declared: str) -> Callable[[Any], tuple[Answer, Body]]:
    """The shape of the answer on a file that is declared to be of a kind: the answer and its body.

    A body is there only where the file is what it was declared to be.
    """

    def shape(said: Any) -> tuple[Answer, Body]:
        answer = Answer.model_validate(said)
        made = _BODIES.get(declared, Nothing) if answer.detected == declared else Nothing
        return answer, made.model_validate(answer.body)

    return shape
