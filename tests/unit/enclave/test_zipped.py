"""The parser of zip files: what tools make is read, and nothing that could be read in two ways."""

from __future__ import annotations

import base64
import io
import random
import stat
import struct
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.enclave import zipped
from commonweal.enclave.packing import Shelf
from commonweal.enclave.zipped import REASONS, Refusal, parse, unpacked
from tests.enclave_house import open_sandbox, write_study
from tests.release_house import refused

STUDY = {"study.yaml": b"study: 1\n", "main.py": b"print(1)\n"}
Change = Callable[[zipfile.ZipInfo], None]


def packed(files: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED, comment: bytes = b"") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", how) as into:
        for name, content in files.items():
            into.writestr(name, content)
        into.comment = comment
    return made.getvalue()


def with_member(name: str, change: Change, content: bytes = b"x") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as into:
        for one, its in STUDY.items():
            into.writestr(one, its)
        info = zipfile.ZipInfo(name)
        change(info)
        into.writestr(info, content)
    return made.getvalue()


def mode(value: int) -> Change:
    def change(info: zipfile.ZipInfo) -> None:
        info.create_system = 3
        info.external_attr = value << 16

    return change


def patched(content: bytes, mark: bytes, offset: int, value: bytes, which: int = -1) -> bytes:
    """`content` with other bytes at `offset` from one of the places where `mark` stands."""
    places = [n for n in range(len(content)) if content.startswith(mark, n)]
    at = places[which] + offset
    return content[:at] + value + content[at + len(value) :]


def why(content: bytes) -> str:
    with pytest.raises(Refusal) as error:
        unpacked(content)
    assert str(error.value) in REASONS
    assert parse(io.BytesIO(content), {}) == {"refused": str(error.value)}
    return str(error.value)


# --- what is read ---------------------------------------------------------------------------------


def test_stored_and_deflated_with_or_without_a_folder_at_the_top() -> None:
    deep = {"lib/deep/many.py": b"x = 1\n" * 900, "data.zip": packed({"a": b"b"})}
    for how in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        assert unpacked(packed(STUDY | deep, how, b"a word")) == STUDY | deep
        topped = {f"my study-main/{name}": one for name, one in (STUDY | deep).items()}
        assert unpacked(packed(topped, how)) == STUDY | deep


def test_folders_hidden_files_and_what_tools_leave_stay_out() -> None:
    more = {
        "lib/": b"", "lib/.hidden": b"x", ".git/config": b"x", "__MACOSX/._main.py": b"x",
        "__pycache__/main.pyc": b"x", "lib/__pycache__/a.pyc": b"x", "lib/a.py": b"y",
    }  # fmt: skip
    assert unpacked(packed(STUDY | more)) == STUDY | {"lib/a.py": b"y"}
    topped = {f"s/{name}": one for name, one in STUDY.items()} | {"__MACOSX/s/._a": b"x"}
    assert unpacked(packed(topped)) == STUDY


def test_a_stream_with_sizes_after_each_file() -> None:
    class Unseekable(io.RawIOBase):
        def __init__(self) -> None:
            self.made = b""

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.made += bytes(data)
            return len(data)

    sink = Unseekable()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as into:  # type: ignore[type-var]
        for name, content in STUDY.items():
            into.writestr(name, content)
    assert unpacked(sink.made) == STUDY
    marks = [n for n in range(len(sink.made)) if sink.made.startswith(b"PK\7\x08", n)]
    assert len(marks) == len(STUDY)
    changed = sink.made[: marks[0] + 4] + b"\0\0\0\0" + sink.made[marks[0] + 8 :]
    assert why(changed) == "damaged"


def test_git_makes_zip_files_that_are_read(tmp_path: Path) -> None:
    folder = write_study(tmp_path / "s")
    run = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "one"]):
        subprocess.run([*run, *words], cwd=folder, check=True, capture_output=True)
    done = subprocess.run(
        ["git", "archive", "--format=zip", "--prefix=s-main/", "HEAD"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    found = unpacked(done.stdout)
    assert found == {one.name: one.read_bytes() for one in folder.glob("*.*") if one.is_file()}


def test_a_zip_file_and_its_folder_are_one_study(tmp_path: Path) -> None:
    sandbox = open_sandbox(tmp_path / "record")
    folder = write_study(tmp_path / "s")
    (tmp_path / "named.anything").write_bytes(
        packed({one.name: one.read_bytes() for one in folder.iterdir()})
    )
    shelf = Shelf(tmp_path / "shelf")
    study = shelf.take_in_bundle(tmp_path / "named.anything", sandbox)
    assert study.hash == shelf.take_in(folder).hash
    link = with_member("a", mode(stat.S_IFLNK | 0o777))
    for content, words in ((link, "a link"), (b"PK\3\4" + b"x" * 99, "damaged"),
                           (packed({"main.py": b""}), "no study.yaml"),
                           (b"#!/bin/sh\n", "neither a zip file nor"), (b"", "neither")):  # fmt: skip
        (tmp_path / "bad").write_bytes(content)
        error = refused(lambda: shelf.take_in_bundle(tmp_path / "bad", sandbox))
        assert error.code == "CW-STUDY-BUNDLE"
        assert words in error.sentence
    assert len(list(shelf.folder.iterdir())) == 1


def test_only_a_reason_of_the_list_is_believed() -> None:
    from commonweal.enclave.packing import _zipped

    assert _zipped({"refused": "link"}) == "link"
    for said in ({"refused": "x"}, {"refused": "link", "files": []}, {"files": [["../a", ""]]},
                 {"files": [["a", ""], ["a", ""]]}, {"files": [["a", "%"]]}, {}, [], None):  # fmt: skip
        with pytest.raises((ValueError, TypeError, KeyError)):
            _zipped(said)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "../out", "lib/../../out", "lib/./a", "lib//a", "..\\out", "C:/a", "a:b"],
)
def test_names_that_lead_out(name: str) -> None:
    assert why(with_member(name, lambda _: None)) == "outside"


@pytest.mark.parametrize(
    "name",
    ["a b.py", "-rf", "a;b", "a..b", "ends.", "é.py", "x" * 65, "/".join("abcdefghi"), "a\x7fb"],
)
def test_odd_names(name: str) -> None:
    assert why(with_member(name, lambda _: None)) == "name"


def test_a_name_with_a_nul_or_no_text_or_none_at_all() -> None:
    content = packed(STUDY | {"abcd": b"x"}, zipfile.ZIP_STORED)
    assert why(content.replace(b"abcd", b"a\0cd")) == "name"
    assert why(content.replace(b"abcd", b"\xff\xfe\xfd\xfc")) == "name"
    assert why(packed(STUDY | {"/": b""})) == "outside"


@pytest.mark.parametrize(
    "value",
    [stat.S_IFLNK | 0o777, stat.S_IFIFO | 0o666, stat.S_IFCHR | 0o666, stat.S_IFBLK | 0o666,
     stat.S_IFSOCK | 0o666, stat.S_IFREG | 0o4755, stat.S_IFREG | 0o2755],
)  # fmt: skip
def test_links_devices_and_special_modes(value: int) -> None:
    assert why(with_member("a", mode(value))) == "link"


def test_a_folder_that_says_it_is_a_file_and_a_file_that_says_it_is_a_folder() -> None:
    assert why(with_member("a", mode(stat.S_IFDIR | 0o755))) == "damaged"
    assert why(with_member("a/", mode(stat.S_IFREG | 0o644), b"")) == "damaged"
    assert why(with_member("a/", mode(stat.S_IFDIR | 0o755), b"bytes")) == "damaged"


@pytest.mark.parametrize(
    "more", [{"MAIN.py": b""}, {"lib": b"", "lib/a": b""}, {"Lib": b"", "lib/a": b""}]
)
def test_two_names_for_one_place(more: dict[str, bytes]) -> None:
    assert why(packed(STUDY | more)) == "twice"


def test_one_name_twice() -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        content = with_member("main.py", lambda _: None)
    assert why(content) == "twice"


@pytest.mark.parametrize(("flag", "reason"), [(1, "encrypted"), (64, "encrypted"),
                                              (0x2000, "encrypted"), (32, "form")])  # fmt: skip
def test_encrypted_and_unknown_flags(flag: int, reason: str) -> None:
    content = packed(STUDY)
    assert why(patched(content, b"PK\1\2", 8, struct.pack("<H", flag))) == reason


@pytest.mark.parametrize("how", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_to_pack(how: int) -> None:
    assert why(packed(STUDY, how)) == "form"


def test_several_parts_and_large_forms() -> None:
    content = packed(STUDY)
    assert why(patched(content, b"PK\5\6", 4, b"\1\0")) == "form"  # of several disks
    assert why(patched(content, b"PK\5\6", 8, b"\xff\xff\xff\xff")) == "form"  # ZIP64
    assert why(patched(content, b"PK\1\2", 20, b"\xff" * 4)) == "form"
    for kind in (1, 0x7075):
        field = struct.pack("<2H", kind, 8) + b"\0" * 8

        def extra(info: zipfile.ZipInfo, field: bytes = field) -> None:
            info.extra = field

        assert why(with_member("a", extra)) == "form"


def test_bombs_by_what_they_say_and_by_what_they_are() -> None:
    zeros = b"\0" * 2_000_000
    assert why(packed(STUDY | {"zeros": zeros})) == "ratio"
    assert why(packed(STUDY | {f"zeros{n}": zeros for n in range(9)})) == "ratio"
    noise = random.Random(1).randbytes(zipped.MOST_TOLD)
    assert why(packed(STUDY | {"noise": noise})) == "large"
    # It says that it is small.
    content = packed(STUDY | {"zeros": zeros})
    small = struct.pack("<L", 50_000)
    content = patched(content, b"PK\1\2", 24, small)
    assert why(patched(content, b"PK\3\4", 22, small)) == "ratio"


def test_too_many() -> None:
    assert why(packed(STUDY | {f"a{n}": b"" for n in range(zipped.MOST_FILES)})) == "many"
    assert why(packed(STUDY | {f".a{n}": b"" for n in range(zipped.MOST_ENTRIES)})) == "many"


def test_members_that_share_bytes_and_bytes_that_belong_to_none() -> None:
    content = packed(STUDY, zipfile.ZIP_STORED)
    first = struct.pack("<L", 0)
    assert why(patched(content, b"PK\1\2", 42, first)) == "damaged"
    assert why(b"#!/bin/sh\n" + content) == "damaged"  # a program in front of it
    assert why(content + b"behind") == "damaged"
    assert why(content + content) == "damaged"
    inner = packed({"study.yaml": b"other", "main.py": b""}, zipfile.ZIP_STORED)
    assert why(packed(STUDY, comment=inner)) == "damaged"  # two ends, of which each reader has one


def test_the_list_and_the_members_must_agree() -> None:
    content = packed(STUDY, zipfile.ZIP_STORED)
    for offset, value in ((6, b"\2\0"), (8, b"\x08\0"), (14, b"\0\0\0\0"), (22, b"\1\0\0\0"),
                          (30, b"x")):  # fmt: skip
        assert why(patched(content, b"PK\3\4", offset, value)) == "damaged", offset
    assert why(patched(content, b"PK\1\2", 16, b"\0\0\0\0")) == "damaged"
    wrong = content.replace(b"print(1)", b"print(2)")
    assert why(wrong) == "damaged"  # its checksum


def test_no_study_in_it() -> None:
    assert why(packed({"main.py": b""})) == "study"
    assert why(packed({"a/study.yaml": b"", "b/main.py": b""})) == "study"
    assert why(packed({"a/b/study.yaml": b""})) == "study"
    assert why(packed({".study.yaml": b""})) == "study"
    assert why(packed({})) == "study"


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 6))
def test_any_change_is_read_as_it_was_or_refused(seed: int, changes: int) -> None:
    draw = random.Random(seed)
    content = bytearray(packed(STUDY | {"lib/a.py": b"y" * 50}))
    for _ in range(changes):
        content[draw.randrange(len(content))] = draw.randrange(256)
    if draw.random() < 0.2:
        del content[draw.randrange(len(content)) :]
    said = parse(io.BytesIO(bytes(content)), {})
    if "refused" in said:
        assert said["refused"] in REASONS
    else:
        bodies = {base64.b64decode(one) for _, one in said["files"]}
        assert bodies <= {*STUDY.values(), b"y" * 50}
