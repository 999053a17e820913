"""The slow, obvious twins of the statistics: loops over rows, sets and people; sums as they stand.

Nothing here shares a line or a trick with the product: distances are solved as transport problems,
likelihoods are added up term by term, sets of columns and of events are all tried.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

Row = Mapping[str, Any]


def identified(rows: Sequence[Row], person: str | None) -> list[tuple[Any, Row]]:
    return [(n if person is None else row[person], row) for n, row in enumerate(rows)]


def classes_of(
    rows: Sequence[Row], quasi: Sequence[str], person: str | None
) -> dict[tuple[Any, ...], set[Any]]:
    found: dict[tuple[Any, ...], set[Any]] = defaultdict(set)
    for who, row in identified(rows, person):
        found[tuple(row[name] for name in quasi)].add(who)
    return found


# --- closeness ------------------------------------------------------------------------------


def value_counts(
    rows: Sequence[Row], quasi: Sequence[str], column: str, person: str | None
) -> tuple[dict[tuple[Any, ...], Counter[Any]], Counter[Any]]:
    cells = {(tuple(r[n] for n in quasi), who, r[column]) for who, r in identified(rows, person)}
    held: dict[tuple[Any, ...], Counter[Any]] = defaultdict(Counter)
    for key, _, value in cells:
        held[key][value] += 1
    whole = Counter(value for _, value in {(who, value) for _, who, value in cells})
    return held, whole


def moved(p: Mapping[Any, Fraction], q: Mapping[Any, Fraction], distance: Any) -> Fraction:
    """The earth mover's distance: the cheapest transport, by cancelling dear round trips."""
    names = sorted(set(p) | set(q), key=repr)
    give = {n: p.get(n, Fraction(0)) for n in names}
    take = {n: q.get(n, Fraction(0)) for n in names}
    flow: dict[tuple[Any, Any], Fraction] = {}
    i = j = 0
    while i < len(names) and j < len(names):  # any plan that fits (north-west corner)
        step = min(give[names[i]], take[names[j]])
        if step:
            flow[names[i], names[j]] = flow.get((names[i], names[j]), Fraction(0)) + step
        give[names[i]] -= step
        take[names[j]] -= step
        i, j = (i + 1, j) if not give[names[i]] else (i, j + 1)
    while (round_trip := cheaper(flow, names, distance)) is not None:
        amount = min(flow[b, a] for kind, a, b in round_trip if kind == "back")
        for kind, a, b in round_trip:
            pair = (b, a) if kind == "back" else (a, b)
            flow[pair] = flow.get(pair, Fraction(0)) + (-amount if kind == "back" else amount)
            if not flow[pair]:
                del flow[pair]
    return sum((f * distance(a, b) for (a, b), f in flow.items()), Fraction(0))


def cheaper(flow: Mapping[Any, Fraction], names: Sequence[Any], distance: Any) -> Any:
    """A round trip of negative cost (Bellman and Ford), from givers to takers and back."""
    nodes = [("g", n) for n in names] + [("t", n) for n in names]
    edges = [(("g", a), ("t", b), distance(a, b), ("on", a, b)) for a in names for b in names]
    edges += [(("t", b), ("g", a), -distance(a, b), ("back", b, a)) for a, b in flow]
    cost = dict.fromkeys(nodes, Fraction(0))
    came: dict[Any, Any] = {}
    last = None
    for _ in nodes:
        last = None
        for start, end, price, step in edges:
            if cost[start] + price < cost[end]:
                cost[end], came[end], last = cost[start] + price, (start, step), end
        if last is None:
            return None
    for _ in nodes:
        last = came[last][0]
    trip, at = [], last
    while True:
        at, step = came[at]
        trip.append(step)
        if at == last:
            return trip


def closeness(
    rows: Sequence[Row], quasi: Sequence[str], column: str, person: str | None, distance: Any
) -> float:
    held, whole = value_counts(rows, quasi, column, person)
    total = sum(whole.values())
    q = {value: Fraction(count, total) for value, count in whole.items()}
    far = [
        moved({v: Fraction(c, sum(n.values())) for v, c in n.items()}, q, distance)
        for n in held.values()
    ]
    return float(max(far, default=Fraction(0)))


def equal_ground(a: Any, b: Any) -> Fraction:
    return Fraction(int(a != b))


def ordered_ground(values: Sequence[Any]) -> Any:
    at = {value: n for n, value in enumerate(values)}
    return lambda a, b: Fraction(abs(at[a] - at[b]), max(len(values) - 1, 1))


def tree_ground(levels: Sequence[Sequence[str]]) -> Any:
    lines = {line[0]: line for line in zip(*levels, strict=True)}
    height = len(levels) - 1
    if len(set(levels[-1])) > 1:
        lines = {leaf: (*line, "root") for leaf, line in lines.items()}
        height += 1

    def distance(a: str, b: str) -> Fraction:
        return next(
            Fraction(h, max(height, 1))
            for h in range(height + 1)
            if lines[a or ""][h:] == lines[b or ""][h:]
        )

    return distance


def recursive(
    rows: Sequence[Row], quasi: Sequence[str], column: str, person: str | None, least: int
) -> float:
    held, _ = value_counts(rows, quasi, column, person)
    worst = 0.0
    for counts in held.values():
        falling = sorted(counts.values(), reverse=True)
        rest = sum(falling[least - 1 :])
        worst = max(worst, falling[0] / rest if rest else math.inf)
    return worst


# --- population -----------------------------------------------------------------------------


def against(
    rows: Sequence[Row],
    population: Sequence[Row],
    quasi: Sequence[str],
    person: str | None,
    count: str | None,
    above: float = 0.2,
) -> dict[str, Any]:
    here = {key: len(people) for key, people in classes_of(rows, quasi, person).items()}
    there: Counter[Any] = Counter()
    for row in population:
        there[tuple(row[name] for name in quasi)] += 1 if count is None else row[count]
    size = {key: max(there[key], f) for key, f in here.items()}
    own: dict[Any, int] = {}
    for who, row in identified(rows, person):
        key = tuple(row[name] for name in quasi)
        own[who] = min(own.get(who, size[key]), size[key])
    shares = [f / size[key] for key, f in here.items()]
    shares += [0.0 for key, many in there.items() if many and key not in here]
    places = sum(here.values())
    return {
        "people": sum(there.values()),
        "k_map": min(size.values()),
        "journalist": {
            "max": 1 / min(size.values()),
            "mean": max(
                len(here) / sum(size.values()),
                sum(f / size[key] for key, f in here.items()) / places,
            ),
            "at_risk": sum(1 / many > above for many in own.values()) / len(own),
        },
        "marketer": sum(f / size[key] for key, f in here.items()) / places,
        "delta_presence": {"min": min(shares), "max": max(shares)},
        "short": sum(f for key, f in here.items() if there[key] < f),
    }


# --- uniqueness -----------------------------------------------------------------------------


def zayatz(sizes: Mapping[int, int], population: int) -> Fraction:
    people = sum(size * count for size, count in sizes.items())
    classes = sum(sizes.values())

    def exactly_one(size: int) -> Fraction:
        ways = size * math.comb(population - size, people - 1)
        return Fraction(ways, math.comb(population, people))

    weights = {s: Fraction(count, classes) * exactly_one(s) for s, count in sizes.items()}
    chance = weights[1] / sum(weights.values())
    return sizes[1] * chance * Fraction(population, people)


def pitman_likelihood(theta: float, alpha: float, sizes: Mapping[int, int]) -> float:
    people = sum(size * count for size, count in sizes.items())
    classes = sum(sizes.values())
    found = [math.log(theta + i * alpha) for i in range(1, classes)]
    found += [-math.log(theta + i) for i in range(1, people)]
    for size, count in sizes.items():
        found += [count * math.log(j - alpha) for j in range(1, size)]
    return math.fsum(found)


def pitman_expected(theta: float, alpha: float, population: int) -> float:
    """Uniques among N people: N times the chance that the last one stands alone."""
    found = float(population)
    for i in range(1, population):
        found *= (theta + alpha + i - 1) / (theta + i)
    return found


def snb_moments(alpha: float, beta: float, sampled: float, most: int = 3000) -> tuple[float, float]:
    """Per class of the population: the chance of one and of two of its people in the sample."""
    one = two = 0.0
    chance = beta**alpha  # of a class of 1 + j people, j = 0
    for j in range(most):
        size = j + 1
        one += chance * size * sampled * (1 - sampled) ** (size - 1)
        if size > 1:
            two += chance * math.comb(size, 2) * sampled**2 * (1 - sampled) ** (size - 2)
        chance *= (alpha + j) / (j + 1) * (1 - beta)
    return one, two


# --- weights --------------------------------------------------------------------------------


def individual_risk(count: int, total: float, most: int = 200_000) -> float:
    """E(1/F | f) for a negative binomial F: the sum of its terms as they stand."""
    p = count / total
    chance, found = p**count, []
    for size in range(count, most):
        found.append(chance / size)
        chance *= size / (size + 1 - count) * (1 - p)
    return math.fsum(found)


# --- SUDA -----------------------------------------------------------------------------------


def suda(
    rows: Sequence[Row], quasi: Sequence[str], person: str | None, up_to: int | None = None
) -> dict[str, Any]:
    told = identified(rows, person)
    people = {who for who, _ in told}
    holders: dict[Any, set[Any]] = defaultdict(set)
    sets = [
        chosen
        for size in range(1, len(quasi) + 1)
        for chosen in itertools.combinations(quasi, size)
    ]
    for who, row in told:
        for chosen in sets:
            holders[chosen, tuple(row[name] for name in chosen)].add(who)
    scores: dict[Any, int] = dict.fromkeys(people, 0)
    part = dict.fromkeys(quasi, 0)
    by_size: Counter[int] = Counter()
    for (chosen, values), who in holders.items():
        if len(who) > 1 or len(chosen) > (up_to or len(quasi)):
            continue
        told_by = dict(zip(chosen, values, strict=True))
        smaller = [s for s in sets if set(s) < set(chosen)]
        if any(len(holders[s, tuple(told_by[n] for n in s)]) == 1 for s in smaller):
            continue
        score = math.factorial(len(quasi) - len(chosen))
        scores[next(iter(who))] += score
        by_size[len(chosen)] += 1
        for name in chosen:
            part[name] += score
    total = sum(scores.values())
    return {
        "people": sum(score > 0 for score in scores.values()),
        "by_size": {str(size): by_size[size] for size in sorted(by_size)},
        "score": {
            "max": max(scores.values(), default=0),
            "mean": total / len(people) if people else 0.0,
        },
        "contribution": {name: part[name] / total if total else 0.0 for name in quasi},
        "scores": sorted(scores.values()),
    }


# --- events ---------------------------------------------------------------------------------


def power(rows: Sequence[Row], columns: Sequence[str], person: str, events: int) -> dict[str, Any]:
    have: dict[Any, set[Any]] = defaultdict(set)
    for row in rows:
        have[row[person]].add(tuple(row[name] for name in columns))
    told: dict[str, list[float]] = {name: [] for name in ("unique", "below_5", "below_10", "mean")}
    singled = 0
    for mine in have.values():
        fits = [
            sum(set(known) <= theirs for theirs in have.values())
            for known in itertools.combinations(sorted(mine, key=repr), min(events, len(mine)))
        ]
        told["unique"].append(sum(c == 1 for c in fits) / len(fits))
        told["below_5"].append(sum(c < 5 for c in fits) / len(fits))
        told["below_10"].append(sum(c < 10 for c in fits) / len(fits))
        told["mean"].append(sum(1 / c for c in fits) / len(fits))
        singled += 1 in fits
    found = {name: sum(each) / len(each) if each else 0.0 for name, each in told.items()}
    return {"exact": True, **found, "people_unique": singled}


def gaps(rows: Sequence[Row], person: str, column: str) -> dict[str, Any]:
    days: dict[Any, set[date]] = defaultdict(set)
    for row in rows:
        if row[column] is not None:
            days[row[person]].add(row[column])
    signatures = {}
    for who, found in days.items():
        ordered = sorted(found)
        signatures[who] = tuple((b - a).days for a, b in itertools.pairwise(ordered))
    several = [s for s in signatures.values() if s]
    counts = Counter(several)
    return {
        "patients": len(days),
        "with_gaps": len(several),
        "unique": sum(counts[s] == 1 for s in several),
        "below_5": sum(counts[s] < 5 for s in several),
        "mean": sum(1 / counts[s] for s in several) / len(several) if several else 0.0,
    }


def rare(rows: Sequence[Row], person: str, column: str, below: int) -> dict[str, int]:
    holders: dict[Any, set[Any]] = defaultdict(set)
    for row in rows:
        if row[column] is not None:
            holders[row[column]].add(row[person])
    few = [who for who in holders.values() if len(who) < below]
    return {"values": len(few), "patients": len(set().union(*few))}
