"""Issuing: a draft that people decided on becomes a signed permit (ARCHITECTURE 4, P1).

The draft is held against the catalogue, the dates follow from the trust policy, and the result is
read back under that policy before anybody sees it: a permit that could not be loaded is never
given out. Issuing does not touch the ledger; who calls it records the event.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from commonweal.foundation.clock import Clock, stamp
from commonweal.foundation.london import london_day
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.permit import Permit, PermitDraft
from commonweal.papers.permit_rules import check_draft
from commonweal.papers.refusal import PermitRefused
from commonweal.papers.replacing import announced_until
from commonweal.papers.signing import Signer
from commonweal.papers.trust import TrustPolicy
from commonweal.papers.vocabulary import Authority


def issue(
    draft: PermitDraft,
    catalogue: Catalogue,
    trust: TrustPolicy,
    signers: Sequence[Signer],
    *,
    authority: Authority,
    clock: Clock,
    older: Permit | None = None,
) -> str:
    """The signed text of the permit that `draft` becomes now.

    `older`: the permit that it replaces. Where nothing more is allowed than that one allows, there
    is nothing more to announce (`papers.replacing`).

    Raises `PermitRefused` for a draft that the catalogue, the law of forms or the calendar does not
    allow, and `Fault` CW-SIGNATURE-UNTRUSTED where too few of `signers` may sign permits.
    """
    check_draft(draft, catalogue)
    now = clock.now()
    said_no = now + time_to_say_no(trust, authority)
    if older is not None:
        said_no = announced_until(draft, older, now, said_no)
    permit = _complete(draft, catalogue, trust, authority, now, said_no)
    _check_calendar(permit, now)
    text = permit.signed(signers, now)
    if Permit.load(text, trust) != permit:
        raise PermitRefused("CW-PERMIT-INVALID", "The permit did not read back as it was written.")
    return text


def time_to_say_no(trust: TrustPolicy, authority: Authority) -> timedelta:
    """How long people can say no after publication (P1)."""
    direct = authority == "direct"
    days = trust.direct_time_to_say_no_days if direct else trust.time_to_say_no_days
    return timedelta(days=days)


def _complete(
    draft: PermitDraft,
    catalogue: Catalogue,
    trust: TrustPolicy,
    authority: Authority,
    now: datetime,
    said_no: datetime,
) -> Permit:
    plain = PermitDraft.plain(draft)
    added = {
        "authority": authority,
        "issued_at": stamp(now),
        "say_no_until": stamp(said_no),
        "catalogue_digest": catalogue.governed_digest((draft.dataset.dataset,)),
        "cag_grace_days": trust.fresh.cag_review_grace_days,
    }
    return Permit.read(plain | added, "The permit", "CW-PERMIT-INVALID")


def _check_calendar(permit: Permit, now: datetime) -> None:
    if now >= permit.ends:
        raise PermitRefused(
            "CW-PERMIT-PERIOD", f"The permit would have ended already, on {permit.until:%d %B %Y}."
        )
    if permit.begins >= permit.ends:
        raise PermitRefused(
            "CW-PERMIT-PERIOD",
            "The permit would end before the time to say no is over, on "
            f"{permit.say_no_until:%d %B %Y}.",
        )
    today = london_day(now)
    determination = permit.choices.determination
    if determination is not None and determination.decided_on > today:
        raise PermitRefused(
            "CW-PERMIT-PERIOD", "The decision about the national opt-out lies in the future."
        )
    expires = determination.expires if determination is not None else None
    if expires is not None and expires < max(today, london_day(permit.begins)):
        raise PermitRefused(
            "CW-PERMIT-DETERMINATION-EXPIRED",
            "The decision about the national opt-out runs out before the permit begins.",
        )
    cag = permit.legal_basis.cag
    if cag is not None and cag.supported_on > today:
        raise PermitRefused("CW-PERMIT-PERIOD", "The section 251 support lies in the future.")
    if cag is not None and cag.next_review + timedelta(days=permit.cag_grace_days) <= today:
        raise PermitRefused(
            "CW-PERMIT-CAG-REVIEW",
            f"Section 251 support was due for review on {cag.next_review:%d %B %Y}.",
        )
