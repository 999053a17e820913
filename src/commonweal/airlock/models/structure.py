"""What a model is, whoever it is fed with: examples kept in it, rows, texts, leaves, parameters.

These look at what was read of the file. A low figure of an attack does not excuse them: a model can
hold a patient's row and foretell nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from commonweal.airlock.models.examples import Examples
from commonweal.airlock.models.inside.operators import BESIDE_LINEAR, INSTANCE, LINEAR, TREES
from commonweal.airlock.models.limits import ModelLimits
from commonweal.airlock.models.rowsearch import search
from commonweal.airlock.models.running import Described, SaidText
from commonweal.airlock.opened import NEVER_SHOWN, OpenRelease
from commonweal.airlock.profile import Stop
from commonweal.airlock.rules.findings import Finding
from commonweal.foundation.identifiers import InvalidNHSNumber, NHSNumber

Array = npt.NDArray[np.float64]
LONG_TEXT = 64
_TEN_DIGITS = re.compile(r"(?<![0-9])[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}(?![0-9])", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9_+/=-]{8,}", re.ASCII)
_MAKER = re.compile(r"[A-Za-z0-9_.+\-]{0,40}", re.ASCII)
_TITLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.:/() =\-]{0,79}", re.ASCII)
_VOCABULARY = frozenset(
    {
        "BRANCH_LEQ",
        "BRANCH_LT",
        "BRANCH_GTE",
        "BRANCH_GT",
        "BRANCH_EQ",
        "BRANCH_NEQ",
        "LEAF",
        "NONE",
        "LOGISTIC",
        "SOFTMAX",
        "SOFTMAX_ZERO",
        "PROBIT",
        "SUM",
        "AVERAGE",
        "MIN",
        "MAX",
        "RBF",
        "LINEAR",
        "POLY",
        "SIGMOID",
        "L1",
        "L2",
        "constant",
        "edge",
        "reflect",
        "linear",
        "nearest",
        "none",
        "tanh",
        "Tanh",
        "Sigmoid",
        "Relu",
        "forward",
        "reverse",
        "bidirectional",
        "NOTSET",
        "VALID",
        "SAME_UPPER",
        "SAME_LOWER",
        "TO_FLOAT",
        "TO_INT64",
        "DENSE",
    }
)


@dataclass(frozen=True)
class Looked:
    """One model as it was read, with its name in findings. `exempt`: private as the permit says."""

    name: str
    said: Described
    values: list[Array]
    limits: ModelLimits
    exempt: bool = False

    def finding(self, rule: str, outcome: Stop, value: float | None = None,
                threshold: float | None = None, **where: str) -> Finding:  # fmt: skip
        """A finding about this model."""
        return Finding(rule, "Unknown", outcome, {"table": self.name, **where}, value, threshold)

    @property
    def operators(self) -> set[str]:
        """Names of its operators."""
        return set(self.said.operators)

    @property
    def linear(self) -> bool:
        """Whether it is a linear model and nothing else."""
        beside = self.operators - LINEAR
        both = bool(self.operators & LINEAR) and beside <= BESIDE_LINEAR
        return self.said.kind == "coefficients" or both

    def parameters(self) -> int:
        """How many numbers were learned, at most. Copies of a coefficient count once."""
        count = 0
        for one in self.said.arrays:
            if one.op in TREES:
                # A threshold for each branch, a value for each leaf: as many as there are nodes.
                count += one.count if one.name == "nodes_values" else 0
            elif one.op in LINEAR:
                # Of two classes the second's coefficients are the first's with another sign.
                count += one.count if one.name in ("coefficients", "intercepts") else 0
            elif one.where in ("initialiser", "attribute", "tensor", "coefficients"):
                count += one.count
        two = self.operators & LINEAR and len(self._labels()) == 2
        return count // 2 if two and self.linear else count

    def _labels(self) -> list[int]:
        found = [one.count for one in self.said.arrays if one.name == "classlabels_ints"]
        texts = [one for one in self.said.texts if one.where == "classlabels_strings"]
        return list(range(found[0])) if found else list(range(len(texts)))


def alone(model: Looked, known: frozenset[str]) -> Iterator[Finding]:
    """Findings for which no data are needed. `known`: classes and levels that the recipe names."""
    for fault in model.said.faults:
        yield model.finding(f"model-{fault}", "fail")
    keeps = INSTANCE & model.operators
    # Distances to what is stored, of which the nearest are taken: k nearest neighbours.
    nearest = "TopK" in model.operators and not model.operators.isdisjoint(
        {"ReduceSumSquare", "ReduceL2", "ReduceL1", "Scan"}
    )
    if keeps or nearest:
        yield model.finding("model-instance", "review" if model.exempt else "fail")
    yield from _texts(model, known)


def _texts(model: Looked, known: frozenset[str]) -> Iterator[Finding]:
    worst: Stop | None = None
    for one in model.said.texts:
        if _needed(one, known):
            continue
        long = one.size > LONG_TEXT
        worst = "fail" if long or worst == "fail" else "review"
    if worst:
        yield model.finding("model-text", worst)


def _needed(one: SaidText, known: frozenset[str]) -> bool:
    if one.text in _VOCABULARY or one.text in known:
        return True
    if one.free:
        return False
    if one.where == "producer":
        return bool(_MAKER.fullmatch(one.text))
    digits = sum(letter.isdigit() for letter in one.text)
    return one.where == "name" and digits <= 6 and bool(_TITLE.fullmatch(one.text))


def with_release(model: Looked, release: OpenRelease, tables: list[str]) -> Iterator[Finding]:
    """Texts that name people of the release, or values that few people have."""
    texts = [one.text for one in model.said.texts if one.text not in _VOCABULARY]
    if not texts:
        return
    if any(_numbered(one) for one in texts) or _names_people(texts, release):
        yield model.finding("model-code", "fail")
    if (least := _rarest(texts, release, tables, model.limits.rare_value)) is not None:
        yield model.finding("model-value", "fail", least, model.limits.rare_value)


def _numbered(text: str) -> bool:
    for found in _TEN_DIGITS.findall(text):
        try:
            NHSNumber(found)
        except InvalidNHSNumber:
            continue
        return True
    return False


def _names_people(texts: list[str], release: OpenRelease) -> bool:
    words = {word for text in texts for word in _WORD.findall(text)}
    words |= {word.lower() for word in words}
    if not words:
        return False
    for table in release.tables.values():
        for name, column in table.columns.items():
            if column.form not in NEVER_SHOWN:
                continue
            for file in table.files:
                codes = pq.read_table(file, columns=[name], partitioning=None).column(name)
                kind = codes.type
                if pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind):
                    wanted = _bytes_of(words)
                    values = pa.array(wanted, pa.binary())
                    codes = codes.cast(pa.binary())
                else:
                    values = pa.array(sorted(words), pa.string())
                    codes = codes.cast(pa.string())
                if len(values) and pc.any(pc.is_in(codes, value_set=values)).as_py():
                    return True
    return False


def _bytes_of(words: set[str]) -> list[bytes]:
    hexes = [word for word in words if re.fullmatch(r"(?:[0-9a-f]{2})+", word)]
    return [bytes.fromhex(word) for word in hexes] + [word.encode() for word in words]


def _rarest(texts: list[str], release: OpenRelease, tables: list[str], least: int) -> float | None:
    """The fewest people, under `least`, who have a value of a column that a text names."""
    found: list[int] = []
    for name in tables:
        table = release.tables[name]
        said = pa.array(sorted({text for text in texts if len(text) > 1}), pa.string())
        for column, told in table.columns.items():
            if told.form in NEVER_SHOWN or told.type not in ("text", "code") or not table.person:
                continue
            read = [pq.read_table(file, columns=[column, table.person], partitioning=None)
                    for file in table.files]  # fmt: skip
            rows = pa.concat_tables(read)
            values = rows.column(column).cast(pa.string())
            rows = pa.table({"value": values, "person": rows.column(table.person)})
            rows = rows.filter(pc.is_in(values, value_set=said))
            people = rows.group_by("value").aggregate([("person", "count_distinct")])
            found += [n for n in people.column("person_count_distinct").to_pylist() if n < least]
    return float(min(found)) if found else None


def with_rows(model: Looked, members: Examples, others: Examples | None) -> Iterator[Finding]:
    """Rows in the model, one entry for each person, parameters, coefficients of few people."""
    # Values of nodes are split points, and what they lead to: numbers of trees are no rows.
    shapes = [tuple(one.shape) for one in model.said.arrays]
    found = search(model.values, shapes, members.fed, None if others is None else others.fed)
    if found.rows:
        chance = found.others > 0 and found.sure == 0
        outcome: Stop = "review" if model.exempt or chance or not found.sure else "fail"
        where = {"array": model.said.arrays[found.arrays[0]].name} if found.arrays else {}
        yield model.finding("model-rows", outcome, found.rows, None, **where)
    yield from _lengths(model, members)
    left = members.people - model.parameters()
    if left < model.limits.degrees_of_freedom:
        stop: Stop = "fail" if model.linear else model.limits.too_many_parameters
        yield model.finding("model-freedom", stop, left, model.limits.degrees_of_freedom)
    if model.linear:
        yield from _dummies(model, members)


def _lengths(model: Looked, members: Examples) -> Iterator[Finding]:
    """Arrays that are as long as there are rows or people: one entry for each is a memory."""
    long = {len(members.fed), members.people}
    if min(long) < 30:
        return
    worst: Stop | None = None
    for one in model.said.arrays:
        table = len(one.shape) >= 2 and not long.isdisjoint(one.shape) and one.where != "bits"
        if table or (one.count in long and one.where != "bits"):
            worst = "fail" if worst == "fail" or (table and not model.exempt) else "review"
    if worst:
        yield model.finding("model-length", worst, float(members.people))


def _dummies(model: Looked, members: Examples) -> Iterator[Finding]:
    """A coefficient of a number that nearly everybody has alike is of those who have another."""
    fewest = None
    for column in members.fed.T:
        values, place = np.unique(column, return_inverse=True)
        counts = np.bincount(place.ravel())
        if len(values) == 1:
            continue
        apart = place.ravel() != np.argmax(counts)
        people = len(np.unique(members.person[apart]))
        if people < model.limits.people_behind_leaf and (fewest is None or people < fewest):
            fewest = people
    if fewest is not None:
        limit = model.limits.people_behind_leaf
        yield model.finding("model-dummy", "fail", float(fewest), limit)


def with_leaves(model: Looked, members: Examples, leaves: Array, total: int) -> Iterator[Finding]:
    """Leaves of trees that are of few people, of nobody, or of people who have one outcome."""
    ensemble = leaves.shape[1] > 1
    people, pure = leaf_people(members, leaves)
    limits = model.limits
    if len(people) and people.min() < limits.people_behind_leaf:
        stop = limits.small_leaf_ensemble if ensemble else limits.small_leaf_tree
        yield model.finding("model-leaf", stop, float(people.min()), limits.people_behind_leaf)
    if len(people) < total:
        yield model.finding("model-leaf-nobody", "review", float(total - len(people)))
    if pure and not ensemble:
        yield model.finding("model-pure", limits.pure_leaf, float(pure))


def leaf_people(members: Examples, leaves: Array) -> tuple[npt.NDArray[np.int64], int]:
    """How many people are in each leaf that anybody is in; and how many leaves have one outcome."""
    counts, pure = [], 0
    for column in leaves.T.astype(np.int64):
        pairs = np.unique(np.column_stack([column, members.person]), axis=0)
        _, people = np.unique(pairs[:, 0], return_counts=True)
        counts.append(people)
        answers = np.unique(np.column_stack([column, members.outcome]), axis=0)
        _, kinds = np.unique(answers[:, 0], return_counts=True)
        pure += int((kinds == 1).sum())
    return np.concatenate(counts).astype(np.int64), pure
