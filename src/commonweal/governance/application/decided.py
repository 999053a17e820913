"""A version as a decision left it: less, coarser, shorter; never more.

The agreement's schedule and the permit draft both come from `narrow`, so that what was signed and
what machines obey cannot differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from commonweal.foundation.errors import Fault, Refused
from commonweal.governance.application.permitted import permitted_data
from commonweal.governance.application.version import ApplicationVersion
from commonweal.papers.forms import Form, shows_less
from commonweal.papers.refusal import PermitRefused
from commonweal.papers.vocabulary import REFUSED_PURPOSES

APPROVED = frozenset({"approve", "approve_with_conditions"})


class DecisionLike(Protocol):
    """What is read of a committee's decision about one version.

    `struck`: variables (`table.variable`) that were struck out. `coarser`: variable to the coarser
    form in which it may be seen. `until`: an earlier last day, or None.
    """

    @property
    def version_digest(self) -> str: ...  # noqa: D102 (the class says it)
    @property
    def outcome(self) -> str: ...  # noqa: D102
    @property
    def conditions(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def struck(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def coarser(self) -> Mapping[str, str]: ...  # noqa: D102
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
    CW-COMPILE-NOT-APPROVED, CW-COMPILE-STRUCK or CW-COMPILE-COARSER where it names what the version
    does not ask for or does not make it coarser, CW-COMPILE-NOTHING-LEFT, CW-COMPILE-PERIOD;
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
    asked = {item.key: item.form or "" for _, _, item in version.content.data.asked()}
    struck = _struck(decision, asked)
    _check_coarser(decision, asked, struck)
    data = permitted_data(version.content, set(asked) - struck, decision.coarser)
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


def _struck(decision: DecisionLike, asked: Mapping[str, str]) -> set[str]:
    struck = set(decision.struck)
    if struck - set(asked):
        raise Refused(
            "CW-COMPILE-STRUCK",
            "The decision strikes out a variable that the application does not ask for.",
        )
    if struck & set(decision.coarser):
        raise Refused(
            "CW-COMPILE-STRUCK", "The decision strikes out a variable and gives it a form, too."
        )
    return struck


def _check_coarser(decision: DecisionLike, asked: Mapping[str, str], struck: set[str]) -> None:
    for name, text in sorted(decision.coarser.items()):
        if name not in asked or name in struck:
            raise Refused(
                "CW-COMPILE-COARSER",
                "The decision gives a form to a variable that the application does not ask for.",
            )
        try:
            less = shows_less(Form.parse(text), Form.parse(asked[name]))
        except Fault as fault:
            raise Refused("CW-COMPILE-COARSER", f"{name}: {fault.sentence}") from None
        if not less:
            raise Refused(
                "CW-COMPILE-COARSER",
                f"The decision gives {name} a form that does not show less than the one asked for.",
            )


def _period(version: ApplicationVersion, decision: DecisionLike) -> tuple[date, date]:
    period = version.content.period
    if period.starts is None or period.ends is None:
        raise Refused("CW-COMPILE-PERIOD", "The version does not say from when until when.")
    ends = min(period.ends, decision.until or period.ends)
    if ends < period.starts:
        raise Refused("CW-COMPILE-PERIOD", "The decision would end the project before it begins.")
    return period.starts, ends
