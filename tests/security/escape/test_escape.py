"""S18, S19 and place 6 of the plan: nothing that a run tries gets out of the sandbox.

Every attempt of `attempts.py` is made in the sandbox. The positive control makes those that cannot
harm the machine as the same user without it: there they must get what they want, or they would
prove nothing. Run by root, all of it is run a second time as an ordinary user.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from commonweal.sandbox.orders import Device, Disk
from tests.security.escape import world as worlds
from tests.security.escape.attempts import MUST, TABLE

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def world() -> Iterator[worlds.World]:
    os.environ["ESCAPE_SECRET"] = "the secret of the one that starts"
    with worlds.world() as made:
        yield made
    del os.environ["ESCAPE_SECRET"]


def test_nothing_gets_out(world: worlds.World) -> None:
    found = worlds.inside(world)
    assert set(found) == set(TABLE)
    assert {name: said for name, said in found.items() if said != "stopped"} == {}
    assert world.sleeper.poll() is None


def test_nothing_gets_out_of_a_run_on_a_disk_with_a_device(
    world: worlds.World, tmp_path: Path
) -> None:
    """Floods of the disk end the run as a whole: `tests/unit/sandbox/test_measuring.py`."""
    for name in ("outputs", "tmp", "checkpoints"):
        (tmp_path / name).mkdir(mode=0o700)
        os.chown(tmp_path / name, worlds.job_uid(), -1)
    told = {"without": "disk: fill the", "device": "nvidia0"}
    device = Device("/dev/nvidia0", Path("/dev/zero"))
    found = worlds.inside(world, told, disk=Disk(tmp_path, 0), devices=(device,))
    assert len(found) > len(TABLE) - 6
    assert {name: said for name, said in found.items() if said != "stopped"} == {}


def test_without_the_sandbox_the_same_attempts_work(world: worlds.World) -> None:
    found = worlds.bare(world)
    wanted = {name for name, (control, _) in TABLE.items() if control == MUST}
    assert {name: found[name] for name in wanted if found[name] != "got"} == {}


def test_there_are_enough_attempts_and_controls() -> None:
    assert len(TABLE) >= 80
    assert sum(control == MUST for control, _ in TABLE.values()) >= 40


def test_the_same_as_an_ordinary_user() -> None:
    """The whole folder again, started by somebody who is not root."""
    if os.geteuid() != 0:  # this is that run
        return
    here = str(Path(__file__).parent)
    settings = ["--rootdir", str(REPOSITORY), "-c", str(REPOSITORY / "pyproject.toml")]
    command = [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", *settings]
    command += [here, str(REPOSITORY / "tests" / "unit" / "sandbox")]
    words = [sys.executable, str(worlds.AS_USER), str(worlds.UID + 1), *command]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    passed = re.search(r"^(\d+) passed", done.stdout, re.MULTILINE)
    assert passed is not None
    assert int(passed[1]) > 600
