"""Choosing data: groups of variables, each variable's form and reasons, and the rule for people.

The pages show names, roles and forms of the catalogue, and each form's band, which was made once
for this version of the catalogue and never for an applicant's cohort (S5). What they send is read
into plain values; what is no answer stays as it was typed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from commonweal.governance.application.wanted import Asked, Group
from commonweal.papers.catalogue import Catalogue, Dataset, Variable
from commonweal.papers.forms import Form
from commonweal.web.applications.asking import Sent, asks, last, read_part, row_numbers
from commonweal.web.applications.drawing import Box
from commonweal.web.discovery.presenters import FORM_WORDS, form_band, role_words

OPS: tuple[tuple[str, str], ...] = (
    ("eq", "is"), ("ne", "is not"), ("lt", "is less than, or before"),
    ("le", "is at most, or on or before"), ("gt", "is more than, or after"),
    ("ge", "is at least, or on or after"), ("in", "is one of (with commas between)"),
    ("starts_with", "starts with"), ("is_missing", "is not recorded"),
    ("is_present", "is recorded"),
)  # fmt: skip
JOINS = ("all", "any", "everyone")
"""How conditions are joined. `everyone` with conditions is no rule; it is kept as it was typed."""
MORE_ROWS = 2
"""Empty rows that the page of the rule shows beside those that are filled in."""


def dataset_of(catalogue: Catalogue, id_: str | None) -> Dataset | None:
    """The dataset that was chosen, if the catalogue has it."""
    return next((one for one in catalogue.datasets if one.id == id_), None)


def place_code(table: str, variable: str) -> str:
    """Table and variable as one value of a page; names may hold anything."""
    return json.dumps([table, variable], ensure_ascii=False)


def read_place(code: str) -> dict[str, str]:
    """Table and variable of such a value; what is none becomes the variable's name as typed."""
    try:
        pair = json.loads(code)
    except (ValueError, RecursionError):
        return {"variable": code}
    if isinstance(pair, list) and len(pair) == 2 and all(isinstance(one, str) for one in pair):
        return {"table": pair[0], "variable": pair[1]}
    return {"variable": code}


# --- groups -----------------------------------------------------------------------------------


def group_tables(dataset: Dataset | None, chosen: Sequence[Any]) -> list[dict[str, Any]]:
    """The variables that can be asked for, table by table, with those that are chosen."""
    picked = {code_of(one) for one in chosen}
    tables = []
    for table in dataset.tables if dataset is not None else ():
        rows = [
            {
                "code": place_code(table.name, one.name),
                "name": one.name,
                "role": role_words(one.role)[0],
                "own": one.role in ("quasi_identifier", "free_text", "image", "genomic"),
                "checked": place_code(table.name, one.name) in picked,
            }
            for one in table.variables
            if one.forms and one.role is not None
        ]
        if rows:
            open_ = (
                any(row["checked"] for row in rows) or len(dataset.tables if dataset else ()) < 3
            )
            tables.append({"name": table.title or table.name, "rows": rows, "open": open_})
    return tables


def code_of(asked: Any) -> str:
    """The value that stands for a variable of a draft."""
    row = asked if isinstance(asked, dict) else {}
    return place_code(str(row.get("table", "")), str(row.get("variable", "")))


def read_group(sent: Sent, place: str, before: Any, dataset: Dataset | None) -> dict[str, Any]:
    """A group from its page. Variables that stay keep their form and reasons."""
    made: dict[str, Any] = {}
    for field in ("analysis_role", "reason"):
        text = last(sent, f"{place}.{field}")
        if text.strip():
            made[field] = text
    rows = before.get("variables") if isinstance(before, dict) else None
    kept = {code_of(row): row for row in rows or () if isinstance(row, dict)}
    wanted = list(dict.fromkeys(sent.get(f"{place}.variables", ())))
    in_order = [code for code in kept if code in wanted]
    chosen = [*in_order, *(code for code in wanted if code not in kept)]
    made["variables"] = [kept.get(code) or _new(code, dataset) for code in chosen]
    return made


def _new(code: str, dataset: Dataset | None) -> dict[str, str]:
    place = read_place(code)
    found = variable_of(dataset, place)
    if found is not None and len(found.forms) == 1:
        return {**place, "form": found.forms[0]}
    return dict(place)


def variable_of(dataset: Dataset | None, row: Any) -> Variable | None:
    """The catalogue's variable for one of a draft, if there is one."""
    if dataset is None or not isinstance(row, dict):
        return None
    for table in dataset.tables:
        if table.name == row.get("table"):
            return next((v for v in table.variables if v.name == row.get("variable")), None)
    return None


def group_boxes(place: str, value: Any) -> list[Box]:
    """The questions of a group beside its variables."""
    given = value if isinstance(value, dict) else {}
    by_field = {one.field: one for one in asks(Group)}
    role, reason = by_field["analysis_role"], by_field["reason"]
    return [
        Box("one", f"{place}.analysis_role", f"{place}.analysis_role", role.label,
            _texts(given.get("analysis_role")), choices=role.choices),
        Box("text", f"{place}.reason", f"{place}.reason", reason.label,
            _texts(given.get("reason")), hint="One reason for the whole group."),
    ]  # fmt: skip


def _texts(value: Any) -> tuple[str, ...]:
    return () if value is None else (str(value),)


# --- one variable -----------------------------------------------------------------------------


def variable_boxes(place: str, value: Any, dataset: Dataset | None) -> list[Box]:
    """The form and the reasons of one variable."""
    given = value if isinstance(value, dict) else {}
    found = variable_of(dataset, given)
    forms = tuple(
        (form.text, _form_words(form, dataset, given))
        for form in (found.offered() if found is not None else ())
    )
    labels = {one.field: one.label for one in asks(Asked)}
    boxes = [Box("one", f"{place}.form", f"{place}.form", labels["form"],
                 _texts(given.get("form")), choices=forms)]  # fmt: skip
    if any(text.startswith("interval") for text, _ in forms) or given.get("since"):
        table = next((t for t in (dataset.tables if dataset else ())
                      if t.name == given.get("table")), None)  # fmt: skip
        dates = tuple((v.name, v.name) for v in (table.variables if table else ())
                      if v.type in ("date", "timestamp"))  # fmt: skip
        hint = "Only for days between dates: the date from which days are counted."
        boxes.append(Box("select", f"{place}.since", f"{place}.since", labels["since"],
                         _texts(given.get("since")), hint=hint, choices=dates))  # fmt: skip
    boxes.extend(
        Box("text", f"{place}.{field}", f"{place}.{field}", labels[field], _texts(given.get(field)))
        for field in ("why", "coarser_would_not_do", "without_it")
    )
    return boxes


def _form_words(form: Form, dataset: Dataset | None, given: dict[str, Any]) -> str:
    """A form with what the project sees, and what that tells about who somebody is."""
    words = f"{FORM_WORDS[form.kind]}\nThe project sees it {form.sentence}."
    place = (str(given.get("table", "")), str(given.get("variable", "")), form.text)
    band = form_band(dataset.id, *place) if dataset is not None else ""
    return f"{words} {band}" if band else words


def read_variable(sent: Sent, place: str, before: Any) -> dict[str, Any]:
    """A variable from its page; which variable it is stays."""
    was = before if isinstance(before, dict) else {}
    kept = {field: was[field] for field in ("table", "variable") if field in was}
    typed = read_part(Asked, place, sent)
    return {**typed, **kept}


# --- the rule for people ----------------------------------------------------------------------


def cohort_rows(stored: Any) -> tuple[str, list[dict[str, Any]]] | None:
    """How a rule joins its conditions, and these; None for one that this page cannot show.

    `all`, `any` or `everyone`; a rule with one condition is one of `all`.
    """
    if stored is None:
        return "all", []
    if not isinstance(stored, dict):
        return None
    if stored == {"everyone": True}:
        return "everyone", []
    if set(stored) == {"where"} and isinstance(stored["where"], dict):
        return "all", [stored["where"]]
    for join in JOINS:
        inside = stored.get(join)
        if set(stored) == {join} and isinstance(inside, list):
            leaves = [one.get("where") if isinstance(one, dict) and set(one) == {"where"} else None
                      for one in inside]  # fmt: skip
            if all(isinstance(leaf, dict) for leaf in leaves):
                return join, [leaf for leaf in leaves if leaf is not None]
    return None


def read_cohort(sent: Sent, dataset: Dataset | None) -> dict[str, Any] | None:
    """The rule from its page, or None where nothing was said."""
    said = last(sent, "join")
    join = said if said in JOINS else "all"
    rows = [row for n in row_numbers("row", sent) if (row := _condition(sent, n, dataset))]
    if join == "everyone" and not rows:
        return {"everyone": True}
    if not rows:
        return None
    if len(rows) == 1 and join == "all":
        return {"where": rows[0]}
    return {join: [{"where": row} for row in rows]}


def _condition(sent: Sent, n: int, dataset: Dataset | None) -> dict[str, Any]:
    code, op = last(sent, f"row.{n}.place"), last(sent, f"row.{n}.op")
    text = last(sent, f"row.{n}.value").strip()
    row: dict[str, Any] = read_place(code) if code else {}
    if op:
        row["op"] = op
    kind = getattr(variable_of(dataset, row), "type", "text")
    if op == "in" and text:
        row["value"] = [_value(part.strip(), kind) for part in text.split(",") if part.strip()]
    elif text:
        row["value"] = _value(text, kind)
    return row


def _value(text: str, kind: str) -> Any:
    if kind == "boolean":
        return {"yes": True, "true": True, "no": False, "false": False}.get(text.lower(), text)
    if kind in ("integer", "decimal"):
        try:
            return int(text) if kind == "integer" or text.lstrip("-").isdigit() else float(text)
        except (ValueError, OverflowError):
            return text
    return text


def cohort_boxes(rows: Sequence[Any], dataset: Dataset | None) -> list[list[Box]]:
    """The boxes of each condition, empty ones at the end."""
    places = tuple(
        (place_code(table.name, one.name), f"{one.name} ({table.title or table.name})")
        for table in (dataset.tables if dataset is not None else ())
        for one in table.variables
        if one.role is not None
    )
    return [_row_boxes(n, row, places) for n, row in enumerate([*rows, *([{}] * MORE_ROWS)])]


def _row_boxes(n: int, row: Any, places: tuple[tuple[str, str], ...]) -> list[Box]:
    given = row if isinstance(row, dict) else {}
    code = code_of(given) if given.get("variable") else ""
    known = {place for place, _ in places}
    extra = ((code, str(given.get("variable"))),) if code and code not in known else ()
    value = given.get("value")
    text = ", ".join(_shown(v) for v in value) if isinstance(value, list) else _shown(value)
    start = f"row.{n}"
    return [
        Box("select", f"{start}.place", f"{start}.place", "Detail", (code,),
            choices=(*places, *extra)),
        Box("select", f"{start}.op", f"{start}.op", "Rule", (str(given.get("op", "")),),
            choices=OPS),
        Box("line", f"{start}.value", f"{start}.value", "Value", (text,)),
    ]  # fmt: skip


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
