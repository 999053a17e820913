"""A release worked out slowly, one row at a time, with nothing of the builder.

It follows DECISIONS and ARCHITECTURE, not the code: choices are handed in as the set of people who
may be in, keys as bytes. Tables are lists of rows of text, as in CSV; the empty text is missing.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.cmac import CMAC

Row = Mapping[str, Any]
_POSTCODE = re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}")
RESTRICTED = ("F64", "A50", "A54", "B20", "B24", "N97", "Z21")
"""Enough of the shipped ICD-10 lists for the codes that tests use."""


@dataclass(frozen=True)
class Keys:
    """The project's sub-keys as bytes. `record`: for a record key of (table, variable).

    `shift` draws the weeks of a permit and of those that replace it, `stable` the hold-out.
    """

    pseudonym: bytes
    shift: bytes
    stable: bytes
    record: Callable[[str, str], bytes]


def code(key: bytes, text: str) -> bytes:
    """The 16 bytes shown for `text`."""
    return hmac.new(key, text.encode(), hashlib.sha256).digest()[:16]


def person_code(key: bytes, person: str) -> bytes:
    """The 16 bytes shown for a person: AES-256-CMAC (SP 800-38B)."""
    made = CMAC(AES256(key))
    made.update(person.encode())
    return made.finalize()


def drawn(key: bytes, person: str, weeks: int, share: float) -> tuple[int, bool]:
    """(weeks of shift, held out) of a person."""
    drawn = int.from_bytes(person_code(key, person)[:8], "big")
    return drawn % (2 * weeks + 1) - weeks, drawn >> 36 < int(share * 2**28)


def bare(number: str) -> str:
    """An NHS number without spaces and dashes."""
    return number.replace(" ", "").replace("-", "").strip()


@dataclass
class Oracle:
    """One release. `draft`: its plain fields; `catalogue`: the plain dataset."""

    tables: Mapping[str, Sequence[Row]]
    draft: Mapping[str, Any]
    dataset: Mapping[str, Any]
    keys: Keys
    allowed: Iterable[str]
    hold_out: bool = False

    def people(self) -> list[str]:
        """Who is released (or held out): allowed, in the cohort, drawn."""
        trains = "train" in self.draft["processing"]
        share = self.draft.get("holdout_share", 0.2) if trains else 0.0
        weeks = self.draft.get("shift_weeks", 8)
        chosen = []
        for person in sorted(set(self.allowed)):
            held = drawn(self.keys.stable, person, weeks, share)[1]
            if held == self.hold_out and self._in_cohort(self.draft.get("cohort"), person):
                chosen.append(person)
        return chosen

    def released(self) -> dict[str, list[tuple[Any, ...]]]:
        """Rows of every table, in the order of all their columns."""
        people = set(self.people())
        wanted = self.draft["data"][0]["tables"]
        return {one["table"]: self._table(one, people) for one in wanted}

    # --- whose row ---------------------------------------------------------------------------
    def person_of(self, table: str, row: Row) -> str | None:
        link = self._catalogue(table)["person_link"]
        if link is None:
            return None
        if isinstance(link, str):
            return bare(row[link]) or None
        found = {
            self.person_of(link["to_table"], other)
            for other in self.tables[link["to_table"]]
            if row[link["variable"]] and other[link["to_variable"]] == row[link["variable"]]
        } - {None}
        return found.pop() if len(found) == 1 else None

    def _catalogue(self, table: str) -> Mapping[str, Any]:
        return next(one for one in self.dataset["tables"] if one["name"] == table)

    def _variable(self, table: str, name: str) -> Mapping[str, Any]:
        return next(one for one in self._catalogue(table)["variables"] if one["name"] == name)

    def _in_cohort(self, cohort: Mapping[str, Any] | None, person: str) -> bool:
        if cohort is None or cohort.get("everyone"):
            return True
        if "all" in cohort:
            return all(self._in_cohort(child, person) for child in cohort["all"])
        if "any" in cohort:
            return any(self._in_cohort(child, person) for child in cohort["any"])
        if "not" in cohort:
            return not self._in_cohort(cohort["not"], person)
        if "where" in cohort:
            return bool(self._meeting(cohort["where"], person))
        rule = cohort["at_least"]
        rows = self._meeting(rule["of"], person)
        if rule.get("within_days") is None:
            return len(rows) >= rule["n"]
        days = sorted(day_of(row[rule["date"]]) for row in rows if row[rule["date"]])
        return any(
            (days[place + rule["n"] - 1] - days[place]).days <= rule["within_days"]
            for place in range(len(days) - rule["n"] + 1)
        )

    def _meeting(self, where: Mapping[str, Any], person: str) -> list[Row]:
        table = where["table"]
        rows = [row for row in self.tables[table] if self.person_of(table, row) == person]
        rows = [row for row in rows if not self._is_restricted(table, row)]
        name, op, wanted = where["variable"], where["op"], where.get("value")
        return [row for row in rows if meets(row[name], op, wanted)]

    def _is_restricted(self, table: str, row: Row) -> bool:
        """A restricted code of its own, or a row that it belongs to with one."""
        codes = [v["name"] for v in self._catalogue(table)["variables"] if _coded(v)]
        if any(row[name].upper().replace(".", "").startswith(RESTRICTED) for name in codes):
            return True
        link = self._catalogue(table)["person_link"]
        if link is None or isinstance(link, str):
            return False
        return any(
            row[link["variable"]]
            and other[link["to_variable"]] == row[link["variable"]]
            and self._is_restricted(link["to_table"], other)
            for other in self.tables[link["to_table"]]
        )

    # --- one table ---------------------------------------------------------------------------
    def _table(self, one: Mapping[str, Any], people: set[str]) -> list[tuple[Any, ...]]:
        table, items = one["table"], one["variables"]
        about = self._catalogue(table)["person_link"] is not None
        rows: list[tuple[str | None, Row]] = []
        for row in self.tables[table]:
            person = self.person_of(table, row)
            if about and person not in people:
                continue
            dated = about and table != "patients"
            if dated and self._is_restricted(table, row):
                continue
            if dated and not self._in_time(table, items, row, person):
                continue
            rows.append((person, row))
        labels = {
            item["variable"]: self._labels(table, item, rows)
            for item in items
            if about and self._watched(table, item)
        }
        made = []
        for person, row in rows:
            first = (
                [person_code(self.keys.pseudonym, person)] if about and person is not None else []
            )
            shown = [
                self._form(table, item, row, person, labels, rows)
                for item in items
                if item["form"] != "pseudonym"
            ]
            made.append((*first, *shown))
        return sorted(made, key=_order)

    def _weeks(self, person: str | None) -> int:
        return drawn(self.keys.shift, str(person), self.draft.get("shift_weeks", 8), 0)[0]

    def _in_time(
        self, table: str, items: Sequence[Mapping[str, Any]], row: Row, person: str | None
    ) -> bool:
        edge = timedelta(weeks=self.draft.get("shift_weeks", 8))
        for item in items:
            name = item["variable"]
            if item["form"] != "shift" or not row[name]:
                continue
            linked = [day_of(other[name]) for other in self.tables[table] if other[name]]
            moved = day_of(row[name]) + timedelta(weeks=self._weeks(person))
            if not min(linked) + edge <= moved <= max(linked) - edge:
                return False
        return True

    def _watched(self, table: str, item: Mapping[str, Any]) -> bool:
        variable, form = self._variable(table, item["variable"]), item["form"].split("(")[0]
        sensitive = variable["role"] == "sensitive" and variable["type"] == "text"
        return form == "rollup" or (
            form in ("exact", "truncate") and (_coded(variable) or sensitive)
        )

    def _labels(
        self, table: str, item: Mapping[str, Any], rows: Sequence[tuple[str | None, Row]]
    ) -> dict[str, str | None]:
        name, form = item["variable"], item["form"]
        limit = self.draft.get("risk", {}).get("rare_people", 10)
        if form.startswith("rollup"):
            limit = argument(form)
        shown = {}
        for _, row in rows:
            if row[name]:
                cut = form.startswith("truncate")
                shown[row[name]] = truncated(row[name], argument(form)) if cut else row[name]

        def holders(test: Callable[[str], bool]) -> int:
            return len({person for person, row in rows if row[name] and test(row[name])})

        common = {
            label
            for label in shown.values()
            if holders(lambda value, label=label: shown[value] == label) >= limit
        }
        labels: dict[str, str | None] = {}
        for value, label in shown.items():
            if label in common:
                labels[value] = label
                continue
            category = truncated(label, 3)
            coded = _coded(self._variable(table, name))
            enough = coded and limit <= holders(
                lambda other: shown[other] not in common and truncated(shown[other], 3) == category  # noqa: B023 (called at once)
            )
            labels[value] = category if enough else None
        return labels

    def _form(
        self,
        table: str,
        item: Mapping[str, Any],
        row: Row,
        person: str | None,
        labels: Mapping[str, Mapping[str, str | None]],
        rows: Sequence[tuple[str | None, Row]],
    ) -> Any:
        name, form = item["variable"], item["form"]
        kind, value = form.split("(")[0], row[name]
        type_ = self._variable(table, name)["type"]
        if name in labels:
            value = labels[name].get(value) or ""
        if value == "" or (type_ == "decimal" and value.lower() in ("nan", "inf", "-inf")):
            return None
        if kind == "record_code":
            return code(self.keys.record(table, name), value)
        if kind == "shift":
            moved = timedelta(weeks=self._weeks(person))
            if type_ == "timestamp":
                hour = datetime.fromisoformat(value).replace(minute=0, second=0, microsecond=0)
                return hour + moved
            return day_of(value) + moved
        if kind == "interval":
            other = (
                row[item["since"]]
                if item.get("since")
                else min(other[name] for owner, other in rows if owner == person and other[name])
            )
            return (day_of(value) - day_of(other)).days if other else None
        if kind == "age_band":
            begins = date.fromisoformat(self.draft.get("reference_date") or self.draft["from"])
            return banded(age(day_of(value), begins), *arguments(form))
        return alone(form, type_, value)


def alone(form: str, type_: str, value: str) -> Any:
    """A cell in a form that needs neither its person nor the rest of its row."""
    kind = form.split("(")[0]
    if kind == "year":
        return day_of(value).year
    if kind == "month":
        return value[:7]
    if kind == "outward_postcode":
        bare_code = value.replace(" ", "").upper()
        return bare_code[:-3] if _POSTCODE.fullmatch(bare_code) else None
    if kind == "truncate":
        return truncated(value, argument(form))
    if kind == "round":
        step = Decimal(form[6:-1])
        found = ((Decimal(value) / step + Decimal("0.5")).to_integral(ROUND_FLOOR)) * step
        return int(found) if type_ == "integer" else float(found)
    if type_ == "integer":
        return int(value)
    if type_ == "decimal":
        return float(value)
    return day_of(value) if type_ == "date" else value


def meets(value: str, op: str, wanted: Any) -> bool:
    """Whether a cell meets a condition of the cohort (texts and dates compare as texts)."""
    if op == "is_missing":
        return not value
    if not value:
        return False
    tests: dict[str, Callable[[], bool]] = {
        "is_present": lambda: True,
        "eq": lambda: value == wanted,
        "ne": lambda: value != wanted,
        "ge": lambda: value >= wanted,
        "le": lambda: value <= wanted,
        "in": lambda: value in wanted,
        "starts_with": lambda: value.startswith(wanted),
    }
    return tests[op]()


def day_of(text: str) -> date:
    """The day of a date or time."""
    return datetime.fromisoformat(text).date()


def arguments(form: str) -> list[int]:
    """The whole numbers in a form's brackets."""
    return [int(part) for part in form.partition("(")[2].rstrip(")").split(",")]


def argument(form: str) -> int:
    """The only whole number in a form's brackets."""
    return arguments(form)[0]


def truncated(text: str, length: int) -> str:
    """The first characters of a code, dots not counted."""
    return text.replace(".", "").strip()[:length].rstrip()


def age(born: date, on: date) -> int:
    """Completed years; born on 29 February one is older on 1 March."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def banded(years: int, width: int, top: int) -> str | None:
    """An age group."""
    if years < 0:
        return None
    if years >= top:
        return f"{top}+"
    low = years // width * width
    return f"{low}-{low + width - 1}" if width > 1 else str(low)


def smallest_group(rows: Iterable[Mapping[str, Any]], quasi: Sequence[str], person: str) -> int:
    """k by patient, counted with sets."""
    groups: dict[tuple[Any, ...], set[Any]] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in quasi), set()).add(row[person])
    return min(len(people) for people in groups.values())


def _coded(variable: Mapping[str, Any]) -> bool:
    return variable.get("identifies") in ("icd10", "opcs", "snomed", "bnf", "loinc")


def _order(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple((value is None, "" if value is None else _sortable(value)) for value in row)


def _sortable(value: Any) -> Any:
    return value.encode() if isinstance(value, str) else value
