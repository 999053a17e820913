"""One permit in the place of another, in custody: no gap, and no moment at which both count.

A permit that replaces another is issued while the older one goes on. From the moment from which the
newer one counts, the ledger's order alone says that the older is `superseded` (`ledger.state`);
`hand_over` writes the event that says so. Until then whatever stops the older one stops the newer
one too, so that no stop is lost between the two.
"""

from __future__ import annotations

from commonweal.foundation.errors import Refused
from commonweal.ledger.entry import Actor, Event
from commonweal.ledger.events import TERMINAL
from commonweal.ledger.state import PermitStanding
from commonweal.ledger.store import Writing
from commonweal.papers.permit import Permit
from commonweal.papers.permit_state import TRANSITIONS, check_transition
from commonweal.papers.permit_state import Event as Step
from commonweal.vault.custody.holding import Custody
from commonweal.vault.custody.settling import settle

ACTOR = Actor("custodian", "command-line")
STOPPED = ("paused", "suspended")
_CARRIED: dict[Step, tuple[Step, str]] = {
    "pause": ("suspend", "permit.suspended"),
    "suspend": ("suspend", "permit.suspended"),
    "revoke": ("revoke", "permit.revoked"),
    "close": ("close", "permit.closed"),
}
"""A step of the older permit: the step that the newer one takes with it, and its event. What is
only announced cannot be paused, so it is suspended."""


def newer_than(writing: Writing, permit_id: str) -> tuple[str, ...]:
    """The permits that were issued in the place of this one."""
    rows = writing.connection.execute(
        "SELECT permit FROM intent WHERE type = 'permit.issued' "
        "AND json_extract(CAST(body AS TEXT), '$.supersedes') = ? ORDER BY id",
        (permit_id,),
    )
    return tuple(one for (one,) in rows)


def counts_instead(custody: Custody, permit_id: str) -> str | None:
    """The permit that the ledger says counts instead of this one; None where none does."""
    with custody.ledger.reading() as connection:
        row = connection.execute(
            "SELECT json_extract(CAST(body AS TEXT), '$.by') FROM intent WHERE permit = ? "
            "AND type = 'permit.superseded' ORDER BY id DESC LIMIT 1",
            (permit_id,),
        ).fetchone()
    return None if row is None or row[0] is None else str(row[0])


def check_replaceable(writing: Writing, permit_id: str) -> PermitStanding:
    """The standing of a permit that is to be replaced.

    Raises `Refused` CW-PERMIT-UNKNOWN, CW-PERMIT-TRANSITION (it is over) or CW-PERMIT-REPLACED
    (another permit that would replace it waits for its time).
    """
    standing = writing.permit_standing(permit_id)
    if standing is None:
        raise Refused(
            "CW-PERMIT-UNKNOWN", f"The ledger of this home does not know permit {permit_id}."
        )
    check_transition(standing.state, "supersede")
    for other in newer_than(writing, permit_id):
        found = writing.permit_standing(other)
        if found is not None and found.state not in TERMINAL:
            raise Refused(
                "CW-PERMIT-REPLACED",
                f"The permit {other} replaces the same one, and waits for its time.",
                remedy="Wait until it counts and change that one, or close it first.",
            )
    return standing


def replace_now_or_later(
    custody: Custody, writing: Writing, permit: Permit, older: PermitStanding
) -> None:
    """After the event that `permit` was issued, and within its transaction.

    A stop of the older permit goes over to the newer one. Where the newer one counts at once the
    older one ends here; then the fence's intent is the last of all, when only the commit can fail.
    """
    if older.state in STOPPED:
        writing.append(Event("permit.suspended", ACTOR, {"permit": permit.id}))
        custody.keyring.fence.record_permit_state(permit.id, "suspended", writing.now())
    if permit.begins <= writing.now():
        writing.append(superseded(older.permit_id, permit.id))
        custody.keyring.fence.begin_replacing(older.permit_id, custody.clock.now())


def superseded(older: str, by: str) -> Event:
    """The event that a newer permit counts instead."""
    return Event("permit.superseded", ACTOR, {"permit": older, "by": by})


def carry_stop(
    custody: Custody, writing: Writing, permit_id: str, step: Step, fields: dict[str, str]
) -> None:
    """Take the same step, or the nearest, with a newer permit that waits for its time."""
    if step not in _CARRIED:
        return
    carried, event = _CARRIED[step]
    origins, after = TRANSITIONS[carried]
    for newer in newer_than(writing, permit_id):
        standing = writing.permit_standing(newer)
        if standing is None or standing.begun:
            continue
        if standing.state in origins:
            writing.append(Event(event, ACTOR, {"permit": newer, **fields}))
            custody.keyring.fence.record_permit_state(newer, after, writing.now())
        carry_stop(custody, writing, newer, step, fields)


def hand_over(custody: Custody) -> int:
    """Write the event for each permit in whose place a newer one counts by now; how many."""
    done = 0
    for older, newer in _pairs(custody):
        with custody.ledger.transaction() as writing:
            due = _due(writing, older, newer)
            if due:
                writing.append(superseded(older, newer))
                custody.keyring.fence.begin_replacing(older, custody.clock.now())
        if due:
            settle(custody)
            done += 1
    return done


def _due(writing: Writing, older: str, newer: str) -> bool:
    """Whether `older` is replaced by now, and `newer` did not end before it could do so."""
    old, new = writing.permit_standing(older), writing.permit_standing(newer)
    if old is None or new is None or old.written in TERMINAL or old.state != "superseded":
        return False
    return new.written not in ("revoked", "closed") or new.changed_at >= new.active_from


def _pairs(custody: Custody) -> list[tuple[str, str]]:
    """Each older permit whose last written state is not an end, with what was issued instead."""
    with custody.ledger.reading() as connection:
        rows = connection.execute(
            "SELECT json_extract(CAST(intent.body AS TEXT), '$.supersedes') AS older, permit "
            "FROM intent WHERE type = 'permit.issued' AND older IS NOT NULL AND NOT EXISTS ("
            "SELECT 1 FROM permit_state WHERE permit_state.permit = older "
            "AND permit_state.state IN ('superseded', 'revoked', 'closed')) ORDER BY intent.id"
        ).fetchall()
    return [(str(older), str(newer)) for older, newer in rows]
