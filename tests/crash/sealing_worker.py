"""Seals an older home in a process that dies: run by `test_sealing_crash.py`, never by pytest.

It forks for each line `AT STOP` on its standard input. The child seals what is in the clear, and
kills itself before file or ledger operation STOP (0: never). One line comes back: how it ended, and
how many operations it did.
"""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path

from commonweal.airlock.leaving.sealing import seal_store
from commonweal.foundation.clock import FixedClock
from tests.crash.release_worker import Counter, die
from tests.output_house import OutputHouse


def child(report: int, stop: int, base: Path, at: str) -> None:
    counter = Counter(stop, die)
    counter.watch(setattr)
    code = 1
    try:
        house = OutputHouse(base, FixedClock(datetime.fromisoformat(at)))
        seal_store(house.store, house.ground)
        house.close()
        code = 0
    finally:
        os.write(report, f"{counter.count}".encode())
        os._exit(code)


def main() -> None:
    base = Path(sys.argv[1])
    for line in sys.stdin:
        at, stop = line.split()
        read_end, write_end = os.pipe()
        pid = os.fork()
        if not pid:
            child(write_end, int(stop), base, at)
        os.close(write_end)
        _, status = os.waitpid(pid, 0)
        done = os.read(read_end, 20).decode() or "0"
        os.close(read_end)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)} {done}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
