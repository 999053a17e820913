"""Requests to change or renew as pages show them: what differs from what was approved, and when."""

from __future__ import annotations

from typing import Any

from commonweal.foundation.errors import CommonwealError
from commonweal.governance.amending.small import check_small, kinds_of_change
from commonweal.governance.amending.standing import allowed_content
from commonweal.governance.application.version import ApplicationVersion
from commonweal.governance.committee.vocabulary import SMALL_CHANGE_WORDS
from commonweal.web.amending.models import AMENDMENT, KINDS, RENEWAL, Amendment
from commonweal.web.amending.policies import (
    amendment_of,
    can_ask,
    is_open,
    open_request,
    renewal_from,
    standing,
    today,
)
from commonweal.web.applications.contents import held
from commonweal.web.applications.models import Application, Version
from commonweal.web.applications.presenters import STATE_WORDS, told_changes
from commonweal.web.applications.services import paper_of
from commonweal.web.committee.services import decision_paper
from commonweal.web.config.rules import rules_in_force
from commonweal.web.projects.models import Permit
from commonweal.web.projects.standing import state_of

ASK = {AMENDMENT: "Ask for a change", RENEWAL: "Ask for a renewal"}
NAMES = {AMENDMENT: "Change to a project", RENEWAL: "Renewal of a project"}


def allowed_version(permit: Permit) -> ApplicationVersion:
    """The approved version of a permit as its decision left it: what a request is beside."""
    decision = permit.agreement.decision
    version = paper_of(decision.version)
    content = allowed_content(version, decision_paper(decision))
    return version.model_copy(update={"content": content})


def told(row: Amendment, newer: ApplicationVersion) -> dict[str, Any]:
    """What differs in `newer` from what is allowed now, in sentences and side by side."""
    permit = _whole(row.permit_id)
    older = allowed_version(permit)
    aside = {"replaces": None, "change_reason": None}
    was, now = (
        one.model_copy(
            update={
                "content": one.content.model_copy(
                    update={
                        "project": one.content.project.model_copy(update=aside),
                        "declarations": (),
                    }
                )
            }
        )
        for one in (older, newer)
    )
    return told_changes(was, now)


def of_version(version: Version) -> dict[str, Any] | None:
    """What desk and committee see of a request before its papers; None for a first application."""
    row = amendment_of(version.application)
    if row is None:
        return None
    paper = paper_of(version)
    return {
        "kind": NAMES[row.kind],
        "permit": row.permit.reference,
        "why": paper.content.project.change_reason or "",
        "told": told(row, paper),
        "small": small_words(row, paper),
        "agree": row.kind == AMENDMENT,
    }


def small_words(row: Amendment, paper: ApplicationVersion) -> dict[str, Any]:
    """Whether the published rules call the change small, and what it is by their words."""
    before = standing(_whole(row.permit_id))
    kinds, others = kinds_of_change(before, paper)
    problem = ""
    if row.kind == RENEWAL:
        problem = "A renewal is for the committee to decide."
    else:
        try:
            check_small(before, paper, rules_in_force())
        except CommonwealError as error:
            problem = error.sentence
    return {
        "is": not problem,
        "problem": problem,
        "kinds": [SMALL_CHANGE_WORDS[one] for one in kinds],
        "others": list(others),
    }


def draft_told(row: Amendment) -> dict[str, Any]:
    """What differs in the draft as it stands now, by what could be frozen of it."""
    older = allowed_version(_whole(row.permit_id))
    read = held(row.application.draft)
    answers = tuple(one.answers for one in read.answered().values())
    newer = older.model_copy(
        update={"content": read.content.model_copy(update={"kept": ()}), "answers": answers}
    )
    return told(row, newer)


# --- the permit's page ------------------------------------------------------------------------


def permit_more(person: Any, permit: Permit) -> dict[str, Any]:
    """What the page of a permit says of changes: what can be asked for, what is under way, and the
    permits of the project before and after it."""
    day = today()
    return {
        "asks": [
            {"kind": kind, "text": ASK[kind]}
            for kind in KINDS
            if can_ask(person, permit, kind, day)
        ],
        "renewal_from": renewal_from(permit.until),
        "under_way": _under_way(open_request(permit)),
        "history": history(permit),
    }


def _under_way(row: Amendment | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        "reference": row.application.reference,
        "name": NAMES[row.kind],
        "state": STATE_WORDS[row.application.state],
    }


def history(permit: Permit) -> list[dict[str, Any]]:
    """The permits of this project, the oldest first, and what each one changed.

    Only permits that the same people may see: each is made from a request of this project.
    """
    chain = [_whole(permit.pk)]
    while (row := amendment_of(chain[0].application)) is not None and len(chain) < _MOST:
        chain.insert(0, _whole(row.permit_id))
    while (newer := _next(chain[-1])) is not None and len(chain) < _MOST:
        chain.append(newer)
    return [_in_history(one, permit) for one in chain] if len(chain) > 1 else []


_MOST = 100


def _next(permit: Permit) -> Permit | None:
    found = Permit.objects.filter(application__amendment__permit=permit).last()
    return None if found is None else _whole(found.pk)


def _in_history(one: Permit, shown: Permit) -> dict[str, Any]:
    row = amendment_of(one.application)
    version = one.agreement.decision.version
    return {
        "reference": one.reference,
        "is_this": one.pk == shown.pk,
        "begins": one.begins_at,
        "until": one.until,
        "state": state_of(one),
        "name": "First permit" if row is None else NAMES[row.kind],
        "changed": () if row is None else told(row, paper_of(version))["sentences"],
    }


def _whole(pk: int) -> Permit:
    return Permit.objects.select_related(
        "application__organisation", "application__amendment", "agreement__decision__version"
    ).get(pk=pk)


def request_page(application: Application, row: Amendment) -> dict[str, Any]:
    """What the writers' page of a request shows."""
    return {
        "application": application,
        "title": application.draft.title or application.reference,
        "name": NAMES[row.kind],
        "permit": row.permit,
        "open": is_open(row),
        "told": draft_told(row),
    }
