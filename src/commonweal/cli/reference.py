"""The reference pages of commands and error codes, generated from the code.

`python -m commonweal.cli.reference FOLDER` writes both; a test keeps them as the code says.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import typer

import commonweal
from commonweal.cli.app import whole
from commonweal.foundation.codes import CODES, RETIRED
from commonweal.foundation.files import write_atomic
from commonweal.papers.refusal import UNAVAILABLE_CODES

COMMANDS_PAGE = "commands.md"
CODES_PAGE = "error-codes.md"

_COMMANDS_HEAD = """\
# Commands

This page is generated from the commands themselves; a test keeps it so.

Every command takes `--help`. `--home` can stand before or after the command; else
`COMMONWEAL_HOME` names the data folder. With `--json` a command prints one JSON document on
standard output and nothing else, also for an error: `{"error": {"code", "sentence", "remedy"}}`.
Progress and sentences beside the result go to standard error.

| exit code | means |
|---|---|
| 0 | done |
| 1 | something failed |
| 2 | wrong usage |
| 3 | a check found a fault |
| 4 | refused: permit, policy, choices or risk limit |
| 5 | something needed for a safe answer is missing or stale, so refused |
| 130 | interrupted |
"""

_CODES_HEAD = """\
# Error codes

This page is generated from `src/commonweal/foundation/codes.py` and the places in the code that
use each code; a test keeps it so. A code keeps its meaning for ever. Every refusal and fault has
one; the sentence that comes with it names files, tables, columns and counts, never a value of a
patient. *Finding* marks codes that only stand in reports.

| code | exit code | meaning |
|---|---|---|
"""

# Raised through a table or a variable, where the class cannot be read off the code beside it.
_INDIRECT = {"CHECK": "finding", "PERMIT": "4"}
_OWN = {"CW-INTERRUPTED": "130", **dict.fromkeys(UNAVAILABLE_CODES, "5")}


def commands_page() -> str:
    """The content of `docs/reference/commands.md`."""
    root: Any = typer.main.get_command(whole())
    parts = [_COMMANDS_HEAD]
    for name, command in _leaves(root, ""):
        parts.append(_command(name, command))
    return "\n".join(parts)


def codes_page() -> str:
    """The content of `docs/reference/error-codes.md`."""
    exits = exit_codes()
    rows = [f"| `{code}` | {exits[code]} | {CODES[code]} |" for code in sorted(CODES)]
    retired = [f"| `{code}` | retired | {RETIRED[code]} |" for code in sorted(RETIRED)]
    return _CODES_HEAD + "\n".join([*rows, *retired]) + "\n"


@cache
def exit_codes() -> Mapping[str, str]:
    """For each code the exit codes with which the source raises it, such as `3` or `1, 3`."""
    trees = [ast.parse(path.read_text("utf-8")) for path in _sources()]
    classes = _error_classes(trees)
    found: dict[str, set[int]] = {}
    for tree in trees:
        for code, exit_code in _raised(tree, classes):
            found.setdefault(code, set()).add(exit_code)
    return MappingProxyType({code: _shown(code, found.get(code, set())) for code in CODES})


def _shown(code: str, found: set[int]) -> str:
    if code in _OWN:
        return _OWN[code]
    if found:
        return ", ".join(str(number) for number in sorted(found))
    return _INDIRECT.get(code.split("-")[1], "3")


def _sources() -> list[Path]:
    folder = Path(str(commonweal.__file__)).parent
    tables = set((folder / "foundation").glob("codes*.py"))
    return sorted(set(folder.rglob("*.py")) - tables)


def _error_classes(trees: list[ast.Module]) -> dict[str, int]:
    """The exit code of each error class: its own, or that of the class it comes from."""
    own: dict[str, int] = {}
    above: dict[str, str] = {}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and node.bases:
                base = node.bases[0]
                above[node.name] = base.id if isinstance(base, ast.Name) else ""
                for line in node.body:
                    named = isinstance(line, ast.Assign) and ast.unparse(line.targets[0])
                    if isinstance(line, ast.Assign) and named == "exit_code":
                        own[node.name] = int(ast.literal_eval(line.value))
    errors = dict(own)
    for name in above:
        here = name
        while here in above and here not in own:
            here = above[here]
        if here in own:
            errors[name] = own[here]
    return errors


def _raised(tree: ast.Module, classes: dict[str, int]) -> Iterator[tuple[str, int]]:
    """Each code that a call of an error class, or of `super().__init__` in one, begins with."""
    inside = {
        id(call): node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for call in ast.walk(node)
        if isinstance(call, ast.Call)
    }
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not call.args:
            continue
        first = call.args[0]
        if not isinstance(first, ast.Constant) or first.value not in CODES:
            continue
        name = ast.unparse(call.func)
        if name == "super().__init__":
            name = inside.get(id(call), "")
        if name in classes:
            yield str(first.value), classes[name]


def _leaves(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    for child, one in getattr(command, "commands", {}).items():
        full = f"{name} {child}".strip()
        if getattr(one, "commands", None):
            yield from _leaves(one, full)
        else:
            yield full, one


def _command(name: str, command: Any) -> str:
    said = "\n\n".join(" ".join(part.split()) for part in (command.help or "").split("\n\n"))
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    usage = " ".join(
        ["commonweal", name, *(str(p.metavar or p.name).upper() for p in arguments), "[OPTIONS]"]
    )
    lines = [f"## {name}\n", said, f"\n`{usage}`\n", "| | | needed |", "|---|---|---|"]
    lines += [_parameter(param) for param in command.params]
    return "\n".join(lines) + "\n"


def _parameter(param: Any) -> str:
    if param.param_type_name == "argument":
        shown = f"`{str(param.metavar or param.name).upper()}`"
    else:
        shown = ", ".join(f"`{text}`" for text in (*param.opts, *param.secondary_opts))
    needed = "yes" if param.required else "no"
    return f"| {shown} | {(param.help or '').replace('|', '&#124;')} | {needed} |"


def write(folder: Path) -> None:
    """Write both pages into `folder`."""
    write_atomic(folder / COMMANDS_PAGE, commands_page().encode(), mode=0o644)
    write_atomic(folder / CODES_PAGE, codes_page().encode(), mode=0o644)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
