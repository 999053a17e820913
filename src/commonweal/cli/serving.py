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


def serve(
    ctx: typer.Context, host: HostOption = HOST, port: PortOption = PORT, home: HomeOption = None
) -> None:
    """Serve the pages of a home until Ctrl-C.

    Makes the service's database ready first (DATABASE_URL, else a file in the home). What is served
    where is said on standard error.
    """
    serve_home(home_path(ctx, home), host, port)


def serve_home(home: Path, host: str = HOST, port: int = PORT) -> None:
    """Serve `home`; comes back when told to stop. Raises as `web.supervisor` does."""
    supervisor: Any = import_module("commonweal.web.supervisor")
    service = supervisor.checked_service(home.absolute(), host, port, os.environ)
    code = supervisor.serve(service, lambda line: note(False, line))
    if code:
        raise typer.Exit(code)
