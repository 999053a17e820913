"""`commonweal serve` and `first-account`, and the end of the demonstration: the service itself."""

from __future__ import annotations

import importlib.util
import os
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from commonweal.cli.options import HomeOption, JsonOption, home_path
from commonweal.cli.show import emit, note
from commonweal.foundation.errors import WrongUsage

HOST, PORT = "localhost", 8000

HostOption = Annotated[str, typer.Option(help="Where it listens; this machine only by itself.")]
PortOption = Annotated[int, typer.Option(min=1, max=65_535, help="The port.")]


WorkersOption = Annotated[
    bool, typer.Option("--workers/--no-workers", help="Whether the workers are started as well.")
]
GoOption = Annotated[bool, typer.Option("--go", help="Do it; without this it only says what.")]
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


def carry_on(
    ctx: typer.Context,
    go: Annotated[
        bool, typer.Option("--go", help="Do it; without this it only says what.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Go on with a database that is older than the ledger.

    For a service whose database was brought back from an older copy, so that the ledger refuses its
    events (CW-LEDGER-CARRIED). Says what the database has lost and what would be done; with --go it
    is done, and the ledger says so. Stop the service first.
    """
    path = home_path(ctx, home).absolute()
    import_module("commonweal.web.supervisor").require_installed()
    os.environ["COMMONWEAL_HOME"] = str(path)
    workers: Any = import_module("commonweal.web.config.workers")
    found = workers.carried_on(go=go)
    done = [] if not found.is_needed else ["It was done." if go else "Nothing was done yet: --go."]
    emit(as_json, {**found.plain(), "done": go and found.is_needed}, [*found.sentences(), *done])


def first_account(
    ctx: typer.Context,
    email: Annotated[str, typer.Argument(help="Their e-mail address.")],
    name: Annotated[str, typer.Argument(help="What they are called, in quotes.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make the account of the first officer of a home.

    It is that of an information governance officer.

    Prints the address of the page where they set a password; it works for three days. Everyone else
    is invited by them, on the page for it.
    """
    if importlib.util.find_spec("django") is None:
        raise WrongUsage(
            "CW-WEB-EXTRA",
            "The service is not installed.",
            remedy="Install Commonweal with the extra: pip install 'commonweal[web]'.",
        )
    first: Any = import_module("commonweal.web.first")
    link = first.first_account(home_path(ctx, home).absolute(), email, name, os.environ)
    emit(as_json, {"set_password_at": link}, [link])
    note(as_json, "Give this address to that person only. It works once, for three days.")
