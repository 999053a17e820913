"""The command as a process: exit codes, pipes, interruptions, and two at the same time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import commonweal

SOURCE = Path(commonweal.__file__).parents[1]
CODE = "import sys; from commonweal.cli.main import run; sys.exit(run())"


def start(*arguments: str, home: Path, **more: str) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "PYTHONPATH": str(SOURCE),
        "COMMONWEAL_HOME": str(home),
        "COMMONWEAL_ROOT_STORE": str(home.with_name("store")),
        **more,
    }
    return subprocess.Popen(
        [sys.executable, "-c", CODE, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def done(
    *arguments: str, home: Path, seconds: float = 120, **more: str
) -> tuple[int, str, str]:  # fmt: skip
    process = start(*arguments, home=home, **more)
    out, err = process.communicate(timeout=seconds)
    return process.returncode, out, err


@pytest.fixture
def home(tmp_path: Path) -> Path:
    code, _, err = done("home", "create", "--name", "W", "--demo", home=tmp_path / "home")
    assert (code, err) == (0, "")
    return tmp_path / "home"


def test_exit_codes_leave_the_process(home: Path, tmp_path: Path) -> None:
    assert done("--version", home=home)[0] == 0
    assert done("nonsense", home=home)[0] == 2
    assert done("home", "show", home=tmp_path / "nowhere")[0] == 3
    assert done("home", "create", "--name", "W", home=home)[0] == 4
    (tmp_path / "store").rename(tmp_path / "gone")
    assert done("home", "show", home=home)[0] == 5


def test_json_is_alone_on_standard_output(home: Path) -> None:
    code, out, err = done("ledger", "verify", "--json", home=home)
    assert (code, err) == (0, "")
    assert json.loads(out)["faults"] == []


def test_a_closed_pipe_is_quiet(home: Path) -> None:
    process = start("keys", "list", "--json", home=home)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) in (0, 1)
    assert err == ""


def test_an_old_terminal_shows_what_it_can(home: Path) -> None:
    code, out, err = done(
        "home", "show", home=home, PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C"
    )
    assert (code, err) == (0, "")
    assert "Separation" in out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_is_130_and_says_so(home: Path, number: signal.Signals) -> None:
    process = start("release", "prove", "--release", "x", "--person", "-", "--out", "y", home=home)
    process.communicate(timeout=60)
    waiting = subprocess.Popen(
        [sys.executable, "-c", CODE, "release", "prove", "--release", "x", "--person", "-",
         "--out", "y"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE), "COMMONWEAL_HOME": str(home),
             "COMMONWEAL_ROOT_STORE": str(home.with_name("store"))},
    )  # fmt: skip
    # It waits for the identifier; give it time to get there.
    time.sleep(3)
    waiting.send_signal(number)
    out, err = waiting.communicate(timeout=60)
    assert (waiting.returncode, out) == (130, "")
    assert err.strip().splitlines()[-1] == "CW-INTERRUPTED: The command was interrupted."
    assert "Traceback" not in err


def test_many_at_the_same_time_all_stand_on_the_ledger(home: Path) -> None:
    names = [f"key-{number}" for number in range(4)]
    running = [start("keys", "create", name, "--purpose", "backup", home=home) for name in names]
    for process in running:
        _, err = process.communicate(timeout=120)
        assert (process.returncode, err) == (0, "")
    _, out, _ = done("keys", "list", "--json", home=home)
    assert set(names) <= {key["name"] for key in json.loads(out)["keys"]}
    code, out, _ = done("ledger", "verify", "--json", home=home)
    assert (code, json.loads(out)["intents_left"]) == (0, 0)


def test_one_home_is_made_once_by_two_at_the_same_time(tmp_path: Path) -> None:
    place = tmp_path / "home"
    running = [start("home", "create", "--name", "W", "--demo", home=place) for _ in range(2)]
    codes = []
    for process in running:
        _, err = process.communicate(timeout=120)
        assert "Traceback" not in err
        codes.append(process.returncode)
    assert sorted(codes) == [0, 4]
    assert done("ledger", "verify", home=place)[0] == 0
