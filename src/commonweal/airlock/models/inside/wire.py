"""Protocol Buffers read strictly: whatever is not in the schema, or in another spelling, is told.

The usual libraries keep fields that they do not know and merge what comes twice, so a file can hold
a patient's row where no reader of models shows it. Here every byte of a file is either a value of a
known field or a fault.

Source: the wire format of Protocol Buffers (varint, 64 bit, length-delimited, 32 bit).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

DEEPEST = 24
"""Messages in messages: a graph in an attribute in a node in a graph costs four."""
MOST_FIELDS = 6_000_000
_SCALARS = frozenset({"int", "float", "double", "bytes", "text"})
_WIRE = {"int": 0, "double": 1, "float": 5}

Schema = dict[str, dict[int, tuple[str, str, bool]]]
"""Message -> number of a field -> (name, kind, whether it is repeated)."""
Tree = dict[str, Any]


class WireError(Exception):
    """Bytes that are no message of the schema. `parse_kind` as in `sandbox.parsing`."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


class Reader:
    """Reads one file. `hidden`: how often something stood there that no reader shows."""

    def __init__(self, schema: Schema, content: bytes) -> None:
        self._schema = schema
        self._content = content
        self._fields = 0
        self.hidden = 0

    def message(self, kind: str) -> Tree:
        """The whole file as a message of this kind. Raises `WireError`."""
        return self._message(kind, 0, len(self._content), 0)

    def _message(self, kind: str, at: int, end: int, depth: int) -> Tree:
        if depth > DEEPEST:
            raise WireError("deep")
        known = self._schema[kind]
        made: Tree = {}
        while at < end:
            self._fields += 1
            if self._fields > MOST_FIELDS:
                raise WireError("large")
            tag, start = self._varint(at, end)
            number, wire = tag >> 3, tag & 7
            field = known.get(number)
            if field is None:
                self.hidden += 1
                at = self._skip(start, end, wire)
                continue
            at = self._field(made, field, wire, (at, start, end), depth)
        return made

    def _field(self, made: Tree, field: tuple[str, str, bool], wire: int,
               place: tuple[int, int, int], depth: int) -> int:  # fmt: skip
        name, kind, repeated = field
        at, start, end = place
        if repeated and kind == "float" and wire == 5 and start - at == 1:
            values, after = self._run_of_floats(at, end)
            made.setdefault(name, []).append(values)
            return after
        if repeated and wire == 2 and kind in _WIRE:
            inner, after = self._bytes(start, end)
            made.setdefault(name, []).append(self._packed(kind, inner))
            return after
        value, after = self._value(kind, wire, start, end, depth)
        if repeated:
            made.setdefault(name, []).append(value)
        else:
            # A reader takes the last, or merges: the first is seen by nobody.
            self.hidden += name in made
            made[name] = value
        return after

    def _value(self, kind: str, wire: int, at: int, end: int, depth: int) -> tuple[Any, int]:
        if wire != _WIRE.get(kind, 2):
            raise WireError("form")
        if kind == "int":
            value, after = self._varint(at, end)
            return (value - (1 << 64) if value >= 1 << 63 else value), after
        if kind in ("float", "double"):
            size = 4 if kind == "float" else 8
            if at + size > end:
                raise WireError("short")
            return float(np.frombuffer(self._content, f"<f{size}", 1, at)[0]), at + size
        size, start = self._varint(at, end)
        if size > end - start:
            raise WireError("short")
        if kind in _SCALARS:
            return self._content[start : start + size], start + size
        return self._message(kind, start, start + size, depth + 1), start + size

    def _bytes(self, at: int, end: int) -> tuple[bytes, int]:
        size, start = self._varint(at, end)
        if size > end - start:
            raise WireError("short")
        return self._content[start : start + size], start + size

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        value = shift = 0
        while True:
            if at >= end or shift > 63:
                raise WireError("short")
            byte = self._content[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
        # A number in more bytes than it needs hides bits in them.
        self.hidden += byte == 0 and shift > 0
        return value & ((1 << 64) - 1), at

    def _skip(self, at: int, end: int, wire: int) -> int:
        if wire == 0:
            return self._varint(at, end)[1]
        if wire == 2:
            return self._bytes(at, end)[1]
        if wire not in (1, 5):
            raise WireError("form")
        after = at + (8 if wire == 1 else 4)
        if after > end:
            raise WireError("short")
        return after

    def _run_of_floats(self, at: int, end: int) -> tuple[npt.NDArray[np.float32], int]:
        """Floats of one field that follow each other, each with its tag of one byte."""
        count = (end - at) // 5
        if count == 0:
            raise WireError("short")
        records = np.frombuffer(self._content, np.uint8, count * 5, at).reshape(count, 5)
        other = np.flatnonzero(records[:, 0] != records[0, 0])
        run = int(other[0]) if len(other) else count
        values = np.ascontiguousarray(records[:run, 1:]).view("<f4").ravel()
        return values, at + run * 5

    def _packed(self, kind: str, inner: bytes) -> npt.NDArray[Any]:
        if kind != "int":
            size = 4 if kind == "float" else 8
            if len(inner) % size:
                raise WireError("short")
            return np.frombuffer(inner, f"<f{size}")
        data = np.frombuffer(inner, np.uint8)
        ends = np.flatnonzero(data < 0x80)
        if len(data) == 0:
            return np.empty(0, np.int64)
        if len(ends) == 0 or ends[-1] != len(data) - 1:
            raise WireError("short")
        starts = np.concatenate(([0], ends[:-1] + 1))
        lengths = ends - starts + 1
        if lengths.max() > 10:
            raise WireError("short")
        self.hidden += int(((data[ends] == 0) & (lengths > 1)).sum())
        place = (np.arange(len(data)) - np.repeat(starts, lengths)).astype(np.uint64)
        parts = (data & 0x7F).astype(np.uint64) << (np.uint64(7) * place)
        return np.add.reduceat(parts, starts).view(np.int64)


def numbers(found: list[Any] | None, dtype: Any) -> npt.NDArray[Any]:
    """A repeated field of numbers as one array, whichever way its parts were written."""
    if not found:
        return np.empty(0, dtype)
    if not any(isinstance(one, np.ndarray) for one in found):
        return np.asarray(found, dtype)
    return np.concatenate([np.atleast_1d(np.asarray(one, dtype)) for one in found])
