"""The attacks once more, slowly: one target after the other, one record after the other."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from commonweal.vault.risk.intruder.puzzle import (
    NOBODY,
    UNKNOWN,
    UNSAID,
    Fact,
    Happening,
    Puzzle,
)


def at_least(successes: int, tries: int, p: Fraction) -> Fraction:
    """The exact chance of at least so many successes."""
    return sum(
        (math.comb(tries, k) * p**k * (1 - p) ** (tries - k) for k in range(successes, tries + 1)),
        Fraction(0),
    )


def puzzle(
    facts: Sequence[dict[str, Any]] = (),
    happenings: Sequence[dict[str, Any]] = (),
    hidden: Sequence[int] | None = None,
    people: int | None = None,
    targets: int | None = None,
) -> Puzzle:
    """A puzzle from plain lists. A happening's `released`: a list of lists; None is `UNSAID`."""
    made, events = [], []
    for number, fact in enumerate(facts):
        size = max([*fact["released"], *fact["known"], 0]) + 1
        made.append(
            Fact(f"f{number}", np.array(fact["released"], np.int64),
                 np.array(fact["known"], np.int64), size, fact.get("ordered", False),
                 fact.get("near", 1))
        )  # fmt: skip
    for number, one in enumerate(happenings):
        flat = [value for values in one["released"] for value in values]
        offsets = np.concatenate([[0], np.cumsum([len(v) for v in one["released"]])])
        most = max((len(values) for values in one["known"]), default=0)
        known = [
            [UNSAID if v is None else v for v in values] + [UNSAID] * (most - len(values))
            for values in one["known"]
        ]
        table = np.array(known, np.int64).reshape(len(one["known"]), most)
        events.append(
            Happening(f"h{number}", offsets.astype(np.int64), np.array(flat, np.int64), table,
                      one.get("within", 0), one.get("weeks"))
        )  # fmt: skip
    if people is None:
        people = len(made[0].released) if made else len(events[0].offsets) - 1
    if targets is None:
        targets = len(made[0].known) if made else len(events[0].known)
    hides = np.full(targets, NOBODY) if hidden is None else np.array(hidden, np.int64)
    return Puzzle(people, targets, tuple(made), tuple(events), hides)


def events_found(one: Happening, target: int, person: int, within: int) -> int:
    """How many known events a record has: under the best single shift where dates were moved."""
    known = [int(value) for value in one.known[target] if value != UNSAID]
    held = [int(v) for v in one.released[one.offsets[person] : one.offsets[person + 1]]]
    shifts = [0] if one.weeks is None else [7 * w for w in range(-one.weeks, one.weeks + 1)]
    return max(
        sum(any(abs(day - said - shift) <= within for day in held) for said in known)
        for shift in shifts
    )


def exact_claims(asked: Puzzle) -> list[int]:
    """For each target the only record that shows all that is known."""
    claims = []
    for target in range(asked.targets):
        fitting = []
        for person in range(asked.people):
            if person == asked.hidden[target]:
                continue
            fits = all(
                fact.known[target] in (UNKNOWN, fact.released[person]) for fact in asked.facts
            )
            for one in asked.happenings:
                told = sum(value != UNSAID for value in one.known[target])
                fits = fits and events_found(one, target, person, 0) == told
            if fits:
                fitting.append(person)
        claims.append(fitting[0] if len(fitting) == 1 else NOBODY)
    return claims


def level(fact: Fact, known: int, shown: int) -> int:
    """0 equal, 1 near, 2 far."""
    if known == shown:
        return 0
    beside = fact.ordered and known > 0 and shown > 0 and abs(known - shown) <= fact.near
    return 1 if beside else 2


def nearest_claims(asked: Puzzle, weights: Any, tables: Sequence[Any]) -> list[int]:
    """For each target the record whose weight is more than that of all others together."""
    claims = []
    for target in range(asked.targets):
        likely = {}
        for person in range(asked.people):
            if person == asked.hidden[target]:
                continue
            total = 0.0
            for fact, levels in zip(asked.facts, weights.levels, strict=True):
                known = int(fact.known[target])
                if known != UNKNOWN:
                    total += levels[level(fact, known, int(fact.released[person]))][target]
            for one, table in zip(asked.happenings, tables, strict=True):
                told = sum(value != UNSAID for value in one.known[target])
                total += table[told][events_found(one, target, person, one.within)]
            likely[person] = total
        best = max(likely, key=lambda person: likely[person], default=NOBODY)
        if best == NOBODY:
            claims.append(NOBODY)
            continue
        share = 1 / sum(math.exp(weight - likely[best]) for weight in likely.values())
        claims.append(best if share > 0.5 else NOBODY)
    return claims


def learned_levels(asked: Puzzle, rounds: int) -> list[list[list[float]]]:
    """Weights by fact, level and target, by expectation and maximisation over single people."""
    first = [[0.90, 0.07, 0.03] if fact.ordered else [0.95, 0.0, 0.05] for fact in asked.facts]
    belief = [list(one) for one in first]
    for _ in range(rounds):
        levels = levels_of(asked, belief)
        seen = [[0.0, 0.0, 0.0] for _ in asked.facts]
        for target in range(asked.targets):
            likely = {}
            for person in range(asked.people):
                if person == asked.hidden[target]:
                    continue
                total = 0.0
                for fact, weights in zip(asked.facts, levels, strict=True):
                    known = int(fact.known[target])
                    if known != UNKNOWN:
                        total += weights[level(fact, known, int(fact.released[person]))][target]
                likely[person] = math.exp(total)
            whole = sum(likely.values())
            for person, weight in likely.items():
                for place, fact in enumerate(asked.facts):
                    known = int(fact.known[target])
                    if known != UNKNOWN:
                        seen[place][level(fact, known, int(fact.released[person]))] += (
                            weight / whole
                        )
        belief = [
            [(s + 20 * p) / (sum(counts) + 20) for s, p in zip(counts, prior, strict=True)]
            for counts, prior in zip(seen, first, strict=True)
        ]
    return levels_of(asked, belief)


def levels_of(asked: Puzzle, belief: Sequence[Sequence[float]]) -> list[list[list[float]]]:
    """ln of how much likelier each level is for the right person than for anybody."""
    made = []
    for fact, same in zip(asked.facts, belief, strict=True):
        counts = Counter(int(v) for v in fact.released)

        def share(value: int, fact: Fact = fact, counts: Counter[int] = counts) -> float:
            return (counts[value] + 0.5) / (asked.people + 0.5 * fact.size)

        rows: list[list[float]] = [[], [], []]
        for known in fact.known:
            value = max(int(known), 0)
            equal = share(value)
            near = 0.0
            if fact.ordered and known > 0:
                steps = range(1, fact.near + 1)
                others = [value + sign * step for step in steps for sign in (-1, 1)]
                near = sum(share(v) for v in others if 0 < v < fact.size)
            near = min(near, 1 - equal)
            far = max(1 - equal - near, 0.5 / asked.people)
            chances = (equal, near, far)
            logs = [
                math.log(max(m, 1e-6) / max(u, 1e-9)) for m, u in zip(same, chances, strict=True)
            ]
            if not fact.ordered:
                logs[1] = logs[2]
            for place in range(3):
                rows[place].append(logs[place])
        made.append(rows)
    return made
