"""dev.py, the way in from a clone: what it looks for, what it makes, what it passes through.

The environment itself is made for real whenever anybody runs `dev.py test`; here are the
decisions around it, with a copy of dev.py in a small checkout whose path holds a space, and
with stand-ins for apt and Python that write down how they were called.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "dev.py"
MACHINE = SOURCE.parent / "tools" / "machine.py"
SIDE = SOURCE.parent / "tools" / "side.py"
HASH = "0" * 64


@pytest.fixture
def dev(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A copy of dev.py in a checkout of its own; it is loaded as a module of that place."""
    root = tmp_path / "a clone"
    (root / "requirements").mkdir(parents=True)
    (root / "dev.py").write_text(SOURCE.read_text("utf-8"), "utf-8")
    (root / "tools").mkdir()
    for part in ("__init__.py", MACHINE.name, SIDE.name):
        (root / "tools" / part).write_text((MACHINE.parent / part).read_text("utf-8"), "utf-8")
    (root / "pyproject.toml").write_text("[project]\n", "utf-8")
    for name in ("build", "core", "dev", "spark"):
        (root / "requirements" / f"{name}.lock").write_text(f"{name}==1 \\\n    --hash=x\n")
    spec = importlib.util.spec_from_file_location("dev_under_test", root / "dev.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "dev_under_test", module)
    spec.loader.exec_module(module)
    kept = {n: signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGHUP)}
    yield module
    for number, handler in kept.items():
        signal.signal(number, handler)


def fake_venv(dev: ModuleType, version: tuple[int, ...] = sys.version_info[:3]) -> Path:
    """Make something that looks like .venv; its `python` writes down what it was asked to do."""
    binaries = dev.VENV / "bin"
    pip = dev.VENV / "lib" / "python3" / "site-packages" / "pip"
    binaries.mkdir(parents=True)
    pip.mkdir(parents=True)
    (pip / "__main__.py").touch()
    (dev.VENV / "pyvenv.cfg").write_text("version = " + ".".join(map(str, version)) + "\n")
    script(binaries / "python", f'echo "$@" >> "{dev.ROOT}/calls"')
    return binaries


def script(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def calls(dev: ModuleType) -> list[str]:
    file = dev.ROOT / "calls"
    return file.read_text().splitlines() if file.exists() else []


# --- the Python that runs it ------------------------------------------------------------------


@pytest.mark.parametrize("version", [(3, 6), (3, 10), (3, 14), (4, 0)])
def test_another_python_is_refused_in_one_sentence(
    dev: ModuleType, version: tuple[int, int], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        dev.refuse_other_pythons(version)
    assert stop.value.code == 2
    said = capsys.readouterr().err
    assert f"this is {version[0]}.{version[1]}" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13)])
def test_a_supported_python_is_taken(dev: ModuleType, version: tuple[int, int]) -> None:
    dev.refuse_other_pythons(version)


def test_an_old_python_can_read_the_file_far_enough_to_refuse() -> None:
    ast.parse(SOURCE.read_text("utf-8"), feature_version=(3, 7))
    assert "from __future__ import annotations\n" not in SOURCE.read_text("utf-8").splitlines()


@pytest.mark.parametrize("path", [SOURCE, MACHINE, SIDE], ids=["dev.py", "machine.py", "side.py"])
def test_only_the_standard_library_is_imported(path: Path) -> None:
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module).split(".")[0])
    assert names <= {*sys.stdlib_module_names, "tools", "dev"}


# --- what the machine lacks -------------------------------------------------------------------


def need_file(dev: ModuleType, path: Path, command: str = "test") -> object:
    return dev.Need("the thing", frozenset({command}), path.exists, ("thing-package",))


def test_nothing_is_done_when_nothing_is_missing(dev: ModuleType, tmp_path: Path) -> None:
    dev.provide("test", [need_file(dev, tmp_path)])
    dev.provide("demo", [need_file(dev, tmp_path / "absent", "test")])


def test_postgresql_and_chromium_are_asked_for_by_what_uses_them_alone(dev: ModuleType) -> None:
    tested = [need for need in dev.NEEDS if need.commands <= {"test", "pictures"}]
    asked = {package: need.commands for need in tested for package in need.packages}
    assert asked == {"postgresql": {"test"}, "chromium": {"test", "pictures"}}
    [java] = [need for need in dev.NEEDS if "openjdk-17-jre-headless" in need.packages]
    assert java.commands == {"test", "bench", "spark", "newest"}
    [sandbox] = [need for need in dev.NEEDS if "bubblewrap" in need.packages]
    assert sandbox.commands == {"test", "bench"}
    assert sandbox.packages == ("bubblewrap", "libseccomp2")
    [venv] = [need for need in dev.NEEDS if need not in (*tested, java, sandbox)]
    assert venv.commands == set(dev.COMMANDS)
    assert venv.packages == (f"python{sys.version_info[0]}.{sys.version_info[1]}-venv",)


def test_root_with_apt_installs_after_saying_so(
    dev: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    wanted = tmp_path / "wanted"
    script(tmp_path / "apt-get", f'echo "$1 $PATH" >> "{dev.ROOT}/calls"; touch "{wanted}"')
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    dev.provide("test", [need_file(dev, wanted)])
    assert [line.split()[0] for line in calls(dev)] == ["update", "install"]
    assert all("/usr/sbin" in line for line in calls(dev))
    assert "Installing with apt: thing-package" in capsys.readouterr().err


def test_apt_that_fails_or_helps_nothing_stops_with_2(
    dev: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    script(tmp_path / "apt-get", "exit 0")
    with pytest.raises(dev.SetupError, match="still missing") as stop:
        dev.provide("test", [need_file(dev, tmp_path / "never")])
    assert stop.value.code == 2
    script(tmp_path / "apt-get", "echo no such package; exit 100")
    with pytest.raises(dev.SetupError, match="no such package") as stop:
        dev.provide("test", [need_file(dev, tmp_path / "never")])
    assert stop.value.code == 2


def test_an_ordinary_user_gets_one_apt_line_and_2(
    dev: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(tmp_path / "apt-get", f'touch "{dev.ROOT}/calls"')
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(dev.SetupError) as stop:
        dev.provide("test", [need_file(dev, tmp_path / "never")])
    assert stop.value.code == 2
    assert "apt-get install" in str(stop.value)
    assert "\n" not in str(stop.value)
    assert not (dev.ROOT / "calls").exists()


def test_without_apt_the_thing_is_named(
    dev: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dev.shutil, "which", lambda *_args, **_more: None)
    with pytest.raises(dev.SetupError, match="lacks the thing") as stop:
        dev.provide("test", [need_file(dev, tmp_path / "never")])
    assert stop.value.code == 2


def test_postgresql_is_found_beside_initdb(
    dev: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, link = tmp_path / "15" / "bin", tmp_path / "links"
    real.mkdir(parents=True)
    link.mkdir()
    for name in ("initdb", "pg_ctl", "postgres"):
        script(real / name, "exit 0")
    (link / "initdb").symlink_to(real / "initdb")
    monkeypatch.setenv("PATH", str(link))
    assert dev.postgres_bin() == real
    (real / "postgres").unlink()
    assert dev.postgres_bin() != real


# --- when the environment is made again -------------------------------------------------------


def test_a_finished_environment_is_left_alone(dev: ModuleType) -> None:
    fake_venv(dev)
    dev.prepare("test")
    made = calls(dev)
    assert sum("--require-hashes" in line for line in made) == 2  # Spark comes on top
    assert all("--only-binary=:all:" in line for line in made if "--require-hashes" in line)
    assert sum("--editable" in line for line in made) == 1
    dev.prepare("test")
    dev.prepare("demo")  # dev.lock holds all of core.lock
    assert calls(dev) == made


def test_demo_first_then_test_adds_without_making_anew(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_venv(dev)
    monkeypatch.setattr(dev, "_make_venv", lambda: pytest.fail("made anew"))
    dev.prepare("demo")
    assert not dev.is_ready("test")
    dev.prepare("test")
    assert dev.is_ready("test")
    assert dev.is_ready("demo")


def test_spark_is_built_from_its_source_by_locked_tools_and_nothing_else_is(
    dev: ModuleType,
) -> None:
    fake_venv(dev)
    dev.prepare("test")
    [line] = [line for line in calls(dev) if "spark.lock" in line]
    for option in ("--require-hashes", "--no-deps", "--no-build-isolation"):
        assert option in line
    assert line.index("--only-binary=:all:") < line.index("--no-binary=pyspark")


def test_the_demonstration_and_lint_do_without_spark(dev: ModuleType) -> None:
    fake_venv(dev)
    dev.prepare("demo")
    dev.prepare("lint")
    assert not any("spark.lock" in line for line in calls(dev))
    dev.prepare("spark")
    dev.prepare("test")
    assert sum("spark.lock" in line for line in calls(dev)) == 1


@pytest.mark.parametrize(
    ("said", "there"),
    [
        ('openjdk version "17.0.15" 2025-04-15', True),
        ('openjdk version "21" 2023-09-19', True),
        ('java version "1.8.0_171"', False),
        ('openjdk version "11.0.2" 2019-01-15', False),
        ('openjdk version "25.0.1" 2025-10-21', False),
    ],
)
def test_java_is_taken_in_the_versions_that_are_used(
    dev: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, there: bool
) -> None:
    (tmp_path / "bin").mkdir()
    script(tmp_path / "bin" / "java", f"echo '{said}' >&2")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert dev.has_java() is there
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "elsewhere"))
    assert dev.has_java() is False
    monkeypatch.delenv("JAVA_HOME")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    assert dev.has_java() is there


@pytest.mark.parametrize("lock", ["build", "core", "dev", "spark"])
def test_a_changed_lock_makes_the_environment_anew(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, lock: str
) -> None:
    fake_venv(dev)
    dev.prepare("demo")
    dev.prepare("test")
    file = dev.REQUIREMENTS / f"{lock}.lock"
    file.write_text(file.read_text() + "more==2\n")
    made = []
    monkeypatch.setattr(dev, "_make_venv", lambda: made.append(1))
    dev.prepare("test")
    assert made == [1]
    assert dev.is_ready("test")


def test_a_changed_pyproject_installs_the_project_only(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_venv(dev)
    dev.prepare("test")
    monkeypatch.setattr(dev, "_make_venv", lambda: pytest.fail("made anew"))
    (dev.ROOT / "calls").unlink()
    (dev.ROOT / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    dev.prepare("test")
    assert ["--editable" in line for line in calls(dev)] == [True]


@pytest.mark.parametrize("damage", ["moved", "other python", "no pip", "dangling"])
def test_an_environment_that_cannot_work_is_made_anew(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    binaries = fake_venv(dev)
    dev.prepare("test")
    if damage == "moved":
        stamp = json.loads(dev.STAMP.read_text())
        dev.STAMP.write_text(json.dumps({**stamp, "place": "/elsewhere"}))
    elif damage == "other python":
        (dev.VENV / "pyvenv.cfg").write_text("version = 3.9.1\n")
    elif damage == "no pip":
        next(dev.VENV.glob("lib/*/site-packages/pip/__main__.py")).unlink()
    else:
        (binaries / "python").unlink()
        (binaries / "python").symlink_to("/nonexistent/python")
    assert not dev.is_ready("test")
    made = []

    def make() -> None:
        made.append(1)
        (binaries / "python").unlink()
        script(binaries / "python", "exit 0")

    monkeypatch.setattr(dev, "_make_venv", make)
    dev.prepare("test")
    assert made == [1]


def test_an_interrupted_set_up_leaves_no_stamp(dev: ModuleType) -> None:
    binaries = fake_venv(dev)
    script(binaries / "python", "echo the index is down; exit 1")
    with pytest.raises(dev.SetupError, match="the index is down"):
        dev.prepare("test")
    assert not dev.STAMP.exists()
    assert not dev.is_ready("test")


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", "\x00"])
def test_a_broken_stamp_counts_as_none(dev: ModuleType, text: str) -> None:
    fake_venv(dev)
    dev.STAMP.write_text(text)
    assert dev.read_stamp() == {}
    assert not dev.is_ready("test")


def test_a_missing_lock_is_named(dev: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    (dev.REQUIREMENTS / "dev.lock").unlink()
    assert dev.main(["lint"]) == 1
    assert "requirements/dev.lock is missing" in capsys.readouterr().err


def test_pip_settings_that_would_install_elsewhere_are_dropped(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PIP_TARGET", "PIP_PREFIX", "PYTHONPATH", "PYTHONHOME"):
        monkeypatch.setenv(name, "elsewhere")
    monkeypatch.setenv("PIP_USER", "1")
    monkeypatch.setenv("PIP_PROXY", "kept")
    env = dev._pip_environment()
    assert "elsewhere" not in env.values()
    assert env["PIP_USER"] == "0"
    assert env["PIP_PROXY"] == "kept"


# --- commands ---------------------------------------------------------------------------------


@pytest.fixture
def ready(dev: ModuleType) -> ModuleType:
    """dev.py with an environment that it takes for finished."""
    fake_venv(dev)
    dev.prepare("test")
    (dev.ROOT / "calls").unlink()
    return dev


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        ([], "-m pytest -n auto --dist loadgroup"),
        (["-k", "x y"], "-m pytest -n auto --dist loadgroup -k x y"),
        (["-n0", "tests/unit"], "-m pytest -n0 tests/unit"),
        (["--pdb"], "-m pytest --pdb"),
        (
            ["--all", "-x"],
            "-m pytest -n auto --dist loadgroup -m  --hypothesis-profile=thorough -x",
        ),
    ],
)
def test_test_passes_its_arguments_to_pytest(
    ready: ModuleType, arguments: list[str], asked: str
) -> None:
    assert ready.command_test(arguments) == 0
    assert calls(ready) == [asked]


@pytest.mark.parametrize("command", ["bench", "demo"])
def test_arguments_and_exit_code_pass_through(ready: ModuleType, command: str) -> None:
    body = f'echo "$@" >> "{ready.ROOT}/calls"; exit 4'
    for name in ("python", "commonweal"):
        script(ready.VENV / "bin" / name, body)
    assert ready.COMMANDS[command](["--json", "a b"]) == 4
    assert calls(ready)[0].endswith("--json a b")


def test_run_puts_the_environment_first_and_stays_where_it_is(
    ready: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    script(ready.VENV / "bin" / "mine", f'echo "$VIRTUAL_ENV|$PWD|$PYTHONPATH" > "{tmp_path}/out"')
    assert ready.command_run(["--", "mine"]) == 0
    assert (tmp_path / "out").read_text().strip() == f"{ready.VENV}|{tmp_path}|"


@pytest.mark.parametrize("arguments", [[], ["--"], ["--", "there-is-no-such-command"]])
def test_run_without_a_command_is_wrong_usage(ready: ModuleType, arguments: list[str]) -> None:
    with pytest.raises(ready.SetupError) as stop:
        ready.command_run(arguments)
    assert stop.value.code == 2


def test_a_command_killed_by_a_signal_is_128_and_its_number(ready: ModuleType) -> None:
    assert ready.run_child(["sh", "-c", "kill -KILL $$"]) == 137


def test_lint_runs_every_check_and_fails_if_one_does(
    ready: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    script(ready.VENV / "bin" / "python", 'case "$2" in mypy) echo a fault; exit 1;; esac')
    script(ready.VENV / "bin" / "lint-imports", "exit 0")
    assert ready.command_lint([]) == 1
    shown = capsys.readouterr()
    assert shown.out == "a fault\n"
    assert shown.err.count(" ok ") == 4
    assert "lint: mypy --strict failed." in shown.err


def test_lint_names_only_rooms_that_are_there(ready: ModuleType) -> None:
    (ready.ROOT / "src" / "commonweal" / "vault").mkdir(parents=True)
    [mypy] = [step for name, step in ready.lint_steps() if name.startswith("mypy")]
    assert mypy[-3:] == ["dev.py", "tools", "src/commonweal/vault"]


@pytest.mark.parametrize(
    ("arguments", "code"), [([], 2), (["--help"], 0), (["nothing"], 2), (["lint", "x"], 2)]
)
def test_usage(
    ready: ModuleType, arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ready.main(arguments) == code
    shown = capsys.readouterr()
    assert (shown.out if code == 0 else shown.err).strip()


def test_a_folder_that_cannot_be_written_is_a_sentence(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> None:
        raise PermissionError(13, "Permission denied", "the folder")

    monkeypatch.setattr(dev, "_make_venv", refuse)
    assert dev.main(["lint"]) == 1
    assert capsys.readouterr().err.endswith("Could not use the folder: Permission denied.\n")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ctrl_c_and_a_stop_reach_the_command(
    ready: ModuleType, tmp_path: Path, number: int, code: int
) -> None:
    started, ended = tmp_path / "started", tmp_path / "ended"
    body = (
        "import pathlib, signal, sys, time\n"
        f"end = lambda *_: (pathlib.Path({str(ended)!r}).touch(), sys.exit())\n"
        "signal.signal(signal.SIGINT, end)\n"
        f"pathlib.Path({str(started)!r}).touch()\n"
        "time.sleep(60)\n"
    )
    # A session of its own, and both in it get the signal, as from a terminal.
    parent = subprocess.Popen(
        [sys.executable, str(ready.ROOT / "dev.py"), "run", "--", sys.executable, "-c", body],
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        deadline = time.monotonic() + 30
        while not started.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        if number == signal.SIGINT:
            os.killpg(parent.pid, number)
        else:
            os.kill(parent.pid, number)
        assert parent.wait(timeout=30) == code
    finally:
        parent.kill()
        parent.communicate()
    assert ended.exists() == (number == signal.SIGINT)
