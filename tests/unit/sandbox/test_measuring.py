"""What a run takes of a disk is seen, and its folder goes whatever is in it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from commonweal.sandbox.collecting import Declaration, Declared, collect
from commonweal.sandbox.measuring import Room, below, over, remove_tree
from commonweal.sandbox.orders import MIB, Disk, Limits, Run
from commonweal.sandbox.running import Outcome, running
from tests.security.escape.world import LIMITS, job_uid, job_user, script_run

SMALL = replace(LIMITS, output_bytes=2 * MIB, tmp_bytes=2 * MIB, kept_bytes=MIB,
                file_bytes=64 * MIB, output_files=20, tmp_files=300)  # fmt: skip


@contextlib.contextmanager
def on_disk(
    base: Path, script: str, limits: Limits = SMALL, reserve: int = 0
) -> Iterator[tuple[Path, Outcome, int]]:
    """(the folder on the disk, how a run ended, an open descriptor of its outputs)."""
    place = base / "disk"
    place.mkdir(mode=0o700)
    for name in ("outputs", "tmp", "checkpoints"):
        (place / name).mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(place / name, job_uid(), job_uid())
    run: Run = replace(script_run(script, limits=limits), disk=Disk(place, reserve))
    with running(run, job_user()) as job:
        outcome = job.wait()
        yield place, outcome, job.outputs


def test_what_it_writes_lies_on_the_disk_and_is_collected(tmp_path: Path) -> None:
    script = """
import os
for folder in ("outputs", "tmp", "checkpoints"):
    with open(f"/{folder}/x", "wb") as f: f.write(b"y" * 100_000)
with open("/dev/shm/x", "wb") as f: f.write(b"y" * 100_000)
"""
    with on_disk(tmp_path, script) as (place, outcome, outputs):
        assert outcome.state == "finished", outcome.errors
        assert {one.name: one.stat().st_uid for one in (place / "outputs").iterdir()} == {
            "x": job_uid()
        }
        assert (place / "tmp" / "x").stat().st_size == 100_000
        (taken,) = collect(outputs, Declaration((Declared("x", MIB),), MIB), tmp_path / "taken",
                           owner=job_uid())  # fmt: skip
        assert taken.size == 100_000
    remove_tree(place)
    assert not place.exists()


FLOODS = {
    "one file": "f = open('/outputs/x', 'wb', buffering=0)\nwhile True: f.write(b'y' * (1 << 20))",
    "many files": """
import time
for n in range(100):
    open(f'/tmp/{n}', 'wb').write(b'y' * 60_000)
time.sleep(30)
""",
    "checkpoints": "f = open('/checkpoints/x', 'wb').write(b'y' * (3 << 20))\nimport time\n"
    "time.sleep(30)",
    "removed and open": """
import os, time
held = []
for n in range(20):
    f = open('/tmp/x', 'wb', buffering=0); os.unlink('/tmp/x'); held.append(f)
    f.write(b'y' * (1 << 20))
time.sleep(30)
""",
    "never named": """
import os, time
f = os.open('/tmp', os.O_WRONLY | os.O_TMPFILE, 0o600)
for n in range(20): os.write(f, b'y' * (1 << 20))
time.sleep(30)
""",
    "by a child that left its session": """
import os, time
if os.fork() == 0:
    os.setsid()
    f = open('/tmp/x', 'wb', buffering=0); os.unlink('/tmp/x')
    for n in range(20): f.write(b'y' * (1 << 20))
    time.sleep(30)
time.sleep(30)
""",
    "too many files": "import time\nfor n in range(900): open(f'/tmp/{n}', 'w')\ntime.sleep(30)",
    "too deep": "import os, time\nos.chdir('/tmp')\nfor n in range(250):\n os.mkdir('d'); "
    "os.chdir('d')\ntime.sleep(30)",
    "at the very end": "open('/outputs/x', 'wb').write(b'y' * (3 << 20))",
}


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_is_stopped(name: str, tmp_path: Path) -> None:
    with on_disk(tmp_path, FLOODS[name]) as (place, outcome, _):
        assert (outcome.state, outcome.limit) in {
            ("over_limit", "space"), ("over_limit", "file_size"),
        }, outcome  # fmt: skip
        assert outcome.seconds < 20
    remove_tree(place)
    assert not place.exists()


def test_a_disk_that_would_be_full_stops_it(tmp_path: Path) -> None:
    its = os.statvfs(tmp_path)
    more = its.f_bavail * its.f_frsize * 2
    with on_disk(tmp_path, "import time\ntime.sleep(30)", reserve=more) as (_, outcome, _2):
        assert (outcome.state, outcome.limit) == ("over_limit", "space")


@pytest.mark.parametrize(
    "script",
    ["os.mkfifo('/outputs/x')", "os.mknod('/outputs/x', 0o020600, os.makedev(1, 5))",
     "open('/outputs/x', 'w'); os.chmod('/outputs/x', 0o4755)",
     "os.link('/outputs/../usr/bin/env', '/outputs/x')",
     "open('/tmp/x', 'w'); os.link('/tmp/x', '/outputs/x')",
     "open('/tmp/x', 'w'); os.rename('/tmp/x', '/outputs/x')",
     "open('/outputs/../../outputs/../x', 'w')"],
)  # fmt: skip
def test_what_cannot_be_made_there(script: str, tmp_path: Path) -> None:
    words = f"import os\ntry:\n {script}\nexcept OSError: print('stopped')"
    with on_disk(tmp_path, words) as (_, outcome, _2):
        assert outcome.output == b"stopped\n", outcome.errors


def test_measuring_counts_each_file_once_and_no_hole(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_bytes(b"y" * 50_000)
    (tmp_path / "y").hardlink_to(tmp_path / "a" / "x")
    with (tmp_path / "hole").open("wb") as stream:
        stream.truncate(1 << 40)
    (tmp_path / "link").symlink_to("/usr")
    descriptor = os.open(tmp_path, os.O_RDONLY)
    found = below(descriptor, 100)
    assert found is not None
    assert len(found) == 4
    assert 50_000 <= sum(found.values()) < 80_000
    assert below(descriptor, 4) is None
    disk = Disk(tmp_path, 0)
    rooms = {"/tmp": Room(80_000, 10)}
    assert not over({"/tmp": descriptor}, rooms, disk, 0)
    assert over({"/tmp": descriptor}, {"/tmp": Room(40_000, 10)}, disk, 0)
    os.close(descriptor)


def test_a_tree_is_removed_whatever_it_is(tmp_path: Path) -> None:
    beside = tmp_path / "beside"
    beside.mkdir()
    (beside / "ours").write_text("ours")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "link").symlink_to(beside)
    (tree / "wide").mkdir()
    for n in range(50):
        (tree / "wide" / f"{n}").mkdir(mode=0)
    here = os.open(tree, os.O_RDONLY)
    for _ in range(3_000):  # deeper than Python would go, and than a path may be long
        os.mkdir("deep", dir_fd=here)
        inner = os.open("deep", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.symlink(beside, "out", dir_fd=here)
    os.close(here)
    remove_tree(tree)
    assert not tree.exists()
    assert (beside / "ours").read_text() == "ours"
    remove_tree(tree)  # nothing is there: nothing to do
