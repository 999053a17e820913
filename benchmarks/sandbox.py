"""What the sandbox adds to starting a program, and how soon it ends one.

Interleaved runs of the same program: bare (the floor), in bubblewrap with its namespaces alone (the
peer that is named in the plan), and as a run of ours with every guard. Budget: at most 50 ms added
by ours to a job (median). `run()` returns rows {what, value, unit, budget}.

Needs no root; started by root, runs are another user's, and what they see is staged first.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from typing import Any

from commonweal.sandbox.guards import probe
from commonweal.sandbox.orders import JobUser, Limits, Run
from commonweal.sandbox.running import running
from commonweal.sandbox.runtimes import python_runtime, system_runtime
from commonweal.sandbox.uids import PROBE_USER

TIMES = 40
TRUE = "/usr/bin/true"
# Namespaces and the system's folders, and none of our guards.
BUBBLEWRAP = [
    *("/usr/bin/bwrap", "--unshare-all", "--die-with-parent", "--ro-bind", "/usr", "/usr"),
    *("--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64", TRUE),
]


def run() -> list[dict[str, Any]]:
    user = PROBE_USER if os.geteuid() == 0 else None
    probe(user, None, cgroup_needed=False).check()
    limits = Limits()
    small = Run(TRUE, (), system_runtime(), limits=limits, cgroup=False)
    runtime, python = python_runtime()
    nothing = ("-I", "-S", "-c", "pass")
    large = Run(python, nothing, runtime, limits=limits, cgroup=False)
    ways = {
        "bare": lambda: _command([TRUE]),
        "bubblewrap": lambda: _command(BUBBLEWRAP),
        "ours": lambda: _ours(small, user),
        "bare python": lambda: _command([os.path.realpath(sys.executable), *nothing]),
        "our python": lambda: _ours(large, user),
    }
    found: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(TIMES + 2):
        for name, way in ways.items():
            took = _timed(way)
            if turn >= 2:  # the first ones read the programs from the disk
                found[name].append(took)
    middle = {name: statistics.median(times) for name, times in found.items()}
    late = {name: statistics.quantiles(times, n=20)[-1] for name, times in found.items()}
    added = "start and end of a job, added to the program"
    return [
        row("bubblewrap alone, added to the program", middle["bubblewrap"] - middle["bare"]),
        row(f"{added} (true)", middle["ours"] - middle["bare"], "at most 50 ms"),
        row(f"{added} (Python)", middle["our python"] - middle["bare python"], "at most 50 ms"),
        row(f"{added} (true), 95th percentile", late["ours"] - middle["bare"]),
        row("a job that is stopped, until every process has ended", _stopping(large, user)),
        row("every guard tried", _timed(lambda: probe(user, None, cgroup_needed=False))),
    ]


def row(what: str, seconds: float, budget: str = "") -> dict[str, Any]:
    return {"what": what, "value": seconds * 1000, "unit": "ms", "budget": budget}


def _timed(way: Any) -> float:
    started = time.perf_counter()
    way()
    return time.perf_counter() - started


def _command(words: list[str]) -> None:
    done = subprocess.run(words, env={}, check=True, capture_output=True)
    assert done.returncode == 0


def _ours(order: Run, user: JobUser | None) -> None:
    with running(order, user) as job:
        assert job.wait().state == "finished"


def _stopping(order: Run, user: JobUser | None) -> float:
    script = "import os, time\nfor _ in range(4): os.fork()\ntime.sleep(60)"
    waiting = Run(
        order.program, ("-I", "-S", "-c", script), order.runtime, limits=order.limits, cgroup=False
    )
    times = []
    for _ in range(10):
        with running(waiting, user) as job:
            time.sleep(0.2)
            started = time.perf_counter()
            job.stop()
            assert job.wait(10).state == "stopped"
            times.append(time.perf_counter() - started)
    return statistics.median(times)
