"""Words that are removed from what the public reads of an assessment, and what stands instead.

The frozen text stays as it is. What everybody reads is made from it each time: wherever a passage
stands in what people wrote, its reason stands instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from commonweal.governance.forms.library.shelf import our_library
from commonweal.web.desk.models import Assessment

REASONS: Mapping[str, str] = MappingProxyType({
    "personal": "it could tell who a person is",
    "commercial": "it is a trade secret",
    "security": "it would help somebody to break in",
})  # fmt: skip
"""Why words can be removed. Each reason is shown in their place."""
_WRITTEN = frozenset({"short_text", "long_text"})
_POINT = ("heard", "reason", "change")
Mark = tuple[str, str]
"""A passage, and the reason for which it is removed."""


def marks_of(row: Assessment) -> list[Mark]:
    """What is removed from an assessment."""
    return [] if row.pk is None else list(row.redactions.values_list("passage", "reason"))


def cut(plain: Mapping[str, Any], marks: Sequence[Mark]) -> dict[str, Any]:
    """The public text without the passages: in answers that people wrote, points and reasons."""
    if not marks:
        return dict(plain)
    # A longer passage first: a shorter one may be a part of it.
    ordered = sorted(marks, key=lambda mark: -len(mark[0]))
    made = dict(plain) | {
        "answers": [_answers(each, ordered) for each in plain["answers"]],
        "record": _record(plain["record"], ordered),
    }
    if "changed" in plain:
        made["changed"] = _without(plain["changed"], ordered)
    return made


def stands_in(plain: Mapping[str, Any], passage: str) -> bool:
    """True if the passage stands anywhere in what people wrote."""
    return cut(plain, [(passage, "personal")]) != dict(plain)


def _without(text: Any, marks: Iterable[Mark]) -> Any:
    if not isinstance(text, str):
        return text
    found = text.replace("\r\n", "\n")
    for passage, reason in marks:
        found = found.replace(passage, f"[Removed: {REASONS[reason]}]")
    return found


def _record(record: Mapping[str, Any], marks: Sequence[Mark]) -> dict[str, Any]:
    made = dict(record)
    if "reason" in made:
        made["reason"] = _without(made["reason"], marks)
    if "points" in made:
        made["points"] = [
            {key: _without(value, marks) if key in _POINT else value for key, value in each.items()}
            for each in made["points"]
        ]
    return made


def _answers(each: Mapping[str, Any], marks: Sequence[Mark]) -> dict[str, Any]:
    form = our_library().forms.get(each["form"])
    written: dict[str, Any] = {}
    for question in form.questions() if form is not None else ():
        if question.columns is not None:
            written[question.id] = {c.id for c in question.columns if c.kind in _WRITTEN}
        elif question.kind in _WRITTEN:
            written[question.id] = True
    values = {
        name: _value(value, written.get(name), marks) for name, value in each["values"].items()
    }
    return dict(each) | {"values": values}


def _value(value: Any, written: Any, marks: Sequence[Mark]) -> Any:
    if written is True:
        return _without(value, marks)
    if isinstance(written, set) and isinstance(value, list | tuple):
        return [
            {key: _without(cell, marks) if key in written else cell for key, cell in row.items()}
            for row in value
        ]
    return value
