"""The hands of the made-up people: who acts, at which time, and what the signer makes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from commonweal.foundation.clock import FixedClock
from commonweal.foundation.errors import Failure
from commonweal.foundation.london import london_day
from commonweal.papers.acts import Heard, SignedAct
from commonweal.vault.custody import Custody
from commonweal.vault.custody.acts import record_within
from commonweal.web.accounts.models import User
from commonweal.web.config.workers import steps_of
from commonweal.web.ledgerlink.workers import place_intents
from commonweal.web.signing.models import HEARD, Act
from commonweal.web.signing.services import ask_signature, settle
from commonweal.web.signing.workers import SignerRoom

_A_WHILE = timedelta(minutes=1)


class Room(SignerRoom):
    """The signer, which signs the tree of the log once for many acts (`Hands.signer_works`).

    Each act is verified and heard of by itself, as always; nothing is known of it before.
    """

    def hear(self, signed: SignedAct) -> Heard:
        """Verify an act and write that the ledger heard of it. Raises as `record_within`."""
        with self.custody.ledger.transaction() as writing:
            record_within(self.custody, writing, signed)
        found = self.known(signed.act.id)
        if found is None:
            raise Failure(
                "CW-DEMO-USAGE", "The ledger did not hear of the demonstration's own act."
            )
        return found


@dataclass
class Hands:
    """One clock for the service and the signer. `today`: when the demonstration runs."""

    custody: Custody
    clock: FixedClock
    today: date

    def person(self, who: str) -> User:
        """A made-up person."""
        found: User = User.objects.get(public_id=who)
        return found

    def go_to(self, ago: int, hour: int) -> None:
        """Let the time pass up to that day and hour; never back."""
        at = self.at(ago, hour)
        if at > self.clock.now():
            self.clock.advance(at - self.clock.now())

    def at(self, ago: int, hour: int) -> datetime:
        """That hour of the day so many days before the demonstration runs."""
        return datetime.combine(self.on(ago), time(hour), UTC)

    def on(self, ago: int) -> date:
        """The day so many days before the demonstration runs."""
        return self.today - timedelta(days=ago)

    def now(self) -> datetime:
        """A little later than before: no two things are done at the same moment."""
        self.clock.advance(_A_WHILE)
        return self.clock.now()

    def day(self) -> date:
        """The day that it is in the story."""
        return london_day(self.clock.now())

    def sign(self, act: Act) -> Act:
        """The person signs, and the signer settles it.

        Raises `Failure` CW-DEMO-USAGE if it was refused: then the story is wrong.
        """
        self.now()
        ask_signature(act.person, act.pk)
        settled = settle(act.pk, Room(self.custody))
        if settled.state != HEARD:
            raise Failure(
                "CW-DEMO-USAGE", f"The demonstration's own {act.kind}: {settled.sentence}"
            )
        return settled

    def signer_works(self) -> None:
        """The signer's worker takes each of its steps once, as it does all day."""
        self.now()
        place_intents(self.custody)
        steps: list[Callable[[Any], int]] = steps_of("signer")
        for step in steps:
            step(self.custody)
