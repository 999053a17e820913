"""A provider of identity for tests: a real server that speaks OpenID Connect, and can misbehave.

It holds clients to the rules: the code is used once, by who asked for it, with the verifier of PKCE
and an assertion signed with the client's own key. `lies` changes what it says: each name is one way
in which a provider, or somebody who passes for it, could be wrong.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT = "commonweal-test"
PAGE = (
    "<!doctype html><html lang=en><title>Sign in at the provider</title><main><h1>Sign in</h1>"
    "<p><a href='{way}'>Sign in as {name}</a></p></main></html>"
)
GONE = (
    "<!doctype html><html lang=en><title>Signed out</title><main><h1>Signed out at the provider"
    "</h1><p><a href='{way}'>Back</a></p></main></html>"
)


def client_key(path: Path) -> Path:
    """A new private key of ours in a file that nobody else can read."""
    key = generate_private_key(public_exponent=65537, key_size=2048)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)
    return path


def new_key(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"}, private=True)


@dataclass
class Person:
    """Who is signed in at the provider."""

    subject: str = "555500000001"
    name: str = "Tess Ting"
    acr: str | None = "AAL3_ANY"
    more: dict[str, Any] = field(default_factory=dict)


@dataclass
class LocalProvider:
    """The provider. `clock`: what time it is there, in seconds. `asks`: shows a page first."""

    client: Any = None
    person: Person = field(default_factory=Person)
    clock: Callable[[], float] = time.time
    lies: dict[str, Any] = field(default_factory=dict)
    asks: bool = False
    issuer: str = ""
    keys: list[RSAKey] = field(default_factory=lambda: [new_key("first")])
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    # --- what it says -------------------------------------------------------------------------

    def metadata(self) -> dict[str, Any]:
        at = self.issuer
        said = {
            "issuer": at,
            "authorization_endpoint": f"{at}/authorize",
            "token_endpoint": f"{at}/token",
            "jwks_uri": f"{at}/keys",
            "userinfo_endpoint": f"{at}/userinfo",
            "end_session_endpoint": f"{at}/end",
            "authorization_response_iss_parameter_supported": True,
        }
        return said | self.lies.get("metadata", {})

    def authorise(self, asked: dict[str, str]) -> str:
        """Where the browser is sent back to, with a code."""
        answer = {"code": secrets.token_urlsafe(16), "state": asked["state"], "iss": self.issuer}
        self.codes[answer["code"]] = asked
        answer |= self.lies.get("answer", {})
        kept = {name: value for name, value in answer.items() if value is not None}
        return f"{asked['redirect_uri']}?{urlencode(kept)}"

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        asked = self.codes.pop(form.get("code", ""), None)
        wrong = self._wrong(asked, form)
        if wrong:
            self.refused.append(wrong)
            return 400, {"error": "invalid_grant", "error_description": wrong}
        assert asked is not None
        access = secrets.token_urlsafe(24)
        self.tokens[access] = self.person.subject
        got = {"token_type": "Bearer", "access_token": access,
               "id_token": self.identity(asked["nonce"], access)}  # fmt: skip
        return 200, got | self.lies.get("token", {})

    def _wrong(self, asked: dict[str, str] | None, form: dict[str, str]) -> str:
        if asked is None:
            return "the code is unknown or used"
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return "the verifier does not fit"
        if form.get("redirect_uri") != asked["redirect_uri"]:
            return "another place to answer to"
        said = jwt.decode(form["client_assertion"], self.client, algorithms=["RS512"])
        claims, now = said.claims, self.clock()
        parties = (claims["iss"], claims["sub"], claims["aud"])
        if parties != (CLIENT, CLIENT, f"{self.issuer}/token"):
            return "an assertion of or for somebody else"
        if not now - 5 <= claims["iat"] <= claims["exp"] <= now + 300 or claims["exp"] <= now:
            return "an assertion of another time"
        if claims["jti"] in self.seen:
            return "an assertion that was used"
        self.seen.add(claims["jti"])
        return ""

    def identity(self, nonce: str, access: str) -> str:
        now = int(self.clock())
        half = hashlib.sha256(access.encode()).digest()[:16]
        claims = {
            "iss": self.issuer, "aud": CLIENT, "azp": CLIENT, "sub": self.person.subject,
            "iat": now, "exp": now + 300, "auth_time": now, "nonce": nonce, "sid": "there-1",
            "acr": self.person.acr, "amr": ["N3_SMARTCARD"], "id_assurance_level": "3",
            "authentication_assurance_level": "3", "selected_roleid": "200102837063",
            "at_hash": base64.urlsafe_b64encode(half).rstrip(b"=").decode(),
            **self.person.more,
        }  # fmt: skip
        return self.sign(claims | self.lies.get("claims", {}))

    def sign(self, claims: dict[str, Any]) -> str:
        kept = {name: value for name, value in claims.items() if value is not None}
        key = self.lies.get("key", self.keys[-1])
        header = {"alg": "RS256", "kid": key.kid or "first", "typ": "JWT"}
        header |= self.lies.get("header", {})
        header = {name: value for name, value in header.items() if value is not None}
        if header.get("alg") == "none":
            parts = [json.dumps(part).encode() for part in (header, kept)]
            text = [base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts]
            return f"{text[0]}.{text[1]}."
        if header["alg"] == "HS256":  # an old attack: the public key taken for a shared secret
            parts = [json.dumps(part).encode() for part in (header, kept)]
            text = ".".join(base64.urlsafe_b64encode(p).rstrip(b"=").decode() for p in parts)
            secret = self.keys[-1].as_pem(private=False)
            mark = hmac.new(secret, text.encode(), hashlib.sha256).digest()
            return f"{text}.{base64.urlsafe_b64encode(mark).rstrip(b'=').decode()}"
        made = jwt.encode(header, kept, key, algorithms=[header["alg"]])
        return made[:-6] + "AAAAAA" if self.lies.get("cut") else made

    def notice(self, **changes: Any) -> str:
        """A notice that the session there has ended."""
        event = "http://schemas.openid.net/event/backchannel-logout"
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": int(self.clock()), "sid": "there-1",
                  "jti": secrets.token_hex(8), "events": {event: {}}, **changes}  # fmt: skip
        return self.sign(claims)

    def userinfo(self, token: str) -> dict[str, Any]:
        said = {
            "sub": self.tokens[token],
            "name": self.person.name,
            "email": "siro@example.org",
            "nhsid_nrbac_roles": [{"role_name": "Everything"}],
        }
        return said | self.lies.get("userinfo", {})

    def public_keys(self) -> dict[str, Any]:
        return self.lies.get("keys") or dict(KeySet(list(self.keys)).as_dict(private=False))


class _Server(ThreadingHTTPServer):
    provider: LocalProvider
    daemon_threads = True


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        provider, parts = self.server.provider, urlsplit(self.path)  # type: ignore[attr-defined]
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        provider.calls.append(parts.path)
        if parts.path in provider.lies.get("fails", {}):
            status, content, headers = provider.lies["fails"][parts.path]
            return self._send(status, content, headers)
        if parts.path == "/.well-known/openid-configuration":
            return self._json(provider.metadata())
        if parts.path == "/keys":
            return self._json(provider.public_keys())
        if parts.path == "/userinfo":
            return self._json(provider.userinfo(self.headers["Authorization"].split()[1]))
        if parts.path == "/authorize" and provider.asks and "go" not in asked:
            way = f"/authorize?{parts.query}&go=1".replace("&", "&amp;")
            return self._page(PAGE.format(way=way, name=provider.person.name))
        if parts.path == "/authorize":
            return self._send(302, b"", {"Location": provider.authorise(asked)})
        if parts.path == "/end":
            return self._page(GONE.format(way=asked["post_logout_redirect_uri"]))
        return self._send(404, b"", {})

    def do_POST(self) -> None:
        provider = self.server.provider  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        provider.calls.append(self.path)
        if self.path in provider.lies.get("fails", {}):
            return self._send(*provider.lies["fails"][self.path])
        status, said = provider.token({k: v[0] for k, v in parse_qs(body).items()})
        return self._json(said, status)

    def _json(self, said: dict[str, Any], status: int = 200) -> None:
        self._send(status, json.dumps(said).encode(), {"Content-Type": "application/json"})

    def _page(self, html: str) -> None:
        self._send(200, html.encode(), {"Content-Type": "text/html; charset=utf-8"})

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def local_provider(**more: Any) -> Iterator[LocalProvider]:
    """A running provider on a free port of this machine."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.provider = provider = LocalProvider(**more)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
