"""Whether an impact assessment is needed, and whether it may take the lighter route (P6)."""

from __future__ import annotations

from collections.abc import Collection

from commonweal.foundation.errors import Refused
from commonweal.governance.committee.rules import CommitteeRules
from commonweal.governance.committee.vocabulary import LIGHTER_WORDS, LighterCriterion

AI_PURPOSES = frozenset({"ai_research", "ai_train", "ai_test"})
"""Purposes of `papers.vocabulary.Purpose` for which an assessment is always needed."""


def needs_assessment(purposes: Collection[str], processing: Collection[str] = ()) -> bool:
    """True for any purpose about AI, and for any training, federated too."""
    return bool(AI_PURPOSES & set(purposes)) or bool({"train", "federated"} & set(processing))


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
