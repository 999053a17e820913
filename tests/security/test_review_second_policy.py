"""Attacks of the second review on who may sign, each against the naive rule that stands beside it.

One dishonest person with the home's account and the database; a key whose time is over; a proposal
that says more than its readers are told; two names that look like one.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.ledger.entry import Actor, Event
from commonweal.ledger.store import Ledger
from commonweal.ledger.trust_order import trust_order
from commonweal.papers.base import person_look
from commonweal.papers.permit import Permit
from commonweal.papers.signing import sign_paper
from commonweal.papers.trust import TrustedKey, TrustedWitness, TrustPolicy
from commonweal.papers.trust_change import CHANGE, WITHDRAWAL, PolicyWithdrawal
from commonweal.papers.trust_words import changes_in_words
from commonweal.vault.custody import settle
from commonweal.vault.custody.amending import adopt_change, read_proposal, sign_change
from tests import factories
from tests.security.test_s11_policy_rotation import backdated, naive_load, steal
from tests.unit.custody.amending import change, proposal
from tests.unit.custody.conftest import copy as copy
from tests.unit.custody.conftest import made as made
from tests.unit.custody.conftest import place as place
from tests.unit.custody.support import Place
from tests.unit.custody.test_policy import real as real
from tests.unit.custody.test_policy import ward as ward

ACTOR = Actor("custodian", "command-line")
WAIT = timedelta(days=3, hours=2)


def put(place: Place, policy_hash: str, text: str, ending: str = "jws") -> None:
    """Write a paper to both places, as the home's own account can."""
    for folder in (place.home, place.store):
        (folder / "policies").mkdir(exist_ok=True, mode=0o700)
        name = policy_hash.removeprefix("sha256:")
        (folder / "policies" / f"{name}.{ending}").write_text(text)


def write(place: Place, type_: str, fields: dict[str, Any]) -> None:
    with Ledger.open(place.home / "ledger" / "ledger.sqlite", place.clock) as ledger:
        ledger.append(Event(type_, ACTOR, fields))


def naive_version(place: Place) -> int:
    """The twin: what counts is what the events say of themselves."""
    with (
        Ledger.open(place.home / "ledger" / "ledger.sqlite", place.clock) as ledger,
        ledger.reading() as connection,
    ):
        return trust_order(connection)[0].in_force(place.clock.now()).version


# --- one person takes back what counts already --------------------------------------------------


def test_one_person_withdraws_a_policy_that_is_in_force(ward: Place) -> None:
    """Two people took the DPO's key out of the list of those who sign permits. Days later the DPO,
    alone, writes a withdrawal as one that a restore lost."""
    with ward.open() as custody:
        roles = {"dpo": ["policy"]}
        done = change(custody, ward.folder / "q", ["guardian", "siro"], roles=roles)
        ward.clock.advance(WAIT)
        settle(custody)
        assert custody.trust.number == 3
        paper = PolicyWithdrawal(
            withdraw=1, version=3, policy_hash=done.policy.digest(), at=ward.clock.now()
        )
        text = sign_paper(WITHDRAWAL, paper.plain(), [custody.signer("dpo")], paper.at)
    put(ward, paper.policy_hash, text, "withdrawn.jws")
    fields = {"policy_hash": paper.policy_hash, "version": 3, "restored": "yes"}
    write(ward, "trust.policy_withdrawn", fields)
    assert naive_version(ward) == 2
    with pytest.raises(Fault) as caught:
        ward.open()
    assert caught.value.code == "CW-TRUST-CHANGED"


def test_a_change_of_a_change_that_waits_does_not_shorten_the_wait(ward: Place) -> None:
    """Two people write their change as a restored one, and at once the next one on top of it."""
    with ward.open() as custody:
        file = proposal(custody, ward.folder / "q", times={"change_delay_hours": 24})
        for name in ("guardian", "siro"):
            sign_change(custody, file, name)
        first, text = read_proposal(file)[0], file.read_text()
        now = ward.clock.now()
        plain = first.plain() | {"version": 4, "previous": first.digest(), "hints_per_day": 1}
        second = TrustPolicy.read(plain, "x")
        signers = [custody.signer(name) for name in ("guardian", "siro")]
        put(ward, first.digest(), text)
        put(ward, second.digest(), sign_paper(CHANGE, second.plain(), signers, now))
    for policy, more in (
        (first, {"restored": "yes", "effective_from": stamp(now - timedelta(days=1))}),
        (second, {"effective_from": stamp(now + timedelta(hours=25))}),
    ):
        fields = {"policy_hash": policy.digest(), "previous_hash": policy.previous,
                  "version": policy.version, "home": "standard", **more}  # fmt: skip
        write(ward, "trust.policy_changed", fields)
    ward.clock.advance(timedelta(hours=26))
    assert naive_version(ward) == 4  # after the short wait that the first one says
    with pytest.raises(Fault) as caught:
        ward.open()
    assert caught.value.code == "CW-TRUST-CHANGED"


# --- a key whose time is over -------------------------------------------------------------------


def ending(custody: Any, place: Place, key: str, at: datetime) -> None:
    """A change by which the key's time ends, written by hand into a proposal."""
    file = proposal(custody, place.folder / "q", times={"hints_per_day": 1})
    plain = json.loads(file.read_text())
    for one in plain["keys"]:
        if one["id"] == custody.signer(key).key_id:
            one["valid_until"] = stamp(at)
    file.write_text(json.dumps(plain))
    for name in ("guardian", "siro"):
        sign_change(custody, file, name)
    adopt_change(custody, file)


def test_a_key_whose_time_is_over_signs_under_an_old_date(ward: Place) -> None:
    with ward.open() as custody:
        thief, issued_at = steal(custody, "dpo"), ward.clock.now()
        ends = issued_at + timedelta(days=10)
        ending(custody, ward, "dpo", ends)
        ward.clock.advance(timedelta(days=40))
        assert custody.trust.number == 3
        text = backdated(thief, custody.trust, issued_at, id="late")
        assert naive_load(text, custody.trust, {thief.key_id: ends}).id == "late"
        with pytest.raises(Fault) as caught:
            Permit.load(text, custody.belief)
        assert caught.value.code == "CW-SIGNATURE-UNTRUSTED"


# --- a proposal that says more than its readers are told ----------------------------------------


def spelt(**more: Any) -> TrustPolicy:
    """A policy with something in every field that a change may touch."""
    keys = [
        factories.key_data("anna", roles=["permit", "policy"], holder="Anna Berg"),
        factories.key_data("ben", roles=["permit", "policy", "status"], holder="Ben Shaw"),
        factories.key_data("cy", roles=["manifest", "statement"], holder="Cy Moore"),
    ]
    plain = {
        "trust": 1, "custodian": "Wharfedale", "home": "standard", "keys": keys,
        "thresholds": dict.fromkeys(("permit", "policy", "status", "manifest", "statement"), 1),
        "witnesses": [{"name": "w.example", "holder": "Council", "public_key": PUBLIC[0],
                       "url": "https://w.example"}],
        "witness_quorum": 1,
        "log_keys": [{"id": "ledger-1", "public_key": PUBLIC[1]},
                     {"id": "ledger-2", "public_key": PUBLIC[2]}],
    }  # fmt: skip
    return TrustPolicy.read({**plain, **more}, "x")


PUBLIC = [factories.key_data(f"spare-{n}")["public_key"] for n in range(4)]
OTHER: dict[str, Any] = {
    "custodian": "Airedale",
    "time_to_say_no_days": 3,
    "direct_time_to_say_no_days": 3,
    "hints_per_day": 3,
    "plans_per_day": 3,
    "attacks_per_day": 3,
    "witness_lag_minutes": 3,
    "change_delay_hours": 30,
}
UNTOLD = {"trust", "home", "version", "previous", "proposed_at"}
"""What a change may not touch, or what only says which change it is."""


def changed_fields() -> list[tuple[str, dict[str, Any]]]:
    """(place, the changed field): one for every value in a policy that a change may touch."""
    plain, found = spelt().plain(), []
    for name, value in OTHER.items():
        found.append((name, {name: value}))
    for name, value in plain["fresh"].items():
        found.append((f"fresh.{name}", {"fresh": {**plain["fresh"], name: value - 1}}))
    found.append(("thresholds", {"thresholds": {**plain["thresholds"], "permit": 2}}))
    end = stamp(factories.NOW + timedelta(days=900))
    for place_, other in (("roles", ["permit"]), ("valid_until", end)):
        keys = [{**plain["keys"][0], place_: other}, *plain["keys"][1:]]
        found.append((f"keys.{place_}", {"keys": keys, "thresholds": plain["thresholds"]}))
    found.append(("keys", {"keys": [*plain["keys"], factories.key_data("dee")]}))
    gone = {"id": "old", "public_key": PUBLIC[3], "reason": "replaced"}
    found.append(("retired", {"retired": [gone]}))
    for name, value in {"name": "v.example", "holder": "Ward", "public_key": PUBLIC[3],
                        "url": "https://v.example"}.items():  # fmt: skip
        found.append((f"witnesses.{name}", {"witnesses": [{**plain["witnesses"][0], name: value}]}))
    found.append(("witness_quorum", {"witnesses": None, "witness_quorum": None}))
    logs = plain["log_keys"]
    found.append(("log_keys", {"log_keys": [*logs, {"id": "ledger-3", "public_key": PUBLIC[3]}]}))
    found.append(("log_keys.signs_until", {"log_keys": [{**logs[0], "signs_until": end}, logs[1]]}))
    return found


FIELDS = changed_fields()


@pytest.mark.parametrize(("where", "change_"), FIELDS, ids=[where for where, _ in FIELDS])
def test_whoever_signs_a_change_is_told_of_it(where: str, change_: dict[str, Any]) -> None:
    after = spelt(**change_)
    assert after != spelt()
    assert changes_in_words(spelt(), after)


def test_no_field_of_a_policy_is_forgotten_here() -> None:
    told = {where.split(".")[0] for where, _ in FIELDS}
    assert told | UNTOLD == set(TrustPolicy.model_fields)
    keys = {where.split(".")[1] for where, _ in FIELDS if where.startswith("keys.")}
    fixed = {"id", "holder", "algorithm", "public_key", "valid_from"}  # a new one is another key
    assert keys | fixed == set(TrustedKey.model_fields)
    seen = {where.split(".")[1] for where, _ in FIELDS if where.startswith("witnesses.")}
    assert seen == set(TrustedWitness.model_fields)


# --- names that look like one -------------------------------------------------------------------

ALIKE = [
    "Anna Berg",
    "anna  berg",
    "\uff21nna Berg",
    "Anna\ufe0f Berg",
    "Anna\u034f Berg",
    "Anna\u3164 Berg",
    "Anna B\u2800erg",
    "Anna\U000e0100 Berg",
]


@pytest.mark.parametrize("twin", ALIKE)
def test_one_person_is_not_two_under_names_that_look_alike(twin: str) -> None:
    assert person_look(twin) == person_look("Anna Berg")
    with pytest.raises(CommonwealError, match=r"fewer people hold the role|two alphabets"):
        two_holders("Anna Berg", twin)


@pytest.mark.parametrize(("one", "other"), [
    ("Dr Ian Lee", "Dr lan Lee"), ("Al 10", "AI I0"), ("Cop", "\u0421\u043e\u0440"),
])  # fmt: skip
def test_letters_that_are_drawn_alike_make_no_second_person(one: str, other: str) -> None:
    with pytest.raises(CommonwealError, match="fewer people hold the role"):
        two_holders(one, other)


@pytest.mark.parametrize(
    "name", ["\u0410nna Berg", "Anna \u13f4erg", "Ann\u0251\u0430", "B\u0435n"]
)
def test_a_word_of_two_alphabets_is_no_name(name: str) -> None:
    with pytest.raises(CommonwealError, match="two alphabets"):
        two_holders("Cy Moore", name)


@pytest.mark.parametrize(
    "name",
    [
        "Jos\u00e9 N\u00fa\u00f1ez",
        "Dr \u0410\u043d\u043d\u0430 \u0411\u0435\u0440\u0433",
        "O'Neill",
        "\u5c71\u7530\u306f\u306a\u3053",
        "Ka\u02bbiulani",
        "Siobh\u00e1n 2nd",
        "\u0645\u0631\u064a\u0645",
    ],
)
def test_names_that_people_have(name: str) -> None:
    assert two_holders("Cy Moore", name).key("two")


def two_holders(one: str, other: str) -> TrustPolicy:
    keys = [factories.key_data("one", holder=one), factories.key_data("two", holder=other)]
    return spelt(keys=keys, thresholds={"permit": 2}, witnesses=None, witness_quorum=None)
