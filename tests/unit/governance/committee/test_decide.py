"""From votes to a decision, and everything that refuses one."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from commonweal.foundation.errors import Refused
from commonweal.governance.committee.appeal import check_call_in
from commonweal.governance.committee.decision import (
    Decision,
    VariableDecision,
    VotesSummary,
    can_build_on,
    check_about,
    check_says_yes,
    headline,
)
from commonweal.governance.committee.outcome import Deadlocked, NotQuorate, decide
from commonweal.governance.committee.recount import Evidence, check_recount
from commonweal.governance.committee.vocabulary import OUTCOMES
from commonweal.governance.committee.votes import Question
from commonweal.papers.base import PaperInvalid
from tests.unit.governance.committee.support import (
    ASKED,
    GRANTED,
    MEETING,
    OTHER,
    SEATS,
    VERSION,
    ballot,
    case,
    declared,
    everyone_free,
    membership,
    refusing,
    rules,
    seat,
    vote,
)

END = MEETING + timedelta(hours=2)
SIX = ("chair", "doctor", "nurse", "lay1", "lay2", "lay3")


def six(verdict: str = "approve", **others: str) -> list[Any]:
    return [vote(person, others.get(person, verdict)) for person in SIX]  # type: ignore[arg-type]


def made(votes: list[Any] | None = None, **changes: Any) -> Decision:
    about = case(**changes)
    cast = ballot(votes or six(), route=about.route)
    return decide(about, cast, rules(), membership(), END)


def refused(what: Any) -> str:
    with pytest.raises(Refused) as caught:
        what()
    assert caught.value.sentence.endswith(".")
    return caught.value.code


def test_a_decision_holds_what_was_decided() -> None:
    found = made()
    assert found.outcome == "approve"
    assert found.votes == VotesSummary(approve=6, lay=3)
    assert (found.round, found.by_deadlock, found.route) == (1, False, "committee")
    assert found.rules_digest == rules().digest()
    assert found.variables == GRANTED
    assert (found.struck, dict(found.coarser)) == ((), {"patients.birth_date": "year"})
    assert found.dissent == ()
    assert Decision.read(found.plain(), "decision") == found
    assert headline(found) == (
        "The application was approved on 9 June 2026, by 6 votes, 3 of them by lay members."
    )


def test_no_name_of_a_member_is_in_it() -> None:
    text = str(made(six(), declarations=[*everyone_free(), declared("lay4", "money")]).published())
    assert not [person for person in SEATS if person in text]


def test_who_took_no_part_is_counted_as_such() -> None:
    conflicts = [*everyone_free(), declared("lay4", "money"), declared("nobody_here", "money")]
    found = made(declarations=conflicts, involved=["statistician", "applicant"])
    assert found.votes.excluded == 2


def test_conditions_and_their_absence() -> None:
    with_condition = six(nurse="approve_with_conditions")
    found = made(with_condition, conditions=("Publish the results.",))
    assert found.outcome == "approve_with_conditions"
    assert refused(lambda: made(with_condition)) == "CW-DECISION-INVALID"
    assert refused(lambda: made(conditions=("Be good.",))) == "CW-DECISION-INVALID"


@pytest.mark.parametrize("outcome", ["resubmit", "reject"])
def test_a_no_grants_nothing(outcome: str) -> None:
    found = decide(refusing(), ballot(six(outcome)), rules(), membership(), END)
    assert (found.outcome, found.variables, found.conditions) == (outcome, (), ())
    for more in ({"variables": GRANTED}, {"conditions": ("x",)}, {"until": date(2027, 1, 1)}):
        wrong = refusing(**more)
        assert refused(
            lambda w=wrong: decide(w, ballot(six(outcome)), rules(), membership(), END)  # type: ignore[misc]
        ) == "CW-DECISION-INVALID"  # fmt: skip


def test_each_variable_needs_its_own_answer() -> None:
    refuse_one = VariableDecision(dataset="hospital", table="patients", variable="sex",
                                  verdict="refused", reason="Not needed.")  # fmt: skip
    found = made(variables=(refuse_one, GRANTED[1]))
    assert found.struck == ("patients.sex",)
    none = tuple(
        one.model_copy(update={"verdict": "refused", "form": None, "reason": "No."})
        for one in GRANTED
    )
    extra = VariableDecision(dataset="hospital", table="patients", variable="postcode",
                             verdict="granted")  # fmt: skip
    for wrong in ((), GRANTED[:1], (*GRANTED, extra), none):
        assert refused(lambda wrong=wrong: made(variables=wrong)) == "CW-DECISION-INVALID"  # type: ignore[misc]


def test_dissent_is_kept_without_saying_whose() -> None:
    votes = six(nurse="reject")
    votes[2] = vote("nurse", "reject", reasons="Too many dates.")
    majority = rules(decision_rule="majority")
    found = decide(case(), ballot(votes), majority, membership(), END)
    assert (found.outcome, found.dissent) == ("approve", ("Too many dates.",))


def test_a_deadlock_is_a_refusal_and_then_a_rule() -> None:
    votes = six(lay1="reject")
    with pytest.raises(Deadlocked, match="5 for and 1 against"):
        made(votes)
    again = [one.model_copy(update={"round": 2}) for one in votes]
    last = ballot(again, round=2)
    found = decide(refusing(), last, rules(), membership(), END)
    assert (found.outcome, found.by_deadlock, found.round) == ("resubmit", True, 2)
    assert len(found.dissent) == 5
    assert refused(lambda: decide(case(), last, rules(), membership(), END)) == (
        "CW-DECISION-INVALID"
    )


def test_a_yes_in_a_round_that_the_rules_do_not_have_is_none() -> None:
    for round_ in (1, 2, 3, 5):
        votes = [one.model_copy(update={"round": round_}) for one in six()]
        box = ballot(votes, round=round_)
        if round_ <= rules().deadlock.rounds:
            assert decide(case(), box, rules(), membership(), END).says_yes
        else:
            code = refused(lambda b=box: decide(case(), b, rules(), membership(), END))  # type: ignore[misc]
            assert code == "CW-COMMITTEE-VOTE"


def test_a_vote_from_after_the_decision_never_counts() -> None:
    late = [*six()[1:], six()[0].model_copy(update={"at": END + timedelta(minutes=1)})]
    assert refused(lambda: made(late)) == "CW-COMMITTEE-VOTE"


@pytest.mark.parametrize(
    ("people", "said"),
    [
        (("chair", "doctor", "lay1", "lay2", "lay3"), "5 votes were cast, and the rules ask for 6"),
        (("doctor", "nurse", "statistician", "lay1", "lay2", "lay3"), "role chair of the"),
        (("chair", "doctor", "nurse", "statistician", "lay1", "lay2"), "lay member of the"),
        (("chair", "doctor", "nurse", "statistician", "lay1", "lay2", "lay3"), "3 of 7 votes were"),
        (("chair",), "1 vote was cast"),
    ],
)  # fmt: skip
def test_too_few_votes(people: tuple[str, ...], said: str) -> None:
    with pytest.raises(NotQuorate, match=said):
        made([vote(person, "approve") for person in people])


def test_a_conflicted_vote_never_counts() -> None:
    others = [one for one in everyone_free() if one.person != "lay1"]
    before = [*others, declared("lay1", "money")]
    assert refused(lambda: made(declarations=before)) == "CW-COMMITTEE-CONFLICT"
    assert refused(lambda: made(involved=["lay1"])) == "CW-COMMITTEE-CONFLICT"


EIGHT = (*SIX, "statistician", "lay4")


@pytest.mark.parametrize("gone", [(), ("lay1",), ("lay1", "doctor"), ("chair",), ("lay1", "lay2"),
                                  ("doctor", "nurse", "statistician")])  # fmt: skip
@pytest.mark.parametrize("no", [(), ("lay1",), ("doctor", "lay2")])
def test_a_vote_is_set_aside_by_a_conflict_that_comes_later(
    gone: tuple[str, ...], no: tuple[str, ...]
) -> None:
    """As if those members had never voted: the same votes without them make the same decision."""
    votes = [vote(who, "reject" if who in no else "approve") for who in EIGHT]
    left = [one for one in votes if one.person not in gone]
    declarations = [*everyone_free(), *(declared(who, "money", at=END) for who in gone)]
    says_no = bool({one.person for one in left} & set(no))
    more: Any = {"variables": ()} if says_no else {}

    def both(cast: list[Any]) -> Any:
        try:
            return made(cast, declarations=declarations, **more)
        except Refused as error:
            return (error.code, error.sentence)

    assert both(votes) == both(left)
    found = both(votes)
    if isinstance(found, Decision):
        assert found.votes.cast == 8 - len(gone)
        assert found.votes.excluded == len(gone)


def test_setting_aside_keeps_the_quorum() -> None:
    """Six must vote: with one of six set aside nothing is decided."""
    after = declared("lay1", "family_or_friend", at=END)
    assert refused(lambda: made(declarations=[*everyone_free(), after])) == "CW-COMMITTEE-QUORUM"


def test_a_vote_that_was_set_aside_leaves_no_dissent_behind() -> None:
    votes = [vote(who, "reject" if who == "doctor" else "approve") for who in EIGHT[:6]]
    votes += [vote("statistician", "approve")]
    after = declared("doctor", "rival", at=END)
    found = made(votes, declarations=[*everyone_free(), after])
    assert (found.outcome, found.dissent, found.votes.reject) == ("approve", (), 0)


def test_a_vote_without_a_declaration_never_counts() -> None:
    others = [one for one in everyone_free() if one.person != "nurse"]
    about_another = declared("nurse", version=OTHER)
    too_late = declared("nurse", at=END)
    for more in ([], [about_another], [too_late]):
        assert refused(lambda m=more: made(declarations=[*others, *m])) == (  # type: ignore[misc]
            "CW-COMMITTEE-DECLARATION"
        )


def test_a_vote_by_somebody_without_that_seat_never_counts() -> None:
    stranger = vote("stranger", "approve", role="committee_lay")
    declarations = [*everyone_free(), declared("stranger")]
    assert refused(lambda: made([*six(), stranger], declarations=declarations)) == (
        "CW-COMMITTEE-MEMBER"
    )
    as_lay = vote("doctor", "approve", role="committee_lay")
    assert refused(lambda: made([as_lay, *(v for v in six() if v.person != "doctor")])) == (
        "CW-COMMITTEE-MEMBER"
    )
    ended = membership(seat("lay5", "committee_lay", last_day=date(2026, 6, 8)))
    too_late = [*six(), vote("lay5", "approve", role="committee_lay")]
    declarations = [*everyone_free(), declared("lay5")]
    assert (
        refused(
            lambda: decide(case(declarations=declarations), ballot(too_late), rules(), ended, END)
        )
        == "CW-COMMITTEE-MEMBER"
    )


@pytest.mark.parametrize(
    "terms",
    [
        [(date(2023, 6, 9), None)],  # three years to the day before the meeting
        [(date(2023, 6, 9), date(2030, 1, 1))],
        [(date(2019, 1, 1), date(2020, 1, 1)), (date(2021, 1, 1), date(2022, 1, 1)),
         (date(2026, 1, 1), date(2027, 1, 1))],
    ],
)  # fmt: skip
def test_a_vote_from_a_term_against_the_rules_never_counts(terms: list[Any]) -> None:
    mine = [seat("lay5", "committee_lay", first_day=a, last_day=b) for a, b in terms]
    votes = [*six(), vote("lay5", "approve", role="committee_lay")]
    declarations = [*everyone_free(), declared("lay5")]
    trying = case(declarations=declarations)
    assert refused(lambda: decide(trying, ballot(votes), rules(), membership(*mine), END)) == (
        "CW-COMMITTEE-MEMBERSHIP"
    )
    fine = membership(seat("lay5", "committee_lay", first_day=date(2023, 6, 10), last_day=None))
    assert decide(trying, ballot(votes), rules(), fine, END).votes.lay == 4


def test_the_ballot_must_be_over_and_about_this_version() -> None:
    still = ballot(six(), eligible=(*SIX, "lay4"), closed_at=None)
    assert refused(lambda: decide(case(), still, rules(), membership(), END)) == "CW-COMMITTEE-VOTE"
    asked = Question(question=1, id="q1", person="lay1", version_digest=VERSION, asked_at=MEETING)
    stopped = ballot(six(), questions=(asked,))
    assert refused(lambda: decide(case(), stopped, rules(), membership(), END)) == (
        "CW-COMMITTEE-QUESTION"
    )
    elsewhere = case(version_digest=OTHER, declarations=[declared(p, version=OTHER) for p in SEATS])
    assert refused(lambda: decide(elsewhere, ballot(six()), rules(), membership(), END)) == (
        "CW-DECISION-OTHER"
    )


# --- other routes ---------------------------------------------------------------------------------

SHORT = [vote(person, "approve") for person in ("chair", "doctor", "lay1", "lay2")]
ALL_MET = tuple(rules().proportionate.conditions)


def test_the_short_route_needs_all_its_conditions() -> None:
    found = made(SHORT, route="proportionate", met=ALL_MET)
    assert (found.route, found.votes.cast) == ("proportionate", 4)
    for missing in ALL_MET:
        met = [one for one in ALL_MET if one != missing]
        assert refused(lambda m=met: made(SHORT, route="proportionate", met=m)) == (  # type: ignore[misc]
            "CW-COMMITTEE-ROUTE"
        )
    none = rules(proportionate__conditions=[])
    short = case(route="proportionate", met=ALL_MET)
    assert refused(lambda: decide(short, ballot(SHORT), none, membership(), END)) == (
        "CW-COMMITTEE-ROUTE"
    )


def test_who_disagree_on_the_short_route_pass_it_on() -> None:
    for verdict in ("resubmit", "reject"):
        votes = [*SHORT[:3], vote("lay2", verdict)]  # type: ignore[arg-type]
        with pytest.raises(Deadlocked, match="the whole committee decides"):
            made(votes, route="proportionate", met=ALL_MET)
    with pytest.raises(NotQuorate):
        made(SHORT[:3], route="proportionate", met=ALL_MET)
    experts = [*SHORT[:3], vote("nurse", "approve")]
    with pytest.raises(NotQuorate, match="by lay members"):
        made(experts, route="proportionate", met=ALL_MET)


def test_the_chair_acts_only_as_the_rules_say() -> None:
    earlier = made(six(nurse="approve_with_conditions"), conditions=("Publish.",))
    two = [vote("chair", "approve"), vote("lay1", "approve")]
    acting = {"route": "chair", "chairs_reason": "conditions_met", "earlier": earlier}
    assert made(two, **acting).votes.cast == 2
    assert refused(lambda: made(two, **{**acting, "chairs_reason": None})) == "CW-COMMITTEE-ROUTE"
    assert refused(lambda: made(two, **{**acting, "earlier": None})) == "CW-COMMITTEE-ROUTE"
    emergency = {**acting, "chairs_reason": "public_health_emergency"}
    assert refused(lambda: made(two, **emergency)) == "CW-COMMITTEE-ROUTE"
    for people in (("lay1", "lay2"), ("chair", "doctor"), ("chair",)):
        with pytest.raises(NotQuorate):
            made([vote(person, "approve") for person in people], **acting)
    with pytest.raises(Deadlocked):
        made([two[0], vote("lay1", "reject")], **acting)


def test_the_chair_never_grants_more_than_the_committee_did() -> None:
    strike = VariableDecision(dataset="hospital", table="patients", variable="sex",
                              verdict="refused", reason="Not needed.")  # fmt: skip
    some = (strike, GRANTED[1])
    soon = date(2027, 1, 1)
    conditional = {"conditions": ("Publish.",), "variables": some, "until": soon}
    earlier = made(six(nurse="approve_with_conditions"), **conditional)
    two = [vote("chair", "approve"), vote("lay1", "approve")]
    acting: dict[str, Any] = {
        "route": "chair", "chairs_reason": "conditions_met", "earlier": earlier,
        "variables": some, "until": soon,
    }  # fmt: skip
    assert made(two, **acting).struck == ("patients.sex",)
    other = earlier.model_copy(update={"application": "application-9"})
    plain = made(variables=some, until=soon)
    emergency = "public_health_emergency"
    for more in (
        {"variables": GRANTED},
        {"variables": GRANTED, "chairs_reason": emergency},
        {"until": None},
        {"until": soon + timedelta(days=1)},
        {"earlier": other},
        {"earlier": plain},  # the committee set no conditions
        {"earlier": earlier.model_copy(update={"variables": (GRANTED[1],)}), "variables": GRANTED},
    ):
        trying = case(**{**acting, **more})
        allowed = rules(chairs_action__allowed_for=["conditions_met", emergency])
        assert (
            refused(
                lambda t=trying, r=allowed: decide(t, ballot(two), r, membership(), END)  # type: ignore[misc]
            )
            == "CW-COMMITTEE-ROUTE"
        ), more


def test_the_chair_gives_nothing_in_a_finer_form() -> None:
    earlier = made(six(nurse="approve_with_conditions"), conditions=("Publish.",))
    sex, born = GRANTED
    plain = {name: said for name, said in born.plain().items() if name not in ("form", "reason")}
    exact = VariableDecision.read(plain | {"verdict": "granted"}, "What was decided")
    two = ballot([vote("chair", "approve"), vote("lay1", "approve")])
    acting: dict[str, Any] = {
        "route": "chair", "chairs_reason": "conditions_met", "earlier": earlier,
    }  # fmt: skip
    finer = case(**acting, variables=(sex, exact))
    assert refused(lambda: decide(finer, two, rules(), membership(), END)) == "CW-COMMITTEE-ROUTE"


@pytest.mark.parametrize("outcome", ["resubmit", "reject"])
def test_the_chair_never_turns_a_no_into_a_yes(outcome: str) -> None:
    no = decide(refusing(), ballot(six(outcome)), rules(), membership(), END)
    two = [vote("chair", "approve"), vote("lay1", "approve")]
    allowed = rules(chairs_action__allowed_for=["conditions_met", "public_health_emergency"])
    for reason in ("conditions_met", "public_health_emergency"):
        trying = case(route="chair", chairs_reason=reason, earlier=no)
        assert (
            refused(
                lambda t=trying: decide(t, ballot(two), allowed, membership(), END)  # type: ignore[misc]
            )
            == "CW-COMMITTEE-ROUTE"
        )


# --- nobody else approves -------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_officers_build_on_a_yes_only(outcome: str) -> None:
    condition = ("Publish.",) if outcome == "approve_with_conditions" else ()
    making = case(conditions=condition) if outcome.startswith("approve") else refusing()
    found = decide(making, ballot(six(outcome)), rules(), membership(), END)
    assert can_build_on(found) is outcome.startswith("approve")
    if outcome.startswith("approve"):
        check_says_yes(found)
    else:
        with pytest.raises(Refused, match="Nobody else can approve it") as caught:
            check_says_yes(found)
        assert caught.value.code == "CW-DECISION-REFUSED"


def test_a_decision_is_about_one_version() -> None:
    check_about(made(), VERSION)
    assert refused(lambda: check_about(made(), OTHER)) == "CW-DECISION-OTHER"


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": "approve_with_conditions"},
        {"conditions": ["x"]},
        {"outcome": "reject"},
        {"variables": []},
        {"variables": [GRANTED[0].plain(), GRANTED[0].plain()]},
        {"by_deadlock": True},
        {"replaces": "app-1.d1"},
        {"reasons": []},
        {"summary": " "},
        {"votes": {"approve": 1, "lay": 2}},
        {"version_digest": "1a"},
        {"outcome": "maybe"},
        {"note": "hello"},
        {"variables": [{**GRANTED[1].plain(), "form": "no_such_form"}]},
        {"variables": [{**GRANTED[1].plain(), "reason": None}]},
        {"variables": [{**GRANTED[1].plain(), "form": None}]},
        {"variables": [{**GRANTED[0].plain(), "form": "year"}]},
        {"variables": [{**GRANTED[0].plain(), "verdict": "refused"}]},
    ],
)  # fmt: skip
def test_a_decision_that_does_not_hang_together_cannot_exist(changes: dict[str, Any]) -> None:
    with pytest.raises(PaperInvalid):
        Decision.read({**made().plain(), **changes}, "decision")


# --- counting again -------------------------------------------------------------------------------


def evidence(**changes: Any) -> Evidence:
    fields: dict[str, Any] = {"votes": six(), "declarations": everyone_free(), "involved": (),
                              "asked": ASKED}  # fmt: skip
    return Evidence(**{**fields, **changes})


def test_counting_again_finds_the_same() -> None:
    check_recount(made(), evidence(), rules(), membership())
    check_recount(made(), evidence(votes=six()[::-1]), rules(), membership())


@pytest.mark.parametrize(
    ("changes", "more", "code"),
    [
        ({}, {"votes": six(lay1="reject")}, "CW-COMMITTEE-DEADLOCK"),
        ({}, {"votes": six("reject")}, "CW-DECISION-INVALID"),
        ({}, {"votes": six()[:5]}, "CW-COMMITTEE-QUORUM"),
        ({}, {"votes": []}, "CW-COMMITTEE-QUORUM"),
        ({}, {"votes": [*six()[:5], vote("lay3", "approve", at=END + timedelta(1))]},
         "CW-COMMITTEE-VOTE"),
        ({}, {"involved": ["lay1"]}, "CW-COMMITTEE-CONFLICT"),
        ({}, {"declarations": []}, "CW-COMMITTEE-DECLARATION"),
        ({}, {"asked": ASKED[:1]}, "CW-DECISION-INVALID"),
        ({"votes": VotesSummary(approve=7, lay=4)}, {}, "CW-DECISION-INVALID"),
        ({"dissent": ("I said no.",)}, {}, "CW-DECISION-INVALID"),
        ({"rules_digest": OTHER}, {}, "CW-DECISION-OTHER"),
        ({"rules_version": 2}, {}, "CW-DECISION-INVALID"),
    ],
)  # fmt: skip
def test_a_decision_that_its_votes_do_not_make_is_found(
    changes: dict[str, Any], more: dict[str, Any], code: str
) -> None:
    given = made().model_copy(update=changes)
    assert refused(
        lambda: check_recount(given, evidence(**more), rules(), membership())
    ) == code  # fmt: skip


# --- calling in -----------------------------------------------------------------------------------


def test_any_member_can_call_in_what_was_decided_out_of_committee() -> None:
    short = made(SHORT, route="proportionate", met=ALL_MET)
    for person in SEATS:
        check_call_in(short, membership(), person, END, permit_made=False)
    for decision, person, permit, code in (
        (short, "stranger", False, "CW-COMMITTEE-MEMBER"),
        (short, "lay1", True, "CW-COMMITTEE-ROUTE"),
        (made(), "lay1", False, "CW-COMMITTEE-ROUTE"),
    ):
        assert refused(
            lambda d=decision, p=person, m=permit: check_call_in(  # type: ignore[misc]
                d, membership(), p, END, permit_made=m
            )
        ) == code  # fmt: skip


@pytest.mark.parametrize(
    "texts",
    [
        {"summary": " "},
        {"summary": "x" * 20_001},
        {"reasons": ()},
        {"reasons": ("\x00",)},
        {"id": "a b"},
        {"application": ""},
        {"version_number": 0},
        {"replaces": "app-1.d1"},
        {"reasons": ("\u202eturned round",)},
    ],
)
def test_a_text_that_cannot_be_is_told_by_its_field(texts: dict[str, Any]) -> None:
    with pytest.raises(PaperInvalid) as caught:
        made(**texts)
    assert caught.value.code == "CW-DECISION-INVALID"
    assert not [
        text for text in texts.values() if str(text).strip() and str(text) in caught.value.sentence
    ]


@pytest.mark.parametrize(
    "votes",
    [[*six(), six()[0]], [*six()[:5], vote("lay3", "approve", version_digest=OTHER)],
     [*six()[:5], vote("lay3", "approve", round=2)]],
)  # fmt: skip
def test_votes_that_do_not_belong_together_are_not_counted_again(votes: list[Any]) -> None:
    with pytest.raises(PaperInvalid) as caught:
        check_recount(made(), evidence(votes=votes), rules(), membership())
    assert caught.value.code == "CW-COMMITTEE-VOTE"
