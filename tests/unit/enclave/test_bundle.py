"""The parser of git bundles against git itself, and against bundles that git would not write."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import random
import subprocess
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.enclave import bundle
from commonweal.enclave.bundle import TooMuch, Unfit, parse
from commonweal.enclave.packing import Shelf
from tests.enclave_house import open_sandbox, write_study
from tests.release_house import refused


def git(folder: Path, *words: str) -> str:
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@example.org",
    }  # fmt: skip
    done = subprocess.run(
        ["git", *words], cwd=folder, env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def bundled(folder: Path, *references: str) -> bytes:
    git(folder, "bundle", "create", "../made.bundle", *(references or ("HEAD",)))
    return (folder.parent / "made.bundle").read_bytes()


def repository_of(folder: Path) -> Path:
    write_study(folder)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "one")
    return folder


def read(content: bytes) -> dict[str, Any]:
    return parse(io.BytesIO(content), {})


def files(content: bytes) -> dict[str, bytes]:
    return {path: base64.b64decode(one) for path, one in read(content)["files"]}


def test_files_are_those_that_git_has(tmp_path: Path) -> None:
    """With a history long enough that git writes differences, by offset and by name."""
    folder = repository_of(tmp_path / "s")
    draw = random.Random(7)
    lines = [f"value_{n} = {draw.random()}" for n in range(400)]
    (folder / "lib" / "deep").mkdir(parents=True)
    (folder / ".hidden").write_text("x")
    for turn in range(12):
        lines[draw.randrange(400)] = f"changed = {turn}"
        (folder / "lib" / "deep" / "many.py").write_text("\n".join(lines))
        (folder / "run.sh").write_text(f"echo {turn}\n")
        (folder / "run.sh").chmod(0o755)
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", str(turn))
    git(folder, "repack", "-q", "-a", "-d", "-f", "--depth=50")
    for content in (bundled(folder), bundled(folder, "main"), bundled(folder, "HEAD", "main")):
        found = files(content)
        wanted = git(folder, "ls-files").split("\n")
        assert set(found) == {name for name in wanted if not name.startswith(".")}
        for name, one in found.items():
            assert one == (folder / name).read_bytes()
        assert read(content)["commit"] == git(folder, "rev-parse", "HEAD")


def test_a_bundle_and_its_folder_are_one_study(tmp_path: Path) -> None:
    sandbox = open_sandbox(tmp_path / "users")
    shelf = Shelf(tmp_path / "shelf")
    folder = repository_of(tmp_path / "s")
    bundled(folder)
    study = shelf.take_in_bundle(tmp_path / "made.bundle", sandbox)
    assert study == shelf.take_in(folder)
    (tmp_path / "broken.bundle").write_bytes((tmp_path / "made.bundle").read_bytes()[:-3])
    error = refused(lambda: shelf.take_in_bundle(tmp_path / "broken.bundle", sandbox))
    assert error.code == "CW-STUDY-BUNDLE"
    (folder / "a b.py").write_text("")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "odd")
    bundled(folder)
    error = refused(lambda: shelf.take_in_bundle(tmp_path / "made.bundle", sandbox))
    assert error.code == "CW-STUDY-BUNDLE"
    assert [one.name for one in shelf.folder.iterdir()] == [study.folder.name]


def test_what_git_writes_and_is_no_whole_study(tmp_path: Path) -> None:
    folder = repository_of(tmp_path / "s")
    git(folder, "branch", "other")
    (folder / "x.py").write_text("x")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "two")
    for content in (
        bundled(folder, "main", "^other"),  # needs a commit that is not in it
        bundled(folder, "main", "other"),  # two commits, and no HEAD that says which
    ):
        with pytest.raises(Unfit):
            read(content)
    (folder / "link.py").symlink_to("/etc/passwd")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "link")
    with pytest.raises(Unfit):
        read(bundled(folder))


# --- bundles by hand ------------------------------------------------------------------------
def entry(kind: int, data: bytes, extra: bytes = b"") -> bytes:
    size, first = len(data), kind << 4 | len(data) & 15
    size >>= 4
    head = bytearray([first | (128 if size else 0)])
    while size:
        head.append(size & 127 | (128 if size > 127 else 0))
        size >>= 7
    return bytes(head) + extra + zlib.compress(data)


def name_of(kind: bytes, data: bytes) -> bytes:
    return hashlib.sha1(b"%s %d\0" % (kind, len(data)) + data).digest()


def made(tree: bytes, *objects: bytes, count: int | None = None, tail: bytes = b"") -> bytes:
    commit = b"tree " + name_of(b"tree", tree).hex().encode() + b"\n\nx\n"
    entries = [entry(1, commit), entry(2, tree), *objects]
    number = len(entries) if count is None else count
    body = b"PACK\0\0\0\2" + number.to_bytes(4, "big") + b"".join(entries) + tail
    head = b"# v2 git bundle\n" + name_of(b"commit", commit).hex().encode() + b" HEAD\n\n"
    return head + body + hashlib.sha1(body).digest()


def row(mode: bytes, name: bytes, digest: bytes) -> bytes:
    return mode + b" " + name + b"\0" + digest


BLOB = b"print(1)\n"
A_BLOB = name_of(b"blob", BLOB)
PLAIN = row(b"100644", b"main.py", A_BLOB)
NOWHERE = b"\1" * 20


def test_a_bundle_by_hand() -> None:
    assert files(made(PLAIN, entry(3, BLOB))) == {"main.py": BLOB}
    delta = bytes([len(BLOB), 3, 0x91, 0, 3])  # copy 3 bytes from the beginning
    by_name = entry(7, delta, A_BLOB)
    tree = PLAIN + row(b"100644", b"x.py", name_of(b"blob", b"pri"))
    assert files(made(tree, by_name, entry(3, BLOB)))["x.py"] == b"pri"


UNFIT = {
    "nothing": b"",
    "another version": b"# v3 git bundle\n\n",
    "no pack": b"# v2 git bundle\n" + b"0" * 40 + b" HEAD\n\n",
    "no references": b"# v2 git bundle\n\nPACK" + bytes(40),
    "a blob that is not there": made(PLAIN),
    "a tree for a blob": made(row(b"100644", b"main.py", name_of(b"tree", b"")), entry(2, b"")),
    "a link": made(row(b"120000", b"main.py", A_BLOB), entry(3, BLOB)),
    "a submodule": made(row(b"160000", b"main", A_BLOB), entry(3, BLOB)),
    "a tree that is cut": made(PLAIN[:-1], entry(3, BLOB)),
    "more objects than there are": made(PLAIN, entry(3, BLOB), count=9),
    "fewer objects than there are": made(PLAIN, entry(3, BLOB), count=2),
    "bytes behind": made(PLAIN, entry(3, BLOB), tail=b"x"),
    "a changed byte": made(PLAIN, entry(3, BLOB))[:-1] + b"\0",
    "an unknown kind": made(PLAIN, entry(5, BLOB)),
    "a difference to nothing": made(PLAIN, entry(3, BLOB), entry(7, b"\1\1\1x", NOWHERE)),
    "a difference to itself": made(PLAIN, entry(3, BLOB), entry(6, b"\1\1\1x", b"\0")),
    "a difference beyond its base": made(
        PLAIN, entry(3, BLOB), entry(7, bytes([len(BLOB), 9, 0x91, 8, 9]), A_BLOB)
    ),
    "a difference to something else": made(PLAIN, entry(3, BLOB), entry(7, b"\1\1\1x", A_BLOB)),
    "a difference that is cut": made(
        PLAIN, entry(3, BLOB), entry(7, bytes([len(BLOB), 9, 0x91]), A_BLOB)
    ),
    "a difference of another size": made(
        PLAIN, entry(3, BLOB), entry(7, bytes([len(BLOB), 9, 1, 65]), A_BLOB)
    ),
    "a name that is not plain": made(row(b"100644", b"\xff.py", A_BLOB), entry(3, BLOB)),
}


@pytest.mark.parametrize("name", UNFIT)
def test_what_is_no_bundle(name: str) -> None:
    with pytest.raises(Unfit):
        read(UNFIT[name])


def test_names_that_lead_out_are_refused_outside_too(tmp_path: Path) -> None:
    """The parser was taken over and answers what it likes: paths are looked at again."""
    from commonweal.enclave.packing import _bundled

    for path in ("../x", "/etc/x", "a/../x", "a//x", ".x", "a\nb", "", "a/" * 9 + "x"):
        with pytest.raises(ValueError, match="plain"):
            _bundled({"files": [[path, ""]]})
    with pytest.raises(ValueError, match="plain"):
        _bundled({"files": [["x", ""], ["x", ""]]})


def test_bombs(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = b"0" * 1_000_000
    monkeypatch.setattr(bundle, "MOST_BYTES", 500_000)
    with pytest.raises(TooMuch):
        read(made(row(b"100644", b"x", name_of(b"blob", bomb)), entry(3, bomb)))
    many = b"".join(row(b"100644", b"f%d" % n, A_BLOB) for n in range(2_001))
    with pytest.raises(TooMuch):
        read(made(many, entry(3, BLOB)))
    inner = b""
    trees = []
    for _ in range(12):
        trees.append(entry(2, inner))
        inner = row(b"40000", b"d", name_of(b"tree", inner))
    with pytest.raises(Unfit):
        read(made(inner, *trees))


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**6), st.binary(min_size=1, max_size=4))
def test_whatever_is_changed_it_is_read_or_unfit(where: int, with_: bytes) -> None:
    content = made(PLAIN, entry(3, BLOB))
    place = where % len(content)
    changed = content[:place] + with_ + content[place + len(with_) :]
    try:
        found = files(changed)
    except (Unfit, TooMuch):
        return
    assert found == {"main.py": BLOB}
