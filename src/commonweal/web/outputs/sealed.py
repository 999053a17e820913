"""Reviewers' papers in the service's database: sealed under a key that lies in memory only (S19).

The airlock's worker tells what reviewers read to the pages, through the database. The pages hold no
key of the home, and the database lies in the home, so neither the home's keys nor the service's own
secret would do. The key is random, made by whoever needs it first, in a folder in memory that only
this user can enter, and it ends with the machine or the service. A copied home, a backup or a
deleted row that is still on the disk opens to nobody; what cannot be opened the worker tells anew.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models

from commonweal.foundation.errors import Fault, Unavailable
from commonweal.foundation.files import (
    MEMORY_TYPES,
    file_system,
    make_private_folder,
    read_bytes,
    write_atomic,
)
from commonweal.foundation.sealing import seal_bytes, unseal_bytes
from commonweal.web.memory import MEMORY, folder_of

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

_BYTES = 32
_NAME = "key"


def papers_key(home: Path, memory: Path = MEMORY) -> bytes:
    """The key of a home's papers, made if it is not there; read anew each time.

    Raises `Unavailable` CW-LEAVING-MEMORY where its folder does not lie in memory, or is not ours.
    """
    folder = folder_of(home, memory)
    make_private_folder(folder)
    its = folder.lstat()
    private = stat.S_ISDIR(its.st_mode) and stat.S_IMODE(its.st_mode) == stat.S_IRWXU
    if not private or its.st_uid != os.geteuid() or file_system(folder) not in MEMORY_TYPES:
        raise _no_memory(folder)
    path = folder / _NAME
    if not path.exists():
        try:
            write_atomic(path, secrets.token_bytes(_BYTES), exclusive=True)
        except Fault as error:
            if error.code != "CW-FILE-EXISTS":  # else another process made it at this moment
                raise
    key = read_bytes(path, "The key of reviewers' papers", limit=_BYTES)
    if len(key) != _BYTES:
        raise _no_memory(folder)
    return key


def _no_memory(folder: Path) -> Unavailable:
    return Unavailable(
        "CW-LEAVING-MEMORY",
        f"{folder} is not a folder in memory of our own, so reviewers' papers are not kept.",
        remedy="Mount a tmpfs there, or find out who made the folder and remove it.",
    )


class SealedJSON(models.BinaryField):
    """A JSON value that is sealed in the database; None where it cannot be opened any more."""

    def get_prep_value(self, value: Any) -> bytes | None:
        """The sealed bytes of a value."""
        if value is None:
            return None
        plain = json.dumps(value, ensure_ascii=False).encode()
        return seal_bytes(plain, papers_key(settings.HOME.path), self._context)

    def from_db_value(self, value: Any, _expression: Any, _connection: BaseDatabaseWrapper) -> Any:
        """The value that was sealed, or None."""
        if value is None:
            return None
        try:
            key = papers_key(settings.HOME.path)
            return json.loads(unseal_bytes(bytes(value), key, self._context, "A paper"))
        except (Fault, ValueError):
            return None

    @property
    def _context(self) -> str:
        return f"review-papers/{self.name}"
