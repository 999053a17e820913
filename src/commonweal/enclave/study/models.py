"""Models and their training recipes: which columns a model is fed with, how, and what it foretells.

A model can hide its members, and a job that named its own test rows would choose them (S2). So a
recipe names columns and no rows: the custodian makes the examples itself, from the release and from
hold-out people whom no job sees, and attacks the model and its like, trained by the same code.
`examples` gives the study the very numbers that the recipe says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from commonweal.enclave.study.asking import Asker, head
from commonweal.enclave.study.columns import Column, Json, Plain, plain_number, plain_value
from commonweal.enclave.study.data import Engine
from commonweal.enclave.study.errors import StudyError
from commonweal.enclave.study.laying import Layout, Piece

KINDS = (".onnx", ".safetensors", ".json")
MOST_FED, MOST_LEVELS, MOST_CLASSES = 2_000, 200, 50
_NUMBERS = frozenset({"integer", "decimal", "boolean", "date", "timestamp"})
_LEVELS = frozenset({"integer", "boolean", "date", "text"})
_DAY = 86_400_000_000


@dataclass(frozen=True)
class Feature:
    """One column, and what the model is fed for it. Made by `feature`, `one_of` and `code`."""

    column: Column | str
    as_: Literal["number", "one_of", "code"] = "number"
    levels: tuple[Plain, ...] = ()
    missing: float | None = None
    minus: float = 0.0
    divide: float = 1.0


@dataclass(frozen=True)
class Target:
    """What the model foretells; `classes` in the order of its probabilities, none for a number."""

    column: Column | str
    classes: tuple[Plain, ...] = ()


@dataclass(frozen=True)
class Examples:
    """The numbers that a recipe says: `x` one row an example, `y` the number or place of the class.

    `person` says whose each example is: part people, not rows, where some of them are to test.
    Examples without a known target are left out.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    person: NDArray[np.int64]
    names: tuple[str, ...]


def feature(
    column: Column | str, *, missing: float | None = None, minus: float = 0.0, divide: float = 1.0
) -> Feature:
    """A column as a number: (value - minus) / divide; `missing` in place of a missing value.

    True is 1; a date is days since 1970-01-01.
    """
    filled = None if missing is None else _number(missing, "missing")
    by = _number(divide, "divide")
    if by == 0:
        raise StudyError("divide: nothing is divided by 0.")
    return Feature(column, "number", (), filled, _number(minus, "minus"), by)


def one_of(column: Column | str, levels: Sequence[object]) -> Feature:
    """A column as a 1 in the place of its level and 0 elsewhere: one number for each level."""
    return Feature(column, "one_of", _levels(levels, "levels", 1, MOST_LEVELS))


def code(column: Column | str, levels: Sequence[object]) -> Feature:
    """A column as the place of its level, -1 for another."""
    return Feature(column, "code", _levels(levels, "levels", 1, MOST_LEVELS))


def target(column: Column | str, classes: Sequence[object] = ()) -> Target:
    """What the model foretells: a number, or one of `classes` (at least two)."""
    named = _levels(classes, "classes", 0, MOST_CLASSES)
    if len(named) == 1:
        raise StudyError("classes: name none, for a number, or at least two.")
    return Target(column, named)


def recipe(
    asker: Asker, name: str, title: str, file: str, features: object, foretold: object
) -> Json:
    """The recipe as plain JSON. Raises `StudyError`."""
    if Path(file).suffix.lower() not in KINDS:
        raise StudyError(f"name: a model leaves as {', '.join(KINDS)}.")
    fed = _features(asker, features)
    aim = foretold if isinstance(foretold, Target) else Target(_named(asker, foretold, "target"))
    column = _named(asker, aim.column, "target")
    _require(asker, column, "target", _LEVELS if aim.classes else _NUMBERS)
    if any(one["column"] == column.plain() for one in fed):
        raise StudyError("features: the target cannot be a feature.")
    return {
        **{key: said for key, said in head(asker, name, title).items() if key != "request"},
        "recipe": 1,
        "kind": "model",
        "file": file,
        "features": fed,
        "target": {"column": column.plain(), "classes": list(aim.classes)},
    }


def examples(asker: Asker, engine: Engine, made: Json) -> Examples:
    """What `made` (a recipe) says of the release's rows. Raises `StudyError`."""
    columns = [one["column"] for one in made["features"]]
    aim = made["target"]
    layout = Layout(asker, engine, [*columns, aim["column"]])
    levels = [one.get("levels", ()) for one in made["features"]]
    selected = [f"{layout.person} AS p", f"{_read(layout, aim['column'], aim['classes'])} AS y"]
    selected += [
        f"{_read(layout, column, known)} AS v{place}"
        for place, (column, known) in enumerate(zip(columns, levels, strict=True))
    ]
    layout.lay(selected, Piece())
    found = layout.db.execute(
        "SELECT dense_rank() OVER (ORDER BY p) - 1 AS p, * EXCLUDE (p) FROM laid ORDER BY ALL"
    ).to_arrow_table()
    parts = [_fed(one, found.column(f"v{place}")) for place, one in enumerate(made["features"])]
    y = _placed(found.column("y"), aim["classes"]) if aim["classes"] else _float(found.column("y"))
    known = ~np.isnan(y) & ((y >= 0) if aim["classes"] else True)
    person = np.asarray(found.column("p").to_numpy(), np.int64)
    return Examples(np.hstack(parts)[known], y[known], person[known], tuple(_fed_names(made)))


def _features(asker: Asker, given: object) -> list[Json]:
    listed = [given] if isinstance(given, Column | str | Feature) else given
    if not isinstance(listed, Sequence) or not listed:
        raise StudyError("features: give the columns that the model is fed with, in their order.")
    made = []
    for one in listed:
        fed = one if isinstance(one, Feature) else Feature(_named(asker, one, "features"))
        column = _named(asker, fed.column, "features")
        _require(asker, column, "features", _NUMBERS if fed.as_ == "number" else _LEVELS)
        said: Json = {"column": column.plain(), "as": fed.as_, "minus": fed.minus}
        said |= {"divide": fed.divide, "levels": list(fed.levels)}
        made.append(said if fed.missing is None else {**said, "missing": fed.missing})
    if sum(max(len(one["levels"]) if one["as"] == "one_of" else 1, 1) for one in made) > MOST_FED:
        raise StudyError(f"features: a model is fed at most {MOST_FED:,} numbers.")
    return made


def _named(asker: Asker, given: object, argument: str) -> Column:
    column = asker.column(given, argument)
    asker.require_released(column, argument)
    return column


def _require(asker: Asker, column: Column, argument: str, types: frozenset[str]) -> None:
    kind = asker.kind(column, argument).type
    if kind not in types:
        helps = "use study.one_of(...) with its levels" if kind == "text" else "use a number"
        raise StudyError(f"{argument}: {column.name} holds a {kind}; {helps}.")


def _levels(given: object, argument: str, least: int, most: int) -> tuple[Plain, ...]:
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise StudyError(f"{argument}: give a list of values.")
    levels = tuple(plain_value(one) for one in given)
    if not least <= len(levels) <= most or len({str(one) for one in levels}) != len(levels):
        raise StudyError(f"{argument}: give {least} to {most} values, each once.")
    return levels


def _number(given: object, argument: str) -> float:
    plain = plain_number(given, argument)
    if isinstance(plain, bool):
        raise StudyError(f"{argument}: this is to be a number.")
    return float(plain)


def _read(layout: Layout, column: Json, levels: Sequence[Plain]) -> str:
    value = layout.value(column)
    if levels:
        return f"CAST({value} AS VARCHAR)"
    kind = layout.asker.kind(Column(**column), "features").type
    if kind == "date":
        return f"CAST(datediff('day', DATE '1970-01-01', {value}) AS DOUBLE)"
    if kind == "timestamp":
        return f"epoch_us({value}) / {_DAY}.0"
    return f"CAST({value} AS DOUBLE)"


def _fed(one: Json, column: Any) -> NDArray[np.float64]:
    if one["as"] == "number":
        fed = _float(column)
        if "missing" in one:
            fed = np.where(np.isnan(fed), one["missing"], fed)
        return np.asarray((fed - one["minus"]) / one["divide"], np.float64)[:, None]
    place = _placed(column, one["levels"])
    if one["as"] == "code":
        return place[:, None]
    return np.asarray(place[:, None] == np.arange(len(one["levels"])), np.float64)


def _float(column: Any) -> NDArray[np.float64]:
    return np.asarray(column.to_numpy(), np.float64)


def _placed(column: Any, levels: Sequence[Plain]) -> NDArray[np.float64]:
    places = {_said(level): place for place, level in enumerate(levels)}
    coded = column.combine_chunks().dictionary_encode()
    of_value = np.array([places.get(one, -1) for one in coded.dictionary.to_pylist()] + [-1])
    found = coded.indices.fill_null(len(of_value) - 1).to_numpy()
    return np.asarray(of_value[found], np.float64)


def _fed_names(made: Json) -> list[str]:
    names: list[str] = []
    for one in made["features"]:
        name = one["column"]["name"]
        many = one["as"] == "one_of"
        names += [f"{name}={_said(level)}" for level in one["levels"]] if many else [name]
    return names


def _said(level: Plain) -> str:
    return str(level).lower() if isinstance(level, bool) else str(level)
