"""The catalogue in plain words, filtered, and as CSV."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.http import QueryDict

from commonweal.papers.forms import FORMS
from commonweal.web.discovery.reading import CatalogueSeen, VariableRow, catalogue_of

ROLE_WORDS: dict[str, tuple[str, str]] = {
    "direct_identifier": ("Says who somebody is", "It is never shown as it is recorded."),
    "record_key": ("Joins records", "It is always replaced by a code."),
    "quasi_identifier": (
        "Could help to recognise somebody",
        "Together with other details it could point to one person. It needs its own reason.",
    ),
    "sensitive": ("Private", "It says something about a person that others should not learn."),
    "free_text": ("Written notes", "Somebody wrote this in their own words."),
    "image": ("Pictures", "An X-ray, scan or photograph."),
    "genomic": ("Genes", "It says something about a person's genes and those of their family."),
    "other": ("Other details", "It neither says who somebody is nor is private by itself."),
}
UNDECIDED = ("Not decided", "Nobody has decided yet what this is, so nobody can ask for it.")
TYPE_WORDS = {
    "text": "text",
    "integer": "whole number",
    "decimal": "number",
    "boolean": "yes or no",
    "date": "date",
    "timestamp": "date and time",
}
FORM_WORDS = {
    "exact": "As recorded",
    "pseudonym": "A code for the person",
    "record_code": "A code for the record",
    "year": "Year",
    "month": "Month",
    "interval": "Days between dates",
    "age_band": "Age group",
    "shift": "Moved date",
    "outward_postcode": "First half of the postcode",
    "truncate": "First characters",
    "rollup": "Rare values joined",
    "round": "Rounded",
    "redacted_text": "Text without names",
    "deidentified_image": "Pictures without identity",
}
_RISKY = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = ("dataset", "table", "variable", "type", "what it is", "forms offered")


def catalogue_or_none() -> CatalogueSeen | None:
    """What this home holds, or None."""
    return catalogue_of(settings.ENVIRONMENT.home)


def role_words(role: str | None) -> tuple[str, str]:
    """A role in plain words: a short name and a sentence."""
    return ROLE_WORDS[role] if role is not None else UNDECIDED


def variable_shown(row: VariableRow) -> dict[str, Any]:
    """One variable as a page shows it."""
    name, sentence = role_words(row.role)
    return {
        "dataset": row.dataset,
        "table": row.table,
        "name": row.name,
        "type": TYPE_WORDS[row.type],
        "role": name,
        "role_sentence": sentence,
        "forms": [
            {
                "code": form.text,
                "name": FORM_WORDS[form.kind],
                "sentence": form.sentence,
                "built": form.rule.built,
            }
            for form in row.forms
        ],
        "offered": row.offered,
    }


# --- searching and filtering ----------------------------------------------------------------------


def chosen(rows: Sequence[VariableRow], asked: QueryDict) -> list[VariableRow]:
    """The rows that fit what was asked: every word, and one of the ticked boxes of each group."""
    words = asked.get("q", "")[:200].replace("_", " ").casefold().split()
    groups = {name: set(asked.getlist(name)) for name in ("dataset", "role", "form")}
    return [
        row for row in rows
        if all(word in row.searched for word in words)
        and (not groups["dataset"] or row.dataset in groups["dataset"])
        and (not groups["role"] or (row.role or "undecided") in groups["role"])
        and (not groups["form"] or any(form.kind in groups["form"] for form in row.forms))
    ]  # fmt: skip


def filter_groups(catalogue: CatalogueSeen, asked: QueryDict) -> list[dict[str, Any]]:
    """The groups of boxes beside the list, with how many variables each has in all."""
    rows = catalogue.rows
    by_dataset = Counter(row.dataset for row in rows)
    by_role = Counter(row.role or "undecided" for row in rows)
    by_form = Counter(kind for row in rows for kind in {form.kind for form in row.forms})
    datasets = [(one.id, one.title, by_dataset[one.id]) for one in catalogue.datasets]
    roles = [(key, words[0], by_role[key]) for key, words in ROLE_WORDS.items() if by_role[key]]
    if by_role["undecided"]:
        roles.append(("undecided", UNDECIDED[0], by_role["undecided"]))
    forms = [(kind, FORM_WORDS[kind], by_form[kind]) for kind in FORMS if by_form[kind]]
    found = (("dataset", "Dataset", datasets), ("role", "What it is", roles),
             ("form", "Form it is offered in", forms))  # fmt: skip
    return [
        {
            "name": name,
            "legend": legend,
            "options": [
                {"value": key, "text": text, "count": count, "checked": key in asked.getlist(name)}
                for key, text, count in options
            ],
        }
        for name, legend, options in found
    ]


# --- CSV --------------------------------------------------------------------------------------


def safe_cell(text: str) -> str:
    """A cell that no spreadsheet runs as a formula."""
    return f"'{text}" if text.startswith(_RISKY) else text


def as_csv(rows: Iterable[VariableRow]) -> str:
    """The rows as CSV with a heading."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        shown = variable_shown(row)
        forms = "; ".join(form["code"] for form in shown["forms"])
        cells = (row.dataset, row.table, row.name, shown["type"], shown["role"], forms)
        writer.writerow([safe_cell(cell) for cell in cells])
    return out.getvalue()
