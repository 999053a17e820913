"""What a project may spend and has spent: on the ledger, in whole millionths, never in memory.

A spend is written in one transaction in which everything that was spent before is added up, and
the ledger lets one writer in at a time; so two at once can never spend what only one may. A spend
that was followed by a crash stays spent.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import Refused
from commonweal.ledger.details import commitment
from commonweal.ledger.entry import Actor, Event
from commonweal.ledger.store import Ledger
from commonweal.papers.noise import MILLION, NoiseBudget, NoisyRequest, millionths
from commonweal.papers.signing import Trust

SET, SPENT, DRAWN = "noise.budget_set", "noise.spent", "noise.drawn"
AIRLOCK = Actor("system", "airlock")


@dataclass(frozen=True)
class Standing:
    """Of one project, in millionths of epsilon. budget: None where nobody has set one."""

    budget: int | None
    spent: int

    @property
    def left(self) -> int:
        """What can still be spent; a budget that became smaller leaves nothing, never less."""
        return max(0, (self.budget or 0) - self.spent)


def set_budget(ledger: Ledger, signed: str | bytes, trust: Trust, by: Actor) -> NoiseBudget:
    """Put a signed budget in force. The newest counts; what was spent stays spent.

    Raises what `NoiseBudget.load` does, and `Refused` CW-PERMIT-NOT-LIVE where its permit is not
    active.
    """
    budget = NoiseBudget.load(signed, trust)
    fields = {
        "permit": budget.permit_id,
        "project": budget.project,
        "millionths": millionths(budget.epsilon),
    }
    ledger.append(Event(SET, by, fields))
    return budget


def standing_of(ledger: Ledger, project: str) -> Standing:
    """What a project may spend and has spent."""
    with ledger.reading() as connection:
        return _standing(connection, project)


def spend(ledger: Ledger, permit: str, project: str, release: str, request: NoisyRequest) -> int:
    """Pay for a request, durably; gives the number of the entry.

    Raises `Refused` CW-NOISE-BUDGET where what is left does not reach, CW-PERMIT-NOT-LIVE.
    """
    salt = secrets.token_bytes(32)
    fields = {
        "permit": permit,
        "project": project,
        "release": release,
        "millionths": request.cost,
        # For a salt that nobody keeps: it only shows that something was asked for.
        "request": commitment(salt, request.canonical()),
    }
    with ledger.transaction() as writing:
        standing = _standing(writing.connection, project)
        if request.cost > standing.left:
            raise _over(standing, request.cost)
        return writing.append(Event(SPENT, AIRLOCK, fields))


def drawn(ledger: Ledger, spend_entry: int) -> Mapping[str, Any] | None:
    """The entry that says what was drawn for a spend, or None."""
    with ledger.reading() as connection:
        for one in _entries(connection, DRAWN):
            if one["spend"] == spend_entry:
                return one
    return None


def _standing(connection: sqlite3.Connection, project: str) -> Standing:
    budgets = [one["millionths"] for one in _entries(connection, SET) if one["project"] == project]
    spends = [one["millionths"] for one in _entries(connection, SPENT) if one["project"] == project]
    return Standing(budgets[-1] if budgets else None, sum(spends))


def _entries(connection: sqlite3.Connection, type_: str) -> list[Mapping[str, Any]]:
    rows = connection.execute("SELECT body FROM intent WHERE type = ? ORDER BY id", (type_,))
    return [parse_json(body, "An entry") for (body,) in rows]


def _over(standing: Standing, cost: int) -> Refused:
    if standing.budget is None:
        return Refused(
            "CW-NOISE-BUDGET",
            "The project has no budget for noisy counts.",
            remedy="People who may sign permits can set one.",
        )
    return Refused(
        "CW-NOISE-BUDGET",
        f"This would spend an epsilon of {cost / MILLION:g}, and {standing.left / MILLION:g} of "
        f"{standing.budget / MILLION:g} is left.",
    )
