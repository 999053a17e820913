"""May this be done under this permit, now? The one place that says yes or no (rule 3).

`check_permit` raises `PermitRefused`, `can_permit` asks it. The order of the checks is the order
in which a person would want to be told: the permit's state before its dates, its dates before
what it allows.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, get_args

from commonweal.foundation.london import day_begins, london_day
from commonweal.papers.permit_state import SENTENCES, TERMINAL, State
from commonweal.papers.permit_status import PermitStatus
from commonweal.papers.refusal import PermitRefused

if TYPE_CHECKING:
    from commonweal.papers.permit import Permit

Action = Literal[
    "release", "open", "recompute", "table", "python", "train", "federated", "test_risk",
    "feasibility",
]  # fmt: skip
"""`release`: build one. `open`: unseal one. `recompute`: unseal one to recompute what a job left,
which is no new work, so that a paused permit lets it (S12). The rest are kinds of processing."""

ACTIONS: tuple[str, ...] = get_args(Action)
_ITS_OWN = ("release", "open", "recompute")
"""What the custodian does by itself, for nobody in particular."""

_STATE_CODES = {
    "drafted": "CW-PERMIT-DRAFTED",
    "announced": "CW-PERMIT-ANNOUNCED",
    "paused": "CW-PERMIT-PAUSED",
    "suspended": "CW-PERMIT-SUSPENDED",
    "superseded": "CW-PERMIT-SUPERSEDED",
    "revoked": "CW-PERMIT-REVOKED",
    "closed": "CW-PERMIT-CLOSED",
    "expired": "CW-PERMIT-EXPIRED",
}


def check_permit(
    permit: Permit, action: Action, subject: str | None, at: datetime, status: PermitStatus
) -> None:
    """Refuse unless everything allows it. Raises `PermitRefused`.

    1. The status is about this permit and fresh. 2. The state allows work. 3. The time lies
    between the permit's beginning and end. 4. Section 251 support was reviewed. 5. The action is
    one that was decided. 6. The subject, where one is named or needed, is in the permit.
    """
    _check_status(permit, at, status)
    _check_state(permit, at, status, while_paused=action == "recompute")
    _check_period(permit, at)
    _check_support(permit, at)
    _check_action(permit, action, subject)


def can_permit(
    permit: Permit, action: Action, subject: str | None, at: datetime, status: PermitStatus
) -> bool:
    """True if `check_permit` would not refuse."""
    try:
        check_permit(permit, action, subject, at, status)
    except PermitRefused:
        return False
    return True


def state_at(permit: Permit, recorded: State, at: datetime) -> State:
    """The state at `at` of a permit whose last recorded state is `recorded`.

    `announced` becomes `active` when the time to say no is over, and what could still work becomes
    `expired` after the last day; neither is written down anywhere.
    """
    if recorded in TERMINAL or recorded == "drafted":
        return recorded
    if at >= permit.ends:
        return "expired"
    return "active" if recorded == "announced" and at >= permit.say_no_until else recorded


def _check_status(permit: Permit, at: datetime, status: PermitStatus) -> None:
    if status.permit_id != permit.id or status.permit_hash != permit.digest():
        raise PermitRefused(
            "CW-PERMIT-STATUS-OTHER", "The status that was shown is about another permit."
        )
    if not status.is_fresh(at):
        raise PermitRefused(
            "CW-PERMIT-STATUS-STALE",
            f"The status of the permit is not fresh: it was taken at {status.as_of:%Y-%m-%d %H:%M} "
            f"UTC and holds for {status.good_for_seconds} seconds.",
        )


def _check_state(permit: Permit, at: datetime, status: PermitStatus, *, while_paused: bool) -> None:
    state = state_at(permit, status.state, at)
    if state == "expired":
        raise PermitRefused("CW-PERMIT-EXPIRED", f"The permit ended on {permit.until:%d %B %Y}.")
    if state == "announced":
        raise PermitRefused(
            "CW-PERMIT-ANNOUNCED",
            f"People can still say no until {permit.say_no_until:%d %B %Y, %H:%M} UTC.",
        )
    if while_paused and state in ("active", "paused"):
        return
    waits = state == "active" or (state == "paused" and status.reason is not None)
    if waits and status.is_review_overdue(at):
        raise PermitRefused(
            "CW-PERMIT-REVIEW-OVERDUE",
            "The permit is paused: the yearly review is overdue, and no new work may start until "
            "it is accepted.",
        )
    if state != "active":
        raise PermitRefused(_STATE_CODES[state], SENTENCES[state])


def _check_period(permit: Permit, at: datetime) -> None:
    if at < permit.begins:
        raise PermitRefused(
            "CW-PERMIT-NOT-YET", f"The permit begins on {permit.begins:%d %B %Y, %H:%M} UTC."
        )


def _check_support(permit: Permit, at: datetime) -> None:
    cag = permit.legal_basis.cag
    determination = permit.choices.determination
    grace = timedelta(days=permit.cag_grace_days)
    if cag is not None and at >= day_begins(cag.next_review + grace):
        raise PermitRefused(
            "CW-PERMIT-CAG-REVIEW",
            f"Section 251 support was due for review on {cag.next_review:%d %B %Y}.",
        )
    expires = determination.expires if determination is not None else None
    if expires is not None and london_day(at) > expires:
        raise PermitRefused(
            "CW-PERMIT-DETERMINATION-EXPIRED",
            f"The decision about the national opt-out ran out on {expires:%d %B %Y}.",
        )


def _check_action(permit: Permit, action: Action, subject: str | None) -> None:
    if action not in ACTIONS:
        raise PermitRefused("CW-PERMIT-ACTION", "This is not an action that a permit knows.")
    if action not in _ITS_OWN and action not in permit.processing:
        raise PermitRefused("CW-PERMIT-ACTION", f"The permit does not allow {action}.")
    if subject is not None and subject not in {person.id for person in permit.people}:
        raise PermitRefused("CW-PERMIT-PERSON", "This person is not named in the permit.")
    if subject is None and action not in _ITS_OWN:
        raise PermitRefused("CW-PERMIT-PERSON", f"The action {action} needs a named person.")
