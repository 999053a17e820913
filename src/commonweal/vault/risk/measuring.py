"""`measure`: the risk figures of an Arrow table or a file, on its own and without a permit."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from commonweal.foundation.connection import engine_errors, quote_identifier
from commonweal.foundation.errors import Fault, WrongUsage
from commonweal.vault.risk.figures import AT_RISK_ABOVE
from commonweal.vault.risk.statistics import More, all_figures
from commonweal.vault.sources.folder import FolderSource
from commonweal.vault.sources.source import check_names
from commonweal.vault.sources.values import family
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine
from commonweal.vault.tables.opening import EngineName, opened_engine

_VIEW = "cw__measured"
_POPULATION = "cw__population"
_READABLE = frozenset({".csv", ".tsv", ".tab", ".parquet", ".pq"})


def measure(
    table: pa.Table | Path | str,
    quasi: Sequence[str],
    sensitive: Sequence[str] = (),
    person: str | None = None,
    population: pa.Table | Path | str | None = None,
    *,
    at_risk_above: float = AT_RISK_ABOVE,
    more: More | None = None,
    work_folder: Path | None = None,
    memory_limit: str | None = None,
    engine_name: EngineName = "duckdb",
) -> dict[str, Any]:
    """The risk figures of `table`, with the keys of `risk measure` (INTERFACES).

    `table`: an Arrow table, or the path of a CSV, TSV or Parquet file or of a folder of Parquet
    parts. `quasi`: at least one column. `person`: the column that says whose row it is; without it
    one row is one person. `population`: a table of everybody who may be in the data, with the same
    quasi-identifiers. `at_risk_above`: the chance above which a person counts as at risk. `more`:
    what else is asked for. `work_folder`: where the engine spills, encrypted (default: a temporary
    folder). `engine_name`: the table engine. Empty texts and NaN are missing values; a missing
    value is a value of its own. Classes are numbered from the smallest; their values are never
    told.
    Raises `WrongUsage` CW-RISK-COLUMNS, CW-RISK-INPUT, CW-RISK-POPULATION, CW-RISK-WEIGHT and
    CW-RISK-SUDA-SIZE, `Fault` CW-RISK-PERSON-MISSING, CW-RISK-POPULATION, CW-RISK-WEIGHT,
    CW-RISK-HIERARCHY and the faults of the files.
    """
    if isinstance(quasi, str) or isinstance(sensitive, str) or not quasi:
        raise WrongUsage(
            "CW-RISK-COLUMNS", "Name at least one quasi-identifier, as a list of columns."
        )
    if not 0.0 < at_risk_above < 1.0:
        raise WrongUsage("CW-RISK-INPUT", "The chance that counts as at risk lies between 0 and 1.")
    asked = more or More()
    own = [person] if person is not None else []
    with _engine(engine_name, work_folder, memory_limit) as engine:
        wanted = [*quasi, *sensitive, *own, *asked.columns]
        opened = opened_table(engine, table, wanted, _VIEW, asked.typed(sensitive))
        everybody = None
        if population is not None:
            counted = [asked.population_count] if asked.population_count is not None else []
            columns = [*quasi, *counted]
            everybody = opened_table(engine, population, columns, _POPULATION, counted)
        return all_figures(
            engine, opened, quasi, sensitive, person, everybody, asked, at_risk_above
        )


def opened_table(
    engine: Engine,
    table: pa.Table | Path | str,
    wanted: Sequence[str],
    view: str,
    typed: Sequence[str],
) -> ops.Table:
    """The columns `wanted` of an Arrow table or a file, under the name `view` in the engine.

    `typed`: those that are read as numbers or dates from a text file where they can be. Raises what
    `measure` raises for tables and files.
    """
    if isinstance(table, pa.Table):
        opened = _from_arrow(engine, table, wanted, view)
    else:
        opened = _from_file(engine, Path(table), wanted, view, typed)
    return engine.adopt(opened.get_name(), ops.kinds(opened))


@contextmanager
def _engine(
    name: EngineName, work_folder: Path | None, memory_limit: str | None
) -> Iterator[Engine]:
    with (
        tempfile.TemporaryDirectory(prefix="commonweal-risk-", dir=work_folder) as folder,
        opened_engine(Path(folder), name, memory_limit=memory_limit) as engine,
    ):
        yield engine


def _from_arrow(engine: Engine, table: pa.Table, wanted: Sequence[str], view: str) -> ops.Table:
    check_names(table.column_names, "The table to be measured")
    names = list(dict.fromkeys(wanted))
    _refuse_absent(names, table.column_names)
    # DuckDB would read an Arrow dictionary as an enumeration of its own; plain values are enough.
    try:
        plain = pa.table({name: _decoded(table[name]) for name in names})
    except (pa.ArrowException, NotImplementedError):
        raise WrongUsage(
            "CW-RISK-INPUT", "The table to be measured has a column type that cannot be read."
        ) from None
    with engine_errors("read the table to be measured"):
        engine.connection.register(f"{view}_arrow", plain)
        relation = quote_identifier(f"{view}_arrow")
        return _view(engine, relation, wanted, view, as_table=False)


def _refuse_absent(wanted: Sequence[str], present: Collection[str]) -> None:
    for column in wanted:
        if column not in present:
            raise WrongUsage(
                "CW-RISK-COLUMNS", f"There is no column {column} in the table to be measured."
            )


def _decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type):
        return column.cast(column.type.value_type)
    return column


def columns_of_file(path: Path) -> list[str]:
    """The columns of a CSV, TSV or Parquet file or of a folder of Parquet parts."""
    with FolderSource(str(path.absolute().parent)) as source:
        found = source.table(_checked_name(path))
    return [column.name for column in found.columns]


def _checked_name(path: Path) -> str:
    if not path.exists():
        raise Fault("CW-FILE-MISSING", f"There is no file {path.name}.")
    if path.is_file() and path.suffix.lower() not in _READABLE:
        raise WrongUsage("CW-RISK-INPUT", f"{path.name} is not a CSV, TSV or Parquet file.")
    return path.stem if path.is_file() else path.name


def _from_file(
    engine: Engine, path: Path, wanted: Sequence[str], view: str, typed: Sequence[str]
) -> ops.Table:
    name = _checked_name(path)
    with FolderSource(str(path.absolute().parent)) as source:
        found = source.table(name)
        relation = source.relation(engine.connection, found)
        with source.reading_errors(found):
            # A text file is parsed once; Parquet is read again where that is needed.
            from_text = found.reading.format == "csv"
            opened = _view(engine, relation, wanted, view, as_table=from_text)
            counted = ", ".join(f"count({quote_identifier(c)})" for c in ops.columns(opened))
            engine.connection.execute(f"SELECT {counted} FROM {view}").fetchall()  # noqa: S608
        return _typed(engine, opened, view, typed) if from_text else opened


def _typed(engine: Engine, opened: ops.Table, view: str, typed: Sequence[str]) -> ops.Table:
    """Columns of a text file as numbers or dates, where every value of them reads as one.

    Whole numbers and dates only as they are usually written, so that 07 and 7 stay two values.
    """
    kinds = ops.kinds(opened)
    casts = {"integer": "BIGINT", "date": "DATE", "decimal": "DOUBLE"}
    parts = {name: quote_identifier(name) for name in kinds}
    for name in dict.fromkeys(typed):
        column = parts[name]
        for kind, storage in casts.items():
            cast = f"TRY_CAST({column} AS {storage})"
            same = (
                f"isfinite({cast})" if kind == "decimal" else f"CAST({cast} AS VARCHAR) = {column}"
            )
            asked = f"SELECT count(*) FILTER ({same}), count({column}) FROM {view}"  # noqa: S608
            read, told = engine.connection.execute(asked).fetchall()[0]
            if told and read == told:
                kinds[name], parts[name] = kind, f"{cast} AS {column}"
                break
    engine.connection.execute(
        f"CREATE TEMP VIEW {view}_typed AS SELECT {', '.join(parts.values())} FROM {view}"  # noqa: S608
    )
    return ops.named(f"{view}_typed", kinds)


def _view(
    engine: Engine, relation: str, wanted: Sequence[str], view: str, *, as_table: bool
) -> ops.Table:
    described = engine.connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()  # noqa: S608
    storage = {row[0]: row[1] for row in described}
    _refuse_absent(wanted, storage)
    kinds: dict[str, str] = {}
    parts = []
    for column in dict.fromkeys(wanted):
        kinds[column] = _kind(column, storage[column])
        parts.append(f"{_value(quote_identifier(column), storage[column])}")
    made = "TABLE" if as_table else "VIEW"
    engine.connection.execute(
        f"CREATE TEMP {made} {view} AS SELECT {', '.join(parts)} FROM {relation}"  # noqa: S608
    )
    return ops.named(view, kinds)


def _value(column: str, storage: str) -> str:
    if family(storage) == "text":
        return f"nullif(CAST({column} AS VARCHAR), '') AS {column}"
    if storage in ("FLOAT", "DOUBLE"):
        return f"CASE WHEN isnan({column}) THEN NULL ELSE {column} END AS {column}"
    return column


def _kind(column: str, storage: str) -> str:
    kind = "code" if storage == "BLOB" else family(storage)
    if kind is None:
        raise WrongUsage(
            "CW-RISK-COLUMNS", f"Column {column} holds lists or structures, which have no classes."
        )
    return kind
