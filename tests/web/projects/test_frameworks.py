"""No project's agreement stands without a framework contract."""

from __future__ import annotations

from tests.web.projects.room import Road, code


def test_without_a_framework_contract_there_is_no_agreement(road: Road) -> None:
    assert code(road.offer) == "CW-AGREEMENT-FRAMEWORK"
    road.framework(accepted=False)
    assert code(road.offer) == "CW-AGREEMENT-FRAMEWORK"
    assert road.agreement is None


def test_a_framework_contract_that_ends_too_early_is_none(road: Road) -> None:
    road.framework(days=30)
    assert code(road.offer) == "CW-AGREEMENT-FRAMEWORK"


def test_a_newer_framework_contract_takes_the_place_of_the_older(road: Road) -> None:
    first = road.framework()
    second = road.framework()
    first.refresh_from_db()
    assert (first.state, second.state) == ("replaced", "in_force")
