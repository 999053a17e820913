"""Whether two accounts are one person, as the roster sees it: by how their names look.

An application can name people as it likes. `Irene` or `lrene` in it must not be somebody else than
the member `irene`, so nothing about sides or conflicts compares accounts in another way than this.
A member who only looks like somebody in an application stays out of that one decision: the safe
mistake.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set

from commonweal.papers.base import person_look


class People(Set[str]):
    """A set of accounts, in which two that look alike are one. Keeps the first spelling of each."""

    __slots__ = ("_spelt",)

    def __init__(self, accounts: Iterable[str] = ()) -> None:
        self._spelt: dict[str, str] = {}
        for account in accounts:
            self._spelt.setdefault(person_look(account), account)

    def __contains__(self, account: object) -> bool:
        return isinstance(account, str) and person_look(account) in self._spelt

    def __iter__(self) -> Iterator[str]:
        return iter(self._spelt.values())

    def __len__(self) -> int:
        return len(self._spelt)

    def __hash__(self) -> int:
        return hash(frozenset(self._spelt))

    def __repr__(self) -> str:
        return f"People({sorted(self)!r})"

    # The other side may be a plain set, which would compare letter by letter.

    def __le__(self, other: Set[object]) -> bool:
        return super().__le__(_alike(other))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Set) and super().__eq__(_alike(other))

    def __sub__(self, other: Set[object]) -> People:
        return People(one for one in self if one not in _alike(other))


def _alike(other: Set[object]) -> People:
    return other if isinstance(other, People) else People(str(one) for one in other)
