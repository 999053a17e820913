"""Descriptions of runs: what cannot be held is refused when it is described."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.foundation.errors import WrongUsage
from commonweal.sandbox.collecting import Declaration, Declared
from commonweal.sandbox.orders import Device, JobUser, Limits, Mount, Run, Runtime

USR = Runtime((Mount(Path("/usr"), "/usr"),), (("bin", "usr/bin"),))


def run(**changes: Any) -> Run:
    return Run(**{"program": "/usr/bin/true", "arguments": (), "runtime": USR, **changes})


@pytest.mark.parametrize(
    "target",
    ["", "usr", "/", "//usr", "/usr/", "/usr/../etc", "/usr/./bin", "/a\nb", "/a\0b", "/a\x1b[31m",
     "/proc", "/proc/sys", "/dev/sda", "/sys", "/run/x", "/etc/passwd", "/etc", "/outputs",
     "/outputs/x", "/tmp", "/tmp/x", "/" + "x" * 1024],
)  # fmt: skip
def test_targets_that_are_refused(target: str) -> None:
    with pytest.raises(WrongUsage, match="CW-SANDBOX-ORDER"):
        Mount(Path("/usr"), target)


@pytest.mark.parametrize("target", ["/usr", "/app", "/data/a b", "/tmpx", "/device", "/outputs2"])
def test_targets_that_are_taken(target: str) -> None:
    assert Mount(Path("/usr"), target).target == target


def test_a_source_is_absolute() -> None:
    with pytest.raises(WrongUsage, match="CW-SANDBOX-ORDER"):
        Mount(Path("usr"), "/usr")


@pytest.mark.parametrize(
    "path",
    ["/dev/null", "/dev/sda", "/dev/mem", "/dev/kvm", "/dev/fuse", "/dev/nvidia", "/dev/nvidia0/x",
     "/dev/../dev/nvidia0", "/dev/dri/card0", "/dev/nvidia-modeset", "nvidia0", "/dev/nvidia0\n"],
)  # fmt: skip
def test_devices_that_are_refused(path: str) -> None:
    with pytest.raises(WrongUsage, match="CW-SANDBOX-ORDER"):
        Device(path)


@pytest.mark.parametrize(
    "path", ["/dev/nvidia0", "/dev/nvidiactl", "/dev/kfd", "/dev/dri/renderD128"]
)
def test_devices_that_are_taken(path: str) -> None:
    assert Device(path).path == path


@pytest.mark.parametrize(
    ("name", "value"),
    [("wall_seconds", 0), ("wall_seconds", 32 * 86_400), ("wall_seconds", float("nan")),
     ("wall_seconds", float("inf")), ("cpu_seconds", 0), ("cpu_seconds", 1.5),
     ("memory_bytes", -1), ("memory_bytes", 1 << 50), ("address_bytes", 0), ("processes", 0),
     ("processes", True), ("open_files", 3), ("file_bytes", 0), ("output_bytes", 0),
     ("output_files", 0), ("tmp_bytes", "1m"), ("log_bytes", -1), ("log_bytes", 1 << 40),
     ("cores", 0)],
)  # fmt: skip
def test_limits_that_are_refused(name: str, value: Any) -> None:
    with pytest.raises(WrongUsage, match="CW-SANDBOX-ORDER"):
        Limits(**{name: value})


@pytest.mark.parametrize(
    "changes",
    [
        {"program": "true"},
        {"program": "/usr/../bin/true"},
        {"arguments": ("a\0b",)},
        {"arguments": ("x" * 32_769,)},
        {"arguments": ("x",) * 1_025},
        {"arguments": ("\ud800",)},
        {"workdir": "tmp"},
        {"environment": (("A", "1"), ("A", "2"))},
        {"environment": (("", "1"),)},
        {"environment": (("1A", "1"),)},
        {"environment": (("A=B", "1"),)},
        {"environment": (("A\n", "1"),)},
        {"environment": (("PWD", "/"),)},
        {"environment": (("LD_PRELOAD", "/tmp/x.so"),)},
        {"environment": (("LD_AUDIT", "/tmp/x.so"),)},
        {"environment": (("GLIBC_TUNABLES", "x"),)},
        {"environment": (("A", "a\0b"),)},
        {"mounts": (Mount(Path("/a"), "/usr"),)},
        {"mounts": (Mount(Path("/a"), "/usr/lib"),)},
        {"mounts": (Mount(Path("/a"), "/bin/x"),)},
        {"mounts": (Mount(Path("/a"), "/d"), Mount(Path("/b"), "/d"))},
        {"mounts": (Mount(Path("/a"), "/d/e"), Mount(Path("/b"), "/d"))},
    ],
)
def test_runs_that_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(WrongUsage, match="CW-SANDBOX-ORDER"):
        run(**changes)


@pytest.mark.parametrize(("uid", "gid"), [(0, 0), (0, 5), (5, 0), (-1, 5), (2**32 - 1, 5)])
def test_root_is_never_a_run(uid: int, gid: int) -> None:
    with pytest.raises(WrongUsage, match="CW-SANDBOX-ORDER"):
        JobUser(uid, gid)


@pytest.mark.parametrize("name", ["passwd", "shadow", "group", "hosts", "../x", "", "a/b", "x y"])
def test_files_of_the_machine_that_no_runtime_gives(name: str) -> None:
    with pytest.raises(WrongUsage, match="CW-SANDBOX-ORDER"):
        Runtime((), (), (name,))


@pytest.mark.parametrize("link", [("a/b", "usr"), ("..", "usr"), ("bin", "../usr"), ("bin", "")])
def test_links_that_are_refused(link: tuple[str, str]) -> None:
    with pytest.raises(WrongUsage, match="CW-SANDBOX-ORDER"):
        Runtime((), (link,))


@pytest.mark.parametrize(
    "path",
    ["", ".", "..", "/a", "a/", "a//b", "a/../b", ".a", "a/.b", "a b", "a\n", "é", "a/b/c/d/e",
     "x" * 129, "-a", "_a", "a\\b", "a:b"],
)  # fmt: skip
def test_outputs_that_cannot_be_declared(path: str) -> None:
    with pytest.raises(WrongUsage, match="CW-SANDBOX-ORDER"):
        Declared(path, 1)


@pytest.mark.parametrize(
    "paths", [("a", "a"), ("a", "A"), ("a", "a/b"), ("a/b", "A/B"), ("x/y", "x")]
)
def test_outputs_that_cannot_be_declared_together(paths: tuple[str, str]) -> None:
    with pytest.raises(WrongUsage, match="CW-SANDBOX-ORDER"):
        Declaration(tuple(Declared(path, 1) for path in paths), 1)


@given(st.text(max_size=60))
def test_no_target_leaves_the_root(text: str) -> None:
    """Whatever is written, a target that is taken has no part that goes up."""
    try:
        target = Mount(Path("/usr"), "/" + text).target
    except WrongUsage:
        return
    assert all(part not in ("", ".", "..") for part in target[1:].split("/"))
    assert target.isprintable()
