"""What is said of a model's file: a description of bounded size, and its numbers beside it.

`answer.json` and `values.bin` (little-endian float64, one array after the other). The airlock does
not read the file itself; it reads these two, and believes them only in this form.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

MOST_ARRAYS = 20_000
MOST_TEXTS = 2_000
LONGEST_TEXT = 400
LONGEST_NAME = 120
_NUMBER = re.compile(
    r"[-+]?(?:[0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})(?:[eE][-+]?[0-9]{1,2})?"
)
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:/\-]{0,63}", re.ASCII)

# Long runs of digits and letters to f could be somebody's code.
_CODED = re.compile(r"[0-9a-fA-F]{12}|[0-9]{9}", re.ASCII)


class TooLarge(Exception):
    """More than the answer has room for."""


class Answer:
    """Collects what is found. `faults`: names of findings without a number (`external`, ...)."""

    def __init__(self, kind: str, most_values: int) -> None:
        self.kind = kind
        self.faults: set[str] = set()
        self.more: dict[str, Any] = {}
        self._most = most_values
        self._values: list[npt.NDArray[np.float64]] = []
        self._count = 0
        self._arrays: list[dict[str, Any]] = []
        self._texts: list[dict[str, Any]] = []
        self._seen: set[tuple[str, str]] = set()

    def array(self, name: str, where: str, values: npt.NDArray[Any], shape: tuple[int, ...],
              node: int = -1, op: str = "") -> None:  # fmt: skip
        """One array of numbers. Its bits are looked at as other numbers too where it is whole."""
        if values.dtype.kind in "iub" and values.dtype.itemsize in (4, 8) and len(values) >= 2:
            for size in (4, 8):
                raw = values.tobytes()
                other = np.frombuffer(raw[: len(raw) // size * size], f"<f{size}")
                # Small whole numbers read as fractions are next to nothing: no row is there.
                sizes = np.abs(other[np.isfinite(other)])
                if ((sizes > 1e-6) & (sizes < 1e12)).any():
                    self._keep(name, "bits", other, (len(other),), node, op)
        self._keep(name, where, values, shape, node, op)

    def _keep(self, name: str, where: str, values: npt.NDArray[Any], shape: tuple[int, ...],
              node: int, op: str) -> None:  # fmt: skip
        self._count += len(values)
        if self._count > self._most or len(self._arrays) >= MOST_ARRAYS:
            raise TooLarge
        with np.errstate(all="ignore"):
            self._values.append(np.asarray(values, np.float64))
        self._arrays.append({
            "name": name[:LONGEST_NAME], "where": where, "shape": list(shape[:8]),
            "count": len(values), "node": node, "op": op[:LONGEST_NAME],
        })  # fmt: skip

    def text(self, where: str, found: bytes, *, free: bool) -> None:
        """A text of the file; its numbers are kept as an array. `free`: no reader needs it."""
        said = found.decode("utf-8", "backslashreplace")
        if not said or (where, said) in self._seen:
            return
        self._seen.add((where, said))
        spoken = [float(one) for one in _NUMBER.findall(said[:1_000_000])]
        kept = [one for one in spoken if math.isfinite(one)]
        if len(kept) >= 2:
            self._keep(where, "text", np.array(kept), (len(kept),), -1, "")
        if where == "name" and _PLAIN_NAME.fullmatch(said) and not _CODED.search(said):
            return
        if len(self._texts) >= MOST_TEXTS:
            raise TooLarge
        self._texts.append(
            {"where": where, "text": said[:LONGEST_TEXT], "size": len(found), "free": free}
        )

    def plain(self) -> dict[str, Any]:
        """The description as JSON values."""
        return {
            "kind": self.kind,
            "faults": sorted(self.faults),
            "arrays": self._arrays,
            "texts": self._texts,
            **self.more,
        }

    def write(self, folder: Path) -> None:
        """Leave both files in `folder`."""
        with (folder / "values.bin").open("wb") as stream:
            for one in self._values:
                stream.write(one.astype("<f8").tobytes())
        (folder / "answer.json").write_text(json.dumps(self.plain()), "utf-8")
