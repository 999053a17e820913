"""Tests do not wait for the disk: they ask what a kill does, and no power is cut here.

A home alone asks 113 times that something be on the disk, half a second to two in which nothing is
done. What has been written is there for every other process without it. Tests that count or fail
these calls put a function of their own in this place. SQLite still waits, and so do services,
workers and commands with an interpreter of their own. With `dev.py test --all` tests wait as well.

`python -m tests.disk MODULE ...` runs a module that only prepares a home for tests.
"""

from __future__ import annotations

import os
import runpy
import sys


def wait_for_none() -> None:
    """Let `os.fsync` of this process look at the descriptor, and no more."""
    os.fsync = _looked_at


def _looked_at(descriptor: int, /) -> None:
    os.fstat(descriptor)  # raises for one that is closed, as fsync does


if __name__ == "__main__":
    wait_for_none()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
