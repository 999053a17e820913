"""The tables of an attack as texts: who the attacker knows, whose record is whose, and a file.

Nothing here repeats a value: faults name files, columns and counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from commonweal.foundation.errors import Fault, WrongUsage
from commonweal.vault.risk.anonymise.intake import Intake
from commonweal.vault.risk.coding import Ints
from commonweal.vault.risk.intruder.puzzle import NOBODY

MOST_ROWS = 5_000_000
_TRUTH = "file of the truth"
_HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
_PARQUET = frozenset({".parquet", ".pq"})


def columns_of(path: Path, what: str) -> tuple[str, ...]:
    """The names of the columns of a CSV or Parquet file."""
    with Intake(_one_file(path, what), what) as opened:
        return opened.columns


def texts(path: Path, wanted: Callable[[Sequence[str]], Sequence[str]], what: str) -> pa.Table:
    """Columns of a CSV or Parquet file as texts; empty texts are missing.

    `wanted`: which of the columns that are there are to be read.
    Raises `WrongUsage` CW-ATTACK-INPUT for an absent column, an empty or an enormous table, and
    the faults of the file.
    """
    with Intake(_one_file(path, what), what) as opened:
        names = list(dict.fromkeys(wanted(opened.columns)))
        absent = [name for name in names if name not in opened.columns]
        if absent:
            raise unfit(f"The {what} {path.name} has no column {absent[0]}.")
        read = opened.read(names, ())
    if not read.num_rows:
        raise unfit(f"The {what} {path.name} has no rows.")
    if read.num_rows > MOST_ROWS:
        raise unfit(f"The {what} {path.name} has more than {MOST_ROWS:,} rows.")
    return read.select(names)


def released_file(path: Path, record: str, wanted: Sequence[str]) -> pa.Table:
    """Columns of the file that is attacked: texts of a CSV file, typed columns of a Parquet file.

    `record` as text; 16-byte codes as 32 hexadecimal digits.
    """
    if path.suffix.lower() not in _PARQUET:
        return texts(path, lambda _: [record, *wanted], "file to be attacked")
    names = list(dict.fromkeys([record, *wanted]))
    try:
        absent = [name for name in names if name not in pq.read_schema(path).names]
        read = None if absent else pq.read_table(path, columns=names)
    except (pa.ArrowException, OSError):
        raise Fault("CW-ATTACK-INPUT", f"{path.name} cannot be read as a Parquet file.") from None
    if read is None:
        raise unfit(f"The file to be attacked {path.name} has no column {absent[0]}.")
    if not read.num_rows:
        raise unfit(f"The file to be attacked {path.name} has no rows.")
    return read.set_column(read.column_names.index(record), record, as_keys(read[record]))


def _one_file(path: Path, what: str) -> Path:
    if path.is_dir():
        raise unfit(f"{path.name or path} is a folder; the {what} is one file.")
    return path


def unfit(sentence: str) -> WrongUsage:
    """What was named cannot be used."""
    return WrongUsage("CW-ATTACK-INPUT", sentence)


def as_keys(column: pa.ChunkedArray) -> pa.Array:
    """Keys of records as texts: codes as hexadecimal digits."""
    whole = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    if pa.types.is_dictionary(whole.type):
        whole = whole.dictionary_decode()
    binary = pa.types.is_binary(whole.type) or pa.types.is_fixed_size_binary(whole.type)
    if not binary and not pa.types.is_large_binary(whole.type):
        return whole.cast(pa.string())
    widths = pc.unique(pc.binary_length(whole.cast(pa.binary())))
    if whole.null_count or len(widths) != 1:
        raise unfit("The keys of the records are bytes of different lengths, or missing.")
    width = widths[0].as_py()
    fixed = whole.cast(pa.binary(width))
    raw = np.frombuffer(fixed.buffers()[1], np.uint8, len(fixed) * width, fixed.offset * width)
    digits = _HEX[np.stack([raw >> 4, raw & 15], axis=1).reshape(-1)]
    ends = pa.array(np.arange(len(fixed) + 1, dtype=np.int32) * 2 * width)
    return pa.StringArray.from_buffers(len(fixed), ends.buffers()[1], pa.py_buffer(digits))


# --- whose record is whose ----------------------------------------------------------------
@dataclass(frozen=True)
class Truth:
    """Of each person of the identified table, the record, or `NOBODY`. People by their place."""

    people: pa.Array
    owners: Ints
    records: pa.Array
    of_person: Ints
    of_row: Ints


def match_truth(
    identified: pa.Table,
    person: str,
    truth: Path,
    released: pa.Array,
    code_of: Callable[[pa.Array], pa.Array],
) -> Truth:
    """Whose record is whose. `released`: the key of the record of each row of the release.

    The truth names records by their keys (`record`), or people by their keys in the source
    (`source_key`), of which `code_of` makes records: then whoever has none is not in the release.
    Raises `Fault` CW-ATTACK-TRUTH where the file has no keys, names anybody twice, or names
    somebody or a record that the tables do not have.
    """
    read = texts(truth, _of_truth, _TRUTH)
    other = read.column_names[1]
    by_source = other == "source_key"
    if read["person"].null_count or read[other].null_count:
        raise _untrue(truth, f"nobody, or no record, in {_missing(read, other):,} of its rows")
    for name, what in (("person", "people"), (other, "records")):
        twice = read.num_rows - len(pc.unique(read[name]))
        if twice:
            raise _untrue(truth, f"{twice:,} of its {what} more than once; each has one row")
    if identified[person].null_count:
        raise unfit(f"{identified[person].null_count:,} row(s) of what is known are of nobody.")
    people, records = pc.unique(identified[person]), pc.unique(released)
    who = _places(read["person"], people)
    named = code_of(pa.concat_arrays(read[other].chunks)) if by_source else read[other]
    which = _places(named, records)
    _require_there(truth, who, "people who are not in what is known")
    if by_source:
        if len(np.unique(which[which != NOBODY])) != int((which != NOBODY).sum()):
            raise _untrue(truth, "a record more than once; each has one row")
    else:
        _require_there(truth, which, "records that are not in the release")
    of_person = np.full(len(people), NOBODY, dtype=np.int64)
    of_person[who] = which
    owners, of_row = _places(identified[person], people), _places(released, records)
    return Truth(people, owners, records, of_person, of_row)


def _of_truth(columns: Sequence[str]) -> Sequence[str]:
    return ("person", "source_key" if "source_key" in columns else "record")


def _require_there(path: Path, found: Ints, what: str) -> None:
    if (found == NOBODY).any():
        raise _untrue(path, f"{int((found == NOBODY).sum()):,} {what}")


def _missing(read: pa.Table, other: str) -> int:
    blank = pc.or_(read["person"].is_null(), read[other].is_null())
    return int(pc.sum(blank).as_py())


def _places(column: pa.Array | pa.ChunkedArray, among: pa.Array) -> Ints:
    found = pc.fill_null(pc.index_in(column, value_set=among), NOBODY)
    return np.asarray(found.to_numpy(), dtype=np.int64)


def _untrue(path: Path, why: str) -> Fault:
    return Fault("CW-ATTACK-TRUTH", f"The file of the truth {path.name} names {why}.")
