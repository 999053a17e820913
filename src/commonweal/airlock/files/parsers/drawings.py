"""SVG: its elements and attributes in their order, and how many numbers place them.

The coordinates of a plot are its data: a scatter plot of people is their rows. So the numbers and
the marks of one kind are counted, and the table behind the picture is asked for.
"""

from __future__ import annotations

import re
from collections import Counter
from xml.etree.ElementTree import Element

from commonweal.airlock.files.parsers.allowed import PLACED, attribute_fault, css_runs, tag_fault
from commonweal.airlock.files.parsers.common import (
    MOST_ELEMENTS,
    Answer,
    Invalid,
    TooLarge,
    decoded,
)

MOST_DEPTH = 60
_SVG = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}"
_NUMBER = re.compile(r"-?\d*\.?\d+(?:[eE][-+]?\d+)?")
_MARKS = frozenset({"use", "circle", "ellipse", "rect"})


def read(data: bytes, answer: Answer) -> None:
    """Tell what is drawn. Raises `Invalid` and `TooLarge`."""
    decoded(data)
    root = _root(data)
    events: list[list[object]] = []
    marks: Counter[str] = Counter()
    waiting: list[tuple[Element | str, int]] = [(root, 1)]
    while waiting:
        one, depth = waiting.pop()
        if isinstance(one, str):
            events.append(["text", one] if depth else ["close", one])
            continue
        if len(events) > 3 * MOST_ELEMENTS or depth > MOST_DEPTH:
            raise TooLarge
        tag = str(one.tag).removeprefix(_SVG)
        if tag == "metadata":
            # Who drew it, when and with what: it does not leave.
            answer.note("metadata")
            continue
        _note(one, tag, answer)
        marks[f"{tag} {one.get(_LINK + 'href', '')}"] += int(_is_mark(one, tag))
        events.append(["open", tag, _attributes(one, answer)])
        waiting.append((tag, 0))
        for child in reversed(one):
            if child.tail and child.tail.strip():
                waiting.append((child.tail, 1))
            waiting.append((child, depth + 1))
        if one.text and one.text.strip():
            events.append(["text", one.text])
    answer.note("marks", max(marks.values(), default=0))
    answer.body = {"events": events}


def _is_mark(one: Element, tag: str) -> bool:
    """Whether an element stands for a value. A letter that is drawn again has no two places."""
    return tag in _MARKS and (
        tag != "use" or (one.get("x") is not None and one.get("y") is not None)
    )


def _root(data: bytes) -> Element:
    import defusedxml
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        # A document type without entities is what plotting libraries write at the top.
        root: Element = fromstring(data, forbid_entities=True, forbid_external=False)
    except (ParseError, defusedxml.DefusedXmlException, ValueError, LookupError):
        raise Invalid from None
    except RecursionError:
        raise TooLarge from None
    return root


def _note(one: Element, tag: str, answer: Answer) -> None:
    fault = tag_fault("svg", tag)
    if fault is not None:
        answer.note(fault)
    if tag == "style" and css_runs(one.text or ""):
        answer.note("points_outside")


def _attributes(one: Element, answer: Answer) -> list[list[str]]:
    found = []
    for full, value in one.items():
        name = full.removeprefix(_LINK)
        if name == "{http://www.w3.org/XML/1998/namespace}space":
            continue
        fault = attribute_fault("svg", name, value)
        if fault is not None:
            answer.note(fault)
        if name in PLACED:
            answer.note("coordinates", len(_NUMBER.findall(value)))
        found.append([name, value])
    return found
