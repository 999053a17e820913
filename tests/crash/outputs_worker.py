"""Takes an output all the way in a process that dies: run by `test_outputs_crash.py`.

It forks for each line `OUTPUT AT STOP SECONDS` on its standard input. The child goes on from where
the output stands; it kills itself before file or ledger operation STOP (0: never), and is killed
from outside after SECONDS (0: never). One line comes back: how it ended, and how many operations.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from datetime import datetime
from pathlib import Path

from commonweal.foundation.clock import FixedClock
from tests.crash.release_worker import Counter, die
from tests.output_house import OutputHouse


def go_on(house: OutputHouse, output: str) -> None:
    """Whatever is missing until the output has left, given once and recalled."""
    house.store.make()
    house.resume()
    if not house.store.turns(output):
        house.submitted(output)
    for who in ("ada", "ben"):
        known = house.ground.records(output).acts.values()
        if not any(one.actor == who for one in known):
            house.vote(who, output)
    house.release(output)


def child(report: int, stop: int, base: Path, output: str, at: str) -> None:
    counter = Counter(stop, die)
    counter.watch(setattr)
    code = 1
    try:
        house = OutputHouse(base, FixedClock(datetime.fromisoformat(at)))
        go_on(house, output)
        house.close()
        code = 0
    finally:
        os.write(report, f"{counter.count}".encode())
        os._exit(code)


def main() -> None:
    base = Path(sys.argv[1])
    for line in sys.stdin:
        output, at, stop, seconds = line.split()
        read_end, write_end = os.pipe()
        pid = os.fork()
        if not pid:
            child(write_end, int(stop), base, output, at)
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
