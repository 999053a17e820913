"""Tiles: the paths and widths of C2SP tlog-tiles, incremental and atomic exports, and damage."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.ledger import tiles as module
from commonweal.ledger.checkpoint import Checkpoint
from commonweal.ledger.merkle import inclusion_proof, leaf_hash, root
from commonweal.ledger.note import SigningKey
from commonweal.ledger.proof import verify_inclusion
from commonweal.ledger.tiles import Tile, check_tiles, export_tiles, tiles_of
from tests.unit.ledger.support import SoftwareSigner, naive_root

ORIGIN = "log.example/x/public"
KEY = SigningKey(ORIGIN, SoftwareSigner(b"\x05" * 32))


class Log:
    """A log in memory, by the definition of RFC 9162."""

    def __init__(self, size: int, said: bytes = b"entry %d") -> None:
        self.entries = [said % number for number in range(size)]
        self.leaves = [leaf_hash(one) for one in self.entries]

    def fetch(self, level: int, index: int) -> bytes:
        return root(self.leaves[index << level : (index + 1) << level])

    def note(self, size: int, origin: str = ORIGIN) -> str:
        key = SigningKey(origin, SoftwareSigner(b"\x05" * 32))
        return key.sign(Checkpoint(origin, size, root(self.leaves[:size])).text()).format()

    def export(self, folder: Path, size: int, **more: object) -> module.Exported:
        return export_tiles(
            folder, self.note(size), [KEY.verifier], self.fetch,
            lambda start, end: self.entries[start:end], **more,  # type: ignore[arg-type]
        )  # fmt: skip


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        # The index of the specification's example.
        (Tile(0, 1234067, 256), "tile/0/x001/x234/067"),
        (Tile(3, 0, 256), "tile/3/000"),
        (Tile(0, 999, 1), "tile/0/999.p/1"),
        (Tile(0, 1000, 255), "tile/0/x001/000.p/255"),
        (Tile(-1, 70_000, 256), "tile/entries/x070/000"),
    ],
)
def test_paths_are_those_of_the_specification(tile: Tile, path: str) -> None:
    assert tile.path == path


def test_the_tree_of_the_specification_has_its_tiles() -> None:
    # "A tree of size 70,000 will be represented by 273 full level 0 tiles, one partial level 0 tile
    # of width 112, one full level 1 tile, one partial level 1 tile of width 17, and one partial
    # level 2 tile of width 1."
    found = [(tile.level, tile.width) for tile in tiles_of(70_000) if tile.level >= 0]
    assert found == [*[(0, 256)] * 273, (0, 112), (1, 256), (1, 17), (2, 1)]
    # "A tree of size 256 ... a full level 0 tile and a partial level 1 tile of width 1."
    assert [t.path for t in tiles_of(256)] == ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]
    assert list(tiles_of(0)) == []


@given(st.integers(0, 2**40), st.integers(0, 600))
def test_new_tiles_and_old_ones_are_all_tiles(start: int, more: int) -> None:
    size = start + more
    if start < 100_000:
        assert set(tiles_of(size)) <= set(tiles_of(start)) | set(tiles_of(size, start))
    for tile in tiles_of(size, start):
        shift = 8 * max(tile.level, 0)
        assert tile.index * 256 + tile.width <= size >> shift
        assert tile.width == 256 or tile.index * 256 + tile.width == size >> shift
        assert tile.index * 256 + tile.width > start >> shift  # it holds something new


def test_tiles_hold_what_the_specification_says(tmp_path: Path) -> None:
    log = Log(70_000)
    log.export(tmp_path / "t", 70_000)
    assert check_tiles(tmp_path / "t", [KEY.verifier]).checkpoint.size == 70_000
    # MTH(D[(n * 256 + i) * 256**l : (n * 256 + i + 1) * 256**l])
    for level, index, at in ((0, 273, 111), (0, 7, 0), (1, 0, 255), (1, 1, 16), (2, 0, 0)):
        width = (70_000 >> 8 * level) - 256 * index
        content = (tmp_path / "t" / Tile(level, index, min(width, 256)).path).read_bytes()
        start, end = ((256 * index + at + more) * 256**level for more in (0, 1))
        assert content[32 * at : 32 * at + 32] == naive_root(log.leaves[start:end])
    bundle = (tmp_path / "t" / "tile/entries/273.p/112").read_bytes()
    assert bundle.startswith(b"\x00\x0bentry 69888\x00\x0bentry 69889")
    assert (tmp_path / "t" / "tile/0/005").stat().st_mode & 0o777 == 0o644


def test_a_client_can_prove_an_entry_from_tiles_alone(tmp_path: Path) -> None:
    log = Log(1000)
    log.export(tmp_path / "t", 1000)
    stored = files(tmp_path / "t")

    def fetch(level: int, index: int) -> bytes:
        # Any complete subtree is the root of a run of hashes of one tile.
        tile_level, rest = divmod(level, 8)
        first = index << rest
        width = min(256, (1000 >> 8 * tile_level) - (first // 256) * 256)
        content = stored[Tile(tile_level, first // 256, width).path]
        at = first % 256
        return root([content[32 * n : 32 * n + 32] for n in range(at, at + (1 << rest))])

    for index in (0, 255, 256, 700, 999):
        path = inclusion_proof(index, 1000, fetch)
        verify_inclusion(index, 1000, log.leaves[index], path, root(log.leaves))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 800), min_size=1, max_size=5))
def test_in_steps_or_at_once_the_newest_tiles_are_the_same(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int]
) -> None:
    folder, log = tmp_path_factory.mktemp("tiles"), Log(800)
    seen: dict[str, bytes] = {}
    for size in sorted(sizes):
        log.export(folder / "steps", size)
        now = files(folder / "steps")
        # Tiles are never changed: only the checkpoint is.
        assert all(now[name] == seen[name] for name in seen if name != "checkpoint")
        seen = now
        assert check_tiles(folder / "steps", [KEY.verifier]).checkpoint.size == size
    log.export(folder / "once", max(sizes))
    assert files(folder / "once").items() <= seen.items()
    shutil.rmtree(folder)


def test_other_signed_sizes_get_their_partial_tiles(tmp_path: Path) -> None:
    Log(700).export(tmp_path / "t", 600, sizes=[3, 300, 520, 590, 650])
    names = set(files(tmp_path / "t"))
    # 3 and 300 lie in tiles that are full by now.
    assert {name for name in names if "/0/" in name} == {
        "tile/0/000", "tile/0/001", "tile/0/002.p/8", "tile/0/002.p/78", "tile/0/002.p/88",
    }  # fmt: skip
    assert "tile/1/000.p/2" in names


def test_a_full_tile_may_stand_for_a_partial_one(tmp_path: Path) -> None:
    log, folder = Log(600), tmp_path / "t"
    log.export(folder, 300)
    checkpoint = (folder / "checkpoint").read_bytes()
    log.export(folder, 600)
    (folder / "checkpoint").write_bytes(checkpoint)
    for name in ("tile/0/001.p/44", "tile/entries/001.p/44"):
        (folder / name).unlink()
    assert check_tiles(folder, [KEY.verifier]).checkpoint.size == 300


def test_a_killed_export_shows_the_old_state_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, folder = Log(700), tmp_path / "t"
    log.export(folder, 300)
    real = module.write_atomic

    for stop in range(8):
        left = [stop]

        def dying(path: Path, *rest: object, _left: list = left, **more: object) -> None:
            if not _left[0]:
                (path.parent / ".staging-x").write_bytes(b"half")
                raise KeyboardInterrupt
            _left[0] -= 1
            real(path, *rest, **more)  # type: ignore[arg-type]

        copy = tmp_path / f"t{stop}"
        shutil.copytree(folder, copy)
        monkeypatch.setattr(module, "write_atomic", dying)
        try:
            log.export(copy, 700)
        except KeyboardInterrupt:
            assert check_tiles(copy, [KEY.verifier]).checkpoint.size == 300
        monkeypatch.setattr(module, "write_atomic", real)
        log.export(copy, 700)
        assert check_tiles(copy, [KEY.verifier]).checkpoint.size == 700


def test_a_first_export_that_was_killed_goes_on(tmp_path: Path) -> None:
    (tmp_path / "t" / "tile" / "0").mkdir(parents=True)
    (tmp_path / "t" / ".staging-checkpoint-1").write_bytes(b"half")
    Log(5).export(tmp_path / "t", 5)
    assert check_tiles(tmp_path / "t", [KEY.verifier]).checkpoint.size == 5


@pytest.mark.parametrize(
    ("other", "size"), [(Log(700, b"forged %d"), 700), (Log(700), 200)], ids=["rewritten", "older"]
)
def test_another_log_does_not_go_on_in_the_folder(tmp_path: Path, other: Log, size: int) -> None:
    Log(700).export(tmp_path / "t", 300)
    before = files(tmp_path / "t")
    with pytest.raises(Fault) as told:
        other.export(tmp_path / "t", size)
    assert told.value.code == "CW-LEDGER-TILES-INVALID"
    assert files(tmp_path / "t") == before


def test_other_folders_and_other_origins_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(Fault, match="other things"):
        Log(3).export(tmp_path, 3)
    log, folder = Log(9), tmp_path / "t"
    log.export(folder, 3)
    with pytest.raises(Fault, match="another log"):
        export_tiles(folder, log.note(9, f"{ORIGIN}/2"), [KEY.verifier], log.fetch,
                     lambda a, b: log.entries[a:b])  # fmt: skip


def test_a_log_that_is_not_what_was_signed_is_not_exported(tmp_path: Path) -> None:
    log = Log(20)
    log.entries[7] = b"changed"
    with pytest.raises(Fault, match="Entry 7"):
        log.export(tmp_path / "t", 20)
    log.leaves[7] = leaf_hash(b"changed")
    note = Log(20).note(20)
    with pytest.raises(Fault, match="CW-LEDGER-REWOUND"):
        export_tiles(tmp_path / "u", note, [KEY.verifier], log.fetch, lambda a, b: log.entries[a:b])
    assert not (tmp_path / "t" / "checkpoint").exists()


def _flip(name: str, at: int = 5) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        content = bytearray((folder / name).read_bytes())
        content[at] ^= 1
        (folder / name).write_bytes(content)

    return change


def _cut(name: str, by: int) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:-by])


def _append(name: str, more: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes() + more)


DAMAGES = {
    "an entry": _flip("tile/entries/000", 40),
    "a length": _flip("tile/entries/000", 1),
    "an entry cut": _cut("tile/entries/001.p/44", 1),
    "an entry more": _append("tile/entries/001.p/44", b"\x00\x01x"),
    "a leaf hash": _flip("tile/0/000"),
    "a hash above": _flip("tile/1/000.p/1"),
    "a hash cut": _cut("tile/0/001.p/44", 32),
    "a hash more": _append("tile/0/001.p/44", bytes(32)),
    "a tile gone": lambda folder: (folder / "tile/0/000").unlink(),
    "a bundle gone": lambda folder: (folder / "tile/entries/000").unlink(),
    "the checkpoint gone": lambda folder: (folder / "checkpoint").unlink(),
    "the root": _flip("checkpoint", 30),
    "a stranger's": lambda folder: (folder / "checkpoint").write_text(
        SigningKey(ORIGIN, SoftwareSigner(b"\x06" * 32))
        .sign(Checkpoint(ORIGIN, 300, root(Log(300).leaves)).text())
        .format()
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_found(name: str, tmp_path: Path) -> None:
    Log(300).export(tmp_path / "t", 300)
    check_tiles(tmp_path / "t", [KEY.verifier])
    DAMAGES[name](tmp_path / "t")
    with pytest.raises(CommonwealError):
        check_tiles(tmp_path / "t", [KEY.verifier])


def test_an_export_does_not_write_over_a_damaged_tile(tmp_path: Path) -> None:
    log = Log(600)
    log.export(tmp_path / "t", 300)
    (tmp_path / "t" / "tile/0/001").write_bytes(b"foreign")
    with pytest.raises(Fault, match="is there and is another one"):
        log.export(tmp_path / "t", 600)
