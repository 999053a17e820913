"""What the second hostile review found in keys, ledger memory and permits kept over time.

Each test is the reviewer's way in: an older copy of the root store, a journal that was deleted, a
command that was cut off at its worst moment, a plan that fails before it reads anybody.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.vault.backup.make import copy_database
from commonweal.vault.custody import (
    back_up,
    change_state,
    create_key,
    open_custody,
    restore_home,
    settle,
    verify_ledger,
)
from commonweal.vault.keys import Fence, Keyring
from commonweal.vault.release.session import key_name
from tests.release_house import House, make_house, permitted, refused

DATA = permitted(patients={"nhs_number": "pseudonym", "sex": "exact"})
PROJECT = key_name("project", "asthma")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = make_house(tmp_path / "house", count=24)
    yield made
    made.close()


# --- an older copy of the root store --------------------------------------------------------


def older_root_store(house: House) -> None:
    """Make keys after the copy of the root store, and put that copy back."""
    custody = house.custody()
    shutil.copytree(house.root, house.base / "copy")
    create_key(custody, PROJECT, "project", "asthma")
    create_key(custody, "backup-2", "backup")
    back_up(custody, house.base / "b.cw")
    house.close()
    shutil.rmtree(house.root)
    (house.base / "copy").rename(house.root)


def states(keyring: Keyring) -> dict[str, str]:
    return {info.name: info.state for info in keyring.list()}


def test_one_missing_half_makes_one_key_unavailable(house: House) -> None:
    older_root_store(house)
    shown = states(house.custody().keyring)
    assert {name for name, state in shown.items() if state == "unavailable"} == {
        PROJECT,
        "backup-2",
    }
    assert shown["backup"] == "active"
    # The key that wraps projects' keys was made with the first of them.
    assert house.custody().keyring.unavailable() == ("backup-2", PROJECT, "wrapping.project")
    assert house.ledger_faults() == []


@pytest.mark.parametrize("name", ["backup-2", PROJECT])
def test_a_key_without_its_half_is_refused_by_name(house: House, name: str) -> None:
    older_root_store(house)
    keyring = house.custody().keyring
    for act in (keyring.secret, keyring.get):
        error = refused(lambda act=act: act(name))
        assert error.code == "CW-KEY-UNAVAILABLE"
        assert name in error.sentence
    keyring.secret("backup")


def test_a_newer_backup_comes_back_with_an_older_root_store(house: House) -> None:
    older_root_store(house)
    restored = restore_home(
        house.base / "b.cw", house.base / "again", house.clock, root_store=house.root
    )
    assert restored.result.unavailable_keys == ("backup-2", PROJECT, "wrapping.project")
    assert verify_ledger(house.base / "again", house.clock, root_store=house.root).faults == []
    with open_custody(house.base / "again", house.clock, root_store=house.root) as custody:
        assert states(custody.keyring)[PROJECT] == "unavailable"


def test_a_backup_names_what_it_cannot_bring_back(house: House) -> None:
    older_root_store(house)
    info = back_up(house.custody(), house.base / "later.cw")
    assert info.unavailable_keys == ("backup-2", PROJECT, "wrapping.project")


def test_the_doctor_names_every_key_without_its_half(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.cli.checks import examine

    monkeypatch.setenv("COMMONWEAL_ROOT_STORE", str(house.root))

    def keys() -> tuple[str, str]:
        (found,) = [one for one in examine(house.home) if one.name == "Keys"]
        return found.state, found.sentence

    assert keys()[0] == "ok"
    older_root_store(house)
    state, sentence = keys()
    assert state == "fault"
    assert f"backup-2, {PROJECT}, wrapping.project." in sentence


def test_a_new_key_is_made_although_the_wrapping_key_is_lost(house: House) -> None:
    older_root_store(house)
    keyring = house.custody().keyring
    keyring.create("project.other", "project", "other")
    keyring.secret("project.other")
    assert states(keyring)[PROJECT] == "unavailable"


def test_a_destroyed_key_is_not_merely_unavailable(house: House) -> None:
    custody = house.custody()
    create_key(custody, PROJECT, "project", "asthma")
    order = custody.keyring.destruction_order(PROJECT)
    approvals = [custody.keyring.approve(order, one) for one in ("guardian", "siro")]
    custody.keyring.destroy(PROJECT, approvals)
    assert states(custody.keyring)[PROJECT] == "destroyed"
    assert custody.keyring.unavailable() == ()
    assert refused(lambda: custody.keyring.secret(PROJECT)).code == "CW-KEY-DESTROYED"


def test_a_ledger_key_without_its_half_is_never_trusted(house: House) -> None:
    ledger = house.custody().keyring.get("ledger").id
    house.close()
    (house.root / "halves" / f"{ledger}.half").unlink()
    error = refused(lambda: verify_ledger(house.home, house.clock, root_store=house.root))
    assert error.code == "CW-KEY-UNAVAILABLE"
    assert "ledger" in error.sentence


def test_a_record_that_was_changed_is_not_excused_by_a_missing_half(house: House) -> None:
    older_root_store(house)
    keyring = house.custody().keyring
    path = house.home / "keys" / f"{keyring.get('backup').id}.json"
    path.write_text(path.read_text().replace('"backup"', '"backup-x"', 1))
    assert refused(keyring.list).code == "CW-KEY-BROKEN"


# --- the signer's journal -------------------------------------------------------------------


def test_a_signer_without_its_journal_signs_nothing(house: House) -> None:
    house.issue(data=DATA)
    for path in (house.root / "signer").glob("*.signed"):
        path.unlink()
    error = refused(lambda: house.issue(data=DATA))
    assert error.code == "CW-LEDGER-REWOUND"
    assert "journal" in error.sentence
    house.close()
    report = verify_ledger(house.home, house.clock, root_store=house.root)
    assert {fault.kind for fault in report.faults} == {"memory_missing"}


def test_a_signer_with_an_emptied_journal_signs_nothing(house: House) -> None:
    house.issue(data=DATA)
    for path in (house.root / "signer").glob("*.signed"):
        path.write_bytes(b"")
    assert refused(lambda: house.issue(data=DATA)).code == "CW-LEDGER-REWOUND"


def test_a_first_note_that_was_cut_off_goes_on(tmp_path: Path) -> None:
    """The note is remembered, the journal has no line and nothing is stored yet."""
    from commonweal.ledger.memory import SignerMemory
    from commonweal.ledger.signer import CheckpointSigner
    from commonweal.ledger.store import Ledger
    from tests.unit.ledger.support import BASE, SoftwareSigner, new_clock, policy

    class Cut(BaseException):
        pass

    def cut(*_: object) -> None:
        raise Cut

    with Ledger.create(tmp_path / "ledger.sqlite", new_clock()) as ledger:
        ledger.append(policy())
        signer = CheckpointSigner(BASE, SoftwareSigner(), tmp_path / "memory")
        signer._store = cut  # type: ignore[method-assign]
        with pytest.raises(Cut):
            signer.sign(ledger, "public")
        del signer._store
        signer.sign(ledger, "public")
        assert len(SignerMemory(tmp_path / "memory").journal("public") or ()) == 1


# --- a replacement that was cut off ---------------------------------------------------------


class CutOff(BaseException):
    """The process died here."""


def cut_after(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    real = getattr(Fence, name)

    def cut(*args: object, **more: object) -> None:
        real(*args, **more)
        raise CutOff

    monkeypatch.setattr(Fence, name, cut)


def replaced_until(house: House, monkeypatch: pytest.MonkeyPatch, cut: str) -> Path:
    first = house.issue(data=DATA)
    with monkeypatch.context() as patched:
        cut_after(patched, cut)
        with pytest.raises(CutOff):
            house.issue(data=DATA, supersedes="permit-1")
    return first


def test_cut_off_before_the_commit_the_old_permit_lives_on(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = replaced_until(house, monkeypatch, "begin_replacing")
    assert list(house.custody().keyring.fence.read().replacing) == ["permit-1"]
    for event, after in (("pause", "paused"), ("resume", "active"), ("pause", "paused")):
        assert change_state(house.custody(), first, event).after == after
    assert house.custody().keyring.fence.read().replacing == {}
    # A stop that was given in between is not forgotten with the intent.
    assert house.custody().keyring.fence.read().permits["permit-1"].state == "paused"


def test_the_next_status_settles_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from commonweal.vault.custody import load_permit, status_of

    first = replaced_until(house, monkeypatch, "begin_replacing")
    custody = house.custody()
    assert status_of(custody, load_permit(custody, first)).state == "active"
    assert custody.keyring.fence.read().replacing == {}
    house.issue(data=DATA, supersedes="permit-1")
    assert status_of(custody, load_permit(custody, first)).state == "superseded"
    assert custody.keyring.fence.read().permits["permit-1"].state == "superseded"


def test_cut_off_after_the_commit_the_old_permit_has_ended(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    import commonweal.vault.custody.permits as permits

    first = house.issue(data=DATA)

    def cut(_: object) -> None:
        raise CutOff

    with monkeypatch.context() as patched:
        patched.setattr(permits, "settle", cut)
        with pytest.raises(CutOff):
            house.issue(data=DATA, supersedes="permit-1")
    custody = house.custody()
    assert list(custody.keyring.fence.read().replacing) == ["permit-1"]
    settle(custody)
    assert custody.keyring.fence.read().permits["permit-1"].state == "superseded"
    assert refused(lambda: house.build(first)).code == "CW-PERMIT-SUPERSEDED"


def test_an_old_copy_of_the_ledger_does_not_bring_a_replaced_permit_back(house: House) -> None:
    from commonweal.vault.custody import load_permit, status_of

    first = house.issue(data=DATA)
    database = house.custody().home.ledger_database
    copy_database(database, house.base / "old.sqlite")
    house.issue(data=DATA, supersedes="permit-1")
    house.close()
    for side in database.parent.glob("ledger.sqlite*"):
        side.unlink()
    shutil.copy(house.base / "old.sqlite", database)
    custody = house.custody()
    permit = load_permit(custody, first)
    assert refused(lambda: status_of(custody, permit)).code == "CW-LEDGER-REWOUND"


def test_an_intent_is_not_settled_on_an_old_copy_of_the_ledger(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.vault.custody import load_permit, status_of

    first = house.issue(data=DATA)
    database = house.custody().home.ledger_database
    copy_database(database, house.base / "old.sqlite")
    with monkeypatch.context() as patched:
        patched.setattr(Fence, "end_replacing", _cut)
        with pytest.raises(CutOff):
            house.issue(data=DATA, supersedes="permit-1")
    house.close()
    for side in database.parent.glob("ledger.sqlite*"):
        side.unlink()
    shutil.copy(house.base / "old.sqlite", database)
    custody = house.custody()
    permit = load_permit(custody, first)
    for _ in range(2):
        assert refused(lambda: status_of(custody, permit)).code == "CW-LEDGER-REWOUND"
    assert list(custody.keyring.fence.read().replacing) == ["permit-1"]


def _cut(*_: object, **__: object) -> None:
    raise CutOff


def test_a_restore_takes_an_intent_for_a_replacement(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.issue(data=DATA)
    back_up(house.custody(), house.base / "b.cw")
    with monkeypatch.context() as patched:
        cut_after(patched, "begin_replacing")
        with pytest.raises(CutOff):
            house.issue(data=DATA, supersedes="permit-1")
    house.close()
    restored = restore_home(
        house.base / "b.cw", house.base / "again", house.clock, root_store=house.root
    )
    assert restored.stopped == ("permit-1",)


# --- a home whose making was cut off --------------------------------------------------------


def test_a_home_that_was_cut_off_says_what_to_delete(house: House) -> None:
    house.close()
    (house.home / "trust.json").unlink()
    error = refused(house.custody)
    assert error.code == "CW-HOME-INCOMPLETE"
    assert str(house.root) in (error.remedy or "")
    shutil.rmtree(house.home)
    from commonweal.vault.custody import create_home

    def again() -> CommonwealError | None:
        create_home(
            house.home, kind="demo", name="Hospital", clock=house.clock, root_store=house.root
        ).ledger.close()
        return None

    left = refused(again)
    assert left.code == "CW-ROOT-STORE-PLACE"
    assert "delete it" in (left.remedy or "")
    shutil.rmtree(house.root)
    assert again() is None


# --- plans that read nobody -----------------------------------------------------------------


def plans(house: House) -> int:
    with closing(sqlite3.connect(house.custody().home.ledger_database)) as connection:
        found = connection.execute("SELECT count(*) FROM intent WHERE type = 'release.planned'")
        return int(found.fetchone()[0])


@pytest.mark.parametrize("missing", ["objections", "catalogue"])
def test_a_plan_that_fails_on_its_papers_is_not_counted(house: House, missing: str) -> None:
    permit = house.issue(data=DATA)
    path = house.choices / "objections.csv" if missing == "objections" else house.catalogue
    kept = path.read_bytes()
    path.unlink()
    for _ in range(25):
        assert refused(lambda: house.plan(permit)).code != "CW-RELEASE-PLAN-LIMIT"
    assert plans(house) == 0
    path.write_bytes(kept)
    house.plan(permit)
    assert plans(house) == 1


def test_a_plan_that_fails_on_a_row_is_counted(house: House) -> None:
    permit = house.issue(data=DATA)
    (house.source / "patients.csv").write_text("nhs_number\n9000000009\n")
    refused(lambda: house.plan(permit))
    assert plans(house) == 1
