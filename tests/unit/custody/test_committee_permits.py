"""Acts on the ledger, and permits that a home for real data issues from a dossier."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.canonical import digest
from commonweal.foundation.errors import CommonwealError
from commonweal.governance.dossier.judge import DossierJudge
from commonweal.governance.dossier.steps import check_step_acts
from commonweal.papers.acts import SignedAct
from commonweal.vault.custody import Custody, issue_permit, load_permit, status_of
from commonweal.vault.custody.acts import record_act, records_about, use_acts
from commonweal.vault.custody.committee_permits import DOSSIERS, issue_from_dossier
from commonweal.vault.custody.permits import change_state
from tests import factories, people
from tests.authenticator import Authenticator
from tests.dossiers import Desk, Rules
from tests.unit.custody import committee
from tests.unit.custody.committee import staffed as staffed
from tests.unit.custody.committee import staffed_made as staffed_made
from tests.unit.custody.support import Place
from tests.unit.custody.test_policy import real as real

MINUTE = timedelta(minutes=1)
OBJECT = "sha256:" + "a" * 64


@dataclass
class House:
    """The home for real data with its roster in force, everybody's security keys, and a desk."""

    place: Place
    keys: dict[str, Authenticator] = field(default_factory=committee.keys)

    def desk(self, custody: Custody, **more: Any) -> Desk:
        return committee.desk(self.place, custody, self.keys, **more)

    def signed(self, custody: Custody, who: str, *args: Any, **more: Any) -> SignedAct:
        wanted = {"home": custody.home.id, "at": self.place.clock.now()} | more
        return self.keys[who].sign(people.act(who, *args, **wanted))

    def issue(self, custody: Custody, desk: Desk, name: str = "permit-1") -> Any:
        file = committee.put_down(desk, self.place.folder / f"{name}.dossier")
        return issue_from_dossier(
            custody, file, DossierJudge(Rules()), ["permit-signer"],
            self.place.folder / f"{name}.jws", factories.catalogue(),
        )  # fmt: skip


@pytest.fixture
def house(staffed: Place) -> House:
    return House(staffed)


def refused(code: str, call: Any, *args: Any, **more: Any) -> None:
    with pytest.raises(CommonwealError) as caught:
        call(*args, **more)
    assert caught.value.code == code, caught.value.sentence


# --- acts ---------------------------------------------------------------------------------------


def test_the_ledger_hears_of_an_act_once(house: House) -> None:
    with house.place.open() as custody:
        act = house.signed(custody, "lena", "vote", "approve", OBJECT, content=OBJECT)
        record_act(custody, act)
        (record,) = records_about(custody, people.APPLICATION).acts.values()
        assert (record.digest, record.object_digest, record.actor) == (act.digest(), OBJECT, "lena")
        assert (record.sign_count, record.used_for) == (6, None)
        refused("CW-ACT-KNOWN", record_act, custody, act)
        assert records_about(custody, "application-2").acts == {}


def test_acts_are_found_by_what_they_are_about_under_whatever_subject(house: House) -> None:
    other = "sha256:" + "e" * 64
    with house.place.open() as custody:
        for subject, about in (("application-9", OBJECT), ("application-9", other)):
            act = house.signed(
                custody, "lena", "vote", "approve", about, content=OBJECT, subject=subject
            )
            record_act(custody, act)
        assert records_about(custody, people.APPLICATION).acts == {}
        (found,) = records_about(custody, people.APPLICATION, {OBJECT}).acts.values()
        assert (found.subject, found.object_digest) == ("application-9", OBJECT)
        assert len(records_about(custody, "application-9", {OBJECT}).acts) == 2


def test_an_act_that_comes_too_late_or_from_a_copied_key(house: House) -> None:
    with house.place.open() as custody:
        late = house.signed(custody, "lena", "vote", "approve", OBJECT,
                            content=OBJECT)  # fmt: skip
        house.place.clock.advance(16 * MINUTE)
        refused("CW-ACT-TIME", record_act, custody, late)
        copied = Authenticator("lena", count=house.keys["lena"].count)
        record_act(
            custody, house.signed(custody, "lena", "conflict", "none", OBJECT, content=OBJECT)
        )
        act = people.act(
            "lena", "vote", "approve", OBJECT, house.place.clock.now(), content=OBJECT,
            home=custody.home.id,
        )  # fmt: skip
        refused("CW-ACT-CLONED", record_act, custody, copied.sign(act))
        assert len(records_about(custody, people.APPLICATION).acts) == 1


def test_acts_are_used_once(house: House) -> None:
    with house.place.open() as custody:
        act = house.signed(custody, "siro", "suspend", "suspend", OBJECT, subject="permit-1")
        record_act(custody, act)
        with custody.ledger.transaction() as writing:
            use_acts(writing, [act.act.id], "permit-1")
        assert records_about(custody, "permit-1").acts[act.act.id].used_for == "permit-1"
        with pytest.raises(CommonwealError, match="CW-ACT-USED"), custody.ledger.transaction() as w:
            use_acts(w, [act.act.id], "permit-1")


# --- permits ------------------------------------------------------------------------------------


def test_a_permit_from_a_dossier(house: House) -> None:
    with house.place.open() as custody:
        desk = house.desk(custody).complete()
        permit = house.issue(custody, desk)
        assert (permit.authority, permit.id) == ("committee", "permit-1")
        assert status_of(custody, permit).state == "announced"
        assert permit.conditions == ("Publish it.",)
        used = records_about(custody, desk.application).acts.values()
        assert {one.used_for for one in used} == {"permit-1"}
        kept = custody.home.path / DOSSIERS / "permit-1.json"
        assert json.loads(kept.read_text()) == desk.plain
    with house.place.open() as custody:
        assert load_permit(custody, house.place.folder / "permit-1.jws") == permit


def test_a_refused_dossier_leaves_nothing(house: House) -> None:
    with house.place.open() as custody:
        desk = house.desk(custody).complete()
        desk.draft["conditions"] = []
        with pytest.raises(CommonwealError):
            house.issue(custody, desk)
        assert not (house.place.folder / "permit-1.jws").exists()
        assert custody.ledger.permit_standing("permit-1") is None
        used = records_about(custody, desk.application).acts.values()
        assert {one.used_for for one in used} == {None}


def test_the_same_acts_make_one_permit_only(house: House) -> None:
    with house.place.open() as custody:
        desk = house.desk(custody).complete()
        house.issue(custody, desk)
        refused("CW-ACT-USED", house.issue, custody, desk, "again")


def test_what_fails_inside_the_transaction_leaves_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.vault.custody import permits

    def fails(*_: Any) -> None:
        raise OSError("the machine broke")

    with house.place.open() as custody:
        desk = house.desk(custody).complete()
        with monkeypatch.context() as patched:
            patched.setattr(permits, "_issued", fails)
            with pytest.raises(OSError, match="broke"):
                house.issue(custody, desk)
        assert custody.ledger.permit_standing("permit-1") is None
        used = records_about(custody, desk.application).acts.values()
        assert {one.used_for for one in used} == {None}
        assert house.issue(custody, desk)  # and it can be done again


def test_no_committees_permit_without_a_dossier(house: House) -> None:
    with house.place.open() as custody, pytest.raises(ValueError, match="dossier"):
        issue_permit(
            custody, factories.draft(), factories.catalogue(), ["permit-signer"],
            house.place.folder / "x.jws", authority="committee",
        )  # fmt: skip


def test_a_dossier_for_another_home(house: House, copy: Any) -> None:
    with house.place.open() as custody:
        desk = house.desk(custody).complete()
        file = committee.put_down(desk, house.place.folder / "d")
    other = copy()
    with other.open() as custody:
        refused(
            "CW-ACT-OTHER-HOME", issue_from_dossier, custody, file, DossierJudge(Rules()),
            ["permit-signer"], other.folder / "p.jws", factories.catalogue(),
        )  # fmt: skip


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"dossier": 1}'])
def test_files_that_are_no_dossier(house: House, content: bytes) -> None:
    file = house.place.folder / "d"
    file.write_bytes(content)
    with house.place.open() as custody, pytest.raises(CommonwealError):
        issue_from_dossier(
            custody, file, DossierJudge(Rules()), ["permit-signer"], house.place.folder / "p.jws"
        )
    assert not (house.place.folder / "p.jws").exists()


# --- steps --------------------------------------------------------------------------------------


def test_a_permit_is_stopped_and_resumed_by_signed_acts(house: House) -> None:
    with house.place.open() as custody:
        permit = house.issue(custody, house.desk(custody).complete())
        path: Path = house.place.folder / "permit-1.jws"
        subject = digest(permit.public_projection())

        def step(kind: Any, verdict: str, *who: str) -> Any:
            acts = []
            for one in who:
                acts.append(
                    house.signed(custody, one, kind, verdict, subject, subject=permit.id)
                )  # fmt: skip
                record_act(custody, acts[-1])

            def within(writing: Any) -> None:
                check_step_acts(
                    kind, acts, permit.id, subject, custody.rosters.history(), custody.trust,
                    writing.now(), home=custody.home.id,
                    records=records_about(custody, permit.id),
                )  # fmt: skip
                use_acts(writing, [one.act.id for one in acts], permit.id, permit=permit.id)

            return change_state(custody, path, kind, within=within), within

        change, again = step("suspend", "suspend", "siro")
        assert change.after == "suspended"
        refused("CW-STEP-ACTS", step, "resume", "resume", "siro")
        assert status_of(custody, permit).state == "suspended"
        assert step("resume", "resume", "guardian", "siro")[0].after == "active"
        # The act that stopped it cannot stop it a second time.
        refused("CW-ACT-USED", change_state, custody, path, "suspend", within=again)
