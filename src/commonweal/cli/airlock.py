"""`commonweal airlock`: what leaves, audited together with all that has left."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commonweal.cli.options import JsonOption, group
from commonweal.cli.show import emit, steps

if TYPE_CHECKING:
    from commonweal.airlock.audit.running import Result

app = group("Check what leaves.")

HistoryOption = Annotated[
    Path, typer.Option("--history", help="The folder of all outputs that have left.", metavar="DIR")
]
OutputsArgument = Annotated[
    list[Path], typer.Argument(help="The outputs that somebody asks for.", metavar="PATH...")
]


@app.callback()
def _airlock() -> None:
    """Check what leaves."""


@app.command("audit")
def audit(
    outputs: OutputsArgument,
    history: HistoryOption,
    threshold: Annotated[
        int, typer.Option(help="The smallest group of people that may be seen.")
    ] = 10,
    seconds: Annotated[
        float, typer.Option(help="How long to look for sums and bounds of many figures.")
    ] = 60.0,
    reader: Annotated[
        str, typer.Option("--for", help="Who reads the result: reviewer or author.")
    ] = "reviewer",
    seen_by: Annotated[
        str | None,
        typer.Option(help="The reviewer who has looked; an author is told nothing before."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Audit outputs together with everything that has left before.

    Ends with 3 where something is found or could not be examined.
    """
    from commonweal.airlock.audit.history import read_history
    from commonweal.airlock.audit.running import audit as run_audit
    from commonweal.airlock.audit.running import read_proposals
    from commonweal.foundation.errors import WrongUsage

    if reader not in ("reviewer", "author"):
        raise WrongUsage("CW-USAGE", "The result is for the reviewer or the author.")
    with steps(json) as step:
        past = read_history(history)
        proposals = read_proposals(outputs, past)
        result = run_audit(past, proposals, threshold=threshold, seconds=seconds, progress=step)
    if reader == "author":
        told = [result.plain_for_author(one.name, seen_by) for one in proposals]
        emit(json, {"outputs": told}, _author_lines(told))
        return
    emit(json, result.plain(), _lines(result))
    if result.verdict != "pass":
        raise typer.Exit(3)


@app.command("import-publication")
def import_publication(
    figures: Annotated[Path, typer.Argument(help="The figures, a CSV file.", metavar="FILE")],
    about: Annotated[
        Path, typer.Option(help="The document that says what they are about.", metavar="FILE")
    ],
    history: HistoryOption,
    json: JsonOption = False,
) -> None:
    """Bring figures that were published elsewhere into the history."""
    from commonweal.airlock.audit.importing import import_publication as run_import

    paper = run_import(figures, about, history)
    plain = {"output": paper.output, "tables": [one.name for one in paper.tables]}
    emit(json, plain, [f"{paper.output}: {len(paper.tables)} tables, compared from now on."])


def _lines(result: Result) -> list[str]:
    compared = len(result.pinned.compared)
    lines = [f"Verdict: {result.verdict}. Compared with {compared} outputs that have left."]
    lines += [f"{one.verdict}: {one.code}: {one.sentence}" for one in result.findings]
    if result.more:
        lines.append(f"{result.more} more findings of the same tables are not shown.")
    lines += [f"Not examined: {one}" for one in result.not_examined]
    lines += [f"Note: {one}" for one in result.notes]
    lines.append(f"Good for this set only: {result.pinned.hash}")
    return lines


def _author_lines(told: list[dict[str, Any]]) -> list[str]:
    return [
        f"{one['output']}: {finding['table']} row {finding['row']} column {finding['column']}: "
        f"{finding['rule']} {finding['advice']}"
        for one in told
        for finding in one["findings"]
    ] or ["Nothing to change."]
