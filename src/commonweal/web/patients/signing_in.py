"""Signing in with a provider shaped as NHS login: the way there, and its word when it comes back.

Authorisation code with PKCE, as `accounts.oidc.flow`; but nothing is kept here. The token is read
by nobody in this process: who signed in, and how surely, is the vault's to say (S8).
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlencode

from authlib.oauth2.rfc7636 import create_s256_code_challenge

from commonweal.foundation.errors import Refused
from commonweal.web.accounts.oidc.flow import check_sender, redeem
from commonweal.web.accounts.oidc.metadata import metadata_of
from commonweal.web.config import clock
from commonweal.web.config.providers import Provider
from commonweal.web.patients.visit import Visit

OPEN_FOR = timedelta(minutes=10)
"""How long a sign-in may take."""
VECTORS = ("P9.Cp.Cd", "P9.Cp.Ck", "P9.Cm")
"""What the provider is asked for; whether it gave it is the vault's to say."""
_MOST_CODE = 2048


def way_to(provider: Provider, visit: Visit, here: str) -> str:
    """The address to send the browser to. `here`: where the provider answers.

    Raises `Unavailable` CW-OIDC-PROVIDER.
    """
    query = {
        "response_type": "code",
        "client_id": provider.client,
        "redirect_uri": here,
        "scope": provider.profile.scopes,
        "state": visit.state,
        "nonce": visit.nonce,
        "vtr": json.dumps(VECTORS),
        # The vault counts no sign-in that is older than a quarter of an hour.
        "prompt": "login",
        "code_challenge": create_s256_code_challenge(visit.verifier),
        "code_challenge_method": "S256",
    }
    return f"{metadata_of(provider).authorise}?{urlencode(query)}"


def token_of(
    provider: Provider, visit: Visit | None, here: str, answer: Mapping[str, str]
) -> tuple[Visit, str]:
    """The visit that asked, and the provider's word for it, unread.

    Raises `Refused` CW-OIDC-STATE, -DENIED, -ISSUER, -TOKEN, `Unavailable` CW-OIDC-PROVIDER.
    """
    said = answer.get("state", "").encode("utf-8", "replace")
    if visit is None or not visit.state or not hmac.compare_digest(said, visit.state.encode()):
        raise Refused("CW-OIDC-STATE", "This answer belongs to no sign-in of this browser.")
    age = clock.now().timestamp() - visit.begun
    if not 0 <= age < OPEN_FOR.total_seconds():
        raise Refused("CW-OIDC-STATE", "Signing in took too long.")
    check_sender(provider, answer)
    code = answer.get("code", "")
    if "error" in answer:
        raise Refused("CW-OIDC-DENIED", "The provider did not sign the person in.")
    if not 0 < len(code) <= _MOST_CODE or not code.isascii() or not code.isprintable():
        raise Refused("CW-OIDC-STATE", "The answer of the provider is not whole.")
    return visit, redeem(provider, code, here, visit.verifier)["id_token"]
