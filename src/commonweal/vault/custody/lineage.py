"""What a permit stands in: the permits that it replaced, and the projects that the home knows.

People write down the name that they were told. Whoever objected to a permit that was replaced
since has objected to its successor too; whoever wrote a name that no one here ever used should be
asked what they meant.
"""

from __future__ import annotations

import contextlib
import json
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
    a copy of; None where nobody has looked.
    """

    permits: tuple[str, ...]
    known: frozenset[str] | None = None

    @property
    def root(self) -> str:
        """The id of the first permit of the chain."""
        return self.permits[-1]

    @property
    def replaced(self) -> tuple[str, ...]:
        """The ids of the permits that this one replaced."""
        return self.permits[1:]


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
    projects = {one.project.id for one in kept_permits(custody)}
    return Lineage(tuple(chain), frozenset(replaces) | projects | {permit.project.id})


def kept_permits(custody: Custody) -> tuple[Permit, ...]:
    """The permits that the home keeps a copy of; a copy that is not believed is passed over."""
    found = []
    for path in sorted(custody.permits.glob("*.jws")):
        with contextlib.suppress(CommonwealError):
            content = read_bytes(path, "The permit", limit=MAX_PERMIT_BYTES)
            found.append(Permit.load(content, custody.belief))
    return tuple(found)
