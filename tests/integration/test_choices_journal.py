"""The journal of choices in a real home: recorded, honoured next, held to the ledger."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import CommonwealError
from commonweal.papers.choice import Choice, new_choice_id
from commonweal.vault.choices.journal import choices_of, read_journal, record
from tests.release_house import House, make_house, objection


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = make_house(tmp_path)
    yield made
    made.close()


def choice(house: House, number: str, kind: str | None = "local_objection", **more: Any) -> Choice:
    day = house.clock.now().date().isoformat()
    usual = {
        "choice": 1, "id": new_choice_id(), "whose": {"kind": "nhs_number", "identifier": number},
        "kind": kind, "effective_from": day, "set_by": "self", "channel": "page", "made_on": day,
        "recorded_at": stamp(house.clock.now()),
    }  # fmt: skip
    plain = {name: value for name, value in (usual | more).items() if value is not None}
    return Choice.read(plain, "The choice")


def say(house: House, number: str, kind: str | None = "local_objection", **more: Any) -> Any:
    return record(house.custody(), choice(house, number, kind, **more))


def removed(house: House, permit: Path) -> dict[str, int]:
    return dict(house.plan(permit).plain()["patients"]["removed"])


def code(call: Any) -> str:
    try:
        call()
    except CommonwealError as error:
        return error.code
    return ""


# --- honoured ---------------------------------------------------------------------------------


def test_the_next_build_honours_it_as_it_honours_the_file(house: House) -> None:
    house.choose(objections=[objection(house.numbers[0])])
    permit = house.issue()
    before = removed(house, permit)
    assert before["local_objection"] == 1
    say(house, house.numbers[1])
    say(house, house.numbers[0])  # who is in the file as well is one person
    after = removed(house, permit)
    assert after == before | {"local_objection": 2}


@pytest.mark.parametrize(
    ("kind", "more", "counted"),
    [
        ("local_objection", {}, "local_objection"),
        ("no_research_here", {}, "by_kind"),
        ("no_companies", {}, None),  # the permit is not of a company
        ("project_objection", {"project": "PERMIT-1"}, "project_objection"),
        ("project_objection", {"project": "another"}, None),
        ("withdrawal", {"project": "permit-1"}, "withdrawal"),
    ],
)
def test_each_kind_counts_where_it_applies(
    house: House, kind: str, more: dict[str, Any], counted: str | None
) -> None:
    house.choose()
    permit = house.issue()
    house.issue_another("another")
    before = removed(house, permit)
    say(house, house.numbers[5], kind, **more)
    after = removed(house, permit)
    wanted = before if counted is None else before | {counted: before[counted] + 1}
    assert after == wanted


def test_whoever_is_no_patient_here_refuses_nothing(house: House) -> None:
    house.choose()
    permit = house.issue()
    before = removed(house, permit)
    say(house, "9434765919")
    say(house, "x", whose={"kind": "record_key", "identifier": "MRN!", "dataset": "elsewhere"})
    plan = house.plan(permit).plain()
    assert dict(plan["patients"]["removed"]) == before
    assert "9434765919" not in str(plan)


def test_what_was_taken_back_counts_until_the_day_before(house: House) -> None:
    house.choose()
    permit = house.issue()
    made = say(house, house.numbers[1])
    assert removed(house, permit)["local_objection"] == 1
    say(house, house.numbers[1], None, takes_back=made.number)
    assert removed(house, permit)["local_objection"] == 0
    (mine,) = choices_of(house.custody(), house.numbers[1])
    assert mine.ended_on == house.clock.now().date() - timedelta(days=1)


def test_the_manifest_says_how_far_the_journal_went(house: House) -> None:
    house.choose()
    permit = house.issue()
    assert "journal" not in house.build(permit).manifest["choices"]
    say(house, house.numbers[1])
    made = house.build(permit).manifest["choices"]
    assert (made["journal"], made["journal_hash"]) == (1, read_journal(house.custody()).head)


# --- the next job -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("local_objection", {}),
        ("no_companies", {}),  # the permit is not of a company
        ("project_objection", {"project": "another"}),
        ("project_consent", {"project": "permit-1"}),
    ],
)
def test_a_release_from_before_any_choice_is_opened_no_more(
    house: House, kind: str, more: dict[str, Any]
) -> None:
    """Of whatever kind and project: which project waits would else tell what was chosen (S14)."""
    house.choose()
    permit = house.issue()
    house.issue_another("another")
    made = house.build(permit)
    target = Path("/dev/shm") / f"cw-{new_choice_id()}"
    say(house, "9434765919", kind, **more)  # nobody looks whether they are in it
    assert code(lambda: house.open(made.folder, permit, target)) == "CW-RELEASE-CHOICES-OLD"
    _remove(target)
    again = house.build(permit)
    assert code(lambda: house.open(again.folder, permit, target)) != "CW-RELEASE-CHOICES-OLD"
    _remove(target)


def _remove(folder: Path) -> None:
    from commonweal.foundation.files import thaw_and_remove

    if folder.exists():
        thaw_and_remove(folder)


def test_a_no_that_begins_later_makes_the_release_old_on_that_day(house: House) -> None:
    from commonweal.vault.release.opening import require_fresh_choices
    from commonweal.vault.release.store import read_manifest

    house.choose()
    permit = house.issue()
    later = (house.clock.now().date() + timedelta(days=2)).isoformat()
    say(house, house.numbers[1], effective_from=later)
    made = house.build(permit)
    custody = house.custody()
    manifest = read_manifest(house.releases, made.folder, custody.belief)
    require_fresh_choices(custody, manifest)
    house.clock.advance(timedelta(days=2))
    assert code(lambda: require_fresh_choices(custody, manifest)) == "CW-RELEASE-CHOICES-OLD"


def test_a_choice_that_ends_makes_the_release_old_on_the_day_after(house: House) -> None:
    """Else whoever consented until a day would stay in."""
    from commonweal.vault.release.opening import require_fresh_choices
    from commonweal.vault.release.store import read_manifest

    house.choose()
    permit = house.issue()
    last = house.clock.now().date() + timedelta(days=1)
    say(house, house.numbers[1], "no_companies", effective_to=last.isoformat())
    made = house.build(permit)
    custody = house.custody()
    manifest = read_manifest(house.releases, made.folder, custody.belief)
    house.clock.advance(timedelta(days=1))
    require_fresh_choices(custody, manifest)
    house.clock.advance(timedelta(days=1))
    assert code(lambda: require_fresh_choices(custody, manifest)) == "CW-RELEASE-CHOICES-OLD"


def test_the_day_on_which_choices_counted_decides_not_that_on_which_the_build_ended(
    house: House,
) -> None:
    from commonweal.vault.release.opening import require_fresh_choices
    from commonweal.vault.release.store import read_manifest

    house.choose()
    permit = house.issue()
    later = (house.clock.now().date() + timedelta(days=1)).isoformat()
    say(house, house.numbers[1], effective_from=later)

    def over_midnight(said: str) -> None:
        if said == "Applying people's choices":
            house.clock.advance(timedelta(days=1))

    made = house.build(permit, progress=over_midnight)
    assert made.manifest["choices"]["counted_on"] < later
    custody = house.custody()
    manifest = read_manifest(house.releases, made.folder, custody.belief)
    assert code(lambda: require_fresh_choices(custody, manifest)) == "CW-RELEASE-CHOICES-OLD"


def test_what_somebody_chose_while_it_was_built_is_not_handed_over(
    house: House, tmp_path: Path
) -> None:
    house.choose()
    permit = house.issue(delivery="handover")

    def chosen(said: str) -> None:
        if said == "Applying people's choices" and not read_journal(house.custody()).number:
            say(house, house.numbers[1])

    out = tmp_path / "handed-over"
    assert code(lambda: house.build(permit, out=out, progress=chosen)) == "CW-RELEASE-CHOICES-OLD"
    assert not out.exists()
    assert house.build(permit, out=out).folder == out


def test_a_trusted_person_takes_back_only_what_one_set(house: House) -> None:
    deputy = {
        "set_by": "trusted_person", "evidence": "an order of the court",
        "trusted": {"relation": "deputy", "scope": "health_and_welfare"},
    }  # fmt: skip
    own = say(house, house.numbers[1])
    assert code(
        lambda: say(house, house.numbers[1], None, takes_back=own.number, **deputy)
    ) == "CW-CHOICES-TAKE-BACK"  # fmt: skip
    set_for = say(house, house.numbers[1], "no_companies", **deputy)
    say(house, house.numbers[1], None, takes_back=set_for.number, **deputy)
    assert [one.ended_on is None for one in choices_of(house.custody(), house.numbers[1])] == [
        True, False
    ]  # fmt: skip


# --- recorded ---------------------------------------------------------------------------------


def test_the_same_choice_is_recorded_once(house: House) -> None:
    one = choice(house, house.numbers[1])
    first = record(house.custody(), one)
    house.clock.advance(timedelta(minutes=1))
    again = record(house.custody(), one.model_copy(update={"recorded_at": house.clock.now()}))
    assert (first.number, again.number, read_journal(house.custody()).number) == (1, 1, 1)
    other = choice(house, house.numbers[2], id=one.id)
    assert code(lambda: record(house.custody(), other)) == "CW-CHOICES-ID"
    assert read_journal(house.custody()).number == 1


def test_nobody_takes_back_what_is_not_theirs(house: House) -> None:
    mine = say(house, house.numbers[1])
    tries = [
        lambda: say(house, house.numbers[2], None, takes_back=mine.number),
        lambda: say(house, house.numbers[1], None, takes_back=7),
    ]
    assert [code(one) for one in tries] == ["CW-CHOICES-TAKE-BACK"] * 2
    back = say(house, house.numbers[1], None, takes_back=mine.number)
    tries = [
        lambda: say(house, house.numbers[1], None, takes_back=mine.number),
        lambda: say(house, house.numbers[1], None, takes_back=back.number),
    ]
    assert [code(one) for one in tries] == ["CW-CHOICES-TAKE-BACK"] * 2
    assert read_journal(house.custody()).number == 2


def test_a_choice_about_no_project_of_this_home_is_refused(house: House) -> None:
    """No build would honour it, and whoever chose would believe that one does."""
    house.issue()
    for kind in ("project_objection", "project_consent", "withdrawal"):
        asked = choice(house, house.numbers[1], kind, project="permit-11")
        assert code(lambda one=asked: record(house.custody(), one)) == "CW-CHOICES-PROJECT"
    assert read_journal(house.custody()).number == 0
    say(house, house.numbers[1], "project_objection", project="PERMIT-1")


def test_the_ledger_says_nothing_of_who_or_what(house: House) -> None:
    house.issue()
    say(house, house.numbers[1], "project_objection", project="permit-1")
    (entry,) = house.events("choice.recorded")
    assert set(entry) == {"v", "type", "at", "role", "actor", "number", "choice", "by", "details",
                          "details_key"}  # fmt: skip
    held = b"".join(path.read_bytes() for path in house.home.rglob("*") if path.is_file())
    assert house.numbers[1].encode() not in held
    assert b"project_objection" not in held


# --- held to the ledger -----------------------------------------------------------------------


def ledger_of(house: House) -> Path:
    house.close()
    (path,) = [one for one in house.home.rglob("*") if one.is_file() and _is_ledger(one)]
    return path


def _is_ledger(path: Path) -> bool:
    if path.read_bytes()[:15] != b"SQLite format 3":
        return False
    with sqlite3.connect(path) as connection:
        return bool(
            connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'intent'").fetchone()
        )


TAMPERED = {
    "the last is taken out": "DELETE FROM intent WHERE id = (SELECT max(id) FROM intent "
    "WHERE type = 'choice.recorded')",
    "one in the middle is taken out": "DELETE FROM intent WHERE id = (SELECT min(id) FROM intent "
    "WHERE type = 'choice.recorded')",
    "what it says is erased": "UPDATE detail SET ciphertext = NULL WHERE intent_id = "
    "(SELECT min(id) FROM intent WHERE type = 'choice.recorded')",
    "what two say is swapped": "UPDATE detail SET ciphertext = (SELECT d.ciphertext FROM detail d "
    "JOIN intent i ON i.id = d.intent_id WHERE i.type = 'choice.recorded' ORDER BY i.id DESC "
    "LIMIT 1) WHERE intent_id = (SELECT min(id) FROM intent WHERE type = 'choice.recorded')",
    "its time is changed": "UPDATE intent SET created_at = '2020-01-01T00:00:00.000Z' "
    "WHERE type = 'choice.recorded'",
    "it is of another type": "UPDATE intent SET type = 'release.planned' WHERE id = "
    "(SELECT max(id) FROM intent WHERE type = 'choice.recorded')",
}


@pytest.mark.parametrize("name", TAMPERED)
def test_a_journal_that_was_changed_builds_nothing(house: House, name: str) -> None:
    house.choose()
    permit = house.issue()
    for number in house.numbers[1:4]:
        say(house, number)
    path = ledger_of(house)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        triggers = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
        for trigger, _ in triggers:
            connection.execute(f"DROP TRIGGER {trigger}")
        assert connection.execute(TAMPERED[name]).rowcount > 0
        for _, statement in triggers:
            connection.execute(statement)
    assert code(lambda: house.plan(permit)) == "CW-CHOICES-JOURNAL"
    assert code(lambda: house.build(permit)) == "CW-CHOICES-JOURNAL"


def test_an_older_copy_of_the_ledger_is_seen(house: House) -> None:
    house.choose()
    permit = house.issue()
    path = ledger_of(house)
    older = path.with_name("older")
    with sqlite3.connect(path) as connection, sqlite3.connect(older) as copy:
        connection.backup(copy)
    say(house, house.numbers[1])
    house.close()
    for left in path.parent.glob(f"{path.name}-*"):
        left.unlink()
    older.replace(path)
    assert code(lambda: house.plan(permit)) == "CW-CHOICES-JOURNAL"
    assert code(lambda: say(house, house.numbers[2])) == "CW-CHOICES-JOURNAL"
