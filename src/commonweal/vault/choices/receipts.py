"""What a person is given after they chose: a number, what it does and what it cannot do.

A receipt never says whose it is: paper is lost, and read by others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from html import escape
from typing import Any

from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import WrongUsage
from commonweal.papers.choice_rules import CANNOT, DOES, TAKEN_BACK, WHEN
from commonweal.vault.choices.journal import read_behind
from commonweal.vault.choices.recorded import Recorded
from commonweal.vault.custody import Custody

TITLE = "Your choice about your record"
_STYLE = (
    "@page { size: A4; margin: 25mm } body { font: 14pt/1.5 sans-serif; max-width: 36em; "
    "margin: 1em auto; padding: 0 1em; overflow-wrap: anywhere } "
    "section + section { break-before: page }"
)


@dataclass(frozen=True)
class Receipt:
    """One receipt. `does`: in a sentence for the person. Days are inclusive."""

    number: int
    at: datetime
    id: str
    kind: str | None
    project: str | None
    takes_back: int | None
    effective_from: date
    effective_to: date | None

    @property
    def does(self) -> str:
        """What it does, in a sentence."""
        return next((words for kind, words in DOES.items() if kind == self.kind), TAKEN_BACK)

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        end = self.effective_to
        return {
            "number": self.number, "id": self.id, "at": stamp(self.at), "kind": self.kind,
            "project": self.project, "takes_back": self.takes_back,
            "effective_from": self.effective_from.isoformat(),
            "effective_to": None if end is None else end.isoformat(),
            "does": self.does, "when": WHEN, "cannot": CANNOT,
        }  # fmt: skip

    def sentences(self) -> list[str]:
        """For the person, on paper or screen."""
        lines = [
            f"Receipt {self.number:,} ({self.id}), recorded on {_day(self.at)}.",
            self.does,
        ]
        if self.project is not None:
            lines.append(f"The project: {self.project}.")
        if self.takes_back is not None:
            lines.append(f"The earlier choice: receipt {self.takes_back:,}.")
        starts = f"It counts from {_day(self.effective_from)}"
        end = self.effective_to
        lines.append(f"{starts}." if end is None else f"{starts} to {_day(end)}.")
        keep = "Keep this receipt: its number is needed to take the choice back."
        return [*lines, WHEN, CANNOT, *([] if self.kind is None else [keep])]


def receipts_text(receipts: Sequence[Receipt]) -> str:
    """Receipts of one person as a file of plain text."""
    told = ["\n\n".join(one.sentences()) for one in receipts]
    return f"{TITLE}\n\n" + "\n\n\n".join(told) + "\n"


def receipts_html(receipts: Sequence[Receipt]) -> str:
    """Receipts of one person to print, each on a page of A4."""
    told = "".join(
        f"<section>\n<h1>{TITLE}</h1>\n"
        + "".join(f"<p>{escape(line)}</p>\n" for line in one.sentences())
        + "</section>\n"
        for one in receipts
    )
    return (
        f'<!doctype html>\n<html lang="en-GB">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{TITLE}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"{told}</main>\n</body>\n</html>\n"
    )


def receipt_for(made: Recorded) -> Receipt:
    """The receipt of an entry."""
    one = made.choice
    return Receipt(
        made.number, one.recorded_at, one.id, one.kind, one.project, one.takes_back,
        one.effective_from, one.effective_to,
    )  # fmt: skip


def receipt_of(custody: Custody, number: int) -> Receipt:
    """The receipt with this number.

    Raises `WrongUsage` CW-CHOICES-UNKNOWN, and as `read_behind`.
    """
    journal = read_behind(custody)
    try:
        return receipt_for(journal.entry(number))
    except IndexError:
        raise WrongUsage("CW-CHOICES-UNKNOWN", "No choice has this number.") from None


def _day(at: date) -> str:
    return f"{at.day} {at:%B %Y}"
