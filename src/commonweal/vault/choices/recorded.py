"""What a journal of choices says: who stays out because of it, and since when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import pyarrow as pa

from commonweal.foundation.canonical import digest
from commonweal.papers.choice import Choice
from commonweal.vault.choices.objections import SCHEMA
from commonweal.vault.choices.rules import KINDS

_YES = frozenset(rule.kind for rule in KINDS if rule.says_yes)


@dataclass(frozen=True)
class Recorded:
    """One entry of the journal. `hash`: of the entry as the ledger has it."""

    number: int
    intent: int
    hash: bytes
    choice: Choice


@dataclass(frozen=True)
class Journal:
    """All that was recorded, in its order; checked."""

    entries: tuple[Recorded, ...] = ()

    def __repr__(self) -> str:
        return f"Journal({len(self.entries)} entries)"

    @property
    def number(self) -> int:
        """The number of the last entry; 0 where nobody has chosen anything yet."""
        return len(self.entries)

    @property
    def head(self) -> str | None:
        """SHA-256 over the entries' hashes, as `sha256:...`; None of an empty journal."""
        if not self.entries:
            return None
        return digest({"choices": [one.hash.hex() for one in self.entries]})

    def rows(self, dataset: str) -> pa.Table:
        """What counts for people of `dataset`: columns as `Objections.rows`, a choice a row.

        What was taken back ends on the day before; what was taken back before it began is left
        out.
        """
        ends = {
            one.choice.takes_back: one.choice.effective_from - timedelta(days=1)
            for one in self.entries
            if one.choice.takes_back is not None
        }
        found = [
            (one.choice, earlier_of(one.choice.effective_to, ends.get(one.number)))
            for one in self.entries
            if one.choice.kind is not None and one.choice.whose.dataset in (None, dataset)
        ]
        kept = [(one, end) for one, end in found if end is None or end >= one.effective_from]
        return pa.table(
            {
                "identifier": [one.whose.identifier for one, _ in kept],
                "kind": [one.kind for one, _ in kept],
                "project": [one.project for one, _ in kept],
                "effective_from": [one.effective_from for one, _ in kept],
                "effective_to": [end for _, end in kept],
            },
            schema=SCHEMA,
        )

    def newer_than(self, number: int, made_on: date, day: date) -> Iterator[Choice]:
        """Choices that take people out and of which a release knows nothing that was made on
        `made_on`, when the journal had `number` entries: recorded since and counting on `day`, or
        begun since. Of a consent that was taken back, or that ended since by itself, the consent.
        """
        for one in self.entries:
            choice = one.choice
            end = choice.effective_to
            if choice.kind in _YES and end is not None and made_on <= end < day:
                yield choice
                continue
            known = one.number <= number and choice.effective_from <= made_on
            if known or choice.effective_from > day:
                continue
            if choice.takes_back is not None:
                choice = self.entries[choice.takes_back - 1].choice
            if (choice.kind in _YES) is (one.choice.takes_back is not None):
                yield choice


def earlier_of(one: date | None, other: date | None) -> date | None:
    """The earlier of two days, either of which may be missing."""
    return min((day for day in (one, other) if day is not None), default=None)
