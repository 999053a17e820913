"""The versions of a home's roster, each believed for its own reasons (S11).

A version is a signed paper, `rosters/<digest>.jws`. The event that adopted it holds its number on
the public log and its digest in the sealed details: names of people are on no log. It is signed by
two of those who could change the trust policy then. So neither files nor database alone can put a
person on the committee. A copy of each paper lies in the root store, and the fence knows every
version.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from commonweal.foundation.clock import Clock
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.ledger.details import open_details
from commonweal.ledger.entry import read_entry
from commonweal.ledger.roster_order import roster_order
from commonweal.ledger.store import Ledger
from commonweal.ledger.version_order import VersionStep
from commonweal.papers.roster import Roster
from commonweal.papers.roster_change import open_change, open_withdrawal
from commonweal.papers.roster_history import RosterHistory, RosterVersion
from commonweal.papers.trust_history import TrustHistory, TrustView
from commonweal.vault.custody import version_papers
from commonweal.vault.custody.policies import TrustBook
from commonweal.vault.custody.version_papers import (
    WITHDRAWN_ENDING,
    Fenced,
    Shelf,
    VersionBook,
    adopted_at,
    counts_from,
    require_waiting,
)
from commonweal.vault.home import Home
from commonweal.vault.keys import Keyring
from commonweal.vault.keys.fence import PolicyFence

ROSTERS = "rosters"


def changed(why: str) -> Fault:
    """The fault of a roster that is not the one on the ledger."""
    return Fault(
        "CW-ROSTER-CHANGED",
        f"The roster of this home was changed: {why}.",
        remedy="Do not use this home; restore a backup and find out what happened.",
    )


SHELF = Shelf(ROSTERS, "The roster", changed)


class RosterBook(VersionBook[RosterHistory]):
    """The roster of an open home, read anew when the ledger has grown."""

    def __init__(
        self, home: Home, ledger: Ledger, clock: Clock, keyring: Keyring, trust: TrustBook
    ) -> None:
        super().__init__(home, ledger, clock, "roster.")
        self._keyring = keyring
        self._trust = trust

    def _load(self, connection: sqlite3.Connection) -> RosterHistory:
        return self._read(connection)

    def history(self) -> RosterHistory:
        """Every version. Raises `Fault` CW-ROSTER-CHANGED; CW-LEDGER-REWOUND where the fence knows
        a version that the ledger does not."""
        found = super().history()
        require_fenced(found, self._keyring.fence.read().rosters)
        return found

    def unfenced(self) -> RosterHistory:
        """Every version that the ledger has, whatever the fence knows beside them."""
        return super().history()

    def _read(self, connection: sqlite3.Connection) -> RosterHistory:
        order, wrong = roster_order(connection)
        if wrong is not None:
            raise changed(wrong)
        fenced = self._keyring.fence.read().rosters
        history = RosterHistory()
        for step in order.steps:
            try:
                version = self._version(connection, history, step, fenced.get(step.version))
            except CommonwealError as error:
                if error.code == "CW-ROSTER-CHANGED":
                    raise
                raise changed(f"version {step.version} is not believed ({error.code})") from error
            history = RosterHistory((*history.versions, version))
        return history

    def _version(
        self,
        connection: sqlite3.Connection,
        history: RosterHistory,
        step: VersionStep,
        held: PolicyFence | None,
    ) -> RosterVersion:
        digest = self._digest(connection, step.intent_id)
        adopted = adopted_at(step, digest, held)
        view = self._view(self._trust.history(), step, adopted)
        before = history.newest(adopted)
        follows = None if before is None else before.effective_from
        begins = counts_from(step, digest, held, view.policy.delay, SHELF, follows=follows)
        roster = open_change(
            SHELF.read(self._home, digest), view, history.in_force(adopted), step.version,
            self._home.id, adopted, lapses=not step.restored,
        )  # fmt: skip
        if roster.digest() != digest:
            raise changed(f"version {step.version} is not the one on the ledger")
        if step.withdrawn_at is not None:
            self._check_withdrawn(roster, digest, adopted, step.withdrawn_at)
            require_waiting(step, digest, held, begins, SHELF)
        return RosterVersion(roster, adopted, begins, step.withdrawn_at, step.intent_id)

    def _view(self, trust: TrustHistory, step: VersionStep, adopted: datetime) -> TrustView:
        """Who was believed when the version was adopted."""
        if adopted != step.at:
            # Written again after a restore: the numbers of intents are not those of that time.
            return trust.recorded(adopted)
        return trust.recorded(step.at, step.intent_id)

    def _check_withdrawn(
        self, roster: Roster, digest: str, adopted: datetime, at: datetime
    ) -> None:
        """The withdrawal is signed by somebody who could sign it then, or (where the ledger heard
        of it again after a restore) when the roster was adopted."""
        word = SHELF.read(self._home, digest, WITHDRAWN_ENDING)
        trust = self._trust.history()
        try:
            open_withdrawal(word, trust.recorded(at), roster, at)
        except CommonwealError:
            open_withdrawal(word, trust.recorded(adopted), roster, at)

    def _digest(self, connection: sqlite3.Connection, intent_id: int) -> str:
        row = connection.execute(
            "SELECT body, key_id, ciphertext FROM intent JOIN detail ON intent_id = intent.id "
            "WHERE intent.id = ?",
            (intent_id,),
        ).fetchone()
        if row is None or row[2] is None:
            raise changed("the ledger's word on one of its versions was erased")
        written = read_entry(row[0]).get("details", "")
        key = self._keyring.secret_of(row[1]).use()
        details = cast("Mapping[str, Any]", open_details(row[2], row[1], key, written))
        return str(details.get("roster"))


def require_fenced(history: RosterHistory, fenced: Fenced) -> None:
    """Refuse a history that lacks what the fence knows. Raises `Fault` CW-LEDGER-REWOUND."""
    known = {
        one.roster.version: (one.roster.digest(), one.withdrawn_at) for one in history.versions
    }
    version_papers.require_fenced(known, fenced, "the roster")
