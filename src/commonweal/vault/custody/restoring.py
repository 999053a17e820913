"""Backups of a home in use, and a home brought back: past the fence and on the ledger (S12, S20).

A backup is a picture of the past. After it is unpacked the ledger begins a new epoch if entries
were lost, and each permit that was stopped since is stopped again; until that is done no status of
it is given, because the fence remembers the stop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from commonweal.foundation.clock import Clock
from commonweal.foundation.files import translated
from commonweal.ledger.checkpoint import Checkpoint
from commonweal.ledger.entry import Actor, Event
from commonweal.ledger.events import TERMINAL, TYPES
from commonweal.ledger.marks import begin_epoch
from commonweal.vault.backup import BackupInfo, RestoreResult, make_backup, restore_backup
from commonweal.vault.backup.header import BackupHeader
from commonweal.vault.custody.amending import adopt_again
from commonweal.vault.custody.holding import Custody, open_custody
from commonweal.vault.custody.roster_changes import adopt_rosters_again
from commonweal.vault.custody.settling import settle
from commonweal.vault.keys.root_store import default_root_store

ACTOR = Actor("custodian", "command-line")
_EVENTS: Mapping[str, str] = {
    row.state: name
    for name, row in TYPES.items()
    if row.state in ("paused", "suspended", "superseded", "revoked", "closed")
}


@dataclass(frozen=True)
class Restored:
    """A home that is in use again. `stopped`: ids of permits that were stopped again; `epoch`: the
    ledger's new epoch, or None where nothing was lost; `policies`: versions of the trust policy
    that were written on the ledger again; `missing_keys`: ids of keys that the policy in force
    names and this home made after the backup, so that it has them no more; `rosters`: versions of
    the roster that were written on the ledger again."""

    result: RestoreResult
    stopped: tuple[str, ...]
    epoch: int | None
    policies: tuple[int, ...] = ()
    missing_keys: tuple[str, ...] = ()
    rosters: tuple[int, ...] = ()


def back_up(custody: Custody, out: Path, key: str = "backup") -> BackupInfo:
    """Write a sealed backup to the new file `out` and record it; see `make_backup`."""
    settle(custody)
    info = make_backup(custody.home, out, custody.keyring, custody.clock, key=key)
    fields = {"archive": info.sha256, "key": info.key_id}
    custody.ledger.append(Event("backup.made", ACTOR, fields))
    settle(custody)
    return info


def restore_home(file: Path, to: Path, clock: Clock, *, root_store: Path | None = None) -> Restored:
    """Bring back the home in a backup into the new or empty folder `to` and make it usable.

    Raises what `restore_backup` raises; then the folder is as it was.
    """
    store = root_store or default_root_store(_home_of(file))
    result = restore_backup(file, to, root_store=store, clock=clock)
    with open_custody(to, clock, root_store=store, restored=True) as custody:
        epoch = _begin_epoch(custody, result) if result.rewound else None
        fence = custody.keyring.fence.read()
        policies = tuple(adopt_again(custody, fence.policies))
        rosters = tuple(adopt_rosters_again(custody, fence.rosters))
        missing = _missing_keys(custody)
        stopped = tuple(_stop_again(custody, result))
        fields = {"archive": result.backup.sha256, "rewound": "yes" if result.rewound else "no"}
        custody.ledger.append(Event("backup.restored", ACTOR, fields))
        settle(custody)
    return Restored(result, stopped, epoch, policies, missing, rosters)


def _missing_keys(custody: Custody) -> tuple[str, ...]:
    """Ids of keys of this home that the policy in force names and the backup did not hold yet."""
    made = custody.keyring.made()
    here = {info.id for info in custody.keyring.list()}
    return tuple(sorted((custody.trust.key_ids & made) - here))


def _home_of(file: Path) -> str:
    with translated(f"The backup ({file.name})"):
        stream: BinaryIO = file.open("rb")
    with stream:
        return BackupHeader.read(stream).home


def _begin_epoch(custody: Custody, result: RestoreResult) -> int:
    last = {point.log: Checkpoint(point.origin, point.size, point.root)
            for point in result.checkpoints}  # fmt: skip
    begin_epoch(custody.ledger, last["public"], last.get("sealed"))
    return custody.ledger.epoch()


def _stop_again(custody: Custody, result: RestoreResult) -> list[str]:
    stopped = []
    with custody.ledger.transaction() as writing:
        for permit in result.must_reapply:
            standing = writing.permit_standing(permit.permit_id)
            # A permit that was issued after the backup is unknown now, and refused as such.
            if standing is None or standing.state in TERMINAL:
                continue
            if standing.apart_from_review == permit.state:
                continue
            event = _EVENTS[permit.state]
            fields = {"permit": permit.permit_id}
            if "reason" in TYPES[event].fields:
                fields["reason"] = "restored_from_backup"
            writing.append(Event(event, ACTOR, fields))
            stopped.append(permit.permit_id)
    return stopped
