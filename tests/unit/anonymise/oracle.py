"""The slow twin of the search: every node of the lattice, every class as a list of rows.

Written from the definitions, in plain Python, without anything of the product.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]
Tree = Mapping[Any, Sequence[Any]]
"""For each value of a column its labels on level 0, 1, ..."""


@dataclass(frozen=True)
class Asked:
    k: int = 1
    l: float | None = None  # noqa: E741
    diversity: str = "distinct"
    c: float = 3.0
    t: float | None = None
    ground: str = "equal"
    mean_risk: float | None = None
    presence: tuple[float, float] | None = None
    limit: int = 0
    metric: str = "entropy"
    counts: bool = False


@dataclass(frozen=True)
class Judged:
    feasible: bool
    score: float
    suppressed: int
    classes: Mapping[tuple[Any, ...], list[Row]]


class Oracle:
    """Judges every node of a small table. `sensitive` is one column or None."""

    def __init__(
        self,
        rows: Sequence[Row],
        trees: Mapping[str, Tree],
        sensitive: str | None = None,
        sensitive_tree: Tree | None = None,
        person: str | None = None,
        population: Sequence[Row] | None = None,
    ) -> None:
        self.rows, self.trees, self.sensitive = rows, trees, sensitive
        self.sensitive_tree, self.person, self.population = sensitive_tree, person, population
        self.columns = list(trees)

    def nodes(self) -> list[tuple[int, ...]]:
        heights = [len(next(iter(tree.values()))) for tree in self.trees.values()]
        return list(itertools.product(*(range(height) for height in heights)))

    def key(self, row: Row, node: Sequence[int]) -> tuple[Any, ...]:
        return tuple(
            self.trees[c][row[c]][level] for c, level in zip(self.columns, node, strict=True)
        )

    def best(self, asked: Asked) -> float | None:
        scores = [self.judge(node, asked) for node in self.nodes()]
        return min((one.score for one in scores if one.feasible), default=None)

    def judge(self, node: Sequence[int], asked: Asked) -> Judged:
        classes: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
        for row in self.rows:
            classes[self.key(row, node)].append(row)
        around = Counter(self.key(row, node) for row in self.population or ())
        kept = {key: part for key, part in classes.items() if self.good(key, part, around, asked)}
        possible = True
        if asked.presence is not None and asked.presence[0] > 0:
            possible = len(kept) == len(classes) and set(around) == set(classes)
        if asked.mean_risk is not None:
            kept = self.lower(kept, asked.mean_risk)
        gone = len(self.rows) - sum(map(len, kept.values()))
        feasible = possible and bool(kept) and gone <= asked.limit
        return Judged(feasible, self.score(node, classes, kept, asked), gone, kept)

    def size(self, part: Sequence[Row]) -> int:
        return len({row[self.person] for row in part}) if self.person else len(part)

    def values(self, part: Sequence[Row]) -> Counter[Any]:
        assert self.sensitive is not None
        if self.person:
            return Counter(v for _, v in {(row[self.person], row[self.sensitive]) for row in part})
        return Counter(row[self.sensitive] for row in part)

    def good(
        self, key: tuple[Any, ...], part: list[Row], around: Counter[Any], asked: Asked
    ) -> bool:
        if self.size(part) < asked.k:
            return False
        if asked.presence is not None:
            least, most = asked.presence
            if not least - 1e-12 <= len(part) / around[key] <= most + 1e-12:
                return False
        if asked.l is not None and not self.diverse(self.values(part), asked):
            return False
        return asked.t is None or self.distance(part, asked.ground) <= asked.t + 1e-12

    def diverse(self, values: Counter[Any], asked: Asked) -> bool:
        assert asked.l is not None
        if asked.diversity == "distinct":
            return len(values) >= asked.l
        counts = sorted(values.values(), reverse=True)
        if asked.diversity == "recursive":
            return counts[0] < asked.c * sum(counts[int(asked.l) - 1 :])
        whole = sum(counts)
        return math.exp(-sum(n / whole * math.log(n / whole) for n in counts)) >= asked.l - 1e-9

    def distance(self, part: list[Row], ground: str) -> float:
        whole, own = self.values(self.rows), self.values(part)
        order = sorted(whole)
        total, here = sum(whole.values()), sum(own.values())
        moved = [own[v] / here - whole[v] / total for v in order]
        if ground == "equal":
            return sum(abs(d) for d in moved) / 2
        if ground == "ordered":
            running = list(itertools.accumulate(moved))
            return sum(abs(d) for d in running) / max(len(order) - 1, 1)
        return self.tree_distance(dict(zip(order, moved, strict=True)))

    def tree_distance(self, moved: Mapping[Any, float]) -> float:
        """Li and others 2007, section 5: cost of every inner node, children told apart by path."""
        assert self.sensitive_tree is not None
        height = len(next(iter(self.sensitive_tree.values()))) - 1
        extra = {tuple(reversed(self.sensitive_tree[v])): d for v, d in moved.items()}
        cost = 0.0
        for level in range(1, height + 1):
            above: dict[tuple[Any, ...], list[float]] = defaultdict(list)
            for path, amount in extra.items():
                above[path[:-1]].append(amount)
            for parts in above.values():
                plus = sum(d for d in parts if d > 0)
                minus = -sum(d for d in parts if d < 0)
                cost += level / height * min(plus, minus)
            extra = {path: sum(parts) for path, parts in above.items()}
        return cost

    def lower(self, kept: Mapping[Any, list[Row]], most: float) -> dict[Any, list[Row]]:
        """Smallest classes first; where persons lie in several, all of one size together."""
        left = dict(kept)
        while left:
            sizes = {key: self.size(part) for key, part in left.items()}
            if self.person:
                own: dict[Any, int] = {}
                for key, part in left.items():
                    for row in part:
                        who = row[self.person]
                        own[who] = min(own.get(who, sizes[key]), sizes[key])
                risk = sum(1 / size for size in own.values()) / len(own)
            else:
                risk = len(left) / sum(sizes.values())
            if risk <= most + 1e-12:
                return left
            least = min(sizes.values())
            smallest = [key for key, size in sizes.items() if size == least]
            for key in smallest if self.person else smallest[:1]:
                del left[key]
        return left

    def score(
        self,
        node: Sequence[int],
        classes: Mapping[Any, list[Row]],
        kept: Mapping[Any, list[Row]],
        asked: Asked,
    ) -> float:
        gone = [row for key, part in classes.items() if key not in kept for row in part]
        n = len(self.rows)
        if not asked.counts:
            kept, gone = classes, []
        if asked.metric == "discernibility":
            return float(sum(len(part) ** 2 for part in kept.values()) + n * len(gone))
        if asked.metric == "average_class_size":
            return n / (len(kept) + bool(gone))
        losses = [
            self.column_score(column, level, gone, asked.metric)
            for column, level in zip(self.columns, node, strict=True)
        ]
        if asked.metric == "entropy":
            return sum(losses)
        return math.prod(1 + loss for loss in losses) ** (1 / len(losses)) - 1

    def column_score(self, column: str, level: int, gone: list[Row], metric: str) -> float:
        tree, n = self.trees[column], len(self.rows)
        label: Callable[[Row], Any] = lambda row: tree[row[column]][level]  # noqa: E731
        if metric == "entropy":
            fine = Counter(row[column] for row in self.rows)
            wide = Counter(label(row) for row in self.rows)
            lost = sum(math.log2(wide[label(row)] / fine[row[column]]) for row in self.rows)
            own = Counter(label(row) for row in gone)
            return lost + sum(math.log2(len(gone) / own[label(row)]) for row in gone)
        under = Counter(labels[level] for labels in tree.values())
        hidden = {id(row) for row in gone}
        total = sum(
            1.0 if id(row) in hidden else under[label(row)] / len(tree) for row in self.rows
        )
        least = n / len(tree)
        return max((total - least) / (n - least), 0.0) if len(tree) > 1 else 0.0
