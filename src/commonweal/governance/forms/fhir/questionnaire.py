"""A form as a FHIR R4 Questionnaire: plain JSON, the same for the same form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from commonweal.foundation.canonical import canonical
from commonweal.governance.forms.conditions import Condition
from commonweal.governance.forms.fhir.names import (
    CATEGORY,
    CATEGORY_CODES,
    EXCLUSIVE,
    FORM,
    MAX_OCCURS,
    MAX_VALUE,
    MIN_OCCURS,
    MIN_VALUE,
    QUESTION,
    REGEX,
    RETIRED_OPTION,
    SECTION,
    TYPES,
    code_system,
    extension,
    form_url,
    part,
)
from commonweal.governance.forms.schema import Column, FormDefinition, Option, Question, Section

Json = dict[str, Any]


def questionnaire(form: FormDefinition) -> Json:
    """The form as a Questionnaire."""
    made: Json = {
        "resourceType": "Questionnaire",
        "url": form_url(form.id),
        "version": str(form.version),
        "name": form.id,
        "title": form.title,
        "status": "active",
        "description": form.intro,
        "extension": extension(FORM, _form_parts(form)),
        "item": [_section(form, section) for section in form.sections],
    }
    return made


def _form_parts(form: FormDefinition) -> Iterator[Json]:
    yield part("schema", "valueInteger", form.form)
    yield part("source", "valueString", form.source)
    if form.note is not None:
        yield part("note", "valueString", form.note)
    for role in form.filled_by:
        yield part("filledBy", "valueCode", role)
    for old in form.retired:
        yield part("retired", "valueString", canonical(old.plain()).decode())


def _section(form: FormDefinition, section: Section) -> Json:
    items = [_question(form, question) for question in section.questions]
    if section.intro is not None:
        items.insert(0, _words(f"{section.id}-intro", section.intro))
    made: Json = {"linkId": section.id, "type": "group", "text": section.title}
    parts: list[Json] = []
    if section.shown_when is not None:
        parts += _shown_when(form, section.shown_when, made)
    if parts:
        made["extension"] = extension(SECTION, parts)
    made["item"] = items
    return made


def _question(form: FormDefinition, question: Question) -> Json:
    made = _asked(form, question, question.id)
    parts = list(_parts(question))
    parts.append(part("public", "valueBoolean", question.public))
    if question.locked:
        parts.append(part("locked", "valueBoolean", True))
    if question.basis is not None:
        parts.append(part("basis", "valueString", question.basis))
    if question.given is not None:
        made["readOnly"] = True
        parts.append(part("given", "valueCode", question.given))
    if question.statement is not None:
        parts.append(part("statement", "valueString", question.statement))
        # Said twice: a system that does not know our extension must show what is agreed to.
        made.setdefault("item", []).append(_words(f"{question.id}-statement", question.statement))
    if question.required_when is not None:
        made["required"] = False
        parts.append(part("requiredWhen", "valueString", _text(question.required_when)))
    if question.shown_when is not None:
        parts += _shown_when(form, question.shown_when, made)
    if question.columns is not None:
        made["repeats"] = True
        made["item"] = [*_help(question, question.id), *_columns(form, question)]
        _occurs(question, made)
    made.setdefault("extension", []).extend(extension(QUESTION, parts))
    return made


def _columns(form: FormDefinition, question: Question) -> Iterator[Json]:
    for column in question.columns or ():
        made = _asked(form, column, f"{question.id}.{column.id}", f"{question.id}.{column.id}")
        parts = [*_parts(column), part("public", "valueBoolean", column.public)]
        made.setdefault("extension", []).extend(extension(QUESTION, parts))
        yield made


def _asked(form: FormDefinition, asked: Question | Column, link: str, system: str = "") -> Json:
    """What questions and columns have in common."""
    made: Json = {
        "linkId": link,
        "type": TYPES[asked.kind],
        "text": asked.ask,
        "required": asked.required is not False,
    }
    if asked.kind == "several_of":
        made["repeats"] = True
    if asked.max_length is not None:
        made["maxLength"] = asked.max_length
    if asked.options is not None:
        name = code_system(form.id, system or asked.id)
        made["answerOption"] = [_option(name, option) for option in asked.options]
    standard = list(_limits(asked))
    if standard:
        made["extension"] = standard
    if asked.help is not None and asked.kind != "table":
        made["item"] = _help(asked, link)
    return made


def _limits(asked: Question | Column) -> Iterator[Json]:
    """Limits that FHIR has extensions of its own for."""
    if asked.kind == "whole_number":
        if asked.smallest is not None:
            yield part(MIN_VALUE, "valueInteger", asked.smallest)
        if asked.largest is not None:
            yield part(MAX_VALUE, "valueInteger", asked.largest)
    if asked.earliest is not None:
        yield part(MIN_VALUE, "valueDate", asked.earliest.isoformat())
    if asked.latest is not None:
        yield part(MAX_VALUE, "valueDate", asked.latest.isoformat())
    if asked.patterns is not None:
        yield part(REGEX, "valueString", "|".join(_regex(one) for one in asked.patterns))


def _parts(asked: Question | Column) -> Iterator[Json]:
    """What FHIR has no word for."""
    yield part("kind", "valueCode", asked.kind)
    if asked.required is True:
        yield part("required", "valueBoolean", True)
    if asked.example is not None:
        yield part("example", "valueString", asked.example)
    if asked.max_words is not None:
        yield part("maxWords", "valueInteger", asked.max_words)
    if asked.kind == "money":
        # Pounds; a decimal, because FHIR's integer ends at two thousand million.
        if asked.smallest is not None:
            yield part("smallest", "valueDecimal", asked.smallest)
        if asked.largest is not None:
            yield part("largest", "valueDecimal", asked.largest)
    for pattern in asked.patterns or ():
        yield part("pattern", "valueString", pattern)


def _occurs(question: Question, made: Json) -> None:
    standard = []
    if question.min_rows is not None:
        standard.append(part(MIN_OCCURS, "valueInteger", question.min_rows))
    if question.max_rows is not None:
        standard.append(part(MAX_OCCURS, "valueInteger", question.max_rows))
    if standard:
        made["extension"] = standard


def _option(system: str, option: Option) -> Json:
    made: Json = {"valueCoding": {"system": system, "code": option.code, "display": option.label}}
    marks = ((EXCLUSIVE, option.exclusive), (RETIRED_OPTION, option.retired))
    if any(marked for _, marked in marks):
        made["extension"] = [part(url, "valueBoolean", True) for url, marked in marks if marked]
    return made


def _help(asked: Question | Column, link: str) -> list[Json]:
    return [_words(f"{link}-help", asked.help)] if asked.help is not None else []


def _words(link: str, text: str) -> Json:
    coding = {"system": CATEGORY_CODES, "code": "instructions"}
    category = part(CATEGORY, "valueCodeableConcept", {"coding": [coding]})
    return {"linkId": link, "type": "display", "text": text, "extension": [category]}


def _regex(pattern: str) -> str:
    signs = {"#": "[0-9]", "@": "[A-Z]", "*": "[A-Z0-9]"}
    return "".join(signs.get(char, re.escape(char)) for char in pattern)


# --- conditions ----------------------------------------------------------------------------------


def _shown_when(form: FormDefinition, condition: Condition, made: Json) -> list[Json]:
    """Sets FHIR's own enableWhen where it can say it; else gives the sub-extension that does."""
    leaves, behaviour = _flat(condition)
    if leaves is None:
        return [part("shownWhen", "valueString", _text(condition))]
    made["enableWhen"] = [_enable_when(form, leaf) for leaf in leaves]
    if behaviour is not None:
        made["enableBehavior"] = behaviour
    return []


def _flat(condition: Condition) -> tuple[tuple[Condition, ...] | None, str | None]:
    if condition.question is not None:
        return (condition,), None
    children = condition.children()
    if condition.not_ is not None or any(child.question is None for child in children):
        return None, None
    return children, "all" if condition.all is not None else "any"


def _enable_when(form: FormDefinition, leaf: Condition) -> Json:
    test, wanted = leaf.test
    name = leaf.question or ""
    if test == "answered":
        return {"question": name, "operator": "exists", "answerBoolean": wanted}
    operator = {"at_least": ">=", "at_most": "<="}.get(test, "=")
    made: Json = {"question": name, "operator": operator}
    if isinstance(wanted, bool):
        made["answerBoolean"] = wanted
    elif isinstance(wanted, int):
        made["answerInteger"] = wanted
    else:
        made["answerCoding"] = {"system": code_system(form.id, name), "code": wanted}
    return made


def _text(condition: Condition) -> str:
    return canonical(condition.plain()).decode()
