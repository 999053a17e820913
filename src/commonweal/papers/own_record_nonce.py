"""How a sign-in is tied to the one browser that may read the answer (S8)."""

from __future__ import annotations

import base64
import hashlib

_DOMAIN = b"commonweal/my-data/1\x00"


def nonce_for(public: bytes, random: bytes) -> str:
    """The OpenID Connect `nonce` of a sign-in whose answer goes to the X25519 key `public`.

    Both have 32 bytes; raises `ValueError` otherwise. `random` keeps anybody who sees the nonce
    and the key from tying them together.
    """
    if len(public) != 32 or len(random) != 32:
        raise ValueError("a key and its random bytes have 32 bytes each")
    digest = hashlib.sha256(_DOMAIN + public + random).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
