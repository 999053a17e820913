"""Release 0 as the later audit will read it: `history/<release>` in the home.

`figures.jws` is what left. Beside it, sealed under the custodian's audit key: `values/` (each count
exact, held and as shown), `cells/` (who is behind each count, as numbers) and `people.parquet` (the
audit id of each number, S3). `manifest.json` lists the files and which table and variable each is
about; it holds no figure.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from commonweal.foundation.canonical import canonical, parse_json
from commonweal.foundation.errors import Fault
from commonweal.foundation.files import (
    STAGING_PREFIX,
    read_bytes,
    translated,
    write_atomic,
)
from commonweal.foundation.sealing import unseal
from commonweal.ledger.reading import entries_of
from commonweal.vault.custody import Custody
from commonweal.vault.figures.publishing import cell
from commonweal.vault.release.writing import SealedFolder, Written, context_of, sealing_key
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine

HISTORY = "history"
FIGURES = "figures.jws"
MANIFEST = "manifest.json"
PREFIX = "figures-"
EVENT = "catalogue.described"
_VALUES = "values/counts.parquet"
_INNER = "values/inner.json"
_COUNT_KINDS = {"cell": "text", "exact": "integer", "held": "integer", "shown": "integer"}


@dataclass(frozen=True)
class Inner:
    """What a version's figures were made of. `held`: counts by cell; `ranges` and `bits` by cell;
    `catalogue`: the digest of what was described."""

    held: Mapping[str, int]
    ranges: Mapping[str, tuple[float, float]]
    bits: Mapping[str, float]
    catalogue: str


@dataclass(frozen=True)
class Told:
    """A `catalogue.described` entry of the ledger."""

    release: str
    dataset: str
    figures_hash: str
    intent: int


def told(custody: Custody) -> list[Told]:
    """What the ledger says was described, oldest first."""
    with custody.ledger.reading() as connection:
        plain = entries_of(connection, EVENT)
    return [Told(e["release"], e["dataset"], e["figures_hash"], number) for number, e in plain]


def folder_of(custody: Custody, release: str) -> Path:
    """Where a version lies."""
    return custody.home.path / HISTORY / release


def clear_unfinished(custody: Custody) -> None:
    """Remove versions that the ledger never heard of: their making was cut off."""
    known = {one.release for one in told(custody)}
    folder = custody.home.path / HISTORY
    with translated("the history"):
        found = sorted(folder.iterdir()) if folder.is_dir() else []
    for path in found:
        ours = path.name.startswith((PREFIX, f"{STAGING_PREFIX}{PREFIX}"))
        if ours and path.name not in known:
            shutil.rmtree(path, ignore_errors=True)


@dataclass
class Writing:
    """The files of one version while they are written into `folder`."""

    folder: Path
    release: str
    custody: Custody
    _files: list[dict[str, Any]]

    @classmethod
    def into(cls, folder: Path, release: str, custody: Custody) -> Writing:
        """Nothing written yet."""
        return cls(folder, release, custody, [])

    def _sealed(self) -> SealedFolder:
        key = sealing_key(self.custody.keyring.secret("audit"))
        return SealedFolder(self.folder, self.release, key)

    def people(self, numbered: pa.Table) -> None:
        """`number`, `audit_id` of everybody."""
        kinds = {"number": "integer", "audit_id": "code"}
        self._note(self._sealed().write_rows("people.parquet", numbered, kinds), {})

    def cells(self, engine: Engine, held: ops.Table, table: str, variable: str | None) -> None:
        """Who is behind the counts of a table, or of one of its variables."""
        path = f"cells/{len(self._files):05d}.parquet"
        about = {"table": table} | ({} if variable is None else {"variable": variable})
        self._note(self._sealed().write_table(path, engine, held), about)

    def values(
        self, exact: Mapping[str, int], shown: Mapping[str, int | None], inner: Inner
    ) -> None:
        """The counts, ranges and costs."""
        names = sorted(inner.held)  # those that only an earlier version told of are held as well
        counts = pa.table(
            {
                "cell": pa.array(names, pa.string()),
                "exact": pa.array([exact.get(name) for name in names], pa.int64()),
                "held": pa.array([inner.held[name] for name in names], pa.int64()),
                "shown": pa.array([shown.get(name) for name in names], pa.int64()),
            }
        )
        sealed = self._sealed()
        self._note(sealed.write_rows(_VALUES, counts, _COUNT_KINDS), {})
        plain = {"catalogue": inner.catalogue, "bits": dict(inner.bits),
                 "ranges": {name: list(pair) for name, pair in inner.ranges.items()}}  # fmt: skip
        content = canonical(plain)
        self._note(sealed.write_stream(_INNER, lambda sink: _wrote(sink, content)), {})

    def rows(self, path: str, rows: pa.Table, kinds: Mapping[str, str]) -> None:
        """Rows in memory, in their order."""
        self._note(self._sealed().write_rows(path, rows, kinds), {})

    def finish(self, figures: str, figures_hash: str, kind: str = "catalogue_figures") -> bytes:
        """Write the signed paper and the manifest; gives the manifest's bytes."""
        write_atomic(self.folder / FIGURES, figures.encode())
        plain = {
            "history": 1,
            "output": self.release,
            "kind": kind,
            "figures_hash": figures_hash,
            "files": self._files,
        }
        content = canonical(plain)
        write_atomic(self.folder / MANIFEST, content)
        return content

    def _note(self, written: Written, about: dict[str, str]) -> None:
        said = {"path": written.path, "sealed_hash": written.sealed_hash, "bytes": written.bytes}
        self._files.append({**said, **about})


def _wrote(sink: Any, content: bytes) -> int:
    sink.write(content)
    return 0


def read_inner(custody: Custody, release: str) -> Inner:
    """What a version's figures were made of.

    Raises `Fault` CW-FIGURES-BROKEN where the version is not there, and CW-SEAL-BROKEN.
    """
    counts = pq.read_table(io.BytesIO(read_sealed(custody, release, _VALUES)))
    plain = parse_json(read_sealed(custody, release, _INNER), "The inner figures")
    held = dict(zip(counts["cell"].to_pylist(), counts["held"].to_pylist(), strict=True))
    ranges = {name: (pair[0], pair[1]) for name, pair in plain["ranges"].items()}
    return Inner(held, ranges, plain["bits"], plain["catalogue"])


def read_cells(custody: Custody, release: str) -> Iterator[tuple[str, str | None, pa.Table]]:
    """(table, variable or None, who is behind its counts) of a version, for the audit."""
    manifest = parse_json(
        read_bytes(folder_of(custody, release) / MANIFEST, "The manifest"), "The manifest"
    )
    for one in manifest["files"]:
        if "table" in one:
            rows = pq.read_table(io.BytesIO(read_sealed(custody, release, one["path"])))
            yield one["table"], one.get("variable"), rows


def read_sealed(custody: Custody, release: str, path: str) -> bytes:
    """A sealed file of a version, opened. Raises `Fault` CW-FIGURES-BROKEN, CW-SEAL-BROKEN."""
    place = folder_of(custody, release) / path
    if not place.is_file():
        raise Fault(
            "CW-FIGURES-BROKEN",
            f"The catalogue's figures {release} are not whole: {path} is missing.",
            remedy="Restore a backup. Without the earlier figures new ones could tell of one "
            "person.",
        )
    key = sealing_key(custody.keyring.secret("audit"))
    plain = io.BytesIO()
    with translated(path), place.open("rb") as source:
        unseal(source, plain, key.use(), context_of(release, path), f"The file {path}")
    return plain.getvalue()


def known_codes(held: Mapping[str, int], table: str, variable: str) -> Sequence[str]:
    """The codes of a variable that the version before counted."""
    start = cell(table, variable, "code")[:-1] + ","
    return [parse_json(name, "A count")[3] for name in held if name.startswith(start)]
