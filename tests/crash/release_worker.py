"""Builds in a process that dies: run by `test_release_crash.py`, never by pytest.

It imports everything once, then forks for each line `N SECONDS` on its standard input. The child
builds; it kills itself before file or ledger operation N (0: never), and is killed from outside
after SECONDS (0: never). One line comes back: how the child ended, and how many operations it did.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from commonweal.foundation.clock import FixedClock
from commonweal.vault.custody import open_custody
from commonweal.vault.release.build import build_release

OPERATIONS = ("fsync", "link", "mkdir", "rename", "replace", "unlink", "rmdir")


class Counter:
    """Counts operations on files and commits of the ledger; acts before number `stop`."""

    def __init__(self, stop: int, act: Callable[[], None]) -> None:
        self.stop, self.act, self.count = stop, act, 0

    def step(self) -> None:
        self.count += 1
        if self.count == self.stop:
            self.act()

    def around(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            self.step()
            return real(*args, **kwargs)

        return counted

    def watch(self, put: Callable[[Any, str, Any], None]) -> None:
        """Put the counting functions in place with `put(owner, name, function)`."""
        from commonweal.ledger import store

        for name in OPERATIONS:
            put(os, name, self.around(getattr(os, name)))
        put(store, "_immediate", self.around(store._immediate))


def build(base: Path, permit: str, at: str) -> None:
    clock = FixedClock(datetime.fromisoformat(at))
    with open_custody(base / "home", clock, root_store=base / "root") as custody:
        build_release(custody, base / permit, base / "catalogue.json", base / "choices")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def child(report: int, stop: int, *arguments: Any) -> None:
    counter = Counter(stop, die)
    counter.watch(setattr)
    code = 1
    try:
        build(*arguments)
        code = 0
    finally:
        os.write(report, f"{counter.count}".encode())
        os._exit(code)


def main() -> None:
    base = Path(sys.argv[1])
    assert sqlite3.sqlite_version
    for line in sys.stdin:
        permit, at, stop, seconds = line.split()
        read_end, write_end = os.pipe()
        pid = os.fork()
        if not pid:
            child(write_end, int(stop), base, permit, at)
        os.close(write_end)
        timer = threading.Timer(float(seconds), os.kill, (pid, signal.SIGKILL))
        if float(seconds):
            timer.start()
        _, status = os.waitpid(pid, 0)
        timer.cancel()
        done = os.read(read_end, 20).decode() or "0"
        os.close(read_end)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)} {done}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
