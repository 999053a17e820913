"""What the vault believes of a provider of identity: its name, ours, and its keys (S8).

The vault fetches nothing: the keys come from a file that an operator hands in. They are public
keys for signatures only, each with a name of its own, and strong enough.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import Fault

FITS = {
    "RS256": "RSA", "RS512": "RSA", "PS256": "RSA", "PS512": "RSA",
    "ES256": "P-256", "ES512": "P-521",
}  # fmt: skip
"""Signatures that can be believed, with the kind of key each needs."""
_LEAST_BITS = 2048
_MOST_BITS = 8192
_MOST_KEYS = 32
_MOST_BYTES = 256 * 1024
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


@dataclass(frozen=True)
class ProviderKey:
    """One public key. `kind`: RSA, P-256 or P-521. `algorithm`: the only one it is for, if any."""

    kid: str
    kind: str
    algorithm: str | None
    key: RSAKey | ECKey = field(repr=False)


@dataclass(frozen=True)
class Provider:
    """A provider: its issuer, the id under which it knows us, how it signs, and its keys by name.

    Raises `Fault` CW-MYDATA-PROVIDER where it can not be believed about anything.
    """

    issuer: str
    client: str
    algorithms: frozenset[str]
    keys: Mapping[str, ProviderKey]

    def __post_init__(self) -> None:
        if not self.issuer or not self.client or not self.keys:
            raise _wrong("needs an issuer, a client id and a key")
        if not self.algorithms or not self.algorithms <= FITS.keys():
            raise _wrong(f"signs with some of {', '.join(FITS)}, and nothing else")


def read_keys(content: bytes) -> dict[str, ProviderKey]:
    """The keys of a provider's JWKS file (RFC 7517), by name.

    Raises `Fault` CW-MYDATA-PROVIDER for a file with a private or shared key, two keys of one
    name, a key without one, or a weak one. A key that is not for signatures is left out.
    """
    try:
        plain = parse_json(content, "The file of keys", max_bytes=_MOST_BYTES)
    except Fault:
        raise _wrong("has a file of keys that cannot be read") from None
    listed = plain.get("keys") if isinstance(plain, dict) else None
    if not isinstance(listed, list) or not 1 <= len(listed) <= _MOST_KEYS:
        raise _wrong(f"has a file with one to {_MOST_KEYS} keys")
    found: dict[str, ProviderKey] = {}
    for one in listed:
        if not isinstance(one, dict) or one.keys() & _PRIVATE or one.get("kty") == "oct":
            raise _wrong("has a file of public keys only; one of these is not")
        if one.get("use", "sig") != "sig":
            continue
        key = _key(one)
        if key.kid in found:
            raise _wrong("has keys with different names; two of these have one")
        found[key.kid] = key
    if not found:
        raise _wrong("has at least one key for signatures")
    return found


def _key(plain: dict[str, Any]) -> ProviderKey:
    kid, algorithm = plain.get("kid"), plain.get("alg")
    if not isinstance(kid, str) or not 0 < len(kid) <= 255 or not kid.isprintable():
        raise _wrong("has keys with names; one of these has none")
    kind = "RSA" if plain.get("kty") == "RSA" else str(plain.get("crv"))
    if kind not in FITS.values() or (algorithm is not None and FITS.get(str(algorithm)) != kind):
        raise _wrong("has keys of RSA, P-256 or P-521; one of these is not")
    made: RSAKey | ECKey
    try:
        if kind == "RSA":
            made = RSAKey.import_key({name: plain[name] for name in ("kty", "n", "e")})
            bits = made.public_key.key_size
        else:
            made = ECKey.import_key({name: plain[name] for name in ("kty", "crv", "x", "y")})
            bits = _LEAST_BITS
    except (JoseError, KeyError, ValueError, TypeError):
        raise _wrong("has keys that can be read; one of these cannot") from None
    if not _LEAST_BITS <= bits <= _MOST_BITS:
        raise _wrong(f"has RSA keys of {_LEAST_BITS} to {_MOST_BITS} bits; one of these has not")
    return ProviderKey(kid, kind, algorithm, made)


def _wrong(what: str) -> Fault:
    return Fault("CW-MYDATA-PROVIDER", f"A provider of identity {what}.")
