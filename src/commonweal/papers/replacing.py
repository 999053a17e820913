"""One permit in the place of another: of the same project, and whether it allows more.

A newer permit that allows nothing more than the one it replaces has nothing to announce: whoever
wanted to say no to the project could do so before, and that no is kept (P1). It counts as soon as
the older one does. Who works with the data is not compared: nobody says no to a project because of
a name, names are not published, and each person is looked at by those who decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from commonweal.papers.forms import Form, shows_less
from commonweal.papers.permit import Organisation, Outputs, Permit, PermitDraft
from commonweal.papers.refusal import PermitRefused

SAME: tuple[str, ...] = (
    "project", "organisation", "controllers", "processors", "legal_basis", "choices", "cohort",
    "reference_date", "shift_weeks", "risk", "delivery", "holdout_share", "link_across_refreshes",
    "optimise_generalisation", "intruder_test", "from",
)  # fmt: skip
"""Fields that must be as they were. Any other value of one of them may allow more."""
FEWER: tuple[str, ...] = ("purposes", "processing", "sites", "restricted_codes")
"""Lists that may only lose entries."""


def check_same_project(newer: PermitDraft, older: Permit) -> None:
    """Refuse a permit that names another project's permit as the one that it replaces.

    The organisation is the same where its number is, or its name where one of them has none.
    Raises `PermitRefused` CW-PERMIT-REPLACES-OTHER.
    """
    same = newer.project.id == older.project.id
    if not same or not _same_organisation(newer.organisation, older.organisation):
        raise PermitRefused(
            "CW-PERMIT-REPLACES-OTHER",
            "The permit that this one would replace belongs to another project or organisation.",
            remedy="Name a permit of the same project, or apply for a project of its own.",
        )


def _same_organisation(one: Organisation, other: Organisation) -> bool:
    if one.reference is not None and other.reference is not None:
        return one.reference == other.reference
    return one.name == other.name


def allows_no_more(newer: PermitDraft, older: PermitDraft) -> bool:
    """Whether everything that `newer` allows, `older` allows too."""
    now, was = newer.plain(), older.plain()
    return (
        all(now.get(name) == was.get(name) for name in SAME)
        and all(_fewer(now.get(name, []), was.get(name, [])) for name in FEWER)
        and _no_more_outputs(newer.outputs, older.outputs)
        and newer.genomic <= older.genomic
        and newer.until <= older.until
        and set(older.conditions) <= set(newer.conditions)
        and _less_data(newer, older)
    )


def announced_until(newer: PermitDraft, older: Permit, now: datetime, usual: datetime) -> datetime:
    """Until when people can say no to `newer`, which replaces `older`; `usual` for any other."""
    if not allows_no_more(newer, older):
        return usual
    return min(usual, max(now, older.say_no_until))


def _fewer(now: list[Any], was: list[Any]) -> bool:
    return all(each in was for each in now)


def _no_more_outputs(now: Outputs, was: Outputs) -> bool:
    """The same rules for results; or that no model leaves, whatever was said of models before."""
    if now.models is not None and now.models.none_leaves:
        return now.model_copy(update={"models": was.models}) == was
    return now == was


def _less_data(newer: PermitDraft, older: PermitDraft) -> bool:
    now, was = _variables(newer), _variables(older)
    return all(
        place in was and since == was[place][1] and _no_more(form, was[place][0])
        for place, (form, since) in now.items()
    )


def _variables(draft: PermitDraft) -> Mapping[tuple[str, str, str], tuple[str, str | None]]:
    return {
        (dataset.dataset, table.table, one.variable): (one.form, one.since)
        for dataset in draft.data
        for table in dataset.tables
        for one in table.variables
    }


def _no_more(form: str, than: str) -> bool:
    return form == than or shows_less(Form.parse(form), Form.parse(than))
