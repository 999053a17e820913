"""Answers to forms, as an application carries them: frozen with each version.

The forms themselves are data (`governance/forms`). Here only their answers travel, with what their
own definition says is wrong in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from commonweal.governance.problems import Problem
from commonweal.papers.base import Identifier, Line, Paper

AIA = "aia"
DPIA = "dpia"
"""The forms that the law and the house ask for by name."""


class FormAnswers(Paper):
    """The answers to one form in one version of it."""

    form: Identifier
    form_version: int | Line
    values: dict[str, Any]


@dataclass(frozen=True)
class AnsweredForm:
    """Answers beside what the form's definition says of them."""

    answers: FormAnswers
    problems: tuple[Problem, ...] = ()


Forms = Mapping[str, AnsweredForm]
"""The forms of an application, by the form's id."""
