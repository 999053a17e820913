"""Permits in custody: nothing half, never twice, and stopped for good (S12, S20)."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.canonical import digest
from commonweal.foundation.errors import CommonwealError, Failure, Fault, Refused
from commonweal.ledger.entry import read_entry
from commonweal.papers.permit import Permit
from commonweal.papers.permit_state import STATES, TRANSITIONS
from commonweal.vault.custody import (
    CHANGES,
    REASONS,
    change_state,
    find_permit,
    issue_permit,
    load_permit,
    status_of,
    status_text,
)
from tests import factories
from tests.unit.custody.support import Place, all_names


def entries(custody: Any, log: str = "public") -> list[dict[str, Any]]:
    count = custody.ledger.size(log)
    return [read_entry(custody.ledger.entry(log, number)) for number in range(count)]


def test_an_issued_permit_is_a_file_an_entry_and_active(place: Place) -> None:
    with place.open() as custody:
        permit = place.issue(custody)
        assert load_permit(custody, place.permit) == permit
        assert load_permit(custody, find_permit(custody, permit.id)) == permit
        assert status_of(custody, permit).state == "active"
        (entry,) = [e for e in entries(custody) if e["type"] == "permit.issued"]
        assert custody.ledger.intents_left() == 0
    assert entry["permit_hash"] == digest(permit.public_projection())
    assert entry["authority"] == permit.authority == "direct"
    assert "details" in entry


def test_the_public_entry_says_nothing_of_people_or_of_the_whole_paper(place: Place) -> None:
    with place.open() as custody:
        permit = place.issue(custody)
        (entry,) = [e for e in entries(custody) if e["type"] == "permit.issued"]
    assert permit.digest() not in str(entry)
    assert "amira" not in str(entry).lower()


def test_a_standard_home_announces_first(tmp_path: Path) -> None:
    from commonweal.vault.custody import Acceptance, create_home

    clock = factories.clock()
    with create_home(
        tmp_path / "home", kind="standard", name="W", clock=clock, root_store=tmp_path / "store",
        acceptance=Acceptance("Jo Ferris", "A test"),
    ) as custody:  # fmt: skip
        permit = issue_permit(
            custody, factories.draft(), factories.catalogue(), ["permit-signer"], tmp_path / "p"
        )
        assert status_of(custody, permit).state == "announced"
        clock.advance(timedelta(days=28))
        assert status_of(custody, permit).state == "active"
        clock.advance(timedelta(days=400))
        assert status_of(custody, permit).state == "expired"


def test_a_permit_is_issued_once(place: Place) -> None:
    with place.open() as custody:
        place.issue(custody)
        before = all_names(place.folder)
        with pytest.raises(Refused, match="CW-PERMIT-EXISTS"):
            place.issue(custody, place.folder / "again.jws")
    assert all_names(place.folder) <= before


def test_a_file_that_is_there_is_left_alone(place: Place) -> None:
    place.permit.write_text("mine")
    with place.open() as custody:
        with pytest.raises(Fault, match="CW-FILE-EXISTS"):
            place.issue(custody)
        assert custody.ledger.permit_standing("asthma-1") is None
    assert place.permit.read_text() == "mine"


def test_a_file_that_appears_meanwhile_is_left_alone(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.link

    def link(source: Any, target: Any, **more: Any) -> None:
        if Path(target) == place.permit:
            place.permit.write_text("somebody else's")
        real(source, target, **more)

    monkeypatch.setattr(os, "link", link)
    with place.open() as custody:
        with pytest.raises(Fault, match="CW-FILE-EXISTS"):
            place.issue(custody)
        assert custody.ledger.permit_standing("asthma-1") is None
    assert place.permit.read_text() == "somebody else's"


def test_a_folder_that_is_not_there_issues_nothing(place: Place) -> None:
    with place.open() as custody:
        with pytest.raises(Fault, match="CW-FILE-MISSING"):
            place.issue(custody, place.folder / "nowhere" / "permit.jws")
        assert custody.ledger.permit_standing("asthma-1") is None


@pytest.mark.parametrize(
    ("signers", "code"),
    [
        ([], "CW-SIGNATURE-INVALID"),
        (["nobody"], "CW-KEY-UNKNOWN"),
        (["status-signer"], "CW-SIGNATURE-UNTRUSTED"),
        (["backup"], "CW-KEY-USE"),
        (["permit-signer", "permit-signer"], "CW-SIGNATURE-INVALID"),
    ],
)
def test_wrong_keys_issue_nothing(place: Place, signers: list[str], code: str) -> None:
    with place.open() as custody:
        with pytest.raises(CommonwealError) as caught:
            issue_permit(custody, factories.draft(), factories.catalogue(), signers, place.permit)
        assert caught.value.code == code
        assert custody.ledger.permit_standing("asthma-1") is None
    assert not place.permit.exists()


def test_people_of_the_demonstration_sign_together(place: Place) -> None:
    with place.open() as custody:
        permit = issue_permit(
            custody,
            factories.draft(),
            factories.catalogue(),
            ["guardian", "siro"],
            place.permit,
        )
        assert status_of(custody, permit).state == "active"


class _Nth:
    """Makes the nth call of the operating system fail, or end the process."""

    def __init__(self, number: int, kill: bool) -> None:
        self.left = number
        self.kill = kill

    def around(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **more: Any) -> Any:
            self.left -= 1
            if self.left == 0:
                if self.kill:
                    os._exit(9)
                raise OSError(errno.ENOSPC, "no space")
            return real(*args, **more)

        return called


CALLS = ("open", "link", "fsync", "replace")


def test_whatever_fails_an_entry_never_stands_without_its_file(
    copy: Callable[[], Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = set()
    for number in range(1, 60):
        place = copy()
        with place.open() as custody:
            trap = _Nth(number, kill=False)
            with monkeypatch.context() as patch:
                for name in CALLS:
                    patch.setattr(os, name, trap.around(getattr(os, name)))
                try:
                    place.issue(custody)
                    failed = False
                except CommonwealError:
                    failed = True
            known = custody.ledger.permit_standing("asthma-1") is not None
            assert place.permit.exists() is known
            assert not [n for n in all_names(place.folder) if ".staging-" in n]
            outcomes.add((failed, known))
            if not known:
                place.issue(custody)
            assert status_of(custody, load_permit(custody, place.permit)).state == "active"
        if trap.left > 0:
            break
    # Failed before the entry, failed after it (while settling), and not at all.
    assert outcomes == {(True, False), (True, True), (False, True)}


def test_killed_anywhere_an_entry_never_stands_without_its_file(
    copy: Callable[[], Place],
) -> None:
    known_once = unknown_once = False
    for number in range(1, 60, 2):
        place = copy()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                trap = _Nth(number, kill=True)
                for name in CALLS:
                    setattr(os, name, trap.around(getattr(os, name)))
                with place.open() as custody:
                    place.issue(custody)
                code = 0
            finally:
                os._exit(code)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert ended in (0, 9)
        with place.open() as custody:
            if custody.ledger.permit_standing("asthma-1") is None:
                unknown_once = True
                if place.permit.exists():
                    with pytest.raises(Refused, match="CW-PERMIT-UNKNOWN"):
                        status_of(custody, load_permit(custody, place.permit))
                place.issue(custody, place.folder / "second.jws")
            else:
                known_once = True
                permit = load_permit(custody, place.permit)
                assert status_of(custody, permit).state == "active"
                assert load_permit(custody, find_permit(custody, permit.id)) == permit
        if ended == 0:
            break
    assert known_once
    assert unknown_once


# --- superseding --------------------------------------------------------------------------


def test_a_new_permit_ends_the_one_it_replaces(place: Place) -> None:
    with place.open() as custody:
        old = place.issue(custody)
        new = place.issue(
            custody, place.folder / "new.jws", id="asthma-2", version=2, supersedes="asthma-1"
        )
        assert status_of(custody, old).state == "superseded"
        assert status_of(custody, new).state == "active"
        assert custody.keyring.fence.read().permits["asthma-1"].state == "superseded"


def test_a_permit_cannot_replace_one_that_is_unknown_or_over(place: Place) -> None:
    with place.open() as custody:
        with pytest.raises(Refused, match="CW-PERMIT-UNKNOWN"):
            place.issue(custody, supersedes="never")
        place.issue(custody)
        change_state(custody, place.permit, "revoke")
        with pytest.raises(Refused, match="CW-PERMIT-TRANSITION"):
            place.issue(custody, place.folder / "b", id="asthma-2", supersedes="asthma-1")
        assert custody.ledger.permit_standing("asthma-2") is None
    assert not (place.folder / "b").exists()


def full(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, "no space")


@pytest.mark.parametrize("name", ["link", "replace", "fsync"])
def test_a_replacement_that_fails_ends_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with place.open() as custody:
        old = place.issue(custody)
        with monkeypatch.context() as patch:
            patch.setattr(os, name, full)
            with pytest.raises(Failure, match="CW-DISK-FULL"):
                place.issue(custody, place.folder / "b", id="asthma-2", supersedes="asthma-1")
        assert status_of(custody, old).state == "active"
        assert not (place.folder / "b").exists()
        place.issue(custody, place.folder / "b", id="asthma-2", supersedes="asthma-1")
        assert status_of(custody, old).state == "superseded"


@pytest.mark.parametrize(("event", "end"), [("revoke", "revoked"), ("pause", "paused")])
def test_a_stop_that_was_cut_off_refuses_until_it_is_repeated(
    place: Place, monkeypatch: pytest.MonkeyPatch, event: Any, end: str
) -> None:
    with place.open() as custody:
        permit = place.issue(custody)
        fence = custody.keyring.fence
        real = fence.record_permit_state

        def then_lost(*args: Any) -> None:
            real(*args)
            raise Failure("CW-DISK-FULL", "The commit never happened.")

        monkeypatch.setattr(fence, "record_permit_state", then_lost)
        with pytest.raises(Failure, match="CW-DISK-FULL"):
            change_state(custody, place.permit, event)
        with pytest.raises(Fault, match="CW-LEDGER-REWOUND"):
            status_of(custody, permit)
        monkeypatch.undo()
        change_state(custody, place.permit, event)
        assert status_of(custody, permit).state == end


# --- states -------------------------------------------------------------------------------


@pytest.mark.parametrize("event", sorted(CHANGES))
@pytest.mark.parametrize("state", ["active", "paused", "suspended", "revoked", "closed"])
def test_every_step_from_every_state_is_as_the_table_says(
    place: Place, state: str, event: Any
) -> None:
    reach = {"paused": "pause", "suspended": "suspend", "revoked": "revoke", "closed": "close"}
    with place.open() as custody:
        permit = place.issue(custody)
        if state in reach:
            change_state(custody, place.permit, reach[state])  # type: ignore[arg-type]
        origins, target = TRANSITIONS[event]
        if state in origins:
            change = change_state(custody, place.permit, event)
            assert (change.before, change.after) == (state, target)
            assert status_of(custody, permit).state == target
            assert custody.keyring.fence.read().permits[permit.id].state == target
            assert custody.ledger.intents_left() == 0
        else:
            with pytest.raises(Refused, match="CW-PERMIT-TRANSITION"):
                change_state(custody, place.permit, event)
            assert status_of(custody, permit).state == state


def test_the_reason_is_a_word_of_the_closed_list(place: Place) -> None:
    with place.open() as custody:
        place.issue(custody)
        for event, reason in (("pause", "because Mr Smith said so"), ("resume", REASONS[0])):
            with pytest.raises(CommonwealError, match="CW-PERMIT-REASON") as caught:
                change_state(custody, place.permit, event, reason)  # type: ignore[arg-type]
            assert "Smith" not in str(caught.value)
        change_state(custody, place.permit, "pause", "incident")
        assert entries(custody)[-1]["reason"] == "incident"


@pytest.mark.parametrize("event", ["issue", "supersede", "explode"])
def test_only_the_steps_of_people_can_be_taken(place: Place, event: Any) -> None:
    with place.open() as custody:
        place.issue(custody)
        with pytest.raises(CommonwealError, match="CW-PERMIT-REASON"):
            change_state(custody, place.permit, event)


def test_every_state_is_known_to_the_table() -> None:
    assert {target for _, target in TRANSITIONS.values()} <= set(STATES)


# --- status -------------------------------------------------------------------------------


def test_a_permit_that_the_ledger_does_not_know_has_no_status(
    place: Place, copy: Callable[[], Place]
) -> None:
    other = copy()
    with other.open() as custody:
        permit = other.issue(custody)
    with place.open() as custody:
        with pytest.raises(Refused, match="CW-PERMIT-UNKNOWN"):
            status_of(custody, permit)
        with pytest.raises(Refused, match="CW-PERMIT-UNKNOWN"):
            find_permit(custody, permit.id)


@pytest.mark.parametrize(
    "changes",
    [{"conditions": ["Anything goes."]}, {"risk": {"k": 2}}, {"until": "2027-03-01"}],
)
def test_another_paper_with_the_same_id_has_no_status(
    place: Place, changes: dict[str, Any]
) -> None:
    """A second paper, as well signed as the first, is not the one that was announced."""
    from commonweal.papers.issue import issue

    with place.open() as custody:
        first = place.issue(custody)
        text = issue(
            factories.draft(**changes),
            factories.catalogue(),
            custody.trust,
            [custody.keyring.signer("permit-signer")],
            authority="direct",
            clock=place.clock,
        )
        second = Permit.load(text, custody.trust)
        assert second.id == first.id
        with pytest.raises(Refused, match="CW-PERMIT-NOT-ISSUED"):
            status_of(custody, second)
        forged = place.folder / "forged.jws"
        forged.write_text(text)
        with pytest.raises(Refused, match="CW-PERMIT-NOT-ISSUED"):
            change_state(custody, forged, "pause")
        assert status_of(custody, first).state == "active"


def test_one_changed_byte_of_a_permit_is_refused(place: Place) -> None:
    with place.open() as custody:
        place.issue(custody)
        content = place.permit.read_bytes()
        for at in range(0, len(content), max(1, len(content) // 25)):
            other = b"A" if content[at : at + 1] != b"A" else b"B"
            place.permit.write_bytes(content[:at] + other + content[at + 1 :])
            with pytest.raises(Fault):
                load_permit(custody, place.permit)


def test_the_status_is_signed_and_fresh(place: Place) -> None:
    with place.open() as custody:
        permit = place.issue(custody)
        status = status_of(custody, permit)
        permit.check("release", None, place.clock.now(), status)
        place.clock.advance(timedelta(minutes=5, seconds=1))
        with pytest.raises(Refused, match="CW-PERMIT-STATUS-STALE") as caught:
            permit.check("release", None, place.clock.now(), status)
        assert caught.value.exit_code == 5
        assert status_text(custody, permit).endswith("\n")


def test_a_clock_that_goes_back_gives_no_status(place: Place) -> None:
    with place.open() as custody:
        place.clock.advance(timedelta(hours=1))
        permit = place.issue(custody)
        place.clock.advance(timedelta(minutes=-30))
        with pytest.raises(CommonwealError, match="CW-CLOCK-BEHIND") as caught:
            status_of(custody, permit)
        assert caught.value.exit_code == 5


def test_a_ledger_that_forgot_a_stop_gives_no_status(place: Place) -> None:
    """The home put back as it was before a revocation, without a restore: the fence remembers."""
    import shutil

    with place.open() as custody:
        permit = place.issue(custody)
    shutil.copytree(place.home, place.folder / "before")
    with place.open() as custody:
        change_state(custody, place.permit, "revoke")
    shutil.rmtree(place.home)
    (place.folder / "before").rename(place.home)
    with place.open() as custody:
        standing = custody.ledger.permit_standing(permit.id)
        assert standing is not None
        assert standing.state == "active"
        with pytest.raises(Fault, match="CW-LEDGER-REWOUND"):
            status_of(custody, permit)


def test_two_processes_cannot_issue_one_id(place: Place) -> None:
    with place.open() as one, place.open() as two:
        place.issue(one)
        with pytest.raises(Refused, match="CW-PERMIT-EXISTS"):
            place.issue(two, place.folder / "second.jws")
    assert not (place.folder / "second.jws").exists()
