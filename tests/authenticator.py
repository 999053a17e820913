"""A security key in memory that signs as WebAuthn says, and wrongly where a test asks for it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from commonweal.papers.acts import Act, SignedAct, WebAuthnEvidence
from commonweal.papers.credentials import b64url

RP_ID = "sign.wharfedale.example"
ORIGIN = f"https://{RP_ID}"
PRESENT, VERIFIED, EXTENSIONS = 0x01, 0x04, 0x80


@dataclass
class Authenticator:
    """One credential. `count` 0 stays 0: such keys do not count."""

    name: str
    algorithm: str = "ES256"
    count: int = 0
    private: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.private = (
            self.private
            or {
                "ES256": lambda: ec.derive_private_key(
                    int.from_bytes(hashlib.sha256(self.name.encode()).digest()), ec.SECP256R1()
                ),
                "EdDSA": lambda: ed25519.Ed25519PrivateKey.from_private_bytes(
                    hashlib.sha256(self.name.encode()).digest()
                ),
                "RS256": lambda: rsa.generate_private_key(65537, 2048),
            }[self.algorithm]()
        )

    @property
    def id(self) -> str:
        return b64url(hashlib.sha256(f"credential {self.name}".encode()).digest())

    def cose(self) -> bytes:
        public = self.private.public_key()
        if self.algorithm == "ES256":
            numbers = public.public_numbers()
            key = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        elif self.algorithm == "EdDSA":
            key = {1: 1, 3: -8, -1: 6, -2: public.public_bytes_raw()}
        else:
            numbers = public.public_numbers()
            key = {1: 3, 3: -257, -1: numbers.n.to_bytes(256), -2: b"\x01\x00\x01"}
        return cbor2.dumps(key, canonical=True)

    def credential(self, **changes: Any) -> dict[str, Any]:
        """As the roster holds it."""
        return {
            "kind": "webauthn", "id": self.id, "public_key": b64url(self.cose()),
            "valid_from": "2020-01-01T00:00:00.000Z", **changes,
        }  # fmt: skip

    def _raw(self, message: bytes) -> bytes:
        if self.algorithm == "ES256":
            return bytes(self.private.sign(message, ec.ECDSA(hashes.SHA256())))
        if self.algorithm == "EdDSA":
            return bytes(self.private.sign(message))
        return bytes(self.private.sign(message, padding.PKCS1v15(), hashes.SHA256()))

    def assertion(
        self,
        challenge: bytes,
        *,
        rp_id: str = RP_ID,
        origin: str = ORIGIN,
        flags: int = PRESENT | VERIFIED,
        extensions: bytes = b"",
        client: dict[str, Any] | None = None,
        client_text: bytes | None = None,
        credential: str | None = None,
    ) -> WebAuthnEvidence:
        """The browser's answer to `challenge`; the rest makes it a wrong one."""
        if self.count:
            self.count += 1
        said = {
            "type": "webauthn.get", "challenge": b64url(challenge), "origin": origin,
            "crossOrigin": False, **(client or {}),
        }  # fmt: skip
        text = client_text or json.dumps(said).encode()
        data = hashlib.sha256(rp_id.encode()).digest() + bytes([flags])
        data += self.count.to_bytes(4) + extensions
        return WebAuthnEvidence(
            kind="webauthn",
            credential=credential or self.id,
            authenticator_data=b64url(data),
            client_data=b64url(text),
            signature=b64url(self._raw(data + hashlib.sha256(text).digest())),
        )

    def sign(self, act: Act, **wrong: Any) -> SignedAct:
        return SignedAct(act=act, evidence=self.assertion(act.challenge(), **wrong))
