"""May this application be sent? Everything that stops it, each with its place, all at once.

`problems` never raises for what somebody typed. An empty answer, or one of warnings only, means
that the application may be sent. `check_complete` is the same rule with the other face.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from commonweal.foundation.errors import Refused
from commonweal.foundation.london import london_day
from commonweal.governance.application import (
    checks_basis,
    checks_data,
    checks_terms,
    checks_who,
    drafts,
)
from commonweal.governance.application.answers import Forms
from commonweal.governance.application.checking import Problems, Setting, missing, stops
from commonweal.governance.application.model import SECTIONS, ApplicationContent
from commonweal.governance.application.questions import questions
from commonweal.governance.problems import Problem, stopping
from commonweal.papers.catalogue import Catalogue


def _kept(setting: Setting) -> Problems:
    for each in setting.content.kept:
        place = drafts.where(each.path)
        yield stops(place, "kept", f"This answer {each.reason}. It is kept as it was typed.")


def _required(setting: Setting) -> Problems:
    for section, fields in questions().required.items():
        yield from missing(getattr(setting.content, section), section, *fields)


def _forms(setting: Setting) -> Problems:
    for name, form in setting.forms.items():
        for each in form.problems:
            where = f"forms.{name}.{each.where}" if each.where else f"forms.{name}"
            yield Problem(where, each.code, each.sentence, each.level)


CHECKS: tuple[Callable[[Setting], Problems], ...] = (
    _kept,
    checks_basis.purpose_problems,
    checks_basis.route_problems,
    _required,
    checks_who.organisation_problems,
    checks_who.responsible_problems,
    checks_who.people_problems,
    checks_who.place_problems,
    checks_basis.legal_problems,
    checks_basis.opt_out_problems,
    checks_data.subject_problems,
    checks_data.data_problems,
    checks_terms.access_problems,
    checks_terms.flow_problems,
    checks_terms.safeguard_problems,
    checks_terms.period_problems,
    checks_terms.document_problems,
    checks_basis.assessment_problems,
    checks_terms.declaration_problems,
    _forms,
)
"""Every check, in the order in which people are told. What can be lifted by nobody comes first."""


def problems(
    content: ApplicationContent, forms: Forms, at: datetime, *, catalogue: Catalogue
) -> tuple[Problem, ...]:
    """Everything that stops sending, and what is only said, in the order of the sections.

    `forms`: the answers to forms, by form. `at`: the time of asking. `catalogue`: what the
    custodian offers today.
    """
    setting = Setting(content, forms, catalogue, london_day(at))
    kept = {drafts.where(each.path) for each in content.kept}
    found = (
        problem
        for check in CHECKS
        for problem in check(setting)
        # What was typed and could not be read was said once; it is not "not answered".
        if not (problem.code == "missing" and problem.where in kept)
    )
    return tuple(dict.fromkeys(found))  # two checks may say the same of one place


def unchecked_problems(found: Iterable[Problem]) -> tuple[Problem, ...]:
    """What the custodian's people have not looked at yet, of what `problems` gave.

    It does not stop sending. Screening is not done while there is any.
    """
    return tuple(problem for problem in found if problem.code == "unchecked")


def check_complete(
    content: ApplicationContent, forms: Forms, at: datetime, *, catalogue: Catalogue
) -> None:
    """Refuse an application that may not be sent. Raises `Refused` CW-APPLY-NOT-COMPLETE."""
    found = stopping(problems(content, forms, at, catalogue=catalogue))
    if found:
        more = f" ({len(found) - 1} more)" if len(found) > 1 else ""
        raise Refused(
            "CW-APPLY-NOT-COMPLETE",
            f"The application cannot be sent yet. {found[0].sentence}{more}",
        )


def can_send(
    content: ApplicationContent, forms: Forms, at: datetime, *, catalogue: Catalogue
) -> bool:
    """True if `check_complete` would not refuse."""
    return not stopping(problems(content, forms, at, catalogue=catalogue))


@dataclass(frozen=True)
class Task:
    """One line of the task list."""

    section: str
    title: str
    state: Literal["not started", "in progress", "done"]
    stopping: int


def tasks(content: ApplicationContent, found: tuple[Problem, ...]) -> tuple[Task, ...]:
    """The task list: each section with how far it is. `found`: what `problems` gave."""
    counted = dict.fromkeys(SECTIONS, 0)
    for problem in stopping(found):
        section = problem.where.split(".")[0]
        if section in counted:
            counted[section] += 1
    aside = {str(each.path[0]) for each in content.kept if each.path}
    found_in = ((name, counted[name], _begun(content, name, aside)) for name in SECTIONS)
    return tuple(_task(section, left, begun=begun) for section, left, begun in found_in)


def _begun(content: ApplicationContent, section: str, aside: set[str]) -> bool:
    part = getattr(content, section)
    parts = part if isinstance(part, tuple) else (part,)
    return section in aside or any(not each.is_empty for each in parts)


def _task(section: str, left: int, *, begun: bool) -> Task:
    title = questions().sections[section]
    if not left:
        return Task(section, title, "done", 0)
    return Task(section, title, "in progress" if begun else "not started", left)
