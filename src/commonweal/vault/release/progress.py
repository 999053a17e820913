"""How a long run tells what it is doing: a function of one short text in plain words."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str], None]


def quiet(step: str) -> None:
    """Say nothing."""
    del step
