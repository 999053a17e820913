"""What the release worker is handed: the ledger with its keys, and who knows the rules.

The airlock knows neither the vault nor governance. Whoever starts the worker brings both. What it
verifies with them (acts, roster, trust policy, ledger) is verified here, where it takes effect,
and not where it was clicked (S11).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

from commonweal.ledger.details import Details
from commonweal.ledger.outputs import OutputEvent
from commonweal.ledger.store import Writing
from commonweal.papers.act_records import ActRecords
from commonweal.papers.acts import SignedAct
from commonweal.papers.output_manifest import (
    Findings,
    OutputDecision,
    OutputManifest,
    OutputReview,
)
from commonweal.papers.permit import Permit
from commonweal.papers.roster_history import RosterHistory
from commonweal.papers.standing_case import JudgedLayout, StandingCase
from commonweal.papers.trust import TrustPolicy


class Ground(Protocol):
    """An open home, as far as outputs need it."""

    @property
    def home(self) -> str:
        """The id of the home."""
        ...

    def settle(self) -> None:
        """Place and sign what is written. Raises `Fault` CW-LEDGER-REWOUND, CW-LEDGER-BROKEN."""
        ...

    def now(self) -> datetime:
        """The present, never before what is written. Raises `Unavailable` CW-CLOCK-BEHIND."""
        ...

    def transaction(self) -> AbstractContextManager[Writing]:
        """A transaction of the ledger that no other writer can be in."""
        ...

    def rosters(self) -> RosterHistory:
        """Every version of the roster, believed."""
        ...

    def trust(self, at: datetime) -> TrustPolicy:
        """The trust policy in force."""
        ...

    def records(self, output: str) -> ActRecords:
        """What the ledger says of every act about an output."""
        ...

    def record(self, writing: Writing, signed: SignedAct) -> None:
        """Verify a new act and write that the ledger heard of it; raises as `verify_act`.

        For one that the ledger has heard of nothing is written.
        """
        ...

    def use(self, writing: Writing, acts: Sequence[str], output: str, permit: str) -> None:
        """Write that acts were counted. Raises `Refused` CW-ACT-USED, CW-ACT-VOID."""
        ...

    def details(self, content: Mapping[str, Any]) -> Details:
        """Details to be sealed with an event."""
        ...

    def written(self) -> tuple[OutputEvent, ...]:
        """Every event of every output, in the order of the ledger."""
        ...

    def about(self, output: str) -> tuple[OutputEvent, ...]:
        """Every event of one output, in the order of the ledger."""
        ...

    def living(self, permit_id: str) -> Permit:
        """The permit under which the project of this one goes on: itself, or what replaced it."""
        ...

    def publications(self) -> Mapping[str, str]:
        """Manifest hashes of the publications made elsewhere that the ledger heard of, by name."""
        ...

    def permit(self, permit_id: str) -> Permit:
        """The signed permit of this home, believed. Raises its `Fault`."""
        ...


class Judgement(Protocol):
    """What a judge found."""

    @property
    def decision(self) -> OutputDecision:
        """What the votes make."""
        ...

    @property
    def acts(self) -> tuple[str, ...]:
        """Ids of the acts that it rests on."""
        ...


class Judge(Protocol):
    """Who knows the rules. Verifies every act itself, and raises a `CommonwealError`."""

    def __call__(
        self,
        manifest: OutputManifest,
        findings: Findings,
        acts: Sequence[SignedAct],
        reviews: Mapping[str, OutputReview],
        members: Collection[str],
        rosters: RosterHistory,
        trust: TrustPolicy,
        at: datetime,
        *,
        home: str,
        records: ActRecords,
        standing: StandingCase | None = None,
    ) -> Judgement:
        """The decision that the acts make. `standing`: of a month, what its layout rests on."""
        ...


class LayoutJudge(Protocol):
    """Who knows the rules of standing outputs. Verifies every act itself."""

    def __call__(
        self,
        case: StandingCase,
        rosters: RosterHistory,
        trust: TrustPolicy,
        at: datetime,
        *,
        home: str,
    ) -> JudgedLayout:
        """How a layout stands. Raises a `CommonwealError`."""
        ...
