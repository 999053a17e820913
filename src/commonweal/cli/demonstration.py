"""`commonweal demo`: the whole main job on a generated hospital."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Annotated, Any

import typer

from commonweal.cli.options import HomeOption, JsonOption, named_home
from commonweal.cli.serving import PORT, PortOption, serve_home
from commonweal.cli.show import emit, note, steps


def demo(
    ctx: typer.Context,
    patients: Annotated[int, typer.Option(min=300, max=5_000_000, help="How many.")] = 20_000,
    serve: Annotated[
        bool | None,
        typer.Option(
            "--serve/--no-serve",
            help="Stay and serve the pages; without either, on a terminal only.",
            show_default=False,
        ),
    ] = None,
    port: PortOption = PORT,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Leave out the hospital's other projects."),
    ] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Run the whole main job on a generated hospital.

    It says what happened at each step, and where the results are. On a terminal it then serves the
    pages until Ctrl-C; a dozen other projects are there to look at. Sign in as any of the made-up
    people.
    """
    walkthrough: Any = import_module("commonweal.demo.walkthrough.story")
    with steps(json) as step:
        report = walkthrough.run(
            home=named_home(ctx, home),
            patients=patients,
            progress=step,
            say=lambda line: note(json, line),
            others=not quick,
        )
    emit(json, report.plain(), report.sentences())
    stays = sys.stdout.isatty() and not json if serve is None else serve
    if stays:
        sys.stdout.flush()
        serve_home(report.home, port=port)
