"""A release made again by itself: only where nothing but people and their records changed (S13)."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError, Refused
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.release import ReleaseManifest
from commonweal.papers.release.manifest import ReleasedLink
from commonweal.vault.custody import change_state
from commonweal.vault.custody.release_steps import precedent_of, require_signed_off
from commonweal.vault.release import build, inputs, refreshing
from commonweal.vault.release.inputs import remember_inputs
from commonweal.vault.release.job_desk import JobDesk
from commonweal.vault.release.lending import lent, loans_of
from commonweal.vault.release.refresh_requests import AGAIN, asked
from commonweal.vault.release.refreshing import refresh, refresh_asked
from commonweal.vault.release.sameness import differences
from commonweal.vault.release.store import read_manifest
from tests.refresh_house import (
    FIRST,
    PERMIT,
    asked_and_taken_up,
    asks,
    at_one_place,
    decide,
    make_old_template,
    old_home,
    paper,
    people_of,
    write,
)
from tests.release_house import House, make_house, objection, refused

SECOND = "permit-1.r2"
LINKS = (ReleasedLink(table="a", column="b", to_table="c", to_column="d"),)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_old_template(tmp_path_factory.mktemp("old") / "house")


@pytest.fixture
def house(template: Path, tmp_path: Path) -> Iterator[House]:
    made = old_home(template, tmp_path / "house")
    yield made
    made.close()


def answer(house: House) -> str | None:
    """How the newest request stands, in one word."""
    (found,) = asked_and_taken_up(house)
    return found.code


# --- it is made again -----------------------------------------------------------------------------


def test_made_again_without_who_objected_and_as_people_signed(house: House) -> None:
    decide(house, "release.signed_off")
    house.choose(objections=[objection(house.numbers[0])])
    (found,) = asked_and_taken_up(house)
    assert (found.release, found.code) == (SECOND, None)
    assert len(set(people_of(house, SECOND))) == 59
    (carried,) = house.events("release.refreshed")
    assert (carried["release"], carried["precedent"]) == (SECOND, FIRST)
    actors = [(one["role"], one["actor"]) for one in house.events("release.authorised")]
    assert actors == [("data_manager", "command-line"), ("system", "refresh")]
    # What a committee's permit asks for is there, and nobody signs it a second time.
    require_signed_off(house.custody(), SECOND, "committee")
    assert precedent_of(house.custody(), SECOND, "committee") == FIRST
    assert asked(house.custody()) == ()
    assert refresh(house.custody(), PERMIT) is None
    # Who sees that it is wrong still stops it, and what would come after it.
    decide(house, "release.sent_back", SECOND)
    assert refused(lambda: require_signed_off(house.custody(), SECOND, "direct")).code == (
        "CW-RELEASE-NOT-SIGNED-OFF"
    )
    house.clock.advance(timedelta(days=8))
    house.choose()
    assert asks(house, release=SECOND)
    assert refresh_asked(house.custody())[0].code == "CW-RELEASE-NOT-SIGNED-OFF"
    assert house.ledger_faults() == []


def test_a_build_that_was_cut_off_is_begun_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.choose()
    asks(house)

    def cut(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(build, "opened_engine", cut)
    with pytest.raises(KeyboardInterrupt):
        refresh_asked(house.custody())
    monkeypatch.undo()
    assert asked(house.custody()) == (PERMIT,)
    (found,) = refresh_asked(house.custody())
    assert found.release == SECOND
    assert len(house.events("release.completed")) == 2


# --- people decide --------------------------------------------------------------------------------


def catalogue_changed(house: House) -> None:
    house.catalogue_data["datasets"][0]["tables"][0]["variables"][2]["forms"].remove("year")
    house.write_catalogue()


def catalogue_gone(house: House) -> None:
    house.catalogue.unlink()


def inputs_forgotten(house: House) -> None:
    (house.home / inputs.FILE).unlink()


def sent_back(house: House) -> None:
    decide(house, "release.sent_back")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (catalogue_changed, "CW-REFRESH-CHANGED"),
        (catalogue_gone, "CW-FILE-MISSING"),
        (inputs_forgotten, "CW-RELEASE-INPUTS"),
        (sent_back, "CW-RELEASE-NOT-SIGNED-OFF"),
    ],
)
def test_waits_for_people(house: House, change: Callable[[House], None], code: str) -> None:
    house.choose()
    change(house)
    assert answer(house) == code
    (said,) = house.events("release.refused")
    assert (said["actor"], said["code"]) == ("refresh", code)
    assert len(house.events("release.authorised")) == 1
    assert asked(house.custody()) == ()


def test_a_committees_permit_needs_its_second_person(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.choose()
    monkeypatch.setattr(
        refreshing, "precedent_of", lambda one, release, _: precedent_of(one, release, "committee")
    )
    assert answer(house) == "CW-RELEASE-NOT-SIGNED-OFF"
    assert len(house.events("release.authorised")) == 1


def test_people_make_the_first_release(house: House) -> None:
    house.issue(id="permit-2")
    found = refresh(house.custody(), "permit-2")
    assert found is not None
    assert found.code == "CW-RELEASE-MISSING"


def test_more_risk_than_permitted_waits_and_nobody_is_advised(house: House) -> None:
    house.choose(objections=[objection(one) for one in house.numbers[9:]])
    assert answer(house) == "CW-RISK-LIMIT"
    assert house.events("risk.hint_given") == []
    assert len(house.events("release.completed")) == 1
    assert sorted(one.name for one in house.releases.iterdir()) == [FIRST, f"{FIRST}.airlock"]
    # Nobody asks again at once; later, somebody does.
    assert not asks(house)
    house.clock.advance(AGAIN - timedelta(seconds=1))
    assert not asks(house)
    house.clock.advance(timedelta(seconds=1))
    assert asks(house)


def test_what_came_out_otherwise_is_thrown_away(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.choose()
    monkeypatch.setattr(refreshing, "differences", lambda *_: ("its forms",))
    assert answer(house) == "CW-REFRESH-CHANGED"
    assert house.events("release.refreshed") == []
    assert len(house.events("release.completed")) == 1
    assert sorted(one.name for one in house.releases.iterdir()) == [FIRST, f"{FIRST}.airlock"]
    keys = [one for one in house.custody().keyring.list() if one.purpose == "release_data"]
    assert sorted(one.state for one in keys) == ["active", "destroyed"]


# --- what comes by itself -------------------------------------------------------------------------


def test_an_old_list_is_waited_for(house: House) -> None:
    for _ in range(2):
        (found,) = asked_and_taken_up(house)
        assert (found.code, found.stays) == ("CW-CHOICES-LIST-STALE", True)
    (house.choices / "national_allowed.json").unlink()
    assert answer(house) == "CW-CHOICES-LIST-MISSING"
    assert house.events("release.refused") == []
    assert len(house.events("release.refresh_asked")) == 1
    assert asked(house.custody()) == (PERMIT,)


def test_another_build_is_waited_for(house: House) -> None:
    house.choose()
    with house.custody().home.run_lock():
        assert answer(house) == "CW-BUSY"
    assert asked(house.custody()) == (PERMIT,)


def test_a_paused_permit_makes_nothing(house: House) -> None:
    house.choose()
    asks(house)
    change_state(house.custody(), paper(house), "pause")
    assert asked(house.custody()) == ()
    assert refresh_asked(house.custody()) == []
    assert refused(lambda: asks_anew(house)).code == "CW-PERMIT-NOT-LIVE"
    change_state(house.custody(), paper(house), "resume")
    assert asked(house.custody()) == (PERMIT,)


def asks_anew(house: House) -> None:
    write(house, "release.refresh_asked", release=FIRST, job="job-b")


def test_what_else_stands_against_it_is_heard(house: House) -> None:
    house.choose()
    asks(house)

    def overdue(permit: str) -> None:
        raise Refused("CW-RELEASE-ASSESSMENT", f"The assessment of {permit} is overdue.")

    (found,) = refresh_asked(house.custody(), require=overdue)
    assert found.code == "CW-RELEASE-ASSESSMENT"
    assert len(house.events("release.authorised")) == 1


# --- who asks -------------------------------------------------------------------------------------


def test_two_jobs_ask_once_and_a_desk_builds_nothing(house: House) -> None:
    house.choose()
    desk = JobDesk(house.custody())
    for name in ("job-aaaaaaaaaaaaaaaa", "job-bbbbbbbbbbbbbbbb"):
        with pytest.raises(CommonwealError) as caught, desk.lend(PERMIT, name, None):
            pytest.fail("it was lent")
        assert caught.value.code == "CW-RELEASE-CHOICES-OLD"
    (one,) = house.events("release.refresh_asked")
    assert (one["job"], one["release"]) == ("job-aaaaaaaaaaaaaaaa", FIRST)
    assert len(house.events("release.authorised")) == 1
    assert list(loans_of(house.custody()).iterdir()) == []


def test_who_borrows_otherwise_asks_for_nothing(house: House) -> None:
    with (
        pytest.raises(CommonwealError),
        lent(house.custody(), PERMIT, "airlock", loans_of(house.custody()) / "x"),
    ):
        pytest.fail("it was lent")
    assert house.events("release.refresh_asked") == []


def test_a_release_that_is_young_is_not_made_again(template: Path, tmp_path: Path) -> None:
    house = old_home(template, tmp_path / "young", days=6)
    asks(house)  # somebody who may ask has lied
    assert refresh_asked(house.custody()) == []
    assert len(house.events("release.authorised")) == 1
    house.close()


def other_source(house: House) -> None:
    """The same catalogue beside other records: of a third of the people nothing is there."""
    other = house.base / "elsewhere"
    shutil.copytree(house.source, other / "records")
    patients = other / "records" / "patients.csv"
    patients.write_text("".join(patients.read_text().splitlines(keepends=True)[:41]))
    house.catalogue_data["datasets"][0]["source"]["location"] = str(other / "records")
    (other / "catalogue.json").write_text(json.dumps(house.catalogue_data))
    remember_inputs(house.custody(), "hospital", other / "catalogue.json", house.choices)


def test_another_source_goes_back_to_people(house: House) -> None:
    """Its kind and its catalogue are the same; its place is not, and it has fewer people."""
    decide(house, "release.signed_off")
    house.choose()
    other_source(house)
    assert answer(house) == "CW-REFRESH-CHANGED"
    assert len(house.events("release.completed")) == 1
    assert house.events("release.refreshed") == []


@pytest.mark.parametrize("how", ["catalogue", "folder", "link"])
def test_another_source_of_the_same_size_goes_back_to_people(house: House, how: str) -> None:
    """The same people to the last byte, at another place: nobody looked whether it is the same
    source. The twin compares kinds and sizes, and sees no difference."""
    decide(house, "release.signed_off")
    house.choose()
    other = house.base / "elsewhere"
    shutil.copytree(house.source, other / "records")
    place = {"folder": "records", "link": str(other / "linked")}.get(how, str(other / "records"))
    (other / "linked").symlink_to(house.source)
    house.catalogue_data["datasets"][0]["source"]["location"] = place
    (other / "catalogue.json").write_text(json.dumps(house.catalogue_data))
    remember_inputs(house.custody(), "hospital", other / "catalogue.json", house.choices)
    with engine_forbidden():
        assert answer(house) == "CW-REFRESH-CHANGED"
    assert house.events("release.refreshed") == []


@contextlib.contextmanager
def engine_forbidden() -> Iterator[None]:
    """No row is read for what can be said at once."""
    from commonweal.vault.release import refreshing

    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("a build was begun")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(refreshing, "build_release", never)
        yield


def test_the_same_place_named_otherwise_is_the_same(house: House) -> None:
    """A path with a detour leads to the same place; and where it lies is in no manifest."""
    decide(house, "release.signed_off")
    house.choose()
    named = Path(house.catalogue_data["datasets"][0]["source"]["location"])
    detour = f"{named.parent}/../{named.parent.name}/{named.name}"
    house.catalogue_data["datasets"][0]["source"]["location"] = detour
    house.write_catalogue()
    assert answer(house) is None
    seen = manifest(house)
    assert seen.source.place is not None
    assert str(named) not in json.dumps(seen.plain())


def test_where_a_source_lies_cannot_be_tried_out(house: House) -> None:
    """The hash is under a key of the project: another project's is another, and a guess is none."""
    from commonweal.vault.keys import Secret
    from commonweal.vault.release.source_place import place_of

    source = Catalogue.load(house.catalogue).dataset("hospital").source
    said = {place_of(Secret.generate(), "hospital", source, house.base) for _ in range(3)}
    assert len(said | {manifest(house).source.place}) == 4


def test_a_manifest_that_does_not_say_where_its_source_lies_waits_for_people(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.vault.release import refreshing

    decide(house, "release.signed_off")
    house.choose()
    honest = refreshing.read_manifest

    def older(*asked: Any) -> ReleaseManifest:
        found = honest(*asked)
        return found.model_copy(update={"source": found.source.model_copy(update={"place": None})})

    seen = manifest(house)
    bare = seen.model_copy(update={"source": seen.source.model_copy(update={"place": None})})
    assert differences(bare, bare) == ("where its source lies",)
    assert differences(bare, seen) == ("where its source lies",)
    monkeypatch.setattr(refreshing, "read_manifest", older)
    assert answer(house) == "CW-REFRESH-CHANGED"


def test_choices_that_were_lost_go_back_to_people(tmp_path: Path) -> None:
    """Twelve people objected in what people signed; then the file is empty."""
    first = make_house(tmp_path / "first")
    at_one_place(first, tmp_path / "first")
    first.choose(objections=[objection(one) for one in first.numbers[:12]])
    first.build(first.issue(processing=["table", "python"]))
    first.close()
    house = old_home(tmp_path / "first", tmp_path / "house")
    decide(house, "release.signed_off")
    house.choose()
    assert answer(house) == "CW-REFRESH-CHANGED"
    assert house.events("release.refreshed") == []
    house.close()


# --- what counts as the same ----------------------------------------------------------------------


def manifest(house: House) -> ReleaseManifest:
    return read_manifest(house.releases, house.releases / FIRST, house.custody().belief)


def test_what_differs_goes_back_to_people(house: House) -> None:
    seen = manifest(house)
    assert differences(seen, seen) == ()
    table = seen.tables["patients"]
    column = table.columns[1]
    other = column.model_copy(update={"form": "exact"})
    forms = {**seen.tables, "patients": table.model_copy(
        update={"columns": (table.columns[0], other, *table.columns[2:])})}  # fmt: skip
    fewer = {name: one for name, one in seen.tables.items() if name != "patients"}
    rows = {**seen.tables, "patients": table.model_copy(update={"rows": 7, "rare_values": 3})}
    limits = seen.risk.model_copy(update={"limits": seen.risk.limits.model_copy(update={"k": 2})})
    after = seen.risk.model_copy(update={"before": seen.risk.after})
    national = seen.choices.national.model_copy(update={"requested": 9, "returned": 8})
    source = seen.source.model_copy(update={"fingerprint": seen.permit_hash})
    others: list[tuple[dict[str, Any], str]] = [
        ({"permit_hash": seen.catalogue_digest}, "its permit"),
        ({"permit_id": "permit-9"}, "its permit"),
        ({"catalogue_digest": seen.permit_hash}, "its catalogue"),
        ({"source": seen.source.model_copy(update={"kind": "postgresql"})},
         "the kind of its source"),
        ({"person_kind": "row"}, "how people are told apart"),
        ({"tables": forms}, "its tables and columns"),
        ({"tables": fewer}, "its tables and columns"),
        ({"links": LINKS}, "how its tables hang together"),
        ({"choices": seen.choices.model_copy(update={"applied": ()})},
         "which choices are honoured"),
        ({"risk": limits}, "its limits of risk"),
        ({"pseudonym_scope": "linked"}, "the scope of its codes"),
        ({"sieve": None}, "whether its identifiers can be sieved"),
    ]  # fmt: skip
    for change, what in others:
        assert differences(seen, seen.model_copy(update=change)) == (what,), what
    same: list[dict[str, Any]] = [
        {"tables": rows},
        {"risk": after},
        {"source": source},
        {"choices": seen.choices.model_copy(update={"national": national})},
        {"release": SECOND, "sequence": 2, "supersedes": FIRST},
        {"commonweal": "9.9"},
    ]
    for change in same:
        assert differences(seen, seen.model_copy(update=change)) == ()
