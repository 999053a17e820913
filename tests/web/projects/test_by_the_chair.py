"""From a chair's action on the pages to a permit that the signer makes of it, or does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from commonweal.foundation.clock import FixedClock
from tests.web.projects.room import ROLES, Road, user

CHAIR, LAY = "grace", "irene"


class Chair:
    """The chair acts on the road's decision. Each method is a step that people take."""

    def __init__(self, road: Road, clock: FixedClock) -> None:
        self.road, self.clock = road, clock
        self._declared()
        self.item: Any = None

    def _declared(self) -> None:
        """The rows of what members declared before the committee decided."""
        from commonweal.web.committee.models import Declaration
        from commonweal.web.ledgerlink.models import governed_write
        from commonweal.web.signing.models import Act

        with governed_write():
            for one in self.road.declarations:
                act = Act.objects.get(person=user(one.person), kind="conflict",
                                      subject=self.road.application.reference)  # fmt: skip
                Declaration(
                    version=self.road.version, person=user(one.person), content=one.canonical(),
                    salt=b"s" * 32, conflicted=False, act=act.pk, made_at=one.at,
                ).save()  # fmt: skip

    def heard(self, act: Any) -> None:
        self.clock.advance(timedelta(seconds=1))
        self.road.heard(act)
        self.clock.advance(timedelta(seconds=1))
        if self.item is not None:
            self.item.refresh_from_db()

    def propose(self) -> None:
        from commonweal.web.committee.chairs import propose_chair
        from commonweal.web.committee.models import Item

        self.heard(
            propose_chair(
                user(CHAIR), self.road.application.reference, "correction",
                "The summary named the wrong year.", [LAY], "/",
            )
        )  # fmt: skip
        self.item = Item.objects.get(version=self.road.version, meeting__route="chair")

    def vote(self, verdict: str = "approve") -> None:
        from commonweal.governance.committee.votes import Vote
        from commonweal.web.committee.ballots import open_vote, whole
        from commonweal.web.signing.services import propose

        self.item = open_vote(user(CHAIR), self.item, 24)
        for who in (CHAIR, LAY):
            made = Vote(
                vote=1, person=who, role=ROLES[who], version_digest=self.road.version.digest,
                route="chair", round=1, verdict=verdict, reasons="It was a slip.",
                at=whole(self.clock.now()),
            )  # fmt: skip
            self.heard(
                propose(
                    user(who), ROLES[who], "vote", verdict,
                    subject=self.road.application.reference,
                    object_digest=self.road.version.digest, back="/", content=made,
                    wish={"item": self.item.pk},
                )
            )  # fmt: skip

    def decide(self) -> None:
        from commonweal.web.committee.deciding import Texts, propose_decision

        texts = Texts("The study may use the records of 2024.", ("The year was wrong.",))
        self.heard(propose_decision(user(CHAIR), self.item, texts, "/"))
        assert self.item.state == "waiting"

    def call_in(self) -> None:
        from commonweal.web.committee.shorter import propose_call_in

        self.heard(propose_call_in(user("zofia"), self.item, "/"))
        assert self.item.state == "left"

    def wait(self) -> int:
        """The days to call it in go by, and the signer's worker runs."""
        from commonweal.web.committee.workers import let_take_effect
        from tests.web.signing_room import signer

        self.clock.advance(timedelta(days=10))
        with signer(self.road.home) as custody:
            done = let_take_effect(custody)
        self.item.refresh_from_db()
        self.road.application.refresh_from_db()
        return done

    def ordered(self) -> Any:
        """Agreed and countersigned from the decision that stands; the signer's answer."""
        self.road.agreed()
        self.clock.advance(timedelta(seconds=1))
        self.road.countersign()
        self.clock.advance(timedelta(seconds=1))
        self.road.work()
        return self.road.order


@pytest.fixture
def chair(road: Road, at: Callable[[Any], None]) -> Chair:
    from commonweal.web.config import clock

    held = FixedClock(clock.now() + timedelta(seconds=1))
    at(held)
    return Chair(road, held)


def test_the_signer_makes_the_permit_of_what_the_chair_decided(chair: Chair) -> None:
    chair.propose()
    chair.vote()
    chair.decide()
    assert chair.wait() == 1
    order = chair.ordered()
    assert (order.state, order.sentence) == ("done", "")
    decision = chair.road.agreement.decision
    assert decision.reference.endswith("-d2")
    assert json.loads(bytes(order.dossier))["earlier"]["route"] == "committee"
    assert chair.road.on_ledger().state == "announced"


@pytest.mark.parametrize("until", ["propose", "vote", "decide"])
def test_what_was_called_in_leaves_the_committees_decision_to_the_signer(
    chair: Chair, until: str
) -> None:
    for step in ("propose", "vote", "decide"):
        getattr(chair, step)()
        if step == until:
            break
    chair.call_in()
    assert chair.wait() == 0
    order = chair.ordered()
    assert (order.state, order.sentence) == ("done", "")
    assert "earlier" not in json.loads(bytes(order.dossier))


def test_the_signer_refuses_the_old_decision_while_the_new_one_can_be_called_in(
    chair: Chair,
) -> None:
    """Whoever owns the database hides what the chair has decided: the ledger heard of it."""
    from commonweal.web.committee.models import Item
    from commonweal.web.ledgerlink.models import governed_write

    chair.propose()
    chair.vote()
    chair.decide()
    with governed_write():
        Item.objects.filter(pk=chair.item.pk).update(state="left")
    order = chair.ordered()
    assert order.state == "refused"
    assert order.code == "CW-DOSSIER-ORDER"
