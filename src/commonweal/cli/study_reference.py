"""The reference page of the toolkit, generated from its functions and their docstrings.

`python -m commonweal.cli.study_reference FOLDER` writes it; a test keeps it as the code says.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from commonweal.enclave import study
from commonweal.enclave.study import measure
from commonweal.foundation.files import write_atomic

PAGE = "study-toolkit.md"
_HEAD = """\
# The toolkit of studies

This page is generated from the toolkit itself; a test keeps it so. It is what code of researchers
imports inside a job, and on made-up data: `from commonweal.enclave import study`. How it is used is
in [write a study](../how-to/write-a-study.md).

A call that asks for something writes one file into the folder for outputs and gives a preview for
use in the job. What cannot be asked for is refused with a `StudyError`, in words, before anything
is written.
"""
_PARTS = {
    "Data": ("tables", "data", "sql", "reference", "use"),
    "Columns, filters and groups": ("col", "bands", "person_column"),
    "Tables": ("table", "count", "mean", "sd", "sum", "quantile", "ratio"),
    "Analyses": ("regression", "number", "category", "survival", "correlation"),
    "Models": ("model", "examples", "feature", "one_of", "code", "target"),
    "Files": ("figure", "file", "note"),
    "Long studies": ("checkpoints",),
}
_MEASURES = ("people", "rows", "sum", "mean", "sd", "quantile", "minimum", "maximum", "ratio")


def page() -> str:
    """The content of `docs/reference/study-toolkit.md`."""
    parts = [_HEAD]
    for title, names in _PARTS.items():
        parts.append(f"## {title}\n")
        parts += [_entry(f"study.{name}", getattr(study, name)) for name in names]
        if title.startswith("Columns"):
            parts += [_methods("Column", study.Column), _methods("Table", study.Table)]
    parts.append("## Measures\n")
    parts += [_entry(f"study.measure.{name}", getattr(measure, name)) for name in _MEASURES]
    return "\n".join(parts)


def _methods(name: str, cls: Any) -> str:
    said = [f"### `{name}`\n", inspect.cleandoc(cls.__doc__ or ""), "\n| | |\n|---|---|"]
    said += [f"| `{shown}` | {doc} |" for shown, doc in _public(cls)]
    return "\n".join(said) + "\n"


def _public(cls: Any) -> Iterator[tuple[str, str]]:
    for name, member in vars(cls).items():
        if name.startswith("_") or name == "plain" or not getattr(member, "__doc__", None):
            continue
        if isinstance(member, property):
            yield name, _first(member)
        elif inspect.isfunction(member):
            yield f"{name}{_signature(member)}", _first(member)


def _first(member: Any) -> str:
    return " ".join((inspect.getdoc(member) or "").split("\n\n")[0].split()).replace("|", "&#124;")


def _entry(name: str, function: Any) -> str:
    doc = inspect.getdoc(function) or ""
    return f"### `{name}`\n\n```python\n{name}{_signature(function)}\n```\n\n{doc}\n"


def _signature(function: Any) -> str:
    """The arguments with their defaults, without types: the words say what they are."""
    shown = []
    starred = False
    for one in inspect.signature(function).parameters.values():
        if one.name == "self":
            continue
        if one.kind is one.KEYWORD_ONLY and not starred:
            shown.append("*")
            starred = True
        if one.kind is one.VAR_KEYWORD:
            shown.append(f"**{one.name}")
        elif one.default is one.empty:
            shown.append(one.name)
        else:
            shown.append(f"{one.name}={_default(one.default)}")
    return f"({', '.join(shown)})"


def _default(value: Any) -> str:
    if isinstance(value, tuple) and value and isinstance(value[0], measure.Measure):
        return "measure.people()"
    return repr(value)


def write(folder: Path) -> None:
    """Write the page into `folder`."""
    write_atomic(folder / PAGE, page().encode(), mode=0o644)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
