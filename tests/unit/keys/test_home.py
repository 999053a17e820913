from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from commonweal.foundation.errors import CommonwealError, Fault, Refused, Unavailable, WrongUsage
from commonweal.vault.home import FOLDERS, Home
from commonweal.vault.keys import Fence, RootStore
from tests.unit.keys.support import START, FixedClock, new_house


def create(path: Path, store: Path | None, **named) -> Home:
    wanted = {"name": "St Example", "kind": "demo", **named}
    return Home.create(path, root_store=store, clock=FixedClock(START), **wanted)


def test_a_new_home_opens_again_with_what_it_was_given(tmp_path):
    made = create(tmp_path / "home", tmp_path / "store", name="Ysbyty Gwynedd", kind="standard")
    home = Home.open(tmp_path / "home", tmp_path / "store")
    assert home.info == made.info
    assert (home.kind, home.info.name, home.info.created_at) == (
        "standard",
        "Ysbyty Gwynedd",
        START,
    )
    assert home.info.restored_at is None
    assert all((home.path / folder).is_dir() for folder in FOLDERS)
    assert {p.name for p in home.path.iterdir()} == {"home.json", *FOLDERS}


def test_two_homes_have_different_ids(tmp_path):
    ids = {create(tmp_path / n, tmp_path / f"store-{n}").id for n in "abc"}
    assert len(ids) == 3


def test_the_root_store_is_found_without_being_named(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    made = create(tmp_path / "home", None)
    assert made.root_store == tmp_path / "config" / "commonweal" / made.id
    assert Home.open(tmp_path / "home").root_store == made.root_store


def test_the_environment_names_the_root_store(tmp_path, monkeypatch):
    monkeypatch.setenv("COMMONWEAL_ROOT_STORE", str(tmp_path / "named"))
    assert create(tmp_path / "home", None).root_store == tmp_path / "named"
    monkeypatch.setenv("COMMONWEAL_ROOT_STORE", str(tmp_path / "home" / "inside"))
    with pytest.raises(Refused, match="CW-ROOT-STORE-PLACE"):
        Home.open(tmp_path / "home")


@pytest.mark.parametrize(("home", "store"), [("h", "h/store"), ("s/h", "s"), ("h", "h")])
def test_home_and_store_in_each_other_are_refused_and_nothing_is_made(tmp_path, home, store):
    with pytest.raises(Refused, match="CW-ROOT-STORE-PLACE"):
        create(tmp_path / home, tmp_path / store)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_may_become_a_home_and_is_closed_to_others(tmp_path):
    (tmp_path / "home").mkdir(mode=0o755)
    create(tmp_path / "home", tmp_path / "store")
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("left", ["notes.txt", ".hidden", "home.json"])
def test_a_folder_with_files_is_never_taken(tmp_path, left):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / left).write_text("mine")
    with pytest.raises(Refused, match="CW-HOME-NOT-EMPTY"):
        create(tmp_path / "home", tmp_path / "store")
    assert {p.name for p in tmp_path.rglob("*")} == {"home", left}


def test_a_file_or_link_is_never_taken(tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "target").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "target")
    for name in ("file", "link"):
        with pytest.raises(Refused, match="CW-HOME-NOT-EMPTY"):
            create(tmp_path / name, tmp_path / "store")


@pytest.mark.parametrize(
    "named",
    [{"name": ""}, {"name": "a\nb"}, {"name": "x" * 201}, {"name": "a\u202eb"}, {"kind": "x"}],
)
def test_names_and_kinds_that_may_not_be(tmp_path, named):
    with pytest.raises(WrongUsage, match="CW-HOME-INVALID"):
        create(tmp_path / "home", tmp_path / "store", **named)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("folder", ["", *FOLDERS])
@pytest.mark.parametrize("mode", [0o750, 0o705, 0o770, 0o711])
def test_a_home_that_others_can_enter_is_refused(tmp_path, folder, mode):
    house = new_house(tmp_path)
    (house.home.path / folder).chmod(mode)
    with pytest.raises(Refused) as caught:
        Home.open(house.home.path, house.store)
    assert caught.value.code == "CW-HOME-OPEN-TO-OTHERS"
    assert caught.value.remedy


def test_a_home_of_someone_else_is_refused(tmp_path, monkeypatch):
    house = new_house(tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(Refused, match="CW-HOME-OPEN-TO-OTHERS"):
        Home.open(house.home.path, house.store)


def test_a_folder_of_the_home_that_is_a_link_is_refused(tmp_path):
    house = new_house(tmp_path)
    house.home.releases.rename(tmp_path / "elsewhere")
    house.home.releases.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Fault, match="CW-HOME-INVALID"):
        Home.open(house.home.path, house.store)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_home_without_one_of_its_folders_is_refused(tmp_path, folder):
    house = new_house(tmp_path)
    (house.home.path / folder).rename(tmp_path / "elsewhere")
    with pytest.raises(Fault, match="CW-HOME-INVALID"):
        Home.open(house.home.path, house.store)


def described(**changed) -> bytes:
    plain = {
        "home": 1,
        "id": "ab" * 16,
        "kind": "demo",
        "name": "x",
        "created_at": "2026-01-01T00:00:00.000Z",
        "restored_at": None,
        "restored_from": None,
        **changed,
    }
    return json.dumps({k: v for k, v in plain.items() if v != "gone"}).encode()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "CW-HOME-INVALID"),
        (b"{", "CW-HOME-INVALID"),
        (b"[]", "CW-HOME-INVALID"),
        (b"7", "CW-HOME-INVALID"),
        (b"\xff\xfe", "CW-HOME-INVALID"),
        (b"[" * 60_000, "CW-HOME-INVALID"),
        (b" " * 70_000, "CW-FILE-TOO-LARGE"),
        (described(home=2), "CW-HOME-VERSION"),
        (described(home="1"), "CW-HOME-INVALID"),
        (described(home=True), "CW-HOME-INVALID"),
        (described(home="gone"), "CW-HOME-INVALID"),
        (described(id="../../etc"), "CW-HOME-INVALID"),
        (described(id=7), "CW-HOME-INVALID"),
        (described(id="AB" * 16), "CW-HOME-INVALID"),
        (described(kind="other"), "CW-HOME-INVALID"),
        (described(kind=[]), "CW-HOME-INVALID"),
        (described(name=None), "CW-HOME-INVALID"),
        (described(created_at="yesterday"), "CW-HOME-INVALID"),
        (described(created_at=0), "CW-HOME-INVALID"),
        (described(created_at="gone"), "CW-HOME-INVALID"),
        (described(restored_at="gone"), "CW-HOME-INVALID"),
        (described(restored_at=1), "CW-HOME-INVALID"),
        (described(restored_from=1), "CW-HOME-INVALID"),
        (described(more=1), "CW-HOME-INVALID"),
    ],
)
def test_a_broken_description_is_refused(tmp_path, content, code):
    house = new_house(tmp_path)
    (house.home.path / "home.json").write_bytes(content)
    with pytest.raises(CommonwealError) as caught:
        Home.open(house.home.path, house.store)
    assert caught.value.code == code


@pytest.mark.parametrize("name", ["nothing", "empty", "file"])
def test_what_is_no_home_is_refused(tmp_path, name):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    with pytest.raises(Fault, match="CW-HOME-INVALID"):
        Home.open(tmp_path / name, tmp_path / "store")


def test_a_run_folder_goes_with_its_run(house):
    with house.home.run_folder() as folder:
        (folder / "part").write_bytes(b"x")
        assert folder.stat().st_mode & 0o077 == 0
    assert list(house.home.work.iterdir()) == []
    with pytest.raises(RuntimeError), house.home.run_folder():
        raise RuntimeError
    assert list(house.home.work.iterdir()) == []


def test_opening_clears_what_dead_runs_left_and_nothing_of_a_live_one(house):
    work = house.home.work
    (work / "0123456789abcdef").mkdir()
    (work / "0123456789abcdef" / "rows").write_bytes(b"of a patient")
    (work / "0123456789abcdef.lock").touch()
    (work / "stray").mkdir()
    (work / "stray.txt").write_bytes(b"x")
    (work / "link").symlink_to(house.store)
    with house.home.run_folder() as folder:
        (folder / "part").write_bytes(b"x")
        Home.open(house.home.path, house.store)
        assert (folder / "part").read_bytes() == b"x"
        assert {p.name for p in work.iterdir()} == {folder.name, f"{folder.name}.lock"}
    assert (house.store / "root.key").exists()


def test_a_killed_run_leaves_nothing_behind(house, repository):
    program = (
        "import sys, time; from pathlib import Path; from commonweal.vault.home import Home\n"
        "home = Home.open(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "with home.run_lock(), home.run_folder() as folder:\n"
        "    (folder / 'rows').write_bytes(b'of a patient')\n"
        "    (home.releases / '.staging-release').mkdir()\n"
        "    print(folder.name, flush=True)\n"
        "    time.sleep(60)\n"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", program, str(house.home.path), str(house.store)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(repository / "src")},
    )
    try:
        name = run.stdout.readline().strip()
        with pytest.raises(Unavailable, match="CW-BUSY"), house.home.run_lock():
            pass
        Home.open(house.home.path, house.store)
        assert (house.home.work / name / "rows").exists()
    finally:
        run.send_signal(signal.SIGKILL)
        run.wait()
        run.stdout.close()
    home = Home.open(house.home.path, house.store)
    assert list(home.work.iterdir()) == []
    with home.run_lock():
        assert list(home.releases.iterdir()) == []


def test_one_run_at_a_time(house):
    busy = pytest.raises(Unavailable, match="CW-BUSY")
    with house.home.run_lock(), busy, house.home.run_lock():
        pass
    with house.home.run_lock():
        pass


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("nth", range(1, 11))
def test_a_full_disk_while_making_a_home_leaves_everything_as_it_was(
    tmp_path, monkeypatch, nth, there
):
    if there:
        (tmp_path / "home").mkdir()
        (tmp_path / "store").mkdir()
    before = sorted(tmp_path.rglob("*"))
    real, calls = os.fsync, []

    def full(descriptor):
        calls.append(descriptor)
        if len(calls) == nth:
            raise OSError(28, "No space left on device")
        real(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(CommonwealError) as caught:
            create(tmp_path / "home", tmp_path / "store")
    assert caught.value.code == "CW-DISK-FULL"
    assert sorted(tmp_path.rglob("*")) == before
    create(tmp_path / "home", tmp_path / "store")


def test_it_says_whether_the_root_key_lies_on_the_same_volume(house):
    assert house.home.shares_volume() is True


def test_the_new_root_store_has_a_fence(house):
    store = RootStore.open(house.store, house.home.id)
    assert Fence(store, house.clock).read().destroyed == {}
