"""The root store: the folder outside the home that everything in the home hangs from (S20).

It holds `root.key`, one *half* for each version of each key (`halves/<id>.half`), the fence
(`fence.json`) and the signer's last checkpoints (`signer/`). No backup of a home ever holds any
of it. A key can be unwrapped only with its half, so deleting the half destroys the key in every
copy of the home that was ever made.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import platformdirs

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import CommonwealError, Refused, Unavailable
from commonweal.foundation.files import (
    fsync_folder,
    make_private_folder,
    only_one,
    translated,
    write_atomic,
)
from commonweal.vault.keys.secret import KEY_BYTES, Secret

ENVIRONMENT = "COMMONWEAL_ROOT_STORE"
_LOCK_SECONDS = 10.0


def default_root_store(home_id: str) -> Path:
    """Where the root store of a home is: `COMMONWEAL_ROOT_STORE`, else the user's settings."""
    named = os.environ.get(ENVIRONMENT)
    if named:
        return Path(named)
    return platformdirs.user_config_path("commonweal") / home_id


def refuse_nested(home: Path, store: Path) -> None:
    """Raises `Refused` CW-ROOT-STORE-PLACE if one folder lies inside the other (or is it)."""
    inner, outer = store.resolve(), home.resolve()
    if inner.is_relative_to(outer) or outer.is_relative_to(inner):
        raise Refused(
            "CW-ROOT-STORE-PLACE",
            "The root key must lie outside the home, and the home outside the root key's folder.",
            remedy=f"Name another folder in {ENVIRONMENT}.",
        )


class RootStore:
    """The opened root store of one home. Nothing in it is kept in memory but the root key."""

    def __init__(self, path: Path, home_id: str, root: Secret) -> None:
        self.path = path
        self.home_id = home_id
        self.root = root
        self._guard = threading.RLock()
        self._depth = 0

    def __repr__(self) -> str:
        return f"RootStore({self.home_id})"

    @property
    def fence_path(self) -> Path:
        """The fence's file."""
        return self.path / "fence.json"

    @property
    def signer(self) -> Path:
        """The folder where a checkpoint signer keeps what it signed last."""
        return self.path / "signer"

    @staticmethod
    def require_free(path: Path) -> None:
        """Raises `Refused` CW-ROOT-STORE-PLACE unless `path` is missing or an empty folder."""
        with translated("the root store"):
            if path.is_symlink() or (path.exists() and (not path.is_dir() or any(path.iterdir()))):
                raise Refused(
                    "CW-ROOT-STORE-PLACE",
                    "The folder for the root key is not empty, or not a folder; name another.",
                    remedy="If it is left from a `commonweal home create` that was cut off, and no "
                    "home or backup belongs to it, delete it.",
                )

    @classmethod
    def create(cls, path: Path, home_id: str) -> RootStore:
        """Make a root store with a new root key (the fence is made by `Fence.create`).

        Raises `Refused` CW-ROOT-STORE-PLACE if something is there already.
        """
        cls.require_free(path)
        make_private_folder(path)
        with translated("the root store"):
            path.chmod(0o700)
        for name in ("halves", "signer"):
            make_private_folder(path / name)
        described = json.dumps({"home": home_id, "root_store": 1}, sort_keys=True) + "\n"
        write_atomic(path / "store.json", described.encode(), exclusive=True)
        write_atomic(path / "root.key", Secret.generate().use(), exclusive=True)
        with translated("the root store"):
            fsync_folder(path.parent)
        return cls.open(path, home_id)

    @classmethod
    def open(cls, path: Path, home_id: str) -> RootStore:
        """Open the root store of the home `home_id`.

        Raises `Unavailable` CW-KEY-UNAVAILABLE if it is missing, open to others, a link, cut
        short, or another home's.
        """
        _require_private_folder(path)
        described = read_private(path / "store.json", "the description of the root store")
        try:
            plain = parse_json(described, "store.json", max_bytes=4096)
        except CommonwealError as error:
            raise _unavailable("the description of the root store is broken") from error
        if plain != {"home": home_id, "root_store": 1}:
            raise _unavailable("the root store belongs to another home or version")
        root = read_private(path / "root.key", "the root key")
        if len(root) != KEY_BYTES:
            raise _unavailable("the root key has the wrong length")
        for name in ("halves", "signer"):
            _require_private_folder(path / name)
        return cls(path, home_id, Secret(root))

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the store for a change; a holder may enter again.

        Waits up to ten seconds for another process. Raises `Unavailable` CW-BUSY.
        """
        with self._guard, contextlib.ExitStack() as stack:
            if self._depth == 0:
                stack.enter_context(self._lock_file())
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1

    @contextlib.contextmanager
    def _lock_file(self) -> Iterator[None]:
        _require_private_folder(self.path)
        ends = time.monotonic() + _LOCK_SECONDS
        with contextlib.ExitStack() as stack:
            while True:
                try:
                    stack.enter_context(only_one(self.path / ".lock", "the keys of this home"))
                    break
                except Unavailable:
                    if time.monotonic() > ends:
                        raise
                    time.sleep(0.02)
            yield

    # --- halves ---------------------------------------------------------------------------

    def make_half(self, key_id: str) -> Secret:
        """Make and keep the half of a new key."""
        half = Secret.generate()
        write_atomic(self._half(key_id), half.use(), exclusive=True)
        return half

    def half(self, key_id: str) -> Secret:
        """The half of a key. Raises `Unavailable` CW-KEY-UNAVAILABLE if it is not there."""
        held = read_private(self._half(key_id), "the half of a key")
        if len(held) != KEY_BYTES:
            raise _unavailable("the half of a key has the wrong length")
        return Secret(held)

    def has_half(self, key_id: str) -> bool:
        """True if the half of the key is there."""
        return self._half(key_id).is_file()

    def halves(self) -> frozenset[str]:
        """The ids of all keys whose half is here."""
        with translated("the halves of keys"):
            return frozenset(path.stem for path in (self.path / "halves").glob("*.half"))

    def destroy_half(self, key_id: str) -> None:
        """Overwrite and delete the half of a key; nothing happens if it is gone already."""
        path = self._half(key_id)
        with translated("the half of a key"):
            try:
                descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW)
            except FileNotFoundError:
                return
            try:
                # A journal or an SSD may keep the old block: unlinking is the act that counts,
                # overwriting shortens the time in which the bytes can be found again.
                os.write(descriptor, os.urandom(KEY_BYTES))
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            path.unlink()
            fsync_folder(path.parent)

    def _half(self, key_id: str) -> Path:
        return self.path / "halves" / f"{key_id}.half"


def read_private(path: Path, what: str) -> bytes:
    """A small file that only its owner may read.

    Raises `Unavailable` CW-KEY-UNAVAILABLE if it is missing, a link, not a regular file, someone
    else's, or readable by others.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise _unavailable(f"{what} cannot be read") from error
    try:
        seen = os.fstat(descriptor)
        if not stat.S_ISREG(seen.st_mode):
            raise _unavailable(f"{what} is not a regular file")
        if seen.st_mode & 0o077 or seen.st_uid != os.geteuid():
            raise _unavailable(
                f"{what} can be read by others, or belongs to someone else", "chmod 600 it."
            )
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            return stream.read()
    except OSError as error:
        raise _unavailable(f"{what} cannot be read") from error
    finally:
        os.close(descriptor)


def _require_private_folder(path: Path) -> None:
    try:
        seen = path.lstat()
    except OSError as error:
        raise _unavailable("the root store is not there") from error
    if not stat.S_ISDIR(seen.st_mode):
        raise _unavailable("the root store is not a folder")
    if seen.st_mode & 0o077 or seen.st_uid != os.geteuid():
        raise _unavailable(
            "the root store can be entered by others, or belongs to someone else", "chmod 700 it."
        )


def _unavailable(reason: str, remedy: str | None = None) -> Unavailable:
    return Unavailable("CW-KEY-UNAVAILABLE", f"The keys cannot be used: {reason}.", remedy=remedy)
