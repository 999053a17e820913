"""The peak memory of a process of a benchmark."""

from __future__ import annotations

from pathlib import Path


def peak_mb() -> float:
    """The process's own high-water mark in MB (getrusage would count the parent's as well)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the kernel does not tell the peak memory")
