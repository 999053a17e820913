"""What people write to the hospital, sealed: see `config.sealed_words`."""

from __future__ import annotations

from commonweal.web.concerns.models import Concern
from commonweal.web.config.sealed_words import SealedWords

WORDS = SealedWords("concerns_key", "concern", Concern.objects.exists)
