"""Hands in and runs studies in a process that dies: run by `test_enclave_crash.py`.

It imports everything and tries the sandbox once, then forks for each line `STOP SECONDS` on its
standard input. The child hands a study in, says so, and runs all that wait; it kills itself before
file, ledger or queue operation STOP (0: never), and is killed from outside after SECONDS (0:
never). One line comes back: how it ended, how many operations it did, and the job it handed in.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from commonweal.enclave import engine
from commonweal.enclave.queue import Queue
from commonweal.sandbox.box import Sandbox
from tests.crash.release_worker import Counter, die
from tests.enclave_house import Enclave, open_sandbox, opened_again


def work(base: Path, sandbox: Sandbox, report: int) -> None:
    enclave: Enclave = opened_again(base, sandbox)
    job = enclave.submit(base / "study")
    os.write(report, job.id.encode() + b"\n")
    with enclave.worker() as worker:
        while worker.work_one() is not None:
            pass


def child(base: Path, sandbox: Sandbox, report: int, stop: int) -> None:
    counter = Counter(stop, die)
    counter.watch(setattr)
    real: Any = Queue._transaction
    Queue._transaction = counter.around(real)  # type: ignore[method-assign]
    code = 1
    try:
        work(base, sandbox, report)
        code = 0
    finally:
        os.write(report, f"{counter.count}\n".encode())
        os._exit(code)


def main() -> None:
    engine.LOOK_SECONDS = 0.05  # so that what a short job keeps is copied
    base = Path(sys.argv[1])
    sandbox = open_sandbox(base / "users")
    for line in sys.stdin:
        stop, seconds = line.split()
        read_end, write_end = os.pipe()
        pid = os.fork()
        if not pid:
            child(base, sandbox, write_end, int(stop))
        os.close(write_end)
        timer = threading.Timer(float(seconds), os.kill, (pid, signal.SIGKILL))
        if float(seconds):
            timer.start()
        _, status = os.waitpid(pid, 0)
        timer.cancel()
        said = os.read(read_end, 200).decode().split()
        os.close(read_end)
        job = said[0] if said and said[0].startswith("job-") else "none"
        count = said[-1] if said and said[-1].isdigit() else "0"
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)} {count} {job}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
