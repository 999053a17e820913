"""The utility report: what the data can no longer tell, beside what they give away.

For `risk.json` and as one section of the report for people. How much of a variable's detail is kept
is the information (entropy over the released rows) of what is shown over that of what is recorded:
1 where nothing is lost, 0 where everybody reads alike. It says nothing of how useful that detail
was; and leaving out rare people makes data less like the population, which no share here counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from commonweal.papers.forms import Form
from commonweal.vault.risk.sentences import people_in_words, share_in_words

DataTable = Callable[[str, Sequence[str], Sequence[Sequence[str]]], list[str]]
"""Caption, heads and rows to lines of HTML."""


@dataclass(frozen=True)
class Detail:
    """One released variable: the agreed form, the one shown, and the share of detail kept.

    `kept` is None where values are replaced by codes or moved: that is no matter of detail.
    """

    table: str
    column: str
    agreed: str
    shown: str
    kept: float | None


@dataclass(frozen=True)
class Utility:
    """What was lost: of each variable, and of people and rows (before and after) by leaving people
    out to keep the limits. `choice`: what was chosen, where forms were (as in the manifest, with
    every candidate that was looked at)."""

    people: tuple[int, int]
    rows: Mapping[str, tuple[int, int]]
    details: tuple[Detail, ...]
    choice: Mapping[str, Any] = field(default_factory=dict)
    chosen: tuple[str, ...] = ()


def utility_json(utility: Utility) -> dict[str, Any]:
    """The part `utility` of `risk.json`."""
    shares = [one.kept for one in utility.details if one.kept is not None]
    return {
        "people": _before_after(utility.people),
        "rows": {name: _before_after(both) for name, both in utility.rows.items()},
        "mean_kept": sum(shares) / len(shares) if shares else None,
        "columns": {
            f"{one.table}.{one.column}": {
                "agreed": one.agreed,
                "shown": one.shown,
                "kept": one.kept,
            }
            for one in utility.details
        },
    }


def utility_html(utility: Utility | None, data_table: DataTable) -> list[str]:
    """The section of the report; nothing where nothing was worked out."""
    if utility is None:
        return []
    before, after = utility.people
    rows = [
        (f"{name}: rows", f"{first:,}", f"{last:,}") for name, (first, last) in utility.rows.items()
    ]
    people = [("People", people_in_words(before), people_in_words(after)), *rows]
    lost = [
        (
            f"{one.table}: {one.column}",
            Form.parse(one.shown).sentence,
            "as agreed"
            if one.agreed == one.shown
            else f"agreed: {Form.parse(one.agreed).sentence}",
            "does not apply" if one.kept is None else share_in_words(one.kept),
        )
        for one in utility.details
    ]
    choice = [f"<p>{escape(' '.join(utility.chosen))}</p>"] if utility.chosen else []
    return [
        "<h2>What was lost</h2>",
        "<p>Detail is kept where the data still tell apart what the records tell apart.</p>",
        *choice,
        *data_table(
            "Detail that is kept", ("Item", "How it is shown", "Agreed", "Detail kept"), lost
        ),
        *data_table("Left out to keep the limits", ("What", "Before", "In the data"), people),
    ]


def _before_after(both: tuple[int, int]) -> dict[str, int]:
    return {"before": both[0], "after": both[1]}
