"""Answers as a FHIR R4 QuestionnaireResponse, and back.

What FHIR has a type for is an answer there. What only a draft can hold (typed text that is no
answer, answers kept aside) stands in one extension of ours.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from commonweal.foundation.canonical import canonical, parse_json
from commonweal.foundation.errors import Fault
from commonweal.governance.forms.answers import Answers, check_belongs
from commonweal.governance.forms.conditions import MAX_WHOLE
from commonweal.governance.forms.fhir.names import (
    CURRENCY,
    DRAFT,
    code_system,
    form_url,
    found,
    part,
    value_of,
)
from commonweal.governance.forms.fhir.validating import check_resource
from commonweal.governance.forms.schema import MAX_POUNDS, Column, FormDefinition, Question
from commonweal.governance.forms.values import is_day
from commonweal.governance.problems import Problem
from commonweal.papers.base import PaperInvalid

Json = dict[str, Any]
_VALUE_NAMES = {
    "yes_no": "valueBoolean",
    "declaration": "valueBoolean",
    "whole_number": "valueInteger",
    "date": "valueDate",
    "money": "valueQuantity",
    "one_of": "valueCoding",
    "several_of": "valueCoding",
}


@dataclass(frozen=True)
class Received:
    """The answers of a response, and what in it could not be taken."""

    answers: Answers
    problems: tuple[Problem, ...]


def response(
    form: FormDefinition,
    answers: Answers,
    status: Literal["in-progress", "completed"] = "in-progress",
) -> Json:
    """The answers as a QuestionnaireResponse. Raises `Fault` CW-ANSWER-OTHER."""
    check_belongs(form, answers)
    left = dict(answers.values)
    items = []
    for section in form.sections:
        inside = [item for question in section.questions for item in _items(form, question, left)]
        if inside:
            items.append({"linkId": section.id, "text": section.title, "item": inside})
    made: Json = {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": f"{form_url(form.id)}|{form.version}",
        "status": status,
    }
    kept = answers.model_copy(update={"values": left}).plain()
    draft = {name: kept[name] for name in ("values", "as_typed", "aside") if kept.get(name)}
    if draft:
        text = base64.b64encode(canonical(draft)).decode()
        made["extension"] = [part(DRAFT, "valueBase64Binary", text)]
    if items:
        made["item"] = items
    return made


def _items(form: FormDefinition, question: Question, left: dict[str, Any]) -> Iterator[Json]:
    """The items of one question; what they hold is taken out of `left`."""
    if question.id not in left:
        return
    value = left[question.id]
    if question.columns is not None:
        rows = [_row(form, question, row) for row in value] if isinstance(value, tuple) else [None]
        if all(row is not None for row in rows):
            del left[question.id]
            yield from (row for row in rows if row is not None)
        return
    given = _answers(form, question, question.id, value)
    if given is not None:
        del left[question.id]
        yield {"linkId": question.id, "text": question.ask, "answer": given}


def _row(form: FormDefinition, question: Question, row: Any) -> Json | None:
    if not isinstance(row, Mapping):
        return None
    columns = {column.id: column for column in question.columns or ()}
    inside = []
    for column in columns.values():
        if column.id in row:
            link = f"{question.id}.{column.id}"
            given = _answers(form, column, link, row[column.id])
            if given is None:
                return None
            inside.append({"linkId": link, "text": column.ask, "answer": given})
    if set(row) - set(columns):
        return None
    made: Json = {"linkId": question.id, "text": question.ask}
    return {**made, "item": inside} if inside else made


def _answers(
    form: FormDefinition, asked: Question | Column, link: str, value: Any
) -> list[Json] | None:
    """FHIR's answers for a value, or None where it is not of the question's kind."""
    if asked.kind == "several_of":
        if not isinstance(value, tuple) or not all(isinstance(code, str) for code in value):
            return None
        made = [_one(form, asked, link, code) for code in value]
    else:
        made = [_one(form, asked, link, value)]
    return None if any(one is None for one in made) else [one for one in made if one is not None]


def _one(form: FormDefinition, asked: Question | Column, link: str, value: Any) -> Json | None:
    name = _VALUE_NAMES.get(asked.kind, "valueString")
    given: Any = None
    if name == "valueBoolean":
        given = value if isinstance(value, bool) else None
    elif isinstance(value, bool):
        return None
    elif name == "valueInteger":
        given = value if isinstance(value, int) and abs(value) <= MAX_WHOLE else None
    elif name == "valueQuantity":
        if isinstance(value, int) and abs(value) <= MAX_POUNDS * 100:
            # Fifteen digits at most: the nearest float is written with exactly these digits.
            amount = value // 100 if value % 100 == 0 else float(Decimal(value) / 100)
            given = {"value": amount, "unit": "GBP", "system": CURRENCY, "code": "GBP"}
    elif isinstance(value, str):
        given = _text_value(form, asked, link, name, value)
    return None if given is None else {name: given}


def _text_value(
    form: FormDefinition, asked: Question | Column, link: str, name: str, value: str
) -> Any:
    if name == "valueCoding":
        option = asked.option(value)
        if option is None:
            return None
        system = code_system(form.id, link)
        return {"system": system, "code": option.code, "display": option.label}
    if name == "valueDate":
        return value if is_day(value) else None
    return value


# --- back ----------------------------------------------------------------------------------------


def read_response(form: FormDefinition, data: Any, what: str = "The response") -> Received:
    """The answers of a QuestionnaireResponse to `form`.

    Whether they may be sent is another question (`answers.problems`). Raises `Fault`
    CW-FHIR-INVALID, CW-ANSWER-OTHER, and `Unavailable` CW-FHIR-UNAVAILABLE.
    """
    if check_resource(data, what) != "QuestionnaireResponse":
        raise Fault("CW-FHIR-INVALID", f"{what} is not a FHIR QuestionnaireResponse.")
    if data.get("questionnaire") != f"{form_url(form.id)}|{form.version}":
        raise Fault(
            "CW-ANSWER-OTHER", f"{what} does not answer version {form.version} of {form.id}."
        )
    reading = _Receiving(form)
    reading.items(data.get("item") or [])
    raw: Json = {"answers": 1, "form": form.id, "form_version": form.version}
    raw |= _draft(data, what)
    raw["values"] = {**reading.values, **raw.get("values", {})}
    raw["as_typed"] = {**reading.as_typed, **raw.get("as_typed", {})}
    try:
        made = Answers.read(raw, what, "CW-FHIR-INVALID")
    except PaperInvalid as error:
        raise Fault("CW-FHIR-INVALID", error.sentence) from None
    return Received(made, tuple(reading.problems))


def _draft(data: Json, what: str) -> Json:
    holder = found(data, DRAFT)
    if holder is None:
        return {}
    try:
        plain = parse_json(base64.b64decode(str(value_of(holder)), validate=True), what)
    except (ValueError, Fault):
        plain = None
    if not isinstance(plain, dict) or not {"values", "as_typed", "aside"} >= set(plain):
        raise Fault("CW-FHIR-INVALID", f"{what} has an extension of ours that cannot be read.")
    if not all(isinstance(plain.get(name, {}), dict) for name in ("values", "as_typed")):
        raise Fault("CW-FHIR-INVALID", f"{what} has an extension of ours that cannot be read.")
    return plain


class _Receiving:
    """One pass over the items of a response."""

    def __init__(self, form: FormDefinition) -> None:
        self.sections = {section.id for section in form.sections}
        self.questions = {question.id: question for question in form.questions()}
        self.values: Json = {}
        self.as_typed: Json = {}
        self.problems: list[Problem] = []

    def items(self, items: list[Json]) -> None:
        """Takes the answers of items, inside sections or without them."""
        for item in items:
            link = str(item.get("linkId"))
            if link in self.sections:
                self.items(item.get("item") or [])
                continue
            question = self.questions.get(link)
            if question is None:
                self._refuse(link, "the form does not ask this.")
            elif question.columns is not None:
                rows = self.values.setdefault(link, [])
                rows.append(self._row(question, item, len(rows) + 1))
            else:
                value, typed = self._value(question, item, link)
                if value is not None:
                    self.values[link] = value
                if typed is not None:
                    self.as_typed[link] = typed

    def _row(self, question: Question, item: Json, number: int) -> Json:
        columns = {f"{question.id}.{column.id}": column for column in question.columns or ()}
        row: Json = {}
        for cell in item.get("item") or []:
            link = str(cell.get("linkId"))
            column = columns.get(link)
            if column is None:
                self._refuse(link, "the table has no such column.")
                continue
            value, typed = self._value(column, cell, link)
            if value is not None:
                row[column.id] = value
            if typed is not None:
                self.as_typed[f"{question.id}.{number}.{column.id}"] = typed
        return row

    def _value(self, asked: Question | Column, item: Json, link: str) -> tuple[Any, Any]:
        given = item.get("answer") or []
        read = [_read(asked, one) for one in given]
        if any(one is None for one in read) or (len(read) > 1 and asked.kind != "several_of"):
            self._refuse(link, "the answer is not of the kind that the question asks for.")
            return None, "; ".join(_written(one) for one in given)
        if not read:
            return None, None
        return (read, None) if asked.kind == "several_of" else (read[0], None)

    def _refuse(self, link: str, said: str) -> None:
        shown = link if re.fullmatch(r"[\w./-]{1,64}", link, re.ASCII) else "(other name)"
        self.problems.append(Problem(shown, "CW-QUESTION-FOREIGN", f"Item {shown}: {said}"))


def _read(asked: Question | Column, answer: Json) -> Any:
    name = _VALUE_NAMES.get(asked.kind, "valueString")
    value = answer.get(name)
    if value is None:
        return None
    if name == "valueCoding":
        code = value.get("code")
        return code if isinstance(code, str) and asked.option(code) is not None else None
    if name == "valueQuantity":
        if value.get("code") != "GBP" or value.get("system") != CURRENCY:
            return None
        amount = value.get("value")
        if isinstance(amount, bool) or not isinstance(amount, int | float):
            return None
        pence = Decimal(str(amount)) * 100
        whole = pence == pence.to_integral_value() and abs(pence) <= MAX_POUNDS * 100
        return int(pence) if whole else None
    if name == "valueDate":
        return value if isinstance(value, str) and is_day(value) else None
    return value


def _written(answer: Json) -> str:
    """What a foreign answer says, so that it can be kept as typed text."""
    value = value_of(answer)
    if isinstance(value, dict):
        value = value.get("display") or value.get("code") or value.get("value") or ""
    return str(value)
