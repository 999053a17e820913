"""What the catalogue may say of patients: counts, completeness, ranges, codes and risk bands.

A paper for each version of a dataset's description: release 0 of the dataset, made in the vault of
everybody whose choices let them be in, and signed. Only what may stand on a public page is in it
(S22): rounded counts, never below ten people. The exact figures stay in the vault
(`vault.figures`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from commonweal.papers.base import ColumnName, Identifier, Line, Moment, Number, Paper, Sha256
from commonweal.papers.forms import Form, shows_less
from commonweal.papers.missing import MissingPeople
from commonweal.papers.release.manifest import FormText
from commonweal.papers.release.summary import RoundedCount, SummaryChoices
from commonweal.papers.signed import SignedPaper
from commonweal.papers.trust import SigningRole

STEP_PERCENT = 5
MOST_CODES = 200
Band = Literal["low", "medium", "high"]
BANDS: tuple[Band, ...] = ("low", "medium", "high")
"""How much a variable in a form tells who somebody is, from least to most."""

BAND_WORDS: dict[Band, str] = {
    "low": "Most people share what this shows with at least 1 in 10 of the others.",
    "medium": "Most people share what this shows with between 1 in 100 and 1 in 10 of the others.",
    "high": "Most people share what this shows with fewer than 1 in 100 of the others.",
}
NOT_MEASURED = "This was not measured, so it is counted as high."
CODE_WORDS = "A code made for one project tells nothing by itself."


class Shown(Paper):
    """One form of a variable. `measured` false: the band follows from the form alone."""

    band: Band
    measured: bool = True


class CodeCount(Paper):
    """A code, and by how many people it is held."""

    code: Annotated[str, Field(max_length=200)]
    people: Annotated[int, Field(ge=10, le=10**12, multiple_of=10)]


class Range(Paper):
    """Where nine in ten people have all their values: numbers to two digits, of dates the years."""

    low: Number
    high: Number


class VariableFigures(Paper):
    """Figures of one variable.

    `complete`: the percentage of a person's rows that have a value, on average over people; null
    where too few people are in the table. `codes_hidden`: some codes are not listed.
    """

    complete: Annotated[int, Field(ge=0, le=100, multiple_of=STEP_PERCENT)] | None = None
    range: Range | None = None
    codes: Annotated[tuple[CodeCount, ...], Field(max_length=MOST_CODES)] = ()
    codes_hidden: bool = False
    forms: dict[FormText, Shown] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _coarser_costs_no_more(self) -> VariableFigures:
        for text, shown in self.forms.items():
            for other, than in self.forms.items():
                less = shows_less(Form.parse(text), Form.parse(other))
                if less and BANDS.index(shown.band) > BANDS.index(than.band):
                    raise ValueError(f"the form {text} costs more than {other}, which shows more")
        return self


class TableFigures(Paper):
    """Figures of one table about people. Null: fewer than ten."""

    rows: RoundedCount = None
    people: RoundedCount = None
    variables: dict[ColumnName, VariableFigures]


class CatalogueFigures(SignedPaper):
    """All that may be shown of a dataset's people in the catalogue."""

    paper_type: ClassVar[str] = "commonweal-catalogue-figures+json"
    signing_role: ClassVar[SigningRole] = "manifest"
    called: ClassVar[str] = "The catalogue's figures"

    figures: Literal[1]
    release: Identifier
    sequence: Annotated[int, Field(ge=1, le=1_000_000)]
    supersedes: Identifier | None = None
    dataset: Identifier
    catalogue_digest: Sha256
    measured_at: Moment
    commonweal: Line
    choices: SummaryChoices
    people: RoundedCount = None
    tables: dict[ColumnName, TableFigures]
    missing: MissingPeople | None = None
    """Who cannot be found; None where nobody has to be, and in figures of earlier versions."""

    @property
    def made_at(self) -> datetime:
        """When the figures were made."""
        return self.measured_at
