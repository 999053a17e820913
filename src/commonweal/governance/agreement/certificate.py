"""The certificate that a project's data were destroyed, and whether it names every copy."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from commonweal.foundation.errors import Refused
from commonweal.governance.agreement.model import Agreement
from commonweal.papers.base import Day, Identifier, Line, Paper, Text, look


class CopyDestroyed(Paper):
    """One place where data were, and what became of them there."""

    place: Line
    how: Text
    destroyed_on: Day


class DestructionCertificate(Paper):
    """What is sent when the work under a permit has ended. `kept`: what stays, by the agreement."""

    certificate: Literal[1]
    permit: Identifier
    copies: Annotated[tuple[CopyDestroyed, ...], Field(min_length=1, max_length=200)]
    kept: Text


def places_of(agreement: Agreement) -> tuple[str, ...]:
    """The places that a certificate must name: those where the agreement lets the data be."""
    return tuple(dict.fromkeys(place for place, _, _ in agreement.places))


def check_certificate(
    certificate: DestructionCertificate, places: Collection[str], today: date
) -> None:
    """Refuse a certificate that leaves out a place, or speaks of the future.

    Raises `Refused` CW-CLOSING-CERTIFICATE.
    """
    named = {look(copy.place) for copy in certificate.copies}
    for place in places:
        if look(place) not in named:
            raise Refused(
                "CW-CLOSING-CERTIFICATE", f"The certificate does not say what became of: {place}."
            )
    if any(copy.destroyed_on > today for copy in certificate.copies):
        raise Refused(
            "CW-CLOSING-CERTIFICATE", "A copy cannot have been destroyed on a day to come."
        )
