"""People's choices: which apply under a permit, read from a folder, honoured before release."""

from __future__ import annotations

from commonweal.vault.choices.apply import ChoiceResult, apply_choices
from commonweal.vault.choices.decision import Decision, decide
from commonweal.vault.choices.folder import ChoicesFolder, read_choices

__all__ = [
    "ChoiceResult",
    "ChoicesFolder",
    "Decision",
    "apply_choices",
    "decide",
    "read_choices",
]
