"""Use cases of the committee, one transaction each."""

from __future__ import annotations

from commonweal.foundation.canonical import parse_json
from commonweal.governance.committee.conflicts import Declaration as DeclarationPaper
from commonweal.governance.committee.decision import Decision as DecisionPaper
from commonweal.governance.committee.votes import Vote as VotePaper
from commonweal.web.applications.models import Version
from commonweal.web.committee.models import Decision


def decision_of(version: Version) -> Decision | None:
    """The decision on a version that counts: signed by the chair and not set aside."""
    rows = version.decisions.filter(set_aside_at__isnull=True, act__isnull=False)
    return rows.order_by("made_at", "id").last()


def decision_paper(row: Decision) -> DecisionPaper:
    """The paper of a decision."""
    return DecisionPaper.read(parse_json(bytes(row.content), "The decision"), "The decision")


def declarations_of(version: Version) -> list[DeclarationPaper]:
    """Every declaration about a version, in order."""
    return [
        DeclarationPaper.read(parse_json(bytes(one.content), "A declaration"), "A declaration")
        for one in version.declarations.all()
    ]


def votes_of(version: Version, round_: int) -> list[VotePaper]:
    """The votes of one round that count, in order."""
    return [
        VotePaper.read(parse_json(bytes(one.content), "A vote"), "A vote")
        for one in version.votes.filter(round=round_)
    ]
