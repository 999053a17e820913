"""All commands that exist, and where each is written. Rooms that are not built have none here.

A run imports and makes only the command that it needs. Making one of a function asks Python for the
types of all its parameters; all of them together would take a run three times as long to begin.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any, Final

import typer
from typer.main import get_command_name

from commonweal.cli.options import HomeOption, group

GROUPS: Final = {
    "home": "homes",
    "catalogue": "catalogues",
    "feasibility": "feasibility",
    "permit": "permits",
    "people": "people",
    "patients": "patients",
    "rules": "rules",
    "act": "acts",
    "release": "releases",
    "study": "studies",
    "airlock": "airlock",
    "standing": "standing",
    "noise": "noise",
    "risk": "risk",
    "site": "sites",
    "forms": "questions",
    "choices": "choices",
    "register": "register",
    "ledger": "ledger",
    "keys": "keys",
}
"""Groups of commands, with the module whose `app` each is."""

COMMANDS: Final = {
    "doctor": "doctor.doctor",
    "anonymise": "anonymising.anonymise",
    "backup": "backups.backup",
    "restore": "backups.restore",
    "demo": "demonstration.demo",
    "serve": "serving.serve",
    "worker": "serving.worker",
    "carry-on": "serving.carry_on",
    "first-account": "serving.first_account",
    "catalogue describe": "figures.describe",
    "catalogue export": "figures.export",
    "airlock check": "outputs.check",
    "airlock submit": "submitting.submit",
    "airlock list": "leaving.list_outputs",
    "airlock look": "leaving.look",
    "airlock review": "leaving.review",
    "airlock release": "leaving.release",
    "airlock download": "leaving.download",
    "airlock withdraw": "leaving.withdraw",
    "airlock recall": "leaving.recall",
    "airlock crate": "leaving.crate",
    "airlock record": "leaving.record",
}
"""Commands of no group, and those of a group that are written outside its module."""

_WITH_VALUE = ("--home",)
"""Options of the whole program that are followed by a value."""


def whole() -> typer.Typer:
    """All commands."""
    return needed(())


def needed(given: Sequence[str]) -> typer.Typer:
    """The commands that a run with these arguments needs.

    given: the arguments as they were typed. Help of a group, a word that is wrong and an option in
    an unusual place all get the whole group, so that what is said of them is the same.
    """
    path = _path(given)
    known = [name for name in (*COMMANDS, *GROUPS) if " " not in name]
    root = group("The governed way from a patient's record to public benefit.")
    root.callback()(_root)
    for name in [path[0]] if path and path[0] in known else known:
        if name in GROUPS:
            root.add_typer(_group(name, path[1:]), name=name)
        else:
            root.command(name)(_written(COMMANDS[name]))
    return root


def _version(asked: bool) -> None:
    if asked:
        from commonweal import __version__

        typer.echo(f"commonweal {__version__}")
        raise typer.Exit


def _root(
    ctx: typer.Context,
    home: HomeOption = None,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Show the version.")
    ] = False,
) -> None:
    """The governed way from a patient's record to public benefit."""
    del version
    ctx.obj = home


def _path(given: Sequence[str]) -> list[str]:
    """The words before the first option, where they can only be names of commands."""
    rest = list(given)
    while rest and rest[0].startswith("-"):
        if rest[0] in _WITH_VALUE:
            del rest[:2]
        elif rest[0].partition("=")[0] in _WITH_VALUE:
            del rest[0]
        else:
            return []
    until = next((at for at, word in enumerate(rest) if word.startswith("-")), len(rest))
    return rest[:until]


def _group(name: str, path: Sequence[str]) -> typer.Typer:
    part: typer.Typer = copy.copy(_written(f"{GROUPS[name]}.app"))
    part.registered_commands = list(part.registered_commands)
    if path and (where := COMMANDS.get(f"{name} {path[0]}")) is not None:
        part.registered_commands, part.registered_groups = [], []
        part.command(path[0])(_written(where))
        return part
    cut = _cut(part, path)
    if cut is part:
        for written, where in COMMANDS.items():
            if written.startswith(f"{name} "):
                part.command(written.partition(" ")[2])(_written(where))
    return cut


def _cut(app: typer.Typer, path: Sequence[str]) -> typer.Typer:
    """`app` with the command or group that `path` names and no other; `app` itself if none is."""
    commands = [one for one in app.registered_commands if path and _name(one) == path[0]]
    groups = [copy.copy(one) for one in app.registered_groups if path and one.name == path[0]]
    if len(commands) + len(groups) != 1:
        return app
    for one in groups:
        if one.typer_instance is not None:
            one.typer_instance = _cut(one.typer_instance, path[1:])
    part = copy.copy(app)
    part.registered_commands, part.registered_groups = commands, groups
    return part


def _name(command: Any) -> str | None:
    if command.name is None and command.callback is not None:
        return get_command_name(command.callback.__name__)
    return str(command.name)


def _written(where: str) -> Any:
    module, _, name = where.rpartition(".")
    return getattr(import_module(f"commonweal.cli.{module}"), name)
