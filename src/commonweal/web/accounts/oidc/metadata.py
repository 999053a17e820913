"""What a provider says of itself, and its keys. Kept for an hour; keys are asked for anew when a
token names one that is not known, at most once a minute.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from commonweal.web.accounts.oidc.transport import fetch, unavailable
from commonweal.web.config import clock
from commonweal.web.config.providers import Provider, is_safe_address

WELL_KNOWN = "/.well-known/openid-configuration"
KEPT = timedelta(hours=1)
AGAIN = timedelta(minutes=1)


@dataclass(frozen=True)
class Metadata:
    """The addresses of a provider. `names_itself`: it says `iss` in each answer (RFC 9207)."""

    authorise: str
    token: str
    keys: str
    userinfo: str | None
    end_session: str | None
    names_itself: bool


@dataclass
class _Known:
    metadata: Metadata
    at: datetime
    keys: KeySet | None = None
    keys_at: datetime | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


_known: dict[str, _Known] = {}


def forget() -> None:
    """Ask everything anew. For tests."""
    _known.clear()


def metadata_of(provider: Provider) -> Metadata:
    """What the provider says of itself. Raises `Unavailable` CW-OIDC-PROVIDER."""
    return _of(provider).metadata


def _of(provider: Provider) -> _Known:
    now = clock.now()
    found = _known.get(provider.issuer)
    if found is not None and abs(now - found.at) < KEPT:
        return found
    plain = fetch("GET", provider.issuer.rstrip("/") + WELL_KNOWN)
    if plain.get("issuer") != provider.issuer:
        raise unavailable("says that it is another one")
    made = _Known(_metadata(plain), now)
    _known[provider.issuer] = made
    return made


def _metadata(plain: dict[str, Any]) -> Metadata:
    def address(name: str, *, needed: bool = True) -> str | None:
        found = plain.get(name)
        if found is None and not needed:
            return None
        if not isinstance(found, str) or not is_safe_address(found):
            raise unavailable("names an address without encryption, or none")
        return found

    return Metadata(
        authorise=str(address("authorization_endpoint")),
        token=str(address("token_endpoint")),
        keys=str(address("jwks_uri")),
        userinfo=address("userinfo_endpoint", needed=False),
        end_session=address("end_session_endpoint", needed=False),
        names_itself=plain.get("authorization_response_iss_parameter_supported") is True,
    )


def key_of(provider: Provider, kid: str) -> Any:
    """The provider's public key called `kid`, or None if it has no such key now.

    Raises `Unavailable` CW-OIDC-PROVIDER.
    """
    known = _of(provider)
    with known.lock:
        now = clock.now()
        found = _find(known.keys, kid)
        age = None if known.keys_at is None else abs(now - known.keys_at)
        if age is None or age >= KEPT or (found is None and age >= AGAIN):
            known.keys, known.keys_at = _keys(known.metadata), now
            found = _find(known.keys, kid)
        return found


def _keys(metadata: Metadata) -> KeySet:
    plain = fetch("GET", metadata.keys)
    try:
        return KeySet.import_key_set(plain)  # type: ignore[arg-type]
    except (JoseError, ValueError, KeyError, TypeError):
        raise unavailable("has no keys that can be read") from None


def _find(keys: KeySet | None, kid: str) -> Any:
    for key in keys.keys if keys is not None else ():
        plain = key.as_dict(private=False)
        if plain.get("kid") == kid and plain.get("use", "sig") == "sig" and key.key_type != "oct":
            return key
    return None
