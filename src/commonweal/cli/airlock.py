"""`commonweal airlock`: what leaves, audited together with all that has left."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commonweal.cli.options import HomeOption, JsonOption, group, named_home, opened
from commonweal.cli.show import emit, steps

if TYPE_CHECKING:
    from commonweal.airlock.audit.history import History
    from commonweal.airlock.audit.running import Result
    from commonweal.airlock.kept import Kept

app = group("Check what leaves.")

HistoryOption = Annotated[
    Path | None,
    typer.Option(
        "--history",
        help="The folder of all outputs that have left; else the home's own.",
        metavar="DIR",
        show_default=False,
    ),
]
OutputsArgument = Annotated[
    list[Path], typer.Argument(help="The outputs that somebody asks for.", metavar="PATH...")
]


@app.callback()
def _airlock() -> None:
    """Check what leaves."""


@app.command("audit")
def audit(
    ctx: typer.Context,
    outputs: OutputsArgument,
    history: HistoryOption = None,
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
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Audit outputs together with everything that has left before.

    What is sealed is opened with the keys of the home. Ends with 3 where something is found or
    could not be examined.
    """
    from commonweal.airlock.audit.running import audit as run_audit
    from commonweal.airlock.audit.running import read_proposals
    from commonweal.foundation.errors import WrongUsage

    if reader not in ("reviewer", "author"):
        raise WrongUsage("CW-USAGE", "The result is for the reviewer or the author.")
    with steps(json) as step:
        past, kept = history_for(ctx, home, history, outputs)
        proposals = read_proposals(outputs, past, kept=kept)
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
    ctx: typer.Context,
    figures: Annotated[Path, typer.Argument(help="The figures, a CSV file.", metavar="FILE")],
    about: Annotated[
        Path, typer.Option(help="The document that says what they are about.", metavar="FILE")
    ],
    history: HistoryOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Bring figures that were published elsewhere into the history.

    In a home they are sealed, and the ledger hears of it.
    """
    from commonweal.airlock.audit.importing import import_publication as run_import
    from commonweal.airlock.leaving.publications import bring_publication
    from commonweal.vault.custody.output_ground import OutputGround
    from commonweal.wiring.histories import home_of
    from commonweal.wiring.outputs import store_of

    own = None if history is None else home_of(history)
    if history is not None and own is None:
        paper = run_import(figures, about, history)
    else:
        with opened(ctx, own or home) as custody:
            paper = bring_publication(store_of(custody), OutputGround(custody), figures, about)
    plain = {"output": paper.output, "tables": [one.name for one in paper.tables]}
    emit(json, plain, [f"{paper.output}: {len(paper.tables)} tables, compared from now on."])


@app.command("seal-history")
def seal_history(ctx: typer.Context, home: HomeOption = None, json: JsonOption = False) -> None:
    """Seal what an older version left in the clear: the history, and outputs that wait.

    Needed once, after an update; until then nothing is checked or released. Can be cut off and run
    again at any time.
    """
    from commonweal.airlock.leaving.sealing import seal_store
    from commonweal.vault.custody.output_ground import OutputGround
    from commonweal.wiring.outputs import store_of

    with opened(ctx, home) as custody:
        done = seal_store(store_of(custody), OutputGround(custody))
    plain = {
        "sealed": done.folders, "files": done.files, "before": done.before,
        "publications_told": done.told,
    }  # fmt: skip
    now = f"{done.files:,} files of {done.folders:,} outputs were sealed now"
    lines = [f"{now}; {done.before:,} outputs were sealed before."]
    if done.told:
        lines.append(f"The ledger heard now of {done.told:,} publications made elsewhere.")
    emit(json, plain, lines)


def history_for(
    ctx: typer.Context, home: Path | None, history: Path | None, proposals: Sequence[Path] = ()
) -> tuple[History, Kept]:
    """The history that was named, else that of the home, and how proposals are opened."""
    from commonweal.airlock.kept import no_keys
    from commonweal.wiring.histories import home_of, needs_keys, opened_history
    from commonweal.wiring.outputs import store_of

    if history is None:
        with opened(ctx, home) as custody:
            store = store_of(custody)
            store.make()
            history = store.history
    whose = home_of(history) or home
    keys = needs_keys(history, proposals)
    if keys and whose is None and named_home(ctx, home) is None:
        raise no_keys()
    return opened_history(lambda: opened(ctx, whose), history, keys=keys)


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
