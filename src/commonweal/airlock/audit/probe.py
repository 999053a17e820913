"""Which groups' sizes follow from exact figures: a screen by linear algebra, then proofs.

A vector that no published figure sees (drawn at random, then projected) vanishes on a group exactly
where the group's size is a sum of figures; by accident with probability 0. Rounding of the machine
can mislead in either direction: so there are two draws, a generous cut, and a proof of each hit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import linalg

from commonweal.airlock.audit.atoms import Groups
from commonweal.airlock.audit.certificates import Certificate, Remaining, certify
from commonweal.airlock.audit.findings import Finding, given_away, term
from commonweal.airlock.audit.room import projected
from commonweal.airlock.audit.tables import Matrix, Whole

_DENSE = 1_500
"""Up to so many groups the projection is made directly."""
_CUT = 1e-6
_UNSEEN = 1e-7
_MOST_STEPS = 3_000
MOST_PROOFS = 200
MOST_JOINT = 20_000_000
"""Entries of the products that give parts common to two cells."""

Vectors = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Target:
    """A set of groups, and how many people are in it."""

    groups: Whole
    people: int


@dataclass(frozen=True)
class Probed:
    """`already`: small groups that follow from earlier outputs alone; `incomplete`: sentences on
    what was not examined; `unseen`: the vectors of the screen, where it came to an end."""

    findings: tuple[Finding, ...]
    already: int
    incomplete: tuple[str, ...]
    unseen: Vectors | None = None

    def determined(self, target: Target) -> bool:
        """Whether a target's size follows from exact figures, so that it is dealt with here."""
        if self.unseen is None:
            return False
        return bool(vanishes(self.unseen[:, target.groups].sum(axis=1)[:, None])[0])


def probe(groups: Groups, new: int, threshold: int, remaining: Remaining) -> Probed:
    """Small groups whose size follows from exact figures of the first `new` tables with others."""
    exact = np.flatnonzero(groups.low == groups.high)
    matrix = groups.matrix[exact]
    unseen = null_vectors(matrix, remaining)
    if unseen is None:
        return Probed((), 0, ("Sums of many figures: the screen did not come to an end in time.",))
    targets: list[Target] = []
    for target in _targets(groups, unseen, new, threshold, remaining):
        targets.append(target)
        if remaining() <= 0:
            break
    cut_off = remaining() <= 0
    incomplete = tuple(
        f"Parts common to cells of {groups.tables[number].paper.name} and others: too many."
        for number in range(new)
        if _too_many(groups, number)
    )
    if cut_off:
        incomplete += ("Sums of many figures: not all groups were looked at in time.",)
    if not targets:
        return Probed((), 0, incomplete, unseen)
    before = null_vectors(matrix[exact >= groups.starts[new]], remaining)
    found = _proved(groups, exact, targets, before, threshold, remaining)
    return Probed(found.findings, found.already, (*incomplete, *found.incomplete), unseen)


def _too_many(groups: Groups, number: int) -> bool:
    mine = (
        groups.matrix.indptr[groups.starts[number + 1]]
        - groups.matrix.indptr[groups.starts[number]]
    )
    return int(mine) * len(groups.tables) > MOST_JOINT


def null_vectors(matrix: Matrix, remaining: Remaining) -> Vectors | None:
    """Two random vectors over the groups on which every row sums to 0; None where out of time."""
    draws = np.random.default_rng(2).normal(size=(2, matrix.shape[1]))
    if matrix.shape[0] == 0:
        return draws
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    rows = sparse.diags_array(1.0 / np.maximum(lengths, 1.0)) @ matrix.astype(np.float64)
    if matrix.shape[1] <= _DENSE:
        dense = rows.toarray()
        solved = np.linalg.lstsq(dense.T, draws.T, rcond=1e-11)[0]
        return np.asarray(draws - (dense.T @ solved).T)
    found = []
    if remaining() > 0:
        made = projected(rows, draws)
        if made is not None and np.max(np.abs(rows @ made.T), initial=0.0) <= _UNSEEN:
            return made
    timed = _timed(rows, remaining)
    for one in draws:
        try:
            solved = linalg.lsmr(timed, one, 0.0, 1e-14, 1e-14, 0, _MOST_STEPS)[0]
        except _OutOfTimeError:
            return None
        vector = one - rows.T @ solved
        if np.max(np.abs(rows @ vector), initial=0.0) > _UNSEEN:
            return None
        found.append(vector)
    return np.stack(found)


class _OutOfTimeError(Exception):
    """The time is over in the middle of the screen."""


def _timed(rows: Matrix, remaining: Remaining) -> linalg.LinearOperator:
    """The columns of `rows` as lsmr takes them; each product looks at the clock first."""

    def product(matrix: Matrix) -> Callable[[Vectors], Vectors]:
        def times(vector: Vectors) -> Vectors:
            if remaining() <= 0:
                raise _OutOfTimeError
            return np.asarray(matrix @ vector)

        return times

    shape = rows.shape[::-1]
    return linalg.LinearOperator(shape, product(rows.T.tocsr()), product(rows), dtype=np.float64)


def vanishes(values: Vectors) -> npt.NDArray[np.bool_]:
    """Where both vectors are nothing but rounding."""
    flags: npt.NDArray[np.bool_] = np.less(np.max(np.abs(values), axis=0), _CUT)
    return flags


def _targets(
    groups: Groups, unseen: Vectors, new: int, threshold: int, remaining: Remaining
) -> Iterator[Target]:
    """Small groups, and small parts common to a new cell and another, that are hits, while there
    is time."""
    small = (groups.sizes > 0) & (groups.sizes < threshold)
    for one in np.flatnonzero(small & vanishes(unseen)):
        yield Target(np.array([one]), int(groups.sizes[one]))
    seen = {np.array([one]).tobytes() for one in np.flatnonzero(small)}
    for number in range(new):
        if _too_many(groups, number) or remaining() <= 0:
            continue
        mine = groups.matrix[groups.starts[number] : groups.starts[number + 1]].tocsr()
        others = groups.matrix[groups.starts[number + 1] :].tocsr()
        for first, second in _joint_hits(mine, others, groups, unseen, threshold, remaining):
            mine_in, others_in = _row(mine, first), _row(others, second)
            found = (
                np.intersect1d(mine_in, others_in),
                np.setdiff1d(mine_in, others_in),
                np.setdiff1d(others_in, mine_in),
            )
            for part in found:
                people = int(groups.sizes[part].sum())
                hit = vanishes(unseen[:, part].sum(axis=1)[:, None])[0]
                if 0 < people < threshold and hit and part.tobytes() not in seen:
                    seen.add(part.tobytes())
                    yield Target(part, people)


def _row(matrix: Matrix, row: int) -> Whole:
    return np.sort(matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]).astype(np.int64)


def _joint_hits(
    mine: Matrix,
    others: Matrix,
    groups: Groups,
    unseen: Vectors,
    threshold: int,
    remaining: Remaining,
) -> Iterator[tuple[int, int]]:
    """Pairs of cells, neither in the other, with a small remainder whose size follows."""
    counted = (mine @ others.T).tocoo()  # the pairs that share a group, in one order for all
    if not counted.nnz:
        return
    pairs = counted.row, counted.col
    ones = np.ones(mine.shape[1])
    weights = [groups.sizes.astype(np.float64), *unseen]
    joint = []
    for one in weights:
        if remaining() <= 0:
            return
        joint.append(_values_at(mine @ sparse.diags_array(one) @ others.T, pairs))
    sums = [
        (np.asarray(mine @ one)[pairs[0]], np.asarray(others @ one)[pairs[1]]) for one in weights
    ]
    shared = counted.data
    nested = (shared == (mine @ ones)[pairs[0]]) | (shared == (others @ ones)[pairs[1]])
    parts = [
        (joint[0], joint[1], joint[2]),
        *(
            tuple(total[side] - both for total, both in zip(sums, joint, strict=True))
            for side in (0, 1)
        ),
    ]
    hit = np.zeros(len(shared), np.bool_)
    for people, first, second in parts:
        small = (people > 0.5) & (people < threshold - 0.5)
        hit |= small & vanishes(np.stack([first, second]))
    for place in np.flatnonzero(hit & ~nested):
        yield int(pairs[0][place]), int(pairs[1][place])


def _values_at(matrix: Matrix, pairs: tuple[Whole, Whole]) -> Vectors:
    return np.asarray(matrix.tocsr()[pairs[0], pairs[1]], np.float64).ravel()


def _proved(
    groups: Groups,
    exact: Whole,
    targets: list[Target],
    before: Vectors | None,
    threshold: int,
    remaining: Remaining,
) -> Probed:
    matrix = groups.matrix[exact]
    weight = groups.low[exact]
    findings: list[Finding] = []
    already = unproved = 0
    targets.sort(key=lambda one: (one.people, len(one.groups)))
    for number, target in enumerate(targets):
        if Probed((), 0, (), before).determined(target):
            already += 1
            continue
        wanted = np.zeros(matrix.shape[1], np.int64)
        wanted[target.groups] = 1
        proof = None
        if number < MOST_PROOFS and remaining() > 0:
            proof = certify(matrix, weight, wanted, remaining)
        if proof is None:
            unproved += 1
        elif not _told_elsewhere(proof):
            findings.append(_finding(groups, exact, proof, target, threshold))
    incomplete = (
        (f"{unproved} small groups that seem to follow from sums of figures: no proof in time.",)
        if unproved
        else ()
    )
    return Probed(tuple(findings), already, incomplete)


def _told_elsewhere(proof: Certificate) -> bool:
    """One figure alone is for the rules of its own table; two, one minus the other, are a pair."""
    return len(proof.rows) == 1 or (len(proof.rows) == 2 and int(proof.times.sum()) == 0)


def _finding(
    groups: Groups, exact: Whole, proof: Certificate, target: Target, threshold: int
) -> Finding:
    terms = []
    for row, times in zip(proof.rows.tolist(), proof.times.tolist(), strict=True):
        table, cell = groups.place(int(exact[row]))
        terms.append(term(table, cell, times))
    terms.sort(key=lambda one: -one.times)
    total = sum(one.times * one.low for one in terms)
    if total != proof.divisor * target.people:  # figures were checked against people when read
        raise AssertionError("a proof that is exact gives another number")
    verdict = given_away(target.people, target.people, threshold)
    return Finding(
        "CW-AUDIT-SUM", verdict, tuple(terms), target.people, target.people, target.people,
        proof.divisor,
    )  # fmt: skip
