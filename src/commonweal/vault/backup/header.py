"""The outside of a backup: what is readable without a key, and the wrapped key it is sealed with.

The file begins with a magic line, a length (4 bytes, big endian) and a canonical JSON header; the
sealed archive follows. The header carries the records of the backup key and of the key above it,
still wrapped: with the root store, and nothing else of the lost home, the backup opens; without
it, or after the backup key was destroyed, it does not. The header's hash is part of the sealing
context, so a header cannot be changed or moved to another archive.
"""

from __future__ import annotations

import hashlib
import re
import struct
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

from commonweal.foundation.canonical import canonical, parse_json
from commonweal.foundation.clock import parse_stamp, stamp
from commonweal.foundation.errors import CommonwealError
from commonweal.vault.backup.archive import broken
from commonweal.vault.keys.records import KeyRecord

MAGIC = b"CWBACKUP1\n"
_LENGTH = struct.Struct(">I")
_MAX_HEADER = 64 * 1024
_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)


@dataclass(frozen=True)
class BackupHeader:
    """What a backup says of itself. `key` and `above` are wrapped records."""

    id: str
    home: str
    made_at: datetime
    key: KeyRecord
    above: KeyRecord

    def to_bytes(self) -> bytes:
        """The beginning of the file, up to the sealed archive."""
        content = self._content()
        return MAGIC + _LENGTH.pack(len(content)) + content

    @property
    def context(self) -> str:
        """The sealing context of the archive."""
        return f"backup/v1/{hashlib.sha256(self._content()).hexdigest()}"

    def _content(self) -> bytes:
        return canonical(
            {
                "backup": 1,
                "id": self.id,
                "home": self.home,
                "made_at": stamp(self.made_at),
                "key": self.key.to_bytes().decode(),
                "above": self.above.to_bytes().decode(),
            }
        )

    @classmethod
    def read(cls, stream: BinaryIO) -> BackupHeader:
        """Read the header and leave the stream at the archive. Raises CW-BACKUP-BROKEN."""
        start = stream.read(len(MAGIC) + _LENGTH.size)
        if len(start) != len(MAGIC) + _LENGTH.size or not start.startswith(MAGIC):
            raise broken("it is not a backup of Commonweal")
        (length,) = _LENGTH.unpack(start[len(MAGIC) :])
        if length > _MAX_HEADER:
            raise broken("its header is too long")
        content = stream.read(length)
        if len(content) != length:
            raise broken("it is cut short")
        try:
            header = cls._parse(parse_json(content, "The backup's header"))
        except (CommonwealError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise broken("its header was changed") from error
        if header._content() != content:
            raise broken("its header was changed")
        return header

    @classmethod
    def _parse(cls, plain: Any) -> BackupHeader:
        if plain.pop("backup") != 1 or set(plain) != {"id", "home", "made_at", "key", "above"}:
            raise ValueError("version or fields")
        if not _ID.fullmatch(plain["id"]) or not _ID.fullmatch(plain["home"]):
            raise ValueError("id")
        return cls(
            id=plain["id"],
            home=plain["home"],
            made_at=parse_stamp(plain["made_at"]),
            key=KeyRecord.parse(plain["key"].encode(), "in the backup's header"),
            above=KeyRecord.parse(plain["above"].encode(), "in the backup's header"),
        )
