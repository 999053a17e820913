"""The command that starts a run, as tables in and out."""

from __future__ import annotations

from pathlib import Path

import pytest

from commonweal.sandbox.command import Descriptors, inner_words, limit_words, options
from commonweal.sandbox.orders import Device, Limits, Mount, Run, Runtime

RUNTIME = Runtime((Mount(Path("/usr"), "/usr"),), (("bin", "usr/bin"),), ("ld.so.cache",))
NUMBERS = Descriptors(passwd=10, group=11, filters=(12, 13), status=14, block=15)


def words(run: Run, *sources: str, masks: tuple[str, ...] = ("/proc/kcore",)) -> list[str]:
    return options(run, sources or ("/usr",), NUMBERS, "ready-1", masks)


PLAIN = Run("/usr/bin/true", (), RUNTIME, environment=(("A", "x y"), ("B", "--uid")))


@pytest.mark.parametrize(
    "needed",
    [
        "--unshare-all --unshare-user --unshare-cgroup --disable-userns",
        "--uid 65534 --gid 65534",
        "--cap-drop ALL --new-session --die-with-parent --clearenv",
        "--ro-bind /usr /usr",
        "--ro-bind-data 10 /etc/passwd",
        "--ro-bind-data 11 /etc/group",
        "--ro-bind /etc/ld.so.cache /etc/ld.so.cache",
        "--symlink usr/bin /bin",
        "--size 67108864 --perms 0700 --tmpfs /tmp",
        "--size 16777216 --perms 0700 --tmpfs /dev/shm",
        "--size 67108864 --perms 0700 --tmpfs /outputs",
        "--dir /ready-1 --remount-ro /dev --remount-ro /",
        "--json-status-fd 14 --block-fd 15 --add-seccomp-fd 12 --add-seccomp-fd 13",
    ],
)
def test_what_every_run_is_told(needed: str) -> None:
    assert f" {needed} " in f" {' '.join(words(PLAIN))} "


@pytest.mark.parametrize(
    "never", ["--share-net", "--bind", "--proc", "--cap-add", "--dev", "--bind-try", "--not-a-word"]
)
def test_what_no_plain_run_is_told(never: str) -> None:
    assert never not in words(PLAIN)


def test_values_stay_values() -> None:
    """bubblewrap takes as many words as an option has, so a value is never an option."""
    told = words(PLAIN)
    place = told.index("--setenv")
    assert told[place : place + 6] == ["--setenv", "A", "x y", "--setenv", "B", "--uid"]


def test_everything_is_closed_after_the_last_mount() -> None:
    told = words(PLAIN)
    last = max(n for n, word in enumerate(told) if "bind" in word or word in ("--tmpfs", "--dir"))
    assert told[last + 2 : last + 6] == ["--remount-ro", "/dev", "--remount-ro", "/"]


def test_proc_and_what_is_covered_in_it() -> None:
    run = Run("/usr/bin/true", (), RUNTIME, proc=True)
    told = " ".join(words(run))
    assert "--proc /proc --ro-bind /dev/null /proc/kcore" in told
    assert "--symlink /proc/self/fd /dev/fd" in told


def test_devices_are_only_those_that_were_given() -> None:
    def bound(run: Run) -> list[str]:
        told = words(run)
        return [told[n + 1] for n, word in enumerate(told) if word == "--dev-bind"]

    harmless = [f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom")]
    assert bound(PLAIN) == harmless
    given = Run("/usr/bin/true", (), RUNTIME, devices=(Device("/dev/nvidia0"),))
    assert bound(given) == [*harmless, "/dev/nvidia0"]


def test_each_mount_needs_its_source() -> None:
    with pytest.raises(ValueError, match="one source"):
        words(PLAIN, "/usr", "/other")


def test_sources_are_where_they_were_staged() -> None:
    assert "--ro-bind /run/x/0 /usr" in " ".join(words(PLAIN, "/run/x/0"))


@pytest.mark.parametrize(
    ("highest", "expected"),
    [
        ({}, ["--as=1048576000:1048576000", "--cpu=9:10", "--nofile=64:64"]),
        ({"nofile": 30}, ["--nofile=30:30"]),
        ({"cpu": 9}, ["--cpu=9:9"]),
        ({"memlock": 1}, ["--memlock=1:1"]),
        ({}, ["--core=0:0", "--msgqueue=0:0", "--rtprio=0:0", "--fsize=4096:4096"]),
    ],
)
def test_limits(highest: dict[str, int], expected: list[str]) -> None:
    limits = Limits(
        address_bytes=1_048_576_000, cpu_seconds=9, processes=32, open_files=64, file_bytes=4096
    )
    told = limit_words(limits, highest)
    assert set(expected) <= set(told)
    # Outside it would count what the user has beside the run.
    assert not any(word.startswith("--nproc") for word in told)
    assert inner_words(limits) == ["--nproc=34:34"]
