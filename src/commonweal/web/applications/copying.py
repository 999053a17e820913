"""Copying what was sent into the draft of another application: one small function for whoever does.

A change to a project and a renewal begin as a copy of what was approved; an application may begin
as a copy of an earlier one. What carries over is the caller's to say, by `carry`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from commonweal.governance.application.drafts import as_typed
from commonweal.governance.application.model import ApplicationContent
from commonweal.governance.application.version import ApplicationVersion
from commonweal.web.accounts.models import User
from commonweal.web.applications.models import Application, Draft, Version
from commonweal.web.applications.policies import check_write
from commonweal.web.applications.services import paper_of
from commonweal.web.config import clock


def everything(content: ApplicationContent) -> ApplicationContent:
    """All that was sent, as it was sent."""
    return content


def copy_answers(
    from_version: Version,
    to_application: Application,
    person: User | None = None,
    *,
    carry: Callable[[ApplicationContent], ApplicationContent] = everything,
    forms: Collection[str] | None = None,
) -> None:
    """Write the answers of a version that was sent into the draft of another application.

    Whatever the draft held is replaced. `person`: who copies; whoever began it where it is left
    out. `forms`: which forms' answers carry over; all of them where it is left out. To be called
    within a transaction. Raises `Failure` CW-WEB-VERSION if the version's row was changed, and
    `Refused` CW-STATE-STEP for an application that is written no longer.
    """
    check_write(to_application)
    paper = paper_of(from_version)
    content = carry(paper.content)
    draft = Draft.objects.select_for_update().get(pk=to_application.pk)
    draft.content = as_typed(content)
    draft.forms = form_answers(paper, forms)
    draft.title = (content.project.title or "")[:500]
    draft.revision += 1
    draft.saved_at, draft.saved_by = clock.now(), person or to_application.begun_by
    draft.save()


def form_answers(
    paper: ApplicationVersion, forms: Collection[str] | None = None
) -> dict[str, dict[str, object]]:
    """The answers to the forms of a version as a draft keeps them, by form."""
    return {
        one.form: {"answers": 1, **one.plain()}
        for one in paper.answers
        if forms is None or one.form in forms
    }
