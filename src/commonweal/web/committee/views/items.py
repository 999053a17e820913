"""One application before the committee: declaring, reading, what is proposed, and voting."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import CommonwealError
from commonweal.governance.application.version import ApplicationVersion
from commonweal.governance.clocks.calendar import long_day
from commonweal.governance.committee.conflicts import EXCLUDED
from commonweal.governance.committee.conflicts import Declaration as DeclarationPaper
from commonweal.governance.committee.decision import VariableDecision
from commonweal.governance.committee.vocabulary import (
    CHAIRS_WORDS,
    CRITERION_WORDS,
    OUTCOME_WORDS,
)
from commonweal.governance.committee.votes import Vote as VotePaper
from commonweal.governance.committee.votes import can_read, shown_to
from commonweal.governance.committee.words import sentence_case
from commonweal.governance.states.item import ITEM
from commonweal.papers.forms import Form
from commonweal.web.accounts.models import User
from commonweal.web.applications.catalogues import catalogue_for
from commonweal.web.applications.choosing import dataset_of, variable_of
from commonweal.web.committee import agenda, ballots, shorter
from commonweal.web.committee.forms import (
    AnswerForm,
    DeclareForm,
    OpenForm,
    QuestionForm,
    VariableForm,
    VoteForm,
    lines,
)
from commonweal.web.committee.models import Item, Meeting
from commonweal.web.committee.packs import pack_of
from commonweal.web.committee.policies import (
    SECRETARY,
    Standing,
    check_part,
    check_records,
    item_of,
    waiting_for,
)
from commonweal.web.committee.services import decision_of, every_vote_of
from commonweal.web.committee.views.common import FORM, cleaned, page, told_on
from commonweal.web.committee.views.meetings import ITEM_WORDS
from commonweal.web.config import clock
from commonweal.web.signing.presenters import came_late
from commonweal.web.signing.services import propose

BUTTONS = {
    "begin": "Begin with this application",
    "end_declarations": "Go on to the discussion",
    "postpone": "Put off to another meeting",
    "record_deadlock": "Record that there is no decision",
    "record_too_few": "Put off, because these votes cannot decide",
    "discuss_again": "Put off, to discuss it again",
    "leave": "Leave it as the whole committee decided",
}
NOT_ASKED = (
    "You were not asked about conflicts of interest when the committee decided this. So you take "
    "no part in what the chair decides about it. You can still call it in."
)
RESULT_WORDS = {
    "decided": "The votes come to a decision.",
    "deadlock": "The votes come to no decision. The rules let the committee discuss it again.",
    "last_deadlock": "The votes come to no decision, and the rules say what happens then.",
    "too_few": "Too few voted, or too few of those who did are lay members.",
}


@require_safe
def item(request: HttpRequest, pk: int) -> HttpResponse:
    """The papers of one application, and what the person can do with it now."""
    row, paper, standing = item_of(request.user, pk)
    more = heading(row, paper, standing)
    if standing.out:
        return page(request, "item_excluded", more)
    if standing.seat is not None and not standing.declared and row.meeting.route == "chair":
        return page(request, "item_excluded", more | {"EXCLUDED": NOT_ASKED})
    if standing.seat is not None and not standing.declared:
        return page(request, "item_declare_first", more)
    if not standing.reads:
        return page(request, "item_excluded", more | {"EXCLUDED": "You cannot read these papers."})
    more |= {
        "pack": pack_of(row, paper, lay=standing.role == "committee_lay"),
        "vote": _vote_shown(request, row, standing),
        "records": _recording(row, paper, standing),
        "asks": standing.takes_part and row.state in _ASKING,
        "question_form": QuestionForm(prefix="own"),
        "answer_form": AnswerForm(),
        "me": request.user.public_id,
    }
    return page(request, "item", more)


def by_few(row: Item) -> dict[str, Any] | None:
    """What a page says of an item that a few members decide, or None."""
    found = shorter.proposal_of(row)
    if found is None:
        return None
    until = shorter.call_in_until(row)
    earlier = None
    if found.earlier is not None:
        earlier = row.version.decisions.filter(digest=found.earlier).last()
    return {
        "route": found.route,
        "for": "" if found.chairs_reason is None else
        sentence_case(CHAIRS_WORDS[found.chairs_reason]),
        "told": found.told,
        "earlier": None if earlier is None else earlier.reference,
        "grounds": [(CRITERION_WORDS[one.condition], one.reason) for one in found.grounds],
        "until": None if until is None else long_day(until),
    }  # fmt: skip


_ASKING = ("listed", "declaring", "discussing", "voting", "stopped", "postponed")


def heading(row: Item, paper: ApplicationVersion, standing: Standing) -> dict[str, Any]:
    """What every page of an item shows."""
    gone = row.version.application.state in ("withdrawn", "lapsed") and row.state != "decided"
    state = "withdrawn" if gone else row.state
    return {
        "item": row,
        "title": row.title,
        "state": ITEM_WORDS[state],
        "sentence": ITEM.sentences[state],
        "standing": standing,
        "application": row.version.application,
        "organisation": paper.content.organisation.name,
        "people": [one.name for one in paper.content.people if one.name],
        "parties": [
            one.name
            for one in (
                *paper.content.responsible.controllers, *paper.content.responsible.processors,
            )
            if one.name
        ],
        "decision": decision_of(row.version) if row.state == "decided" else None,
        "late": came_late(row.version.application.reference),
        "by_few": by_few(row),
        "may_call_in": standing.seat is not None
        and row.meeting.route != "committee" and row.state not in ITEM.final
        and row.state != "postponed",
        "EXCLUDED": EXCLUDED,
    }  # fmt: skip


def _vote_shown(request: HttpRequest, row: Item, standing: Standing) -> dict[str, Any] | None:
    """The vote as this person may see it: nothing at all of others before all see it."""
    if row.opened_at is None or not standing.takes_part:
        return None
    me = request.user.public_id
    if me not in row.eligible:
        return {"part": False}
    ballot = ballots.ballot_of(row)
    shown = can_read(ballot, me)
    mine = next((one for one in ballot.votes if one.person == me), None)
    names = {seat["person"]: seat["name"] for seat in _names(row)} if shown else {}
    return {
        "part": True,
        "open": row.state == "voting",
        "mine": mine,
        "words": OUTCOME_WORDS,
        "shown": shown,
        "ends_at": row.ends_at,
        "all": [
            {"name": names.get(one.person, ""), "vote": OUTCOME_WORDS[one.verdict],
             "reasons": one.reasons, "conditions": one.conditions}
            for one in shown_to(ballot, me)
        ] if shown else [],
        "missing": [names.get(one, "") for one in row.eligible
                    if one not in {vote.person for vote in ballot.votes}] if shown else [],
        "result": result_words(row)
        if row.state in ("closed", "deadlocked") else None,
        "set_aside": len(ballot.votes) - len(ballots.counted(row)) if shown else 0,
    }  # fmt: skip


def _names(row: Item) -> list[dict[str, str]]:
    rows = User.objects.filter(public_id__in=row.eligible)
    return [{"person": one.public_id, "name": one.name} for one in rows]


def _recording(row: Item, paper: ApplicationVersion, standing: Standing) -> dict[str, Any] | None:
    """What the chair and the secretary can do now."""
    if not standing.records or ballots.has_ended(row):
        return None
    roles = standing.roles if standing.chairs else frozenset({SECRETARY})
    steps = {step.action for role in roles for step in ITEM.actions(row.state, role)}
    found = ballots.result_of(row) if row.state == "closed" else None
    if row.meeting.route == "chair":
        steps &= {"open_vote", "close_vote", "leave"}
        steps -= (
            {"leave"} if row.state not in ("discussing", "closed") or found == "decided" else {""}
        )
    elif row.state == "closed":
        fitting = {"deadlock": "record_deadlock", "too_few": "record_too_few"}
        steps &= {fitting.get(str(found), "")}
    if row.state == "deadlocked" and ballots.result_of(row) != "deadlock":
        steps -= {"discuss_again"}
    return {
        "steps": [{"action": key, "says": words} for key, words in BUTTONS.items() if key in steps],
        "open_form": OpenForm(initial={"hours": 24}) if "open_vote" in steps else None,
        "close": "close_vote" in steps and row.ends_at is not None
        and clock.now() >= row.ends_at,
        "list_again": list(Meeting.objects.filter(
            route="committee", state__in=("planned", "papers_sent", "open")
        ))
        if "list_again" in steps else None,
        "variables": row.state in agenda.DRAFTING,
        "decide": standing.chairs
        and row.state in ("closed", "deadlocked")
        and ballots.result_of(row) in ("decided", "last_deadlock"),
        "result": result_words(row) if found else None,
        "undeclared": _named(waiting_for(row, paper)) if row.state == "declaring" else [],
    }  # fmt: skip


def result_words(row: Item) -> str:
    """What the votes of an item come to, in words."""
    found = ballots.result_of(row)
    if row.meeting.route == "chair" and found != "decided":
        return f"They do not agree on a yes, or too few voted. {shorter.STAYS}"
    return RESULT_WORDS[found]


def _named(people: tuple[str, ...]) -> list[str]:
    return list(User.objects.filter(public_id__in=people).values_list("name", flat=True))


@require_POST
def step(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a step with the item."""
    row, _, _ = item_of(request.user, pk)
    action = request.POST.get("action", "")[:40]
    if action == "open_vote":
        form = OpenForm(cleaned(request))
        hours = int(form.cleaned_data["hours"]) if form.is_valid() else 0
        ballots.open_vote(request.user, row, hours)
    elif action == "close_vote":
        ballots.close_vote(request.user, row)
    else:
        chosen = request.POST.get("meeting", "")
        place = Meeting.objects.filter(pk=int(chosen)).first() if _digits(chosen) else None
        agenda.step_item(request.user, row, action, place)
    return redirect("committee:item", pk)


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


@FORM
def declare(request: HttpRequest, pk: int) -> HttpResponse:
    """Say whether there is a conflict of interest; the next page is for signing."""
    row, paper, standing = item_of(request.user, pk)
    form = DeclareForm(cleaned(request) if request.method == "POST" else None)
    if form.is_valid():
        data = form.cleaned_data
        plain = {
            "declaration": 1,
            "person": request.user.public_id,
            "version_digest": row.version.digest,
            "conflicts": data["kinds"] if data["conflict"] == "yes" else [],
            "at": _stamp(),
        }  # fmt: skip
        if (data.get("told") or "").strip():
            plain["told"] = data["told"].strip()
        try:
            said = DeclarationPaper.read(plain, "The declaration", "CW-COMMITTEE-DECLARATION")
            act = propose(
                request.user, _seat_role(standing), "conflict",
                "none" if said.free else "conflicted",
                subject=paper.application, object_digest=row.version.digest,
                back=reverse("committee:item", args=[pk]), content=said, wish={"item": row.pk},
            )  # fmt: skip
        except CommonwealError as error:
            told_on(form, error)
        else:
            return redirect("signing:sign", act.id)
    more = heading(row, paper, standing) | {"form": form, "button_text": "Go on to sign"}
    return page(request, "declare", more)


def _stamp() -> str:
    return stamp(ballots.whole(clock.now()))


def _seat_role(standing: Standing) -> str:
    return standing.seat.role if standing.seat is not None else "committee_member"


@FORM
def vote(request: HttpRequest, pk: int) -> HttpResponse:
    """Vote, and say why. What was typed stays on the page whatever comes of it."""
    row, paper, standing = item_of(request.user, pk)
    posted = request.method == "POST"
    if not posted:
        check_part(request.user, row, paper)
    form = (
        VoteForm(cleaned(request), initial={})
        if posted
        else VoteForm(initial=_before(request, row))
    )
    if form.is_valid():
        data = form.cleaned_data
        asked = lines(data["conditions"]) if data["verdict"] == "approve_with_conditions" else ()
        plain = {
            "vote": 1, "person": request.user.public_id, "role": _seat_role(standing),
            "version_digest": row.version.digest, "round": max(row.round, 1),
            "route": row.meeting.route,
            "verdict": data["verdict"], "reasons": data["reasons"].strip(),
            "conditions": list(asked), "at": _stamp(),
        }  # fmt: skip
        try:
            made = VotePaper.read(plain, "The vote", "CW-COMMITTEE-VOTE")
            act = propose(
                request.user, _seat_role(standing), "vote", made.verdict,
                subject=paper.application, object_digest=row.version.digest,
                back=reverse("committee:item", args=[pk]), content=made, wish={"item": row.pk},
            )  # fmt: skip
        except CommonwealError as error:
            told_on(form, error)
        else:
            return redirect("signing:sign", act.id)
    more = heading(row, paper, standing) | {"form": form, "button_text": "Go on to sign"}
    more |= {"open": row.state == "voting"}
    return page(request, "vote", more)


def _before(request: HttpRequest, row: Item) -> dict[str, str]:
    """The person's own vote in this round, to begin from; nobody else's."""
    mine = [
        one
        for one in every_vote_of(row.version)
        if one.person == request.user.public_id
        and (one.route, one.round) == (row.meeting.route, row.round)
    ]
    if not mine:
        return _as_before(row)
    last = mine[-1]
    return {"verdict": last.verdict, "reasons": last.reasons,
            "conditions": "\n".join(last.conditions)}  # fmt: skip


def _as_before(row: Item) -> dict[str, str]:
    """What a vote begins with where a mistake is put right: all the committee's conditions."""
    found, earlier = shorter.proposal_of(row), shorter.earlier_of(row)
    if found is None or earlier is None or found.chairs_reason != "correction":
        return {}
    if not earlier.conditions:
        return {}
    return {"verdict": "approve_with_conditions", "conditions": "\n".join(earlier.conditions)}


@FORM
def variables(request: HttpRequest, pk: int) -> HttpResponse:
    """What is proposed of each variable, for all to read before they vote."""
    row, paper, standing = item_of(request.user, pk)
    check_records(request.user, row, paper)
    forms = _variable_forms(request, row, paper)
    said = None
    valid = [one["form"].is_valid() for one in forms]  # each says what is wrong
    if request.method == "POST" and all(valid):
        try:
            decided = [
                VariableDecision.read(one["form"].plain(one["path"]), "The proposal",
                                      "CW-DECISION-INVALID")
                for one in forms
            ]  # fmt: skip
            agenda.propose_variables(request.user, row, decided)
        except CommonwealError as error:
            said = error.sentence
        else:
            messages.success(request, "Saved.")
            return redirect("committee:item", pk)
    more = heading(row, paper, standing) | {"forms": forms, "said": said}
    return page(request, "variables", more)


def _variable_forms(
    request: HttpRequest, row: Item, paper: ApplicationVersion
) -> list[dict[str, Any]]:
    posted = cleaned(request) if request.method == "POST" else None
    dataset = dataset_of(catalogue_for(paper.content.data.dataset), paper.content.data.dataset)
    before = {(one["table"], one["variable"]): one for one in row.variables}
    found = []
    for n, (_, _, each) in enumerate(paper.content.data.asked()):
        place = (each.table or "", each.variable or "")
        known = variable_of(dataset, {"table": place[0], "variable": place[1]})
        offered = [
            (form, Form.parse(form).sentence)
            for form in (known.forms if known is not None else ())
            if form != each.form
        ]
        found.append({
            "path": (paper.content.data.dataset or "", *place),
            "name": ".".join(place),
            "asked": Form.parse(each.form).sentence if each.form else "",
            "form": VariableForm(posted, prefix=f"v{n}", initial=before.get(place),
                                 forms_offered=offered),
        })  # fmt: skip
    return found
