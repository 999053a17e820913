"""Columns that a study's own code made: one value for each of some people of the release.

A job writes such a column beside its outputs, and it never leaves. What the job says in it is its
own; who the people are, how often each is there and how many are behind a figure is not: the column
is joined here to the release, one to one, by the codes of people, and all counting goes on over the
release (S1, grade `tabulated`).

The file is laid out so that nothing has to be parsed (S18): a line that says how many people and
how many bytes a code, then all codes, then all values, each 8 bytes, the least first.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from commonweal.airlock.figures import Numbers
from commonweal.airlock.opened import OpenRelease, OpenTable
from commonweal.airlock.recompute.reading import PersonTable, Places, Small, Values
from commonweal.foundation.errors import Fault, Refused
from commonweal.foundation.files import read_bytes
from commonweal.papers.base import LARGEST, Line
from commonweal.papers.output_request import MADE_BY_STUDY, Grouping, OutputRequest
from commonweal.papers.release.manifest import ReleasedColumn
from commonweal.papers.study import PERSON_COLUMN

MOST_COLUMNS = 20
"""Columns that one study may hand in."""
MOST_BYTES = 1 << 30
MOST_GROUPS = 100
"""A column is grouped by its values only where these are whole numbers from 0 to 99: a larger
number could spell a text, and there are bands for it."""
_LONGEST_HEAD = 80
_LONGEST_CODE = 64
_HEAD = re.compile(rb"commonweal person column 1 ([1-9][0-9]{0,9}) ([1-9][0-9]?)\n")
_PERSON = "person"


@dataclass(frozen=True)
class MadeFile:
    """A column as a job left it. `sha256`: of the bytes that the job's paper names, where there is
    such a paper."""

    path: Path
    sha256: str | None = None


@dataclass(frozen=True)
class MadeFacts:
    """What reviewers read of a column: how many people it speaks of, of how many, how variously."""

    name: str
    sha256: str
    people: int
    of: int
    distinct: int

    def line(self) -> str:
        """In words."""
        return (
            f"  The study's own column {self.name}: a value for {self.people:,} of {self.of:,} "
            f"people, {self.distinct:,} different; {self.sha256}"
        )

    def plain(self) -> dict[str, str | int]:
        """As JSON values."""
        return {
            "name": self.name, "sha256": self.sha256, "people": self.people, "of": self.of,
            "distinct": self.distinct,
        }  # fmt: skip


class MadeColumn(ReleasedColumn):
    """Such a column as a release's are described. `form` holds the hash of its content, so that the
    audit never takes one study's column for another's."""

    form: Line


class Made:
    """The columns that one study handed in, read when a request first names one.

    `tables`: gives a table of the release with its people.
    """

    def __init__(self, files: Mapping[str, MadeFile], release: OpenRelease) -> None:
        if len(files) > MOST_COLUMNS:
            raise _no(f"A study hands in at most {MOST_COLUMNS} columns.")
        self._files = files
        self._release = release
        self._held: dict[str, tuple[Values, MadeFacts]] = {}
        self._people: pa.Array | None = None

    def beside(self, request: OutputRequest, tables: Callable[[str], PersonTable]) -> OpenRelease:
        """The release with the columns that `request` names beside it.

        Raises `Refused` CW-OUTPUT-MADE for a column that is not there or not one value for each of
        some people of the release, CW-OUTPUT-COLUMN where the release has a table of that name.
        """
        if MADE_BY_STUDY in self._release.tables:
            raise Refused(
                "CW-OUTPUT-COLUMN",
                f"The release has a table called {MADE_BY_STUDY}, so no column of a study's own "
                "can be named.",
            )
        columns = {name: self._described(name, tables) for name in request.made()}
        table = OpenTable(MADE_BY_STUDY, (), columns, _PERSON)
        return replace(self._release, tables={**self._release.tables, MADE_BY_STUDY: table})

    def table(self, tables: Callable[[str], PersonTable]) -> MadeTable:
        """All columns that were read, over all people of the release."""
        return MadeTable(self.people(tables), {name: one for name, (one, _) in self._held.items()})

    def facts(self, request: OutputRequest) -> tuple[MadeFacts, ...]:
        """What reviewers read of the columns that `request` names; of those that could be read."""
        return tuple(self._held[name][1] for name in request.made() if name in self._held)

    def people(self, tables: Callable[[str], PersonTable]) -> pa.Array:
        """The code of everybody in the release, each once, in order."""
        if self._people is None:
            named = [one.name for one in self._release.tables.values() if one.person is not None]
            codes = [tables(name).codes for name in named]
            if not codes or len({one.type for one in codes}) > 1:
                raise Fault("CW-OUTPUT-RELEASE", "The release does not say who its people are.")
            every = pc.unique(pa.chunked_array(codes))
            self._people = every.take(pc.sort_indices(every))
        return self._people

    def _described(self, name: str, tables: Callable[[str], PersonTable]) -> MadeColumn:
        if name not in self._held:
            file = self._files.get(name)
            if file is None or name == _PERSON:
                raise _no("A request names a column that the study did not hand in.")
            self._held[name] = _read(name, file, self.people(tables))
        values, facts = self._held[name]
        form = f"made by a study, {facts.sha256[-32:]}"
        kind: Literal["integer", "decimal"] = "integer" if values.kind == "integer" else "decimal"
        return MadeColumn(name=name, type=kind, form=form, role="other")


class MadeTable(PersonTable):
    """Columns of a study's own as a table with one row a person, everybody of the release there."""

    def __init__(self, codes: pa.Array, columns: Mapping[str, Values]) -> None:
        self.rows = len(codes)
        self.codes = codes
        self.person: Small = np.arange(len(codes), dtype=np.int32)
        self._columns = columns

    def column(self, name: str) -> Values:
        """A column that was read, in the order of people."""
        return self._columns[name]


def made_files(paths: Iterable[tuple[Path, str | None]]) -> dict[str, MadeFile]:
    """The columns that lie at `paths`, by name, each with its hash."""
    return {path.name.removesuffix(PERSON_COLUMN): MadeFile(path, told) for path, told in paths}


def require_few(values: Values, grouping: Grouping) -> None:
    """Refuse to group by values of a study's own but by few whole numbers, or by named ones.

    Raises `Refused` CW-OUTPUT-MADE.
    """
    most = len(grouping.labels) if grouping.labels is not None else MOST_GROUPS
    known = values.data if values.missing is None else values.data[~values.missing]
    whole = values.kind == "integer"
    if whole and (not len(known) or (int(known.min()) >= 0 and int(known.max()) < most)):
        return
    if grouping.labels is not None:
        raise _no("A column holds other numbers than those that the request has labels for.")
    raise _no(f"A column is grouped by whole numbers from 0 to {MOST_GROUPS - 1}, or by bands.")


def _read(name: str, file: MadeFile, people: pa.Array) -> tuple[Values, MadeFacts]:
    content = read_bytes(file.path, "A column", limit=MOST_BYTES)
    seen = f"sha256:{hashlib.sha256(content).hexdigest()}"
    if file.sha256 is not None and not hmac.compare_digest(seen, file.sha256):
        raise Fault("CW-LEAVING-FILE", f"The file {file.path.name} is not the one that was left.")
    codes, values = _laid_out(content, people)
    place = pc.index_in(codes, value_set=people)
    if place.null_count:
        raise _no("A column speaks of somebody who is not in the release.")
    rows: Places = np.asarray(place.to_numpy(), np.int64)
    given = np.zeros(len(people), np.bool_)
    given[rows] = True
    if int(given.sum()) != len(rows):
        raise _no("A column speaks of somebody twice.")
    if not np.isfinite(values).all() or np.abs(values).max() > LARGEST:
        raise _no("A column holds what is no number between -2^53 and 2^53.")
    whole = bool((values == np.floor(values)).all())
    data = np.zeros(len(people), np.int64 if whole else np.float64)
    data[rows] = values
    missing = None if given.all() else ~given
    facts = MadeFacts(name, seen, len(rows), len(people), len(np.unique(values)))
    return Values("integer" if whole else "decimal", data, missing), facts


def _laid_out(content: bytes, people: pa.Array) -> tuple[pa.Array, Numbers]:
    head = _HEAD.match(content[:_LONGEST_HEAD])
    if head is None:
        raise _no("A column does not begin as a column does.")
    count, wide, start = int(head[1]), int(head[2]), head.end()
    if wide > _LONGEST_CODE or len(content) != start + count * (wide + 8):
        raise _no("A column is not as long as it says.")
    if count > len(people):
        raise _no("A column speaks of more people than there are in the release.")
    values = np.frombuffer(content, "<f8", count, start + count * wide)
    return _codes(content[start : start + count * wide], count, wide, people), values


def _codes(raw: bytes, count: int, wide: int, people: pa.Array) -> pa.Array:
    """Codes as they are, where all of the release are as wide; else shorter ones end in zeros."""
    lengths = pc.min_max(pc.binary_length(people)).as_py()
    if lengths["min"] == lengths["max"] == wide:
        ends = pa.py_buffer(np.arange(0, (count + 1) * wide, wide, dtype=np.int32))
        return pa.Array.from_buffers(pa.binary(), count, [None, ends, pa.py_buffer(raw)])
    return pa.array(np.frombuffer(raw, f"S{wide}", count).tolist(), pa.binary())


def _no(sentence: str) -> Refused:
    return Refused("CW-OUTPUT-MADE", sentence, remedy="Write it with study.person_column().")
