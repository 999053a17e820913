"""One list of roles for the whole house, and one way to say on which day somebody holds one."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import get_args

import pytest

from commonweal.foundation.london import london_day
from commonweal.foundation.roles import PERSON_ROLE_WORDS, PERSON_ROLES, VOTING_ROLES
from commonweal.governance import roles as governance
from commonweal.governance.committee import vocabulary
from commonweal.governance.committee.membership import membership_of
from commonweal.ledger import events
from commonweal.papers import act_table, roster
from commonweal.papers.act_table import ACTS
from commonweal.vault.custody.acts import LEDGER_ROLES
from commonweal.web.accounts import roles as accounts
from commonweal.web.accounts.people import PEOPLE
from tests import people

WORDS_OF_THE_LOG = {"committee", "custodian", "researcher", "reviewer", "signer", "system"}


def test_every_floor_has_the_same_list() -> None:
    assert len(set(PERSON_ROLES)) == len(PERSON_ROLES) == 20
    assert get_args(roster.RosterRole) == roster.ROSTER_ROLES == PERSON_ROLES
    assert (*PERSON_ROLES, "public", "system") == governance.ROLES
    assert events.ACCOUNT_ROLES == accounts.ROLES == PERSON_ROLES
    assert set(events.ROLES) == {*PERSON_ROLES, *WORDS_OF_THE_LOG}
    assert len(set(events.ROLES)) == len(events.ROLES)


def test_every_floor_has_words_for_each() -> None:
    assert set(PERSON_ROLE_WORDS) == set(PERSON_ROLES) == set(act_table.ROLE_WORDS)
    assert dict(PERSON_ROLE_WORDS) == accounts.WORDS
    assert {role: governance.ROLE_WORDS[role] for role in PERSON_ROLES} == accounts.WORDS
    assert set(governance.ROLE_WORDS) == set(governance.ROLES)
    assert set(LEDGER_ROLES) == set(PERSON_ROLES)
    assert set(LEDGER_ROLES.values()) <= set(events.ROLES)


def test_who_votes_who_asks_and_who_is_there() -> None:
    assert set(VOTING_ROLES) == governance.VOTING == roster.VOTING_ROLES
    assert set(vocabulary.VOTING_ROLES) == roster.VOTING_ROLES == ACTS["vote"].roles
    assert governance.APPLICANT_SIDE == roster.APPLICANT_ROLES
    assert governance.LAY <= roster.LAY_ROLES
    assert {role for rule in ACTS.values() for role in rule.roles} <= set(PERSON_ROLES)
    assert governance.APPLICANT_SIDE | {"panel_member"} == accounts.OUTSIDE
    assert set(governance.COUNTERSIGNING) == ACTS["countersign"].roles
    assert {role for one in PEOPLE for role in one.roles} == set(PERSON_ROLES)


# --- days ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "day"),
    [
        # In summer London is an hour before UTC, so its day begins at 23:00 UTC.
        (datetime(2026, 6, 30, 22, 59, 59, 999000, UTC), date(2026, 6, 30)),
        (datetime(2026, 6, 30, 23, 0, tzinfo=UTC), date(2026, 7, 1)),
        (datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), date(2026, 12, 31)),
        (datetime(2027, 1, 1, 0, 0, tzinfo=UTC), date(2027, 1, 1)),
        # The clocks go forward on 29 March 2026 and back on 25 October, both at 01:00 UTC.
        (datetime(2026, 3, 28, 23, 30, tzinfo=UTC), date(2026, 3, 28)),
        (datetime(2026, 3, 29, 23, 0, tzinfo=UTC), date(2026, 3, 30)),
        (datetime(2026, 10, 24, 23, 0, tzinfo=UTC), date(2026, 10, 25)),
        (datetime(2026, 10, 25, 23, 30, tzinfo=UTC), date(2026, 10, 25)),
    ],
)
def test_days_in_london(at: datetime, day: date) -> None:
    assert london_day(at) == day


SUMMER = ("2026-07-01", "2026-07-31")


@pytest.mark.parametrize(
    ("at", "holds"),
    [
        (datetime(2026, 6, 30, 22, 59, 59, 999000, UTC), False),
        (datetime(2026, 6, 30, 23, 0, tzinfo=UTC), True),
        (datetime(2026, 7, 31, 22, 59, 59, 999000, UTC), True),
        (datetime(2026, 7, 31, 23, 0, tzinfo=UTC), False),
    ],
)
def test_the_roster_and_the_committee_agree_around_midnight_in_summer(
    at: datetime, holds: bool
) -> None:
    term = {"role": "committee_lay", "from": SUMMER[0], "until": SUMMER[1]}
    data = people.roster_data()
    for one in data["people"]:
        if one["id"] == "lena":
            one["roles"] = [term]
    made = roster.Roster.read(data, "The roster")
    lena = made.person("lena")
    assert lena is not None
    assert lena.holds("committee_lay", at) is holds
    members = membership_of("committee", made.people)
    assert (members.seat_of("lena", at) is not None) is holds
    assert ("lena" in {one.id for one in made.holders("committee_lay", at)}) is holds
