"""A small world for tests of the audit: made-up people, tables over them, and a history.

`World` holds people as plain dicts of variables; `publish` makes a table of them as the airlock
would, by slow and obvious counting, and writes it through the product's own writer.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from commonweal.airlock.audit.definitions import Condition, Definition
from commonweal.airlock.audit.history import Output, load_output, read_place
from commonweal.airlock.audit.manifest import Dimension
from commonweal.airlock.audit.writing import NewAmounts, NewTable, Published, write_output

START = datetime(2026, 1, 1, tzinfo=UTC)
Person = Mapping[str, Any]
Says = Callable[[int], tuple[int, int | None]]


def exactly(count: int) -> tuple[int, int | None]:
    return count, count


def fives(count: int) -> tuple[int, int | None]:
    """To the nearest five."""
    shown = (count + 2) // 5 * 5
    return max(0, shown - 2), shown + 2


def tens(count: int) -> tuple[int, int | None]:
    """To the nearest ten, half up."""
    shown = (count + 5) // 10 * 10
    return max(0, shown - 5), shown + 4


def hiding(count: int) -> tuple[int, int | None]:
    """Counts under ten are hidden."""
    return (0, 9) if count < 10 else (count, count)


def audit_id(name: object) -> bytes:
    return hashlib.sha256(f"person {name}".encode()).digest()[:16]


def values(variable: str, *given: str) -> Condition:
    return Condition(variable=variable, values=given)


def band(variable: str, least: int, below: int) -> Condition:
    return Condition(variable=variable, least=least, below=below)


def meets(person: Person, condition: Condition) -> bool:
    if condition.variable not in person:
        return False
    held = person[condition.variable]
    if condition.values is not None:
        return held in condition.values
    least, below = condition.least, condition.below
    return (least is None or held >= least) and (below is None or held < below)


@dataclass(frozen=True)
class Asked:
    """A table to publish. `left_out`: places that are not published at all; `margins`: totals;
    `adds`: a variable whose sum is published beside each count; `sums_hidden`: numbers of cells
    whose sum is not."""

    name: str
    dimensions: tuple[tuple[Condition, ...], ...]
    population: tuple[Condition, ...] = ()
    snapshot: str = "s1"
    says: Says = exactly
    margins: bool = True
    left_out: frozenset[tuple[int, ...]] = frozenset()
    adds: str | None = None
    sums_hidden: tuple[int, ...] = ()


def by(variable: str, *given: str) -> tuple[Condition, ...]:
    return tuple(values(variable, one) for one in given)


def counted(people: Mapping[object, Person], asked: Asked) -> NewTable:
    """The table as the airlock would recompute it: each place counted by itself."""
    inside = {n: p for n, p in people.items() if all(meets(p, c) for c in asked.population)}
    ids: list[bytes] = []
    at: list[tuple[int, ...]] = []
    added: list[float] = []
    for name, person in inside.items():
        spots = [
            [n for n, one in enumerate(dimension) if meets(person, one)]
            for dimension in asked.dimensions
        ]
        for spot in itertools.product(*spots):
            ids.append(audit_id(name))
            at.append(spot)
            added.append(float(person[asked.adds]) if asked.adds else 0.0)
    cells = []
    ranges = [range(-1 if asked.margins else 0, len(d)) for d in asked.dimensions]
    for place in itertools.product(*ranges):
        if place in asked.left_out:
            continue
        who = {
            one
            for one, spot in zip(ids, at, strict=True)
            if all(p in (-1, s) for p, s in zip(place, spot, strict=True))
        }
        low, high = asked.says(len(who))
        widths = [len(d) + 1 for d in asked.dimensions[1:]]
        row = (place[0] if place[0] >= 0 else len(asked.dimensions[0])) + 1 if place else 1
        column = 1
        for one, width in zip(place[1:], widths, strict=True):
            column = (column - 1) * width + (one if one >= 0 else width - 1) + 1
        cells.append(Published(row, column, place, low, high))
    return NewTable(
        name=asked.name,
        title=asked.name,
        snapshot=asked.snapshot,
        population=Definition(conditions=asked.population),
        dimensions=tuple(Dimension(variable=d[0].variable, categories=d) for d in asked.dimensions),
        cells=tuple(cells),
        ids=np.array(ids, "S16"),
        at=np.array(at, np.int32).reshape(len(at), len(asked.dimensions)),
        amounts=(
            (NewAmounts("sum", f"t.{asked.adds}", 9, asked.sums_hidden, np.array(added)),)
            if asked.adds
            else ()
        ),
    )


@dataclass
class House:
    """A folder with `history/`, and a desk with outputs that have not left."""

    folder: Path
    made: int = 0
    people: dict[object, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.history.mkdir(parents=True, exist_ok=True)

    @property
    def history(self) -> Path:
        return self.folder / "history"

    def leave(self, *asked: Asked, output: str | None = None) -> str:
        """An output that left."""
        return self._write(self.history, asked, output)

    def propose(self, *asked: Asked, output: str | None = None) -> Path:
        """An output that somebody asks for."""
        desk = self.folder / "desk"
        return desk / self._write(desk, asked, output)

    def _write(self, where: Path, asked: Sequence[Asked], output: str | None) -> str:
        where.mkdir(parents=True, exist_ok=True)
        self.made += 1
        name = output or f"output-{self.made}"
        at = START + timedelta(days=self.made)
        write_output(where, name, name, at, [counted(self.people, one) for one in asked])
        return name


def loaded(folder: Path) -> Output:
    return load_output(read_place(folder, "CW-AUDIT-OUTPUT"))


def random_people(
    rng: np.random.Generator, count: int, variables: Mapping[str, Sequence[str]]
) -> dict[object, dict[str, Any]]:
    return {
        n: {name: str(rng.choice(list(given))) for name, given in variables.items()}
        for n in range(count)
    }


# --- the slow and obvious audit of pairs --------------------------------------------------------


@dataclass(frozen=True)
class Naive:
    """A published cell as sets: who is in it, and which values of each variable it allows."""

    name: tuple[str, str, int, int]
    who: frozenset[object]
    allows: Mapping[str, frozenset[str]]
    low: int
    high: int


def naive_cells(
    output: str,
    people: Mapping[object, Person],
    asked: Asked,
    universe: Mapping[str, Sequence[str]],
) -> list[Naive]:
    """All cells of a table of categories, from its definition alone."""
    table = counted(people, asked)
    found = []
    for cell in table.cells:
        # Nobody has the value "?"; but a condition on a variable says that it is known.
        allows = {name: frozenset([*given, "?"]) for name, given in universe.items()}
        chosen = [d[p] for d, p in zip(asked.dimensions, cell.at, strict=True) if p >= 0]
        for condition in (*asked.population, *chosen):
            assert condition.values is not None
            allows[condition.variable] &= frozenset(condition.values)
        who = frozenset(
            name for name, p in people.items() if all(p[v] in given for v, given in allows.items())
        )
        assert cell.high is not None
        key = (output, asked.name, cell.row, cell.column)
        found.append(Naive(key, who, allows, cell.low, cell.high))
    return found


def naive_verdict(one: Naive, other: Naive, threshold: int, *, same_table: bool) -> str:
    """What two cells give away together, by sets."""
    left, right = one.who - other.who, other.who - one.who
    if len(left) >= threshold or len(right) >= threshold or not one.who & other.who:
        return "pass"
    if same_table and not left and not right:
        return "pass"
    if left and right:
        width = (one.high - other.low) - (one.low - other.high) + 1
        return "review" if width < threshold else "pass"
    in_other = all(one.allows[v] <= other.allows[v] for v in one.allows)
    in_one = all(other.allows[v] <= one.allows[v] for v in one.allows)
    if not left and not right and in_other and in_one:
        return "pass"
    small, large = (one, other) if not left and not (not right and in_one) else (other, one)
    low, high = max(0, large.low - small.high), large.high - small.low
    if not left and not right and not in_one and not in_other:  # either may be the larger
        low, high = max(low, small.low - large.high), max(high, small.high - large.low)
    possible = list(range(low, high + 1))
    if low >= threshold:
        return "pass"
    if high < threshold:
        verdict = "pass" if possible == list(range(threshold)) else "fail"
    else:
        verdict = "review" if len(possible) < threshold else "pass"
    by_definition = (not left and in_other) or (not right and in_one)
    return "review" if verdict == "fail" and not by_definition else verdict
