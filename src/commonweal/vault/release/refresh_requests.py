"""Requests for a release with newer choices, as the ledger keeps them (S13).

A room of jobs asks, and the vault's worker takes it up (`refreshing`). One request stands for all
jobs of a permit until the ledger has its answer: a release, or a refusal by the vault.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from commonweal.foundation.clock import parse_stamp
from commonweal.ledger.entry import Actor, Event
from commonweal.vault.custody import Custody

REFRESHER = Actor("system", "refresh")
"""Who makes such a release, by the ledger. The people are those who decided on its precedent."""
ENCLAVE = Actor("system", "enclave")
AGAIN = timedelta(hours=6)
"""How long after a refusal no job asks again: what refused it changes by people's hands."""
REFUSED = "release.refused"

_ASKED = "release.refresh_asked"


def ask_refresh(custody: Custody, permit_id: str, release: str, job: str) -> bool:
    """Let the ledger hear that `job` needs a newer release than `release`; False if it knows.

    One request stands for all jobs until it is answered; after a refusal nobody asks for a while.
    Raises `Refused` CW-PERMIT-NOT-LIVE.
    """
    with custody.ledger.transaction() as writing:
        standing = standing_of(writing.connection, permit_id)
        since = standing.refused_at
        if standing.open or (since is not None and writing.now() - parse_stamp(since) < AGAIN):
            return False
        fields = {"permit": permit_id, "release": release, "job": job}
        writing.append(Event(_ASKED, ENCLAVE, fields))
    return True


def asked(custody: Custody) -> tuple[str, ...]:
    """The permits of which somebody waits for a newer release, by the ledger."""
    with custody.ledger.reading() as connection:
        rows = connection.execute(
            "SELECT DISTINCT permit FROM intent WHERE type = ? ORDER BY permit", (_ASKED,)
        ).fetchall()
        waiting = [permit for (permit,) in rows if standing_of(connection, permit).open]
    # Under a permit that is stopped nothing is made; its request waits, or is forgotten with it.
    return tuple(permit for permit in waiting if _is_active(custody, permit))


def _is_active(custody: Custody, permit_id: str) -> bool:
    standing = custody.ledger.permit_standing(permit_id)
    return standing is not None and standing.state == "active"


@dataclass(frozen=True)
class Standing:
    """`open`: a request waits. `refused_at`: when the last one was refused, if nobody built since.

    Both by the last of: a request, a release, a refusal by us.
    """

    open: bool
    refused_at: str | None


def standing_of(connection: Any, permit_id: str) -> Standing:
    """How the requests of a permit stand."""
    rows = connection.execute(
        "SELECT type, created_at FROM intent WHERE permit = ? AND (type IN (?, 'release.completed')"
        " OR (type = ? AND json_extract(CAST(body AS TEXT), '$.actor') = ?)) "
        "ORDER BY id DESC LIMIT 1",
        (permit_id, _ASKED, REFUSED, REFRESHER.id),
    ).fetchall()
    type_, at = rows[0] if rows else ("", None)
    return Standing(type_ == _ASKED, at if type_ == REFUSED else None)
