"""Audit ids of many people: read, checked, and found again in another output's.

An audit id is 16 bytes, the same for one person in all outputs (S3). Outputs keep them once, in
ascending order, so that two lists are compared as sorted arrays and not joined row by row (ADR 14).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

ID_BYTES = 16

Ids = npt.NDArray[np.bytes_]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class People:
    """The people behind an output. `key`: the hash of their file, equal for equal lists."""

    key: str
    ids: Ids

    def __len__(self) -> int:
        return len(self.ids)


def ids_of(column: pa.ChunkedArray) -> Ids | None:
    """The ids of a binary column; None where one is missing or has not 16 bytes."""
    if column.null_count:
        return None
    whole = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    wide = whole.cast(pa.large_binary())
    _, offsets, data = wide.buffers()
    ends = np.frombuffer(offsets, np.int64)[wide.offset : wide.offset + len(wide) + 1]
    if len(wide) and np.any(np.diff(ends) != ID_BYTES):
        return None
    if not len(wide):
        return np.empty(0, f"S{ID_BYTES}")
    return np.frombuffer(data, f"S{ID_BYTES}", len(wide), int(ends[0]))


def ascending(ids: Ids) -> bool:
    """Whether ids are in order, each once."""
    return bool(np.all(ids[1:] > ids[:-1]))


def places_in(ids: Ids, wanted: Ids) -> Places:
    """The place in `ids` of each of `wanted`, -1 where it is not there. Both are ascending."""
    if len(ids) == 0:
        return np.full(len(wanted), -1, np.int64)
    place = np.searchsorted(ids, wanted)
    place = np.minimum(place, len(ids) - 1)
    return np.where(ids[place] == wanted, place, -1)
