"""Counts of missing people as the catalogue's figures may hold them, and as a release cites them.

They are told in one place only, release 0, by its three rules: held until ten people differ, cut to
tens after a secret step, no small rest (`figures.publishing`). A plan and a release show what was
told there and whether ten people differ since: two plans, or a plan and a release, are never two
figures that somebody could subtract.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

from commonweal.papers.missing import (
    EqualityVariable,
    GroupTold,
    LostShare,
    MissingPeople,
    MissingTold,
    VariableTold,
)
from commonweal.vault.equality.measuring import Found, MissingFound
from commonweal.vault.figures.publishing import (
    ENOUGH,
    Counts,
    Margins,
    cell,
    listed,
    without_small_rest,
)

What = Literal["kept", "lost"]
_MISSING = ""
"""Before every count of ours: no table has an empty name, so no count of a table is called so."""


class Holds(Protocol):
    """One version of a dataset's figures while it is made."""

    @property
    def counts(self) -> Counts:
        """What was shown before, and the secrets of counts."""
        ...

    def hold(self, exact: dict[str, int], *, new: bool) -> dict[str, int]:
        """Keep counts, and give those that figures are made of."""
        ...


def whole_cell(what: What) -> str:
    """The name of a count of everybody."""
    return cell(_MISSING, "", "whole", what)


def group_cell(variable: str, group: str, what: What) -> str:
    """The name of a count of a group."""
    return cell(_MISSING, variable, "group", what, group)


def tell(
    version: Holds, found: MissingFound, rows: Mapping[str, LostShare | None]
) -> MissingPeople:
    """What may be told. `found`: of `kept` only those whose choices let them be counted."""
    whole = {whole_cell("kept"): found.whole.kept, whole_cell("lost"): found.whole.lost}
    held = version.hold(whole, new=not version.counts.knows(whole_cell("lost")))
    shown = version.counts.shown(held)
    return MissingPeople(
        kept=shown[whole_cell("kept")],
        lost=shown[whole_cell("lost")],
        variables=tuple(_variable(version, one, groups) for one, groups in found.variables.items()),
        rows=dict(rows),
    )


def _variable(version: Holds, one: EqualityVariable, groups: Mapping[str, Found]) -> VariableTold:
    kept = _told(version, one.variable, "kept", {name: n.kept for name, n in groups.items()})
    lost = _told(version, one.variable, "lost", {name: n.lost for name, n in groups.items()})
    return VariableTold(
        variable=one.variable,
        describes=one.describes,
        groups=tuple(
            GroupTold(group=name, kept=kept.get(name), lost=lost.get(name)) for name in groups
        ),
    )


def _told(
    version: Holds, variable: str, what: What, exact: Mapping[str, int]
) -> dict[str, int | None]:
    """The groups of which a count is shown. The others are ten people together, or nobody."""
    names = {group_cell(variable, group, what): group for group in exact}
    rest = cell(_MISSING, variable, "rest", what)
    new = not version.counts.knows(rest)
    held = version.hold({name: exact[group] for name, group in names.items()}, new=new)
    open_ = listed(held)
    over = sum(exact.values()) - sum(exact[names[name]] for name in open_)
    rests = version.hold({rest: over}, new=new)
    shown = version.counts.shown(held)
    return {names[name]: shown[name] for name in without_small_rest(open_, rests.values())}


def share_of_rows(lost: int, rows: int) -> LostShare | None:
    """The share of a table's rows that lead to nobody; None where few rows are there."""
    if rows < ENOUGH:
        return None
    if lost * 100 < rows:
        return "under 1 in 100"
    if lost * 20 < rows:
        return "1 in 100 to 1 in 20"
    return "1 in 20 to 1 in 10" if lost * 10 < rows else "1 in 10 or more"


@dataclass(frozen=True)
class Cited:
    """What release 0 of a dataset told of missing people, and the counts it was made of."""

    figures: str
    measured_on: date
    people: MissingPeople
    held: Mapping[str, int]
    margins: Margins

    def told(self, now: MissingFound) -> MissingTold:
        """As a plan or a release shows it, for a source in which `now` was counted.

        Counted are people without an NHS number, whatever the permit needs, as in release 0. That
        some count is another tells of ten people at least: it is asked as release 0 is held.
        """
        counts = {whole_cell("lost"): now.whole.numberless}
        for one, groups in now.variables.items():
            for name, found in groups.items():
                counts[group_cell(one.variable, name, "lost")] = found.numberless
        known = {name: n for name, n in counts.items() if name in self.held}
        fresh = Counts(self.margins, self.held).hold(known)
        return MissingTold(
            figures=self.figures,
            measured_on=self.measured_on,
            changed=any(fresh[name] != self.held[name] for name in known),
            people=self.people,
        )
