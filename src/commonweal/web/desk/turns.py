"""What waits for the people at the desk, and for writers whose assessment waits for them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from commonweal.governance.roles import RoleName
from commonweal.governance.states.review import REVIEW
from commonweal.web.accounts.models import User
from commonweal.web.applications.models import Application
from commonweal.web.config.turns import MOST, Turn, turn
from commonweal.web.desk.advising import BEFORE_DECISION
from commonweal.web.desk.models import Assessment, Case
from commonweal.web.desk.policies import ASSESSED, SCREENERS, desk_roles, seen

_SCREENING = {
    "sent": "Begin to check an application",
    "screening": "Check an application",
}
_ASSESSING = {
    "waiting": "Look at an impact assessment",
    "screened": "Plan a workshop, or take the lighter route",
    "workshop_scheduled": "A workshop is planned",
    "workshop_held": "Write down what was heard at a workshop",
    "synthesised": "Look at the answers to a workshop's points",
    "to_publish": "Publish an impact assessment",
    "revisited": "Read a newer text of an impact assessment",
}
"""State of an assessment: what somebody at the desk does next."""
_PUBLISHED_AFTER = frozenset({"approved", "rejected", "refused", "under_appeal"})


def waiting(person: User, day: date) -> list[Turn]:
    """The next step with each application and assessment that waits for this person."""
    held = desk_roles(person, day)
    return [*(_cases(held) if held else ()), *_points(person, day), *_again(person, day)]


def _cases(held: Mapping[str, frozenset[RoleName]]) -> list[Turn]:
    rows = (
        Case.objects.filter(seen(held))
        .select_related("application", "version__assessment")
        .defer("version__content", "version__assessment__heard", "version__assessment__record")
    )
    found: list[Turn] = []
    mine = rows.filter(application__state__in=(*ASSESSED, *_SCREENING, *_PUBLISHED_AFTER))
    advised = set(mine.filter(version__advice__isnull=False).values_list("pk", flat=True))
    for one in mine.exclude(version__assessment__state="published")[: MOST * 5]:
        roles = held.get("", frozenset()) | held.get(one.application.reference, frozenset())
        found += _case(one, frozenset(roles), is_advised=one.pk in advised)
    return found[: MOST * 2]


def _case(one: Case, roles: frozenset[str], *, is_advised: bool) -> list[Turn]:
    state, reference = one.application.state, one.application.reference
    found = []
    if state in _SCREENING and roles & SCREENERS:
        found.append(turn(_SCREENING[state], one.title, "desk:case", reference))
    if "dpo" in roles and state in BEFORE_DECISION and not is_advised:
        found.append(turn("Give your advice", one.title, "desk:advice", reference))
    if state == "ready" and "committee_secretary" in roles:
        found.append(turn("Put on the agenda of a meeting", one.title, "committee:meetings"))
    row = getattr(one.version, "assessment", None)
    if row is None or state == "sent" or row.state not in _ASSESSING:
        return found
    if any(step.by & roles for step in REVIEW.transitions if step.from_ == row.state) and (
        state in ASSESSED or row.state in ("to_publish", "revisited")
    ):
        words = _ASSESSING[row.state]
        found.append(turn(words, one.title, "desk:assessment", reference))
    return found


def _again(person: User, day: date) -> list[Turn]:
    mine = Application.objects.seen_by(person, day).values("pk")
    rows = Assessment.objects.filter(application__in=mine, state__in=("due", "overdue"))
    shown = rows.select_related("application__draft").only(
        "state", "application__reference", "application__draft__title"
    )
    return [
        turn("Look at your impact assessment again", one.application.draft.title, "answers:again",
             one.application.reference)
        for one in shown[:MOST]
    ]  # fmt: skip


def _points(person: User, day: date) -> list[Turn]:
    mine = Application.objects.seen_by(person, day).filter(state__in=ASSESSED)
    rows = Assessment.objects.filter(
        application__in=mine.values("pk"), state__in=("returned", "record_written")
    )
    shown = rows.select_related("application__draft").only(
        "state", "application__reference", "application__draft__title"
    )
    return [
        turn("Answer what was said about your impact assessment", one.application.draft.title,
             "answers:points", one.application.reference)
        for one in shown[:MOST]
    ]  # fmt: skip
