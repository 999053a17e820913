"""Which keys the service's signer signs permits with: a setting of the home, on its ledger.

The command `permit issue` is told its keys each time. The service has nobody to ask, so whoever
runs the home says it once; the names stand in the sealed details of an entry. A demonstration signs
with the key that it was made with until somebody names others.
"""

from __future__ import annotations

from collections.abc import Sequence

from commonweal.foundation.errors import Refused
from commonweal.ledger.details import Details
from commonweal.ledger.entry import Actor, Event
from commonweal.vault.custody.holding import DETAILS_KEY, PERMIT_SIGNER, Custody
from commonweal.vault.custody.settling import settle

EVENT = "signers.named"
ACTOR = Actor("custodian", "command-line")


def name_signers(custody: Custody, names: Sequence[str]) -> int:
    """Record the keys that the service signs permits with; returns the intent id.

    Raises `Refused` CW-PERMIT-SIGNERS for none or for one named twice, and what `Custody.signer`
    raises for a key that is not there.
    """
    if not names or len(set(names)) != len(names):
        raise Refused("CW-PERMIT-SIGNERS", "Name at least one key, and each once.")
    for name in names:
        custody.signer(name)
    key = custody.keyring.get(DETAILS_KEY)
    details = Details({"keys": list(names)}, key.id, custody.keyring.secret_of(key.id).use())
    entry = custody.ledger.append(Event(EVENT, ACTOR, {"keys": len(names)}), details)
    settle(custody)
    return entry


def named_signers(custody: Custody) -> tuple[str, ...]:
    """The names of the keys. Raises `Refused` CW-PERMIT-SIGNERS where nobody named any."""
    with custody.ledger.reading() as connection:
        found = connection.execute(
            "SELECT intent.id, key_id FROM intent JOIN detail ON intent_id = intent.id "
            "WHERE type = ? ORDER BY intent.id DESC LIMIT 1",
            (EVENT,),
        ).fetchone()
    if found is not None:
        said = custody.ledger.open_details(found[0], custody.keyring.secret_of(found[1]).use())
        return tuple(str(name) for name in said["keys"])
    if custody.home.kind == "demo":
        return (PERMIT_SIGNER,)
    raise Refused(
        "CW-PERMIT-SIGNERS",
        "Nobody has said which keys the service signs permits with.",
        remedy="Name them once with `commonweal permit signers --key NAME`.",
    )
