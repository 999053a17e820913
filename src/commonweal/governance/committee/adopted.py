"""The committee's rules that a home adopted: which count when, and what a version changes (S11).

A home's own rules travel with its list of people (`papers.roster`): two people signed both, the
ledger ordered them, and the signer reads them from there and never from the service's database. A
home that adopted none decides by the rules that ship with the software.

A vote is counted by the rules that were in force when its first vote was cast. Rules that change
while people vote do not change what they are voting under; and nobody can choose between two rules
afterwards, because the time of the first vote is signed and the ledger heard of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol

from commonweal.foundation.canonical import canonical, parse_json
from commonweal.foundation.errors import Refused
from commonweal.governance.committee.rules import CommitteeRules, check_follows, default_rules
from commonweal.governance.committee.words import sections

CODE = "CW-COMMITTEE-RULES"
CALLED = "The rules of the committee"


class CarriesRules(Protocol):
    """A list of people, as far as rules are concerned."""

    @property
    def rules(self) -> Mapping[str, Any] | None:
        """The rules as plain JSON, or None."""
        ...


class Dated(Protocol):
    """A vote, as far as its beginning is concerned."""

    @property
    def at(self) -> datetime:
        """When it was cast, as its member signed."""
        ...


def rules_of(roster: CarriesRules | None) -> CommitteeRules:
    """The rules that go with a list of people. Raises `Fault` CW-COMMITTEE-RULES."""
    if roster is None or roster.rules is None:
        return default_rules()
    return _read(canonical(roster.rules))


@lru_cache(maxsize=32)
def _read(content: bytes) -> CommitteeRules:
    # Not held to its full form: a later version of the software may know more fields, and what was
    # adopted before must go on being read.
    return CommitteeRules.read(parse_json(content, CALLED), CALLED, CODE)


def began(votes: Iterable[Dated]) -> datetime:
    """When a vote began: with the first that was cast on it, whether or not it still counts.

    Raises `Refused` CW-COMMITTEE-QUORUM where nobody has voted.
    """
    found = min((one.at for one in votes), default=None)
    if found is None:
        raise Refused("CW-COMMITTEE-QUORUM", "There is no vote.")
    return found


def check_next(rules: CommitteeRules, before: CommitteeRules) -> None:
    """Refuse rules that cannot be adopted after `before`. Raises CW-COMMITTEE-RULES."""
    check_follows(rules, before)
    lay_seats = sum(one.at_least for one in rules.quorum.by_role if one.role == "committee_lay")
    others = sum(one.at_least for one in rules.quorum.by_role) - lay_seats
    most_lay = rules.quorum.members - others
    if most_lay * 100 < rules.quorum.lay_share_percent * rules.quorum.members:
        raise Refused(
            CODE, "quorum: no vote could reach the share of lay members with these seats."
        )


def differences(before: CommitteeRules, after: CommitteeRules) -> list[str]:
    """What a new version changes, in the sentences that are published."""
    was = {(title, line) for title, lines in sections(before) for line in lines}
    now = {(title, line) for title, lines in sections(after) for line in lines}
    lines = [
        f"New ({title}): {line}"
        for title, said in sections(after) for line in said if (title, line) not in was
    ]  # fmt: skip
    return lines + [
        f"No more ({title}): {line}"
        for title, said in sections(before) for line in said if (title, line) not in now
    ]  # fmt: skip
