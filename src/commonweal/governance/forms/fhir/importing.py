"""A form from a FHIR R4 Questionnaire, ours or anybody's.

What our forms cannot hold is told item by item and nothing is made; what is only left out is a
warning. Names that FHIR allows and we do not are made anew from their letters and digits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import Fault
from commonweal.governance.forms.fhir.asking import Asking
from commonweal.governance.forms.fhir.names import FORM, SECTION, parts_of
from commonweal.governance.forms.fhir.validating import check_resource
from commonweal.governance.forms.reading import FormInvalid, read_form
from commonweal.governance.forms.schema import FormDefinition
from commonweal.governance.problems import Problem, stopping

Json = dict[str, Any]


@dataclass(frozen=True)
class Imported:
    """The form, or None where a problem stops it."""

    definition: FormDefinition | None
    problems: tuple[Problem, ...]


def read_questionnaire(data: Any, what: str = "The questionnaire") -> Imported:
    """The form that a Questionnaire describes, with every problem.

    Raises `Fault` CW-FHIR-INVALID for what is no Questionnaire, and `Unavailable`
    CW-FHIR-UNAVAILABLE.
    """
    if check_resource(data, what) != "Questionnaire":
        raise Fault("CW-FHIR-INVALID", f"{what} is not a FHIR Questionnaire.")
    _check_whole(data.get("item") or [], what)
    reading = _Reading(data)
    raw = reading.form()
    if stopping(reading.asking.problems):
        return Imported(None, tuple(reading.asking.problems))
    try:
        made = read_form(raw, what)
    except FormInvalid as error:
        return Imported(None, (*reading.asking.problems, *error.problems))
    return Imported(made, tuple(reading.asking.problems))


def _check_whole(items: list[Json], what: str) -> None:
    """FHIR lets an extension stand for a missing value; without these nothing can be read."""
    for item in items:
        rules = item.get("enableWhen") or []
        told = all(isinstance(item.get(name), str) for name in ("linkId", "type")) and all(
            isinstance(rule.get(name), str) for rule in rules for name in ("question", "operator")
        )
        if not told:
            raise Fault(
                "CW-FHIR-INVALID", f"{what} has an item or a condition without its linkId or type."
            )
        _check_whole(item.get("item") or [], what)


class _Reading:
    """One pass over a Questionnaire: sections here, questions in `Asking`."""

    def __init__(self, data: Json) -> None:
        self.data = data
        self.asking = Asking()

    def form(self) -> Json:
        """The form as plain JSON values, not yet checked."""
        parts = parts_of(self.data, FORM)
        title = self.asking.line(self.data.get("title") or self.data.get("name"), "")
        self.asking.number(self.data.get("item") or [])
        made: Json = {
            "form": (parts.get("schema") or [1])[0],
            "id": self._id(),
            "version": self._version(),
            "title": title or "Imported form",
            "intro": self.data.get("description") or f"{title or 'This form'} was imported.",
            "source": (parts.get("source") or [self._source()])[0],
            "sections": self._sections(title or "Questions"),
        }
        if "note" in parts:
            made["note"] = parts["note"][0]
        if "filledBy" in parts:
            made["filled_by"] = parts["filledBy"]
        if "retired" in parts:
            made["retired"] = [self._json(text) for text in parts["retired"]]
        return made

    def _id(self) -> str:
        for key in ("name", "id", "url"):
            text = str(self.data.get(key) or "")
            tail = re.split(r"[/:]", text)[-1]
            name = re.sub(r"[^a-z0-9]+", "-", tail.lower()).strip("-")[:40].strip("-")
            if re.fullmatch(r"[a-z][a-z0-9-]{1,39}", name):
                return name
        return "imported"

    def _version(self) -> int:
        text = str(self.data.get("version") or "")
        if re.fullmatch(r"[1-9][0-9]{0,3}", text, re.ASCII):
            return int(text)
        self.asking.warn("", "Its version is not a whole number, so the form begins at version 1.")
        return 1

    def _source(self) -> str:
        return "Imported from a FHIR Questionnaire."

    def _json(self, text: Any) -> Any:
        try:
            return parse_json(str(text), "an extension")
        except Fault:
            self.asking.stop("", "an extension of ours does not hold what it should.")
            return None

    def _sections(self, title: str) -> list[Json]:
        made: list[Json] = []
        loose: Json | None = None
        for item in self.data.get("item") or []:
            if item["type"] == "group" and not item.get("repeats"):
                loose = None
                made.append(self._section(item))
                continue
            if loose is None:
                loose = {"id": self.asking.new_id("questions"), "title": title, "questions": []}
                made.append(loose)
            self._add([item], loose, None)
        return made

    def _section(self, item: Json) -> Json:
        section: Json = {
            "id": self.asking.ids[item["linkId"]],
            "title": self.asking.line(item.get("text"), "Questions"),
            "questions": [],
        }
        condition = self.asking.shown_when(item, parts_of(item, SECTION))
        if condition is not None:
            section["shown_when"] = condition
        self._add(item.get("item") or [], section, None)
        return section

    def _add(self, items: list[Json], section: Json, inherited: Json | None) -> None:
        """Adds the questions of `items`; a group inside gives its condition to what it holds."""
        for item in items:
            if item["type"] == "display":
                text = str(item.get("text") or "")
                before = section.get("intro")
                section["intro"] = f"{before}\n{text}" if before else text
            elif item["type"] == "group" and not item.get("repeats"):
                self.asking.warn(
                    item["linkId"], "a group inside a group loses its heading; its questions stay."
                )
                own = self.asking.shown_when(item, parts_of(item, SECTION))
                self._add(item.get("item") or [], section, _both(inherited, own))
            else:
                question = self.asking.question(item)
                if question is not None:
                    condition = _both(inherited, question.pop("shown_when", None))
                    if condition is not None:
                        question["shown_when"] = condition
                    section["questions"].append(question)


def _both(one: Json | None, other: Json | None) -> Json | None:
    if one is None or other is None:
        return one or other
    return {"all": [one, other]}
