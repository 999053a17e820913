"""A provider of identity for tests that has the shape of NHS login: for people, not for staff.

A real server, as `provider.py`, held to what NHS login asks of its clients: `vtr` names the vectors
of trust that are enough, PKCE by S256, the code is redeemed with an assertion signed RS512 by the
client's own key. Its id token is signed RS512 and says `vot`, `identity_proofing_level`,
`nhs_number` and `birthdate` of whoever is signed in there.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from joserfc import jws

from tests.web.provider import CLIENT, LocalProvider, Person, _Handler, _Server

SCOPES = frozenset({"openid", "profile", "profile_extended"})
HIGH = ("P9.Cp.Cd", "P9.Cp.Ck", "P9.Cm")
VECTORS = frozenset({"P0.Cp", "P5.Cp.Cd", "P5.Cp.Ck", "P5.Cm", *HIGH})


@dataclass
class Patient(Person):
    """Who is signed in there. `vector`: how surely it is known who they are."""

    subject: str = "49f470a1-cc52-49b7-beba-0f9cec937c46"
    nhs_number: str | None = "9000000009"
    birthdate: str | None = "1970-02-03"
    vector: str = "P9.Cp.Cd"

    @property
    def level(self) -> str:
        return self.vector.partition(".")[0]


@dataclass
class NHSLogin(LocalProvider):
    """The provider. `refused` says why a browser or client was sent away."""

    def metadata(self) -> dict[str, Any]:
        said = {
            "scopes_supported": sorted(SCOPES),
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["RS512"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ["RS512"],
            "code_challenge_methods_supported": ["S256"],
            "vtr_values_supported": sorted(VECTORS),
        }
        return super().metadata() | said | self.lies.get("metadata", {})

    def authorise(self, asked: dict[str, str]) -> str:
        wrong = self._asked_wrongly(asked)
        if wrong:
            self.refused.append(wrong)
            return f"{asked['redirect_uri']}?error=invalid_request&state={asked.get('state', '')}"
        return super().authorise(asked)

    def _asked_wrongly(self, asked: dict[str, str]) -> str:
        if (asked.get("client_id"), asked.get("response_type")) != (CLIENT, "code"):
            return "another client, or not for a code"
        scopes = set(asked.get("scope", "").split())
        if "openid" not in scopes or not scopes <= SCOPES:
            return "a scope that there is not"
        try:
            wanted = json.loads(asked.get("vtr", json.dumps(HIGH)))
        except ValueError:
            return "vtr is no list"
        if not isinstance(wanted, list) or not wanted or not set(wanted) <= VECTORS:
            return "vtr names a vector that there is not"
        if asked.get("code_challenge_method") != "S256" or len(
            asked.get("code_challenge", "")
        ) != 43:  # fmt: skip
            return "no PKCE"
        if len(asked.get("nonce", "")) < 16 or len(asked.get("state", "")) < 16:
            return "no nonce or state"
        if self._patient.vector not in wanted and "vector" not in self.lies:
            return "the person is not known so surely"
        return ""

    @property
    def _patient(self) -> Patient:
        assert isinstance(self.person, Patient)
        return self.person

    def identity(self, nonce: str, access: str) -> str:
        now, who = int(self.clock()), self._patient
        half = hashlib.sha512(access.encode()).digest()[:32]
        claims = {
            "iss": self.issuer, "aud": CLIENT, "sub": who.subject, "iat": now, "exp": now + 3600,
            "auth_time": now, "nonce": nonce, "jti": hashlib.sha256(access.encode()).hexdigest(),
            "vot": who.vector, "vtm": f"{self.issuer}/trustmark/auth.example",
            "identity_proofing_level": who.level, "nhs_number": who.nhs_number,
            "birthdate": who.birthdate, "family_name": who.name, "token_use": "id",
            "at_hash": base64.urlsafe_b64encode(half).rstrip(b"=").decode(), **who.more,
        }  # fmt: skip
        return self.sign(claims | self.lies.get("claims", {}))

    def sign(self, claims: dict[str, Any]) -> str:
        kept = {name: value for name, value in claims.items() if value is not None}
        key = self.lies.get("key", self.keys[-1])
        header = {"alg": "RS512", "kid": key.kid, "typ": "JWT", "sub": claims.get("sub"),
                  "iss": self.issuer, "aud": CLIENT}  # fmt: skip
        header |= self.lies.get("header", {})
        said = {name: value for name, value in header.items() if value is not None}
        # It repeats claims in the header, which no registry of headers knows.
        lenient = jws.JWSRegistry(algorithms=[header["alg"]], strict_check_header=False)
        return jws.serialize_compact(said, json.dumps(kept).encode(), key, registry=lenient)

    def userinfo(self, token: str) -> dict[str, Any]:
        who = self._patient
        said = {"iss": self.issuer, "aud": CLIENT, "sub": self.tokens[token],
                "nhs_number": who.nhs_number, "birthdate": who.birthdate,
                "identity_proofing_level": who.level, "family_name": who.name}  # fmt: skip
        return said | self.lies.get("userinfo", {})


@contextmanager
def nhs_login(**more: Any) -> Iterator[NHSLogin]:
    """A running provider on a free port of this machine."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.provider = provider = NHSLogin(**({"person": Patient()} | more))
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
