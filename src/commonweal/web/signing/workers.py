"""The signer's side of signing: it alone verifies acts and lets the ledger hear of them (S11)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta

from django.db import DatabaseError

from commonweal.foundation.errors import CommonwealError, Refused
from commonweal.papers.acts import Act, Heard, SignedAct, software_signed
from commonweal.vault.custody import Custody
from commonweal.vault.custody.acts import heard_of, record_act, records_about, void_act
from commonweal.web.accounts.people import persona
from commonweal.web.config import clock
from commonweal.web.signing.models import ASKED, SIGNED, KnownRoster
from commonweal.web.signing.models import Act as Row
from commonweal.web.signing.services import is_not_of_the_act, settle

NEW_AT_ONCE, AGAIN_AT_ONCE = 40, 10
"""How many acts are settled before anything else is looked at again: new ones, and those that could
not be settled before. Each kind has its own places, so that neither holds the other up."""
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=1), timedelta(minutes=2)
"""Until an act that could not be settled is tried again: each time twice as long."""
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

    def known(self, act_id: str) -> Heard | None:
        """When the ledger heard of the act with this id; None if it did not."""
        return heard_of(self.custody, act_id)

    def void(self, act_id: str, code: str) -> None:
        """Write that nothing followed from an act that the ledger heard of. Raises `Refused`."""
        void_act(self.custody, act_id, code)

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
    """Settle what is due, what was signed first before the rest; how much it was.

    What cannot be settled comes again later, each time after twice as long, and has places of its
    own: it keeps nothing new from being settled, however much of it there is. The first reason is
    raised only where nothing at all went well and the home itself may be what is wrong.
    """
    room, done = SignerRoom(custody), 0
    failed: Exception | None = None
    for id_ in _due():
        try:
            settle(id_, room)
            done += 1
        except Exception as error:  # noqa: BLE001 (told and put off; the others have their turn)
            _put_off(id_, error)
            failed = failed or error
    if failed is not None and not done and _may_be_the_home(failed):
        raise failed
    return done


def _due() -> list[str]:
    waiting = Row.objects.filter(state__in=(SIGNED, ASKED))
    new = waiting.filter(again_at__isnull=True).order_by("signed_at", "id")
    again = waiting.filter(again_at__lte=clock.now()).order_by("again_at", "id")
    ids = [*new.values_list("pk", flat=True)[:NEW_AT_ONCE]]
    return [*ids, *again.values_list("pk", flat=True)[:AGAIN_AT_ONCE]]


def _put_off(act_id: str, error: Exception) -> None:
    """Note that an act could not be settled, and when it is tried again."""
    code = error.code if isinstance(error, CommonwealError) else "CW-INTERNAL"
    code = "CW-WEB-DATABASE" if isinstance(error, DatabaseError) else code
    row = Row.objects.filter(pk=act_id, state__in=(SIGNED, ASKED)).first()
    if row is None:
        return
    wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(row.tries, 10))
    Row.objects.filter(pk=act_id, state__in=(SIGNED, ASKED)).update(
        tries=row.tries + 1, again_at=clock.now() + wait, trouble=code
    )
    unexpected = not isinstance(error, CommonwealError | DatabaseError)
    _LOG.warning(
        "an act waits",
        exc_info=error if unexpected else None,
        extra={"act": act_id, "code": code, "tries": row.tries + 1},
    )


def _may_be_the_home(error: Exception) -> bool:
    return isinstance(error, DatabaseError) or is_not_of_the_act(error)
