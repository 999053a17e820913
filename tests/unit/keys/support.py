"""Homes, keyrings and people for the tests of keys and backups."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from commonweal.foundation.clock import FixedClock
from commonweal.vault.home import Home
from commonweal.vault.keys import Approval, Keyring, RootStore

START = datetime(2026, 3, 2, 9, 15, 30, 250_000, tzinfo=UTC)


@dataclass
class House:
    """A home with its keyring, its clock and two people."""

    home: Home
    keyring: Keyring
    clock: FixedClock

    @property
    def store(self) -> Path:
        return self.home.root_store

    def approvals(self, name: str, *people: str) -> list[Approval]:
        order = self.keyring.destruction_order(name)
        return [self.keyring.approve(order, person) for person in people or ("alice", "bob")]

    def destroy(self, name: str) -> None:
        self.keyring.destroy(name, self.approvals(name))

    def again(self) -> Keyring:
        """The keyring as another process would open it."""
        home = Home.open(self.home.path, self.store)
        return Keyring.open(home, self.clock)


def new_house(folder: Path) -> House:
    clock = FixedClock(START)
    home = Home.create(
        folder / "home", name="St Example", kind="demo", root_store=folder / "store", clock=clock
    )
    keyring = Keyring.open(home, clock)
    for person in ("alice", "bob"):
        keyring.create(person, "person_signing")
    return House(home, keyring, clock)


def root_store(folder: Path) -> RootStore:
    return RootStore.create(folder / "store", "ab" * 16)


def all_bytes(folder: Path) -> bytes:
    """Every byte of every file below a folder."""
    return b"\x00".join(p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file())
