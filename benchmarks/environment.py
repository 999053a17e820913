"""The environment of the tools that benchmarks are compared with: `.venv-peers`."""

from __future__ import annotations

import sys
from pathlib import Path

import dev
from tools.side import side_environment

NEWEST = (3, 12)
"""The newest Python that the lock covers: their numpy has no wheels for a newer one."""


def peers_python() -> Path:
    """The Python that has the peers. Raises `dev.SetupError` where it cannot be made."""
    if sys.version_info[:2] > NEWEST:
        newest = ".".join(str(part) for part in NEWEST)
        raise dev.SetupError(f"The tools to compare with need Python {newest} at most.", 2)
    return side_environment("peers", "the tools to compare with")
