"""The chair's action between meetings: what is under way, and proposing one."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from commonweal.foundation.errors import CommonwealError
from commonweal.governance.committee.vocabulary import CHAIRS_WORDS
from commonweal.governance.committee.words import sentence_case
from commonweal.governance.roles import ROLE_WORDS
from commonweal.web.committee import chairs
from commonweal.web.committee.forms import ChairForm
from commonweal.web.committee.policies import CHAIR, SITTING, check_role
from commonweal.web.committee.views.common import FORM, cleaned, page, told_on
from commonweal.web.committee.views.meetings import ITEM_WORDS
from commonweal.web.config.rules import rules_in_force


@require_safe
def chair(request: HttpRequest) -> HttpResponse:
    """What the chair decides now between meetings, and what the chair could decide."""
    held = check_role(request.user, SITTING)
    rules = rules_in_force()
    allowed = [one for one in chairs.BETWEEN_MEETINGS if one in rules.chairs_action.allowed_for]
    more = {
        "title": "Between meetings",
        "reasons": [CHAIRS_WORDS[one] for one in allowed],
        "lay": rules.chairs_action.with_lay_members,
        "days": rules.call_in_working_days,
        "items": [
            {"pk": one.pk, "title": one.title, "state": ITEM_WORDS[one.state]}
            for one in chairs.under_way()
        ],
        "chair": CHAIR in held,
        "ready": [
            {"reference": one.reference, "title": one.draft.title or one.reference}
            for one in chairs.could_act_on(request.user)
        ]
        if CHAIR in held and allowed
        else [],
    }
    return page(request, "chair", more)


@FORM
def propose_chair(request: HttpRequest, name: str) -> HttpResponse:
    """Say what for, why, and with whom; the next page is for signing."""
    basis = chairs.ready_for_chair(request.user, name)
    rules, me = rules_in_force(), request.user.public_id
    reasons = chairs.reasons_for(rules, basis.earlier)
    form = ChairForm(
        cleaned(request) if request.method == "POST" else None,
        reasons=[(one, sentence_case(CHAIRS_WORDS[one])) for one in reasons],
        people=[
            (one.person, f"{one.name}, {ROLE_WORDS[one.role]}")
            for one in chairs.may_sit(basis) if one.person != me
        ],
    )  # fmt: skip
    if form.is_valid():
        data = form.cleaned_data
        try:
            act = chairs.propose_chair(
                request.user, name, data["reason"], data["told"], data["present"],
                reverse("committee:chair"),
            )  # fmt: skip
        except CommonwealError as error:
            told_on(form, error)
        else:
            return redirect("signing:sign", act.id)
    more = {
        "form": form,
        "title": "Decide between meetings",
        "about": basis.row.title,
        "earlier": basis.earlier,
        "allowed": bool(reasons),
        "lay": rules.chairs_action.with_lay_members,
        "days": rules.call_in_working_days,
        "button_text": "Go on to sign",
    }
    return page(request, "propose_chair", more)
