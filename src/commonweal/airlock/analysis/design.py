"""The design of a regression: which columns of numbers its terms become, and who holds each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from commonweal.airlock.analysis.results import Group, Held, Twins, people_of
from commonweal.airlock.analysis.rows import Codes, Rows, said_as
from commonweal.airlock.analysis.unfit import UnfitError
from commonweal.airlock.figures import Marks, Numbers
from commonweal.papers.analysis_request import RegressionRequest, Term
from commonweal.papers.output_request import Column

MAX_PARAMETERS = 200
MOST_NUMBERS = 200_000_000
"""Numbers of a design: 1.6 GB, and a few times as much while it is fitted."""
MOST_TOLD = 1000
"""Groups of more people than any profile's threshold are of no interest to its rules."""


@dataclass(frozen=True)
class Piece:
    """What one term became: named columns."""

    names: tuple[str, ...]
    matrix: Numbers


@dataclass(frozen=True)
class Design:
    """The matrix, rows by parameters. `intercept`: whether its first column is one."""

    names: tuple[str, ...]
    matrix: Numbers
    intercept: bool


def make_design(request: RegressionRequest, rows: Rows) -> Design:
    """The design of a request's terms and interactions.

    Raises `UnfitError` (too many parameters, a reference that no row has).
    """
    intercept = request.family != "cox"
    _require_narrow(request, rows)
    pieces = {term.column: _piece(request, term, rows) for term in request.terms}
    made = [Piece(("intercept",), np.ones((len(rows), 1)))] if intercept else []
    made += pieces.values()
    made += [_product(pieces[one.first], pieces[one.second]) for one in request.interactions]
    names = tuple(name for piece in made for name in piece.names)
    matrix = np.hstack([piece.matrix for piece in made]) if made else np.zeros((len(rows), 0))
    return Design(names, np.ascontiguousarray(matrix), intercept)


def _require_narrow(request: RegressionRequest, rows: Rows) -> None:
    """Count the columns before any is made: what is too wide takes no memory."""
    widths = {
        term.column: max(len(rows.categories(term.column).names) - 1, 0)
        if term.as_ == "category"
        else 1
        for term in request.terms
    }
    crossed = sum(widths[one.first] * widths[one.second] for one in request.interactions)
    width = sum(widths.values()) + crossed + (request.family != "cox")
    if width > MAX_PARAMETERS or width * len(rows) > MOST_NUMBERS:
        raise UnfitError("the model has too many parameters, or too many for so many rows")


def term_name(request: RegressionRequest, column: Column) -> str:
    """A column as outputs call it: with its table where another column has the same name."""
    names = [one.column.name for one in request.terms]
    return f"{column.table}.{column.name}" if names.count(column.name) > 1 else column.name


def _piece(request: RegressionRequest, term: Term, rows: Rows) -> Piece:
    name = term_name(request, term.column)
    if term.as_ == "number":
        return Piece((name,), rows.number(term.column)[:, None])
    held = rows.categories(term.column)
    reference: int | None = 0
    if term.reference is not None:
        reference = held.place(said_as(term.reference))
        if reference is None:
            raise UnfitError(f"no row has the reference of {name}")
    places = [place for place in range(len(held.names)) if place != reference]
    names = tuple(f"{name} = {held.names[place]}" for place in places)
    return Piece(names, (held.codes[:, None] == np.array(places, np.int64)).astype(np.float64))


def _product(first: Piece, second: Piece) -> Piece:
    names = tuple(f"{one} x {other}" for one in first.names for other in second.names)
    product = first.matrix[:, :, None] * second.matrix[:, None, :]
    return Piece(names, product.reshape(len(product), len(names)))


def groups_of(request: RegressionRequest, rows: Rows, events: Marks | None) -> tuple[Group, ...]:
    """People of each category, and of each cell that an interaction of two categories makes."""
    grouped = [term.column for term in request.terms if term.as_ == "category"]
    sets: list[tuple[Column, ...]] = [(column,) for column in grouped]
    sets += [
        (one.first, one.second)
        for one in request.interactions
        if one.first in grouped and one.second in grouped
    ]
    return tuple(group for columns in sets for group in _groups(request, rows, events, columns))


def _groups(
    request: RegressionRequest, rows: Rows, events: Marks | None, columns: tuple[Column, ...]
) -> list[Group]:
    held = [rows.categories(column) for column in columns]
    shape = tuple(len(one.names) for one in held)
    cell = np.ravel_multi_index([one.codes for one in held], shape) if len(rows) else rows.person
    size = int(np.prod(shape))
    people = _people_in(cell, rows.person, size)
    with_event = None if events is None else _people_in(cell[events], rows.person[events], size)
    without = None if events is None else _people_in(cell[~events], rows.person[~events], size)
    names = [term_name(request, column) for column in columns]
    return [
        Group(
            {
                n: h.names[p]
                for n, h, p in zip(names, held, np.unravel_index(place, shape), strict=True)
            },
            int(people[place]),
            None if with_event is None else int(with_event[place]),
            None if without is None else int(without[place]),
        )
        for place in range(size)
    ]


def _people_in(cell: Codes, person: Codes, size: int) -> Codes:
    """Different people in each cell."""
    if not len(cell):
        return np.zeros(size, np.int64)
    wide = int(person.max()) + 1
    return np.bincount(np.unique(cell * wide + person) // wide, minlength=size)


def held_by(design: Design, person: Codes) -> tuple[Held, ...]:
    """For each column but the intercept: people with another value than its commonest."""
    found = []
    for place in range(design.intercept, len(design.names)):
        values, inverse, counts = np.unique(
            design.matrix[:, place], return_inverse=True, return_counts=True
        )
        apart = inverse != (int(np.argmax(counts)) if len(values) else 0)
        found.append(Held(design.names[place], people_of(person, apart)))
    return tuple(found)


def twins_of(request: RegressionRequest, rows: Rows) -> tuple[Twins, ...]:
    """Pairs of two-valued columns of two terms that tell 1 to `MOST_TOLD` people apart.

    A dummy and a number of 0 and 1 that differ in one person have that person's outcome as the
    difference of their coefficients.
    """
    names, terms, columns = _indicators(request, rows)
    if len(names) < 2 or not len(rows):
        return ()
    marks = np.stack(columns, 1)
    both = marks.astype(np.float64)
    counts = both.sum(0)
    apart = counts[:, None] + counts[None, :] - 2 * (both.T @ both)
    # So many rows are of more people than anybody asks about.
    most = int(np.bincount(rows.person).max()) * MOST_TOLD
    found = []
    for one in range(len(names)):
        for other in range(one):
            if terms[one] == terms[other]:
                continue
            for differ, near in ((True, apart[one, other]), (False, len(rows) - apart[one, other])):
                if 0 < near <= most:
                    unlike = (marks[:, one] != marks[:, other]) == differ
                    people = people_of(rows.person, unlike)
                    found.append(Twins(names[other], names[one], people))
    return tuple(found)


def _indicators(request: RegressionRequest, rows: Rows) -> tuple[list[str], list[int], list[Marks]]:
    """Every category, and every number of two values: name, number of its term, marks of rows."""
    names: list[str] = []
    terms: list[int] = []
    columns: list[Marks] = []
    for number, term in enumerate(request.terms):
        name = term_name(request, term.column)
        if term.as_ == "category":
            held = rows.categories(term.column)
            names += [f"{name} = {one}" for one in held.names]
            columns += [held.codes == place for place in range(len(held.names))]
        elif len(values := np.unique(rows.number(term.column))) == 2:
            names.append(name)
            columns.append(rows.number(term.column) == values[0])
        terms += [number] * (len(names) - len(terms))
    return names, terms, columns
