"""Why a permit is stopped: what a person signs together with the step.

It holds a word of the ledger's closed list and no free text, so it can be public. The signer writes
it anew from the word that it is given: another word than the person signed has another digest.
"""

from __future__ import annotations

from typing import Literal

from commonweal.papers.base import Identifier, Line, Paper


class StepReason(Paper):
    """The reason for one step of one permit. `reason`: a word of the ledger's closed list."""

    step_reason: Literal[1]
    permit: Identifier
    step: Literal["pause", "suspend", "revoke", "close"]
    reason: Line
