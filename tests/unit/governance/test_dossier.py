"""The dossier: one that is right is believed, and every single thing that can be wrong is seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from commonweal.foundation.canonical import canonical, digest
from commonweal.foundation.errors import CommonwealError
from commonweal.governance.dossier import Dossier, check_dossier
from commonweal.governance.dossier.checking import GOOD_FOR
from commonweal.papers.act_records import ActRecords
from commonweal.papers.acts import SignedAct
from commonweal.papers.permit import PermitDraft
from tests import factories, people
from tests.dossiers import DPIA, Desk, Rules

MINUTE = timedelta(minutes=1)


def refused(code: str, desk: Desk, **changes: Any) -> None:
    with pytest.raises(CommonwealError) as caught:
        desk.judge(**changes)
    assert caught.value.code == code, caught.value.sentence


# --- one that is right --------------------------------------------------------------------------


def test_a_dossier_that_is_right_gives_the_draft_to_sign() -> None:
    desk = Desk().complete()
    judged = desk.judge()
    assert judged.draft == PermitDraft.read(desk.draft, "x")
    assert judged.draft.conditions == ("Publish it.",)
    assert set(judged.acts) == {one.act.id for one in desk.acts}
    assert judged.digest == desk.dossier().digest()
    same = check_dossier(
        desk.dossier(), desk.history, factories.trust(), Rules(), factories.catalogue(), desk.now,
        home=people.HOME, records=ActRecords.of(desk.records.values()),
    )  # fmt: skip
    assert same == judged.draft


def test_one_about_ai_with_its_assessment() -> None:
    assert Desk(ai=True).complete().judge().draft.aia_hash


def test_it_reads_back_from_its_bytes_and_from_no_others() -> None:
    dossier = Desk().complete().dossier()
    assert Dossier.load(dossier.canonical()) == dossier
    plain = dossier.plain()
    for wrong in (
        plain | {"more": 1}, plain | {"acts": []}, plain | {"votes": []},
        {key: value for key, value in plain.items() if key != "decision"},
        plain | {"dossier": 2}, plain | {"version": [1]}, [], "x",
    ):  # fmt: skip
        with pytest.raises(CommonwealError, match="CW-DOSSIER-INVALID"):
            Dossier.load(json.dumps(wrong).encode())
    with pytest.raises(CommonwealError, match="CW-DOSSIER-INVALID"):
        Dossier.load(canonical(plain | {"assessment": None}))
    with pytest.raises(CommonwealError):
        Dossier.load(canonical(plain)[:-1])
    with pytest.raises(CommonwealError, match="CW-JSON-INVALID"):
        Dossier.load(canonical(plain)[:-1] + b',"home":"other"}')


# --- one thing wrong ----------------------------------------------------------------------------


def after_votes(change: Callable[[Desk], object]) -> Desk:
    desk = Desk()
    desk.review()
    change(desk)
    desk.finish()
    return desk


def at_the_end(change: Callable[[Desk], object]) -> Desk:
    desk = Desk().complete()
    change(desk)
    return desk


def without(kind: str, who: str | None = None) -> Callable[[Desk], None]:
    """An act that was never made."""

    def change(desk: Desk) -> None:
        gone = [a for a in desk.acts if a.act.kind == kind and who in (None, a.act.actor)]
        assert gone
        for one in gone:
            desk.acts.remove(one)
            del desk.records[one.act.id]
            for parts in (desk.votes, desk.declarations):
                parts[:] = [part for part in parts if digest(part) != one.act.content]

    return change


def dropped(kind: str, who: str) -> Callable[[Desk], None]:
    """An act that was left out of the dossier, with what belongs to it; the ledger knows it."""

    def change(desk: Desk) -> None:
        known = dict(desk.records)
        without(kind, who)(desk)
        desk.records = known

    return change


WRONG: dict[str, tuple[str, Callable[[], Desk]]] = {
    "another home": ("CW-ACT-OTHER-HOME", lambda: Desk(home="home-2").complete()),
    "version changed after the votes": (
        "CW-DOSSIER-DIGEST", lambda: at_the_end(lambda d: d.version.update(number=2)),
    ),
    "decision changed after the chair": (
        "CW-DOSSIER-DIGEST", lambda: at_the_end(lambda d: d.decision.update(reasons=["None."])),
    ),
    "agreement changed after it was accepted": (
        "CW-DOSSIER-DIGEST", lambda: at_the_end(lambda d: d.agreement.update(clauses=[])),
    ),
    "draft changed after the officers": (
        "CW-DOSSIER-DRAFT", lambda: at_the_end(lambda d: d.draft.update(holdout_share=0.05)),
    ),
    "a draft with one word more": (
        "CW-DOSSIER-DRAFT",
        lambda: at_the_end(lambda d: d.draft["project"].update(title="Another title")),
    ),
    "not sent": ("CW-DOSSIER-ACT-MISSING", lambda: at_the_end(without("send"))),
    "no declaration": ("CW-DOSSIER-CONFLICT", lambda: at_the_end(without("conflict", "lena"))),
    "no vote at all": ("CW-DOSSIER-INVALID", lambda: at_the_end(without("vote"))),
    "the chair did not sign": ("CW-DOSSIER-ACT-MISSING", lambda: at_the_end(without("decide"))),
    "no advice": ("CW-DOSSIER-ACT-MISSING", lambda: at_the_end(without("advise"))),
    "one side did not accept": (
        "CW-DOSSIER-ACT-MISSING", lambda: at_the_end(without("agree", "dean")),
    ),
    "the hospital did not accept": (
        "CW-DOSSIER-ACT-MISSING", lambda: at_the_end(without("agree", "signs")),
    ),
    "no Guardian": (
        "CW-DOSSIER-ACT-MISSING", lambda: at_the_end(without("countersign", "guardian")),
    ),
    "no SIRO": ("CW-DOSSIER-ACT-MISSING", lambda: at_the_end(without("countersign", "siro"))),
    "a vote left out": ("CW-DOSSIER-ACT-MISSING", lambda: at_the_end(dropped("vote", "luke"))),
    "a declaration left out": (
        "CW-DOSSIER-ACT-MISSING", lambda: at_the_end(dropped("conflict", "luke")),
    ),
    "a vote that nobody signed": (
        "CW-DOSSIER-DIGEST",
        lambda: at_the_end(lambda d: d.votes.append(dict(d.votes[0], person="siro"))),
    ),
    "a declaration that nobody signed": (
        "CW-DOSSIER-DIGEST",
        lambda: at_the_end(lambda d: d.declarations.append(dict(d.declarations[0], person="x"))),
    ),
    "the words of a vote changed": (
        "CW-DOSSIER-DIGEST", lambda: at_the_end(lambda d: d.votes[0].update(reasons="Other")),
    ),
    "an act twice": (
        "CW-DOSSIER-ACT-EXTRA", lambda: at_the_end(lambda d: d.acts.append(d.acts[0])),
    ),
    "an act that belongs in no dossier": (
        "CW-DOSSIER-ACT-EXTRA",
        lambda: at_the_end(lambda d: d.sign("siro", "revoke", "revoke", DPIA)),
    ),
    "an act about another application": (
        "CW-DOSSIER-ACT-EXTRA",
        lambda: at_the_end(lambda d: d.sign("dpo", "advise", "content", DPIA, subject="a-2")),
    ),
    "an act that the ledger never heard of": (
        "CW-ACT-NOT-RECORDED",
        lambda: at_the_end(lambda d: d.records.pop(d.acts[3].act.id)),
    ),
    "an act that was used": ("CW-ACT-USED", lambda: at_the_end(lambda d: d.use(d.acts[-1]))),
    "a vote after the decision": (
        "CW-DOSSIER-VOTE-TWICE", lambda: at_the_end(lambda d: d.vote("member")),
    ),
    "a vote after a conflict was declared": (
        "CW-DOSSIER-CONFLICT",
        lambda: after_votes(lambda d: (d.declare("member", "money"), d.vote("member"))),
    ),
    "a vote that should have been set aside was counted": (
        "CW-DOSSIER-OUTCOME", lambda: after_votes(lambda d: d.declare("member", "money")),
    ),
    "so many votes are set aside that no quorum is left": (
        "CW-DOSSIER-OUTCOME",
        lambda: after_votes(
            lambda d: [d.declare(who, "money") for who in ("chair", "member", "lena")]
        ),
    ),
    "every vote is set aside": (
        "CW-DOSSIER-ACT-MISSING",
        lambda: after_votes(
            lambda d: [d.declare(who, "money") for who in ("chair", "member", "lena", "luke")]
        ),
    ),
    "an officer refused": (
        "CW-DOSSIER-REFUSED",
        lambda: at_the_end(lambda d: d.countersign("guardian", verdict="refuse")),
    ),
    "an officer refused and it was left out": (
        "CW-DOSSIER-ACT-MISSING",
        lambda: at_the_end(lambda d: (d.countersign("guardian", verdict="refuse"), d.acts.pop())),
    ),
    "acceptances before the decision": ("CW-DOSSIER-ORDER", lambda: early("agree")),
    "countersigned before the agreement": ("CW-DOSSIER-ORDER", lambda: early("countersign")),
    "voted before it was sent": ("CW-DOSSIER-ORDER", lambda: early("vote", before="send")),
    "advice after the decision": (
        "CW-DOSSIER-ORDER", lambda: at_the_end(lambda d: d.advise("content_with_conditions")),
    ),
    "about AI, without an assessment": (
        "CW-DOSSIER-ASSESSMENT", lambda: ai(lambda d: setattr(d, "assessment", None)),
    ),
    "an assessment of something else": (
        "CW-DOSSIER-ASSESSMENT",
        lambda: ai(lambda d: d.assessment.update(version="a-2")),  # type: ignore[union-attr]
    ),
    "an assessment after the decision": (
        "CW-DOSSIER-ASSESSMENT",
        lambda: ai(lambda d: d.assessment.update(at="2026-03-09T00:00:00.000Z")),  # type: ignore[union-attr]
    ),
}  # fmt: skip


def early(kind: str, before: str = "decide") -> Desk:
    """The ledger heard of acts of a kind before another that they need."""
    desk = Desk().complete()
    first = next(one for one in desk.acts if one.act.kind == before)
    if kind == "countersign":
        first = next(one for one in desk.acts if one.act.kind == "agree")
    from dataclasses import replace

    from commonweal.papers.acts import Heard

    entry = desk.records[first.act.id].heard.entry
    for one in desk.acts:
        if one.act.kind == kind:
            record = desk.records[one.act.id]
            desk.records[one.act.id] = replace(record, heard=Heard(record.heard.at, entry - 1))
    return desk


def ai(change: Callable[[Desk], object]) -> Desk:
    desk = Desk(ai=True)
    desk.review()
    desk.decide()
    change(desk)
    desk.agree()
    desk.countersign()
    return desk


@pytest.mark.parametrize(("code", "make"), WRONG.values(), ids=WRONG.keys())
def test_one_thing_wrong(code: str, make: Callable[[], Desk]) -> None:
    refused(code, make())


# --- committee ----------------------------------------------------------------------------------


def test_what_the_votes_make_is_counted_anew() -> None:
    desk = Desk()
    desk.review("chair", "lena", "luke")
    desk.vote("luke", "reject")  # changed while votes were not all known
    desk.finish()
    refused("CW-DOSSIER-VOTE-TWICE", desk)
    desk = Desk()
    desk.send()
    desk.advise()
    for who in ("chair", "lena"):
        desk.declare(who)
    desk.vote("chair")
    desk.vote("lena", "reject")
    desk.finish()
    refused("CW-DOSSIER-OUTCOME", desk)


def test_a_vote_may_be_changed_while_votes_are_blind() -> None:
    desk = Desk()
    desk.send()
    desk.advise()
    for who in ("chair", "lena"):
        desk.declare(who)
    desk.vote("chair", "reject")
    desk.vote("chair", "approve")
    desk.vote("lena")
    desk.finish()
    assert desk.judge()


def test_a_vote_of_an_earlier_round_does_not_count() -> None:
    desk = Desk()
    desk.send()
    desk.advise()
    for who in ("chair", "lena"):
        desk.declare(who)
    desk.vote("chair")
    desk.vote("lena", "reject")
    for who in ("chair", "lena"):
        desk.vote(who, round_=2)
    desk.finish()
    assert desk.judge()
    # Leaving the first round out is seen.
    dropped("vote", "lena")(desk)
    refused("CW-DOSSIER-ACT-MISSING", desk)


def test_who_said_no_is_not_left_out_of_the_next_round() -> None:
    desk = Desk()
    desk.send()
    desk.advise()
    for who in ("chair", "lena", "member", "luke"):
        desk.declare(who)
    for who in ("chair", "lena"):
        desk.vote(who)
    for who in ("member", "luke"):
        desk.vote(who, "reject")
    for who in ("chair", "lena"):
        desk.vote(who, round_=2)
    desk.decide(votes={"cast": 2, "lay": 1})
    desk.agree()
    desk.countersign()
    refused("CW-DOSSIER-ACT-MISSING", desk)


def test_quorum_and_lay_share_are_of_the_roster() -> None:
    desk = Desk()
    desk.review("chair", "member", "lena")
    desk.finish()
    refused("CW-DOSSIER-OUTCOME", desk)
    alone = Desk()
    alone.review("lena")
    alone.finish()
    refused("CW-DOSSIER-OUTCOME", alone)


def test_a_decision_that_says_no_makes_no_permit() -> None:
    desk = Desk()
    desk.send()
    desk.advise()
    for who in ("chair", "lena"):
        desk.declare(who)
        desk.vote(who, "reject")
    desk.decide("reject")
    desk.agree()
    desk.countersign()
    refused("CW-DOSSIER-OUTCOME", desk)


def test_the_chair_signed_another_outcome() -> None:
    desk = Desk()
    desk.review()
    desk.decide()
    desk.acts.pop()
    desk.sign("chair", "decide", "reject", digest(desk.decision))
    desk.agree()
    desk.countersign()
    with pytest.raises(CommonwealError):
        desk.judge()


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"decided_at": "2026-03-02T09:00:00.000Z"}, "CW-DOSSIER-ORDER"),
        ({"decided_at": "2026-03-09T09:00:00.000Z"}, "CW-DOSSIER-ORDER"),
        ({"application": "application-2"}, "CW-DOSSIER-DIGEST"),
        ({"version_digest": DPIA}, "CW-DOSSIER-DIGEST"),
        ({"votes": {"cast": 9, "lay": 9}}, "CW-DOSSIER-OUTCOME"),
    ],
)
def test_what_the_decision_says_of_itself(wrong: dict[str, Any], code: str) -> None:
    desk = Desk()
    desk.review()
    desk.decide(**wrong)
    desk.agree()
    desk.countersign()
    refused(code, desk)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"version_digest": DPIA}, "CW-DOSSIER-DIGEST"),
        ({"decision_digest": DPIA}, "CW-DOSSIER-DIGEST"),
        ({"signatories": {"signatory_applicant": ["applies"]}}, "CW-DOSSIER-SIDES"),
        ({"signatories": {"signatory_custodian": ["dean"]}}, "CW-DOSSIER-SIDES"),
    ],
)
def test_what_the_agreement_says_of_itself(wrong: dict[str, Any], code: str) -> None:
    desk = Desk()
    desk.review()
    desk.decide()
    desk.agree(**wrong)
    desk.countersign()
    refused(code, desk)


def test_a_hospitals_own_team_signs_once() -> None:
    def agreed(**signatories: list[str]) -> Desk:
        desk = Desk()
        desk.review()
        desk.decide()
        desk.agree(signatories=signatories)
        return desk

    desk = agreed(signatory_custodian=["signs"])
    gone = next(one for one in desk.acts if one.act.actor == "dean")
    desk.acts.remove(gone)
    del desk.records[gone.act.id]
    desk.countersign()
    assert desk.judge()
    desk = agreed(signatory_applicant=["dean"], signatory_custodian=["signs"])
    without("agree", "signs")(desk)
    desk.countersign()
    refused("CW-DOSSIER-ACT-MISSING", desk)


# --- sides --------------------------------------------------------------------------------------


def both(who: str, *roles: str) -> Any:
    """A roster in which one person holds several roles."""
    held = [{"role": role, "from": "2024-01-01"} for role in roles]
    everybody = [people.person(id_) for id_ in people.NAMES if id_ != who]
    one = people.person(who, roles=held, lay=False)
    return people.history(people.roster(people=[*everybody, one]))


def test_an_applicant_who_votes() -> None:
    desk = Desk()
    desk.version["involved"].append("member")
    desk.complete()
    refused("CW-DOSSIER-SIDES", desk)


def test_one_person_in_two_offices() -> None:
    desk = Desk(history=both("siro", "siro", "caldicott_guardian"))
    desk.review()
    desk.decide()
    desk.agree()
    desk.countersign("siro")
    desk.countersign("siro", role="caldicott_guardian")
    refused("CW-DOSSIER-SIDES", desk)


def test_an_officer_who_voted() -> None:
    desk = Desk(history=both("guardian", "caldicott_guardian", "committee_member"))
    desk.send()
    desk.advise()
    said = {"role": "committee_member"}
    for who in ("lena", "luke"):
        desk.declare(who)
        desk.vote(who)
    declared = {
        "person": "guardian", "version_digest": digest(desk.version), "conflicts": [],
        "at": "2026-03-02T09:00:00.000Z",
    }  # fmt: skip
    desk.declarations.append(declared)
    desk.sign(
        "guardian", "conflict", "none", digest(desk.version), content=digest(declared), **said
    )
    desk.vote("guardian", **said)
    desk.finish()
    refused("CW-DOSSIER-SIDES", desk)


def test_the_applicants_signatory_countersigns() -> None:
    desk = Desk(history=both("siro", "siro", "signatory_applicant"))
    desk.review()
    desk.decide()
    desk.agree()
    desk.acts = [a for a in desk.acts if a.act.actor != "dean"]
    desk.records = {a.act.id: desk.records[a.act.id] for a in desk.acts}
    desk.agreement["signatories"] = {
        "signatory_applicant": ["siro"], "signatory_custodian": ["signs"]
    }  # fmt: skip
    desk.acts = [a for a in desk.acts if a.act.kind != "agree"]
    desk.records = {a.act.id: desk.records[a.act.id] for a in desk.acts}
    for who, role in (("siro", "signatory_applicant"), ("signs", "signatory_custodian")):
        desk.sign(who, "agree", "accept", digest(desk.agreement), role=role)
    desk.draft["agreement_hash"] = digest(desk.agreement)
    desk.countersign()
    refused("CW-DOSSIER-SIDES", desk)


# --- time ---------------------------------------------------------------------------------------


def refusal_of_another(desk: Desk) -> SignedAct:
    return people.signed("guardian", "countersign", "refuse", factories.hash_of("old"), desk.now)


def test_a_refusal_after_the_decision_holds_whatever_it_was_about() -> None:
    desk = Desk()
    desk.review()
    desk.decide()
    desk.hear(refusal_of_another(desk))
    desk.agree()
    desk.countersign()
    refused("CW-DOSSIER-REFUSED", desk)


def test_a_refusal_before_the_decision_was_about_another_one() -> None:
    desk = Desk()
    desk.hear(refusal_of_another(desk))
    assert desk.complete().judge().draft


def test_countersignatures_do_not_count_for_ever() -> None:
    desk = Desk().complete()
    last = desk.now - MINUTE
    assert desk.judge(at=last + GOOD_FOR)
    refused("CW-DOSSIER-OLD", desk, at=last + GOOD_FOR + timedelta(seconds=1))


def test_nothing_comes_from_the_future() -> None:
    desk = Desk().complete()
    refused("CW-ACT-TIME", desk, at=desk.now - 5 * MINUTE)
