"""A version as a decision left it: less, coarser, shorter; never more.

The agreement's schedule and the permit draft both come from `narrow`, so that what was signed and
what machines obey cannot differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from commonweal.foundation.errors import Fault, Refused
from commonweal.governance.application.permitted import permitted_data
from commonweal.governance.application.version import ApplicationVersion
from commonweal.governance.application.wanted import Place
from commonweal.papers.forms import Form, shows_less
from commonweal.papers.refusal import PermitRefused
from commonweal.papers.vocabulary import REFUSED_PURPOSES

APPROVED = frozenset({"approve", "approve_with_conditions"})
VERDICTS = frozenset({"granted", "coarser", "refused"})


class VariableLike(Protocol):
    """One variable of a decision: `granted` as asked, `coarser` in `form`, or `refused`."""

    @property
    def dataset(self) -> str: ...  # noqa: D102 (the class says it)
    @property
    def table(self) -> str: ...  # noqa: D102
    @property
    def variable(self) -> str: ...  # noqa: D102
    @property
    def verdict(self) -> str: ...  # noqa: D102
    @property
    def form(self) -> str | None: ...  # noqa: D102


class DecisionLike(Protocol):
    """What is read of a committee's decision about one version.

    `variables` decides each variable that was asked for, and no other. `until`: a last day that is
    earlier than the one asked for, or None.
    """

    @property
    def version_digest(self) -> str: ...  # noqa: D102 (the class says it)
    @property
    def outcome(self) -> str: ...  # noqa: D102
    @property
    def conditions(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def variables(self) -> Sequence[VariableLike]: ...  # noqa: D102
    @property
    def until(self) -> date | None: ...  # noqa: D102
    @property
    def decided_at(self) -> datetime: ...  # noqa: D102
    def digest(self) -> str: ...  # noqa: D102


@dataclass(frozen=True)
class Narrowed:
    """What is left of a version after the decision about it.

    `data`: the field `data` of a permit. `starts`, `ends`: the first and the last day.
    """

    version: ApplicationVersion
    decision: DecisionLike
    data: list[dict[str, Any]]
    starts: date
    ends: date


def narrow(version: ApplicationVersion, decision: DecisionLike) -> Narrowed:
    """`version` narrowed by `decision`.

    Raises `Refused`: CW-COMPILE-DECISION-OTHER where the decision is about something else,
    CW-COMPILE-NOT-APPROVED, CW-COMPILE-VARIABLES where it does not decide exactly what was asked
    for, CW-COMPILE-COARSER where a form does not show less, CW-COMPILE-NOTHING-LEFT,
    CW-COMPILE-PERIOD;
    `PermitRefused` CW-PERMIT-PURPOSE for a purpose for which patient data are never used.
    """
    if decision.version_digest != version.digest():
        raise Refused(
            "CW-COMPILE-DECISION-OTHER",
            "The decision is not about this version of the application.",
        )
    if decision.outcome not in APPROVED:
        raise Refused("CW-COMPILE-NOT-APPROVED", "The decision does not approve the application.")
    if decision.decided_at < version.sent_at:
        raise Refused(
            "CW-COMPILE-DECISION-OTHER", "The decision was made before this version was sent."
        )
    _check_purposes(version)
    granted, coarser = _decided(version, decision)
    data = permitted_data(version.content, granted, coarser)
    if data is None:
        raise Refused("CW-COMPILE-NOTHING-LEFT", "The decision leaves no variable.")
    starts, ends = _period(version, decision)
    return Narrowed(version, decision, data, starts, ends)


def _check_purposes(version: ApplicationVersion) -> None:
    # No committee can override this, so it is asked again of what a committee approved.
    for code in version.content.purpose.codes:
        if code in REFUSED_PURPOSES:
            raise PermitRefused(
                "CW-PERMIT-PURPOSE", f"Patient data are never used for {REFUSED_PURPOSES[code]}."
            )


def granted_forms(
    version: ApplicationVersion, decision: DecisionLike
) -> tuple[frozenset[Place], dict[Place, str]]:
    """The variables that `decision` granted, and the coarser forms of some. Raises as `narrow`."""
    return _decided(version, decision)


def _decided(
    version: ApplicationVersion, decision: DecisionLike
) -> tuple[frozenset[Place], dict[Place, str]]:
    """The variables that were granted, and the forms that stand in place of those asked for."""
    data = version.content.data
    asked = {(data.dataset, item.table, item.variable): item for _, _, item in data.asked()}
    said = [(each.dataset, each.table, each.variable) for each in decision.variables]
    if len(said) != len(set(said)) or set(said) != set(asked):
        raise Refused(
            "CW-COMPILE-VARIABLES",
            "The decision must decide each variable that is asked for, once, and no other.",
        )
    granted: set[Place] = set()
    coarser: dict[Place, str] = {}
    for each in decision.variables:
        place = (each.table, each.variable)
        if each.verdict not in VERDICTS:
            raise Refused("CW-COMPILE-VARIABLES", "What was decided of a variable is not known.")
        if each.verdict != "refused":
            granted.add(place)
        if each.verdict == "coarser":
            item = asked[data.dataset, *place]
            coarser[place] = _coarser(".".join(place), each.form or "", item.form or "")
    return frozenset(granted), coarser


def _coarser(name: str, form: str, asked: str) -> str:
    try:
        less = shows_less(Form.parse(form), Form.parse(asked))
    except Fault as fault:
        raise Refused("CW-COMPILE-COARSER", f"{name}: {fault.sentence}") from None
    if not less:
        raise Refused(
            "CW-COMPILE-COARSER",
            f"The decision gives {name} a form that does not show less than the one asked for.",
        )
    return form


def _period(version: ApplicationVersion, decision: DecisionLike) -> tuple[date, date]:
    period = version.content.period
    if period.starts is None or period.ends is None:
        raise Refused("CW-COMPILE-PERIOD", "The version does not say from when until when.")
    ends = min(period.ends, decision.until or period.ends)
    if ends < period.starts:
        raise Refused("CW-COMPILE-PERIOD", "The decision would end the project before it begins.")
    return period.starts, ends
