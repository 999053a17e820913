"""What is in a file that somebody brings in: read in the sandbox, told in a few plain words (S18).

`parse(stream, options)` runs inside; `options["form"]` says what the file is said to be. A file
that is another, or that holds what looks like people's NHS numbers, is invalid. Pickles are not
read: they are programs.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Any, BinaryIO

FORMS = ("csv", "parquet", "safetensors", "wheel")
MOST_ROWS = 5_000_000
MOST_COLUMNS = 5_000
MOST_UNPACKED = 512 * 1024 * 1024
MOST_NAMES = 200
LONGEST_NAME = 120
MOST_NUMBERS = 3
"""Ten digits that add up by chance are one in eleven of all; this many of them are none."""

_Found = tuple[dict[str, int], Sequence[str]]
"""Counts, and names in the order of the file."""

_TEN = re.compile(r"(?<![0-9])([0-9]{3})[ -]?([0-9]{3})[ -]?([0-9]{4})(?![0-9])", re.ASCII)
_TYPES = {"BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "I16": 2, "U16": 2, "F16": 2,
          "BF16": 2, "I32": 4, "U32": 4, "F32": 4, "F64": 8, "I64": 8, "U64": 8}  # fmt: skip


class Unfit(ValueError):
    """The file is not what it is said to be, or holds what may not come in."""

    parse_kind = "invalid"


class TooMuch(ValueError):
    """The file is larger inside than is read."""

    parse_kind = "limit"


def parse(stream: BinaryIO, options: Mapping[str, Any]) -> dict[str, Any]:
    """What a file holds: its `form`, and `rows` and `columns`, `tensors`, or `files`.

    With `options["names"]` also `names`: the first of its columns, tensors or files by name.
    """
    readers: dict[str, Callable[[bytes], _Found]] = {
        "csv": _csv,
        "parquet": _parquet,
        "safetensors": _safetensors,
        "wheel": _wheel,
    }
    form = str(options["form"])
    counts, names = readers[form](stream.read())
    told = {"names": _told(names)} if options.get("names") else {}
    return {"form": form, **counts, **told}


def _told(names: Sequence[str]) -> list[str]:
    """Names as a person can read them: what cannot be seen is a question mark, long ones end."""
    plain = ["".join(c if c.isprintable() else "?" for c in one) for one in names[:MOST_NAMES]]
    return [one if len(one) <= LONGEST_NAME else f"{one[: LONGEST_NAME - 3]}..." for one in plain]


def _csv(content: bytes) -> _Found:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unfit("not UTF-8") from None
    if "\0" in text:
        raise Unfit("a NUL character")
    rows = 0
    numbers: set[str] = set()
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        head = next(reader, [])
        _named_columns(head)
        _look(" ".join(head), numbers)  # a table without a head begins with somebody's row
        for row in reader:
            rows += 1
            if rows > MOST_ROWS:
                raise TooMuch("too many rows")
            if len(row) != len(head):
                raise Unfit("a row of another length")
            _look(" ".join(row), numbers)
    except csv.Error:
        raise Unfit("not a CSV file") from None
    return {"rows": rows, "columns": len(head)}, head


def _parquet(content: bytes) -> _Found:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(content))
        names = list(file.schema_arrow.names)
        _named_columns(names)
        if file.metadata.num_rows > MOST_ROWS:
            raise TooMuch("too many rows")
        numbers: set[str] = set()
        rows = 0
        for batch in file.iter_batches(65_536):
            rows += batch.num_rows
            for column in batch.columns:
                if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
                    _look("\n".join(one for one in column.to_pylist() if one), numbers)
                elif pa.types.is_integer(column.type):
                    _look("\n".join(str(one) for one in column.to_pylist()), numbers)
    except (pa.ArrowException, OSError):
        raise Unfit("not a Parquet file") from None
    if rows != file.metadata.num_rows:
        raise Unfit("rows that are not there")
    return {"rows": rows, "columns": len(names)}, names


def _safetensors(content: bytes) -> _Found:
    """Names, types and places of tensors, which fill the file without a gap or an overlap."""
    if len(content) < 8:
        raise Unfit("too short")
    length = int.from_bytes(content[:8], "little")
    if not 2 <= length <= min(len(content) - 8, 16 * 1024 * 1024):
        raise Unfit("a header that is not there")
    try:
        head = json.loads(content[8 : 8 + length].decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise Unfit("a header that is no JSON") from None
    if not isinstance(head, dict):
        raise Unfit("a header of another form")
    said = head.pop("__metadata__", {})
    if not isinstance(said, dict) or not all(isinstance(one, str) for one in said.values()):
        raise Unfit("words of another form")
    _look(" ".join(str(one) for pair in said.items() for one in pair), set())
    places = sorted(_tensor(one) for one in head.values())
    end = 0
    for begin, after in places:
        if begin != end:
            raise Unfit("a gap or an overlap")
        end = after
    if end != len(content) - 8 - length:
        raise Unfit("bytes that belong to no tensor")
    return {"tensors": len(places)}, sorted(str(one) for one in head)


def _tensor(one: Any) -> tuple[int, int]:
    fits = (
        isinstance(one, dict)
        and set(one) == {"dtype", "shape", "data_offsets"}
        and one["dtype"] in _TYPES
        and _whole(one["shape"])
        and _whole(one["data_offsets"])
        and len(one["data_offsets"]) == 2
    )
    if not fits:
        raise Unfit("a tensor of another form")
    size = _TYPES[one["dtype"]]
    for side in one["shape"]:
        size *= side
    begin, after = one["data_offsets"]
    if after - begin != size:
        raise Unfit("a tensor of another size")
    return begin, after


def _whole(found: Any) -> bool:
    return (
        isinstance(found, list)
        and len(found) <= 32
        and all(type(one) is int and 0 <= one < 1 << 48 for one in found)
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice")
    return found


def _wheel(content: bytes) -> _Found:
    """A Python package: every file plain, and as its own record says."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [one for one in archive.infolist() if not one.is_dir()]
            if sum(one.file_size for one in entries) > MOST_UNPACKED or len(entries) > 50_000:
                raise TooMuch("too much inside")
            for one in entries:
                parts = one.filename.split("/")
                link = (one.external_attr >> 16) & 0o170000 == 0o120000
                if link or one.filename.startswith("/") or {"", ".", ".."} & set(parts):
                    raise Unfit("a file that is not plain")
            names = [one.filename for one in entries]
            records = [one for one in names if re.fullmatch(r"[^/]+\.dist-info/RECORD", one)]
            if len(records) != 1 or len(set(names)) != len(names):
                raise Unfit("not a package")
            _check_record(archive, names, records[0])
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError):
        raise Unfit("not a package") from None
    return {"files": len(names)}, sorted(names)


def _check_record(archive: zipfile.ZipFile, names: list[str], record: str) -> None:
    rows = list(csv.reader(io.StringIO(archive.read(record).decode("utf-8"))))
    said = {row[0]: row[1] for row in rows if len(row) == 3}
    if set(said) != set(names):
        raise Unfit("files that its record does not know")
    for name in names:
        if name == record:
            continue
        found = urlsafe_b64encode(hashlib.sha256(archive.read(name)).digest()).rstrip(b"=")
        if said[name] != f"sha256={found.decode()}":
            raise Unfit("a file that its record does not know")


def _named_columns(names: list[str]) -> None:
    if not names or len(names) > MOST_COLUMNS or len(set(names)) != len(names):
        raise Unfit("columns without names of their own")
    for name in names:
        if not name.strip() or re.sub(r"[^a-z]", "", name.casefold()) == "nhsnumber":
            raise Unfit("a column that may not come in")


def _look(text: str, numbers: set[str]) -> None:
    """Refuse a file with NHS numbers in it: people's data come in by the catalogue only."""
    for first, second, third in _TEN.findall(text):
        digits = first + second + third
        total = sum(int(d) * w for d, w in zip(digits, range(10, 1, -1), strict=False))
        check = (11 - total % 11) % 11
        if check != 10 and check == int(digits[9]) and len(set(digits)) > 1:
            numbers.add(digits)
    if len(numbers) > MOST_NUMBERS:
        raise Unfit("what looks like NHS numbers")
