"""The signer's side of the committee: it tells the service by which rules people decide (S11)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from commonweal.vault.custody import Custody
from commonweal.web.committee.appeals import end_appeal_times
from commonweal.web.committee.models import KnownRules
from commonweal.web.committee.route_handlers import take_effect


def steps(room: str) -> Sequence[Callable[[Custody], int]]:
    """What the signer does for this app."""
    if room != "signer":
        return ()
    return (tell_of_rules, let_take_effect, let_appeals_run_out)


def let_appeals_run_out(custody: Custody) -> int:
    """Make each no final whose time to appeal is over; how many it was."""
    del custody
    return end_appeal_times()


def let_take_effect(custody: Custody) -> int:
    """Let decisions of a few take effect that nobody called in; how many it was."""
    del custody
    return take_effect()


def tell_of_rules(custody: Custody) -> int:
    """Tell of every version of the rules that has counted until now; how many were news."""
    now, told, before = custody.book.now(), 0, None
    for one in custody.rosters.history().versions:
        if one.withdrawn_at is not None or one.effective_from > now:
            continue
        if one.roster.rules is not None and one.roster.rules != before:
            told += _tell(one.roster.version, one.effective_from, one.roster.rules)
        before = one.roster.rules
    return told


def _tell(number: int, effective_from: object, content: object) -> int:
    said = {"effective_from": effective_from, "content": content}
    known = KnownRules.objects.filter(number=number).values(*said).first()
    if known == said:
        return 0
    KnownRules.objects.update_or_create(number=number, defaults=said)
    return 1
