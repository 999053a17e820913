"""`anonymise`: the table with the least loss that holds what is asked, with its two reports.

The word is that of statistics. In law the result stays de-personalised data: whether data are
anonymous is a person's decision about what else is known, never a figure (P4).
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from commonweal.foundation.errors import Refused
from commonweal.vault.risk.anonymise.builtin import Builtin
from commonweal.vault.risk.anonymise.candidates import Candidate, candidates
from commonweal.vault.risk.anonymise.check import Checker
from commonweal.vault.risk.anonymise.counting import ROW, RowsInEngine
from commonweal.vault.risk.anonymise.criteria import (
    Criterion,
    DeltaPresence,
    DistinctL,
    EntropyL,
    KAnonymity,
    MeanRisk,
    RecursiveL,
    TCloseness,
)
from commonweal.vault.risk.anonymise.distance import Ground, hierarchical
from commonweal.vault.risk.anonymise.hierarchy import Hierarchy
from commonweal.vault.risk.anonymise.intake import Intake
from commonweal.vault.risk.anonymise.measures import (
    as_it_was,
    risk_figures,
    t_figures,
    utility,
)
from commonweal.vault.risk.anonymise.metrics import Metric
from commonweal.vault.risk.anonymise.problem import Problem, coded
from commonweal.vault.risk.anonymise.recoding import Shown, full_domain, recode, rows_shown
from commonweal.vault.risk.anonymise.request import Request, wrong
from commonweal.vault.risk.anonymise.rows import Rows, RowsInMemory
from commonweal.vault.risk.anonymise.search import Budget, Found, search
from commonweal.vault.tables.engine import Engine
from commonweal.vault.tables.opening import EngineName, opened_engine

_RECODING = Budget(nodes=20_000, seconds=60.0)
_POPULATION = "population table"


@dataclass(frozen=True)
class Generalised:
    """The table to be written, and what is said about it (`anonymise --json`, INTERFACES).

    `table`: quasi-identifiers and sensitive columns as texts, kept columns as they were, people as
    numbers; rows ordered by what is written. `report`: column names, levels, sizes and counts.
    `candidates`: the generalisations that were looked at, at most `MOST_CANDIDATES`.
    """

    table: pa.Table
    report: dict[str, Any]
    candidates: tuple[Candidate, ...] = ()


def anonymise(
    table: pa.Table | Path | str,
    hierarchies: Mapping[str, Hierarchy | Builtin],
    request: Request,
    population: pa.Table | Path | str | None = None,
    engine_name: EngineName = "duckdb",
) -> Generalised:
    """Generalise whole columns and suppress rows so that `request` holds at the least loss.

    The quasi-identifiers are the columns with a hierarchy, but for those named as sensitive, whose
    hierarchy gives the distance `hierarchical`. Other columns are left out unless `keep` names
    them. `engine_name`: what counts and joins the rows; the result does not depend on it. With
    DuckDB they are read into memory, with Spark only what is released comes back.
    Raises `WrongUsage` CW-ANONYMISE-INPUT; `Fault` CW-ANONYMISE-HIERARCHY,
    CW-ANONYMISE-VALUE, CW-ANONYMISE-EMPTY, CW-ANONYMISE-POPULATION, CW-RISK-PERSON-MISSING and
    those of files; `Refused` CW-ANONYMISE-IMPOSSIBLE and CW-ANONYMISE-BUDGET.
    """
    if (population is None) != (request.presence is None):
        raise wrong("Presence needs a population table, and a population table needs presence.")
    with _read(table, hierarchies, request, population, engine_name) as (rows, columns):
        made = worked_out(rows, hierarchies, request)
    made.report["left_out"] = [name for name in columns if name not in rows.names]
    return made


def work_out(
    data: pa.Table,
    hierarchies: Mapping[str, Hierarchy | Builtin],
    request: Request,
    population: pa.Table | None = None,
) -> Generalised:
    """`anonymise` for a table in memory that has been read: texts, null for what is missing."""
    return worked_out(RowsInMemory(data, population), hierarchies, request)


@contextlib.contextmanager
def _read(
    table: pa.Table | Path | str,
    hierarchies: Mapping[str, Hierarchy | Builtin],
    request: Request,
    population: pa.Table | Path | str | None,
    engine_name: EngineName,
) -> Iterator[tuple[Rows, Sequence[str]]]:
    """(the rows that are needed, all columns of the table), for the length of a block."""
    if engine_name == "duckdb":
        # Codes in memory are made faster than the engine can group texts.
        with Intake(table) as opened:
            columns = opened.columns
            quasi = _quasi(columns, hierarchies, request)
            data = opened.read(_texts(quasi, request), list(request.keep))
        around = None
        if population is not None:
            with Intake(population, _POPULATION) as opened:
                around = opened.read(quasi, [])
        yield RowsInMemory(data, around), columns
        return
    with (
        tempfile.TemporaryDirectory(prefix="commonweal-anonymise-") as folder,
        opened_engine(Path(folder), engine_name) as engine,
        rows_in_engine(engine, table, hierarchies, request, population) as found,
    ):
        yield found


@contextlib.contextmanager
def rows_in_engine(
    engine: Engine,
    table: pa.Table | Path | str,
    hierarchies: Mapping[str, Hierarchy | Builtin],
    request: Request,
    population: pa.Table | Path | str | None = None,
) -> Iterator[tuple[Rows, Sequence[str]]]:
    """(the rows in `engine`, all columns of the table), for the length of a block."""
    with ExitStack() as until:
        opened = until.enter_context(Intake(table, engine=engine))
        quasi = _quasi(opened.columns, hierarchies, request)
        data, typed = opened.adopted(_texts(quasi, request), list(request.keep), ROW)
        around = None
        if population is not None:
            beside = until.enter_context(Intake(population, _POPULATION, engine))
            around, _ = beside.adopted(quasi, [], ROW)
        rows = RowsInEngine(engine, data, quasi, around, typed)
        yield until.enter_context(rows), opened.columns


def _texts(quasi: Sequence[str], request: Request) -> list[str]:
    person = [request.person] if request.person is not None else []
    return [*quasi, *request.sensitive, *person]


def worked_out(
    rows: Rows, hierarchies: Mapping[str, Hierarchy | Builtin], request: Request
) -> Generalised:
    """`anonymise` for rows that have been read, wherever they lie."""
    began = time.monotonic()
    quasi = _quasi(rows.names, hierarchies, request)
    known = {
        name: one.make(name, rows.values(name)) if isinstance(one, Builtin) else one
        for name, one in hierarchies.items()
    }
    problem = rows.problem({name: known[name] for name in quasi}, request)
    grounds = _grounds(problem, known, request)
    checker = _checker(problem, grounds, request)
    found = search(checker, request.budget)
    if found.best is None:
        raise _none(found)
    full = full_domain(checker, found.best.node)
    final = recode(checker, full, _RECODING) if request.local else full
    report = _report(problem, checker, found, grounds, (full, final), request)
    report["left_out"] = []
    report["seconds"] = round(time.monotonic() - began, 3)
    names = [[str(level) for level in range(height + 1)] for height in problem.heights]
    return Generalised(_written(rows, problem, final, request), report, candidates(found, names))


def _quasi(
    there: Sequence[str], hierarchies: Mapping[str, Hierarchy | Builtin], request: Request
) -> list[str]:
    named = [*hierarchies, *request.sensitive, *request.keep]
    for column in [*named, *([request.person] if request.person is not None else [])]:
        if column not in there:
            raise wrong(f"There is no column {column} in the table.")
    for column in [*request.keep, *([request.person] if request.person is not None else [])]:
        if column in hierarchies:
            raise wrong(f"Column {column} has a hierarchy, so it is a quasi-identifier.")
    # In the order of the table, which is the order of the levels.
    found = [name for name in there if name in hierarchies and name not in request.sensitive]
    if not found:
        raise wrong("At least one column needs a hierarchy.")
    return found


def _grounds(
    problem: Problem, hierarchies: Mapping[str, Hierarchy], request: Request
) -> dict[str, list[Ground]]:
    found = {}
    for unit in problem.sensitive:
        grounds = [Ground("equal"), Ground("ordered")]
        if unit.column in hierarchies:
            grounds.append(hierarchical(hierarchies[unit.column], unit.values))
        elif request.t is not None and request.ground == "hierarchical":
            raise wrong(f"Column {unit.column} has no hierarchy to measure t with.")
        found[unit.column] = grounds
    return found


def _checker(problem: Problem, grounds: dict[str, list[Ground]], request: Request) -> Checker:
    criteria: list[Criterion] = [KAnonymity(request.k)]
    for column in request.sensitive:
        if request.l is not None:
            criteria.append(_diversity(column, request.l, request))
        if request.t is not None:
            ground = next(one for one in grounds[column] if one.kind == request.ground)
            criteria.append(TCloseness(column, request.t, ground))
    if request.presence is not None:
        criteria.append(DeltaPresence(*request.presence))
    mean = MeanRisk(request.mean_risk) if request.mean_risk is not None else None
    metric = Metric(problem, request.metric, counts_suppressed=request.counts)
    # A share as people write it: 0.04 of 30,162 rows is 1,206.
    limit = int(request.suppress * problem.total + 1e-9)
    return Checker(problem, criteria, mean, metric, limit)


def _diversity(column: str, least: float, request: Request) -> Criterion:
    if request.diversity == "entropy":
        return EntropyL(column, least)
    if request.diversity == "recursive":
        return RecursiveL(column, int(least), request.c)
    return DistinctL(column, int(least))


def _none(found: Found) -> Refused:
    if found.optimal:
        return Refused(
            "CW-ANONYMISE-IMPOSSIBLE",
            "No generalisation of these columns holds what was asked.",
            remedy="Allow more rows to be suppressed, ask for less, or give the hierarchies a "
            "topmost level.",
        )
    return Refused(
        "CW-ANONYMISE-BUDGET",
        "The nodes or seconds allowed ran out before any generalisation was found.",
        remedy="Allow more nodes or seconds.",
    )


def _written(rows: Rows, problem: Problem, shown: Shown, request: Request) -> pa.Table:
    labels: dict[str, pa.Array] = {}
    for number, one in enumerate(problem.attributes):
        names = [name for level in one.labels for name in level]
        starts = np.cumsum([0, *(len(level) for level in one.labels)])
        codes = np.zeros(len(problem.rows), dtype=np.int64)
        for level in range(one.height + 1):
            here = shown.levels[:, number] == level
            codes[here] = starts[level] + problem.column(number, level)[here]
        labels[one.name] = pa.array(names, type=pa.string()).take(pa.array(codes))
    made = rows.taken(problem, shown.kept, labels)
    shown_names = [name for name in made.column_names if name != request.person]
    made = made.take(pc.sort_indices(made, sort_keys=[(n, "ascending") for n in shown_names]))
    if request.person is None:
        return made
    # In the order of what is written, so that a number says nothing about the person.
    who, _ = coded(made[request.person])
    at = made.column_names.index(request.person)
    return made.set_column(at, request.person, pa.array(who + 1))


def _report(
    problem: Problem,
    checker: Checker,
    found: Found,
    grounds: dict[str, list[Ground]],
    shown: tuple[Shown, Shown],
    request: Request,
) -> dict[str, Any]:
    assert found.best is not None  # noqa: S101 (asked by the only caller)
    full, final = shown
    after = risk_figures(problem, final)
    names = [one.name for one in problem.attributes]
    released = rows_shown(problem, final)
    mean = [checker.mean_risk.name] if checker.mean_risk is not None else []
    report: dict[str, Any] = {
        "levels": dict(zip(names, found.best.node, strict=True)),
        "score": found.best.score,
        "metric": request.metric,
        "counts_suppressed": request.counts,
        "optimal": found.optimal,
        "bound": found.bound,
        "k": after.k,
        "rows": problem.total,
        "released": released,
        "suppressed": problem.total - released,
        "classes": after.classes,
        "nodes_checked": found.checks,
        "nodes": found.lattice,
        "criteria": [*(one.name for one in checker.criteria), *mean],
        "by_person": problem.by_person,
        "risk": {
            "before": risk_figures(problem, as_it_was(problem)).as_dict(),
            "after": after.as_dict() | {"t": t_figures(problem, final, grounds)},
        },
        "utility": utility(problem, final),
    }
    if request.local:
        report["local"] = {
            "rows_regained": released - rows_shown(problem, full),
            "loss_before": utility(problem, full)["loss"],
            "loss_after": report["utility"]["loss"],
        }
    return report
