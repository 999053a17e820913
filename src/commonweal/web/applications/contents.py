"""What a draft holds, read: the typed sections, the forms that go with them, and what is missing.

Nothing here refuses what somebody typed. What a browser or a program left in the database that is
no draft at all is shown as kept, and stops sending.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from commonweal.foundation.canonical import digest
from commonweal.governance.application.answers import AIA, DPIA, AnsweredForm, FormAnswers
from commonweal.governance.application.complete import Task, problems, tasks
from commonweal.governance.application.drafts import as_typed, read_draft
from commonweal.governance.application.model import ApplicationContent
from commonweal.governance.forms.answers import Answers, begin, check_sendable, visible, with_given
from commonweal.governance.forms.answers import problems as form_problems
from commonweal.governance.forms.library.shelf import our_library
from commonweal.governance.forms.schema import FormDefinition
from commonweal.governance.problems import Problem, stopping
from commonweal.papers.catalogue import Catalogue
from commonweal.web.applications.catalogues import catalogue_for
from commonweal.web.applications.models import Draft

OPTIONAL = ("benefits", "methods", "outputs", "funding", "involvement", "equality")
"""Forms that an applicant may add. One that was begun is finished before sending."""


@dataclass(frozen=True)
class Held:
    """A draft, read. `answers`: of each form that was begun, by form."""

    content: ApplicationContent
    answers: Mapping[str, Answers]

    @cached_property
    def typed(self) -> dict[str, Any]:
        """The sections as plain values, each answer as it was typed."""
        plain = as_typed(self.content)
        return plain if isinstance(plain, dict) else {}

    @cached_property
    def catalogue(self) -> Catalogue:
        """What it is held against."""
        return catalogue_for(self.content.data.dataset)

    @property
    def required(self) -> tuple[str, ...]:
        """The forms that this application cannot be sent without."""
        return (DPIA, AIA) if self.content.uses_ai or self.content.route.ai else (DPIA,)

    @cached_property
    def forms(self) -> dict[str, FormDefinition]:
        """The forms that count: those that are required, and those that were begun."""
        begun = [id_ for id_ in OPTIONAL if id_ in self.answers]
        return {id_: our_library().form(id_) for id_ in (*self.required, *begun)}

    def answers_of(self, form: FormDefinition) -> Answers:
        """The answers to a form with what the application itself knows; empty ones if none."""
        found = self.answers.get(form.id) or begin(form)
        return with_given(form, found, self.content.given)

    def answered(self) -> dict[str, AnsweredForm]:
        """The forms for the check and for the version: what is shown and was answered."""
        return {id_: self._answered(form) for id_, form in self.forms.items()}

    def _answered(self, form: FormDefinition) -> AnsweredForm:
        answers = self.answers_of(form)
        found = form_problems(form, answers)
        if stopping(found):
            ids = visible(form, answers)
            values = {id_: value for id_, value in answers.values.items() if id_ in ids}
        else:
            values = dict(check_sendable(form, answers).values)
        plain = Answers(form=form.id, form_version=form.version, values=values).plain()
        kept = {key: plain[key] for key in ("form", "form_version", "values")}
        return AnsweredForm(FormAnswers.read(kept, f"The answers to {form.id}"), found)

    def problems(self, at: datetime) -> tuple[Problem, ...]:
        """Everything that stops sending, and what is only said."""
        return problems(self.content, self.answered(), at, catalogue=self.catalogue)

    def tasks(self, found: tuple[Problem, ...]) -> tuple[Task, ...]:
        """The task list of the typed sections."""
        return tasks(self.content, found)


def held(draft: Draft) -> Held:
    """What a draft holds."""
    return Held(read_draft(draft.content), read_answers(draft.forms))


def read_answers(stored: Any) -> dict[str, Answers]:
    """The answers of each form of the library in this version of it.

    Answers to another version are not among them (`docs/explanation/known-limits.md`); they stay
    stored as they are.
    """
    found = {}
    for form in our_library():
        plain = stored.get(form.id) if isinstance(stored, dict) else None
        if not isinstance(plain, dict):
            continue
        try:
            answers = Answers.read(plain, "The answers")
        except (ValidationError, ValueError):
            continue
        if answers.form == form.id and answers.form_version == form.version:
            found[form.id] = answers
    return found


def part_at(typed: Any, path: tuple[str | int, ...]) -> Any:
    """What stands at a path of plain values, or None."""
    here = typed
    for step in path:
        if isinstance(step, int):
            here = here[step] if isinstance(here, list) and step < len(here) else None
        else:
            here = here.get(step) if isinstance(here, dict) else None
    return here


def fingerprint(value: Any) -> str:
    """What stands for a part of a draft in a page, so that a later saving sees if it changed."""
    return digest({"part": value})
