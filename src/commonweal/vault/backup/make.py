"""Making a backup of a home that is in use (S20).

The order matters. First the service's records and the ledger are copied with SQLite's online
backup, then the releases are listed, then the key records: whatever the copied ledger speaks of
was there before, so it is in the backup. Releases are never changed, so copying them needs no
lock. Nothing of the root store is read but what opens the backup key.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from commonweal.foundation.clock import Clock
from commonweal.foundation.errors import Fault, Refused, WrongUsage
from commonweal.foundation.files import (
    STAGING_PREFIX,
    fsync_folder,
    sha256_file,
    translated,
)
from commonweal.foundation.sealing import Sealer
from commonweal.ledger.entry import read_entry
from commonweal.vault.backup.archive import Packer, broken
from commonweal.vault.backup.header import BackupHeader
from commonweal.vault.home import Home
from commonweal.vault.keys import Keyring
from commonweal.vault.keys.records import new_id

LedgerBackup = Callable[[Path], None]
"""Writes a consistent copy of the ledger's database to the path it is given."""

BUILDING = ".building-"
"""How the name of a release begins while it is built (`vault.release.store`)."""

_LEDGER = "ledger/ledger.sqlite"
_SERVICE = "web/service.sqlite"
"""Of the service's folder only its records: its secret and unsent mail are made anew."""
_EVIDENCE = "web/evidence"
"""Documents that applicants handed in. Each is there before the record that names it."""
_KEYS = ("web/alerts_key", "web/concerns_key")
"""What people wrote to the hospital, and their addresses, are sealed with these in the records."""
_PAGES = 2048


@dataclass(frozen=True)
class BackupInfo:
    """What is in a backup. `bytes` are those of the files; `sha256` is the sealed file's.

    `unavailable_keys`: names of keys that were without their half when it was made (known to the
    maker only): what they seal cannot be opened from it.
    """

    id: str
    home: str
    made_at: datetime
    key_id: str
    files: int
    bytes: int
    manifest: str
    sha256: str
    unavailable_keys: tuple[str, ...] = ()


def make_backup(
    home: Home,
    to: Path,
    keyring: Keyring,
    clock: Clock,
    *,
    key: str = "backup",
    ledger_backup: LedgerBackup | None = None,
) -> BackupInfo:
    """Write a sealed backup of `home` to the new file `to`, whole or not at all.

    `key` names a key of purpose `backup`. Raises `Fault` CW-FILE-EXISTS, `Refused`
    CW-BACKUP-PLACE (inside the home or root store), `WrongUsage` CW-KEY-USE, what
    `Keyring.secret` raises, `Failure` CW-BACKUP-CHANGED or CW-DISK-FULL.
    """
    _require_outside(home, to)
    record, above = keyring.chain(key)
    if record.info.purpose != "backup":
        raise WrongUsage("CW-KEY-USE", f"The key {key} does not seal backups.")
    header = BackupHeader(new_id(), home.id, clock.now(), record, above)
    with home.run_folder() as folder, _new_file(to) as beside:
        ledger, service = folder / "ledger.sqlite", folder / "service.sqlite"
        # First the service: what it has handed to the ledger by then is in the ledger's copy.
        if (home.path / _SERVICE).is_file():
            copy_database(home.path / _SERVICE, service)
        _copy_ledger(home, ledger, ledger_backup)
        sources = _sources(home, ledger, service)
        packer, manifest = _write(beside, header, keyring.secret(key).use(), sources)
        sealed = sha256_file(beside)
    return BackupInfo(
        id=header.id,
        home=home.id,
        made_at=header.made_at,
        key_id=record.info.id,
        files=packer.files,
        bytes=packer.bytes,
        manifest=manifest,
        sha256=sealed,
        unavailable_keys=keyring.unavailable(),
    )


def copy_database(source: Path, to: Path) -> None:
    """Copy a SQLite database that is in use, with the online backup of SQLite, and check it.

    Raises `Fault` CW-LEDGER-BROKEN if the copy is damaged, `Failure` for the operating system.
    """
    with translated("the copy of the ledger"):
        descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.close(descriptor)
    try:
        with (
            contextlib.closing(open_database(source)) as live,
            contextlib.closing(open_database(to, write=True)) as copy,
        ):
            live.backup(copy, pages=_PAGES)
        check_database(to)
    except sqlite3.Error as error:
        raise Fault("CW-LEDGER-BROKEN", "The ledger's database cannot be copied.") from error


def open_database(path: Path, *, write: bool = False) -> sqlite3.Connection:
    """A database that is there. SQLite takes its side files away when the connection closes."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=30)
    if not write:
        connection.execute("PRAGMA query_only = ON")
    return connection


def check_database(path: Path) -> None:
    """Raises `Fault` CW-LEDGER-BROKEN unless SQLite finds the database whole."""
    try:
        with contextlib.closing(open_database(path)) as opened:
            found = opened.execute("PRAGMA integrity_check(1)").fetchone()[0]
            orphans = opened.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.Error as error:
        raise Fault("CW-LEDGER-BROKEN", "The ledger's database is damaged.") from error
    if found != "ok" or orphans is not None:
        raise Fault("CW-LEDGER-BROKEN", "The ledger's database is damaged.")


def _copy_ledger(home: Home, to: Path, ledger_backup: LedgerBackup | None) -> None:
    if ledger_backup is not None:
        ledger_backup(to)
        check_database(to)
    elif home.ledger_database.is_file():
        copy_database(home.ledger_database, to)


def _sources(home: Home, ledger: Path, service: Path) -> list[tuple[str, Path]]:
    """Every file of the backup by its path in the archive, in order."""
    found: dict[str, Path] = {}
    completed = _completed(ledger) if ledger.is_file() else frozenset()
    # Key records come last: each release that was listed has its key by then.
    tops = sorted(home.path.iterdir(), key=lambda path: (path.name == "keys", path.name))
    for top in tops:
        # Jobs can be run again, and what they left may hold rows: no backup keeps it (S20).
        if top.name not in {"work", "ledger", "web", "enclave", ".lock"}:
            files = (path for path in _files(top) if not _half_made(home, path, completed))
            found.update((path.relative_to(home.path).as_posix(), path) for path in files)
    if ledger.is_file():
        found[_LEDGER] = ledger
    if service.is_file():
        found[_SERVICE] = service
        keys = {name: home.path / name for name in _KEYS}
        found.update({name: path for name, path in keys.items() if path.is_file()})
        if (home.path / _EVIDENCE).is_dir():
            kept = _files(home.path / _EVIDENCE)
            found.update((path.relative_to(home.path).as_posix(), path) for path in kept)
    return sorted(found.items())


def _completed(ledger: Path) -> frozenset[str]:
    """The releases that the copied ledger calls completed."""
    try:
        with contextlib.closing(open_database(ledger)) as copy:
            rows = copy.execute("SELECT body FROM intent WHERE type = 'release.completed'")
            return frozenset(str(read_entry(row[0]).get("release")) for row in rows)
    except sqlite3.Error as error:
        raise Fault("CW-LEDGER-BROKEN", "The ledger's database cannot be read.") from error


def _half_made(home: Home, path: Path, completed: frozenset[str]) -> bool:
    """True for what a dead or running build has not finished.

    A release that the ledger calls completed belongs in the backup even before it has its name:
    the next build of the restored home gives it to it.
    """
    parts = path.relative_to(home.path).parts
    if parts[0] != "releases" or not parts[1].startswith(BUILDING):
        return False
    return parts[1].removeprefix(BUILDING) not in completed


def _files(top: Path) -> Iterator[Path]:
    if top.name.startswith(STAGING_PREFIX):
        return
    if top.is_symlink():
        raise broken(f"{top.name} in the home is a link")
    if not top.is_dir():
        yield top
        return
    with translated(top.name):
        inner = sorted(top.iterdir())
    for path in inner:
        yield from _files(path)


def _write(
    beside: Path, header: BackupHeader, key: bytes, sources: list[tuple[str, Path]]
) -> tuple[Packer, str]:
    with translated("the backup"), beside.open("wb") as sink:
        sink.write(header.to_bytes())
        with Sealer(sink, key, header.context) as sealer:
            writer: Any = sealer
            packer = Packer(writer)
            for path, source in sources:
                packer.add(path, source)
            manifest = packer.finish()
        sink.flush()
        os.fsync(sink.fileno())
    return packer, manifest


@contextlib.contextmanager
def _new_file(to: Path) -> Iterator[Path]:
    """A private file beside `to` that gets its name when the block ends well."""
    beside = to.with_name(f"{STAGING_PREFIX}{to.name}-{secrets.token_hex(6)}")
    with translated(to.name):
        if to.exists() or to.is_symlink():
            raise Fault("CW-FILE-EXISTS", f"{to.name} is already there.")
        os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        yield beside
        with translated(to.name):
            os.link(beside, to)
            fsync_folder(to.parent)
    except FileExistsError as error:
        raise Fault("CW-FILE-EXISTS", f"{to.name} is already there.") from error
    finally:
        beside.unlink(missing_ok=True)


def _require_outside(home: Home, to: Path) -> None:
    place = to.resolve()
    for folder in (home.path, home.root_store):
        if place.is_relative_to(folder.resolve()):
            raise Refused(
                "CW-BACKUP-PLACE",
                "A backup lies outside the home and outside the root key's folder.",
            )
