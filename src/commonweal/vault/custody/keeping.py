"""Keys of a home in use: made, replaced and destroyed with an entry on the sealed log."""

from __future__ import annotations

from collections.abc import Sequence

from commonweal.ledger.entry import Actor, Event
from commonweal.vault.custody.holding import LEDGER_KEY, Custody
from commonweal.vault.custody.settling import settle
from commonweal.vault.keys import KeyInfo

ACTOR = Actor("custodian", "command-line")


def create_key(custody: Custody, name: str, purpose: str, project: str | None = None) -> KeyInfo:
    """Make a key and record it; see `Keyring.create`."""
    info = custody.keyring.create(name, purpose, project)
    _record(custody, "key.created", [info])
    return info


def rotate_key(custody: Custody, name: str) -> KeyInfo:
    """Make a new version of a key and record it; see `Keyring.rotate`.

    Where the trust policy or the ledger's readers know the key (`is_trusted`), the older version
    stays in use: the new one counts for nothing before a new policy names it. A new version that
    waits already is given again.
    """
    beside = is_trusted(custody, name)
    newest = custody.keyring.versions(name)[-1]
    if beside and newest.state == "active" and newest.id not in _named(custody):
        return newest
    info = custody.keyring.rotate(name, beside=beside)
    _record(custody, "key.rotated", [info])
    return info


def is_trusted(custody: Custody, name: str) -> bool:
    """True if the trust policy names a version of this key, or the ledger is signed with it."""
    return any(one.id in _named(custody) for one in custody.keyring.versions(name))


def _named(custody: Custody) -> frozenset[str]:
    return custody.trust.key_ids | {custody.keyring.versions(LEDGER_KEY)[0].id}


def destroy_key(
    custody: Custody, name: str, approvers: Sequence[str], version: int | None = None
) -> tuple[KeyInfo, ...]:
    """Destroy all versions of a key with the approval of the holders of `approvers`, and record it.

    `version`: only this one, which must be retired.
    Software keys in one process: `separation: none` applies. Raises what `Keyring.destroy` raises.
    """
    order = custody.keyring.destruction_order(name, version)
    approvals = [custody.keyring.approve(order, person) for person in dict.fromkeys(approvers)]
    gone = custody.keyring.destroy(name, approvals, version=version)
    people = dict(zip(("first_approver", "second_approver"), approvers, strict=False))
    _record(custody, "key.destroyed", gone, people)
    return gone


def _record(
    custody: Custody, event: str, keys: Sequence[KeyInfo], more: dict[str, str] | None = None
) -> None:
    events = []
    for info in keys:
        fields = {"key": info.id, "purpose": info.purpose, "version": info.version}
        events.append(Event(event, ACTOR, fields | (more or {})))
        if event == "key.destroyed" and info.purpose == "project":
            events.append(Event("project.key_destroyed", ACTOR, {"key": info.id}))
    custody.ledger.append_many(events)
    settle(custody)
