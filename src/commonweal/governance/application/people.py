"""Who: the organisation that asks, those who answer for the data in law, and the people.

Sources: domain reference 6.2 (groups of fields), 6.6 (conditions by kind of organisation), 4.2
(security of the places), 8.1 ("approved researcher").
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from commonweal.governance.application.parts import Code, Part
from commonweal.papers.base import Day, Identifier, Line, Text
from commonweal.papers.vocabulary import OrganisationKind


class Applicant(Part):
    """The organisation that asks, and what its kind must show (`organisations.yaml`)."""

    name: Line | None = None
    kind: OrganisationKind | None = None
    reference: Line | None = None
    """Its ODS code, company number or charity number."""
    ico_registration: Line | None = None
    nhs_partner: Line | None = None
    nhs_partner_ods: Line | None = None
    health_benefit: Text | None = None
    benefit_sharing: Text | None = None
    commercial_interest: Text | None = None
    """Who gains from the work in money, indirectly too; "nobody" is an answer."""
    publishes_results: bool | None = None
    no_fundraising: bool | None = None
    statutory_gateway: Text | None = None
    """The law that lets a public body ask."""


class Party(Part):
    """A controller or a processor."""

    name: Line | None = None
    kind: OrganisationKind | None = None
    reference: Line | None = None
    does: Text | None = None
    """What it decides, or what it does for the controllers."""


class Controllers(Part):
    """Who decides about the data in law, and who works for them."""

    controllers: Annotated[tuple[Party, ...], Field(max_length=50)] = ()
    joint: bool | None = None
    processors: Annotated[tuple[Party, ...], Field(max_length=50)] = ()


class Training(Part):
    """A course or an accreditation, with the last day on which it counts."""

    kind: Code | None = None
    passed_on: Day | None = None
    expires: Day | None = None
    evidence: Line | None = None


class HonoraryContract(Part):
    """A contract that binds somebody whom none of the parties employs."""

    with_organisation: Line | None = None
    expires: Day | None = None
    evidence: Line | None = None


class Member(Part):
    """Somebody who would work with the data. `account` becomes their name in the permit."""

    account: Identifier | None = None
    name: Line | None = None
    role: Line | None = None
    employer: Line | None = None
    orcid: Line | None = None
    training: Annotated[tuple[Training, ...], Field(max_length=20)] = ()
    honorary_contract: HonoraryContract | None = None


class Assurance(Part):
    """What shows that a place is secure: a DSPT assessment, or the alternative (`security.yaml`).

    `checked_by` and `checked_on` are the custodian's: who looked it up, and when.
    """

    by: Literal["dspt", "alternative"] | None = None
    year: Line | None = None
    """The toolkit year of the assessment, such as `2025-26`."""
    status: Code | None = None
    published_on: Day | None = None
    improvement_plan: Text | None = None
    iso_certificate: Line | None = None
    iso_expires: Day | None = None
    cyber_certificate: Line | None = None
    cyber_expires: Day | None = None
    evidence: Line | None = None
    checked_by: Line | None = None
    checked_on: Day | None = None
    accepted_by: Line | None = None
    """The custodian's officer who signed off what is not "standards met"."""
    accepted_on: Day | None = None


class Place(Part):
    """Somewhere the data would be stored or worked with."""

    name: Line | None = None
    organisation: Line | None = None
    ods: Line | None = None
    country: Line | None = None
    does: Literal["stores", "processes", "both"] | None = None
    assurance: Assurance | None = None
