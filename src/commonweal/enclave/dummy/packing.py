"""Made-up data as one file to download: the same bytes for the same permit, catalogue and seed.

What the command writes (`writing.write`), and each table as CSV beside it for whoever has no reader
of Parquet. Codes are bytes in Parquet; in CSV they are written in hexadecimal.
"""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from commonweal.enclave.dummy.keys import CODE_BYTES
from commonweal.enclave.dummy.making import Made
from commonweal.enclave.dummy.writing import DESCRIPTION, MARK, MARK_FILE, MARK_KEY, described
from commonweal.foundation.errors import Refused

MOST_BYTES = 50 * 1024 * 1024
"""The largest zip file that is made for a download; the command has no such limit."""
_THEN = (1980, 1, 1, 0, 0, 0)
"""The time of every entry: the first that a zip file knows, so that nothing depends on the day."""
_HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)


def zipped(made: Made, *, most_bytes: int = MOST_BYTES) -> bytes:
    """The made-up tables as a zip file. Raises `Refused` CW-DUMMY-LARGE."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        text = json.dumps(described(made), indent=2, ensure_ascii=False)
        _add(archive, MARK_FILE, _mark(made).encode())
        _add(archive, DESCRIPTION, f"{text}\n".encode())
        for number, (name, table) in enumerate(made.released.items(), 1):
            folder = _folder(name, number)
            _add(archive, f"data/{folder}/part-0.parquet", _parquet(table))
            _add(archive, f"csv/{folder}.csv", _csv(table))
            if held.tell() > most_bytes:
                break
    if held.tell() > most_bytes:
        raise Refused(
            "CW-DUMMY-LARGE",
            f"The made-up data would be a file of more than {most_bytes // 1024 // 1024} MB.",
            remedy="Ask for fewer patients, or use `commonweal study dummy`.",
        )
    return held.getvalue()


def _mark(made: Made) -> str:
    return (
        f"{MARK}\n\nPermit {made.plan.permit.id}, {made.patients} made-up patients, "
        f"seed {made.seed}.\n"
    )


def _folder(name: str, number: int) -> str:
    """The table's own name, or its number where the name could not be a file's."""
    plain = name.replace("_", "").replace("-", "")
    return name if plain.isascii() and plain.isalnum() and len(name) <= 64 else f"table-{number}"


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _THEN)
    packed = name.endswith(".parquet")  # it is compressed inside
    entry.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content)


def _parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    marked = table.replace_schema_metadata({MARK_KEY: MARK.encode()})
    pq.write_table(marked, sink, compression="zstd")
    return bytes(sink.getvalue())


def _csv(table: pa.Table) -> bytes:
    columns = [
        _in_hex(column) if pa.types.is_binary(column.type) else column for column in table.columns
    ]
    sink = pa.BufferOutputStream()
    pyarrow.csv.write_csv(pa.table(columns, names=table.column_names), sink)
    return bytes(sink.getvalue())


def _in_hex(column: pa.ChunkedArray) -> pa.Array:
    """Codes of a fixed length as text; what is missing stays missing."""
    codes = column.combine_chunks()
    if isinstance(codes, pa.ChunkedArray):
        codes = codes.chunk(0) if codes.num_chunks else pa.array([], column.type)
    missing = np.asarray(codes.is_null())
    held = np.zeros((len(codes), CODE_BYTES), dtype=np.uint8)
    there = codes.drop_null().cast(pa.binary(CODE_BYTES))
    start, size = there.offset * CODE_BYTES, len(there) * CODE_BYTES
    buffer = there.buffers()[1]
    if buffer is not None:
        held[~missing] = np.frombuffer(buffer, np.uint8, size, start).reshape(-1, CODE_BYTES)
    signs = np.empty((len(codes), 2 * CODE_BYTES), dtype=np.uint8)
    signs[:, 0::2], signs[:, 1::2] = _HEX[held >> 4], _HEX[held & 15]
    text = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(2 * CODE_BYTES), len(codes), [None, pa.py_buffer(signs.tobytes())]
    )
    spelt = text.cast(pa.binary()).cast(pa.string())
    return pa.compute.if_else(pa.array(missing), pa.scalar(None, pa.string()), spelt)
