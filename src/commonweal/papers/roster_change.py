"""Changing the roster: the next version, signed by two people (S11, S20).

A change is the whole next roster, as a signed paper. Those sign it who may change the trust policy,
and always two of them: a roster that one person can change is a committee of one. The wait before
it counts is that of the trust policy in force. While it waits, one of them can withdraw it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from commonweal.foundation.canonical import digest
from commonweal.foundation.errors import Refused
from commonweal.papers.base import Moment, Paper, Sha256
from commonweal.papers.changes import Changers, check_moments
from commonweal.papers.credentials import RetiredCredential
from commonweal.papers.roster import Roster
from commonweal.papers.signed import read_whole
from commonweal.papers.signing import open_signed, unverified
from commonweal.papers.trust import PEOPLE_FOR_CHANGES, TrustPolicy
from commonweal.papers.trust_history import TrustView

CHANGE = "commonweal-roster+json"
WITHDRAWAL = "commonweal-roster-withdrawal+json"
CALLED = "The new roster"

_ANEW = "Propose it anew with `commonweal people propose`, and let people sign that."


class RosterWithdrawal(Paper):
    """One person's word that a roster that waits shall never count."""

    withdraw_roster: Literal[1]
    version: Annotated[int, Field(ge=1)]
    roster_digest: Sha256
    at: Moment


def refused(why: str, remedy: str | None = None) -> Refused:
    """The refusal of a change."""
    return Refused("CW-ROSTER-REFUSED", f"The roster is not changed: {why}.", remedy=remedy)


def people_needed(policy: TrustPolicy) -> int:
    """How many people must sign a roster: never fewer than two."""
    return max(PEOPLE_FOR_CHANGES, policy.changers_needed)


# --- what may follow what -------------------------------------------------------------------


def check_change(
    before: Roster | None, after: Roster, number: int, home: str, policy: TrustPolicy
) -> None:
    """Refuse `after` as version `number`, in the place of `before` (None: there was none).

    Raises `Refused` CW-ROSTER-REFUSED with the rule that it breaks.
    """
    if after.home != home:
        raise refused("it is the roster of another home")
    if after.version != number:
        raise refused(f"the next version has the number {number}, not {after.version}", _ANEW)
    if after.previous != (None if before is None else before.digest()):
        raise refused("it was made from another roster than the one in force", _ANEW)
    software = any(one.kind == "software" for p in after.people for one in p.credentials)
    if software and policy.home != "demo":
        raise refused("people sign with security keys here; only a demonstration has other keys")
    _check_rules(before, after)
    if before is None:
        if after.retired:
            raise refused("the first roster names credentials that were retired before")
        return
    _check_credentials(before, after)
    _check_retired(before, after)


def _check_rules(before: Roster | None, after: Roster) -> None:
    """Rules go on from the ones before them, by number and by digest, and are never dropped.

    What they say is for those who read them; here only that no version is skipped or forgotten.
    """
    had = None if before is None else before.rules
    if after.rules == had:
        return
    if after.rules is None:
        raise refused("it leaves out the committee's own rules, which were adopted")
    if had is None:
        return
    number, known = after.rules.get("version"), had.get("version")
    if type(number) is not int or type(known) is not int or number != known + 1:
        raise refused("the committee's rules in it are not the next version")
    if after.rules.get("previous") != digest(had):
        raise refused("the committee's rules in it were made from others than those in force")


def _check_credentials(before: Roster, after: Roster) -> None:
    gone = {one.id: one for one in after.retired}
    owners = after.owners()
    known = {one.material for one in before.retired}
    for person in before.people:
        for one in person.credentials:
            known.add(one.material)
            owner = owners.get(one.id)
            if owner is None:
                if one.id not in gone or gone[one.id].material != one.material:
                    raise refused("a credential is left out that is not among the retired ones")
                continue
            now = after.person(owner)
            if owner != person.id or now is None or now.credential(one.id) != one:
                raise refused("a credential is given other material, or to another person")
    kept = before.owners()
    for person in after.people:
        for one in person.credentials:
            if one.id not in kept and one.material in known:
                raise refused("a credential comes back under another name")


def _check_retired(before: Roster, after: Roster) -> None:
    gone = {one.id: one for one in after.retired}
    earlier = {one.id: one for one in before.retired}
    for one in earlier.values():
        if not _still(one, gone.get(one.id)):
            raise refused("a retired credential is forgotten, or said to be less than it was")
    held = before.owners()
    if any(id_ not in earlier and id_ not in held for id_ in gone):
        raise refused("a credential is retired that the roster in force does not name")


def _still(one: RetiredCredential, now: RetiredCredential | None) -> bool:
    """True if it is still said to be retired: as it was, or compromised (or that earlier)."""
    if now is None or now.material != one.material:
        return False
    if one.since is None:
        return now.reason in (one.reason, "compromised")
    return now.since is not None and now.since <= one.since


# --- who signs it ---------------------------------------------------------------------------


def open_change(
    text: str | bytes,
    view: TrustView,
    before: Roster | None,
    number: int,
    home: str,
    at: datetime,
    *,
    lapses: bool = True,
) -> Roster:
    """The next roster in a signed change that is (or was) adopted at `at`.

    `view`: who was believed then. `lapses`: refuse one that lay about for too long. Raises `Fault`
    CW-SIGNATURE-INVALID, CW-SIGNATURE-UNTRUSTED or CW-PAPER-INVALID; `Refused` CW-ROSTER-REFUSED.
    """
    after = read_change(text)
    changers = Changers(view, people_needed(view.policy))
    opened = open_signed(text, CHANGE, view.policy.changing_role, changers, CALLED)
    check_moments(opened.signed_by, after.proposed_at, at, refused, lapses=lapses)
    check_change(before, after, number, home, view.policy)
    return after


def read_change(text: str | bytes) -> Roster:
    """The roster that a change would make, with nothing verified yet."""
    return read_roster(unverified(text, CALLED))


def read_roster(plain: Any) -> Roster:
    """A roster in its full form. Raises `PaperInvalid`."""
    return read_whole(Roster, plain, CALLED, "CW-PAPER-INVALID")


def open_withdrawal(
    text: str | bytes, view: TrustView, pending: Roster, at: datetime
) -> RosterWithdrawal:
    """The withdrawal of `pending`, signed by one person who may change it. Raises as the change."""
    called = "The withdrawal"
    opened = open_signed(text, WITHDRAWAL, view.policy.changing_role, Changers(view, 1), called)
    paper = read_whole(RosterWithdrawal, opened.plain, called, "CW-PAPER-INVALID")
    if (paper.roster_digest, paper.version) != (pending.digest(), pending.version):
        raise refused("the withdrawal is about another version")
    if any(not paper.at <= signed <= at for signed in opened.signed_by.values()):
        raise refused("a time in the withdrawal does not fit the present")
    return paper
