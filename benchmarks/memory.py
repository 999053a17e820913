"""The memory of processes of a benchmark, and what they write while they run.

`peak_mb` is asked inside a process, of itself. `watched` starts one, in a process of its own, and
looks at it and all that it starts from outside, some times a second.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_EVERY = 0.2
_PAGE = os.sysconf("SC_PAGE_SIZE")
_SPILL = "spill-"
_LOOKED_AT = 4 * 1024 * 1024


def peak_mb() -> float:
    """The process's own high-water mark in MB (getrusage would count the parent's as well)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the kernel does not tell the peak memory")


@dataclass
class Watched:
    """What a process answered (one JSON document) and what was seen of it from outside.

    `samples`: (seconds on the clock of `time.perf_counter`, which processes share; bytes of memory
    of the whole process tree; bytes of its spill files). `randomness`: the least entropy seen in a
    large piece of a spill file, in bits a byte (8 is what encryption gives); None where there was
    none.
    """

    answer: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    samples: list[tuple[float, int, int]] = field(default_factory=list)
    randomness: float | None = None

    @property
    def peak_mb(self) -> float:
        """The most memory that was seen, or that the process says it had, in MB."""
        seen = max((memory for _, memory, _ in self.samples), default=0) / 2**20
        return max(seen, float(self.answer.get("peak_mb", 0.0)))

    @property
    def spill_mb(self) -> float:
        """The most that lay in spill files, in MB."""
        return max((spill for _, _, spill in self.samples), default=0) / 2**20

    def between(self, start: float, end: float) -> tuple[float, float]:
        """(peak memory, peak spill) in MB of the samples from `start` to `end`."""
        some = [one for one in self.samples if start <= one[0] <= end]
        memory = max((one[1] for one in some), default=0) / 2**20
        return memory, max((one[2] for one in some), default=0) / 2**20


def watched(
    command: Sequence[str],
    *,
    spills_below: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Watched:
    """Run `command`, which prints one JSON document last, and watch it.

    Raises RuntimeError with the end of what it said where it fails.
    """
    found = Watched()
    began = time.perf_counter()
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **(env or {})},
    )  # fmt: skip
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(found, child.pid, spills_below, done))
    watcher.start()
    try:
        out, err = child.communicate()
    except BaseException:
        child.kill()
        child.wait()
        raise
    finally:
        done.set()
        watcher.join()
    found.seconds = time.perf_counter() - began
    if child.returncode:
        said = "\n".join(err.strip().splitlines()[-8:])
        raise RuntimeError(f"{' '.join(command[1:4])} ended with {child.returncode}:\n{said}")
    found.answer = dict(json.loads(out.strip().splitlines()[-1]))
    return found


def _watch(found: Watched, pid: int, below: Path | None, done: threading.Event) -> None:
    while not done.wait(_EVERY):
        spill = 0
        for file in _spill_files(below):
            with contextlib.suppress(OSError):
                spill += file.stat().st_blocks * 512
        if spill > _LOOKED_AT and (found.randomness is None or len(found.samples) % 100 == 0):
            _look(found, below)
        found.samples.append((time.perf_counter(), tree_bytes(pid), spill))


def tree_bytes(pid: int) -> int:
    """Resident memory of a process and all its descendants, in bytes."""
    total, waiting = 0, [pid]
    while waiting:
        one = waiting.pop()
        folder = Path("/proc") / str(one)
        with contextlib.suppress(OSError, ValueError, IndexError):
            total += int((folder / "statm").read_text().split()[1]) * _PAGE
            for task in (folder / "task").iterdir():
                waiting += [int(child) for child in (task / "children").read_text().split()]
    return total


def _spill_files(below: Path | None) -> list[Path]:
    if below is None or not below.is_dir():
        return []
    found = []
    with contextlib.suppress(OSError):
        found = [file for file in below.rglob(f"{_SPILL}*/*") if file.is_file()]
    return found


def _look(found: Watched, below: Path | None) -> None:
    """How random the middle of the largest spill file is."""
    with contextlib.suppress(OSError, ValueError):
        largest = max(_spill_files(below), key=lambda file: file.stat().st_size)
        size = largest.stat().st_size
        with largest.open("rb") as stream:
            stream.seek(max(0, size // 2 - _LOOKED_AT // 2))
            piece = stream.read(_LOOKED_AT)
        # A sparse file has holes; only a piece that was written says anything.
        if len(piece) > _LOOKED_AT // 4 and piece.count(b"\0") < len(piece) // 16:
            bits = entropy(piece)
            found.randomness = bits if found.randomness is None else min(found.randomness, bits)


def entropy(piece: bytes) -> float:
    """Entropy of the bytes of `piece`, in bits a byte."""
    shares = [count / len(piece) for count in Counter(piece).values()]
    return -sum(share * math.log2(share) for share in shares)
