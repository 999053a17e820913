"""`python3 dev.py newest`: the table operations on the newest DuckDB and PySpark there are.

This is a look ahead and never the gate: it installs by name and without a lock into an environment
of its own (`.cache/newest`), where no test of the suite and no release ever runs, and its exit code
says only whether it could look. What it found stands in its last lines and in `.cache/newest.txt`.
Each engine is tried alone, so that the one does not hide the other.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / ".cache" / "newest"
REPORT = ROOT / ".cache" / "newest.txt"
LOG = ROOT / ".cache" / "newest.log"
MOVED = ("duckdb", "duckdb-extension-httpfs", "pyspark", "ibis-framework", "pyarrow", "sqlglot")
TESTS = ("pytest", "pytest-timeout", "hypothesis", "setuptools", "wheel")
NOTE = "This is not the gate: `python3 dev.py test` is, with the versions of the locks."


def main() -> int:
    """Make the environment, run the battery on each engine, say what came of it."""
    try:
        python = environment()
    except (OSError, subprocess.CalledProcessError):
        say(f"The environment could not be made; see {LOG}.")
        return 1
    found = versions(python)
    lines = [f"{name} {version}" for name, version in found.items()]
    say("Trying " + ", ".join(lines) + " ...")
    held = newer(python)
    verdicts = [f"{engine}: {battery(python, engine)}" for engine in ("duckdb", "spark")]
    told = ["The newest versions (" + ", ".join(lines) + "):", *held, *verdicts, NOTE]
    REPORT.write_text("\n".join(told) + "\n", "utf-8")
    for line in told:
        print(line)
    return 0


def say(text: str) -> None:
    """Tell the person, on standard error."""
    print(text, file=sys.stderr, flush=True)


def environment() -> Path:
    """The Python of a fresh environment with the newest of everything that matters here."""
    say("Making an environment with the newest versions in .cache/newest (some minutes) ...")
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.parent.mkdir(exist_ok=True)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needed = {re.split(r"[^A-Za-z0-9._-]", line)[0] for line in project["dependencies"]}
    python = PLACE / "bin" / "python"
    with LOG.open("wb") as log:

        def run(*command: str) -> None:
            subprocess.run(command, check=True, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

        run(sys.executable, "-m", "venv", str(PLACE))
        pip = (str(python), "-m", "pip", "install", "--upgrade")
        run(*pip, *sorted({*needed, *MOVED, *TESTS}))
    return python


def versions(python: Path) -> dict[str, str]:
    """What was installed."""
    return {one["name"]: one["version"] for one in _listed(python)}


def newer(python: Path) -> list[str]:
    """A line for each package that something holds back, so that nobody takes it for the newest."""
    return [
        f"NOT TRIED: {one['name']} {one['latest_version']} (other packages or pip's settings hold "
        f"it at {one['version']})"
        for one in _listed(python, "--outdated")
    ]


def _listed(python: Path, *options: str) -> list[dict[str, str]]:
    listed = subprocess.run(
        [str(python), "-m", "pip", "list", "--format", "json", *options],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [one for one in json.loads(listed) if one["name"] in MOVED]


def battery(python: Path, engine: str) -> str:
    """One sentence: how the battery went on this engine, with the names of what failed."""
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header", "-rN"]
    # The snapshots of SQL are of the locked versions, so only what goes in and comes out counts.
    command += ["--tb=no", "-k", f"test_case and {engine}", "tests/spec/tables/test_ops_spec.py"]
    done = subprocess.run(
        [*command, "-o", "addopts=--import-mode=importlib"],
        check=False, cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    with LOG.open("a", encoding="utf-8") as log:
        log.write(done.stdout + done.stderr)
    closing = [line for line in done.stdout.splitlines() if re.search(r"\d+ (passed|failed)", line)]
    said = closing[-1].strip("= ") if closing else f"no answer (exit code {done.returncode})"
    return f"{'AS EXPECTED' if done.returncode == 0 else 'DIFFERENT'}: {said}"


if __name__ == "__main__":
    sys.exit(main())
