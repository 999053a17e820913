"""What changed between two versions of a form, and whether it may.

An id keeps its meaning for ever: a question that goes is listed as retired, and one that asks for
another kind of answer is another question. A locked question (a core legal one) changes only with
two people and a note.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from commonweal.foundation.errors import Refused
from commonweal.governance.forms.conditions import Condition
from commonweal.governance.forms.schema import Column, FormDefinition, Question, where
from commonweal.governance.problems import Problem, stopping
from commonweal.papers.base import look

APPROVALS = 2
"""How many different people must approve a change of a locked question."""

What = Literal["added", "removed", "changed", "moved"]


@dataclass(frozen=True)
class FormChange:
    """One change: of the form itself, a section or a question. `fields` are those that differ."""

    where: str
    what: What
    fields: tuple[str, ...] = ()
    locked: bool = False

    @property
    def sentence(self) -> str:
        """The change in words."""
        place = self.where or "the form"
        said = f"{place}: {self.what}"
        if self.fields:
            said += f" ({', '.join(self.fields)})"
        return f"{said}, a locked question" if self.locked else said


@dataclass(frozen=True)
class Comparison:
    """All changes of a form, and what is wrong with them."""

    changes: tuple[FormChange, ...]
    problems: tuple[Problem, ...]

    @property
    def locked(self) -> tuple[FormChange, ...]:
        """The changes that need two people and a note."""
        return tuple(change for change in self.changes if change.locked)


def compare(
    old: FormDefinition,
    new: FormDefinition,
    note: str | None = None,
    approvals: Sequence[str] = (),
) -> Comparison:
    """What changed from `old` to `new`, and every reason why it may not.

    `note`: what is new, in words (the form's own `note` unless given). `approvals`: the accounts of
    the people who approve the change.
    """
    if old.id != new.id:
        said = f"These are two forms: {old.id} and {new.id}."
        return Comparison((), (Problem("", "CW-QUESTION-VERSION", said),))
    changes = tuple(_changes(old, new))
    found = [*_version_problems(old, new, changes), *_id_problems(old, new)]
    locked = tuple(change for change in changes if change.locked)
    if locked:
        # The note of the version before says nothing about this change.
        own = new.note if new.note != old.note else None
        found += _lock_problems(locked, note or own, approvals)
    return Comparison(changes, tuple(found))


def check_change(
    old: FormDefinition, new: FormDefinition, note: str | None, approvals: Sequence[str]
) -> tuple[FormChange, ...]:
    """The changes, if the new version may take the place of the old.

    Raises `Refused` CW-QUESTION-VERSION, CW-QUESTION-REUSED or CW-QUESTION-LOCKED.
    """
    found = compare(old, new, note, approvals)
    stops = stopping(found.problems)
    if stops:
        first = stops[0]
        if first.code == "CW-QUESTION-LOCKED":
            raise Refused("CW-QUESTION-LOCKED", first.sentence)
        if first.code == "CW-QUESTION-REUSED":
            raise Refused("CW-QUESTION-REUSED", first.sentence)
        raise Refused("CW-QUESTION-VERSION", first.sentence)
    return found.changes


def can_change(
    old: FormDefinition, new: FormDefinition, note: str | None, approvals: Sequence[str]
) -> bool:
    """Whether `check_change` would pass."""
    return not stopping(compare(old, new, note, approvals).problems)


# --- what changed --------------------------------------------------------------------------------

_OF_THE_FORM = ("title", "intro", "source", "filled_by", "retired")
_OF_A_SECTION = ("title", "intro", "shown_when")


def _changes(old: FormDefinition, new: FormDefinition) -> Iterator[FormChange]:
    fields = tuple(n for n in _OF_THE_FORM if getattr(old, n) != getattr(new, n))
    if fields:
        # Who fills in a form keeps people apart, as the rapporteur from the applicant (P6). What
        # stands above a locked question is part of what people read it as: a line that says "you
        # need not answer this" undoes it as well as another wording does.
        said = "intro" in fields and any(q.locked for q in old.questions())
        yield FormChange("", "changed", fields, locked="filled_by" in fields or said)
    before = {section.id: section for section in old.sections}
    after = {section.id: section for section in new.sections}
    for section in new.sections:
        if section.id not in before:
            yield FormChange(section.id, "added")
            continue
        was = before[section.id]
        fields = tuple(n for n in _OF_A_SECTION if getattr(was, n) != getattr(section, n))
        if fields:
            locked = any(question.locked for question in was.questions)
            yield FormChange(section.id, "changed", fields, locked)
    for section_id in before:
        if section_id not in after:
            yield FormChange(section_id, "removed")
    kept_order = [q.id for q in old.questions() if new.find(q.id) is not None]
    moved = _out_of_order(kept_order, [q.id for q in new.questions() if q.id in set(kept_order)])
    for section, question in old.placed():
        if new.find(question.id) is None:
            yield FormChange(where(section, question), "removed", locked=question.locked)
    for section, question in new.placed():
        yield from _question_changes(old, new, where(section, question), question.id, moved)


def _question_changes(
    old: FormDefinition, new: FormDefinition, place: str, id_: str, moved: frozenset[str]
) -> Iterator[FormChange]:
    before, after = old.find(id_), new.find(id_)
    if after is None:
        return
    if before is None:
        yield FormChange(place, "added")
        return
    was, now = before[1].plain(), after[1].plain()
    fields = tuple(sorted(n for n in {*was, *now} if was.get(n) != now.get(n)))
    locked = before[1].locked
    if fields:
        yield FormChange(place, "changed", fields, locked)
    elif before[0].id != after[0].id or id_ in moved:
        # Where a locked question stands is part of what people read it as.
        yield FormChange(place, "moved", (), locked and before[0].id != after[0].id)
    if locked and _conditions(old, id_) != _conditions(new, id_) and not fields:
        yield FormChange(place, "changed", ("when it is shown",), locked=True)


def _conditions(form: FormDefinition, id_: str, seen: frozenset[str] = frozenset()) -> Any:
    """All that decides whether a question is shown and needed: its conditions, its section's, and
    theirs."""
    found = form.find(id_)
    if found is None or id_ in seen:
        return None
    section, question = found
    conditions: list[Condition] = [
        one
        for one in (section.shown_when, question.shown_when, question.required_when)
        if one is not None
    ]
    asked = sorted({name for one in conditions for name in one.asks_about()})
    return (
        [one.plain() for one in conditions],
        [(name, _core(form, name), _conditions(form, name, seen | {id_})) for name in asked],
    )


_CORE = ("kind", "ask", "given", "options", "required", "required_when", "smallest", "largest")


def _core(form: FormDefinition, id_: str) -> Any:
    """What a question is that a condition looks at: its kind, wording and options, whether it can
    be left open (then what hangs on it is never asked), and which numbers it can take."""
    found = form.find(id_)
    if found is None:
        return None
    question = found[1].plain()
    return {name: question.get(name) for name in _CORE}


def _out_of_order(before: list[str], after: list[str]) -> frozenset[str]:
    """The ids that stand elsewhere among those that both versions have."""
    return frozenset(id_ for id_, other in zip(before, after, strict=True) if id_ != other)


# --- whether it may ------------------------------------------------------------------------------


def _version_problems(
    old: FormDefinition, new: FormDefinition, changes: tuple[FormChange, ...]
) -> Iterator[Problem]:
    if not changes and new.version == old.version and old.note == new.note:
        return
    if new.version != old.version + 1:
        said = f"A changed form needs the version number {old.version + 1}; it has {new.version}."
        yield Problem("", "CW-QUESTION-VERSION", said)
    elif not changes:
        said = "Nothing that people see has changed, so there is no need for a new version."
        yield Problem("", "CW-QUESTION-VERSION", said, "warns")


def _id_problems(old: FormDefinition, new: FormDefinition) -> Iterator[Problem]:
    retired = {one.id for one in new.retired}
    for gone in old.retired:
        if gone.id not in retired:
            said = f"The retired question {gone.id} must stay in the list of retired questions."
            yield Problem("", "CW-QUESTION-REUSED", said)
    for section, was in old.placed():
        found = new.find(was.id)
        if found is not None:
            yield from _kind_problems(where(*found), was, found[1])
        elif was.id not in retired:
            said = f"The question {was.id} is gone: add it to the list of retired questions."
            yield Problem(where(section, was), "CW-QUESTION-REUSED", said)


def _kind_problems(place: str, was: Question, now: Question) -> Iterator[Problem]:
    yield from _asked_problems(place, f"question {was.id}", was, now)
    if was.columns is None or now.columns is None:
        return
    columns = {column.id: column for column in now.columns}
    for column in was.columns:
        if column.id not in columns:
            said = (
                f"The column {column.id} of {was.id} is gone. Retire the whole table and ask a "
                "new one, or keep the column with required: false."
            )
            yield Problem(place, "CW-QUESTION-REUSED", said)
            continue
        name = f"column {column.id} of {was.id}"
        yield from _asked_problems(place, name, column, columns[column.id])


def _asked_problems(
    place: str, name: str, was: Question | Column, now: Question | Column
) -> Iterator[Problem]:
    if was.kind != now.kind:
        said = f"The {name} was of kind {was.kind} and is now {now.kind}: it needs a new id."
        yield Problem(place, "CW-QUESTION-REUSED", said)
        return
    codes = {option.code for option in now.options or ()}
    for option in was.options or ():
        if option.code not in codes:
            said = f"The option {option.code} of {name} is gone: keep it with retired: true."
            yield Problem(place, "CW-QUESTION-REUSED", said)


def _of_all(change: FormChange) -> str:
    """What of the form itself changed, in words."""
    return "who fills it in" if "filled_by" in change.fields else "the introduction of the form"


def _lock_problems(
    locked: tuple[FormChange, ...], note: str | None, approvals: Sequence[str]
) -> Iterator[Problem]:
    named = ", ".join(dict.fromkeys(change.where or _of_all(change) for change in locked))
    if note is None or not note.strip():
        said = f"A locked question has changed ({named}): write a note that says what and why."
        yield Problem(locked[0].where, "CW-QUESTION-LOCKED", said)
    people = {look(name) for name in approvals if name.strip()}
    if len(people) < APPROVALS:
        said = (
            f"A locked question has changed ({named}): {APPROVALS} different people must approve "
            f"it, and {len(people)} did."
        )
        yield Problem(locked[0].where, "CW-QUESTION-LOCKED", said)
