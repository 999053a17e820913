"""The roster: what one may hold, what may follow what, who signs it, and which counts when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.foundation.errors import CommonwealError
from commonweal.papers.base import PaperInvalid
from commonweal.papers.roster import Roster
from commonweal.papers.roster_change import (
    CHANGE,
    WITHDRAWAL,
    RosterWithdrawal,
    check_change,
    open_change,
    open_withdrawal,
)
from commonweal.papers.roster_history import RosterHistory, RosterVersion
from commonweal.papers.roster_words import changes_in_words, roster_in_words
from commonweal.papers.signing import sign_paper
from commonweal.papers.trust import TrustPolicy
from commonweal.papers.trust_history import TrustHistory, TrustView
from tests import factories, people

NOW = factories.NOW
DAY = timedelta(days=1)
HOLDERS = ("guardian", "siro", "dpo")


def policy(**changes: Any) -> TrustPolicy:
    roles = ["permit", "status", "manifest", "statement", "policy"]
    keys = [factories.key_data(name, roles=roles) for name in HOLDERS]
    thresholds = dict.fromkeys(roles, 1)
    return factories.trust(keys=keys, thresholds=thresholds, **changes)


def view(**changes: Any) -> TrustView:
    return TrustHistory.of(policy(**changes), NOW - 60 * DAY).view(NOW)


def gone(who: str, reason: str = "left", **more: Any) -> dict[str, Any]:
    material = people.software(who)["public_key"]
    return {"id": people.key_name(who), "material": material, "reason": reason, **more}


def follows(before: Roster, *without: str, **changes: Any) -> Roster:
    """The next roster, without some people; their keys are retired."""
    plain = {
        "version": before.version + 1, "previous": before.digest(),
        "proposed_at": "2026-03-01T09:00:00.000Z",
        "retired": [*(one.plain() for one in before.retired), *(gone(who) for who in without)],
    } | changes  # fmt: skip
    return people.roster(*without, **plain)


def refused(code: str, call: Callable[[], object]) -> None:
    with pytest.raises(CommonwealError) as caught:
        call()
    assert caught.value.code == code, caught.value.sentence


# --- what may follow what -----------------------------------------------------------------------

FIRST = people.roster()
LATER = follows(FIRST, "luke")


def check(before: Roster | None, after: Roster, number: int | None = None, **more: Any) -> None:
    known = {"home": people.HOME, "policy": policy()} | more
    check_change(before, after, number or after.version, known["home"], known["policy"])


def test_a_roster_and_the_one_after_it() -> None:
    check(None, people.roster(proposed_at="2026-03-01T09:00:00.000Z"))
    check(FIRST, LATER)
    check(LATER, follows(LATER, "luke", "member", retired=[gone("luke"), gone("member")]))


def with_keys(who: str, *keys: dict[str, Any]) -> list[dict[str, Any]]:
    """Everybody, one of them with other keys."""
    return [
        people.person(id_, credentials=list(keys)) if id_ == who else people.person(id_)
        for id_ in people.NAMES
    ]


NEW = people.software("thief", id="key-of-thief")
STOLEN = gone("luke", "compromised", since="2026-02-01T00:00:00.000Z")
WRONG: dict[str, Callable[[], object]] = {
    "another home": lambda: check(FIRST, LATER, home="home-2"),
    "another number": lambda: check(FIRST, LATER, 3),
    "made from another": lambda: check(people.roster("dean"), LATER),
    "from nothing, where there is one": lambda: check(
        FIRST, people.roster(version=1, proposed_at="2026-03-01T09:00:00.000Z"), 1
    ),
    "from something, where there is none": lambda: check(None, LATER, 2),
    "a first one with retired keys": lambda: check(
        None, people.roster("luke", retired=[gone("luke")])
    ),
    "software keys for real data": lambda: check(
        FIRST, LATER, policy=policy(home="standard", time_to_say_no_days=28)
    ),
    "a key left out and not retired": lambda: check(FIRST, follows(FIRST, "luke", retired=[])),
    "a key retired under another material": lambda: check(
        FIRST, follows(FIRST, "luke", retired=[gone("luke", material="A" * 43)])
    ),
    "a key that was never there": lambda: check(FIRST, follows(FIRST, retired=[gone("thief")])),
    "a retired key forgotten": lambda: check(LATER, follows(LATER, "luke", retired=[])),
    "a retired key said to be less": lambda: check(
        follows(FIRST, "luke", retired=[STOLEN]),
        follows(follows(FIRST, "luke", retired=[STOLEN]), "luke", retired=[gone("luke")]),
    ),
    "a key with other material": lambda: check(
        FIRST,
        follows(FIRST, people=with_keys(
            "luke", people.software("luke", public_key=people.software("thief")["public_key"])
        )),
    ),
    "a key with an earlier beginning": lambda: check(
        FIRST,
        follows(FIRST, people=with_keys(
            "luke", people.software("luke", valid_from="2019-01-01T00:00:00.000Z")
        )),
    ),
    "a key under another name": lambda: check(
        FIRST,
        follows(FIRST, people=with_keys("luke", people.software("luke", id="another-name")),
                retired=[]),
    ),
}  # fmt: skip


@pytest.mark.parametrize("call", WRONG.values(), ids=WRONG.keys())
def test_what_may_not_follow(call: Callable[[], object]) -> None:
    refused("CW-ROSTER-REFUSED", call)


def test_a_key_that_was_retired_cannot_come_back() -> None:
    with pytest.raises(PaperInvalid, match="cannot sign again"):
        people.roster(retired=[gone("luke")])
    with pytest.raises(PaperInvalid, match="cannot sign again"):
        people.roster("luke", retired=[gone("luke")], people=[
            people.person("lena", credentials=[people.software("luke", id="another")]),
        ])  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 1, "previous": "sha256:" + "0" * 64},
        {"version": 0},
        {"people": []},
        {"retired": [gone("luke"), gone("luke")], "people": [people.person("lena")]},
        {"retired": [gone("luke", "compromised")], "people": [people.person("lena")]},
        {"retired": [gone("luke", since="2026-01-01T00:00:00.000Z")],
         "people": [people.person("lena")]},
        {"site": {"rp_id": "sign.example", "origins": []}},
        {"site": {"rp_id": "sign.example", "origins": ["https://sign.example/path"]}},
        {"site": {"rp_id": "sign.example", "origins": ["https://evilsign.example"]}},
        {"site": {"rp_id": "SIGN.example", "origins": ["https://sign.example"]}},
        {"tokens": []},
    ],
)  # fmt: skip
def test_what_no_roster_can_be(changes: dict[str, Any]) -> None:
    with pytest.raises(PaperInvalid):
        people.roster(**changes)


@pytest.mark.parametrize(
    "name",
    [
        "Lena Lay", "lena  lay", "Iena Lay", "Lena\u00a0Lay", "Lena-Lay", "Lena\u2011Lay",
        "L\u0435na Lay", "L\u025bna Lay \u0430a", "Le'na Lay", "Le\u2019na Lay",
    ],
)  # fmt: skip
def test_nobody_stands_in_a_roster_twice_under_names_of_one_look(name: str) -> None:
    twin = people.person("luke", name=name)
    with pytest.raises(PaperInvalid):
        people.roster(people=[people.person("lena"), twin])


def test_people_of_other_names_stand_side_by_side() -> None:
    names = ("Zo\u00eb O'Neil", "Zo\u00eb O'Neal", "Anne-Marie Lee", "\u0410\u043d\u043d\u0430 Lee")
    listed = [people.person(id_, name=name) for id_, name in zip(people.NAMES, names, strict=False)]
    assert tuple(one.name for one in people.roster(people=listed).people) == names


# --- who signs it -------------------------------------------------------------------------------


def signed(roster: Roster, *names: str, at: Any = NOW) -> str:
    return sign_paper(CHANGE, roster.plain(), [factories.signer(name) for name in names], at)


def opened(text: str, **more: Any) -> Roster:
    known: dict[str, Any] = {
        "view": view(), "before": FIRST, "number": 2, "home": people.HOME, "at": NOW
    } | more  # fmt: skip
    return open_change(text, known.pop("view"), **known)


def test_two_people_sign() -> None:
    assert opened(signed(LATER, "guardian", "siro")) == LATER
    refused("CW-SIGNATURE-UNTRUSTED", lambda: opened(signed(LATER, "guardian")))
    refused("CW-SIGNATURE-UNTRUSTED", lambda: opened(signed(LATER, "guardian", "thief")))


def test_two_keys_of_one_person_are_one_person() -> None:
    roles = ["permit", "status", "manifest", "statement", "policy"]
    keys = [factories.key_data(name, roles=roles, holder="Dr One") for name in HOLDERS]
    alone = factories.trust(keys=keys, thresholds=dict.fromkeys(roles, 1))
    one = TrustHistory.of(alone, NOW - 60 * DAY).view(NOW)
    text = signed(LATER, "guardian", "siro")
    refused("CW-SIGNATURE-UNTRUSTED", lambda: opened(text, view=one))


def test_a_compromised_key_does_not_count() -> None:
    known = TrustView(policy(), {"siro": NOW - DAY})
    text = signed(LATER, "guardian", "siro")
    refused("CW-SIGNATURE-UNTRUSTED", lambda: opened(text, view=known))
    assert opened(signed(LATER, "guardian", "siro", "dpo"), view=known)


@pytest.mark.parametrize(
    ("at", "code"),
    [(NOW - 10 * DAY, "CW-ROSTER-REFUSED"), (NOW + timedelta(seconds=1), "CW-ROSTER-REFUSED")],
)
def test_signatures_out_of_time(at: Any, code: str) -> None:
    refused(code, lambda: opened(signed(LATER, "guardian", "siro", at=at)))


def test_a_proposal_lapses() -> None:
    text = signed(LATER, "guardian", "siro")
    late = NOW + 30 * DAY
    refused("CW-ROSTER-REFUSED", lambda: opened(text, at=late))
    assert opened(text, at=late, lapses=False) == LATER


def test_a_signature_on_a_policy_is_none_on_a_roster() -> None:
    signers = [factories.signer(name) for name in ("guardian", "siro")]
    text = sign_paper("commonweal-trust-policy+json", LATER.plain(), signers, NOW)
    refused("CW-SIGNATURE-INVALID", lambda: opened(text))


def test_a_withdrawal_is_about_one_version() -> None:
    def word(roster: Roster, *names: str, at: Any = NOW) -> str:
        paper = RosterWithdrawal(
            withdraw_roster=1, version=roster.version, roster_digest=roster.digest(), at=at
        )
        return sign_paper(WITHDRAWAL, paper.plain(), [factories.signer(name) for name in names], at)

    assert open_withdrawal(word(LATER, "dpo"), view(), LATER, NOW)
    refused("CW-ROSTER-REFUSED", lambda: open_withdrawal(word(FIRST, "dpo"), view(), LATER, NOW))
    refused(
        "CW-SIGNATURE-UNTRUSTED",
        lambda: open_withdrawal(word(LATER, "thief"), view(), LATER, NOW),
    )
    refused(
        "CW-ROSTER-REFUSED",
        lambda: open_withdrawal(word(LATER, "dpo", at=NOW + DAY), view(), LATER, NOW),
    )


# --- which counts when --------------------------------------------------------------------------

MOMENTS = st.integers(0, 40)


@given(
    st.lists(st.tuples(MOMENTS, st.integers(0, 5), st.booleans()), max_size=6),
    MOMENTS,
    st.one_of(st.none(), st.integers(0, 8)),
)
def test_the_roster_in_force_against_a_slow_twin(
    lives: list[tuple[int, int, bool]], now: int, entry: int | None
) -> None:
    """Versions in the order of the ledger, some withdrawn; the twin looks at each by itself."""
    versions: list[RosterVersion] = []
    at = 0
    for number, (gap, wait, withdrawn) in enumerate(lives, 1):
        at += gap
        when = NOW + at * timedelta(hours=1)
        previous = {} if number == 1 else {"previous": "sha256:" + "0" * 64}
        versions.append(
            RosterVersion(
                people.roster(version=number, **previous), when,
                when + wait * timedelta(hours=1), when if withdrawn else None, entry=number,
            )
        )  # fmt: skip
    known = RosterHistory(tuple(versions))
    moment = NOW + now * timedelta(hours=1)
    counts = [
        one.roster.version for one in versions
        if one.withdrawn_at is None and one.effective_from <= moment
        and (entry is None or one.entry < entry)
    ]  # fmt: skip
    if counts:
        assert known.at(moment, entry).version == counts[-1]
    else:
        refused("CW-ROSTER-NONE", lambda: known.at(moment, entry))
    assert known.next_number == len(versions) + 1


# --- in words -----------------------------------------------------------------------------------


def test_a_roster_and_a_change_in_words() -> None:
    told = "\n".join(roster_in_words(FIRST))
    assert "Luke Lay (luke), Wharfedale Hospital, a lay person: a lay member" in told
    lines = changes_in_words(FIRST, LATER)
    assert lines[0].startswith("No more: Luke Lay")
    assert lines[1] == "The credential key-of-luke signs no more: its holder signs no more."
    assert changes_in_words(FIRST, FIRST) == []
    assert changes_in_words(None, FIRST) == roster_in_words(FIRST)
    stays = [people.person(id_) for id_ in people.NAMES if id_ != "luke"]
    moved = follows(FIRST, people=[*stays, people.person("luke", organisation="Elsewhere")],
                    site=people.site())  # fmt: skip
    told = "\n".join(changes_in_words(FIRST, moved))
    assert "Changed: Luke Lay (luke), Elsewhere" in told
    assert "security keys for sign.wharfedale.example" in told
