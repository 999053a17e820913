"""Previews of regressions and survival curves, fitted here with NumPy, for the job only."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from commonweal.enclave.study.asking import Asker
from commonweal.enclave.study.columns import Column, Json
from commonweal.enclave.study.data import Engine
from commonweal.enclave.study.errors import StudyError
from commonweal.enclave.study.laying import Layout, Piece, conditions, words
from commonweal.enclave.study.preview import Preview

Numbers = NDArray[np.float64]
_ROUNDS = 60
_CLOSE = 1e-10
_HAIR = 1e-12
_MOST_STEPS = 1_000_000


def fitted(asker: Asker, engine: Engine, request: Json) -> Preview:
    """Coefficients and standard errors, term by term. Raises `StudyError`.

    Errors allow for several rows of a person (people as clusters), as the airlock's do.
    """
    columns = [request["outcome"], *([request["event"]] if "event" in request else [])]
    columns += [one["column"] for one in request["terms"]]
    person, data = _rows(asker, engine, request, columns)
    outcome = data[0].astype(np.float64)
    family = request["family"]
    names, design = _design(request, data[len(columns) - len(request["terms"]) :])
    if family != "cox":
        names.insert(0, "(intercept)")
        design = np.column_stack([np.ones(len(outcome)), design])
    if len(outcome) <= design.shape[1] or np.linalg.matrix_rank(design) < design.shape[1]:
        raise StudyError("terms: there are too few rows, or the terms say the same twice.")
    if family == "linear":
        found, bread, left = _linear(design, outcome)
        spread = bread * float(left @ left) / (len(outcome) - design.shape[1])
    elif family == "cox":
        found, spread = _cox(design, outcome, data[1].astype(np.float64))
    else:
        found, bread, left = _iterated(design, outcome, family)
        spread = bread
    if family != "cox" and len(np.unique(person)) < len(person):
        spread = _clustered(bread, design * left[:, None], person)
    columns_of: dict[str, list[Any]] = {
        "term": names,
        "coefficient": found.tolist(),
        "standard error": np.sqrt(np.diag(spread)).tolist(),
        "rows": [len(outcome)] * len(names),
    }
    return Preview(request, columns_of)


def survived(asker: Asker, engine: Engine, request: Json) -> Preview:
    """A curve after Kaplan and Meier for each group, at the end of each step."""
    layout = Layout(asker, engine, _named(request))
    piece = Piece()
    kept = layout.meets(piece, request.get("where"))
    selected = [f"{kept} AS kept", f"{layout.value(request['time'])} AS t"]
    selected.append(f"{layout.value(request['event'])} AS e")
    selected += [f"{layout.group(piece, one)} AS g{n}" for n, one in enumerate(request["by"])]
    layout.lay(selected, piece)
    groups = [f"g{n}" for n in range(len(request["by"]))]
    chosen = ", ".join([*groups, "t", "CAST(e AS INTEGER)"])
    order = ", ".join([*groups, "t"])
    rows = layout.db.execute(
        f"SELECT {chosen} FROM laid WHERE kept AND t IS NOT NULL AND e IS NOT NULL ORDER BY {order}"
    ).fetchall()
    by_group: dict[tuple[str, ...], list[tuple[float, int]]] = {}
    for *group, time, event in rows:
        said = tuple(words(one, value) for one, value in zip(request["by"], group, strict=True))
        by_group.setdefault(said, []).append((float(time), int(event)))
    names = [one["column"]["name"] for one in request["by"]]
    columns: dict[str, list[Any]] = {name: [] for name in names}
    columns |= {"time": [], "at risk": [], "events": [], "survival": []}
    for said, pairs in by_group.items():
        for place in _curve(pairs, float(request["step"])):
            for name, value in zip(columns, (*said, *place), strict=True):
                columns[name].append(value)
    return Preview(request, columns)


def _curve(pairs: list[tuple[float, int]], step: float) -> Iterator[tuple[float, int, int, float]]:
    """(end of the step, at risk when it began, events in it, survival at its end)."""
    times = np.array([time for time, _ in pairs])
    events = np.array([event for _, event in pairs])
    if (times < 0).any() or not np.isin(events, (0, 1)).all():
        raise StudyError("time: times are 0 or more, and an event is true or false, 1 or 0.")
    if float(times.max()) / step > _MOST_STEPS:
        raise StudyError("step: the curve would have more than a million steps.")
    ends = step_ends(times, step)
    alive, survival = len(times), 1.0
    for number in range(1, int(ends.max()) + 1):
        inside = ends == number
        began = alive
        for time in np.unique(times[inside]):
            here = times == time
            died = int(events[here].sum())
            survival *= 1 - died / alive
            alive -= int(here.sum())
        yield number * step, began, int(events[inside].sum()), survival


def step_ends(times: Any, step: float) -> Any:
    """The number of the step in which each time lies, as the airlock tells it: a time that is a
    whole number of steps in decimals may be a hair more in binary."""
    steps = times / step
    whole = np.rint(steps)
    near = np.abs(steps - whole) <= _HAIR * np.maximum(whole, 1)
    return np.maximum(np.where(near, whole, np.ceil(steps)), 1).astype(np.int64)


def correlated(asker: Asker, engine: Engine, request: Json) -> Preview:
    """Pearson's correlation of each pair, over rows that have all of the values."""
    data = np.array(_rows(asker, engine, request, request["of"])[1], dtype=np.float64)
    columns: dict[str, list[Any]] = {"first": [], "second": [], "correlation": [], "rows": []}
    if data.shape[1] < 2 or (data.std(axis=1) == 0).any():
        raise StudyError("columns: there are too few rows, or a column has one value only.")
    found = np.atleast_2d(np.corrcoef(data))
    for first, second in itertools.combinations(range(len(request["of"])), 2):
        pair = (request["of"][first]["name"], request["of"][second]["name"])
        values = (*pair, float(found[first, second]), data.shape[1])
        for name, value in zip(columns, values, strict=True):
            columns[name].append(value)
    return Preview(request, columns)


def _named(request: Json) -> Iterator[Json]:
    yield from (one["column"] for one in conditions(request.get("where")))
    for name in ("outcome", "event", "time"):
        if name in request:
            yield request[name]
    yield from request.get("of", ())
    yield from (one["column"] for one in (*request.get("terms", ()), *request.get("by", ())))


def _rows(
    asker: Asker, engine: Engine, request: Json, columns: list[Json]
) -> tuple[NDArray[np.int64], list[NDArray[Any]]]:
    """Whose each row is, and the columns, of rows that meet the filter and have all values."""
    layout, piece = Layout(asker, engine, _named(request)), Piece()
    kept = layout.meets(piece, request.get("where"))
    values = [f"{layout.value(one)} AS v{place}" for place, one in enumerate(columns)]
    layout.lay([f"{layout.person} AS p", f"{kept} AS kept", *values], piece)
    whole = " AND ".join(["kept", *(f"v{place} IS NOT NULL" for place in range(len(columns)))])
    chosen = ", ".join(f"v{place}" for place in range(len(columns)))
    table = layout.db.execute(
        f"SELECT {chosen}, dense_rank() OVER (ORDER BY p) AS p FROM laid WHERE {whole}"
    ).to_arrow_table()
    found = [table.column(place).to_numpy() for place in range(len(columns))]
    for column, values_of in zip(columns, found, strict=True):
        kind = asker.kind(Column(**column), "terms").type
        if kind == "boolean":
            found[columns.index(column)] = np.asarray(values_of, dtype=np.int64)
    return np.asarray(table.column("p").to_numpy(), np.int64), found


def _design(request: Json, data: list[NDArray[Any]]) -> tuple[list[str], Numbers]:
    made: dict[str, list[tuple[str, Numbers]]] = {}
    for term, values in zip(request["terms"], data, strict=True):
        made[str(term["column"])] = list(_coded(term, values))
    for pair in request.get("interactions", ()):
        first, second = made[str(pair["first"])], made[str(pair["second"])]
        made[str(pair)] = [(f"{a} x {b}", x * y) for a, x in first for b, y in second]
    listed = [one for coded in made.values() for one in coded]
    names = [name for name, _ in listed]
    if not listed:
        return names, np.empty((len(data[0]) if data else 0, 0))
    return names, np.column_stack([values for _, values in listed])


def _coded(term: Json, values: NDArray[Any]) -> Iterator[tuple[str, Numbers]]:
    name = term["column"]["name"]
    if term["as"] == "number":
        yield name, values.astype(np.float64)
        return
    said = np.array([_category(value) for value in values], dtype=object)
    order = [_category(value) for value in np.unique(values.astype(str) if values.dtype == object
                                                     else values)]  # fmt: skip
    reference = term.get("reference", order[0] if order else None)
    if reference not in order:
        raise StudyError(f"reference: no row has this category of {name}.")
    for one in order:
        if one != reference:
            yield f"{name} {one}", (said == one).astype(np.float64)


def _category(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool | np.bool_) else str(value)


def _linear(design: Numbers, outcome: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Coefficients, the inverse of the moments, and what is left over."""
    found, *_ = np.linalg.lstsq(design, outcome, rcond=None)
    bread = np.linalg.inv(design.T @ design)
    return np.asarray(found), np.asarray(bread), np.asarray(outcome - design @ found)


def _clustered(bread: Numbers, scores: Numbers, person: NDArray[np.int64]) -> Numbers:
    """The sandwich with people as clusters, with the usual correction for small numbers."""
    number = np.unique(person, return_inverse=True)[1]
    added = np.zeros((int(number.max()) + 1, scores.shape[1]))
    np.add.at(added, number, scores)
    groups, (rows, parameters) = len(added), scores.shape
    if groups < 2:
        raise StudyError("terms: there are too few people.")
    correction = groups / (groups - 1) * (rows - 1) / (rows - parameters)
    return np.asarray(bread @ (added.T @ added) @ bread * correction)


def _iterated(design: Numbers, outcome: Numbers, family: str) -> tuple[Numbers, Numbers, Numbers]:
    """Maximum likelihood by Newton's steps with halving, which these families always allow."""
    if family == "logistic" and not np.isin(outcome, (0, 1)).all():
        raise StudyError("outcome: a logistic regression has an outcome of 0 and 1.")
    if family == "poisson" and (outcome < 0).any():
        raise StudyError("outcome: a poisson regression counts from 0.")

    def likelihood(at: Numbers) -> float:
        line = design @ at
        if family == "logistic":
            return float(outcome @ line - np.logaddexp(0, line).sum())
        return float(outcome @ line - np.exp(line).sum())

    def slopes(at: Numbers) -> tuple[Numbers, Numbers]:
        line = design @ at
        mean = 1 / (1 + np.exp(-line)) if family == "logistic" else np.exp(line)
        weight = mean * (1 - mean) if family == "logistic" else mean
        return design.T @ (outcome - mean), (design.T * weight) @ design

    found, spread = _newton(np.zeros(design.shape[1]), likelihood, slopes)
    line = design @ found
    return (
        found,
        spread,
        outcome - (1 / (1 + np.exp(-line)) if family == "logistic" else np.exp(line)),
    )


def _cox(design: Numbers, times: Numbers, events: Numbers) -> tuple[Numbers, Numbers]:
    """Partial likelihood; events at one time are taken after Efron."""
    if not np.isin(events, (0, 1)).all() or not events.any():
        raise StudyError("event: an event is true or false, 1 or 0, and somebody has one.")
    order = np.argsort(-times, kind="stable")
    x, times, events = design[order], times[order], events[order]
    ends = [int(np.searchsorted(-times, -time, side="right")) for time in np.unique(times)]

    def terms(at: Numbers) -> tuple[float, Numbers, Numbers]:
        risk = np.exp(x @ at)
        whole, first = np.cumsum(risk), np.cumsum(x * risk[:, None], axis=0)
        second = np.cumsum(x[:, :, None] * x[:, None, :] * risk[:, None, None], axis=0)
        sized = x.shape[1]
        value, slope, bend = 0.0, np.zeros(sized), np.zeros((sized, sized))
        for end in ends:
            tied = np.flatnonzero((times == times[end - 1]) & (events == 1))
            if not len(tied):
                continue
            xs, rs = x[tied], risk[tied]
            value += float((xs @ at).sum())
            slope += xs.sum(axis=0)
            for place in range(len(tied)):
                part = place / len(tied)
                total = whole[end - 1] - part * rs.sum()
                one = first[end - 1] - part * (xs * rs[:, None]).sum(axis=0)
                two = second[end - 1] - part * (xs.T * rs) @ xs
                value -= math.log(total)
                slope -= one / total
                bend += two / total - np.outer(one, one) / total**2
        return value, slope, bend

    return _newton(np.zeros(x.shape[1]), lambda at: terms(at)[0], lambda at: terms(at)[1:])


def _newton(at: Numbers, likelihood: Any, slopes: Any) -> tuple[Numbers, Numbers]:
    value = likelihood(at)
    for _ in range(_ROUNDS):
        slope, bend = slopes(at)
        try:
            step = np.linalg.solve(bend, slope)
        except np.linalg.LinAlgError:
            break
        size = 1.0
        while size > _CLOSE and not likelihood(at + size * step) >= value - abs(value) * 1e-12:
            size /= 2
        at = at + size * step
        value = likelihood(at)
        if float(np.abs(size * step).max()) < _CLOSE * (1 + float(np.abs(at).max())):
            return at, np.asarray(np.linalg.inv(slopes(at)[1]))
    raise StudyError("terms: the fit does not settle; perhaps a term tells the outcome exactly.")
