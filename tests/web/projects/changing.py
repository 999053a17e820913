"""A change to a project on its road: begun on the permit's page, sent and signed for real."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from commonweal.foundation.clock import FixedClock, stamp
from commonweal.governance.application.drafts import as_typed, read_draft
from tests.web.projects.room import Road, user

BEGUN = timedelta(days=31)
"""After these the time to say no is over and the first day of the tests' project has come."""
Typed = dict[str, Any]


@contextmanager
def later(by: timedelta = BEGUN) -> Iterator[FixedClock]:
    """The service, and with it the signer, some time from now; the clock runs when it is told."""
    from commonweal.web.config import clock

    held = FixedClock(clock.now() + by)
    before = clock.use_clock(held)
    try:
        yield held
    finally:
        clock.use_clock(before)


@dataclass
class Change(Road):
    """A request about the permit of `of`."""

    of: Any = None

    def begun(self, kind: str = "amendment", why: str = "A colleague has left.") -> Change:
        from commonweal.web.amending.services import begin

        self.application = begin(user("amara"), self.of.permit, kind, why)
        return self

    def write(self, change: Callable[[Typed], None]) -> Change:
        """Change the draft as pages do, and declare everything anew."""
        from commonweal.web.applications.models import Draft

        draft = Draft.objects.get(pk=self.application.pk)
        typed = as_typed(read_draft(draft.content))
        typed["declarations"] = as_typed(self.of.paper.content)["declarations"]
        change(typed)
        draft.content = as_typed(read_draft(typed))
        draft.save()
        return self

    def sent(self) -> Change:
        """Sent by the service's own use case, and signed by who sent it."""
        from commonweal.web.applications import services

        self.version = services.send(user("amara"), self.application)
        self.application.refresh_from_db()
        self.paper = services.paper_of(self.version)
        self.heard(services.ask_to_sign(user("amara"), self.application))
        return self

    def taken_up(self) -> Change:
        from commonweal.web.config import clock
        from commonweal.web.desk import services
        from commonweal.web.desk.policies import standing_of

        services.take_up(standing_of(user("edward"), self.application.reference, clock.today()))
        self.application.refresh_from_db()
        return self

    def agree_small(self, who: str = "edward") -> Any:
        """An officer agrees the change; the act, settled."""
        from commonweal.web.amending.services import propose_agreeing

        act = propose_agreeing(
            user(who), self.application, frozenset({"ig_officer"}),
            "Somebody has left the project.", "It is on the published list.",
        )  # fmt: skip
        settled = self.heard(act)
        self.application.refresh_from_db()
        return settled

    def reviewed(self) -> Change:
        """The committee's road, with acts and rows as in `Road`: advice, votes, decision."""
        from commonweal.web.ledgerlink.models import governed_write

        with governed_write():
            self.application.state = "with_committee"
            self.application.save()
        self.act("quentin", "advise", "content", self.paper.form_digest("dpia"))
        self.review()
        self.decide()
        return self

    def to_permit(self) -> Change:
        """Agreement, countersignatures, and the signer's work."""
        self.offer()
        self.accept()
        self.countersign()
        self.work()
        return self

    def forge(self, **changes: Any) -> Any:
        """What a web process does that owns the database and shows an officer something else: the
        officer really signs, the rows say that the change is agreed; the decision's row."""
        from commonweal.governance.committee.decision import Decision as Paper
        from commonweal.governance.committee.rules import default_rules
        from commonweal.web.committee.models import Decision
        from commonweal.web.config import clock
        from commonweal.web.ledgerlink.models import governed_write

        rules = default_rules()
        plain = {
            "decision": 1, "id": f"{self.paper.permit_id}-d1",
            "application": self.application.reference, "version_number": self.paper.number,
            "version_digest": self.paper.digest(), "rules_version": rules.version,
            "rules_digest": rules.digest(), "route": "small_change", "outcome": "approve",
            "summary": "Somebody has left.", "reasons": ["It is on the list."],
            "variables": [
                {"dataset": d, "table": t, "variable": v, "verdict": "granted"}
                for d, t, v in self.paper.asked
            ],
            "votes": {}, "decided_at": stamp(clock.now()),
        } | changes  # fmt: skip
        paper = Paper.read(plain, "The decision")
        act = self.act("edward", "agree_change", "agree", paper.digest())
        with governed_write():
            row = Decision(
                version=self.version, reference=paper.id,
                title=str(self.paper.content.project.title),
                content=paper.canonical(),
                digest=paper.digest(), outcome=paper.outcome, act=act.pk,
                made_at=paper.decided_at,
                published_at=paper.decided_at,
            )  # fmt: skip
            row.save()
            self.application.state = "approved"
            self.application.save()
        return row

    def refused_with(self) -> str:
        """The signer refuses, and the earlier permit is what it was; the code."""
        assert (self.order.state, self.permit) == ("refused", None), self.order.sentence
        assert self.on_ledger() is None
        assert self.states() == ("active", "")
        return str(self.order.code)

    def states(self) -> tuple[str, str]:
        """Where the earlier permit and the newer one stand, by the service's own reading."""
        from commonweal.web.projects.standing import state_of

        return state_of(self.of.permit), "" if self.permit is None else state_of(self.permit)


def somebody_leaves(typed: Typed) -> None:
    typed["people"] = typed["people"][:-1]


def one_variable_less(typed: Typed) -> None:
    typed["data"]["groups"][-1]["variables"] = typed["data"]["groups"][-1]["variables"][:-1]


def another_purpose(typed: Typed) -> None:
    typed["purpose"]["codes"] = [*typed["purpose"]["codes"], "public_health"]


def a_year_longer(typed: Typed) -> None:
    from datetime import date

    ends = date.fromisoformat(typed["period"]["ends"])
    typed["period"]["ends"] = (ends + timedelta(days=200)).isoformat()
    typed["period"]["review_dates"] = [ends.isoformat()]
    typed["period"].setdefault("why_so_long", "It takes longer than we thought.")
    if typed.get("retention", {}).get("destroyed_by"):
        typed["retention"]["destroyed_by"] = (ends + timedelta(days=400)).isoformat()
