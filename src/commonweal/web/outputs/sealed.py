"""Reviewers' papers in the service's database: sealed under a key that lies in memory only (S19).

The airlock's worker tells what reviewers read to the pages, through the database. The pages hold no
key of the home, and the database lies in the home, so neither the home's keys nor the service's own
secret would do. The key is random, made by whoever needs it first, in a folder in memory that only
this user can enter, and it ends with the machine or the service. A copied home, a backup or a
deleted row that is still on the disk opens to nobody; what cannot be opened the worker tells anew.

What is sealed is bound to its table and column and to what its row is about, so whoever owns the
database cannot show one output's papers as another's, nor an earlier turn's as this one's. Files
that wait for whoever asked for them are sealed in the same way.
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
from django.db.models.query_utils import DeferredAttribute

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


class Sealed(bytes):
    """Sealed bytes as the database has them: nobody has looked at them yet."""


class SealedRow(models.Model):
    """A row with sealed fields. `sealed_as` names it for good: what was sealed for it opens in no
    other row, and once the name is another one, in none."""

    class Meta:
        """It has no table of its own."""

        abstract = True

    @property
    def sealed_as(self) -> str:
        """The output that the row is about, and what tells it from other rows about that."""
        raise NotImplementedError


class _Opening(DeferredAttribute):
    """Opens what was sealed when somebody asks for it: only the whole row knows its name."""

    def __get__(self, row: Any, owner: Any = None) -> Any:
        value = super().__get__(row, owner)
        if isinstance(value, Sealed):
            value = row.__dict__[self.field.attname] = self.field.opened(row, value)
        return value

    def __set__(self, row: Any, value: Any) -> None:
        row.__dict__[self.field.attname] = value


class SealedBytes(models.BinaryField):
    """Bytes that are sealed in the database; None where they cannot be opened any more.

    They are bound to the table, the column and the row (`SealedRow.sealed_as`).
    """

    descriptor_class = _Opening

    if TYPE_CHECKING:

        def __get__(self, row: Any, owner: Any = None) -> Any: ...
        def __set__(self, row: Any, value: Any) -> None: ...

    def sealed(self, row: SealedRow, value: Any) -> Sealed:
        """A value sealed for this row. Raises as `papers_key`."""
        key = papers_key(settings.HOME.path)
        return Sealed(seal_bytes(self._written(value), key, self._context(row)))

    def opened(self, row: SealedRow, value: bytes) -> Any:
        """The value that was sealed for this row, or None."""
        try:
            key = papers_key(settings.HOME.path)
            return self._read(unseal_bytes(value, key, self._context(row), "A paper"))
        except (Fault, ValueError):
            return None

    def pre_save(self, row: Any, add: bool) -> Sealed | None:
        """What is written of a row; what nobody looked at stays as it is."""
        del add
        value = row.__dict__.get(self.attname)
        return value if value is None or isinstance(value, Sealed) else self.sealed(row, value)

    def get_prep_value(self, value: Any) -> bytes | None:
        """Bytes that `sealed` made. Raises TypeError for a value without the row that it is for."""
        if value is None:
            return None
        if not isinstance(value, Sealed):
            raise TypeError(f"{self.name} is sealed for one row: save the row, or use `sealed`")
        return bytes(value)

    def from_db_value(self, value: Any, _expression: Any, _connection: BaseDatabaseWrapper) -> Any:
        """The sealed bytes; `_Opening` opens them."""
        return None if value is None else Sealed(value)

    def _context(self, row: SealedRow) -> str:
        return f"{row._meta.db_table}/{self.name}/{row.sealed_as}"

    def _written(self, value: Any) -> bytes:
        return bytes(value)

    def _read(self, plain: bytes) -> Any:
        return plain


class SealedJSON(SealedBytes):
    """The same for a JSON value."""

    def _written(self, value: Any) -> bytes:
        return json.dumps(value, ensure_ascii=False).encode()

    def _read(self, plain: bytes) -> Any:
        return json.loads(plain)
