"""Signing in as a made-up person: in a demonstration, on this machine, and nowhere else (S21)."""

from __future__ import annotations

from django.contrib.auth import login
from django.contrib.auth.backends import BaseBackend
from django.db import transaction
from django.http import HttpRequest

from commonweal.foundation.errors import Fault
from commonweal.ledger.entry import Actor
from commonweal.web.accounts.middleware import PERSONA
from commonweal.web.accounts.models import Organisation, User
from commonweal.web.accounts.people import PEOPLE, persona
from commonweal.web.accounts.services import give_role
from commonweal.web.config.gate import check_demonstration

BACKEND = "commonweal.web.accounts.personas.PersonaBackend"


class PersonaBackend(BaseBackend):
    """Keeps a made-up person signed in. It never signs anybody in by itself."""

    def get_user(self, user_id: int) -> User | None:
        """The made-up person with this number. Whether they may go on, `Standing` asks."""
        return User.objects.filter(pk=user_id, is_made_up=True, is_active=True).first()


def sign_in_as(request: HttpRequest, id_: str) -> User:
    """Sign in as the made-up person called `id_`.

    Raises `Refused` CW-WEB-PERSONA outside a demonstration or through a proxy, `Fault`
    CW-WEB-NOT-FOUND.
    """
    check_demonstration(request)
    user = User.objects.filter(public_id=id_, is_made_up=True, is_active=True).first()
    if persona(id_) is None or user is None:
        raise Fault("CW-WEB-NOT-FOUND", "There is nobody of this name in the demonstration.")
    login(request, user, backend=BACKEND)
    request.session[PERSONA] = True
    return user


def make_people() -> int:
    """Make the demonstration's people who are not there yet, with their roles; how many."""
    by = Actor("system", "demonstration")
    made = 0
    for one in PEOPLE:
        if User.objects.filter(public_id=one.id).exists():
            continue
        with transaction.atomic():
            short, name, kind = one.organisation
            organisation, _ = Organisation.objects.get_or_create(
                public_id=short, defaults={"name": name, "kind": kind}
            )
            user = User.objects.create_user(
                f"{one.id}@example.org", one.name, public_id=one.id, is_made_up=True
            )
            for role in one.roles:
                give_role(user, organisation, role, by)
        made += 1
    return made
