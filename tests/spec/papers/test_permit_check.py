"""May this be done, now? As a table: action, person, time, recorded state, and what follows.

The permit runs from 1 March 2026 to 28 February 2027 and is announced for ten days from 2 March.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.papers.permit import Permit
from commonweal.papers.permit_check import ACTIONS, can_permit, check_permit, state_at
from commonweal.papers.permit_state import State
from commonweal.papers.permit_status import PermitStatus, make_status
from commonweal.papers.refusal import PermitRefused
from tests import factories

ISSUED = factories.NOW
SAY_NO_UNTIL = ISSUED + timedelta(days=10)
LATER = datetime(2026, 9, 1, 12, tzinfo=UTC)
LAST = datetime(2027, 2, 28, 23, 59, 59, 999_000, tzinfo=UTC)
OVER = datetime(2027, 3, 1, tzinfo=UTC)
POLICY = factories.trust(direct_time_to_say_no_days=10)
CAG = {
    "uk_gdpr_article_6": "public_task",
    "uk_gdpr_article_9": "research",
    "common_law": "s251_reg5",
    "cag": {
        "reference": "25/CAG/0012",
        "decision_maker": "hra",
        "supported_on": "2025-06-01",
        "next_review": "2026-06-01",
        "items": ["nhs_number", "born", "sex", "admission_id", "admitted", "diagnosis"],
    },
}
EXEMPT = {
    "national_opt_out": "exempt",
    "determination": {
        "code": "anonymised",
        "decided_by": "C. Guardian",
        "decided_on": "2026-02-01",
        "evidence": "Assessment 7.",
        "expires": "2026-08-31",
    },
}


def make(**changes: Any) -> Permit:
    return factories.permit(policy=POLICY, **changes)


def status_of(permit: Permit, state: State, as_of: datetime, seconds: int = 300) -> PermitStatus:
    return PermitStatus(
        status=1, permit_id=permit.id, permit_hash=permit.digest(), state=state,
        as_of=as_of, good_for_seconds=seconds,
    )  # fmt: skip


ROWS: list[tuple[str, str | None, datetime, State, str | None]] = [
    # action, person, at, recorded state, code (None: allowed)
    ("release", None, LATER, "active", None),
    ("open", None, LATER, "active", None),
    ("release", "amira", LATER, "active", None),
    ("table", "amira", LATER, "active", None),
    ("python", "amira", LATER, "active", None),
    ("table", None, LATER, "active", "CW-PERMIT-PERSON"),
    ("table", "nobody", LATER, "active", "CW-PERMIT-PERSON"),
    ("table", "Amira", LATER, "active", "CW-PERMIT-PERSON"),
    ("release", "nobody", LATER, "active", "CW-PERMIT-PERSON"),
    ("train", "amira", LATER, "active", "CW-PERMIT-ACTION"),
    ("federated", "amira", LATER, "active", "CW-PERMIT-ACTION"),
    ("test_risk", "amira", LATER, "active", "CW-PERMIT-ACTION"),
    ("feasibility", "amira", LATER, "active", "CW-PERMIT-ACTION"),
    ("delete", "amira", LATER, "active", "CW-PERMIT-ACTION"),
    ("", "amira", LATER, "active", "CW-PERMIT-ACTION"),
    # announced becomes active by time
    ("release", None, ISSUED, "announced", "CW-PERMIT-ANNOUNCED"),
    ("release", None, SAY_NO_UNTIL - timedelta(milliseconds=1), "announced", "CW-PERMIT-ANNOUNCED"),
    ("release", None, SAY_NO_UNTIL, "announced", None),
    ("release", None, LATER, "announced", None),
    # a permit that was resumed too early still waits
    ("release", None, SAY_NO_UNTIL - timedelta(milliseconds=1), "active", "CW-PERMIT-NOT-YET"),
    # its days
    ("release", None, LAST, "active", None),
    ("release", None, OVER, "active", "CW-PERMIT-EXPIRED"),
    ("release", None, OVER, "announced", "CW-PERMIT-EXPIRED"),
    ("release", None, OVER, "paused", "CW-PERMIT-EXPIRED"),
    ("release", None, OVER, "revoked", "CW-PERMIT-REVOKED"),
    # states
    ("release", None, LATER, "drafted", "CW-PERMIT-DRAFTED"),
    ("release", None, LATER, "paused", "CW-PERMIT-PAUSED"),
    ("release", None, LATER, "suspended", "CW-PERMIT-SUSPENDED"),
    ("release", None, LATER, "superseded", "CW-PERMIT-SUPERSEDED"),
    ("release", None, LATER, "revoked", "CW-PERMIT-REVOKED"),
    ("release", None, LATER, "closed", "CW-PERMIT-CLOSED"),
    ("release", None, LATER, "expired", "CW-PERMIT-EXPIRED"),
    # what was asked for before is worked out while a permit is paused, and never after (S12)
    ("recompute", None, LATER, "active", None),
    ("recompute", None, LATER, "paused", None),
    ("recompute", "amira", LATER, "paused", None),
    ("recompute", "nobody", LATER, "paused", "CW-PERMIT-PERSON"),
    ("recompute", None, OVER, "paused", "CW-PERMIT-EXPIRED"),
    ("recompute", None, LATER, "drafted", "CW-PERMIT-DRAFTED"),
    ("recompute", None, LATER, "suspended", "CW-PERMIT-SUSPENDED"),
    ("recompute", None, LATER, "superseded", "CW-PERMIT-SUPERSEDED"),
    ("recompute", None, LATER, "revoked", "CW-PERMIT-REVOKED"),
    ("recompute", None, LATER, "closed", "CW-PERMIT-CLOSED"),
    # the state is told before what is not allowed
    ("delete", "nobody", LATER, "revoked", "CW-PERMIT-REVOKED"),
]


REVIEW_OVER = OVER - timedelta(days=30)
REVIEW_BY = (REVIEW_OVER - timedelta(days=1)).date()
LATE = "CW-PERMIT-REVIEW-OVERDUE"
YEARLY = [
    # at, state, whether only the review pauses it, and the code
    (REVIEW_OVER - timedelta(milliseconds=1), "active", False, None),
    (REVIEW_OVER, "active", False, LATE),
    (REVIEW_OVER, "paused", True, LATE),
    (REVIEW_OVER - timedelta(days=9), "paused", True, LATE),
    (REVIEW_OVER, "paused", False, "CW-PERMIT-PAUSED"),
    (REVIEW_OVER, "suspended", False, "CW-PERMIT-SUSPENDED"),
    (REVIEW_OVER, "revoked", False, "CW-PERMIT-REVOKED"),
    (OVER, "active", False, "CW-PERMIT-EXPIRED"),
]


@pytest.mark.parametrize(("at", "state", "waits", "code"), YEARLY)
def test_the_yearly_review(at: datetime, state: State, waits: bool, code: str | None) -> None:
    permit = make()
    text = make_status(
        permit, state, [factories.signer()], factories.trust(), factories.clock(at),
        review_by=REVIEW_BY, waits_for_review=waits,
    )  # fmt: skip
    status = PermitStatus.load(text, factories.trust())
    assert can_permit(permit, "release", None, at, status) is (code is None)
    if code is not None:
        with pytest.raises(PermitRefused) as caught:
            check_permit(permit, "release", None, at, status)
        assert caught.value.code == code


@pytest.mark.parametrize(("action", "person", "at", "state", "code"), ROWS)
def test_row(action: Any, person: str | None, at: datetime, state: State, code: str | None) -> None:
    permit = make()
    status = status_of(permit, state, at)
    assert can_permit(permit, action, person, at, status) is (code is None)
    if code is None:
        permit.check(action, person, at, status)
        return
    with pytest.raises(PermitRefused) as caught:
        permit.check(action, person, at, status)
    assert (caught.value.code, caught.value.exit_code) == (code, 4)


def test_a_permit_that_starts_later_waits_for_its_first_day() -> None:
    permit = make(**{"from": "2026-06-01"})
    first = datetime(2026, 5, 31, 23, tzinfo=UTC)  # midnight in London, in summer time
    early = first - timedelta(milliseconds=1)
    assert not can_permit(permit, "release", None, early, status_of(permit, "announced", early))
    assert can_permit(permit, "release", None, first, status_of(permit, "announced", first))


@pytest.mark.parametrize(
    ("changes", "last", "code"),
    [
        ({"legal_basis": CAG}, datetime(2026, 6, 30, 23, tzinfo=UTC), "CW-PERMIT-CAG-REVIEW"),
        (
            {"choices": EXEMPT},
            datetime(2026, 8, 31, 23, tzinfo=UTC),
            "CW-PERMIT-DETERMINATION-EXPIRED",
        ),
    ],
)
def test_support_runs_out(changes: dict[str, Any], last: datetime, code: str) -> None:
    permit = make(**changes)
    before = last - timedelta(milliseconds=1)
    permit.check("release", None, before, status_of(permit, "active", before))
    with pytest.raises(PermitRefused, match=code):
        permit.check("release", None, last, status_of(permit, "active", last))


@pytest.mark.parametrize(
    ("age", "seconds", "fresh"),
    [
        (0, 300, True),
        (300, 300, True),
        (300.001, 300, False),
        (11, 10, False),
        (-2, 300, True),
        (-2.001, 300, False),
        (-86_400, 300, False),
        (86_400, 300, False),
    ],
)
def test_the_status_must_be_fresh(age: float, seconds: int, fresh: bool) -> None:
    permit = make()
    status = status_of(permit, "active", LATER - timedelta(seconds=age), seconds)
    if fresh:
        permit.check("release", None, LATER, status)
        return
    with pytest.raises(PermitRefused) as caught:
        permit.check("release", None, LATER, status)
    assert (caught.value.code, caught.value.exit_code) == ("CW-PERMIT-STATUS-STALE", 5)


@pytest.mark.parametrize("changes", [{"id": "other"}, {"version": 2}, {"until": "2027-02-27"}])
def test_a_status_of_another_permit_is_refused(changes: dict[str, Any]) -> None:
    status = status_of(make(**changes), "active", LATER)
    with pytest.raises(PermitRefused, match="CW-PERMIT-STATUS-OTHER"):
        make().check("release", None, LATER, status)


def test_state_by_time_is_what_the_check_acts_on() -> None:
    permit = make()
    assert state_at(permit, "announced", ISSUED) == "announced"
    assert state_at(permit, "announced", SAY_NO_UNTIL) == "active"
    assert state_at(permit, "paused", SAY_NO_UNTIL) == "paused"
    assert state_at(permit, "suspended", OVER) == "expired"
    assert [state_at(permit, s, OVER) for s in ("drafted", "closed")] == ["drafted", "closed"]


def test_every_code_of_the_check_has_a_row(repository: Path) -> None:
    text = (repository / "src/commonweal/papers/permit_check.py").read_text()
    raised = set(re.findall(r'"(CW-[A-Z-]+)"', text))
    tested = set(re.findall(r'"(CW-[A-Z-]+)"', Path(__file__).read_text()))
    assert len(raised) >= 15
    assert raised - tested == set()


def test_every_action_has_a_row() -> None:
    assert {row[0] for row in ROWS} >= set(ACTIONS)
