"""safetensors: a header in JSON, then arrays one after the other, every byte accounted for.

Source: the format's own description: 8 bytes of the header's length (little-endian), the header,
the arrays without gaps.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from commonweal.airlock.models.inside.answer import Answer
from commonweal.airlock.models.inside.wire import WireError

LONGEST_HEADER = 4 << 20
TYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?",
}  # fmt: skip


def describe(content: bytes, most_values: int) -> Answer:
    """All that the file holds. Raises `WireError` and `TooLarge`."""
    length = int.from_bytes(content[:8], "little")
    if len(content) < 10 or not 2 <= length <= min(LONGEST_HEADER, len(content) - 8):
        raise WireError("short")
    answer = Answer("safetensors", most_values)
    header = _header(content[8 : 8 + length], answer)
    body = content[8 + length :]
    for key, value in header.pop("__metadata__", {}).items():
        # Every reader knows this one: which library wrote the file.
        if (key, value) not in {("format", "pt"), ("format", "np"), ("format", "tf")}:
            answer.text("metadata", str(key).encode(), free=True)
            answer.text("metadata", str(value).encode(), free=True)
    at = 0
    for name, told in sorted(header.items(), key=lambda one: _start(one[1])):
        at = _array(answer, name, told, body, at)
    if at != len(body):
        answer.faults.add("hidden")
    answer.more = {"opsets": {}, "operators": {}, "inputs": [], "outputs": []}
    return answer


def _header(text: bytes, answer: Answer) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({key for key, _ in pairs}) != len(pairs):
            answer.faults.add("hidden")
        return dict(pairs)

    try:
        header = json.loads(text.decode("utf-8"), object_pairs_hook=once)
    except (ValueError, RecursionError):
        raise WireError("form") from None
    if not isinstance(header, dict) or not isinstance(header.get("__metadata__", {}), dict):
        raise WireError("form")
    # Blanks fill the header up to eight bytes; more of them, or others, could be a message.
    if len(text) - len(text.rstrip(b" ")) > 7 or b"\t" in text or b"\n" in text or b"\r" in text:
        answer.faults.add("hidden")
    return header


def _start(told: Any) -> int:
    if (
        not isinstance(told, dict)
        or set(told) != {"dtype", "shape", "data_offsets"}
        or not isinstance(told["shape"], list)
        or not isinstance(told["data_offsets"], list)
        or len(told["data_offsets"]) != 2
        or not all(type(one) is int and one >= 0 for one in told["shape"] + told["data_offsets"])
    ):
        raise WireError("form")
    return int(told["data_offsets"][0])


def _array(answer: Answer, name: str, told: dict[str, Any], body: bytes, at: int) -> int:
    start, end = told["data_offsets"]
    element = TYPES.get(told["dtype"]) if isinstance(told["dtype"], str) else None
    if start < at or end < start or end > len(body):
        raise WireError("short")
    if start > at:
        answer.faults.add("hidden")
    answer.text("name", str(name).encode(), free=False)
    shape = tuple(told["shape"])
    if element is None:
        answer.faults.add("operator")
        answer.array(name, "tensor", np.frombuffer(body[start:end], np.uint8), (end - start,))
        return int(end)
    size = np.dtype(element).itemsize
    if (end - start) != math.prod(shape) * size:
        raise WireError("short")
    answer.array(name, "tensor", np.frombuffer(body[start:end], element), shape)
    return int(end)
