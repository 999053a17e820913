"""What is kept of a random secret."""

from __future__ import annotations

import hashlib


def hashed(secret: str) -> str:
    """What is kept of a random secret: nobody can go back from it."""
    return hashlib.sha256(secret.encode()).hexdigest()
