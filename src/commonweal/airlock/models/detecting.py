"""What a model's file is, by its first bytes and never by its name.

A pickle is a program that runs when it is opened. joblib and PyTorch's own files are pickles, or
archives of them; none is opened here, and none leaves.
"""

from __future__ import annotations

from typing import Literal

Kind = Literal["onnx", "safetensors", "coefficients"]
_REFUSED = {
    b"PK\x03\x04": "zip", b"PK\x05\x06": "zip", b"\x89HDF": "hdf5", b"\x93NUMPY": "numpy",
    b"GGUF": "gguf", b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd":
    "zstd", b"ZF": "joblib", b"\x7fELF": "program", b"MZ": "program", b"#!": "program",
}  # fmt: skip


def kind_of(content: bytes) -> Kind | None:
    """The kind that a file can be read as; None where it is none that leaves."""
    if any(content.startswith(start) for start in _REFUSED) or _is_pickle(content):
        return None
    length = int.from_bytes(content[:8], "little")
    if len(content) > 10 and content[8:9] == b"{" and 2 <= length <= len(content) - 8:
        return "safetensors"
    if content[:64].lstrip(b" \t\r\n").startswith(b"{"):
        return "coefficients"
    # A message whose first field is one of a model's: ONNX has no mark of its own.
    if content and content[0] & 7 in (0, 2) and content[0] >> 3 in (1, 2, 3, 4, 5, 6, 7, 8, 14):
        return "onnx"
    return None


def _is_pickle(content: bytes) -> bool:
    # Protocol 2 and later say so; before, all end in "." and begin with one of few words.
    if content[:1] == b"\x80" and content[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return True
    return content.endswith(b".") and content[:1] in (b"(", b"c", b"]", b"}", b"I", b"S", b"V")
