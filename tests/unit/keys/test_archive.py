from __future__ import annotations

import hashlib
import io
import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.foundation.canonical import canonical
from commonweal.foundation.errors import CommonwealError, Failure, Fault
from commonweal.vault.backup.archive import Packer, Unpacker, check_path

PARTS = st.text(
    st.characters(codec="utf-8", exclude_characters="/", exclude_categories=("C", "Z")), min_size=1
).filter(lambda part: part not in {".", ".."} and len(part.encode()) < 100 and part.isprintable())


def packed(tmp_path, files: dict[str, bytes]) -> bytes:
    sink = io.BytesIO()
    packer = Packer(sink)
    for number, (path, content) in enumerate(sorted(files.items())):
        source = tmp_path / f"source-{number}"
        source.write_bytes(content)
        packer.add(path, source)
    packer.finish()
    return sink.getvalue()


def read(stream: bytes, folder=None, piece: int = 1 << 20) -> Unpacker:
    unpacker = Unpacker(folder)
    try:
        for start in range(0, len(stream), piece):
            unpacker.write(stream[start : start + piece])
        unpacker.finish()
    finally:
        unpacker.abandon()
    return unpacker


def frame(plain) -> bytes:
    content = plain if isinstance(plain, bytes) else canonical(plain)
    return struct.pack(">I", len(content)) + content


FILES = {"a": b"", "b/c.json": b"{}", "b/d": bytes(3000), "z": b"last"}


@pytest.mark.parametrize("piece", [1, 7, 4096])
def test_what_is_packed_is_laid_out_again(tmp_path, piece):
    read(packed(tmp_path, FILES), tmp_path / "out", piece)
    found = {
        p.relative_to(tmp_path / "out").as_posix(): p.read_bytes()
        for p in (tmp_path / "out").rglob("*")
        if p.is_file()
    }
    assert found == FILES
    assert all(p.stat().st_mode & 0o077 == 0 for p in (tmp_path / "out").rglob("*"))


@given(st.dictionaries(PARTS, st.binary(max_size=300), max_size=6), st.integers(1, 64))
def test_any_files_come_back(tmp_path_factory, files, piece):
    folder = tmp_path_factory.mktemp("packed")
    unpacker = read(packed(folder, files), folder / "out", piece)
    assert unpacker.files == len(files)
    assert unpacker.bytes == sum(map(len, files.values()))
    assert all((folder / "out" / path).read_bytes() == content for path, content in files.items())


def test_the_layout_is_the_same_each_time(tmp_path):
    assert packed(tmp_path, FILES) == packed(tmp_path, dict(reversed(FILES.items())))


def test_every_cut_is_refused(tmp_path):
    stream = packed(tmp_path, {"a": b"xy", "b": b""})
    for end in range(len(stream)):
        with pytest.raises(Fault, match="CW-BACKUP-BROKEN"):
            read(stream[:end])
    with pytest.raises(Fault, match="CW-BACKUP-BROKEN"):
        read(stream + b"\x00" * 4)


def test_every_flipped_bit_is_refused(tmp_path):
    stream = packed(tmp_path, {"a": b"xy", "b": b""})
    for bit in range(len(stream) * 8):
        changed = bytearray(stream)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(CommonwealError):
            read(bytes(changed))


def ended(*frames: bytes, files: int, size: int) -> bytes:
    """A stream of frames with a manifest that fits, as an able forger would make it."""
    manifest = hashlib.sha256(b"".join(f[4:] for f in frames)).hexdigest()
    return b"".join(frames) + frame({"bytes": size, "files": files, "manifest": manifest})


def empty_file(path) -> bytes:
    return frame({"path": path, "size": 0}), frame({"sha256": hashlib.sha256().hexdigest()})


@pytest.mark.parametrize(
    "path",
    ["../x", "a/../x", "/x", "a//b", "", ".", "./a", "a/", "a\x00b", "a\nb", "a\u202eb",
     "x" * 1025, 7, None, ["a"]],
)  # fmt: skip
def test_paths_that_leave_the_folder_or_hide_are_refused(tmp_path, path):
    with pytest.raises(Fault, match="CW-BACKUP-BROKEN"):
        read(ended(*empty_file(path), files=1, size=0), tmp_path / "out" / "home")
    assert not list(tmp_path.rglob("x"))
    if isinstance(path, str):
        with pytest.raises(Fault, match="CW-BACKUP-BROKEN"):
            check_path(path)


@pytest.mark.parametrize(
    "stream",
    [
        b"",
        frame({}),
        frame([]),
        frame(b"{"),
        frame(b"null"),
        frame(b"[" * 5000),
        struct.pack(">I", 1 << 31),
        struct.pack(">I", 0),
        ended(files=1, size=0),
        ended(files=0, size=1),
        ended(files=0, size=0) + ended(files=0, size=0),
        ended(*empty_file("b"), *empty_file("a"), files=2, size=0),
        ended(*empty_file("a"), *empty_file("a"), files=2, size=0),
        ended(empty_file("a")[0], files=1, size=0),
        ended(empty_file("a")[1], files=1, size=0),
        ended(empty_file("a")[0], frame({"sha256": "0" * 64}), files=1, size=0),
        ended(empty_file("a")[0], frame({"sha256": 7}), files=1, size=0),
        ended(frame({"path": "a", "size": -1}), files=1, size=0),
        ended(frame({"path": "a", "size": True}), files=1, size=0),
        ended(frame({"path": "a", "size": 1e300}), files=1, size=0),
        ended(frame({"path": "a", "size": 0, "mode": 511}), files=1, size=0),
    ],
)
def test_streams_that_are_none_are_refused(stream):
    with pytest.raises(Fault, match="CW-BACKUP-BROKEN"):
        read(stream)


def test_a_file_where_a_folder_is_needed_is_refused(tmp_path):
    files = [*empty_file("a"), *empty_file("a/b")]
    with pytest.raises(CommonwealError):
        read(ended(*files, files=2, size=0), tmp_path / "out")


@given(st.binary(max_size=200))
def test_no_bytes_give_anything_but_our_own_error(stream):
    with pytest.raises(CommonwealError):
        read(stream)


@pytest.mark.parametrize("how", ["grows", "shrinks"])
def test_a_file_that_changes_while_it_is_read_stops_the_backup(tmp_path, how):
    source = tmp_path / "source"
    source.write_bytes(bytes(5000))

    class Sink(io.BytesIO):
        def write(self, data) -> int:
            if how == "grows" and len(data) > 1000:
                with source.open("ab") as stream:
                    stream.write(b"more")
            elif how == "shrinks" and b"path" in data:
                source.write_bytes(b"")
            return super().write(data)

    with pytest.raises(Failure, match="CW-BACKUP-CHANGED"):
        Packer(Sink()).add("a", source)


def test_files_are_added_in_order_and_links_never(tmp_path):
    packer = Packer(io.BytesIO())
    (tmp_path / "f").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "f")
    packer.add("b", tmp_path / "f")
    with pytest.raises(ValueError, match="order"):
        packer.add("a", tmp_path / "f")
    with pytest.raises(CommonwealError):
        packer.add("c", tmp_path / "link")
    with pytest.raises(Failure, match="CW-BACKUP-CHANGED"):
        packer.add("d", tmp_path / "nothing")


def test_frames_are_canonical_json(tmp_path):
    stream = packed(tmp_path, {"a": b""})
    (length,) = struct.unpack(">I", stream[:4])
    assert json.loads(stream[4 : 4 + length]) == {"path": "a", "size": 0}
