"""The permit: the machine-readable decision (ARCHITECTURE 4).

A frozen, signed, time-limited and revocable statement of who may see which variables, in which
form, of which people, for what purpose, until when. Every room obeys it and nothing else.
What may be written in one lies here; the rules against a catalogue are in `permit_rules.py`.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from commonweal.foundation.documents import load_document
from commonweal.foundation.london import day_begins
from commonweal.papers.base import (
    ColumnName,
    Day,
    Identifier,
    Line,
    Moment,
    Paper,
    Sha256,
    Share,
    Text,
    named_twice,
)
from commonweal.papers.cohort import Cohort
from commonweal.papers.forms import Form, read_form
from commonweal.papers.model_outputs import ModelOutputs
from commonweal.papers.permit_check import Action, check_permit
from commonweal.papers.permit_status import PermitStatus
from commonweal.papers.refusal import PermitRefused
from commonweal.papers.signed import SignedPaper
from commonweal.papers.trust import SigningRole
from commonweal.papers.vocabulary import (
    PURPOSES,
    REFUSED_PURPOSES,
    Article6,
    Article9,
    Authority,
    CommonLawRoute,
    Delivery,
    DeterminationCode,
    OrganisationKind,
    Processing,
)

PAPER_TYPE = "commonweal-permit+json"
MAX_PERIOD_DAYS = 366 * 10


class Project(Paper):
    """What the work is called, for people who never heard of it."""

    id: Identifier
    title: Line
    lay_summary: Text


class Organisation(Paper):
    """A legal person, with its ODS, company or charity number where there is one."""

    name: Line
    kind: OrganisationKind
    reference: Line | None = None


class Person(Paper):
    """Someone who may work under the permit. `id` is the account's name."""

    id: Identifier
    name: Line
    role: Line


class CagSupport(Paper):
    """Support under section 251 of the NHS Act 2006 (Health Service Regulations 2002)."""

    reference: Annotated[str, StringConstraints(pattern=r"^[0-9]{2}/CAG/[0-9]{4}$")]
    decision_maker: Literal["hra", "secretary_of_state"]
    supported_on: Day
    next_review: Day
    items: Annotated[tuple[ColumnName, ...], Field(min_length=1)]
    """The variables that the support covers, as `table.variable` or `variable`."""


class Ethics(Paper):
    """A favourable opinion of a research ethics committee."""

    reference: Line
    committee: Line
    given_on: Day


class LegalBasis(Paper):
    """Both layers of law: data protection and the duty of confidentiality."""

    uk_gdpr_article_6: Article6
    uk_gdpr_article_9: Article9
    common_law: CommonLawRoute
    cag: CagSupport | None = None
    ethics: Ethics | None = None

    @model_validator(mode="after")
    def _support_named(self) -> LegalBasis:
        if self.common_law in ("s251_reg2", "s251_reg5") and self.cag is None:
            raise ValueError("section 251 needs the CAG reference, decision and items")
        return self


class Determination(Paper):
    """A person's recorded decision that the national opt-out does not apply (P4)."""

    code: DeterminationCode
    decided_by: Line
    decided_on: Day
    evidence: Text
    reference: Line | None = None
    expires: Day | None = None

    @model_validator(mode="after")
    def _backed(self) -> Determination:
        if self.code == "anonymised" and self.expires is None:
            raise ValueError("a determination that data are anonymised needs an expiry date")
        if self.code == "cag_exemption" and self.reference is None:
            raise ValueError("an exemption advised by CAG needs its reference")
        if self.expires is not None and self.expires < self.decided_on:
            raise ValueError("a determination cannot expire before it is made")
        return self


class Exemption(Paper):
    """A person's recorded decision about people whose identifier is missing or invalid."""

    decided_by: Line
    decided_on: Day
    evidence: Text


class Choices(Paper):
    """How people's choices are honoured. Objections always are (P5); there is no field for that."""

    national_opt_out: Literal["apply", "exempt"] = "apply"
    determination: Determination | None = None
    include_people_without_identifier: Exemption | None = None

    @model_validator(mode="after")
    def _exempt_needs_reason(self) -> Choices:
        if (self.national_opt_out == "exempt") != (self.determination is not None):
            raise ValueError("an exemption from the national opt-out goes with a determination")
        return self


class PermittedVariable(Paper):
    """One variable in one form. `since` names the date an `interval` counts from, in the same row;
    without it the interval counts from the person's first date in this variable."""

    variable: ColumnName
    form: str
    since: ColumnName | None = None
    why: Text | None = None

    @field_validator("form")
    @classmethod
    def _form_known(cls, text: str) -> str:
        return read_form(text).text

    @model_validator(mode="after")
    def _since_fits(self) -> PermittedVariable:
        if self.since is not None and self.parsed.kind != "interval":
            raise ValueError("only an interval has a since")
        return self

    @property
    def parsed(self) -> Form:
        """The form, read."""
        return Form.parse(self.form)


class PermittedTable(Paper):
    """Variables of one table."""

    table: ColumnName
    variables: Annotated[tuple[PermittedVariable, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_once(self) -> PermittedTable:
        if named_twice([v.variable for v in self.variables]) is not None:
            raise ValueError("a variable is named twice")
        return self


class PermittedDataset(Paper):
    """Tables of one dataset."""

    dataset: Identifier
    tables: Annotated[tuple[PermittedTable, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_once(self) -> PermittedDataset:
        if named_twice([t.table for t in self.tables]) is not None:
            raise ValueError("a table is named twice")
        return self


class RiskLimits(Paper):
    """The most re-identification risk that a release under this permit may carry, by patient."""

    k: Annotated[int, Field(ge=2, le=1000)] = 5
    distinct_l: Annotated[int, Field(ge=1, le=100)] | None = None
    prosecutor_mean: Share | None = None
    marketer: Share | None = None
    shift_candidates: Annotated[int, Field(ge=2, le=105)] = 5
    suppress_up_to: Share = 0.0
    """Share of people whose whole record may be left out to reach the limits."""
    rare_people: Annotated[int, Field(ge=2, le=1000)] = 10


class Outputs(Paper):
    """What may leave through the airlock. `models`: where the permit is stricter about them, or
    lets none leave."""

    profile: Identifier = "sacro-default"
    minimum_people: Annotated[int, Field(ge=2, le=1000)] = 10
    models: ModelOutputs | None = None


class IntruderTest(Paper):
    """Whether a motivated intruder test must stay below a limit before release."""

    upper_bound: Share


class RestrictedCodes(Paper):
    """A legally restricted code list that this project may see, with the law that allows it."""

    list: Identifier
    legal_gateway: Text


class PermitDraft(Paper):
    """Everything that people decide. Issuing adds the dates, the authority and the signatures."""

    permit: Literal[1]
    id: Identifier
    version: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    supersedes: Identifier | None = None
    project: Project
    organisation: Organisation
    controllers: Annotated[tuple[Organisation, ...], Field(min_length=1)]
    processors: tuple[Organisation, ...] = ()
    people: Annotated[tuple[Person, ...], Field(min_length=1, max_length=500)]
    purposes: Annotated[
        tuple[Annotated[str, Field(json_schema_extra={"enum": list(PURPOSES)})], ...],
        Field(min_length=1),
    ]
    legal_basis: LegalBasis
    choices: Choices = Choices()
    data: Annotated[tuple[PermittedDataset, ...], Field(min_length=1, max_length=1)]
    cohort: Cohort = Cohort(everyone=True)
    reference_date: Day | None = None
    """The one date at which ages are taken; the first day of the permit where it is absent."""
    shift_weeks: Annotated[int, Field(ge=2, le=26)] = 8
    restricted_codes: tuple[RestrictedCodes, ...] = ()
    genomic: bool = False
    risk: RiskLimits = RiskLimits()
    processing: Annotated[tuple[Processing, ...], Field(min_length=1)]
    delivery: Delivery = "enclave"
    holdout_share: Annotated[float, Field(ge=0.05, le=0.5)] = 0.2
    link_across_refreshes: bool = False
    optimise_generalisation: bool = False
    intruder_test: IntruderTest | None = None
    sites: tuple[Line, ...] = ()
    outputs: Outputs = Outputs()
    from_: Day = Field(alias="from")
    until: Day
    review_dates: tuple[Day, ...] = ()
    conditions: tuple[Text, ...] = ()
    agreement_hash: Sha256 | None = None
    aia_hash: Sha256 | None = None
    dpia_hash: Sha256 | None = None

    model_config = Paper.model_config | {"populate_by_name": True, "serialize_by_alias": True}

    @field_validator("purposes")
    @classmethod
    def _purposes_allowed(cls, purposes: tuple[str, ...]) -> tuple[str, ...]:
        for purpose in purposes:
            if purpose in REFUSED_PURPOSES:
                raise PermitRefused(
                    "CW-PERMIT-PURPOSE",
                    f"Patient data are never used for {REFUSED_PURPOSES[purpose]}.",
                )
            if purpose not in PURPOSES:
                raise ValueError(f"must be one of {', '.join(PURPOSES)}")
        return tuple(dict.fromkeys(purposes))

    @model_validator(mode="after")
    def _hangs_together(self) -> PermitDraft:
        if self.until < self.from_:
            raise PermitRefused("CW-PERMIT-PERIOD", "The permit would end before it starts.")
        if (self.until - self.from_).days > MAX_PERIOD_DAYS:
            raise PermitRefused("CW-PERMIT-PERIOD", "A permit lasts at most ten years.")
        if any(not self.from_ <= day <= self.until for day in self.review_dates):
            raise PermitRefused("CW-PERMIT-PERIOD", "A review date lies outside the permit.")
        if named_twice([person.id for person in self.people]) is not None:
            raise ValueError("a person is named twice")
        if self.risk.shift_candidates > 2 * self.shift_weeks + 1:
            raise ValueError("shift_weeks is too small for so many shift_candidates")
        models = self.outputs.models
        if models is not None and not models.none_leaves and "train" not in self.processing:
            raise ValueError("limits for models are for a permit that allows train")
        if self.supersedes == self.id:
            raise ValueError("a permit cannot replace itself")
        return self

    @classmethod
    def load_draft(cls, path: Path) -> PermitDraft:
        """Read a draft (YAML or JSON). Raises `PaperInvalid`, `PermitRefused` and file faults."""
        return cls.read(
            load_document(path, "The permit draft"), f"Draft {path.name}", "CW-PERMIT-INVALID"
        )

    @property
    def ages_at(self) -> datetime:
        """The date at which ages are taken, as midnight without a time zone.

        Without a zone on purpose: it is compared with dates in tables, which have none.
        """
        return datetime.combine(self.reference_date or self.from_, time.min)

    @property
    def dataset(self) -> PermittedDataset:
        """The one dataset of this permit."""
        return self.data[0]


class Permit(PermitDraft, SignedPaper):
    """An issued permit. Made by `issue`, read by `load`; both only with valid signatures."""

    paper_type: ClassVar[str] = PAPER_TYPE
    signing_role: ClassVar[SigningRole] = "permit"
    called: ClassVar[str] = "The permit"
    code: ClassVar[str] = "CW-PERMIT-INVALID"

    authority: Authority
    issued_at: Moment
    say_no_until: Moment
    catalogue_digest: Sha256
    cag_grace_days: Annotated[int, Field(ge=0, le=90)] = 30
    """Days after the section 251 review date before work stops (from the trust policy)."""

    @model_validator(mode="after")
    def _announced_first(self) -> Permit:
        if self.say_no_until < self.issued_at:
            raise ValueError("the time to say no cannot end before the permit is issued")
        return self

    @property
    def made_at(self) -> datetime:
        """When the permit was issued: no signature on it may be later."""
        return self.issued_at

    @property
    def begins(self) -> datetime:
        """When work may start: the first day, or the end of the time to say no if later."""
        return max(day_begins(self.from_), self.say_no_until)

    @property
    def ends(self) -> datetime:
        """The first moment after the permit's last day, as days are counted in London."""
        return day_begins(self.until + timedelta(days=1))

    def check(
        self, action: Action, subject: str | None, at: datetime, status: PermitStatus
    ) -> None:
        """Refuse unless `action` by `subject` is allowed at `at` (see `permit_check.py`).

        `status` must be about this very permit and at most as old as the trust policy allows.
        Raises `PermitRefused`.
        """
        check_permit(self, action, subject, at, status)

    def public_projection(self) -> dict[str, object]:
        """What the register shows and the public log commits to: no names of people (S10)."""
        plain = self.plain()
        shown = (
            "permit", "id", "version", "supersedes", "organisation", "controllers",
            "purposes", "processing", "delivery", "from", "until", "authority", "issued_at",
            "say_no_until", "data", "project",
        )  # fmt: skip
        return {key: plain[key] for key in shown if key in plain}
