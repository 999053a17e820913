"""Who may see and do what with yearly reviews. `check_x` says why not (rule 3).

Who sees a permit sees where its review stands. Members of the committee see one that was put to
them, unless the application names them or they declared a conflict when it was decided. Everybody
else is told that there is no such page.
"""

from __future__ import annotations

from datetime import date, timedelta

from django.conf import settings

from commonweal.foundation.errors import CommonwealError, Fault, Refused
from commonweal.governance.roles import RoleName
from commonweal.governance.states.annual_review import ANNUAL_REVIEW
from commonweal.papers.yearly_review import EARLIEST
from commonweal.web.accounts.models import User
from commonweal.web.applications.services import paper_of
from commonweal.web.committee.policies import SITTING, is_out, roles_of
from commonweal.web.config import clock
from commonweal.web.projects.models import Permit
from commonweal.web.projects.policies import permit_of, role_for_step, roles_at
from commonweal.web.reviews.models import Review

WRITABLE = ("not_yet_due", "due", "overdue", "queried")
"""States in which the project's people write."""
IN_TIME = timedelta(weeks=4)
"""How long before its day a review should be sent, so that it can be read in time (CAG)."""


def lead() -> timedelta:
    """How long before its day people are reminded of a review."""
    return timedelta(weeks=settings.ENVIRONMENT.review_lead_weeks)


def review_of(person: User, permit: str, day: date) -> Review:
    """The newest review of a permit that the person may see. Raises `Fault` CW-WEB-NOT-FOUND."""
    rows = Review.objects.filter(permit__reference=permit).select_related(
        "permit__application__organisation", "permit__agreement__decision__version", "sent_by"
    )
    row = rows.order_by("-due_on").first()
    if row is None:
        raise _none()
    try:
        permit_of(person, permit, day)
    except Fault:
        if row.state != "with_committee" or not committee_roles(person, row.permit, day):
            raise
    return row


def committee_roles(person: User, permit: Permit, day: date) -> frozenset[str]:
    """The roles in which a person sits on the committee, for a project they have no conflict in."""
    version = permit.agreement.decision.version
    if is_out(person, version, paper_of(version)):
        return frozenset()
    return frozenset(roles_of(person, day, permit.application.reference) & SITTING)


def is_involved(person: User, permit: Permit) -> bool:
    """True for whoever the application names: they read and accept nothing of it."""
    return person.public_id in paper_of(permit.agreement.decision.version).involved


def held(person: User, row: Review, day: date) -> frozenset[str]:
    """The roles in which a person deals with this review. Nobody reads their own project's."""
    mine = roles_at(person, row.permit.application, day)
    writing = mine & {"applicant", "co_applicant"}
    if is_involved(person, row.permit):
        return frozenset(writing)
    return frozenset(mine | committee_roles(person, row.permit, day))


def check_action(row: Review, action: str, roles: frozenset[str]) -> RoleName:
    """The role in which a step may be taken. Raises `Refused` CW-STATE-STEP or CW-STATE-ROLE."""
    return role_for_step(ANNUAL_REVIEW, row.state, action, roles)


def can(row: Review, action: str, roles: frozenset[str]) -> bool:
    """Whether `check_action` passes."""
    try:
        check_action(row, action, roles)
    except CommonwealError:
        return False
    return True


def can_write(row: Review, roles: frozenset[str]) -> bool:
    """True while the person writes on the review and it is the project's turn."""
    return row.state in WRITABLE and bool(roles & {"applicant", "co_applicant"})


def check_not_early(row: Review) -> None:
    """Refuse a review long before its day. Raises `Refused` CW-REVIEW-EARLY."""
    begins = row.due_on - EARLIEST
    if clock.today() < begins:
        raise Refused(
            "CW-REVIEW-EARLY", f"This review can be sent from {begins.day} {begins:%B %Y} on."
        )


def _none() -> Fault:
    return Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
