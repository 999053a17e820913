"""Limits of a whole run: the files that are written, tried on a folder that looks like a cgroup's.

The machine on which this was made has no memory controller of version 2, so that the kernel obeys
these files is tried by the probe on machines that have (guard `cgroup`), and not here.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from commonweal.foundation.errors import Unavailable
from commonweal.sandbox.cgroups import Cgroups, limit_files, own_folder
from commonweal.sandbox.orders import MIB, Limits

MOUNTS = "30 1 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n"
HYBRID = "31 1 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
OLD = "32 1 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"


@pytest.mark.parametrize(
    ("mounts", "membership", "expected"),
    [
        (MOUNTS, "0::/\n", "/sys/fs/cgroup"),
        (MOUNTS, "0::/system.slice/a.service\n", "/sys/fs/cgroup/system.slice/a.service"),
        (OLD + HYBRID, "4:memory:/x\n0::/y\n", "/sys/fs/cgroup/unified/y"),
    ],
)
def test_own_folder(mounts: str, membership: str, expected: str) -> None:
    assert own_folder(mounts, membership) == Path(expected)


@pytest.mark.parametrize(
    ("mounts", "membership"), [("", "0::/\n"), (OLD, "4:memory:/x\n"), (MOUNTS, ""), (OLD, "0::/")]
)
def test_no_cgroup_of_version_2(mounts: str, membership: str) -> None:
    with pytest.raises(Unavailable, match="CW-SANDBOX-CGROUP"):
        own_folder(mounts, membership)


def folder(place: Path, controllers: str, *, root: bool = False) -> Path:
    place.mkdir()
    for name in ("cgroup.procs", "cgroup.subtree_control"):
        (place / name).write_text("")
    (place / "cgroup.controllers").write_text(controllers)
    if not root:
        (place / "cgroup.type").write_text("domain\n")
        (place / "cgroup.procs").write_text("11\n12\n")
        (place / "service").mkdir()
        (place / "service" / "cgroup.procs").write_text("")
    return place


def test_what_is_switched_on(tmp_path: Path) -> None:
    place = folder(tmp_path / "own", "cpu io memory pids")
    made = Cgroups.open(place)
    assert made.runs == place / "commonweal-runs"
    for one in (place, made.runs):
        assert (one / "cgroup.subtree_control").read_text() == "+cpu +memory +pids"
    assert (place / "service" / "cgroup.procs").read_text() == "12"
    # Again, from the process that was moved.
    assert Cgroups.open(place / "service").runs == made.runs


def test_the_root_keeps_its_processes(tmp_path: Path) -> None:
    place = folder(tmp_path / "own", "cpu memory pids", root=True)
    Cgroups.open(place)
    assert not (place / "service").exists()


@pytest.mark.parametrize("controllers", ["", "cpu memory", "pids cpu", "hugetlb", "memory pids"])
def test_a_controller_is_missing(tmp_path: Path, controllers: str) -> None:
    with pytest.raises(Unavailable, match="lacks controllers"):
        Cgroups.open(folder(tmp_path / "own", controllers))


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="CW-SANDBOX-CGROUP"):
        Cgroups.open(tmp_path / "nowhere")


@pytest.mark.parametrize("named", [None, "", "yes", "Own", "relative/path", "/nowhere/at/all"])
def test_nothing_that_was_not_given_is_taken(named: str | None) -> None:
    with pytest.raises(Unavailable, match="CW-SANDBOX-CGROUP"):
        Cgroups.given(named)


def test_a_folder_that_was_given(tmp_path: Path) -> None:
    place = folder(tmp_path / "own", "cpu memory pids")
    assert Cgroups.given(str(place)).runs == place / "commonweal-runs"


def test_limits() -> None:
    assert limit_files(Limits(memory_bytes=512 * MIB, processes=20, cores=3)) == {
        "memory.max": "536870912",
        "memory.swap.max": "0",
        "memory.oom.group": "1",
        "pids.max": "23",
        "cpu.max": "300000 100000",
    }


def test_a_run_has_its_folder(tmp_path: Path) -> None:
    made = Cgroups.open(folder(tmp_path / "own", "cpu memory pids"))
    one, other = made.make(Limits()), made.make(Limits())
    assert one.place != other.place
    assert (one.place / "memory.max").read_text() == "1073741824"
    assert not one.out_of_memory()
    (one.place / "memory.events").write_text("low 0\noom 1\noom_kill 2\n")
    assert one.out_of_memory()
    (one.place / "memory.events").write_text("oom 3\noom_kill 0\n")
    assert not one.out_of_memory()
    one.kill()
    assert (one.place / "cgroup.kill").read_text() == "1"


def test_a_run_that_cannot_be_limited_is_not_made(tmp_path: Path) -> None:
    made = Cgroups.open(folder(tmp_path / "own", "cpu memory pids"))
    (made.runs / "cgroup.subtree_control").unlink()
    made.runs.rmdir()
    with pytest.raises(Unavailable, match="CW-SANDBOX-CGROUP"):
        made.make(Limits())
