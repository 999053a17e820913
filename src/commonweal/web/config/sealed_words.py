"""Words of the public, sealed in the service's database under a key of their own in the home.

Whoever has a copy of the database alone reads none of them. Each key lies in a file of the home
that its owner alone can read; the pages must hold it, for they show these words, or write to these
people. A backup keeps it beside the records (`vault/backup`).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.conf import settings

from commonweal.foundation.errors import Unavailable
from commonweal.foundation.sealing import seal_bytes, unseal_bytes
from commonweal.web.config.secret import kept_secret


@dataclass(frozen=True)
class SealedWords:
    """One kind of words. `name`: the key's file below web/ of the home. `domain`: what they are,
    in one word. `are_there`: whether any are sealed already, for which a new key would be useless.
    """

    name: str
    domain: str
    are_there: Callable[[], bool]

    def sealed(self, reference: str, part: str, said: Mapping[str, str]) -> bytes:
        """`said`, sealed for one part of one row. Raises CW-WEB-SECRET, CW-WEB-KEY-LOST."""
        content = json.dumps(dict(said), ensure_ascii=False, sort_keys=True).encode()
        return seal_bytes(content, self._key(), self._context(reference, part))

    def opened(self, reference: str, part: str, content: bytes) -> dict[str, str]:
        """What was sealed for this part of this row. Raises `Fault` where it is another's."""
        context = self._context(reference, part)
        plain = unseal_bytes(bytes(content), self._key(), context, "What was written")
        found: dict[str, str] = json.loads(plain)
        return found

    def known_by(self, text: str) -> bytes:
        """By what a text is found again: nobody without the key can try texts."""
        return hmac.digest(self._key(), b"known-by\x00" + text.encode(), "sha256")

    def _context(self, reference: str, part: str) -> str:
        return f"{self.domain}/{reference}/{part}"

    def _key(self) -> bytes:
        path = settings.ENVIRONMENT.folder / self.name
        # A new key is made only where it loses nothing: what is there would open to nobody.
        if not path.exists() and self.are_there():
            raise Unavailable(
                "CW-WEB-KEY-LOST",
                f"The file web/{self.name} of the home is missing, and words are sealed with it.",
                remedy="Bring it back from a backup of the home.",
            )
        remedy = f"Let its owner alone read the file web/{self.name} of the home."
        secret = kept_secret(path, remedy)
        domain = f"commonweal/{self.domain}/1\x00".encode()
        return hashlib.sha256(domain + secret.encode()).digest()
