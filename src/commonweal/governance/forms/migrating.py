"""Answers carried over to a newer version of a form.

What the new version still asks comes along under the same id. What it does not ask is kept aside,
with its question, and shown. What is no answer any more (a choice that is no longer offered, a text
over a new limit) stays as typed text, and is asked again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from commonweal.foundation.errors import Refused
from commonweal.governance.forms.answers import Answers, Aside, about, check_belongs
from commonweal.governance.forms.schema import Column, FormDefinition, Question, where
from commonweal.governance.forms.values import Unread, are_rows, as_typed, check
from commonweal.governance.problems import Problem

_MEANING = ("ask", "statement", "columns", "options")
"""Parts of a question whose change makes an answer worth looking at again."""


@dataclass(frozen=True)
class Migrated:
    """The draft for the new version, and what the person should look at (nothing of it stops)."""

    answers: Answers
    problems: tuple[Problem, ...]


def migrate(old: FormDefinition, new: FormDefinition, answers: Answers) -> Migrated:
    """`answers` to the version `old`, carried over to the version `new` of the same form.

    Raises `Fault` CW-ANSWER-OTHER for answers to another version than `old`, and `Refused`
    CW-ANSWER-OTHER where `new` is not a later version of the same form.
    """
    check_belongs(old, answers)
    if new.id != old.id or new.version < old.version:
        raise Refused(
            "CW-ANSWER-OTHER",
            f"Answers to version {old.version} of {old.id} cannot be carried over to version "
            f"{new.version} of {new.id}.",
        )
    carry = _Carrying(old, new, answers)
    for id_ in answers.values:
        carry.value(id_)
    for place in answers.as_typed:
        carry.typed(place)
    return carry.done()


class _Carrying:
    """One pass over the answers; keeps what it has made so far."""

    def __init__(self, old: FormDefinition, new: FormDefinition, answers: Answers) -> None:
        self.before = {question.id: question for question in old.questions()}
        self.after = {question.id: (section, question) for section, question in new.placed()}
        self.old, self.new, self.answers = old, new, answers
        self.values: dict[str, Any] = {}
        self.kept: dict[str, Any] = {}
        self.aside: dict[str, dict[str, Any]] = {}
        self.problems: list[Problem] = []

    def value(self, id_: str) -> None:
        """Carry over one typed answer."""
        value = self.answers.values[id_]
        if id_ not in self.after or self._is_another(id_):
            self._put_aside(id_, value=value)
            return
        _, now = self.after[id_]
        self._tell(id_)
        was = self.before.get(id_)
        if now.kind == "declaration" and was is not None and was.statement != now.statement:
            return  # nobody has agreed to the new words
        if now.columns is None and not are_rows(value):
            self._keep(self.values, id_, id_, now, value)
        elif now.columns is not None and are_rows(value):
            known = {column.id for column in now.columns}
            if any(set(row) - known for row in value):
                self._put_aside(id_, value=value)
            rows = [self._row(id_, number, now, row) for number, row in enumerate(value, 1)]
            self.values[id_] = tuple(rows)
        else:
            self._put_aside(id_, value=value)

    def _tell(self, id_: str) -> None:
        """Say what about a question makes its answer worth another look."""
        section, now = self.after[id_]
        was = self.before.get(id_)
        told = []
        if was is not None and _changed(was, now):
            told.append("the question has changed. Check that your answer still fits.")
        if was is not None and now.public and not was.public:
            told.append("from now on this answer is published.")
        place = where(section, now)
        self.problems += [
            Problem(place, "CW-ANSWER-ASKED-ANEW", about(now, said), "warns") for said in told
        ]

    def typed(self, place: str) -> None:
        """Carry over one text that is no answer."""
        id_ = place.partition(".")[0]
        typed = self.answers.as_typed[place]
        if id_ not in self.after or self._is_another(id_):
            self._put_aside(id_, typed=typed, place=place)
        else:
            self.kept[place] = typed

    def done(self) -> Migrated:
        """The result."""
        aside = (*self.answers.aside, *(Aside.model_validate(one) for one in self.aside.values()))
        made = Answers.model_validate(
            {
                "form": self.new.id,
                "form_version": self.new.version,
                "values": self.values,
                "as_typed": self.kept,
                "aside": aside,
            }
        )
        return Migrated(made, tuple(self.problems))

    def _is_another(self, id_: str) -> bool:
        was = self.before.get(id_)
        return was is not None and was.kind != self.after[id_][1].kind

    def _row(
        self, id_: str, number: int, question: Question, row: Mapping[str, Any]
    ) -> dict[str, Any]:
        columns = {column.id: column for column in question.columns or ()}
        made: dict[str, Any] = {}
        for column_id, value in row.items():
            if column_id in columns:
                place = f"{id_}.{number}.{column_id}"
                self._keep(made, column_id, place, columns[column_id], value)
        return made

    def _keep(
        self,
        made: dict[str, Any],
        key: str,
        place: str,
        asked: Question | Column,
        value: Any,
    ) -> None:
        try:
            made[key] = check(asked, value)
        except Unread:
            self.kept[place] = as_typed(asked, value)

    def _put_aside(
        self, id_: str, *, value: Any = None, typed: Any = None, place: str = ""
    ) -> None:
        was = self.before.get(id_)
        ask = was.ask if was is not None else id_
        entry = self.aside.setdefault(
            place if "." in place else id_,
            {"question": id_, "ask": ask, "form_version": self.old.version},
        )
        if value is not None:
            entry["value"] = value
            said = f'"{ask}" is no longer asked like this. Your answer is kept, and is not sent.'
            self.problems.append(Problem("", "CW-ANSWER-ASIDE", said, "warns"))
        else:
            entry["as_typed"] = typed


def _changed(was: Question, now: Question) -> bool:
    return any(getattr(was, name) != getattr(now, name) for name in _MEANING)
