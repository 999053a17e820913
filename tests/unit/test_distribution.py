"""How tests are shared out among processes, and what they may share."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.distribution import FOLDERS, LONG, WholeFiles, group_of, turn
from tests.shared import made_once, share


def item(path: str) -> Any:
    return SimpleNamespace(nodeid=f"{path}::test_it[tests/web/x.py]")


def test_every_folder_of_tests_has_its_turn(repository: Path) -> None:
    here = {path.relative_to(repository / "tests").parts[0]
            for path in (repository / "tests").rglob("test_*.py")}  # fmt: skip
    assert here == set(FOLDERS)
    assert [path for path in LONG if not (repository / path).is_file()] == []


def test_what_takes_long_is_begun_first_and_small_files_come_last() -> None:
    paths = ["tests/unit/papers/test_a.py", "tests/web/test_b.py", "tests/unit/test_c.py",
             "tests/elsewhere/test_d.py", LONG[1], "tests/browser/test_e.py", LONG[0],
             "tests/test_f.py"]  # fmt: skip
    assert sorted(paths, key=lambda path: turn(cast("pytest.Item", item(path)))) == [
        LONG[0], LONG[1], "tests/elsewhere/test_d.py", "tests/test_f.py", "tests/browser/test_e.py",
        "tests/web/test_b.py", "tests/unit/papers/test_a.py", "tests/unit/test_c.py",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("nodeid", "group"),
    [
        ("tests/unit/test_a.py::test_it", "tests/unit/test_a.py"),
        ("tests/unit/test_a.py::Life::test_it[a::b]", "tests/unit/test_a.py"),
        ("tests/unit/test_a.py::test_it[x@y]", "tests/unit/test_a.py"),
        ("tests/unit/test_a.py::test_it@spark", "spark"),
        ("tests/unit/test_b.py::test_it[x@y]@spark", "spark"),
    ],
)
def test_a_test_goes_with_its_file_or_with_its_mark(nodeid: str, group: str) -> None:
    scheduler = WholeFiles.__new__(WholeFiles)
    assert scheduler._split_scope(nodeid) == group
    assert group_of(group) == group


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TESTS_SHARED", str(tmp_path / "shared"))
    return tmp_path / "shared"


def test_the_first_makes_it_while_others_wait(shared: Path) -> None:
    calls, found = [], []

    def make(folder: Path) -> None:
        calls.append(folder)
        (folder / "half").write_text("1")
        threading.Event().wait(0.2)
        (folder / "whole").write_text("2")

    def ask() -> None:
        made = made_once("one", make)
        assert made is not None
        found.append((made, sorted(path.name for path in made.iterdir())))

    several = [threading.Thread(target=ask) for _ in range(4)]
    for one in several:
        one.start()
    for one in several:
        one.join()
    assert len(calls) == 1
    assert found == [(shared / "one", ["half", "whole"])] * 4


def test_what_could_not_be_made_is_tried_again(shared: Path) -> None:
    def broken(folder: Path) -> None:
        (folder / "half").write_text("1")
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        made_once("one", broken)
    made = made_once("one", lambda folder: (folder / "whole").touch())
    assert made is not None
    assert [path.name for path in made.iterdir()] == ["whole"]
    assert sorted(path.name for path in shared.iterdir()) == ["one", "one.lock"]


def test_processes_of_one_run_share_and_programs_by_hand_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    factory = cast("Any", SimpleNamespace(getbasetemp=lambda: tmp_path / "run" / "popen-gw0"))
    (tmp_path / "run" / "popen-gw0").mkdir(parents=True)
    monkeypatch.setenv("TESTS_SHARED", "")
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    share(factory)
    assert made_once("one", lambda _: None) == tmp_path / "run" / "shared" / "one"
    monkeypatch.delenv("PYTEST_XDIST_WORKER")
    share(factory)
    assert made_once("one", lambda _: None) == tmp_path / "run" / "popen-gw0" / "shared" / "one"
    monkeypatch.delenv("TESTS_SHARED")
    assert made_once("one", lambda _: pytest.fail("made")) is None
