"""Conflicts and votes of a dossier, from what people signed and the ledger heard.

1. Every declaration and vote is one that its member signed, about this version.
2. Nobody votes before declaring, with a conflict, or for a project that names them. Who voted and
   declared a conflict after that is taken out: the vote is set aside, and the others are counted.
3. Only the last round of the decision's own route counts, and in it each person's last vote; who
   said no before, on whatever route, votes in it too, so that nobody is left out for it; but once
   everybody's vote is known nobody changes theirs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from commonweal.foundation.canonical import digest
from commonweal.foundation.errors import Fault, Refused
from commonweal.governance.dossier.rulebook import CastVote, Plain, Rulebook, VersionFacts
from commonweal.governance.same_person import People
from commonweal.papers.act_table import SAYS_YES
from commonweal.papers.acts import LIFE, VerifiedAct


@dataclass(frozen=True)
class HeardAct:
    """A verified act and its place on the ledger: `entry` says which of two came first."""

    verified: VerifiedAct
    entry: int

    @property
    def person(self) -> str:
        """Who acted."""
        return self.verified.act.actor


@dataclass(frozen=True)
class Counted:
    """`votes`: those that count, in the order of the ledger. `began`: when the first was cast on
    this ballot, whether or not it still counts: by the rules of that time they are counted.
    `first_entry`: the ledger's number of the first that it heard of."""

    votes: tuple[CastVote, ...]
    began: datetime
    first_entry: int


def contents(parts: Iterable[Plain], acts: Iterable[HeardAct], what: str) -> dict[str, Plain]:
    """Act id to the part it names. Each part belongs to an act and each act has its part.

    Raises `Fault` CW-DOSSIER-DIGEST.
    """
    by_digest = {digest(part): part for part in parts}
    found: dict[str, Plain] = {}
    for one in acts:
        part = by_digest.get(one.verified.act.content or "")
        if part is None:
            raise Fault("CW-DOSSIER-DIGEST", f"What a person signed with {what} is not there.")
        found[one.verified.act.id] = part
    if len({digest(part) for part in found.values()}) != len(by_digest):
        raise Fault("CW-DOSSIER-DIGEST", f"There is {what} that nobody signed.")
    return found


def check_declarations(
    acts: list[HeardAct], parts: Mapping[str, Plain], rules: Rulebook, version_digest: str
) -> tuple[dict[str, int], dict[str, int]]:
    """Person to the entry of the first declaration, and of the first that said of a conflict."""
    first: dict[str, int] = {}
    conflicted: dict[str, int] = {}
    for one in acts:
        act = one.verified.act
        facts = rules.declaration(parts[act.id])
        fits = facts.person == act.actor and facts.version_digest == version_digest
        if not fits or facts.free is not (act.verdict == "none") or not is_near(facts.at, act.at):
            raise Fault("CW-DOSSIER-DIGEST", "A declaration is not what its member signed.")
        first[act.actor] = min(one.entry, first.get(act.actor, one.entry))
        if not facts.free:
            conflicted[act.actor] = min(one.entry, conflicted.get(act.actor, one.entry))
    return first, conflicted


def counted_votes(
    acts: list[HeardAct],
    parts: Mapping[str, Plain],
    rules: Rulebook,
    version: VersionFacts,
    version_digest: str,
    declared: Mapping[str, int],
    conflicted: Mapping[str, int],
    route: str,
    *,
    builds_on: bool = False,
) -> Counted:
    """The votes that count for a decision by `route`, and when that vote began.

    `builds_on`: what the committee said before was counted by itself, so that who said no in an
    earlier round of it need not vote with the chair.

    Raises `Fault` CW-DOSSIER-DIGEST; `Refused` CW-DOSSIER-CONFLICT, CW-DOSSIER-SIDES,
    CW-DOSSIER-VOTE-TWICE or CW-DOSSIER-ACT-MISSING.
    """
    involved, out = People(version.involved), People(conflicted)
    cast: list[tuple[HeardAct, CastVote]] = []
    for one in acts:
        act = one.verified.act
        vote = _vote(one, parts[act.id], rules, version_digest)
        if act.actor in involved:
            raise Refused("CW-DOSSIER-SIDES", "Somebody voted on a project that names them.")
        if conflicted.get(act.actor, one.entry + 1) < one.entry:
            raise Refused("CW-DOSSIER-CONFLICT", "Somebody voted who has a conflict of interest.")
        if declared.get(act.actor, one.entry) >= one.entry:
            raise Refused(
                "CW-DOSSIER-CONFLICT", "Somebody voted before declaring conflicts of interest."
            )
        cast.append((one, vote))
    rounds = [vote.facts.round for _, vote in cast if vote.facts.route == route]
    if not rounds:
        raise Refused("CW-DOSSIER-ACT-MISSING", "Nobody voted on the route that decided it.")
    ballot = (route, max(rounds))
    on_it = [pair for pair in cast if (pair[1].facts.route, pair[1].facts.round) == ballot]
    # A conflict that was declared after the vote: set aside, on this ballot and on all before.
    standing = [pair for pair in cast if pair[0].person not in out]
    counted = [pair for pair in standing if pair in on_it]
    if not counted:
        raise Refused("CW-DOSSIER-ACT-MISSING", "Every vote was set aside.")
    before = [one for one in standing if one[1].facts.route == route] if builds_on else standing
    _check_asked_again(before, {one.person for one, _ in counted})
    return Counted(
        _last_of_each(counted),
        min(vote.facts.at for _, vote in on_it),
        min(one.entry for one, _ in on_it),
    )


def _check_asked_again(cast: list[tuple[HeardAct, CastVote]], again: set[str]) -> None:
    """Whoever said no on an earlier ballot votes on the last: nobody is just not asked again."""
    for one, vote in cast:
        if one.person not in again and vote.facts.verdict not in SAYS_YES:
            raise Refused(
                "CW-DOSSIER-ACT-MISSING",
                "Somebody who said no in an earlier round has no vote in the last one.",
            )


def _vote(one: HeardAct, plain: Plain, rules: Rulebook, version_digest: str) -> CastVote:
    act = one.verified.act
    facts = rules.vote(plain)
    signed = (act.actor, act.role, version_digest, act.verdict)
    said = (facts.person, facts.role, facts.version_digest, facts.verdict)
    if said != signed or not is_near(facts.at, act.at):
        raise Fault("CW-DOSSIER-DIGEST", "A vote is not what its member signed.")
    return CastVote(facts, plain, one.verified.person.lay)


def _last_of_each(cast: list[tuple[HeardAct, CastVote]]) -> tuple[CastVote, ...]:
    first: dict[str, int] = {}
    kept: dict[str, tuple[int, CastVote]] = {}
    for one, vote in sorted(cast, key=lambda pair: pair[0].entry):
        first.setdefault(one.person, one.entry)
        kept[one.person] = (one.entry, vote)
    known = max(first.values())
    for person, (entry, _) in kept.items():
        if entry > known and entry != first[person]:
            raise Refused(
                "CW-DOSSIER-VOTE-TWICE", "Somebody voted again when all votes were known."
            )
    return tuple(vote for _, vote in sorted(kept.values(), key=lambda pair: pair[0]))


def is_near(written: datetime, signed: datetime) -> bool:
    """True if a time that was written into a part fits the act under it."""
    return abs(written - signed) <= LIFE


def check_same(made: Mapping[str, Any], given: Mapping[str, Any], code: str, why: str) -> None:
    """Refuse unless two parts have the same bytes."""
    if digest(made) != digest(given):
        raise Refused(code, why)
