"""S11: whoever holds a stolen key, the database or an older copy of it, decides nothing.

Each attack works against the naive design that stands beside it as a twin: a policy file that lists
who may sign until when, and believes the times that papers carry.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from commonweal.foundation.canonical import canonical, digest
from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.ledger.entry import Actor, Event
from commonweal.ledger.store import Ledger
from commonweal.papers.authorisation import Authorisation
from commonweal.papers.issue import issue
from commonweal.papers.permit import Permit
from commonweal.papers.signing import Signer, sign_paper
from commonweal.papers.trust import TrustPolicy
from commonweal.papers.trust_change import CHANGE
from commonweal.vault.custody import (
    load_permit,
    open_custody,
    rotate_key,
    settle,
    verify_ledger,
)
from commonweal.vault.custody.amending import adopt_change, sign_change
from commonweal.vault.custody.version_papers import draft_bytes
from tests import factories
from tests.unit.custody.amending import change, proposal
from tests.unit.custody.conftest import copy as copy
from tests.unit.custody.conftest import made as made
from tests.unit.custody.conftest import place as place
from tests.unit.custody.support import Place
from tests.unit.custody.test_policy import real as real
from tests.unit.custody.test_policy import ward as ward

ACTOR = Actor("custodian", "command-line")


class Stolen:
    """A private key that somebody copied out of memory before it was retired."""

    def __init__(self, key_id: str, private: Ed25519PrivateKey) -> None:
        self.key_id = key_id
        self.private = private

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message)


def steal(custody: Any, name: str) -> Stolen:
    """What a thief takes: here the keyring itself gives it up, as no code of ours would."""
    record = custody.keyring._current(name)
    seed = custody.keyring._unwrap(record)
    return Stolen(record.info.id, Ed25519PrivateKey.from_private_bytes(seed.use()))


def backdated(thief: Signer, trust: TrustPolicy, at: datetime, **changes: Any) -> str:
    """A permit that says it was issued before the key was retired."""
    return issue(
        factories.draft(**changes), factories.catalogue(), trust, [thief],
        authority="direct", clock=factories.clock(at),
    )  # fmt: skip


# --- a stolen key that was retired --------------------------------------------------------------


def naive_load(text: str, policy: TrustPolicy, retired_at: dict[str, datetime]) -> Permit:
    """The twin: keys stay in the list with an end, and a paper's own time is compared with it."""
    plain = policy.plain()
    for key in plain["keys"]:
        if key["id"] in retired_at:
            key["valid_until"] = stamp(retired_at[key["id"]])
    return Permit.load(text, TrustPolicy.read(plain, "The naive policy"))


def test_a_stolen_retired_key_backdates_a_permit(place: Place) -> None:
    with place.open() as custody:
        place.issue(custody)
        first, thief = custody.trust, steal(custody, "permit-signer")
        issued_at = place.clock.now()
        place.clock.advance(timedelta(hours=5))
        rotate_key(custody, "permit-signer")
        change(custody, place.folder / "p", replace=["permit-signer"])
        place.clock.advance(timedelta(days=30))
        text = backdated(thief, first, issued_at, id="permit-of-thief")
        # The naive twin believes the time that the thief wrote.
        believed = naive_load(text, first, {thief.key_id: place.clock.now() - timedelta(days=30)})
        assert believed.id == "permit-of-thief"
        with pytest.raises(Fault) as caught:
            Permit.load(text, custody.belief)
        assert caught.value.code == "CW-SIGNATURE-RETIRED"
        assert load_permit(custody, place.permit)  # the one that is on the ledger holds


def test_the_same_under_the_id_of_a_permit_that_the_ledger_knows(place: Place) -> None:
    with place.open() as custody:
        place.issue(custody)
        first, thief = custody.trust, steal(custody, "permit-signer")
        rotate_key(custody, "permit-signer")
        change(custody, place.folder / "p", replace=["permit-signer"])
        text = backdated(thief, first, place.clock.now(), conditions=["Everything is allowed."])
        assert json.loads(text)["payload"]
        with pytest.raises(Fault, match="CW-SIGNATURE-RETIRED"):
            Permit.load(text, custody.belief)


def test_the_thief_writes_it_on_the_ledger_too(place: Place) -> None:
    """With the home's account the thief appends `permit.issued` with details: it is too late."""
    from commonweal.ledger.details import Details

    with place.open() as custody:
        first, thief = custody.trust, steal(custody, "permit-signer")
        issued_at = place.clock.now()
        rotate_key(custody, "permit-signer")
        change(custody, place.folder / "p", replace=["permit-signer"])
        text = backdated(thief, first, issued_at, id="permit-of-thief")
        permit = Permit.load(text, first)
        key = custody.keyring.get("details")
        details = Details(
            {"permit_digest": permit.digest()}, key.id, custody.keyring.secret_of(key.id).use()
        )
        fields = {
            "permit": permit.id, "permit_hash": digest(permit.public_projection()),
            "authority": "direct", "active_from": stamp(permit.begins),
            "until": permit.until.isoformat(),
        }  # fmt: skip
        custody.ledger.append(Event("permit.issued", ACTOR, fields), details)
        settle(custody)
        with pytest.raises(Fault) as caught:
            Permit.load(text, custody.belief)
        assert caught.value.code == "CW-SIGNATURE-RETIRED"


def test_a_thief_cannot_stop_the_retirement_of_the_stolen_key(ward: Place) -> None:
    from commonweal.vault.custody.amending import withdraw_change

    with ward.open() as custody:
        since = stamp(ward.clock.now() - timedelta(hours=1))
        retire = [{"key": "dpo", "reason": "compromised", "since": since}]
        change(custody, ward.folder / "q", ["guardian", "siro"], retire=retire)
        with pytest.raises(Fault, match="CW-SIGNATURE-COMPROMISED"):
            withdraw_change(custody, "dpo")
        # From now on, and not only in three days, the key signs nothing that is believed.
        with pytest.raises(CommonwealError) as caught:
            ward_permit(custody, ward, "dpo")
        assert caught.value.code == "CW-SIGNATURE-COMPROMISED"
        assert ward_permit(custody, ward, "guardian")


def ward_permit(custody: Any, place: Place, signer: str) -> Permit:
    text = issue(
        factories.draft(id=f"by-{signer}"), factories.catalogue(), custody.trust,
        [custody.signer(signer)], authority="direct", clock=place.clock,
    )  # fmt: skip
    return Permit.load(text, custody.belief)


def test_a_stolen_key_authorises_no_attack_while_its_retirement_waits(ward: Place) -> None:
    from commonweal.vault.custody import (
        Acceptance,
        accept_separation,
        issue_authorisation,
        load_authorisation,
    )
    from tests.attack_desk import draft

    def authorise(name: str, by: str) -> Path:
        out = ward.folder / f"{name}.jws"
        issue_authorisation(custody, draft(release="asthma-1.r1", id=name), [by], out)
        return out

    with ward.open() as custody:
        accept_separation(custody, Acceptance("Jo Ferris", "A test"))
        early = authorise("early", "dpo")
        assert load_authorisation(custody, early).id == "early"
        since = stamp(ward.clock.now() - timedelta(hours=1))
        retire = [{"key": "dpo", "reason": "compromised", "since": since}]
        change(custody, ward.folder / "q", ["guardian", "siro"], retire=retire)
        # The twin: the policy in force names the key for three more days.
        assert Authorisation.load(early.read_text(), custody.trust).id == "early"
        for attempt in (lambda: load_authorisation(custody, early), lambda: authorise("x", "dpo")):
            with pytest.raises(Fault) as caught:
                attempt()
            assert caught.value.code == "CW-SIGNATURE-COMPROMISED"
        assert not (ward.folder / "x.jws").exists()
        assert load_authorisation(custody, authorise("late", "guardian")).id == "late"


def test_an_authorisation_outlives_the_key_that_signed_it_as_permits_do(place: Place) -> None:
    from commonweal.vault.custody import issue_authorisation, load_authorisation
    from tests.attack_desk import draft

    with place.open() as custody:
        out, thief = place.folder / "a.jws", steal(custody, "permit-signer")
        paper = issue_authorisation(custody, draft(release="r", id="a"), ["permit-signer"], out)
        rotate_key(custody, "permit-signer")
        change(custody, place.folder / "p", replace=["permit-signer"])
        assert load_authorisation(custody, out) == paper
        # What a thief signs with the old key under the old time is another paper.
        forged = paper.model_copy(update={"release": "another"})
        text = forged.signed([thief], paper.made_at)
        assert Authorisation.load(text, custody.book.history().versions[0].policy) == forged
        out.write_text(text)
        with pytest.raises(Fault, match="CW-SIGNATURE-RETIRED"):
            load_authorisation(custody, out)


# --- the database in the wrong hands ------------------------------------------------------------


def naive_policy(home: Path) -> TrustPolicy:
    """The twin: the newest policy file whose hash some event of the database names."""
    names = {path.stem for path in (home / "policies").glob("*.jws")}
    with closing(sqlite3.connect(home / "ledger" / "ledger.sqlite")) as connection:
        rows = connection.execute(
            "SELECT body FROM intent WHERE type = 'trust.policy_changed' ORDER BY id"
        ).fetchall()
    hashes = [json.loads(body)["policy_hash"].removeprefix("sha256:") for (body,) in rows]
    for name in reversed(hashes):
        if name in names:
            text = json.loads((home / "policies" / f"{name}.jws").read_text())
            payload = text["payload"] + "=" * (-len(text["payload"]) % 4)
            import base64

            return TrustPolicy.read(json.loads(base64.urlsafe_b64decode(payload)), "x")
    return TrustPolicy.read(json.loads((home / "trust.json").read_text()), "x")


def forged_policy(custody: Any, thief: Signer, at: datetime) -> tuple[TrustPolicy, str]:
    """A next policy in which the thief may sign permits, signed by the thief alone."""
    plain = custody.trust.plain()
    plain |= {
        "version": custody.book.history().next_number,
        "previous": custody.trust.digest(),
        "proposed_at": stamp(at),
        "keys": [*plain["keys"], factories.key_data("thief", roles=["permit", "policy"])],
    }
    policy = TrustPolicy.read(plain, "x")
    return policy, sign_paper(CHANGE, policy.plain(), [thief], at)


def put_in(place: Place, policy: TrustPolicy, text: str) -> None:
    """Write the paper to both places, and its event on the ledger by the ledger's own code."""
    for folder in (place.home, place.store):
        (folder / "policies").mkdir(exist_ok=True, mode=0o700)
        name = policy.digest().removeprefix("sha256:")
        (folder / "policies" / f"{name}.jws").write_text(text)
    fields = {"policy_hash": policy.digest(), "previous_hash": policy.previous,
              "version": policy.version, "home": policy.home}  # fmt: skip
    with Ledger.open(place.home / "ledger" / "ledger.sqlite", place.clock) as ledger:
        ledger.append(Event("trust.policy_changed", ACTOR, fields))


def test_the_owner_of_the_database_brings_in_a_policy(place: Place) -> None:
    with place.open() as custody:
        stolen = steal(custody, "permit-signer")
        policy, text = forged_policy(custody, stolen, place.clock.now())
    put_in(place, policy, text)
    assert naive_policy(place.home).key("thief") is not None
    with pytest.raises(Fault) as caught:
        place.open()
    assert caught.value.code == "CW-TRUST-CHANGED"


def test_the_owner_of_the_database_replays_an_old_policy(place: Place) -> None:
    """Version 2 is put in again after version 3: as it is, and under the number of the next one."""
    with place.open() as custody:
        rotate_key(custody, "permit-signer")
        change(custody, place.folder / "p", times={"hints_per_day": 1})
        change(custody, place.folder / "q", replace=["permit-signer"])
        versions = custody.book.history().versions
        old = versions[1].policy
    text = next(
        path.read_text() for path in (place.home / "policies").glob("*.jws")
        if path.stem == old.digest().removeprefix("sha256:")
    )  # fmt: skip
    for version, previous in ((2, old.previous), (4, versions[2].policy.digest())):
        fields = {"policy_hash": old.digest(), "previous_hash": previous, "version": version,
                  "home": "demo"}  # fmt: skip
        with (
            Ledger.open(place.home / "ledger" / "ledger.sqlite", place.clock) as ledger,
            pytest.raises(CommonwealError) as caught,
        ):
            ledger.append(Event("trust.policy_changed", ACTOR, fields))
        assert caught.value.code == "CW-LEDGER-STATE"
    assert text


def test_an_older_copy_of_everything_but_the_root_store(place: Place) -> None:
    """Home and database are put back to before the rotation: the naive twin trusts the old key."""
    with place.open() as custody:
        old = custody.signer("permit-signer").key_id
        shutil.copytree(place.home, place.folder / "before")
        rotate_key(custody, "permit-signer")
        change(custody, place.folder / "p", replace=["permit-signer"])
    shutil.rmtree(place.home)
    shutil.move(place.folder / "before", place.home)
    assert naive_policy(place.home).key(old) is not None
    with pytest.raises(Fault) as caught:
        place.open()
    assert caught.value.code == "CW-LEDGER-REWOUND"


def test_an_event_that_says_restored_does_not_skip_the_wait(ward: Place) -> None:
    """Two dishonest people with the database write their change as one that a restore lost."""
    with ward.open() as custody:
        file = proposal(custody, ward.folder / "q", times={"hints_per_day": 1})
        for name in ("guardian", "siro"):
            sign_change(custody, file, name)
        policy = TrustPolicy.read(
            json.loads(draft_bytes(_read(file))), "x"
        )  # fmt: skip
        text = file.read_text()
    for folder in (ward.home, ward.store):
        name = policy.digest().removeprefix("sha256:")
        (folder / "policies" / f"{name}.jws").write_text(text)
    fields = {"policy_hash": policy.digest(), "previous_hash": policy.previous,
              "version": policy.version, "home": "standard", "restored": "yes",
              "effective_from": stamp(ward.clock.now() - timedelta(days=1))}  # fmt: skip
    with Ledger.open(ward.home / "ledger" / "ledger.sqlite", ward.clock) as ledger:
        ledger.append(Event("trust.policy_changed", ACTOR, fields))
    with ward.open() as custody:
        assert custody.trust.number == 2
        ward.clock.advance(timedelta(hours=71))
        assert custody.trust.number == 2
        ward.clock.advance(timedelta(hours=2))
        assert custody.trust.number == 3


def _read(file: Path) -> TrustPolicy:
    from commonweal.vault.custody.amending import read_proposal

    return read_proposal(file)[0]


# --- the delay ----------------------------------------------------------------------------------


def naive_begins(policy: TrustPolicy, adopted_at: datetime) -> datetime:
    """The twin: a change waits as long as it says itself."""
    return adopted_at + policy.delay


def test_a_change_that_adds_a_key_shortens_its_own_wait(ward: Place) -> None:
    with ward.open() as custody:
        done = change(custody, ward.folder / "q", times={"change_delay_hours": 24}, roles={
            "permit-signer": ["permit", "policy"]})  # fmt: skip
        now = ward.clock.now()
        assert naive_begins(done.policy, now) - now == timedelta(hours=24)
        assert done.effective_from - now >= timedelta(hours=72)
        ward.clock.advance(timedelta(hours=30))
        assert custody.trust.number == 2


def test_an_event_that_would_count_sooner_is_not_believed(ward: Place) -> None:
    with ward.open() as custody:
        file = proposal(custody, ward.folder / "q", times={"hints_per_day": 1})
        for name in ("guardian", "siro"):
            sign_change(custody, file, name)
        policy, text = _read(file), file.read_text()
    for begins in ({}, {"effective_from": stamp(ward.clock.now() + timedelta(hours=71))}):
        folder = Place(ward.folder / f"copy-{len(begins)}", ward.clock)
        folder.folder.mkdir()
        shutil.copytree(ward.home, folder.home)
        shutil.copytree(ward.store, folder.store)
        for kept in (folder.home, folder.store):
            name = policy.digest().removeprefix("sha256:")
            (kept / "policies" / f"{name}.jws").write_text(text)
        fields = {"policy_hash": policy.digest(), "previous_hash": policy.previous,
                  "version": policy.version, "home": "standard", **begins}  # fmt: skip
        with Ledger.open(folder.home / "ledger" / "ledger.sqlite", ward.clock) as ledger:
            ledger.append(Event("trust.policy_changed", ACTOR, fields))
        with pytest.raises(Fault) as caught:
            folder.open()
        assert caught.value.code == "CW-TRUST-CHANGED"


# --- promotion ----------------------------------------------------------------------------------


def test_a_demonstration_home_is_not_promoted_by_its_own_people(place: Place) -> None:
    """All who may sign do sign: still no (S21)."""
    with place.open() as custody:
        plain = custody.trust.plain() | {
            "home": "standard", "time_to_say_no_days": 28, "version": 2,
            "previous": custody.trust.digest(), "proposed_at": stamp(place.clock.now()),
        }  # fmt: skip
        policy = TrustPolicy.read(plain, "x")
        people = [custody.signer(name) for name in ("guardian", "siro")]
        text = sign_paper(CHANGE, policy.plain(), people, place.clock.now())
        file = place.folder / "p"
        file.write_text(text)
        with pytest.raises(CommonwealError) as caught:
            adopt_change(custody, file)
        assert caught.value.code == "CW-TRUST-REFUSED"
    fields = {"policy_hash": policy.digest(), "previous_hash": policy.previous, "version": 2,
              "home": "standard"}  # fmt: skip
    with (
        Ledger.open(place.home / "ledger" / "ledger.sqlite", place.clock) as ledger,
        pytest.raises(CommonwealError, match="CW-LEDGER-STATE"),
    ):
        ledger.append(Event("trust.policy_changed", ACTOR, fields))
    # Past the store's own rule the paper is held against the one before it.
    lying = {**fields, "home": "demo"}
    for folder in (place.home, place.store):
        (folder / "policies").mkdir(exist_ok=True, mode=0o700)
        name = policy.digest().removeprefix("sha256:")
        (folder / "policies" / f"{name}.jws").write_text(text)
    with Ledger.open(place.home / "ledger" / "ledger.sqlite", place.clock) as ledger:
        ledger.append(Event("trust.policy_changed", ACTOR, lying))
    with pytest.raises(Fault, match="CW-TRUST-CHANGED"):
        open_custody(place.home, place.clock, root_store=place.store)


# --- the log's own key --------------------------------------------------------------------------


def test_a_stolen_log_key_that_was_retired_signs_no_second_ledger(place: Place) -> None:
    from commonweal.ledger.checkpoint import Checkpoint
    from commonweal.ledger.keychain import make_chain
    from commonweal.ledger.note import Note, SigningKey
    from commonweal.ledger.proving import check_proof, prove
    from commonweal.ledger.tlogproof import TlogProof

    class LogThief:
        def __init__(self, stolen: Stolen) -> None:
            self.private = stolen.private
            self.verification_key = stolen.private.public_key().public_bytes_raw()

        def sign(self, message: bytes) -> bytes:
            return self.private.sign(message)

    with place.open() as custody:
        thief = LogThief(steal(custody, "ledger"))
        old = custody.ledger_keys_in_use[-1]
        rotate_key(custody, "ledger")
        since = stamp(place.clock.now())
        change(custody, place.folder / "p", replace=["ledger"], retire=[
            {"key": "ledger", "reason": "compromised", "since": since}])  # fmt: skip
        assert old not in custody.ledger_keys_in_use
        with custody.ledger.reading() as connection:
            chain = make_chain(connection)
        proof = TlogProof.parse(prove(custody.ledger, "public", 0))
        # A whole other ledger with one entry repeated, signed with the stolen key.
        forged_entry = canonical(json.loads(proof.extra or b"") | {"home": "standard"})
        from commonweal.ledger.merkle import leaf_hash, root

        leaves = [leaf_hash(forged_entry)] * 64
        point = Checkpoint(proof.origin, 64, root(leaves))
        note = SigningKey(proof.origin, thief).sign(point.text()).format()
        path = [root(leaves[: 1 << level]) for level in range(6)]
        text = TlogProof(0, tuple(path), note, forged_entry).format()
        assert Note.parse(note)
        assert check_proof(text, [old]).entry["home"] == "standard"  # the naive reader
        with pytest.raises(Fault, match="CW-LEDGER-SIGNATURE-INVALID"):
            check_proof(text, [old], chain)
        assert check_proof(prove(custody.ledger, "public", 0), [old], chain)
    assert verify_ledger(place.home, place.clock, root_store=place.store).faults == []
