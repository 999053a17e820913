"""Attempts to get out of the sandbox: a script that runs inside it, and bare as a positive control.

Standard library only, and no import of ours: it must be able to run where none of ours can be
seen. Each attempt returns True when it got what a run must not get. Each is made in a process of
its own, so that one that is killed does not end the others. Prints one JSON object
{name: "got" | "stopped" | why it could not be tried}.

`control` says what must come of an attempt that an ordinary user makes without the sandbox:
MUST it gets what it wants; MAY that depends on the kernel; NEVER it is not made, as it could harm
the machine (host settings, devices) or needs privileges that nobody should run it with.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time

# As a script it is started without any path but the system's.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import escape_beside  # noqa: F401 (fills the table)
import escape_inward  # noqa: F401
import escape_outward  # noqa: F401
from escape_table import MAY, MUST, NEVER, RESULT, TABLE, TOLD

__all__ = ["MAY", "MUST", "NEVER", "TABLE"]

# --- running them -----------------------------------------------------------------------------

SECONDS = 20


def one(name):
    """Make one attempt in a process of its own; what came of it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        RESULT[0] = writing
        signal.alarm(SECONDS)
        try:
            said = "got" if TABLE[name][1]() else "stopped"
        except (OSError, MemoryError):
            said = "stopped"
        except BaseException as error:
            said = f"not tried: {type(error).__name__}: {error}"
        os.write(writing, said.encode()[:4000])
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        said = stream.read().decode()
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        # SIGSYS: the filter ends calls of another architecture; SIGSEGV: they do not exist.
        return "stopped" if number in (signal.SIGSYS, signal.SIGSEGV) else f"signal {number}"
    return said


def main(told, bare):
    TOLD.update(told)
    names = [name for name, (control, _) in TABLE.items() if not (bare and control == NEVER)]
    names = [name for name in names if not name.startswith(told.get("without", "\0"))]
    started = time.monotonic()
    found = {name: one(name) for name in names}
    print(json.dumps({"found": found, "seconds": time.monotonic() - started}))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2] == "bare")
