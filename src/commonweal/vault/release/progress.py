"""How a long run tells what it is doing: a function of one short text in plain words.

The texts may name tables and files, so they stay inside. What may be told outside is the stage: one
word of a closed list.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

Progress = Callable[[str], None]

Stage = Literal["choices", "reading", "choosing", "measuring", "forms", "intruder", "writing",
                "ledger"]  # fmt: skip
STAGES: tuple[Stage, ...] = get_args(Stage)
_BEGINS: tuple[tuple[str, Stage], ...] = (
    ("Reading people's choices", "choices"),
    ("Reading ", "reading"),
    ("Applying people's choices", "choosing"),
    ("Measuring the risk", "measuring"),
    ("Looking for the forms", "forms"),
    ("Testing the release", "intruder"),
    ("Writing the release on the ledger", "ledger"),
    ("Writing ", "writing"),
    ("Making the ", "writing"),
)


def quiet(step: str) -> None:
    """Say nothing."""
    del step


def stage_of(step: str) -> Stage | None:
    """The stage of a plan or build that a text belongs to; None for what is no new stage."""
    return next((stage for begin, stage in _BEGINS if step.startswith(begin)), None)
