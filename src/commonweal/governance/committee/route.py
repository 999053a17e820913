"""The shorter ways to a decision, and what each rests on: a proposal that somebody signed (S11).

The short route: the secretary says, condition by condition, why the published conditions are met.
What can be seen in the frozen version is looked up there as well, and no words help against it. The
chair's action: the chair says for which of the published reasons, and on which decision of the
committee it builds. Both take effect only when the time to call them in to the whole committee is
over.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field, model_validator

from commonweal.foundation.errors import Refused
from commonweal.foundation.london import london_day
from commonweal.governance.application.model import ApplicationContent
from commonweal.governance.clocks.calendar import WorkingCalendar, long_day
from commonweal.governance.committee.decision import Decision
from commonweal.governance.committee.outcome import check_chairs_action, check_proportionate
from commonweal.governance.committee.rules import CommitteeRules
from commonweal.governance.committee.vocabulary import CRITERION_WORDS, ChairsReason, Criterion
from commonweal.papers.base import Identifier, Moment, Paper, Sha256, Text

CODE = "CW-COMMITTEE-ROUTE"
ShorterRoute = Literal["proportionate", "chair"]
PROPOSED_BY: Mapping[str, str] = MappingProxyType(
    {"proportionate": "committee_secretary", "chair": "committee_chair"}
)
"""Route: the role in which it is proposed."""
_NOT_BUILT_TO_BE_SHORT = ("redacted_text", "deidentified_image")


class Ground(Paper):
    """Why one published condition is met."""

    condition: Criterion
    reason: Text


class RouteProposal(Paper):
    """What a person signed to put a version on a shorter route.

    `grounds`: of the short route, one for each condition. `chairs_reason`, `told`: why the chair
    acts. `earlier`: the digest of the committee's decision that it builds on, if there is one.
    """

    route_proposal: Literal[1]
    person: Identifier
    version_digest: Sha256
    route: ShorterRoute
    grounds: Annotated[tuple[Ground, ...], Field(max_length=20)] = ()
    chairs_reason: ChairsReason | None = None
    told: Text | None = None
    earlier: Sha256 | None = None
    at: Moment

    @model_validator(mode="after")
    def _whole(self) -> RouteProposal:
        if len({one.condition for one in self.grounds}) != len(self.grounds):
            raise ValueError("a condition is named twice")
        chair = self.route == "chair"
        if {chair} != {self.chairs_reason is not None, self.told is not None}:
            raise ValueError("chairs_reason and told go with the chair's action, and only there")
        if chair is bool(self.grounds):
            raise ValueError("grounds go with the short route, and only there")
        if self.earlier is not None and not chair:
            raise ValueError("an earlier decision goes with the chair's action")
        return self

    @property
    def met(self) -> tuple[Criterion, ...]:
        """The conditions for which a reason was given."""
        return tuple(one.condition for one in self.grounds)


# --- what can be looked up in the frozen version -------------------------------------------------


def _no_company(content: ApplicationContent) -> bool:
    parties = (*content.responsible.controllers, *content.responsible.processors)
    return "company" not in {content.organisation.kind, *(one.kind for one in parties)}


def _no_text(content: ApplicationContent) -> bool:
    forms = (item.form or "" for _, _, item in content.data.asked())
    kinds = {form.split("(")[0] for form in forms}
    return content.data.genomic is not True and not kinds & set(_NOT_BUILT_TO_BE_SHORT)


_LOOKED_UP: Mapping[Criterion, Callable[[ApplicationContent], bool]] = MappingProxyType(
    {
        "not_about_ai": lambda content: not content.uses_ai,
        "no_company": _no_company,
        "stays_in_enclave": lambda content: content.access.delivery == "enclave",
        "no_free_text_image_or_genomic": _no_text,
        "no_restricted_codes": lambda content: not content.data.restricted_codes,
        "national_opt_out_applied": lambda content: content.opt_out.treatment == "apply",
        "no_new_linkage": lambda content: content.data.linkage is None,
    }
)
"""Conditions that the version itself shows. Whether there was a project like it, people judge."""


def shown_by(condition: Criterion, content: ApplicationContent) -> bool | None:
    """Whether the version shows that a condition is met; None where only people can judge it."""
    look = _LOOKED_UP.get(condition)
    return None if look is None else look(content)


def check_grounds(
    met: Collection[Criterion], rules: CommitteeRules, content: ApplicationContent
) -> None:
    """Refuse the short route unless each published condition has its reason and is not refuted.

    Raises `Refused` CW-COMMITTEE-ROUTE, naming the conditions.
    """
    check_proportionate(met, rules)
    wrong = [
        CRITERION_WORDS[one]
        for one in rules.proportionate.conditions
        if shown_by(one, content) is False
    ]
    if wrong:
        raise Refused(
            CODE, f"The application shows that this is not so: {'; '.join(wrong)}.",
            remedy="Put it to the whole committee.",
        )  # fmt: skip


def check_proposal(
    proposal: RouteProposal,
    rules: CommitteeRules,
    content: ApplicationContent,
    earlier: Decision | None,
) -> None:
    """Refuse a proposal that the published rules do not carry. Raises CW-COMMITTEE-ROUTE."""
    if proposal.route == "proportionate":
        check_grounds(proposal.met, rules, content)
        return
    if proposal.earlier != (None if earlier is None else earlier.digest()):
        raise Refused(CODE, "The chair's action names another decision than the last one.")
    if earlier is not None and earlier.route != "committee":
        raise Refused(CODE, "The chair builds on decisions of the whole committee only.")
    if proposal.chairs_reason is not None:
        check_chairs_action(proposal.chairs_reason, rules, earlier)


# --- calling it in -------------------------------------------------------------------------------


def last_day_to_call_in(
    signed_at: datetime, rules: CommitteeRules, calendar: WorkingCalendar | None = None
) -> date:
    """The last day, in London, of the time to call a decision in. The day of signing is day 0."""
    return (calendar or WorkingCalendar()).add(london_day(signed_at), rules.call_in_working_days)


def check_takes_effect(
    signed_at: datetime,
    rules: CommitteeRules,
    at: datetime,
    calendar: WorkingCalendar | None = None,
) -> None:
    """Refuse to build on a decision of a shorter route too early. Raises CW-COMMITTEE-ROUTE.

    `signed_at`: when the ledger heard of the chair's signature.
    """
    last = last_day_to_call_in(signed_at, rules, calendar)
    if london_day(at) <= last:
        raise Refused(
            CODE,
            f"Any member can call this decision in to the whole committee until {long_day(last)}.",
            remedy="Wait until that day is over.",
        )
