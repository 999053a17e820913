"""The hospital's other projects, made by a process of its own, and what there is to see of them."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from commonweal.foundation.errors import (
    WrongUsage,
)
from commonweal.web.config.environment import HOME
from commonweal.web.supervisor import require_installed, told_by

BEFORE = timedelta(days=430)
"""How long before the demonstration runs the first of them began."""
_MODULE = "commonweal.demo.others"
NOT_INSTALLED = "They go through the service, and its packages are not installed."
_ADDRESS = "http://localhost:8000"
_SEE = (
    ("/", "the home page of the hospital's patients"),
    ("/projects/", "all projects: planned, active, paused and ended"),
    ("/projects/refused/", "what was refused, and why"),
    ("/projects/what-came-of-it/", "what came of projects"),
    ("/projects/companies/", "who makes money from it"),
    ("/what-went-wrong/", "what went wrong"),
    ("/who-decides/", "the committee, its interests and its minutes"),
    ("/concerns/", "how to raise a concern"),
    ("/log/", "the log that nobody can change unseen"),
)


def is_installed() -> bool:
    """True where the service's packages are: the projects go through the service."""
    try:
        require_installed()
    except WrongUsage:
        return False
    return True


def make_others(home: Path) -> dict[str, Any]:
    """Make them in `home`; `projects`: how many, `permits`: by name. Raises as `told_by`."""
    variables = {**os.environ, HOME: str(home)}
    return told_by(_MODULE, variables, "The demonstration's other projects could not be made.")


def what_to_see(serving: str, others: int) -> list[str]:
    """Where to look around in a browser. `serving`: the command that serves the pages."""
    if not others:
        return [f"  {serving}", f"    then open {_ADDRESS} in a browser."]
    width = max(len(path) for path, _ in _SEE)
    return [
        "",
        f"See its pages in a browser at {_ADDRESS}, once they are served:",
        f"  {serving}",
        *(f"  {_ADDRESS}{path:<{width}}  {words}" for path, words in _SEE),
        f"  {_ADDRESS}{'/account/people/':<{width}}  sign in as one of the made-up people",
    ]
