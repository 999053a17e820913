"""What the desk promises and checks: service levels and the list of checks that hold in this home.

A custodian may keep files of its own in the home's folder `desk`; where there is none, those hold
that ship. They are read when the service starts: one that cannot be used stops it, so that nobody
works by half a list. A change takes effect when the service starts again.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TypeVar

from django.conf import settings

from commonweal.foundation.documents import MAX_BYTES
from commonweal.foundation.files import read_bytes
from commonweal.governance.application.screening import Checks, default_checks, read_checks
from commonweal.governance.clocks.levels import ServiceLevels, default_levels, read_levels

FOLDER = "desk"
LEVELS = "service-levels.yaml"
CHECKS = "checks.yaml"
_T = TypeVar("_T")


@cache
def levels_in_force() -> ServiceLevels:
    """The service levels that hold. Raises as `read_levels`, naming the file."""
    return _own(LEVELS, read_levels, default_levels)


@cache
def checks_in_force() -> Checks:
    """The list of checks that holds. Raises as `read_checks`, naming the file."""
    return _own(CHECKS, read_checks, default_checks)


def check_rules() -> None:
    """Read both. Raises what reading them raises: the service does not start then."""
    levels_in_force()
    checks_in_force()


def forget() -> None:
    """Read the files anew the next time, as when the service starts."""
    levels_in_force.cache_clear()
    checks_in_force.cache_clear()


def _own(name: str, read: Callable[[bytes, str], _T], default: Callable[[], _T]) -> _T:
    path: Path = settings.ENVIRONMENT.home / FOLDER / name
    if not path.exists() and not path.is_symlink():
        return default()
    what = f"The file {FOLDER}/{name} of the home"
    return read(read_bytes(path, what, limit=MAX_BYTES), what)
