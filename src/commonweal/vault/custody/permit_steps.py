"""Steps of a permit that people signed: paused, suspended, resumed, revoked or closed (S11, P7).

As with a committee's permits, the vault does not know who must sign which step: whoever starts the
signer hands in a `StepJudge`. What the vault brings is what the web cannot change: the permit that
was issued, the roster, the ledger's word on every act, when the permit took its last step, and the
clock. Judging, the record that the acts were used, and the step are one transaction of the ledger.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from commonweal.foundation.errors import Refused
from commonweal.ledger.store import Writing
from commonweal.papers.act_records import ActRecords
from commonweal.papers.acts import SignedAct
from commonweal.papers.permit_state import Event as Step
from commonweal.papers.roster_history import RosterHistory
from commonweal.papers.step_reason import StepReason
from commonweal.papers.trust import TrustPolicy
from commonweal.vault.custody.acts import records_about, refuse_void, use_acts
from commonweal.vault.custody.holding import Custody
from commonweal.vault.custody.permits import StateChange, change_state, find_permit, load_permit


class StepJudge(Protocol):
    """Who knows how many people must sign a step, and in which roles."""

    def __call__(
        self,
        step: str,
        acts: Sequence[SignedAct],
        *,
        subject: str,
        object_digest: str,
        rosters: RosterHistory,
        trust: TrustPolicy,
        records: ActRecords,
        at: datetime,
        home: str,
        not_before: datetime,
    ) -> tuple[str, ...]:
        """The ids of the acts that carry the step. Raises a `CommonwealError`."""
        ...


def step_from_acts(
    custody: Custody,
    permit_id: str,
    step: Step,
    acts: Sequence[SignedAct],
    judge: StepJudge,
    reason: str | None = None,
) -> StateChange:
    """Take a step with an issued permit that these acts carry.

    `reason`: the word that everybody signed with it, where the step takes one. Raises what the
    judge and `change_state` raise, and `Refused` CW-ACT-USED, CW-ACT-VOID (to resume) or
    CW-STEP-ACTS.
    """
    path = find_permit(custody, permit_id)
    permit = load_permit(custody, path)
    _check_reason(permit_id, step, acts, reason)

    def within(writing: Writing) -> None:
        standing = writing.permit_standing(permit_id)
        if standing is None:
            raise Refused("CW-PERMIT-UNKNOWN", "The ledger of this home does not know the permit.")
        at = writing.now()
        ids = judge(
            step,
            acts,
            subject=permit_id,
            object_digest=permit.digest(),
            rosters=custody.rosters.history(),
            trust=custody.book.history().in_force(at),
            records=records_about(custody, permit_id),
            at=at,
            home=custody.home.id,
            not_before=standing.changed_at,
        )
        if step == "resume":
            refuse_void(writing.connection, ids)
        use_acts(writing, ids, permit_id, permit=permit_id)

    return change_state(custody, path, step, reason, within)


def taken_before(
    custody: Custody, permit_id: str, step: Step, acts: Sequence[SignedAct]
) -> StateChange | None:
    """The step that exactly these acts have carried before, or None.

    Acts about a permit are used in the transaction of their step and nowhere else. So where all
    were used the step was taken, though whoever took it was cut off before it could say so.
    """
    records = records_about(custody, permit_id)
    known = [records.acts.get(one.act.id) for one in acts]
    used = [one for one in known if one is not None and one.used_for == permit_id]
    if not acts or len(used) != len(acts) or any(one.act.kind != step for one in acts):
        return None
    standing = custody.ledger.permit_standing(permit_id)
    if standing is None:
        return None
    return StateChange(permit_id, standing.state, standing.state, standing.intent_id)


def _check_reason(
    permit_id: str, step: Step, acts: Sequence[SignedAct], reason: str | None
) -> None:
    """Refuse a reason that is not the one which everybody signed."""
    wanted: str | None = None
    if reason is not None:
        plain = {"step_reason": 1, "permit": permit_id, "step": step, "reason": reason}
        wanted = StepReason.read(plain, "The reason").digest()
    if any(one.act.content != wanted for one in acts):
        raise Refused("CW-STEP-ACTS", "The reason is not the one that was signed.")
