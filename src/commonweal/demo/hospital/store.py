"""Writing the tables: one Parquet (zstd) or CSV file a table, chunk after chunk.

Text columns travel as codes into a dictionary until they are written, which is most of what makes
two million patients fit into memory.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

Format = Literal["parquet", "csv"]

# NHS numbers of a chunk stay a dictionary in the file as well: smaller and faster to read.
_DICTIONARY_BYTES = 8 * 1024 * 1024


class TableStore:
    """Open files for all tables of one hospital; a context manager."""

    def __init__(self, folder: Path, form: Format) -> None:
        self._folder = folder
        self._form = form
        self._writers: dict[str, Any] = {}
        self.rows: dict[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for writer in self._writers.values():
            writer.close()

    def append(self, name: str, table: pa.Table) -> None:
        """Add rows to a table; its first rows fix the columns."""
        if self._form == "csv":
            table = _plain(table)
        if name not in self._writers:
            self._writers[name] = self._open(name, table.schema)
            self.rows[name] = 0
        if len(table):
            self._writers[name].write_table(table)
        self.rows[name] += len(table)

    def _open(self, name: str, schema: pa.Schema) -> Any:
        if self._form == "csv":
            return pcsv.CSVWriter(self._folder / f"{name}.csv", schema)
        return pq.ParquetWriter(
            self._folder / f"{name}.parquet",
            schema,
            compression="zstd",
            store_schema=False,
            dictionary_pagesize_limit=_DICTIONARY_BYTES,
        )


def _plain(table: pa.Table) -> pa.Table:
    """The same table with text as text and times to the second."""
    fields = []
    for field in table.schema:
        kind = field.type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        elif pa.types.is_timestamp(kind):
            kind = pa.timestamp("s")
        fields.append(pa.field(field.name, kind))
    return table.cast(pa.schema(fields))
