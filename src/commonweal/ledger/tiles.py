"""The public log as C2SP tlog-tiles: plain files that any web server can offer and anyone check.

    checkpoint                 the signed checkpoint with its witnesses
    tile/<L>/<N>[.p/<W>]       256 hashes of 32 bytes; level 0 are leaf hashes
    tile/entries/<N>[.p/<W>]   256 entries, each after its length in two bytes

<N> is written in groups of three digits, all but the last with an x: 1234067 is x001/x234/067. The
partial tile at level l of a tree of s entries holds floor(s / 256^l) mod 256 hashes; W is how many.

An export goes on where the last one stopped: it checks that what lies there is the beginning of
this log, writes new tiles, each whole or not at all, and replaces the checkpoint last. So a reader
never sees a checkpoint whose tiles are not there. Tiles that are there are never changed.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from commonweal.foundation.errors import Fault
from commonweal.foundation.files import (
    STAGING_PREFIX,
    fsync_folder,
    read_bytes,
    translated,
    write_atomic,
)
from commonweal.ledger.checkpoint import Checkpoint, open_checkpoint
from commonweal.ledger.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    Fetch,
    leaf_hash,
    root,
    root_at,
)
from commonweal.ledger.note import Note, VerifierKey

WIDTH = 256
HEIGHT = 8
CHECKPOINT = "checkpoint"
TILE = "tile"
ENTRIES = "entries"
PUBLIC_MODE = 0o644
_MAX_NOTE = 200_000
_LONGEST_ENTRY = 65_535
_MAX_BUNDLE = WIDTH * (2 + _LONGEST_ENTRY)

_PATH = re.compile(
    r"tile/(entries|[0-7])/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII
)

Entries = Callable[[int, int], Iterable[bytes]]
"""Gives the entries from one index up to another."""


def invalid(sentence: str) -> Fault:
    """The error for tiles that are not what the checkpoint says."""
    return Fault("CW-LEDGER-TILES-INVALID", sentence)


@dataclass(frozen=True, order=True)
class Tile:
    """One tile of hashes, or with `level` -1 a bundle of entries. `width`: 1 to 256."""

    level: int
    index: int
    width: int

    @property
    def path(self) -> str:
        """Where it lies below the folder, and below the log's URL."""
        digits = f"{self.index:03}"
        digits = digits.rjust(-(-len(digits) // 3) * 3, "0")
        parts = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        place = "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]])
        partial = f".p/{self.width}" if self.width < WIDTH else ""
        return f"{TILE}/{ENTRIES if self.level < 0 else self.level}/{place}{partial}"


def tile_at(path: str) -> Tile | None:
    """The tile that lies at `path`, in its one spelling; None for any other text."""
    found = _PATH.fullmatch(path)
    if found is None:
        return None
    index = int(found[2].replace("x", "").replace("/", ""))
    tile = Tile(
        -1 if found[1] == ENTRIES else int(found[1]), index, int(found[3]) if found[3] else WIDTH
    )
    return tile if tile.path == path else None


def tiles_of(size: int, start: int = 0) -> Iterator[Tile]:
    """The tiles of a tree of `size` entries that a tree of `start` entries does not have.

    Bundles of entries come first, then each level of hashes.
    """
    for level in (-1, *range(64 // HEIGHT)):
        shift = HEIGHT * max(level, 0)
        nodes, before = size >> shift, start >> shift
        if nodes == 0:
            return
        if before == nodes:
            continue
        for index in range(before // WIDTH, -(-nodes // WIDTH)):
            yield Tile(level, index, min(WIDTH, nodes - index * WIDTH))


# --- one tile of a ledger, by one query ---------------------------------------------------------


def tile_content(connection: sqlite3.Connection, tile: Tile, size: int) -> bytes | None:
    """One tile of the public log's tree of `size` entries; None where that tree does not have it.

    Raises `Fault` CW-LEDGER-REWOUND where the ledger lacks or changed what was signed.
    """
    first, level = tile.index * WIDTH, max(tile.level, 0) * HEIGHT
    if not 0 < tile.width <= WIDTH or (first + tile.width) > size >> level:
        return None
    place = (first, first + tile.width)
    if tile.level < 0:
        rows = connection.execute(
            "SELECT idx, leaf_hash, body FROM entry JOIN intent ON intent.id = intent_id "
            "WHERE entry.log = 'public' AND idx >= ? AND idx < ? ORDER BY idx", place,
        ).fetchall()  # fmt: skip
        hashes = {index: leaf for index, leaf, _ in rows}
        bodies = [body for _, _, body in rows]
        return _bundle(tile, lambda *_: bodies, lambda _, index: hashes.get(index, b""))
    if level == 0:
        rows = connection.execute(
            "SELECT idx, leaf_hash FROM entry "
            "WHERE log = 'public' AND idx >= ? AND idx < ? ORDER BY idx", place,
        ).fetchall()  # fmt: skip
    else:
        rows = connection.execute(
            "SELECT idx, hash FROM node "
            "WHERE log = 'public' AND level = ? AND idx >= ? AND idx < ? ORDER BY idx",
            (level, *place),
        ).fetchall()
    if [index for index, _ in rows] != list(range(*place)):
        raise Fault("CW-LEDGER-REWOUND", f"The ledger lacks a part of the tile {tile.path}.")
    return b"".join(one for _, one in rows)


# --- writing --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Exported:
    """What an export did: the tree's size, the one it went on from, and the files it wrote."""

    size: int
    before: int
    files: int


def export_tiles(
    folder: Path,
    note: str,
    keys: Iterable[VerifierKey | str],
    fetch: Fetch,
    entries: Entries,
    sizes: Iterable[int] = (),
) -> Exported:
    """Bring the tiles in `folder` up to the signed checkpoint `note`.

    `fetch` and `entries` give the log's own hashes and entries; `sizes` are those of other
    checkpoints that were signed, whose partial tiles are written too unless the full ones are
    there. The log's keys are `keys`. Raises `Fault`
    CW-LEDGER-TILES-INVALID (the folder holds another log, or a later state of this one),
    CW-LEDGER-REWOUND (the log is not what the checkpoint says).
    """
    trusted = list(keys)
    point = Checkpoint.parse(Note.parse(note).text)
    if root_at(point.size, fetch) != point.root:
        raise Fault("CW-LEDGER-REWOUND", "The log is not the one that was signed.")
    before = _before(folder, point, trusted, fetch)
    files = 0
    for tile in _wanted(point.size, before, sizes):
        content = _bundle(tile, entries, fetch) if tile.level < 0 else _hashes(tile, fetch)
        files += _write(folder, tile, content)
    if _read_checkpoint(folder) != note.encode():
        write_atomic(folder / CHECKPOINT, note.encode(), mode=PUBLIC_MODE)
    return Exported(point.size, before, files)


def _wanted(size: int, before: int, sizes: Iterable[int]) -> list[Tile]:
    tiles = dict.fromkeys(tiles_of(size, before))
    for smaller in sorted({one for one in sizes if before < one < size}):
        for tile in tiles_of(smaller, before):
            whole = size >> (HEIGHT * max(tile.level, 0)) >= (tile.index + 1) * WIDTH
            if tile.width < WIDTH and not whole:
                tiles[tile] = None
    return list(tiles)


def _before(folder: Path, point: Checkpoint, keys: list[VerifierKey | str], fetch: Fetch) -> int:
    """The size of the tree whose tiles are there already, checked to be this log's beginning."""
    with translated(folder.name):
        folder.mkdir(parents=True, exist_ok=True)
        # What a killed export left beside its files is no other thing.
        others = any(
            one.name not in (CHECKPOINT, TILE) and not one.name.startswith(STAGING_PREFIX)
            for one in folder.iterdir()
        )
    content = _read_checkpoint(folder)
    if content is None:
        if others:
            raise invalid("The folder holds other things than tiles.")
        return 0
    last = open_checkpoint(content, keys, Checkpoint.parse(Note.parse(content).text).origin)[0]
    if last.origin != point.origin:
        raise invalid("The folder holds the tiles of another log, or of another epoch of this one.")
    if last.size > point.size:
        raise invalid("The folder holds a later state of this log.")
    if root_at(last.size, fetch) != last.root:
        raise invalid("What the folder holds is not the beginning of this log.")
    return last.size


def _read_checkpoint(folder: Path) -> bytes | None:
    path = folder / CHECKPOINT
    return read_bytes(path, "The checkpoint", limit=_MAX_NOTE) if path.is_file() else None


def _hashes(tile: Tile, fetch: Fetch) -> bytes:
    first = tile.index * WIDTH
    return b"".join(fetch(tile.level * HEIGHT, first + at) for at in range(tile.width))


def _bundle(tile: Tile, entries: Entries, fetch: Fetch) -> bytes:
    first = tile.index * WIDTH
    parts = []
    for at, entry in enumerate(entries(first, first + tile.width)):
        if len(entry) > _LONGEST_ENTRY or leaf_hash(entry) != fetch(0, first + at):
            raise Fault("CW-LEDGER-REWOUND", f"Entry {first + at} is not the one that was signed.")
        parts.append(len(entry).to_bytes(2, "big") + entry)
    if len(parts) != tile.width:
        raise Fault("CW-LEDGER-REWOUND", f"Entry {first + len(parts)} is not there.")
    return b"".join(parts)


def _write(folder: Path, tile: Tile, content: bytes) -> int:
    """Write one tile unless it is there; returns how many files were written."""
    path = folder / tile.path
    if path.is_file():
        if read_bytes(path, "A tile", limit=_MAX_BUNDLE) != content:
            raise invalid(f"The tile {tile.path} is there and is another one.")
        return 0
    with translated(tile.path):
        missing = [one for one in path.parents if not one.exists()]
        path.parent.mkdir(parents=True, exist_ok=True)
        for made in missing:
            fsync_folder(made.parent)
    write_atomic(path, content, mode=PUBLIC_MODE)
    return 1


# --- checking -------------------------------------------------------------------------------


@dataclass(frozen=True)
class CheckedTiles:
    """What a folder of tiles was found to hold: its checkpoint, and whose keys signed it."""

    checkpoint: Checkpoint
    note: Note
    signers: tuple[str, ...]


def check_tiles(
    folder: Path,
    keys: Iterable[VerifierKey | str],
    each: Callable[[bytes], object] | None = None,
) -> CheckedTiles:
    """Check every entry and every tile below the signed checkpoint, with trusted keys alone.

    `each` is handed every entry, in order. Raises `Fault` CW-LEDGER-TILES-INVALID,
    CW-LEDGER-NOTE-INVALID, CW-LEDGER-SIGNATURE-INVALID or CW-FILE-MISSING.
    """
    content = read_bytes(folder / CHECKPOINT, "The checkpoint", limit=_MAX_NOTE)
    note = Note.parse(content)
    point, signers = open_checkpoint(note, keys, Checkpoint.parse(note.text).origin)
    nodes = [
        leaf for tile in tiles_of(point.size) if tile.level < 0
        for leaf in _leaves(folder, tile, each)
    ]  # fmt: skip
    if (root(nodes) if nodes else EMPTY_ROOT) != point.root:
        raise invalid("The entries do not lead to the root that was signed.")
    level = 0
    for tile in tiles_of(point.size):
        if tile.level > level:
            # A full tile is one hash of the level above; a partial one is not yet any.
            full = range(0, len(nodes) - WIDTH + 1, WIDTH)
            nodes, level = [root(nodes[at : at + WIDTH]) for at in full], tile.level
        if tile.level >= 0:
            first = tile.index * WIDTH
            if _stored(folder, tile) != b"".join(nodes[first : first + tile.width]):
                raise invalid(f"The tile {tile.path} does not follow from the entries.")
    return CheckedTiles(point, note, tuple(key.name for key in signers))


def _stored(folder: Path, tile: Tile) -> bytes:
    """The hashes of one tile that the tree of this size has."""
    content, whole = _read_tile(folder, tile, WIDTH * HASH_BYTES)
    if not whole and len(content) != WIDTH * HASH_BYTES:
        raise invalid(f"The tile {tile.path} does not have its hashes.")
    return content if whole else content[: tile.width * HASH_BYTES]


def _leaves(folder: Path, tile: Tile, each: Callable[[bytes], object] | None) -> Iterator[bytes]:
    (content, whole), at = _read_tile(folder, tile, _MAX_BUNDLE), 0
    for _ in range(tile.width):
        end = at + 2 + int.from_bytes(content[at : at + 2], "big")
        if at + 2 > len(content) or end > len(content):
            raise invalid(f"The bundle {tile.path} ends too early.")
        entry = content[at + 2 : end]
        if each is not None:
            each(entry)
        yield leaf_hash(entry)
        at = end
    if whole and at != len(content):
        raise invalid(f"The bundle {tile.path} holds more than its entries.")


def _read_tile(folder: Path, tile: Tile, limit: int) -> tuple[bytes, bool]:
    """A tile's bytes, and True if the file is of its very width.

    A partial tile may be gone once the full one is there, which then stands for it.
    """
    path, whole = folder / tile.path, True
    if tile.width < WIDTH and not path.is_file():
        path, whole = folder / Tile(tile.level, tile.index, WIDTH).path, False
    return read_bytes(path, f"The tile {tile.path}", limit=limit), whole
