# ruff: noqa: E501 (a table reads best with one case a line)
"""Issuing: what is added to a draft, who may do it, and that the result is the permit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from commonweal.foundation.canonical import digest
from commonweal.foundation.clock import FixedClock
from commonweal.foundation.errors import CommonwealError
from commonweal.papers.issue import issue, time_to_say_no
from commonweal.papers.permit import Permit, PermitDraft
from commonweal.papers.trust import TrustPolicy
from tests import factories

SLOW = factories.trust(
    home="standard",
    time_to_say_no_days=28,
    direct_time_to_say_no_days=14,
    fresh={"cag_review_grace_days": 12},
)


def issued(
    policy: TrustPolicy | None = None,
    *,
    authority: Any = "direct",
    at: datetime = factories.NOW,
    draft: PermitDraft | None = None,
    signers: Any = None,
) -> str:
    return issue(
        draft or factories.draft(),
        factories.catalogue(),
        policy or factories.trust(),
        [factories.signer()] if signers is None else signers,
        authority=authority,
        clock=FixedClock(at),
    )


@pytest.mark.parametrize(("authority", "days"), [("direct", 14), ("committee", 28)])
def test_the_time_to_say_no_follows_the_authority(authority: Any, days: int) -> None:
    permit = Permit.load(issued(SLOW, authority=authority), SLOW)
    assert permit.authority == authority
    assert permit.issued_at == factories.NOW
    assert permit.say_no_until == factories.NOW + timedelta(days=days)
    assert permit.begins == permit.say_no_until
    assert permit.cag_grace_days == 12
    assert time_to_say_no(SLOW, authority) == timedelta(days=days)


def test_in_a_demonstration_home_there_is_no_wait() -> None:
    permit = factories.permit()
    assert permit.say_no_until == permit.issued_at == permit.begins


def test_the_rest_is_the_draft() -> None:
    draft, permit = factories.draft(), factories.permit()
    added = {"authority", "issued_at", "say_no_until", "catalogue_digest", "cag_grace_days"}
    assert {k: v for k, v in permit.plain().items() if k not in added} == draft.plain()
    assert permit.catalogue_digest == factories.catalogue().governed_digest(("hospital",))
    assert permit.digest() == digest(permit.plain())


def test_a_clock_with_microseconds_gives_the_permit_that_is_read_back() -> None:
    at = datetime(2026, 3, 2, 9, 0, 0, 999_999, tzinfo=UTC)
    permit = Permit.load(issued(at=at), factories.trust())
    assert permit.issued_at.microsecond == 999_000


def test_the_same_draft_keys_and_time_give_the_same_bytes() -> None:
    assert issued() == issued()
    assert issued(at=factories.NOW + timedelta(milliseconds=1)) != issued()


def test_issuing_anew_from_a_permit_takes_the_new_times() -> None:
    again = Permit.load(
        issued(draft=factories.permit(), at=factories.NOW + timedelta(days=1)), factories.trust()
    )
    assert again.issued_at == factories.NOW + timedelta(days=1)


def test_the_last_day_is_whole() -> None:
    last = datetime(2027, 2, 28, 23, 59, 59, tzinfo=UTC)
    assert issued(at=last)
    with pytest.raises(CommonwealError, match="CW-PERMIT-PERIOD"):
        issued(at=last + timedelta(seconds=1))


def test_a_leap_day_is_a_day() -> None:
    draft = factories.draft(**{"from": "2028-02-29", "until": "2028-02-29"})
    permit = Permit.load(issued(draft=draft), factories.trust())
    assert permit.ends - permit.begins == timedelta(days=1)
    assert permit.ends == datetime(2028, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("signers", "code"),
    [
        ([], "CW-SIGNATURE-INVALID"),
        ([factories.signer(), factories.signer()], "CW-SIGNATURE-INVALID"),
        ([factories.signer("stranger")], "CW-SIGNATURE-UNTRUSTED"),
        ([factories.SoftwareSigner("guardian", factories.signer("x").private)], "CW-SIGNATURE-INVALID"),
    ],
)  # fmt: skip
def test_who_cannot_issue(signers: Any, code: str) -> None:
    with pytest.raises(CommonwealError) as caught:
        issued(signers=signers)
    assert caught.value.code == code


def test_two_officers_where_two_are_needed() -> None:
    policy = factories.trust("a", "b", thresholds={"permit": 2})
    one, two = factories.signer("a"), factories.signer("b")
    assert Permit.load(issued(policy, signers=[one, two]), policy)
    with pytest.raises(CommonwealError, match="1 signature"):
        issued(policy, signers=[one])


def test_a_draft_that_was_tampered_with_in_memory_is_refused_in_our_words() -> None:
    bent = factories.draft().model_copy(update={"version": -5})
    with pytest.raises(CommonwealError, match="CW-PERMIT-INVALID"):
        issued(draft=bent)


def test_a_committee_of_keys_with_wrong_times_cannot_issue() -> None:
    policy = factories.trust(keys=[factories.key_data(valid_until="2026-03-02T09:00:00.000Z")])
    with pytest.raises(CommonwealError, match="CW-SIGNATURE-UNTRUSTED"):
        issued(policy)


def test_a_permit_for_another_catalogue_has_another_digest() -> None:
    data = factories.catalogue_data()
    factories.put(data, "datasets.0.tables.0.variables.3.role", "sensitive")
    other = factories.Catalogue.read(data, "c")
    text = issue(
        factories.draft(), other, factories.trust(), [factories.signer()],
        authority="direct", clock=factories.clock(),
    )  # fmt: skip
    assert (
        Permit.load(text, factories.trust()).catalogue_digest != factories.permit().catalogue_digest
    )


def test_the_public_part_names_nobody() -> None:
    shown = str(factories.permit(authority="committee").public_projection())
    for private in ("Amira", "amira", "'people'", "choices", "determination", "conditions"):
        assert private not in shown
    assert "Asthma admissions in winter" in shown
    assert "committee" in shown
