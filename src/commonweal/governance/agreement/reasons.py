"""Why an accountable officer stopped or refused: published, so it says the office and no name."""

from __future__ import annotations

from typing import Literal

from commonweal.papers.base import Identifier, Moment, Paper, Text


class OfficerReasons(Paper):
    """What an officer writes and signs. Its digest is on the public log."""

    officer_reasons: Literal[1]
    application: Identifier
    agreement: Identifier
    office: Literal["caldicott_guardian", "siro"]
    step: Literal["paused", "refused"]
    reasons: Text
    at: Moment
