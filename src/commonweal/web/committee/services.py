"""What other parts of the service ask of the committee, read from its rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from commonweal.foundation.canonical import parse_json
from commonweal.governance.committee.conflicts import Declaration as DeclarationPaper
from commonweal.governance.committee.decision import Decision as DecisionPaper
from commonweal.governance.committee.votes import Vote as VotePaper
from commonweal.papers.base import Paper
from commonweal.web.applications.models import Version
from commonweal.web.committee.models import FINAL_ITEM, Decision, Declaration

_P = TypeVar("_P", bound=Paper)


def decision_of(version: Version) -> Decision | None:
    """The decision on a version that counts: signed by the chair, in effect and not set aside."""
    rows = version.decisions.filter(
        set_aside_at__isnull=True, act__isnull=False, published_at__isnull=False
    )
    return rows.order_by("made_at", "id").last()


def chair_acts_on(version: Version) -> bool:
    """True while the chair decides something small about the decision on a version."""
    return version.items.filter(meeting__route="chair").exclude(state__in=FINAL_ITEM).exists()


def decision_paper(row: Decision) -> DecisionPaper:
    """The paper of a decision."""
    return _paper(DecisionPaper, row.content, "The decision")


def declarations_of(version: Version) -> list[DeclarationPaper]:
    """Every declaration about a version, in order. A dossier needs all of them."""
    rows = version.declarations.all()
    return [_paper(DeclarationPaper, one.content, "A declaration") for one in rows]


def declarations_by_version(versions: Iterable[int]) -> dict[int, list[DeclarationPaper]]:
    """The declarations about several versions, by the version's key, in one query."""
    wanted = list(versions)
    found: dict[int, list[DeclarationPaper]] = {one: [] for one in wanted}
    for row in Declaration.objects.filter(version__in=wanted):
        found[row.version_id].append(_paper(DeclarationPaper, row.content, "A declaration"))
    return found


def votes_of(version: Version, round_: int) -> list[VotePaper]:
    """The votes of one round of the whole committee that count, in order: each member's last, and
    none that was set aside."""
    out = {one.person for one in declarations_of(version) if not one.free}
    found = _votes(version.votes.filter(route="committee", round=round_))
    last = {one.person: one for one in found}
    return [one for one in found if last[one.person] is one and one.person not in out]


def every_vote_of(version: Version) -> list[VotePaper]:
    """Every vote on a version that anybody signed, those too that were changed or of an earlier
    round: a dossier needs all of them, for the ledger heard of each."""
    return _votes(version.votes.all())


def _votes(rows: Iterable[object]) -> list[VotePaper]:
    return [_paper(VotePaper, one.content, "A vote") for one in rows]  # type: ignore[attr-defined]


def _paper(kind: type[_P], content: bytes, what: str) -> _P:
    return kind.read(parse_json(bytes(content), what), what)
