"""From rows of texts for the public to what their pages show."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.conf import settings

from commonweal.foundation.canonical import canonical
from commonweal.governance.readability import advice
from commonweal.governance.states.notice import NOTICE
from commonweal.web.accounts.models import User
from commonweal.web.publishing.models import KINDS, Notice
from commonweal.web.publishing.policies import can_take, found_in, is_second, stops
from commonweal.web.publishing.services import public_text, text_hash
from commonweal.web.register.left import left_of
from commonweal.web.register.presenters import entry_or_none, title_of

WRONG = ("incident", "concern")
"""The kinds that stand on the page of what went wrong."""
_WORDS = dict(KINDS)


def row_of(notice: Notice) -> dict[str, Any]:
    """One line of a list, and the head of its own page."""
    return {
        "reference": notice.reference,
        "title": notice.title,
        "kind": _WORDS[notice.kind],
        "happened_on": notice.happened_on,
        "sentence": NOTICE.sentences[notice.state],
        "down": notice.state == "taken_down",
    }


def public_page(notice: Notice) -> dict[str, Any]:
    """What everybody reads of one text; of one that was taken down, why and nothing more."""
    down = notice.state == "taken_down"
    return {
        **row_of(notice),
        "title": "This text was taken down" if down else notice.title,
        "text": "" if down else notice.text,
        "reasons": notice.reasons,
        "published_at": notice.published_at,
        "taken_down_at": notice.taken_down_at,
        "permit": "" if down else notice.permit,
        "project": "" if down or not notice.permit else title_of(notice.permit) or notice.permit,
        "output": "" if down else notice.output,
        "recalled": bool(notice.output) and not down and _is_recalled(notice),
        "hash": text_hash(notice),
    }


def _is_recalled(notice: Notice) -> bool:
    """Whether the output that its figures come from was taken back, or is not there any more."""
    entry = entry_or_none(notice.permit)
    one = None if entry is None else left_of(entry).one(notice.output)
    return one is None or one.recalled is not None


def text_file(notice: Notice) -> bytes:
    """The bytes whose hash the public log has."""
    return canonical(public_text(notice))


def desk_page(notice: Notice, person: User, day: date) -> dict[str, Any]:
    """What whoever writes or publishes sees of a text, and what they can do."""
    found = found_in(notice, settings.HOME.custodian)
    may = [
        step.action
        for step in NOTICE.transitions
        if step.from_ == notice.state and can_take(person, notice, step.action, day)
    ]
    return {
        **row_of(notice),
        "notice": notice,
        "project": title_of(notice.permit) if notice.permit else "",
        "found": [one.plain() for one in found],
        "stops": stops(found),
        "advice": advice(notice.text),
        "may": may,
        "mine": not is_second(person, notice),
        "seen": text_hash(notice),
    }
