"""A provider of identity without a server, a browser, and a web that carries between both."""

from __future__ import annotations

import json
import secrets
from datetime import datetime
from typing import Any

from joserfc import jws
from joserfc.jwk import KeySet, RSAKey

from commonweal.papers.own_record_box import public_half
from commonweal.papers.own_record_nonce import nonce_for

ISSUER, CLIENT = "https://auth.example", "commonweal"


def new_key(kid: str = "first") -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"}, private=True)


KEY = new_key()


def jwks(*keys: Any) -> bytes:
    return json.dumps(KeySet(list(keys or (KEY,))).as_dict(private=False)).encode()


class Browser:
    """One visit: the key pair in its cookie, and the random bytes beside it."""

    def __init__(self) -> None:
        self.private, self.random = secrets.token_bytes(32), secrets.token_bytes(32)
        self.public = public_half(self.private)

    @property
    def nonce(self) -> str:
        return nonce_for(self.public, self.random)


def token(browser: Browser, number: str, at: datetime, key: Any = KEY, **changes: Any) -> str:
    """What the provider signs for a person with this number who signs in with `browser`."""
    now = int(at.timestamp())
    claims = {
        "iss": ISSUER, "aud": CLIENT, "sub": "s", "iat": now - 10, "exp": now + 300,
        "auth_time": now - 20, "nonce": browser.nonce, "vot": "P9.Cp.Cd",
        "identity_proofing_level": "P9", "nhs_number": number, "birthdate": "1970-02-03",
    } | changes  # fmt: skip
    registry = jws.JWSRegistry(algorithms=["RS512"], strict_check_header=False)
    head = {"alg": "RS512", "kid": key.kid, "typ": "JWT"}
    return jws.serialize_compact(head, json.dumps(claims).encode(), key, registry=registry)
