#!/usr/bin/env python3
"""One way in from a clone: make the environment, then run the demonstration, tests or checks.

Standard library only, because it runs before anything is installed. What it installs is named,
with hashes, in requirements/*.lock; nothing else is ever fetched. Messages go to standard error,
so that `--json` of the command behind it stays clean. Implements "From a clone" of the interfaces.
"""

# No `from __future__ import annotations` and no new syntax: an older Python must be able to read
# this file far enough to say in one sentence that it is too old (see the check below).
import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

OLDEST, NEWEST = (3, 11), (3, 13)


def refuse_other_pythons(version: "tuple[int, int]") -> None:
    """Exit with 2 and one sentence when `version` is not one that the locks cover."""
    if OLDEST <= version <= NEWEST:
        return
    names = [f"python3.{minor}" for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]
    found = [name for name in names if _runs(name)]
    hint = f"run it as {found[0]} dev.py" if found else "install python3.11 and python3.11-venv"
    this = ".".join(str(part) for part in version)
    sys.stderr.write(f"Commonweal needs Python 3.11 to 3.13 and this is {this}: {hint}.\n")
    sys.exit(2)


def _runs(name: str) -> bool:
    # A version manager may put a name on PATH that starts nothing, so it is tried.
    path = shutil.which(name)
    if path is None:
        return False
    with Path(os.devnull).open("wb") as nowhere:
        return subprocess.call([path, "-c", ""], stdout=nowhere, stderr=nowhere) == 0


refuse_other_pythons(sys.version_info[:2])

from collections.abc import Callable, Iterator, Sequence  # noqa: E402
from dataclasses import dataclass  # noqa: E402

from tools.machine import chromium, has_java, has_sandbox, postgres_bin  # noqa: E402
from tools.side import side_environment  # noqa: E402

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
CACHE = ROOT / ".cache"
STAMP = VENV / "commonweal.json"
REQUIREMENTS = ROOT / "requirements"

USAGE = """usage: python3 dev.py COMMAND

  demo [ARGS]          the demonstration hospital, from its patients to a proved release
  test [--all] [ARGS]  all tests; --all adds the slow exhaustive ones; ARGS go to pytest
  bench [NAME]         the benchmarks, or one of them (benchmarks/README.md)
  words                how hard the public pages are to read, hardest first; advice, no gate
  pictures             the pictures in docs/images, anew, from a service made for it
  lint                 style, types, import contracts and licences
  spark                Apache Spark beside the rest, for: run -- commonweal ... --engine spark
  newest               the table operations on the newest DuckDB and PySpark; never the gate
  run -- COMMAND       any command inside the environment, such as: run -- commonweal --help

Everything that is needed is installed first, into .venv, from the hashed lock files."""

# Which lock file a command needs. dev.lock holds all of core.lock.
LOCK_OF = {"demo": "core", "run": "core", "test": "dev", "lint": "dev", "bench": "dev"}
LOCK_OF |= {"spark": "core", "newest": "dev", "words": "dev", "pictures": "dev"}
WITH_SPARK = frozenset({"test", "bench", "spark"})
# Environments beside .venv that a command needs, and what each holds.
BESIDE = {
    "test": {"study": "what studies use", "oracles": "the tools that tests compare with"},
}

# Type-checked strictly; a room that is not built yet is left out until its folder is there.
STRICT_ROOMS = (
    *("foundation", "ledger", "papers", "sandbox", "governance", "care"),
    *("vault", "enclave", "airlock", "federation", "wiring", "web", "cli", "demo"),
)


class SetupError(Exception):
    """The environment cannot be made; carries the sentence for the person and the exit code."""

    def __init__(self, sentence: str, code: int = 1) -> None:
        super().__init__(sentence)
        self.code = code


def say(text: str) -> None:
    """Write one line for the person on standard error."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


# --- what the machine must have ---------------------------------------------------------------


def _can_make_venv() -> bool:
    # Debian and Ubuntu ship python3 without ensurepip, and venv cannot put pip in without it.
    if _venv_works():
        return True
    specs = [importlib.util.find_spec(name) for name in ("venv", "ensurepip")]
    # An emptied folder is still found, as a namespace; only a module has an origin.
    return all(spec is not None and spec.origin is not None for spec in specs)


def _venv_works() -> bool:
    """Say whether .venv is an environment of this Python's minor version with pip in it."""
    config = VENV / "pyvenv.cfg"
    if not (config.is_file() and os.access(VENV / "bin" / "python", os.X_OK)):
        return False
    version = re.search(r"^version\s*=\s*(\d+)\.(\d+)", config.read_text("utf-8"), re.MULTILINE)
    same = version is not None and tuple(map(int, version.groups())) == sys.version_info[:2]
    return same and any(VENV.glob("lib/python*/site-packages/pip/__main__.py"))


@dataclass(frozen=True)
class Need:
    """Something that pip cannot install: what it is for, how to see it, where apt has it."""

    name: str
    commands: frozenset[str]
    present: Callable[[], bool]
    packages: tuple[str, ...]


# Later rooms add their lines here; nothing else changes.
NEEDS = (
    Need(
        "the venv and ensurepip modules of Python",
        frozenset(LOCK_OF),
        _can_make_venv,
        (f"python{sys.version_info[0]}.{sys.version_info[1]}-venv",),
    ),
    Need(
        "bubblewrap and libseccomp, in which code and files of others are run and read",
        frozenset({"test", "bench"}),
        has_sandbox,
        ("bubblewrap", "libseccomp2"),
    ),
    Need(
        "the PostgreSQL server programs (initdb, pg_ctl, postgres)",
        frozenset({"test"}),
        lambda: postgres_bin() is not None,
        ("postgresql",),
    ),
    Need(
        "the browser Chromium",
        frozenset({"test", "pictures"}),
        lambda: bool(chromium()),
        ("chromium",),
    ),
    Need("Java 17 or 21", WITH_SPARK | {"newest"}, has_java, ("openjdk-17-jre-headless",)),
)


def missing_for(command: str, needs: Sequence[Need] = NEEDS) -> list[Need]:
    """Return what `command` needs and this machine lacks."""
    return [need for need in needs if command in need.commands and not need.present()]


def provide(command: str, needs: Sequence[Need] = NEEDS) -> None:
    """Install what `command` lacks where apt and root are there.

    Raises SetupError (exit 2) with one apt line, or with the names where there is no apt.
    """
    lacking = missing_for(command, needs)
    if not lacking:
        return
    names = "; ".join(need.name for need in lacking)
    packages = [package for need in lacking for package in need.packages]
    apt = shutil.which("apt-get", path=_system_path())
    if apt is None:
        raise SetupError(f"This machine lacks {names}: install and run the command again.", 2)
    line = "apt-get install -y --no-install-recommends " + " ".join(packages)
    if os.geteuid() != 0:
        say(f"This machine lacks {names}. Install with:")
        raise SetupError(f"sudo sh -c 'apt-get update && {line}'", 2)
    say(f"This machine lacks {names}. Installing with apt: {' '.join(packages)}")
    _apt(apt, ["update", "-qq"])
    _apt(apt, ["install", "-y", "-qq", "--no-install-recommends", *packages])
    importlib.invalidate_caches()
    left = [need.name for need in missing_for(command, needs)]
    if left:
        raise SetupError(f"apt installed {' '.join(packages)} but still missing: {left}.", 2)


def _system_path() -> str:
    # dpkg refuses to work without the administrator's folders, which a clean PATH may lack.
    return os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/local/sbin:/usr/sbin:/sbin"


def _apt(apt: str, arguments: list[str]) -> None:
    env = {**os.environ, "PATH": _system_path(), "DEBIAN_FRONTEND": "noninteractive"}
    log = _log_file("apt.log")
    with log.open("ab") as out:
        done = subprocess.run(
            [apt, *arguments],
            check=False,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    if done.returncode:
        tail = _tail(log)
        raise SetupError(f"apt-get {arguments[0]} failed; its last lines were:\n{tail}", 2)


# --- the environment --------------------------------------------------------------------------


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal, or raise SetupError when it is not there."""
    if not path.is_file():
        raise SetupError(f"The file {path.relative_to(ROOT)} is missing from this checkout.")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def wanted_stamp(command: str) -> dict[str, str]:
    """Return what the environment must have been made from to serve `command`."""
    lock = LOCK_OF[command]
    spark = {"spark"} if command in WITH_SPARK else set()
    return {
        "place": str(ROOT),
        **{name: file_hash(REQUIREMENTS / f"{name}.lock") for name in ("build", lock, *spark)},
        "project": file_hash(ROOT / "pyproject.toml"),
    }


def read_stamp() -> dict[str, str]:
    """Return what the environment was made from; empty when that is not known."""
    try:
        stamp = json.loads(STAMP.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(stamp, dict):
        return {}
    # An environment made from dev.lock holds all of core.lock as well.
    core = {"core": file_hash(REQUIREMENTS / "core.lock")} if "dev" in stamp else {}
    return {**core, **stamp}


def stale_locks(stamp: dict[str, str]) -> list[str]:
    """Return the locks that have changed since the environment was made from them."""
    known = [name for name in ("build", "core", "dev", "spark") if name in stamp]
    return [name for name in known if stamp[name] != file_hash(REQUIREMENTS / f"{name}.lock")]


def is_ready(command: str) -> bool:
    """Say whether the environment serves `command` as it is."""
    stamp = read_stamp()
    fits = wanted_stamp(command).items() <= stamp.items()
    return fits and not stale_locks(stamp) and _venv_works()


def prepare(command: str) -> None:
    """Make or update .venv so that it serves `command`; does nothing when it already does."""
    if is_ready(command):
        return
    with _one_at_a_time():
        if is_ready(command):
            return
        started = time.monotonic()
        stamp = read_stamp()
        if not _venv_works() or stale_locks(stamp) or stamp.get("place", str(ROOT)) != str(ROOT):
            _make_venv()
            stamp = {}
        wanted = wanted_stamp(command)
        locks = [name for name in ("build", "core", "dev") if name in wanted]
        if any(stamp.get(name) != wanted[name] for name in locks):
            _install_locks(locks)
        if stamp.get("spark") != wanted.get("spark", stamp.get("spark")):
            _install_spark()
        STAMP.unlink(missing_ok=True)
        _install_project()
        # Written last and at once: an interrupted set-up leaves no stamp and is done again.
        fresh = STAMP.with_suffix(".new")
        fresh.write_text(json.dumps({**stamp, **wanted}, indent=1) + "\n", "utf-8")
        fresh.replace(STAMP)
        say(f"The environment is ready ({time.monotonic() - started:.0f} s).")


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "dev.lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Waiting for another dev.py that is setting up this checkout ...")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _make_venv() -> None:
    say("Making the Python environment in .venv ...")
    _logged([sys.executable, "-m", "venv", "--clear", str(VENV)], "venv.log", "make .venv")


def locked_names(lock: Path) -> set[str]:
    """Return the names of the packages that a lock file pins."""
    return set(re.findall(r"^([a-z0-9][a-z0-9._-]*)==", lock.read_text("utf-8"), re.MULTILINE))


def _install_locks(locks: Sequence[str]) -> None:
    files = [REQUIREMENTS / f"{name}.lock" for name in locks]
    total = len(set().union(*(locked_names(file) for file in files)))
    say(f"Installing up to {total} locked packages (a minute or two the first time) ...")
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "install"]
    # Wheels only: a source package would run its own, unlocked, build.
    pip += ["--require-hashes", "--only-binary=:all:", "--no-warn-script-location"]
    for file in files:
        pip += ["-r", str(file)]
    _logged(pip, "install.log", "install the locked packages", total)


def _install_spark() -> None:
    say("Installing Apache Spark (500 MB; a minute or two the first time) ...")
    pip = python("-m", "pip", "install", "--require-hashes", "--no-deps", "--no-build-isolation")
    # PySpark comes as a source package alone: the locked setuptools builds it, nothing else.
    pip += ["--only-binary=:all:", "--no-binary=pyspark", "-r", str(REQUIREMENTS / "spark.lock")]
    _logged(pip, "spark.log", "install Apache Spark")


def _install_project() -> None:
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--no-deps", "--no-index"]
    pip += ["--no-build-isolation", "--editable", str(ROOT)]
    _logged(pip, "project.log", "install the project itself")


def _logged(arguments: list[str], log_name: str, aim: str, total: int = 0) -> None:
    """Run a step quietly with its output in a log; show progress on a terminal.

    Raises SetupError with the last lines of the log when the step fails.
    """
    log = _log_file(log_name)
    done = 0
    with log.open("wb") as out:
        process = subprocess.Popen(
            arguments,
            cwd=ROOT,
            env=_pip_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        with process:
            for line in process.stdout or ():
                out.write(line)
                if total and line.startswith(b"Collecting "):
                    done += 1
                    _progress(done, total, line)
    if total and sys.stderr.isatty():
        sys.stderr.write("\r\033[K")
    if process.returncode:
        raise SetupError(f"Could not {aim}; the last lines were:\n{_tail(log)}")


def _progress(done: int, total: int, line: bytes) -> None:
    if not sys.stderr.isatty():
        return
    name = re.split(r"[=<>!\[ ]", line.decode("utf-8", "replace").split()[1])[0]
    filled = 24 * min(done, total) // max(total, 1)
    bar = "#" * filled + "-" * (24 - filled)
    sys.stderr.write(f"\r\033[K  [{bar}] {done}/{total} {name}")
    sys.stderr.flush()


def _pip_environment() -> dict[str, str]:
    # A person's own pip settings for where to get packages stay; those for where to put them,
    # and a PYTHONPATH that would hide what is missing, do not.
    dropped = {"PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PYTHONPATH", "PYTHONHOME"}
    env = {key: value for key, value in os.environ.items() if key not in dropped}
    quiet = {"PIP_USER": "0", "PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return {**env, **quiet, "PYTHONUNBUFFERED": "1", "LC_ALL": "C.UTF-8"}


def _log_file(name: str) -> Path:
    CACHE.mkdir(exist_ok=True)
    return CACHE / name


def _tail(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").splitlines()
    return "\n".join(lines[-12:]) + f"\n(all of it: {log})"


# --- commands ---------------------------------------------------------------------------------


def environment() -> dict[str, str]:
    """Return the environment variables for a command that runs inside .venv."""
    env = {k: v for k, v in os.environ.items() if k not in {"PYTHONHOME", "PYTHONPATH"}}
    path = env.get("PATH", "/usr/local/bin:/usr/bin:/bin")
    return {**env, "VIRTUAL_ENV": str(VENV), "PATH": f"{VENV / 'bin'}{os.pathsep}{path}"}


def run_child(arguments: Sequence[str], cwd: Path | None = None) -> int:
    """Run a command inside the environment and return its exit code (130 after Ctrl-C)."""
    env = environment()
    program = shutil.which(arguments[0], path=env["PATH"])
    if program is None:
        raise SetupError(f"There is no command {arguments[0]!r}.", 2)
    child = subprocess.Popen([program, *arguments[1:]], cwd=cwd, env=env)

    def forward(number: int, _frame: object) -> None:
        child.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, forward)
    try:
        code = child.wait()
    except KeyboardInterrupt:
        _finish_interrupted(child)
        return 130
    return code if code >= 0 else 128 - code


def _finish_interrupted(child: "subprocess.Popen[bytes]") -> None:
    # A terminal sends Ctrl-C to both of us; only where it reached us alone is it passed on.
    for number in (None, signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        if number is not None:
            child.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
            child.wait(timeout=5)
            return


def python(*arguments: str) -> list[str]:
    """Return the command line that runs the environment's own Python."""
    return [str(VENV / "bin" / "python"), *arguments]


def command_test(arguments: list[str]) -> int:
    """Run pytest, on all cores unless the caller chose the number of processes."""
    chosen = any(re.match(r"(-n|--numprocesses|--dist|--pdb)", a) for a in arguments)
    options = [] if chosen else ["-n", "auto", "--dist", "loadgroup"]
    if "--all" in arguments:
        arguments = [a for a in arguments if a != "--all"]
        options += ["-m", "", "--hypothesis-profile=thorough"]
    return run_child(python("-m", "pytest", *options, *arguments), cwd=ROOT)


def lint_steps() -> list[tuple[str, list[str]]]:
    """Return the checks of `lint`, each with its name and command line."""
    rooms = [ROOT / "src" / "commonweal" / room for room in STRICT_ROOMS]
    present = [str(room.relative_to(ROOT)) for room in rooms if room.is_dir()]
    licences = ["-q", "-n0", "-p", "no:cacheprovider", "tests/unit/test_licences.py"]
    return [
        ("ruff check", python("-m", "ruff", "check", ".")),
        ("ruff format", python("-m", "ruff", "format", "--check", ".")),
        ("mypy --strict", python("-m", "mypy", "--strict", "dev.py", "tools", *present)),
        ("import contracts", [str(VENV / "bin" / "lint-imports"), "--no-cache"]),
        ("licences", python("-m", "pytest", *licences)),
    ]


def command_lint(arguments: list[str]) -> int:
    """Run every check, show the output of those that fail, and return 1 if any did."""
    if arguments:
        raise SetupError("lint takes no arguments.", 2)
    failed = []
    for name, step in lint_steps():
        started = time.monotonic()
        done = subprocess.run(
            step,
            check=False,
            cwd=ROOT,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        verdict = "ok" if done.returncode == 0 else "FAILED"
        say(f"{name:<18}{verdict:<8}{time.monotonic() - started:5.1f} s")
        if done.returncode:
            failed.append(name)
            sys.stdout.write(done.stdout.decode("utf-8", "replace"))
            sys.stdout.flush()
    say(f"lint: {', '.join(failed)} failed." if failed else "lint: all checks passed.")
    return 1 if failed else 0


def command_run(arguments: list[str]) -> int:
    """Run any command with the environment's programs first on PATH, where the caller stands."""
    wanted = arguments[1:] if arguments[:1] == ["--"] else arguments
    if not wanted:
        raise SetupError("run needs a command, such as: python3 dev.py run -- commonweal --help", 2)
    return run_child(wanted)


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "demo": lambda arguments: run_child([str(VENV / "bin" / "commonweal"), "demo", *arguments]),
    "test": command_test,
    "bench": lambda arguments: run_child(python("-m", "benchmarks", *arguments), cwd=ROOT),
    "words": lambda _: run_child(python("-m", "tests.web.public_words"), cwd=ROOT),
    "pictures": lambda _: run_child(python("-m", "tests.browser.pictures"), cwd=ROOT),
    "lint": command_lint,
    "run": command_run,
    "spark": lambda _: run_child(python("-c", "import pyspark; print(pyspark.__version__)")),
    "newest": lambda _arguments: run_child(python("tools/newest.py"), cwd=ROOT),
}


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    if not arguments or arguments[0] in {"-h", "--help", "help"}:
        (sys.stdout if arguments else sys.stderr).write(USAGE + "\n")
        return 0 if arguments else 2
    command, rest = arguments[0], list(arguments[1:])
    if command not in COMMANDS:
        say(f"There is no command {command!r}.\n\n{USAGE}")
        return 2
    try:
        provide(command)
        prepare(command)
        for name, holds in BESIDE.get(command, {}).items():
            side_environment(name, holds)
        return COMMANDS[command](rest)
    except SetupError as error:
        say(str(error))
        return error.code
    except OSError as error:
        place = error.filename or "the environment"
        say(f"Could not use {place}: {error.strerror}.")
        return 1
    except KeyboardInterrupt:
        say("Interrupted.")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
