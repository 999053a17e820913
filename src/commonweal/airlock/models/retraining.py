"""Models made again: the study's hashed code on other people, for attacks that need them (S2).

The enclave implements `Retrainer` by jobs. What comes back is a file like any other: it is read and
run in the sandbox, and gone when the examination ends. Each examination makes its models anew, in a
folder of its own: models left by another one would be of other data, and nobody would see it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from commonweal.airlock.models.examples import Files, release_files
from commonweal.airlock.opened import OpenRelease

Inside = npt.NDArray[np.bool_]


class Retrainer(Protocol):
    """Runs the study's code again, as it was hashed, on a sample in the form of a job's release."""

    @property
    def code(self) -> str:
        """The hash of the code that is run."""

    def retrain(self, sample: Path, into: Path) -> Path:
        """The model's file, in the folder `into`, that the code makes of `sample`.

        sample: `data/<table>/part-*.parquet` and `release.json`, as a job's `/release`. Raises a
        `CommonwealError` where the code leaves no model.
        """


@dataclass(frozen=True)
class Samples:
    """Samples of the people of a release and of those held out, as releases of their own."""

    release: OpenRelease
    holdout: Files

    def same(self, folder: Path) -> Path:
        """The mounted release itself: the same rows in the same order."""
        for name, files in release_files(self.release).items():
            _write(folder, name, _read(files))
        return self._described(folder)

    def of(self, people: pa.Array, folder: Path) -> Path:
        """All rows of these people; rows that are about nobody are in every sample."""
        mounted = release_files(self.release)
        for name, table in self.release.tables.items():
            if table.person is None:
                _write(folder, name, _read(mounted[name]))
                continue
            both = [_read(files) for files in (mounted[name], self.holdout.get(name, ())) if files]
            rows = pa.concat_tables(both, promote_options="permissive")
            rows = rows.filter(pc.is_in(rows.column(table.person), value_set=people))
            # In the order of their values, as every release is: a place would tell who is who.
            order = [(column, "ascending") for column in rows.column_names]
            _write(folder, name, rows.sort_by(order))
        return self._described(folder)

    def _described(self, folder: Path) -> Path:
        tables = {
            name: {
                "person": table.person,
                "columns": {
                    column: {"type": told.type, "form": told.form}
                    for column, told in table.columns.items()
                },
            }
            for name, table in self.release.tables.items()
        }
        told = {"release": 1, "id": self.release.release, "tables": tables}
        (folder / "release.json").write_text(json.dumps(told), "utf-8")
        return folder


def design(members: int, others: int, shadows: int, chance: np.random.Generator) -> Inside:
    """Who is trained on in which model: a line for each model, members first.

    Each model has about as many people as there are members, and each person is in, and out of, as
    many models as anybody else, and in at least two of each.
    """
    share = members / (members + others)
    inside = int(np.clip(round(shadows * share), 2, shadows - 2))
    ranks = chance.random((shadows, members + others)).argsort(axis=0).argsort(axis=0)
    return np.asarray(ranks < inside, bool)


def _read(files: Sequence[Path]) -> pa.Table:
    return pa.concat_tables([pq.read_table(one, partitioning=None) for one in files])


def _write(folder: Path, name: str, rows: pa.Table) -> None:
    inside = folder / "data" / name
    inside.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows, inside / "part-0.parquet")
