"""The port through which rooms record what they do.

A room is handed a `Recorder` and knows nothing of databases. `LedgerRecorder` is the one beside the
ledger's file; rooms on other hosts get one that spools signed events and waits for the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from commonweal.foundation.errors import Fault
from commonweal.ledger.details import Details
from commonweal.ledger.entry import Event
from commonweal.ledger.events import Log
from commonweal.ledger.proving import prove
from commonweal.ledger.sequencer import sequence
from commonweal.ledger.signer import CheckpointSigner
from commonweal.ledger.state import PermitLive, PermitStanding
from commonweal.ledger.store import Ledger


@dataclass(frozen=True)
class Certified:
    """Where an event stands, and the proof: `proof` is the text of a `.tlog-proof` file."""

    log: Log
    index: int
    proof: str


class Recorder(Protocol):
    """What a room may ask of the ledger."""

    def append(
        self,
        event: Event,
        details: Details | None = None,
        requires_live: PermitLive | None = None,
    ) -> int:
        """Write an event durably and return its intent id; see `store.Writing.append`."""
        ...

    def permit_standing(self, permit_id: str) -> PermitStanding | None:
        """The state of a permit now; None if it was never issued."""
        ...

    def certify(self, intent_id: int) -> Certified:
        """Place and sign an event, and return its proof."""
        ...


class LedgerRecorder:
    """A `Recorder` over an open ledger and its signer."""

    def __init__(self, ledger: Ledger, signer: CheckpointSigner) -> None:
        self.ledger = ledger
        self.signer = signer

    def append(
        self,
        event: Event,
        details: Details | None = None,
        requires_live: PermitLive | None = None,
    ) -> int:
        """Write an event durably and return its intent id."""
        return self.ledger.append(event, details, requires_live)

    def permit_standing(self, permit_id: str) -> PermitStanding | None:
        """The state of a permit now; None if it was never issued."""
        return self.ledger.permit_standing(permit_id)

    def certify(self, intent_id: int) -> Certified:
        """Place and sign an event, and return its proof.

        Raises `Fault` CW-LEDGER-NOT-PROVABLE, CW-LEDGER-REWOUND.
        """
        sequence(self.ledger)
        where = self.ledger.place(intent_id)
        if where is None:
            raise Fault("CW-LEDGER-NOT-PROVABLE", "There is no such event in the ledger.")
        log, index = where
        note = self.signer.sign(self.ledger, log)
        return Certified(log, index, prove(self.ledger, log, index, note=note))
