"""Projects that are looked for: filters and words, over what was worked out once for each file.

A snapshot holds the projects in the order of the list, and for each box that can be ticked the
places of those that fit. It is good until the next moment at which time alone changes something.
So a page of a long list costs what its rows cost, and asks the database nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.http import QueryDict

from commonweal.foundation.london import day_begins
from commonweal.governance.ai_use import needs_assessment
from commonweal.ledger.state import end_of_day
from commonweal.papers.register import RegisterEntry
from commonweal.papers.sentences import PURPOSE_WORDS
from commonweal.web.register.changes import OneProject, one_each
from commonweal.web.register.presenters import (
    STAGES,
    Line,
    Whole,
    folded,
    project_shown,
)

MOST_TYPED = 200
"""Characters of a search that are read; the rest of what was typed is not looked for."""
MOST_WORDS = 20
KIND_WORDS: dict[str, str] = {
    "nhs_body": "NHS body",
    "university": "University",
    "charity": "Charity",
    "company": "Company",
    "government": "Government",
    "local_authority": "Council",
    "custodian": "This hospital",
    "other": "Other",
}
"""Kinds of organisation, as everybody reads them."""
_YES_NO: tuple[tuple[str, str], ...] = (("yes", "Yes"), ("no", "No"))
GROUPS: dict[str, str] = {
    "stage": "Where the project stands",
    "purpose": "What it is for",
    "kind": "Kind of organisation",
    "ai": "Uses AI",
    "company": "A company takes part",
    "year": "The year it began",
}
"""The boxes that can be ticked: the name in the address, and what people read."""


@dataclass(frozen=True)
class Snapshot:
    """The projects, newest first. `fits`: by group and value, the places of those that fit.

    `counts`: how many projects stand where. `news`: those of which something came, newest first.
    """

    projects: tuple[OneProject, ...]
    fits: Mapping[tuple[str, str], frozenset[int]]
    counts: Mapping[str, int]
    news: tuple[RegisterEntry, ...]


def uses_ai(entry: RegisterEntry) -> bool:
    """True if an AI tool is made or tried: the same answer as everywhere in the house (P6)."""
    return needs_assessment(entry.permit["purposes"], entry.permit["processing"])


def has_company(entry: RegisterEntry) -> bool:
    """True if the organisation, or one that answers for the data, is a company."""
    parties = (entry.permit["organisation"], *entry.permit["controllers"])
    return any(one["kind"] == "company" for one in parties)


def facets(entry: RegisterEntry) -> Iterator[tuple[str, str]]:
    """Every box that an entry fits, but for where it stands, which time changes."""
    permit = entry.permit
    for one in permit["purposes"]:
        yield ("purpose", one)
    yield ("kind", permit["organisation"]["kind"])
    yield ("ai", "yes" if uses_ai(entry) else "no")
    yield ("company", "yes" if has_company(entry) else "no")
    yield ("year", str(permit["from"])[:4])


# --- snapshots ----------------------------------------------------------------------------------


def snapshot(whole: Whole, now: datetime) -> Snapshot:
    """The projects as they stand at `now`."""
    return _at(whole, now)[1]


def standing_since(whole: Whole, now: datetime) -> int:
    """A number that changes whenever time alone changes what the register shows."""
    return _at(whole, now)[0]


def _at(whole: Whole, now: datetime) -> tuple[int, Snapshot]:
    moments: list[datetime] | None = whole.kept.get("moments")
    if moments is None:
        moments = whole.kept["moments"] = sorted({m for one in whole.lines for m in _moments(one)})
    at = bisect_right(moments, now)
    held: tuple[int, Snapshot] | None = whole.kept.get("snapshot")
    if held is None or held[0] != at:
        held = whole.kept["snapshot"] = (at, _made(whole, now))
    return held


def _moments(line: Line) -> Iterator[datetime]:
    """When time alone changes where a project stands."""
    yield line.entry.active_from
    if line.until < date.max:
        yield day_begins(line.until + timedelta(days=1))
    if line.replaced is not None:
        yield line.replaced
    if line.entry.review_by is not None:
        yield end_of_day(line.entry.review_by.isoformat())


def _made(whole: Whole, now: datetime) -> Snapshot:
    projects = tuple(reversed(one_each(whole.lines, now)))
    places: dict[tuple[str, str], set[int]] = {}
    counts = Counter[str]()
    for number, one in enumerate(projects):
        stages = {one.line.stage(now)} | ({"planned"} if one.planned is not None else set())
        counts[one.line.stage(now)] += 1
        boxes = set(facets(one.line.entry))
        for key in boxes | {("stage", stage) for stage in stages}:
            places.setdefault(key, set()).add(number)
    newest = sorted(
        (one.entry for one in whole.lines if one.entry.reviews or one.entry.outputs),
        key=lambda entry: (news_at(entry), entry.id), reverse=True,
    )  # fmt: skip
    return Snapshot(projects, {k: frozenset(v) for k, v in places.items()}, counts, tuple(newest))


def news_at(entry: RegisterEntry) -> datetime:
    """When something last came of a project: a yearly review or an output."""
    told = [one.accepted_at for one in entry.reviews] + [one.at for one in entry.outputs]
    return max(told)


# --- what is asked for ----------------------------------------------------------------------------


def found_projects(taken: Snapshot, asked: QueryDict) -> Sequence[OneProject]:
    """The projects that fit, newest first. A planned change is found among what is planned.

    Boxes of one group are "or", groups are "and". A value that no project has finds nothing.
    """
    kept: frozenset[int] | None = None
    for group in GROUPS:
        ticked = asked.getlist(group)
        if not ticked:
            continue
        fit = frozenset[int]().union(*(taken.fits.get((group, one), ()) for one in ticked))
        kept = fit if kept is None else kept & fit
    words = folded(asked.get("q", "")[:MOST_TYPED]).split()[:MOST_WORDS]
    if kept is None and not words:
        return taken.projects
    places = range(len(taken.projects)) if kept is None else sorted(kept)
    chosen = (taken.projects[place] for place in places)
    return [one for one in chosen if all(word in one.line.text for word in words)]


def filter_groups(taken: Snapshot, asked: QueryDict) -> list[dict[str, Any]]:
    """The boxes, with how many projects each fits and what is ticked. Stages are all shown."""
    return [
        {"name": group, "legend": legend, "options": [
            {"value": value, "text": text, "count": len(taken.fits.get((group, value), ())),
             "checked": value in asked.getlist(group)}
            for value, text in _values(taken, group)
        ]}
        for group, legend in GROUPS.items()
    ]  # fmt: skip


def _values(taken: Snapshot, group: str) -> list[tuple[str, str]]:
    there = {value for name, value in taken.fits if name == group}
    if group == "stage":
        return [(key, name) for key, name, _, _ in STAGES]
    if group in ("ai", "company"):
        return list(_YES_NO)
    if group == "year":
        return [(year, year) for year in sorted(there, reverse=True)]
    words = PURPOSE_WORDS if group == "purpose" else KIND_WORDS
    return [(key, _sentence(text)) for key, text in words.items() if key in there]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def one_shown(one: OneProject, now: datetime) -> dict[str, Any]:
    """A project in a list, with the change that is planned, if there is one."""
    planned = None if one.planned is None else project_shown(one.planned.entry, now)
    return project_shown(one.line.entry, now) | {"planned": planned}
