"""One sign-in with a provider: begun here, answered there, and believed once.

What is asked is kept in the person's own session under a random `state`: the nonce, the verifier of
PKCE, the provider, and the invitation where one is accepted. It is taken out when the answer comes,
whatever the answer is, so no answer counts twice and none counts in another browser.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, MutableMapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from authlib.oauth2.rfc7523 import private_key_jwt_sign
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from commonweal.foundation.clock import parse_stamp, stamp
from commonweal.foundation.errors import Unavailable
from commonweal.web.accounts.oidc.metadata import metadata_of
from commonweal.web.accounts.oidc.tokens import check_identity, refuse
from commonweal.web.accounts.oidc.transport import fetch, unavailable
from commonweal.web.config import clock
from commonweal.web.config.providers import Provider

ASKED = "asked_providers"
"""Where the session keeps what was asked."""
OPEN_FOR = timedelta(minutes=10)
_MOST_OPEN = 5
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_SECONDS = 60
_MAX_NAME = 120
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Asked:
    """A sign-in that was begun. `invitation`: its secret, hashed, where one is being accepted."""

    provider: str
    nonce: str
    verifier: str
    at: str
    back: str
    invitation: str = ""


@dataclass(frozen=True)
class Known:
    """Who the provider says somebody is. `token`: handed back to it when they sign out."""

    subject: str
    name: str
    session: str
    token: str


def begin(
    provider: Provider,
    session: MutableMapping[str, Any],
    here: str,
    *,
    back: str = "",
    invitation: str = "",
) -> str:
    """The address to send the browser to. `here`: where the provider answers.

    Raises `Unavailable` CW-OIDC-PROVIDER.
    """
    metadata = metadata_of(provider)
    state, nonce, verifier = (secrets.token_urlsafe(48) for _ in range(3))
    asked = Asked(provider.id, nonce, verifier, stamp(clock.now()), back, invitation)
    before = dict(session.get(ASKED) or {})
    for oldest in list(before)[: max(0, len(before) + 1 - _MOST_OPEN)]:
        del before[oldest]
    session[ASKED] = before | {state: asdict(asked)}
    query = {
        "response_type": "code",
        "client_id": provider.client,
        "redirect_uri": here,
        "scope": provider.profile.scopes,
        "state": state,
        "nonce": nonce,
        "acr_values": " ".join(provider.acr),
        "code_challenge": create_s256_code_challenge(verifier),
        "code_challenge_method": "S256",
    }
    return f"{metadata.authorise}?{urlencode(query)}"


def finish(
    provider: Provider, session: MutableMapping[str, Any], here: str, answer: Mapping[str, str]
) -> tuple[Asked, Known]:
    """What was asked, and who the provider says it is.

    Raises `Refused` CW-OIDC-STATE, -DENIED, -ISSUER, -NONCE, -TOKEN, -ASSURANCE, -SUBJECT,
    `Unavailable` CW-OIDC-PROVIDER.
    """
    asked = _take(provider, session, answer.get("state", ""))
    check_sender(provider, answer)
    if "error" in answer:
        # What it says stands in the address, where anybody could have written it: not shown.
        raise refuse("CW-OIDC-DENIED", f"{provider.profile.label} did not sign you in.")
    code = answer.get("code", "")
    if not code:
        raise refuse("CW-OIDC-STATE", "The answer of the provider is not whole.")
    got = redeem(provider, code, here, asked.verifier)
    claims = check_identity(
        provider, got["id_token"], nonce=asked.nonce, access_token=got["access_token"]
    )
    said = _userinfo(provider, got["access_token"], claims["sub"])
    return asked, _known(provider, {**claims, **said}, claims, got["id_token"])


def _take(provider: Provider, session: MutableMapping[str, Any], state: str) -> Asked:
    kept = dict(session.get(ASKED) or {})
    found = kept.pop(state, None)
    session[ASKED] = kept
    if found is None:
        raise refuse(
            "CW-OIDC-STATE", "This answer belongs to no sign-in that this browser has begun here."
        )
    asked = Asked(**found)
    if asked.provider != provider.id:
        raise refuse("CW-OIDC-ISSUER", "The answer comes from another provider.")
    age = clock.now() - parse_stamp(asked.at)
    if not timedelta(0) <= age < OPEN_FOR:
        raise refuse("CW-OIDC-STATE", "Signing in took too long.")
    return asked


def check_sender(provider: Provider, answer: Mapping[str, str]) -> None:
    """Another provider's answer must not be taken for this one's (mix-up, RFC 9207).

    Raises `Refused` CW-OIDC-ISSUER, `Unavailable` CW-OIDC-PROVIDER.
    """
    said = answer.get("iss")
    if said is None and not metadata_of(provider).names_itself:
        return
    if said != provider.issuer:
        raise refuse("CW-OIDC-ISSUER", "The answer comes from another provider.")


def redeem(provider: Provider, code: str, here: str, verifier: str) -> dict[str, str]:
    """What the provider gives for a code: `id_token`, `access_token` and `token_type`, unchecked.

    Raises `Refused` CW-OIDC-TOKEN, `Unavailable` CW-OIDC-PROVIDER.
    """
    address = metadata_of(provider).token
    assertion = private_key_jwt_sign(
        provider.key,
        client_id=provider.client,
        token_endpoint=address,
        alg="RS512",
        header={"kid": provider.key.kid, "typ": "JWT"},
        issued_at=int(clock.now().timestamp()),
        expires_in=_ASSERTION_SECONDS,
    )
    asked = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": here,
        "client_id": provider.client,
        "code_verifier": verifier,
        "client_assertion_type": _ASSERTION,
        "client_assertion": assertion,
    }
    got = fetch("POST", address, body=urlencode(asked), headers=_FORM)
    found = {name: got.get(name) for name in ("id_token", "access_token", "token_type")}
    bearer = str(found["token_type"]).casefold() == "bearer"
    if not bearer or not all(isinstance(one, str) and one.isascii() for one in found.values()):
        raise refuse("CW-OIDC-TOKEN", "The provider sent no proof of who you are.")
    return {name: str(one) for name, one in found.items()}


def _userinfo(provider: Provider, access_token: str, subject: str) -> dict[str, Any]:
    """What the provider tells about the person, who must be the one of the proof."""
    address = metadata_of(provider).userinfo
    if address is None:
        return {}
    if not access_token.isprintable():
        raise unavailable("sent an answer that cannot be read")
    said = fetch("GET", address, headers={"Authorization": f"Bearer {access_token}"})
    if said.get("sub") != subject:
        raise refuse("CW-OIDC-SUBJECT", "The provider's answers are about two different people.")
    return said


def _known(
    provider: Provider, said: Mapping[str, Any], claims: Mapping[str, Any], token: str
) -> Known:
    """Of all that is told only this is kept: no role and no organisation of the provider's."""
    name, session = said.get(provider.profile.name_claim), claims.get("sid", "")
    shown = " ".join(name.split()) if isinstance(name, str) and name.isprintable() else ""
    return Known(
        subject=str(claims["sub"]),
        name=shown if len(shown) <= _MAX_NAME else "",
        session=session if isinstance(session, str) and len(session) <= 255 else "",
        token=token,
    )


def leave(provider: Provider, token: str, here: str) -> str | None:
    """Where the browser goes to end the provider's own session; None if it offers no such page."""
    try:
        address = metadata_of(provider).end_session
    except Unavailable:
        return None  # they are signed out here in any case
    if address is None or not address.startswith(f"{provider.origin}/"):
        return None
    query = {
        "id_token_hint": token,
        "client_id": provider.client,
        "post_logout_redirect_uri": here,
    }
    return f"{address}?{urlencode(query)}"
