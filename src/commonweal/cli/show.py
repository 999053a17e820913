"""What commands print: one JSON document, or plain lines and tables for people.

Texts from files and names are shown without control characters, so that nothing that is read can
move the cursor or colour of a terminal.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import typer


class Step(Protocol):
    """How a long run tells what it does: plain words, and where known the share done (0 to 1)."""

    def __call__(self, step: str, done: float | None = None, /) -> None:
        """Say what is being done now."""
        ...


def printable(text: str) -> str:
    """`text` with every character that a terminal would act on replaced."""
    return "".join(c if c.isprintable() or c == "\n" else "�" for c in text)


def emit(as_json: bool, plain: Mapping[str, Any], lines: Iterable[str]) -> None:
    """Print the result: `plain` as one JSON document, or `lines`."""
    if as_json:
        typer.echo(json.dumps(plain, indent=2, ensure_ascii=False))
        return
    for line in lines:
        typer.echo(printable(line))


def note(as_json: bool, line: str) -> None:
    """A sentence beside the result: on standard error, and none with JSON."""
    if not as_json:
        typer.echo(printable(line), err=True)


def show_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table for people; cells are shown whole."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(Text(column), overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable("" if cell is None else str(cell))) for cell in row))
    # A pipe has no width: lines must not be broken there.
    width = None if sys.stdout.isatty() else 240
    Console(width=width, highlight=False, soft_wrap=False).print(table)


@contextlib.contextmanager
def steps(as_json: bool) -> Iterator[Step]:
    """Progress on standard error: a bar for each step on a terminal, else nothing."""
    if as_json or not sys.stderr.isatty():
        yield _quiet
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    bars = Progress(
        SpinnerColumn(finished_text=" "),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )
    with bars:
        yield _Steps(bars)


def _quiet(step: str, done: float | None = None, /) -> None:
    del step, done


class _Steps:
    """One bar for each step; a new step finishes the one before."""

    def __init__(self, bars: Any) -> None:
        self._bars = bars
        self._task: Any = None
        self._said = ""

    def __call__(self, step: str, done: float | None = None, /) -> None:
        if step != self._said:
            if self._task is not None:
                self._bars.update(self._task, total=1.0, completed=1.0)
            self._task = self._bars.add_task(printable(step), total=None)
            self._said = step
        if done is not None:
            self._bars.update(self._task, total=1.0, completed=done)
