"""All that is brought about one standing output, and what a judge makes of it.

It passes from the airlock, which keeps what people signed, to whoever knows the rules, and back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from commonweal.papers.act_records import ActRecords
from commonweal.papers.acts import SignedAct
from commonweal.papers.standing import MonthGivenUp, StandingOutput

LayoutState = Literal["proposed", "approved", "refused", "ended"]
APPROVERS = 2
"""How many people must have approved a layout."""
ABOUT_LAYOUTS = ("propose_standing", "approve_standing", "end_standing", "give_up_month")
"""The kinds of act that are about a standing output."""


@dataclass(frozen=True)
class StandingCase:
    """None of it is believed yet. `acts`: every act about it; `given_up`: by their digests, the
    papers of months that people left out; `members`: everybody whom the permit names; `records`:
    what the ledger heard of."""

    paper: StandingOutput
    acts: Sequence[SignedAct]
    given_up: Mapping[str, MonthGivenUp]
    members: Collection[str]
    records: ActRecords


@dataclass(frozen=True)
class JudgedLayout:
    """What was signed, verified. `proposed`: the author's act; `approvals`: the acts that count, in
    the ledger's order; `given_up`: months that are left out."""

    state: LayoutState
    proposed: str
    approvals: tuple[str, ...]
    given_up: frozenset[str]
