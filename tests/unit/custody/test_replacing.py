"""One permit in the place of another: no gap, no overlap, no stop lost (P1, S12)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError, Refused
from commonweal.ledger.entry import Event
from commonweal.papers.permit import Permit
from commonweal.vault.custody import (
    Custody,
    change_state,
    create_home,
    find_permit,
    issue_permit,
    lineage_of,
    load_permit,
    status_of,
)
from commonweal.vault.custody.replacing import hand_over
from tests import factories

WAIT = timedelta(days=28)
DAY = timedelta(days=1)
MORE = {"purposes": ["research", "public_health"]}
"""A change that allows more: it is announced."""
OTHER = {"id": "gout", "title": "Gout", "lay_summary": "We want to learn about gout in winter."}


@dataclass
class Room:
    """A home in which people have 28 days to say no, and a permit that has begun."""

    custody: Custody
    clock: Any
    folder: Path

    def issue(self, id_: str, **changes: Any) -> Permit:
        return issue_permit(
            self.custody, factories.draft(id=id_, **changes), factories.catalogue(),
            ["permit-signer"], self.folder / f"{id_}.jws",
        )  # fmt: skip

    def state(self, id_: str) -> str:
        permit = load_permit(self.custody, find_permit(self.custody, id_))
        return status_of(self.custody, permit).state

    def states(self, *ids: str) -> tuple[str, ...]:
        return tuple(self.state(one) for one in ids)

    def step(self, id_: str, step: Any) -> None:
        change_state(self.custody, find_permit(self.custody, id_), step)

    def written(self) -> list[str]:
        with self.custody.ledger.reading() as connection:
            rows = connection.execute(
                "SELECT permit || ' ' || state FROM permit_state ORDER BY intent_id"
            )
            return [one for (one,) in rows]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    from commonweal.vault.custody import Acceptance

    clock = factories.clock()
    with create_home(
        tmp_path / "home", kind="standard", name="W", clock=clock, root_store=tmp_path / "store",
        acceptance=Acceptance("Jo Ferris", "A test"),
    ) as custody:  # fmt: skip
        found = Room(custody, clock, tmp_path)
        found.issue("asthma-1")
        clock.advance(WAIT)
        yield found


def code(act: Any) -> str:
    with pytest.raises(CommonwealError) as caught:
        act()
    return caught.value.code


def test_the_older_permit_counts_until_the_newer_one_does_and_not_a_moment_longer(
    room: Room,
) -> None:
    newer = room.issue("asthma-2", supersedes="asthma-1", **MORE)
    assert newer.begins == room.clock.now() + WAIT
    assert room.states("asthma-1", "asthma-2") == ("active", "announced")
    room.clock.advance(WAIT - timedelta(seconds=1))
    assert hand_over(room.custody) == 0
    assert room.states("asthma-1", "asthma-2") == ("active", "announced")
    room.clock.advance(timedelta(seconds=1))
    # Nobody has written anything: the moment alone decides.
    assert room.states("asthma-1", "asthma-2") == ("superseded", "active")
    assert "asthma-1 superseded" not in room.written()


def test_the_event_is_written_once_and_the_ledger_verifies(room: Room) -> None:
    room.issue("asthma-2", supersedes="asthma-1", **MORE)
    room.clock.advance(WAIT)
    assert [hand_over(room.custody) for _ in range(2)] == [1, 0]
    assert room.written().count("asthma-1 superseded") == 1
    assert room.custody.keyring.fence.read().permits["asthma-1"].state == "superseded"
    assert room.custody.keyring.fence.read().replacing == {}
    assert room.states("asthma-1", "asthma-2") == ("superseded", "active")
    assert code(lambda: room.step("asthma-1", "revoke")) == "CW-PERMIT-TRANSITION"


def test_the_ledger_takes_nothing_under_a_permit_in_whose_place_another_counts(
    room: Room,
) -> None:
    room.issue("asthma-2", supersedes="asthma-1", **MORE)

    def build(permit: str) -> None:
        fields = {"permit": permit, "release": f"{permit}-r1"}
        room.custody.ledger.append(Event("release.authorised", factories_actor(), fields))

    build("asthma-1")
    assert code(lambda: build("asthma-2")) == "CW-PERMIT-NOT-LIVE"
    room.clock.advance(WAIT)
    assert code(lambda: build("asthma-1")) == "CW-PERMIT-NOT-LIVE"
    build("asthma-2")


def factories_actor() -> Any:
    from commonweal.ledger.entry import Actor

    return Actor("custodian", "command-line")


@pytest.mark.parametrize(
    "less",
    [
        {},
        {"people": [{"id": "amira", "name": "Amira Haddad", "role": "analyst"}]},
        {"conditions": ["Publish it."]},
    ],
)
def test_what_allows_no_more_counts_at_once(room: Room, less: dict[str, Any]) -> None:
    newer = room.issue("asthma-2", supersedes="asthma-1", **less)
    assert newer.begins <= room.clock.now()
    assert room.states("asthma-1", "asthma-2") == ("superseded", "active")
    assert "asthma-1 superseded" in room.written()


def test_what_replaces_a_permit_that_is_still_announced_waits_as_long_as_that_one(
    room: Room,
) -> None:
    first = room.issue("other-1", project=dict(factories.draft().plain()["project"], id="other"))
    room.clock.advance(DAY)
    project = first.project.plain()
    newer = room.issue("other-2", supersedes="other-1", project=project)
    assert newer.say_no_until == first.say_no_until
    assert room.states("other-1", "other-2") == ("announced", "announced")
    room.clock.advance(WAIT - DAY)
    assert room.states("other-1", "other-2") == ("superseded", "active")


# --- stops ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "older", "newer"),
    [
        ("pause", "paused", "suspended"),
        ("suspend", "suspended", "suspended"),
        ("revoke", "revoked", "revoked"),
        ("close", "closed", "closed"),
    ],
)
def test_a_stop_of_the_older_permit_stops_the_one_that_waits(
    room: Room, step: str, older: str, newer: str
) -> None:
    room.issue("asthma-2", supersedes="asthma-1", **MORE)
    room.step("asthma-1", step)
    assert room.states("asthma-1", "asthma-2") == (older, newer)
    room.clock.advance(WAIT)
    after = older if older in ("revoked", "closed") else "superseded"
    assert room.states("asthma-1", "asthma-2") == (after, newer)


def test_a_permit_that_is_stopped_hands_its_stop_on(room: Room) -> None:
    room.step("asthma-1", "suspend")
    room.issue("asthma-2", supersedes="asthma-1")
    assert room.states("asthma-1", "asthma-2") == ("superseded", "suspended")
    room.step("asthma-2", "resume")
    assert room.state("asthma-2") == "active"


@pytest.mark.parametrize("step", ["revoke", "close"])
def test_a_newer_permit_that_ends_before_its_time_leaves_the_older_as_it_was(
    room: Room, step: str
) -> None:
    room.issue("asthma-2", supersedes="asthma-1", **MORE)
    room.step("asthma-2", step)
    room.clock.advance(2 * WAIT)
    assert room.state("asthma-1") == "active"
    assert hand_over(room.custody) == 0
    # And another change can be made.
    room.issue("asthma-3", supersedes="asthma-1")
    assert room.states("asthma-1", "asthma-3") == ("superseded", "active")


def test_a_newer_permit_that_ends_after_its_time_does_not_bring_the_older_back(
    room: Room,
) -> None:
    room.issue("asthma-2", supersedes="asthma-1", **MORE)
    room.clock.advance(WAIT)
    room.step("asthma-2", "revoke")
    assert room.states("asthma-1", "asthma-2") == ("superseded", "revoked")


# --- what is refused --------------------------------------------------------------------------


def test_two_permits_do_not_wait_to_replace_the_same_one(room: Room) -> None:
    room.issue("asthma-2", supersedes="asthma-1", **MORE)
    again = lambda: room.issue("asthma-3", supersedes="asthma-1")  # noqa: E731
    assert code(again) == "CW-PERMIT-REPLACED"
    assert room.states("asthma-1", "asthma-2") == ("active", "announced")
    assert not (room.folder / "asthma-3.jws").exists()


@pytest.mark.parametrize(
    "other",
    [
        {"project": {"id": "another", "title": "Another", "lay_summary": "Another project."}},
        {"organisation": {"name": "Another university", "kind": "university"}},
    ],
)
def test_a_permit_of_another_project_or_organisation_is_not_replaced(
    room: Room, other: dict[str, Any]
) -> None:
    assert code(lambda: room.issue("theirs", supersedes="asthma-1", **other)) == (
        "CW-PERMIT-REPLACES-OTHER"
    )
    assert room.state("asthma-1") == "active"
    assert room.custody.ledger.permit_standing("theirs") is None


def test_a_permit_that_has_run_out_cannot_be_replaced(room: Room) -> None:
    room.clock.advance(timedelta(days=1000))
    later = {"from": "2028-06-01", "until": "2029-12-01"}
    with pytest.raises(Refused, match="CW-PERMIT-TRANSITION"):
        room.issue("asthma-2", supersedes="asthma-1", **later)


# --- what goes with the project ---------------------------------------------------------------


def test_who_objected_to_the_first_permit_has_objected_to_each_later_one(room: Room) -> None:
    room.issue("asthma-2", supersedes="asthma-1")
    third = room.issue("asthma-3", supersedes="asthma-2", **MORE)
    chain = lineage_of(room.custody, third)
    assert chain.permits == ("asthma-3", "asthma-2", "asthma-1")
    assert chain.root == "asthma-1"
    assert chain.replaced == ("asthma-2", "asthma-1")


def test_who_objected_to_a_permit_that_never_counted_has_objected_to_the_project(
    room: Room,
) -> None:
    room.issue("asthma-2", **MORE)
    room.step("asthma-2", "close")
    room.issue("elsewhere", project=OTHER)
    third = room.issue("asthma-3", supersedes="asthma-1", **MORE)
    found = lineage_of(room.custody, third)
    assert found.permits == ("asthma-3", "asthma-1")
    assert found.root == "asthma-1"
    assert found.siblings == ("asthma-2",)
    assert found.refusable == ("asthma-1", "asthma-2")


def test_the_first_of_a_chain_ends_when_any_later_one_counts(room: Room) -> None:
    room.issue("asthma-2", supersedes="asthma-1", **{"from": "2026-12-01", "until": "2027-01-01"})
    room.issue("asthma-3", supersedes="asthma-2", **MORE)
    assert room.states("asthma-1", "asthma-2", "asthma-3") == ("active", "announced", "announced")
    room.clock.advance(WAIT)
    assert room.states("asthma-1", "asthma-2", "asthma-3") == ("superseded", "superseded", "active")
    while hand_over(room.custody):
        pass
    assert {"asthma-1 superseded", "asthma-2 superseded"} <= set(room.written())


@pytest.mark.parametrize(("step", "after"), [("suspend", "suspended"), ("revoke", "revoked")])
def test_a_stop_goes_over_to_every_permit_that_waits(room: Any, step: str, after: str) -> None:
    """Also to one that waits to take the place of one that waits."""
    room.issue("asthma-2", supersedes="asthma-1", **MORE)
    room.issue("asthma-3", supersedes="asthma-2", **MORE)
    room.step("asthma-1", step)
    room.clock.advance(WAIT)
    hand_over(room.custody)
    assert room.states("asthma-3") == (after,)
