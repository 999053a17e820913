"""Changing a trust policy: the next version, signed under the version before it (S11, S20).

A change is the whole next policy, as a signed paper. Those sign it who may change the policy in
force: the holders of the role `policy`, in an older home that names none those of `permit`; two
people wherever two hold it. A key that the change calls compromised does not count among them.
The wait before it counts is that of the policy in force, never its own.

While it waits, one person who may sign changes can withdraw it: stopping is the safe direction.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from commonweal.foundation.errors import Refused
from commonweal.papers.base import Moment, Paper, Sha256, person_look
from commonweal.papers.changes import Changers, check_moments
from commonweal.papers.signed import read_whole
from commonweal.papers.signing import open_signed, unverified
from commonweal.papers.trust import (
    PEOPLE_FOR_CHANGES,
    RetiredKey,
    SigningRole,
    TrustedKey,
    TrustPolicy,
)
from commonweal.papers.trust_history import TrustView

CHANGE = "commonweal-trust-policy+json"
WITHDRAWAL = "commonweal-trust-withdrawal+json"
CALLED = "The new trust policy"
_ANEW = "Propose it anew with `commonweal home policy propose`, and let people sign that."


class PolicyWithdrawal(Paper):
    """One person's word that a change that waits shall never count."""

    withdraw: Literal[1]
    version: Annotated[int, Field(ge=2)]
    policy_hash: Sha256
    at: Moment


def refused(why: str, remedy: str | None = None) -> Refused:
    """The refusal of a change."""
    return Refused("CW-TRUST-REFUSED", f"The trust policy is not changed: {why}.", remedy=remedy)


# --- what may follow what -------------------------------------------------------------------


def check_change(before: TrustPolicy, after: TrustPolicy, number: int) -> None:
    """Refuse `after` as version `number`, in the place of `before`.

    Raises `Refused` CW-TRUST-REFUSED with the rule that it breaks.
    """
    if after.version != number:
        why = f"the next version has the number {number}, and this one {after.number}"
        raise refused(why, _ANEW)
    if after.previous != before.digest():
        raise refused("it was made from another policy than the one in force", _ANEW)
    if after.home != before.home:
        raise refused("a demonstration home can never become one for real data, nor the reverse")
    _check_keys(before, after)
    _check_retired(before, after)
    _check_roles(before, after)
    _check_log_keys(before, after)


def _check_keys(before: TrustPolicy, after: TrustPolicy) -> None:
    gone = {one.id: one for one in after.retired or ()}
    for key in before.keys:
        same = after.key(key.id)
        if same is None:
            if key.id not in gone or gone[key.id].public_key != key.public_key:
                raise refused("a key is left out that is not among the retired ones")
        elif _fixed(same) != _fixed(key):
            raise refused("a key is given other material, another holder or another beginning")
    known = {key.public_key for key in before.keys} | {
        one.public_key for one in before.retired or ()
    }
    for key in after.keys:
        if before.key(key.id) is None and key.public_key in known:
            raise refused("a key comes back under another name")


def _fixed(key: TrustedKey) -> tuple[object, ...]:
    return key.public_key, key.algorithm, key.holder, key.valid_from


def _check_retired(before: TrustPolicy, after: TrustPolicy) -> None:
    gone = {one.id: one for one in after.retired or ()}
    earlier = {one.id: one for one in before.retired or ()}
    for one in earlier.values():
        if not _still(one, gone.get(one.id)):
            raise refused("a retired key is forgotten, or said to be less than it was")
    for id_ in gone.keys() - earlier.keys():
        if before.key(id_) is None:
            raise refused("a key is retired that the policy in force does not name")


def _still(one: RetiredKey, now: RetiredKey | None) -> bool:
    """True if a retired key is still said to be retired: as it was, or compromised (earlier)."""
    if now is None or now.public_key != one.public_key:
        return False
    if one.since is None:
        return now.reason in (one.reason, "compromised")
    return now.since is not None and now.since <= one.since


def _check_roles(before: TrustPolicy, after: TrustPolicy) -> None:
    assert after.proposed_at is not None  # noqa: S101 (every version after the first has it)
    counts_from = after.proposed_at + before.delay
    for role in before.thresholds:
        if role not in after.thresholds:
            raise refused(f"nobody would hold the role {role} any more")
    for role, needed in after.thresholds.items():
        holders = _holders(after, role, counts_from)
        if not holders:
            raise refused(f"nobody would hold the role {role} any more")
        if len(holders) < needed:
            raise refused(f"fewer people would hold the role {role} than must sign")
    two = PEOPLE_FOR_CHANGES
    role = after.changing_role
    if before.changers_needed >= two > len(_holders(after, role, counts_from)):
        raise refused("one person alone could then change it, and now two are needed")


def _holders(policy: TrustPolicy, role: SigningRole, at: datetime) -> set[str]:
    lasting = (key for key in policy.keys if key.valid_until is None or key.valid_until > at)
    return {person_look(key.holder) for key in lasting if role in key.roles}


def _check_log_keys(before: TrustPolicy, after: TrustPolicy) -> None:
    now = {one.id: one for one in after.log_keys or ()}
    for one in before.log_keys or ():
        same = now.get(one.id)
        if same is None or same.public_key != one.public_key:
            raise refused("a key of the log is forgotten, and old checkpoints are signed with it")
        if one.signs_until is not None and (
            same.signs_until is None or same.signs_until > one.signs_until
        ):
            raise refused("a key of the log would sign for longer than was said")


# --- who signs it ---------------------------------------------------------------------------


def open_change(
    text: str | bytes, view: TrustView, number: int, at: datetime, *, lapses: bool = True
) -> TrustPolicy:
    """The next policy in a signed change that is (or was) adopted at `at`.

    `view`: who was believed then. `lapses`: refuse one that lay about for too long. Raises `Fault`
    CW-SIGNATURE-INVALID, CW-SIGNATURE-UNTRUSTED or CW-PAPER-INVALID; `Refused` CW-TRUST-REFUSED.
    """
    after = read_change(text)
    before = view.policy
    said = frozenset(one.id for one in after.retired or () if one.since is not None)
    changers = Changers(view, before.changers_needed, said)
    opened = open_signed(text, CHANGE, before.changing_role, changers, CALLED)
    check_moments(opened.signed_by, after.proposed_at, at, refused, lapses=lapses)
    check_change(before, after, number)
    return after


def read_change(text: str | bytes) -> TrustPolicy:
    """The policy that a change would make, with nothing verified yet."""
    return read_policy(unverified(text, CALLED))


def read_policy(plain: Any) -> TrustPolicy:
    """A later version of a trust policy in its full form. Raises `PaperInvalid`, `Refused`."""
    policy = read_whole(TrustPolicy, plain, CALLED, "CW-PAPER-INVALID")
    if policy.version is None:
        raise refused("it has no number, so it is the first policy of some home")
    return policy


def open_withdrawal(
    text: str | bytes, view: TrustView, pending: TrustPolicy, at: datetime
) -> PolicyWithdrawal:
    """The withdrawal of `pending`, signed by one person who may change the policy in force.

    A key that the pending change calls compromised cannot stop it. Raises as `open_change`.
    """
    called = "The withdrawal"
    said = frozenset(one.id for one in pending.retired or () if one.since is not None)
    changers = Changers(view, 1, said)
    opened = open_signed(text, WITHDRAWAL, view.policy.changing_role, changers, called)
    paper = read_whole(PolicyWithdrawal, opened.plain, called, "CW-PAPER-INVALID")
    if (paper.policy_hash, paper.version) != (pending.digest(), pending.version):
        raise refused("the withdrawal is about another version")
    if any(not paper.at <= signed <= at for signed in opened.signed_by.values()):
        raise refused("a time in the withdrawal does not fit the present")
    return paper
