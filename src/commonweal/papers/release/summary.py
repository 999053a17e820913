"""What may leave the vault about a release (S14), and the statement of absence (S7).

One exact figure about removals can say that one neighbour opted out. So `summarise` reads only
what it may publish: the people left out are one figure for every reason, counts are rounded and
small ones hidden, risk is in bands.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from commonweal.papers.base import ColumnName, Day, Identifier, Line, Moment, Paper, Sha256, Text
from commonweal.papers.missing import MissingTold
from commonweal.papers.release.manifest import (
    ChoiceKind,
    FormText,
    PeopleCounts,
    ReleasedTable,
    ReleaseManifest,
    RiskFigures,
)
from commonweal.papers.signed import SignedPaper
from commonweal.papers.trust import SigningRole
from commonweal.papers.vocabulary import DeterminationCode, VariableType

STEP = 10
"""Counts of people and rows that leave are rounded to this, and hidden below it."""

ClassSizeBand = Literal["fewer than 5", "5 to 9", "10 to 19", "20 or more"]
VarietyBand = Literal["1", "2 to 4", "5 or more"]
ShareBand = Literal[
    "under 1 in 100", "1 in 100 to 1 in 20", "1 in 20 to 1 in 10", "1 in 10 to 1 in 5",
    "1 in 5 or more",
]  # fmt: skip
"""Each band holds its lower end and not its upper end."""
RoundedCount = Annotated[int, Field(ge=STEP, le=10**12, multiple_of=STEP)] | None
"""Rounded to 10; null where it is under 10."""


class SummaryColumn(Paper):
    """One released column, as the permit allows it."""

    name: ColumnName
    type: VariableType | Literal["code"]
    form: FormText


class SummaryTable(Paper):
    """One table with its rounded number of rows."""

    rows: RoundedCount = None
    columns: tuple[SummaryColumn, ...]


class SummaryChoices(Paper):
    """Which kinds of choice the rules applied. `checked_on`: the national list's date."""

    applied: tuple[ChoiceKind, ...]
    checked_on: Day | None = None
    determination: DeterminationCode | None = None


class SummaryPeople(Paper):
    """`left_out` is one figure for every reason there is; which reasons is not told."""

    left_out: RoundedCount = None
    released: RoundedCount = None


class SummaryRisk(Paper):
    """Risk after everything was done, in bands. `smallest_group` is k, `variety` distinct l."""

    smallest_group: ClassSizeBand
    variety: VarietyBand | None = None
    prosecutor_mean: ShareBand
    marketer: ShareBand


class ReleaseSummary(SignedPaper):
    """All that may leave the vault about a release. No exact count of people or rows."""

    paper_type: ClassVar[str] = "commonweal-release-summary+json"
    signing_role: ClassVar[SigningRole] = "manifest"
    called: ClassVar[str] = "The release summary"

    summary: Literal[1]
    release: Identifier
    sequence: Annotated[int, Field(ge=1, le=1_000_000)]
    permit_id: Identifier
    permit_hash: Sha256
    supersedes: Identifier | None = None
    built_at: Moment
    commonweal: Line
    choices: SummaryChoices
    people: SummaryPeople
    missing: MissingTold | None = None
    tables: dict[ColumnName, SummaryTable]
    risk: SummaryRisk
    membership_root: Sha256
    data_level: Literal["de-personalised"] = "de-personalised"

    @property
    def made_at(self) -> datetime:
        """When the release was built."""
        return self.built_at


def summarise(manifest: ReleaseManifest) -> ReleaseSummary:
    """What may leave about the release that `manifest` describes."""
    national = manifest.choices.national
    return ReleaseSummary(
        summary=1,
        release=manifest.release,
        sequence=manifest.sequence,
        permit_id=manifest.permit_id,
        permit_hash=manifest.permit_hash,
        supersedes=manifest.supersedes,
        built_at=manifest.built_at,
        commonweal=manifest.commonweal,
        choices=SummaryChoices(
            applied=tuple(sorted(manifest.choices.applied)),
            checked_on=national.checked_at.date() if national.checked_at is not None else None,
            determination=national.determination,
        ),
        people=people_summary(manifest.patients),
        missing=None if manifest.missing is None else manifest.missing.told,
        tables={name: _summary_table(table) for name, table in manifest.tables.items()},
        risk=risk_summary(manifest.risk.after),
        membership_root=manifest.membership.root,
    )


def people_summary(people: PeopleCounts) -> SummaryPeople:
    """What may leave of exact counts of people."""
    return SummaryPeople(left_out=rounded(people.left_out), released=rounded(people.released))


def risk_summary(risk: RiskFigures) -> SummaryRisk:
    """What may leave of exact figures of risk."""
    return SummaryRisk(
        smallest_group=class_size_band(risk.k),
        variety=None if risk.least_distinct is None else variety_band(risk.least_distinct),
        prosecutor_mean=share_band(risk.prosecutor.mean),
        marketer=share_band(risk.marketer),
    )


def rounded(count: int) -> int | None:
    """`count` to the nearest 10, halves up; None under 10."""
    return None if count < STEP else (count + STEP // 2) // STEP * STEP


def class_size_band(size: int) -> ClassSizeBand:
    """The band of a smallest group of people who look alike."""
    if size < 5:
        return "fewer than 5"
    if size < 10:
        return "5 to 9"
    return "10 to 19" if size < 20 else "20 or more"


def variety_band(distinct: int) -> VarietyBand:
    """The band of the fewest distinct sensitive values in a group."""
    if distinct < 2:
        return "1"
    return "2 to 4" if distinct < 5 else "5 or more"


def share_band(share: float) -> ShareBand:
    """The band of a chance from 0 to 1."""
    if share < 0.01:
        return "under 1 in 100"
    if share < 0.05:
        return "1 in 100 to 1 in 20"
    if share < 0.1:
        return "1 in 20 to 1 in 10"
    return "1 in 10 to 1 in 5" if share < 0.2 else "1 in 5 or more"


def _summary_table(table: ReleasedTable) -> SummaryTable:
    columns = tuple(
        SummaryColumn(name=column.name, type=column.type, form=column.form)
        for column in table.columns
    )
    return SummaryTable(rows=rounded(table.rows), columns=columns)


class StatementOfAbsence(SignedPaper):
    """The signed answer that somebody is not in a release. It covers this system only (S7).

    `about` is a commitment to who asked, made by the caller with fresh randomness that only the
    person gets: the statement itself names nobody.
    """

    paper_type: ClassVar[str] = "commonweal-statement-of-absence+json"
    signing_role: ClassVar[SigningRole] = "statement"
    called: ClassVar[str] = "The statement of absence"

    statement: Literal[1]
    release: Identifier
    made_on: Day
    about: Sha256
    sentence: Text
    issued_at: Moment

    @model_validator(mode="after")
    def _says_so(self) -> StatementOfAbsence:
        if self.sentence != absence_sentence(self.made_on):
            raise ValueError("the sentence is not the one for this date")
        return self

    @property
    def made_at(self) -> datetime:
        """When the statement was made."""
        return self.issued_at


def absence_sentence(made_on: date) -> str:
    """The words of a statement of absence for data made on a date."""
    return (
        f"Our signed list for the data made on {made_on.day} {made_on:%B %Y} does not include your "
        "record. It covers this system only."
    )
