"""Words that are removed from what the public reads of an assessment, and what stands instead.

The frozen text stays as it is. What everybody reads is made from it each time: wherever a passage
stands in what people wrote, its reason stands instead. Passages are looked for in the frozen text
only, and those that overlap are removed together, so that no piece of one is left.
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
    made = dict(plain) | {
        "answers": [_answers(each, marks) for each in plain["answers"]],
        "record": _record(plain["record"], marks),
    }
    if "changed" in plain:
        made["changed"] = _without(plain["changed"], marks)
    return made


def stands_in(plain: Mapping[str, Any], passage: str) -> bool:
    """True if the passage stands anywhere in what people wrote."""
    return cut(plain, [(passage, "personal")]) != dict(plain)


def _without(text: Any, marks: Iterable[Mark]) -> Any:
    if not isinstance(text, str):
        return text
    written = text.replace("\r\n", "\n")
    spans = _joined(_spans(written, marks))
    if not spans:
        return text
    kept: list[str] = []
    at = 0
    for start, end, reasons in spans:
        kept += [written[at:start], f"[Removed: {'; '.join(REASONS[one] for one in reasons)}]"]
        at = end
    return "".join([*kept, written[at:]])


def _spans(text: str, marks: Iterable[Mark]) -> list[tuple[int, int, str]]:
    """Where each passage stands in the text as it was written, also where it overlaps itself.

    Nothing is looked for in what stands instead of other words. In order, a longer one first.
    """
    found: list[tuple[int, int, str]] = []
    for passage, reason in marks:
        at = text.find(passage) if passage else -1
        while at != -1:
            found.append((at, at + len(passage), reason))
            at = text.find(passage, at + 1)
    return sorted(found, key=lambda one: (one[0], -one[1]))


def _joined(spans: Iterable[tuple[int, int, str]]) -> list[tuple[int, int, list[str]]]:
    """Spans that overlap or touch as one, with all their reasons, each once."""
    made: list[tuple[int, int, list[str]]] = []
    for start, end, reason in spans:
        if made and start <= made[-1][1]:
            first, last, reasons = made[-1]
            more = [] if reason in reasons else [reason]
            made[-1] = (first, max(last, end), [*reasons, *more])
        else:
            made.append((start, end, [reason]))
    return made


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
