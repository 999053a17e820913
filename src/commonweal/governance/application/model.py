"""The typed part of an application: what a permit is compiled from, in sections.

Narrative (assessments, methods, benefits) is answered in forms (`governance/forms`); here stands
what machines obey. Everything may be left open in a draft. `drafts.py` reads a draft and never
refuses it; `complete.py` says what still stops sending.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from commonweal.governance.ai_use import needs_assessment
from commonweal.governance.application.basis import (
    Assessments,
    Legal,
    OptOut,
    ProjectPart,
    Purpose,
    RouteAnswers,
)
from commonweal.governance.application.parts import Part
from commonweal.governance.application.people import Applicant, Controllers, Member, Place
from commonweal.governance.application.terms import (
    Access,
    Declaration,
    Evidence,
    Flow,
    Period,
    Retention,
    Safeguards,
)
from commonweal.governance.application.wanted import Data, Subjects
from commonweal.papers.base import Paper
from commonweal.papers.permit_rules import RESEARCH_PURPOSES


class Kept(Paper):
    """An answer that could not be read. It is kept as it was typed, and stops sending.

    `path`: the names and (from 0) places that lead to it. `reason` follows the field's name.
    """

    path: tuple[str | int, ...]
    value: Any
    reason: str


class ApplicationContent(Part):
    """The sections of an application."""

    route: RouteAnswers = RouteAnswers()
    project: ProjectPart = ProjectPart()
    organisation: Applicant = Applicant()
    responsible: Controllers = Controllers()
    people: Annotated[tuple[Member, ...], Field(max_length=500)] = ()
    places: Annotated[tuple[Place, ...], Field(max_length=200)] = ()
    purpose: Purpose = Purpose()
    legal: Legal = Legal()
    opt_out: OptOut = OptOut()
    subjects: Subjects = Subjects()
    data: Data = Data()
    access: Access = Access()
    flows: Annotated[tuple[Flow, ...], Field(max_length=200)] = ()
    safeguards: Safeguards = Safeguards()
    period: Period = Period()
    retention: Retention = Retention()
    documents: Annotated[tuple[Evidence, ...], Field(max_length=500)] = ()
    assessments: Assessments = Assessments()
    declarations: Annotated[tuple[Declaration, ...], Field(max_length=50)] = ()
    kept: tuple[Kept, ...] = ()

    @property
    def uses_ai(self) -> bool:
        """True if an AI tool would be made or tried, wherever that happens (P6)."""
        return needs_assessment(self.purpose.codes, self.access.processing)

    @property
    def is_research(self) -> bool:
        """True if a purpose is research: then the Health Research Authority decides (P3)."""
        return bool(RESEARCH_PURPOSES & set(self.purpose.codes))

    @property
    def without_consent(self) -> bool:
        """True if people outside the care team see who patients are, without their consent (P3)."""
        said = self.route.identifiable is True and self.route.consent is not True
        return said or (self.legal.common_law or "").startswith("s251_")

    @property
    def given(self) -> dict[str, bool]:
        """What forms need not ask, because it stands here: the questions that are `given`."""
        parties = (*self.responsible.controllers, *self.responsible.processors)
        kinds = {self.organisation.kind, *(party.kind for party in parties)}
        return {
            "uses_ai": self.uses_ai,
            "is_research": self.is_research,
            "without_consent": self.without_consent,
            "with_company": "company" in kinds,
        }

    def document(self, id_: str | None) -> Evidence | None:
        """The document called `id_`, or None."""
        return next((each for each in self.documents if each.id == id_ and id_ is not None), None)


SECTIONS: tuple[str, ...] = tuple(
    name for name in ApplicationContent.model_fields if name != "kept"
)
"""The sections in the order in which they are asked."""
