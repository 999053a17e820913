"""`commonweal serve`, and the end of the demonstration: the service, until it is told to stop."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from commonweal.cli.options import HomeOption, home_path
from commonweal.cli.show import note

HOST, PORT = "localhost", 8000

HostOption = Annotated[str, typer.Option(help="Where it listens; this machine only by itself.")]
PortOption = Annotated[int, typer.Option(min=1, max=65_535, help="The port.")]


WorkersOption = Annotated[
    bool, typer.Option("--workers/--no-workers", help="Whether the workers are started as well.")
]
RoomOption = Annotated[str, typer.Option(help="The room: signer or vault.", show_default=False)]


def serve(
    ctx: typer.Context,
    host: HostOption = HOST,
    port: PortOption = PORT,
    workers: WorkersOption = True,
    home: HomeOption = None,
) -> None:
    """Serve the pages of a home until Ctrl-C.

    Makes the service's database ready first (DATABASE_URL, else a file in the home), and starts the
    workers beside it. What is served where is said on standard error. With --no-workers start them
    yourself: nothing that people sign counts until a worker of the signer runs.
    """
    serve_home(home_path(ctx, home), host, port, workers=workers)


def serve_home(home: Path, host: str = HOST, port: int = PORT, *, workers: bool = True) -> None:
    """Serve `home`; comes back when told to stop. Raises as `web.supervisor` does."""
    supervisor: Any = import_module("commonweal.web.supervisor")
    service = supervisor.checked_service(home.absolute(), host, port, os.environ)
    code = supervisor.serve(service, lambda line: note(False, line), workers=workers)
    if code:
        raise typer.Exit(code)


def worker(ctx: typer.Context, room: RoomOption, home: HomeOption = None) -> None:
    """Work beside the service in one room of a home.

    It goes on until Ctrl-C or SIGTERM. The signer verifies what people signed, lets the ledger hear
    of it, and gives the service's events their place there. The vault does what needs patients'
    data. More than one worker of a room may run. `commonweal serve` starts one of each by itself.
    """
    path = home_path(ctx, home).absolute()
    import_module("commonweal.web.supervisor").require_installed()
    os.environ["COMMONWEAL_HOME"] = str(path)
    workers: Any = import_module("commonweal.web.config.workers")
    code = workers.work(room)
    if code:
        raise typer.Exit(code)
