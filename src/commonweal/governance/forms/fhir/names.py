"""The names that our FHIR resources use, and helpers for extensions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

URN = "urn:commonweal:"
FORM = f"{URN}forms:form"
SECTION = f"{URN}forms:section"
QUESTION = f"{URN}forms:question"
RETIRED_OPTION = f"{URN}forms:retired"
DRAFT = f"{URN}forms:draft"

_HL7 = "http://hl7.org/fhir/StructureDefinition/"
MIN_VALUE = f"{_HL7}minValue"
MAX_VALUE = f"{_HL7}maxValue"
MIN_OCCURS = f"{_HL7}questionnaire-minOccurs"
MAX_OCCURS = f"{_HL7}questionnaire-maxOccurs"
EXCLUSIVE = f"{_HL7}questionnaire-optionExclusive"
REGEX = f"{_HL7}regex"
CATEGORY = f"{_HL7}questionnaire-displayCategory"
CATEGORY_CODES = "http://hl7.org/fhir/questionnaire-display-category"
CURRENCY = "urn:iso:std:iso:4217"

TYPES = {
    "short_text": "string",
    "long_text": "text",
    "yes_no": "boolean",
    "one_of": "choice",
    "several_of": "choice",
    "date": "date",
    "whole_number": "integer",
    "money": "quantity",
    "reference": "string",
    "table": "group",
    "declaration": "boolean",
}
"""The FHIR item type of each kind of question."""


def form_url(form_id: str) -> str:
    """The canonical address of a form of ours."""
    return f"{URN}form:{form_id}"


def code_system(form_id: str, question_id: str) -> str:
    """The code system of a question's options."""
    return f"{URN}form:{form_id}:{question_id}"


def part(name: str, value_name: str, value: Any) -> dict[str, Any]:
    """One sub-extension."""
    return {"url": name, value_name: value}


def extension(url: str, parts: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """A list with one extension made of sub-extensions, or an empty list where there are none."""
    inside = list(parts)
    return [{"url": url, "extension": inside}] if inside else []


def found(item: dict[str, Any], url: str) -> dict[str, Any] | None:
    """The extension with that url, or None."""
    return next((one for one in item.get("extension") or () if one.get("url") == url), None)


def parts_of(item: dict[str, Any], url: str) -> dict[str, list[Any]]:
    """The values of the sub-extensions of an extension of ours, by name."""
    values: dict[str, list[Any]] = {}
    outer = found(item, url)
    for one in (outer or {}).get("extension") or ():
        value = value_of(one)
        values.setdefault(str(one.get("url")), []).append(one if value is None else value)
    return values


def value_of(element: dict[str, Any]) -> Any:
    """The one `value[x]` of an element, whatever its type, or None."""
    return next((value for name, value in element.items() if name.startswith("value")), None)
