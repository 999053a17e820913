"""Steps of a permit or release after it was made: who must sign each, and the check (P1, P2, P7).

Stopping is the safe direction, so one officer is enough; letting work go on again needs two people.
A release is signed off by somebody else than who built it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal

from commonweal.foundation.errors import Refused
from commonweal.governance.dossier.checking import verify_heard
from commonweal.governance.dossier.voting import HeardAct
from commonweal.governance.same_person import People
from commonweal.papers.act_records import ActRecords
from commonweal.papers.act_table import ACTS
from commonweal.papers.acts import SignedAct
from commonweal.papers.roster_history import RosterHistory
from commonweal.papers.trust import TrustPolicy

GOOD_FOR = timedelta(days=7)
"""How long after it was signed an act can take a step: what was right may be wrong a month on."""

StepKind = Literal[
    "pause", "suspend", "resume", "revoke", "close",
    "order_release", "sign_off_release", "send_back_release",
]  # fmt: skip


@dataclass(frozen=True)
class StepRule:
    """`people`: how many different people must sign. Which roles may is in `papers.act_table`."""

    people: int


STEPS: Mapping[StepKind, StepRule] = MappingProxyType(
    {
        "pause": StepRule(1),
        "suspend": StepRule(1),
        "resume": StepRule(2),
        "revoke": StepRule(1),
        "close": StepRule(1),
        "order_release": StepRule(1),
        "sign_off_release": StepRule(1),
        "send_back_release": StepRule(1),
    }
)


def check_step_acts(
    step: StepKind,
    acts: Iterable[SignedAct],
    subject: str,
    object_digest: str,
    roster_history: RosterHistory,
    trust: TrustPolicy,
    at: datetime,
    *,
    home: str,
    records: ActRecords,
    not_by: Collection[str] = (),
    not_before: datetime | None = None,
) -> tuple[HeardAct, ...]:
    """The verified acts that carry `step` about the permit or release `subject`.

    `object_digest`: of the permit or release as it stands. `not_by`: people who may not sign, such
    as who built the release. `not_before`: when the permit took its last step; what was signed
    before that was about another situation. Raises what `verify_act` raises, and `Refused`
    CW-STEP-ACTS, CW-ACT-USED or CW-ACT-NOT-RECORDED.
    """
    signed = list(acts)
    if any(one.act.kind != step or one.act.object_digest != object_digest for one in signed):
        raise Refused("CW-STEP-ACTS", "An act is about another step, or about something else.")
    if len({one.act.id for one in signed}) != len(signed):
        raise Refused("CW-STEP-ACTS", "An act is there twice.")
    if any(one.act.role not in ACTS[step].roles for one in signed):
        raise Refused(
            "CW-ACT-ROLE", "An act is signed in a role that takes this step no more.",
            remedy="Let it be signed by somebody who may now.",
        )  # fmt: skip
    found = verify_heard(signed, subject, roster_history, trust, at, home, records)
    oldest = max(at - GOOD_FOR, not_before or at - GOOD_FOR)
    if any(one.verified.heard < oldest for one in found):
        raise Refused(
            "CW-STEP-ACTS", "An act is too old for this step.", remedy="Let it be signed again."
        )
    people = People(one.person for one in found)
    if People(not_by) & people:
        raise Refused("CW-STEP-ACTS", "Somebody else than who made it must sign this.")
    needed = STEPS[step].people
    if len(people) < needed:
        raise Refused(
            "CW-STEP-ACTS", f"This step needs the signatures of {needed}; {len(people)} signed."
        )
    return tuple(found)
