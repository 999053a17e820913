"""The next month of a standing output: made from its layout, judged, audited, and put forward.

What comes out is a proposal like any other. A month whose verdict is `pass` and whose groups are
those that were approved needs no new look at the layout; whether it leaves is decided where outputs
leave. Everything else is for a person, with the reasons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from commonweal.airlock.audit.history import History
from commonweal.airlock.audit.running import Result, audit, read_proposals
from commonweal.airlock.audit.values import Dominance
from commonweal.airlock.audit.writing import NewTable, write_output
from commonweal.airlock.figures import Table
from commonweal.airlock.profile import Outcome, RuleProfile
from commonweal.airlock.rules.findings import Finding, verdict_of
from commonweal.airlock.rules.judging import judge
from commonweal.foundation.errors import Refused
from commonweal.foundation.london import london_day
from commonweal.papers.output_request import OutputRequest
from commonweal.papers.standing import StandingOutput


class Session(Protocol):
    """What a standing output needs of a session over an opened release."""

    def protected(self, request: OutputRequest, profile: RuleProfile) -> Table:
        """The table that a request asks for, with the protection that it asks for."""
        ...

    def cells(self, table: Table, audit_map: Path) -> Sequence[NewTable]:
        """A recomputed table in the form of the audit."""
        ...


@dataclass(frozen=True)
class MonthProposal:
    """A month's table, with what the rules and the audit found. folder: the proposal, as the audit
    reads it; cells: what was written into it. new_groups: groups that nobody has approved, by the
    name of their side; each is among the findings, for a person to look at."""

    month: str
    request: OutputRequest
    table: Table
    findings: tuple[Finding, ...]
    audited: Result
    folder: Path
    cells: tuple[NewTable, ...]
    new_groups: tuple[tuple[str, str], ...]

    @property
    def verdict(self) -> Outcome:
        """The worse of rules and audit; at least `review` where there is a new group."""
        order: tuple[Outcome, ...] = ("pass", "review", "fail")
        return max(verdict_of(self.findings), self.audited.verdict, key=order.index)


def make_month(
    standing: StandingOutput,
    session: Session,
    audit_map: Path,
    earlier: History,
    proposals: Path,
    profile: RuleProfile,
    at: datetime,
    given_up: frozenset[str] = frozenset(),
) -> MonthProposal:
    """Make the month that is due and put it into a new folder below `proposals`, which lies in
    memory.

    `earlier`: everything that has left. `given_up`: months that people have said are not to be
    made, so that one that may not leave does not hold up those after it.
    Raises `Refused` CW-STANDING-DUE where no month is due, and what recomputing and audit raise.
    """
    left = {pin.output for pin in earlier.pins()}
    gone = left | {standing.output(month) for month in given_up}
    month = standing.due(london_day(at), frozenset(gone))
    if month is None:
        raise nothing_due(standing.id)
    request = standing.request(month)
    table = session.protected(request, profile)
    new = _new_groups(standing, table)
    findings = (*judge(table, profile), *(_unapproved(table, *one) for one in new))
    cells = tuple(session.cells(table, audit_map))
    name = standing.output(month)
    write_output(proposals, name, request.title, at, cells)
    loaded = read_proposals([proposals / name], earlier)
    audited = audit(earlier, loaded, threshold=profile.threshold, dominance=Dominance.of(profile))
    return MonthProposal(month, request, table, findings, audited, proposals / name, cells, new)


def nothing_due(standing: str) -> Refused:
    """That a standing output has no month that can be made now."""
    return Refused(
        "CW-STANDING-DUE",
        f"No month of {standing} is due: its months were made, or are not complete yet.",
    )


def _new_groups(standing: StandingOutput, table: Table) -> tuple[tuple[str, str], ...]:
    found = []
    for axis, approved in zip(table.axes, standing.groups, strict=True):
        known = set(approved.labels)
        found += [
            (axis.name, axis.label(place))
            for place, label in enumerate(axis.labels)
            if label not in known
        ]
    return tuple(found)


def _unapproved(table: Table, side: str, label: str) -> Finding:
    where = {"table": table.name, "side": side, "group": label}
    return Finding("group", "Frequencies", "review", where)
