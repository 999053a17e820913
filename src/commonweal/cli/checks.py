"""The examinations of `commonweal doctor`. Only what is used today is looked at."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from commonweal.foundation.errors import CommonwealError

_TESTED = ((3, 11), (3, 13))
_REMOTE = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "ceph", "glusterfs", "afs"}
)
_MEMORY = frozenset({"tmpfs", "ramfs"})
MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 (looked at, not written to)


@dataclass(frozen=True)
class Finding:
    """One line of the doctor. `remedy` says what to do where the state is not `ok`."""

    name: str
    state: Literal["ok", "warning", "fault"]
    sentence: str
    remedy: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The line as JSON values."""
        return asdict(self)


def examine(home: Path | None) -> list[Finding]:
    """Everything that can be said of this machine, and of the home if one was named."""
    found = [
        _python(),
        _user(),
        _engine(),
        _spark(),
        _postgresql(),
        _memory(),
        _swap(),
        _separation(),
    ]
    return [*found, *_home(home), *_sandbox(home)]


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

    return _asked("Table engine", look)


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
    from commonweal.vault.release.opening import file_system

    usable = MEMORY_FOLDER.is_dir() and os.access(MEMORY_FOLDER, os.W_OK)
    if usable and file_system(MEMORY_FOLDER) in _MEMORY:
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


def _separation() -> Finding:
    return Finding(
        "Separation",
        "warning",
        "none: every room runs as one user of the operating system.",
        "Let only people who may see everything use this account.",
    )


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

    try:
        custody = open_custody(path, SystemClock())
    except CommonwealError as error:
        yield _told("Home", error)
        return
    with custody:
        kind = "demonstration" if custody.home.kind == "demo" else "real data"
        yield Finding("Home", "ok", f"{custody.home.info.name} ({kind}); its parts fit together.")
        yield _place(custody.home.path)
        yield _root_store(custody.home)
        yield _keys(custody.keyring)
        yield _asked("Clock", lambda: _clock(custody))
        yield _waiting(custody.ledger.intents_left())
    yield from _service(path)


def _sandbox(home: Path | None) -> Iterator[Finding]:
    """Each guard of the sandbox, tried now. Limits by cgroup are needed but in a demonstration."""
    from commonweal.sandbox.box import look

    demo = home is None or _is_demo(home)
    report, _ = look(demo=demo, cgroup=os.environ.get("COMMONWEAL_CGROUP"))
    for guard in report.guards:
        state: Literal["ok", "warning", "fault"] = "ok"
        if not guard.holds:
            state = "fault" if guard.needed else "warning"
        remedy = None if guard.holds else guard.remedy
        yield Finding(f"Sandbox, {guard.name}", state, guard.sentence, remedy)


def _is_demo(home: Path) -> bool:
    """Whether a home is a demonstration's; one that cannot be read counts as real."""
    from commonweal.foundation.clock import SystemClock
    from commonweal.vault.custody import open_custody

    try:
        with open_custody(home, SystemClock()) as custody:
            return custody.home.kind == "demo"
    except CommonwealError:
        return False


def _place(path: Path) -> Finding:
    from commonweal.vault.release.opening import file_system

    kind = file_system(path)
    if kind in _REMOTE:
        return Finding(
            "File system",
            "fault",
            f"The home lies on a network file system ({kind}), where locks cannot be trusted.",
            "Move it to a disk of this machine.",
        )
    if kind in _MEMORY:
        return Finding(
            "File system",
            "warning",
            f"The home lies in memory ({kind}) and is lost when the machine stops.",
            "Move it to a disk of this machine.",
        )
    return Finding("File system", "ok", f"The home lies on this machine ({kind}).")


def _root_store(home: Any) -> Finding:
    # Its place and modes were checked when the home was opened.
    if home.shares_volume():
        return Finding(
            "Root key",
            "warning",
            "It lies outside the home, but on the same disk.",
            "Move its folder to another disk and name it in COMMONWEAL_ROOT_STORE.",
        )
    return Finding("Root key", "ok", "It lies outside the home, on another disk.")


def _keys(keyring: Any) -> Finding:
    try:
        missing = keyring.unavailable()
    except CommonwealError as error:
        return _told("Keys", error)
    if missing:
        return Finding(
            "Keys",
            "fault",
            f"The root store does not hold the half of: {', '.join(missing)}. (CW-KEY-UNAVAILABLE)",
            "Put back the newest copy of the root store; what these keys sealed is lost without.",
        )
    return Finding("Keys", "ok", "The root store holds the half of every key.")


def _clock(custody: Any) -> str:
    # Reading a permit's state refuses a clock that is behind the ledger, whoever is asked about.
    custody.ledger.permit_standing("doctor")
    return "Not behind the ledger."


def _waiting(intents: int) -> Finding:
    if intents:
        return Finding(
            "Ledger",
            "warning",
            f"{intents} entries wait for their place.",
            "Run `commonweal ledger sequence`.",
        )
    return Finding("Ledger", "ok", "Every entry has its place.")


def _service(home: Path) -> Iterator[Finding]:
    """Whether the ledger hears in time of what people sign in the service; nothing without one."""
    from commonweal.foundation.clock import SystemClock
    from commonweal.web.config.environment import HOME, Environment
    from commonweal.web.waiting import SLOW, TOO_LONG, waiting_in

    try:
        environment = Environment.read({**os.environ, HOME: str(home)})
        found = waiting_in(environment, SystemClock().now())
    except CommonwealError as error:
        yield _told("Service", error)
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


def _asked(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, "ok", look())
    except CommonwealError as error:
        return _told(name, error)


def _told(name: str, error: CommonwealError) -> Finding:
    return Finding(name, "fault", f"{error.sentence} ({error.code})", error.remedy)
