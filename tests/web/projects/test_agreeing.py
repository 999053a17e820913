"""Offering and accepting: only from the decision that stands, and only by who is named."""

from __future__ import annotations

from typing import Any

from tests.web.projects.room import Road, code, put, refused, user

FROM = "framework"


def test_one_signatory_is_not_enough(road: Road) -> None:
    from commonweal.web.projects.signing import countersign

    road.offer()
    road.accept("colin")
    assert code(lambda: countersign(user("owen"), road.agreement, "agree")) == "CW-STATE-STEP"
    put(road.agreement, state="with_officers")
    road.countersign()
    assert refused(road) == "CW-DOSSIER-ACT-MISSING"


def test_a_decision_that_was_set_aside_binds_nobody(road: Road) -> None:
    from commonweal.web.config import clock
    from commonweal.web.projects.signing import accept

    road.offer()
    act = accept(user("colin"), road.agreement)
    put(road.agreement.decision, set_aside_at=clock.now())
    settled = road.sign(act)
    assert (settled.state, settled.code) == ("refused", "CW-STATE-STEP")
    assert road.agreement.state == "offered"
    assert code(road.offer) == "CW-STATE-STEP"


def test_without_a_yes_there_is_no_agreement(road: Road) -> None:
    put(road.application, state="with_committee")
    assert code(road.offer) == "CW-STATE-STEP"


def test_only_who_is_named_accepts(road: Road) -> None:
    from commonweal.ledger.entry import Actor
    from commonweal.web.accounts.models import Organisation
    from commonweal.web.accounts.services import give_role
    from commonweal.web.projects.signing import accept

    road.offer()
    university = Organisation.objects.get(public_id="university")
    give_role(user("bethan"), university, "signatory_applicant", Actor("system", "tests"))
    assert code(lambda: accept(user("bethan"), road.agreement)) == "CW-STATE-GUARD"
    assert code(lambda: accept(user("vera"), road.agreement)) == "CW-STATE-ROLE"
    assert code(lambda: accept(user("edward"), road.agreement)) == "CW-STATE-ROLE"


def test_a_text_that_changed_while_it_was_signed_is_refused(road: Road) -> None:
    from commonweal.web.projects import services
    from commonweal.web.projects.signing import accept

    road.offer()
    act = accept(user("colin"), road.agreement)
    services.ask_for_change(user("amara"), road.agreement, "Please name the other registrar.")
    road.offer()
    settled = road.sign(act)
    assert (settled.state, settled.code) == ("refused", "CW-STATE-STEP")
    assert road.agreement.state == "offered"


def test_offers_lapse_in_time(road: Road, at: Any) -> None:
    from datetime import timedelta

    from commonweal.foundation.clock import FixedClock
    from commonweal.web.config import clock
    from commonweal.web.projects.services import OFFER_DAYS, lapse_offers

    road.offer()
    now = clock.now()
    at(FixedClock(now + timedelta(days=OFFER_DAYS - 1)))
    assert lapse_offers() == 0
    at(FixedClock(now + timedelta(days=OFFER_DAYS, seconds=1)))
    assert lapse_offers() == 1
    assert road.agreement.state == "lapsed"
