"""An open home as the enclave needs it when something is brought in: acts, ledger, permits (S11).

The enclave never sees the custody, and the vault knows neither the rules (who starts the worker
hands them in as a judge) nor the file: only the paper that two people signed, and their acts.
Judging, the record that the acts were used and the event are one transaction.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from commonweal.foundation.errors import Refused
from commonweal.ledger.details import Details
from commonweal.ledger.entry import Actor, Event
from commonweal.papers.act_records import ActRecords
from commonweal.papers.acts import SignedAct
from commonweal.papers.ingress import IngressOffer
from commonweal.papers.roster_history import RosterHistory
from commonweal.papers.trust import TrustPolicy
from commonweal.vault.custody.acts import LEDGER_ROLES, records_about, refuse_void, use_acts
from commonweal.vault.custody.holding import DETAILS_KEY, Custody
from commonweal.vault.custody.permits import find_permit, load_permit
from commonweal.vault.custody.settling import settle

BROUGHT = "reference.brought"


class Approved(Protocol):
    """What a judge found."""

    @property
    def brought_by(self) -> str:
        """Who brought it."""
        ...

    @property
    def role(self) -> str:
        """The role in which they did."""
        ...

    @property
    def approved_by(self) -> str:
        """Who approved it."""
        ...

    @property
    def at(self) -> datetime:
        """When the ledger heard of the approval."""
        ...

    @property
    def acts(self) -> tuple[str, str]:
        """The ids of both acts."""
        ...


class IngressJudge(Protocol):
    """Who knows the rules. Verifies every act itself, and raises a `CommonwealError`."""

    def __call__(
        self,
        offer: IngressOffer,
        acts: Sequence[SignedAct],
        members: Collection[str],
        rosters: RosterHistory,
        trust: TrustPolicy,
        at: datetime,
        *,
        home: str,
        records: ActRecords,
    ) -> Approved:
        """The approval that the acts make."""
        ...


class IngressGround:
    """What `enclave.ingress.let_in` is handed; fits its port `Ground`."""

    def __init__(self, custody: Custody, judge: IngressJudge) -> None:
        self._custody = custody
        self._judge = judge

    def __repr__(self) -> str:
        return f"IngressGround({self._custody.home.id})"

    def approval(self, offer: IngressOffer, acts: Sequence[SignedAct]) -> Approved:
        """The approval of a file by these acts; nothing is written.

        Acts that let this very file in before are looked at as if they had not been used yet, so
        that what was cut off can be finished; `record` says whether it was this file.
        Raises what the judge raises; `Refused` CW-ACT-VOID, CW-PERMIT-UNKNOWN.
        """
        with self._custody.ledger.reading() as connection:
            refuse_void(connection, [one.act.id for one in acts])
        found = records_about(self._custody, offer.id, [offer.digest()])
        return self._judged(offer, acts, _as_unused(found, offer.id), self._custody.book.now())

    def record(self, offer: IngressOffer, acts: Sequence[SignedAct], paper: str) -> None:
        """Write that a file came in, `paper` (the digest of its own paper) sealed with it.

        What was written before with the same paper is not written twice. Raises as `approval`;
        `Refused` CW-INGRESS-NAME for another file of this name, CW-ACT-USED.
        """
        with self._custody.ledger.transaction() as writing:
            before = self._brought(writing.connection, offer.name)
            if before is not None:
                if before != paper:
                    raise Refused(
                        "CW-INGRESS-NAME",
                        f"{offer.name} was brought in before; another version needs another name.",
                    )
                return
            refuse_void(writing.connection, [one.act.id for one in acts])
            records = records_about(self._custody, offer.id, [offer.digest()])
            found = self._judged(offer, acts, records, writing.now())
            use_acts(writing, found.acts, offer.id)
            event = Event(
                BROUGHT,
                Actor(LEDGER_ROLES[found.role], found.brought_by),
                {"reference": offer.name, "kind": offer.kind, "approved_by": found.approved_by},
            )
            key = self._custody.keyring.get(DETAILS_KEY)
            secret = self._custody.keyring.secret_of(key.id).use()
            writing.append(event, Details({"paper": paper}, key.id, secret))
        settle(self._custody)

    def _judged(
        self, offer: IngressOffer, acts: Sequence[SignedAct], records: ActRecords, at: datetime
    ) -> Approved:
        return self._judge(
            offer,
            acts,
            self._members(offer),
            self._custody.rosters.history(),
            self._custody.book.history().in_force(at),
            at,
            home=self._custody.home.id,
            records=records,
        )

    def _members(self, offer: IngressOffer) -> frozenset[str]:
        """Everybody whom the permit of the offer names, by the home's own copy of it."""
        if offer.permit is None:
            return frozenset()
        permit = load_permit(self._custody, find_permit(self._custody, offer.permit))
        return frozenset(one.id for one in permit.people)

    def _brought(self, connection: Any, name: str) -> str | None:
        """The digest of the paper with which a file of this name came in, if one did."""
        rows = connection.execute(
            "SELECT id, body FROM intent WHERE type = ? ORDER BY id", (BROUGHT,)
        ).fetchall()
        for intent, body in rows:
            entry = json.loads(body)
            if entry["reference"] == name:
                secret = self._custody.keyring.secret_of(str(entry["details_key"]))
                said = self._custody.ledger.open_details(intent, secret.use())
                return str(said["paper"])
        return None


def _as_unused(records: ActRecords, subject: str) -> ActRecords:
    found = records.acts.values()
    return ActRecords.of(
        replace(one, used_for=None) if one.used_for == subject else one for one in found
    )
