"""The one way to open a table engine (DuckDB) over patient data, for the vault and the airlock.

Every connection is in memory, never on a named database file; what does not fit spills into a
private folder, encrypted with a key that DuckDB makes for the connection and keeps in memory
(`temp_file_encryption`, with OpenSSL from the packaged httpfs extension, loaded from the installed
file and never fetched). Network file systems are switched off, extensions are neither loaded nor
installed by themselves, nothing is logged or profiled, times are UTC, and the configuration is
then locked, so that no later statement can undo this.

DuckDB's own error messages quote the values that they stumble over, so they never travel:
`engine_errors` turns each into one of ours.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa

from commonweal.foundation.errors import CommonwealError, Failure, Unavailable, WrongUsage
from commonweal.foundation.files import make_private_folder

# What Ibis sets on every connection that it is handed; nothing else can be set afterwards.
_STILL_SETTABLE = ("timezone", "python_enable_replacements")
MEMORY_SETTING = "COMMONWEAL_MEMORY"
_LEAST_MEMORY = 200_000_000
"""Bytes for each core: every thread of the engine sorts and groups for itself."""
_AMOUNT = re.compile(r"[1-9][0-9]{0,8}(\.[0-9]{1,3})? ?[KMGT]i?B")
_SILENT = "SET enable_progress_bar = false"
"""Comes first: some ways of starting Python have a bar on standard output by default, and what is
read there by a program would begin with it."""
_NETWORK = ("HTTPFileSystem", "S3FileSystem", "HuggingFaceFileSystem")


def connect(
    work_folder: Path, *, memory_limit: str | None = None, threads: int | None = None
) -> duckdb.DuckDBPyConnection:
    """A hardened, locked, in-memory DuckDB connection that spills below `work_folder`.

    `memory_limit` as DuckDB writes it (`2GB`; default the setting `COMMONWEAL_MEMORY`, else a
    sixty-fourth of the machine and at least 200 MB a core), `threads` at least 1 (default all
    cores). The caller closes it.
    Raises `WrongUsage` CW-ENGINE-SETTING where the setting is no amount of memory.
    Raises `Unavailable` CW-ENGINE-UNAVAILABLE where a safeguard cannot be had, and
    CW-FOLDER-READONLY or CW-DISK-FULL from the work folder.
    """
    memory_limit = memory_limit or memory_setting() or _modest()
    spill = work_folder / f"spill-{secrets.token_hex(8)}"
    make_private_folder(spill)
    connection = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            "allow_persistent_secrets": False,
        },
    )
    try:
        _harden(connection, spill, memory_limit, threads)
    except duckdb.Error:
        connection.close()
        raise Unavailable(
            "CW-ENGINE-UNAVAILABLE",
            "The table engine cannot run with the safeguards it needs.",
            remedy="Install the exact versions of duckdb and duckdb-extension-httpfs in the lock.",
        ) from None
    except CommonwealError:
        connection.close()
        raise
    return connection


def connect_for_names() -> duckdb.DuckDBPyConnection:
    """A connection that reads names and types of columns and no row. The caller closes it."""
    connection = duckdb.connect(":memory:", config={"autoload_known_extensions": False})
    connection.execute(_SILENT)
    return connection


def _modest() -> str:
    # What does not fit is spilled, encrypted, mostly into the page cache: a release of ten million
    # rows takes a twentieth more time than with all the machine's memory.
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    cores = max(os.cpu_count() or 1, 2)
    wanted = max(machine // 64, cores * _LEAST_MEMORY)
    return f"{min(wanted, machine * 4 // 5)}B"


def memory_setting() -> str | None:
    """The amount in `COMMONWEAL_MEMORY`, or None. Raises `WrongUsage` CW-ENGINE-SETTING."""
    said = os.environ.get(MEMORY_SETTING)
    if not said:
        return None
    if _AMOUNT.fullmatch(said) is None:
        raise WrongUsage(
            "CW-ENGINE-SETTING",
            f"{MEMORY_SETTING} is not an amount of memory.",
            remedy="Write a number and a unit, such as 4GB or 800MB.",
        )
    return said


def memory_bytes() -> int | None:
    """The amount in `COMMONWEAL_MEMORY` in bytes, or None. Raises what `memory_setting` raises."""
    said = memory_setting()
    if said is None:
        return None
    number, unit = re.fullmatch(r"([0-9.]+) ?([KMGT]i?B)", said).groups()  # type: ignore[union-attr]
    step = 1024 if "i" in unit else 1000
    return int(float(number) * step ** ("KMGT".index(unit[0]) + 1))


def _harden(
    connection: duckdb.DuckDBPyConnection,
    spill: Path,
    memory_limit: str,
    threads: int | None,
) -> None:
    connection.execute(_SILENT)
    connection.execute(f"LOAD {quote_literal(str(_openssl_extension()))}")
    connection.execute(f"SET temp_directory = {quote_literal(str(spill))}")
    connection.execute("SET temp_file_encryption = true")
    connection.execute("SET enable_http_logging = false")
    connection.execute("SET preserve_insertion_order = true")
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET python_enable_replacements = false")
    connection.execute(f"SET memory_limit = {quote_literal(memory_limit)}")
    if threads is not None:
        connection.execute(f"SET threads = {int(threads)}")
    connection.execute(f"SET disabled_filesystems = {quote_literal(','.join(_NETWORK))}")
    settable = ", ".join(quote_literal(name) for name in _STILL_SETTABLE)
    connection.execute(f"SET allowed_configs = [{settable}]")
    connection.execute("SET lock_configuration = true")


def _openssl_extension() -> Path:
    try:
        import duckdb_extension_httpfs as package
    except ImportError:
        raise Unavailable(
            "CW-ENGINE-UNAVAILABLE",
            "The package that encrypts the table engine's spill files is not installed.",
            remedy="Install duckdb-extension-httpfs in the version of duckdb.",
        ) from None
    folder = Path(str(package.__file__)).parent / "extensions" / f"v{duckdb.__version__}"
    return folder / "httpfs.duckdb_extension"


def quote_identifier(name: str) -> str:
    """`name` as an SQL identifier. Raises ValueError for an empty name or one with a NUL."""
    if not name or "\x00" in name:
        raise ValueError("this cannot be the name of a table or column")
    return '"' + name.replace('"', '""') + '"'


def quote_literal(text: str) -> str:
    """`text` as an SQL string literal, for the places where DuckDB cannot bind a value.

    Never for patient values or keys: those are bound. Raises ValueError for a NUL.
    """
    if "\x00" in text:
        raise ValueError("a NUL cannot be part of a statement")
    return "'" + text.replace("'", "''") + "'"


def quote_path(path: Path) -> str:
    """A file's path as a literal that DuckDB takes as this one file and not as a pattern."""
    pattern = str(path)
    for character in "[*?":
        pattern = pattern.replace(character, f"\x00{character}\x01")
    return quote_literal(pattern.replace("\x00", "[").replace("\x01", "]"))


@contextlib.contextmanager
def engine_errors(what: str) -> Iterator[None]:
    """Run a block so that an error of DuckDB leaves it as one of ours, without its message.

    `what` completes "The table engine could not ..." and names files, tables and columns only.
    Raises `Failure` CW-DISK-FULL, CW-ENGINE-MEMORY or CW-ENGINE-FAILED.
    """
    try:
        yield
    except (duckdb.Error, pa.ArrowException) as error:
        raise translate_engine_error(error, what) from None


def translate_engine_error(error: duckdb.Error | pa.ArrowException, what: str) -> CommonwealError:
    """The error of ours for an error of DuckDB while it tried to do `what`.

    Where rows are streamed it comes by way of Arrow, with the same message.
    """
    message = str(error)
    if "No space left" in message or "max_temp_directory_size" in message:
        return Failure("CW-DISK-FULL", f"The disk is full: the table engine could not {what}.")
    if isinstance(error, duckdb.OutOfMemoryException) or "Out of Memory" in message:
        return Failure("CW-ENGINE-MEMORY", f"There is not enough memory to {what}.")
    kind = type(error).__name__
    return Failure("CW-ENGINE-FAILED", f"The table engine could not {what} ({kind}).")
