"""Who can sign an act, and with what: said to the person before they try (rule 3).

It is asked of the roster that the signer told of, so that a page can say what is missing. What
counts the signer asks again, of the roster itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.conf import settings

from commonweal.foundation.errors import Fault, Refused
from commonweal.papers.act_table import ROLE_WORDS
from commonweal.papers.credentials import SoftwareCredential, WebAuthnCredential
from commonweal.papers.roster import Roster, RosterPerson, SigningSite
from commonweal.web.accounts.models import User
from commonweal.web.signing.models import Act
from commonweal.web.signing.services import roster

_PEOPLE = "Ask those who keep the list of people; `commonweal people` changes it."


@dataclass(frozen=True)
class Means:
    """How a person signs: with the key that a demonstration keeps, or with a security key."""

    by: Literal["button", "key"]
    person: RosterPerson
    site: SigningSite | None = None


def act_of(person: User, act_id: str) -> Act:
    """An act that `person` was asked to sign.

    Raises `Fault` CW-WEB-NOT-FOUND: there is none, or it is for somebody else; nobody learns which.
    """
    found = Act.objects.select_related("person").filter(pk=act_id, person=person).first()
    if found is None:
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
    return found


def check_sign(act: Act, origin: str, at: datetime) -> Means:
    """With what the person of `act` can sign it now, on a page at `origin`.

    Raises `Refused` CW-ROSTER-NONE, CW-ACT-PERSON, CW-ACT-ROLE, CW-ACT-CREDENTIAL.
    """
    known = known_roster()
    listed = known.person(act.person.public_id)
    if listed is None:
        raise Refused(
            "CW-ACT-PERSON",
            "You are not on the list of people whose signatures count, so you cannot sign this.",
            remedy=_PEOPLE,
        )
    if not listed.holds(act.role, at):
        words = ROLE_WORDS[act.role]
        raise Refused(
            "CW-ACT-ROLE",
            f"The list of people does not say that you are {words} today.",
            remedy=_PEOPLE,
        )
    return _means(listed, known.site, act, origin, at)


def known_roster() -> Roster:
    """The list of people as the signer told of it. Raises `Refused` CW-ROSTER-NONE."""
    found = roster()
    if found is None:
        raise Refused(
            "CW-ROSTER-NONE",
            "Nobody can sign here yet: this service knows no list of people whose signatures "
            "count.",
            remedy="Is there one (`commonweal people show`), and does `commonweal worker --room "
            "signer` run?",
        )
    return found


def _means(
    listed: RosterPerson, site: SigningSite | None, act: Act, origin: str, at: datetime
) -> Means:
    ready = [one for one in listed.credentials if one.valid_from <= at]
    if site is not None and any(isinstance(one, WebAuthnCredential) for one in ready):
        check_place(site, origin)
        return Means("key", listed, site)
    demonstration = settings.HOME.is_demonstration and act.person.is_made_up
    if demonstration and any(isinstance(one, SoftwareCredential) for one in ready):
        return Means("button", listed)
    if listed.credentials and not ready:
        raise Refused("CW-ACT-CREDENTIAL", "Your key to sign with does not count yet.")
    raise Refused(
        "CW-ACT-CREDENTIAL",
        "The list of people holds no key of yours to sign with.",
        remedy="Set up a security key for signing, and give it to those who keep the list.",
    )


def check_place(site: SigningSite, origin: str) -> None:
    """Refuse a page at which no security key would answer. Raises `Refused` CW-ACT-CREDENTIAL."""
    if origin not in site.origins:
        raise Refused(
            "CW-ACT-CREDENTIAL",
            f"People sign at {' or '.join(site.origins)}, and this page is somewhere else.",
            remedy="Open the same page there.",
        )
