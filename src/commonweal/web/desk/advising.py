"""The Data Protection Officer's advice: written on a page, signed, and then a row."""

from __future__ import annotations

from django.db import transaction

from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import Refused
from commonweal.governance.application.answers import DPIA
from commonweal.governance.committee.advice import AdviceVerdict, DpoAdvice
from commonweal.governance.states.application import APPLICATION
from commonweal.web.applications.models import Application
from commonweal.web.config import clock
from commonweal.web.desk.policies import OVER, Standing, check_outside
from commonweal.web.signing.models import Act
from commonweal.web.signing.services import propose

BEFORE_DECISION = frozenset(
    {"sent", "screening", "queried", "ready", "with_committee", "queried_by_committee"}
)
"""States in which advice still counts: it must be signed before the decision."""


def check_advise(at: Standing) -> str:
    """The digest of what is advised on.

    Raises `Refused` CW-STATE-ROLE, CW-STATE-STEP, CW-WEB-DENIED, CW-DESK-INPUT.
    """
    if "dpo" not in at.roles:
        raise Refused("CW-STATE-ROLE", "Only the Data Protection Officer gives this advice.")
    check_outside(at)
    check_open(at.application)
    digest = at.paper.form_digest(DPIA)
    if digest is None:
        raise Refused("CW-DESK-INPUT", "This version has no data protection impact assessment.")
    return digest


def check_open(application: Application) -> None:
    """Refuse advice that comes after the decision. Raises `Refused` CW-STATE-STEP."""
    if application.state not in BEFORE_DECISION:
        said = APPLICATION.sentences[application.state]
        raise Refused("CW-STATE-STEP", f"Advice comes before the decision. {said}")


def can_advise(at: Standing) -> bool:
    """Whether `check_advise` passes."""
    if at.application.state in OVER:
        return False
    try:
        check_advise(at)
    except Refused:
        return False
    return True


def propose_advice(
    at: Standing, verdict: AdviceVerdict, words: str, conditions: tuple[str, ...], back: str
) -> Act:
    """The advice, for the officer to sign. Raises as `check_advise`, and what a paper refuses."""
    with transaction.atomic():
        digest = check_advise(at)
        plain = {
            "advice": 1,
            "person": at.person.public_id,
            "version_digest": at.version.digest,
            "assessment_digest": digest,
            "verdict": verdict,
            "words": words,
            "conditions": list(conditions),
            "at": stamp(clock.now()),
        }
        paper = DpoAdvice.read(plain, "The advice")
        return propose(
            at.person, "dpo", "advise", verdict,
            subject=at.application.reference, object_digest=digest, back=back, content=paper,
            wish={"version": at.version.pk},
        )  # fmt: skip
