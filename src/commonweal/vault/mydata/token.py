"""Who is signed in, by the provider's own signed word and nobody else's (S8, P9).

The web hands over an id token; nothing else that it says is believed. The token must be signed by
a key that the vault holds, be meant for us, be made for the one browser key that the answer is
sealed to, say that identity was proved at level P9, and be fresh. A refusal never says anything of
a record: all of this is asked before anybody is looked for.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.clock import Clock
from commonweal.foundation.errors import CommonwealError, Refused
from commonweal.foundation.identifiers import InvalidNHSNumber, NHSNumber
from commonweal.papers.own_record_nonce import nonce_for
from commonweal.vault.mydata.provider import FITS, Provider

SKEW = timedelta(seconds=60)
"""How far apart the provider's clock and ours may be."""
OLDEST = timedelta(minutes=15)
"""For how long after it was made, and after the person signed in, a token counts."""
LONGEST = 16 * 1024
"""The longest token, in characters."""
VECTORS = frozenset({"P9.Cp.Cd", "P9.Cp.Ck", "P9.Cm"})
"""The vectors of trust at level P9 that NHS login gives."""
_ELSEWHERE = frozenset({"jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "crit", "b64", "zip"})
"""Headers that bring a key along, or change what is signed: never honoured, so never there."""
_FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


@dataclass(frozen=True)
class SignedIn:
    """The person of a token. Neither number nor birthday is in its representation."""

    number: NHSNumber = field(repr=False)
    born: date = field(repr=False)
    signed_in_at: datetime


def check_token(
    provider: Provider, text: object, *, public: bytes, random: bytes, clock: Clock, demo: bool
) -> SignedIn:
    """Who signed in, for an answer to the browser key `public` with its `random` (32 bytes each).

    `demo`: the home is a demonstration; only there do numbers of the test range count, and only
    they. Raises `Refused` CW-MYDATA-TOKEN, CW-MYDATA-PARTY, CW-MYDATA-NONCE, CW-MYDATA-STALE,
    CW-MYDATA-LEVEL or CW-MYDATA-PERSON.
    """
    claims = _signed(provider, text)
    _check_parties(provider, claims)
    said = claims.get("nonce")
    try:
        expected = nonce_for(public, random)
    except ValueError:
        expected = ""
    fits = isinstance(said, str) and hmac.compare_digest(
        said.encode("utf-8", "replace"), expected.encode()
    )
    if not expected or not fits:
        raise _refuse(
            "CW-MYDATA-NONCE", "This sign-in belongs to another browser or another visit."
        )
    at = _check_times(claims, clock.now())
    vot = claims.get("vot")
    level = claims.get("identity_proofing_level")
    if level != "P9" or not isinstance(vot, str) or vot not in VECTORS:
        raise _refuse(
            "CW-MYDATA-LEVEL", "Your identity must be proved at the high level (P9) for this page."
        )
    return _person(claims, at, demo)


def _signed(provider: Provider, text: object) -> dict[str, Any]:
    if not isinstance(text, str) or len(text) > LONGEST or not _FORM.fullmatch(text):
        raise _unreadable()
    first, second, _ = text.split(".")
    header = _part(first)
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in provider.algorithms:
        raise _refuse("CW-MYDATA-TOKEN", "The sign-in is not signed in a way that is safe.")
    if header.keys() & _ELSEWHERE:
        raise _refuse("CW-MYDATA-TOKEN", "The sign-in brings its own key, which is not believed.")
    key = provider.keys.get(kid) if isinstance(kid, str) else None
    if key is None or key.kind != FITS[algorithm] or key.algorithm not in (None, algorithm):
        raise _refuse("CW-MYDATA-TOKEN", "The sign-in is not signed with a key that is known here.")
    # The provider repeats claims in the header; what is not dangerous there is passed over.
    registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    try:
        jws.deserialize_compact(text, key.key, registry=registry)
    except (JoseError, ValueError, TypeError):
        raise _refuse("CW-MYDATA-TOKEN", "The sign-in is not signed by the provider.") from None
    return _part(second)


def _part(encoded: str) -> dict[str, Any]:
    """One part of a token, read strictly: no name twice, nothing but ASCII base64url."""
    try:
        content = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
        found = parse_json(content, "The sign-in", max_bytes=LONGEST)
    except (CommonwealError, binascii.Error, ValueError):
        raise _unreadable() from None
    if not isinstance(found, dict):
        raise _unreadable()
    return found


def _check_parties(provider: Provider, claims: dict[str, Any]) -> None:
    meant = claims.get("aud")
    audience = [meant] if isinstance(meant, str) else meant
    alone = isinstance(audience, list) and audience == [provider.client]
    # A token that serves another as well could be handed on by that other.
    if claims.get("iss") != provider.issuer or not alone:
        raise _refuse(
            "CW-MYDATA-PARTY", "The sign-in is from another provider or for another service."
        )
    if claims.get("azp", provider.client) != provider.client:
        raise _refuse(
            "CW-MYDATA-PARTY", "The sign-in is from another provider or for another service."
        )


def _check_times(claims: dict[str, Any], now: datetime) -> datetime:
    at, skew, oldest = now.timestamp(), SKEW.total_seconds(), OLDEST.total_seconds()
    needed = [claims.get(name) for name in ("auth_time", "iat", "exp")]
    others = [claims["nbf"]] if "nbf" in claims else []
    if not all(_is_time(one) for one in [*needed, *others]):
        raise _refuse("CW-MYDATA-STALE", "The sign-in does not say when it was made.")
    signed_in, made, ends = (float(one) for one in needed if one is not None)
    if any(one > at + skew for one in [signed_in, made, *others]):
        raise _refuse("CW-MYDATA-STALE", "The sign-in comes from the future.")
    if at >= ends + skew or min(signed_in, made) + oldest <= at:
        raise _refuse("CW-MYDATA-STALE", "The sign-in is too old. Sign in again.")
    return datetime.fromtimestamp(signed_in, tz=now.tzinfo)


def _is_time(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**40


def _person(claims: dict[str, Any], at: datetime, demo: bool) -> SignedIn:
    said, day = claims.get("nhs_number"), claims.get("birthdate")
    try:
        if not isinstance(day, str) or not _DAY.fullmatch(day):
            raise ValueError("birthdate")
        found = SignedIn(NHSNumber(said), date.fromisoformat(day), at)
    except (InvalidNHSNumber, ValueError):
        raise _refuse(
            "CW-MYDATA-PERSON", "The sign-in does not say whose it is in a way we can use."
        ) from (None)
    if found.number.synthetic != demo or found.born > at.date():
        raise _refuse(
            "CW-MYDATA-PERSON", "The sign-in does not say whose it is in a way we can use."
        )
    return found


def _unreadable() -> Refused:
    return _refuse("CW-MYDATA-TOKEN", "The sign-in cannot be read.")


def _refuse(code: str, sentence: str) -> Refused:
    return Refused(code, sentence)
