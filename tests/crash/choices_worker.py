"""Records a choice in a process that dies: run by `test_choices_crash.py`, never by pytest.

It forks for each line `HOME STORE AT STOP` on its standard input. The child records one choice and
kills itself before file or ledger operation STOP (0: never). One line comes back: how it ended, and
how many operations it did.
"""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path

from commonweal.foundation.clock import FixedClock
from commonweal.vault.choices.journal import record
from commonweal.vault.custody import open_custody
from tests.crash.release_worker import Counter, die
from tests.unit.choices.said import said


def child(report: int, stop: int, home: Path, store: Path, at: str) -> None:
    code = 1
    counter = Counter(stop, die)
    try:
        clock = FixedClock(datetime.fromisoformat(at))
        with open_custody(home, clock, root_store=store) as custody:
            counter.watch(setattr)
            record(custody, said(clock.now(), "9434765919", id="b" * 16))
            code = 0
    finally:
        os.write(report, f"{counter.count}".encode())
        os._exit(code)


def main() -> None:
    for line in sys.stdin:
        home, store, at, stop = line.split()
        read_end, write_end = os.pipe()
        pid = os.fork()
        if not pid:
            child(write_end, int(stop), Path(home), Path(store), at)
        os.close(write_end)
        _, status = os.waitpid(pid, 0)
        done = os.read(read_end, 20).decode() or "0"
        os.close(read_end)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)} {done}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
