"""Counts for feasibility as pages show them: what can be asked, and the band that was told (S5).

There is one way to an answer, `CubeTold.answer`, the same as in the vault. What is asked is held
against the declaration alone, before any figure is looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.http import QueryDict

from commonweal.foundation.errors import Fault, Unavailable, WrongUsage
from commonweal.papers.cube import CubeCategory, CubeDeclaration, CubeDimension, CubeTold
from commonweal.web.discovery.models import Counts
from commonweal.web.discovery.reading import DatasetSeen
from commonweal.web.register.presenters import entry_or_none, stage_of

_CALLED = "The counts for feasibility"


def read_told(row: Counts) -> CubeTold:
    """The paper of a row that has one. Raises `Fault` CW-CUBE-INVALID.

    It is read once, so that how long an answer takes does not follow from how much there is.
    """
    return _read(row.digest, row.pk)


@lru_cache(maxsize=64)
def _read(digest: str, pk: int) -> CubeTold:
    plain = Counts.objects.values_list("told", flat=True).get(pk=pk)
    found = CubeTold.read(plain, _CALLED, "CW-CUBE-INVALID")
    if found.digest() != digest:
        raise Fault("CW-CUBE-INVALID", f"{_CALLED} were changed since they were told.")
    return found


def check_told(told: CubeTold, at: datetime) -> None:
    """Refuse counts that are not answered from any more: by time and permit, never by data.

    Raises `Unavailable` CW-CUBE-MISSING.
    """
    if at >= told.answered_until:
        raise Unavailable(
            "CW-CUBE-MISSING",
            f"The newest numbers are of {month_words(told.month)}, and too old to be told.",
            remedy="The hospital makes new ones. Look again in a few days.",
        )
    entry = entry_or_none(told.permit_id)
    if entry is None or stage_of(entry, at) != "active":
        raise Unavailable(
            "CW-CUBE-MISSING",
            "The permit under which these numbers are told is not in force now.",
            remedy="Look again later, or ask the hospital.",
        )


def read_question(declaration: CubeDeclaration, asked: QueryDict) -> dict[str, str]:
    """Category by dimension of what a form sent. Raises `WrongUsage` CW-CUBE-QUESTION.

    Only names that are declared, each once; empty: it does not matter.
    """
    known = {one.name: one for one in declaration.dimensions}
    found: dict[str, str] = {}
    for name, values in asked.lists():
        if name not in known or len(values) != 1:
            raise _not_asked()
        value = values[0]
        if not value:
            continue
        if known[name].place(value) is None:
            raise _not_asked()
        found[name] = value
    return found


def _not_asked() -> WrongUsage:
    return WrongUsage(
        "CW-CUBE-QUESTION",
        "This cannot be asked. You can only choose from the lists on the page.",
        remedy="Go back and choose one answer in each list.",
    )


# --- what pages show ------------------------------------------------------------------------------


def month_words(month: str) -> str:
    """A month in words: March 2026."""
    return f"{date.fromisoformat(f'{month}-01'):%B %Y}"


def asked_words(declaration: CubeDeclaration, question: dict[str, str]) -> list[tuple[str, str]]:
    """(dimension, category) of what was asked, as it is labelled."""
    return [
        (one.label, next(_words(c) for c in one.categories if c.name == question[one.name]))
        for one in declaration.dimensions
        if one.name in question
    ]


MOST_BESIDE = 3
"""Codes that stand beside an answer in its list; all are in the list below the form."""


def _words(category: CubeCategory, most: int = MOST_BESIDE) -> str:
    """An answer with the codes that it stands for, where they say anything else."""
    if category.values == (category.label,):
        return category.label
    more = len(category.values) - most
    codes = ", ".join(category.values[:most]) + (f" and {more:,} more" if more > 0 else "")
    return f"{category.label} ({codes})"


def counted_from(dimension: CubeDimension, tables: Mapping[str, str]) -> str:
    """Where the answers of a list come from, in the catalogue's words.

    `tables`: titles of the dataset's tables by their names.
    """
    how = {"truncate": "the first {} signs of each code", "age_band": "in steps of {} years",
           "year": "the year alone"}  # fmt: skip
    form = dimension.parsed
    told = how.get(form.kind, "")
    said = f"From {dimension.variable} of {tables.get(dimension.table) or dimension.table}"
    if not told:
        return f"{said}."
    return f"{said}: {told.format(form.whole(0) if '{}' in told else '')}."


def dimensions_shown(
    declaration: CubeDeclaration, asked: QueryDict, described: DatasetSeen | None
) -> list[dict[str, Any]]:
    """The lists to choose from, with what was chosen, and what each answer stands for.

    `described`: the dataset in the catalogue, for its words.
    """
    tables = {} if described is None else {one.name: one.title for one in described.tables}
    listed = set() if described is None else {(one.table, one.name) for one in described.rows}
    return [
        {
            "id": f"choose-{number}",
            "name": one.name,
            "label": one.label,
            "hint": counted_from(one, tables),
            "listed": (one.table, one.variable) in listed,
            "table": one.table,
            "variable": one.variable,
            "codes": [(c.label, ", ".join(c.values)) for c in one.categories],
            "few": one.at_most if one.at_most < len(one.categories) else 0,
            "options": [
                {"value": "", "text": "Does not matter", "selected": not asked.get(one.name)},
                *(
                    {"value": c.name, "text": _words(c), "selected": asked.get(one.name) == c.name}
                    for c in one.categories
                ),
            ],
        }
        for number, one in enumerate(declaration.dimensions, 1)
    ]


def told_shown(told: CubeTold) -> dict[str, Any]:
    """How old the counts are, and what was done to them."""
    return {
        "month": month_words(told.month),
        "counted_on": told.frozen_at,
        "choices_on": told.choices.checked_on,
        "until": told.answered_until,
        "permit": told.permit_id,
        "spread": told.declaration.spread,
        "lowest": told.declaration.edges[0],
        "figures": told.declaration.cells,
    }
