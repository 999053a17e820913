"""Columns that a study makes itself: a value for each of some people, such as a risk score.

Such a column never leaves. Tables may be asked for that group, filter or measure by it; the airlock
joins it to the release by the codes of people and counts for itself, and people read the code that
made it. What the airlock would refuse for its form is refused here first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from commonweal.enclave.study.columns import LARGEST, Column, Json
from commonweal.enclave.study.data import Engine, identifier, source
from commonweal.enclave.study.errors import StudyError
from commonweal.enclave.study.place import ColumnKind, Release, TableKind

TABLE = "made_by_study"
PERSON = "person"
SUFFIX = ".column"
FORM = "made by this study"
MOST_LABELS, MOST_GROUPS, MOST_COLUMNS = 20, 100, 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,56}", re.ASCII)
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 _.,/()%-]{0,38}[A-Za-z0-9)%])?", re.ASCII)
_LONGEST_CODE = 64
_VALUES = "cw__values"


@dataclass(frozen=True)
class MadeColumn:
    """A column that is ready: its name, its bytes for the airlock, and what it holds."""

    name: str
    content: bytes
    whole: bool
    labels: tuple[str, ...]

    @property
    def column(self) -> Column:
        """How requests name it."""
        return Column(TABLE, self.name)


def make(
    release: Release, engine: Engine, name: object, people: Any, values: Any, labels: object
) -> MadeColumn:
    """Check a column, lay it out, and let it be looked at beside the release. Raises `StudyError`.

    `labels`: what the values are, if they are words; each is then kept as its place among them.
    """
    called, named = _name(name), _labels(labels)
    before = release.tables.get(TABLE)
    if before is not None and before.files:
        raise StudyError(f"name: the release has a table called {TABLE}.")
    codes = _listed(people, "people")
    found = _places(values, named) if named else _numbers(values)
    if len(codes) != len(found):
        raise StudyError("values: there is to be one for each of the people.")
    codes, found = codes.filter(pc.is_valid(found)), found.drop_null()
    if not len(found):
        raise StudyError("values: nobody has one.")
    everybody = _everybody(release, engine)
    codes = _known(codes, everybody)
    numbers = found.to_numpy(zero_copy_only=False).astype(np.float64)
    if not np.isfinite(numbers).all() or np.abs(numbers).max() > LARGEST:
        raise StudyError("values: each is a number between -2^53 and 2^53, or missing.")
    whole = bool((numbers == np.floor(numbers)).all())
    _lay(release, engine, called, codes, numbers, whole=whole, labels=named)
    return MadeColumn(called, _bytes(codes, numbers), whole, named)


def to_places(filter_: Json, release: Release) -> Json:
    """A filter with words that stand for numbers of a study's own column as these numbers."""
    table = release.tables.get(TABLE)
    if table is None:
        return filter_
    if "where" in filter_:
        one = filter_["where"]
        kind = table.columns.get(one["column"]["name"])
        if one["column"]["table"] != TABLE or kind is None or "value" not in one:
            return filter_
        return {"where": {**one, "value": _placed(one["value"], kind.labels)}}
    word = next(iter(filter_))
    inner = filter_[word]
    if isinstance(inner, list):
        return {word: [to_places(child, release) for child in inner]}
    return {word: to_places(inner, release)}


def _placed(value: Any, labels: Sequence[str]) -> Any:
    if isinstance(value, list):
        return [_placed(one, labels) for one in value]
    return labels.index(value) if isinstance(value, str) and value in labels else value


def _name(name: object) -> str:
    bare = name.removesuffix(SUFFIX) if isinstance(name, str) else ""
    if _NAME.fullmatch(bare) is None or bare.casefold() == PERSON:
        raise StudyError(
            "name: a column is named with 1 to 57 letters, digits, dashes and underscores, "
            f"beginning with a letter or digit, and not {PERSON!r}."
        )
    return bare


def _labels(labels: object) -> tuple[str, ...]:
    if labels is None:
        return ()
    if isinstance(labels, str) or not isinstance(labels, Sequence):
        raise StudyError("labels: give a list of the words that the values are.")
    good = all(isinstance(one, str) and _LABEL.fullmatch(one) for one in labels)
    if not good or not 2 <= len(labels) <= MOST_LABELS:
        raise StudyError(
            f"labels: give 2 to {MOST_LABELS} short words, each of at most 40 plain letters and "
            "digits, beginning with one."
        )
    if len({one.casefold() for one in labels}) != len(labels):
        raise StudyError("labels: each is there once.")
    return tuple(labels)


def _listed(given: Any, argument: str) -> pa.Array:
    """A list, an array of NumPy or Arrow, or a column of a data frame as an Arrow array."""
    try:
        if hasattr(given, "to_arrow"):
            given = given.to_arrow()
        elif hasattr(given, "to_numpy") and not isinstance(given, pa.Array | pa.ChunkedArray):
            given = given.to_numpy()
        made = (
            given
            if isinstance(given, pa.Array | pa.ChunkedArray)
            else pa.array(given, from_pandas=True)
        )
        if isinstance(made, pa.ChunkedArray):
            made = made.combine_chunks()
        if isinstance(made, pa.ChunkedArray):
            made = pa.concat_arrays(made.chunks)
        return made.dictionary_decode() if pa.types.is_dictionary(made.type) else made
    except (pa.ArrowException, TypeError, ValueError):
        raise StudyError(f"{argument}: give a list, an array or a column of a table.") from None


def _numbers(values: Any) -> pa.Array:
    found = _listed(values, "values")
    kind = found.type
    if pa.types.is_boolean(kind):
        found = found.cast(pa.int8())
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind)):
        raise StudyError("values: these are numbers, or words that labels= names.")
    return found.cast(pa.float64(), safe=False)


def _places(values: Any, labels: tuple[str, ...]) -> pa.Array:
    found = _listed(values, "values")
    if pa.types.is_null(found.type):
        return found.cast(pa.float64())
    if not pa.types.is_string(found.type) and not pa.types.is_large_string(found.type):
        raise StudyError("values: with labels=, each is one of these words.")
    place = pc.index_in(found.cast(pa.string()), value_set=pa.array(labels, pa.string()))
    if place.null_count != found.null_count:
        raise StudyError("values: one is not among the labels.")
    return place.cast(pa.float64())


def _everybody(release: Release, engine: Engine) -> pa.Array:
    """The code of everybody in the release, each once."""
    parts = [
        f"SELECT {identifier(one.person)} AS {PERSON} FROM {source(one)}"
        for one in release.tables.values()
        if one.person is not None and one.name != TABLE
    ]
    if not parts:
        raise StudyError("people: no table of the release says whose its rows are.")
    query = f"SELECT DISTINCT {PERSON} FROM ({' UNION ALL '.join(parts)})"
    with engine.errors("The people of the release cannot be read"):
        found = engine.connection().cursor().execute(query).to_arrow_table()[PERSON]
    return _listed(found, "people")


def _known(codes: pa.Array, everybody: pa.Array) -> pa.Array:
    """The codes in the release's type. Raises `StudyError` for nobody's, and for one twice."""
    try:
        codes = codes.cast(everybody.type)
        place = pc.index_in(codes, value_set=everybody)
    except (pa.ArrowException, TypeError):
        raise StudyError("people: give codes as a table of the release has them.") from None
    if place.null_count:
        raise StudyError("people: somebody is not in the release.")
    if len(pc.unique(place)) != len(place):
        raise StudyError("people: somebody is there twice; a column has one value for each.")
    return codes


def _lay(
    release: Release,
    engine: Engine,
    name: str,
    codes: pa.Array,
    numbers: Any,
    *,
    whole: bool,
    labels: tuple[str, ...],
) -> None:
    """Let previews see the column, in a table of the engine's own."""
    kind = ColumnKind("integer" if whole else "decimal", FORM, labels)
    table = release.tables.get(TABLE)
    columns = {} if table is None else dict(table.columns)
    if len(columns) >= MOST_COLUMNS and name not in columns:
        raise StudyError(f"name: a study makes at most {MOST_COLUMNS} columns.")
    db = engine.connection()
    given = pa.table({PERSON: codes, "v": numbers})
    held = [f"m.{identifier(one)}" for one in columns if one != name]
    stored = "BIGINT" if whole else "DOUBLE"
    with engine.errors("The column cannot be laid beside the release"):
        if table is None:
            everybody = pa.table({PERSON: _everybody(release, engine)})
            db.register(_VALUES, everybody)
            db.execute(f"CREATE TABLE {TABLE} AS SELECT {PERSON} FROM {_VALUES}")
            db.unregister(_VALUES)
        db.register(_VALUES, given)
        db.execute(
            f"CREATE OR REPLACE TABLE {TABLE} AS SELECT {', '.join([f'm.{PERSON}', *held])}, "
            f"CAST(v.v AS {stored}) AS {identifier(name)} FROM {TABLE} AS m "
            f"LEFT JOIN {_VALUES} AS v ON m.{PERSON} = v.{PERSON}"
        )
        db.unregister(_VALUES)
    release.tables[TABLE] = TableKind(TABLE, PERSON, None, {**columns, name: kind}, ())


def _bytes(codes: pa.Array, numbers: Any) -> bytes:
    """A line that says how many people and bytes a code there are; all codes; all values."""
    plain = codes.cast(pa.binary())
    wide = int(pc.max(pc.binary_length(plain)).as_py())
    if not 1 <= wide <= _LONGEST_CODE:
        raise StudyError(f"people: a code has 1 to {_LONGEST_CODE} bytes.")
    fixed = np.array(plain.to_numpy(zero_copy_only=False), f"S{wide}")
    head = f"commonweal person column 1 {len(codes)} {wide}\n".encode()
    content: bytes = head + fixed.tobytes() + numbers.astype("<f8").tobytes()
    return content
