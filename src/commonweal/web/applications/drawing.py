"""One box of a page: a question with its answer as typed and what is wrong with it, drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.template import engines
from markupsafe import Markup

Wrong = Mapping[str, str]
"""What is wrong, by the dotted place of the question."""


def id_of(place: str) -> str:
    """The id of a question's box in a page: what links lead to."""
    return "q-" + place.replace(".", "-")


@dataclass(frozen=True)
class Box:
    """A question as it is drawn. `values`: as typed (three for a date, several for boxes)."""

    kind: str
    name: str
    place: str
    label: str
    values: tuple[str, ...] = ()
    hint: str = ""
    optional: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    date_names: tuple[str, str, str] | None = None
    words: int | None = None
    heading: bool = False
    width: int | None = None

    @property
    def first(self) -> str:
        """The one value, or nothing."""
        return self.values[0] if self.values else ""


def draw(box: Box, wrong: Wrong) -> Markup:
    """The box as HTML, with its problem if it has one."""
    id_ = id_of(box.place)
    said = wrong.get(box.place)
    params: dict[str, Any] = {
        "name": box.name,
        "id": id_,
        "hint": {"text": box.hint} if box.hint else None,
        "errorMessage": {"text": said, "visuallyHiddenText": "To do"} if said else None,
    }
    text = f"{box.label} (optional)" if box.optional else box.label
    label = {"text": text, "size": "l" if box.heading else "s", "isPageHeading": box.heading}
    if box.kind == "day":
        return _drawn("date", _date(box, params | {"fieldset": {"legend": label}}, id_))
    if box.kind in ("one", "several", "yes_no"):
        component = "checkboxes" if box.kind == "several" else "radios"
        more = {"fieldset": {"legend": label}, "idPrefix": id_, "items": _items(box, id_)}
        return _drawn(component, params | more | {"id": None})
    if box.kind == "select":
        items = [
            {"value": value, "text": words, "selected": value == box.first}
            for value, words in (("", ""), *box.choices)
        ]
        return _drawn("select", params | {"label": label, "items": items})
    params |= {"label": label, "value": box.first}
    if box.kind == "text" and box.words is not None:
        counted = {"maxlength": box.words, "countType": "words"}
        return _drawn("words", params | {"rows": "5", **counted})
    if box.kind == "text":
        return _drawn("textarea", params | {"rows": "5"})
    return _drawn("input", params | {"type": "text", "width": box.width, "spellcheck": False})


def _items(box: Box, id_: str) -> list[dict[str, Any]]:
    known = {value for value, _ in box.choices}
    # What is no answer of the list was typed somewhere else: it stays where people can see it.
    strange = [(value, f"{value} (not in the list)") for value in box.values if value not in known]
    return [
        {
            "value": value,
            "text": words.partition("\n")[0],
            "hint": {"text": words.partition("\n")[2]} if "\n" in words else None,
            "checked": value in box.values,
            "id": id_ if number == 0 else f"{id_}-{number}",
        }
        for number, (value, words) in enumerate((*box.choices, *strange))
    ]


def _date(box: Box, params: dict[str, Any], id_: str) -> dict[str, Any]:
    names = box.date_names or (f"{box.name}.day", f"{box.name}.month", f"{box.name}.year")
    texts = (*box.values, "", "", "")
    parts = (("Day", 2, id_), ("Month", 2, f"{id_}-month"), ("Year", 4, f"{id_}-year"))
    items = [
        {"name": name, "id": at, "label": label, "value": text, "width": width,
         "error": params["errorMessage"] is not None}
        for name, (label, width, at), text in zip(names, parts, texts, strict=False)
    ]  # fmt: skip
    return params | {"id": f"{id_}-date", "items": items}


def _drawn(component: str, params: dict[str, Any]) -> Markup:
    template = engines["jinja2"].env.get_template("nhsuk_forms/field.jinja")
    return Markup(template.render(component=component, params=params))  # noqa: S704 (escaped there)


def joined(parts: Sequence[Markup]) -> Markup:
    """Drawn parts one after the other."""
    return Markup("").join(parts)
