"""One thing that is wrong or doubtful in what a person filled in, and where it is.

A problem is shown beside the question it is about. It never stops a draft from being saved: one
that `stops` keeps it from being sent, one that `warns` is only said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

Level = Literal["stops", "warns"]
LEVELS: tuple[Level, ...] = get_args(Level)

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}", re.ASCII)


@dataclass(frozen=True)
class Problem:
    """A problem in a form or an application.

    `where`: dotted path of the section or question, such as `data.variables.3.why`, so that a page
    can link to it; empty for the whole. `code`: a short word or one of our error codes, stable, so
    that a test or a translation can name the problem. `sentence`: fit for the person, and it never
    repeats what was typed.
    """

    where: str
    code: str
    sentence: str
    level: Level = "stops"

    def __post_init__(self) -> None:
        if not _CODE.fullmatch(self.code):
            raise ValueError("the code of a problem is a short word")
        if not self.sentence.strip():
            raise ValueError("a problem needs a sentence")
        if self.level not in LEVELS:
            raise ValueError("a problem stops or warns")


def stopping(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems that keep something from being sent, in their order."""
    return tuple(problem for problem in problems if problem.level == "stops")
