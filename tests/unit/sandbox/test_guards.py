"""The report of guards: what is refused when one does not hold, and that the probe sees it.

The probe is tried on the machine as it is, and with each guard taken away in turn: a probe that
says "holds" where a guard is gone would be worth nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from commonweal.foundation.errors import Unavailable
from commonweal.sandbox import calls, command, guards, starting
from commonweal.sandbox.guards import GUARDS, OPTIONAL, Guard, Report, probe
from commonweal.sandbox.orders import JobUser, Limits

UID = 1_900_000_779
USER = JobUser(UID, UID) if os.geteuid() == 0 else None


def report(missing: str = "", *, needed: bool = True) -> Report:
    return Report(
        tuple(Guard(name, name != missing, needed and name not in OPTIONAL, "x") for name in GUARDS)
    )


@pytest.mark.parametrize("name", [name for name in GUARDS if name not in OPTIONAL])
def test_without_a_guard_nothing_is_run(name: str) -> None:
    with pytest.raises(Unavailable) as refused:
        report(name).check()
    assert refused.value.code == "CW-SANDBOX-GUARD"
    assert refused.value.exit_code == 5
    assert name in refused.value.sentence
    assert refused.value.remedy == GUARDS[name][1]


def test_with_all_or_all_that_are_needed() -> None:
    report().check()
    for name in OPTIONAL:
        report(name).check()
    report("cgroup", needed=False).check()


def test_a_report_speaks_of_every_guard() -> None:
    with pytest.raises(ValueError, match="every guard"):
        Report(report().guards[1:])


def found(**kept: Any) -> dict[str, bool]:
    made = probe(USER, None, cgroup_needed=True, **kept)
    return {guard.name: guard.holds for guard in made.guards}


def test_this_machine() -> None:
    """Every guard holds where tests run, but those that depend on how we were started."""
    held = found()
    assert {name for name, holds in held.items() if not holds} <= {"cgroup", "project_users"}
    assert held["project_users"] == (os.geteuid() == 0)


def test_without_a_cgroup_nothing_is_run_with_real_data() -> None:
    with pytest.raises(Unavailable, match="cgroup"):
        probe(USER, None, cgroup_needed=True).check()
    probe(USER, None, cgroup_needed=False).check()


def _options_without(*words: str) -> Callable[[pytest.MonkeyPatch], None]:
    real = command.options

    def weakened(*arguments: Any) -> list[str]:
        told = real(*arguments)
        for word in words:
            place = told.index(word)
            values = {"--cap-drop": 1, "--add-seccomp-fd": 1, "--unshare-all": 0}.get(word, 0)
            del told[place : place + 1 + values]
        return told

    return lambda patch: patch.setattr(command, "options", weakened)


def _shared_net(patch: pytest.MonkeyPatch) -> None:
    real = command.options
    patch.setattr(command, "options", lambda *a: [*real(*a), "--share-net"])


def _writable_root(patch: pytest.MonkeyPatch) -> None:
    real = command.options

    def weakened(*arguments: Any) -> list[str]:
        told = real(*arguments)
        place = len(told) - 1 - told[::-1].index("--remount-ro")
        return told[:place] + told[place + 2 :]

    patch.setattr(command, "options", weakened)


def _machine_files(patch: pytest.MonkeyPatch) -> None:
    real = command.options

    def weakened(*arguments: Any) -> list[str]:
        told = real(*arguments)
        place = told.index("--size")
        # As if a folder of the machine were bound by mistake.
        return [*told[:place], "--bind", "/tmp", "/tmp", *_without_tmp(told[place:])]

    patch.setattr(command, "options", weakened)


def _without_tmp(told: list[str]) -> list[str]:
    place = told.index("/tmp") - 5
    return told[:place] + told[place + 6 :]


def _no_limits(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(command, "limit_words", lambda *_: ["--core=0:0"])


def _no_process_limit(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(command, "inner_words", lambda _: ["--core=0:0"])


def _larger_folders(patch: pytest.MonkeyPatch) -> None:
    real = command._own_folders

    def weakened(run: Any, disk: Any) -> list[str]:
        sizes = {str(getattr(run.limits, n)) for n in ("tmp_bytes", "output_bytes", "shm_bytes")}
        return ["67108864" if word in sizes else word for word in real(run, disk)]

    patch.setattr(command, "_own_folders", weakened)


def _a_device_more(patch: pytest.MonkeyPatch) -> None:
    real = command._own_folders

    def weakened(run: Any, disk: Any) -> list[str]:
        return [*real(run, disk), "--dev-bind", "/dev/zero", "/dev/more"]

    patch.setattr(command, "_own_folders", weakened)


def _environment_leaks(patch: pytest.MonkeyPatch) -> None:
    real = command.options

    def weakened(*arguments: Any) -> list[str]:
        return [*real(*arguments), "--setenv", "LEAKED", "1"]

    patch.setattr(command, "options", weakened)


def _descriptors_leak(patch: pytest.MonkeyPatch) -> None:
    real = starting.subprocess.Popen

    class Careless(real):  # type: ignore[misc, valid-type]
        def __init__(self, *arguments: Any, close_fds: bool, pass_fds: Any, **kept: Any) -> None:
            for number in pass_fds:
                os.set_inheritable(number, True)
            super().__init__(*arguments, close_fds=False, **kept)

    patch.setattr(starting.subprocess, "Popen", Careless)


def _allowed(*names: str) -> Callable[[pytest.MonkeyPatch], None]:
    def weaken(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(calls, "ALLOWED", (*calls.ALLOWED, *names))
        calls.programs.cache_clear()

    return weaken


WEAKENED: list[tuple[str, str, Callable[[pytest.MonkeyPatch], None]]] = [
    ("no filter", "system_calls", _options_without("--add-seccomp-fd")),
    ("the network of the machine", "network", _shared_net),
    ("ptrace", "system_calls", _allowed("ptrace")),
    ("io_uring", "system_calls", _allowed("io_uring_setup")),
    ("memory without addresses", "system_calls", _allowed("memfd_create")),
    ("named pipes", "outputs", _allowed("mknodat", "mknod")),
    ("a root that can be written to", "files", _writable_root),
    ("a folder of the machine", "files", _machine_files),
    ("a device that was not given", "files", _a_device_more),
    ("no limits", "limits", _no_limits),
    ("no limit of processes", "limits", _no_process_limit),
    ("folders without a size", "limits", _larger_folders),
    ("a variable that was not given", "environment", _environment_leaks),
    ("descriptors of ours", "descriptors", _descriptors_leak),
]


@pytest.mark.parametrize(("guard", "weaken"), [(g, w) for _, g, w in WEAKENED],
                         ids=[name for name, _, _ in WEAKENED])  # fmt: skip
def test_the_probe_sees_that_a_guard_is_gone(
    guard: str, weaken: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls.programs.cache_clear()
    weaken(monkeypatch)
    try:
        assert not found()[guard]
    finally:
        monkeypatch.undo()
        calls.programs.cache_clear()


def _no_program(patch: pytest.MonkeyPatch, name: str) -> None:
    real = starting.shutil.which
    patch.setattr(
        starting.shutil, "which", lambda n, path=None: None if n == name else real(n, path=path)
    )


@pytest.mark.parametrize("name", ["bwrap", "prlimit"])
def test_a_program_is_missing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _no_program(monkeypatch, name)
    made = probe(USER, None, cgroup_needed=False)
    assert made.missing()[0].name == "start"
    assert name in made.missing()[0].sentence
    with pytest.raises(Unavailable, match="CW-SANDBOX-GUARD"):
        made.check()


def test_bubblewrap_that_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    real = command.options
    monkeypatch.setattr(command, "options", lambda *a: [*real(*a), "--not-an-option"])
    made = probe(USER, None, cgroup_needed=False)
    assert {guard.name for guard in made.missing()} == set(GUARDS) - {"cgroup", "project_users"}
    assert "not-an-option" in made.missing()[0].sentence


def test_limits_of_the_probe_are_limits() -> None:
    assert isinstance(guards._TRIED, Limits)
