"""Signed acts: what is believed, and every way in which one is not."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.foundation.acts import ACT_KINDS
from commonweal.foundation.errors import CommonwealError
from commonweal.papers.act_table import ACTS, FORMER_ROLES, ROLE_WORDS, sentence
from commonweal.papers.acts import (
    ACT_TYPE,
    LIFE,
    Act,
    Heard,
    SignedAct,
    SoftwareEvidence,
    VerifiedAct,
    software_signed,
    verify_act,
)
from commonweal.papers.base import PaperInvalid
from commonweal.papers.credentials import b64url, unb64url
from commonweal.papers.roster import ROSTER_ROLES
from commonweal.papers.roster_history import RosterHistory
from commonweal.papers.signing import sign_paper
from tests import factories, people
from tests.authenticator import EXTENSIONS, ORIGIN, PRESENT, VERIFIED, Authenticator

NOW = factories.NOW
MINUTE = timedelta(minutes=1)
OBJECT = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64


def verify(signed: SignedAct, history: RosterHistory | None = None, **more: Any) -> VerifiedAct:
    known = {"at": NOW + MINUTE, "home": people.HOME, "trust": factories.trust()} | more
    trust, at = known.pop("trust"), known.pop("at")
    return verify_act(signed, history or people.history(), trust, at, **known)


def refused(code: str, signed: SignedAct, history: RosterHistory | None = None, **more: Any) -> str:
    with pytest.raises(CommonwealError) as caught:
        verify(signed, history, **more)
    assert caught.value.code == code, caught.value.sentence
    return caught.value.sentence


def vote(who: str = "lena", **changes: Any) -> SignedAct:
    return people.signed(who, "vote", "approve", OBJECT, **({"content": OTHER} | changes))


# --- what an earlier version of the table allowed -------------------------------------------------


@pytest.fixture
def before(monkeypatch: pytest.MonkeyPatch) -> SignedAct:
    """A data manager signed a release off, when the table still had them in that row."""
    from commonweal.papers import acts

    row = ACTS["sign_off_release"]
    wider = {**ACTS, "sign_off_release": replace(row, roles=row.roles | {"data_manager"})}
    with monkeypatch.context() as patch:
        patch.setattr(acts, "ACTS", wider)
        signed = people.signed("manager", "sign_off_release", "sign_off", OBJECT)
        assert verify(signed).person.id == "manager"
    return signed


def test_what_the_ledger_heard_while_it_was_allowed_still_verifies(before: SignedAct) -> None:
    heard = Heard(before.act.at + MINUTE, 5)
    assert verify(before, heard=heard, at=NOW + timedelta(days=400)).person.id == "manager"


def test_the_ledger_hears_of_none_like_it_now(before: SignedAct) -> None:
    refused("CW-ACT-ROLE", before)
    with pytest.raises(CommonwealError):
        people.signed("manager", "sign_off_release", "sign_off", OBJECT)


def test_who_did_not_hold_the_role_then_did_not_sign_in_it(before: SignedAct) -> None:
    """The roster of the time counts, as for every act."""
    heard = Heard(before.act.at + MINUTE, 5)
    known = people.history(people.roster("manager"))
    refused("CW-ACT-PERSON", before, known, heard=heard)


def test_a_role_that_never_signed_this_is_refused_however_old(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from commonweal.papers import acts

    row = ACTS["resume"]
    wider = {**ACTS, "resume": replace(row, roles=row.roles | {"data_manager"})}
    with monkeypatch.context() as patch:
        patch.setattr(acts, "ACTS", wider)
        signed = people.signed("manager", "resume", "resume", OBJECT)
    refused("CW-ACT-ROLE", signed, heard=Heard(signed.act.at + MINUTE, 5))


def test_a_former_role_is_none_that_is_allowed_now() -> None:
    for kind, roles in FORMER_ROLES.items():
        assert roles
        assert not roles & ACTS[kind].roles
        assert roles <= set(ROSTER_ROLES)


# --- the act itself -----------------------------------------------------------------------------


def test_an_act_says_what_it_does_in_one_sentence() -> None:
    act = vote().act
    assert act.statement == (
        "As a lay member of the committee: I vote to approve this application. It is about "
        "application-1 (fingerprint aaaa aaaa aaaa aaaa), with what I wrote "
        "(fingerprint bbbb bbbb bbbb bbbb)."
    )
    assert verify(vote()).person.lay


@pytest.mark.parametrize("kind", ACT_KINDS)
def test_every_row_of_the_table_can_be_signed_and_believed(kind: Any) -> None:
    rule = ACTS[kind]
    for who, role in people.ROLES.items():
        for verdict in rule.says:
            content = OTHER if rule.content == "needed" else None
            if role in rule.roles:
                signed = people.signed(who, kind, verdict, OBJECT, content=content)
                assert verify(signed).act.verdict == verdict
            else:
                with pytest.raises(CommonwealError, match="CW-ACT-ROLE"):
                    people.act(who, kind, verdict, OBJECT, content=content)


def test_the_table_knows_every_role() -> None:
    assert set(ROLE_WORDS) == set(ROSTER_ROLES)
    assert {role for rule in ACTS.values() for role in rule.roles} <= set(ROSTER_ROLES)
    said = [
        sentence(kind, verdict, "siro", "x", OBJECT, None)
        for kind, rule in ACTS.items() for verdict in rule.says
    ]  # fmt: skip
    assert len(said) == len(set(said))


def test_ids_are_fresh_and_hold_no_digit() -> None:
    ids = {vote().act.id for _ in range(50)}
    assert len(ids) == 50
    assert all(id_.isalpha() and len(id_) == 32 for id_ in ids)


@pytest.mark.parametrize(
    "changes",
    [
        {"verdict": "yes"}, {"kind": "cheer"}, {"role": "system"}, {"role": "public"},
        {"act": 2}, {"id": "short"}, {"id": "A" * 32}, {"object_digest": "a" * 64},
        {"expires": "2026-03-02T09:15:00.001Z"}, {"expires": "2026-03-02T09:00:00.000Z"},
        {"at": "2026-03-02T09:00:00Z"}, {"token": "secret"}, {"statement": ""},
        {"statement": "Yes\u202e"},
    ],
)  # fmt: skip
def test_what_no_act_can_be(changes: dict[str, Any]) -> None:
    plain = json.loads(vote().canonical())
    plain["act"] |= changes
    with pytest.raises(CommonwealError):
        verify(SignedAct.load(plain))


@pytest.mark.parametrize("kind", ["token", "session", "password", ""])
def test_there_is_no_other_evidence(kind: str) -> None:
    plain = vote().plain() | {"evidence": {"kind": kind, "credential": "x", "token": "t"}}
    with pytest.raises(PaperInvalid, match="CW-ACT-INVALID"):
        SignedAct.load(plain)


def test_a_key_of_an_api_is_no_credential() -> None:
    plain = people.person("lena", credentials=[{"kind": "token", "id": "t", "valid_from": "x"}])
    with pytest.raises(PaperInvalid):
        people.roster("lena", people=[plain])


# --- place, rule, time --------------------------------------------------------------------------


def test_an_act_for_another_home() -> None:
    refused("CW-ACT-OTHER-HOME", vote(home="home-2"))
    refused("CW-ACT-OTHER-HOME", vote(), people.history(people.roster(home="home-2")))


def test_the_sentence_must_be_that_of_the_act() -> None:
    honest = vote()
    for text in ("I vote to reject this application.", honest.act.statement + " "):
        act = Act.model_validate(honest.act.model_dump() | {"statement": text})
        refused("CW-ACT-RULE", software_signed(act, factories.signer("key-of-lena"), act.at))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"object_type": "permit"}, "CW-ACT-RULE"),
        ({"content": None}, "CW-ACT-RULE"),
        ({"verdict": "sign_off"}, "CW-ACT-RULE"),
        ({"role": "siro"}, "CW-ACT-ROLE"),
        ({"role": "committee_chair"}, "CW-ACT-RULE"),
    ],
)
def test_what_the_table_does_not_have(changes: dict[str, Any], code: str) -> None:
    act = Act.model_validate(vote().act.model_dump() | changes)
    refused(code, software_signed(act, factories.signer("key-of-lena"), act.at))


def test_a_role_that_the_person_does_not_hold() -> None:
    refused("CW-ACT-ROLE", vote(role="committee_chair"))


@pytest.mark.parametrize(
    ("at", "heard", "code"),
    [
        (NOW - MINUTE, None, "CW-ACT-TIME"),  # from the future
        (NOW + LIFE, None, None),
        (NOW + LIFE + timedelta(milliseconds=1), None, "CW-ACT-TIME"),  # too late to be new
        (NOW + timedelta(days=90), NOW + MINUTE, None),  # the ledger heard of it in time
        (NOW + timedelta(days=90), NOW + LIFE + MINUTE, "CW-ACT-TIME"),  # and here it did not
        (NOW + MINUTE, NOW + 2 * MINUTE, "CW-ACT-TIME"),  # the ledger's word is from the future
        (NOW + MINUTE, NOW - MINUTE, "CW-ACT-TIME"),  # heard before it was made
    ],
)
def test_when_an_act_counts(at: Any, heard: Any, code: str | None) -> None:
    more: dict[str, Any] = {"at": at}
    if heard is not None:
        more["heard"] = Heard(heard, 9)
    if code is None:
        assert verify(vote(), **more).act.actor == "lena"
    else:
        refused(code, vote(), **more)


def test_a_backdated_act_of_somebody_who_left() -> None:
    left = people.person(
        "lena", roles=[{"role": "committee_lay", "from": "2024-01-01", "until": "2026-02-27"}]
    )
    known = people.history(people.roster(people=[left, people.person("luke")]))
    week_ago = NOW - timedelta(days=7)
    refused("CW-ACT-ROLE", vote(), known)
    # The old time is no help: the ledger hears of it now.
    refused("CW-ACT-TIME", vote(at=week_ago), known, at=NOW)
    assert verify(vote(at=week_ago), known, heard=Heard(week_ago + MINUTE, 9))


# --- the roster ---------------------------------------------------------------------------------


def test_people_and_keys_that_the_roster_does_not_have() -> None:
    refused("CW-ACT-PERSON", vote(), people.history(people.roster("lena")))
    refused("CW-ACT-CREDENTIAL", vote(key="key-of-luke"))
    refused("CW-ROSTER-NONE", vote(), RosterHistory())


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [
        ("2026-03-02", None, None),
        ("2026-03-03", None, "CW-ACT-ROLE"),
        ("2024-01-01", "2026-03-02", None),
        ("2024-01-01", "2026-03-01", "CW-ACT-ROLE"),
    ],
)
def test_terms_of_office(first: str, last: str | None, code: str | None) -> None:
    term: dict[str, Any] = {"role": "committee_lay", "from": first}
    term |= {} if last is None else {"until": last}
    known = people.history(people.roster(people=[people.person("lena", roles=[term])]))
    if code is None:
        assert verify(vote(), known)
    else:
        refused(code, vote(), known)


def test_a_key_that_was_not_yet_in_use() -> None:
    late = people.software("lena", valid_from="2026-03-02T09:00:00.001Z")
    known = people.history(people.roster(people=[people.person("lena", credentials=[late])]))
    refused("CW-ACT-CREDENTIAL", vote(), known)


def test_a_new_roster_does_not_reach_back_and_a_waiting_one_does_not_count() -> None:
    old = people.roster("luke")
    new = people.roster(version=2, previous=old.digest())
    known = people.history(old, new)  # a day later
    begins = known.versions[1].effective_from
    before, after = begins - MINUTE, begins + MINUTE
    early = vote("luke", at=before)
    refused("CW-ACT-PERSON", early, known, heard=Heard(before, 9), at=NOW)
    refused("CW-ACT-PERSON", early, known, at=before)
    assert verify(vote("luke", at=after), known, at=after)
    waits = replace(known.versions[1], effective_from=NOW + timedelta(hours=71))
    refused("CW-ACT-PERSON", vote("luke"), RosterHistory((known.versions[0], waits)))


def test_the_ledgers_order_decides_where_times_are_equal() -> None:
    old = people.roster("luke")
    known = people.history(old, people.roster(version=2, previous=old.digest()))
    at = known.versions[1].effective_from
    act = vote("luke", at=at)
    refused("CW-ACT-PERSON", act, known, heard=Heard(at, 2), at=NOW)
    assert verify(act, known, heard=Heard(at, 3), at=NOW)


def test_a_compromised_key_counts_only_for_what_the_ledger_heard_before() -> None:
    since = NOW + 5 * MINUTE
    first = people.roster()
    material = people.software("lena")["public_key"]
    gone = {
        "id": "key-of-lena", "material": material, "reason": "compromised",
        "since": "2026-03-02T09:05:00.000Z",
    }  # fmt: skip
    without = [people.person(id_) for id_ in people.NAMES if id_ != "lena"]
    lena = people.person("lena", credentials=[])
    second = people.roster(
        version=2, previous=first.digest(), people=[*without, lena], retired=[gone]
    )
    known = people.history(first, second)
    waits = replace(known.versions[1], effective_from=NOW + timedelta(days=3))
    known = RosterHistory((known.versions[0], waits))
    assert known.compromised == {"key-of-lena": since}
    assert verify(vote(), known, heard=Heard(NOW + MINUTE, 9), at=NOW + timedelta(hours=1))
    # At once, and not after the wait of the roster that says so.
    late = NOW + 6 * MINUTE
    refused("CW-ACT-CREDENTIAL", vote(), known, heard=Heard(late, 9), at=late)
    refused("CW-ACT-CREDENTIAL", vote(at=late), known, at=late)
    refused("CW-ACT-CREDENTIAL", vote(), known)  # new, so nobody can tell


# --- software keys ------------------------------------------------------------------------------


def test_software_keys_decide_in_a_demonstration_only() -> None:
    real = factories.trust(home="standard", time_to_say_no_days=28)
    refused("CW-ACT-SOFTWARE-KEY", vote(), trust=real)


def forged(act: Act, **changes: Any) -> SignedAct:
    parts = {"kind": ACT_TYPE, "key": "key-of-lena", "at": act.at, "plain": act.plain()} | changes
    jws = sign_paper(parts["kind"], parts["plain"], [factories.signer(parts["key"])], parts["at"])
    evidence = SoftwareEvidence(kind="software", credential="key-of-lena", jws=jws)
    return SignedAct(act=act, evidence=evidence)


def test_a_signature_that_proves_something_else() -> None:
    act = vote().act
    assert verify(forged(act))
    refused("CW-ACT-EVIDENCE", forged(act, kind="commonweal-permit+json"))
    refused("CW-ACT-EVIDENCE", forged(act, key="key-of-luke"))
    refused("CW-ACT-EVIDENCE", forged(act, plain=vote(at=NOW + MINUTE).act.plain()))
    refused("CW-ACT-TIME", forged(act, at=NOW - timedelta(days=1)))
    refused("CW-ACT-TIME", forged(act, at=NOW + LIFE + MINUTE))


def test_every_byte_of_a_software_signed_act_counts() -> None:
    good = vote()
    text = good.evidence.jws  # type: ignore[union-attr]
    broken = 0
    for place in range(0, len(text), 7):
        changed = text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :]
        try:
            evidence = SoftwareEvidence(kind="software", credential="key-of-lena", jws=changed)
        except ValueError:
            continue
        refused("CW-ACT-EVIDENCE", SignedAct(act=good.act, evidence=evidence))
        broken += 1
    assert broken > 50


# --- security keys ------------------------------------------------------------------------------


def keyed(*keys: Authenticator, who: str = "lena", **site: Any) -> RosterHistory:
    holder = people.person(who, credentials=[key.credential() for key in keys])
    others = [people.person(id_) for id_ in ("luke", "chair")]
    roster = people.roster(people=[holder, *others], site=people.site(**site))
    return people.history(roster)


REAL = factories.trust(home="standard", time_to_say_no_days=28)


def assertion_act() -> Act:
    return vote().act


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "RS256"])
def test_security_keys_of_all_three_kinds(algorithm: str) -> None:
    key = Authenticator("lena", algorithm, count=7)
    done = verify(key.sign(assertion_act()), keyed(key), trust=REAL, last_count=7)
    assert (done.sign_count, done.credential) == (8, key.id)
    refused("CW-ACT-EVIDENCE", key.sign(assertion_act(), origin="https://evil.example"), keyed(key))


WRONG: dict[str, dict[str, Any]] = {
    "another origin": {"origin": "https://wharfedale.example"},
    "an origin that begins alike": {"origin": ORIGIN + ".evil.example"},
    "another port": {"origin": ORIGIN + ":8443"},
    "http": {"origin": ORIGIN.replace("https", "http")},
    "another site's name": {"rp_id": "wharfedale.example"},
    "nobody was recognised": {"flags": PRESENT},
    "nobody was there": {"flags": VERIFIED},
    "no flag at all": {"flags": 0},
    "a registration": {"client": {"type": "webauthn.create"}},
    "a payment": {"client": {"type": "payment.get"}},
    "inside a foreign page": {"client": {"crossOrigin": True}},
    "inside a foreign page, as text": {"client": {"crossOrigin": "true"}},
    "with a page above it": {"client": {"topOrigin": "https://evil.example"}},
    "another challenge": {"client": {"challenge": b64url(b"x" * 32)}},
    "an empty challenge": {"client": {"challenge": ""}},
    "a challenge that is longer": {"client": {"challenge": b64url(b"x" * 33)}},
    "a challenge that is a number": {"client": {"challenge": 7}},
    "no origin": {"client": {"origin": None}},
    "not JSON": {"client_text": b"{"},
    "a list": {"client_text": b"[]"},
    "cut-off extension data": {"flags": PRESENT | VERIFIED | EXTENSIONS, "extensions": b"\xa1\x63"},
    "no extension data": {"flags": PRESENT | VERIFIED | EXTENSIONS},
    "bytes left over": {"extensions": b"\x00"},
    "backed up without being able to": {"flags": PRESENT | VERIFIED | 0x10},
    "attested data cut off": {"flags": PRESENT | VERIFIED | 0x40, "extensions": b"\x00" * 18},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_an_assertion_that_proves_nothing(wrong: dict[str, Any]) -> None:
    key = Authenticator("lena")
    refused("CW-ACT-EVIDENCE", key.sign(assertion_act(), **wrong), keyed(key), trust=REAL)


def test_the_challenge_of_every_other_act_is_refused() -> None:
    key, act = Authenticator("lena"), assertion_act()
    known = keyed(key)
    assert verify(key.sign(act), known)
    changes: list[dict[str, Any]] = [
        {"id": "b" * 32}, {"object_digest": OTHER}, {"content": OBJECT},
        {"subject": "application-2"}, {"at": act.at + MINUTE}, {"expires": act.expires - MINUTE},
        {"home": "home-2"}, {"verdict": "reject"}, {"actor": "luke"},
        {"statement": act.statement[:-1] + "!"},
    ]  # fmt: skip
    for change in changes:
        other = Act.model_validate(act.model_dump() | change)
        moved = SignedAct(act=other, evidence=key.assertion(act.challenge()))
        with pytest.raises(CommonwealError):
            verify(moved, known)
        # Where only the challenge differs, it is the evidence that is refused.
        said = sentence(
            other.kind, other.verdict, other.role, other.subject, other.object_digest, other.content
        )
        if other.actor == "lena" and other.home == people.HOME and "statement" not in change:
            honest = Act.model_validate(other.model_dump() | {"statement": said})
            moved = SignedAct(act=honest, evidence=key.assertion(act.challenge()))
            refused("CW-ACT-EVIDENCE", moved, known)


def test_the_key_of_somebody_else() -> None:
    lena, luke = Authenticator("lena"), Authenticator("luke")
    refused("CW-ACT-CREDENTIAL", luke.sign(assertion_act()), keyed(lena))
    # Under the right name, with the wrong key.
    refused("CW-ACT-EVIDENCE", luke.sign(assertion_act(), credential=lena.id), keyed(lena))
    # The evidence of one kind for a credential of the other.
    refused("CW-ACT-CREDENTIAL", vote(), keyed(lena))


@pytest.mark.parametrize(
    ("last", "count", "code"),
    [(0, 0, None), (0, 5, None), (5, 6, None), (5, 5, "CW-ACT-CLONED"), (6, 5, "CW-ACT-CLONED"),
     (5, 0, "CW-ACT-CLONED")],
)  # fmt: skip
def test_a_count_that_goes_back(last: int, count: int, code: str | None) -> None:
    key = Authenticator("lena", count=count - 1 if count else 0)
    if count == 1:
        key.count = 0
    signed = key.sign(assertion_act())
    if code is None:
        assert verify(signed, keyed(key), last_count=last).sign_count == count
    else:
        refused(code, signed, keyed(key), last_count=last)


def test_algorithms_cannot_be_confused() -> None:
    """A key says its algorithm in the roster; a signature of another kind never fits."""
    ec_key, ed_key = Authenticator("lena"), Authenticator("lena", "EdDSA")
    mixed = Authenticator("lena", "EdDSA")
    assert ec_key.id == ed_key.id
    refused("CW-ACT-EVIDENCE", mixed.sign(assertion_act()), keyed(ec_key))
    refused("CW-ACT-EVIDENCE", ec_key.sign(assertion_act()), keyed(ed_key))


def test_every_byte_of_an_assertion_counts() -> None:
    key, act = Authenticator("lena"), assertion_act()
    known, good = keyed(key), key.sign(act)
    plain = good.plain()
    for part in ("authenticator_data", "client_data", "signature"):
        raw = unb64url(plain["evidence"][part])
        for place in range(0, len(raw), 11):
            changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
            evidence = plain["evidence"] | {part: b64url(changed)}
            refused("CW-ACT-EVIDENCE", SignedAct.load(plain | {"evidence": evidence}), known)
        for cut in (b"", raw[:-1], raw + b"\x00"):
            if cut:
                evidence = plain["evidence"] | {part: b64url(cut)}
                refused("CW-ACT-EVIDENCE", SignedAct.load(plain | {"evidence": evidence}), known)


def test_a_second_spelling_of_base64_is_refused() -> None:
    plain = Authenticator("lena").sign(assertion_act()).plain()
    for text in ("ab==", "a b", "ab\n", "+/", "aB"):
        evidence = plain["evidence"] | {"signature": text}
        with pytest.raises(PaperInvalid, match="CW-ACT-INVALID"):
            SignedAct.load(plain | {"evidence": evidence})


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=1, max_size=80), st.binary(min_size=1, max_size=120))
def test_only_our_errors_come_out_of_foreign_bytes(data: bytes, client: bytes) -> None:
    key, act = Authenticator("lena"), assertion_act()
    plain = key.sign(act).plain()
    evidence = plain["evidence"] | {
        "authenticator_data": b64url(data), "client_data": b64url(client)
    }  # fmt: skip
    with pytest.raises(CommonwealError):
        verify(SignedAct.load(plain | {"evidence": evidence}), keyed(key))


def test_without_the_package_nothing_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    key = Authenticator("lena")
    known, signed = keyed(key), key.sign(assertion_act())
    monkeypatch.setitem(sys.modules, "webauthn", None)
    refused("CW-ACT-UNAVAILABLE", signed, known)


def test_a_site_of_another_name_does_not_do() -> None:
    key = Authenticator("lena")
    refused(
        "CW-ACT-EVIDENCE", key.sign(assertion_act()),
        keyed(key, rp_id="other.example", origins=["https://other.example"]),
    )  # fmt: skip
