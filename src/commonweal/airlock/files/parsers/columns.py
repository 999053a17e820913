"""Parquet: the cells of a flat table, and whether it carries more than its cells."""

from __future__ import annotations

from typing import Any

from commonweal.airlock.files.parsers.common import (
    MOST_BYTES,
    MOST_COLUMNS,
    MOST_ROWS,
    Answer,
    Invalid,
    TooLarge,
)

_MOST_UNPACKED = 4 * MOST_BYTES


def read(data: bytes, answer: Answer) -> None:
    """Tell the table; a nested column is refused. Raises `Invalid` and `TooLarge`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(data), memory_map=False, pre_buffer=False)
        described = file.metadata
        schema = file.schema_arrow
        if described.num_columns > MOST_COLUMNS or len(schema) > MOST_COLUMNS:
            raise TooLarge
        groups = [described.row_group(place) for place in range(described.num_row_groups)]
        if sum(group.total_byte_size for group in groups) > _MOST_UNPACKED:
            raise TooLarge
        _metadata(described, schema, answer)
        table = _first_rows(file, schema)
        rows = described.num_rows
    except (pa.ArrowException, OSError, ValueError, KeyError, IndexError):
        raise Invalid from None
    # Read whole, it must be as long as it says; or nobody looked at the rest.
    if table.num_rows != min(rows, MOST_ROWS) and table.num_rows < MOST_ROWS:
        raise Invalid
    values = [_texts(table.column(place)) for place in range(table.num_columns)]
    answer.add_table("table", schema.names, list(zip(*values, strict=True)))
    answer.sheets[-1]["rows"] = max(rows, table.num_rows)


def _first_rows(file: Any, schema: Any) -> Any:
    import pyarrow as pa

    taken, batches = 0, []
    for batch in file.iter_batches(batch_size=1024, use_threads=False):
        batches.append(batch.slice(0, MOST_ROWS - taken))
        taken += batches[-1].num_rows
        if taken >= MOST_ROWS:
            break
    return pa.Table.from_batches(batches, schema)


def _metadata(described: Any, schema: Any, answer: Answer) -> None:
    """Tell what stands beside the cells: texts of the writer, a kept index of pandas."""
    from pyarrow import types

    keys = dict(described.metadata or {})
    keys.pop(b"ARROW:schema", None)
    if keys.pop(b"pandas", None) is not None:
        answer.note("pandas_metadata")
    answer.note("metadata", len(keys))
    answer.note("metadata", sum(1 for field in schema if set(field.metadata or {}) - {
        b"PARQUET:field_id"}))  # fmt: skip
    answer.note("index", sum(1 for n in schema.names if n.startswith("__index_level_")))
    if len(set(schema.names)) != len(schema.names):
        raise Invalid
    for field in schema:
        inner = field.type.value_type if types.is_dictionary(field.type) else field.type
        if types.is_nested(inner):
            raise Invalid


def _texts(column: Any) -> list[str | None]:
    import pyarrow as pa
    from pyarrow import types

    kind = column.type
    if types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = kind.value_type
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
        return [None if one is None else "bytes:" + one.hex() for one in column.to_pylist()]
    if types.is_floating(kind):
        return [None if one is None else repr(float(one)) for one in column.to_pylist()]
    texts: list[str | None] = column.cast(pa.string()).to_pylist()
    return texts
