"""Keys of a home in use: made, replaced and destroyed with an entry on the sealed log."""

from __future__ import annotations

from collections.abc import Sequence

from commonweal.foundation.errors import Refused
from commonweal.ledger.entry import Actor, Event
from commonweal.vault.custody.holding import Custody
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

    Raises `Refused` CW-KEY-ROTATION also for keys that the trust policy or the ledger's readers
    know: nobody would believe the new one.
    """
    known = custody.keyring.get(name)
    named = {key.id for key in custody.trust.keys}
    if known.id in named or known.purpose == "ledger_checkpoint":
        raise Refused(
            "CW-KEY-ROTATION",
            f"The key {name} is known to others by its present version; replacing it needs a new "
            "trust policy, which is not built yet.",
        )
    info = custody.keyring.rotate(name)
    _record(custody, "key.rotated", [info])
    return info


def destroy_key(custody: Custody, name: str, approvers: Sequence[str]) -> tuple[KeyInfo, ...]:
    """Destroy all versions of a key with the approval of the holders of `approvers`, and record it.

    Software keys in one process: `separation: none` applies. Raises what `Keyring.destroy` raises.
    """
    order = custody.keyring.destruction_order(name)
    approvals = [custody.keyring.approve(order, person) for person in dict.fromkeys(approvers)]
    gone = custody.keyring.destroy(name, approvals)
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
