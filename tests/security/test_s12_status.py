"""S12: a revoked permit passes offline; the clock is set back; an old status is shown again.

The naive twin trusts the permit's own signatures and dates, as a checker without the ledger must.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.papers.permit import Permit
from commonweal.papers.permit_state import State
from commonweal.papers.permit_status import PermitStatus, make_status
from tests import factories

REVOKED_AT = factories.NOW + timedelta(days=30)


class NaiveTwin:
    """Good signatures, within the dates: allowed."""

    @staticmethod
    def allows(text: str, at: datetime) -> bool:
        permit = Permit.load(text, factories.trust())
        return permit.begins <= at < permit.ends


def status_text(permit: Permit, state: State, at: datetime, name: str = "guardian") -> str:
    trust = factories.trust("guardian", name) if name != "guardian" else factories.trust()
    return make_status(permit, state, [factories.signer(name)], trust, factories.clock(at))


def ours(text: str, status: str, at: datetime) -> str:
    """What our check says: `allowed` or a code."""
    try:
        permit = Permit.load(text, factories.trust())
        permit.check("release", None, at, PermitStatus.load(status, factories.trust()))
    except CommonwealError as error:
        return error.code
    return "allowed"


def test_a_revoked_permit_passes_the_naive_twin_and_not_ours() -> None:
    text, permit = factories.permit_text(), factories.permit()
    after = REVOKED_AT + timedelta(minutes=1)
    assert NaiveTwin.allows(text, after)
    assert ours(text, status_text(permit, "revoked", after), after) == "CW-PERMIT-REVOKED"


def test_the_last_good_status_does_not_last() -> None:
    text, permit = factories.permit_text(), factories.permit()
    kept = status_text(permit, "active", REVOKED_AT - timedelta(seconds=1))
    assert ours(text, kept, REVOKED_AT + timedelta(minutes=6)) == "CW-PERMIT-STATUS-STALE"


@pytest.mark.parametrize("back", [timedelta(seconds=3), timedelta(minutes=6), timedelta(days=31)])
def test_a_clock_set_back_makes_the_status_one_from_the_future(back: timedelta) -> None:
    text, permit = factories.permit_text(), factories.permit()
    status = status_text(permit, "active", REVOKED_AT)
    assert NaiveTwin.allows(text, REVOKED_AT - timedelta(days=29))
    assert ours(text, status, REVOKED_AT - back) == "CW-PERMIT-STATUS-STALE"


def test_a_status_of_another_permit_or_another_signer_does_not_help() -> None:
    text = factories.permit_text()
    other = factories.permit(id="other")
    assert ours(text, status_text(other, "active", REVOKED_AT), REVOKED_AT) == (
        "CW-PERMIT-STATUS-OTHER"
    )
    stranger = status_text(factories.permit(), "active", REVOKED_AT, "stranger")
    assert ours(text, stranger, REVOKED_AT) == "CW-SIGNATURE-UNTRUSTED"


def test_a_permit_cannot_pass_as_a_status_nor_a_status_as_a_permit() -> None:
    text = factories.permit_text()
    status = status_text(factories.permit(), "active", REVOKED_AT)
    for made, loader in ((text, PermitStatus.load), (status, Permit.load)):
        with pytest.raises(CommonwealError, match="CW-SIGNATURE-INVALID"):
            loader(made, factories.trust())


def test_a_key_that_may_sign_status_only_cannot_make_permits() -> None:
    permit = factories.permit()
    policy = factories.trust(
        keys=[factories.key_data(), factories.key_data("clerk", roles=["status"])]
    )
    text = permit.signed([factories.signer("clerk")], permit.issued_at)
    with pytest.raises(CommonwealError, match="CW-SIGNATURE-UNTRUSTED"):
        Permit.load(text, policy)


def test_a_status_key_that_ran_out_cannot_sign_a_fresh_status_under_an_old_time() -> None:
    permit = factories.permit()
    ended = REVOKED_AT - timedelta(hours=1)
    policy = factories.trust(
        keys=[factories.key_data(valid_until=ended.strftime("%Y-%m-%dT%H:%M:%S.000Z"))]
    )
    forged = PermitStatus(
        status=1, permit_id=permit.id, permit_hash=permit.digest(), state="active",
        as_of=REVOKED_AT, good_for_seconds=300,
    ).signed([factories.signer()], ended - timedelta(minutes=1))  # fmt: skip
    with pytest.raises(CommonwealError, match="CW-SIGNATURE-UNTRUSTED"):
        PermitStatus.load(forged, policy)


def test_no_status_lasts_longer_than_five_minutes() -> None:
    with pytest.raises(CommonwealError):
        factories.trust(fresh={"permit_status_seconds": 3600})
    short = factories.trust(fresh={"permit_status_seconds": 10})
    text = make_status(factories.permit(), "active", [factories.signer()], short, factories.clock())
    assert PermitStatus.load(text, short).good_for_seconds == 10
