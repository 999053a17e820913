"""Settling: what was written on the ledger gets its place, its daily seal and its checkpoints.

Done after every command that writes. Cut off anywhere, the next settling goes on; nothing that was
acknowledged is lost by it (ARCHITECTURE rule 2, S9, S17).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from commonweal.foundation.errors import Unavailable
from commonweal.ledger.events import TERMINAL, Log
from commonweal.ledger.marks import seal_day
from commonweal.ledger.sequencer import sequence
from commonweal.ledger.signer import CheckpointSigner
from commonweal.vault.custody.holding import LEDGER_KEY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commonweal.vault.custody.holding import Custody

_WAIT_SECONDS = 10.0
_PAUSE_SECONDS = 0.05


@dataclass(frozen=True)
class Settled:
    """What a settling did. `notes`: the signed checkpoint of each log; `sealed`: a new day."""

    placed: int
    sealed: bool
    notes: Mapping[Log, str]


def checkpoint_signer(custody: Custody) -> CheckpointSigner:
    """The signer of this home's checkpoints; its memory lies in the root store."""
    signer = custody.keyring.checkpoint_signer(LEDGER_KEY)
    return CheckpointSigner(custody.base, signer, custody.home.root_store / "signer")


def settle(custody: Custody) -> Settled:
    """Place all intents, write the daily seal, sign both logs; end replacements of permits.

    Waits up to ten seconds for another process that signs. Raises `Fault` CW-LEDGER-REWOUND or
    CW-LEDGER-BROKEN, `Unavailable` CW-BUSY or CW-CLOCK-BEHIND.
    """
    sealed = seal_day(custody.ledger) is not None
    placed = sequence(custody.ledger)
    signer = checkpoint_signer(custody)
    ends = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            notes = signer.sign_all(custody.ledger)
            break
        except Unavailable as error:
            if error.code != "CW-BUSY" or time.monotonic() > ends:
                raise
        time.sleep(_PAUSE_SECONDS)
    settle_replaced(custody)
    return Settled(placed, sealed, notes)


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
