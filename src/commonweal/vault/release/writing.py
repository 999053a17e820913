"""Sealed files of a release: streamed out of the engine, hashed before and after sealing.

A table is written in the order of all its released columns, so that the same rows give the same
bytes before sealing, whatever the order of the source. Plain rows never lie on a disk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from commonweal.foundation.files import ByteSink, make_private_folder, translated
from commonweal.foundation.sealing import CHUNK_BYTES, Sealer
from commonweal.vault.keys import Secret
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine
from commonweal.vault.tables.parquet import Words, write_batches


@dataclass(frozen=True)
class Written:
    """One sealed file: path inside the release, rows, both hashes, size on disk in bytes."""

    path: str
    rows: int
    content_hash: str
    sealed_hash: str
    bytes: int


def context_of(release: str, path: str) -> str:
    """What binds a sealed file to its release and place."""
    return f"release/{release}/{path}"


def sealing_key(key: Secret) -> Secret:
    """The sub-key of a custodian's key that seals files, apart from what the key makes codes of."""
    return key.subkey("seal-files")


@dataclass(frozen=True)
class SealedFolder:
    """A staging folder whose files are sealed for one release under one key."""

    folder: Path
    release: str
    key: Secret

    def context(self, path: str) -> str:
        """What binds a sealed file to its release and place."""
        return context_of(self.release, path)

    def write_table(
        self,
        path: str,
        engine: Engine,
        table: ops.Table,
        words: Mapping[str, Words] | None = None,
    ) -> Written:
        """Seal `table` as Parquet at `path`, ordered by all its columns.

        `words`: what numbers in it stand for, in the order of the numbers.
        """
        rows = ops.ordered(table, ops.columns(table))
        return self.write_stream(path, lambda sink: engine.write_parquet(rows, sink, words))

    def write_rows(self, path: str, rows: pa.Table, kinds: Mapping[str, str]) -> Written:
        """Seal rows in memory as Parquet at `path`, in their order."""
        return self.write_stream(path, lambda sink: write_batches(rows.to_batches(), kinds, sink))

    def write_stream(
        self, path: str, fill: Callable[[ByteSink], int], chunk_bytes: int = CHUNK_BYTES
    ) -> Written:
        """Seal what `fill` writes into the sink that it is given; it returns a number of rows."""
        target = self.folder / path
        make_private_folder(target.parent)
        with translated(path), target.open("xb") as sink:
            key, context = self.key.use(), self.context(path)
            with Sealer(sink, key, context, chunk_bytes=chunk_bytes) as sealer:
                rows = fill(sealer)
            size = sink.tell()
        return Written(path, rows, sealer.plain_hash, sealer.sealed_hash, size)
