"""The signer, which trusts no page, counts what the committee did here and comes to the same."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from commonweal.foundation.errors import Refused
from tests.applications import member
from tests.web.committee.house import VOTERS, House


def judged(house: House, item: Any) -> Any:
    """The decision that the signer makes of the acts that the ledger heard of."""
    from commonweal.governance.dossier import checking
    from commonweal.governance.dossier.published import PublishedRules
    from commonweal.governance.dossier.routes import proposal_for
    from commonweal.governance.dossier.rulebook import Review
    from commonweal.governance.dossier.voting import check_declarations, contents, counted_votes
    from commonweal.vault.custody.acts import records_about
    from commonweal.web.applications.services import paper_of
    from commonweal.web.committee.services import (
        decision_paper,
        declarations_of,
        every_vote_of,
    )
    from commonweal.web.signing.services import acts_about

    version = paper_of(item.version)
    row = item.version.decisions.filter(set_aside_at__isnull=True).last()
    assert row is not None
    decision, route = decision_paper(row).plain(), decision_paper(row).route
    subject, now, rules = version.application, house.clock.now(), PublishedRules()
    history = house.custody.rosters.history()
    records = records_about(house.custody, subject)
    signed = acts_about(subject)
    assert {one.act.id for one in signed} == set(records.acts)  # nothing is left out
    acts = checking.verify_heard(
        signed, subject, history, house.custody.trust, now, house.custody.home.id, records
    )
    kinds: dict[str, list[Any]] = {}
    for one in acts:
        kinds.setdefault(one.verified.act.kind, []).append(one)
    said = [one.plain() for one in declarations_of(item.version)]
    cast = [one.plain() for one in every_vote_of(item.version)]
    declared, votes = kinds["conflict"], kinds["vote"]
    first, out = check_declarations(
        declared, contents(said, declared, "a declaration"), rules, version.digest()
    )
    counted = counted_votes(
        votes, contents(cast, votes, "a vote"), rules, rules.version(version.plain()),
        version.digest(), first, out, route,
    )  # fmt: skip
    proposal = None
    if route != "committee":
        acts_of = kinds["propose_route"]
        parts = contents(_routes(item), acts_of, "a proposal of a route")
        _, proposal = proposal_for(
            route, acts_of, parts, rules, version.digest(), counted.first_entry
        )
    at = decision_paper(row).decided_at
    assert at >= max(one.verified.heard for one in (*declared, *votes))
    assert kinds["decide"][0].verified.heard >= at
    made = rules.decide(
        Review(
            version.plain(), decision, tuple(said), counted.votes, history.at(at), at,
            history.at(counted.began), proposal,
        )
    )  # fmt: skip
    return made, decision


def _routes(item: Any) -> list[Any]:
    from commonweal.foundation.canonical import parse_json

    rows = item.version.route_acts.filter(kind="propose_route")
    return [parse_json(bytes(one.content), "It") for one in rows]


def test_the_signer_comes_to_the_same_decision_by_the_short_route(house: House) -> None:
    """With the published rules: the conditions that the version shows are looked up in it again."""
    from commonweal.governance.dossier.published import PublishedRules
    from tests.web.committee.test_short_route import waiting

    house.heard_for_real = True
    item = waiting(house, moment=_moment())
    made, decision = judged(house, item)
    assert made == decision
    assert (decision["route"], decision["outcome"]) == ("proportionate", "approve")
    rules, roster = PublishedRules(), house.custody.rosters.history().at(house.clock.now())
    signed = house.clock.now()
    with pytest.raises(Refused, match="Any member can call this decision in"):
        rules.check_takes_effect(signed, signed, roster)
    house.clock.advance(timedelta(days=14))
    rules.check_takes_effect(signed, house.clock.now(), roster)


def test_the_signer_refuses_the_short_route_without_its_proposal(house: House) -> None:
    from commonweal.governance.dossier.published import PublishedRules
    from commonweal.governance.dossier.rulebook import Review
    from commonweal.web.applications.services import paper_of
    from commonweal.web.committee.services import decision_paper
    from tests.web.committee.test_short_route import waiting

    item = waiting(house)
    made = decision_paper(item.version.decisions.get())
    roster = house.custody.rosters.history().at(house.clock.now())
    version, proposal = paper_of(item.version).plain(), _routes(item)[0]
    for wrong, said in (
        (None, "Nobody signed that this is decided"),
        (proposal | {"grounds": proposal["grounds"][1:]}, "only for applications where"),
    ):
        with pytest.raises(Refused, match=said):
            PublishedRules().decide(
                Review(version, made.plain(), (), (), roster, made.decided_at, roster, wrong)
            )
    changed = version | {"content": version["content"] | {
        "data": version["content"]["data"] | {"linkage": "With another register."}
    }}  # fmt: skip
    own = version | {"content": version["content"] | {"people": [member(), member("kate")]}}
    for frozen, said in (
        (changed, "not put together with data from elsewhere"),
        (own, "Somebody with a conflict of interest proposed"),
    ):
        with pytest.raises(Refused, match=said):
            PublishedRules().decide(
                Review(frozen, made.plain(), (), (), roster, made.decided_at, roster, proposal)
            )


def test_the_signer_comes_to_the_same_decision(house: House) -> None:
    """Votes were changed, and a vote of an earlier round came to no decision."""
    house.heard_for_real = True
    item = house.voting()
    assert house.vote(item, "irene", "reject").state == "heard"
    house.clock.advance(_moment())
    for who in ("irene", "grace", "hamish", "yusuf", "jamal", "zofia"):
        house.clock.advance(_moment())
        assert house.vote(item, who, "approve").state == "heard"
    house.clock.advance(_moment())
    act = house.decide(item)
    assert act.state == "heard", act.sentence
    made, decision = judged(house, house.fresh(item))
    assert made == decision


def _moment() -> Any:
    return timedelta(milliseconds=20)


def test_a_later_round_is_counted_by_the_signer_too(house: House) -> None:
    house.heard_for_real = True
    item = house.closed({"yusuf": "reject"})
    house.clock.advance(_moment())
    house.step("grace", item, "record_deadlock")
    house.step("grace", item, "discuss_again")
    house.step("kate", item, "list_again", meeting=item.meeting_id)
    house.step("kate", item, "begin")
    house.step("kate", item, "end_declarations")
    house.step("grace", item, "open_vote", hours="1")
    item = house.fresh(item)
    assert item.round == 2
    for who in VOTERS:
        assert house.vote(item, who).state == "heard"
    house.clock.advance(_moment())
    act = house.decide(item)
    assert act.state == "heard", act.sentence
    made, decision = judged(house, house.fresh(item))
    assert made == decision


def test_a_page_cannot_make_another_decision_than_the_votes(house: House) -> None:
    from commonweal.web.accounts.models import User
    from commonweal.web.applications.services import paper_of
    from commonweal.web.committee.deciding import Texts, make
    from commonweal.web.signing.services import propose

    item = house.closed(dict.fromkeys(VOTERS, "reject"))
    paper = paper_of(item.version)
    true = make(item, paper, Texts("No.", ("It harms.",)), house.clock.now())
    false = type(true).read(
        true.plain() | {"votes": {**true.plain()["votes"], "reject": 5, "resubmit": 1}}, "It"
    )
    grace = User.objects.get(public_id="grace")
    with pytest.raises(Refused) as found:
        propose(
            grace, "committee_chair", "decide", "reject", subject=paper.application,
            object_digest=false.digest(), back="/",
            wish={"item": item.pk, "decision": false.plain()},
        )  # fmt: skip
    assert found.value.code == "CW-DECISION-OTHER"
