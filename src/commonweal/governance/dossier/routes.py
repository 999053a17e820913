"""The shorter routes of a dossier: signed, voted on, not called in, and old enough (S11).

A web database can say of any case that a few members decided it. Here it counts only where

1. the secretary (of the short route) or the chair (of the chair's action) signed the proposal,
   about this version, before the first vote on it;
2. nobody called it in to the whole committee since, at any time until now; a version that was once
   called in never goes by the short route again;
3. what the chair builds on is itself a decision that the votes of the whole committee make, that
   the chair signed, and after which nothing else was decided;
4. the time to call it in is over, counted from when the ledger heard of the chair's signature.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from commonweal.foundation.canonical import digest
from commonweal.foundation.errors import Fault, Refused
from commonweal.governance.committee.route import CODE, PROPOSED_BY
from commonweal.governance.dossier.rulebook import Plain, Rulebook
from commonweal.governance.dossier.voting import HeardAct, is_near
from commonweal.papers.act_records import ActRecords

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
