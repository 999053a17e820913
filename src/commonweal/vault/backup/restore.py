"""Restoring a home from a backup: into an empty folder, all or nothing, and past the fence (S20).

Everything is laid out and proved beside the target and gets its name last. On the way the fence
is obeyed: destroyed keys are marked so (their halves are gone in any case), erased details are
erased again. What only the ledger can say is handed back: permits that must be paused or ended
again, and whether the ledger is behind what its signer signed, so that a new epoch must begin.
Choices older than the restore are not used any more (`home.json`, `restored_at`).
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from commonweal.foundation.clock import Clock
from commonweal.foundation.errors import CommonwealError, Fault, Refused
from commonweal.foundation.files import (
    STAGING_PREFIX,
    fsync_folder,
    fsync_tree,
    make_private_folder,
    read_bytes,
    sha256_file,
    translated,
    write_atomic,
)
from commonweal.foundation.sealing import unseal
from commonweal.ledger import reading
from commonweal.ledger.checkpoint import Checkpoint, epoch_of
from commonweal.ledger.events import LOGS, Log
from commonweal.ledger.note import Note
from commonweal.vault.backup.archive import Unpacker, broken
from commonweal.vault.backup.header import BackupHeader
from commonweal.vault.backup.make import BackupInfo, check_database, open_database
from commonweal.vault.home import FOLDERS, HomeInfo, require_empty
from commonweal.vault.keys.fence import Fence, FenceState, must_hold
from commonweal.vault.keys.keyring import Keyring
from commonweal.vault.keys.provider import FileProvider, Place
from commonweal.vault.keys.root_store import RootStore, refuse_nested
from commonweal.vault.keys.secret import Secret

_MAX_NOTE = 100_000


@dataclass(frozen=True)
class MustReapply:
    """A permit and the state that its restored ledger must be brought back to."""

    permit_id: str
    state: str
    at: datetime


@dataclass(frozen=True)
class LastCheckpoint:
    """The last checkpoint that the signer signed for a log; `behind`: the backup has not got it."""

    log: Log
    origin: str
    size: int
    root: bytes
    note: str
    behind: bool


@dataclass(frozen=True)
class RestoreResult:
    """What a restore did and what is still to do.

    `destroyed_keys`: ids in the restored home that stay destroyed. `unavailable_keys`: names of
    those whose half the root store does not hold. `erased`: details erased
    again. `must_reapply`: for the ledger, in the order of permit ids. `rewound`: some log is
    behind its signer; `checkpoints` says which and how far the signed log went.
    `choices_not_before`: older choices must not be used.
    """

    backup: BackupInfo
    restored_at: datetime
    destroyed_keys: tuple[str, ...]
    unavailable_keys: tuple[str, ...]
    erased: int
    must_reapply: tuple[MustReapply, ...]
    rewound: bool
    checkpoints: tuple[LastCheckpoint, ...]
    choices_not_before: datetime


def check_backup(file: Path, root_store: Path, clock: Clock) -> BackupInfo:
    """Read a backup through and check all of it, writing nothing.

    Raises `Fault` CW-BACKUP-BROKEN or CW-FILE-MISSING, `Unavailable` CW-KEY-UNAVAILABLE, `Refused`
    CW-KEY-DESTROYED if the backup's key was destroyed.
    """
    with _opened(file) as stream:
        header = BackupHeader.read(stream)
        store = _store(header, root_store)
        return _unpack(file, stream, header, store, Fence(store, clock).read(), None)


def restore_backup(file: Path, to: Path, *, root_store: Path, clock: Clock) -> RestoreResult:
    """Bring back a home into the new or empty folder `to`, or change nothing.

    Raises as `check_backup`; also `Refused` CW-HOME-NOT-EMPTY or CW-ROOT-STORE-PLACE, and `Fault`
    CW-LEDGER-REWOUND if the ledger in the backup contradicts what its signer signed.
    """
    require_empty(to)
    refuse_nested(to, root_store)
    with _opened(file) as stream:
        header = BackupHeader.read(stream)
        store = _store(header, root_store)
        with store.locked(), _staged(to) as staging:
            fence = Fence(store, clock).read()
            info = _unpack(file, stream, header, store, fence, staging)
            result = _settle(staging, store, fence, info, clock)
    return result


def _settle(
    staging: Path, store: RootStore, fence: FenceState, info: BackupInfo, clock: Clock
) -> RestoreResult:
    described = _description(staging, store.home_id)
    for folder in FOLDERS:
        make_private_folder(staging / folder)
    # Opening the keyring carries out what the fence says; listing proves every other record that
    # has its half. An older copy of the root store has not got the halves of newer keys.
    keyring = Keyring(staging / "keys", store, clock)
    keys = keyring.list()
    erased, checkpoints = 0, _signed(store)
    database = staging / "ledger" / "ledger.sqlite"
    if database.is_file():
        check_database(database)
        erased = _erase_again(database, fence)
        checkpoints = _compare(database, checkpoints)
    restored_at = clock.now()
    restored = replace(described, restored_at=restored_at, restored_from=info.id)
    write_atomic(staging / "home.json", restored.to_bytes())
    return RestoreResult(
        backup=info,
        restored_at=restored_at,
        destroyed_keys=tuple(key.id for key in keys if key.state == "destroyed"),
        unavailable_keys=keyring.unavailable(),
        erased=erased,
        must_reapply=tuple(MustReapply(id_, one.state, one.at) for id_, one in must_hold(fence)),
        rewound=any(checkpoint.behind for checkpoint in checkpoints),
        checkpoints=checkpoints,
        choices_not_before=max(restored_at, fence.choices_checked_at or restored_at),
    )


# --- opening ------------------------------------------------------------------------------


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    with translated(f"The backup ({file.name})"):
        if file.is_dir():
            raise broken("it is a folder")
        stream = file.open("rb")
    with stream:
        yield stream


def _store(header: BackupHeader, root_store: Path) -> RootStore:
    return RootStore.open(root_store.absolute(), header.home)


def _unpack(
    file: Path,
    stream: BinaryIO,
    header: BackupHeader,
    store: RootStore,
    fence: FenceState,
    folder: Path | None,
) -> BackupInfo:
    key = _backup_key(header, store, fence)
    unpacker = Unpacker(folder)
    sink: Any = unpacker
    try:
        with translated("The backup"):
            unseal(stream, sink, key.use(), header.context, "The backup")
        unpacker.finish()
    except Fault as error:
        if error.code != "CW-SEAL-BROKEN":
            raise
        raise broken("it was changed or cut short") from error
    finally:
        unpacker.abandon()
        key.wipe()
    return BackupInfo(
        id=header.id,
        home=header.home,
        made_at=header.made_at,
        key_id=header.key.info.id,
        files=unpacker.files,
        bytes=unpacker.bytes,
        manifest=unpacker.manifest,
        sha256=sha256_file(file),
    )


def _backup_key(header: BackupHeader, store: RootStore, fence: FenceState) -> Secret:
    key, above = header.key, header.above
    for record in (above, key):
        if record.info.id in fence.destroyed:
            raise Refused(
                "CW-KEY-DESTROYED", "The key that this backup is sealed with was destroyed."
            )
    chained = key.info.wrapped_by == above.info.id and above.info.wrapped_by == "root"
    if key.wrapped is None or above.wrapped is None or not chained or key.info.purpose != "backup":
        raise broken("its header holds no key for it")
    provider = FileProvider(store)
    try:
        upper = provider.unwrap(Place(above.info.id, None, above.info.binding), above.wrapped)
        return provider.unwrap(Place(key.info.id, upper, key.info.binding), key.wrapped)
    except Fault as error:
        raise broken("its header was changed") from error


@contextlib.contextmanager
def _staged(to: Path) -> Iterator[Path]:
    """A folder beside `to` that becomes `to` (which may be there, empty) if the block ends well."""
    target = to.absolute()
    staging = target.with_name(f"{STAGING_PREFIX}{target.name}-{secrets.token_hex(6)}")
    with translated(target.name):
        staging.mkdir(parents=True, mode=0o700)
    try:
        yield staging
        with translated(target.name):
            fsync_tree(staging)
            staging.rename(target)  # replaces an empty folder, and nothing else
            fsync_folder(target.parent)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise


# --- proving ------------------------------------------------------------------------------


def _description(staging: Path, home_id: str) -> HomeInfo:
    try:
        info = HomeInfo.parse(read_bytes(staging / "home.json", "The home", limit=64 * 1024))
    except CommonwealError as error:
        raise broken("it holds no home, or one of another version") from error
    if info.id != home_id:
        raise broken("the home in it is not the one it names")
    return info


def _erase_again(database: Path, fence: FenceState) -> int:
    """Erase the details that were erased after the backup; gives their number."""
    hashes = [(bytes.fromhex(one),) for one in fence.erased]
    try:
        with contextlib.closing(open_database(database, write=True)) as connection:
            connection.execute("PRAGMA secure_delete = ON").fetchall()
            with connection:
                before = connection.total_changes
                connection.executemany(
                    "UPDATE detail SET ciphertext = NULL WHERE ciphertext IS NOT NULL AND "
                    "intent_id IN (SELECT id FROM intent WHERE body_hash = ?)",
                    hashes,
                )
            changed = connection.total_changes - before
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.Error as error:
        raise Fault("CW-LEDGER-BROKEN", "The ledger in the backup cannot be used.") from error
    return changed


def _signed(store: RootStore) -> tuple[LastCheckpoint, ...]:
    """What the signer signed last; all of it counts as lost until a ledger shows it."""
    found = []
    for log in LOGS:
        path = store.signer / f"{log}.checkpoint"
        if path.exists():
            note = read_bytes(path, "The signer's last checkpoint", limit=_MAX_NOTE)
            parsed = Note.parse(note)
            point = Checkpoint.parse(parsed.text)
            found.append(
                LastCheckpoint(log, point.origin, point.size, point.root, note.decode(), True)
            )
    return tuple(found)


def _compare(database: Path, signed: tuple[LastCheckpoint, ...]) -> tuple[LastCheckpoint, ...]:
    try:
        with contextlib.closing(open_database(database)) as connection:
            return tuple(replace(one, behind=_behind(connection, one)) for one in signed)
    except sqlite3.Error as error:
        raise Fault("CW-LEDGER-BROKEN", "The ledger in the backup cannot be read.") from error


def _behind(connection: sqlite3.Connection, last: LastCheckpoint) -> bool:
    here, signed = reading.epoch(connection), epoch_of(last.origin)
    if here != signed:
        return here < signed
    if reading.size(connection, last.log) < last.size:
        return True
    if reading.root_of(connection, last.log, last.size) != last.root:
        raise Fault(
            "CW-LEDGER-REWOUND",
            f"The {last.log} log in the backup contradicts what its signer signed.",
        )
    return False
