"""Taking a study in: what is hashed is what runs, and nothing that could be something else."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from commonweal.enclave import packing
from commonweal.enclave.packing import Shelf, tree_hash
from commonweal.foundation.errors import CommonwealError
from commonweal.foundation.files import thaw_and_remove
from tests.enclave_house import write_study


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "shelf")


def on_the_shelf(shelf: Shelf) -> list[str]:
    return sorted(one.name for one in shelf.folder.iterdir()) if shelf.folder.exists() else []


def test_a_study_is_kept_by_its_hash(tmp_path: Path, shelf: Shelf) -> None:
    source = write_study(tmp_path / "s")
    (source / "lib").mkdir()
    (source / "lib" / "__init__.py").write_text("")
    study = shelf.take_in(source)
    assert study.folder.name == study.hash.removeprefix("sha256:")
    assert [name for name, _ in sorted(study.files)] == ["lib/__init__.py", "main.py", "study.yaml"]
    assert study.hash == tree_hash(reversed(study.files))
    for one in study.folder.rglob("*"):
        assert stat.S_IMODE(one.stat().st_mode) == (0o555 if one.is_dir() else 0o444)
    assert shelf.find(study.hash) == study
    assert shelf.take_in(source) == study
    assert on_the_shelf(shelf) == [study.folder.name]


def test_the_hash_is_of_names_and_contents_only(tmp_path: Path, shelf: Shelf) -> None:
    one, two = write_study(tmp_path / "a"), write_study(tmp_path / "elsewhere")
    os.utime(two / "main.py", (1, 1))
    (two / "main.py").chmod(0o755)
    (two / ".git").mkdir()
    (two / ".git" / "config").write_text("x")
    (two / "__pycache__").mkdir()
    (two / "__pycache__" / "x.pyc").write_bytes(b"x")
    (two / "empty").mkdir()
    assert shelf.take_in(one).hash == shelf.take_in(two).hash
    changed = {
        "a byte": lambda f: (f / "main.py").write_text("1\n"),
        "a name": lambda f: (f / "main.py").rename(f / "other.py"),
        "one more": lambda f: (f / "more.py").write_text(""),
        "a folder": lambda f: ((f / "x").mkdir(), (f / "main.py").rename(f / "x" / "main.py")),
    }
    found = {shelf.take_in(one).hash}
    for name, change in changed.items():
        source = write_study(tmp_path / name.replace(" ", "-"))
        change(source)  # type: ignore[no-untyped-call]
        found.add(shelf.take_in(source).hash)
    assert len(found) == 5


def big(folder: Path) -> None:
    with (folder / "big.bin").open("wb") as sink:
        sink.truncate(packing.MOST_BYTES + 1)


def deep(folder: Path) -> None:
    inner = folder
    for _ in range(packing.DEEPEST):
        inner = inner / "d"
    inner.mkdir(parents=True)
    (inner / "x.py").write_text("")


def many(folder: Path) -> None:
    for number in range(packing.MOST_FILES):
        (folder / f"f{number}.py").write_text("")


def secret(folder: Path) -> Path:
    path = folder.parent / "secret"
    path.write_text("Zebedee")
    return path


ODD: dict[str, Callable[[Path], object]] = {
    "a link to a file": lambda f: (f / "x.py").symlink_to(secret(f)),
    "a link to a folder": lambda f: (f / "x").symlink_to("/etc"),
    "a link to nothing": lambda f: (f / "x.py").symlink_to("nowhere"),
    "a link within the study": lambda f: (f / "x.py").symlink_to("main.py"),
    "a pipe": lambda f: os.mkfifo(f / "x.py"),
    "a name with a space": lambda f: (f / "a b.py").write_text(""),
    "a name with a line break": lambda f: (f / "a\nb.py").write_text(""),
    "a name that is an option": lambda f: (f / "-rf").write_text(""),
    "a name that is not plain": lambda f: (f / "å.py").write_text(""),
    "a name of bytes": lambda f: Path(os.fsdecode(bytes(f) + b"/\xff.py")).write_text(""),
    "a name with two dots": lambda f: (f / "a..py").write_text(""),
    "a name that ends in a dot": lambda f: (f / "a.").write_text(""),
    "a name that is too long": lambda f: (f / ("a" * 65)).write_text(""),
    "names that differ in capitals": lambda f: (f / "MAIN.py").write_text(""),
    "an odd folder": lambda f: (f / "a b").mkdir(),
    "a set-user-id file": lambda f: (f / "main.py").chmod(0o4755),
    "too many bytes": big,
    "too many files": many,
    "too many folders one in another": deep,
}


@pytest.mark.parametrize("name", ODD)
def test_what_does_not_come_in(name: str, tmp_path: Path, shelf: Shelf) -> None:
    source = write_study(tmp_path / "s")
    ODD[name](source)
    with pytest.raises(CommonwealError) as caught:
        shelf.take_in(source)
    assert caught.value.code == "CW-STUDY-FILES"
    assert "Zebedee" not in caught.value.sentence
    assert on_the_shelf(shelf) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="devices are made by root")
def test_a_device_does_not_come_in(tmp_path: Path, shelf: Shelf) -> None:
    source = write_study(tmp_path / "s")
    os.mknod(source / "x.py", stat.S_IFCHR | 0o600, os.makedev(1, 5))
    with pytest.raises(CommonwealError) as caught:
        shelf.take_in(source)
    assert caught.value.code == "CW-STUDY-FILES"


def test_a_folder_that_is_a_link_or_no_study(tmp_path: Path, shelf: Shelf) -> None:
    source = write_study(tmp_path / "s")
    (tmp_path / "link").symlink_to(source)
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "link", tmp_path / "empty", tmp_path / "none", source / "main.py"):
        with pytest.raises(CommonwealError):
            shelf.take_in(folder)
    (source / "study.yaml").write_text("study: 2")
    with pytest.raises(CommonwealError) as caught:
        shelf.take_in(source)
    assert caught.value.code == "CW-STUDY-INVALID"
    assert on_the_shelf(shelf) == []


@pytest.mark.parametrize("way", ["a byte", "a file more", "a file less", "a link", "declaration"])
def test_a_study_that_was_changed_is_not_found(way: str, tmp_path: Path, shelf: Shelf) -> None:
    study = shelf.take_in(write_study(tmp_path / "s"))
    study.folder.chmod(0o755)
    main = study.folder / "main.py"
    main.chmod(0o644)
    if way == "a byte":
        main.write_text("import os")
    elif way == "a file more":
        (study.folder / "more.py").write_text("")
    elif way == "a file less":
        main.unlink()
    elif way == "a link":
        main.unlink()
        main.symlink_to("/etc/hostname")
    else:
        (study.folder / "study.yaml").chmod(0o644)
        (study.folder / "study.yaml").write_text("study: 1")
    with pytest.raises(CommonwealError) as caught:
        shelf.find(study.hash)
    assert caught.value.code == "CW-STUDY-CHANGED"


@pytest.mark.parametrize("hash_", ["", "../x", "sha256:", "sha256:" + "0" * 64, "md5:0"])
def test_a_hash_that_is_none(hash_: str, shelf: Shelf) -> None:
    with pytest.raises(CommonwealError) as caught:
        shelf.find(hash_)
    assert caught.value.code == "CW-STUDY-UNKNOWN"


def test_removing_follows_no_link(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "x").write_text("x")
    (tmp_path / "link").symlink_to(kept)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to(kept)
    thaw_and_remove(tmp_path / "link")
    thaw_and_remove(tmp_path / "in")
    thaw_and_remove(tmp_path / "none")
    assert (kept / "x").exists()
    assert not (tmp_path / "in").exists()
