"""Links from a permit to what its people do under it: studies, outputs, made-up data, files.

Each app says by its own rules who may see its page. A link is shown to whoever would find the page
there, with counts of what they would see on it, and to nobody else; an app that this service does
not have gives none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from typing import Any

from django.urls import NoReverseMatch, reverse

from commonweal.foundation.errors import CommonwealError
from commonweal.governance.states.parties import CHECKERS
from commonweal.papers.register import RegisterEntry
from commonweal.web.accounts.models import User
from commonweal.web.releases.policies import own_permits, roles_for

_WEB = "commonweal.web"


@dataclass(frozen=True)
class Asked:
    """Who looks at which permit, and when."""

    person: User
    entry: RegisterEntry
    day: date

    @property
    def permit(self) -> str:
        """The permit's id."""
        return self.entry.id


@dataclass(frozen=True)
class Beside:
    """One link. `told`: what is said beside it, or None for whoever may not see its page."""

    text: str
    route: str
    told: Callable[[Asked], str | None]
    of_permit: bool


def _policies(app: str) -> Any:
    return import_module(f"{_WEB}.{app}.policies")


def _studies(asked: Asked) -> str | None:
    _policies("studies").check_see(asked.person, asked.entry, asked.day)
    jobs = import_module(f"{_WEB}.studies.models").Job.objects.filter(permit=asked.permit)
    return _counted(jobs.count(), "study was sent", "studies were sent")


def _outputs(asked: Asked) -> str | None:
    if asked.permit not in own_permits(asked.person, asked.day):
        return None
    seen = _policies("outputs").outputs_of(asked.person, asked.day).filter(permit=asked.permit)
    left = seen.filter(state="released").count()
    own = _counted(seen.count(), "output is shown to you", "outputs are shown to you")
    return f"{own} {_counted(left, 'of them has left', 'of them have left')}" if left else own


def _judging(asked: Asked) -> str | None:
    project = str(asked.entry.permit["project"]["id"])
    return "" if set(CHECKERS) & roles_for(asked.person, project, asked.day) else None


def _made_up(asked: Asked) -> str | None:
    _policies("dummies").check_see(asked.person, asked.permit, asked.day)
    return "Data about nobody, to write a study with."


def _bringing(asked: Asked) -> str | None:
    may = _policies("ingress").brings_for(asked.person, asked.day)
    if asked.permit not in {permit for permit, _ in may}:
        return None
    return "A public table, a trained model or a package. A second person looks at it."


LINKS = (
    Beside("Studies: send one, see how it goes", "studies:permit", _studies, of_permit=True),
    Beside("Outputs", "outputs:index", _outputs, of_permit=False),
    Beside("Outputs to check", "outputs:review_queue", _judging, of_permit=False),
    Beside("Made-up data", "dummies:permit", _made_up, of_permit=True),
    Beside("Bring something in", "ingress:index", _bringing, of_permit=False),
)


def links_beside(person: User, entry: RegisterEntry | None, day: date) -> list[dict[str, str]]:
    """The links that `person` is shown on the page of a permit, in order.

    None before the register has the permit: nothing is done under it before.
    """
    if entry is None:
        return []
    found = []
    for one in LINKS:
        try:
            href = reverse(one.route, args=[entry.id] if one.of_permit else [])
            told = one.told(Asked(person, entry, day))
        except (NoReverseMatch, CommonwealError):
            continue
        if told is not None:
            found.append({"text": one.text, "href": href, "told": told})
    return found


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}."
