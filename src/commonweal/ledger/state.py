"""The state of a permit, as the order of its events on the ledger makes it (decision S12).

The last state event decides; time does the rest: `announced` becomes `active` when the time to say
no is over, and any permit that has not ended otherwise becomes `expired` after its last day.
Which event may follow which is the table in the papers and checked before; here only what no
table may allow is refused: an event before the permit was issued or after it has ended.

A newer permit takes the place of an older one in the moment from which the newer one counts: until
then the older one is what it was, from then on it is `superseded`, whether or not the event that
says so has been written yet. So there is no gap, and no moment at which both count.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import cast, get_args

from commonweal.foundation.clock import parse_stamp, stamp
from commonweal.foundation.errors import Refused
from commonweal.foundation.london import day_begins, london_day
from commonweal.ledger.entry import Event
from commonweal.ledger.events import TERMINAL, PermitState

REVIEWED = "permit.reviewed"
"""The one event that puts the day of a permit's yearly review later."""


@dataclass(frozen=True)
class PermitLive:
    """What an event needs of its permit at the moment it is written."""

    permit_id: str
    allow: tuple[PermitState, ...] = ("active",)

    def __post_init__(self) -> None:
        if not set(self.allow) <= {"active", "paused"} or not self.allow:
            raise ValueError("only an active or paused permit can count as live")


@dataclass(frozen=True)
class PermitStanding:
    """The computed state of a permit at one moment.

    `intent_id`: the event that decided. `active_from` and `ends`: first moment of work, and first
    moment after the last day. `as_of`: the moment that was asked about. `written`: the state that
    the last event wrote, before time is considered. `apart_from_review`: the state as it would be
    if no yearly review were owed. `review_by`: the last day on which new work may start without
    that review, or None for a permit that needs none.
    """

    permit_id: str
    state: PermitState
    intent_id: int
    changed_at: datetime
    active_from: datetime
    ends: datetime
    as_of: datetime
    written: PermitState
    apart_from_review: PermitState
    review_by: date | None = None

    @property
    def waits_for_review(self) -> bool:
        """True while nothing but an overdue yearly review keeps new work from starting."""
        return self.state == "paused" and self.apart_from_review == "active"

    @property
    def begun(self) -> bool:
        """True once the time to say no is over and the first day has come."""
        return self.as_of >= self.active_from


def standing(
    connection: sqlite3.Connection, permit_id: str, as_of: datetime
) -> PermitStanding | None:
    """The state of a permit at `as_of` by what is written now; None if it was never issued."""
    last = connection.execute(
        "SELECT intent_id, state, at FROM permit_state WHERE permit = ? "
        "ORDER BY intent_id DESC LIMIT 1",
        (permit_id,),
    ).fetchone()
    if last is None:
        return None
    active_from, until = connection.execute(
        "SELECT active_from, until FROM permit_state WHERE permit = ? ORDER BY intent_id LIMIT 1",
        (permit_id,),
    ).fetchone()
    begins = parse_stamp(active_from)
    ends = end_of_day(until)
    review_by = _review_by(connection, permit_id)
    state = computed(last[1], begins, ends, as_of, review_by)
    apart = computed(last[1], begins, ends, as_of)
    if state not in TERMINAL:
        replaced = replaced_at(connection, permit_id)
        if replaced is not None and replaced <= as_of and replaced < ends:
            state = apart = "superseded"
    return PermitStanding(
        permit_id=permit_id,
        state=state,
        intent_id=last[0],
        changed_at=parse_stamp(last[2]),
        active_from=begins,
        ends=ends,
        as_of=as_of,
        written=last[1],
        apart_from_review=apart,
        review_by=review_by,
    )


def replaced_at(connection: sqlite3.Connection, permit_id: str) -> datetime | None:
    """From when on a newer permit counts in the place of this one; None where none was issued.

    A newer permit that was taken back or closed before it counted never does.
    """
    return counts_instead(permit_id, _issued_in_place_of(connection))


@dataclass(frozen=True)
class Newer:
    """A permit that was issued in the place of another. `ended`: when it was revoked or closed."""

    permit_id: str
    active_from: datetime
    ended: datetime | None = None


def counts_instead(permit_id: str, newer: Mapping[str, Sequence[Newer]]) -> datetime | None:
    """The first moment at which one of those that replace a permit counts, at any remove.

    `newer`: by the permit that is replaced. No permit is followed twice.
    """
    found: list[datetime] = []
    waiting, seen = [permit_id], {permit_id}
    while waiting:
        for one in newer.get(waiting.pop(), ()):
            if one.ended is None or one.ended >= one.active_from:
                found.append(one.active_from)
            if one.permit_id not in seen:
                seen.add(one.permit_id)
                waiting.append(one.permit_id)
    return min(found, default=None)


def _issued_in_place_of(connection: sqlite3.Connection) -> dict[str, list[Newer]]:
    rows = connection.execute(
        "SELECT json_extract(CAST(intent.body AS TEXT), '$.supersedes') AS older, issued.permit, "
        "issued.active_from, (SELECT ended.at FROM permit_state AS ended "
        "WHERE ended.permit = issued.permit AND ended.state IN ('revoked', 'closed') "
        "ORDER BY ended.intent_id LIMIT 1) "
        "FROM permit_state AS issued JOIN intent ON intent.id = issued.intent_id "
        "WHERE issued.active_from IS NOT NULL AND older IS NOT NULL"
    )
    found: dict[str, list[Newer]] = {}
    for older, permit, active_from, ended in rows:
        newer = Newer(
            permit, parse_stamp(active_from), None if ended is None else parse_stamp(ended)
        )
        found.setdefault(older, []).append(newer)
    return found


def _review_by(connection: sqlite3.Connection, permit_id: str) -> date | None:
    """The day that the last accepted review set, or else the issue of the permit."""
    row = connection.execute(
        "SELECT body FROM intent WHERE permit = ? AND type IN ('permit.issued', 'permit.reviewed') "
        "ORDER BY id DESC LIMIT 1",
        (permit_id,),
    ).fetchone()
    day = None if row is None else json.loads(row[0]).get("review_by")
    return None if day is None else date.fromisoformat(day)


def end_of_day(day: str) -> datetime:
    """The first moment after a day written YYYY-MM-DD, as days are counted in London."""
    return day_begins(date.fromisoformat(day) + timedelta(days=1))


def computed(
    written: str,
    begins: datetime,
    ends: datetime,
    as_of: datetime,
    review_by: date | None = None,
) -> PermitState:
    """What a written state amounts to at `as_of`.

    After `review_by` work that could go on is paused: the yearly review is overdue (P7).
    """
    if written not in get_args(PermitState):
        raise ValueError("not a state of a permit")
    if written in TERMINAL:
        return cast("PermitState", written)
    if as_of >= ends:
        return "expired"
    if written in ("announced", "active"):
        # A permit that was stopped and resumed before its time has still not begun.
        if as_of < begins:
            return "announced"
        late = review_by is not None and as_of >= end_of_day(review_by.isoformat())
        return "paused" if late else "active"
    return cast("PermitState", written)


def check_live(connection: sqlite3.Connection, need: PermitLive, as_of: datetime) -> None:
    """Refuse unless the permit is live at `as_of`. Raises `Refused` CW-PERMIT-NOT-LIVE."""
    now = standing(connection, need.permit_id, as_of)
    if now is None:
        raise Refused("CW-PERMIT-NOT-LIVE", "The permit was never issued on this ledger.")
    if now.waits_for_review and "paused" not in need.allow:
        raise Refused("CW-PERMIT-NOT-LIVE", "The permit is paused: its yearly review is overdue.")
    if now.state not in need.allow:
        raise Refused("CW-PERMIT-NOT-LIVE", f"The permit is {now.state}.")
    if not now.begun:
        raise Refused("CW-PERMIT-NOT-LIVE", "The permit has not begun.")


def check_state_event(connection: sqlite3.Connection, event: Event, as_of: datetime) -> None:
    """Refuse a state event that cannot follow. Raises `Refused` CW-LEDGER-STATE."""
    permit_id = str(event.fields["permit"])
    now = standing(connection, permit_id, as_of)
    if event.type == "permit.issued":
        if now is not None:
            raise Refused("CW-LEDGER-STATE", "A permit with this id was issued before.")
        return
    if now is None:
        raise Refused("CW-LEDGER-STATE", "The permit was never issued on this ledger.")
    # That a newer permit counts instead is so by time; the event that says so follows it.
    over = now.written if event.type == "permit.superseded" else now.state
    if over in TERMINAL:
        raise Refused("CW-LEDGER-STATE", f"The permit is {over}, and that is final.")


def check_review_event(connection: sqlite3.Connection, event: Event, as_of: datetime) -> None:
    """Refuse an accepted review of a permit that owes none, or one that sets no later day.

    Raises `Refused` CW-LEDGER-STATE.
    """
    now = standing(connection, str(event.fields["permit"]), as_of)
    if now is None or now.review_by is None:
        raise Refused("CW-LEDGER-STATE", "This permit has no yearly review.")
    if now.state in TERMINAL:
        raise Refused("CW-LEDGER-STATE", f"The permit is {now.state}, and that is final.")
    if date.fromisoformat(str(event.fields["review_by"])) <= max(now.review_by, london_day(as_of)):
        raise Refused("CW-LEDGER-STATE", "The next yearly review must be due later than this one.")


def record_state(
    connection: sqlite3.Connection, event: Event, intent_id: int, at: datetime
) -> None:
    """Write the projection of a state event."""
    connection.execute(
        "INSERT INTO permit_state (permit, intent_id, state, at, active_from, until) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (
            event.fields["permit"],
            intent_id,
            event.definition.state,
            stamp(at),
            event.fields.get("active_from"),
            event.fields.get("until"),
        ),
    )
