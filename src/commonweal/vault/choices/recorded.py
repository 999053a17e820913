"""What a journal of choices says: who stays out because of it, and since when."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import json as pa_json

from commonweal.foundation.canonical import digest, parse_json
from commonweal.papers.choice import Choice
from commonweal.vault.choices.objections import SCHEMA

_TEXT = pa.string()


def _texts(*names: str) -> pa.DataType:
    return pa.struct([(name, _TEXT) for name in names])


_PAPER = pa.schema(
    [
        ("choice", pa.int64()), ("id", _TEXT), ("whose", _texts("kind", "identifier", "dataset")),
        ("kind", _TEXT), ("takes_back", pa.int64()), ("project", _TEXT), ("effective_from", _TEXT),
        ("effective_to", _TEXT), ("set_by", _TEXT),
        ("trusted", _texts("relation", "born_on", "ends_on", "died_on", "scope")),
        ("channel", _TEXT), ("entered_by", _TEXT), ("evidence", _TEXT), ("made_on", _TEXT),
        ("recorded_at", _TEXT),
    ]
)  # fmt: skip
_DAYS = ("effective_from", "effective_to")


@dataclass(frozen=True)
class Recorded:
    """One entry of the journal. `hash`: of the entry as the ledger has it."""

    number: int
    intent: int
    hash: bytes
    choice: Choice


@dataclass(frozen=True)
class Journal:
    """All that was recorded, in its order; checked.

    `intents`, `hashes`, `papers`: of each entry its place on the ledger, its hash, and the choice
    as canonical JSON. `columns`: what the papers say, a choice a row.
    """

    intents: Sequence[int] = ()
    hashes: Sequence[bytes] = ()
    papers: Sequence[bytes] = field(default=(), repr=False)
    columns: pa.Table = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", _columns(self.papers))

    def __repr__(self) -> str:
        return f"Journal({self.number} entries)"

    @property
    def number(self) -> int:
        """The number of the last entry; 0 where nobody has chosen anything yet."""
        return len(self.papers)

    @property
    def head(self) -> str | None:
        """SHA-256 over the entries' hashes, as `sha256:...`; None of an empty journal."""
        if not self.papers:
            return None
        return digest({"choices": [one.hex() for one in self.hashes]})

    def entry(self, number: int) -> Recorded:
        """The entry with this number, from 1 on. Raises IndexError."""
        if not 1 <= number <= self.number:
            raise IndexError(number)
        at = number - 1
        choice = Choice.read(parse_json(self.papers[at], "The choice"), "The choice")
        return Recorded(number, self.intents[at], self.hashes[at], choice)

    def of_person(self, number: str) -> tuple[Recorded, ...]:
        """All entries about the person with this NHS number, the oldest first."""
        whose = self.columns["whose"].combine_chunks()
        theirs = pc.and_(
            pc.equal(whose.field("kind"), "nhs_number"), pc.equal(whose.field("identifier"), number)
        )
        return tuple(self.entry(at + 1) for at in pc.indices_nonzero(theirs).to_pylist())

    def taken_back(self, number: int) -> bool:
        """Whether an entry takes the one with this number back."""
        return bool(pc.any(pc.equal(self.columns["takes_back"], number)).as_py())

    def rows(self, dataset: str) -> pa.Table:
        """What counts for people of `dataset`: columns as `Objections.rows`, a choice a row.

        What was taken back ends on the day before; what was taken back before it began is left
        out.
        """
        table = self.columns
        begins, ends = _days(table["effective_from"]), _days(table["effective_to"])
        back = table["takes_back"].to_numpy()
        takes = ~np.isnan(back) if back.dtype.kind == "f" else np.ones(len(back), dtype=bool)
        target = back[takes].astype(np.int64) - 1
        ends[target] = np.fmin(ends[target], begins[takes] - np.timedelta64(1, "D"))
        whose = table["whose"].combine_chunks()
        mine = pc.or_kleene(
            pc.is_null(whose.field("dataset")), pc.equal(whose.field("dataset"), dataset)
        )
        stands = pa.array(np.isnat(ends) | (ends >= begins))
        kept = pc.and_(pc.and_(mine, pc.is_valid(table["kind"])), stands)
        found = pa.table(
            {
                "identifier": whose.field("identifier"),
                "kind": table["kind"],
                "project": table["project"],
                "effective_from": pa.array(begins),
                "effective_to": pa.array(ends, from_pandas=True),
            },
            schema=SCHEMA,
        )
        return found.filter(kept)

    def moved_since(self, number: int, made_on: date, day: date) -> bool:
        """Whether what counts on `day` is something else than a release knows that was made on
        `made_on`, when the journal had `number` entries: recorded since, begun or ended since.

        Whose it is and what it is about is not looked at (S14, ADR 66).
        """
        if self.number > number:
            return True
        made, now = np.datetime64(made_on), np.datetime64(day)
        begins = _days(self.columns["effective_from"])
        ends = _days(self.columns["effective_to"])
        begun = (begins > made) & (begins <= now)
        ended = (ends >= made) & (ends < now)
        return bool(begun.any() or ended.any())


def _columns(papers: Sequence[bytes]) -> pa.Table:
    if not papers:
        table = _PAPER.empty_table()
    else:
        # One line a paper: canonical JSON holds no line break.
        table = pa_json.read_json(
            io.BytesIO(b"\n".join(papers)),
            read_options=pa_json.ReadOptions(block_size=1 << 22),
            parse_options=pa_json.ParseOptions(
                explicit_schema=_PAPER, unexpected_field_behavior="error"
            ),
        )
        if table.num_rows != len(papers):
            raise ValueError("a choice is not one line")
    for name in _DAYS:
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, pc.cast(table[name], pa.date32()))
    return table


def _days(column: pa.ChunkedArray) -> Any:
    return column.to_numpy().astype("datetime64[D]")


def earlier_of(one: date | None, other: date | None) -> date | None:
    """The earlier of two days, either of which may be missing."""
    return min((day for day in (one, other) if day is not None), default=None)
