"""The shorter routes of a dossier: signed, voted on, not called in, and old enough (S11).

A web database can say of any case that a few members decided it. Here it counts only where

1. the secretary (of the short route) or the chair (of the chair's action) signed the proposal,
   about this version, before the first vote on it;
2. nobody called it in to the whole committee since, at any time until now; a version that was once
   called in never goes by the short route again;
3. what the chair builds on is itself a decision that the votes of the whole committee make, that
   the chair signed, and after which nothing else was decided;
4. the time to call it in is over, counted from when the ledger heard of the chair's signature.

A chair's action that came to nothing leaves the committee's decision as it was: where nobody signed
what it decided, or a member called that in afterwards. Its votes, which came after the decision,
are then no votes on it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from commonweal.foundation.canonical import digest
from commonweal.foundation.errors import Fault, Refused
from commonweal.governance.committee.route import CODE, PROPOSED_BY
from commonweal.governance.dossier.rulebook import Plain, Rulebook
from commonweal.governance.dossier.voting import HeardAct, is_near
from commonweal.papers.act_records import ActRecords, RecordedAct

_CALLED_IN = "A member called this in to the whole committee, so the whole committee decides."


def proposal_for(
    route: str,
    acts: Iterable[HeardAct],
    parts: Mapping[str, Plain],
    rules: Rulebook,
    version_digest: str,
    first_vote: int,
) -> tuple[HeardAct, Plain]:
    """The proposal that put this version on `route`, the last before the first vote on it.

    `first_vote`: its entry. Raises `Fault` CW-DOSSIER-DIGEST; `Refused` CW-COMMITTEE-ROUTE.
    """
    found: list[tuple[HeardAct, Plain]] = []
    for one in acts:
        act, plain = one.verified.act, parts[one.verified.act.id]
        facts = rules.proposal(plain)
        said = (facts.person, facts.route, facts.version_digest)
        if said != (act.actor, act.verdict, version_digest) or not is_near(facts.at, act.at):
            raise Fault("CW-DOSSIER-DIGEST", "A proposal of a route is not what was signed.")
        if act.role != PROPOSED_BY.get(facts.route):
            raise Refused(CODE, "A route was proposed by somebody who may not propose it.")
        if facts.route == route and one.entry < first_vote:
            found.append((one, plain))
    if not found:
        raise Refused(
            CODE,
            "Nobody signed, before the vote, that this is decided without the whole committee.",
            remedy="Let the committee decide.",
        )
    return found[-1]


def check_not_called_in(
    route: str, proposed: HeardAct, version_digest: str, records: ActRecords
) -> None:
    """Refuse a version that a member called in, by what the ledger knows: none can be left out."""
    for record in records.acts.values():
        about = record.kind == "call_in" and record.object_digest == version_digest
        if about and (route == "proportionate" or record.heard.entry > proposed.entry):
            raise Refused(CODE, _CALLED_IN)


def check_earlier(
    earlier: Plain,
    decided: Iterable[HeardAct],
    application: str,
    this: str,
    records: ActRecords,
) -> int:
    """The entry of the chair's signature under the decision that the chair's action builds on.

    `this`: the digest of the decision that was made now. Raises `Refused` CW-COMMITTEE-ROUTE where
    nobody signed it, or where something else was decided after it.
    """
    wanted = digest(earlier)
    signed = [one for one in decided if one.verified.act.object_digest == wanted]
    if not signed:
        raise Refused(CODE, "Nobody signed the decision that the chair builds on.")
    first = min(one.entry for one in signed)
    for record in records.acts.values():
        later = record.kind == "decide" and record.subject == application
        if later and record.heard.entry > first and record.object_digest not in (wanted, this):
            raise Refused(CODE, "Something else was decided after what the chair builds on.")
    return first


def after_the_decision(
    votes: Iterable[HeardAct],
    said: Mapping[str, Plain],
    proposals: Collection[HeardAct],
    decided: Iterable[HeardAct],
    rules: Rulebook,
) -> frozenset[str]:
    """The ids of votes of a chair's action that was proposed once the committee had decided.

    `decided`: the chair's signatures under the committee's decision; `said`: the votes by act.
    """
    first = min((one.entry for one in decided), default=None)
    began = None if first is None else _began(proposals, first)
    if began is None:
        return frozenset()
    return frozenset(
        one.verified.act.id
        for one in votes
        if one.entry > began and rules.vote(said[one.verified.act.id]).route == "chair"
    )


def _began(proposals: Iterable[HeardAct], decided: int) -> int | None:
    acts = (one for one in proposals if one.verified.act.verdict == "chair")
    return min((one.entry for one in acts if one.entry > decided), default=None)


def came_to_nothing(
    other: RecordedAct,
    proposals: Iterable[HeardAct],
    decided: int,
    version_digest: str,
    records: ActRecords,
) -> bool:
    """True where `other` was signed in a chair's action that a member called in after that.

    `decided`: the entry of the committee's decision, which the chair's action builds on.
    """
    began = _began(proposals, decided)
    if began is None or other.heard.entry < began:
        return False
    return any(
        one.kind == "call_in"
        and one.object_digest == version_digest
        and one.heard.entry > other.heard.entry
        for one in records.acts.values()
    )
