"""The papers of one application as the committee reads them: the plain summary first.

Nothing here is written anew by anybody: each line comes from the version that was sent, from the
impact assessment's record, or from an act that the ledger heard of.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from commonweal.governance.application.questions import in_words, questions
from commonweal.governance.application.version import ApplicationVersion
from commonweal.governance.committee.prompts import ReviewPrompts, default_prompts
from commonweal.papers.forms import read_form
from commonweal.papers.sentences import ACTION_WORDS, PURPOSE_WORDS
from commonweal.web.amending.presenters import of_version
from commonweal.web.applications.presenters import answers_of_version, told, told_form
from commonweal.web.committee.models import Item
from commonweal.web.config.jinja import day
from commonweal.web.desk.presenters import advice_told, documents_of
from commonweal.web.desk.services import record_of
from commonweal.web.discovery.missing import missing_of

REPLY_WORDS = {
    "accepted": "Accepted", "partly": "Accepted in part", "not_accepted": "Not accepted",
}  # fmt: skip
WAY_WORDS = {
    "enclave": "They stay inside the hospital's secure environment.",
    "handover": "A copy would leave the hospital.",
}
NOBODY_SAID = "The application does not say."


def pack_of(item: Item, paper: ApplicationVersion, *, lay: bool) -> dict[str, Any]:
    """All papers of one item. `lay`: for a lay member, whose questions come first."""
    return {
        "change": of_version(item.version),
        "summary": summary(paper),
        "prompts": prompts(lay=lay),
        "variables": variables(item, paper),
        "sections": told(paper.content),
        "forms": [(form, told_form(form, said)) for form, said in answers_of_version(paper)],
        "missing": missing_of(paper.content.data.dataset),
        "documents": documents(item, paper),
        "advice": advice_told(item.version),
        "record": record(item),
        "questions": questions_shown(item),
    }


def summary(paper: ApplicationVersion) -> list[tuple[str, list[str]]]:
    """The two pages in plain words: a question, and what the application says to it."""
    content = paper.content
    purpose, data, period = content.purpose, content.data, content.period
    groups = [
        f"{in_words(group, 'analysis_role', group.analysis_role or '')}: "
        f"{len(group.variables)} {'item' if len(group.variables) == 1 else 'items'} of each record"
        + (f". {group.reason}" if group.reason else "")
        for group in data.groups
        if group.variables
    ]
    people = [f"{one.name}, {one.employer}" for one in content.people if one.name]
    work = [f"They may {ACTION_WORDS[one]}." for one in content.access.processing
            if one in ACTION_WORDS]  # fmt: skip
    uses = ", ".join(PURPOSE_WORDS[one] for one in purpose.codes if one in PURPOSE_WORDS)
    rows: list[tuple[str, list[str | None]]] = [
        ("What is it about?", [content.project.lay_summary]),
        ("Who asks?", [content.organisation.name, *people]),
        ("What is it for?", [f"It is for {uses}." if uses else None, purpose.objective]),
        ("What good could come of it?", [purpose.public_benefit, purpose.who_benefits]),
        ("Who could gain money?", [content.organisation.commercial_interest,
                                   content.organisation.benefit_sharing]),
        ("Whose records?", [content.subjects.words, content.subjects.why]),
        ("What would be seen of each record?", list(groups)),
        ("What would be done with them?", [*work, content.access.methods]),
        ("Where would the data be?", [WAY_WORDS.get(content.access.delivery or ""),
                                      content.access.why_handover]),
        ("Is anything put together with data from elsewhere?", [data.linkage or "No."]),
        ("Are people who said no left out?", [_opted_out(paper)]),
        ("For how long?", [f"From {day(period.starts)} until {day(period.ends)}."
                           if period.starts and period.ends else None, period.why_so_long]),
        ("What happens at the end?", [content.retention.how, content.retention.kept]),
        ("What do people get to read of it?", [content.access.outputs]),
        ("May a trained model leave?", _models_leave(paper)),
    ]  # fmt: skip
    return [(ask, [text for text in texts if text] or [NOBODY_SAID]) for ask, texts in rows]


def _models_leave(paper: ApplicationVersion) -> list[str | None]:
    asked = paper.content.access.models
    if asked is None or asked.leave is None:
        return ["No. The application does not ask for it, so no model may leave."]
    if not asked.leave:
        return ["No. No model may leave."]
    limits = [
        f"{questions().label(asked, name)}: {in_words(asked, name, getattr(asked, name))}."
        for name in asked.limits
    ]
    held = ("Beside the hospital's own limits for models these are asked for, where stricter:"
            if limits else "The hospital's own limits for models hold.")  # fmt: skip
    return ["Yes, once the hospital has tested what it remembers of people.", asked.which, held,
            *limits]  # fmt: skip


def _opted_out(paper: ApplicationVersion) -> str | None:
    return {
        "apply": "Yes. Records of people with a national data opt-out are not used.",
        "exempt": "No. The application says that the national opt-out does not apply here; its "
        "reason is among the answers below.",
    }.get(paper.content.opt_out.treatment or "")


def prompts(*, lay: bool) -> list[dict[str, Any]]:
    """The questions to think about, by group; those for the other kind of member are left out."""
    mine = ("everyone", "lay") if lay else ("everyone", "experts")
    return [
        {
            "id": group.id,
            "title": group.title,
            "source": group.source,
            "prompts": [one for one in group.prompts if one.who in mine],
        }
        for group in _prompts().groups
    ]


@cache
def _prompts() -> ReviewPrompts:
    return default_prompts()


def variables(item: Item, paper: ApplicationVersion) -> list[dict[str, Any]]:
    """Every variable: why it is needed, and what is proposed of it."""
    proposed = {
        (one["table"], one["variable"]): one for one in item.variables if isinstance(one, dict)
    }
    found = []
    for _, group, each in paper.content.data.asked():
        said = proposed.get((each.table or "", each.variable or ""), {})
        found.append({
            "name": f"{each.table}.{each.variable}",
            "role": in_words(group, "analysis_role", group.analysis_role or ""),
            "form": form_words(each.form),
            "why": each.why or group.reason or "",
            "coarser": each.coarser_would_not_do or "",
            "without": each.without_it or "",
            "verdict": said.get("verdict", "granted"),
            "verdict_words": verdict_words(said),
            "reason": said.get("reason", ""),
        })  # fmt: skip
    return found


def form_words(form: str | None) -> str:
    """A form in words."""
    return read_form(form).sentence if form else ""


def verdict_words(said: dict[str, Any]) -> str:
    """What is proposed, or was decided, of one variable."""
    if said.get("verdict") == "refused":
        return "No"
    if said.get("verdict") == "coarser":
        return f"Yes, in less detail: {form_words(said.get('form'))}"
    return "Yes, as asked"


def documents(item: Item, paper: ApplicationVersion) -> list[dict[str, Any]]:
    """The evidence as the hospital found it: what each is, who looked at it and when."""
    return documents_of(item.version.application, paper.content.documents, item.version)


def record(item: Item) -> dict[str, Any] | None:
    """The record of the impact assessment in words; None where none is needed."""
    found = record_of(item.version)
    if found is None:
        return None
    shop = found.workshop
    held = None
    if shop is not None:
        held = f"{shop.people} patients and members of the public met on {day(shop.held_on)}."
    return {
        "held": held,
        "reason": found.reason,
        "points": [
            {"heard": one.heard, "reply": REPLY_WORDS[one.reply], "reason": one.reason,
             "change": one.change}
            for one in found.points
        ],
    }  # fmt: skip


def questions_shown(item: Item) -> list[dict[str, Any]]:
    """Questions and answers so far. Members see each other's questions, as at a table."""
    return [
        {
            "id": one.public_id,
            "by": one.person.name,
            "person": one.person.public_id,
            "where": one.where,
            "words": one.words,
            "state": one.state,
            "stops": one.stops,
            "asked_at": one.asked_at,
            "answers": one.answers,
        }
        for one in item.questions.select_related("person")
    ]
