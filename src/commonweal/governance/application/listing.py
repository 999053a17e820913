"""An application as a list of questions and answers in words: for documents and for comparing.

An answer has two addresses: `where`, its place in this very content, for links; and `path`, which
stays the same when people, places or variables are put in another order, for comparing versions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from commonweal.governance.application.model import SECTIONS, ApplicationContent
from commonweal.governance.application.parts import Part
from commonweal.governance.application.people import Member, Party, Place, Training
from commonweal.governance.application.questions import in_words, questions
from commonweal.governance.application.seeds import Declarations, read_seed
from commonweal.governance.application.terms import Declaration, Evidence, Flow
from commonweal.governance.application.wanted import Asked, Group, Restricted


@dataclass(frozen=True)
class Answered:
    """One answer. `item`: what it is about inside its section, such as a person; or empty."""

    path: tuple[str, ...]
    where: str
    section: str
    item: str
    label: str
    words: str


def answers(content: ApplicationContent) -> Iterator[Answered]:
    """Every answer, section by section. What could not be read is not among them."""
    for section in SECTIONS:
        held = getattr(content, section)
        if isinstance(held, Part):
            yield from _of_part(held, section, (section,), section, "")
        else:
            yield from _of_parts(held, section, (section,), section, "")


def _of_part(
    part: Part, section: str, path: tuple[str, ...], where: str, item: str
) -> Iterator[Answered]:
    given = {field: getattr(part, field) for field in type(part).model_fields}
    # Plain answers first, then what has a heading of its own.
    for field, value in sorted(given.items(), key=lambda each: _has_parts(each[1])):
        if value is None or value == ():
            continue
        deeper, at = (*path, field), f"{where}.{field}"
        label = questions().label(part, field)
        if isinstance(value, Part):
            inner = f"{item}: {label.lower()}" if item else label
            yield from _of_part(value, section, deeper, at, inner)
        elif isinstance(value, tuple) and isinstance(value[0], Part):
            yield from _of_parts(value, section, deeper, at, item)
        else:
            yield Answered(deeper, at, section, item, label, _words(part, field, value))


def _has_parts(value: Any) -> bool:
    return isinstance(value[0] if isinstance(value, tuple) and value else value, Part)


def _of_parts(
    parts: tuple[Any, ...], section: str, path: tuple[str, ...], where: str, outer: str
) -> Iterator[Answered]:
    seen: dict[str, int] = {}
    for n, part in enumerate(parts):
        name, title = _called(part, n)
        seen[name] = seen.get(name, 0) + 1
        unique = name if seen[name] == 1 else f"{name} ({seen[name]})"
        at = f"{where}.{n}"
        item = f"{outer}: {title}" if outer and not isinstance(part, Asked) else title
        # A variable keeps its path where it goes from one group to another: the group is an answer.
        deeper = ("data", "variables", unique) if isinstance(part, Asked) else (*path, unique)
        if isinstance(part, Asked):
            yield Answered((*deeper, "group"), at, section, item, "Part in the analysis", outer)
        yield from _of_part(part, section, deeper, at, item)


def _called(part: Any, n: int) -> tuple[str, str]:
    """What identifies a part among its like, and what people call it."""
    if isinstance(part, Member):
        name, title = part.account, part.name or part.account
    elif isinstance(part, Place | Party):
        name = title = part.name
    elif isinstance(part, Evidence):
        name, title = part.id, part.title or part.id
    elif isinstance(part, Declaration):
        texts = {each.id: each.text for each in read_seed(Declarations).items}
        name, title = part.id, texts.get(part.id or "", part.id)
    elif isinstance(part, Group):
        role = part.analysis_role
        name, title = role, None if role is None else in_words(part, "analysis_role", role)
    elif isinstance(part, Asked):
        name = title = None if part.place is None else ".".join(part.place)
    elif isinstance(part, Flow):
        name, title = None, f"{part.from_place or '?'} to {part.to_place or '?'}"
    elif isinstance(part, Restricted):
        name = title = part.list
    elif isinstance(part, Training):
        name, title = part.kind, in_words(part, "kind", part.kind or "training")
    else:
        name = title = None
    return name or f"number {n + 1}", title or f"number {n + 1}"


def _words(part: Part, field: str, value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(in_words(part, field, each) for each in value)
    return in_words(part, field, value)
