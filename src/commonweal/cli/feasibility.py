"""`commonweal feasibility build`, `monthly` and `ask`: are there enough patients? (S5)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commonweal.cli.options import HomeOption, JsonOption, PermitFile, group, opened
from commonweal.cli.show import emit, steps

app = group("Rough counts for researchers who have not applied yet.")


@app.command()
def build(
    ctx: typer.Context,
    permit: PermitFile,
    catalogue: Annotated[Path, typer.Option(help="The catalogue.")],
    declaration: Annotated[Path, typer.Option(help="What can be asked: dimensions, categories.")],
    choices: Annotated[Path, typer.Option(help="The folder of people's choices.")],
    by: Annotated[str, typer.Option(help="The person of the permit who has it made.")],
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Freeze this month's counts under a standing permit.

    Everybody whose choices let them be in is counted; counts are perturbed and told as bands.
    """
    from commonweal.vault.cube.building import build_cube

    with opened(ctx, home) as custody, steps(json) as step:
        built = build_cube(custody, permit, catalogue, declaration, choices, by, step)
    cube = built.cube
    bound = cube.declaration.success_bound
    plain = {
        "release": cube.release,
        "month": cube.month,
        "dataset": cube.declaration.dataset,
        "figures": cube.declaration.cells,
        "success_bound": float(bound),
        "file": str(built.place),
        "ledger_entry": built.intent,
    }
    lines = [
        f"The counts for feasibility of {cube.month} are frozen: {cube.release}.",
        f"{cube.declaration.cells:,} figures can be asked for.",
        f"Whoever knows all of everybody but one fact guesses it right at most {float(bound):.0%}",
        "of the time from these counts; a coin guesses right 50% of the time.",
    ]
    emit(json, plain, lines)


@app.command()
def monthly(
    ctx: typer.Context,
    permit: PermitFile,
    declaration: Annotated[Path, typer.Option(help="What can be asked: dimensions, categories.")],
    by: Annotated[str, typer.Option(help="The person of the permit who has it made.")],
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Let the worker of the vault freeze the counts each month, on its first working day.

    Catalogue and choices are those of `release inputs`. What is declared is kept as it is now.
    """
    from commonweal.vault.cube.monthly import set_up

    with opened(ctx, home) as custody:
        one = set_up(custody, permit, declaration, by)
    plain = {"dataset": one.dataset, "permit": one.permit, "by": one.by,
             "figures": one.declaration.cells}  # fmt: skip
    lines = [
        f"The counts for feasibility of {one.dataset} are made each month, under {one.permit}.",
        f"{one.declaration.cells:,} figures can be asked for.",
    ]
    emit(json, plain, lines)


@app.command()
def ask(
    ctx: typer.Context,
    dataset: Annotated[str, typer.Argument(help="The id of the dataset.", metavar="DATASET")],
    question: Annotated[
        list[str] | None,
        typer.Argument(help="Pairs dimension=category.", metavar="PAIR...", show_default=False),
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Say about how many people are in all the categories that are named.

    The answer comes from the month's frozen counts; no patient's data are looked at.
    """
    from commonweal.vault.cube.asking import ask as ask_cube

    with opened(ctx, home) as custody:
        asked = ask_cube(custody, dataset, question or [])
    answer = asked.answer
    plain = {
        "dataset": dataset,
        "question": asked.question,
        "from": answer.low,
        "below": answer.high,
        "month": answer.month,
        "release": asked.cube.release,
    }
    lines = [f"{answer.sentence} ({answer.month})"]
    emit(json, plain, lines)
