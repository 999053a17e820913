"""From a decision to a signed permit on the ledger."""

from __future__ import annotations

import json

from commonweal.papers.permit import Permit as PermitPaper
from tests.web.projects.room import Road


def test_a_decision_becomes_a_permit_on_the_ledger(road: Road) -> None:
    road.agreed()
    assert road.agreement.state == "with_officers"
    road.countersign("owen")
    assert (road.agreement.state, road.order) == ("guardian_signed", None)
    road.countersign("priya")
    assert (road.agreement.state, road.order.state) == ("countersigned", "waiting")
    assert road.on_ledger() is None
    road.work()
    assert (road.order.state, road.order.sentence) == ("done", "")
    permit = road.permit
    assert (permit.reference, road.agreement.state) == (road.paper.permit_id, "in_force")
    assert road.on_ledger().state == permit.state == "announced"
    with road.custody() as custody:
        paper = PermitPaper.load(bytes(permit.content), custody.belief)
    assert paper.authority == "committee"
    assert paper.agreement_hash == road.agreement.digest
    assert (
        json.loads(bytes(road.order.dossier))["decision"]["id"] == road.agreement.decision.reference
    )


def test_what_the_service_says_of_it_comes_to_the_ledger(road: Road) -> None:
    """The ledger takes each of the service's events only where it heard of the act behind it."""
    from commonweal.web.ledgerlink.models import Intent
    from commonweal.web.ledgerlink.services import unplaced
    from commonweal.web.ledgerlink.workers import place_intents

    before = set(Intent.objects.values_list("pk", flat=True))
    road.permitted()
    with road.custody() as custody:
        while place_intents(custody):
            pass
    assert unplaced() == 0
    made = Intent.objects.exclude(pk__in=before).order_by("pk").values_list("type", flat=True)
    assert list(made) == [
        "framework.offered", "framework.accepted", "framework.accepted", "agreement.offered",
        "agreement.accepted", "agreement.accepted", "officer.countersigned",
        "officer.countersigned", "agreement.in_force",
    ]  # fmt: skip
