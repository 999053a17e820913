"""The signer's side of signing: it alone verifies acts and lets the ledger hear of them (S11)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from commonweal.foundation.errors import CommonwealError, Refused
from commonweal.papers.acts import Act, Heard, SignedAct, software_signed
from commonweal.vault.custody import Custody
from commonweal.vault.custody.acts import record_act, records_about
from commonweal.web.accounts.people import persona
from commonweal.web.config import clock
from commonweal.web.signing.models import ASKED, SIGNED, KnownRoster
from commonweal.web.signing.models import Act as Row
from commonweal.web.signing.services import settle

AT_ONCE = 50
"""How many acts are settled before anything else is looked at again."""
_LOG = logging.getLogger("commonweal.web.signing")


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

    def hear(self, signed: SignedAct) -> Heard:
        """Verify an act and write that the ledger heard of it; when, and as which entry.

        For one that the ledger knows already nothing is written. Raises as `record_act`.
        """
        known = records_about(self.custody, signed.act.subject)
        if signed.act.id not in known.acts:
            self._record(signed)
            known = records_about(self.custody, signed.act.subject)
        return known.heard(signed).heard

    def _record(self, signed: SignedAct) -> None:
        try:
            record_act(self.custody, signed)
        except Refused as error:
            # Somebody brought it here by hand at the same moment (`commonweal act record`).
            if error.code != "CW-ACT-KNOWN":
                raise


def tell_roster(custody: Custody) -> bool:
    """Tell the service which roster is in force now; True where it did not know that one."""
    found = custody.rosters.history().at(custody.book.now())
    known = KnownRoster.objects.filter(version=found.version).first()
    if known is not None and known.content == found.plain():
        return False
    KnownRoster.objects.update_or_create(
        version=found.version, defaults={"content": found.plain(), "told_at": clock.now()}
    )
    return True


# --- steps of the worker --------------------------------------------------------------------------


def steps(room: str) -> Sequence[Callable[[Custody], int]]:
    """What the signer does: tell of the roster, and settle what people signed."""
    return (tell_of_roster, settle_waiting) if room == "signer" else ()


def tell_of_roster(custody: Custody) -> int:
    """Tell of the roster when another one counts. A home without one has nobody who signs."""
    try:
        return int(tell_roster(custody))
    except Refused as error:
        if error.code != "CW-ROSTER-NONE":
            raise
        return 0


def settle_waiting(custody: Custody) -> int:
    """Settle what waits, what was signed first before the rest; how much it was.

    What cannot be settled now stays, and keeps nothing else from being settled: the first reason
    is raised at the end, so that it is told and tried again.
    """
    waiting = Row.objects.filter(state__in=(SIGNED, ASKED)).order_by("signed_at", "id")
    room, done = SignerRoom(custody), 0
    failed: Exception | None = None
    for id_ in waiting.values_list("pk", flat=True)[:AT_ONCE]:
        try:
            settle(id_, room)
            done += 1
        except Exception as error:  # noqa: BLE001 (raised below, when the others had their turn)
            code = error.code if isinstance(error, CommonwealError) else "CW-INTERNAL"
            _LOG.warning("an act waits", extra={"act": id_, "code": code})
            failed = failed or error
    if failed is not None:
        raise failed
    return done
