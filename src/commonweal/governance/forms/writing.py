"""A form as YAML that a person can edit, and that reads back as the same form."""

from __future__ import annotations

import re
from typing import Any

import yaml

from commonweal.governance.forms.schema import FormDefinition

# Texts that our strict reader would take for a number, though YAML's usual writer leaves them bare.
_LIKE_A_NUMBER = re.compile(r"[-+]?[0-9][0-9.eE+-]*", re.ASCII)


class _Writer(yaml.SafeDumper):
    """A SafeDumper without anchors, with long texts as blocks."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _text(writer: _Writer, text: str) -> yaml.ScalarNode:
    style = None
    if "\n" in text:
        style = "|"
    elif _LIKE_A_NUMBER.fullmatch(text):
        style = '"'
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Writer.add_representer(str, _text)


def write_form(form: FormDefinition) -> str:
    """The form as YAML; what a form is without saying so is left out."""
    plain = form.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    return yaml.dump(
        _in_reading_order(plain),
        Dumper=_Writer,
        sort_keys=False,
        allow_unicode=True,
        width=100,
        indent=2,
    )


def _in_reading_order(part: Any) -> Any:
    """The same, with what a question is and asks before everything else of it."""
    if isinstance(part, list):
        return [_in_reading_order(one) for one in part]
    if not isinstance(part, dict):
        return part
    first = [name for name in ("form", "id", "kind", "ask") if name in part]
    names = [*first, *(name for name in part if name not in first)]
    return {name: _in_reading_order(part[name]) for name in names}
