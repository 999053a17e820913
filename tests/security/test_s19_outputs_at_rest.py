"""S3, S19, S20: somebody copies the home, and reads who was in which cell and what was found.

The naive twin is the home as it was kept before: people, findings and files in the clear. Ours is
sealed under the key of each output's project, every file bound to its output and place; without the
root key a copy tells nothing of anybody, and with a destroyed key nobody can be told anything.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from commonweal.airlock.audit.running import audit, read_proposals
from commonweal.airlock.leaving.releasing import whole_history
from commonweal.airlock.leaving.sealing import seal_store, unsealed_folders
from commonweal.foundation.errors import Fault
from commonweal.foundation.keyed import has_mark, key_of
from commonweal.papers.output_manifest import FileFound
from commonweal.vault.custody.keeping import destroy_key
from commonweal.vault.custody.output_keys import key_name
from commonweal.vault.custody.restoring import back_up, restore_home
from tests.audit_house import counted
from tests.output_house import (
    OutputHouse,
    copied,
    counts,
    left_by_an_older_version,
    make_output_house,
    refused,
)

SENTENCE = "Row 3 is about two people of ward nine."
CELL = b"F,young,out-2"
PROJECT = "asthma"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> OutputHouse:
    """`out-1` has left, `out-2` waits for people with a finding, `out-3` for its author."""
    house = make_output_house(tmp_path_factory.mktemp("rest") / "made")
    house.approved("out-1")
    house.release("out-1")
    told = FileFound(
        path="stays.csv", verdict="fail", report={"findings": [{"sentence": SENTENCE}]}
    )
    draft = house.draft("out-2", counts("second", "s1"))
    found = house.submitted_draft(replace(draft, found=[draft.found[0], told]))
    assert found.findings.files[1].report == told.report
    house.vote("ada", "out-2", "return", to_author="Ward nine is too small.")
    house.frozen("out-3", counts("third", "s1"))
    house.close()
    return house


@pytest.fixture
def house(made: OutputHouse, tmp_path: Path) -> Iterator[OutputHouse]:
    here = copied(made, tmp_path / "house")
    yield here
    here.close()


def secrets_of(house: OutputHouse) -> dict[str, bytes]:
    """What nobody may read in a copied home."""
    ids = counted(house.people, counts()).ids
    assert ids is not None
    return {
        "an audit id": bytes(np.frombuffer(ids[:1].tobytes(), "S16")[0]).ljust(16, b"\0"),
        "another audit id": ids[-1:].tobytes(),
        "a finding's words": SENTENCE.encode(),
        "a reviewer's words": b"Ward nine is too small.",
        "a cell of a frozen file": CELL,
        "the words of the author": b"Nobody is behind a small count.",
    }


def stolen(home: Path, wanted: dict[str, bytes]) -> set[str]:
    """What is found in the bytes of a copied home, whatever its files are called."""
    found = set()
    for path in home.rglob("*"):
        # What has left lies there for its project; the author's words are part of it.
        if path.is_file() and "released" not in path.relative_to(home).parts:
            content = path.read_bytes()
            found |= {name for name, value in wanted.items() if value in content}
    return found


def test_a_copied_home_tells_nothing_of_anybody(house: OutputHouse, tmp_path: Path) -> None:
    wanted = secrets_of(house)
    house.close()
    shutil.copytree(house.home, tmp_path / "copy")
    assert stolen(tmp_path / "copy", wanted) == set()
    # The naive twin: the same home as it was kept before.
    left_by_an_older_version(house)
    house.close()
    assert stolen(house.home, wanted) == set(wanted)


def test_every_file_that_is_kept_is_sealed(house: OutputHouse) -> None:
    files = [
        path for area in (house.store.outputs, house.store.history)
        for path in area.rglob("*") if path.is_file()
    ]  # fmt: skip
    assert len(files) > 15
    assert all(has_mark(path) for path in files)
    keys = {key_of(path.read_bytes(), "it") for path in files}
    assert keys == {house.custody.keyring.get(key_name(PROJECT)).id}


# --- a copy that was changed -----------------------------------------------------------


def _flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def _emptied(path: Path) -> None:
    path.write_bytes(b"")


def _another_key(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:8] + b"\xaa" * 16 + content[24:])


CHANGES = [_flipped, _cut, _emptied, _another_key]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    "file", ["manifest.json", "cells/people.parquet", "cells/00000.parquet", "values/00000.parquet"]
)
def test_a_history_that_was_changed_is_refused(
    house: OutputHouse, file: str, change: Callable[[Path], None]
) -> None:
    path = house.store.history / "out-1" / file
    path.chmod(0o600)
    change(path)
    # A manifest without its mark says that an older version left it so.
    clear = file == "manifest.json" and change is _emptied
    error = refused("CW-AUDIT-UNSEALED" if clear else "CW-AUDIT-HISTORY", loaded, house)
    assert error.sentence.count(".") <= 3
    assert "Traceback" not in error.sentence


def loaded(house: OutputHouse) -> None:
    for one in whole_history(house.store, house.ground).load():
        assert one.people is not None


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    ("file", "code"),
    [("findings.json", "CW-SEAL-BROKEN"), ("manifest.json", "CW-SEAL-BROKEN"),
     ("files/stays.csv", "CW-LEAVING-FILE"), ("acts/*", "CW-SEAL-BROKEN"),
     ("reviews/*", "CW-SEAL-BROKEN")],
)  # fmt: skip
def test_a_turn_that_was_changed_is_refused(
    house: OutputHouse, file: str, code: str, change: Callable[[Path], None]
) -> None:
    (path, *_) = sorted((house.store.outputs / "out-2" / "1").glob(file))
    change(path)
    if file == "manifest.json" and change is _emptied:
        code = "CW-AUDIT-UNSEALED"

    def read() -> None:
        found = house.store.read("out-2")
        for one in found.manifest.files:
            found.content(one)

    refused(code, read)


def test_files_that_are_swapped_or_used_again_under_another_name(house: OutputHouse) -> None:
    """All of them are sealed under the same key: what binds them is where they belong."""
    turn, other = house.store.outputs / "out-2" / "1", house.store.outputs / "out-1" / "1"
    keep = (turn / "files" / "stays.csv").read_bytes()
    shutil.copy(other / "files" / "stays.csv", turn / "files" / "stays.csv")
    refused("CW-LEAVING-FILE", lambda: read_file(house))
    shutil.copy(turn / "findings.json", turn / "files" / "stays.csv")
    refused("CW-LEAVING-FILE", lambda: read_file(house))
    (turn / "files" / "stays.csv").write_bytes(keep)
    read_file(house)
    shutil.copy(other / "findings.json", turn / "findings.json")
    refused("CW-SEAL-BROKEN", house.store.read, "out-2")
    history = house.store.history
    shutil.copytree(turn / "proposal", history / "out-9")
    refused("CW-AUDIT-HISTORY", loaded, house)
    shutil.rmtree(history / "out-9")
    shutil.rmtree(history / "out-1")
    shutil.copytree(turn / "proposal", history / "out-1")
    refused("CW-AUDIT-HISTORY", loaded, house)


def read_file(house: OutputHouse) -> bytes:
    found = house.store.read("out-2")
    return found.content(found.manifest.files[1])


def test_a_clear_file_under_a_sealed_manifest_is_refused(house: OutputHouse) -> None:
    turn = house.store.outputs / "out-2" / "1"
    for file, code in (("files/stays.csv", "CW-LEAVING-FILE"), ("findings.json", "CW-SEAL-BROKEN")):
        keep = (turn / file).read_bytes()
        (turn / file).write_bytes(house.plain(turn / file))
        refused(code, lambda: read_file(house))
        (turn / file).write_bytes(keep)
    path = house.store.history / "out-1" / "values" / "00000.parquet"
    plain = house.plain(path)
    path.chmod(0o600)
    path.write_bytes(plain)
    refused("CW-AUDIT-HISTORY", loaded, house)


# --- keys that are destroyed -----------------------------------------------------------


def destroy(house: OutputHouse, name: str) -> None:
    destroy_key(house.custody, name, ("ada", "ben"))


def test_a_destroyed_key_leaves_nothing_to_open_and_is_never_passed_over(
    house: OutputHouse, tmp_path: Path
) -> None:
    draft = house.draft("out-4", counts("fourth", "s1"))
    house.close()
    shutil.copytree(house.home, tmp_path / "copy")
    destroy(house, key_name(PROJECT))
    refused("CW-KEY-DESTROYED", house.store.read, "out-2")
    # Not in a copy of the home from before either: its half is gone.
    house.close()
    shutil.rmtree(house.home)
    shutil.copytree(tmp_path / "copy", house.home)
    refused("CW-KEY-DESTROYED", house.store.read, "out-2")
    past = whole_history(house.store, house.ground)
    assert [one.pin.output for one in past.lost] == ["out-1"]
    assert [one.output for one in past.pins()] == ["out-1"]
    assert draft.proposal is not None
    result = audit(past, read_proposals([draft.proposal], past), seconds=1)
    assert result.verdict != "pass"
    (said,) = [one for one in result.not_examined if "out-1" in one]
    assert "key was destroyed" in said
    # Nothing more is kept of that project, sealed by nothing.
    refused("CW-KEY-DESTROYED", house.frozen, "out-5", counts("fifth", "s1"))


def test_an_output_is_not_lost_because_somebody_says_so(house: OutputHouse) -> None:
    """Whoever writes files names the destroyed key of others, so that an output is not compared."""
    other = house.store.keys.sealing("another-project").id
    destroy(house, key_name("another-project"))
    house.close()
    path = house.store.history / "out-1" / "manifest.json"
    content = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(content[:8] + bytes.fromhex(other) + content[24:])
    refused("CW-AUDIT-HISTORY", whole_history, house.store, house.ground)


def test_a_key_that_is_only_missing_loses_nothing(house: OutputHouse) -> None:
    info = house.custody.keyring.get(key_name(PROJECT))
    house.close()
    (half,) = [one for one in (house.base / "root").rglob(f"{info.id}*") if one.is_file()]
    kept = half.read_bytes()
    half.unlink()
    refused("CW-KEY-UNAVAILABLE", whole_history, house.store, house.ground)
    refused("CW-KEY-UNAVAILABLE", house.resume)
    assert len(house.store.turns("out-2")) == 1
    half.write_bytes(kept)
    half.chmod(0o600)
    house.close()
    loaded(house)


# --- a home of an older version -----------------------------------------------------------


def test_an_older_home_is_refused_until_it_is_sealed(house: OutputHouse) -> None:
    before = left_by_an_older_version(house)
    for what in (
        lambda: house.store.read("out-2"),
        lambda: whole_history(house.store, house.ground),
        house.resume,
        lambda: house.vote("ben", "out-2"),
    ):
        error = refused("CW-AUDIT-UNSEALED", what)
        assert "commonweal airlock seal-history" in error.sentence
        assert error.exit_code == 5
    assert unsealed_folders(house.store) == (4, 4)
    done = seal_store(house.store, house.ground)
    assert (done.folders, done.files, done.before) == (4, len(before), 0)
    assert unsealed_folders(house.store) == (0, 4)
    again = seal_store(house.store, house.ground)
    assert (again.folders, again.files, again.before) == (0, 0, 4)
    loaded(house)
    assert read_file(house).startswith(b"sex,age,people")
    assert house.store.read("out-1").manifest.id == "out-1"
    assert stolen(house.home, secrets_of(house)) == set()
    assert house.ledger_faults() == []


@pytest.mark.parametrize("what", ["history", "manifest", "file", "findings", "act"])
def test_sealing_makes_nothing_true(house: OutputHouse, what: str) -> None:
    left_by_an_older_version(house)
    turn = house.store.outputs / "out-2" / "1"
    path, old, new, code = {
        "history": (house.store.history / "out-1" / "manifest.json",
                    b'"title":"out-1"', b'"title":"out-9"', "CW-AUDIT-HISTORY"),
        "manifest": (turn / "manifest.json", b"Stays by sex", b"Stays by age",
                     "CW-LEAVING-MANIFEST"),
        "file": (turn / "files" / "stays.csv", b"young", b"elder", "CW-LEAVING-FILE"),
        "findings": (turn / "findings.json", b"two people", b"six people", "CW-LEAVING-FINDINGS"),
        "act": (turn / "acts" / "x.txt", b"", b"strange", "CW-LEAVING-MANIFEST"),
    }[what]  # fmt: skip
    path.write_bytes(path.read_bytes().replace(old, new) if path.exists() else new)
    refused(code, seal_store, house.store, house.ground)
    assert unsealed_folders(house.store)[0] > 0


def test_sealing_that_is_cut_off_anywhere_goes_on(
    house: OutputHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut before every third change of a name on the disk; each run begins where the last ended."""
    before = left_by_an_older_version(house)
    real, done, runs = Path.replace, 0, 0

    class Cut(BaseException):
        pass

    def replace_(self: Path, target: Path) -> Path:
        nonlocal done
        done += 1
        if done % 3 == 0:
            raise Cut
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace_)
    monkeypatch.setattr(Path, "unlink", lambda self, missing_ok=False: None)  # as after kill -9
    while runs < 100:
        runs += 1
        with monkeypatch.context() as cleaning:
            cleaning.setattr(Path, "unlink", _unlink_staging)
            try:
                total = seal_store(house.store, house.ground)
                break
            except Cut:
                clear, _ = unsealed_folders(house.store)
                assert clear > 0
    monkeypatch.undo()
    assert runs > 5
    assert total.folders + total.before == 4
    left = [path for path in house.store.root.rglob("*") if path.is_file()]
    kept = [path for path in left if "released" not in path.parts and path.name != "lock"]
    assert sorted(kept) == sorted(before)
    assert all(has_mark(path) for path in kept)
    loaded(house)
    assert stolen(house.home, secrets_of(house)) == set()


_real_unlink = Path.unlink


def _unlink_staging(self: Path, missing_ok: bool = False) -> None:
    """What a killed process cannot do: clear away its own part; the next run's clearing can."""
    import sys

    if sys._getframe(1).f_code.co_name == "_clear_away":
        _real_unlink(self, missing_ok)


def test_a_clear_file_that_looks_sealed_is_sealed_too(house: OutputHouse) -> None:
    draft = house.draft("out-6", counts("sixth", "s1"))
    draft.sources[1].path.write_bytes(b"CWKEPT1\n" + b"\0" * 40 + b"no seal")
    found = house.submitted_draft(draft)
    left_by_an_older_version(house)
    seal_store(house.store, house.ground)
    read = house.store.read("out-6")
    assert read.content(read.manifest.files[1]).endswith(b"no seal")
    assert read.manifest == found.manifest


# --- backup and restore -----------------------------------------------------------


def test_what_is_kept_comes_back_with_a_backup(house: OutputHouse, tmp_path: Path) -> None:
    custody = house.custody
    back_up(custody, tmp_path / "backup")
    wanted = secrets_of(house)
    content = (tmp_path / "backup").read_bytes()
    assert not {name for name, value in wanted.items() if value in content}
    house.close()
    shutil.rmtree(house.home)
    house.clock.advance(timedelta(minutes=5))
    restore_home(tmp_path / "backup", house.home, house.clock, root_store=house.base / "root")
    loaded(house)
    assert read_file(house).startswith(b"sex,age,people")
    assert stolen(house.home, wanted) == set()


def test_nothing_of_a_key_shows(house: OutputHouse) -> None:
    store = house.store
    key = store.keys.sealing(PROJECT)
    for one in (store, key, store.read("out-2"), store.kept, store.keys):
        assert key.use().hex() not in repr(one)
        assert repr(key.use()) not in repr(one)
    with pytest.raises(Fault):
        store.keys.opening(house.custody.keyring.get("details").id)
