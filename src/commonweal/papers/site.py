"""A custodian's signed word that a site runs jobs without a way out.

An engine elsewhere (GA4GH TES) has no field for "no network". So somebody who answers for the
custodian's data tries it at the site and signs what they found, for one address, one named service
and one parameter that every task must carry; and the site must be as the statement says each time
a job is sent. Without a statement in force no job leaves this machine.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints, model_validator

from commonweal.foundation.london import london_day
from commonweal.papers.base import Day, Identifier, Line, Moment, Paper, Text, Value
from commonweal.papers.signed import SignedPaper
from commonweal.papers.trust import SigningRole

LONGEST = timedelta(days=366)

ParameterName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,63}$")]
Address = Annotated[
    str,
    StringConstraints(pattern=r"^https?://[A-Za-z0-9.\[\]:-]{1,253}(/[A-Za-z0-9._/-]{0,200})?$"),
]


class SiteVolume(Paper):
    """The one place where a release may lie open for a job at the site.

    `address`: as the site reads it. `folder`: the same place as this machine sees it. `how`: how it
    is kept from all but the task that it lies there for, and what is left when it is removed.
    """

    address: Annotated[
        str, StringConstraints(pattern=r"^(https|file|s3)://[A-Za-z0-9._:/-]{1,400}[A-Za-z0-9]$")
    ]
    folder: Annotated[str, StringConstraints(pattern=r"^(/[A-Za-z0-9._-]{1,128}){1,12}$")]
    how: Text


class SiteStatement(SignedPaper):
    """How a site keeps jobs from the network, who tried it, and until when that is believed.

    `service`: the id in the engine's own service-info. `parameter`, `value`: the backend parameter
    of a task that switches the network off; the site must know it and must refuse a task whose
    parameters it does not know. `volume`: where releases may lie open for jobs; without one no job
    of a release is sent.
    """

    paper_type: ClassVar[str] = "commonweal-site-statement+json"
    signing_role: ClassVar[SigningRole] = "permit"
    called: ClassVar[str] = "The site's statement"
    code: ClassVar[str] = "CW-ENGINE-STATEMENT"

    statement: Literal[1]
    site: Identifier
    address: Address
    service: Line
    parameter: ParameterName
    value: Annotated[Value, Field(min_length=1)]
    how: Text
    volume: SiteVolume | None = None
    tried: Text
    tried_by: Line
    tried_on: Day
    until: Day
    stated_at: Moment

    @model_validator(mode="after")
    def _in_order(self) -> SiteStatement:
        if self.tried_on > london_day(self.stated_at):
            raise ValueError("was tried after it was stated")
        if not self.tried_on < self.until <= self.tried_on + LONGEST:
            raise ValueError("holds for at most a year after it was tried")
        return self

    @property
    def made_at(self) -> datetime:
        """When it was stated."""
        return self.stated_at

    def holds(self, at: datetime) -> bool:
        """Whether it is believed at `at`: its last day counts."""
        return self.stated_at <= at and london_day(at) <= self.until
