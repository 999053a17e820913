"""An open home as the airlock's release worker needs it: its ledger, keys, roster and permits.

The airlock never sees the custody, and the vault knows nothing of outputs but their events.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from commonweal.ledger.details import Details
from commonweal.ledger.outputs import OutputEvent, output_events
from commonweal.ledger.store import Writing
from commonweal.papers.act_records import ActRecords
from commonweal.papers.acts import SignedAct
from commonweal.papers.permit import Permit
from commonweal.papers.roster_history import RosterHistory
from commonweal.papers.trust import TrustPolicy
from commonweal.vault.custody.acts import record_within, records_about, refuse_void, use_acts
from commonweal.vault.custody.holding import DETAILS_KEY, Custody
from commonweal.vault.custody.permits import find_permit, load_permit
from commonweal.vault.custody.replacing import counts_instead
from commonweal.vault.custody.settling import settle


class OutputGround:
    """What `airlock.leaving` is handed; fits its port `Ground`."""

    def __init__(self, custody: Custody) -> None:
        self._custody = custody

    def __repr__(self) -> str:
        return f"OutputGround({self.home})"

    @property
    def home(self) -> str:
        """The id of the home."""
        return self._custody.home.id

    def settle(self) -> None:
        """Place and sign what is written. Raises `Fault` CW-LEDGER-REWOUND, CW-LEDGER-BROKEN."""
        settle(self._custody)

    def now(self) -> datetime:
        """The present, never before what is written. Raises `Unavailable` CW-CLOCK-BEHIND."""
        return self._custody.book.now()

    def transaction(self) -> AbstractContextManager[Writing]:
        """A transaction of the ledger that no other writer can be in."""
        return self._custody.ledger.transaction()

    def rosters(self) -> RosterHistory:
        """Every version of the roster, believed."""
        return self._custody.rosters.history()

    def trust(self, at: datetime) -> TrustPolicy:
        """The trust policy in force."""
        return self._custody.book.history().in_force(at)

    def records(self, output: str) -> ActRecords:
        """What the ledger says of every act about an output."""
        return records_about(self._custody, output)

    def record(self, writing: Writing, signed: SignedAct) -> None:
        """Verify a new act and write that the ledger heard of it.

        One that people signed on the pages the signer has brought to the ledger before (S11): it
        was verified then, and must be that very act. A void one counts against the output as any
        other; `use` refuses it. Raises as `record_within`; `Refused` CW-ACT-NOT-RECORDED for
        another act of its id.
        """
        known = records_about(self._custody, signed.act.subject)
        if signed.act.id in known.acts:
            known.heard(signed)
        else:
            record_within(self._custody, writing, signed)

    def use(self, writing: Writing, acts: Sequence[str], output: str, permit: str) -> None:
        """Write that acts were counted. Raises `Refused` CW-ACT-USED, CW-ACT-VOID."""
        refuse_void(writing.connection, acts)
        use_acts(writing, acts, output, permit=permit)

    def details(self, content: Mapping[str, Any]) -> Details:
        """Details to be sealed with an event."""
        key = self._custody.keyring.get(DETAILS_KEY)
        return Details(content, key.id, self._custody.keyring.secret_of(key.id).use())

    def written(self) -> tuple[OutputEvent, ...]:
        """Every event of an output, in the order of the ledger. Raises those of its details."""
        keyring = self._custody.keyring
        with self._custody.ledger.reading() as connection:
            return output_events(connection, lambda key: keyring.secret_of(key).use())

    def about(self, output: str) -> tuple[OutputEvent, ...]:
        """Every event of one output, in the order of the ledger. Raises as `written`."""
        keyring = self._custody.keyring
        with self._custody.ledger.reading() as connection:
            return output_events(connection, lambda key: keyring.secret_of(key).use(), output)

    def living(self, permit_id: str) -> Permit:
        """The permit under which the project of this one goes on.

        It is followed along the ledger's events that a newer one counts, and never into another
        project. Raises as `permit`.
        """
        found, seen = self.permit(permit_id), {permit_id}
        while (by := counts_instead(self._custody, found.id)) is not None and by not in seen:
            newer = self.permit(by)
            if newer.project.id != found.project.id:
                break
            seen.add(by)
            found = newer
        return found

    def permit(self, permit_id: str) -> Permit:
        """The signed permit of this home, believed. Raises its `Fault`, CW-PERMIT-UNKNOWN."""
        return load_permit(self._custody, find_permit(self._custody, permit_id))
