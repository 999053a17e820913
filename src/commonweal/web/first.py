"""The first account of a real home: whoever can reach the home's files lets the first officer in.

Every other account comes from an invitation, which somebody who looks after accounts has to send.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import django
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from commonweal.foundation.errors import Refused, WrongUsage
from commonweal.ledger.entry import Actor
from commonweal.web.config.environment import HOME, Environment

ROLE = "ig_officer"
_LONGEST = 120


def first_account(home: Path, email: str, name: str, said: Mapping[str, str]) -> str:
    """Make the account of a home's first information governance officer; where its password is set.

    Raises `WrongUsage` CW-WEB-SETTING, CW-WEB-REQUEST; `Refused` CW-WEB-ACCOUNT if somebody looks
    after accounts already, or in a demonstration; and what making the database ready raises.
    """
    Environment.read({**said, HOME: str(home)})
    os.environ[HOME] = str(home)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "commonweal.web.config.settings")
    os.umask(0o077)
    django.setup()
    from commonweal.web.prepare import prepare

    prepare()
    return make_first(email, name)


def make_first(email: str, name: str) -> str:
    """As `first_account`, in a service that is set up and ready."""
    from django.conf import settings
    from django.db import transaction

    from commonweal.web.accounts.models import Organisation, User
    from commonweal.web.accounts.policies import can_manage
    from commonweal.web.accounts.services import give_role
    from commonweal.web.config import clock

    if settings.HOME.is_demonstration:
        raise Refused("CW-WEB-ACCOUNT", "A demonstration has its people: sign in as one of them.")
    _check(email, name)
    day = clock.today()
    with transaction.atomic():
        if any(can_manage(one, day) for one in User.objects.filter(is_active=True)):
            raise Refused(
                "CW-WEB-ACCOUNT",
                "Somebody looks after accounts here already: only the first is made in this way.",
                remedy="Ask them for an invitation.",
            )
        place, _ = Organisation.objects.get_or_create(
            kind="custodian", defaults={"name": settings.HOME.custodian}
        )
        known = User.objects.filter(email=email.casefold(), is_active=True).first()
        user = known or _new(email, name)
        give_role(user, place, ROLE, Actor("system", "first-account"))
    return _way_in(user)


def _check(email: str, name: str) -> None:
    try:
        validate_email(email)
    except ValidationError:
        raise WrongUsage("CW-WEB-REQUEST", "That is no e-mail address.") from None
    if not name.strip() or not name.isprintable() or len(name) > _LONGEST:
        raise WrongUsage("CW-WEB-REQUEST", "The name is missing or cannot be shown.")


def _new(email: str, name: str) -> Any:
    from allauth.account.models import EmailAddress

    from commonweal.web.accounts.models import User

    user = User.objects.create_user(email, name)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def _way_in(user: Any) -> str:
    """The page where this person sets a password: it works once, for three days."""
    from allauth.account.forms import default_token_generator
    from allauth.account.utils import user_pk_to_url_str
    from django.conf import settings
    from django.urls import reverse

    key = default_token_generator.make_token(user)
    kwargs = {"uidb36": user_pk_to_url_str(user), "key": key}
    way = reverse("account_reset_password_from_key", kwargs=kwargs)
    return f"{settings.ENVIRONMENT.address}{way}"
