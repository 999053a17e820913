"""The route finder: every combination of answers leads to exactly one route (P3)."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from commonweal.foundation.errors import Fault
from commonweal.governance.application.basis import RouteAnswers
from commonweal.governance.application.route import find_route, next_question, route_needs
from commonweal.governance.application.seeds import DocumentKinds, Routes, read_seed
from commonweal.papers.base import PaperInvalid

TABLE = read_seed(Routes)
COMBINATIONS = [
    dict(zip([q.id for q in TABLE.questions], values, strict=True))
    for values in itertools.product(*([c.value for c in q.choices] for q in TABLE.questions))
]


def read(given: dict[str, Any]) -> RouteAnswers:
    return RouteAnswers.read(given, "The answers")


def slow_route(given: dict[str, Any]) -> str:
    """The law in plain steps, written without the table."""
    if given["consent"]:
        return "consented"
    if not given["identifiable"]:
        return "coded_records" if given["what"] == "records" else "checked_results"
    if given["duty"]:
        return "required_by_law"
    if given["research"]:
        return "support_hra"
    if given["who"] == "care_team":
        return "own_care"
    return "support_secretary_of_state"


def test_there_are_as_many_combinations_as_answers_allow() -> None:
    assert len(COMBINATIONS) == 3 * 2**6


@pytest.mark.parametrize("research", [True, False])
@pytest.mark.parametrize("consent", [True, False])
def test_every_combination_has_the_one_route_of_the_law(research: bool, consent: bool) -> None:
    for given in COMBINATIONS:
        if (given["research"], given["consent"]) == (research, consent):
            assert find_route(read(given)).id == slow_route(given), given


def test_every_route_is_reached() -> None:
    reached = {find_route(read(given)).id for given in COMBINATIONS}
    assert reached == {route.id for route in TABLE.routes}


def test_identifiable_without_consent_always_asks_for_support_or_law_or_care() -> None:
    for given in COMBINATIONS:
        if given["identifiable"] and not given["consent"]:
            route = find_route(read(given))
            blocking = {need.id for need in route.needs if need.blocks}
            support = {"cag_reference", "cag_letter", "cag_items"}
            lawful = route.id in ("required_by_law", "own_care")
            assert (support <= blocking) is not lawful
            assert "not_confidential" not in route.common_law


def test_who_decides_follows_from_research() -> None:
    for given in COMBINATIONS:
        decider = find_route(read(given)).decision_maker
        if decider is not None:
            assert decider == ("hra" if given["research"] else "secretary_of_state")


def test_needs_follow_from_the_answers() -> None:
    for given in COMBINATIONS:
        named = {need.id for need in route_needs(read(given))}
        assert {"dpia", "training", "security"} <= named
        assert ("aia" in named) is given["ai"]
        assert ({"ethics", "protocol"} <= named) is given["research"]


def test_documents_that_are_asked_for_are_kinds_of_documents() -> None:
    kinds = {each.code for each in read_seed(DocumentKinds).kinds}
    needs = [*TABLE.also, *TABLE.by_law, *(n for route in TABLE.routes for n in route.needs)]
    assert {need.document for need in needs} - {None} <= kinds


def test_questions_are_asked_one_by_one() -> None:
    answers = RouteAnswers()
    asked = []
    while (question := next_question(answers)) is not None:
        asked.append(question.id)
        with pytest.raises(Fault, match="CW-APPLY-ROUTE"):
            find_route(answers)
        answers = answers.model_copy(update={question.id: question.choices[0].value})
    assert asked == list(RouteAnswers.model_fields)
    assert find_route(answers).title


def table(**changes: Any) -> Routes:
    return Routes.read(TABLE.plain() | changes, "The list")


def test_a_table_with_a_hole_or_an_overlap_is_refused_when_it_is_asked() -> None:
    plain = TABLE.plain()["routes"]
    given = read(COMBINATIONS[0])
    for routes in ([r for r in plain if r["id"] != "consented"], [*plain, plain[0]]):
        with pytest.raises(Fault, match="CW-APPLY-ROUTE: The table of routes has"):
            find_route(given, table(routes=routes))


@pytest.mark.parametrize(
    "when", [{"who": ["nobody"]}, {"zork": [True]}, {"research": ["records"]}, {"who": [True]}]
)
def test_a_route_that_names_what_is_not_asked_is_refused(when: dict[str, Any]) -> None:
    route = TABLE.plain()["routes"][0] | {"when": when}
    with pytest.raises(PaperInvalid):
        table(routes=[route])
    with pytest.raises(PaperInvalid):
        table(questions=TABLE.plain()["questions"][1:])
