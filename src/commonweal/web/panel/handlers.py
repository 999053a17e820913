"""What follows from a panel member's signature: their vote is counted, once its time is over."""

from __future__ import annotations

from django.urls import reverse

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import Fault
from commonweal.governance.panel_vote import PanelVote
from commonweal.web.panel.models import CHOICES, Question
from commonweal.web.panel.services import check_count, count_vote
from commonweal.web.signing.handlers import Told
from commonweal.web.signing.models import Act


class PanelVoteHandler:
    """Acts of the kind `panel_vote`."""

    def check(self, act: Act) -> None:
        """Raises as `check_count`."""
        check_count(act, _vote(act))

    def follow(self, act: Act) -> None:
        """The vote takes the place of an earlier one."""
        paper = _vote(act)
        count_vote(act, paper, check_count(act, paper))

    def told(self, act: Act) -> Told:
        """How the member votes, and why."""
        paper = _vote(act)
        row = Question.objects.filter(reference=act.subject).first()
        if row is None:
            raise Fault("CW-WEB-NOT-FOUND", "There is no such question.")
        lines = (("Your vote", dict(CHOICES)[paper.choice]), ("Why", paper.reasons))
        return Told(row.ask, reverse("panel:question", args=[row.reference]), lines)


def _vote(act: Act) -> PanelVote:
    plain = parse_json(bytes(act.content or b"null"), "The vote")
    return PanelVote.read(plain, "The vote", "CW-ACT-INVALID")
