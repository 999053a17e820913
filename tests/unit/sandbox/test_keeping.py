"""What a run keeps is packed whole or not at all, and laid out as it was."""

from __future__ import annotations

import io
import os
import socket
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.foundation.canonical import canonical
from commonweal.foundation.errors import Fault
from commonweal.sandbox import keeping
from commonweal.sandbox.keeping import MAGIC, Laying, files_of, listed, pack, same
from commonweal.sandbox.orders import MIB


def opened(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "kept"
    place.mkdir()
    return place


def packed(folder: Path, most: int = MIB) -> bytes:
    descriptor = opened(folder)
    try:
        seen = listed(descriptor)
        assert seen is not None
        sink = io.BytesIO()
        assert pack(descriptor, seen, sink, owner=os.geteuid(), most_bytes=most)
        return sink.getvalue()
    finally:
        os.close(descriptor)


def laid(content: bytes, into: Path, step: int = 7) -> None:
    into.mkdir()
    descriptor = opened(into)
    laying = Laying(descriptor)
    try:
        for at in range(0, len(content), step):
            laying.write(content[at : at + step])
        laying.finish()
    finally:
        laying.close()
        os.close(descriptor)


NAME = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)


@given(
    st.dictionaries(NAME, st.binary(max_size=60), max_size=6),
    st.integers(1, 200),
)
def test_what_is_packed_is_laid_out_again(files: dict[str, bytes], step: int) -> None:
    with tempfile.TemporaryDirectory() as base:
        kept = Path(base, "kept")
        (kept / "deep" / "er").mkdir(parents=True)
        for number, (name, content) in enumerate(files.items()):
            place = kept / ("deep/er" if number % 2 else ".") / name
            if not place.exists():
                place.write_bytes(content)
        laid(packed(kept), Path(base, "again"), step)
        found = {p.relative_to(kept): p.read_bytes() for p in kept.rglob("*") if p.is_file()}
        again = Path(base, "again")
        assert found == {p.relative_to(again): p.read_bytes()
                         for p in again.rglob("*") if p.is_file()}  # fmt: skip


def _socket(place: Path) -> None:
    here = Path.cwd()
    os.chdir(place)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind("s")
    finally:
        os.chdir(here)


def _set_id(place: Path) -> None:
    (place / "x").write_text("x")
    (place / "x").chmod(0o4755)


def _second(place: Path) -> None:
    (place / "x").write_text("x")
    (place / "y").hardlink_to(place / "x")


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "a link": (lambda at: (at / "x").symlink_to("/etc/passwd"), "KIND"),
    "a link to a folder": (lambda at: (at / "x").symlink_to("/usr"), "KIND"),
    "a pipe": (lambda at: os.mkfifo(at / "x"), "KIND"),
    "a socket": (_socket, "KIND"),
    "a set-user-id bit": (_set_id, "KIND"),
    "a second name": (_second, "KIND"),
    "a line break": (lambda at: (at / "a\nb").write_text("x"), "NAME"),
    "no text": (lambda at: Path(os.fsdecode(os.fsencode(at) + b"/\xff")).write_text("x"), "NAME"),
    "too deep": (lambda at: (at / "a/b/c/d/e").mkdir(parents=True), "NAME"),
    "too long": (lambda at: (at / ("a" * 200)).write_text("x"), "NAME"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_kept(name: str, folder: Path) -> None:
    make, code = REFUSED[name]
    make(folder)
    descriptor = opened(folder)
    with pytest.raises(Fault, match=f"CW-COLLECT-{code}"):
        listed(descriptor)
    os.close(descriptor)


def test_too_many_too_large_a_hole_and_of_another(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "x").write_bytes(b"x" * 100)
    with pytest.raises(Fault, match="CW-COLLECT-LIMIT"):
        packed(folder, most=99)
    descriptor = opened(folder)
    seen = listed(descriptor)
    assert seen is not None
    with pytest.raises(Fault, match="CW-COLLECT-KIND"):
        pack(descriptor, seen, io.BytesIO(), owner=os.geteuid() + 1, most_bytes=MIB)
    with (folder / "hole").open("wb") as stream:
        stream.truncate(900_000)
    with pytest.raises(Fault, match="CW-COLLECT-KIND"):
        packed(folder)
    monkeypatch.setattr(keeping, "MOST_FILES", 1)
    with pytest.raises(Fault, match="CW-COLLECT-LIMIT"):
        listed(descriptor)
    os.close(descriptor)


def test_nothing_is_kept_while_it_is_written(folder: Path) -> None:
    (folder / "x").write_text("x")
    descriptor = opened(folder)
    before = listed(descriptor)
    assert same(before, listed(descriptor))
    (folder / ".writing").touch()
    assert listed(descriptor) is None
    assert not same(None, None)
    (folder / ".writing").unlink()
    (folder / "x").write_text("y")
    after = listed(descriptor)
    assert not same(before, after)
    with pytest.raises(Fault, match="CW-COLLECT-CHANGED"):
        pack(descriptor, before or {}, io.BytesIO(), owner=os.geteuid(), most_bytes=MIB)
    assert not pack(descriptor, after or {}, io.BytesIO(), owner=os.geteuid(), most_bytes=MIB,
                    go_on=lambda: False)  # fmt: skip
    os.close(descriptor)


def stream(files: object, content: bytes = b"", magic: bytes = MAGIC) -> bytes:
    index = files if isinstance(files, bytes) else canonical({"files": files})
    return magic + struct.pack(">I", len(index)) + index + content


ODD = {
    "another magic": stream([], magic=b"CWKEPT2\n"),
    "no list": stream(b"[]"),
    "no JSON": stream(b"{"),
    "a huge list": MAGIC + struct.pack(">I", 1 << 30),
    "a path that leads out": stream([["../x", 1]], b"x"),
    "an absolute path": stream([["/tmp/x", 1]], b"x"),
    "a hidden name": stream([[".x", 1]], b"x"),
    "twice": stream([["x", 1], ["x", 1]], b"xx"),
    "below nothing": stream([["x", -1]]),
    "no number": stream([["x", "many"]]),
    "cut short": stream([["x", 5]], b"x"),
    "a file that is missing": stream([["x", 1], ["y", 1]], b"x"),
    "more behind it": stream([["x", 1]], b"xx"),
    "nothing": b"",
    "too many": stream([[f"f{n}", 0] for n in range(1001)]),
}


@pytest.mark.parametrize("name", ODD)
def test_streams_that_are_not_laid_out(name: str, tmp_path: Path) -> None:
    with pytest.raises(Fault, match="CW-JOB-CHECKPOINT"):
        laid(ODD[name], tmp_path / "again")
    assert [one.name for one in tmp_path.iterdir()] == ["again"]


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    target = tmp_path / "secret"
    target.write_text("ours")
    again = tmp_path / "again"
    again.mkdir()
    (again / "x").symlink_to(target)
    descriptor = opened(again)
    laying = Laying(descriptor)
    with pytest.raises(OSError, match="exists"):
        laying.write(stream([["x", 1]], b"x"))
    os.close(descriptor)
    assert target.read_text() == "ours"


def test_files_are_made_as_nobody_else(tmp_path: Path) -> None:
    with files_of(None):
        (tmp_path / "x").touch()
    assert (tmp_path / "x").stat().st_uid == os.geteuid()
