"""From rows of the panel to what its pages show."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from commonweal.foundation.london import london_day
from commonweal.governance.states.panel_question import PANEL_QUESTION
from commonweal.web.accounts.models import User
from commonweal.web.panel.models import CHOICES, Question
from commonweal.web.panel.policies import can_take, can_vote, closes_at, members_on
from commonweal.web.panel.services import answer_hash, heard_hash

_CLOSED = frozenset({"counted", "heard", "answered"})
_FORMS = {
    "ask_for_more": ("panel:ask_for_more", "Ask for better papers"),
    "write_record": ("panel:record", "Hand in the record"),
    "answer": ("panel:answer", "Publish what was heard and what changed"),
    "drop": ("panel:drop", "Drop this question"),
}
"""Steps with something to write: address and words of the link."""
_BUTTONS = {
    "send_papers": "Send the papers and invitations",
    "open_vote": "Open the vote",
    "close_vote": "Close the vote",
}
"""Steps that are one button."""
BUTTONS = frozenset(_BUTTONS)


def row_of(question: Question) -> dict[str, Any]:
    """One line of a list."""
    return {
        "reference": question.reference,
        "ask": question.ask,
        "sentence": PANEL_QUESTION.sentences[question.state],
        "ended_at": question.ended_at,
        "dropped": question.state == "dropped",
    }


def question_page(question: Question, person: User, now: datetime) -> dict[str, Any]:
    """What a person who takes part sees of a question, and what they can do."""
    day = london_day(now)
    may = [
        step.action
        for step in PANEL_QUESTION.transitions
        if step.from_ == question.state and can_take(person, question, step.action, day)
    ]
    mine = question.votes.filter(person=person).first()
    more: dict[str, Any] = {
        "question": question,
        "title": question.ask,
        "sentence": PANEL_QUESTION.sentences[question.state],
        "papers": list(question.papers.all()),
        "meetings": list(question.meetings.all()),
        "links": [_FORMS[action] for action in may if action in _FORMS],
        "buttons": [(action, _BUTTONS[action]) for action in may if action in _BUTTONS],
        "may_add": "send_papers" in may,
        "may_vote": can_vote(person, question, now),
        "mine": mine,
        "mine_words": dict(CHOICES)[mine.choice] if mine else "",
    }
    if question.state == "voting":
        more |= {
            "closes_at": closes_at(question),
            "cast": question.votes.count(),
            "of": len(question.eligible),
        }
    if question.state in _CLOSED:
        more["result"] = result_of(question)
    return more


def result_of(question: Question) -> dict[str, Any]:
    """How many said what, and why, without names. Raises ValueError while votes are blind."""
    if question.state not in _CLOSED:
        raise ValueError("the votes are blind until the vote is closed")
    votes = list(question.votes.all())
    counted = Counter(one.choice for one in votes)
    return {
        "cast": len(votes),
        "of": len(question.eligible),
        "rows": [(words, counted[code]) for code, words in CHOICES],
        # By the words themselves: no order that tells who voted first.
        "reasons": sorted(one.reasons for one in votes),
    }


def heard_page(question: Question) -> dict[str, Any]:
    """What everybody can read of a question that has ended."""
    more: dict[str, Any] = {"question": question, "title": question.ask}
    if question.state == "answered":
        notes = question.meetings.exclude(noted_at=None).order_by("held_on")
        more |= {
            "result": result_of(question),
            "notes": list(notes),
            "heard_hash": heard_hash(question),
            "answer_hash": answer_hash(question),
        }
    return more


def panel_size(now: datetime) -> int:
    """How many people are on the panel."""
    return len(members_on(london_day(now)))
