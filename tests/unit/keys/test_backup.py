from __future__ import annotations

import base64
import shutil
import sqlite3
import threading
from contextlib import closing
from datetime import timedelta

import pytest

from commonweal.foundation.errors import Fault, Refused, Unavailable
from commonweal.ledger.entry import Event
from commonweal.ledger.sequencer import sequence
from commonweal.ledger.signer import CheckpointSigner
from commonweal.ledger.store import Ledger
from commonweal.vault.backup import check_backup, make_backup, restore_backup
from commonweal.vault.backup.make import BUILDING
from commonweal.vault.home import Home
from commonweal.vault.keys import Keyring
from commonweal.vault.keys.erasure import erase_details
from tests.unit.keys.full_house import BASE, HASH, JANE
from tests.unit.keys.support import all_bytes

# --- the drill ------------------------------------------------------------------------------


def test_the_drill_a_lost_home_comes_back(full, tmp_path):
    keys = {name: full.keyring.secret(name) for name in ("project.7", "details.7", "release.1")}
    hint = full.hint(1)
    full.sign()
    made = full.backup()
    listed = full.keyring.list()
    full.ledger.close()
    shutil.rmtree(full.home.path)
    full.clock.advance(timedelta(hours=2))

    result = full.restore(tmp_path / "home-again")

    home = Home.open(tmp_path / "home-again", full.store)
    keyring = Keyring.open(home, full.clock)
    assert result.backup == made == check_backup(full.file, full.store, full.clock)
    assert (home.id, home.kind, home.info.name) == (full.home.id, "demo", "St Example")
    assert home.info.restored_at == result.restored_at == full.clock.now()
    assert home.info.restored_from == made.id
    assert keyring.list() == listed
    assert {name: keyring.secret(name) for name in keys} == keys
    part = home.releases / "release-1" / "data" / "patients" / "part-0.parquet"
    assert part.read_bytes() == b"sealed rows" * 1000
    assert not result.rewound
    assert result.destroyed_keys == ()
    assert result.must_reapply == ()
    with Ledger.open(home.ledger_database, full.clock) as ledger:
        assert ledger.open_details(hint, keys["details.7"].use()) == {"said": "row 1"}
        sequence(ledger)
        signer = CheckpointSigner(
            BASE, keyring.checkpoint_signer("checkpoint"), full.store / "signer"
        )
        signer.sign_all(ledger)


def test_what_dead_and_running_runs_hold_is_not_in_it(full, tmp_path):
    full.backup()
    full.restore(tmp_path / "again")
    names = {p.name for p in (tmp_path / "again").rglob("*")}
    assert not names & {"stray", "rows", "half", ".staging-release-2", ".lock"}
    assert b"rows in the clear" not in all_bytes(tmp_path / "again")


def test_a_restored_home_is_private_and_complete(full, tmp_path):
    (tmp_path / "again").mkdir(mode=0o755)
    full.backup()
    full.restore(tmp_path / "again")
    for path in [tmp_path / "again", *(tmp_path / "again").rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".staging")]


def test_a_backup_opens_after_the_wrapping_and_backup_keys_were_rotated(full, tmp_path):
    full.backup()
    key = full.keyring.secret("project.7")
    for purpose in ("backup", "project", "details"):
        full.keyring.rotate_wrapping(purpose)
    full.keyring.rotate("backup")
    full.restore(tmp_path / "again")
    assert full.opened(tmp_path / "again").secret("project.7") == key


def test_a_home_without_a_ledger_can_be_backed_up(house, tmp_path):
    house.keyring.create("backup", "backup")
    make_backup(house.home, tmp_path / "b", house.keyring, house.clock)
    result = restore_backup(
        tmp_path / "b", tmp_path / "again", root_store=house.store, clock=house.clock
    )
    assert (result.rewound, result.checkpoints, result.erased) == (False, (), 0)


def test_two_backups_hold_the_same_in_different_bytes(full, tmp_path):
    one, two = full.backup(tmp_path / "one"), full.backup(tmp_path / "two")
    assert (one.files, one.bytes) == (two.files, two.bytes)
    assert one.id != two.id
    assert one.sha256 != two.sha256


# --- what is not in it ----------------------------------------------------------------------


def spellings(secret: bytes) -> list[bytes]:
    return [secret, secret.hex().encode(), base64.b64encode(secret), secret[:16]]


def test_no_root_key_half_or_key_is_in_the_backup_or_in_the_home(full, tmp_path):
    full.backup()
    full.restore(tmp_path / "again")
    secret = [(full.store / "root.key").read_bytes()]
    secret += [path.read_bytes() for path in (full.store / "halves").iterdir()]
    secret += [
        full.keyring.secret_of(info.id).use()
        for info in full.keyring.list()
        if info.algorithm == "HKDF-SHA-256"
    ]
    assert len(secret) > 10
    everything = [all_bytes(tmp_path / "again"), all_bytes(full.home.path), full.file.read_bytes()]
    for content in everything:
        assert not any(form in content for one in secret for form in spellings(one))


def test_the_sealed_file_shows_nothing_of_what_is_in_it(full):
    full.backup()
    content = full.file.read_bytes()
    for word in (b"sealed rows", b"St Example", b"permit-7", b"SQLite", b"part-0"):
        assert word not in content
    assert full.file.stat().st_mode & 0o777 == 0o600


# --- nothing rises from the dead ------------------------------------------------------------


@pytest.mark.parametrize("name", ["project.7", "details.7", "release.1"])
def test_a_destroyed_key_opens_nowhere(full, tmp_path, name):
    key = full.keyring.secret(name).use()
    full.backup()
    shutil.copytree(full.home.path, tmp_path / "copied")
    full.restore(tmp_path / "before")
    destroyed = full.keyring.destroy(name, full.approvals(name))
    result = full.restore(tmp_path / "after")
    assert result.destroyed_keys == tuple(info.id for info in destroyed)
    for path in (full.home.path, tmp_path / "copied", tmp_path / "before", tmp_path / "after"):
        keyring = full.opened(path)
        for act in (
            lambda k=keyring: k.secret(name),
            lambda k=keyring: k.secret_of(destroyed[0].id),
        ):
            with pytest.raises(Refused, match="CW-KEY-DESTROYED"):
                act()
        assert key not in all_bytes(path)
    assert key not in all_bytes(full.store)


def test_not_even_with_the_fence_emptied_does_a_destroyed_key_open(full, tmp_path):
    """The half is gone: who changes the fence and holds the root key still gets nothing."""
    full.backup()
    full.destroy("project.7")
    keyring = Keyring.open(full.home, full.clock)
    from commonweal.vault.keys.fence import FenceState

    keyring.fence._write(FenceState())
    result = full.restore(tmp_path / "again")
    assert "project.7" in result.unavailable_keys
    again = full.opened(tmp_path / "again")
    with pytest.raises(Unavailable, match=r"CW-KEY-UNAVAILABLE: The key project\.7 "):
        again.secret("project.7")
    again.secret("details.7")  # the others work


def test_destroying_the_backup_key_closes_every_backup(full, tmp_path):
    full.backup()
    full.destroy("backup")
    for act in (
        lambda: check_backup(full.file, full.store, full.clock),
        lambda: full.restore(tmp_path / "again"),
    ):
        with pytest.raises(Refused, match="CW-KEY-DESTROYED"):
            act()


def test_a_replaced_key_does_not_sign_again_after_a_restore(full, tmp_path):
    full.keyring.create("permits", "permit_signing")
    full.backup()
    old = full.keyring.get("permits")
    full.keyring.rotate("permits")
    full.restore(tmp_path / "again")
    keyring = full.opened(tmp_path / "again")
    assert keyring.get("permits").state == "decrypt_only"
    for act in (lambda: keyring.sign("permits", b""), lambda: keyring.sign_with(old.id, b"")):
        with pytest.raises(Refused, match="CW-KEY-USE"):
            act()
    assert keyring.rotate("permits").state == "active"


def test_permits_that_were_stopped_since_are_handed_back(full, tmp_path):
    fence, at = full.keyring.fence, full.clock.now()
    full.backup()
    fence.record_permit_state("permit-7", "revoked", at)
    fence.record_permit_state("permit-8", "suspended", at)
    fence.record_permit_state("permit-9", "paused", at)
    fence.record_permit_state("permit-9", "active", at)
    result = full.restore(tmp_path / "again")
    found = [(one.permit_id, one.state, one.at) for one in result.must_reapply]
    assert found == [("permit-7", "revoked", at), ("permit-8", "suspended", at)]


def test_erased_details_stay_erased(full, tmp_path):
    kept, erased = full.hint(1), full.hint(2)
    with full.ledger.reading() as connection:
        query = "SELECT ciphertext FROM detail WHERE intent_id = ?"
        ciphertext = connection.execute(query, (erased,)).fetchone()[0]
    full.backup()
    erase_details(full.ledger, full.keyring.fence, erased)
    result = full.restore(tmp_path / "again")
    assert result.erased == 1
    key = full.keyring.secret("details.7").use()
    home = Home.open(tmp_path / "again", full.store)
    with Ledger.open(home.ledger_database, full.clock) as ledger:
        assert ledger.open_details(kept, key) == {"said": "row 1"}
        with pytest.raises(Fault, match="CW-LEDGER-DETAIL-ERASED"):
            ledger.open_details(erased, key)
    assert ciphertext not in all_bytes(tmp_path / "again")


@pytest.mark.parametrize("intent", [0, 1, 999])
def test_an_entry_without_details_cannot_be_erased(full, intent):
    with pytest.raises(Fault, match="CW-LEDGER-DETAIL-INVALID"):
        erase_details(full.ledger, full.keyring.fence, intent)
    assert full.keyring.fence.read().erased == {}


def test_choices_older_than_the_restore_are_not_used(full, tmp_path):
    full.backup()
    full.clock.advance(timedelta(days=1))
    assert full.restore(tmp_path / "one").choices_not_before == full.clock.now()
    newer = full.clock.now() + timedelta(minutes=1)
    full.keyring.fence.record_choices(newer)
    assert full.restore(tmp_path / "two").choices_not_before == newer


# --- the ledger's place in time -------------------------------------------------------------


def test_a_ledger_behind_its_signer_is_called_rewound(full, tmp_path):
    full.backup()
    full.hint(1)
    full.sign()
    result = full.restore(tmp_path / "again")
    assert result.rewound
    behind = {one.log: one.behind for one in result.checkpoints}
    assert behind == {"public": False, "sealed": True}
    sealed = next(one for one in result.checkpoints if one.log == "sealed")
    assert (sealed.origin, sealed.size) == (f"{BASE}/sealed", 1)
    assert sealed.note == (full.store / "signer" / "sealed.checkpoint").read_text()
    home = Home.open(tmp_path / "again", full.store)
    with (
        Ledger.open(home.ledger_database, full.clock) as ledger,
        pytest.raises(Fault, match="CW-LEDGER-REWOUND"),
    ):
        full.signer.sign(ledger, "sealed")


def test_a_lost_ledger_counts_as_rewound(full, tmp_path):
    full.ledger.close()
    full.home.ledger_database.unlink()
    full.backup()
    assert full.restore(tmp_path / "again").rewound


def test_a_ledger_that_contradicts_its_signer_is_refused(full, tmp_path):
    full.ledger.close()
    full.home.ledger_database.unlink()
    with Ledger.create(full.home.ledger_database, full.clock) as other:
        other.append(Event("trust.policy_set", JANE, {"policy_hash": HASH, "home": "demo"}))
        for version in range(2, 4):
            hashes = [f"sha256:{number:064x}" for number in (version - 1, version)]
            event = Event(
                "trust.policy_changed", JANE,
                {"policy_hash": hashes[1], "previous_hash": HASH if version == 2 else hashes[0],
                 "home": "demo", "version": version},
            )  # fmt: skip
            other.append(event)
        sequence(other)
    full.backup()
    with pytest.raises(Fault, match="CW-LEDGER-REWOUND"):
        full.restore(tmp_path / "again")
    assert not (tmp_path / "again").exists()


# --- in use ---------------------------------------------------------------------------------


def test_a_home_in_use_is_backed_up_whole(full, tmp_path):
    stop, written = threading.Event(), []

    def work() -> None:
        number = 0
        while not stop.is_set() and number < 400:
            number += 1
            full.hint(number)
            if number % 20 == 0:
                full.keyring.rotate("details.7")
                sequence(full.ledger)
            written.append(number)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        with full.home.run_lock():
            infos = [full.backup(tmp_path / f"b{n}") for n in range(4)]
    finally:
        stop.set()
        worker.join()
    assert written
    full.sign()
    for number, info in enumerate(infos):
        assert full.restore(tmp_path / f"r{number}", tmp_path / f"b{number}").backup == info
        with Ledger.open(
            tmp_path / f"r{number}" / "ledger" / "ledger.sqlite", full.clock
        ) as ledger:
            assert ledger.size("public") >= 1
    assert not list(full.home.work.glob("*.lock"))


def test_a_ledger_that_is_damaged_is_not_backed_up(full):
    full.ledger.close()
    with closing(sqlite3.connect(full.home.ledger_database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(full.home.ledger_database.read_bytes())
    for start in range(8192, len(content) - 512, 4096):
        content[start : start + 512] = b"\xff" * 512
    full.home.ledger_database.write_bytes(content)
    with pytest.raises(Fault, match="CW-LEDGER-BROKEN"):
        full.backup()
    assert not full.file.exists()


def test_a_link_in_the_home_is_not_followed(full, tmp_path):
    (full.home.releases / "link").symlink_to(full.store / "root.key")
    with pytest.raises(Fault, match="CW-BACKUP-BROKEN"):
        full.backup()
    assert not full.file.exists()


# --- releases in the making -----------------------------------------------------------------


def test_a_release_in_the_making_is_left_out_unless_the_ledger_calls_it_completed(full, tmp_path):
    from commonweal.vault.release.store import BUILDING as THEIRS

    assert BUILDING == THEIRS
    fields = {
        "permit": "permit-7",
        "release": "release-8",
        "permit_hash": HASH,
        "membership_root": HASH,
        "manifest": "hmac-sha256:" + "2b" * 32,
    }
    full.ledger.append(Event("release.completed", JANE, fields))
    for number in (8, 9):
        (full.home.releases / f"{BUILDING}release-{number}").mkdir()
        (full.home.releases / f"{BUILDING}release-{number}" / "part").write_bytes(b"x")
    full.backup()
    full.restore(tmp_path / "again")
    found = {p.name for p in (tmp_path / "again" / "releases").iterdir()}
    assert found == {"release-1", f"{BUILDING}release-8"}
