"""A long list in pages, with links that keep what was searched for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, overload

from django.http import QueryDict

T = TypeVar("T")
PAGE = "page"
SIZE = 25


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page: its rows, where it lies, and links to others."""

    rows: Sequence[T]
    number: int
    first: int
    total: int
    before: str | None
    after: str | None
    links: list[dict[str, Any]]

    @property
    def last(self) -> int:
        """The place of the last row shown."""
        return self.first + len(self.rows) - 1


class Counted(Sequence[T]):
    """The rows of a query as `page_of` wants them: counted by the database, and only one page read.

    `rows`: a query set in a fixed order.
    """

    def __init__(self, rows: Any) -> None:
        self._rows = rows
        self._count: int | None = None

    def __len__(self) -> int:
        if self._count is None:
            self._count = int(self._rows.count())
        return self._count

    @overload
    def __getitem__(self, place: int) -> T: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[T]: ...

    def __getitem__(self, place: int | slice) -> T | Sequence[T]:
        if isinstance(place, int):
            one: T = self._rows[place]
            return one
        return list(self._rows[place])


def page_of(rows: Sequence[T], asked: QueryDict, size: int = SIZE) -> Page[T]:
    """The page of `rows` that `asked` names; the nearest there is if there is none."""
    count = max(1, -(-len(rows) // size))
    said = asked.get(PAGE, "1")
    number = int(said) if said.isascii() and said.isdigit() and len(said) < 9 else 1
    number = min(max(number, 1), count)
    start = (number - 1) * size
    return Page(
        rows[start : start + size],
        number,
        start + 1,
        len(rows),
        _link(asked, number - 1) if number > 1 else None,
        _link(asked, number + 1) if number < count else None,
        [_item(asked, one, number) for one in _shown(number, count)],
    )


def _link(asked: QueryDict, number: int) -> str:
    kept = asked.copy()
    kept[PAGE] = str(number)
    return f"?{kept.urlencode()}"


def _item(asked: QueryDict, number: int | None, current: int) -> dict[str, Any]:
    if number is None:
        return {"ellipsis": True}
    return {"number": number, "href": _link(asked, number), "current": number == current}


def _shown(number: int, count: int) -> list[int | None]:
    near = sorted({1, count, *range(max(1, number - 1), min(count, number + 1) + 1)})
    found: list[int | None] = []
    for one in near:
        if found and found[-1] is not None and one - found[-1] > 1:
            found.append(None)
        found.append(one)
    return found
