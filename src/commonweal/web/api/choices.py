"""Choices by program: what the hospital's own systems were told by a person (S14).

What comes is sealed for the vault at once, as on the page, and the answer is the same for
everybody. It adds a no: nothing is taken back or looked at here. The key belongs to somebody who
writes choices down; that a system took a choice over is no decision (S11).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import ConfigDict, Field

from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import Fault, Refused
from commonweal.foundation.identifiers import NHSNumber
from commonweal.foundation.london import london_day
from commonweal.papers.choice import Choice
from commonweal.papers.choice_request import written_plain
from commonweal.papers.choice_rules import CONSENTS, NOT_NATIONAL, Relation, is_national
from commonweal.web.api.answers import KEY
from commonweal.web.api.auth import Key
from commonweal.web.api.shapes import ErrorShape
from commonweal.web.choices import services
from commonweal.web.choices.policies import can_write
from commonweal.web.config import clock
from commonweal.web.register.presenters import entry_or_none

router = Router()
SCOPE = "choices:write"
_INVALID = "CW-CHOICES-INVALID"


class ChosenFor(Schema):
    """Who chose for somebody else, and what the rules ask of them."""

    model_config = ConfigDict(extra="forbid")

    relation: Relation
    born_on: date | None = None
    died_on: date | None = None
    ends_on: date | None = None
    scope: Literal["health_and_welfare", "property_and_affairs"] | None = None


class ChoiceSent(Schema):
    """A choice. `id`: the system's own, so that what is sent twice is recorded once."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, Field(pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    nhs_number: Annotated[str, Field(max_length=20)]
    kind: Annotated[str, Field(max_length=40)]
    project: Annotated[str, Field(max_length=64)] | None = None
    evidence: Annotated[str, Field(min_length=1, max_length=300)]
    chosen_for: ChosenFor | None = None


class ChoiceTaken(Schema):
    """That it is on its way to the vault: the same whatever is held there."""

    reference: str
    sentence: str


@router.post(
    "/choices", response={202: ChoiceTaken, **KEY, 503: ErrorShape}, auth=Key(SCOPE),
    tags=["choices"],
)  # fmt: skip
def send(request: HttpRequest, said: ChoiceSent) -> Any:
    """Send what a person chose in a system of the hospital. Nothing is looked up, and it only adds:
    a choice is taken back, or a yes written down, at the vault."""
    person = request.auth.user
    if not can_write(person, clock.today()):
        raise Refused("CW-API-SCOPE", "This key belongs to nobody who writes choices down.")
    if is_national(said.kind):
        raise Refused("CW-CHOICES-NATIONAL", NOT_NATIONAL)
    if said.kind in CONSENTS:
        raise Fault(_INVALID, "A yes to one project is written down at the vault.")
    if said.project is not None and entry_or_none(said.project) is None:
        raise Refused("CW-CHOICES-PROJECT", "There is no project with this permit in the list.")
    owner = person.public_id
    services.hand_in(_choice(said, owner), owner, said.id)
    sentence = "It was taken in. It counts once the vault has written it down, in a few moments."
    return Status(202, {"reference": services.reference_for(owner, said.id), "sentence": sentence})


def _choice(said: ChoiceSent, owner: str) -> Choice:
    now, trusted = clock.now(), None
    if said.chosen_for is not None:
        told = said.chosen_for.model_dump(mode="json")
        trusted = {name: value for name, value in told.items() if value is not None}
    plain = written_plain(
        id_=services.choice_id_for(owner, said.id), number=NHSNumber(said.nhs_number).digits,
        kind=said.kind, project=said.project, day=london_day(now).isoformat(), at=stamp(now),
        set_by="self" if trusted is None else "trusted_person", channel="api",
        evidence=said.evidence, trusted=trusted,
    )  # fmt: skip
    return Choice.read(plain, "The choice", _INVALID)
