"""Form fields as nhsuk-frontend draws them.

`field(form["name"])` draws one field of any Django form, `fields(form)` all of them and
`error_items(form)` what the error summary lists. Which macro a field gets follows from its widget;
what nhsuk-frontend knows beside that (width, hint, words at most) is a `Look` on our own fields.
No length is set on a box: who pastes too much is told so, and nothing is cut off.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField
from django.template import engines
from django.utils.safestring import SafeData
from markupsafe import Markup


@dataclass(frozen=True)
class Look:
    """How a field is drawn. `width`: in characters. `size`: of its label (s, m, l, xl)."""

    width: int | None = None
    size: str | None = None
    heading: bool = False
    small: bool = False
    inline: bool = False
    words: int | None = None
    rows: int = 5
    autocomplete: str | None = None
    inputmode: str | None = None
    code: bool = False


class _Looking:
    """What our fields have in common: a look, and words for what is missing."""

    look: Look

    def __init__(
        self, *args: Any, look: Look | None = None, missing: str | None = None, **kwargs: Any
    ) -> None:
        messages = {"required": missing} if missing else {}
        kwargs["error_messages"] = {**messages, **kwargs.get("error_messages", {})}
        self.look = look or Look()
        super().__init__(*args, **kwargs)


class TextField(_Looking, forms.CharField):
    """One line of text."""


class EmailField(_Looking, forms.EmailField):
    """An e-mail address."""


class PasswordField(_Looking, forms.CharField):
    """A password, with a button that shows it."""

    widget = forms.PasswordInput

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, strip=False, **kwargs)


class WordsField(_Looking, forms.CharField):
    """Several lines; `words`: how many at most, counted on the page and checked here."""

    widget = forms.Textarea

    def __init__(self, *args: Any, words: int | None = None, **kwargs: Any) -> None:
        kwargs["look"] = kwargs.get("look") or Look(words=words)
        self.words = words
        super().__init__(*args, **kwargs)

    def clean(self, value: Any) -> Any:
        """The text. Raises ValidationError if it has too many words."""
        text = super().clean(value)
        count = len(str(text or "").split())
        if self.words is not None and count > self.words:
            over = count - self.words
            raise ValidationError(
                f"{_name(self)} must be {self.words:,} words or fewer. You have {over:,} too many."
            )
        return text


class RadiosField(_Looking, forms.ChoiceField):
    """One of several, all shown."""

    widget = forms.RadioSelect


class CheckboxesField(_Looking, forms.MultipleChoiceField):
    """Any of several."""

    widget = forms.CheckboxSelectMultiple


class SelectField(_Looking, forms.ChoiceField):
    """One of many, in a list that opens."""


class YesField(_Looking, forms.BooleanField):
    """One box to tick."""


class FileField(_Looking, forms.FileField):
    """A file. `accept`: what the browser offers; what came is checked by who takes it."""

    def __init__(self, *args: Any, accept: str | None = None, **kwargs: Any) -> None:
        self.accept = accept
        super().__init__(*args, **kwargs)


class DateParts(forms.MultiWidget):
    """Day, month and year as three boxes."""

    def __init__(self, attrs: dict[str, str] | None = None) -> None:
        boxes = {"day": forms.TextInput(), "month": forms.TextInput(), "year": forms.TextInput()}
        super().__init__(boxes, attrs)

    def decompress(self, value: Any) -> list[str]:
        """The three texts of a date."""
        if isinstance(value, dt.date):
            return [str(value.day), str(value.month), str(value.year)]
        return ["", "", ""]


_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september",
           "october", "november", "december")  # fmt: skip


class DateField(_Looking, forms.Field):
    """A date in three boxes; months may be words, and every mistake has its own sentence."""

    widget = DateParts

    def clean(self, value: Any) -> dt.date | None:
        """The date, or None where it may be missing. Raises ValidationError."""
        parts = [str(part or "").strip() for part in (value or ["", "", ""])]
        name = _name(self)
        if not any(parts):
            if self.required:
                raise ValidationError(self.error_messages["required"])
            return None
        absent = [word for word, part in zip(("day", "month", "year"), parts, strict=True)
                  if not part]  # fmt: skip
        if absent:
            raise ValidationError(f"{name} must include a {' and '.join(absent)}.")
        try:
            return dt.date(_whole(parts[2], 4), _month(parts[1]), _whole(parts[0], 2))
        except ValueError:
            raise ValidationError(f"{name} must be a real date, such as 27 3 2026.") from None


def _whole(text: str, digits: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= digits):
        raise ValueError("not a number")
    if digits == 4 and len(text) != 4:
        raise ValueError("a year has four digits")
    return int(text)


def _month(text: str) -> int:
    low = text.lower()
    named = [n for n, month in enumerate(_MONTHS, 1) if len(low) >= 3 and month.startswith(low)]
    return named[0] if named else _whole(text, 2)


def _name(one: forms.Field) -> str:
    return str(one.label or "This")


# --- drawing ----------------------------------------------------------------------------------


def field(bound: BoundField) -> Markup:
    """One field as HTML."""
    component, params = describe(bound)
    template = engines["jinja2"].env.get_template("nhsuk_forms/field.jinja")
    return Markup(template.render(component=component, params=params))  # noqa: S704 (escaped there)


def fields(form: forms.BaseForm, leave_out: Sequence[str] = ()) -> Markup:
    """All fields of a form, hidden ones too, in their order."""
    drawn = [field(bound) for bound in form if bound.name not in leave_out]
    return Markup("").join(drawn)


def error_items(form: forms.BaseForm | None) -> list[dict[str, str]]:
    """What the error summary of a form lists: each mistake with a link to its field."""
    if form is None or not form.is_bound:
        return []
    found = []
    for name, errors in form.errors.items():
        href = f"#{_first_id(form[name])}" if name in form.fields else "#maincontent"
        found += [{"text": str(error), "href": href} for error in errors]
    return found


def describe(bound: BoundField) -> tuple[str, dict[str, Any]]:
    """The macro for a field, and what it is called with."""
    widget = bound.field.widget
    look: Look = getattr(bound.field, "look", Look())
    if bound.is_hidden:
        return "hidden", {"name": bound.html_name, "id": bound.auto_id, "value": _text(bound)}
    params: dict[str, Any] = {
        "name": bound.html_name,
        "id": bound.auto_id,
        "errorMessage": {"text": " ".join(bound.errors)} if bound.errors else None,
        "hint": _hint(bound.help_text),
    }
    if isinstance(widget, DateParts):
        return "date", _fieldset(bound, look, params) | {"items": _boxes(bound)}
    if isinstance(widget, forms.CheckboxSelectMultiple | forms.RadioSelect):
        # In Django the many boxes are a kind of radio buttons, so they are asked about first.
        many = isinstance(widget, forms.CheckboxSelectMultiple)
        kind = "checkboxes" if many else "radios"
        return kind, _fieldset(bound, look, params) | _choices(bound, look) | {"id": None}
    if isinstance(widget, forms.CheckboxInput):
        ticked = bool(bound.value()) and bound.value() != "False"
        item = {"value": "on", "text": str(bound.label), "checked": ticked, "id": bound.auto_id}
        return "checkboxes", params | {"idPrefix": bound.auto_id, "items": [item], "id": None}
    return _box(bound, widget, look, params | {"label": _label(bound, look)})


def _box(
    bound: BoundField, widget: forms.Widget, look: Look, params: dict[str, Any]
) -> tuple[str, dict[str, Any]]:
    if isinstance(widget, forms.FileInput):
        accept = getattr(bound.field, "accept", None)
        return "file", params | {"attributes": {"accept": accept} if accept else {}}
    if isinstance(widget, forms.Select):
        items = [{"value": v, "text": str(t), "selected": str(v) == _text(bound)}
                 for v, t in bound.field.choices]  # fmt: skip
        return "select", params | {"items": items}
    if isinstance(widget, forms.Textarea):
        counted = {"maxlength": look.words, "countType": "words"} if look.words else {}
        kind = "words" if look.words else "textarea"
        return kind, params | counted | {"value": _text(bound), "rows": str(look.rows)}
    offered = look.autocomplete or widget.attrs.get("autocomplete")
    params |= {"autocomplete": offered, "width": look.width}
    if isinstance(widget, forms.PasswordInput):
        return "password", params
    kind = str(getattr(widget, "input_type", "text"))
    digits = {"inputmode": "numeric"} if kind == "number" else {}
    given = {"inputmode": look.inputmode} if look.inputmode else digits
    shown = "text" if kind == "number" else kind
    return "input", params | given | {"type": shown, "value": _text(bound), "code": look.code,
                                      "spellcheck": False}  # fmt: skip


def _hint(text: Any) -> dict[str, Any] | None:
    """The hint under a label; only what Django marked as safe may hold a link."""
    said = str(text)  # a lazy text says only then whether it is marked
    if not said:
        return None
    return {"html": Markup(said)} if isinstance(said, SafeData) else {"text": said}  # noqa: S704


def _text(bound: BoundField) -> str:
    value = bound.value()
    return "" if value is None else str(value)


def _label(bound: BoundField, look: Look) -> dict[str, Any]:
    optional = "" if bound.field.required else " (optional)"
    said = str(bound.label).rstrip(":")
    text = said if said.endswith("(optional)") else said + optional
    return {"text": text, "size": look.size, "isPageHeading": look.heading}


def _fieldset(bound: BoundField, look: Look, params: dict[str, Any]) -> dict[str, Any]:
    legend = _label(bound, look)
    return params | {"fieldset": {"legend": legend}, "idPrefix": bound.auto_id}


def _choices(bound: BoundField, look: Look) -> dict[str, Any]:
    value = bound.value()
    chosen = {str(one) for one in value} if isinstance(value, list | tuple | set) else {str(value)}
    items = []
    for number, (key, text) in enumerate(bound.field.choices):
        words, _, hint = str(text).partition("\n")
        one = {"value": str(key), "text": words, "checked": str(key) in chosen}
        one |= {"hint": {"text": hint}} if hint else {}
        items.append(one | {"id": bound.auto_id if number == 0 else f"{bound.auto_id}-{number}"})
    return {"items": items, "small": look.small, "inline": look.inline}


def _boxes(bound: BoundField) -> list[dict[str, Any]]:
    value = bound.value()
    parts = value if isinstance(value, list) else DateParts().decompress(value)
    widths = {"day": 2, "month": 2, "year": 4}
    return [
        {
            "name": f"{bound.html_name}_{part}",
            "id": f"{bound.auto_id}_{part}",
            "label": part.capitalize(),
            "value": str(text or ""),
            "width": widths[part],
            "error": bool(bound.errors),
        }
        for part, text in zip(widths, parts, strict=True)
    ]


def _first_id(bound: BoundField) -> str:
    if isinstance(bound.field.widget, DateParts):
        return f"{bound.auto_id}_day"
    return str(bound.auto_id)
