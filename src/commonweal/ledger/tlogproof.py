"""C2SP `tlog-proof@v1`: one entry's proof as a text file that can be checked offline.

c2sp.org/tlog-proof@v1
extra <base64>          (may be absent; ours holds the entry itself)
index <number>
<base64 hash> ...       (the inclusion proof, leaf's sibling first)
                        (blank line)
<the signed checkpoint>
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from commonweal.ledger.checkpoint import Checkpoint, open_checkpoint, parse_number
from commonweal.ledger.entry import read_entry
from commonweal.ledger.merkle import HASH_BYTES, leaf_hash
from commonweal.ledger.note import (
    MAX_CHARACTERS,
    Note,
    VerifierKey,
    decode64,
    encode64,
    malformed,
)
from commonweal.ledger.proof import verify_inclusion

HEADER = "c2sp.org/tlog-proof@v1"
MAX_HASHES = 63


@dataclass(frozen=True)
class TlogProof:
    """A proof file. `note` is the signed checkpoint as text; `extra` is not authenticated."""

    index: int
    hashes: tuple[bytes, ...]
    note: str
    extra: bytes | None = None

    @classmethod
    def parse(cls, text: str | bytes) -> Self:
        """Read a proof file strictly. Raises `Fault` CW-LEDGER-NOTE-INVALID."""
        try:
            whole = text.decode("utf-8") if isinstance(text, bytes) else text
        except UnicodeDecodeError as error:
            raise malformed("The proof file is not valid UTF-8.") from error
        if len(whole) > MAX_CHARACTERS:
            raise malformed("The proof file is too long.")
        head, blank, note = whole.partition("\n\n")
        lines = head.split("\n")
        if not blank or lines.pop(0) != HEADER:
            raise malformed("The file is not a proof of the form tlog-proof@v1.")
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = decode64(lines.pop(0).removeprefix("extra "), "The extra line of the proof")
        if not lines or not lines[0].startswith("index "):
            raise malformed("The proof file has no index line.")
        index = parse_number(lines.pop(0).removeprefix("index "), "The index of the proof")
        if len(lines) > MAX_HASHES:
            raise malformed("The proof file has more hashes than any tree needs.")
        hashes = tuple(decode64(line, "A hash of the proof") for line in lines)
        if any(len(one) != HASH_BYTES for one in hashes):
            raise malformed("A hash of the proof does not have 32 bytes.")
        return cls(index, hashes, Note.parse(note).format(), extra)

    def format(self) -> str:
        """The proof file as text."""
        lines = [HEADER]
        if self.extra is not None:
            lines.append(f"extra {encode64(self.extra)}")
        lines.append(f"index {self.index}")
        lines.extend(encode64(one) for one in self.hashes)
        return "\n".join(lines) + "\n\n" + self.note

    def verify(
        self, data: bytes, keys: Iterable[VerifierKey | str], origin: str
    ) -> tuple[Checkpoint, tuple[VerifierKey, ...]]:
        """Check that `data` is entry `index` of the log `origin`, signed by a known key.

        Returns the checkpoint and the keys that signed it. Raises `Fault`
        CW-LEDGER-NOTE-INVALID, CW-LEDGER-SIGNATURE-INVALID, or `ProofError`.
        """
        checkpoint, signers = open_checkpoint(self.note, keys, origin)
        verify_inclusion(self.index, checkpoint.size, leaf_hash(data), self.hashes, checkpoint.root)
        return checkpoint, signers

    @property
    def origin(self) -> str:
        """The log that the proof says it is about (not yet verified)."""
        return Checkpoint.parse(Note.parse(self.note).text).origin

    def verify_entry(self, keys: Iterable[VerifierKey | str], origin: str) -> dict[str, Any]:
        """Check a proof that carries its entry in `extra`, and return the entry.

        Raises as `verify`, and `Fault` CW-LEDGER-EVENT-INVALID.
        """
        if self.extra is None:
            raise malformed("The proof file does not carry its entry.")
        self.verify(self.extra, keys, origin)
        return read_entry(self.extra)
