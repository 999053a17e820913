"""Outputs on their way out: frozen, judged by two people, released once and whole, recalled."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.airlock.leaving.freezing import freeze
from commonweal.airlock.leaving.giving import withdraw
from commonweal.airlock.leaving.releasing import recover
from commonweal.airlock.leaving.reviewing import take_vote
from commonweal.airlock.leaving.store import OutputStore
from commonweal.foundation.clock import SystemClock
from commonweal.foundation.errors import CommonwealError, Refused
from commonweal.foundation.files import only_one
from commonweal.governance.outputs import output_judge
from commonweal.papers.acts import software_signed
from commonweal.vault.custody.acts import record_act, void_act
from tests.output_house import (
    OutputHouse,
    copied,
    counts,
    make_output_house,
    patients,
    refused,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> OutputHouse:
    house = make_output_house(tmp_path_factory.mktemp("outputs") / "made")
    house.close()
    return house


@pytest.fixture
def house(made: OutputHouse, tmp_path: Path) -> Iterator[OutputHouse]:
    here = copied(made, tmp_path / "house")
    yield here
    here.close()


def test_an_output_leaves_once_two_people_have_looked(house: OutputHouse) -> None:
    found = house.submitted()
    assert house.vote("ada").outcome == "waiting"
    refused("CW-LEAVING-VOTES", house.release)
    assert house.nothing_left()
    assert house.vote("ben").outcome == "approved"
    done = house.release()
    assert done.now
    files = {path.name for path in (done.folder / "files").iterdir()}
    assert files == {"stays.csv"}  # the request stays here
    content = (done.folder / "files" / "stays.csv").read_bytes()
    assert content == (found.files / "stays.csv").read_bytes()
    assert (house.store.history / "out-1" / "manifest.json").is_file()
    assert not found.proposal.exists()
    (event,) = house.events("output.released")
    assert event["role"] == "system"
    assert "actor" not in event
    record = json.loads((done.folder / "record.json").read_text())
    assert record["criteria"]["reviewers"] == {
        "needed": 2, "approved": 2, "independent": 2,
        "excluded": ["author", "project member", "conflicted"],
    }  # fmt: skip
    shown = json.dumps(record)
    assert not any(f'"{name}"' in shown for name in ("ada", "ben", "amira"))
    assert house.ledger_faults() == []


def test_released_twice_is_told_and_not_done_twice(house: OutputHouse) -> None:
    house.approved()
    first = house.release()
    again = house.release()
    assert (again.now, again.intent, again.folder) == (False, first.intent, first.folder)
    assert len(house.events("output.released")) == 1


def test_a_changed_file_goes_back_to_its_author(house: OutputHouse) -> None:
    found = house.approved()
    path = found.files / "stays.csv"
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b"young", b"elder"))
    refused("CW-LEAVING-FILE", house.release)
    assert house.nothing_left()
    assert [one["step"] for one in house.events("output.moved")] == ["find_changed"]
    refused("CW-LEAVING-STATE", house.release)


@pytest.mark.parametrize("how", ["more", "fewer", "link", "folder", "fifo"])
def test_files_that_are_not_those_that_were_frozen(house: OutputHouse, how: str) -> None:
    import os

    found = house.approved()
    path = found.files / "stays.csv"
    if how == "more":
        (found.files / "extra.csv").write_text("x")
    else:
        content = path.read_bytes()
        path.unlink()
    if how == "link":
        (house.base / "elsewhere").write_bytes(content)
        path.symlink_to(house.base / "elsewhere")
    if how == "folder":
        path.mkdir()
    if how == "fifo":
        os.mkfifo(path)
    refused("CW-LEAVING-FILE", house.release)
    assert house.nothing_left()


def test_changed_figures_do_not_leave(house: OutputHouse) -> None:
    found = house.approved()
    (values,) = (found.proposal / "values").iterdir()
    values.chmod(0o600)
    values.write_bytes(values.read_bytes() + b"\0")
    error = refused("CW-AUDIT-OUTPUT", house.release)
    assert "stays" not in error.sentence
    assert house.nothing_left()


def test_findings_are_those_that_were_frozen(house: OutputHouse) -> None:
    found = house.approved()
    path = found.folder / "findings.json"
    plain = json.loads(path.read_text())
    plain["audit"]["threshold"] = 2
    path.write_text(json.dumps(plain))
    refused("CW-LEAVING-FINDINGS", house.release)
    assert house.nothing_left()


# --- votes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["iris"])
def test_who_may_not_judge_is_refused_and_not_recorded(house: OutputHouse, who: str) -> None:
    house.submitted()
    before = len(house.events("act.recorded"))
    refused("CW-LEAVING-REVIEWER", house.vote, who)
    assert len(house.events("act.recorded")) == before


@pytest.mark.parametrize("who", ["guardian", "siro", "manager"])
def test_no_office_judges_in_place_of_a_checker(house: OutputHouse, who: str) -> None:
    house.submitted()
    refused("CW-ACT-ROLE", house.vote, who)


def test_one_person_twice_is_one_person(house: OutputHouse) -> None:
    house.submitted()
    house.vote("ada")
    assert house.vote("ada").outcome == "waiting"
    refused("CW-LEAVING-VOTES", house.release)


def test_a_vote_that_was_cut_off_is_brought_again(house: OutputHouse) -> None:
    """Its file was written, and the ledger had not heard of it."""
    found = house.submitted()
    review = house.review(found.manifest)
    signed = house.signed_vote("ada", review)
    house.store.add(found, signed, review)
    house.vote("ben")
    refused("CW-LEAVING-VOTES", house.release)
    decision = take_vote(house.store, house.ground, output_judge, signed, review)
    assert decision.outcome == "approved"


def files_of(house: OutputHouse) -> tuple[int, int]:
    """How many acts and reviews lie in the turn."""
    folder = house.store.read("out-1").folder
    return tuple(len(list((folder / one).glob("*.json"))) for one in ("acts", "reviews"))  # type: ignore[return-value]


@pytest.mark.parametrize("who", ["iris", "guardian", "amira"])
def test_what_was_refused_leaves_no_file(house: OutputHouse, who: str) -> None:
    """Ten thousand of them would block the output for everybody."""
    house.submitted()
    before = files_of(house)
    for _ in range(3):
        with pytest.raises(CommonwealError):
            house.vote(who, note="Let me in.")
        assert files_of(house) == before
    house.vote("ada")
    assert files_of(house) == (before[0] + 1, before[1] + 1)
    assert house.vote("ben").outcome == "approved"


def test_a_refused_vote_with_the_words_of_one_that_counts(house: OutputHouse) -> None:
    house.submitted()
    house.vote("ada")
    refused("CW-LEAVING-REVIEWER", house.vote, "iris")  # the very same review
    assert files_of(house) == (2, 1)
    assert house.vote("ben").outcome == "approved"
    house.release()


def test_what_a_cut_left_the_next_vote_clears_away(house: OutputHouse) -> None:
    found = house.submitted()
    for note in ("one", "two"):
        review = house.review(found.manifest, note=note)
        house.store.add(found, house.signed_vote("iris", review), review)
    assert files_of(house) == (3, 2)
    house.vote("ada")
    assert files_of(house) == (2, 1)


def test_a_vote_that_the_ledger_heard_of_is_never_cleared_away(house: OutputHouse) -> None:
    """Though it cannot count: who leaves out what the ledger knows is found out."""
    found = house.submitted()
    review = house.review(found.manifest)
    signed = house.signed_vote("iris", review)
    record_act(house.custody, signed)
    refused(
        "CW-LEAVING-REVIEWER", take_vote, house.store, house.ground, output_judge, signed, review
    )
    assert files_of(house) == (2, 1)
    assert house.vote("ada").outcome == "waiting"
    assert house.vote("ben").outcome == "approved"
    house.release()


def test_nobody_takes_back_what_is_just_being_released(house: OutputHouse) -> None:
    found = house.approved()
    with only_one(house.store.lock, "the outputs"):
        refused("CW-BUSY", withdraw, house.store, house.ground, house.taking_back(found.manifest))
    other = house.taking_back(found.manifest, actor="iris", role="applicant")
    refused("CW-LEAVING-AUTHOR", withdraw, house.store, house.ground, other)
    withdraw(house.store, house.ground, house.taking_back(found.manifest))
    again = house.taking_back(found.manifest)
    refused("CW-LEAVING-STATE", withdraw, house.store, house.ground, again)


@pytest.mark.parametrize("name", ["x" * 300, "../out-1", "", ".", "a/b", "out-1\n"])
def test_what_can_be_no_id_is_unknown(house: OutputHouse, name: str) -> None:
    house.submitted()
    refused("CW-LEAVING-UNKNOWN", house.store.read, name)
    refused("CW-LEAVING-UNKNOWN", house.release, name)


def test_a_vote_that_the_signer_heard_of_is_counted_once(house: OutputHouse) -> None:
    """People sign on the pages: the signer brings the act to the ledger before the airlock does."""
    found = house.submitted()
    review = house.review(found.manifest)
    signed = house.signed_vote("ada", review)
    record_act(house.custody, signed)
    for _ in range(2):
        decision = take_vote(house.store, house.ground, output_judge, signed, review)
        assert decision.outcome == "waiting"
    assert len(house.ground.records(found.manifest.id).acts) == 2
    assert house.vote("ben").outcome == "approved"


def test_another_act_under_a_known_name_does_not_count(house: OutputHouse) -> None:
    found = house.submitted()
    signed = house.signed_vote("ada", house.review(found.manifest))
    record_act(house.custody, signed)
    other = house.review(found.manifest, note="Something else.")
    act = signed.act.model_copy(update={"content": other.digest()})
    swapped = software_signed(act, house.custody.keyring.signer("ada"), house.clock.now())
    refused(
        "CW-ACT-NOT-RECORDED", take_vote, house.store, house.ground, output_judge, swapped, other
    )


def test_nothing_leaves_by_a_void_vote(house: OutputHouse) -> None:
    """It is brought, so that none is missing, and the release refuses what rests on it."""
    found = house.submitted()
    review = house.review(found.manifest)
    signed = house.signed_vote("ada", review)
    record_act(house.custody, signed)
    void_act(house.custody, signed.act.id, "CW-STATE-STEP")
    take_vote(house.store, house.ground, output_judge, signed, review)
    assert house.vote("ben").outcome == "approved"
    refused("CW-ACT-VOID", house.release)
    assert house.nothing_left()
    assert house.vote("cleo").outcome == "approved"
    refused("CW-ACT-VOID", house.release)


def test_a_frozen_folder_waits_a_day_for_its_author(house: OutputHouse) -> None:
    from commonweal.airlock.leaving.freezing import resume

    frozen = house.frozen()
    # The times of files are the machine's own.
    house.clock.advance(SystemClock().now() - house.clock.now())
    assert resume(house.store, house.ground) == []
    assert frozen.submitted.folder.is_dir()
    assert resume(house.store, house.ground, after=timedelta(days=-1)) == []
    assert not frozen.submitted.folder.exists()


def test_two_who_disagree_need_a_third_or_one_who_signs_again(house: OutputHouse) -> None:
    house.submitted()
    house.vote("ada")
    assert house.vote("ben", verdict="return").outcome == "conflict"
    refused("CW-LEAVING-VOTES", house.release)
    assert house.vote("cleo").outcome == "approved"
    assert house.release().now


def test_a_returned_output_comes_again_as_another_turn(house: OutputHouse) -> None:
    first = house.submitted()
    house.vote("ada", verdict="return")
    decision = house.vote("ben", verdict="return")
    assert decision.outcome == "returned"
    assert [one.reason for one in decision.reasons] == ["context_missing"]
    refused("CW-LEAVING-STATE", house.vote, "cleo")
    refused("CW-LEAVING-STATE", house.release)
    second = house.submitted(context="How many people stayed, in March.")
    assert (second.manifest.turn, second.manifest.previous) == (2, first.manifest.digest())
    assert house.vote("ada").outcome == "waiting"  # votes of the turn before do not count
    house.vote("ben")
    assert house.release().now


def test_an_older_turn_that_is_put_back_does_not_leave(house: OutputHouse) -> None:
    house.submitted()
    house.vote("ada")
    house.vote("ben", verdict="return")
    house.vote("cleo", verdict="return")
    house.submitted(context="Another text.")
    shutil.rmtree(house.store.turn("out-1", 2))
    refused("CW-LEAVING-STATE", house.release)
    assert house.nothing_left()


def test_a_rejected_output_does_not_come_again(house: OutputHouse) -> None:
    house.submitted()
    house.vote("ada", verdict="reject")
    house.vote("ben", verdict="reject")
    refused("CW-LEAVING-STATE", house.release)
    refused("CW-LEAVING-KNOWN", house.submitted)


def test_a_conflict_that_somebody_declared_stands(house: OutputHouse) -> None:
    house.submitted()
    house.vote("ada", verdict="conflicted")
    house.vote("ben")
    refused("CW-LEAVING-REVIEWER", house.vote, "ada")
    assert house.vote("cleo").outcome == "approved"


def test_what_failed_leaves_only_if_both_say_why(house: OutputHouse) -> None:
    house.submitted(verdict="fail")
    refused("CW-LEAVING-REVIEWER", house.vote, "ada")
    overrides = house.overriding("out-1")
    assert [one["what"] for one in overrides] == ["stays.csv"]
    house.vote("ada", overrides=overrides)
    refused("CW-LEAVING-REVIEWER", house.vote, "ben")
    wrong = [{**overrides[0], "verdict": "unreadable"}]
    refused("CW-LEAVING-REVIEWER", house.vote, "ben", overrides=wrong)
    decision = house.vote("ben", overrides=house.overriding("out-1", "structural_zero"))
    assert [one.reason for one in decision.overrides] == ["structural_zero", "wrongly_found"]
    house.release()
    (event,) = house.events("output.released")
    assert event["overrides"] == 2


def test_an_act_that_was_heard_and_is_left_out_is_missed(house: OutputHouse) -> None:
    found = house.submitted()
    house.vote("cleo", verdict="return")
    (acts,) = [path for path in (found.folder / "acts").iterdir() if "cleo" in path.read_text()]
    house.vote("ada")
    house.vote("ben")
    acts.unlink()
    refused("CW-LEAVING-ACT-MISSING", house.release)
    assert house.nothing_left()


def test_time_runs_out(house: OutputHouse) -> None:
    house.approved()
    house.clock.advance(timedelta(days=60))
    refused("CW-LEAVING-EXPIRED", house.release)
    assert house.nothing_left()


# --- the permit ---------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["pause", "suspend", "revoke", "close"])
def test_a_permit_that_stopped_in_between(house: OutputHouse, step: str) -> None:
    house.approved()
    house.stop(step)
    refused("CW-PERMIT-NOT-LIVE", house.release)
    assert house.nothing_left()
    assert house.events("act.used") == []
    (said,) = house.events("output.refused")
    assert said["code"] == "CW-PERMIT-NOT-LIVE"


@pytest.mark.parametrize("step", ["suspend", "revoke", "close"])
def test_nothing_is_submitted_under_a_permit_that_stopped(house: OutputHouse, step: str) -> None:
    house.stop(step)
    refused("CW-PERMIT-NOT-LIVE", house.submitted)
    assert house.events("act.recorded") == []
    assert house.resume() == []
    assert house.store.turns("out-1") == []


# --- the audit ----------------------------------------------------------------------------------


def test_two_that_are_safe_alone_and_not_together(house: OutputHouse) -> None:
    """Both were audited against the same history; the second would tell who left in between."""
    house.approved("out-1", counts("first"))
    house.people = patients(without=range(0, 9, 3))
    house.approved("out-2", counts("second", snapshot="s2"))
    assert house.release("out-1").now
    error = refused("CW-AUDIT-STALE", house.release, "out-2")
    assert "out-1" not in error.sentence
    assert house.nothing_left("out-2")
    assert house.release("out-1").now is False


def test_one_that_is_safe_together_leaves_after_the_audit_ran_again(house: OutputHouse) -> None:
    house.approved("out-1", counts("first"))
    house.approved("out-2", counts("second"))  # the same people, the same cells
    house.release("out-1")
    assert house.release("out-2").now
    assert len(house.events("output.released")) == 2


@pytest.mark.parametrize("how", ["gone", "changed", "added"])
def test_nothing_leaves_beside_a_history_that_is_not_the_ledgers(
    house: OutputHouse, how: str
) -> None:
    house.approved("out-1")
    house.release("out-1")
    house.approved("out-2")
    left = house.store.history / "out-1"
    if how == "gone":
        left.rename(house.base / "aside")
        shutil.rmtree(house.store.released / "out-1")
        refused("CW-LEAVING-STORE", house.release, "out-2")
    elif how == "changed":
        path = left / "manifest.json"
        path.write_text(path.read_text().replace('"title":"out-1"', '"title":"out-9"'))
        refused("CW-AUDIT-HISTORY", house.release, "out-2")
    else:
        shutil.copytree(house.store.read("out-2").proposal, house.store.history / "out-3")
        path = house.store.history / "out-3" / "manifest.json"
        path.write_text(path.read_text().replace('"output":"out-2"', '"output":"out-3"'))
        refused("CW-AUDIT-HISTORY", house.release, "out-2")
    assert house.events("output.released")[1:] == []


# --- afterwards ---------------------------------------------------------------------------------


def test_a_download_is_for_the_project_while_its_permit_is_live(house: OutputHouse) -> None:
    house.approved()
    refused("CW-LEAVING-UNKNOWN", house.download)
    house.release()
    refused("CW-LEAVING-AUTHOR", house.download, who="ada")
    given = house.download()
    assert {path.name for path in given.iterdir()} == {"stays.csv"}
    (event,) = house.events("output.downloaded")
    # Nobody signed for it: the log says in whose name, and never that it was they.
    assert (event["role"], event["named"], event["way"]) == ("system", "amira", "command")
    refused("CW-FILE-EXISTS", house.download)
    house.stop("pause")
    refused("CW-PERMIT-NOT-LIVE", house.download, to="again")
    assert not (house.base / "again").exists()
    assert len(house.events("output.downloaded")) == 1


def test_a_recall_stops_the_links_and_says_so_in_public(house: OutputHouse) -> None:
    house.approved()
    refused("CW-LEAVING-UNKNOWN", house.recall)
    house.release()
    house.download()
    refused("CW-ACT-ROLE", house.recall, who="manager")
    # What nobody who may has signed leaves no record beside the files.
    record = house.store.released / "out-1" / "recall.json"
    assert not record.exists()
    done = house.recall()
    assert record.read_bytes() == done.recall.canonical()
    assert done.downloaded_by == ("amira",)
    (event,) = house.events("output.recalled")
    assert event["reasons_hash"] == done.recall.digest()
    assert "actor" not in event
    refused("CW-LEAVING-RECALLED", house.download, to="again")
    refused("CW-LEAVING-RECALLED", house.release)
    refused("CW-LEAVING-RECALLED", house.recall, who="ben")
    # It cannot be taken back: the figures stay in the history, and later audits see them.
    assert (house.store.history / "out-1").is_dir()
    assert house.ledger_faults() == []


def test_a_released_file_that_was_changed_is_given_to_nobody(house: OutputHouse) -> None:
    house.approved()
    done = house.release()
    path = done.folder / "files" / "stays.csv"
    path.chmod(0o600)
    path.write_text("other")
    refused("CW-LEAVING-FILE", house.download)
    assert house.events("output.downloaded") == []
    manifest = done.folder / "manifest.json"
    manifest.chmod(0o600)
    manifest.write_text(manifest.read_text().replace("Stays by sex", "Stays by age"))
    refused("CW-LEAVING-STORE", house.download)


def test_an_empty_store_is_no_fault_and_an_unknown_output_is_one(house: OutputHouse) -> None:
    assert OutputStore(house.base / "nowhere").ids() == []
    refused("CW-LEAVING-UNKNOWN", house.release)
    assert recover(house.store, house.ground) == []


def test_a_judge_that_says_nothing_lets_nothing_out(house: OutputHouse) -> None:
    from commonweal.airlock.leaving.releasing import release

    house.approved()

    def broken(*args: Any, **named: Any) -> Any:
        raise Refused("CW-LEAVING-VOTES", "No.")

    refused("CW-LEAVING-VOTES", release, house.store, house.ground, broken, "out-1")
    assert house.nothing_left()
    assert release(house.store, house.ground, output_judge, "out-1").now


def test_other_bytes_than_were_checked_are_not_frozen(house: OutputHouse) -> None:
    """The job's folder is open to others between the check and the copy."""
    draft = house.draft()
    checked = hashlib.sha256(draft.sources[1].path.read_bytes()).hexdigest()
    sources = [draft.sources[0], replace(draft.sources[1], sha256=f"sha256:{checked}")]
    draft.sources[1].path.write_text("sex,age,people\nF,young,1\n")
    refused("CW-LEAVING-FILE", freeze, house.store, house.ground, replace(draft, sources=sources))
    assert house.store.turns(draft.id) == []
