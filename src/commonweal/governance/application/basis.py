"""Why and by which law: route, project, purpose, legal basis, opt-outs and assessments.

Sources: UK GDPR Articles 6, 9, 35; the common-law routes, CAG and ethics of the domain reference
(3.2 to 3.4); the decision test of the national data opt-out (2.2); hard stops (6.5).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from commonweal.governance.application.parts import Codes, Part
from commonweal.papers.base import ColumnName, Day, Identifier, Line, Text
from commonweal.papers.vocabulary import Article6, Article9, CommonLawRoute, DeterminationCode


class RouteAnswers(Part):
    """The plain questions before the form (P3); `routes.yaml` says where the answers lead."""

    who: Literal["care_team", "custodian", "others"] | None = None
    what: Literal["results", "records"] | None = None
    identifiable: bool | None = None
    consent: bool | None = None
    duty: bool | None = None
    research: bool | None = None
    ai: bool | None = None


class ProjectPart(Part):
    """What the work is called, and what it is, for people who never heard of it."""

    id: Identifier | None = None
    title: Line | None = None
    lay_summary: Text | None = None
    technical_summary: Text | None = None
    replaces: Identifier | None = None
    """The permit that this application would change or renew."""
    change_reason: Text | None = None
    """Why, in plain words."""


class Purpose(Part):
    """What the data are for."""

    codes: Annotated[Codes, Field(max_length=20)] = ()
    objective: Text | None = None
    public_benefit: Text | None = None
    who_benefits: Text | None = None


class Cag(Part):
    """Support under section 251: what the Confidentiality Advisory Group's outcome letter says."""

    reference: Line | None = None
    decision_maker: Literal["hra", "secretary_of_state"] | None = None
    supported_on: Day | None = None
    next_review: Day | None = None
    items: Annotated[tuple[ColumnName, ...], Field(max_length=5000)] = ()
    letter: Identifier | None = None
    """Which of the documents is the outcome letter."""


class EthicsPart(Part):
    """A research ethics committee's favourable opinion."""

    reference: Line | None = None
    committee: Line | None = None
    given_on: Day | None = None
    expires: Day | None = None
    iras: Line | None = None
    letter: Identifier | None = None


class Legal(Part):
    """Both layers of law: data protection and the duty of confidentiality."""

    article_6: Article6 | None = None
    article_9: Article9 | None = None
    common_law: CommonLawRoute | None = None
    explanation: Text | None = None
    authority: Line | None = None
    """The law or the order of a court that requires it, where one does."""
    cag: Cag | None = None
    ethics: EthicsPart | None = None
    ethics_not_needed: Text | None = None


class OptOut(Part):
    """How the national data opt-out is treated: applied, unless a person decided why not (P4)."""

    treatment: Literal["apply", "exempt"] | None = None
    code: DeterminationCode | None = None
    decided_by: Line | None = None
    decided_on: Day | None = None
    evidence: Text | None = None
    reference: Line | None = None
    expires: Day | None = None
    document: Identifier | None = None
    without_identifier: Literal["leave_out", "include"] | None = None
    without_identifier_by: Line | None = None
    without_identifier_on: Day | None = None
    without_identifier_why: Text | None = None


class Assessments(Part):
    """What the data protection officer advised on the impact assessment (UK GDPR Article 35)."""

    dpo: Line | None = None
    advice: Text | None = None
    advised_on: Day | None = None
    advice_followed: bool | None = None
    why_not: Text | None = None
    high_risk_remains: bool | None = None
    ico_consulted_on: Day | None = None
