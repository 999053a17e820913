"""`risk attack`: a motivated intruder with a table of people looks for them in a release or file.

1. The authorisation is verified, and held against the release, its permit and the ledger. 2. The
table of what is known and the file of the truth are opened. 3. The run is written on the sealed
log, which counts it. 4. The data are read and attacked. 5. How it ended is written with the totals.

Whoever runs it chooses the table, so it could ask about one person (S15). Therefore: a hundred
people of the release or more (how many more is drawn), copies of one seen through; a keyed sample
of them of drawn size, drawn anew when a byte of what was given changes, so that two runs never
differ in one person; counts in bands of five; few runs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from commonweal.foundation.canonical import canonical
from commonweal.foundation.errors import CommonwealError, Refused
from commonweal.foundation.files import sha256_file
from commonweal.papers.authorisation import Authorisation
from commonweal.vault.custody import Custody, begin_attack, end_attack, load_authorisation
from commonweal.vault.custody.holding import DETAILS_KEY
from commonweal.vault.release.attacked import (
    Attacked,
    Offered,
    attacked_file,
    attacked_release,
    is_release,
)
from commonweal.vault.release.known_forms import Reader
from commonweal.vault.release.progress import Progress, quiet
from commonweal.vault.risk.coding import Ints
from commonweal.vault.risk.intruder.encoding import coded, kind_of, plain
from commonweal.vault.risk.intruder.guessing import Secret, infer, link_two, single_out
from commonweal.vault.risk.intruder.intervals import even
from commonweal.vault.risk.intruder.puzzle import NOBODY, Mask, Puzzle, row_numbers
from commonweal.vault.risk.intruder.reading import (
    Truth,
    match_truth,
    texts,
    unfit,
)
from commonweal.vault.risk.intruder.report import AttackFigures
from commonweal.vault.risk.intruder.setting import (
    Believed,
    Shown,
    has_one_value,
    make_puzzle,
)
from commonweal.vault.risk.intruder.testing import look
from commonweal.vault.tables.opening import EngineName, opened_engine

LEAST_TARGETS = 100
MOST_TARGETS = 20_000
UNSURE = 20
SAMPLED = (0.8, 0.95)
LEAST_TRIES = 79
LEAST_DIFFERENT = 20
MOST_EVENTS = 8
MOST_DETAILS = 30
_KNOWN = "table of what is known"
_LABEL = "attack-draw"


@dataclass(frozen=True)
class Attack:
    """What is asked for. `person`: the column of `against` that says who a row is about.

    `record`, `forms`, `at`: for a file; a release says them itself. `secret`: what is guessed.
    `within_days`: by how much dates that are known may be off.
    """

    target: Path
    against: Path
    truth: Path
    authorisation: Path
    quasi: tuple[str, ...] = ()
    person: str = "person"
    record: str | None = None
    secret: str | None = None
    forms: Mapping[str, str] = field(default_factory=dict)
    at: date | None = None
    within_days: int = 0


def attack(
    custody: Custody,
    asked: Attack,
    progress: Progress = quiet,
    engine_name: EngineName = "duckdb",
) -> AttackFigures:
    """The totals of one run. Raises what its steps raise; the ledger says how each run ended.

    `engine_name`: what shows that which is known in the forms of the release. Who is looked for and
    what is found do not depend on it.
    """
    paper = load_authorisation(custody, asked.authorisation)
    target = _target(custody, asked, paper)
    chosen: dict[Offered, str] = {}

    def wanted(columns: Sequence[str]) -> list[str]:
        chosen.update(_chosen(asked, target, set(columns) - {asked.person}))
        return [asked.person, *chosen.values(), *_secret(asked)]

    identified = texts(asked.against, wanted, _KNOWN)
    run = begin_attack(custody, paper, target.permit)
    try:
        started = _Run(custody, asked, paper, target, chosen, progress, engine_name)
        figures = started.figures(identified, run)
    except CommonwealError as error:
        outcome = "refused" if isinstance(error, Refused) else "failed"
        end_attack(custody, paper, run, outcome, code=error.code)  # type: ignore[arg-type]
        raise
    except BaseException:
        end_attack(custody, paper, run, "failed")
        raise
    end_attack(custody, paper, run, "done", figures=figures.plain())
    return figures


def _target(custody: Custody, asked: Attack, paper: Authorisation) -> Attacked:
    if is_release(asked.target):
        if asked.record is not None or asked.forms or asked.at is not None:
            raise unfit("A release says its records, forms and dates of ages itself.")
        return attacked_release(custody, asked.target, paper)
    return attacked_file(custody, asked.target, paper, asked.record, asked.forms, asked.at)


def _secret(asked: Attack) -> list[str]:
    return [] if asked.secret is None else [asked.secret]


def _chosen(asked: Attack, target: Attacked, known: set[str]) -> dict[Offered, str]:
    """The columns to be attacked, each with its column (in `known`) of what is known."""
    offered = [one for one in target.offered if asked.secret not in one.known_as]
    wanted = [one for one in offered if one.knowable] if not asked.quasi else []
    for name in asked.quasi:
        found = [one for one in offered if name in one.known_as]
        if len(found) != 1:
            how = "no column" if not found else "more than one column"
            raise unfit(f"There is {how} {name} that can be attacked.")
        wanted += found
    chosen: dict[Offered, str] = {}
    for one in wanted:
        there = next((name for name in one.known_as if name in known), None)
        if there is not None:
            chosen[one] = there
        elif asked.quasi:
            raise unfit(f"The {_KNOWN} has no column {one.column}.")
    if not chosen:
        raise unfit("What is known and what is shown have no column in common.")
    if len(chosen) > MOST_DETAILS:
        raise unfit(f"At most {MOST_DETAILS} columns are attacked at once; name them with --quasi.")
    return chosen


@dataclass
class _Run:
    custody: Custody
    asked: Attack
    paper: Authorisation
    target: Attacked
    chosen: dict[Offered, str]
    progress: Progress
    engine_name: EngineName

    def figures(self, identified: pa.Table, run: int) -> AttackFigures:
        """Read, draw, attack and count."""
        self.progress("Reading the data to be attacked")
        with (
            self.custody.home.run_folder() as work,
            opened_engine(work, self.engine_name) as engine,
        ):
            reader = Reader(engine, self.target.ages_at)
            data = {table: self._read(table) for table in self.target.tables()}
            keys = pa.chunked_array([rows.column(0) for rows in data.values()], pa.string())
            truth = match_truth(
                identified,
                self.asked.person,
                self.asked.truth,
                keys,
                lambda given: self.target.codes(engine, given),
            )
            owners = _by_table(data, truth.of_row)
            draw = self._drawn(truth)
            _require_different(identified, list(self.chosen.values()), truth, draw)
            details = [
                self._detail(one, name, reader, data, owners, identified, truth, draw)
                for one, name in self.chosen.items()
            ]
            puzzle = make_puzzle(len(truth.records), len(draw.people), details, draw.hidden)
            secret = self._guessed(reader, data, owners, identified, truth, draw)
        return self._attacked(puzzle, truth, draw, secret, run)

    def _read(self, table: str) -> pa.Table:
        wanted = {one.column for one in self.chosen if one.table == table}
        secret = [one for one in self.target.offered if self._is_secret(one)]
        wanted |= {one.column for one in secret if one.table == table}
        return self.target.read(table, sorted(wanted))

    def _is_secret(self, one: Offered) -> bool:
        return self.asked.secret is not None and self.asked.secret in one.known_as

    # --- who is looked for ----------------------------------------------------------------
    def _drawn(self, truth: Truth) -> _Draw:
        """A keyed sample of targets, and of those who are not in the release as controls."""
        seed = self._seed()
        chance = np.random.default_rng(seed)
        inside = np.flatnonzero(truth.of_person != NOBODY)
        outside = np.flatnonzero(truth.of_person == NOBODY)
        # A sharp limit would tell whether one person more is in the release.
        least = LEAST_TARGETS + int(chance.integers(0, UNSURE + 1))
        if len(inside) < least:
            raise _few()
        targets = _sample(chance, inside)
        own = len(outside) < least
        controls = targets if own else _sample(chance, outside)
        people = np.concatenate([targets, controls])
        control = np.arange(len(people)) >= len(targets)
        hidden = np.where(control & own, truth.of_person[people], NOBODY)
        return _Draw(people, control, hidden, seed, own)

    def _seed(self) -> int:
        """Drawn from the home's key and every byte that was given: one change draws anew."""
        asked = self.asked
        given = [
            self.paper.digest(), sha256_file(asked.against), sha256_file(asked.truth),
            list(asked.quasi), asked.person, asked.secret or "", asked.within_days,
        ]  # fmt: skip
        secret = self.custody.keyring.secret(DETAILS_KEY).subkey(_LABEL).use()
        made = hashlib.sha256(secret + canonical(given)).digest()
        return int.from_bytes(made[:6], "big")

    # --- what is shown and what is known --------------------------------------------------
    def _detail(
        self,
        one: Offered,
        name: str,
        reader: Reader,
        data: Mapping[str, pa.Table],
        owners: Mapping[str, Ints],
        identified: pa.Table,
        truth: Truth,
        draw: _Draw,
    ) -> tuple[Shown, Believed]:
        released = reader.released(plain(data[one.table][one.column]))
        order = np.argsort(owners[one.table], kind="stable")
        values = released.take(pa.array(order))
        shown = Shown(one.name, owners[one.table][order], values, one.weeks)
        known = reader.known(name, plain(identified[name]), one.form, released)
        single = one.weeks is None and has_one_value(shown, len(truth.records))
        told = _told(known, truth.owners, draw.people, name, single=single)
        return shown, Believed(*told, self.asked.within_days)

    def _guessed(
        self,
        reader: Reader,
        data: Mapping[str, pa.Table],
        owners: Mapping[str, Ints],
        identified: pa.Table,
        truth: Truth,
        draw: _Draw,
    ) -> Secret | None:
        if self.asked.secret is None:
            return None
        found = [one for one in self.target.offered if self._is_secret(one)]
        if len(found) != 1:
            raise unfit(f"There is no single column {self.asked.secret} to be guessed.")
        one, name = found[0], self.asked.secret
        released = reader.released(plain(data[one.table][one.column]))
        people = len(truth.records)
        order = np.argsort(owners[one.table], kind="stable")
        shown = Shown(one.name, owners[one.table][order], released.take(pa.array(order)))
        if not has_one_value(shown, people):
            raise unfit(f"Column {name} has several values for one record; one can be guessed.")
        known = reader.known(name, plain(identified[name]), one.form, released)
        targets, _, values, _ = _told(known, truth.owners, draw.people, name, single=True)
        both = coded(plain(shown.values), values)
        secrets = np.zeros(people, dtype=np.int64)
        secrets[shown.owners] = both.released
        true = np.zeros(len(draw.people), dtype=np.int64)
        true[targets] = both.known
        return Secret(one.name, secrets, true, both.size, _numbers(shown.values, values, both.size))

    # --- the attacks ----------------------------------------------------------------------
    def _attacked(
        self, puzzle: Puzzle, truth: Truth, draw: _Draw, secret: Secret | None, run: int
    ) -> AttackFigures:
        own = truth.of_person[draw.people]
        right = np.where(draw.hidden == NOBODY, own, NOBODY)
        self.progress("Linking people with records")
        linked = look(puzzle, right, draw.control, draw.seed, in_bands=True)
        fewest = min(min(one.targets.tries, one.control.tries) for one in linked)
        if fewest < LEAST_TRIES:
            raise unfit("There are too many different records to look through; name fewer columns.")
        self.progress("Guessing")
        alone: dict[str, Any] = {}
        if not draw.own_taken_out:
            for kind in ("univariate", "multivariate"):
                several = kind == "multivariate"
                alone[kind] = single_out(puzzle, draw.control, draw.seed, several=several)
        return AttackFigures(
            authorisation=self.paper.id,
            run=run,
            release=self.paper.release,
            details=tuple(one.name for one in self.chosen),
            own_taken_out=draw.own_taken_out,
            linked=linked,
            alone=alone,
            joined=link_two(puzzle, draw.control, draw.seed),
            guessed=None if secret is None else infer(puzzle, secret, draw.control),
            secret=None if secret is None else secret.name,
        )


@dataclass(frozen=True)
class _Draw:
    """Targets and then controls. `own_taken_out`: controls are targets without their record."""

    people: Ints
    control: Mask
    hidden: Ints
    seed: int
    own_taken_out: bool


def _sample(chance: np.random.Generator, people: Ints) -> Ints:
    share = chance.uniform(*SAMPLED)
    wanted = even(min(MOST_TARGETS, int(share * len(people))))
    return np.asarray(chance.permutation(people)[:wanted], dtype=np.int64)


def _few() -> Refused:
    # How many there are is not said: of one person more or less it would tell whether they are in.
    return Refused(
        "CW-ATTACK-FEW",
        "The truth names too few people of the release; the totals would be about single people.",
        remedy=f"Name {LEAST_TARGETS + UNSURE} or more.",
    )


def _require_different(identified: pa.Table, names: list[str], truth: Truth, draw: _Draw) -> None:
    """Refuse where the same is known of nearly all targets: copies of one person count once.

    Raises `Refused` CW-ATTACK-FEW.
    """
    columns, sizes = [], []
    for name in names:
        both = coded(plain(identified[name]), plain(identified[name]))
        columns.append(both.known)
        sizes.append(both.size)
    rows, first = row_numbers(columns, sizes, identified.num_rows)
    people, width = len(truth.people), max(1, len(first))
    # What is known of a person, whatever the order of their rows.
    least = np.full(people, width, dtype=np.int64)
    np.minimum.at(least, truth.owners, rows)
    total = np.bincount(truth.owners, weights=rows, minlength=people).astype(np.int64)
    counts = np.bincount(truth.owners, minlength=people).astype(np.int64)
    mine = draw.people[~draw.control]
    told = [least[mine], total[mine], counts[mine]]
    _, different = row_numbers(told, [int(one.max(initial=0)) + 1 for one in told], len(mine))
    if len(different) < LEAST_DIFFERENT:
        raise Refused(
            "CW-ATTACK-FEW",
            "Too few different things are known of the people looked for; the totals would be "
            "about single people.",
        )


def _by_table(data: Mapping[str, pa.Table], of_row: Ints) -> dict[str, Ints]:
    ends = np.cumsum([rows.num_rows for rows in data.values()])
    return dict(zip(data, np.split(of_row, ends[:-1]), strict=True))


def _told(
    known: pa.Array, owners: Ints, people: Ints, name: str, *, single: bool
) -> tuple[Ints, Ints, pa.Array, Mask]:
    """(target, rank, value, True) for each different thing that is known of a target.

    `people`: the person of each target, who may be one twice. `single`: there is one of each.
    """
    there = np.flatnonzero(known.is_valid().to_numpy(zero_copy_only=False))
    codes = coded(known, known).known[there]
    order = np.lexsort((codes, owners[there]))
    rows, owner, codes = there[order], owners[there][order], codes[order]
    fresh = np.ones(len(rows), dtype=np.bool_)
    fresh[1:] = (owner[1:] != owner[:-1]) | (codes[1:] != codes[:-1])
    rows, owner = rows[fresh], owner[fresh]
    ranks = np.arange(len(rows)) - np.searchsorted(owner, owner, side="left")
    if single and (ranks > 0).any():
        raise unfit(
            f"Column {name} of what is known: {int((ranks == 1).sum()):,} people have several "
            "values, where the release shows one."
        )
    kept = ranks < MOST_EVENTS
    rows, owner, ranks = rows[kept], owner[kept], ranks[kept]
    starts = np.searchsorted(owner, people, side="left")
    counts = np.searchsorted(owner, people, side="right") - starts
    targets = np.repeat(np.arange(len(people)), counts)
    before = np.cumsum(counts) - counts
    which = np.arange(len(targets)) - before[targets] + starts[targets]
    values = known.take(pa.array(rows[which]))
    return targets, ranks[which], values, np.ones(len(targets), dtype=np.bool_)


def _numbers(shown: pa.Array, known: pa.Array, size: int) -> np.ndarray | None:
    """What the codes of two columns of numbers stand for."""
    if kind_of(shown) != "number":
        return None
    both = pa.concat_arrays([plain(shown), plain(known)]).drop_null()
    values = np.unique(both.to_numpy(zero_copy_only=False))
    assert len(values) == size - 1  # noqa: S101 (the same values were numbered)
    return np.concatenate([[np.nan], values])
