"""What a model is fed: rows of the release and of the hold-out, as numbers, each with its person.

The airlock makes these from the recipe and the release by itself. The job names columns, and never
rows: members are the people of the mounted release, others are the custodian's hold-out (S2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from commonweal.airlock.opened import NEVER_SHOWN, OpenRelease
from commonweal.foundation.errors import Fault, Refused
from commonweal.papers.model_recipe import Feature, ModelRecipe
from commonweal.papers.output_request import Column

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Files = Mapping[str, Sequence[Path]]
"""Table -> its Parquet files."""


@dataclass(frozen=True)
class Examples:
    """Rows of some people. fed: what the model is fed; one line a row.

    outcome: the place of its class (-1: another, or missing) or its number (NaN: missing).
    person: the number of the person of each row, from 0; people: how many there are.
    codes: the code of each person, by number.
    """

    fed: Array
    outcome: Array
    person: Ints
    people: int
    codes: pa.Array

    def by_person(self, values: Array, how: str = "mean") -> Array:
        """`mean`, `min` or `max` of a row's values for each person."""
        order = np.argsort(self.person, kind="stable")
        starts = np.searchsorted(self.person[order], np.arange(self.people))
        sorted_values = values[order]
        if how == "mean":
            totals: Array = np.add.reduceat(sorted_values, starts, axis=0)
            counts = np.bincount(self.person, minlength=self.people)
            return totals / (counts if totals.ndim == 1 else counts[:, None])
        reduce = np.minimum if how == "min" else np.maximum
        return np.asarray(reduce.reduceat(sorted_values, starts, axis=0), np.float64)

    def keep(self, rows: npt.NDArray[np.bool_]) -> Examples:
        """Only some rows; people without a row are gone."""
        left, person = np.unique(self.person[rows], return_inverse=True)
        return Examples(
            self.fed[rows], self.outcome[rows], person.astype(np.int64), len(left),
            self.codes.take(pa.array(left)),
        )  # fmt: skip


def holdout_at(folder: Path) -> dict[str, tuple[Path, ...]]:
    """The files of a lent hold-out: `<folder>/<table>/part-*.parquet`."""
    return {
        table.name: tuple(sorted(table.glob("part-*.parquet")))
        for table in sorted(folder.iterdir())
        if table.is_dir()
    }


def release_files(release: OpenRelease) -> dict[str, tuple[Path, ...]]:
    """The files of the mounted release."""
    return {name: table.files for name, table in release.tables.items()}


def examples(release: OpenRelease, recipe: ModelRecipe, files: Files) -> Examples:
    """The rows in `files` (of the release, or of the hold-out) as the recipe has them fed.

    Rows whose outcome is missing, or none of the classes, are left out. Raises `Refused`
    CW-MODEL-RECIPE where the recipe names what the release has not, or may not be looked at.
    """
    reading = _Reading(release, recipe, files)
    parts = [reading.feature(one) for one in recipe.features]
    outcome = reading.outcome()
    made = Examples(np.hstack(parts), outcome, reading.person, len(reading.codes), reading.codes)
    known = ~np.isnan(outcome) & (outcome >= 0 if recipe.target.classes else True)
    return made.keep(known)


def refuse_shared(members: Examples, others: Examples) -> None:
    """Raise `Fault` CW-OUTPUT-RELEASE where somebody held out is in the release."""
    if pc.any(pc.is_in(others.codes, value_set=members.codes)).as_py():
        raise Fault("CW-OUTPUT-RELEASE", "Somebody who is held out is in the release as well.")


def fed_names(recipe: ModelRecipe) -> list[str]:
    """A name for each number that a row is fed as: of its column, and of its level."""
    names = []
    for one in recipe.features:
        levels = [f"{one.column.name}={text(level)}" for level in one.levels]
        names += levels if one.as_ == "one_of" else [one.column.name]
    return names


def text(level: Any) -> str:
    """A level or class in the spelling in which it is compared."""
    return str(level).lower() if isinstance(level, bool) else str(level)


class _Reading:
    def __init__(self, release: OpenRelease, recipe: ModelRecipe, files: Files) -> None:
        self._release = release
        self._recipe = recipe
        self._files = files
        self._tables: dict[str, pa.Table] = {}
        codes = self._codes(recipe.table)
        found = codes.dictionary_encode()
        self.person: Ints = np.asarray(found.indices, np.int64)
        self.codes: pa.Array = found.dictionary

    def feature(self, one: Feature) -> Array:
        column = self._column(one.column)
        if one.as_ == "number":
            fed = _numbers(column, one.column)
            if one.missing is not None:
                fed = np.where(np.isnan(fed), one.missing, fed)
            return np.asarray(((fed - one.minus) / one.divide)[:, None], np.float64)
        place = _places(column, [text(level) for level in one.levels])
        if one.as_ == "code":
            return np.asarray(place.astype(np.float64)[:, None], np.float64)
        return np.asarray(place[:, None] == np.arange(len(one.levels)), np.float64)

    def outcome(self) -> Array:
        target = self._recipe.target
        column = self._column(target.column)
        if target.classes:
            return _places(column, [text(one) for one in target.classes]).astype(np.float64)
        return _numbers(column, target.column)

    def _table(self, name: str) -> pa.Table:
        table = self._release.tables.get(name)
        if table is None or name not in self._files:
            raise _unfit(f"The release has no table {name}.")
        if name not in self._tables:
            wanted = {one.column.name for one in self._recipe.features if one.column.table == name}
            if self._recipe.target.column.table == name:
                wanted.add(self._recipe.target.column.name)
            for column in wanted:
                found = table.columns.get(column)
                if found is None or found.form in NEVER_SHOWN:
                    raise _unfit(f"The table {name} has no column {column} for a model.")
            person = table.require_person()
            read = [pq.read_table(one, columns=sorted(wanted | {person}), partitioning=None)
                    for one in self._files[name]]  # fmt: skip
            if not read:
                raise _unfit(f"The table {name} has no rows.")
            self._tables[name] = pa.concat_tables(read).combine_chunks()
        return self._tables[name]

    def _codes(self, name: str) -> pa.Array:
        table = self._table(name)
        codes = table.column(self._release.tables[name].require_person()).combine_chunks()
        if codes.null_count:
            raise Fault("CW-OUTPUT-RELEASE", "A row of the release is nobody's.")
        return codes

    def _column(self, column: Column) -> pa.Array:
        found = self._table(column.table).column(column.name).combine_chunks()
        if column.table == self._recipe.table:
            return found
        beside = self._codes(column.table)
        if pc.count_distinct(beside).as_py() != len(beside):
            raise _unfit(f"The table {column.table} has several rows a person.")
        place = pc.index_in(self.codes, value_set=beside)
        return found.take(place.take(pa.array(self.person)))


def _numbers(column: pa.Array, named: Column) -> Array:
    kind = column.type
    if pa.types.is_boolean(kind):
        column = column.cast(pa.uint8())
    elif pa.types.is_date32(kind):
        column = column.cast(pa.int32())
    elif pa.types.is_timestamp(kind):
        seconds = column.cast(pa.timestamp("us")).cast(pa.int64())
        column = pc.divide(seconds.cast(pa.float64(), safe=False), 86_400_000_000.0)
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        raise _unfit(f"The column {named.name} holds no numbers.")
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), float)


def _places(column: pa.Array, levels: list[str]) -> Ints:
    try:
        said = column.cast(pa.string())
    except pa.ArrowInvalid:
        raise _unfit("A column with levels holds neither texts nor numbers.") from None
    found = pc.index_in(said, value_set=pa.array(levels, pa.string()), skip_nulls=True)
    return np.asarray(pc.fill_null(found, -1), np.int64)


def _unfit(sentence: str) -> Refused:
    return Refused("CW-MODEL-RECIPE", sentence)
