"""Settling: what was written on the ledger gets its place, its daily seal and its checkpoints.

Here too the house follows its trust policy: the fence learns of each version, keys of the log come
and go as it says, and a version of a key that it retired signs no more.

Done after every command that writes. Cut off anywhere, the next settling goes on; nothing that was
acknowledged is lost by it (ARCHITECTURE rule 2, S9, S17).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from commonweal.foundation.errors import CommonwealError, Unavailable
from commonweal.ledger.entry import Actor, Event
from commonweal.ledger.events import TERMINAL, Log
from commonweal.ledger.log_keys import add_log_key, log_key_order, retire_log_key
from commonweal.ledger.marks import seal_day
from commonweal.ledger.sequencer import sequence
from commonweal.ledger.signer import CheckpointSigner
from commonweal.papers.trust import raw_public
from commonweal.vault.custody.holding import LEDGER_KEY
from commonweal.vault.keys.fence import PolicyFence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commonweal.vault.custody.holding import Custody

_ACTOR = Actor("custodian", "command-line")
_WAIT_SECONDS = 10.0
_PAUSE_SECONDS = 0.05


@dataclass(frozen=True)
class Settled:
    """What a settling did. `notes`: the signed checkpoint of each log; `sealed`: a new day."""

    placed: int
    sealed: bool
    notes: Mapping[Log, str]


def checkpoint_signer(custody: Custody) -> CheckpointSigner:
    """The signer of this home's checkpoints; its memory lies in the root store.

    It signs with every key of the log that is in use, the newest first.
    """
    with custody.ledger.reading() as connection:
        order = log_key_order(connection)
    versions = custody.keyring.versions(LEDGER_KEY)
    used = [
        one for one in versions
        if one.verification_key not in order.retired
        and (one.version == 1 or one.verification_key in order.added)
    ]  # fmt: skip
    signers = [custody.keyring.signer_of(one.id) for one in reversed(used)]
    if not signers:
        raise Unavailable(
            "CW-KEY-UNAVAILABLE",
            "No key of the ledger that is in use is in this home, so it cannot be signed.",
            remedy="Restore a backup that was made after the ledger's key was replaced.",
        )
    memory = custody.home.root_store / "signer"
    first, *also = signers
    return CheckpointSigner(custody.base, first, memory, also=also, known=custody.ledger_keys)


def settle(custody: Custody) -> Settled:
    """Place all intents, write the daily seal, sign both logs; end replacements of permits.

    Waits up to ten seconds for another process that signs. Raises `Fault` CW-LEDGER-REWOUND or
    CW-LEDGER-BROKEN, `Unavailable` CW-BUSY or CW-CLOCK-BEHIND.
    """
    sealed = seal_day(custody.ledger) is not None
    _follow_log_keys(custody)
    placed = sequence(custody.ledger)
    notes = _sign(custody)
    settle_replaced(custody)
    _follow_policy(custody)
    _follow_roster(custody)
    return Settled(placed, sealed, notes)


@contextlib.contextmanager
def settled(custody: Custody) -> Iterator[None]:
    """Settle after the block, and also when it was refused: the refusal stands on the ledger too.

    Then the refusal is what is raised; whatever stays unsettled the next settling places.
    """
    try:
        yield
    except CommonwealError:
        with contextlib.suppress(CommonwealError):
            settle(custody)
        raise
    settle(custody)


def _sign(custody: Custody) -> Mapping[Log, str]:
    signer = checkpoint_signer(custody)
    ends = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            return signer.sign_all(custody.ledger)
        except Unavailable as error:
            if error.code != "CW-BUSY" or time.monotonic() > ends:
                raise
        time.sleep(_PAUSE_SECONDS)


def _follow_log_keys(custody: Custody) -> None:
    """Let keys of the log come and go as the policy in force says.

    A new key signs from the entry that names it. Before an old one goes there is a checkpoint with
    both, so that whoever trusts the old one can follow.
    """
    wanted = custody.trust.log_keys
    if wanted is None:
        return
    first = custody.keyring.versions(LEDGER_KEY)[0].id
    now = custody.book.now()
    for key in wanted:
        if key.id != first:
            add_log_key(custody.ledger, key.id, raw_public(key.public_key))
    with custody.ledger.reading() as connection:
        order = log_key_order(connection)
    here = {info.id for info in custody.keyring.versions(LEDGER_KEY) if info.state == "active"}
    ending = [
        key for key in wanted
        if key.signs_until is not None and key.signs_until <= now and key.id in here
        and raw_public(key.public_key) not in order.retired
    ]  # fmt: skip
    if not here & ({key.id for key in wanted} - {key.id for key in ending}):
        # A restore that is older than the new key: a ledger that nobody could sign helps no one.
        ending = []
    if ending:
        sequence(custody.ledger)
        _sign(custody)
    for key in ending:
        retire_log_key(custody.ledger, key.id, raw_public(key.public_key))
        _retire(custody, key.id)


def _follow_policy(custody: Custody) -> None:
    """Let the fence know each version, and retired versions of keys sign no more."""
    versions = custody.book.history().versions[1:]
    custody.keyring.fence.record_policies({
        one.policy.number: PolicyFence(
            one.policy.digest(), one.adopted_at, one.effective_from, one.withdrawn_at is not None
        )
        for one in versions
    })  # fmt: skip
    held = {info.id for info in custody.keyring.list() if info.state == "active"}
    gone = [one.id for one in custody.trust.retired or () if one.id in held]
    for key_id in gone:
        _retire(custody, key_id)
    if gone:
        sequence(custody.ledger)
        _sign(custody)


def _follow_roster(custody: Custody) -> None:
    """Let the fence know each version of the roster."""
    versions = custody.rosters.history().versions
    if versions:
        custody.keyring.fence.record_rosters({
            one.roster.version: PolicyFence(
                one.roster.digest(), one.adopted_at, one.effective_from,
                one.withdrawn_at is not None,
            )
            for one in versions
        })  # fmt: skip


def _retire(custody: Custody, key_id: str) -> None:
    """Retire one version here, with an entry on the sealed log; once."""
    info = custody.keyring.of_id(key_id)
    if info.state == "active":
        fields = {"key": info.id, "purpose": info.purpose, "version": info.version}
        custody.ledger.append(Event("key.retired", _ACTOR, fields))
        custody.keyring.retire_version(key_id)


def settle_replaced(custody: Custody) -> None:
    """End what the fence holds of permits that were about to be replaced, as the ledger says.

    Only after the signer has found that this ledger continues what it signed. A permit that the
    ledger does not know stays fenced.
    """
    if not custody.keyring.fence.read().replacing:
        return
    # Within a transaction: nobody is between the fence and the end of an issue.
    with custody.ledger.transaction() as writing:
        for permit_id in custody.keyring.fence.read().replacing:
            standing = writing.permit_standing(permit_id)
            replaced = standing is None or standing.state in TERMINAL
            custody.keyring.fence.end_replacing(permit_id, replaced=replaced)
