"""The recorded acceptance that rooms are not kept apart (S17).

With SQLite and files everything runs as one user of the operating system: `separation: none`.
Whoever has that account can read the sources, the keys and every release. A person who answers for
real data must accept that, by name and with a reason, before the first permit. Both lie in the
sealed details of the entry. A demonstration home holds synthetic people only and needs none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from commonweal.foundation.clock import parse_stamp
from commonweal.foundation.errors import CommonwealError, Refused, WrongUsage
from commonweal.ledger.details import Details
from commonweal.ledger.entry import Actor, Event
from commonweal.vault.custody.holding import DETAILS_KEY, Custody
from commonweal.vault.custody.settling import settle

SEPARATION = "none"
EVENT = "separation.accepted"
ACTOR = Actor("custodian", "command-line")
_MOST_NAME = 200
_MOST_REASON = 2000


@dataclass(frozen=True)
class Acceptance:
    """Who accepts, and why. Raises `WrongUsage` CW-HOME-INVALID for an empty or odd text."""

    name: str
    reason: str

    def __post_init__(self) -> None:
        for what, text, most in (
            ("name", self.name, _MOST_NAME),
            ("reason", self.reason, _MOST_REASON),
        ):
            if not text.strip() or not text.isprintable() or len(text) > most:
                raise WrongUsage(
                    "CW-HOME-INVALID",
                    f"An acceptance needs a {what}: one line of at most {most:,} characters.",
                )


@dataclass(frozen=True)
class Accepted:
    """An acceptance on the ledger. `said`: None where its details were erased."""

    at: datetime
    said: Acceptance | None


def accept_separation(custody: Custody, acceptance: Acceptance) -> int:
    """Record the acceptance on the sealed log; returns the intent id."""
    key = custody.keyring.get(DETAILS_KEY)
    content = {"name": acceptance.name, "reason": acceptance.reason}
    details = Details(content, key.id, custody.keyring.secret_of(key.id).use())
    entry = custody.ledger.append(Event(EVENT, ACTOR, {"separation": SEPARATION}), details)
    settle(custody)
    return entry


def accepted_separation(custody: Custody) -> Accepted | None:
    """The newest acceptance on the ledger, or None."""
    with custody.ledger.reading() as connection:
        found = connection.execute(
            "SELECT intent.id, created_at, key_id FROM intent JOIN detail ON intent_id = intent.id "
            "WHERE type = ? ORDER BY intent.id DESC LIMIT 1",
            (EVENT,),
        ).fetchone()
    if found is None:
        return None
    at = parse_stamp(found[1])
    try:
        said = custody.ledger.open_details(found[0], custody.keyring.secret_of(found[2]).use())
    except CommonwealError:
        return Accepted(at, None)
    return Accepted(at, Acceptance(said["name"], said["reason"]))


def require_separation(custody: Custody) -> None:
    """Refuse in a home for real data where nobody accepted. Raises `Refused` CW-HOME-SEPARATION."""
    if custody.home.kind == "demo" or accepted_separation(custody) is not None:
        return
    raise Refused(
        "CW-HOME-SEPARATION",
        "Everything here runs as one user of the operating system, and nobody has accepted that "
        "for real data.",
        remedy="Let the person who answers for it decide; then run `commonweal home accept`.",
    )
