"""Changes and renewals, from the applicant's request to the permit that takes the old one's place."""

from __future__ import annotations

import pytest

from tests.web.projects.changing import (
    Change,
    later,
    one_variable_less,
)
from tests.web.projects.room import Road

FROM, WHOLE = "permitted", True


@pytest.fixture
def change(road: Road) -> Change:
    """A project whose permit has begun; nothing is asked for yet."""
    return Change(road.home, of=road)


def test_a_small_change_is_agreed_and_takes_the_place_at_once(change: Change) -> None:
    with later():
        change.of.work()
        assert change.states() == ("active", "")
        change.begun().write(one_variable_less).sent().taken_up()
        change.agree_small()
        assert change.application.state == "approved"
        change.to_permit()
        assert (change.order.state, change.order.sentence) == ("done", "")
        assert change.permit.reference == change.paper.permit_id
        # Nothing more is allowed than before, so nothing more is announced.
        assert change.states() == ("superseded", "active")
        change.work()
        change.of.agreement.refresh_from_db()
        assert change.of.agreement.state == "replaced"
