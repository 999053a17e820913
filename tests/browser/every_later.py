"""Rows of `every_home` about what goes on beside the road of an application, and after its end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

Names = dict[str, str]


def commented(amara: Any, reference: str) -> None:
    """Two comments on one part of a draft, one of them dealt with, and one on a form."""
    from commonweal.web.applications.models import Comment

    base = f"/applications/{reference}/comments/"
    for part, words in (("purpose", "Is this too broad?"), ("purpose", "Say it in plain words."),
                        ("form-dpia", "Ask the data protection officer.")):  # fmt: skip
        assert amara.post(f"{base}{part}/", {"words": words}).status_code == 302
    first = Comment.objects.filter(application__reference=reference).earliest("pk")
    assert amara.post(f"{base}purpose/", {"settle": str(first.pk)}).status_code == 302


def after_publication(amara: Any, edward: Any, found: Names) -> None:
    """Words removed and a newer text published in one assessment, a newer text sent in another."""
    from commonweal.web.applications.models import Application
    from tests.web.desk.test_after import SECRET, judge, newer, words

    public, sent = (Application.objects.get(reference=one) for one in found.values())
    assert words(edward, public, passage=SECRET, reason="commercial").status_code == 302
    for row in (public, sent):
        assert newer(amara, row).status_code == 302
    assert judge(edward, public, do="publish", read="on").status_code == 302


def with_reviews(live: Any) -> Names:
    """A yearly review that is due, and one about which the hospital asked something."""
    from commonweal.web.config import clock
    from commonweal.web.ledgerlink.models import governed_write
    from commonweal.web.reviews import services
    from commonweal.web.reviews.models import Review
    from commonweal.web.reviews.workers import follow_days
    from tests.web.projects.room import user
    from tests.web.reviews.room import Reviewed

    today = clock.today()
    with governed_write():
        # As the signer writes it when the day is near; this permit's own is a year away.
        Review(permit=live.permit, due_on=today + timedelta(days=30), state="due",
               changed_at=clock.now()).save()  # fmt: skip
    period = {"starts": today.isoformat(), "ends": (today + timedelta(days=300)).isoformat(),
              "review_dates": [(today + timedelta(days=40)).isoformat()]}  # fmt: skip
    road = Reviewed(live.home)
    road.decided(period=period)
    road.offer()
    road.accept()
    road.countersign()
    road.work()
    with road.custody() as custody:
        follow_days(custody, road.permit.pk)
    road.fill()
    road.send_review()
    services.ask(user("edward"), road.row, "Who are the two patients?", seen=road.row.digest)
    return {"review.due": live.permit.reference, "review.asked": road.permit.reference}
