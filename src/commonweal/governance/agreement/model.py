"""The papers that parties sign: framework contract, agreement, internal terms.

Each holds its clauses in full, filled in, with their versions, and the digest of the text that a
person reads. So what was signed can be shown for ever, also when the library has changed.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from pydantic import Field, model_validator

from commonweal.foundation.errors import Fault
from commonweal.governance.agreement.library import Scope
from commonweal.governance.application.printing import (
    Block,
    Grid,
    Heading,
    Items,
    Paragraph,
    as_html,
    as_markdown,
)
from commonweal.papers.base import (
    ColumnName,
    Day,
    Identifier,
    Line,
    Moment,
    Paper,
    Sha256,
    Text,
    named_twice,
)
from commonweal.papers.forms import Form
from commonweal.papers.sentences import PURPOSE_WORDS
from commonweal.papers.vocabulary import OrganisationKind

Side = Literal["custodian", "applicant"]

WRITING = 1
"""Counts up whenever the same paper would be written in other words. A test notices."""


class AgreedClause(Paper):
    """A clause as it stands in a paper: filled in, numbered, with its version."""

    number: Annotated[int, Field(ge=1, le=500)]
    id: Identifier
    version: Annotated[int, Field(ge=1, le=10_000)]
    heading: Line
    text: Text


class AgreedParty(Paper):
    """An organisation and its part in the project."""

    name: Line
    kind: OrganisationKind
    reference: Line | None = None
    part: Literal["custodian", "recipient", "controller", "processor"]


class Signatory(Paper):
    """Somebody who may bind a party. `id`: the account; the signing itself is a signed act."""

    id: Identifier
    name: Line
    role: Line
    side: Side


class ScheduledVariable(Paper):
    """One line of the annex of data."""

    table: ColumnName
    variable: ColumnName
    form: Line
    since: ColumnName | None = None


class Contract(Paper):
    """What framework contract and agreement have in common."""

    id: Identifier
    library: Annotated[int, Field(ge=1, le=10_000)]
    parties: Annotated[tuple[AgreedParty, ...], Field(min_length=1, max_length=200)]
    signatories: Annotated[tuple[Signatory, ...], Field(min_length=1, max_length=20)]
    starts: Day
    ends: Day
    clauses: Annotated[tuple[AgreedClause, ...], Field(min_length=1, max_length=200)]
    made_at: Moment
    writing: Annotated[int, Field(ge=1, le=10_000)]
    """Which way of writing the text was used (`WRITING` at that time)."""
    text_digest: Sha256
    """SHA-256 of the Markdown text that the parties read."""

    @model_validator(mode="after")
    def _hangs_together(self) -> Contract:
        if named_twice([each.id for each in self.signatories]) is not None:
            raise ValueError("nobody signs twice")
        if self.ends < self.starts:
            raise ValueError("an agreement cannot end before it begins")
        if [clause.number for clause in self.clauses] != list(range(1, len(self.clauses) + 1)):
            raise ValueError("the clauses are not numbered from 1 on")
        return self

    def signatory_ids(self) -> dict[str, frozenset[str]]:
        """Who may accept it, by the role in which they do."""
        roles = {"signatory_applicant": "applicant", "signatory_custodian": "custodian"}
        return {
            role: frozenset(each.id for each in self.signatories if each.side == side)
            for role, side in roles.items()
        }

    def digest_of_text(self) -> str:
        """SHA-256 of `markdown()`, as `sha256:...`."""
        return _sha256(self.markdown())

    def check_text(self, text: str | None = None) -> None:
        """Refuse a text that is not the one that was agreed.

        `text`: as it was kept; without it the paper is written anew, which tells nothing of a paper
        that an earlier way of writing wrote. Raises `Fault` CW-AGREEMENT-TEXT.
        """
        if self.writing > WRITING:
            raise Fault("CW-AGREEMENT-TEXT", "The agreement was written by a newer Commonweal.")
        if text is None and self.writing < WRITING:
            return
        shown = self.markdown() if text is None else text
        if _sha256(shown) != self.text_digest:
            raise Fault("CW-AGREEMENT-TEXT", "The text is not the one that was agreed.")

    @property
    def title(self) -> str:
        """The title of the text."""
        raise NotImplementedError

    def annexes(self) -> list[Block]:
        """What stands after the clauses and before the signatories."""
        raise NotImplementedError

    def blocks(self) -> list[Block]:
        """The whole text."""
        made = f"{self.made_at.day} {self.made_at:%B %Y}"
        shown: list[Block] = [Paragraph(f"Reference {self.id}. Written on {made}.")]
        for clause in self.clauses:
            shown += [Heading(2, f"{clause.number}. {clause.heading}"), Paragraph(clause.text)]
        shown += self.annexes()
        shown += [Heading(2, "Who signs"), Grid(("Name", "Role", "For"), self._signatory_rows())]
        versions = (f"{c.number}: {c.id}, version {c.version}" for c in self.clauses)
        shown += [Heading(2, f"Clauses of library {self.library}"), Items(tuple(versions))]
        return shown

    def _signatory_rows(self) -> tuple[tuple[str, ...], ...]:
        sides = {"custodian": "the holder of the data", "applicant": "those who ask"}
        return tuple((each.name, each.role, sides[each.side]) for each in self.signatories)

    def markdown(self) -> str:
        """The text that the parties read, as Markdown."""
        return as_markdown(self.title, self.blocks())

    def html(self) -> str:
        """The same text as one HTML page."""
        return as_html(self.title, self.blocks())


def party_grid(parties: tuple[AgreedParty, ...]) -> Grid:
    """The parties as a table."""
    rows = tuple((each.name, each.part, each.reference or "") for each in parties)
    return Grid(("Organisation", "Part", "Number"), rows)


class Framework(Contract):
    """A framework contract: it binds an organisation, and gives no data."""

    framework: Literal[1]

    @property
    def title(self) -> str:
        """The title of the text."""
        return f"Framework contract with {self.recipient.name}"

    @property
    def recipient(self) -> AgreedParty:
        """The organisation that it binds."""
        return next(each for each in self.parties if each.part == "recipient")

    @model_validator(mode="after")
    def _two_parties(self) -> Framework:
        if sorted(each.part for each in self.parties) != ["custodian", "recipient"]:
            raise ValueError("a framework contract is between the custodian and one organisation")
        if {each.side for each in self.signatories} != {"custodian", "applicant"}:
            raise ValueError("somebody signs for each side")
        return self

    def annexes(self) -> list[Block]:
        """The parties."""
        return [Heading(2, "Parties"), party_grid(self.parties)]


class Agreement(Contract):
    """The agreement of one project, or the internal terms of a custodian's own team.

    It names the version, the decision and (but for internal terms) the framework contract by their
    digests. `digest()` is the permit's `agreement_hash`.
    """

    agreement: Literal[1]
    scope: Scope
    version_digest: Sha256
    decision_digest: Sha256
    framework_digest: Sha256 | None = None
    project: Line
    purposes: Annotated[tuple[Line, ...], Field(min_length=1)]
    kept: Text
    schedule: Annotated[tuple[ScheduledVariable, ...], Field(min_length=1, max_length=5000)]
    linkage: Text | None = None
    people: Annotated[tuple[tuple[Line, Line, Line], ...], Field(min_length=1)]
    places: Annotated[tuple[tuple[Line, Line, Line], ...], Field(min_length=1)]
    conditions: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _bound(self) -> Agreement:
        if self.scope == "framework":
            raise ValueError("an agreement is about a project")
        if (self.scope == "project") != (self.framework_digest is not None):
            raise ValueError("a project's agreement stands under a framework contract")
        needed = {"custodian", "applicant"} if self.scope == "project" else {"custodian"}
        if {each.side for each in self.signatories} < needed:
            raise ValueError("somebody signs for each side")
        return self

    @property
    def title(self) -> str:
        """The title of the text."""
        kind = "Data sharing agreement" if self.scope == "project" else "Internal terms"
        return f"{kind}: {self.project}"

    def annexes(self) -> list[Block]:
        """Annexes A to E: project, data, people, places, conditions."""
        shown: list[Block] = [
            Heading(2, "Annex A: parties and purposes"),
            party_grid(self.parties),
            Items(tuple(PURPOSE_WORDS.get(code, code) for code in self.purposes)),
            Paragraph(f"What is kept when the work is done: {self.kept}"),
            Heading(2, "Annex B: data"),
            Grid(("Table", "Variable", "Form"), self._schedule_rows()),
            Paragraph(f"Other data that are joined: {self.linkage or 'none'}"),
            Heading(2, "Annex C: people"),
            Grid(("Name", "Role", "Employer"), self.people),
            Heading(2, "Annex D: places"),
            Grid(("Place", "Organisation", "Country"), self.places),
            Heading(2, "Annex E: conditions of the decision"),
            Items(self.conditions) if self.conditions else Paragraph("There are none."),
            Paragraph(
                f"This stands on the application's version {self.version_digest} and the decision "
                f"{self.decision_digest}."
            ),
        ]
        return shown

    def _schedule_rows(self) -> tuple[tuple[str, ...], ...]:
        return tuple(
            (each.table, each.variable, _form_words(each.form, each.since))
            for each in self.schedule
        )


def _sha256(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode("utf-8")).hexdigest()


def _form_words(text: str, since: str | None) -> str:
    form = Form.parse(text)
    counted = f", counted from {since}" if since else ""
    return f"{form.text}: {form.sentence}{counted}"
