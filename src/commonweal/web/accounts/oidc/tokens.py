"""What a provider signs: read, and believed only if every check holds. Each says what is wrong."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import timedelta
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError

from commonweal.foundation.errors import Refused
from commonweal.web.accounts.oidc.metadata import key_of
from commonweal.web.config import clock
from commonweal.web.config.providers import ALGORITHMS, Provider

SKEW = timedelta(seconds=60)
"""How far apart the provider's clock and ours may be."""
OLDEST = timedelta(minutes=10)
"""An identity token is believed for this long after it was made, whatever it says itself."""
_LONGEST = 32 * 1024
_MAX_SUBJECT = 255
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
AGAIN = "Begin again. If it happens again, tell the people who run this service."


def refuse(code: str, sentence: str) -> Refused:
    """A refusal that says what to do."""
    return Refused(code, sentence, remedy=AGAIN)


def signed_claims(provider: Provider, text: object) -> dict[str, Any]:
    """The claims of a token, its signature checked with a key that the provider has now.

    Raises `Refused` CW-OIDC-TOKEN, `Unavailable` CW-OIDC-PROVIDER.
    """
    if not isinstance(text, str) or len(text) > _LONGEST:
        raise refuse("CW-OIDC-TOKEN", "The provider sent no proof of who you are.")
    try:
        header = jws.extract_compact(text.encode()).headers()
    except (JoseError, ValueError, TypeError):
        raise refuse("CW-OIDC-TOKEN", "The provider's proof cannot be read.") from None
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        raise refuse("CW-OIDC-TOKEN", "The provider's proof is signed in a way that is not safe.")
    key = key_of(provider, kid) if isinstance(kid, str) else None
    if key is None:
        raise refuse(
            "CW-OIDC-TOKEN", "The provider's proof names a key that is not the provider's."
        )
    try:
        return dict(jwt.decode(text, key, algorithms=[algorithm]).claims)
    except (JoseError, ValueError, TypeError):
        raise refuse("CW-OIDC-TOKEN", "The provider's proof is not signed by it.") from None


def check_identity(
    provider: Provider, text: object, *, nonce: str, access_token: str
) -> dict[str, Any]:
    """The claims of an identity token that answers our question and no other.

    Raises `Refused` CW-OIDC-TOKEN, CW-OIDC-ISSUER, CW-OIDC-NONCE or CW-OIDC-ASSURANCE.
    """
    claims = signed_claims(provider, text)
    _check_parties(provider, claims)
    _check_times(claims)
    said = claims.get("nonce")
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), nonce.encode()):
        raise refuse("CW-OIDC-NONCE", "The provider's proof answers another sign-in.")
    if not _fits(str(text), claims.get("at_hash"), access_token):
        raise refuse("CW-OIDC-TOKEN", "The provider's proof belongs to another answer.")
    _subject(claims)
    _check_assurance(provider, claims)
    return claims


def _check_parties(provider: Provider, claims: dict[str, Any]) -> None:
    if claims.get("iss") != provider.issuer:
        raise refuse("CW-OIDC-ISSUER", "The proof comes from another provider.")
    meant = claims.get("aud")
    audience = [meant] if isinstance(meant, str) else meant
    if not isinstance(audience, list) or provider.client not in audience:
        raise refuse("CW-OIDC-ISSUER", "The provider's proof is meant for another service.")
    azp = claims.get("azp")
    if (len(audience) > 1 and azp is None) or azp not in (None, provider.client):
        raise refuse("CW-OIDC-ISSUER", "The provider's proof is meant for another service.")


def _check_times(claims: dict[str, Any]) -> None:
    now = clock.now().timestamp()
    skew, oldest = SKEW.total_seconds(), OLDEST.total_seconds()
    made, ends = claims.get("iat"), claims.get("exp")
    if not _is_time(made) or not _is_time(ends):
        raise refuse("CW-OIDC-TOKEN", "The provider's proof does not say when it was made.")
    if now >= ends + skew or now - made >= oldest + skew:  # type: ignore[operator]
        raise refuse("CW-OIDC-TOKEN", "The provider's proof has run out.")
    others = [claims[name] for name in ("nbf", "auth_time") if name in claims]
    if not all(_is_time(one) and one <= now + skew for one in [made, *others]):
        raise refuse("CW-OIDC-TOKEN", "The provider's proof comes from the future.")


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2**40


def _fits(text: str, at_hash: object, access_token: str) -> bool:
    """Whether the proof names this access token; one that names none is fine (code flow)."""
    if at_hash is None:
        return True
    algorithm = str(jws.extract_compact(text.encode()).headers()["alg"])
    digest = hashlib.new(f"sha{algorithm[2:]}", access_token.encode()).digest()
    half = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
    return isinstance(at_hash, str) and hmac.compare_digest(at_hash.encode(), half.encode())


def _subject(claims: dict[str, Any]) -> str:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _MAX_SUBJECT:
        raise refuse("CW-OIDC-TOKEN", "The provider's proof does not say who you are.")
    return subject


def _check_assurance(provider: Provider, claims: dict[str, Any]) -> None:
    if claims.get("acr") not in provider.acr:
        raise refuse(
            "CW-OIDC-ASSURANCE",
            f"You did not sign in strongly enough: this service needs {' or '.join(provider.acr)}.",
        )
    means = claims.get("amr")
    if not isinstance(means, list) or not means or not all(isinstance(m, str) and m for m in means):
        raise refuse("CW-OIDC-ASSURANCE", "The provider does not say by what means you signed in.")
    for one in provider.profile.assurances:
        if str(claims.get(one.claim)) not in one.words:
            raise refuse(
                "CW-OIDC-ASSURANCE", "The provider has not checked well enough who you are."
            )


def check_logout(provider: Provider, text: object) -> tuple[str, str, str]:
    """Session, subject and number of a notice that a session ended; the first two may be empty.

    Raises `Refused` CW-OIDC-TOKEN, CW-OIDC-ISSUER.
    """
    claims = signed_claims(provider, text)
    _check_parties(provider, claims)
    _check_times({"exp": 2**39, **claims})  # it need not say when it ends: its age is what counts
    events = claims.get("events")
    told = isinstance(events, dict) and isinstance(events.get(LOGOUT_EVENT), dict)
    found = [claims.get(name, "") for name in ("sid", "sub", "jti")]
    strings = all(isinstance(one, str) and len(one) <= _MAX_SUBJECT for one in found)
    # A nonce would make it pass for an identity token elsewhere.
    if not told or "nonce" in claims or not strings or not found[2] or not (found[0] or found[1]):
        raise refuse("CW-OIDC-TOKEN", "This is no notice that a session ended.")
    return found[0], found[1], found[2]
