"""A permit as its pages show it."""

from __future__ import annotations

from typing import Any

from commonweal.foundation.errors import Fault
from commonweal.governance.dossier.steps import STEPS
from commonweal.governance.states.closing import CLOSING
from commonweal.governance.states.permit import PERMIT
from commonweal.papers.permit import Permit as PermitPaper
from commonweal.papers.sentences import permit_sentences
from commonweal.papers.signing import unverified
from commonweal.web.accounts.models import User
from commonweal.web.committee.services import decision_paper
from commonweal.web.config import clock
from commonweal.web.config.jinja import moment
from commonweal.web.projects.models import (
    DONE,
    GATHERING,
    STEP_KINDS,
    WAITING,
    Closing,
    Permit,
    PermitStep,
)
from commonweal.web.projects.policies import may_have_file, step_roles
from commonweal.web.projects.presenters import title_of
from commonweal.web.projects.signing import REASONS
from commonweal.web.projects.standing import entry_of, state_of, waits_for_review
from commonweal.web.register.presenters import HAPPENED
from commonweal.web.register.presenters import REASONS as REASON_WORDS

STEP_WORDS: dict[str, tuple[str, str]] = {
    "pause": ("Pause", "No new work can start. Work that is running comes to its end."),
    "suspend": ("Suspend", "All work stops at once, until two people let it go on."),
    "resume": ("Let work go on", "Work can start again. Two people must sign this."),
    "revoke": ("Take the permit back", "The permit ends for good. All work stops at once."),
    "close": ("Close the project", "The project has ended. No work is possible afterwards."),
}
"""What each step is called, and what it does."""
LATE = "The permit is paused: the yearly review is late, and no new work may start."
_STEP_STATES = {
    GATHERING: "Another person must sign it too.",
    WAITING: "It has been signed. It is being checked and written down now.",
    DONE: "It was done.",
}


def permit_paper(row: Permit) -> PermitPaper:
    """The permit for showing. Raises `Fault` CW-PERMIT-INVALID if the row was changed.

    It was verified when the row was written; whoever changes both row and digest changes a page and
    nothing else: every room that obeys a permit verifies its signature itself.
    """
    plain = unverified(bytes(row.content), "The permit")
    paper = PermitPaper.read(plain, "The permit", "CW-PERMIT-INVALID")
    if paper.digest() != row.digest:
        raise Fault("CW-PERMIT-INVALID", "The permit was changed in the database.")
    return paper


def permit_told(row: Permit, person: User, *, staff: bool) -> dict[str, Any]:
    """A permit as programs are told of it: what its page shows to this person, and no more.

    `paper`: the signed permit, for those who may have it; `staff`: as for `may_have_file`. Raises
    as `permit_paper`.
    """
    named = (one.id for one in permit_paper(row).people)
    return {
        "id": row.reference,
        "own": True,
        "application": row.application.reference,
        "state": state_of(row),
        "issued_at": row.issued_at,
        "digest": row.digest,
        "paper": bytes(row.content).decode() if may_have_file(person, named, staff=staff) else None,
    }


def permit_page(row: Permit, held: frozenset[str]) -> dict[str, Any]:
    """Everything that the page of one permit shows."""
    paper, state = permit_paper(row), state_of(row)
    entry = entry_of(row.reference)
    decision = decision_paper(row.agreement.decision)
    closing = Closing.objects.filter(permit=row).first()
    return {
        "permit": row,
        "title": paper.project.title,
        "state": state,
        "state_says": LATE if waits_for_review(row) else PERMIT.sentences[state],
        "has_review": row.reviews.exists(),
        "say_no_before": row.begins_at if state == "announced" else None,
        "sections": permit_sentences(paper, state),
        "decision": decision,
        "on_register": entry is not None,
        "same_on_register": entry is not None and entry.permit_hash == row.public_hash,
        "events": [
            {
                "when": moment(one.at), "machine": one.at.isoformat(),
                "title": HAPPENED[one.what], "text": REASON_WORDS.get(one.reason or "", ""),
            }
            for one in (entry.events if entry is not None else ())
        ],
        "steps": [
            {"kind": kind, "name": STEP_WORDS[kind][0], "says": STEP_WORDS[kind][1]}
            for kind in STEP_KINDS
            if step_roles(kind, state) & held and not (kind == "resume" and waits_for_review(row))
        ],
        "closing": closing,
        "closing_says": "" if closing is None else CLOSING.sentences[closing.state],
        "under_way": [_told(one) for one in row.steps.select_related("made_by")],
    }  # fmt: skip


def _told(step: PermitStep) -> dict[str, Any]:
    name = STEP_WORDS[step.kind][0]
    says = _STEP_STATES.get(step.state) or f"It was refused. {step.sentence} ({step.code})"
    return {
        "name": name, "says": says, "when": step.made_at, "by": step.made_by.name,
        "reason": REASON_WORDS.get(step.reason, ""),
    }  # fmt: skip


def step_page(row: Permit, kind: str, held: frozenset[str]) -> dict[str, Any]:
    """Everything that the page of one step shows."""
    state = state_of(row)
    name, says = STEP_WORDS[kind]
    return {
        "permit": row,
        "kind": kind,
        "title": name,
        "project": title_of(row.application),
        "says": says,
        "people": STEPS[kind].people,  # type: ignore[index]
        "may": bool(step_roles(kind, state) & held),
        "state_says": PERMIT.sentences[state],
        "reasons": [] if kind == "resume" else [(one, REASON_WORDS[one]) for one in REASONS],
        "today": clock.today(),
    }
