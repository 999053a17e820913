"""The tables of the ledger in SQLite, and the guards that make them append-only.

`intent` is the canonical entry and its hash, written in the transaction of the business change.
The sequencer gives each intent its place: `entry` (leaf) and `node` (complete subtrees). The
triggers stop accidents and careless tools. They do not stop whoever owns the file (S17): for that
there are checkpoints, the signer's own memory, and witnesses.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from commonweal.foundation.errors import CommonwealError, Failure, Fault, Unavailable

APPLICATION_ID = 0x43574C31  # "CWL1"
SCHEMA_VERSION = 4
"""1: without `carried`. 2: without `intent_by_type`. 3: without the indexes of public entries. Such
a ledger gets them when it is opened for writing."""

_TABLES = {
    "intent": """CREATE TABLE intent (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        log TEXT NOT NULL CHECK (log IN ('public', 'sealed')),
        type TEXT NOT NULL,
        body BLOB NOT NULL,
        body_hash BLOB NOT NULL CHECK (length(body_hash) = 32),
        permit TEXT,
        created_at TEXT NOT NULL
    ) STRICT""",
    "entry": """CREATE TABLE entry (
        log TEXT NOT NULL,
        idx INTEGER NOT NULL CHECK (idx >= 0),
        intent_id INTEGER NOT NULL UNIQUE REFERENCES intent (id),
        leaf_hash BLOB NOT NULL CHECK (length(leaf_hash) = 32),
        PRIMARY KEY (log, idx)
    ) STRICT, WITHOUT ROWID""",
    "node": """CREATE TABLE node (
        log TEXT NOT NULL,
        level INTEGER NOT NULL CHECK (level > 0),
        idx INTEGER NOT NULL CHECK (idx >= 0),
        hash BLOB NOT NULL CHECK (length(hash) = 32),
        PRIMARY KEY (log, level, idx)
    ) STRICT, WITHOUT ROWID""",
    "checkpoint": """CREATE TABLE checkpoint (
        log TEXT NOT NULL,
        epoch INTEGER NOT NULL CHECK (epoch > 0),
        size INTEGER NOT NULL CHECK (size >= 0),
        root BLOB NOT NULL CHECK (length(root) = 32),
        note TEXT NOT NULL,
        PRIMARY KEY (log, epoch, size)
    ) STRICT, WITHOUT ROWID""",
    "cosignature": """CREATE TABLE cosignature (
        log TEXT NOT NULL,
        epoch INTEGER NOT NULL,
        size INTEGER NOT NULL,
        line TEXT NOT NULL,
        PRIMARY KEY (log, epoch, size, line),
        FOREIGN KEY (log, epoch, size) REFERENCES checkpoint (log, epoch, size)
    ) STRICT, WITHOUT ROWID""",
    "detail": """CREATE TABLE detail (
        intent_id INTEGER PRIMARY KEY REFERENCES intent (id),
        key_id TEXT NOT NULL,
        ciphertext BLOB
    ) STRICT""",
    "permit_state": """CREATE TABLE permit_state (
        permit TEXT NOT NULL,
        intent_id INTEGER NOT NULL UNIQUE REFERENCES intent (id),
        state TEXT NOT NULL,
        at TEXT NOT NULL,
        active_from TEXT,
        until TEXT,
        PRIMARY KEY (permit, intent_id)
    ) STRICT, WITHOUT ROWID""",
    "epoch": """CREATE TABLE epoch (
        number INTEGER PRIMARY KEY CHECK (number > 1),
        intent_id INTEGER NOT NULL UNIQUE REFERENCES intent (id)
    ) STRICT""",
    "sealed_root": """CREATE TABLE sealed_root (
        intent_id INTEGER PRIMARY KEY REFERENCES intent (id),
        size INTEGER NOT NULL CHECK (size >= 0)
    ) STRICT""",
    "carried": """CREATE TABLE carried (
        courier TEXT NOT NULL,
        number INTEGER NOT NULL CHECK (number > 0),
        intent_id INTEGER NOT NULL UNIQUE REFERENCES intent (id),
        event_hash BLOB NOT NULL CHECK (length(event_hash) = 32),
        PRIMARY KEY (courier, number)
    ) STRICT, WITHOUT ROWID""",
}

NAMED = ("notice", "output", "release")
"""The fields by which a public entry is found, beside its permit."""


def named(field: str) -> str:
    """The SQL of the value of a field of `NAMED` in an entry's body.

    Bodies are canonical JSON, and these are ids, in which no quotation mark stands. SQLite lets no
    index rest on its functions for JSON where the schema is not trusted.
    """
    head = f'"{field}":"'
    rest = f"substr(CAST(body AS TEXT), instr(CAST(body AS TEXT), '{head}') + {len(head)})"
    return f"substr({rest}, 1, instr({rest}, '\"') - 1)"


def names_one(field: str) -> str:
    """The SQL that is true of the public entries that have this field of `NAMED`."""
    return f"log = 'public' AND instr(CAST(body AS TEXT), '\"{field}\":\"') > 0"


# What the public looks for is found among public entries alone: a look-up that walked over sealed
# ones as well would take the longer the more there are, and tell that (S9).
_PUBLIC_INDEXES = {
    "public_by_permit": "CREATE INDEX public_by_permit ON intent (permit, id) "
    "WHERE log = 'public' AND permit IS NOT NULL",
    **{
        f"public_by_{field}": f"CREATE INDEX public_by_{field} ON intent ({named(field)}, id) "
        f"WHERE {names_one(field)}"
        for field in NAMED
    },
}
_INDEXES = {
    **_PUBLIC_INDEXES,
    "intent_by_log": "CREATE INDEX intent_by_log ON intent (log, id)",
    "intent_by_permit": "CREATE INDEX intent_by_permit ON intent (permit, id)",
    "intent_by_type": "CREATE INDEX intent_by_type ON intent (type, id)",
}

# REPLACE deletes rows without firing delete triggers, so a taken key is refused before it acts.
_KEYS = {
    "intent": ("id",),
    "entry": ("log", "idx"),
    "node": ("log", "level", "idx"),
    "checkpoint": ("log", "epoch", "size"),
    "cosignature": ("log", "epoch", "size", "line"),
    "detail": ("intent_id",),
    "permit_state": ("permit", "intent_id"),
    "epoch": ("number",),
    "sealed_root": ("intent_id",),
    "carried": ("courier", "number"),
}


def _triggers() -> dict[str, str]:
    made: dict[str, str] = {}
    for table, keys in _KEYS.items():
        same = " AND ".join(f"{key} = NEW.{key}" for key in keys)
        taken = f"EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608 - names from above
        made[f"{table}_no_replace"] = (
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
            f"WHEN {taken} "
            f"BEGIN SELECT RAISE(ABORT, '{table} rows are never replaced'); END"
        )
        made[f"{table}_no_delete"] = (
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} rows are never deleted'); END"
        )
        if table != "detail":
            made[f"{table}_no_update"] = (
                f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} rows are never changed'); END"
            )
    made["detail_only_erase"] = (
        "CREATE TRIGGER detail_only_erase BEFORE UPDATE ON detail "
        "WHEN NEW.ciphertext IS NOT NULL OR NEW.intent_id IS NOT OLD.intent_id "
        "OR NEW.key_id IS NOT OLD.key_id "
        "BEGIN SELECT RAISE(ABORT, 'details are only erased'); END"
    )
    made["entry_in_order"] = (
        "CREATE TRIGGER entry_in_order BEFORE INSERT ON entry "
        "WHEN NEW.idx IS NOT (SELECT coalesce(max(idx) + 1, 0) FROM entry WHERE log = NEW.log) "
        "BEGIN SELECT RAISE(ABORT, 'entries are added at the end'); END"
    )
    return made


OBJECTS: dict[str, str] = {**_TABLES, **_INDEXES, **_triggers()}
"""Name and SQL text of everything the schema consists of."""

TABLES = frozenset(_TABLES)
"""The names of the tables."""

_SINCE = {
    **dict.fromkeys((name for name in OBJECTS if name.startswith("carried")), 2),
    "intent_by_type": 3,
    **dict.fromkeys(_PUBLIC_INDEXES, 4),
}
"""In which version what came later came."""


def objects_of(version: int) -> dict[str, str]:
    """The schema as it was in `version`."""
    return {
        name: statement for name, statement in OBJECTS.items() if version >= _SINCE.get(name, 1)
    }


def connect(path: Path) -> sqlite3.Connection:
    """A connection that is durable at every commit; transactions are begun by hand.

    Raises our errors for a database that is missing, damaged, foreign or cannot be opened.
    """
    if not path.is_file():
        raise Fault("CW-LEDGER-MISSING", f"There is no ledger at {path.name}.")
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=30.0,
        )
    except sqlite3.Error as error:
        raise translate(error) from error
    try:
        prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def prepare(connection: sqlite3.Connection) -> None:
    """Set what each connection must have, and refuse a file system that cannot give it."""
    with translated():
        connection.execute("PRAGMA busy_timeout = 30000")
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA recursive_triggers = ON")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        synchronous = connection.execute("PRAGMA synchronous").fetchone()[0]
    if mode != "wal" or synchronous != 2:
        raise Unavailable(
            "CW-LEDGER-BROKEN", "The ledger's disk cannot keep what is written to it safe."
        )


def make(path: Path) -> None:
    """Create the schema in an empty file, and put it on the disk."""
    with contextlib.closing(connect(path)) as connection, translated():
        connection.execute("BEGIN IMMEDIATE")
        for statement in OBJECTS.values():
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")


def upgrade(connection: sqlite3.Connection) -> None:
    """Give a sound ledger of an older version what is new: all of it or nothing, once."""
    if _version(connection) >= SCHEMA_VERSION or schema_faults(connection):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection)
        if version < SCHEMA_VERSION:
            for name in objects_of(SCHEMA_VERSION).keys() - objects_of(version).keys():
                if name in _TABLES:
                    connection.execute(OBJECTS[name])
            for name, since in _SINCE.items():
                if since > version and name not in _TABLES:
                    connection.execute(OBJECTS[name])
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def schema_faults(connection: sqlite3.Connection) -> list[str]:
    """One sentence for each thing in which a database differs from the schema."""
    found: list[str] = []
    application, version = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("application_id", "user_version")
    )
    if application != APPLICATION_ID:
        return ["The database is not a ledger."]
    if not 1 <= version <= SCHEMA_VERSION:
        return [f"The ledger has schema version {version}; this program knows {SCHEMA_VERSION}."]
    stored = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
    known = objects_of(version)
    for name, statement in known.items():
        if name not in stored:
            found.append(f"The guard or table {name} is missing.")
        elif stored[name] != statement:
            found.append(f"The guard or table {name} was changed.")
    # A foreign trigger on one of our tables could change what is written.
    for name, table in connection.execute(
        "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'"
    ):
        if table in _TABLES and name not in known:
            found.append(f"The table {table} has a trigger that is not ours.")
    return found


class translated:  # noqa: N801 - reads as a statement
    """Run a block so that any SQLite error leaves it as one of ours."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, sqlite3.Error):
            raise translate(error) from error


def translate(error: sqlite3.Error) -> CommonwealError:
    """The error of ours that stands for an error of SQLite; no text of the database is repeated."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Unavailable("CW-LEDGER-BUSY", "Another process is holding the ledger for too long.")
    if code == sqlite3.SQLITE_FULL:
        return Failure("CW-DISK-FULL", "The disk is full while writing the ledger.")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH):
        return Failure("CW-FOLDER-READONLY", "There is no permission to write the ledger.")
    if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM):
        return Failure("CW-FILE-FAILED", "The operating system could not read or write the ledger.")
    return Fault("CW-LEDGER-BROKEN", "The ledger's database is damaged or was changed.")
