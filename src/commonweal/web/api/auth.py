"""Who asks: keys for programs, and what each allows. A key never decides anything (S11)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja.security import HttpBearer

from commonweal.foundation.errors import Refused
from commonweal.foundation.london import london_day
from commonweal.web.accounts.hashing import hashed
from commonweal.web.accounts.models import ApiToken
from commonweal.web.accounts.policies import check_standing
from commonweal.web.config import clock
from commonweal.web.config.gate import check_demonstration

PUBLIC = "public"
"""The tag of operations that need no key because what they show is on public pages."""


class Key(HttpBearer):
    """A key that allows `scope`, of a person whose account is in order."""

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        """The key's row, or None if there is no such key.

        Raises `Refused` CW-API-SCOPE, CW-WEB-LAPSED, CW-WEB-PERSONA.
        """
        now = clock.now()
        row = (
            ApiToken.objects.select_related("user")
            .filter(secret_hash=hashed(token), ended_at__isnull=True, expires_at__gt=now)
            .first()
        )
        if row is None or not row.user.is_active:
            return None
        if self.scope not in row.scopes:
            raise Refused("CW-API-SCOPE", "The key does not allow this.")
        if row.user.is_made_up:
            check_demonstration(request)
        check_standing(row.user, london_day(now))
        return row
