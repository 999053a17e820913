"""Opening a ledger's file for verification, without changing it.

SQLite in WAL mode wants to write beside the file even for reading. Where it may not, a file without
a log is opened as immutable, and one with a log is copied first: leaving the log out would hide the
newest entries.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from commonweal.foundation.errors import Fault
from commonweal.foundation.files import translated


@contextlib.contextmanager
def open_snapshot(path: Path) -> Iterator[sqlite3.Connection]:
    """A read-only connection in one read transaction: the ledger as it is at this moment.

    Raises `Fault` CW-LEDGER-MISSING; errors of the database itself come out as `sqlite3.Error`.
    """
    if not path.is_file():
        raise Fault("CW-LEDGER-MISSING", f"There is no ledger at {path.name}.")
    log = path.with_name(path.name + "-wal")
    waiting = log.is_file() and log.stat().st_size > 0
    if os.access(path.parent, os.W_OK):
        with _opened(path, "mode=ro") as connection:
            yield connection
    elif not waiting:
        with _opened(path, "mode=ro&immutable=1") as connection:
            yield connection
    else:
        with tempfile.TemporaryDirectory(prefix="commonweal-verify-") as folder:
            copy = Path(folder) / path.name
            with translated(path.name):
                shutil.copyfile(path, copy)
                shutil.copyfile(log, copy.with_name(log.name))
            with _opened(copy, "mode=rw") as connection:
                yield connection


def read_head(path: Path) -> bytes:
    """The first 100 bytes of a database: its header."""
    with translated(path.name), path.open("rb") as stream:
        return stream.read(100)


@contextlib.contextmanager
def _opened(path: Path, options: str) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{options}", uri=True, isolation_level=None, timeout=30.0
    )
    with contextlib.closing(connection):
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("BEGIN")
        yield connection
        connection.execute("ROLLBACK")
