"""Answers to a form of an earlier application, as the draft of a new one begins with them.

A text carries over and is read again. What somebody declared does not, nor a date that has passed,
nor what the application itself knows, nor what was kept aside from an older version of the form.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from commonweal.governance.forms.answers import Answers, check_belongs
from commonweal.governance.forms.schema import Column, FormDefinition, Question


@dataclass(frozen=True)
class CopiedAnswers:
    """The draft's answers, and in sentences what must be answered anew."""

    answers: Answers
    anew: tuple[str, ...]


def copy_form(definition: FormDefinition, earlier: Answers, today: date) -> CopiedAnswers:
    """`earlier` as the answers of a draft that begins on `today`.

    Raises `Fault` CW-ANSWER-OTHER for answers to another form or version of it.
    """
    check_belongs(definition, earlier)
    values: dict[str, Any] = {}
    declared = passed = 0
    for question in definition.questions():
        held = earlier.values.get(question.id)
        if held is None or question.given is not None:
            continue
        if question.kind == "declaration":
            declared += 1
            continue
        kept = _kept(question, held, today)
        passed += kept != held
        if kept:
            values[question.id] = kept
        elif isinstance(held, bool | int):
            values[question.id] = held  # no and 0 are answers
    said = []
    if values:
        said.append("What was written for the earlier project was copied: read it all again.")
    if declared:
        said.append("What is declared in it is declared anew.")
    if passed:
        said.append("Dates that have passed were left out.")
    made = Answers(form=definition.id, form_version=definition.version, values=values)
    return CopiedAnswers(made, tuple(said))


def _kept(question: Question, held: Any, today: date) -> Any:
    """The answer without dates that have passed; None where nothing is left of it."""
    if question.columns is None:
        return None if _is_over(question, held, today) else held
    columns = {column.id: column for column in question.columns}
    rows = (
        {name: cell for name, cell in row.items()
         if name in columns and not _is_over(columns[name], cell, today)}
        for row in held
    )  # fmt: skip
    return tuple(row for row in rows if row)


def _is_over(asked: Question | Column, held: Any, today: date) -> bool:
    return asked.kind == "date" and isinstance(held, str) and held < today.isoformat()
