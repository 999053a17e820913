"""Whether a release made again is the one that people looked at, but for people and their records.

Pure: two manifests in, what differs out. What may differ is what a refresh is for: which rows the
source holds now, and what people have said since. All else was decided by people who saw it, so a
difference in it goes back to them (S13).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from commonweal.papers.release import ReleaseManifest

MOST_CHANGE = 0.25
"""By which share of what people saw a source or a cohort may grow or shrink before they look."""
LEAST_KEPT, FEW = 0.5, 10
"""Which share of the choices that people saw must still be there, where there were not few."""


def _columns(one: ReleaseManifest) -> Any:
    return {name: table.columns for name, table in one.tables.items()}


def _choices(one: ReleaseManifest) -> Any:
    national = one.choices.national
    return set(one.choices.applied), national.applied, national.determination


def _searched(one: ReleaseManifest) -> Any:
    found = one.risk.generalisation
    return None if found is None else found.levels


_ASPECTS: tuple[tuple[str, Callable[[ReleaseManifest], Any]], ...] = (
    ("its permit", lambda one: (one.permit_id, one.permit_hash)),
    ("its catalogue", lambda one: one.catalogue_digest),
    ("the kind of its source", lambda one: one.source.kind),
    ("where its source lies", lambda one: one.source.place),
    ("how people are told apart", lambda one: one.person_kind),
    ("its tables and columns", _columns),
    ("how its tables hang together", lambda one: set(one.links or ())),
    ("its forms", _searched),
    ("which choices are honoured", _choices),
    ("its limits of risk", lambda one: one.risk.limits),
    ("the scope of its codes", lambda one: one.pseudonym_scope),
    ("whether people are kept back", lambda one: one.holdout is None),
    ("whether its identifiers can be sieved", lambda one: one.sieve is None),
    ("the table of the population", lambda one: one.risk.population),
    ("what it is called", lambda one: one.data_level),
)
"""What people saw, by the words in which they are told that it is another now."""


def differences(seen: ReleaseManifest, made: ReleaseManifest) -> tuple[str, ...]:
    """In what `made` is not what people saw in `seen`; nothing where only people and rows changed.

    A table of the population is a file of somebody's that no refresh can read again, so a release
    that was measured against one always differs.

    A manifest that does not say where its source lies, as older ones do not, differs from any. What
    else may change without a decision is looked at by what comes of it: half a source, or choices
    that were lost, show in how many people there are.
    """
    changed = [what for what, of in _ASPECTS if of(seen) != of(made)]
    if seen.source.place is None and made.source.place is None:
        changed.append("where its source lies")
    return (*changed, *(what for what, broke in _NUMBERS if broke(seen, made)))


def _other_size(seen: int, made: int) -> bool:
    return not seen * (1 - MOST_CHANGE) <= made <= seen * (1 + MOST_CHANGE)


def _lost(seen: int, made: int) -> bool:
    return seen >= FEW and made < seen * LEAST_KEPT


_NUMBERS: tuple[tuple[str, Callable[[ReleaseManifest, ReleaseManifest], bool]], ...] = (
    (
        "how many people its source holds",
        lambda seen, made: _other_size(seen.patients.considered, made.patients.considered),
    ),
    (
        "how many people it is about",
        lambda seen, made: _other_size(seen.patients.in_cohort, made.patients.in_cohort),
    ),
    (
        "how many choices were found",
        lambda seen, made: (
            _lost(seen.choices.objections_rows, made.choices.objections_rows)
            or _lost(seen.patients.removed.total, made.patients.removed.total)
        ),
    ),
)
