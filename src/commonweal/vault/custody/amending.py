"""Changing the trust policy of a home: proposed, signed, adopted, and withdrawn while it waits.

A proposal is a file: the whole next policy as readable JSON. `sign_change` turns it into a signed
paper and adds a signature at each call. Adopting writes one event, in one transaction with every
check, after the paper is on the disk; whatever is cut off, the home has the old policy or the new
one. The fence learns of it in the settling that follows, before anybody is told (S11, S20).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from commonweal.foundation.clock import parse_stamp, stamp
from commonweal.foundation.errors import Refused
from commonweal.foundation.files import read_bytes
from commonweal.ledger.entry import Actor, Event
from commonweal.ledger.store import Writing
from commonweal.ledger.trust_order import CHANGED, WITHDRAWN
from commonweal.papers.changes import GOOD_FOR
from commonweal.papers.signing import signers_named
from commonweal.papers.trust import TrustPolicy
from commonweal.papers.trust_change import (
    CALLED,
    CHANGE,
    WITHDRAWAL,
    PolicyWithdrawal,
    check_change,
    open_change,
    open_withdrawal,
    read_change,
    read_policy,
)
from commonweal.papers.trust_history import PolicyVersion
from commonweal.vault.custody.holding import Custody
from commonweal.vault.custody.policies import SHELF
from commonweal.vault.custody.settling import settle
from commonweal.vault.custody.version_papers import (
    MAX_PAPER,
    Ending,
    begins,
    end_waiting,
    read_draft,
    sign_draft,
    write_lost,
)
from commonweal.vault.keys.fence import PolicyFence

ACTOR = Actor("custodian", "command-line")


@dataclass(frozen=True)
class Adopted:
    """What an adoption did. `entry`: the intent's number on the ledger."""

    policy: TrustPolicy
    effective_from: datetime
    entry: int


def read_proposal(file: Path) -> tuple[TrustPolicy, str | None]:
    """The policy in a proposal or a signed change, nothing verified; and the signed text if it is.

    Raises `Fault` CW-PAPER-INVALID, CW-SIGNATURE-INVALID and file faults; `Refused`.
    """
    plain, signed = read_draft(file, CALLED)
    if signed is not None:
        return read_change(signed), signed.decode()
    return read_policy(plain), None


def check_proposal(custody: Custody, policy: TrustPolicy) -> None:
    """Refuse a change that could not be adopted now, whoever signed it.

    Raises `Refused` CW-TRUST-REFUSED or CW-TRUST-PENDING.
    """
    history, now = custody.book.history(), custody.book.now()
    _refuse_pending(history.pending(now))
    check_change(history.in_force(now), policy, history.next_number)
    if policy.proposed_at is None or now - policy.proposed_at > GOOD_FOR:
        raise Refused(
            "CW-TRUST-REFUSED",
            f"The trust policy is not changed: it was proposed more than {GOOD_FOR.days} days ago.",
        )


def _refuse_pending(pending: PolicyVersion | None) -> None:
    if pending is not None:
        raise Refused(
            "CW-TRUST-PENDING",
            f"Version {pending.policy.number} of the trust policy waits already, until "
            f"{pending.effective_from:%d %B %Y %H:%M} UTC.",
            remedy="Wait, or withdraw it with `commonweal home policy withdraw`.",
        )


def sign_change(custody: Custody, file: Path, key: str) -> tuple[TrustPolicy, list[str]]:
    """Add the signature of the key called `key` to a proposal, in its file.

    Returns the policy and the ids of all who have signed. Raises what `check_proposal` raises, and
    `Fault` CW-SIGNATURE-INVALID (it has signed before).
    """
    policy, text = read_proposal(file)
    check_proposal(custody, policy)
    signed = sign_draft(custody, file, policy, text, key, CHANGE, CALLED)
    return policy, signers_named(signed, CALLED)


def adopt_change(custody: Custody, file: Path) -> Adopted:
    """Put a signed change on the ledger; it counts after the wait of the policy in force.

    Raises what `open_change` and `check_proposal` raise; `Refused` CW-TRUST-NO-BACKUP.
    """
    content = read_bytes(file, CALLED, limit=MAX_PAPER)
    policy = read_change(content)
    check_proposal(custody, policy)
    _require_backup(custody, policy)
    with custody.ledger.transaction() as writing:
        history, now = custody.book.history(), writing.now()
        _refuse_pending(history.pending(now))
        before = history.in_force(now)
        policy = open_change(content, history.view(now), history.next_number, now)
        SHELF.keep(custody.home, policy.digest(), content.decode())
        fields = _fields(policy) | begins(before.delay, now)
        entry = writing.append(Event(CHANGED, ACTOR, fields))
    settle(custody)
    version = next(v for v in custody.book.history().versions if v.policy == policy)
    return Adopted(policy, version.effective_from, entry)


def _fields(policy: TrustPolicy) -> dict[str, Any]:
    return {
        "policy_hash": policy.digest(),
        "previous_hash": policy.previous,
        "version": policy.version,
        "home": policy.home,
    }


def _require_backup(custody: Custody, policy: TrustPolicy) -> None:
    """Refuse a policy for real data that names a key of this home which no backup holds.

    If this machine broke then, nobody could sign any more.
    """
    if custody.home.kind == "demo":
        return
    wanted = policy.key_ids - custody.trust.key_ids
    with custody.ledger.reading() as connection:
        found = connection.execute(
            "SELECT created_at FROM intent WHERE type = 'backup.made' ORDER BY id DESC LIMIT 1"
        ).fetchone()
    saved = parse_stamp(found[0]) if found is not None else None
    for info in custody.keyring.list():
        if info.id in wanted and (saved is None or saved < info.created_at):
            raise Refused(
                "CW-TRUST-NO-BACKUP",
                f"Version {info.version} of the key {info.name} is in no backup yet.",
                remedy="Make one with `commonweal backup`, and adopt the policy then.",
            )


def withdraw_change(custody: Custody, key: str) -> TrustPolicy:
    """End a change that waits, with the signature of one person who may sign changes.

    Raises `Refused` CW-TRUST-PENDING (none waits) or CW-TRUST-REFUSED; `Fault`
    CW-SIGNATURE-UNTRUSTED.
    """
    nothing = Refused("CW-TRUST-PENDING", "No change of the trust policy is waiting.")

    def waiting(now: datetime) -> TrustPolicy | None:
        pending = custody.book.history().pending(now)
        return None if pending is None else pending.policy

    def check(text: str, policy: TrustPolicy, now: datetime) -> None:
        history = custody.book.history()
        pending = history.pending(now)
        if pending is None:
            raise nothing
        open_withdrawal(text, history.before(pending, now), policy, now)

    ending = Ending(
        SHELF,
        WITHDRAWAL,
        nothing,
        waiting,
        lambda policy, now: PolicyWithdrawal(
            withdraw=1, version=policy.number, policy_hash=policy.digest(), at=now
        ),
        check,
        lambda policy: _withdrawn(policy.number, policy.digest()),
    )
    policy = end_waiting(custody, key, ending)
    settle(custody)
    return policy


def _withdrawn(number: int, hash_: str, **more: str) -> Event:
    return Event(WITHDRAWN, ACTOR, {"policy_hash": hash_, "version": number, **more})


# --- what a restore lost ----------------------------------------------------------------------


def adopt_again(custody: Custody, fenced: Mapping[int, PolicyFence]) -> list[int]:
    """Write again the changes that an older ledger does not know; gives their numbers."""
    return write_lost(
        custody,
        fenced,
        {one.policy.number: one.withdrawn_at for one in custody.book.history().versions},
        lambda writing, held: _write_again(custody, writing, held),
        lambda number, held: _withdrawn(number, held.hash, restored="yes"),
    )


def _write_again(custody: Custody, writing: Writing, held: PolicyFence) -> None:
    text = SHELF.bring_back(custody.home, held.hash, withdrawn=held.withdrawn)
    policy = read_change(text)
    when = {"effective_from": stamp(held.effective_from), "restored": "yes"}
    writing.append(Event(CHANGED, ACTOR, _fields(policy) | when))
