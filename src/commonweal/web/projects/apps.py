"""The app as Django knows it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    """Its name and label, and what follows from the acts that it knows."""

    name = "commonweal.web.projects"
    label = "projects"
    menu = ("Permits", "projects:index")
    works_in = ("signer",)

    def ready(self) -> None:
        """Say what follows from each kind of act."""
        from commonweal.web.projects.handlers import AgreeHandler, CountersignHandler, StepHandler
        from commonweal.web.projects.models import STEP_KINDS
        from commonweal.web.signing.handlers import handle

        handle("agree", AgreeHandler())
        handle("countersign", CountersignHandler())
        for kind in STEP_KINDS:
            handle(kind, StepHandler())

    def waiting(self, person: Any, day: date) -> list[Any]:
        """What waits for `person` here: see `config.turns`."""
        from commonweal.web.projects.turns import waiting

        return list(waiting(person, day))
