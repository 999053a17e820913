"""What has left is given under the permit that counts; what waits is taken back turn by turn."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from commonweal.airlock.leaving.giving import withdraw
from commonweal.foundation.errors import CommonwealError, Refused
from commonweal.ledger.entry import Actor, Event
from commonweal.vault.custody.left_outputs import RELEASED
from tests.output_house import PERMIT, OutputHouse, copied, make_output_house, refused


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> OutputHouse:
    house = make_output_house(tmp_path_factory.mktemp("given") / "house")
    house.close()
    return house


@pytest.fixture(name="house")
def a_copy(made: OutputHouse, tmp_path: Path) -> Iterator[OutputHouse]:
    house = copied(made, tmp_path / "house")
    yield house
    house.close()


# --- the permit that counts -----------------------------------------------------------------------


def test_what_left_is_given_to_the_people_of_the_permit_that_replaced_it(
    house: OutputHouse,
) -> None:
    house.approved()
    house.release()
    house.renew("permit-2", "iris")
    assert {path.name for path in house.download(who="iris").iterdir()} == {"stays.csv"}
    (event,) = house.events("output.downloaded")
    assert (event["permit"], event["named"]) == ("permit-2", "iris")
    # Who is not named any more has no way back in by the older permit.
    refused("CW-LEAVING-AUTHOR", house.download, who="amira", to="again")
    assert not (house.base / "again").exists()


def test_a_newer_permit_that_is_stopped_gives_nothing(house: OutputHouse) -> None:
    house.approved()
    house.release()
    house.renew("permit-2", "amira")
    from commonweal.vault.custody import change_state

    change_state(house.custody, house.base / "permit-2.jws", "pause")
    refused("CW-PERMIT-NOT-LIVE", house.download)
    assert house.events("output.downloaded") == []


def test_the_chain_never_leads_into_another_project(house: OutputHouse) -> None:
    """An entry that names a permit of another project gives its people nothing: ours stays."""
    from commonweal.papers.catalogue import Catalogue
    from commonweal.papers.permit import PermitDraft
    from commonweal.vault.custody import issue_permit
    from tests import factories

    house.approved()
    house.release()
    other = {"id": "other", "title": "Other", "lay_summary": "Another question."}
    plain = factories.draft_data(
        id="other-1", project=other, people=[{"id": "cleo", "name": "Cleo", "role": "Researcher"}]
    )
    catalogue = Catalogue.read(factories.catalogue_data(), "The catalogue")
    issue_permit(house.custody, PermitDraft.read(plain, "The draft"), catalogue,
                 ["permit-signer"], house.base / "other.jws")  # fmt: skip
    with house.ground.transaction() as writing:
        fields = {"permit": PERMIT, "by": "other-1"}
        writing.append(Event("permit.superseded", Actor("custodian", "command-line"), fields))
    assert house.ground.living(PERMIT).id == PERMIT
    refused("CW-LEAVING-AUTHOR", house.download, who="cleo")
    refused("CW-PERMIT-NOT-LIVE", house.download)


def test_what_waits_under_a_replaced_permit_does_not_leave(house: OutputHouse) -> None:
    """It was asked for under other terms: it is asked for again under those that count."""
    house.approved()
    house.renew("permit-2", "amira", "iris")
    refused("CW-PERMIT-NOT-LIVE", house.release)
    assert house.nothing_left()


# --- taking back ----------------------------------------------------------------------------------


def naive_withdraws(house: OutputHouse, person: str) -> bool:
    """The twin: an order names an output and a person, and no turn."""
    manifest = house.store.read("out-1").manifest
    waits = house.ground.about("out-1")[-1].type == "output.submitted"
    return person == manifest.author and waits


def test_what_was_signed_about_an_earlier_turn_takes_back_no_later_one(house: OutputHouse) -> None:
    """An order to take turn 1 back comes late, or is brought again: turn 2 stays."""
    first = house.submitted().manifest
    old = house.taking_back(first)
    house.vote("ada", verdict="return")
    house.vote("ben", verdict="return")
    shutil.rmtree(house.base / "job")
    second = house.submitted().manifest
    assert (first.turn, second.turn) == (1, 2)
    assert naive_withdraws(house, "amira"), "the attack works on the twin"
    told = refused("CW-LEAVING-STATE", withdraw, house.store, house.ground, old)
    assert "another turn" in told.sentence
    assert house.ground.about("out-1")[-1].type == "output.submitted"
    withdraw(house.store, house.ground, house.taking_back(second))
    (moved,) = [one for one in house.events("output.moved") if one["step"] == "withdraw"]
    assert moved["actor"] == "amira"


def test_taking_back_is_signed_by_its_author_for_this_and_nothing_else(house: OutputHouse) -> None:
    manifest = house.submitted().manifest
    submitting = house.sign_submission(manifest)
    refused("CW-LEAVING-ACTS", withdraw, house.store, house.ground, submitting)
    other = house.sign(
        house.act("amira", "withdraw_output", "withdraw", manifest.digest(), "out-1"), key="ada"
    )
    with pytest.raises(CommonwealError) as caught:
        withdraw(house.store, house.ground, other)
    assert caught.value.code.startswith("CW-ACT")
    signed = house.taking_back(manifest)
    withdraw(house.store, house.ground, signed)
    refused("CW-LEAVING-STATE", withdraw, house.store, house.ground, signed)
    assert len([one for one in house.events("output.moved") if one["step"] == "withdraw"]) == 1


# --- recalling ------------------------------------------------------------------------------------


@pytest.mark.parametrize("people", [(), ("amira",), ("amira", "iris", "amira")])
def test_a_recall_says_in_public_in_how_many_names_files_were_given_out(
    house: OutputHouse, people: tuple[str, ...]
) -> None:
    from commonweal.papers.register_log import outputs_named
    from commonweal.papers.register_outputs import public_record

    house.approved()
    house.release()
    for number, who in enumerate(people):
        house.download(who=who, to=f"given-{number}")
    done = house.recall()
    assert done.downloaded_by == tuple(sorted(set(people)))
    (event,) = house.events("output.recalled")
    assert event["given_to"] == len(set(people))
    assert not any(who in str(event) for who in ("amira", "iris"))
    (left,) = house.events("output.released")
    named = outputs_named([(1, left), (2, event)])["out-1"]
    from commonweal.papers.register_log import output_logged

    record = public_record(output_logged(named), "home")
    assert record["recalled"]["given_to"] == len(set(people))
    assert (house.home / RELEASED / "out-1").is_dir()


def test_a_recall_that_does_not_say_how_many_is_shown_without(house: OutputHouse) -> None:
    """Logs of earlier versions: nothing is made up for them."""
    from commonweal.papers.register_log import output_logged, outputs_named

    house.approved()
    house.release()
    house.recall()
    (event,), (left,) = house.events("output.recalled"), house.events("output.released")
    older = {key: said for key, said in event.items() if key != "given_to"}
    one = output_logged(outputs_named([(1, left), (2, older)])["out-1"])
    assert one.recalled is not None
    assert one.recalled.given_to is None


def test_downloads_of_earlier_versions_count_by_who_is_named_as_their_actor(
    house: OutputHouse,
) -> None:
    house.approved()
    house.release()
    with house.ground.transaction() as writing:
        fields = {"permit": PERMIT, "output": "out-1"}
        writing.append(Event("output.downloaded", Actor("researcher", "iris"), fields))
    house.download(who="amira")
    assert house.recall().downloaded_by == ("amira", "iris")
    with pytest.raises(Refused):
        house.download(who="amira", to="again")
