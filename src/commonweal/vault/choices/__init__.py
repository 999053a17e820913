"""People's choices: which apply under a permit, read from a folder, honoured before release."""

from __future__ import annotations

from commonweal.vault.choices.apply import ChoiceResult, apply_choices
from commonweal.vault.choices.decision import Decision, decide
from commonweal.vault.choices.folder import ChoicesFolder, read_choices
from commonweal.vault.choices.naming import PersonKeys

__all__ = [
    "ChoiceResult",
    "ChoicesFolder",
    "Decision",
    "PersonKeys",
    "apply_choices",
    "decide",
    "read_choices",
]
