"""`commonweal doctor`: what this machine can and cannot do safely, each line with its remedy."""

from __future__ import annotations

import typer

from commonweal.cli.options import HomeOption, JsonOption, named_home
from commonweal.cli.show import emit

_MARKS = {"ok": "ok     ", "warning": "warning", "fault": "FAULT  "}


def doctor(ctx: typer.Context, home: HomeOption = None, json: JsonOption = False) -> int:
    """Say what this machine can and cannot do safely.

    Exit code 3 if something that is needed is wrong.
    """
    from commonweal.cli.checks import examine

    found = examine(named_home(ctx, home))
    lines = []
    for one in found:
        lines.append(f"{_MARKS[one.state]}  {one.name}: {one.sentence}")
        if one.remedy and one.state != "ok":
            lines.append(f"         {one.remedy}")
    faults = sum(one.state == "fault" for one in found)
    warnings = sum(one.state == "warning" for one in found)
    lines.append(f"{faults} fault(s), {warnings} warning(s).")
    plain = {
        "ok": not faults,
        "separation": "none",
        "checks": [one.as_dict() for one in found],
    }
    emit(json, plain, lines)
    return 3 if faults else 0
