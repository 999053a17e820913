"""What a permit stands in: the permits that it replaced, and the projects that the home knows.

People write down the name that they were told. Whoever objected to a permit that was replaced
since has objected to its successor too; whoever wrote a name that no one here ever used should be
asked what they meant.
"""

from __future__ import annotations

import contextlib
import json
import unicodedata
from dataclasses import dataclass

from commonweal.foundation.errors import CommonwealError
from commonweal.foundation.files import read_bytes
from commonweal.papers.permit import Permit
from commonweal.vault.custody.holding import Custody

MAX_PERMIT_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class Lineage:
    """`permits`: this permit's id, then those that it replaced, the newest first.

    `known`: the id of every permit on this home's ledger and of the projects of those that it keeps
    a copy of; None where nobody has looked. `siblings`: the other permits of the same project that
    the home keeps a copy of: closed, run out, or beside this one.
    """

    permits: tuple[str, ...]
    known: frozenset[str] | None = None
    siblings: tuple[str, ...] = ()

    @property
    def root(self) -> str:
        """The id of the first permit of the chain."""
        return self.permits[-1]

    @property
    def replaced(self) -> tuple[str, ...]:
        """The ids of the permits that this one replaced."""
        return self.permits[1:]

    @property
    def refusable(self) -> tuple[str, ...]:
        """The ids of the other permits whose name in a no is this permit's too.

        People say no to a project by the name that they were told. It may be that of a permit
        which was closed before it counted, or which ran out before the next one was asked for.
        """
        return (*self.replaced, *self.siblings)


def lineage_of(custody: Custody, permit: Permit) -> Lineage:
    """The lineage of `permit`, by the ledger."""
    with custody.ledger.reading() as connection:
        rows = connection.execute("SELECT body FROM intent WHERE type = 'permit.issued'").fetchall()
    issued = [json.loads(body) for (body,) in rows]
    replaces = {one["permit"]: one.get("supersedes") for one in issued}
    replaces[permit.id] = permit.supersedes
    chain = [permit.id]
    while (before := replaces.get(chain[-1])) is not None and before not in chain:
        chain.append(before)
    kept = kept_permits(custody)
    known = frozenset(replaces) | {one.project.id for one in kept} | {permit.project.id}
    mine = _folded(permit.project.id)
    siblings = {one.id for one in kept if _folded(one.project.id) == mine} - set(chain)
    return Lineage(tuple(chain), known, tuple(sorted(siblings)))


def is_known(custody: Custody, name: str) -> bool:
    """Whether the home ever had a permit or project of this name, in whatever letter case.

    As `Lineage.known`, for whoever has no permit at hand.
    """
    with custody.ledger.reading() as connection:
        rows = connection.execute(
            "SELECT json_extract(CAST(body AS TEXT), '$.permit') FROM intent "
            "WHERE type = 'permit.issued'"
        ).fetchall()
    names = {str(permit) for (permit,) in rows} | {one.project.id for one in kept_permits(custody)}
    return _folded(name) in {_folded(one) for one in names}


def _folded(project: str) -> str:
    """The name of a project as a no is read: in one spelling and letter case."""
    return unicodedata.normalize("NFKC", project).strip().casefold()


def kept_permits(custody: Custody) -> tuple[Permit, ...]:
    """The permits that the home keeps a copy of; a copy that is not believed is passed over."""
    found = []
    for path in sorted(custody.permits.glob("*.jws")):
        with contextlib.suppress(CommonwealError):
            content = read_bytes(path, "The permit", limit=MAX_PERMIT_BYTES)
            found.append(Permit.load(content, custody.belief))
    return tuple(found)
