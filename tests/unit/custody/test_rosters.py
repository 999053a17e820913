"""The roster of a home: two people sign it, it waits, the ledger holds it; nobody goes round."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.papers.credentials import unb64url
from commonweal.papers.roster_change import CHANGE
from commonweal.papers.signing import sign_paper
from commonweal.vault.custody import create_key, open_custody, settle, verify_ledger
from commonweal.vault.custody.restoring import back_up, restore_home
from commonweal.vault.custody.roster_changes import (
    adopt_roster,
    check_proposal,
    read_proposal,
    sign_roster,
    withdraw_roster,
)
from commonweal.vault.custody.rosters import SHELF
from tests import people
from tests.authenticator import Authenticator
from tests.unit.custody.committee import adopted, after_the_wait, listed, proposed
from tests.unit.custody.committee import staffed as staffed
from tests.unit.custody.committee import staffed_made as staffed_made
from tests.unit.custody.support import Place
from tests.unit.custody.test_policy import real as real
from tests.unit.custody.test_policy import ward as ward

HOUR = timedelta(hours=1)


def refused(code: str, call: Any, *args: Any, **more: Any) -> str:
    with pytest.raises(CommonwealError) as caught:
        call(*args, **more)
    assert caught.value.code == code, caught.value.sentence
    return caught.value.sentence


def database(place: Place) -> Path:
    with place.open() as custody:
        return custody.home.ledger_database


def entries(place: Place, kind: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(database(place))) as connection:
        rows = connection.execute("SELECT body FROM intent WHERE type = ?", (kind,)).fetchall()
    return [json.loads(body) for (body,) in rows]


# --- adopting -----------------------------------------------------------------------------------


def test_a_roster_waits_and_then_counts(ward: Place) -> None:
    with ward.open() as custody:
        done = adopted(custody, ward.folder / "r", listed())
        wait = done.effective_from - ward.clock.now()
        assert timedelta(hours=72) <= wait <= timedelta(hours=74)
        assert custody.rosters.history().in_force(ward.clock.now()) is None
        assert custody.rosters.history().pending(ward.clock.now()) is not None
        after_the_wait(ward)
        assert custody.rosters.history().at(ward.clock.now()) == done.roster
    with ward.open() as custody:
        assert custody.rosters.history().at(ward.clock.now()) == done.roster
    assert verify_ledger(ward.home, ward.clock, root_store=ward.store).faults == []


def test_it_counts_at_once_in_a_demonstration(place: Place) -> None:
    with place.open() as custody:
        create_key(custody, "lena", "person_signing")
        lena = people.person("lena", credentials=[{"key": "lena"}])
        plain = {"people_list": 1, "people": [lena]}
        done = adopted(custody, place.folder / "r", plain)
        assert custody.rosters.history().at(custody.book.now()) == done.roster
        (credential,) = done.roster.people[0].credentials
        assert (credential.kind, credential.id) == ("software", custody.keyring.get("lena").id)


def test_no_name_of_a_person_is_on_a_log(ward: Place) -> None:
    with ward.open() as custody:
        done = adopted(custody, ward.folder / "r", listed())
        withdraw_roster(custody, "siro")
    (entry,) = entries(ward, "roster.changed")
    assert set(entry) == {
        "v", "type", "at", "role", "version", "effective_from", "details", "details_key"
    }  # fmt: skip
    assert entries(ward, "roster.withdrawn")[0]["version"] == 1
    ledger = database(ward).read_bytes()
    names = {*people.NAMES.values(), done.roster.digest().removeprefix("sha256:")}
    assert not [name for name in names if name.encode() in ledger]


def test_two_people_sign_or_nothing_happens(ward: Place) -> None:
    with ward.open() as custody:
        file = proposed(custody, ward.folder / "r", listed())
        refused("CW-SIGNATURE-INVALID", adopt_roster, custody, file)
        sign_roster(custody, file, "guardian")
        refused("CW-SIGNATURE-UNTRUSTED", adopt_roster, custody, file)
        refused("CW-SIGNATURE-INVALID", sign_roster, custody, file, "guardian")
        refused("CW-SIGNATURE-UNTRUSTED", sign_roster, custody, file, "permit-signer")
        sign_roster(custody, file, "siro")
        assert adopt_roster(custody, file).roster.version == 1
        refused("CW-ROSTER-PENDING", adopt_roster, custody, file)


def test_one_person_is_never_enough_even_where_one_changes_the_policy(real: Place) -> None:
    from commonweal.papers.roster_change import people_needed
    from tests import factories

    alone = factories.trust("guardian", thresholds={"permit": 1, "status": 1, "manifest": 1})
    assert (alone.changers_needed, people_needed(alone)) == (1, 2)


def test_a_signed_roster_with_one_change_is_refused(ward: Place) -> None:
    with ward.open() as custody:
        file = proposed(custody, ward.folder / "r", listed())
        for name in ("guardian", "siro"):
            sign_roster(custody, file, name)
        outer = json.loads(file.read_text())
        plain = json.loads(unb64url(outer["payload"]))
        plain["people"][1]["lay"] = not plain["people"][1]["lay"]
        from commonweal.foundation.canonical import canonical
        from commonweal.papers.credentials import b64url

        outer["payload"] = b64url(canonical(plain))
        file.write_bytes(canonical(outer) + b"\n")
        with pytest.raises(CommonwealError):
            adopt_roster(custody, file)
        assert custody.rosters.history().versions == ()


def test_withdrawn_while_it_waits(ward: Place) -> None:
    with ward.open() as custody:
        refused("CW-ROSTER-PENDING", withdraw_roster, custody, "siro")
        adopted(custody, ward.folder / "r", listed())
        refused("CW-ROSTER-PENDING", check_proposal, custody, read_proposal(ward.folder / "r")[0])
        refused("CW-SIGNATURE-UNTRUSTED", withdraw_roster, custody, "permit-signer")
        assert withdraw_roster(custody, "siro").version == 1
        after_the_wait(ward)
        assert custody.rosters.history().in_force(ward.clock.now()) is None
        assert adopted(custody, ward.folder / "s", listed("luke")).roster.version == 2
    assert verify_ledger(ward.home, ward.clock, root_store=ward.store).faults == []


def test_an_adoption_that_is_cut_off_leaves_the_old_roster(
    staffed: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut off before the event or before the fence knows: the old one or the new one, no half."""
    from commonweal.ledger.store import Writing
    from commonweal.vault.custody import roster_changes

    def broken(*_: Any, **__: Any) -> None:
        raise OSError("the machine broke")

    with staffed.open() as custody:
        file = proposed(custody, staffed.folder / "r", listed("luke"))
        for name in ("guardian", "siro"):
            sign_roster(custody, file, name)
        with monkeypatch.context() as patched:
            patched.setattr(Writing, "append", broken)
            with pytest.raises(OSError, match="broke"):
                adopt_roster(custody, file)
        assert [one.roster.version for one in custody.rosters.history().versions] == [1]
        with monkeypatch.context() as patched:
            patched.setattr(roster_changes, "settle", broken)
            with pytest.raises(OSError, match="broke"):
                adopt_roster(custody, file)
        refused("CW-ROSTER-PENDING", adopt_roster, custody, file)
    with staffed.open() as custody:
        settle(custody)
        assert set(custody.keyring.fence.read().rosters) == {1, 2}
    assert verify_ledger(staffed.home, staffed.clock, root_store=staffed.store).faults == []


# --- what may follow what -----------------------------------------------------------------------


def test_who_is_left_out_signs_no_more_and_stays_on_record(staffed: Place) -> None:
    with staffed.open() as custody:
        done = adopted(custody, staffed.folder / "r", listed("luke"))
        (gone,) = done.roster.retired
        assert (gone.id, gone.reason) == (Authenticator("luke").id, "left")
        after_the_wait(staffed)
        refused("CW-ROSTER-REFUSED", proposed, custody, staffed.folder / "s", listed("luke"))
        # The key never comes back, under its own name or another person's.
        with pytest.raises(CommonwealError, match="cannot sign again"):
            proposed(custody, staffed.folder / "t", listed())
        keys = {name: Authenticator(name) for name in people.NAMES}
        keys["luke"] = Authenticator("luke2")
        assert adopted(custody, staffed.folder / "u", listed(keys=keys))


def test_a_compromised_key_does_not_wait(staffed: Place) -> None:
    keys = {name: Authenticator(name) for name in people.NAMES}
    keys["lena"] = Authenticator("lena2")
    why = {
        "credential": Authenticator("lena").id, "reason": "compromised",
        "since": "2026-03-05T00:00:00.000Z",
    }  # fmt: skip
    with staffed.open() as custody:
        adopted(custody, staffed.folder / "r", listed(keys=keys, retire=[why]))
        history = custody.rosters.history()
        assert Authenticator("lena").id in history.compromised
        assert history.at(custody.book.now()).version == 1  # and the new key waits


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"people_list": 2}, "CW-PAPER-INVALID"),
        ({"people": []}, "CW-PAPER-INVALID"),
        ({"site": None}, "CW-PAPER-INVALID"),
        ({"site": {"rp_id": "a.example", "origins": ["https://b.example"]}}, "CW-PAPER-INVALID"),
        ({"site": {"rp_id": "a.example", "origins": ["http://a.example"]}}, "CW-PAPER-INVALID"),
        ({"retire": [{"credential": "nobody", "reason": "left"}]}, "CW-KEY-UNKNOWN"),
        ({"retire": [{"credential": "x", "reason": "compromised"}]}, "CW-KEY-UNKNOWN"),
    ],
)
def test_lists_that_are_no_rosters(staffed: Place, change: dict[str, Any], code: str) -> None:
    plain = listed("luke", **change)
    plain = {key: value for key, value in plain.items() if value is not None}
    with staffed.open() as custody:
        refused(code, proposed, custody, staffed.folder / "r", plain)
    assert not (staffed.folder / "r").exists()


def person(**changes: Any) -> dict[str, Any]:
    plain = listed()
    plain["people"][0] |= changes
    return plain


@pytest.mark.parametrize(
    ("plain", "code"),
    [
        (person(name=" lena LAY"), "CW-PAPER-INVALID"),
        (person(id="lena"), "CW-PAPER-INVALID"),
        (person(id="LENA"), "CW-PAPER-INVALID"),
        (person(lay=True), "CW-PAPER-INVALID"),
        (person(roles=[{"role": "committee_lay", "from": "2024-01-01"}]), "CW-PAPER-INVALID"),
        (person(roles=[{"role": "system", "from": "2024-01-01"}]), "CW-PAPER-INVALID"),
        (person(roles=[]), "CW-PAPER-INVALID"),
        (
            person(roles=[{"role": "siro", "from": "2024-01-02", "until": "2024-01-01"}]),
            "CW-PAPER-INVALID",
        ),
        (person(credentials=[{"key": "guardian"}]), "CW-ROSTER-REFUSED"),
        (person(credentials=[{"key": "permit-signer"}]), "CW-ROSTER-REFUSED"),
        (person(credentials=[{"key": "nobody"}]), "CW-KEY-UNKNOWN"),
        (person(credentials=[{}]), "CW-USAGE"),
        (person(credentials=[{"webauthn": "abcd", "public_key": "abcd"}]), "CW-PAPER-INVALID"),
        (person(credentials=[{"webauthn": "abcd"}]), "CW-PAPER-INVALID"),
    ],
)
def test_people_who_cannot_be_on_a_roster(ward: Place, plain: dict[str, Any], code: str) -> None:
    """Software keys are for a demonstration, and this home is for real data."""
    with ward.open() as custody:
        refused(code, proposed, custody, ward.folder / "r", plain)


SEATS = ("committee_chair", "committee_member")


@pytest.mark.parametrize(
    ("terms", "refuses"),
    [
        ((("2024-01-01", None), ("2026-01-01", None)), True),
        ((("2024-01-01", "2026-01-01"), ("2026-01-01", None)), True),
        ((("2026-01-01", None), ("2024-01-01", "2027-01-01")), True),
        ((("2024-01-01", "2025-12-31"), ("2026-01-01", None)), False),
    ],
)
def test_nobody_is_given_two_votes_on_one_day(
    ward: Place, terms: tuple[tuple[str, str | None], ...], refuses: bool
) -> None:
    """A committee cannot be made of such a list, so no application could be decided."""
    roles = [
        {"role": role, "from": begins} | ({} if until is None else {"until": until})
        for role, (begins, until) in zip(SEATS, terms, strict=True)
    ]
    plain = person(roles=roles)
    with ward.open() as custody:
        if refuses:
            said = refused("CW-ROSTER-REFUSED", proposed, custody, ward.folder / "r", plain)
            assert "two voting seats" in said
        else:
            assert proposed(custody, ward.folder / "r", plain)


def test_one_key_for_two_people(ward: Place) -> None:
    keys = {name: Authenticator(name) for name in people.NAMES}
    keys["luke"] = keys["lena"]
    with ward.open() as custody:
        refused("CW-PAPER-INVALID", proposed, custody, ward.folder / "r", listed(keys=keys))


def test_a_key_cannot_go_to_another_person(staffed: Place) -> None:
    keys = {name: Authenticator(name) for name in people.NAMES}
    keys["lena"], keys["luke"] = keys["luke"], keys["lena"]
    with staffed.open() as custody:
        refused("CW-ROSTER-REFUSED", proposed, custody, staffed.folder / "r", listed(keys=keys))


def test_a_proposal_for_another_home_or_out_of_date(staffed: Place) -> None:
    with staffed.open() as custody:
        file = proposed(custody, staffed.folder / "r", listed("luke"))
        good = json.loads(file.read_text())
        for wrong in (
            {"home": "home-2"}, {"version": 7}, {"previous": "sha256:" + "0" * 64},
            {"retired": []},
        ):  # fmt: skip
            file.write_text(json.dumps(good | wrong))
            with pytest.raises(CommonwealError):
                sign_roster(custody, file, "siro")
        file.write_text(json.dumps(good))
        staffed.clock.advance(timedelta(days=31))
        refused("CW-ROSTER-REFUSED", sign_roster, custody, file, "siro")


# --- tampering ----------------------------------------------------------------------------------


def test_a_changed_or_missing_paper_is_seen(staffed: Place) -> None:
    with staffed.open() as custody:
        digest = custody.rosters.history().versions[0].roster.digest()
        mine, other = SHELF.names(custody.home, digest)
    text = mine.read_text()
    mine.unlink()
    with staffed.open() as custody:  # the root store has a copy
        assert custody.rosters.history().versions
    mine.write_text(text.replace("A", "B", 1))
    with staffed.open() as custody:
        refused("CW-ROSTER-CHANGED", custody.rosters.history)
    mine.unlink()
    other.unlink()
    with staffed.open() as custody:
        refused("CW-ROSTER-CHANGED", custody.rosters.history)


def test_an_event_without_two_signatures_brings_nobody_in(staffed: Place) -> None:
    """Whoever owns the database and the ledger's file appends the event alone."""
    from commonweal.ledger.entry import Actor, Event
    from commonweal.vault.custody.roster_changes import _details

    with staffed.open() as custody:
        file = proposed(custody, staffed.folder / "r", listed("luke"))
        roster = read_proposal(file)[0]
        thief = custody.signer("permit-signer")
        text = sign_paper(CHANGE, roster.plain(), [thief], custody.book.now())
        SHELF.keep(custody.home, roster.digest(), text)
        custody.ledger.append(
            Event("roster.changed", Actor("custodian", "x"), {"version": 2}),
            _details(custody, roster.digest()),
        )
        refused("CW-ROSTER-CHANGED", custody.rosters.history)


def test_the_ledger_refuses_versions_out_of_order(staffed: Place) -> None:
    from commonweal.ledger.entry import Actor, Event

    actor = Actor("custodian", "x")
    with staffed.open() as custody:
        for type_, fields in (
            ("roster.changed", {"version": 1}),
            ("roster.changed", {"version": 3}),
            ("roster.changed", {"version": 2, "effective_from": "2026-03-01T00:00:00.000Z"}),
            ("roster.withdrawn", {"version": 1}),
        ):
            refused("CW-LEDGER-STATE", custody.ledger.append, Event(type_, actor, fields))


def test_an_older_ledger_does_not_bring_back_who_left(staffed: Place) -> None:
    import shutil

    old = staffed.folder / "old.db"
    with staffed.open() as custody:
        settle(custody)
    place = database(staffed)
    shutil.copy(place, old)
    with staffed.open() as custody:
        adopted(custody, staffed.folder / "r", listed("luke"))
    for ending in ("", "-wal", "-shm"):
        place.with_name(place.name + ending).unlink(missing_ok=True)
    shutil.copy(old, place)
    with staffed.open() as custody:
        refused("CW-LEDGER-REWOUND", custody.rosters.history)


def test_a_restore_keeps_rosters_as_they_were(staffed: Place) -> None:
    with staffed.open() as custody:
        back_up(custody, staffed.folder / "b")
        adopted(custody, staffed.folder / "r", listed("luke"))
        withdraw_roster(custody, "siro")
        waits = adopted(custody, staffed.folder / "s", listed("lena")).effective_from
        staffed.clock.advance(timedelta(days=1))
    again = Place(staffed.folder / "again", staffed.clock)
    again.folder.mkdir()
    done = restore_home(staffed.folder / "b", again.home, staffed.clock, root_store=staffed.store)
    assert done.rosters == (2, 3)
    with open_custody(again.home, staffed.clock, root_store=staffed.store) as custody:
        history = custody.rosters.history()
        assert [one.withdrawn_at is not None for one in history.versions] == [False, True, False]
        assert history.versions[2].effective_from == waits
        assert history.at(staffed.clock.now()).version == 1
        after_the_wait(staffed)
        assert history.at(staffed.clock.now()).version == 3
        settle(custody)
    assert verify_ledger(again.home, staffed.clock, root_store=staffed.store).faults == []


def test_a_later_policy_does_not_unmake_a_roster(staffed: Place) -> None:
    """The people who signed it then need not be able to sign now."""
    from tests.unit.custody.amending import change

    with staffed.open() as custody:
        change(
            custody, staffed.folder / "p", ["siro", "dpo"],
            retire=[{"key": "guardian", "reason": "left"}],
        )  # fmt: skip
        after_the_wait(staffed)
        settle(custody)
        assert custody.trust.key(custody.keyring.get("guardian").id) is None
    with staffed.open() as custody:
        assert custody.rosters.history().at(staffed.clock.now()).version == 1
        with pytest.raises(CommonwealError):
            adopted(custody, staffed.folder / "r", listed("luke"), ["guardian", "siro"])
