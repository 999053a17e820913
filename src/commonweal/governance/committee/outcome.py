"""What votes decide, under the published rules.

1. Every vote is by a member with that seat at that time, who had declared, and had no conflict. Who
   declares one after voting is taken out: the vote is set aside and the others are counted.
2. Nobody is counted twice.
3. The quorum holds: members, members by role, and the share of lay votes.
4. The rule is applied: unanimous, majority, or consensus with the chair.
5. Where the votes come to no decision, that is a deadlock. After the last round that the rules
   allow, the rules say what happens; it is never a yes.

Turning one vote towards No never turns the outcome towards Yes, and the order of votes does not
matter; tests hold both, and compare the count with a slow twin.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from commonweal.foundation.errors import Refused
from commonweal.governance.committee.conflicts import Declaration, check_takes_part, excluded
from commonweal.governance.committee.decision import Decision, VariableDecision, VotesSummary
from commonweal.governance.committee.membership import Membership, check_term
from commonweal.governance.committee.rules import CommitteeRules
from commonweal.governance.committee.vocabulary import (
    CRITERION_WORDS,
    NO,
    OUTCOME_WORDS,
    OUTCOMES,
    YES,
    ChairsReason,
    Criterion,
    Outcome,
    Route,
    VotingRole,
)
from commonweal.governance.committee.votes import Ballot, Vote
from commonweal.governance.roles import ROLE_WORDS


class NotQuorate(Refused):
    """Too few voted, or too few of those who did are lay members (CW-COMMITTEE-QUORUM)."""

    def __init__(self, sentence: str) -> None:
        super().__init__("CW-COMMITTEE-QUORUM", sentence)


class Deadlocked(Refused):
    """The votes come to no decision (CW-COMMITTEE-DEADLOCK)."""

    def __init__(self, sentence: str) -> None:
        super().__init__("CW-COMMITTEE-DEADLOCK", sentence)


class CountedVote(Protocol):
    """What counting needs to know of a vote."""

    @property
    def person(self) -> str:
        """The account of the member."""
        ...

    @property
    def role(self) -> VotingRole:
        """The seat they held."""
        ...

    @property
    def verdict(self) -> Outcome:
        """How they voted."""
        ...


@dataclass(frozen=True)
class Tally:
    """Votes, counted. `chair`: how the chair voted, or None where the chair took no part."""

    by_verdict: Counter[Outcome]
    by_role: Counter[VotingRole]
    chair: Outcome | None

    @property
    def cast(self) -> int:
        """All votes."""
        return self.by_verdict.total()

    @property
    def yes(self) -> int:
        """Votes to approve, with or without conditions."""
        return sum(self.by_verdict[one] for one in YES)

    @property
    def no(self) -> int:
        """Votes to ask for a change, or to reject."""
        return sum(self.by_verdict[one] for one in NO)

    @property
    def lay(self) -> int:
        """Votes by lay members."""
        return self.by_role["committee_lay"]


def all_yes(roles: Iterable[VotingRole]) -> Tally:
    """What it would be if members in these roles all said yes: to see whether they could decide."""
    by_role = Counter(roles)
    return Tally(Counter({"approve": by_role.total()}), by_role, "approve")


def tally(votes: Iterable[CountedVote]) -> Tally:
    """The count of `votes`. Raises `Refused` CW-COMMITTEE-VOTE-TWICE for a person twice."""
    seen: set[str] = set()
    verdicts: Counter[Outcome] = Counter()
    roles: Counter[VotingRole] = Counter()
    chairs: list[Outcome] = []
    for vote in votes:
        if vote.person.casefold() in seen:
            raise Refused("CW-COMMITTEE-VOTE-TWICE", "Two votes of one person cannot both count.")
        seen.add(vote.person.casefold())
        verdicts[vote.verdict] += 1
        roles[vote.role] += 1
        if vote.role == "committee_chair":
            chairs.append(vote.verdict)
    # With two chairs' seats (a chair and a deputy) the more careful of their votes is the chair's.
    return Tally(verdicts, roles, _most_careful(chairs) if chairs else None)


def check_quorum(counted: Tally, rules: CommitteeRules, route: Route = "committee") -> None:
    """Refuse a count that may not decide by `route`. Raises `NotQuorate`."""
    if route == "chair":
        _check_chair_quorum(counted, rules)
    else:
        needed = rules.quorum.members if route == "committee" else rules.proportionate.members
        if counted.cast < needed:
            raise NotQuorate(f"{_votes(counted.cast)} cast, and the rules ask for {needed}.")
        if route == "committee":
            for quota in rules.quorum.by_role:
                if counted.by_role[quota.role] < quota.at_least:
                    raise NotQuorate(
                        f"The rules ask for at least {quota.at_least} in the role "
                        f"{ROLE_WORDS[quota.role]}; {counted.by_role[quota.role]} voted."
                    )
    if counted.lay * 100 < rules.quorum.lay_share_percent * counted.cast:
        raise NotQuorate(
            f"{counted.lay} of {_votes(counted.cast)} cast by lay members; the rules ask for at "
            f"least {rules.quorum.lay_share_percent} in 100."
        )


def _check_chair_quorum(counted: Tally, rules: CommitteeRules) -> None:
    needed = rules.chairs_action.with_lay_members
    if counted.by_role["committee_chair"] < 1 or counted.lay < needed:
        raise NotQuorate(f"The chair decides with at least {needed} of the lay members.")


def outcome_of(
    votes: Iterable[CountedVote],
    rules: CommitteeRules,
    *,
    route: Route = "committee",
    round_: int = 1,
) -> tuple[Outcome, bool]:
    """What `votes` decide, and whether that is the rule for a deadlock.

    Out of committee every vote must agree, whatever the rule of the committee is; where they do
    not, the whole committee decides. Raises `NotQuorate`, `Deadlocked`, or `Refused`
    CW-COMMITTEE-VOTE-TWICE.
    """
    counted = tally(votes)
    check_quorum(counted, rules, route)
    found = _by_rule(counted, rules, route)
    if found is not None:
        return found, False
    if route != "committee":
        raise Deadlocked("The votes differ, so the whole committee decides.")
    if round_ < rules.deadlock.rounds:
        raise Deadlocked(
            f"The votes come to no decision: {counted.yes} for and {counted.no} against. "
            "The rules let the committee discuss it again."
        )
    return rules.deadlock.then, True


def _by_rule(counted: Tally, rules: CommitteeRules, route: Route) -> Outcome | None:
    if route != "committee" or rules.decision_rule == "unanimous":
        return _unanimous(counted)
    if rules.decision_rule == "majority":
        return _majority(counted)
    return _consensus(counted, rules.dissent_at_most)


def _unanimous(counted: Tally) -> Outcome | None:
    if counted.no == 0:
        return _which_yes(counted)
    return _which_no(counted) if counted.yes == 0 else None


def _majority(counted: Tally) -> Outcome | None:
    if 2 * counted.yes > counted.cast:
        plain = 2 * counted.by_verdict["approve"] > counted.cast
        return "approve" if plain else "approve_with_conditions"
    if 2 * counted.no > counted.cast:
        return "reject" if 2 * counted.by_verdict["reject"] > counted.cast else "resubmit"
    return None


def _consensus(counted: Tally, dissent_at_most: int) -> Outcome | None:
    if counted.chair is None:
        return None
    if counted.chair in YES and counted.no <= dissent_at_most and counted.no < counted.yes:
        return _which_yes(counted)
    if counted.chair in NO and counted.yes <= dissent_at_most and counted.yes < counted.no:
        rejecting = counted.by_verdict["reject"]
        others = counted.cast - rejecting
        return "reject" if others <= dissent_at_most and others < rejecting else "resubmit"
    return None


def _which_yes(counted: Tally) -> Outcome:
    # One member who wants a condition is enough for it: a condition protects people.
    return "approve_with_conditions" if counted.by_verdict["approve_with_conditions"] else "approve"


def _which_no(counted: Tally) -> Outcome:
    # Who agree that it is no yes, but not that it is a final no, leave the door open.
    return "resubmit" if counted.by_verdict["resubmit"] else "reject"


def _most_careful(verdicts: Sequence[Outcome]) -> Outcome:
    # The list of outcomes goes from the plainest yes to the plainest no.
    return max(verdicts, key=OUTCOMES.index)


def _votes(count: int) -> str:
    return "1 vote was" if count == 1 else f"{count} votes were"


def check_proportionate(met: Collection[Criterion], rules: CommitteeRules) -> None:
    """Refuse the short route unless all its published conditions are `met`. CW-COMMITTEE-ROUTE."""
    if not rules.proportionate.offered:
        raise Refused("CW-COMMITTEE-ROUTE", "The rules have no short route.")
    missing = [CRITERION_WORDS[one] for one in rules.proportionate.conditions if one not in met]
    if missing:
        raise Refused(
            "CW-COMMITTEE-ROUTE",
            f"The short route is only for applications where {'; '.join(missing)}.",
        )


def check_chairs_action(
    reason: ChairsReason, rules: CommitteeRules, earlier: Decision | None
) -> None:
    """Refuse the chair's action where the rules do not allow it for `reason`.

    `earlier`: the last decision on the application. A chair never turns a no of the committee into
    a yes, and confirms conditions only where the committee set them. Raises CW-COMMITTEE-ROUTE.
    """
    if reason not in rules.chairs_action.allowed_for:
        raise Refused("CW-COMMITTEE-ROUTE", "The rules do not let the chair act for this reason.")
    if earlier is not None and not earlier.says_yes:
        raise Refused(
            "CW-COMMITTEE-ROUTE", "What the committee did not approve goes back to the committee."
        )
    if reason in ("conditions_met", "correction") and earlier is None:
        raise Refused("CW-COMMITTEE-ROUTE", "There is no decision of the committee to build on.")
    if reason == "conditions_met" and earlier is not None and not earlier.conditions:
        raise Refused("CW-COMMITTEE-ROUTE", "The committee set no conditions that could be met.")


@dataclass(frozen=True)
class Case:
    """All that a decision is made from, beside the votes.

    `id`: of the decision. `involved`: accounts that the application names. `asked`: dataset, table
    and variable of everything asked for. `summary`, `reasons`, `conditions`, `variables`: what the
    secretary wrote down for the committee. `until`: an earlier last day, or None. `met`: conditions
    of the short route that hold. `chairs_reason`: why the chair acts. `earlier`: the last decision
    on this application.
    """

    id: str
    application: str
    version_number: int
    version_digest: str
    summary: str
    reasons: Sequence[str]
    asked: Collection[tuple[str, str, str]]
    variables: Sequence[VariableDecision] = ()
    conditions: Sequence[str] = ()
    involved: Collection[str] = ()
    declarations: Sequence[Declaration] = ()
    route: Route = "committee"
    met: Collection[Criterion] = ()
    chairs_reason: ChairsReason | None = None
    earlier: Decision | None = None
    until: date | None = None
    replaces: str | None = None


def decide(
    case: Case, ballot: Ballot, rules: CommitteeRules, membership: Membership, at: datetime
) -> Decision:
    """The decision that the votes make at `at`, or a refusal that says what is missing.

    Raises `NotQuorate`, `Deadlocked`, and `Refused`: CW-COMMITTEE-MEMBER,
    CW-COMMITTEE-MEMBERSHIP, CW-COMMITTEE-CONFLICT, CW-COMMITTEE-DECLARATION, CW-COMMITTEE-VOTE,
    CW-COMMITTEE-VOTE-TWICE, CW-COMMITTEE-QUESTION, CW-COMMITTEE-ROUTE, CW-DECISION-OTHER,
    CW-DECISION-INVALID.
    """
    _check_ballot(case, ballot, rules, at)
    _check_route(case, rules)
    if ballot.route != case.route:
        raise Refused("CW-DECISION-OTHER", "The votes were cast for another route.")
    out = excluded(case.declarations, case.version_digest, case.involved)
    for vote in ballot.votes:
        _check_vote(vote, case, membership, rules)
    votes = standing(ballot.votes, out)
    outcome, by_deadlock = outcome_of(votes, rules, route=case.route, round_=ballot.round)
    if case.earlier is not None and outcome in NO:
        raise Deadlocked(STAYS)
    _check_texts(case, outcome)
    counted = tally(votes)
    sitting = {seat.person for seat in membership.sitting(at)}
    made = Decision.model_construct(
        decision=1,
        id=case.id,
        application=case.application,
        version_number=case.version_number,
        version_digest=case.version_digest,
        rules_version=rules.version,
        rules_digest=rules.digest(),
        route=case.route,
        round=ballot.round,
        by_deadlock=by_deadlock,
        outcome=outcome,
        summary=case.summary,
        reasons=tuple(case.reasons),
        conditions=tuple(case.conditions),
        variables=tuple(case.variables),
        votes=VotesSummary(
            **{str(verdict): count for verdict, count in counted.by_verdict.items()},
            lay=counted.lay,
            excluded=len(out & sitting),
        ),
        dissent=dissent(votes, outcome),
        until=case.until,
        replaces=case.replaces,
        decided_at=at,
    )
    # Texts come from people: what is wrong in one is told by its field.
    return Decision.read(made.plain(), "The decision", "CW-DECISION-INVALID")


def standing(votes: Iterable[Vote], out: Collection[str]) -> tuple[Vote, ...]:
    """The votes that count: those of members who were not taken out since. `out`: see `excluded`.

    A vote that is set aside is as if it had never been cast: it is not in the quorum, not in the
    count, and its reasons are not among those of who voted otherwise.
    """
    return tuple(one for one in votes if one.person not in out)


def dissent(votes: Iterable[Vote], outcome: Outcome) -> tuple[str, ...]:
    """The reasons of who voted on the other side of `outcome`, in an order that names nobody."""
    same = YES if outcome in YES else NO
    return tuple(sorted(vote.reasons for vote in votes if vote.verdict not in same))


def _check_ballot(case: Case, ballot: Ballot, rules: CommitteeRules, at: datetime) -> None:
    if ballot.version_digest != case.version_digest:
        raise Refused("CW-DECISION-OTHER", "The votes are about another version.")
    if ballot.stopped:
        raise Refused("CW-COMMITTEE-QUESTION", "A question is open: the vote waits for it.")
    if not ballot.shown:
        raise Refused("CW-COMMITTEE-VOTE", "The vote is not closed, and votes are missing.")
    # Else a vote is taken again and again until those who say no stay away.
    if ballot.round > rules.deadlock.rounds:
        raise Refused("CW-COMMITTEE-VOTE", "The rules do not allow that many rounds of votes.")
    if any(vote.at > at for vote in ballot.votes):
        raise Refused("CW-COMMITTEE-VOTE", "A vote is later than the decision.")


def _check_route(case: Case, rules: CommitteeRules) -> None:
    if case.route == "proportionate":
        check_proportionate(case.met, rules)
    elif case.route == "chair":
        if case.chairs_reason is None:
            raise Refused("CW-COMMITTEE-ROUTE", "The chair acts only for a reason in the rules.")
        check_chairs_action(case.chairs_reason, rules, case.earlier)
        if case.earlier is not None:
            _check_no_wider(case, case.chairs_reason, case.earlier)


STAYS = "The chair does not undo a yes of the committee: what it decided stays as it was."
_WIDER = "What the committee did not approve goes back to the committee."


def _granted(variables: Iterable[VariableDecision]) -> set[tuple[str, str, str]]:
    return {one.path for one in variables if one.verdict != "refused"}


def check_no_more(
    reason: ChairsReason, earlier: Decision, variables: Sequence[VariableDecision]
) -> None:
    """Refuse the chair more variables than the committee granted, or finer ones.

    Raises `Refused` CW-COMMITTEE-ROUTE.
    """
    had, granted = _granted(earlier.variables), _granted(variables)
    struck = {one.path for one in earlier.variables} - had
    # In an emergency there may be something new to ask for; what was refused stays refused.
    wider = granted & struck if reason == "public_health_emergency" else granted - had
    coarser = {one.path: one.form for one in earlier.variables if one.verdict == "coarser"}
    finer = any(
        one.path in coarser and one.verdict != "refused" and one.form != coarser[one.path]
        for one in variables
    )
    if wider or finer:
        raise Refused("CW-COMMITTEE-ROUTE", _WIDER)


def _check_no_wider(case: Case, reason: ChairsReason, earlier: Decision) -> None:
    """Refuse the chair more than the committee granted on this application."""
    if earlier.application != case.application:
        raise Refused("CW-COMMITTEE-ROUTE", "The earlier decision is about another application.")
    check_no_more(reason, earlier, case.variables)
    longer = earlier.until is not None and (case.until is None or case.until > earlier.until)
    # A correction changes nobody's data, and takes no condition away either.
    freer = reason == "correction" and not set(earlier.conditions) <= set(case.conditions)
    if longer or freer:
        raise Refused("CW-COMMITTEE-ROUTE", _WIDER)


def _check_vote(vote: Vote, case: Case, membership: Membership, rules: CommitteeRules) -> None:
    seat = check_takes_part(
        vote.person, membership, case.declarations, case.version_digest, case.involved, vote.at
    )
    if seat.role != vote.role:
        raise Refused("CW-COMMITTEE-MEMBER", "A vote names a seat that the member does not hold.")
    check_term(seat, membership, rules, vote.at)


def _check_texts(case: Case, outcome: Outcome) -> None:
    if outcome in NO:
        if case.conditions or case.variables or case.until is not None:
            raise _invalid(f"It is {OUTCOME_WORDS[outcome]}, so there is nothing to grant.")
        return
    if (outcome == "approve_with_conditions") is not bool(case.conditions):
        raise _invalid(
            "The conditions on which it is approved are missing."
            if not case.conditions
            else "No member voted for conditions."
        )
    decided = {one.path for one in case.variables}
    if decided != set(case.asked):
        raise _invalid("Each variable that was asked for needs its own yes or no, and no other.")
    if not any(one.verdict != "refused" for one in case.variables):
        raise _invalid("An approval must grant at least one variable.")


def _invalid(sentence: str) -> Refused:
    return Refused("CW-DECISION-INVALID", sentence)
