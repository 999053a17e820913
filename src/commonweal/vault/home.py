"""The home: the one folder in which a custodian's Commonweal keeps what it knows (COMMONWEAL_HOME).

Only paths, a format version and safe opening are here. The root key, and what no backup may hold,
lie in the root store, outside the home (S20). Everything below the home belongs to one operating
system user and can be entered by nobody else.

    home.json   keys/   ledger/ledger.sqlite   releases/   work/   .lock
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.clock import Clock, parse_stamp, stamp
from commonweal.foundation.errors import CommonwealError, Fault, Refused, WrongUsage
from commonweal.foundation.files import (
    STAGING_PREFIX,
    fsync_folder,
    make_private_folder,
    only_one,
    read_bytes,
    translated,
    write_atomic,
)
from commonweal.vault.keys.fence import Fence
from commonweal.vault.keys.records import new_id
from commonweal.vault.keys.root_store import (
    ENVIRONMENT,
    RootStore,
    default_root_store,
    refuse_nested,
)

FORMAT = 1
FOLDERS = ("keys", "ledger", "releases", "work")
HomeKind = Literal["standard", "demo"]
_DESCRIPTION = "home.json"
_LOCK = ".lock"
_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)


@dataclass(frozen=True)
class HomeInfo:
    """What `home.json` says. `restored_at`: choices older than this are not used any more."""

    id: str
    kind: HomeKind
    name: str
    created_at: datetime
    restored_at: datetime | None = None
    restored_from: str | None = None

    def to_bytes(self) -> bytes:
        """The content of `home.json`."""
        plain = {
            "home": FORMAT,
            "id": self.id,
            "kind": self.kind,
            "name": self.name,
            "created_at": stamp(self.created_at),
            "restored_at": None if self.restored_at is None else stamp(self.restored_at),
            "restored_from": self.restored_from,
        }
        return (json.dumps(plain, indent=2, ensure_ascii=False) + "\n").encode()

    @classmethod
    def parse(cls, content: bytes) -> HomeInfo:
        """Read `home.json`. Raises `Fault` CW-HOME-INVALID or CW-HOME-VERSION."""
        try:
            plain = parse_json(content, _DESCRIPTION, max_bytes=64 * 1024)
        except CommonwealError as error:
            raise _invalid("home.json cannot be read") from error
        version = plain.pop("home", None) if isinstance(plain, dict) else None
        if type(version) is int and version != FORMAT:
            raise Fault(
                "CW-HOME-VERSION",
                f"This home has format {version}; this version of Commonweal reads {FORMAT}.",
            )
        try:
            return _info(version, plain)
        except (KeyError, TypeError, ValueError) as error:
            raise _invalid("a field of home.json is missing or has the wrong form") from error


class Home:
    """An opened home. Make one with `create` or `open`, not directly."""

    def __init__(self, path: Path, root_store: Path, info: HomeInfo) -> None:
        self.path = path
        self.root_store = root_store
        self.info = info

    def __repr__(self) -> str:
        return f"Home({self.info.id})"

    @property
    def id(self) -> str:
        """32 hexadecimal digits, random, the same after a restore."""
        return self.info.id

    @property
    def kind(self) -> HomeKind:
        """`standard` or `demo`; never changes (S21)."""
        return self.info.kind

    @property
    def keys(self) -> Path:
        """The folder of wrapped keys."""
        return self.path / "keys"

    @property
    def ledger(self) -> Path:
        """The folder of the ledger."""
        return self.path / "ledger"

    @property
    def ledger_database(self) -> Path:
        """The ledger's database."""
        return self.ledger / "ledger.sqlite"

    @property
    def releases(self) -> Path:
        """The release store."""
        return self.path / "releases"

    @property
    def work(self) -> Path:
        """Where runs keep what does not outlive them."""
        return self.path / "work"

    @classmethod
    def create(
        cls,
        path: Path,
        *,
        name: str,
        kind: HomeKind,
        clock: Clock,
        root_store: Path | None = None,
    ) -> Home:
        """Make a home in a new or empty folder, and its root store outside it.

        Raises `Refused` CW-HOME-NOT-EMPTY or CW-ROOT-STORE-PLACE, `WrongUsage` CW-HOME-INVALID
        for a name or kind that cannot be.
        """
        if kind not in get_args(HomeKind) or not 1 <= len(name) <= 200 or not name.isprintable():
            raise WrongUsage("CW-HOME-INVALID", "A home needs a kind and a name of one line.")
        home_id = new_id()
        store_path = (root_store or default_root_store(home_id)).absolute()
        refuse_nested(path, store_path)
        require_empty(path)
        RootStore.require_free(store_path)
        info = HomeInfo(home_id, kind, name, clock.now())
        with _undone_on_failure(path, store_path):
            _lay_out(path, store_path, info, clock)
        return cls.open(path, store_path)

    @classmethod
    def open(cls, path: Path, root_store: Path | None = None) -> Home:
        """Open a home and clear away what dead runs left in `work`.

        The root key is not read here (`Keyring.open` does). Raises `Fault` CW-HOME-INVALID or
        CW-HOME-VERSION, `Refused` CW-HOME-OPEN-TO-OTHERS or CW-ROOT-STORE-PLACE.
        """
        if not path.is_dir() or not (path / _DESCRIPTION).is_file():
            raise _invalid(
                "there is no home.json in it",
                "If `commonweal home create` was cut off, delete this folder, and the one that "
                f"{ENVIRONMENT} names, and give the command again.",
            )
        _require_own(path)
        info = HomeInfo.parse(read_bytes(path / _DESCRIPTION, "The home", limit=64 * 1024))
        store = (root_store or default_root_store(info.id)).absolute()
        refuse_nested(path, store)
        for folder in FOLDERS:
            _require_own(path / folder)
        home = cls(path.absolute(), store, info)
        home._clear_work()
        return home

    def shares_volume(self) -> bool:
        """True if the root store lies on the same file system as the home (`doctor` says so)."""
        with translated("the root store"):
            return self.path.stat().st_dev == self.root_store.stat().st_dev

    @contextlib.contextmanager
    def run_lock(self) -> Iterator[None]:
        """Hold the home for a run that writes; clears half-made releases of dead runs first.

        Raises `Unavailable` CW-BUSY at once if another run holds it.
        """
        with only_one(self.path / _LOCK, "this home"):
            for folder in (self.releases, self.keys):
                with translated(folder.name):
                    left = [p for p in folder.iterdir() if p.name.startswith(STAGING_PREFIX)]
                for path in left:
                    _remove(path)
            yield

    @contextlib.contextmanager
    def run_folder(self) -> Iterator[Path]:
        """A folder in `work` for one run; it goes when the block ends or the process dies."""
        name = secrets.token_hex(8)
        lock = self.work / f"{name}.lock"
        with _owned_lock(lock):
            folder = self.work / name
            make_private_folder(folder)
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)
                lock.unlink(missing_ok=True)

    def _clear_work(self) -> None:
        with translated("the work folder"):
            left = sorted(self.work.iterdir())
        locks = {path.stem: path for path in left if path.suffix == ".lock"}
        for path in left:
            if path.suffix != ".lock" and path.name not in locks:
                _remove(path)
        for name, lock in locks.items():
            with contextlib.suppress(BlockingIOError, FileNotFoundError), _taken(lock):
                _remove(self.work / name)
                lock.unlink(missing_ok=True)


def _lay_out(path: Path, store_path: Path, info: HomeInfo, clock: Clock) -> None:
    make_private_folder(path)
    # An empty folder of ours shows nothing, so it may be closed to others here.
    _require_own(path, closed=False)
    with translated("the home"):
        path.chmod(0o700)
    Fence.create(RootStore.create(store_path, info.id), clock)
    for folder in FOLDERS:
        make_private_folder(path / folder)
    write_atomic(path / _DESCRIPTION, info.to_bytes(), exclusive=True)
    with translated("the home"):
        fsync_folder(path.absolute().parent)


@contextlib.contextmanager
def _undone_on_failure(*folders: Path) -> Iterator[None]:
    """Leave these folders, which are missing or empty, as they were if the block fails."""
    were_there = [folder.is_dir() for folder in folders]
    try:
        yield
    except BaseException:
        for folder, was_there in zip(folders, were_there, strict=True):
            shutil.rmtree(folder, ignore_errors=True)
            if was_there:
                folder.mkdir(mode=0o700, exist_ok=True)
        raise


def require_empty(path: Path) -> None:
    """Raises `Refused` CW-HOME-NOT-EMPTY unless `path` is missing or an empty folder."""
    with translated(path.name):
        if path.is_symlink() or (path.exists() and not path.is_dir()):
            raise Refused("CW-HOME-NOT-EMPTY", "The place for the home is not a folder.")
        if path.is_dir() and any(path.iterdir()):
            raise Refused(
                "CW-HOME-NOT-EMPTY", f"The folder {path.name} already holds files; name another."
            )


@contextlib.contextmanager
def _owned_lock(lock: Path) -> Iterator[None]:
    """Make and hold a lock file; made again if a clean-up took it between making and locking."""
    while True:
        with translated("the work folder"):
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if lock.exists() and os.path.samestat(os.fstat(descriptor), lock.stat()):
                yield
                return
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def _taken(lock: Path) -> Iterator[None]:
    """Hold the lock file of a run that is dead; BlockingIOError if the run lives."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    with translated(path.name):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _require_own(path: Path, *, closed: bool = True) -> None:
    try:
        seen = path.lstat()
    except FileNotFoundError as error:
        raise _invalid(f"its folder {path.name} is missing") from error
    if not stat.S_ISDIR(seen.st_mode):
        raise _invalid(f"{path.name} is not a folder")
    if seen.st_uid != os.geteuid() or (closed and seen.st_mode & 0o077):
        raise Refused(
            "CW-HOME-OPEN-TO-OTHERS",
            f"The folder {path.name} of the home can be entered by others, or belongs to someone "
            "else.",
            remedy="Give it to the user who runs Commonweal and chmod 700 it.",
        )


def _info(version: Any, plain: dict[str, Any]) -> HomeInfo:
    if type(version) is not int or version != FORMAT:
        raise ValueError("version")
    restored = plain.pop("restored_at")
    info = HomeInfo(
        created_at=parse_stamp(plain.pop("created_at")),
        restored_at=None if restored is None else parse_stamp(restored),
        **plain,
    )
    if not _ID.fullmatch(info.id):
        raise ValueError("id")
    if plain["kind"] not in get_args(HomeKind) or not isinstance(plain["name"], str):
        raise ValueError("kind or name")
    if info.restored_from is not None and not isinstance(info.restored_from, str):
        raise ValueError("restored from")
    return info


def _invalid(reason: str, remedy: str | None = None) -> Fault:
    sentence = f"This is not a Commonweal home: {reason}."
    return Fault("CW-HOME-INVALID", sentence, remedy=remedy)
