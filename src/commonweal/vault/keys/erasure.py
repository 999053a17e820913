"""Erasing details so that no restore brings them back (S10, S20): first the fence, then the ledger.

Cut off between the two, the details are still there and the fence already says that they must
not be: asking again, or a restore, finishes it.
"""

from __future__ import annotations

from commonweal.foundation.errors import Fault
from commonweal.ledger.store import Ledger
from commonweal.vault.keys.fence import Fence


def erase_details(ledger: Ledger, fence: Fence, intent_id: int) -> None:
    """Erase the details of one intent here and in every restore to come.

    Raises `Fault` CW-LEDGER-DETAIL-INVALID if there is no such intent, and what
    `Ledger.erase_details` raises.
    """
    with ledger.reading() as connection:
        found = connection.execute(
            "SELECT body_hash FROM intent JOIN detail ON intent_id = id WHERE id = ?", (intent_id,)
        ).fetchone()
    if found is None:
        raise Fault("CW-LEDGER-DETAIL-INVALID", "There is no intent with details to erase.")
    fence.record_erased(found[0])
    ledger.erase_details(intent_id)
