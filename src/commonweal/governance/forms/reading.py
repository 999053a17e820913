"""Reading a form strictly: every fault is told, with the section and question where it is.

The sentences name places and fields; they never repeat what the file holds, except harmless ids.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from commonweal.foundation.documents import load_document, parse_yaml
from commonweal.foundation.errors import Fault
from commonweal.governance.forms.schema import FormDefinition, FormFaults
from commonweal.governance.problems import Problem
from commonweal.papers.base import PaperInvalid

MAX_BYTES = 512 * 1024
"""300 questions with long help are shorter, and a list of this size takes seconds to read."""
_LISTS = {
    "sections": "section",
    "questions": "question",
    "columns": "column",
    "options": "option",
    "retired": "retired question",
}
_HARMLESS = re.compile(r"[a-z][a-z0-9_-]{0,47}", re.ASCII)
_REASONS = {
    "extra_forbidden": "is not a known field",
    "missing": "is missing",
    "string_too_short": "must not be empty",
    "string_too_long": "is too long",
    "string_pattern_mismatch": "does not have the right form",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "tuple_type": "must be a list",
    "too_short": "has too few entries",
    "too_long": "has too many entries",
    "model_type": "must be a set of named fields",
    "model_attributes_type": "must be a set of named fields",
    "greater_than_equal": "is too small",
    "less_than_equal": "is too large",
    "recursion_loop": "is nested too deeply",
}


class FormInvalid(PaperInvalid):
    """A form is wrong; `problems` says everything that is, each with its place."""

    def __init__(self, what: str, problems: Sequence[Problem]) -> None:
        more = len(problems) - 1
        rest = f" ({more} more {'fault' if more == 1 else 'faults'})" if more else ""
        super().__init__("CW-QUESTION-INVALID", f"{what}: {problems[0].sentence[:-1]}{rest}.")
        self.problems = tuple(problems)


def load_form(path: Path) -> FormDefinition:
    """The form in a YAML or JSON file. Raises `FormInvalid` and the faults of files."""
    if path.is_file():
        _check_size(path.stat().st_size, "The form")
    return read_form(load_document(path, "The form"), f"The form {path.name}")


def parse_form(text: str | bytes, what: str) -> FormDefinition:
    """The form in a YAML text. Raises `FormInvalid`, and CW-YAML-INVALID and its like."""
    _check_size(len(text), what)
    return read_form(parse_yaml(text, what), what)


def _check_size(size: int, what: str) -> None:
    if size > MAX_BYTES:
        raise Fault("CW-FILE-TOO-LARGE", f"{what} is larger than {MAX_BYTES:,} bytes.")


def read_form(data: Any, what: str) -> FormDefinition:
    """The form that plain JSON values describe. Raises `FormInvalid` with every fault."""
    if not isinstance(data, dict):
        raise FormInvalid(what, [_problem("", "a form is a set of named fields.")])
    try:
        text = json.dumps(data, allow_nan=False)
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise FormInvalid(what, [_problem("", "it holds what JSON cannot hold.")]) from None
    try:
        # Strict and through JSON: "5" and true are not the number 5, and lists are lists.
        return FormDefinition.model_validate_json(text, strict=True)
    except ValidationError as error:
        raise FormInvalid(what, _found(error, data)) from None
    except RecursionError:
        raise FormInvalid(what, [_problem("", "it is nested too deeply.")]) from None


def _found(error: ValidationError, data: dict[str, Any]) -> list[Problem]:
    every = error.errors(include_url=False, include_input=False)
    found: list[Problem] = []
    reasons: dict[tuple[str, str], set[str]] = {}
    for one in every:
        inner = one.get("ctx", {}).get("error")
        if isinstance(inner, FormFaults):
            found += [
                Problem(place, code, _in_place(place, said)) for place, code, said in inner.found
            ]
        elif not _only_seems_short(one, every):
            reasons.setdefault(_place(one["loc"], data), set()).add(_reason(one))
    for (place, words), said in reasons.items():
        # A value that can be of several kinds is tried as each of them.
        reason = said.pop() if len(said) == 1 else "does not have the right form"
        found.append(_problem(place, f"{words} {reason}."))
    return found


def _only_seems_short(one: Any, every: Sequence[Any]) -> bool:
    """Whether a list is short only because entries of it are wrong themselves."""
    depth = len(one["loc"])
    return one["type"] == "too_short" and any(
        other["loc"][:depth] == one["loc"] and len(other["loc"]) > depth for other in every
    )


def _in_place(place: str, said: str) -> str:
    section, _, question = place.partition(".")
    words = f"section {section}" if section else "the form"
    return f"{words}, question {question}: {said}" if question else f"{words}: {said}"


def _reason(one: Any) -> str:
    kind, context = one["type"], one.get("ctx", {})
    if kind in ("literal_error", "enum"):
        return f"must be one of {context.get('expected', 'the allowed values')}"
    if kind == "value_error":
        said = str(one["msg"]).removeprefix("Value error, ")
        return said if said.startswith(("is ", "must ", "has ")) else f"is wrong: {said}"
    return _REASONS.get(kind, "does not have the right form")


def _place(loc: tuple[int | str, ...], data: Any) -> tuple[str, str]:
    """The dotted path and the words for a place in the raw data, by ids where there are some."""
    dotted: list[str] = []
    words: list[str] = []
    here: Any = data
    expecting = ""
    for part in loc:
        if isinstance(part, int):
            here = here[part] if isinstance(here, list | tuple) and part < len(here) else None
            if expecting:
                name = _name(here, part)
                words.append(f"{expecting} {name}")
                if expecting in ("section", "question", "column"):
                    dotted.append(name)
            else:
                words.append(f"entry {part + 1}")
            expecting = ""
            continue
        if not isinstance(here, dict):
            continue  # pydantic adds the kind that it tried, where there are several
        expecting = _LISTS.get(part, "")
        if not expecting or part == loc[-1]:
            words.append(f"field {part if _HARMLESS.fullmatch(part) else '(other name)'}")
        here = here.get(part)
    return ".".join(dotted), ", ".join(words) or "the form"


def _name(entry: Any, index: int) -> str:
    if isinstance(entry, dict):
        for key in ("id", "code"):
            if isinstance(entry.get(key), str) and _HARMLESS.fullmatch(entry[key]):
                return str(entry[key])
    return f"{index + 1}"


def _problem(place: str, sentence: str) -> Problem:
    return Problem(place, "CW-QUESTION-INVALID", sentence)
