"""What people sign here: accepting, countersigning, and the steps of a permit.

Each function proposes an act and says nothing more; what follows from it is in `handlers.py`, once
the ledger has heard.
"""

from __future__ import annotations

from django.urls import reverse

from commonweal.foundation.errors import Refused
from commonweal.governance.states.agreement import AGREEMENT
from commonweal.governance.states.framework import FRAMEWORK
from commonweal.ledger.events import TYPES
from commonweal.papers.step_reason import StepReason
from commonweal.web.accounts.models import User
from commonweal.web.config import clock
from commonweal.web.projects.models import Agreement, Framework, Permit
from commonweal.web.projects.papers import agreement_paper, approved
from commonweal.web.projects.policies import check_permit_step, role_for_step, roles_at, step_roles
from commonweal.web.projects.services import is_internal_paper, officer_reasons
from commonweal.web.projects.standing import state_of
from commonweal.web.signing.models import Act
from commonweal.web.signing.services import propose

REASONS: tuple[str, ...] = tuple(
    word for word in TYPES["permit.paused"].fields["reason"].words if word != "restored_from_backup"
)
"""Why a person can stop a permit: the ledger's words without the one that a restore writes."""


def accept(person: User, row: Agreement) -> Act:
    """The act with which a signatory accepts an agreement."""
    action = accepting(row)
    role = role_for_step(
        AGREEMENT, row.state, action, roles_at(person, row.application, clock.today())
    )
    return propose(
        person, role, "agree", "accept", subject=row.application.reference,
        object_digest=row.digest, wish={"agreement": row.reference},
        back=reverse("projects:agreement", args=[row.reference]),
    )  # fmt: skip


def accepting(row: Agreement) -> str:
    """The step by which an agreement is accepted now: internal terms have one side only."""
    internal = row.state == "offered" and is_internal_paper(agreement_paper(row))
    return "accept_internal_terms" if internal else "accept"


def accept_framework(person: User, row: Framework, held: frozenset[str]) -> Act:
    """The act with which a signatory accepts a framework contract. `held`: the person's roles."""
    role = role_for_step(FRAMEWORK, row.state, "accept", held)
    return propose(
        person, role, "agree", "accept", subject=row.reference, object_digest=row.digest,
        wish={"framework": row.reference},
        back=reverse("projects:framework", args=[row.reference]),
    )  # fmt: skip


def countersign(person: User, row: Agreement, verdict: str, words: str = "") -> Act:
    """The act with which an officer agrees, or refuses with published reasons.

    Raises `Refused`, `PaperInvalid` CW-AGREEMENT-INVALID for a refusal without reasons, and what
    `approved` raises.
    """
    held = roles_at(person, row.application, clock.today())
    content = None
    if verdict == "refuse":
        role = role_for_step(AGREEMENT, row.state, "refuse", held)
        content = officer_reasons(row, role, "refused", words, clock.now())
    else:
        role = role_for_step(AGREEMENT, row.state, countersigning(row, held), held)
    return propose(
        person, role, "countersign", "refuse" if content else "agree",
        subject=row.application.reference, object_digest=approved(row).digest(), content=content,
        wish={"agreement": row.reference},
        back=reverse("projects:agreement", args=[row.reference]),
    )  # fmt: skip


def countersigning(row: Agreement, held: frozenset[str]) -> str:
    """The step of countersigning that these roles can take now, or the first that there is."""
    steps = [
        one for one in AGREEMENT.transitions
        if one.from_ == row.state and one.action.startswith("countersign_")
    ]  # fmt: skip
    mine = [one.action for one in steps if one.by & held]
    if mine:
        return mine[0]
    return steps[0].action if steps else "countersign_as_guardian"


def take_step(person: User, permit: Permit, kind: str, reason: str = "") -> Act:
    """The act with which somebody signs a step of a permit.

    `reason`: a word of the ledger's list, needed for every step but resuming. Raises `Refused`
    CW-STATE-STEP, CW-STATE-ROLE, or CW-WEB-DENIED for a word that is not in the list.
    """
    held = roles_at(person, permit.application, clock.today())
    state = state_of(permit)
    allowed = sorted(step_roles(kind, state) & held)
    content = None
    if kind != "resume":
        if reason not in REASONS:
            raise Refused("CW-WEB-DENIED", "Choose a reason from the list.")
        plain = {"step_reason": 1, "permit": permit.reference, "step": kind, "reason": reason}
        content = StepReason.read(plain, "The reason")
    role = allowed[0] if allowed else _refuse_role(kind, state)
    return propose(
        person, role, kind, kind, subject=permit.reference, object_digest=permit.digest,  # type: ignore[arg-type]
        content=content, wish={"permit": permit.reference, "reason": reason if content else ""},
        back=reverse("projects:permit", args=[permit.reference]),
    )  # fmt: skip


def _refuse_role(kind: str, state: str) -> str:
    check_permit_step(kind, state, "public")
    raise Refused("CW-STATE-ROLE", "Your roles do not let you do this.")
