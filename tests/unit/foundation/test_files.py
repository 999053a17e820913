from __future__ import annotations

import errno
import hashlib
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from commonweal.foundation import files
from commonweal.foundation.errors import CommonwealError, Failure, Fault, Unavailable
from commonweal.foundation.files import (
    STAGING_PREFIX,
    fsync_tree,
    make_private_folder,
    only_one,
    publish_folder,
    read_bytes,
    sha256_file,
    staged_folder,
    translated,
    write_atomic,
)


def listing(folder: Path) -> dict[str, bytes | None]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() if p.is_file() else None
        for p in folder.rglob("*")
    }


def nth_fails(monkeypatch, name: str, nth: int, number: int = errno.ENOSPC) -> list[int]:
    """Let the n-th call of an `os` function fail, as a full disk does."""
    real, calls = getattr(os, name), []

    def failing(*arguments, **named):
        calls.append(1)
        if len(calls) == nth:
            raise OSError(number, os.strerror(number))
        return real(*arguments, **named)

    monkeypatch.setattr(os, name, failing)
    return calls


# --- errors of the operating system ---------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "branch", "code"),
    [
        (errno.ENOSPC, Failure, "CW-DISK-FULL"),
        (errno.EDQUOT, Failure, "CW-DISK-FULL"),
        (errno.EROFS, Failure, "CW-FOLDER-READONLY"),
        (errno.EACCES, Failure, "CW-FOLDER-READONLY"),
        (errno.EPERM, Failure, "CW-FOLDER-READONLY"),
        (errno.ENOENT, Fault, "CW-FILE-MISSING"),
        (errno.EIO, Failure, "CW-FILE-FAILED"),
        (errno.EMFILE, Failure, "CW-FILE-FAILED"),
        (errno.ENOTDIR, Failure, "CW-FILE-FAILED"),
        (None, Failure, "CW-FILE-FAILED"),
    ],
)
def test_each_becomes_one_of_ours_and_names_no_path(number, branch, code):
    with pytest.raises(branch) as caught, translated("the catalogue"):
        raise OSError(number, "text of the system", "secret-folder/patient.csv")
    assert caught.value.code == code
    assert "the catalogue" in caught.value.sentence
    assert "patient.csv" not in caught.value.sentence


def test_other_errors_pass_as_they_are():
    with pytest.raises(KeyError), translated("it"):
        raise KeyError
    with pytest.raises(Fault, match="CW-BUSY"), translated("it"):
        raise Fault("CW-BUSY", "It is busy.")


# --- reading --------------------------------------------------------------------------------


def test_reading_and_hashing(tmp_path):
    (tmp_path / "f").write_bytes(b"abc")
    assert read_bytes(tmp_path / "f", "It") == b"abc"
    assert read_bytes(tmp_path / "f", "It", limit=3) == b"abc"
    assert sha256_file(tmp_path / "f") == "sha256:" + hashlib.sha256(b"abc").hexdigest()


@pytest.mark.parametrize(
    ("name", "limit", "code"),
    [("none", None, "CW-FILE-MISSING"), ("folder", None, "CW-FILE-MISSING"),
     ("file", 2, "CW-FILE-TOO-LARGE"), ("file/below", None, "CW-FILE-FAILED"),
     ("x" * 300, None, "CW-FILE-FAILED"), ("loop", None, "CW-FILE-FAILED")],
)  # fmt: skip
def test_what_cannot_be_read(tmp_path, name, limit, code):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"abc")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(CommonwealError) as caught:
        read_bytes(tmp_path / name, "The draft", limit=limit)
    assert caught.value.code == code
    assert str(tmp_path) not in str(caught.value)


def test_hashing_what_is_not_there(tmp_path):
    for name in ("none", "."):
        with pytest.raises(CommonwealError):
            sha256_file(tmp_path / name)


# --- writing one file -----------------------------------------------------------------------


def test_a_file_is_written_private_and_replaced_whole(tmp_path):
    path = tmp_path / "f"
    write_atomic(path, b"one")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    write_atomic(path, b"two", mode=0o640)
    assert path.read_bytes() == b"two"
    assert listing(tmp_path) == {"f": b"two"}


def test_exclusive_writing_never_replaces(tmp_path):
    write_atomic(tmp_path / "f", b"one", exclusive=True)
    with pytest.raises(Fault, match="CW-FILE-EXISTS"):
        write_atomic(tmp_path / "f", b"two", exclusive=True)
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(Fault, match="CW-FILE-EXISTS"):
        write_atomic(tmp_path / "link", b"two", exclusive=True)
    assert (tmp_path / "f").read_bytes() == b"one"
    assert not (tmp_path / "nowhere").exists()


def test_a_link_is_replaced_and_not_written_through(tmp_path):
    (tmp_path / "victim").write_bytes(b"precious")
    (tmp_path / "link").symlink_to(tmp_path / "victim")
    write_atomic(tmp_path / "link", b"new")
    assert (tmp_path / "victim").read_bytes() == b"precious"
    assert (tmp_path / "link").read_bytes() == b"new"


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("name", ["open", "fsync", "link", "replace"])
def test_whatever_fails_the_old_file_stays_or_the_new_one_is_whole(
    tmp_path, monkeypatch, name, number, exclusive
):
    path = tmp_path / "f"
    for nth in range(1, 10):
        path.unlink(missing_ok=True)
        if not exclusive:
            path.write_bytes(b"old")
        with monkeypatch.context() as patch:
            calls = nth_fails(patch, name, nth, number)
            try:
                write_atomic(path, b"new" * 100_000, exclusive=exclusive)
            except Failure as error:
                assert error.code in {"CW-DISK-FULL", "CW-FILE-FAILED"}  # noqa: PT017
        found = listing(tmp_path)
        assert set(found) <= {"f"}, "something was left beside"
        assert found.get("f", b"old") in {b"old", b"new" * 100_000}
        if len(calls) < nth:
            assert found["f"] == b"new" * 100_000
            break
    else:
        raise AssertionError("more calls than expected")


def test_a_disk_that_fills_up_in_the_middle_of_a_write_leaves_the_old_file(tmp_path, monkeypatch):
    (tmp_path / "f").write_bytes(b"old")
    real = os.fdopen

    def filling(descriptor, mode):
        stream = real(descriptor, mode)

        class Filling:
            def __enter__(self):
                return self

            def __exit__(self, *_):
                stream.close()

            def write(self, content):
                stream.write(content[:2])
                raise OSError(errno.ENOSPC, "No space left on device")

        return Filling()

    monkeypatch.setattr(os, "fdopen", filling)
    with pytest.raises(Failure, match="CW-DISK-FULL"):
        write_atomic(tmp_path / "f", b"new")
    assert listing(tmp_path) == {"f": b"old"}


def test_a_missing_or_closed_folder_is_said(tmp_path):
    with pytest.raises(Fault, match="CW-FILE-MISSING"):
        write_atomic(tmp_path / "none" / "f", b"x")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CommonwealError):
        write_atomic(tmp_path / "file" / "f", b"x")


# --- folders --------------------------------------------------------------------------------


def test_every_folder_that_is_made_is_private(tmp_path):
    make_private_folder(tmp_path / "a" / "b" / "c")
    for name in ("a", "a/b", "a/b/c"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o700
    make_private_folder(tmp_path / "a" / "b" / "c")


def test_a_folder_cannot_be_made_where_a_file_is(tmp_path):
    (tmp_path / "f").write_bytes(b"x")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for name in ("f", "f/below", "dangling"):
        with pytest.raises(CommonwealError):
            make_private_folder(tmp_path / name)


def test_a_staged_folder_appears_whole(tmp_path):
    target = tmp_path / "release"
    with staged_folder(target) as staging:
        assert staging.parent == tmp_path
        assert staging.name.startswith(STAGING_PREFIX)
        assert stat.S_IMODE(staging.stat().st_mode) == 0o700
        (staging / "data").mkdir()
        (staging / "data" / "part").write_bytes(b"x")
        assert not target.exists()
    assert listing(tmp_path) == {"release": None, "release/data": None, "release/data/part": b"x"}


def test_a_block_that_fails_leaves_nothing(tmp_path):
    for error in (RuntimeError, KeyboardInterrupt, SystemExit):
        with pytest.raises(error), staged_folder(tmp_path / "release") as staging:  # noqa: PT012
            (staging / "part").write_bytes(b"x")
            raise error
        assert listing(tmp_path) == {}


@pytest.mark.parametrize("kind", ["folder", "file", "full folder"])
def test_what_is_there_is_never_replaced(tmp_path, kind):
    target = tmp_path / "release"
    target.write_bytes(b"mine") if kind == "file" else target.mkdir()
    if kind == "full folder":
        (target / "mine").write_bytes(b"x")
    before = listing(tmp_path)
    with pytest.raises(Fault, match="CW-FILE-EXISTS"), staged_folder(target):
        raise AssertionError("the block must not run")
    assert listing(tmp_path) == before


def test_two_that_stage_the_same_name_one_wins(tmp_path):
    target = tmp_path / "release"
    with pytest.raises(CommonwealError), staged_folder(target) as slow:  # noqa: PT012
        (slow / "part").write_bytes(b"slow")
        with staged_folder(target) as quick:
            (quick / "part").write_bytes(b"quick")
    assert listing(tmp_path) == {"release": None, "release/part": b"quick"}


@pytest.mark.parametrize("name", ["fsync", "open", "rename"])
def test_whatever_fails_a_folder_is_published_whole_or_not_at_all(tmp_path, monkeypatch, name):
    for nth in range(1, 20):
        target = tmp_path / f"release-{nth}"
        with monkeypatch.context() as patch:
            calls = nth_fails(patch, name, nth)
            try:
                with staged_folder(target) as staging:
                    (staging / "data").mkdir()
                    for part in "ab":
                        (staging / "data" / part).write_bytes(b"x")
            except Failure as error:
                assert error.code == "CW-DISK-FULL"  # noqa: PT017
        assert not list(tmp_path.glob(f"{STAGING_PREFIX}*"))
        if target.exists():
            assert listing(target) == {"data": None, "data/a": b"x", "data/b": b"x"}
        if len(calls) < nth:
            assert target.exists()
            return
    raise AssertionError("more calls than expected")


def test_publishing_needs_a_free_name(tmp_path):
    (tmp_path / "staging").mkdir()
    (tmp_path / "target").mkdir()
    with pytest.raises(Fault, match="CW-FILE-EXISTS"):
        publish_folder(tmp_path / "staging", tmp_path / "target")
    assert (tmp_path / "staging").is_dir()


def test_every_file_and_folder_below_is_made_durable(tmp_path, monkeypatch):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "f").write_bytes(b"x")
    (tmp_path / "a" / "b" / "g").write_bytes(b"y")
    seen = []
    real = os.fsync
    monkeypatch.setattr(
        os, "fsync", lambda fd: (seen.append(os.path.realpath(f"/proc/self/fd/{fd}")), real(fd))
    )
    fsync_tree(tmp_path / "a")
    names = [os.path.relpath(path, tmp_path) for path in seen]
    assert sorted(names) == ["a", "a/b", "a/b/g", "a/f"]
    assert names.index("a/b/g") < names.index("a/b") < names.index("a")


# --- one at a time --------------------------------------------------------------------------


def test_only_one_run_at_a_time_and_the_next_may_come(tmp_path):
    lock = tmp_path / ".lock"
    busy = pytest.raises(Unavailable, match="CW-BUSY")
    with only_one(lock, "this"), busy, only_one(lock, "this"):
        pass
    with pytest.raises(RuntimeError), only_one(lock, "this"):
        raise RuntimeError
    with only_one(lock, "this"):
        assert stat.S_IMODE(lock.stat().st_mode) == 0o600


def test_the_lock_of_a_killed_process_is_free(tmp_path, repository):
    program = (
        "import sys, os, signal; from pathlib import Path\n"
        "from commonweal.foundation.files import only_one\n"
        "with only_one(Path(sys.argv[1]), 'this'):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(repository / "src")}
    run = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / ".lock")], env=environment, check=False
    )
    assert run.returncode == -9
    with only_one(tmp_path / ".lock", "this"):
        pass


def test_a_lock_in_a_folder_that_is_not_there_is_one_of_ours(tmp_path):
    with pytest.raises(Fault, match="CW-FILE-MISSING"), only_one(tmp_path / "no" / "l", "this"):
        pass


def test_nothing_is_told_of_where_files_lie(tmp_path):
    with pytest.raises(CommonwealError) as caught:
        files.read_bytes(tmp_path / "patient.csv", "The list")
    assert str(caught.value) == "CW-FILE-MISSING: The list (patient.csv) does not exist."
