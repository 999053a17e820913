"""Which roster counts when (S11).

An act is judged by the roster that was in force when the ledger heard of it: a signer can write any
time into an act, and cannot choose that. A credential that others may hold counts only for acts
that the ledger heard of before the time that is stated.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from commonweal.foundation.errors import Refused
from commonweal.papers.roster import Roster
from commonweal.papers.versions import newest_in_force, waiting


@dataclass(frozen=True)
class RosterVersion:
    """One version: when it was adopted, from when on it counts, and when it was withdrawn.

    `entry`: the number of the ledger's intent that adopted it.
    """

    roster: Roster
    adopted_at: datetime
    effective_from: datetime
    withdrawn_at: datetime | None = None
    entry: int = 0


@dataclass(frozen=True)
class RosterHistory:
    """Every version of a home's roster in the order of the ledger. There may be none yet."""

    versions: tuple[RosterVersion, ...] = ()

    def at(self, moment: datetime, entry: int | None = None) -> Roster:
        """The roster in force at `moment`, or for the intent `entry` that was written then.

        Raises `Refused` CW-ROSTER-NONE where there was none.
        """
        found = newest_in_force(self.versions, moment, entry)
        if found is None:
            raise Refused(
                "CW-ROSTER-NONE",
                "There is no roster in force, so nobody's act can count.",
                remedy="Propose one with `commonweal people propose`, and let two people sign it.",
            )
        return found.roster

    def in_force(self, moment: datetime) -> Roster | None:
        """The roster in force at `moment`, or None."""
        found = self.newest(moment)
        return None if found is None else found.roster

    def newest(self, moment: datetime) -> RosterVersion | None:
        """The version in force at `moment`, or None."""
        return newest_in_force(self.versions, moment)

    def pending(self, moment: datetime) -> RosterVersion | None:
        """The version that was adopted and does not count yet, or None."""
        return waiting(self.versions, moment)

    @property
    def next_number(self) -> int:
        """The number of the next version: numbers of withdrawn ones are not used again."""
        return max((one.roster.version for one in self.versions), default=0) + 1

    @property
    def compromised(self) -> dict[str, datetime]:
        """Credential id to since when others may hold it, by all versions not withdrawn.

        Taking trust away does not wait: a version that was adopted says so at once.
        """
        found: dict[str, datetime] = {}
        for version in self.versions:
            for one in version.roster.retired:
                if version.withdrawn_at is None and one.since is not None:
                    found[one.id] = min(one.since, found.get(one.id, one.since))
        return found
