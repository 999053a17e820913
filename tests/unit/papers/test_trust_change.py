"""Which trust policy may follow which, and who must have signed it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import CommonwealError
from commonweal.papers.base import PaperInvalid
from commonweal.papers.signing import add_signature, sign_paper
from commonweal.papers.trust import TrustPolicy
from commonweal.papers.trust_change import (
    CALLED,
    CHANGE,
    WITHDRAWAL,
    PolicyWithdrawal,
    check_change,
    open_change,
    open_withdrawal,
    read_policy,
)
from commonweal.papers.trust_history import TrustView
from commonweal.papers.trust_words import changes_in_words, policy_in_words
from tests import factories

NOW = factories.NOW
PEOPLE = ("guardian", "siro", "dpo")
WITH_POLICY = [*factories.ROLES, "policy"]


def first(*names: str, **changes: Any) -> TrustPolicy:
    """A first policy whose people hold every role; two must sign changes where two are there."""
    people = names or PEOPLE
    return factories.trust(
        *people,
        **{
            "keys": [factories.key_data(name, roles=WITH_POLICY) for name in people],
            "thresholds": dict.fromkeys(WITH_POLICY, 1),
            **changes,
        },
    )


def following(before: TrustPolicy, **changes: Any) -> dict[str, Any]:
    """The plain next version: the same, with these fields changed."""
    return before.plain() | {
        "version": before.number + 1,
        "previous": before.digest(),
        "proposed_at": stamp(NOW),
    } | changes  # fmt: skip


def without(before: TrustPolicy, name: str, **gone: Any) -> dict[str, Any]:
    """The next version without the key of `name`."""
    keys = [key for key in before.plain()["keys"] if key["id"] != name]
    return following(before, keys=keys, retired=[retired(name, **gone)])


def retired(name: str, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "public_key": factories.key_data(name)["public_key"],
        "reason": "left",
        **more,
    }


def signed(plain: dict[str, Any], *names: str, at: datetime = NOW) -> str:
    text = sign_paper(CHANGE, plain, [factories.signer(names[0])], at)
    for name in names[1:]:
        text = add_signature(text, CHANGE, factories.signer(name), at, CALLED)
    return text


def opened(before: TrustPolicy, plain: dict[str, Any], *names: str, **more: Any) -> TrustPolicy:
    at = more.pop("at", NOW)
    text = signed(plain, *names, at=more.pop("signed_at", at))
    return open_change(text, TrustView(before, **more), before.number + 1, at)


def test_two_people_change_a_policy() -> None:
    before = first()
    after = opened(before, following(before, hints_per_day=5), "guardian", "siro")
    assert (after.number, after.hints_per_day, after.previous) == (2, 5, before.digest())
    third = opened(after, without(after, "dpo"), "siro", "dpo")
    assert third.number == 3
    assert third.key("dpo") is None


# name: (what the next version is, why it is refused)
REFUSED: dict[str, tuple[Callable[[TrustPolicy], dict[str, Any]], str]] = {
    "a number is left out": (lambda b: following(b, version=3), "number 2"),
    "made from another policy": (lambda b: following(b, previous="sha256:" + "0" * 64), "another"),
    "a demonstration is promoted": (
        lambda b: following(b, home="standard", time_to_say_no_days=28), "demonstration home",
    ),
    "a key is forgotten": (
        lambda b: following(b, keys=b.plain()["keys"][:2]), "not among the retired",
    ),
    "a key gets other material": (
        lambda b: following(b, keys=[
            factories.key_data("guardian", roles=WITH_POLICY,
                               public_key=factories.key_data("thief")["public_key"]),
            *b.plain()["keys"][1:]]), "other material",
    ),
    "a key gets another holder": (
        lambda b: following(b, keys=[
            factories.key_data("guardian", roles=WITH_POLICY, holder="Somebody else"),
            *b.plain()["keys"][1:]]), "another holder",
    ),
    "a key begins earlier": (
        lambda b: following(b, keys=[
            factories.key_data("guardian", roles=WITH_POLICY,
                               valid_from="2019-01-01T00:00:00.000Z"),
            *b.plain()["keys"][1:]]), "another beginning",
    ),
    "a retired key has other material": (
        lambda b: following(b, keys=b.plain()["keys"][:2], retired=[
            retired("dpo", public_key=factories.key_data("thief")["public_key"])]),
        "not among the retired",
    ),
    "a stranger is retired": (
        lambda b: following(b, retired=[retired("stranger")]), "does not name",
    ),
    "the last holder of a role goes": (
        lambda b: following(b, keys=[
            factories.key_data(name, roles=[r for r in WITH_POLICY if r != "status"])
            for name in PEOPLE], thresholds={"permit": 1, "manifest": 1, "statement": 1,
                                             "policy": 1}), "role status",
    ),
    "the last holder runs out before it counts": (
        lambda b: following(b, keys=b.plain()["keys"] + [
            factories.key_data("new", roles=["status"],
                               valid_until="2026-03-02T08:00:00.000Z")],
            thresholds=b.plain()["thresholds"] | {"status": 4}), "role status",
    ),
    "one person would be left to change it": (
        lambda b: following(b, keys=[
            factories.key_data(name, roles=WITH_POLICY if name == "siro" else factories.ROLES)
            for name in PEOPLE]), "one person alone",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_may_not_follow_is_refused(name: str) -> None:
    before = first()
    make, why = REFUSED[name]
    with pytest.raises(CommonwealError, match=why) as caught:
        opened(before, make(before), "guardian", "siro")
    assert caught.value.code == "CW-TRUST-REFUSED"


INVALID: dict[str, dict[str, Any]] = {
    "a threshold that nobody can meet": {"thresholds": dict.fromkeys(WITH_POLICY, 4)},
    "one person with two keys": {
        "keys": [
            factories.key_data(f"key-{n}", holder="Dr A", roles=WITH_POLICY) for n in range(2)
        ],
        "thresholds": dict.fromkeys(WITH_POLICY, 2),
    },
    "one key under two names": {
        "keys": [
            factories.key_data("guardian", roles=WITH_POLICY),
            factories.key_data("again", public_key=factories.key_data("guardian")["public_key"]),
        ]
    },
    "a retired key that signs": {"retired": [retired("siro")]},
    "a retired key under another name": {"retired": [retired("siro", id="other")]},
    "a compromised key without a time": {"retired": [retired("x", reason="compromised")]},
    "a left key with a time": {"retired": [retired("x", since=stamp(NOW))]},
    "a version without a previous one": {"previous": None},
    "no version": {"version": None},
    "no log key that signs on": {
        "log_keys": [
            {
                "id": "l",
                "public_key": factories.key_data("l")["public_key"],
                "signs_until": stamp(NOW),
            }
        ]
    },
    "a log key that signs papers": {
        "log_keys": [{"id": "l", "public_key": factories.key_data("siro")["public_key"]}]
    },
}


@pytest.mark.parametrize("name", INVALID)
def test_what_cannot_be_a_policy_is_none(name: str) -> None:
    plain = following(first()) | INVALID[name]
    with pytest.raises(PaperInvalid):
        TrustPolicy.read({key: one for key, one in plain.items() if one is not None}, "x")


@pytest.mark.parametrize("hours", [0, 23])
def test_a_home_for_real_data_waits_at_least_a_day(hours: int) -> None:
    plain = following(first(home="standard", time_to_say_no_days=28), change_delay_hours=hours)
    with pytest.raises(PaperInvalid, match="24 hours"):
        TrustPolicy.read(plain, "x")


# who signs -> code; of three people who may, two must
SIGNERS: dict[tuple[str, ...], str | None] = {
    ("guardian", "siro"): None,
    ("dpo", "siro"): None,
    ("guardian", "siro", "dpo"): None,
    ("guardian",): "CW-SIGNATURE-UNTRUSTED",
    ("guardian", "stranger"): "CW-SIGNATURE-UNTRUSTED",
    ("stranger",): "CW-SIGNATURE-UNTRUSTED",
}


@pytest.mark.parametrize("names", SIGNERS)
def test_who_must_sign(names: tuple[str, ...]) -> None:
    before = first()
    if SIGNERS[names] is None:
        assert opened(before, following(before), *names).number == 2
        return
    with pytest.raises(CommonwealError) as caught:
        opened(before, following(before), *names)
    assert caught.value.code == SIGNERS[names]


def test_two_keys_of_one_person_are_one_person() -> None:
    keys = [
        factories.key_data("guardian", roles=WITH_POLICY, holder="Dr A"),
        factories.key_data("siro", roles=WITH_POLICY, holder="DR  A"),
        factories.key_data("dpo", roles=WITH_POLICY),
    ]
    before = first(keys=keys)
    with pytest.raises(CommonwealError, match="1 signature"):
        opened(before, following(before), "guardian", "siro")
    assert opened(before, following(before), "guardian", "dpo").number == 2


def test_a_key_that_only_signs_permits_changes_nothing() -> None:
    keys = [
        factories.key_data("guardian", roles=WITH_POLICY),
        factories.key_data("siro", roles=WITH_POLICY),
        factories.key_data("machine"),
    ]
    before = first(keys=keys)
    with pytest.raises(CommonwealError, match="CW-SIGNATURE-UNTRUSTED"):
        opened(before, following(before), "guardian", "machine")


def test_an_older_home_without_the_role_is_changed_by_those_who_sign_permits() -> None:
    alone = factories.trust("guardian")
    assert opened(alone, following(alone), "guardian").number == 2
    both = factories.trust("guardian", "siro")
    with pytest.raises(CommonwealError, match="2 are needed"):
        opened(both, following(both), "guardian")
    assert opened(both, following(both), "guardian", "siro").number == 2


def test_who_is_added_in_a_change_does_not_sign_it() -> None:
    before = first("guardian", "siro")
    plain = following(before, keys=[*before.plain()["keys"],
                                    factories.key_data("thief", roles=WITH_POLICY)])  # fmt: skip
    with pytest.raises(CommonwealError, match="CW-SIGNATURE-UNTRUSTED"):
        opened(before, plain, "guardian", "thief")


def test_a_key_that_the_change_calls_compromised_does_not_sign_it() -> None:
    before = first()
    plain = without(before, "dpo", reason="compromised", since=stamp(NOW))
    with pytest.raises(CommonwealError, match="1 signature"):
        opened(before, plain, "guardian", "dpo")
    assert opened(before, plain, "guardian", "siro").number == 2


def test_a_key_that_was_called_compromised_before_does_not_sign_it() -> None:
    before = first()
    with pytest.raises(CommonwealError, match="1 signature"):
        opened(before, following(before), "guardian", "dpo", compromised={"dpo": NOW})


@pytest.mark.parametrize(
    ("signed_at", "at"),
    [
        (NOW - timedelta(seconds=1), NOW),  # before it was proposed
        (NOW + timedelta(hours=1), NOW),  # after it was adopted
        (NOW, NOW + timedelta(days=31)),  # it lay about
        (NOW - timedelta(days=1), NOW - timedelta(days=1)),  # proposed in the future
    ],
)
def test_times_must_fit(signed_at: datetime, at: datetime) -> None:
    before = first()
    with pytest.raises(CommonwealError, match="CW-TRUST-REFUSED"):
        opened(before, following(before), "guardian", "siro", at=at, signed_at=signed_at)


def test_a_signature_for_another_kind_of_paper_does_not_count() -> None:
    before = first()
    people = [factories.signer("guardian"), factories.signer("siro")]
    text = sign_paper("commonweal-permit+json", following(before), people, NOW)
    with pytest.raises(CommonwealError, match="another kind of paper"):
        open_change(text, TrustView(before), 2, NOW)


def test_a_first_policy_is_no_change() -> None:
    with pytest.raises(CommonwealError, match="first policy"):
        read_policy(factories.trust().plain())


def test_retired_keys_are_never_forgotten_nor_excused() -> None:
    before = opened(first(), without(first(), "dpo"), "guardian", "siro")
    later = stamp(NOW + timedelta(hours=1))
    known = {"reason": "compromised", "since": stamp(NOW)}
    worse = TrustPolicy.read(following(before, retired=[retired("dpo", **known)]), "x")
    check_change(before, worse, 3)
    for gone in ([retired("dpo", reason="replaced")], [retired("dpo", id="dpo2")]):
        with pytest.raises(CommonwealError, match="CW-TRUST-REFUSED"):
            check_change(before, TrustPolicy.read(following(before, retired=gone), "x"), 3)
    for gone in ([retired("dpo")], [retired("dpo", reason="compromised", since=later)]):
        plain = following(worse, retired=gone)
        with pytest.raises(CommonwealError, match="forgotten, or said to be less"):
            check_change(worse, TrustPolicy.read(plain, "x"), 4)
    # Nor does its material come back under another name.
    back = [*before.plain()["keys"], factories.key_data("dpo", id="new", roles=["status"])]
    plain = following(before, keys=back)
    with pytest.raises(PaperInvalid, match="cannot sign again"):
        TrustPolicy.read(plain, "x")


def test_log_keys_end_earlier_and_never_later() -> None:
    def log(name: str, **more: Any) -> dict[str, Any]:
        return {"id": name, "public_key": factories.key_data(name)["public_key"], **more}

    until, sooner = stamp(NOW + timedelta(days=30)), stamp(NOW + timedelta(days=1))
    start = first()
    before = TrustPolicy.read(
        following(start, log_keys=[log("l1", signs_until=until), log("l2")]), "x"
    )
    check_change(start, before, 2)
    good = following(before, log_keys=[log("l1", signs_until=sooner), log("l2"), log("l3")])
    check_change(before, TrustPolicy.read(good, "x"), 3)
    for keys in (
        [log("l2")],
        [log("l1"), log("l2")],
        [log("l1", signs_until=stamp(NOW + timedelta(days=31))), log("l2")],
        [
            log("l1", signs_until=until),
            log("l2", public_key=factories.key_data("l3")["public_key"]),
        ],
    ):
        with pytest.raises(CommonwealError, match="key of the log"):
            check_change(before, TrustPolicy.read(following(before, log_keys=keys), "x"), 3)


def withdrawal(policy: TrustPolicy, name: str, **more: Any) -> str:
    plain = {"withdraw": 1, "version": policy.number, "policy_hash": policy.digest(),
             "at": stamp(NOW), **more}  # fmt: skip
    paper = PolicyWithdrawal.read(plain, "x")
    return sign_paper(WITHDRAWAL, paper.plain(), [factories.signer(name)], NOW)


def test_one_person_withdraws_what_waits() -> None:
    before = first()
    plain = without(before, "dpo", reason="compromised", since=stamp(NOW))
    pending = TrustPolicy.read(plain, "x")
    view = TrustView(before)
    assert open_withdrawal(withdrawal(pending, "siro"), view, pending, NOW).version == 2
    for name, more in (
        ("stranger", {}),
        ("dpo", {}),  # whoever stole this key cannot keep it
        ("siro", {"policy_hash": "sha256:" + "1" * 64}),
        ("siro", {"version": 3}),
        ("siro", {"at": stamp(NOW + timedelta(hours=1))}),
    ):
        with pytest.raises(CommonwealError):
            open_withdrawal(withdrawal(pending, name, **more), view, pending, NOW)


def test_the_words_say_what_changes() -> None:
    before = first()
    plain = without(before, "dpo", reason="compromised", since=stamp(NOW))
    plain |= {"hints_per_day": 5, "thresholds": before.plain()["thresholds"] | {"permit": 2}}
    said = "\n".join(changes_in_words(before, TrustPolicy.read(plain, "x")))
    assert "The key dpo of Holder of dpo signs no more: somebody else may hold it since" in said
    assert "2 must sign permits." in said
    assert "Hints a day about what would pass: 5 (was 20)." in said
    assert changes_in_words(before, TrustPolicy.read(following(before), "x")) == []
    alone = "\n".join(policy_in_words(first("guardian")))
    assert "One key alone can change this policy" in alone
    assert "nobody can change this policy" in "\n".join(policy_in_words(first("guardian", "siro")))
