"""Random letters of which ids are made."""

from __future__ import annotations

import secrets

_LETTERS = "bcdfghjkmnpqrstvwxyz"
"""Without vowels no word comes about, and without digits nothing that looks like a number."""


def random_letters(count: int) -> str:
    """So many letters, each drawn on its own: over four random bits a letter."""
    return "".join(secrets.choice(_LETTERS) for _ in range(count))
