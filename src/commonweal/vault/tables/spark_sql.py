"""The operations as SQL of Apache Spark: Ibis's compiler, corrected where the engines differ.

DuckDB's answer is the truth: releases were made with it before Spark came. Each correction below
was found by the specification battery, which runs on both engines (tests/spec/tables), and holds
for a session with ANSI arithmetic, time zone UTC and times without a zone (`spark_session`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import ibis.expr.datatypes as dt
import sqlglot as sg
import sqlglot.expressions as sge
from ibis.backends.sql.compilers.base import NULL, SQLGlotCompiler
from ibis.backends.sql.compilers.pyspark import PySparkCompiler

from commonweal.vault.tables.java_text import NUMBER_AS_TEXT, UPPER, java_pattern
from commonweal.vault.tables.ops.base import Table

# What DuckDB's trim is given as white space; Spark's own trims take off spaces alone.
_WHITE = " \t\n\r\x0b\x0c"
_MIN_INT, _MAX_INT = -(2**31), 2**31 - 1


def to_spark_sql(table: Table) -> str:
    """The table expression as one statement of Spark SQL."""
    query = _COMPILER.to_sqlglot(table.unbind())
    for window in list(query.find_all(sge.Window)):
        _order_numbers(window)
    return str(query.sql(dialect=_COMPILER.dialect))


def _order_numbers(window: sge.Window) -> None:
    """Give a numbering without an order one that does not change when it is worked out again.

    Spark may work a lost part out anew, and then must give each row the number that it had. Rows
    that are alike in all that is shown may change places: nobody can tell.
    """
    order = window.args.get("order")
    if not isinstance(window.this, sge.RowNumber) or order is None:
        return
    select = window.find_ancestor(sge.Select)
    if select is None or order.expressions != [NULL]:
        return
    shown = [one.unalias().copy() for one in select.expressions if one.find(sge.Window) is None]
    columns = [one for one in shown if one.find(sge.Column) is not None]
    if columns:
        ordered = [sge.Ordered(this=one, nulls_first=False) for one in columns]
        order.set("expressions", ordered)


class _Compiler(PySparkCompiler):  # type: ignore[misc]  # Ibis is not typed
    __slots__ = ()
    # Named anew for each class: the parent's would take the place of what is written below.
    SIMPLE_OPS: ClassVar[dict[Any, str]] = {}

    # --- values ---------------------------------------------------------------------------------
    def visit_Field(self, op: Any, *, rel: Any, name: str) -> Any:  # noqa: N802 (Ibis's names)
        # Not through PySparkCompiler: it asks a connected backend whether NaN is missing.
        return SQLGlotCompiler.visit_Field(self, op, rel=rel, name=name)

    def visit_NonNullLiteral(self, op: Any, *, value: Any, dtype: Any) -> Any:  # noqa: N802, ARG002
        if dtype.is_floating():
            # 0.1 alone would be an exact decimal of Spark.
            return self.cast(sge.convert(repr(float(value))), dt.float64)
        if dtype.is_int64():
            # A bare 0 would be 32 bits wide, and what is added to it too.
            return self.cast(sge.convert(value), dt.int64)
        if dtype.is_date():
            return self.cast(sge.convert(value.isoformat()), dt.date)
        if dtype.is_timestamp():
            return self.cast(sge.convert(value.isoformat(sep=" ")), dt.timestamp)
        if dtype.is_binary():
            return self.f.unhex(value.hex())
        return None

    def visit_IsNull(self, op: Any, *, arg: Any) -> Any:  # noqa: N802, ARG002
        return arg.is_(NULL)

    def visit_NotNull(self, op: Any, *, arg: Any) -> Any:  # noqa: N802, ARG002
        return arg.is_(sg.not_(NULL))

    def visit_Cast(self, op: Any, *, arg: Any, to: Any) -> Any:  # noqa: N802
        given = op.arg.dtype
        if to.is_string() and given.is_floating():
            return _number_as_text(arg)
        return self.cast(arg, to)

    def visit_Ln(self, op: Any, *, arg: Any) -> Any:  # noqa: N802, ARG002
        return _natural_log(arg)

    # --- texts ----------------------------------------------------------------------------------
    def visit_Strip(self, op: Any, *, arg: Any) -> Any:  # noqa: N802, ARG002
        return sge.Trim(this=arg, expression=sge.convert(_WHITE))

    def visit_RStrip(self, op: Any, *, arg: Any) -> Any:  # noqa: N802, ARG002
        return sge.Trim(this=arg, expression=sge.convert(_WHITE), position="TRAILING")

    def visit_RegexSearch(self, op: Any, *, arg: Any, pattern: Any) -> Any:  # noqa: N802, ARG002
        return sge.RegexpLike(this=arg, expression=_pattern(op))

    def visit_RegexReplace(self, op: Any, *, arg: Any, pattern: Any, replacement: Any) -> Any:  # noqa: N802, ARG002
        if op.replacement.value != "":
            raise ValueError("only the empty text means the same in the place of a pattern")
        return self.f.anon.regexp_replace(arg, _pattern(op), replacement)

    def visit_Uppercase(self, op: Any, *, arg: Any) -> Any:  # noqa: N802, ARG002
        return _upper(arg)

    # --- times ----------------------------------------------------------------------------------
    def visit_TimestampTruncate(self, op: Any, *, arg: Any, unit: Any) -> Any:  # noqa: N802, ARG002
        # Spark's date_trunc makes a time with a zone of one without.
        return self.cast(self.f.anon.date_trunc(unit.singular, arg), dt.timestamp)

    visit_DateTruncate = visit_TimestampTruncate  # noqa: N815

    # --- measures -------------------------------------------------------------------------------
    def visit_CountStar(self, op: Any, *, arg: Any, where: Any) -> Any:  # noqa: N802, ARG002
        # A sum of ones would be missing, not 0, where there is no row.
        return self.f.count(sge.Star()) if where is None else self.f.count_if(where)

    # --- functions ------------------------------------------------------------------------------
    def visit_ScalarUDF(self, op: Any, **given: Any) -> Any:  # noqa: N802
        name = self.__sql_name__(op)
        made = _FUNCTIONS.get(str(name).lower())
        return made(*given.values()) if made else self.f.anon[str(name)](*given.values())


def _pattern(op: Any) -> Any:
    """The pattern of an expression, which is a constant of ours, as one of Java."""
    return sge.convert(java_pattern(op.pattern.value))


def _anonymous(name: str, *given: Any) -> Any:
    return sge.Anonymous(this=name, expressions=list(given))


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sha256": lambda data: _anonymous("sha2", data, sge.convert(256)),
    "encode": lambda text: _anonymous("encode", text, sge.convert("UTF-8")),
    "add": lambda day, days: _anonymous("date_add", day, days),
}
"""The functions of DuckDB that `ops` calls by name and Spark calls otherwise."""


def _template(text: str) -> Callable[[Any], Any]:
    """Spark SQL in which `given` stands for a value."""
    parsed = sg.parse_one(text, dialect="spark")

    def made(value: Any) -> Any:
        def put(node: Any) -> Any:
            here = isinstance(node, sge.Column) and node.name == "given"
            return value.copy() if here else node

        return parsed.copy().transform(put)

    return made


_number_as_text = _template(NUMBER_AS_TEXT)
_upper = _template(UPPER)
_natural_log = _template(
    "IF(given <= 0, CAST(RAISE_ERROR('a logarithm of 0') AS DOUBLE), LN(given))"
)
_COMPILER = _Compiler()
