"""Agreements as their pages show them, in plain words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict

from commonweal.foundation.errors import CommonwealError
from commonweal.governance.agreement.model import Contract
from commonweal.governance.application.printing import Block, Grid, Heading, Items
from commonweal.governance.states.agreement import AGREEMENT
from commonweal.governance.states.framework import FRAMEWORK
from commonweal.governance.states.machine import OWNER_WORDS, StateMachine
from commonweal.papers.act_table import fingerprint
from commonweal.papers.sentences import permit_sentences
from commonweal.web.accounts.models import User
from commonweal.web.accounts.policies import memberships_on
from commonweal.web.applications.models import Application
from commonweal.web.applications.services import paper_of
from commonweal.web.committee.services import decision_paper
from commonweal.web.config import clock
from commonweal.web.desk.presenters import advice_told, documents_of
from commonweal.web.nhsuk.paging import Counted, Page, page_of
from commonweal.web.projects.models import REFUSED, Agreement, Framework, Permit, PermitOrder
from commonweal.web.projects.papers import agreement_paper, approved, framework_paper
from commonweal.web.projects.policies import (
    agreements_of,
    frameworks_of,
    permits_of,
    staff_roles,
)
from commonweal.web.projects.services import names
from commonweal.web.projects.signing import accepting, countersigning
from commonweal.web.projects.standing import state_of
from commonweal.web.signing.presenters import came_late

SHORT: dict[str, tuple[str, str]] = {
    "drafted": ("Being written", "grey"),
    "offered": ("Offered", "blue"),
    "accepted_by_applicant": ("Accepted by one side", "blue"),
    "with_officers": ("With the officers", "purple"),
    "guardian_signed": ("With the officers", "purple"),
    "siro_signed": ("With the officers", "purple"),
    "paused": ("Stopped for now", "yellow"),
    "countersigned": ("Permit is being made", "purple"),
    "in_force": ("In force", "green"),
    "refused_by_officer": ("Refused", "red"),
    "replaced": ("Replaced", "grey"),
    "ended": ("Ended", "grey"),
    "withdrawn": ("Taken back", "grey"),
    "lapsed": ("Not accepted in time", "grey"),
}
"""State of an agreement or contract: a short name and the colour of its tag."""
PERMIT_SHORT: dict[str, tuple[str, str]] = {
    "announced": ("Planned", "blue"), "active": ("Active", "green"),
    "paused": ("Paused", "yellow"), "suspended": ("Suspended", "red"),
    "superseded": ("Replaced", "grey"), "revoked": ("Taken back", "grey"),
    "closed": ("Ended", "grey"), "expired": ("Run out", "grey"), "drafted": ("Drafted", "grey"),
}  # fmt: skip
SHOWN = 10
"""How many rows of each list the first page has, the newest first."""
LISTS: dict[str, str] = {
    "waiting": "Approved, and waiting for an agreement",
    "agreements": "Agreements",
    "permits": "Permits",
    "frameworks": "Framework contracts",
}


def title_of(application: Application) -> str:
    """The project's title for lists."""
    draft = getattr(application, "draft", None)
    return (draft.title if draft is not None else "") or application.reference


def blocks(paper: Contract) -> list[dict[str, Any]]:
    """The text of a contract, block by block, for a page."""
    return [_block(one) for one in paper.blocks()]


def _block(one: Block) -> dict[str, Any]:
    if isinstance(one, Heading):
        return {"kind": "heading", "level": one.level, "text": one.text}
    if isinstance(one, Items):
        return {"kind": "items", "items": one.items}
    if isinstance(one, Grid):
        return {"kind": "grid", "head": one.head, "rows": one.rows}
    return {"kind": "text", "text": one.text}


def _standing(machine: StateMachine, state: str) -> dict[str, str]:
    name, colour = SHORT[state]
    owner = machine.owner(state)
    return {
        "name": name,
        "colour": colour,
        "says": machine.sentences[state],
        "turn": "" if owner == "nobody" else OWNER_WORDS[owner],
    }


# --- the list ---------------------------------------------------------------------------------


def overview(person: User, asked: QueryDict) -> dict[str, Any]:
    """What waits for an agreement, agreements, contracts and permits that a person may see.

    `asked`: `show=` one of `LISTS` gives that list alone, page by page.
    """
    day = clock.today()
    staff = staff_roles(person, day)
    mine = _roles_anywhere(person, day) | staff
    rows: dict[str, QuerySet[Any]] = {
        "waiting": without_agreement() if "ig_officer" in staff else Application.objects.none(),
        "agreements": agreements_of(person, day)
        .select_related("application__draft", "application__organisation")
        .order_by("-made_at", "-id"),
        "permits": permits_of(person, day)
        .select_related("application__draft", "application__organisation")
        .order_by("-issued_at", "-id"),
        "frameworks": frameworks_of(person, day)
        .select_related("organisation")
        .order_by("-made_at", "-id"),
    }
    told: dict[str, Callable[[Any], dict[str, Any]]] = {
        "waiting": _waits,
        "agreements": lambda one: (
            _line(one, one.state, SHORT) | {"turn": _is_turn(AGREEMENT, one.state, mine)}
        ),
        "permits": lambda one: _line(one, state_of(one), PERMIT_SHORT),
        "frameworks": lambda one: _framework(one, mine),
    }
    only = asked.get("show", "")
    if only in LISTS:
        paged: Page[Any] = page_of(Counted(rows[only]), asked)
        return {"title": LISTS[only], "only": only, "page": paged,
                only: [told[only](one) for one in paged.rows]}  # fmt: skip
    found = {name: [told[name](one) for one in each[: SHOWN + 1]] for name, each in rows.items()}
    return {
        "title": "Agreements and permits",
        "more": [name for name, lines in found.items() if len(lines) > SHOWN],
        **{name: lines[:SHOWN] for name, lines in found.items()},
    }


def _framework(one: Framework, mine: frozenset[str]) -> dict[str, Any]:
    return {
        "reference": one.reference, "title": one.organisation.name,
        "state": SHORT[one.state], "ends": one.ends,
        "turn": _is_turn(FRAMEWORK, one.state, mine),
    }  # fmt: skip


ANSWERS = frozenset({"offer", "accept", "countersign_as_guardian", "countersign_as_siro"})
"""Steps that others wait for."""


def _is_turn(machine: StateMachine, state: str, held: frozenset[str]) -> bool:
    """True if others wait for somebody in these roles."""
    return any(
        one.from_ == state and one.action in ANSWERS and one.by & held
        for one in machine.transitions
    )


def _roles_anywhere(person: User, day: date) -> frozenset[str]:
    """Signing for an organisation, wherever it is: only what is one's own is listed at all."""
    return frozenset(
        one.role for one in memberships_on(person, day) if one.role == "signatory_applicant"
    )


def _line(row: Agreement | Permit, state: str, words: dict[str, tuple[str, str]]) -> dict[str, Any]:
    return {
        "reference": row.reference,
        "title": title_of(row.application),
        "organisation": row.application.organisation.name,
        "state": words[state],
    }


def without_agreement() -> QuerySet[Application]:
    """Approved applications without an agreement that stands or is on its way."""
    return (
        Application.objects.filter(state="approved")
        .exclude(agreements__state__in=set(AGREEMENT.states) - _OVER)
        .exclude(permits__isnull=False)
        .select_related("draft", "organisation")
    )


def _waits(one: Application) -> dict[str, Any]:
    return {
        "reference": one.reference, "title": title_of(one), "organisation": one.organisation.name,
    }  # fmt: skip


_OVER = {"withdrawn", "lapsed", "drafted"}
"""After these another agreement can be offered about the same decision."""


# --- one agreement ----------------------------------------------------------------------------


def agreement_page(row: Agreement, held: frozenset[str], person: User) -> dict[str, Any]:
    """Everything that the page of one agreement shows."""
    paper = agreement_paper(row)
    order = PermitOrder.objects.filter(agreement=row).first()
    can = {one.action for one in AGREEMENT.transitions if one.from_ == row.state and one.by & held}
    named = any(names(paper, role, person) for role in held)
    return {
        "agreement": row,
        "paper": paper,
        "title": paper.title,
        "blocks": blocks(paper),
        "standing": _standing(AGREEMENT, row.state),
        "fingerprint": fingerprint(row.digest),
        "can": {
            "accept": accepting(row) in can and named,
            "ask": "ask_for_change" in can,
            "withdraw": "withdraw" in can,
            "countersign": bool({"countersign_as_guardian", "countersign_as_siro"} & can),
            "pause": bool({"pause", "stop"} & can),
            "go_on": "go_on" in can and row.stopped_by in held,
            "offer": row.state in _OVER and "ig_officer" in held,
            "again": order is not None and order.state == REFUSED and "ig_officer" in held,
        },
        "not_named": accepting(row) in can and not named,
        "order": order if held & _STAFF_SEE else None,
        "late": came_late(row.application.reference) if held & _STAFF_SEE else [],
        "permits": list(row.permits.all()),
    }


_STAFF_SEE = frozenset({"ig_officer", "data_manager", "caldicott_guardian", "siro", "dpo"})


def framework_page(row: Framework, held: frozenset[str], person: User) -> dict[str, Any]:
    """Everything that the page of a framework contract shows."""
    paper = framework_paper(row)
    steps = [one for one in FRAMEWORK.transitions if one.from_ == row.state and one.by & held]
    can = {one.action for one in steps}
    roles = {role for one in steps if one.action == "accept" for role in one.by & held}
    named = any(names(paper, role, person) for role in roles)
    return {
        "framework": row,
        "paper": paper,
        "title": paper.title,
        "blocks": blocks(paper),
        "standing": _standing(FRAMEWORK, row.state),
        "fingerprint": fingerprint(row.digest),
        "can": {"accept": "accept" in can and named, "withdraw": "withdraw" in can},
    }


def countersign_page(row: Agreement, held: frozenset[str]) -> dict[str, Any]:
    """The permit that would be made, sentence by sentence, beside the decision."""
    decision, version = decision_paper(row.decision), row.decision.version
    content = paper_of(version).content
    sections: list[Any] = []
    problem, digest = "", ""
    try:
        whole = approved(row)
    except CommonwealError as error:
        problem = f"The permit cannot be made from these papers now. {error.sentence}"
    else:
        sections, digest = permit_sentences(whole.draft), whole.digest()
    can = {one.action for one in AGREEMENT.transitions if one.from_ == row.state and one.by & held}
    return {
        "agreement": row,
        "title": "Countersign",
        "project": content.project.title,
        "decision": decision,
        "advice": advice_told(version),
        "documents": documents_of(row.application, content.documents, version),
        "variables": [one for one in decision.variables if one.verdict != "granted"],
        "sections": sections,
        "fingerprint": fingerprint(digest) if digest else "",
        "standing": _standing(AGREEMENT, row.state),
        "may": countersigning(row, held) in can and bool(digest),
        "may_refuse": "refuse" in can and bool(digest),
        "problem": problem,
    }
