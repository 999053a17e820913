"""What people sign acts with: a security key or passkey (WebAuthn), or a demonstration's key.

A verification key from a browser is in COSE form. Only three kinds are taken, each with the one
algorithm that belongs to it, in the one canonical spelling: ES256 on P-256, EdDSA on Ed25519, and
RS256 with at least 2,048 bits. So no text can make a verifier use a key with another algorithm.
"""

from __future__ import annotations

import base64
import importlib
from typing import Annotated, Any, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import AfterValidator, Field, StringConstraints, field_validator, model_validator

from commonweal.foundation.errors import Unavailable
from commonweal.papers.base import Identifier, Moment, Paper
from commonweal.papers.trust import PublicKey, RetiredBecause, loaded_public

_KTY, _ALG, _CRV, _X, _Y = 1, 3, -1, -2, -3
_N, _E = -1, -2
_OKP, _EC2, _RSA = 1, 2, 3
_ES256, _EDDSA, _RS256 = -7, -8, -257
_P256, _ED25519 = 1, 6
_LEAST_RSA_BYTES = 256
_RSA_EXPONENT = b"\x01\x00\x01"


def unb64url(text: str) -> bytes:
    """The bytes of base64url without padding, in its one spelling. Raises ValueError."""
    data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if b64url(data) != text:
        raise ValueError("is base64url in a second spelling")
    return data


def b64url(data: bytes) -> str:
    """Bytes as base64url without padding."""
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def _one_spelling(text: str) -> str:
    unb64url(text)
    return text


Base64Url = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_-]+$", max_length=8192),
    AfterValidator(_one_spelling),
]
"""Bytes as base64url without padding, in the one canonical spelling."""
CredentialId = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9._-]+$", min_length=1, max_length=1400),
]
"""The id of a credential: of a key of this home, or as a browser names it."""


class SoftwareCredential(Paper):
    """A key that the home itself keeps for a person of a demonstration (S21)."""

    kind: Literal["software"]
    id: Identifier
    public_key: PublicKey
    valid_from: Moment

    @field_validator("public_key")
    @classmethod
    def _is_a_key(cls, text: str) -> str:
        loaded_public(text)
        return text

    def loaded(self) -> Ed25519PublicKey:
        """The key, ready to verify with."""
        return loaded_public(self.public_key)

    @property
    def material(self) -> str:
        """What is the same wherever the same key stands."""
        return self.public_key


class WebAuthnCredential(Paper):
    """A security key or passkey. `id` as the browser names it; `public_key` in COSE form."""

    kind: Literal["webauthn"]
    id: Base64Url
    public_key: Base64Url
    valid_from: Moment

    @field_validator("public_key")
    @classmethod
    def _is_a_key(cls, text: str) -> str:
        check_cose_key(unb64url(text))
        return text

    @property
    def material(self) -> str:
        """What is the same wherever the same key stands."""
        return self.public_key


Credential = Annotated[SoftwareCredential | WebAuthnCredential, Field(discriminator="kind")]


class RetiredCredential(Paper):
    """A credential that signs no more, kept for ever so that it never comes back.

    `since`: only where somebody else may hold it: from when on nothing it signed counts.
    """

    id: CredentialId
    material: Base64Url
    reason: RetiredBecause
    since: Moment | None = None

    @model_validator(mode="after")
    def _since_when(self) -> RetiredCredential:
        if (self.reason == "compromised") is (self.since is None):
            raise ValueError("a compromised key needs a time since when, and no other has one")
        return self


def webauthn_part(name: str) -> Any:
    """A module of the `webauthn` package or of what it needs, loaded when it is first used.

    Raises `Unavailable` CW-ACT-UNAVAILABLE where it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise Unavailable(
            "CW-ACT-UNAVAILABLE",
            "Security keys cannot be checked: the part of Commonweal for them is not installed.",
            remedy="Install Commonweal with its extra `web`.",
        ) from error


def check_cose_key(cose: bytes) -> None:
    """Refuse a COSE key that is not one of the three kinds, or is spelt in a second way.

    Raises ValueError; `Unavailable` CW-ACT-UNAVAILABLE.
    """
    cbor2 = webauthn_part("cbor2")
    try:
        key = cbor2.loads(cose)
        spelt = cbor2.dumps(key, canonical=True)
    except Exception as error:
        raise ValueError("is not a COSE key") from error
    if not isinstance(key, dict) or spelt != cose:
        raise ValueError("is not a COSE key in its canonical form")
    if not any(fits(key) for fits in (_is_es256, _is_eddsa, _is_rs256)):
        raise ValueError("is not a key for ES256, EdDSA or RS256")


def _is_es256(key: dict[Any, Any]) -> bool:
    named = (key.get(_KTY), key.get(_ALG), key.get(_CRV)) == (_EC2, _ES256, _P256)
    if not named or key.keys() != {_KTY, _ALG, _CRV, _X, _Y}:
        return False
    x, y = key[_X], key[_Y]
    if not (isinstance(x, bytes) and isinstance(y, bytes) and len(x) == len(y) == 32):
        return False
    from cryptography.hazmat.primitives.asymmetric import ec

    numbers = ec.EllipticCurvePublicNumbers(
        int.from_bytes(x, "big"), int.from_bytes(y, "big"), ec.SECP256R1()
    )
    numbers.public_key()  # raises ValueError where the point is not on the curve
    return True


def _is_eddsa(key: dict[Any, Any]) -> bool:
    named = (key.get(_KTY), key.get(_ALG), key.get(_CRV)) == (_OKP, _EDDSA, _ED25519)
    if not named or key.keys() != {_KTY, _ALG, _CRV, _X}:
        return False
    if not isinstance(key[_X], bytes) or len(key[_X]) != 32:
        return False
    loaded_public(b64url(key[_X]))  # raises ValueError where anyone could sign for it
    return True


def _is_rs256(key: dict[Any, Any]) -> bool:
    named = (key.get(_KTY), key.get(_ALG)) == (_RSA, _RS256)
    if not named or key.keys() != {_KTY, _ALG, _N, _E}:
        return False
    n = key[_N]
    long = isinstance(n, bytes) and _LEAST_RSA_BYTES <= len(n) <= 2 * _LEAST_RSA_BYTES
    return long and n[0] >= 0x80 and n[-1] % 2 == 1 and key[_E] == _RSA_EXPONENT
