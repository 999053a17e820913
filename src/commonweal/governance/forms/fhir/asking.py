"""One question of a form from one item of a FHIR Questionnaire."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import Fault
from commonweal.governance.forms.fhir.names import (
    EXCLUSIVE,
    MAX_OCCURS,
    MAX_VALUE,
    MIN_OCCURS,
    MIN_VALUE,
    QUESTION,
    RETIRED_OPTION,
    found,
    parts_of,
    value_of,
)
from commonweal.governance.forms.values import has_hidden
from commonweal.governance.problems import Problem

Json = dict[str, Any]
_NAME = re.compile(r"[a-z][a-z0-9_]{0,47}", re.ASCII)
_KINDS = {
    "string": "short_text",
    "text": "long_text",
    "boolean": "yes_no",
    "date": "date",
    "integer": "whole_number",
}
_LIMITS = {
    ">=": ("at_least", 0),
    ">": ("at_least", 1),
    "<=": ("at_most", 0),
    "<": ("at_most", -1),
}
_OF_TYPE = {
    "string": frozenset({"short_text", "reference"}),
    "text": frozenset({"long_text"}),
    "boolean": frozenset({"yes_no", "declaration"}),
    "date": frozenset({"date"}),
    "integer": frozenset({"whole_number"}),
    "quantity": frozenset({"money"}),
    "choice": frozenset({"one_of", "several_of"}),
}
"""Which of our kinds an item of a type can be; `kind` in our extension chooses."""


class Asking:
    """Turns items into questions; keeps the names it gave and the problems it met."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.ids: dict[str, str] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.several: set[str] = set()
        self._taken: set[str] = set()

    # --- problems and names ----------------------------------------------------------------------

    def stop(self, link: str, said: str) -> None:
        """Something that our forms cannot hold."""
        self.problems.append(Problem(link, "CW-QUESTION-FOREIGN", _about(link, said)))

    def warn(self, link: str, said: str) -> None:
        """Something that is left out."""
        self.problems.append(Problem(link, "CW-QUESTION-FOREIGN", _about(link, said), "warns"))

    def new_id(self, wanted: str, prefix: str = "q") -> str:
        """An id of our form, as near to `wanted` as can be, that nobody else has."""
        base = wanted if _NAME.fullmatch(wanted) else _slug(wanted, prefix)
        name, count = base, 1
        while name in self._taken:
            count += 1
            name = f"{base[:43]}_{count}"
        self._taken.add(name)
        return name

    def number(self, items: Iterable[Json]) -> None:
        """Gives every section and question its id, before conditions look at any of them.

        Ids that can stay as they are come first, so that no other takes one of them.
        """
        every = list(_walk(items))
        links = [item["linkId"] for item, _ in every]
        for link in sorted({link for link in links if links.count(link) > 1}):
            self.stop(link, "the linkId is used twice.")
        ours = [link for item, link in _placed(every) if item["type"] != "display"]
        for link in (*filter(_NAME.fullmatch, ours), *ours):
            if link not in self.ids:
                self.ids[link] = self.new_id(link)

    def line(self, text: Any, otherwise: str) -> str:
        """A text on one line; as it is where it already is one."""
        said = str(text or "")
        one_line = said.strip() != "" and not has_hidden(said) and not {"\n", "\t"} & set(said)
        return said if one_line else " ".join(said.split()) or otherwise

    # --- questions -------------------------------------------------------------------------------

    def question(self, item: Json) -> Json | None:
        """The question of an item, or None with a problem."""
        link = item["linkId"]
        parts = parts_of(item, QUESTION)
        if item["type"] == "group":
            made = self._table(item)
        else:
            made = self._asked(item, self.ids[link], parts)
        if made is None:
            return None
        self._of_a_question(item, made, parts)
        condition = self.shown_when(item, parts)
        if condition is not None:
            made["shown_when"] = condition
        return made

    def _of_a_question(self, item: Json, made: Json, parts: dict[str, list[Any]]) -> None:
        for name in ("basis", "given", "statement", "locked"):
            if name in parts:
                made[name] = parts[name][0]
        if item.get("readOnly") and "given" not in parts:
            self.warn(item["linkId"], "it is read-only there, and can be answered here.")
        if "requiredWhen" in parts:
            made.pop("required", None)
            made["required_when"] = self._json(item["linkId"], parts["requiredWhen"][0])

    def _table(self, item: Json) -> Json | None:
        link = item["linkId"]
        columns = []
        made: Json = {
            "id": self.ids[link],
            "kind": "table",
            "ask": self.line(item.get("text"), link),
        }
        if parts_of(item, QUESTION).get("kind", ["table"])[0] != "table":
            self.stop(link, "its kind does not fit its FHIR type.")
        taken: set[str] = set()
        for child in item.get("item") or []:
            if child["type"] == "display":
                continue
            if child["type"] == "group":
                self.stop(child["linkId"], "a group inside a repeating group cannot be a column.")
                continue
            if child.get("enableWhen"):
                self.stop(child["linkId"], "a column of a table cannot have conditions.")
            tail = child["linkId"].removeprefix(f"{link}.")
            name = tail if _NAME.fullmatch(tail) else _slug(tail, "c")
            while name in taken:
                name = f"{name[:45]}_2"
            taken.add(name)
            column = self._asked(child, name, parts_of(child, QUESTION))
            if column is not None:
                columns.append(column)
        made["columns"] = columns
        self._common(item, made, parts_of(item, QUESTION))
        for url, key in ((MIN_OCCURS, "min_rows"), (MAX_OCCURS, "max_rows")):
            limit = found(item, url)
            if limit is not None:
                made[key] = value_of(limit)
        return made

    def _asked(self, item: Json, id_: str, parts: dict[str, list[Any]]) -> Json | None:
        link, type_ = item["linkId"], item["type"]
        kind = self._kind(item, parts)
        if kind is None:
            return None
        made: Json = {"id": id_, "kind": kind, "ask": self.line(item.get("text"), link)}
        if kind in ("one_of", "several_of"):
            # Conditions look at questions only, so the codes of columns need not be remembered.
            known = self.codes.setdefault(id_, {}) if self.ids.get(link) == id_ else {}
            made["options"] = self._options(item, known)
            if kind == "several_of" and self.ids.get(link) == id_:
                self.several.add(id_)
        elif item.get("repeats"):
            self.stop(link, f"a {type_} that repeats is not one of our kinds of question.")
        if kind == "short_text" and item.get("maxLength") is not None:
            made["max_length"] = item["maxLength"]
        elif kind == "long_text" and item.get("maxLength") is not None:
            self.warn(link, "its limit of characters is left out; ours counts words.")
        if kind == "reference":
            made["patterns"] = parts.get("pattern", [])
        if "maxWords" in parts:
            made["max_words"] = parts["maxWords"][0]
        self._limits(item, kind, made, parts)
        self._common(item, made, parts)
        return made

    def _kind(self, item: Json, parts: dict[str, list[Any]]) -> str | None:
        link, type_ = item["linkId"], item["type"]
        said = parts.get("kind")
        if said is not None:
            if said[0] in _OF_TYPE.get(type_, ()):
                return str(said[0])
            self.stop(link, "its kind does not fit its FHIR type.")
            return None
        if type_ == "choice":
            return "several_of" if item.get("repeats") else "one_of"
        if type_ not in _KINDS:
            self.stop(link, f"the item type {type_} is not one of our kinds of question.")
            return None
        return _KINDS[type_]

    def _common(self, item: Json, made: Json, parts: dict[str, list[Any]]) -> None:
        link = item["linkId"]
        if "required" in parts:
            made["required"] = True
        elif not item.get("required"):
            made["required"] = False
        if "public" in parts:
            made["public"] = parts["public"][0]
        if "example" in parts:
            made["example"] = parts["example"][0]
        help_ = []
        for child in item.get("item") or []:
            if child["type"] == "display" and child["linkId"] == f"{link}-statement":
                continue  # it stands in our extension, too
            if child["type"] == "display":
                help_.append(str(child.get("text") or ""))
            elif item["type"] != "group":
                self.stop(child["linkId"], "a question inside a question cannot be held.")
        if any(text.strip() for text in help_):
            made["help"] = "\n".join(help_)
        if item.get("initial"):
            self.warn(link, "the answer that it begins with is left out.")
        if item.get("modifierExtension"):
            self.stop(link, "it has an extension that changes its meaning.")

    def _limits(self, item: Json, kind: str, made: Json, parts: dict[str, list[Any]]) -> None:
        if kind == "money":
            for name in ("smallest", "largest"):
                if name in parts:
                    value = parts[name][0]
                    whole = isinstance(value, int | float) and float(value).is_integer()
                    made[name] = int(value) if whole else value
            return
        names = {
            "whole_number": ("smallest", "largest"),
            "date": ("earliest", "latest"),
        }.get(kind)
        for url, place in ((MIN_VALUE, 0), (MAX_VALUE, 1)):
            limit = found(item, url)
            if limit is not None and names is not None:
                made[names[place]] = value_of(limit)

    def _options(self, item: Json, known: dict[str, str]) -> list[Json]:
        """The options of an item; the code that each gets here is added to `known`."""
        link = item["linkId"]
        if item.get("answerValueSet"):
            self.stop(link, "its choices are in a value set elsewhere; list them in the item.")
        made = []
        for option in item.get("answerOption") or []:
            value = value_of(option)
            if isinstance(value, dict) and "reference" in value:
                self.stop(link, "a choice that is a reference cannot be held.")
                continue
            code, label = _coded(value)
            name = code if _NAME.fullmatch(code) else _slug(code, "c")
            while name in known.values():
                name = f"{name[:45]}_2"
            known[code] = name
            one: Json = {"code": name, "label": self.line(label, code)}
            for name_, url in (("retired", RETIRED_OPTION), ("exclusive", EXCLUSIVE)):
                mark = found(option, url)
                if mark is not None and value_of(mark) is True:
                    one[name_] = True
            if option.get("initialSelected"):
                self.warn(link, "the choice that it begins with is left out.")
            made.append(one)
        return made

    # --- conditions ------------------------------------------------------------------------------

    def shown_when(self, item: Json, parts: dict[str, list[Any]]) -> Json | None:
        """The condition of an item, or None."""
        if "shownWhen" in parts:
            made = self._json(item["linkId"], parts["shownWhen"][0])
            return made if isinstance(made, dict) else None
        rules = [self._rule(item["linkId"], rule) for rule in item.get("enableWhen") or []]
        known = [rule for rule in rules if rule is not None]
        if not known or len(known) < len(rules):
            return None
        behaviour = item.get("enableBehavior")
        if behaviour is None and len(known) == 1:
            return known[0]
        if behaviour is None:
            self.stop(item["linkId"], "it has several conditions and does not say if all count.")
            return None
        return {str(behaviour): known}

    def _rule(self, link: str, rule: Json) -> Json | None:
        name = self.ids.get(str(rule["question"]))
        if name is None:
            self.stop(link, "a condition looks at an item that is not there.")
            return None
        key = next((key for key in rule if key.startswith("answer")), "")
        value, operator = rule.get(key), rule["operator"]
        if operator == "exists" and isinstance(value, bool):
            return {"question": name, "answered": value}
        if key == "answerCoding" and isinstance(value, dict):
            value = str(value.get("code") or value.get("display") or "")
        elif key not in ("answerBoolean", "answerInteger", "answerString"):
            self.stop(link, f"a condition with {key or 'no answer'} cannot be held.")
            return None
        return self._compared(link, name, str(operator), value)

    def _compared(self, link: str, name: str, operator: str, value: Any) -> Json | None:
        if isinstance(value, str):
            value = self.codes.get(name, {}).get(value, _slug(value, "c"))
        test = "has" if name in self.several else "is"
        whole = isinstance(value, int) and not isinstance(value, bool)
        if operator == "=":
            return {"question": name, test: value}
        if operator == "!=":
            leaf = {"question": name, test: value}
            return {"all": [{"question": name, "answered": True}, {"not": leaf}]}
        if operator in _LIMITS and whole:
            key, step = _LIMITS[operator]
            return {"question": name, key: value + step}
        self.stop(link, f"a condition with {operator} on such an answer cannot be held.")
        return None

    def _json(self, link: str, text: Any) -> Any:
        try:
            return parse_json(str(text), "an extension")
        except Fault:
            self.stop(link, "an extension of ours does not hold what it should.")
            return None


def _walk(items: Iterable[Json], above: Json | None = None) -> Iterable[tuple[Json, Json | None]]:
    for item in items:
        yield item, above
        yield from _walk(item.get("item") or [], item)


def _placed(every: Iterable[tuple[Json, Json | None]]) -> Iterable[tuple[Json, str]]:
    """The items that get an id of the form: not the columns of a table."""
    for item, above in every:
        if above is None or not (above["type"] == "group" and above.get("repeats")):
            yield item, item["linkId"]


def _coded(value: Any) -> tuple[str, str]:
    if isinstance(value, dict):
        code = str(value.get("code") or value.get("display") or "")
        return code, str(value.get("display") or code)
    return str(value), str(value)


def _slug(text: str, prefix: str) -> str:
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:44].strip("_")
    return name if _NAME.fullmatch(name) else f"{prefix}_{name}".rstrip("_")


def _about(link: str, said: str) -> str:
    shown = link if re.fullmatch(r"[\w./-]{1,64}", link) else "(other name)"
    return f"Item {shown}: {said}" if link else said[:1].upper() + said[1:]
