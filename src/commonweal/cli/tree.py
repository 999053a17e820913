"""The commands that one run needs, of all that exist.

Making a command of a function asks Python for the types of all its parameters. For all commands
that takes a fifth of a second, which every run would pay; for the one that is named, nothing that
anybody sees.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import typer
from typer.main import get_command_name
from typer.models import CommandInfo

_WITH_VALUE = ("--home",)
"""Options of the whole program that are followed by a value."""


def needed(app: typer.Typer, given: Sequence[str]) -> typer.Typer:
    """`app` with only the command that `given` names, or all of it where none is named clearly.

    given: the arguments as they were typed. Help of a group, a word that is wrong and an option in
    an unusual place all get the whole group, so what is said of them is the same.
    """
    return _cut(app, _path(given))


def _path(given: Sequence[str]) -> list[str]:
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


def _cut(app: typer.Typer, path: Sequence[str]) -> typer.Typer:
    commands = [one for one in app.registered_commands if path and _name(one) == path[0]]
    groups = [one for one in app.registered_groups if path and one.name == path[0]]
    if len(commands) + len(groups) != 1:
        return app
    part = copy.copy(app)
    part.registered_commands = commands
    part.registered_groups = []
    for one in groups:
        group = copy.copy(one)
        if one.typer_instance is not None:
            group.typer_instance = _cut(one.typer_instance, path[1:])
        part.registered_groups.append(group)
    return part


def _name(command: CommandInfo) -> str | None:
    if command.name is None and command.callback is not None:
        return get_command_name(command.callback.__name__)
    return command.name
