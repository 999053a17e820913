"""The list of checks as the desk works with it (`rules.checks_in_force`), and its answers."""

from __future__ import annotations

from commonweal.governance.application.screening import Check
from commonweal.web.desk.rules import checks_in_force

RESULT_WORDS = {"yes": "Yes", "no": "No", "not_needed": "Not needed here"}


def checklist() -> tuple[Check, ...]:
    """The checks, in order."""
    return checks_in_force().items


def known_checks() -> dict[str, Check]:
    """The checks by id."""
    return {one.id: one for one in checklist()}
