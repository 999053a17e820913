"""A project and its yearly review, step by step, with real keys on a real ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from commonweal.foundation.clock import FixedClock
from tests.web.projects.room import Road, content_today, user
from tests.web.signing_room import signer

SUMMARY = "We counted stays in hospital. Fewer people came back within a month."
ANSWERS: dict[str, Any] = {
    "from_day": "2026-12-01", "until_day": "2027-11-20", "progress": "We counted.",
    "results": "Nothing is published yet.", "benefits": "Wards know when to expect people.",
    "still_needed": True, "still_needed_why": "The second winter.", "security": True,
    "breaches": 0, "plans": "Count again.", "involvement": "Two patients read our plans.",
    "told": "By a page on our site.", "summary": SUMMARY,
}  # fmt: skip
"""Answers to the whole form of a project without AI that knows nobody's name."""


@dataclass
class Reviewed(Road):
    """A road on which a year goes by."""

    use: Callable[[Any], None] | None = None

    def begin(self) -> None:
        from commonweal.web.config import clock

        today = clock.today()
        until = today.replace(year=today.year + 3, day=1)
        day = min(today.day, 28)  # a year later there is such a day, and it is not before a year
        days = [today.replace(year=today.year + n, day=day).isoformat() for n in (1, 2)]
        period = {"starts": today.isoformat(), "ends": until.isoformat(), "review_dates": days}
        kept = content_today(today)["retention"] | {"destroyed_by": until.isoformat()}
        self.decided(period=period, retention=kept).permitted()

    # --- time ---------------------------------------------------------------------------------

    def go(self, day: date, hours: float = 12) -> None:
        assert self.use is not None
        self.use(FixedClock(datetime.combine(day, time(0), UTC) + timedelta(hours=hours)))

    def later(self, by: timedelta) -> None:
        from commonweal.web.config import clock

        assert self.use is not None
        self.use(FixedClock(clock.now() + by))

    def follow(self) -> None:
        """The signer's worker goes once through everything it does."""
        from commonweal.web.projects.workers import steps as of_projects
        from commonweal.web.reviews.workers import steps

        with signer(self.home) as custody:
            for step in (*of_projects("signer"), *steps("signer")):
                step(custody)

    # --- the review ---------------------------------------------------------------------------

    @property
    def due(self) -> date:
        standing = self.on_ledger()
        assert standing.review_by is not None
        found: date = standing.review_by
        return found

    @property
    def row(self) -> Any:
        from commonweal.web.reviews.models import Review

        return Review.objects.filter(permit=self.permit).order_by("-due_on").first()

    def fill(self, **changes: Any) -> None:
        from commonweal.web.reviews.contents import form
        from commonweal.web.reviews.models import ReviewDraft

        plain = {
            "answers": 1, "form": "annual-review", "form_version": form().version,
            "values": ANSWERS | changes, "as_typed": {}, "aside": [],
        }  # fmt: skip
        ReviewDraft.objects.update_or_create(review=self.row, defaults={"answers": plain})

    def send_review(self, who: str = "amara") -> Any:
        from commonweal.web.reviews import services

        return self.heard(services.send(user(who), self.row))

    def accept_review(self, who: str = "edward") -> Any:
        from commonweal.web.reviews import services

        return self.heard(services.accept(user(who), self.row, seen=self.row.digest))

    def sent(self) -> None:
        """The review is at the desk, a month before its day."""
        self.go(self.due - timedelta(days=30))
        self.follow()
        self.fill()
        self.send_review()

    def machines(self) -> str:
        """What a machine is told that asks for this permit now: a code, or nothing."""
        from commonweal.foundation.errors import CommonwealError
        from commonweal.vault.custody import find_permit, load_permit, status_of

        with signer(self.home) as custody:
            permit = load_permit(custody, find_permit(custody, self.permit.reference))
            try:
                permit.check("release", None, custody.clock.now(), status_of(custody, permit))
            except CommonwealError as error:
                return error.code
        return ""
