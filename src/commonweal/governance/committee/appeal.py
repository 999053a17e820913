"""Appeals, and calling a decision in to the whole committee.

An appeal is heard by people who neither voted on the decision nor have a conflict. It is upheld or
dismissed; upheld means that the committee decides again. Whoever hears it cannot approve.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta

from commonweal.foundation.errors import Refused
from commonweal.foundation.london import london_day
from commonweal.governance.committee.decision import Decision
from commonweal.governance.committee.membership import Membership, check_member
from commonweal.governance.committee.rules import CommitteeRules
from commonweal.governance.same_person import People


def last_day_to_appeal(published_at: datetime, rules: CommitteeRules) -> date:
    """The last day, in London, on which an appeal is in time. The day of publication is day 0."""
    return london_day(published_at) + timedelta(days=rules.appeal.days)


def check_in_time(published_at: datetime, rules: CommitteeRules, at: datetime) -> None:
    """Refuse an appeal that comes too late. Raises `Refused` CW-APPEAL-LATE."""
    if at < published_at or london_day(at) > last_day_to_appeal(published_at, rules):
        raise Refused(
            "CW-APPEAL-LATE",
            f"An appeal is in time for {rules.appeal.days} days, and they are over.",
        )


def can_appeal(published_at: datetime, rules: CommitteeRules, at: datetime) -> bool:
    """True while `check_in_time` lets an appeal in."""
    return published_at <= at and london_day(at) <= last_day_to_appeal(published_at, rules)


def check_hearer(
    person: str, voted: Collection[str], excluded: Collection[str], involved: Collection[str]
) -> None:
    """Refuse somebody who voted, has a conflict or is named in the application.

    Raises `Refused` CW-APPEAL-HEARER.
    """
    if person in People((*voted, *excluded, *involved)):
        raise Refused(
            "CW-APPEAL-HEARER",
            "An appeal is heard by somebody who did not vote on it and has no conflict.",
        )


def check_call_in(
    decision: Decision, membership: Membership, person: str, at: datetime, *, permit_made: bool
) -> None:
    """Refuse to call `decision` in to the whole committee.

    Any member can, for a decision that was made out of committee, until its permit is made. Raises
    `Refused` CW-COMMITTEE-MEMBER or CW-COMMITTEE-ROUTE.
    """
    check_member(membership, person, at)
    if decision.route == "committee":
        raise Refused("CW-COMMITTEE-ROUTE", "The whole committee has decided this already.")
    if permit_made:
        raise Refused("CW-COMMITTEE-ROUTE", "The permit has been made; it can only be stopped.")
