"""The signer's side of signing: it alone verifies acts and lets the ledger hear of them (S11)."""

from __future__ import annotations

from commonweal.foundation.errors import Refused
from commonweal.papers.acts import Act, SignedAct, software_signed
from commonweal.vault.custody import Custody
from commonweal.vault.custody.acts import record_act, records_about
from commonweal.web.accounts.people import persona
from commonweal.web.config import clock
from commonweal.web.signing.models import KnownRoster


class SignerRoom:
    """An opened home with its keys, for `services.settle`."""

    def __init__(self, custody: Custody) -> None:
        self.custody = custody

    def sign(self, act: Act) -> SignedAct:
        """Sign for a made-up person, with the key that a demonstration keeps for them.

        Raises `Refused` CW-ACT-SOFTWARE-KEY anywhere else, and what the keyring raises.
        """
        if self.custody.trust.home != "demo" or persona(act.actor) is None:
            raise Refused(
                "CW-ACT-SOFTWARE-KEY", "Keys that the system keeps decide in a demonstration only."
            )
        return software_signed(act, self.custody.signer(act.actor), act.at)

    def hear(self, signed: SignedAct) -> None:
        """Verify an act and write that the ledger heard of it. Raises as `record_act`."""
        known = records_about(self.custody, signed.act.subject)
        if signed.act.id in known.acts:
            known.heard(signed)
        else:
            record_act(self.custody, signed)


def tell_roster(custody: Custody) -> None:
    """Tell the service which roster is in force now."""
    found = custody.rosters.history().at(custody.book.now())
    KnownRoster.objects.update_or_create(
        version=found.version, defaults={"content": found.plain(), "told_at": clock.now()}
    )
