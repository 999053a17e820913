"""The vault's key for orders of signed-in people, as the home publishes it: a signed paper (S8).

The web seals each order to this key and cannot open it again. It believes the key because one of
the hospital's signers says it is the vault's, and not because of where the file lies.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import StringConstraints, field_validator

from commonweal.papers.base import Moment
from commonweal.papers.signed import SignedPaper
from commonweal.papers.trust import SigningRole

KEY_BYTES = 32
HexId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class OrderKey(SignedPaper):
    """The public half of one version of the key. `public_key`: raw X25519, base64url, no padding.

    `key`: the id of the version in the vault's keyring. `home`: whose it is.
    """

    paper_type: ClassVar[str] = "commonweal-order-key+json"
    signing_role: ClassVar[SigningRole] = "statement"
    called: ClassVar[str] = "The key for orders"

    order_key: Literal[1]
    home: HexId
    key: HexId
    public_key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
    published_at: Moment

    @field_validator("public_key")
    @classmethod
    def _is_a_key(cls, text: str) -> str:
        try:
            raw = base64.b64decode(text + "=", altchars=b"-_", validate=True)
        except binascii.Error as error:
            raise ValueError("the key is not base64url") from error
        if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != text:
            raise ValueError("the key has another spelling")
        return text

    @property
    def raw(self) -> bytes:
        """The 32 bytes of the key."""
        return base64.urlsafe_b64decode(self.public_key + "=")

    @property
    def made_at(self) -> datetime:
        """When it was published."""
        return self.published_at
