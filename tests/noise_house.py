"""A ledger with a live permit and a budget, a small release, and a slow count of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from commonweal.airlock.noise.answering import Desk
from commonweal.airlock.noise.budget import Asker, set_budget, set_people_budget, spend
from commonweal.airlock.opened import OpenRelease
from commonweal.foundation.clock import FixedClock, stamp
from commonweal.ledger.store import Ledger
from commonweal.papers.noise import NoiseBudget, NoisyRequest, PeopleBudget
from tests import factories
from tests.airlock_house import PERSON, open_release, where
from tests.unit.ledger.support import JANE, PERMIT, START, issued, policy

PROJECT = "asthma"


DATASET = "hospital"


def ledger_at(folder: Path, together: str | None = "10") -> Ledger:
    """A new ledger whose permit is active, with what all projects may spend `together`."""
    found = Ledger.create(folder / "ledger.sqlite", FixedClock(START))
    found.append(policy())
    found.append(issued())
    if together is not None:
        give_people(found, together)
    return found


def people_text(epsilon: str, **changes: Any) -> str:
    data = {"people_budget": 1, "dataset": DATASET, "epsilon": epsilon,
            "why": "What the board agreed on.", "stated_at": stamp(START), **changes}  # fmt: skip
    paper = PeopleBudget.read(data, "The budget", "CW-NOISE-INVALID")
    return paper.signed([factories.signer()], paper.stated_at)


def give_people(ledger: Ledger, epsilon: str, **changes: Any) -> None:
    set_people_budget(ledger, people_text(epsilon, **changes), factories.trust(), JANE)


def pay(
    ledger: Ledger,
    permit: str,
    project: str,
    release: str,
    asked: NoisyRequest,
    dataset: str = DATASET,
) -> int:
    """A spend, and nothing drawn for it."""
    return spend(ledger, Asker(permit, project, dataset, release), asked)


def again(folder: Path) -> Ledger:
    return Ledger.open(folder / "ledger.sqlite", FixedClock(START))


def budget_text(epsilon: str, **changes: Any) -> str:
    data = {"budget": 1, "permit_id": PERMIT, "project": PROJECT, "epsilon": epsilon,
            "why": "Counts by month for the annual report.", "stated_at": stamp(START),
            **changes}  # fmt: skip
    paper = NoiseBudget.read(data, "The budget", "CW-NOISE-INVALID")
    return paper.signed([factories.signer()], paper.stated_at)


def give(ledger: Ledger, epsilon: str, **changes: Any) -> None:
    set_budget(ledger, budget_text(epsilon, **changes), factories.trust(), JANE)


def request(epsilon: str = "0.5", **changes: Any) -> NoisyRequest:
    data = {
        "noisy": 1,
        "name": "stays",
        "title": "Stays by ward",
        "table": "stays",
        "cells": [{"name": ward, "where": where("ward", "eq", ward)} for ward in ("A", "B", "C")],
        "epsilon": epsilon,
        **changes,
    }
    return NoisyRequest.read(data, "The request", "CW-NOISE-INVALID")


ROWS = [
    {PERSON: f"p{person}", "ward": ward, "days": person % 7}
    for person in range(90)
    for ward in ("ABC"[: 1 + person % 3])
]
"""30 people in A only, 30 in A and B, 30 in all three."""


def release(folder: Path, rows: list[dict[str, Any]] | None = None) -> OpenRelease:
    folder.mkdir(exist_ok=True)
    kinds = {"ward": "text", "days": "integer"}
    return open_release(folder, {"stays": (kinds, ROWS if rows is None else rows)})


def slow_counts(rows: list[dict[str, Any]], wards: str, at_most: int) -> list[int]:
    """Person by person."""
    counts = dict.fromkeys(wards, 0)
    for person in {row[PERSON] for row in rows}:
        mine = {row["ward"] for row in rows if row[PERSON] == person}
        for ward in [one for one in wards if one in mine][:at_most]:
            counts[ward] += 1
    return list(counts.values())


def desk(folder: Path, ledger: Ledger) -> Desk:
    return Desk(ledger, folder / "noise", FixedClock(START))
