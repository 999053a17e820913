"""Papers that have versions: which counts when, by the order of the ledger (S11).

The trust policy and the roster change in one way: a version is adopted, waits, and counts; one that
waits can be withdrawn. Two things may bear the same time, so the numbers of the ledger's intents
say which came first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeVar


class Adopted(Protocol):
    """A version: when it was adopted, from when on it counts, and when it was withdrawn.

    `entry`: the number of the ledger's intent that adopted it.
    """

    @property
    def adopted_at(self) -> datetime:
        """When the ledger heard of it."""
        ...

    @property
    def effective_from(self) -> datetime:
        """From when on it counts."""
        ...

    @property
    def withdrawn_at(self) -> datetime | None:
        """When it was withdrawn; None where it was not."""
        ...

    @property
    def entry(self) -> int:
        """The number of its intent."""
        ...


V = TypeVar("V", bound=Adopted)


def newest_in_force(versions: Sequence[V], at: datetime, entry: int | None = None) -> V | None:
    """The version that counts at `at`, or for the intent `entry` that was written at `at`."""
    found = None
    for one in versions:
        there = entry is None or one.entry < entry
        if one.withdrawn_at is None and one.effective_from <= at and there:
            found = one
    return found


def waiting(versions: Sequence[V], at: datetime) -> V | None:
    """The version that was adopted and does not count yet, or None."""
    found = [one for one in versions if one.withdrawn_at is None and one.effective_from > at]
    return found[-1] if found else None
