"""One visit: what only this browser has. It lies in one cookie, and nowhere in the service.

The private half of the visit's key opens the answer; the random bytes tie the sign-in to that key;
state and verifier belong to one sign-in and go when its answer has come. `wish`: what the person is
about to choose. Whoever has the cookie can read the answer while its row is there, so it is short,
for this host alone, and no script can read it.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from commonweal.foundation.canonical import canonical, parse_json
from commonweal.foundation.errors import CommonwealError
from commonweal.papers.own_order import OwnChoice
from commonweal.papers.own_record_box import KEY_BYTES, public_half
from commonweal.papers.own_record_nonce import nonce_for

LIVES = timedelta(minutes=15)
"""How long the browser keeps it: for a sign-in, and then for as long as an answer is there."""
_LONGEST = 3800
"""Characters; browsers take 4,096 with name and attributes."""
_NAMES = frozenset({"private", "random", "state", "verifier", "begun", "order", "wish"})


@dataclass(frozen=True)
class Visit:
    """A visit. `begun`: seconds since 1970, UTC. Its secrets are not in its representation."""

    private: bytes = field(repr=False)
    random: bytes = field(repr=False)
    state: str = field(repr=False)
    verifier: str = field(repr=False)
    begun: int
    order: str = field(default="", repr=False)
    wish: OwnChoice | None = field(default=None, repr=False)

    @property
    def public(self) -> bytes:
        """The half that goes to the vault."""
        return public_half(self.private)

    @property
    def nonce(self) -> str:
        """What the provider signs, so that its word counts for this key alone."""
        return nonce_for(self.public, self.random)

    def asked(self, order: str) -> Visit:
        """The same once its sign-in is over and the order written: nothing is left to sign in."""
        return replace(self, order=order, state="", verifier="", random=bytes(KEY_BYTES), wish=None)

    def wishing(self, wish: OwnChoice | None) -> Visit:
        """The same with something that the person is about to choose."""
        return replace(self, wish=wish)


def new_visit(begun: int, wish: OwnChoice | None = None) -> Visit:
    """A visit with a new key: nothing of it was used before."""
    private, random = secrets.token_bytes(KEY_BYTES), secrets.token_bytes(KEY_BYTES)
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    return Visit(private, random, state, verifier, begun, wish=wish)


def visit_of(request: HttpRequest) -> Visit | None:
    """The visit of this browser; None where it has none, or one that cannot be read."""
    text = request.COOKIES.get(settings.PATIENTS_COOKIE_NAME, "")
    if not text or len(text) > _LONGEST or not text.isascii():
        return None
    try:
        content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return _read(parse_json(content, "The cookie", max_bytes=_LONGEST))
    except (CommonwealError, binascii.Error, ValueError, TypeError, KeyError):
        return None


def keep(answer: HttpResponseBase, visit: Visit) -> None:
    """Give the browser its visit."""
    plain = {
        "private": visit.private.hex(), "random": visit.random.hex(), "state": visit.state,
        "verifier": visit.verifier, "begun": visit.begun, "order": visit.order,
        "wish": None if visit.wish is None else visit.wish.plain(),
    }  # fmt: skip
    answer.set_cookie(
        settings.PATIENTS_COOKIE_NAME,
        base64.urlsafe_b64encode(canonical(plain)).rstrip(b"=").decode(),
        max_age=int(LIVES.total_seconds()),
        path="/",  # the prefix __Host- wants it so
        secure=not settings.INSECURE_HTTP,
        httponly=True,
        samesite="Lax",  # the provider sends the browser back from another site
    )


def forget(answer: HttpResponseBase) -> None:
    """Take the visit from the browser."""
    answer.set_cookie(
        settings.PATIENTS_COOKIE_NAME, "", max_age=0, path="/",
        secure=not settings.INSECURE_HTTP, httponly=True, samesite="Lax",
    )  # fmt: skip


def _read(plain: Any) -> Visit:
    if not isinstance(plain, dict) or plain.keys() != _NAMES:
        raise ValueError("no visit")
    private, random = bytes.fromhex(plain["private"]), bytes.fromhex(plain["random"])
    texts = [plain[name] for name in ("state", "verifier", "order")]
    begun, wish = plain["begun"], plain["wish"]
    if {len(private), len(random)} != {KEY_BYTES} or type(begun) is not int:
        raise ValueError("no visit")
    if not all(isinstance(one, str) for one in texts):
        raise ValueError("no visit")
    read = None if wish is None else OwnChoice.read(wish, "The choice")
    return Visit(private, random, texts[0], texts[1], begun, texts[2], read)
