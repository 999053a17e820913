"""Outputs in the public register: what left, in the words that the log committed to, and no other.

One home with two outputs that really left: `out-1`, and `out-2`, which two people let leave though
a check failed, and which was recalled later.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from commonweal.airlock.leaving.giving import released_record
from commonweal.airlock.leaving.releasing import recover
from commonweal.foundation.canonical import canonical, digest
from commonweal.foundation.errors import Fault
from commonweal.papers.base import PaperInvalid
from commonweal.papers.register import Register
from commonweal.papers.register_log import Compared, compare, outputs_logged
from commonweal.papers.register_outputs import MOST_OUTPUTS, public_record
from commonweal.vault.custody import publish_register
from commonweal.vault.custody.register import FollowRegister, kept_register, public_entries
from tests.output_house import OutputHouse, copied, counts, make_output_house, refused

REASONS = "A count was of three people."
Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> OutputHouse:
    house = make_output_house(tmp_path_factory.mktemp("register") / "made")
    house.approved()
    house.release()
    house.submitted("out-2", counts("second"), verdict="fail", title="Stays <b>by</b> age")
    for who in ("ada", "ben"):
        house.vote(who, "out-2", overrides=house.overriding("out-2"))
    house.release("out-2")
    house.recall("out-2")
    publish_register(house.custody)
    house.close()
    return house


@pytest.fixture
def house(made: OutputHouse, tmp_path: Path) -> Iterator[OutputHouse]:
    here = copied(made, tmp_path / "house")
    yield here
    here.close()


@pytest.fixture(scope="module")
def logged(made: OutputHouse) -> list[tuple[int, dict[str, Any]]]:
    found = public_entries(made.custody)
    made.close()
    return found


def file_of(house: OutputHouse) -> Path:
    return house.home / "public" / "register.json"


def plain_of(house: OutputHouse) -> dict[str, Any]:
    found = json.loads(file_of(house).read_bytes())
    assert isinstance(found, dict)
    return found


def register_of(house: OutputHouse) -> Register:
    read = Register.read(plain_of(house), "The register")
    read.check()
    return read


# --- what it says -------------------------------------------------------------------------------


def test_the_register_tells_what_left_and_what_should_not_have(made: OutputHouse) -> None:
    (entry,) = register_of(made).entries
    first, second = entry.outputs
    assert first.said is not None
    assert first.said.title == "Stays by sex"
    assert [one.plain() for one in first.said.files] == [{"kind": "table", "grade": "recomputed"}]
    assert (first.overrides, first.recalled) == (0, None)
    assert first.at.minute == first.at.second == first.at.microsecond == 0
    assert second.said is not None
    assert [one.plain() for one in second.said.overrides] == [
        {"verdict": "fail", "reason": "wrongly_found"}
    ]
    assert second.overrides == 1
    assert second.recalled is not None
    assert second.recalled.said is not None
    assert second.recalled.said.reasons == REASONS
    assert first.entry < second.entry < second.recalled.entry


def test_the_register_says_exactly_what_the_log_says(
    made: OutputHouse, logged: list[tuple[int, dict[str, Any]]]
) -> None:
    assert compare(register_of(made), logged) == Compared((), (), ())
    entries = dict(logged)
    for one in register_of(made).entries[0].outputs:
        assert entries[one.entry]["type"] == "output.released"
        assert one.said is not None
        assert entries[one.entry]["output_hash"] == digest(one.said.plain())


def test_nobody_and_no_file_is_named(made: OutputHouse) -> None:
    text = file_of(made).read_text()
    for secret in (
        "amira",
        "Amira",
        "ada",
        "Ada Checks",
        "ben",
        "stays.csv",
        "stays.json",
        "job-1",
    ):
        assert f'"{secret}' not in text, secret
    files = (made.home / "airlock" / "released" / "out-1" / "files").iterdir()
    assert all(path.name not in text for path in files)


def test_a_register_of_before_outputs_were_listed_is_read(
    made: OutputHouse, logged: list[tuple[int, dict[str, Any]]]
) -> None:
    plain = plain_of(made)
    del plain["entries"][0]["outputs"]
    old = Register.read(plain, "The register")
    old.check()
    assert old.entries[0].outputs == ()
    assert compare(old, logged).missing == ("output out-1", "output out-2")


# --- words that are not there, or are others ----------------------------------------------------


def released(house: OutputHouse, output: str, name: str) -> Path:
    return house.home / "airlock" / "released" / output / name


def changed(path: Path, change: Change) -> None:
    plain = json.loads(path.read_bytes())
    change(plain)
    path.write_bytes(canonical(plain))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b"{"),
        lambda path: path.write_bytes(b"[" * 100_000),
        lambda path: path.write_bytes(b" " * 300_000),
        lambda path: (path.unlink(), path.mkdir()),
        lambda path: (path.unlink(), path.symlink_to("/etc/passwd")),
        lambda path: changed(path, lambda p: p.update(title="All is well")),
        lambda path: changed(path, lambda p: p.update(overrides=[])),
        lambda path: changed(path, lambda p: p.update(permit="permit-2")),
        lambda path: changed(path, lambda p: p.update(author="amira")),
        lambda path: changed(path, lambda p: p["files"][0].update(sha256="sha256:" + "0" * 64)),
        lambda path: shutil.copy(path.parent.parent / "out-1" / path.name, path),
    ],
)
def test_words_that_are_not_what_was_logged_are_left_out(
    house: OutputHouse, spoil: Callable[[Path], object]
) -> None:
    spoil(released(house, "out-2", "public.json"))
    publish_register(house.custody)
    first, second = register_of(house).entries[0].outputs
    assert first.said is not None
    assert second.said is None
    # What the log says of it stays: that it left, when, and that it was recalled.
    assert second.recalled is not None
    assert second.recalled.said is not None
    assert second.overrides == 1
    compared = compare(register_of(house), public_entries(house.custody))
    assert (compared.same, compared.wordless) == (True, ("output out-2",))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.unlink(),
        lambda path: changed(path, lambda p: p.update(reasons="A small slip.")),
        lambda path: changed(path, lambda p: p.update(output="out-1")),
        lambda path: changed(path, lambda p: p.update(at="2020-01-01T00:00:00.000Z")),
        lambda path: changed(path, lambda p: p.update(by="ada")),
    ],
)
def test_reasons_that_are_not_what_was_logged_are_left_out_and_the_recall_stays(
    house: OutputHouse, spoil: Callable[[Path], object]
) -> None:
    spoil(released(house, "out-2", "recall.json"))
    publish_register(house.custody)
    second = register_of(house).entries[0].outputs[1]
    assert second.recalled is not None
    assert second.recalled.said is None
    assert second.said is not None


def test_a_recall_that_the_log_does_not_know_is_none(house: OutputHouse) -> None:
    shutil.copy(released(house, "out-2", "recall.json"), released(house, "out-1", "recall.json"))
    changed(released(house, "out-1", "recall.json"), lambda p: p.update(output="out-1"))
    publish_register(house.custody)
    assert register_of(house).entries[0].outputs[0].recalled is None


def test_the_airlock_writes_words_anew_that_are_gone_and_only_those_that_left(
    house: OutputHouse,
) -> None:
    paths = [released(house, one, "public.json") for one in ("out-1", "out-2")]
    before = [path.read_bytes() for path in paths]
    for path in paths:
        path.unlink()
    changed(released(house, "out-1", "manifest.json"), lambda p: p.update(title="Another"))
    recover(house.store, house.ground)
    assert not paths[0].exists()
    assert paths[1].read_bytes() == before[1]


# --- a register that somebody changed -----------------------------------------------------------


def output_of(plain: dict[str, Any], number: int) -> dict[str, Any]:
    found = plain["entries"][0]["outputs"][number]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    "change",
    [
        lambda p: output_of(p, 0)["said"].update(title="Harmless"),
        lambda p: output_of(p, 0)["said"].update(permit="permit-2"),
        lambda p: output_of(p, 0)["said"].update(output="out-9"),
        lambda p: output_of(p, 0).update(output="out-9"),
        lambda p: output_of(p, 0).update(release="permit-1.r9"),
        lambda p: output_of(p, 0).update(overrides=3),
        lambda p: output_of(p, 1).update(overrides=0),
        lambda p: output_of(p, 1)["said"].update(overrides=[]),
        lambda p: output_of(p, 1)["said"]["overrides"][0].update(reason="structural_zero"),
        lambda p: output_of(p, 1)["recalled"]["said"].update(reasons="A small slip."),
        lambda p: output_of(p, 1)["recalled"]["said"].update(output="out-1"),
        lambda p: output_of(p, 1)["recalled"].update(entry=0),
        lambda p: output_of(p, 1)["recalled"].update(at="2000-01-01T00:00:00.000Z"),
        lambda p: output_of(p, 0).update(entry=output_of(p, 1)["entry"]),
        lambda p: output_of(p, 0).update(entry=10**9),
        lambda p: output_of(p, 0).update(said=output_of(p, 1)["said"]),
        lambda p: p["entries"][0]["outputs"].append(output_of(p, 0)),
        lambda p: p["entries"].append(p["entries"][0]),
        lambda p: p.update(public_size=3),
    ],
)
def test_a_register_whose_outputs_were_changed_is_refused(
    made: OutputHouse, change: Change
) -> None:
    plain = plain_of(made)
    change(plain)
    refused("CW-WEB-REGISTER", Register.read(plain, "The register").check)


@pytest.mark.parametrize(
    "change",
    [
        lambda p: output_of(p, 0)["said"].update(author="amira"),
        lambda p: output_of(p, 0)["said"].update(title="Heart \u202eyduts"),
        lambda p: output_of(p, 0)["said"].update(title="a\nb"),
        lambda p: output_of(p, 0)["said"].update(title="x" * 501),
        lambda p: output_of(p, 0)["said"].update(files=[]),
        lambda p: output_of(p, 0)["said"]["files"][0].update(kind="secret"),
        lambda p: output_of(p, 0)["said"]["files"][0].update(path="stays.csv"),
        lambda p: output_of(p, 1)["said"]["overrides"][0].update(reason="because"),
        lambda p: output_of(p, 1)["recalled"].update(by="ada"),
        lambda p: output_of(p, 0).update(entry="5"),
        lambda p: output_of(p, 0).update(output_hash="sha256:0"),
        lambda p: output_of(p, 0).update(output="../out-1"),
        lambda p: p["entries"][0].update(outputs={}),
        lambda p: p["entries"][0].update(outputs=[1] * (MOST_OUTPUTS + 1)),
    ],
)
def test_a_register_with_anything_beside_what_may_be_said_is_no_register(
    made: OutputHouse, change: Change
) -> None:
    plain = plain_of(made)
    change(plain)
    with pytest.raises(PaperInvalid):
        Register.read(plain, "The register")


def test_an_output_under_another_permit_is_refused(made: OutputHouse) -> None:
    plain = plain_of(made)
    other = json.loads(json.dumps(plain["entries"][0]))
    other["permit"]["id"] = "permit-2"
    other["permit_hash"] = digest(other["permit"])
    other["outputs"], plain["entries"][0]["outputs"] = plain["entries"][0]["outputs"], []
    plain["entries"].append(other)
    refused("CW-WEB-REGISTER", Register.read(plain, "The register").check)


# --- held against the log -----------------------------------------------------------------------


def forged(plain: dict[str, Any]) -> None:
    """Say something else of an output, with a hash that fits it."""
    one = output_of(plain, 0)
    one["said"]["title"] = "Harmless"
    one["output_hash"] = digest(one["said"])


def unrecalled(plain: dict[str, Any]) -> None:
    del output_of(plain, 1)["recalled"]


def added(plain: dict[str, Any]) -> None:
    one = json.loads(json.dumps(output_of(plain, 0)))
    one["output"] = one["said"]["output"] = "out-9"
    one["output_hash"], one["entry"] = digest(one["said"]), 0
    plain["entries"][0]["outputs"].insert(0, one)


def recalled_falsely(plain: dict[str, Any]) -> None:
    recall = json.loads(json.dumps(output_of(plain, 1)["recalled"]))
    del output_of(plain, 1)["recalled"]
    del recall["said"]
    output_of(plain, 0)["recalled"] = recall


@pytest.mark.parametrize(
    ("change", "wrong", "missing"),
    [
        (forged, "output out-1: it is not what the log says", None),
        (added, "output out-9: it is not what the log says", None),
        (recalled_falsely, "output out-1: it is not what the log says", "output out-2: that it"),
        (unrecalled, None, "output out-2: that it was recalled"),
        (lambda p: p["entries"][0]["outputs"].pop(), None, "output out-2"),
        (lambda p: p["entries"][0].update(outputs=[]), None, "output out-1"),
        (lambda p: p["entries"].clear(), None, "permit permit-1"),
        (lambda p: output_of(p, 0).update(at="2000-01-01T00:00:00.000Z"), "output out-1", None),
        (lambda p: p["entries"][0].update(active_from="2000-01-01T00:00:00.000Z"), "permit", None),
        (lambda p: p["entries"][0]["events"][0].update(what="closed"), "permit permit-1", None),
        (lambda p: p["entries"][0]["events"].append(p["entries"][0]["events"][0]), "permit", None),
    ],
)  # fmt: skip
def test_what_no_hash_shows_is_seen_beside_the_log(
    made: OutputHouse,
    logged: list[tuple[int, dict[str, Any]]],
    change: Change,
    wrong: str | None,
    missing: str | None,
) -> None:
    plain = plain_of(made)
    change(plain)
    register = Register.read(plain, "The register")
    register.check()  # in itself it hangs together
    found = compare(register, logged)
    assert not found.same
    for said, expected in ((found.wrong, wrong), (found.missing, missing)):
        if expected is None:
            assert said == ()
        else:
            assert said[0].startswith(expected), said


def test_an_entry_that_no_ledger_of_ours_would_hold_is_refused() -> None:
    with pytest.raises(PaperInvalid):
        outputs_logged([(3, {"type": "output.released", "output": "a b", "permit": "permit-1"})])
    # A recall of what never left is nothing.
    assert outputs_logged([(3, {"type": "output.recalled", "output": "a", "permit": "p"})]) == ()


# --- who writes it ------------------------------------------------------------------------------


def test_the_register_follows_whatever_was_written(house: OutputHouse) -> None:
    follow = FollowRegister()
    assert follow(house.custody) == 0  # it was published, and is the same
    assert follow(house.custody) == 0
    house.recall("out-1")
    assert follow(house.custody) == 1
    assert all(one.recalled is not None for one in register_of(house).entries[0].outputs)
    assert follow(house.custody) == 0


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b"{"),
        lambda path: changed(path, unrecalled),
        lambda path: changed(path, forged),
        lambda path: changed(path, lambda p: p["entries"].clear()),
    ],
)
def test_a_register_that_somebody_changed_is_written_anew(
    house: OutputHouse, spoil: Callable[[Path], object]
) -> None:
    follow, before = FollowRegister(), register_of(house).entries
    follow(house.custody)
    spoil(file_of(house))
    assert follow(house.custody) == 1
    assert register_of(house).entries == before
    # A second worker finds nothing to do, so the two do not write in turns.
    assert FollowRegister()(house.custody) == 0
    assert follow(house.custody) == 0


def test_words_that_come_after_the_event_complete_the_register(house: OutputHouse) -> None:
    """A cut between the event and the file's place: the register is made from what is there."""
    path = released(house, "out-1", "public.json")
    content = path.read_bytes()
    path.unlink()
    follow = FollowRegister()
    assert follow(house.custody) == 1
    assert register_of(house).entries[0].outputs[0].said is None
    assert follow(house.custody) == 0
    path.write_bytes(content)
    assert follow(house.custody) == 1
    assert register_of(house).entries[0].outputs[0].said is not None
    assert follow(house.custody) == 0


def test_an_older_register_that_was_put_back_is_written_anew(house: OutputHouse) -> None:
    old = file_of(house).read_bytes()
    house.recall("out-1")
    follow = FollowRegister()
    assert follow(house.custody) == 1
    file_of(house).write_bytes(old)
    assert follow(house.custody) == 1
    kept = kept_register(house.custody)
    assert kept is not None
    assert kept.entries[0].outputs[0].recalled is not None


# --- the record of a release --------------------------------------------------------------------


def test_the_public_record_holds_nothing_that_the_register_does_not(made: OutputHouse) -> None:
    register = register_of(made)
    first, second = register.entries[0].outputs
    record = public_record(first, register.home)
    assert record["criteria"]["reviewers"]["needed"] == 2
    assert "3.3.09" in record["specification"]["statements"]
    assert record["log"] == {"name": "public", "entry": first.entry,
                             "output_hash": first.output_hash}  # fmt: skip
    assert record["recalled"] is None
    told = public_record(second, register.home)
    assert told["recalled"]["reasons"] == REASONS
    assert told["criteria"]["overrides"][0]["says"]
    text = json.dumps([record, told])
    whole = json.loads(released(made, "out-1", "record.json").read_bytes())
    for secret in (whole["context"], whole["controls"], whole["code"], whole["manifest"],
                   whole["files"][0]["sha256"], whole["files"][0]["path"], "amira"):  # fmt: skip
        assert secret not in text
    bare = public_record(first.model_copy(update={"said": None}), register.home)
    assert (bare["criteria"], bare["files"], bare["title"]) == (None, None, None)


def test_staff_read_the_whole_record_and_a_changed_one_is_a_fault(house: OutputHouse) -> None:
    whole = released_record(house.store, house.ground, "out-1")
    assert whole["context"] == "How many people stayed."
    assert whole["criteria"]["reviewers"]["approved"] == 2
    assert released_record(house.store, house.ground, "out-2")["output"] == "out-2"
    refused("CW-LEAVING-UNKNOWN", released_record, house.store, house.ground, "out-9")
    for name, change in (
        ("record.json", lambda p: p.update(context="Something else")),
        ("record.json", lambda p: p.update(released_at=5)),
        ("decision.json", lambda p: p.update(overrides=[])),
        ("manifest.json", lambda p: p.update(title="Another")),
    ):
        path = released(house, "out-2", name)
        before = path.read_bytes()
        changed(path, change)
        refused("CW-LEAVING-STORE", released_record, house.store, house.ground, "out-2")
        path.write_bytes(before)


def test_a_fault_says_where_and_repeats_nothing(made: OutputHouse) -> None:
    plain = plain_of(made)
    output_of(plain, 0)["said"]["title"] = "SECRET"
    with pytest.raises(Fault) as caught:
        Register.read(plain, "The register").check()
    assert "SECRET" not in caught.value.sentence
    assert "register publish" in str(caught.value.remedy)
