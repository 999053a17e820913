"""The route finder: a few plain questions, one route, and what it will need (P3).

The table is `routes.yaml`. Every combination of answers has exactly one route; a test goes through
all of them, with a slow twin written from the law.
"""

from __future__ import annotations

from collections.abc import Mapping

from commonweal.foundation.errors import Fault
from commonweal.governance.application.basis import RouteAnswers
from commonweal.governance.application.seeds import (
    AlsoNeeded,
    Need,
    Question,
    Route,
    Routes,
    When,
    read_seed,
)


def next_question(answers: RouteAnswers, table: Routes | None = None) -> Question | None:
    """The first question that is not answered yet, or None."""
    asked = (table or read_seed(Routes)).questions
    return next((each for each in asked if getattr(answers, each.id) is None), None)


def find_route(answers: RouteAnswers, table: Routes | None = None) -> Route:
    """The route to which the answers lead.

    Raises `Fault` CW-APPLY-ROUTE where a question is not answered, or where the custodian's table
    has no route or several for these answers.
    """
    rules = table or read_seed(Routes)
    missing = next_question(answers, rules)
    if missing is not None:
        raise Fault("CW-APPLY-ROUTE", f"This question is not answered yet: {missing.asks}")
    given = answers.plain()
    found = [route for route in rules.routes if _fits(route.when, given)]
    if len(found) != 1:
        raise Fault(
            "CW-APPLY-ROUTE",
            f"The table of routes has {len(found)} routes for these answers; it must have one.",
        )
    return found[0]


def route_needs(answers: RouteAnswers, table: Routes | None = None) -> tuple[Need, ...]:
    """Everything that will be asked for with these answers, the route's own needs first.

    Raises what `find_route` raises.
    """
    rules = table or read_seed(Routes)
    given = answers.plain()
    also: list[AlsoNeeded] = [each for each in rules.also if _fits(each.when, given)]
    return (*find_route(answers, rules).needs, *also)


def _fits(when: When, given: Mapping[str, object]) -> bool:
    return all(given[question] in answers for question, answers in when.items())
