"""Whether an impact assessment may take the lighter route (P6).

`needs_assessment` says whether there must be one at all.
"""

from __future__ import annotations

from collections.abc import Collection

from commonweal.foundation.errors import Refused
from commonweal.governance.ai_use import AI_PURPOSES, needs_assessment
from commonweal.governance.committee.rules import CommitteeRules
from commonweal.governance.committee.vocabulary import LIGHTER_WORDS, LighterCriterion

__all__ = ["AI_PURPOSES", "check_lighter_route", "needs_assessment"]


def check_lighter_route(met: Collection[LighterCriterion], rules: CommitteeRules) -> None:
    """Refuse the lighter route unless all its published conditions are `met`.

    Raises `Refused` CW-COMMITTEE-ROUTE.
    """
    conditions = rules.lighter_assessment.conditions
    if not conditions:
        raise Refused("CW-COMMITTEE-ROUTE", "The rules have no lighter route: a workshop is held.")
    missing = [LIGHTER_WORDS[one] for one in conditions if one not in met]
    if missing:
        raise Refused(
            "CW-COMMITTEE-ROUTE",
            f"The lighter route is only for projects where {'; '.join(missing)}.",
        )
