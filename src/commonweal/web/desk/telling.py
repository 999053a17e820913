"""Whom the desk's steps are told to."""

from __future__ import annotations

from commonweal.web.accounts.models import User
from commonweal.web.applications.models import Application
from commonweal.web.applications.telling import writers
from commonweal.web.letters.telling import holding, others, tell_all


def asked(application: Application) -> None:
    """The hospital asked the applicant something."""
    tell_all(writers(application), "question_asked", "answers:questions", application.reference)


def answered(application: Application, asked_by: User) -> None:
    """The applicant answered the hospital."""
    tell_all([asked_by], "answer_came", "desk:case", application.reference)


def taken_up(application: Application, by: User) -> None:
    """The desk looks at an application: the Data Protection Officer's advice is wanted."""
    tell_all(
        others(holding(("dpo",)), by), "your_turn", "desk:advice", application.reference
    )  # fmt: skip


def complete(application: Application, by: User) -> None:
    """An application is ready for a meeting."""
    secretaries = others(holding(("committee_secretary",)), by)
    tell_all(secretaries, "your_turn", "desk:case", application.reference)
