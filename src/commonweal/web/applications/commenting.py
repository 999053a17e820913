"""Comments of those who write an application on its parts: for them only, and never sent.

Nothing that decides reads them: a version is frozen from the draft, and comments are no part of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cache

from django.db import transaction
from pydantic import TypeAdapter, ValidationError

from commonweal.foundation.errors import Fault, Refused
from commonweal.governance.application.model import SECTIONS
from commonweal.governance.application.questions import questions
from commonweal.governance.forms.library.shelf import our_library
from commonweal.papers.base import Text
from commonweal.web.accounts.models import User
from commonweal.web.applications.contents import OPTIONAL
from commonweal.web.applications.models import Application, Comment
from commonweal.web.applications.policies import application_of, check_write
from commonweal.web.config import clock

MAX_WORDS = 4_000
"""How many characters one comment may have."""
MAX_COMMENTS = 500
"""How many comments one application may have."""
_FORMS = ("dpia", "aia", *OPTIONAL)
_TEXT = TypeAdapter(Text)


@cache
def parts() -> Mapping[str, str]:
    """What can be commented on, with its title, in the order of the task list."""
    titles = questions().sections
    typed = {name: titles[name] for name in SECTIONS}
    return typed | {f"form-{id_}": our_library().form(id_).title for id_ in _FORMS}


def check_part(part: str) -> str:
    """The title of a part. Raises `Fault` CW-WEB-NOT-FOUND for one that there is not."""
    if part not in parts():
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
    return parts()[part]


def comment(person: User, application: Application, part: str, words: str) -> Comment:
    """Write a comment on a part of a draft.

    Raises `Refused` CW-APPLY-COMMENT for what cannot be taken, CW-STATE-STEP for an application
    that was sent; `Fault` CW-WEB-NOT-FOUND for somebody who does not write it.
    """
    check_part(part)
    said = _readable(words)
    with transaction.atomic():
        fresh = _locked(person, application)
        if fresh.comments.count() >= MAX_COMMENTS:
            raise _no(f"An application can have at most {MAX_COMMENTS} comments.")
        return Comment.objects.create(
            application=fresh, part=part, words=said, person=person, made_at=clock.now()
        )


def settle(person: User, application: Application, number: int, *, settled: bool) -> Comment:
    """Say that a comment is dealt with, or that it is not after all. Raises as `comment`.

    Who says the same a second time changes nothing: the first one's name stays.
    """
    with transaction.atomic():
        row = _one(_locked(person, application), number)
        if settled != (row.settled_at is not None):
            row.settled_by = person if settled else None
            row.settled_at = clock.now() if settled else None
            row.save()
    return row


def take_away(person: User, application: Application, number: int) -> None:
    """Take one's own comment away. Raises as `comment`; CW-WEB-DENIED for somebody else's."""
    with transaction.atomic():
        row = _one(_locked(person, application), number)
        if row.person_id != person.pk:
            raise Refused("CW-WEB-DENIED", "Only who wrote a comment takes it away.")
        row.delete()


def open_counts(application: Application) -> Counter[str]:
    """How many comments wait to be dealt with, by part."""
    rows = Comment.objects.filter(application=application, settled_at=None)
    return Counter(rows.order_by().values_list("part", flat=True))


def _locked(person: User, application: Application) -> Application:
    Application.objects.select_for_update().get(pk=application.pk)
    fresh = application_of(person, application.reference, clock.today())
    check_write(fresh)
    return fresh


def _one(application: Application, number: int) -> Comment:
    found = application.comments.filter(pk=number).first()
    if found is None:
        raise Fault("CW-WEB-NOT-FOUND", "There is no such comment.")
    return found


def _readable(words: str) -> str:
    text = words.strip()
    if not text:
        raise _no("Write something in the box.")
    if len(text) > MAX_WORDS:
        raise _no(f"A comment has at most {MAX_WORDS:,} characters; this one has {len(text):,}.")
    try:
        return str(_TEXT.validate_python(text))
    except ValidationError as error:
        raise _no("There are characters in it that nobody can see.") from error


def _no(sentence: str) -> Refused:
    return Refused("CW-APPLY-COMMENT", sentence)
