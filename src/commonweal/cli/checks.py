"""The examinations of `commonweal doctor`. Only what is used today is looked at."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from commonweal.foundation.errors import CommonwealError
from commonweal.foundation.findings import Finding, asked, told

_TESTED = ((3, 11), (3, 13))
MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 (looked at, not written to)


def examine(home: Path | None) -> list[Finding]:
    """Everything that can be said of this machine, and of the home if one was named."""
    from commonweal.vault.custody.health import separation

    found = [
        _python(),
        _user(),
        _engine(),
        _spark(),
        _postgresql(),
        _memory(),
        _swap(),
        separation(),
    ]
    return [*found, *_home(home), *_sandbox(home), *_jobs(home)]


def _python() -> Finding:
    here = sys.version_info[:2]
    said = f"{here[0]}.{here[1]}"
    if here < _TESTED[0]:
        return Finding("Python", "fault", f"{said} is too old.", "Use Python 3.11, 3.12 or 3.13.")
    if here > _TESTED[1]:
        return Finding("Python", "warning", f"{said} was not tested.", "Use Python 3.11 to 3.13.")
    return Finding("Python", "ok", f"{said}.")


def _user() -> Finding:
    if os.geteuid() == 0:
        return Finding(
            "User",
            "warning",
            "Commands run as root, who may read everything on this machine.",
            "Run Commonweal as a user of its own.",
        )
    return Finding("User", "ok", "Commands do not run as root.")


def _engine() -> Finding:
    def look() -> str:
        import duckdb

        from commonweal.foundation.connection import connect

        with tempfile.TemporaryDirectory(prefix="commonweal-doctor-") as folder:
            connect(Path(folder)).close()
        return f"DuckDB {duckdb.__version__}; what spills to the disk is encrypted."

    return asked("Table engine", look)


def _spark() -> Finding:
    """Whether `--engine spark` could be used. It need not be: nothing is started for this."""
    from commonweal.vault.tables.java_program import java_program
    from commonweal.vault.tables.spark_session import require_spark

    try:
        require_spark()
    except CommonwealError as error:
        return Finding("Spark", "ok", f"Not used here: {error.sentence}")
    import importlib.metadata

    version = importlib.metadata.version("pyspark")
    return Finding("Spark", "ok", f"PySpark {version} with {java_program()}; used if asked for.")


def _postgresql() -> Finding:
    try:
        import adbc_driver_postgresql
    except ImportError:
        return Finding(
            "PostgreSQL",
            "warning",
            "Its driver is not installed, so databases cannot be read.",
            "Install adbc-driver-postgresql in the version of the lock.",
        )
    return Finding("PostgreSQL", "ok", f"Driver {adbc_driver_postgresql.__version__}.")


def _memory() -> Finding:
    from commonweal.foundation.files import file_system
    from commonweal.vault.custody.health import MEMORY

    usable = MEMORY_FOLDER.is_dir() and os.access(MEMORY_FOLDER, os.W_OK)
    if usable and file_system(MEMORY_FOLDER) in MEMORY:
        return Finding("Opening releases", "ok", f"{MEMORY_FOLDER} lies in memory.")
    return Finding(
        "Opening releases",
        "warning",
        f"{MEMORY_FOLDER} is not a writable folder in memory, so releases cannot be opened.",
        "Mount a tmpfs there.",
    )


def _swap() -> Finding:
    try:
        used = len(Path("/proc/swaps").read_text().splitlines()) > 1
    except OSError:
        return Finding(
            "Swap", "warning", "It cannot be seen whether memory is swapped.", "Look at swapon."
        )
    if used:
        return Finding(
            "Swap",
            "warning",
            "Memory with keys and opened data may be written to a disk.",
            "Switch swap off or encrypt it.",
        )
    return Finding("Swap", "ok", "Memory is not written to a disk.")


def _home(path: Path | None) -> Iterator[Finding]:
    if path is None:
        yield Finding(
            "Home",
            "warning",
            "No home was named.",
            "Set COMMONWEAL_HOME or use --home; `commonweal home create` makes one.",
        )
        return
    from commonweal.foundation.clock import SystemClock
    from commonweal.vault.custody import open_custody
    from commonweal.vault.custody.health import home_findings
    from commonweal.wiring.histories import sealing_finding

    try:
        custody = open_custody(path, SystemClock())
    except CommonwealError as error:
        yield told("Home", error)
        return
    with custody:
        kind = "demonstration" if custody.home.kind == "demo" else "real data"
        yield Finding("Home", "ok", f"{custody.home.info.name} ({kind}); its parts fit together.")
        yield from home_findings(custody)
        yield sealing_finding(custody)
    yield from _service(path)


def _sandbox(home: Path | None) -> Iterator[Finding]:
    """Each guard of the sandbox, tried now. Limits by cgroup are needed but in a demonstration."""
    from commonweal.sandbox.box import look

    demo = home is None or _is_demo(home)
    report, _ = look(demo=demo, cgroup=os.environ.get("COMMONWEAL_CGROUP"))
    yield from (guard.finding for guard in report.guards)


def _jobs(home: Path | None) -> list[Finding]:
    """Where what studies write lies, and which devices they get, by the settings of a home."""
    from commonweal.enclave.health import findings
    from commonweal.foundation.files import file_system

    return [] if home is None else findings(home, file_system)


def _is_demo(home: Path) -> bool:
    """Whether a home is a demonstration's; one that cannot be read counts as real."""
    from commonweal.foundation.clock import SystemClock
    from commonweal.vault.custody import open_custody

    try:
        with open_custody(home, SystemClock()) as custody:
            return custody.home.kind == "demo"
    except CommonwealError:
        return False


def _service(home: Path) -> Iterator[Finding]:
    """Whether the ledger hears in time of what people sign in the service; nothing without one."""
    from commonweal.foundation.clock import SystemClock
    from commonweal.web.config.environment import HOME, Environment
    from commonweal.web.waiting import SLOW, TOO_LONG, waiting_in

    try:
        environment = Environment.read({**os.environ, HOME: str(home)})
        found = waiting_in(environment, SystemClock().now())
    except CommonwealError as error:
        yield told("Service", error)
        return
    if found is None:
        return
    if found.held:
        yield Finding(
            "Service",
            "warning",
            f"Signatures that could not be settled and were set aside: {found.held}.",
            "Look at the page of signatures that are held up, under Accounts.",
        )
    if found.longest > SLOW:
        yield Finding(
            "Service",
            "fault" if found.longest > TOO_LONG else "warning",
            f"What waits for the ledger has waited for {found.longest.total_seconds() // 60:.0f} "
            f"minutes: {' and '.join(found.slow)}.",
            "Start `commonweal worker --room signer` (`commonweal serve` does) and read its log.",
        )
        return
    if not found.held:
        yield Finding("Service", "ok", "The ledger hears in time of what people sign.")
