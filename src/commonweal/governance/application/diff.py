"""What changed between two versions, side by side and in sentences.

People, places, documents and variables are compared by who or what they are, not by their place in
a list: who is moved up has not changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from commonweal.governance.application.answers import FormAnswers
from commonweal.governance.application.listing import Answered, answers
from commonweal.governance.application.model import ApplicationContent
from commonweal.governance.application.questions import questions
from commonweal.governance.application.version import ApplicationVersion

LONG = 120
"""A longer text is not repeated in a sentence; it stands side by side."""


@dataclass(frozen=True)
class Change:
    """One answer that is not what it was. `before` is empty for what was added, `after` for what
    was taken away. `where` leads to the answer in the newer content (the older, if it is gone)."""

    kind: Literal["added", "removed", "changed"]
    where: str
    section: str
    item: str
    label: str
    before: str
    after: str


def changes(older: ApplicationContent, newer: ApplicationContent) -> tuple[Change, ...]:
    """Every answer that differs, in the order of the newer content, then what is gone."""
    return _compared(_by_path(answers(older)), _by_path(answers(newer)))


def version_changes(older: ApplicationVersion, newer: ApplicationVersion) -> tuple[Change, ...]:
    """The same for two versions, and which of their forms have other answers.

    What changed inside a form is told by the forms themselves (`governance/forms`).
    """
    forms = _compared(_forms(older.answers), _forms(newer.answers))
    return (*changes(older.content, newer.content), *forms)


def sentences(found: Iterable[Change]) -> tuple[str, ...]:
    """The changes as people tell them: what came and went as a whole is told once."""
    listed = tuple(found)
    said: dict[str, None] = {}
    whole = _whole_items(listed)
    for change in listed:
        around = _around(change, whole)
        if around is not None:
            verb = "was added" if whole[change.section, around] == "added" else "was taken out"
            said[f"{_title(change.section)}: {around} {verb}."] = None
        else:
            said[_sentence(change)] = None
    return tuple(said)


def _by_path(listed: Iterable[Answered]) -> dict[tuple[str, ...], Answered]:
    found: dict[tuple[str, ...], Answered] = {}
    for each in listed:
        path = each.path
        while path in found:  # a variable that a draft names twice
            path = (*path, "again")
        found[path] = each
    return found


def _compared(
    older: Mapping[tuple[str, ...], Answered], newer: Mapping[tuple[str, ...], Answered]
) -> tuple[Change, ...]:
    found = []
    for path, now in newer.items():
        was = older.get(path)
        if was is None:
            found.append(_change("added", now, "", now.words))
        elif was.words != now.words:
            found.append(_change("changed", now, was.words, now.words))
    gone = (each for path, each in older.items() if path not in newer)
    return (*found, *(_change("removed", each, each.words, "") for each in gone))


def _change(
    kind: Literal["added", "removed", "changed"], at: Answered, before: str, after: str
) -> Change:
    return Change(kind, at.where, at.section, at.item, at.label, before, after)


def _forms(forms: Iterable[FormAnswers]) -> dict[tuple[str, ...], Answered]:
    return {
        ("forms", each.form): Answered(
            ("forms", each.form), f"forms.{each.form}", "forms", each.form, "Answers", each.digest()
        )
        for each in forms
    }


def _whole_items(listed: tuple[Change, ...]) -> dict[tuple[str, str], str]:
    """The items of which everything was added, or everything removed, their name too."""
    kinds: dict[tuple[str, str], set[str]] = {}
    named: set[tuple[str, str]] = set()
    for change in listed:
        if not change.item:
            continue
        place = (change.section, change.item)
        kinds.setdefault(place, set()).add(change.kind)
        if change.label in _NAMES:
            named.add(place)
    return {p: next(iter(each)) for p, each in kinds.items() if len(each) == 1 and p in named
            and "changed" not in each}  # fmt: skip


_NAMES = frozenset({"Account", "Name", "Short name", "Variable", "Declaration", "List of codes"})
"""Labels of what says who or what an item is: where that came, the item is new."""


def _around(change: Change, whole: Mapping[tuple[str, str], str]) -> str | None:
    """The item that came or went with this answer: its own, or one around it."""
    parts = change.item.split(": ")
    names = (": ".join(parts[:n]) for n in range(1, len(parts) + 1))
    return next((name for name in names if (change.section, name) in whole), None)


def _title(section: str) -> str:
    return questions().sections.get(section, "Forms")


def _sentence(change: Change) -> str:
    if change.section == "forms":
        verbs = {"added": "was filled in", "removed": "was taken out", "changed": "was changed"}
        return f"Forms: {change.item} {verbs[change.kind]}."
    about = f"{change.item}: " if change.item else ""
    start = f"{_title(change.section)}: {about}{change.label}"
    if max(len(change.before), len(change.after)) > LONG:
        verb = {"added": "was answered", "removed": "was taken out", "changed": "was changed"}
        return f"{start} {verb[change.kind]}."
    if change.kind == "added":
        return f'{start} is now "{change.after}".'
    if change.kind == "removed":
        return f'{start} was "{change.before}" and was taken out.'
    return f'{start} was "{change.before}" and is now "{change.after}".'
