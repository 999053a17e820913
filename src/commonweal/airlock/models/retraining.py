"""Models made again: the study's hashed code on other people, for attacks that need them (S2).

The enclave implements `Retrainer` by jobs. What comes back is a file like any other: it is read and
run in the sandbox, and gone when the examination ends. Each examination makes its models anew, in a
folder of its own: models left by another one would be of other data, and nobody would see it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
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
RECIPE = ".recipe.json"
"""The end of a recipe's name: that of `risk.onnx` is `risk.recipe.json`."""
ROWS_IN_GROUP = 122_880
"""As in a release: what the vault writes and a sample must look alike to the code."""


class Retrainer(Protocol):
    """Runs the study's code again, as it was hashed, on a sample in the form of a job's release."""

    @property
    def code(self) -> str:
        """The hash of the code that is run."""

    def retrain(self, sample: Path, into: Path) -> Path:
        """The model's file, in the folder `into`, that the code makes of `sample`.

        sample: `data/<table>/part-*.parquet` and `release.json`, as a job's `/release`. The recipe
        that the code leaves lies beside the model. Raises a `CommonwealError` where the code leaves
        no model.
        """


@dataclass(frozen=True)
class Samples:
    """Samples of the people of a release and of those held out, as releases of their own.

    A sample looks like the release that a job mounts: the same names, the same kinds of files, the
    same description but for the number of rows. Code that can tell them apart can behave.
    """

    release: OpenRelease
    holdout: Files

    def same(self, folder: Path) -> Path:
        """The mounted release itself: the same bytes."""
        rows = {}
        for name, files in release_files(self.release).items():
            inside = _inside(folder, name)
            for number, file in enumerate(files):
                shutil.copyfile(file, inside / f"part-{number}.parquet")
            rows[name] = sum(pq.read_metadata(one).num_rows for one in files)
        return self._described(folder, rows)

    def of(self, people: pa.Array, folder: Path) -> Path:
        """All rows of these people; rows that are about nobody are in every sample."""
        mounted, count = release_files(self.release), {}
        for name, table in self.release.tables.items():
            rows = _read(mounted[name])
            if table.person is not None:
                held = self.holdout.get(name, ())
                both = [rows, _read(held)] if held else [rows]
                rows = pa.concat_tables(both, promote_options="permissive")
                rows = rows.filter(pc.is_in(rows.column(table.person), value_set=people))
                # In the order of their values, as every release is: a place would tell who is who.
                rows = rows.sort_by([(column, "ascending") for column in rows.column_names])
            _write(_inside(folder, name) / "part-0.parquet", rows)
            count[name] = rows.num_rows
        return self._described(folder, count)

    def _described(self, folder: Path, rows: Mapping[str, int]) -> Path:
        tables = {
            name: {
                "person": table.person,
                "rows": rows[name],
                "columns": {
                    column: {"type": told.type, "form": told.form}
                    for column, told in table.columns.items()
                },
            }
            for name, table in self.release.tables.items()
        }
        told = {"release": 1, "id": self.release.release, "tables": tables}
        said = json.dumps(told, indent=2, ensure_ascii=False) + "\n"
        (folder / "release.json").write_text(said, "utf-8")
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


def _inside(folder: Path, name: str) -> Path:
    inside = folder / "data" / name
    inside.mkdir(parents=True, exist_ok=True)
    return inside


def _write(path: Path, rows: pa.Table) -> None:
    """In the form in which the vault writes a release."""
    schema = rows.schema.remove_metadata()
    with pq.ParquetWriter(path, schema, compression="zstd", store_schema=False) as writer:
        writer.write_table(rows.cast(schema), row_group_size=ROWS_IN_GROUP)
