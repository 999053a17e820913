"""The page of the manual that shows every table operation, made from the battery's cases."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from commonweal.vault.tables import ops
from tests.spec.tables.cases import Case, Rows

MOST_ROWS = 4
_SHOWN = 40
_HEAD = """# Operations on tables

<!-- Made from the specification battery by tests/spec/tables/test_manual.py; do not edit. -->

Everything that Commonweal does to patients' tables is made of these operations. Each is defined
once and gives the same answer on every engine: integers exactly, decimals to one part in 10^12.
Below, what goes in stands on the left and what comes out on the right, for a few of the rows that
are checked; `-` is a missing value. The battery (`tests/spec/tables`) runs all of its {cases} cases
on DuckDB {duckdb} and on Apache Spark {spark}, and compares both with slow and obvious code.
How to choose an engine: [use Spark](../how-to/use-spark.md).
"""


def page(cases: Sequence[Case], duckdb: str, spark: str) -> str:
    """The whole page, for these versions of the engines."""
    lines = [_HEAD.format(cases=len(cases), duckdb=duckdb, spark=spark)]
    for name in sorted(one for one in ops.__all__ if inspect.isfunction(getattr(ops, one))):
        mine = [case for case in cases if name in case.covers]
        lines += _operation(name, mine)
    return "\n".join(lines).rstrip() + "\n"


def locked(repository: Path, lock: str, package: str) -> str:
    """The version of a package that a lock names."""
    text = (repository / "requirements" / f"{lock}.lock").read_text("utf-8")
    found = re.search(rf"^{package}==(\S+)", text, re.MULTILINE)
    assert found is not None
    return found[1]


def _operation(name: str, cases: Sequence[Case]) -> list[str]:
    says = (inspect.getdoc(getattr(ops, name)) or "").split("\n\n")[0].replace("\n", " ")
    own = [case for case in cases if case.name.split(".")[0] == name]
    case = (own or list(cases))[0]
    number = f"{len(cases)} case{'s' if len(cases) > 1 else ''}"
    return [f"## {name}", "", says, "", *_example(case), f"Checked by {number} on each engine.", ""]


def _example(case: Case) -> list[str]:
    if set(case.inputs) == {"given"} and list(case.inputs["given"][0])[:1] == ["i"]:
        return _values(case)
    lines: list[str] = []
    for name, (kinds, rows) in case.inputs.items():
        lines += [f"Table `{name}`:", "", *_table(list(kinds), rows), ""]
    made = case.build(_named(case))
    return [*lines, "gives:", "", *_table(list(ops.columns(made)), case.expected), ""]


def _values(case: Case) -> list[str]:
    kinds, rows = case.inputs["given"]
    names = [f"{name} ({kind})" for name, kind in list(kinds.items())[1:]]
    both = [(*given[1:], answer[1]) for given, answer in zip(rows, case.expected, strict=True)]
    return [*_table([*names, "result"], _various(both)), ""]


def _various(rows: Rows) -> Rows:
    """Rows with different answers first, so that a few show what there is to see."""
    first: dict[str, tuple[Any, ...]] = {}
    for row in rows:
        first.setdefault(repr(row[-1]), row)
    chosen = list(first.values())
    return [*chosen, *(row for row in rows if row not in chosen)]


def _named(case: Case) -> dict[str, ops.Table]:
    tables = {name: ops.named(name, kinds) for name, (kinds, _) in case.inputs.items()}
    tables["key"] = ops.named("key", {"inner_pad": "code", "outer_pad": "code"})
    return tables


def _table(names: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> list[str]:
    shown = list(rows)
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(map(_cell, row)) + " |" for row in shown[:MOST_ROWS]]
    if not shown:
        lines.append("| " + " | ".join("(no rows)" for _ in names) + " |")
    return lines


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, str):
        # With escapes: half of what is checked could not be seen otherwise.
        text = json.dumps(value)
    elif isinstance(value, bytes):
        text = value.hex() or "(no bytes)"
    elif isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, datetime):
        text = value.isoformat(sep=" ")
    elif isinstance(value, date):
        text = value.isoformat()
    else:
        text = repr(value)
    short = text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
    return "`" + short.replace("|", "\\|").replace("`", "'") + "`"
