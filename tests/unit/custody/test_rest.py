"""Settling, kept catalogues, keys with their entries, backups, and giving the public log away."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from commonweal.foundation.errors import CommonwealError, Fault, Refused, Unavailable
from commonweal.foundation.files import only_one
from commonweal.ledger.entry import read_entry
from commonweal.ledger.proving import check_proof, prove
from commonweal.vault.custody import (
    back_up,
    change_state,
    check_export,
    create_key,
    destroy_key,
    export_public,
    find_catalogue,
    remember_catalogue,
    restore_home,
    rotate_key,
    settle,
    status_of,
    verify_ledger,
)
from commonweal.vault.custody import settling as settling_module
from tests import factories
from tests.unit.custody.support import Place


def events(custody: Any, log: str) -> list[dict[str, Any]]:
    count = custody.ledger.size(log)
    return [read_entry(custody.ledger.entry(log, number)) for number in range(count)]


# --- settling -----------------------------------------------------------------------------


def test_settling_seals_once_a_day(place: Place) -> None:
    with place.open() as custody:
        assert not settle(custody).sealed
        place.clock.advance(timedelta(days=1))
        assert settle(custody).sealed
        assert not settle(custody).sealed
        days = [e["day"] for e in events(custody, "public") if e["type"] == "sealed.root"]
    assert days == ["2026-03-02", "2026-03-03"]


def test_settling_waits_for_another_signer_and_then_gives_up(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling_module, "_WAIT_SECONDS", 0.2)
    with place.open() as custody:
        held = only_one(place.store / "signer" / "public.lock", "the signing")
        with held, pytest.raises(Unavailable, match="CW-BUSY"):
            settle(custody)
        settle(custody)


def test_a_ledger_that_was_put_back_is_not_signed(place: Place) -> None:
    shutil.copytree(place.home, place.folder / "before")
    with place.open() as custody:
        place.issue(custody)
    shutil.rmtree(place.home)
    (place.folder / "before").rename(place.home)
    with place.open() as custody, pytest.raises(Fault, match="CW-LEDGER-REWOUND"):
        settle(custody)


# --- catalogues ---------------------------------------------------------------------------


def write(folder: Path, name: str = "catalogue.yaml", **changes: Any) -> Path:
    path = folder / name
    path.write_text(yaml.safe_dump(factories.catalogue_data(**changes), sort_keys=False))
    return path


def test_the_newest_catalogue_that_has_the_dataset_is_found(place: Place) -> None:
    with place.open() as custody:
        remember_catalogue(custody, write(place.folder))
        place.clock.advance(timedelta(minutes=1))
        newer = remember_catalogue(
            custody, write(place.folder, custodian={"name": "Newer", "ods": "RXX"})
        )
        path, found = find_catalogue(custody, "hospital")
        assert (path, found.custodian.name) == (newer, "Newer")
        place.clock.advance(timedelta(minutes=1))
        again = remember_catalogue(custody, write(place.folder))
        assert find_catalogue(custody, "hospital")[0] == again
        assert len(list(custody.catalogues.iterdir())) == 2


def test_a_catalogue_that_is_not_one_is_not_kept(place: Place) -> None:
    wrong = place.folder / "wrong.yaml"
    wrong.write_text("catalogue: 2\n")
    with place.open() as custody:
        with pytest.raises(Fault, match="CW-CATALOGUE-INVALID"):
            remember_catalogue(custody, wrong)
        with pytest.raises(Fault, match="CW-CATALOGUE-NOT-KEPT") as caught:
            find_catalogue(custody, "hospital")
        assert "catalogue check" in str(caught.value.remedy)
        assert list(custody.catalogues.iterdir()) == []


def test_a_spoilt_copy_and_other_files_are_passed_over(place: Place) -> None:
    with place.open() as custody:
        kept = remember_catalogue(custody, write(place.folder))
        place.clock.advance(timedelta(minutes=1))
        spoilt = remember_catalogue(custody, write(place.folder, custodian={"name": "X"}))
        spoilt.write_text("{")
        (custody.catalogues / "notes.txt").write_text("x")
        assert find_catalogue(custody, "hospital")[0] == kept
        with pytest.raises(Fault, match="CW-CATALOGUE-NOT-KEPT"):
            find_catalogue(custody, "another")


# --- keys ---------------------------------------------------------------------------------


def test_keys_leave_their_entries(place: Place) -> None:
    with place.open() as custody:
        made = create_key(custody, "asthma", "project", "asthma")
        newer = rotate_key(custody, "backup")
        destroy_key(custody, "asthma", ["guardian", "siro"])
        sealed = events(custody, "sealed")[-3:]
        public = events(custody, "public")[-1]
        assert custody.ledger.intents_left() == 0
    assert [e["type"] for e in sealed] == ["key.created", "key.rotated", "key.destroyed"]
    assert [e["key"] for e in sealed] == [made.id, newer.id, made.id]
    assert (sealed[2]["first_approver"], sealed[2]["second_approver"]) == ("guardian", "siro")
    assert (public["type"], public["key"]) == ("project.key_destroyed", made.id)


@pytest.mark.parametrize("approvers", [[], ["guardian"], ["guardian", "guardian"]])
def test_a_key_is_destroyed_by_two_people(place: Place, approvers: list[str]) -> None:
    with place.open() as custody:
        create_key(custody, "asthma", "project", "asthma")
        with pytest.raises(Refused, match="CW-KEY-APPROVAL"):
            destroy_key(custody, "asthma", approvers)
        assert custody.keyring.get("asthma").state == "active"
        assert "key.destroyed" not in {e["type"] for e in events(custody, "sealed")}


@pytest.mark.parametrize("name", ["permit-signer", "status-signer", "guardian", "ledger"])
def test_keys_that_others_know_sign_on_until_a_policy_says_so(place: Place, name: str) -> None:
    with place.open() as custody:
        old = custody.keyring.get(name).id
        assert rotate_key(custody, name).version == 2
        assert custody.keyring.of_id(old).state == "active"
        if name != "ledger":
            assert custody.signer(name).key_id == old
        permit = place.issue(custody)
        assert status_of(custody, permit).state == "active"


def test_a_key_that_ties_data_together_is_not_rotated(place: Place) -> None:
    with place.open() as custody, pytest.raises(Refused, match="CW-KEY-ROTATION"):
        rotate_key(custody, "audit")


# --- backup and restore -------------------------------------------------------------------


def test_a_restored_home_keeps_revocations_and_goes_on(place: Place) -> None:
    with place.open() as custody:
        permit = place.issue(custody)
        paused = place.issue(custody, place.folder / "p2", id="asthma-2")
        info = back_up(custody, place.folder / "b.backup")
        change_state(custody, place.permit, "revoke")
        change_state(custody, place.folder / "p2", "pause")
        later = place.issue(custody, place.folder / "p3", id="asthma-3")
    shutil.rmtree(place.home)
    place.clock.advance(timedelta(hours=1))
    done = restore_home(place.folder / "b.backup", place.home, place.clock, root_store=place.store)
    assert done.stopped == ("asthma-1", "asthma-2")
    assert done.epoch == 2
    with place.open() as custody:
        assert status_of(custody, permit).state == "revoked"
        assert status_of(custody, paused).state == "paused"
        with pytest.raises(Refused, match="CW-PERMIT-UNKNOWN"):
            status_of(custody, later)
        last = events(custody, "sealed")[-1]
        assert (last["type"], last["archive"]) == ("backup.restored", info.sha256)
        reasons = {e["permit"]: e.get("reason") for e in events(custody, "public")[-2:]}
        assert reasons == {"asthma-1": "restored_from_backup", "asthma-2": "restored_from_backup"}
        change_state(custody, place.folder / "p2", "resume")
        assert status_of(custody, paused).state == "active"
    assert verify_ledger(place.home, place.clock, root_store=place.store).faults == []


def test_a_proof_from_before_a_restore_still_holds(place: Place) -> None:
    with place.open() as custody:
        place.issue(custody)
        before = prove(custody.ledger, "public", 0)
        back_up(custody, place.folder / "b.backup")
    shutil.rmtree(place.home)
    restore_home(place.folder / "b.backup", place.home, place.clock, root_store=place.store)
    with place.open() as custody:
        assert check_proof(before, custody.ledger_keys).entry["type"] == "trust.policy_set"
        assert custody.origins("public") == (
            custody.origin("public").removesuffix("/2"),
            custody.origin("public"),
        )


def test_a_backup_of_another_home_or_half_a_backup_changes_nothing(
    place: Place, copy: Callable[[], Place]
) -> None:
    with place.open() as custody:
        back_up(custody, place.folder / "b.backup")
    content = (place.folder / "b.backup").read_bytes()
    half = place.folder / "half.backup"
    half.write_bytes(content[: len(content) // 2])
    for file in (half, place.permit, place.folder / "missing"):
        with pytest.raises(CommonwealError):
            restore_home(file, place.folder / "new", place.clock, root_store=place.store)
        assert not (place.folder / "new").exists()


# --- verifying and giving away --------------------------------------------------------------


def test_a_damaged_ledger_is_reported_and_not_only_refused(place: Place) -> None:
    with place.open() as custody:
        place.issue(custody)
    database = place.home / "ledger" / "ledger.sqlite"
    connection = sqlite3.connect(database)
    triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    for (name,) in triggers.fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute(
        "UPDATE intent SET body = CAST(replace(body, 'asthma-1', 'asthma-9') AS BLOB)"
    )
    connection.commit()
    connection.close()
    report = verify_ledger(place.home, place.clock, root_store=place.store)
    assert {"schema_changed", "body_changed"} <= {fault.kind for fault in report.faults}
    with pytest.raises(Fault):
        place.open()


def test_an_end_that_was_cut_off_shows_against_the_signers_memory(place: Place) -> None:
    shutil.copytree(place.home, place.folder / "before")
    with place.open() as custody:
        place.issue(custody)
    shutil.rmtree(place.home)
    (place.folder / "before").rename(place.home)
    report = verify_ledger(place.home, place.clock, root_store=place.store)
    assert {fault.kind for fault in report.faults} == {"checkpoint_beyond", "checkpoint_missing"}


def _without_guards(place: Place, *statements: str) -> None:
    """Change the database as somebody who owns the file would, and put its guards back."""
    with closing(sqlite3.connect(place.home / "ledger" / "ledger.sqlite")) as connection:
        guards = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
        for name, _ in guards:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            assert connection.execute(statement).rowcount > 0
        for _, sql in guards:
            connection.execute(sql)
        connection.commit()


NEWEST = "(log, size) IN (SELECT log, max(size) FROM checkpoint GROUP BY log)"


@pytest.mark.parametrize(
    ("which", "gone"), [(NEWEST, {3, 12}), (f"NOT {NEWEST}", {2, 11}), ("1", {2, 3, 11, 12})]
)
def test_checkpoints_that_were_taken_away_are_named(
    place: Place, which: str, gone: set[int]
) -> None:
    with place.open() as custody:
        place.issue(custody)
        create_key(custody, "another", "audit")
    assert verify_ledger(place.home, place.clock, root_store=place.store).faults == []
    _without_guards(place, f"DELETE FROM checkpoint WHERE {which}")
    report = verify_ledger(place.home, place.clock, root_store=place.store)
    assert {fault.kind for fault in report.faults} == {"checkpoint_missing"}
    assert len(report.faults) == len(gone)


def test_details_under_another_keys_name_are_found(place: Place) -> None:
    with place.open() as custody:
        place.issue(custody)
    _without_guards(place, "UPDATE detail SET key_id = key_id || 'x'")
    report = verify_ledger(place.home, place.clock, root_store=place.store)
    assert [fault.kind for fault in report.faults] == ["detail_key_changed"]
    assert report.faults[0].place == "public entry 2"


@pytest.mark.parametrize("what", ["checkpoint", "signed"])
@pytest.mark.parametrize("damage", ["gone", "rubbish"])
def test_a_signer_without_its_memory_is_a_fault(place: Place, what: str, damage: str) -> None:
    path = place.store / "signer" / f"public.{what}"
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(b"rubbish\n")
    report = verify_ledger(place.home, place.clock, root_store=place.store)
    unsigned = (what, damage) == ("checkpoint", "rubbish")
    expected = "checkpoint_unsigned" if unsigned else "memory_missing"
    assert [fault.kind for fault in report.faults] == [expected]


def test_an_export_is_checked_with_the_key_alone(place: Place) -> None:
    out = place.folder / "export"
    with place.open() as custody:
        place.issue(custody)
        plain = export_public(custody, out)
        key = str(custody.ledger_keys[-1])
    assert {path.name for path in out.iterdir()} == {"entries.jsonl", "checkpoint", "ledger.vkey"}
    checked = check_export(out, [key])
    assert checked["entries"] == plain["entries"] == 3
    lines = (out / "entries.jsonl").read_text().splitlines()
    assert [json.loads(line)["type"] for line in lines][-1] == "permit.issued"
    assert all("actor" not in json.loads(line) for line in lines)


@pytest.mark.parametrize("how", ["changed", "shorter", "longer", "swapped", "empty"])
def test_a_changed_export_is_found(place: Place, how: str) -> None:
    out = place.folder / "export"
    with place.open() as custody:
        place.issue(custody)
        export_public(custody, out)
        key = str(custody.ledger_keys[-1])
    path = out / "entries.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    changed = {
        "changed": [*lines[:-1], lines[-1].replace(b"asthma-1", b"asthma-2")],
        "shorter": lines[:-1],
        "longer": [*lines, lines[-1]],
        "swapped": [lines[1], lines[0], *lines[2:]],
        "empty": [],
    }[how]
    path.write_bytes(b"".join(changed))
    with pytest.raises(CommonwealError, match="CW-LEDGER-PROOF-INVALID"):
        check_export(out, [key])


def test_an_export_under_another_key_is_not_believed(
    place: Place, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from commonweal.vault.custody import create_home

    folder = tmp_path_factory.mktemp("other")
    with create_home(
        folder / "home", kind="demo", name="x", clock=factories.clock(), root_store=folder / "s"
    ) as other:
        wrong = str(other.ledger_keys[-1])
    with place.open() as custody:
        export_public(custody, place.folder / "export")
    with pytest.raises(CommonwealError, match="CW-LEDGER-SIGNATURE-INVALID"):
        check_export(place.folder / "export", [wrong])
