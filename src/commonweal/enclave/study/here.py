"""The one study of this process: what the functions of the package act on."""

from __future__ import annotations

from pathlib import Path

from commonweal.enclave.study.columns import Column
from commonweal.enclave.study.place import Place
from commonweal.enclave.study.study import Study

_here = Study()

tables = _here.tables
data = _here.data
sql = _here.sql
reference = _here.reference
person_column = _here.person_column
table = _here.table
count = _here.count
mean = _here.mean
sd = _here.sd
sum = _here.sum  # noqa: A001 (read as study.sum)
quantile = _here.quantile
ratio = _here.ratio
regression = _here.regression
survival = _here.survival
correlation = _here.correlation
file = _here.file
figure = _here.figure
model = _here.model
examples = _here.examples
checkpoints = _here.checkpoints
note = _here.note


def col(table: str, name: str) -> Column:
    """One column of a table of the release; compare it to make a filter."""
    return Column(table, name)


column = col


def use(
    release: Path | str | None = None,
    outputs: Path | str | None = None,
    reference: Path | str | None = None,
) -> None:
    """Work on these folders, outside a job: a release of made-up data, a folder for outputs."""
    found, left, lent = (
        None if one is None else Path(one) for one in (release, outputs, reference)
    )
    _here.move(Place(found, left, lent))
