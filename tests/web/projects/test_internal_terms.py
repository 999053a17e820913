"""A project of the hospital's own team: internal terms, which its own signatory accepts alone."""

from __future__ import annotations

from tests.web.projects.room import Road, code, content_today, user


def test_the_hospitals_own_team_stands_on_internal_terms(road: Road) -> None:
    from commonweal.ledger.entry import Actor
    from commonweal.web.accounts.models import Organisation
    from commonweal.web.accounts.services import give_role
    from commonweal.web.config import clock
    from commonweal.web.projects import services
    from commonweal.web.projects.papers import agreement_paper
    from commonweal.web.projects.signing import accept

    hospital = Organisation.objects.get(kind="custodian")
    give_role(user("amara"), hospital, "applicant", Actor("system", "tests"))
    own = Road(road.home)
    asking = {
        "name": "Wharfedale Hospital", "kind": "custodian", "reference": "RXX",
        "ico_registration": "Z1234567", "publishes_results": True,
        "commercial_interest": "Nobody.",
    }  # fmt: skip
    people = content_today(clock.today())["people"]
    people[0]["employer"] = asking["name"]
    own.decided(organisation=asking, people=people)
    sides = road.sides()
    assert code(lambda: services.offer(user("edward"), own.application, sides)) == "CW-WEB-DENIED"
    row = services.offer(user("edward"), own.application, {"custodian": sides["custodian"]})
    paper = agreement_paper(row)
    assert (paper.scope, row.framework) == ("internal", None)
    assert paper.title.startswith("Internal terms: ")
    assert code(lambda: accept(user("colin"), row)) == "CW-STATE-ROLE"
    own.accept("vera")
    assert own.agreement.state == "with_officers"
    own.countersign()
    own.work()
    assert (own.order.state, own.order.sentence) == ("done", "")
    assert own.permit.state == "announced"
