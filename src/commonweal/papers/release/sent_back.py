"""Why a release was sent back: what the second person wrote, signed with their act."""

from __future__ import annotations

from typing import Literal

from commonweal.papers.base import Identifier, Paper, Text


class SentBack(Paper):
    """The reasons for sending one release back: about the release, never about a person."""

    sent_back: Literal[1]
    release: Identifier
    reasons: Text
