"""What people write to the hospital, sealed in the service's database.

Whoever has a copy of the database alone reads no concern and no address in it. The key lies in a
file of the home that its owner alone can read; the pages must hold it, for they show concerns to
whoever answers them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from django.conf import settings

from commonweal.foundation.errors import Unavailable
from commonweal.foundation.sealing import seal_bytes, unseal_bytes
from commonweal.web.concerns.models import Concern
from commonweal.web.config.secret import kept_secret

NAME = "concerns_key"
_REMEDY = (
    f"Move the file web/{NAME} of the home away: concerns that are there already open to nobody."
)


def _key() -> bytes:
    path = settings.ENVIRONMENT.folder / NAME
    # A new key is made only where it loses nothing: what is there would open to nobody.
    if not path.exists() and Concern.objects.exists():
        raise Unavailable(
            "CW-CONCERN-LOST",
            f"The file web/{NAME} of the home is missing, and concerns are sealed with it.",
            remedy="Bring it back from a backup of the home.",
        )
    secret = kept_secret(path, _REMEDY)
    return hashlib.sha256(b"commonweal/concerns/1\x00" + secret.encode()).digest()


def sealed(reference: str, part: str, said: Mapping[str, str]) -> bytes:
    """`said`, sealed for one part of one concern. Raises CW-WEB-SECRET, CW-CONCERN-LOST."""
    content = json.dumps(dict(said), ensure_ascii=False, sort_keys=True).encode()
    return seal_bytes(content, _key(), f"concern/{reference}/{part}")


def opened(reference: str, part: str, content: bytes) -> dict[str, str]:
    """What was sealed for this part of this concern. Raises `Fault` where it is another's."""
    plain = unseal_bytes(bytes(content), _key(), f"concern/{reference}/{part}", "The concern")
    found: dict[str, str] = json.loads(plain)
    return found
