"""Requests for regressions and survival curves: terms and times in closed expressions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from commonweal.enclave.study.asking import (
    GROUPS,
    NUMBERS,
    ROUNDINGS,
    Asker,
    head,
    limited,
    line,
    with_filter,
)
from commonweal.enclave.study.columns import Column, Filter, Json, plain_number, plain_value
from commonweal.enclave.study.errors import StudyError

FAMILIES = ("linear", "logistic", "poisson", "cox")
MOST_TERMS, MOST_INTERACTIONS, MOST_STRATA, MOST_DECIMALS = 30, 10, 2, 6
MOST_CORRELATED = 10
_OUTCOMES = {
    "linear": NUMBERS,
    "logistic": frozenset({"boolean", "integer"}),
    "poisson": frozenset({"integer"}),
    "cox": NUMBERS,
}
_EVENTS = frozenset({"boolean", "integer"})


@dataclass(frozen=True)
class Term:
    """A column on the right side of a model. Made by `number` and `category`."""

    column: Column | str
    as_: Literal["number", "category"]
    reference: object = None


def number(column: Column | str) -> Term:
    """A column of numbers as its number."""
    return Term(column, "number")


def category(column: Column | str, reference: object = None) -> Term:
    """A column by its categories, each beside `reference` (the first in order if not given)."""
    return Term(column, "category", reference)


def regression_request(
    asker: Asker,
    name: str,
    title: str | None,
    family: str,
    outcome: object,
    event: object,
    terms: object,
    *,
    interactions: object,
    where: Filter | None,
    decimals: int,
    rounding: str,
) -> Json:
    """A regression as plain JSON. Raises `StudyError`."""
    if family not in FAMILIES:
        raise StudyError(f"family: this is one of {', '.join(FAMILIES)}.")
    left = _typed(asker, outcome, "outcome", _OUTCOMES[family])
    ended = None if event is None else _typed(asker, event, "event", _EVENTS)
    if (ended is not None) != (family == "cox"):
        raise StudyError("event: a cox regression has an event, other families have none.")
    listed = [terms] if isinstance(terms, Column | str | Term) else terms
    if not isinstance(listed, Sequence) or len(listed) > MOST_TERMS:
        raise StudyError(f"terms: give a list of at most {MOST_TERMS} columns.")
    made = [_term(asker, one) for one in listed]
    if family == "cox" and not made:
        raise StudyError("terms: a cox regression has at least one term.")
    _apart([left, *([ended] if ended else []), *(Column(**one["column"]) for one in made)])
    request = {
        **head(asker, name, title or f"{family.capitalize()} regression of {left.name}"),
        "kind": "regression",
        "family": family,
        "outcome": left.plain(),
        "terms": made,
        "decimals": _decimals(decimals),
        "rounding": _rounding(rounding),
    }
    if ended is not None:
        request["event"] = ended.plain()
    crossed = _interactions(asker, interactions, made)
    if crossed:
        request["interactions"] = crossed
    return limited(with_filter(request, _filter(asker, where)))


_LEAST_STEP = 1e-6


def survival_request(
    asker: Asker,
    name: str,
    title: str | None,
    time: object,
    event: object,
    *,
    by: object,
    step: object,
    where: Filter | None,
    decimals: int,
    rounding: str,
) -> Json:
    """A survival curve as plain JSON. Raises `StudyError`."""
    lasted = _typed(asker, time, "time", NUMBERS)
    ended = _typed(asker, event, "event", _EVENTS)
    groups = asker.by(by)
    for one in groups:
        asker.require_released(Column(**one["column"]), "by")
    if len(groups) > MOST_STRATA:
        raise StudyError(f"by: a survival curve is grouped by at most {MOST_STRATA} columns.")
    width = plain_number(step, "step")
    if isinstance(width, bool) or width < _LEAST_STEP:
        raise StudyError("step: this is a number of at least 0.000001, in the unit of the time.")
    _apart([lasted, ended, *(Column(**one["column"]) for one in groups)])
    request = {
        **head(asker, name, title or f"Survival by {lasted.name}"),
        "kind": "survival",
        "time": lasted.plain(),
        "event": ended.plain(),
        "by": groups,
        "step": width,
        "decimals": _decimals(decimals),
        "rounding": _rounding(rounding),
    }
    return limited(with_filter(request, _filter(asker, where)))


def correlation_request(
    asker: Asker,
    name: str,
    title: str | None,
    columns: object,
    *,
    where: Filter | None,
    decimals: int,
    rounding: str,
) -> Json:
    """Correlations of each pair of columns as plain JSON. Raises `StudyError`."""
    if isinstance(columns, str) or not isinstance(columns, Sequence):
        raise StudyError("columns: give a list of columns of numbers.")
    if not 2 <= len(columns) <= MOST_CORRELATED:
        raise StudyError(f"columns: give 2 to {MOST_CORRELATED} columns of numbers.")
    found = [_typed(asker, one, "columns", NUMBERS) for one in columns]
    _apart(found)
    request = {
        **head(asker, name, title or f"Correlations of {', '.join(one.name for one in found)}"),
        "kind": "correlation",
        "of": [one.plain() for one in found],
        "decimals": _decimals(decimals),
        "rounding": _rounding(rounding),
    }
    return limited(with_filter(request, _filter(asker, where)))


def _typed(asker: Asker, given: object, argument: str, types: frozenset[str]) -> Column:
    column = asker.column(given, argument)
    asker.require_released(column, argument)
    kind = asker.kind(column, argument).type
    if kind not in types:
        raise StudyError(
            f"{argument}: {column.name} holds a {kind}; it is to hold {' or '.join(sorted(types))}."
        )
    return column


def _filter(asker: Asker, given: Filter | None) -> Json | None:
    if isinstance(given, Filter):
        for condition in given.conditions():
            asker.require_released(Column(**condition["column"]), "where")
    return asker.where(given)


def _term(asker: Asker, given: object) -> Json:
    if isinstance(given, Term):
        term = given
    else:
        column = asker.column(given, "terms")
        numeric = asker.kind(column, "terms").type in NUMBERS
        term = number(column) if numeric else category(column)
    column = asker.column(term.column, "terms")
    asker.require_released(column, "terms")
    kind = asker.kind(column, "terms").type
    if term.as_ == "number" and kind not in NUMBERS:
        raise StudyError(f"terms: {column.name} holds no numbers; use study.category(...).")
    if term.as_ == "category" and kind not in GROUPS:
        raise StudyError(f"terms: {column.name} has too many values to be categories.")
    made: Json = {"column": column.plain(), "as": term.as_}
    if term.reference is not None:
        made["reference"] = _reference(term.reference, column)
    return made


def _reference(given: Any, column: Column) -> str:
    """The category in the words in which it stands in the table."""
    plain = plain_value(given)
    if isinstance(plain, float):
        raise StudyError(f"reference: a category of {column.name} is no decimal number.")
    return line(str(plain).lower() if isinstance(plain, bool) else str(plain), "reference")


def _interactions(asker: Asker, given: object, terms: list[Json]) -> list[Json]:
    if not isinstance(given, Sequence) or isinstance(given, str) or len(given) > MOST_INTERACTIONS:
        raise StudyError(f"interactions: give at most {MOST_INTERACTIONS} pairs of columns.")
    known = [one["column"] for one in terms]
    made: list[Json] = []
    for pair in given:
        if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
            raise StudyError("interactions: each is a pair of columns.")
        first, second = (asker.column(one, "interactions").plain() for one in pair)
        if first == second or first not in known or second not in known:
            raise StudyError("interactions: a pair is of two different terms of the model.")
        if any(
            {str(one["first"]), str(one["second"])} == {str(first), str(second)} for one in made
        ):
            raise StudyError("interactions: a pair is asked for twice.")
        made.append({"first": first, "second": second})
    return made


def _apart(columns: list[Column]) -> None:
    if len({(one.table, one.name.casefold()) for one in columns}) < len(columns):
        raise StudyError("A column is used twice in one request.")


def _decimals(decimals: object) -> int:
    whole = isinstance(decimals, int) and not isinstance(decimals, bool)
    if not whole or not 0 <= decimals <= MOST_DECIMALS:  # type: ignore[operator]
        raise StudyError(f"decimals: a whole number from 0 to {MOST_DECIMALS}.")
    return int(decimals)  # type: ignore[call-overload,no-any-return]


def _rounding(rounding: object) -> str:
    if not isinstance(rounding, str) or rounding not in ROUNDINGS:
        raise StudyError(f"rounding: this is one of {', '.join(ROUNDINGS)}.")
    return rounding
