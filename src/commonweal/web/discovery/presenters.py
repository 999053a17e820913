"""The catalogue in plain words, filtered, and as CSV."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.http import QueryDict

from commonweal.papers.exports.table import as_csv_with
from commonweal.papers.figures import BAND_WORDS, CODE_WORDS, NOT_MEASURED, Shown, VariableFigures
from commonweal.papers.forms import FORMS, Form
from commonweal.web.discovery.reading import (
    CatalogueSeen,
    DatasetSeen,
    TableSeen,
    VariableRow,
    catalogue_of,
)

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
COLUMNS = ("dataset", "table", "variable", "type", "what it is", "forms offered",
           "complete (percent)", "risk of each form")  # fmt: skip
BANDS = {"low": "Low", "medium": "Medium", "high": "High"}
BAND_COLOURS = {"low": "green", "medium": "yellow", "high": "red"}
HIDDEN = "Hidden, because it is about few people"
NOT_COUNTED = "Not counted yet"
COMPLETE_STEPS = (90, 75, 50)
_MOST_DATASETS = 20
"""So many datasets have a box each beside the list; more are found by their own list."""


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
        "forms": [_form_shown(form, row.figures) for form in row.forms],
        "offered": row.offered,
        "complete": complete_words(row.figures),
        "percent": row.complete,
        "range": _range_words(row),
        "codes": [one.plain() for one in row.figures.codes] if row.figures else [],
        "codes_hidden": row.figures is not None and row.figures.codes_hidden,
    }


def _form_shown(form: Form, figures: VariableFigures | None) -> dict[str, Any]:
    shown = None if figures is None else figures.forms.get(form.text)
    return {
        "code": form.text,
        "name": FORM_WORDS[form.kind],
        "sentence": form.sentence,
        "built": form.rule.built,
        "band": None if shown is None else shown.band,
        "band_name": NOT_COUNTED if shown is None else BANDS[shown.band],
        "band_colour": "grey" if shown is None else BAND_COLOURS[shown.band],
        "band_sentence": "" if shown is None else band_sentence(shown),
    }


def band_sentence(shown: Shown) -> str:
    """What a band means."""
    if shown.measured:
        return BAND_WORDS[shown.band]
    return CODE_WORDS if shown.band == "low" else NOT_MEASURED


def form_band(dataset: str, table: str, variable: str, form: str) -> str:
    """What a form tells about who somebody is, in one line; empty where it was not measured."""
    catalogue = catalogue_or_none()
    found = None if catalogue is None else catalogue.dataset(dataset)
    figures = None if found is None else found.described.variable(table, variable)
    shown = None if figures is None else figures.forms.get(form)
    if shown is None:
        return ""
    return f"Chance that it helps to recognise somebody: {shown.band}. {band_sentence(shown)}"


def complete_words(figures: VariableFigures | None) -> str:
    """How full a variable is, in words."""
    if figures is None:
        return NOT_COUNTED
    if figures.complete is None:
        return HIDDEN
    if figures.complete in (0, 100):
        return "Nearly always" if figures.complete else "Hardly ever"
    return f"About {figures.complete} in 100"


def _range_words(row: VariableRow) -> str:
    figures = row.figures
    if figures is None or figures.range is None:
        return ""
    low, high = figures.range.low, figures.range.high
    if row.type in ("date", "timestamp"):
        return f"For most people between {int(low)} and {int(high)}"
    return f"For most people between {low:g} and {high:g}"


def count_words(count: int | None, what: str, *, counted: bool) -> str:
    """A count of people or rows in words."""
    if not counted:
        return NOT_COUNTED
    return HIDDEN if count is None else f"About {count:,} {what}"


def table_shown(table: TableSeen, variables: int) -> dict[str, Any]:
    """One table as a page shows it."""
    figures = table.figures
    counted = figures is not None
    return {
        "name": table.name,
        "title": table.title,
        "people": table.people,
        "variables": variables,
        "people_words": count_words(figures.people if figures else None, "people", counted=counted),
        "rows_words": count_words(figures.rows if figures else None, "rows", counted=counted),
    }


def dataset_shown(dataset: DatasetSeen) -> dict[str, Any]:
    """One dataset as a list shows it."""
    figures = dataset.figures
    people = figures.people if figures else None
    return {
        "id": dataset.id,
        "title": dataset.title,
        "tables": len(dataset.tables),
        "variables": len(dataset.rows),
        "people_words": count_words(people, "people", counted=figures is not None),
    }


# --- searching and filtering ----------------------------------------------------------------------


def chosen(rows: Sequence[VariableRow], asked: QueryDict) -> Sequence[VariableRow]:
    """The rows that fit what was asked: every word, and one of the ticked boxes of each group."""
    words = asked.get("q", "")[:200].replace("_", " ").casefold().split()
    groups = {name: set(asked.getlist(name)) for name in ("dataset", "role", "form")}
    least = _least_complete(asked)
    for word in words:
        rows = [row for row in rows if word in row.searched]
    if least is None and not any(groups.values()):
        return rows
    return [
        row for row in rows
        if (not groups["dataset"] or row.dataset in groups["dataset"])
        and (not groups["role"] or (row.role or "undecided") in groups["role"])
        and (not groups["form"] or any(form.kind in groups["form"] for form in row.forms))
        and (least is None or (row.complete is not None and row.complete >= least))
    ]  # fmt: skip


def _least_complete(asked: QueryDict) -> int | None:
    """The lowest of the ticked steps of completeness."""
    steps = [int(one) for one in asked.getlist("complete") if one.isascii() and one.isdigit()
             and len(one) < 4]  # fmt: skip
    return min(steps) if steps else None


def found_datasets(catalogue: CatalogueSeen, asked: QueryDict) -> list[DatasetSeen]:
    """The datasets in whose title or id every word occurs."""
    words = asked.get("q", "")[:200].replace("_", " ").casefold().split()
    return [one for one in catalogue.datasets if all(word in one.searched for word in words)]


def filter_groups(catalogue: CatalogueSeen, asked: QueryDict) -> list[dict[str, Any]]:
    """The groups of boxes beside the list, with how many variables each has in all."""
    by_role, by_form = catalogue.roles, catalogue.forms
    ticked = set(asked.getlist("dataset"))
    known = [one for one in catalogue.datasets if one.id in ticked][:_MOST_DATASETS]
    if len(catalogue.datasets) <= _MOST_DATASETS:
        known = list(catalogue.datasets)
    datasets = [(one.id, one.title, len(one.rows)) for one in known]
    roles = [(key, words[0], by_role[key]) for key, words in ROLE_WORDS.items() if by_role[key]]
    if by_role["undecided"]:
        roles.append(("undecided", UNDECIDED[0], by_role["undecided"]))
    forms = [(kind, FORM_WORDS[kind], by_form[kind]) for kind in FORMS if by_form[kind]]
    full = [(str(step), f"At least {step} in 100", None) for step in COMPLETE_STEPS]
    found = (
        ("dataset", "Dataset", datasets),
        ("role", "What it is", roles),
        ("form", "Form it is offered in", forms),
        ("complete", "How often it is there", full),
    )
    return [
        {
            "name": name,
            "legend": legend,
            "options": [
                {"value": key, "text": text, "checked": key in asked.getlist(name)}
                | ({} if count is None else {"count": count})
                for key, text, count in options
            ],
        }
        for name, legend, options in found
        if options
    ]  # fmt: skip


# --- CSV --------------------------------------------------------------------------------------


def as_csv(rows: Iterable[VariableRow]) -> str:
    """The rows as CSV with a heading."""
    return as_csv_with(COLUMNS, (_cells(row) for row in rows))


def _cells(row: VariableRow) -> tuple[str, ...]:
    forms = "; ".join(form.text for form in row.forms)
    full = "" if row.complete is None else str(row.complete)
    bands = row.figures.forms if row.figures is not None else {}
    risks = "; ".join(f"{form}: {shown.band}" for form, shown in bands.items())
    role = role_words(row.role)[0]
    return (row.dataset, row.table, row.name, TYPE_WORDS[row.type], role, forms, full, risks)
