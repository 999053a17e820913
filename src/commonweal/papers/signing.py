"""Signed papers: JWS in its general JSON form, algorithm `Ed25519` and no other (RFC 7515, 9864).

The payload is the canonical JSON of the paper and the whole text is canonical too, so that one
content with its signatures has one text and any changed byte is refused. Each signature names its
key, its time and the type of paper it was made for: a signature on a status can never pass as one
on a permit.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from joserfc.registry import HeaderParameter

from commonweal.foundation.canonical import canonical, parse_json
from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import Fault, WrongUsage
from commonweal.papers.base import strict_stamp
from commonweal.papers.trust import SigningRole, TrustedKey

ALGORITHM = "Ed25519"
MAX_SIGNATURES = 16

_REGISTRY = jws.JWSRegistry(
    header_registry={"at": HeaderParameter("Signing time", "str")}, algorithms=[ALGORITHM]
)


class Signer(Protocol):
    """A signing key that never leaves its holder: it has a name and signs bytes."""

    @property
    def key_id(self) -> str:
        """The id under which the trust policy knows the key."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The Ed25519 signature (64 bytes) over `message`."""
        ...


class VerifyingKey(Protocol):
    """A key that signatures are verified with: its id, and the key ready for use."""

    @property
    def id(self) -> str:
        """The id that signatures name."""
        ...

    def loaded(self) -> Ed25519PublicKey:
        """The key, ready to verify with."""
        ...


class Keys(Protocol):
    """Which keys are known."""

    def key(self, id_: str, /) -> VerifyingKey | None:
        """The key called `id_`, or None."""
        ...

    def unknown_key(self, id_: str, what: str) -> Fault:
        """The refusal of a signature by a key that is not known."""
        ...


class Trust(Protocol):
    """Who is believed: a `TrustPolicy`, or a `trust_history.TrustView` of one."""

    def key(self, id_: str) -> TrustedKey | None:
        """The key called `id_`, or None."""
        ...

    def require(self, role: SigningRole, signed_by: Mapping[str, datetime], what: str) -> None:
        """Refuse unless enough holders of `role` are among the verified signers."""
        ...

    def unknown_key(self, id_: str, what: str) -> Fault:
        """The refusal of a signature by a key that is not known."""
        ...

    def about(self, kind: str, plain: Any, /) -> Trust:
        """Who is believed about the paper of type `kind` that says `plain` of itself."""
        ...


@dataclass(frozen=True)
class Opened:
    """What a signed text holds: plain JSON values, and which keys signed it when."""

    plain: Any
    signed_by: Mapping[str, datetime]


def sign_paper(kind: str, plain: Any, signers: Sequence[Signer], at: datetime) -> str:
    """`plain` signed by each of `signers` as paper type `kind`; one line of canonical JSON.

    Raises `WrongUsage` CW-SIGNATURE-INVALID without signers, with too many, or with one twice.
    """
    names = [signer.key_id for signer in signers]
    if not 1 <= len(names) <= MAX_SIGNATURES or len(names) != len(set(names)):
        raise WrongUsage(
            "CW-SIGNATURE-INVALID",
            f"A paper is signed by 1 to {MAX_SIGNATURES} different keys.",
        )
    payload = _b64(canonical(plain))
    ordered = sorted(signers, key=lambda each: each.key_id)
    return _text(payload, [_signature(kind, payload, signer, at) for signer in ordered])


def add_signature(text: str | bytes, kind: str, signer: Signer, at: datetime, what: str) -> str:
    """A signed paper with one more signature; nothing in it is verified here.

    Raises `Fault` CW-SIGNATURE-INVALID: not a signed paper, or the key has signed it already.
    """
    payload, members = _shape(parse_json(text, what), what)
    for member in members:
        header = parse_json(_unb64(member["protected"], what), what)
        if isinstance(header, dict) and header.get("kid") == signer.key_id:
            raise _invalid(what, "this key has signed it already")
    if len(members) == MAX_SIGNATURES:
        raise _invalid(what, f"it has {MAX_SIGNATURES} signatures already")
    return _text(payload, [*members, _signature(kind, payload, signer, at)])


def unverified(text: str | bytes, what: str) -> Any:
    """What a signed text says of itself, believed by nobody yet: to find what it is about."""
    payload, _ = _shape(parse_json(text, what), what)
    return parse_json(_unb64(payload, what), what)


def signers_named(text: str | bytes, what: str) -> list[str]:
    """The ids of the keys that a signed text says it was signed by, not verified."""
    _, members = _shape(parse_json(text, what), what)
    headers = [parse_json(_unb64(member["protected"], what), what) for member in members]
    return [str(header.get("kid")) for header in headers if isinstance(header, dict)]


def _signature(kind: str, payload: str, signer: Signer, at: datetime) -> dict[str, str]:
    header = {"alg": ALGORITHM, "kid": signer.key_id, "typ": kind, "at": stamp(at)}
    protected = _b64(canonical(header))
    signature = signer.sign(f"{protected}.{payload}".encode("ascii"))
    return {"protected": protected, "signature": _b64(signature)}


def _text(payload: str, signatures: list[dict[str, str]]) -> str:
    return canonical({"payload": payload, "signatures": signatures}).decode("ascii") + "\n"


def open_paper(text: str | bytes, kind: str, role: SigningRole, trust: Trust, what: str) -> Any:
    """The plain content of a signed paper that `trust` believes (see `open_signed`)."""
    return open_signed(text, kind, role, trust, what).plain


def open_signed(text: str | bytes, kind: str, role: SigningRole, trust: Trust, what: str) -> Opened:
    """The content of a signed paper that `trust` believes, with its signing times.

    1. Read the JWS strictly; the text must be in its one canonical spelling. 2. Verify every
    signature; one that is bad, twice, or by a key the policy does not know refuses the whole.
    3. Check type and algorithm of each. 4. Require that enough holders of `role` signed.
    5. Require canonical payload bytes.
    Raises `Fault` CW-SIGNATURE-INVALID, CW-SIGNATURE-UNTRUSTED or a JSON fault.
    """
    payload, signed_by = _verified(text, kind, trust, what)
    trust.require(role, signed_by, what)
    return Opened(_content(payload, what), signed_by)


def open_known(text: str | bytes, kind: str, keys: Keys, what: str) -> Opened:
    """As `open_signed`, by any of `keys`: whether these are enough is for the caller to ask."""
    payload, signed_by = _verified(text, kind, keys, what)
    return Opened(_content(payload, what), signed_by)


def _verified(
    text: str | bytes, kind: str, keys: Keys, what: str
) -> tuple[str, dict[str, datetime]]:
    """The payload of a signed paper in base64, and its signatures, each verified."""
    outer = parse_json(text, what)
    payload, members = _shape(outer, what)
    given = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if canonical(outer) + b"\n" != given:
        raise _invalid(what, "it is not written in the one way in which signed papers are written")
    signed_by: dict[str, datetime] = {}
    for member in members:
        id_, at = _verify(payload, member, kind, keys, what)
        if id_ in signed_by:
            raise _invalid(what, "one key signed it twice")
        signed_by[id_] = at
    return payload, signed_by


def _content(payload: str, what: str) -> Any:
    content = _unb64(payload, what)
    plain = parse_json(content, what)
    if canonical(plain) != content:
        raise _invalid(what, "its content is not in canonical form")
    return plain


def _shape(outer: Any, what: str) -> tuple[str, list[dict[str, str]]]:
    if not isinstance(outer, dict) or set(outer) != {"payload", "signatures"}:
        raise _invalid(what, "it is not a signed paper")
    payload, members = outer["payload"], outer["signatures"]
    if not isinstance(payload, str) or not isinstance(members, list):
        raise _invalid(what, "it is not a signed paper")
    if not 1 <= len(members) <= MAX_SIGNATURES:
        raise _invalid(what, f"it needs 1 to {MAX_SIGNATURES} signatures")
    for member in members:
        if not isinstance(member, dict) or set(member) != {"protected", "signature"}:
            raise _invalid(what, "a signature has the wrong form")
        if not all(isinstance(part, str) for part in member.values()):
            raise _invalid(what, "a signature has the wrong form")
    return payload, members


def _verify(
    payload: str, member: dict[str, str], kind: str, keys: Keys, what: str
) -> tuple[str, datetime]:
    header = parse_json(_unb64(member["protected"], what), what)
    if not isinstance(header, dict) or set(header) != {"alg", "kid", "typ", "at"}:
        raise _invalid(what, "a signature has the wrong header")
    if header["alg"] != ALGORITHM:
        raise _invalid(what, "a signature names another algorithm")
    if header["typ"] != kind:
        raise _invalid(what, "a signature was made for another kind of paper")
    kid = header["kid"] if isinstance(header["kid"], str) else ""
    key = keys.key(kid)
    if key is None:
        raise keys.unknown_key(kid, what)
    # base64 has spare bits in its last character: only one spelling of a signature is taken.
    _unb64(member["signature"], what)
    try:
        at = strict_stamp(header["at"])
        _check_jws(payload, member, key)
    except (JoseError, InvalidSignature, ValueError, TypeError, AttributeError):
        raise _invalid(what, "a signature does not match the content") from None
    return key.id, at


def _check_jws(payload: str, member: dict[str, str], key: VerifyingKey) -> None:
    flattened: jws.FlattenedJSONSerialization = {
        "payload": payload,
        "protected": member["protected"],
        "signature": member["signature"],
    }
    jwk = OKPKey.import_key(
        {"kty": "OKP", "crv": "Ed25519", "x": _b64(key.loaded().public_bytes_raw())}
    )
    jws.deserialize_json(flattened, jwk, algorithms=[ALGORITHM], registry=_REGISTRY)


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def _unb64(text: str, what: str) -> bytes:
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, UnicodeError):
        raise _invalid(what, "it holds broken base64") from None
    if _b64(data) != text:
        raise _invalid(what, "it holds base64 in a second spelling")
    return data


def _invalid(what: str, reason: str) -> Fault:
    return Fault("CW-SIGNATURE-INVALID", f"{what} is not validly signed: {reason}.")
