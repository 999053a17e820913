"""A home with a ledger, a release and a project's keys, for the tests of backups."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from commonweal.ledger.details import Details
from commonweal.ledger.entry import Actor, Event
from commonweal.ledger.sequencer import sequence
from commonweal.ledger.signer import CheckpointSigner
from commonweal.ledger.store import Ledger
from commonweal.vault.backup import make_backup, restore_backup
from commonweal.vault.home import Home
from commonweal.vault.keys import Keyring
from tests.unit.keys.support import House, new_house

JANE = Actor("data_manager", "jane")
HASH = "sha256:" + "1a" * 32
BASE = "ledger.example/commonweal"


@dataclass
class Full(House):
    """A house with a ledger, a release and the keys of a project."""

    ledger: Ledger
    signer: CheckpointSigner
    file: Path

    def hint(self, number: int) -> int:
        """An entry with erasable details."""
        key = self.keyring.get("details.7")
        details = Details({"said": f"row {number}"}, key.id, self.keyring.secret(key.name).use())
        event = Event("risk.hint_given", JANE, {"permit": "permit-7", "today": number})
        return self.ledger.append(event, details)

    def sign(self) -> None:
        sequence(self.ledger)
        self.signer.sign_all(self.ledger)

    def backup(self, to: Path | None = None):
        return make_backup(self.home, to or self.file, self.keyring, self.clock)

    def restore(self, to: Path, file: Path | None = None):
        return restore_backup(file or self.file, to, root_store=self.store, clock=self.clock)

    def opened(self, path: Path) -> Keyring:
        return Keyring.open(Home.open(path, self.store), self.clock)


def full_house(tmp_path: Path) -> Iterator[Full]:
    house = new_house(tmp_path)
    keyring = house.keyring
    keyring.create("project.7", "project", "project-7")
    keyring.create("details.7", "details", "project-7")
    keyring.create("release.1", "release_data", "project-7")
    keyring.create("checkpoint", "ledger_checkpoint")
    keyring.create("backup", "backup")
    ledger = Ledger.create(house.home.ledger_database, house.clock)
    ledger.append(
        Event("trust.policy_set", JANE, {"policy_hash": HASH, "home": "demo", "version": 1})
    )
    fields = {
        "permit": "permit-7",
        "permit_hash": HASH,
        "authority": "direct",
        "active_from": "2026-03-02T09:00:00.000Z",
        "until": "2026-12-31",
    }
    ledger.append(Event("permit.issued", JANE, fields))
    release = house.home.releases / "release-1" / "data" / "patients"
    release.mkdir(parents=True, mode=0o700)
    (release / "part-0.parquet").write_bytes(b"sealed rows" * 1000)
    (house.home.releases / ".staging-release-2").mkdir()
    (house.home.releases / ".staging-release-2" / "half").write_bytes(b"half made")
    (house.home.work / "stray").mkdir()
    (house.home.work / "stray" / "rows").write_bytes(b"rows in the clear")
    signer = CheckpointSigner(BASE, keyring.checkpoint_signer("checkpoint"), house.store / "signer")
    made = Full(house.home, keyring, house.clock, ledger, signer, tmp_path / "backup.cwb")
    made.sign()
    yield made
    ledger.close()


def listing(folder: Path) -> list[tuple[str, bytes]]:
    return sorted(
        (p.relative_to(folder).as_posix(), p.read_bytes() if p.is_file() else b"")
        for p in folder.rglob("*")
        # SQLite's own side files come and go with every reader.
        if not p.name.startswith("ledger.sqlite-") and p.name != ".lock"
    )


def code(caught) -> str:
    return caught.value.code
