"""A version: an application as it was sent, frozen, with a digest that everything later names.

Freezing writes the custodian's standard limits into the version where the application left them
open, so that nothing that a permit holds is decided after the committee has seen it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from commonweal.foundation.clock import stamp
from commonweal.governance.application.answers import FormAnswers, Forms
from commonweal.governance.application.complete import check_complete
from commonweal.governance.application.model import ApplicationContent
from commonweal.governance.application.seeds import SafeguardLimits, read_seed, seed_versions
from commonweal.governance.same_person import People
from commonweal.papers.base import Identifier, Moment, Paper, Sha256, named_twice
from commonweal.papers.catalogue import Catalogue

MAX_NUMBER = 9_999


class EvidenceDigest(Paper):
    """A document of the version, by its bytes."""

    id: Identifier
    sha256: Sha256


class ApplicationVersion(Paper):
    """One version of an application. `digest()` is what reviews, votes and decisions name.

    `application`: its id. `number`: 1 at the first sending. `catalogue_digest`: all that the
    catalogue decided about the dataset at that time. `rules`: the versions of the custodian's lists
    that it was held against.
    """

    version: Literal[1]
    application: Annotated[Identifier, Field(max_length=48)]
    number: Annotated[int, Field(ge=1, le=MAX_NUMBER)]
    sent_at: Moment
    sent_by: Identifier
    content: ApplicationContent
    answers: tuple[FormAnswers, ...] = ()
    evidence: tuple[EvidenceDigest, ...] = ()
    catalogue_digest: Sha256
    rules: dict[Identifier, int]

    @model_validator(mode="after")
    def _whole(self) -> ApplicationVersion:
        if self.content.kept:
            raise ValueError("a version holds no answer that could not be read")
        if named_twice([answers.form for answers in self.answers]) is not None:
            raise ValueError("a form is answered twice")
        shown = tuple((each.id, each.sha256) for each in self.content.documents)
        if shown != tuple((each.id, each.sha256) for each in self.evidence):
            raise ValueError("the digests of evidence are not those of its documents")
        if self.content.project.replaces == self.permit_id:
            raise ValueError("a permit cannot replace itself")
        return self

    @property
    def permit_id(self) -> str:
        """The id of the permit that this version becomes, if it does."""
        return f"{self.application}-{self.number}"

    @property
    def involved(self) -> People:
        """The accounts that the application names: who sends, who works, who declared.

        None of them takes part in deciding.
        """
        members = (member.account for member in self.content.people)
        declared = (each.by for each in self.content.declarations)
        return People(name for name in (self.sent_by, *members, *declared) if name is not None)

    @property
    def needs_assessment(self) -> bool:
        """True if the algorithmic impact assessment and its workshop are needed (P6)."""
        return self.content.uses_ai

    @property
    def asked(self) -> tuple[tuple[str, str, str], ...]:
        """Dataset, table and variable of everything that is asked for, in order."""
        data = self.content.data
        places = (item.place for _, _, item in data.asked())
        return tuple((data.dataset or "", *place) for place in places if place is not None)

    def form_digest(self, form: str) -> str | None:
        """The digest of the answers to a form; None where it was not answered."""
        return next((each.digest() for each in self.answers if each.form == form), None)


def freeze(
    application: str,
    number: int,
    content: ApplicationContent,
    forms: Forms,
    *,
    at: datetime,
    by: str,
    catalogue: Catalogue,
) -> ApplicationVersion:
    """The version that `content` becomes when `by` sends it at `at`.

    Raises `Refused` CW-APPLY-NOT-COMPLETE where something still stops sending, and `PaperInvalid`
    CW-PAPER-INVALID for an id or a number that a version cannot have.
    """
    check_complete(content, forms, at, catalogue=catalogue)
    settled = with_standard(content)
    dataset = settled.data.dataset or ""
    plain: dict[str, Any] = {
        "version": 1,
        "application": application,
        "number": number,
        "sent_at": stamp(at),
        "sent_by": by,
        "content": settled.plain(),
        "answers": [forms[name].answers.plain() for name in sorted(forms)],
        "evidence": [{"id": each.id, "sha256": each.sha256} for each in settled.documents],
        "catalogue_digest": catalogue.governed_digest((dataset,)),
        "rules": seed_versions(),
    }
    return ApplicationVersion.read(plain, "The version")


def with_standard(content: ApplicationContent) -> ApplicationContent:
    """`content` with the custodian's standard where a limit of risk was left open."""
    asked = content.safeguards
    standard = {
        limit.field: limit.standard
        for limit in read_seed(SafeguardLimits).limits
        if limit.standard is not None and getattr(asked, limit.field) is None
    }
    settled = type(asked).read(asked.plain() | standard, "The safeguards")
    return content.model_copy(update={"safeguards": settled})
