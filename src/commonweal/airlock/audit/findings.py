"""What the audit finds, told twice (S6): to the reviewer with the sum, to the author without.

What is wrong can be the secret itself ("table 7 row 3 minus table 12 row 3 = 2 people"). So the
author's rendering is the same whether the difference is of nobody, of two people, or follows from
ten tables: their own cell, one rule, one advice, and only after a person has looked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from commonweal.airlock.audit.tables import AuditTable
from commonweal.foundation.errors import Refused

Verdict = Literal["pass", "review", "fail"]
VERDICTS: tuple[Verdict, ...] = ("pass", "review", "fail")
ADVICE = "Use coarser groups, round to a larger base, or ask again when more people differ."
_AUTHOR = "CW-AUDIT-DIFFERENCE"
_RULES = {
    "CW-AUDIT-DIFFERENCE": "Two figures may not differ by fewer than {t} people.",
    "CW-AUDIT-SAME": "Figures with other definitions may not be about the very same people.",
    "CW-AUDIT-NEAR": "Two figures about nearly the same people need a look.",
    "CW-AUDIT-SUM": "No sum of figures may be the size of a group of fewer than {t} people.",
    "CW-AUDIT-BOUNDS": "Figures may not leave fewer than {t} numbers for a group that may be "
    "smaller than {t}.",
    "CW-AUDIT-VALUE": "Sums may not differ by what fewer than {t} people add, or one or two nearly "
    "alone.",
    "CW-AUDIT-UNPROVED": "A group of fewer than {t} people that seems to follow needs a look.",
}


def given_away(low: int, high: int | None, threshold: int) -> Verdict:
    """How much it gives away that a group has `low` to `high` people (`high` None: any number).

    It passes where the group is surely large enough, where nothing more is known than a hidden
    cell says, and where at least `threshold` numbers are possible.
    """
    least = max(0, low)
    if high is None or least >= threshold:
        return "pass"
    if high < threshold:
        return "pass" if (least, high) == (0, threshold - 1) else "fail"
    return "review" if high - least + 1 < threshold else "pass"


@dataclass(frozen=True)
class Term:
    """A published figure in a sum, taken `times` times: its place, and what it says."""

    times: int
    output: str
    table: str
    row: int
    column: int
    low: int
    high: int | None

    @property
    def words(self) -> str:
        """Where the figure stands."""
        column = f" column {self.column}" if self.column > 1 else ""
        return f"{self.table} row {self.row}{column} of {self.output}"

    def plain(self) -> dict[str, Any]:
        """The term as plain JSON values."""
        return {
            "times": self.times,
            "output": self.output,
            "table": self.table,
            "row": self.row,
            "column": self.column,
            "low": self.low,
            "high": self.high,
        }


@dataclass(frozen=True)
class Finding:
    """A group of people that published figures say too much of.

    `low` to `high`: what follows of its size; `divisor`: what the sum is divided by; `people`: how
    many it really is, where people are known. `said`: of sums of values, what follows of them.
    """

    code: str
    verdict: Verdict
    terms: tuple[Term, ...]
    low: int
    high: int | None
    people: int | None
    divisor: int = 1
    said: str | None = None

    @property
    def sentence(self) -> str:
        """The sum, for the reviewer."""
        said = _people(self.low, self.high)
        if self.code == "CW-AUDIT-BOUNDS":
            places = ", ".join(one.words for one in self.terms)
            return f"Together with the other figures, those at {places} leave a group of {said}."
        if self.code == "CW-AUDIT-UNPROVED":
            places = ", ".join(one.words for one in self.terms)
            return f"A group of {said} within {places} seems to follow; no sum was found in time."
        if self.code == "CW-AUDIT-NEAR":
            first, second = self.terms
            return f"{first.words} and {second.words} differ by a few people on both sides."
        if self.code == "CW-AUDIT-VALUE":
            first, second = self.terms
            return f"{first.words} minus {second.words}: {self.said}."
        whole = "".join(
            f"{_joined(number, one)}{_times(one)}{one.words}"
            for number, one in enumerate(self.terms)
        )
        share = f", divided by {self.divisor}," if self.divisor != 1 else ""
        return f"{whole}{share} = {said}"


def _joined(number: int, term: Term) -> str:
    if number == 0:
        return "minus " if term.times < 0 else ""
    return " minus " if term.times < 0 else " plus "


def _times(term: Term) -> str:
    return f"{abs(term.times)} times " if abs(term.times) != 1 else ""


def _people(low: int, high: int | None) -> str:
    if high is None:
        return f"at least {low} people"
    if low == high:
        return "1 person" if low == 1 else f"{low} people"
    return f"{low} to {high} people"


def term(table: AuditTable, cell: int, times: int, *, column: int | None = None) -> Term:
    """A cell of a table as a term. `column`: where another of its figures stands."""
    cells = table.cells
    high = int(cells.high[cell])
    return Term(
        times,
        table.output,
        table.paper.name,
        int(cells.row[cell]),
        int(cells.column[cell]) if column is None else column,
        int(cells.low[cell]),
        None if high < 0 else high,
    )


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of some verdicts; none is a pass."""
    return max(verdicts, key=VERDICTS.index, default="pass")


def for_reviewer(findings: Sequence[Finding], threshold: int) -> list[dict[str, Any]]:
    """Everything, worst first."""
    ordered = sorted(findings, key=lambda one: -VERDICTS.index(one.verdict))
    return [
        {
            "code": one.code,
            "verdict": one.verdict,
            "rule": _RULES[one.code].format(t=threshold),
            "sentence": one.sentence,
            "sum": [term.plain() for term in one.terms],
            "divisor": one.divisor,
            "low": one.low,
            "high": one.high,
            "people": one.people,
            "advice": ADVICE,
        }
        for one in ordered
    ]


def for_author(
    findings: Sequence[Finding], output: str, threshold: int, looked: str | None
) -> list[dict[str, Any]]:
    """What the author of `output` may read: rule, own table and cell, advice; each cell once.

    Raises `Refused` CW-AUDIT-UNSEEN until a person (`looked`: who) has looked.
    """
    if not looked:
        raise Refused(
            "CW-AUDIT-UNSEEN", "No person has looked at these findings yet.",
            remedy="A reviewer looks first; then the author can be told which figures to change.",
        )  # fmt: skip
    own = {
        (one.table, one.row, one.column)
        for finding in findings
        for one in finding.terms
        if one.output == output
    }
    return [
        {
            "code": _AUTHOR,
            "rule": "Figures that leave may not, with others, be about fewer than "
            f"{threshold} people.",
            "table": table,
            "row": row,
            "column": column,
            "advice": ADVICE,
        }
        for table, row, column in sorted(own)
    ]
