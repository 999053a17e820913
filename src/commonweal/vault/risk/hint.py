"""The smallest change that would pass: advice to the data manager when the gate refuses.

A hint answers questions about the data, so it is an oracle (S15): it goes to the data manager
only, and the caller limits and logs how many are given. It tries every single coarser form that
the catalogue offers, one variable at a time, and the number of people to leave out with the forms
as they are; it names columns, forms and counts, never a value. Several changes at once are the
matter of the optimal search.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from commonweal.papers.permit import RiskLimits
from commonweal.vault.risk.figures import Figures
from commonweal.vault.risk.gate import check_limits
from commonweal.vault.risk.sentences import people_in_words, share_in_words
from commonweal.vault.risk.shift import ShiftFigures

Forms = Mapping[str, str]
"""A form for each quasi-identifier; a name may be `table.variable`."""
MeasureForms = Callable[[Forms], Mapping[str, Figures]]
"""Measures the data with these forms: figures by table."""


@dataclass(frozen=True)
class Without:
    """What leaving people out would give: how many of how many, and the figures of the rest."""

    people: int
    of: int
    figures: Mapping[str, Figures]


@dataclass(frozen=True)
class Hint:
    """The best single change (`column` to `form`), if one passes, and whom else leaving out costs.

    `classes_kept`: share of the classes that would remain with the change, a measure of detail.
    `leave_out`: people to leave out instead, None where that does not pass either. `tried`: how
    many forms were measured.
    """

    column: str | None
    form: str | None
    classes_kept: float | None
    leave_out: int | None
    tried: int
    sentence: str


def smallest_change(
    present: Forms,
    offered: Mapping[str, Sequence[str]],
    measure: MeasureForms,
    limits: RiskLimits,
    *,
    without: Callable[[], Without] | None = None,
    shift: ShiftFigures | None = None,
) -> Hint:
    """The smallest single change after which `limits` hold.

    `present`: the forms as they are. `offered`: for each quasi-identifier the forms that the
    catalogue offers and that are coarser than the present one. `measure` is called once for the
    present forms and once for each offered one. `without` leaves people out at the present forms
    and measures the rest. `shift`: the candidate shifts, which no form of a quasi-identifier
    changes: if they are too few, no change here passes.
    """
    if check_limits({}, shift, limits):
        return Hint(
            None, None, None, None, 0,
            "No coarser form helps: too few date shifts are possible. Ask for intervals, months or "
            "years instead of moved dates, or for a larger shift.",
        )  # fmt: skip
    before = _classes(measure(present))
    found: list[tuple[float, str, str]] = []
    tried = 0
    for column, forms in offered.items():
        for form in dict.fromkeys(forms):
            if form == present.get(column):
                continue
            figures = measure({**present, column: form})
            tried += 1
            if not check_limits(figures, None, limits):
                found.append((_classes(figures) / before if before else 1.0, column, form))
    best = max(found, key=lambda change: change[0], default=None)
    rest = without() if without is not None else None
    passes = rest is not None and rest.people < rest.of
    passes = passes and rest is not None and not check_limits(rest.figures, None, limits)
    out = rest if passes else None
    sentence = _sentence(best, out)
    fewer = out.people if out is not None else None
    if best is None:
        return Hint(None, None, None, fewer, tried, sentence)
    return Hint(best[1], best[2], best[0], fewer, tried, sentence)


def _classes(figures: Mapping[str, Figures]) -> int:
    return sum(one.classes for one in figures.values())


def _sentence(best: tuple[float, str, str] | None, out: Without | None) -> str:
    parts = []
    if best is not None:
        kept, column, form = best
        parts.append(
            f"The smallest change that would pass: ask for {column} as {form} "
            f"({kept:.0%} of the distinct groups would remain)."
        )
    if out is not None:
        share = share_in_words(out.people / out.of) if out.of else "none"
        lead = "Or leave out" if parts else "Leaving out"
        end = "." if parts else " would pass; no single coarser form that is offered does."
        parts.append(f"{lead} {people_in_words(out.people)} ({share}){end}")
    if not parts:
        parts.append("No single coarser form that is offered passes, nor does leaving people out.")
    return " ".join(parts)
