"""Who may be missing from the data, in plain words: from the catalogue's figures alone (P9).

They are of the whole dataset and were made before anybody applied (S5). What a project's own people
would be is never counted for a page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from commonweal.papers.missing import (
    EQUALITY_WORDS,
    GroupTold,
    LostShare,
    MissingPeople,
    MissingTold,
)
from commonweal.web.discovery.presenters import catalogue_or_none

FEW = "fewer than 10"
HIDDEN = "hidden, or fewer than 10"
_ENOUGH = 200
"""A share is worked out of the rounded figures, and only where one step of them is small."""
ROW_WORDS: Mapping[LostShare | None, str] = {
    "under 1 in 100": "fewer than 1 in 100",
    "1 in 100 to 1 in 20": "between 1 and 5 in 100",
    "1 in 20 to 1 in 10": "between 5 and 10 in 100",
    "1 in 10 or more": "10 in 100 or more",
    None: "not told, because there are few rows",
}


def missing_of(dataset: str | None) -> dict[str, Any] | None:
    """What may be shown of a dataset; None where nothing was counted."""
    catalogue = catalogue_or_none() if dataset else None
    found = catalogue.dataset(dataset) if catalogue is not None and dataset else None
    if found is None or found.figures is None or found.figures.missing is None:
        return None
    return shown(found.figures.missing, found.figures.measured_at)


def told_shown(told: MissingTold | None) -> dict[str, Any] | None:
    """What a plan or a release cites."""
    if told is None:
        return None
    return shown(told.people, told.measured_on) | {"changed": told.changed, "figures": told.figures}


def shown(people: MissingPeople, measured_on: Any) -> dict[str, Any]:
    """The figures as a page shows them."""
    return {
        "measured_on": measured_on,
        "lost": FEW if people.lost is None else f"about {people.lost:,}",
        "share": _share(people.kept, people.lost),
        "variables": [
            {
                "title": EQUALITY_WORDS[one.describes],
                "name": one.variable,
                "groups": [_group(group) for group in one.groups],
            }
            for one in people.variables
        ],
        "rows": [(name, ROW_WORDS[share]) for name, share in people.rows.items()],
    }


def _group(group: GroupTold) -> dict[str, str]:
    return {
        "group": group.group,
        "kept": HIDDEN if group.kept is None else f"about {group.kept:,}",
        "lost": HIDDEN if group.lost is None else f"about {group.lost:,}",
        "share": _share(group.kept, group.lost),
    }


def _share(kept: int | None, lost: int | None) -> str:
    """How many of a hundred are lost; empty where that would be guesswork."""
    if kept is None or kept + (lost or 0) < _ENOUGH:
        return ""
    if lost is None:
        return "" if kept < 10 * _ENOUGH else "fewer than 1 in 100"
    share = 100 * lost / (kept + lost)
    return "fewer than 1 in 100" if share < 1 else f"about {share:.0f} in 100"
