"""The search for forms against its exhaustive twin: several views, several rows a person."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.papers.permit import RiskLimits
from commonweal.vault.release import form_search
from commonweal.vault.risk.anonymise import search as searching
from commonweal.vault.risk.anonymise.search import Budget
from tests.unit.release.form_oracle import EPSILON, Case

VALUES = 5


@st.composite
def ladders(draw: st.DrawFn) -> dict[str, dict[int, int]]:
    """An agreed form, a chain of forms that join more and more, and a way of its own beside it."""
    found = {"agreed": {value: value for value in range(VALUES)}}
    for number in range(draw(st.integers(0, 2))):
        below = list(found.values())[-1]
        names = sorted(set(below.values()))
        if len(names) == 1:
            break
        first, second = draw(st.sampled_from(list(pairwise(names))))
        joined = {name: first if name == second else name for name in names}
        found[f"level {number + 1}"] = {value: joined[below[value]] for value in below}
    if draw(st.booleans()):
        cut = draw(st.integers(1, VALUES))
        found["aside"] = {value: int(value >= cut) for value in range(VALUES)}
    # As on data: what joins nothing, or the same as another, is no form of its own.
    parts: dict[Any, str] = {}
    for name, shown in found.items():
        parts.setdefault(partition(shown), name)
    return {name: found[name] for name in parts.values()}


def partition(shown: dict[int, int]) -> frozenset[frozenset[int]]:
    groups: dict[int, set[int]] = {}
    for value, name in shown.items():
        groups.setdefault(name, set()).add(value)
    return frozenset(frozenset(one) for one in groups.values())


@st.composite
def cases(draw: st.DrawFn) -> Case:
    names = ["a", "b", "c"][: draw(st.integers(1, 3))]
    forms = {name: draw(ladders()) for name in names}
    value, who, learnt = st.integers(0, VALUES - 1), st.integers(0, 8), st.integers(0, 2)
    people = {
        person: {name: draw(value) for name in names} for person in range(draw(st.integers(1, 9)))
    }
    views: dict[str, Any] = {
        "people": [(person, dict(held), draw(learnt)) for person, held in people.items()]
    }
    rows = {name: dict.fromkeys(range(VALUES), 0) for name in names}
    for held in people.values():
        for name, found in held.items():
            rows[name][found] += 1
    lasting, beside = {}, {}
    if draw(st.booleans()):
        several = draw(st.lists(st.tuples(who, value, learnt), min_size=1, max_size=10))
        views["stays"] = [
            (person, {**people[person], names[0]: day}, what)
            for person, day, what in several
            if person in people
        ]
        if not views["stays"]:
            del views["stays"]
        elif draw(st.booleans()):
            # The day of the stay, known of the person only in forms that are coarse enough.
            first = draw(st.integers(0, len(forms[names[0]])))
            lasting[names[0]] = {
                form: is_above(forms[names[0]], form, first) for form in forms[names[0]]
            }
            beside[names[0]] = frozenset({"people"})
    limits = RiskLimits(
        k=draw(st.integers(2, 4)),
        distinct_l=draw(st.sampled_from([None, None, 2])),
        prosecutor_mean=draw(st.sampled_from([None, None, 0.25, 0.4])),
        marketer=draw(st.sampled_from([None, None, 0.3])),
    )
    most = draw(st.integers(0, len(people)))
    return Case(views, forms, rows, limits, most, lasting, beside)


def is_above(forms: dict[str, dict[int, int]], form: str, first: int) -> bool:
    """Whether a form joins all that the form number `first` joins: then it lasts as that does."""
    if first >= len(forms):
        return False
    fine = list(forms.values())[first]
    return all(
        forms[form][one] == forms[form][other]
        for one in range(VALUES)
        for other in range(VALUES)
        if fine[one] == fine[other]
    )


def agree(case: Case) -> None:
    found = case.searches(Budget(nodes=10_000, seconds=60.0)).run()
    best = case.best()
    assert found.optimal
    if best is None:
        assert found.forms is None
        return
    assert found.forms is not None
    assert case.holds(found.forms)
    assert abs(case.score(found.forms) - best) < EPSILON
    assert abs(found.score - best) < EPSILON
    assert abs(found.bound - found.score) < EPSILON
    for one in found.candidates:
        forms = dict(zip(case.forms, one.levels, strict=True))
        assert one.holds == case.holds(forms)
        assert abs(one.score - case.score(forms)) < EPSILON
        whole = {person for rows in case.views.values() for person, _, _ in rows}
        classes = [case.classes(name, forms, whole) for name in case.views]
        if not case.lasting:
            assert one.k == min(len(people) for view in classes for people, _ in view.values())


@settings(max_examples=150)
@given(case=cases())
def test_the_search_finds_what_trying_everything_finds(case: Case) -> None:
    agree(case)


@pytest.mark.slow
@settings(max_examples=3_000, deadline=None)
@given(case=cases())
def test_the_search_finds_what_trying_everything_finds_thoroughly(case: Case) -> None:
    agree(case)


@settings(max_examples=40)
@given(case=cases())
def test_so_does_the_search_of_lattices_that_are_not_laid_out(case: Case) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(searching, "WHOLE_LATTICE", 1)
        agree(case)


@settings(max_examples=40)
@given(case=cases(), nodes=st.integers(1, 4))
def test_a_spent_budget_claims_no_more_than_it_knows(case: Case, nodes: int) -> None:
    found = case.searches(Budget(nodes=nodes, seconds=60.0)).run()
    best = case.best()
    assert found.checks <= nodes
    if found.forms is not None:
        assert case.holds(found.forms)
        assert best is not None
        assert found.bound <= best + EPSILON <= found.score + 2 * EPSILON
        assert not found.optimal or abs(found.score - best) < EPSILON
    elif found.optimal:
        assert best is None


@settings(max_examples=40)
@given(case=cases())
def test_forms_that_the_gate_refused_are_not_found_again(case: Case) -> None:
    searches = case.searches(Budget(nodes=10_000, seconds=60.0))
    first = searches.run()
    if first.forms is None:
        return
    searches.refuse(first.forms)
    second = searches.run()
    rest = [one for one in case.choices() if one != first.forms and case.holds(one)]
    assert (second.forms is None) == (not rest)
    if second.forms is not None:
        assert second.forms != first.forms
        assert abs(second.score - min(case.score(one) for one in rest)) < EPSILON


@settings(max_examples=60)
@given(case=cases(), data=st.data())
def test_what_an_intruder_broke_is_passed_over_and_the_best_of_the_rest_found(
    case: Case, data: st.DataObject
) -> None:
    searches = case.searches(Budget(nodes=10_000, seconds=60.0))
    first = searches.run()
    if first.forms is None:
        return
    names = data.draw(st.sets(st.sampled_from(sorted(case.forms))))
    broken = {name: form for name, form in first.forms.items() if name in names}
    searches.refuse(first.forms)
    # An item that has one form is no matter of the search.
    searches.rule_out({**broken, "elsewhere.item": "exact"})
    second = searches.run()
    rest = [
        one
        for one in case.choices()
        if one != first.forms
        and case.holds(one)
        and (case.left_out(one) or any(one[name] != form for name, form in broken.items()))
    ]
    assert (second.forms is None) == (not rest)
    assert second.optimal
    if second.forms is not None:
        assert second.forms in rest
        assert abs(second.score - min(case.score(one) for one in rest)) < EPSILON
    for one in second.candidates:
        forms = dict(zip(case.forms, one.levels, strict=True))
        assert one.holds == (forms in rest)


def test_of_too_many_ways_nothing_is_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(form_search, "MOST_SEARCHES", 1)
    agreed = {value: value for value in range(4)}
    forms = {"agreed": agreed, "low": {0: 0, 1: 0, 2: 2, 3: 3}, "high": {0: 0, 1: 1, 2: 2, 3: 2}}
    people = [(one, {"a": value}, 0) for one, value in enumerate((0, 0, 1, 1, 2, 3))]
    limits = RiskLimits(k=2)
    case = Case({"people": people}, {"a": forms}, {"a": {0: 2, 1: 2, 2: 1, 3: 1}}, limits, 0)
    assert case.best() is not None
    found = case.searches(Budget()).run()
    assert not found.optimal
    assert found.forms is None
