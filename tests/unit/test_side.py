"""Environments beside .venv: made while .venv is made, and a fault of theirs is heard."""

from __future__ import annotations

import threading
from pathlib import Path
from types import ModuleType

import pytest

from tools import side


@pytest.fixture
def setup(tmp_path: Path) -> ModuleType:
    import dev

    made = ModuleType("setup")
    made.__dict__.update(vars(dev) | {"ROOT": tmp_path, "SAID": []})
    return made


def test_they_are_made_while_the_caller_works(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    both, made = threading.Barrier(2, timeout=60), []

    def make(name: str, holds: str, given: ModuleType) -> None:
        assert given is setup
        both.wait()  # the caller is at work at this moment
        made.append((name, holds))

    monkeypatch.setattr(side, "side_environment", make)
    with side.side_environments({"a": "one"}, setup):
        both.wait()
    assert made == [("a", "one")]
    with side.side_environments({}, setup):
        pass


def test_whoever_goes_on_has_all_of_them(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    may, made = threading.Event(), []

    def make(name: str, _holds: str, _setup: ModuleType) -> None:
        may.wait(60)
        made.append(name)

    monkeypatch.setattr(side, "side_environment", make)
    with side.side_environments({"a": "one", "b": "two"}, setup):
        assert made == []
        may.set()
    assert made == ["a", "b"]


def test_a_fault_of_theirs_stops_the_command(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def make(name: str, _holds: str, given: ModuleType) -> None:
        made.append(name)
        raise given.SetupError("Could not make it.", 2)

    monkeypatch.setattr(side, "side_environment", make)
    with (
        pytest.raises(setup.SetupError) as stop,
        side.side_environments({"a": "one", "b": "two"}, setup),
    ):
        pass
    assert (stop.value.code, made) == (2, ["a"])


def test_a_fault_of_the_caller_is_told_before_theirs(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(_name: str, _holds: str, given: ModuleType) -> None:
        raise given.SetupError("Theirs.")

    monkeypatch.setattr(side, "side_environment", make)
    with pytest.raises(OSError, match="the caller's"), side.side_environments({"a": "x"}, setup):
        raise OSError("the caller's")


def test_one_is_made_once_and_again_when_its_lock_changes(
    setup: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    (tmp_path / "requirements").mkdir()
    lock = tmp_path / "requirements" / "tools.lock"
    lock.write_text("one==1 \\\n    --hash=x\n")

    def logged(arguments: list[str], log: str, aim: str) -> None:
        steps.append(log)
        (tmp_path / ".venv-tools").mkdir(exist_ok=True)
        assert "--require-hashes" in arguments or "install" not in arguments

    kept = {"REQUIREMENTS": lock.parent, "CACHE": tmp_path / ".cache", "_logged": logged}
    vars(setup).update(kept, say=lambda text: steps.append(text))
    monkeypatch.setattr("dev.ROOT", tmp_path)
    monkeypatch.setattr("dev.CACHE", tmp_path / ".cache")
    python = side.side_environment("tools", "the tools", setup)
    assert python == tmp_path / ".venv-tools" / "bin" / "python"
    assert len(steps) == 3
    side.side_environment("tools", "the tools", setup)
    assert len(steps) == 3
    lock.write_text("one==2 \\\n    --hash=x\n")
    side.side_environment("tools", "the tools", setup)
    assert len(steps) == 6
