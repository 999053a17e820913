"""How runs end: by themselves, over a limit, when told to, and when we are killed ourselves."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from commonweal.sandbox.guards import still_there
from commonweal.sandbox.running import Outcome, running
from tests.security.escape import world as worlds

STUBBORN = """
import os, signal, sys, time
for _ in range(6):
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        for number in range(1, 32):
            if number not in (signal.SIGKILL, signal.SIGSTOP):
                signal.signal(number, signal.SIG_IGN)
        while True:
            time.sleep(1)
print("ready", flush=True)
"""


def ended(script: str, word: str = "", **limits: float) -> Outcome:
    run = worlds.script_run(script, (word,) if word else (), replace(worlds.LIMITS, **limits))
    with running(run, worlds.job_user()) as job:
        return job.wait(60)


@pytest.mark.parametrize(
    ("script", "state", "code"),
    [
        ("pass", "finished", 0),
        ("raise SystemExit(1)", "failed", 1),
        ("raise SystemExit(255)", "failed", 255),
        ("import os; os.kill(os.getpid(), 9)", "failed", 137),
        ("import os; os.abort()", "failed", 134),
        ("import os; os.kill(os.getppid(), 9)", "finished", 0),
        ("import os; os.kill(1, 15)", "finished", 0),
    ],
)
def test_by_themselves(script: str, state: str, code: int) -> None:
    outcome = ended(script)
    assert (outcome.state, outcome.limit, outcome.exit_code) == (state, None, code)


def test_signals_to_all_reach_its_own_only() -> None:
    with running(worlds.script_run("import time; time.sleep(60)"), worlds.job_user()) as other:
        outcome = ended("import os; os.kill(-1, 9)")
        assert outcome.state in ("failed", "finished")
        with pytest.raises(TimeoutError):
            other.wait(0.3)


@pytest.mark.parametrize(
    ("script", "limit", "limits"),
    [
        ("import time; time.sleep(60)", "wall", {"wall_seconds": 0.5}),
        ("while True: pass", "cpu", {"cpu_seconds": 1}),
        (
            "for n in range(10**6): open(f'/outputs/{n}', 'w').close()",
            "files",
            {"output_files": 500},
        ),
        ("for n in range(10**6): open(f'/tmp/{n}', 'w').close()", "files", {"tmp_files": 500}),
        ("for n in range(10**6): open(f'/dev/shm/{n}', 'w').close()", "files", {"tmp_files": 500}),
        ("for n in range(501): open(f'/outputs/{n}', 'w').close()", "files", {"output_files": 500}),
    ],
)
def test_over_a_limit(script: str, limit: str, limits: dict[str, float]) -> None:
    outcome = ended(script, **limits)
    assert (outcome.state, outcome.limit) == ("over_limit", limit)
    assert outcome.seconds < 20


def test_as_many_files_as_allowed() -> None:
    script = "for n in range(500): open(f'/outputs/{n}', 'w').close()"
    assert ended(script, output_files=500).state == "finished"


def test_forks_that_outrun_each_other_end_with_the_run() -> None:
    word = f"bomb-{secrets.token_hex(8)}"
    bomb = (
        "import os\nwhile True:\n try:\n  os.fork()\n except OSError:\n  pass"  # every one of them
    )
    outcome = ended(bomb, word, wall_seconds=1.0)
    assert (outcome.state, outcome.limit) == ("over_limit", "wall")
    assert still_there(word) == []


def test_when_its_first_process_ends_all_end() -> None:
    word = f"stubborn-{secrets.token_hex(8)}"
    outcome = ended(STUBBORN, word)
    assert (outcome.state, outcome.output) == ("finished", b"ready\n")
    assert still_there(word) == []


def test_when_told_to() -> None:
    word = f"stubborn-{secrets.token_hex(8)}"
    run = worlds.script_run(STUBBORN + "time.sleep(60)", (word,))
    with running(run, worlds.job_user()) as job:
        with pytest.raises(TimeoutError):
            job.wait(0.5)
        assert len(still_there(word)) >= 7
        started = time.monotonic()
        job.stop()
        assert job.wait(5).state == "stopped"
        # A permit that is revoked ends its jobs within five seconds.
        assert time.monotonic() - started < 2
    assert still_there(word) == []


LAUNCHER = """
import sys
from tests.security.escape import world as worlds
from commonweal.sandbox.running import running
from tests.security.escape.test_endings import STUBBORN
run = worlds.script_run(STUBBORN + "time.sleep(60)", (sys.argv[1],))
with running(run, worlds.job_user()) as job:
    print("started", flush=True)
    job.wait()
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_when_we_are_killed(how: signal.Signals) -> None:
    word = f"orphan-{secrets.token_hex(8)}"
    root = Path(__file__).resolve().parents[3]
    path = {"PYTHONPATH": f"{root}:{root / 'src'}"}
    launcher = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, word], env={**os.environ, **path}, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, cwd="/",
    )  # fmt: skip
    with launcher:
        assert launcher.stdout is not None
        assert launcher.stdout.readline() == b"started\n"
        _until(lambda: len(still_there(word)) >= 8)
        launcher.send_signal(how)
        launcher.wait(10)
    _until(lambda: not still_there(word))


def _until(true: object, seconds: float = 10.0) -> None:
    until = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < until, "it did not come true in time"
        time.sleep(0.02)


def test_what_it_says_is_cut_and_does_not_stop_it() -> None:
    script = "import sys\nsys.stdout.write('x' * 5_000_000)\nsys.stderr.write('y' * 5_000_000)"
    outcome = ended(script, log_bytes=1000)
    assert outcome.state == "finished"
    assert (outcome.output, outcome.errors, outcome.cut) == (b"x" * 1000, b"y" * 1000, True)


OTHER = """
import os, socket, time
os.mkdir("/tmp/mine")
open("/tmp/mine/secret", "w").write("a secret")
open("/dev/shm/secret", "w").write("a secret")
s = socket.socket(socket.AF_UNIX); s.bind("\\0of-the-other"); s.listen(1)
print("ready", flush=True)
time.sleep(60)
"""
LOOK = """
import json, os, socket
found = []
for place in ("/tmp/mine/secret", "/dev/shm/secret", "/outputs/secret"):
    if os.path.exists(place):
        found.append(place)
try:
    socket.socket(socket.AF_UNIX).connect("\\0of-the-other")
    found.append("socket")
except OSError:
    pass
others = [n for n in os.listdir("/proc") if n.isdecimal()]
print(json.dumps([found, len(others) > 3]))
"""


def test_two_runs_of_one_user_see_nothing_of_each_other() -> None:
    with running(worlds.script_run(OTHER), worlds.job_user()) as other:
        with pytest.raises(TimeoutError):
            other.wait(0.4)
        assert json.loads(ended(LOOK).output) == [[], False]


def test_without_the_sandbox_they_would_see_each_other(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    here = {"/tmp/mine": str(tmp_path / "mine"), "/dev/shm/secret": str(tmp_path / "secret")}
    texts = []
    for text in (OTHER, LOOK):
        for inside, bare in here.items():
            text = text.replace(inside, bare)
        texts.append(text)
    with subprocess.Popen([sys.executable, "-c", texts[0]], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"ready\n"
        look = subprocess.run([sys.executable, "-c", texts[1]], capture_output=True, check=True)
        other.kill()
    found, others = json.loads(look.stdout)
    assert "socket" in found
    assert len(found) == 3
    assert others
