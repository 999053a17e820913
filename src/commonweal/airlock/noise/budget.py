"""What a project may spend and has spent, and all projects together on the same people: on the
ledger, in whole millionths, never in memory.

Epsilons add up over projects too: whoever has the answers of two can average their noise away. So
a spend needs room in both budgets, the project's and that of the people of its dataset.

A spend is written in one transaction in which everything that was spent before is added up, and
the ledger lets one writer in at a time; so two at once can never spend what only one may. A spend
that was followed by a crash stays spent, and is never drawn for later: nobody can know whether
somebody saw the first draw. A question is asked twice for nothing only where its answer is kept.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.clock import parse_stamp
from commonweal.foundation.errors import Fault, Refused
from commonweal.ledger.details import commitment
from commonweal.ledger.entry import Actor, Event
from commonweal.ledger.store import Ledger
from commonweal.papers.noise import (
    MILLION,
    NoiseBudget,
    NoisyAnswer,
    NoisyRequest,
    PeopleBudget,
    millionths,
)
from commonweal.papers.signing import Trust

SET, SPENT, DRAWN = "noise.budget_set", "noise.spent", "noise.drawn"
PEOPLE_SET = "noise.people_budget_set"
AIRLOCK = Actor("system", "airlock")


@dataclass(frozen=True)
class Standing:
    """Of one project, or of one dataset's people, in millionths of epsilon. budget: None where
    nobody has set one."""

    budget: int | None
    spent: int

    @property
    def left(self) -> int:
        """What can still be spent; a budget that became smaller leaves nothing, never less."""
        return max(0, (self.budget or 0) - self.spent)


def set_budget(ledger: Ledger, signed: str | bytes, trust: Trust, by: Actor) -> NoiseBudget:
    """Put a signed budget in force. The newest counts; what was spent stays spent.

    Raises what `NoiseBudget.load` does, `Refused` CW-PERMIT-NOT-LIVE where its permit is not
    active, CW-NOISE-OLD for one that was signed before the one in force.
    """
    budget = NoiseBudget.load(signed, trust)
    fields = {
        "permit": budget.permit_id,
        "project": budget.project,
        "millionths": millionths(budget.epsilon),
    }
    _set(ledger, Event(SET, by, fields), "project", budget.stated_at)
    return budget


def set_people_budget(ledger: Ledger, signed: str | bytes, trust: Trust, by: Actor) -> PeopleBudget:
    """Put the custodian's budget for a dataset's people in force; it counts over all projects.

    Raises what `PeopleBudget.load` does, and `Refused` CW-NOISE-OLD for one that was signed before
    the one in force.
    """
    budget = PeopleBudget.load(signed, trust)
    fields = {"dataset": budget.dataset, "millionths": millionths(budget.epsilon)}
    _set(ledger, Event(PEOPLE_SET, by, fields), "dataset", budget.stated_at)
    return budget


def _set(ledger: Ledger, event: Event, whose: str, stated_at: datetime) -> None:
    """Write a budget, unless one was set after it was signed: who finds an old paper, or brings
    one a second time, cannot raise the budget with it."""
    with ledger.transaction() as writing:
        set_at = [
            at
            for one, at in _dated(writing.connection, event.type)
            if one[whose] == event.fields[whose]
        ]
        if set_at and stated_at < parse_stamp(set_at[-1]):
            raise Refused(
                "CW-NOISE-OLD",
                f"A budget for this {whose} was set after this one was signed, or this very one.",
                remedy="Sign a new one.",
            )
        writing.append(event)


def people_standing_of(ledger: Ledger, dataset: str) -> Standing:
    """What all projects together may spend on the people of a dataset, and have spent."""
    with ledger.reading() as connection:
        return _people_standing(connection, dataset)


def standing_of(ledger: Ledger, project: str) -> Standing:
    """What a project may spend and has spent."""
    with ledger.reading() as connection:
        return _standing(connection, project)


@dataclass(frozen=True)
class Asker:
    """Who pays: a permit, its project, the dataset whose people are counted, and the release."""

    permit: str
    project: str
    dataset: str
    release: str


def spend(ledger: Ledger, asker: Asker, request: NoisyRequest) -> int:
    """Pay for a request, durably, from both budgets; gives the number of the entry.

    In one transaction: what the project has left and what is left for these people over all
    projects. Raises `Refused` CW-NOISE-BUDGET, CW-NOISE-PEOPLE where one of them does not reach,
    CW-PERMIT-NOT-LIVE.
    """
    salt = secrets.token_bytes(32)
    fields = {
        "permit": asker.permit,
        "project": asker.project,
        "dataset": asker.dataset,
        "release": asker.release,
        "millionths": request.cost,
        # For a salt that nobody keeps: it only shows that something was asked for.
        "request": commitment(salt, request.canonical()),
    }
    with ledger.transaction() as writing:
        standing = _standing(writing.connection, asker.project)
        if request.cost > standing.left:
            raise _over(standing, request.cost)
        together = _people_standing(writing.connection, asker.dataset)
        if request.cost > together.left:
            raise _over_people(together, request.cost)
        return writing.append(Event(SPENT, AIRLOCK, fields))


def tell_drawn(ledger: Ledger, answer: NoisyAnswer, committed: str) -> None:
    """Commit the ledger to what was drawn for a spend: once, however often it is told.

    Raises `Fault` CW-NOISE-BROKEN where nothing of the kind was paid for, or noise was drawn for it
    already: one spend pays for one answer.
    """
    fields = {
        "permit": answer.permit_id,
        "project": answer.project,
        "spend": answer.spend,
        "answer": committed,
    }
    with ledger.transaction() as writing:
        paid = _paid(writing.connection, answer.spend)
        theirs = {"permit": answer.permit_id, "project": answer.project,
                  "release": answer.release, "millionths": answer.request.cost}  # fmt: skip
        told = any(one["spend"] == answer.spend for one in _entries(writing.connection, DRAWN))
        if told or paid is None or any(paid[name] != said for name, said in theirs.items()):
            raise Fault(
                "CW-NOISE-BROKEN",
                f"Entry {answer.spend} of the ledger does not pay for this answer.",
                remedy="Ask again; it is paid for once more.",
            )
        writing.append(Event(DRAWN, AIRLOCK, fields))


def _paid(connection: sqlite3.Connection, entry: int) -> Mapping[str, Any] | None:
    rows = connection.execute("SELECT body FROM intent WHERE id = ? AND type = ?", (entry, SPENT))
    found = rows.fetchone()
    return None if found is None else parse_json(found[0], "An entry")


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


def _people_standing(connection: sqlite3.Connection, dataset: str) -> Standing:
    """A spend that does not say whose people it was about counts for everybody."""
    budgets = [one for one in _entries(connection, PEOPLE_SET) if one["dataset"] == dataset]
    spends = [
        one["millionths"]
        for one in _entries(connection, SPENT)
        if one.get("dataset", dataset) == dataset
    ]
    return Standing(budgets[-1]["millionths"] if budgets else None, sum(spends))


def _entries(connection: sqlite3.Connection, type_: str) -> list[Mapping[str, Any]]:
    return [one for one, _ in _dated(connection, type_)]


def _dated(connection: sqlite3.Connection, type_: str) -> list[tuple[Mapping[str, Any], str]]:
    """The entries of a type with the time of each, in the order of the ledger."""
    rows = connection.execute(
        "SELECT body, created_at FROM intent WHERE type = ? ORDER BY id", (type_,)
    )
    return [(parse_json(body, "An entry"), str(at)) for body, at in rows]


def _over_people(standing: Standing, cost: int) -> Refused:
    if standing.budget is None:
        return Refused(
            "CW-NOISE-PEOPLE",
            "The hospital has set no budget for noisy counts of these people, so there are none.",
            remedy="People who may sign permits can set one: `commonweal noise people`.",
        )
    return Refused(
        "CW-NOISE-PEOPLE",
        f"This would spend an epsilon of {cost / MILLION:g} on these people. Of all projects' "
        f"{standing.budget / MILLION:g} together, {standing.left / MILLION:g} is left.",
    )


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
