"""The app as Django knows it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.apps import AppConfig


class OutputsConfig(AppConfig):
    """Its name and label; and it deals with acts about outputs."""

    name = "commonweal.web.outputs"
    label = "outputs"
    menu = ("Outputs", "outputs:index")
    works_in = ("airlock",)

    def ready(self) -> None:
        """Say what follows from what authors and reviewers sign."""
        from commonweal.web.outputs.handlers import (
            RECALL,
            REVIEW,
            SUBMIT,
            WITHDRAW,
            RecallHandler,
            ReviewHandler,
            SubmitHandler,
            WithdrawHandler,
        )
        from commonweal.web.outputs.layouts import LAYOUT_KINDS, LayoutHandler
        from commonweal.web.signing.handlers import handle

        for kind in LAYOUT_KINDS:
            handle(kind, LayoutHandler())
        handle(SUBMIT, SubmitHandler())
        handle(WITHDRAW, WithdrawHandler())
        handle(REVIEW, ReviewHandler())
        handle(RECALL, RecallHandler())

    def shows_menu(self, person: Any, day: date) -> bool:
        """True for whoever can have outputs of their own today, or sees what waits and has left."""
        from commonweal.web.outputs.policies import sees_outputs
        from commonweal.web.outputs.reviewing import sees_reviews

        return sees_outputs(person, day) or sees_reviews(person, day)

    def waiting(self, person: Any, day: date) -> list[Any]:
        """What waits for `person` here: see `config.turns`."""
        from commonweal.web.outputs import reviewing
        from commonweal.web.outputs.turns import waiting

        return [*waiting(person, day), *reviewing.waiting(person, day)]
