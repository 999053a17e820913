"""What everybody may read: who the committee is, its rules, its meetings and its decisions."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from commonweal.foundation.errors import Refused
from commonweal.governance.clocks.calendar import long_day
from commonweal.governance.committee.appeal import last_day_to_appeal
from commonweal.governance.committee.conflicts import minute
from commonweal.governance.committee.decision import headline
from commonweal.governance.committee.vocabulary import CHAIRS_WORDS, OUTCOME_WORDS, VotingRole
from commonweal.governance.committee.words import sections, sentence_case
from commonweal.web.committee.models import Decision, Meeting
from commonweal.web.committee.packs import form_words
from commonweal.web.committee.policies import (
    ANSWERING,
    HEARING,
    SITTING,
    members,
    no_page,
    roles_of,
)
from commonweal.web.committee.services import decision_paper
from commonweal.web.committee.shorter import by_chair, put_to_chair
from commonweal.web.committee.views.common import page
from commonweal.web.config import clock
from commonweal.web.config.rules import every_rules, rules_in_force, rules_named
from commonweal.web.nhsuk.paging import Counted, Page, page_of

_NAMED: tuple[tuple[VotingRole, str], ...] = (
    ("committee_chair", "chair"),
    ("committee_member", "member who works with data or patients"),
)


@login_not_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Who is on the committee, when it meets, and the way to its rules and decisions."""
    held = roles_of(request.user, clock.today())
    now = clock.now()
    meetings = Meeting.objects.filter(
        route="committee", held_at__gte=now, state__in=("planned", "papers_sent")
    )
    more = {
        "rules": rules_in_force(),
        "sitting": _sitting(),
        "meetings": [one.held_at for one in meetings[:6]],
        "decisions": list(_published().defer("content")[:3]),
        "minuted": list(
            Meeting.objects.filter(route="committee", state="minuted").order_by("-held_at", "-id")[
                :6
            ]
        ),
        "outcomes": OUTCOME_WORDS,
        "works": bool(held & SITTING),
        "answers": bool(held & ANSWERING),
        "hears": bool(held & HEARING),
    }
    return page(request, "index", more)


def _sitting() -> list[str]:
    """Who sits on the committee; lay members, who hold no office, are counted and not named."""
    try:
        seats = members().sitting(clock.now())
    except Refused:  # before the hospital adopted its list of people there are none
        return []
    found = [f"{s.name}, {words}" for role, words in _NAMED for s in seats if s.role == role]
    lay = sum(seat.role == "committee_lay" for seat in seats)
    if lay:
        found.append(f"{lay} lay {'member' if lay == 1 else 'members'} from the public")
    return found


@login_not_required
@require_safe
def rules(request: HttpRequest) -> HttpResponse:
    """The terms of reference: words that are made from the rules themselves."""
    versions = every_rules()
    found = rules_in_force()
    if "version" in request.GET:
        asked = request.GET["version"]
        named = [one for one in versions if str(one.version) == asked]
        if not named:
            raise no_page()
        found = named[0]
    more = {
        "rules": found,
        "in_force": rules_in_force().version,
        "versions": [(one.version, long_day(one.adopted_on)) for one in versions],
        "fingerprint": found.digest(),
        "sections": list(sections(found)),
        "adopted": long_day(found.adopted_on),
        "review": long_day(found.review_by),
    }
    return page(request, "rules", more)


def _published() -> Any:
    rows = Decision.objects.filter(published_at__isnull=False, act__isnull=False)
    return rows.order_by("-published_at", "-id")


@login_not_required
@require_safe
def decisions(request: HttpRequest) -> HttpResponse:
    """All decisions, the newest first; refused applications too."""
    shown: Page[Decision] = page_of(Counted(_published().defer("content")), request.GET, size=20)
    more = {
        "page": shown,
        "by_chair": by_chair(shown.rows),
        "outcomes": OUTCOME_WORDS,
    }
    return page(request, "decisions", more)


@login_not_required
@require_safe
def decision(request: HttpRequest, name: str) -> HttpResponse:
    """One decision: the answer, the reasons, the conditions, the count, and other views."""
    row = _published().filter(reference=name).first()
    if row is None:
        raise no_page()
    paper = decision_paper(row)
    chairs = put_to_chair(row.version_id) if paper.route == "chair" else None
    rows_after = list(_published().filter(version=row.version_id, pk__gt=row.pk))
    heard = row.appeals.exclude(result="").order_by("id").last()
    more = {
        "row": row,
        "paper": paper,
        "title": row.title,
        "headline": headline(paper),
        "counts": [
            (OUTCOME_WORDS[name].capitalize(), getattr(paper.votes, name)) for name in OUTCOME_WORDS
        ],
        "minute": minute(paper.votes.excluded),
        "granted": [one for one in paper.variables if one.verdict == "granted"],
        "coarser": [(one, form_words(one.form)) for one in paper.variables
                    if one.verdict == "coarser"],
        "refused": [one for one in paper.variables if one.verdict == "refused"],
        "appeal_until": last_day_to_appeal(row.since, rules_named(paper.rules_digest))
        if paper.outcome == "reject" else None,
        "appeal": heard,
        "chair": None if chairs is None or chairs.chairs_reason is None else {
            "for": sentence_case(CHAIRS_WORDS[chairs.chairs_reason]), "told": chairs.told,
        },
        "earlier": paper.replaces if chairs is not None else None,
        "later": None if paper.route != "committee" else next(
            (one for one in rows_after if one.pk in by_chair(rows_after)), None
        ),
        "replaced_by": Decision.objects.filter(
            version=row.version, pk__gt=row.pk, act__isnull=False
        ).first() if row.set_aside_at else None,
    }  # fmt: skip
    return page(request, "decision", more)
