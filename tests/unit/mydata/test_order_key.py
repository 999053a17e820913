"""The key that orders are sealed to: published, signed, replaced, and believed for a while."""

from __future__ import annotations

from datetime import timedelta

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.papers.own_record_box import public_half
from commonweal.vault.mydata.order_key import (
    NAME,
    STILL_OPENS,
    place,
    private_half,
    publish_order_key,
    published_order_key,
    rotate_order_key,
)
from tests.release_house import House, refused


def test_what_is_published_is_signed_and_fits_the_private_half(house: House) -> None:
    custody = house.custody()
    paper = publish_order_key(custody)
    assert published_order_key(custody) == paper
    assert public_half(private_half(custody, paper.key)) == paper.raw
    assert paper.home == custody.home.id
    again = publish_order_key(custody)
    assert (again.key, again.raw) == (paper.key, paper.raw)
    assert [one["purpose"] for one in house.events("key.created")].count("person_orders") == 1


def test_a_paper_that_was_changed_or_is_another_homes_is_refused(
    house: House, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from tests.release_house import make_house

    custody = house.custody()
    publish_order_key(custody)
    whole = place(custody).read_bytes()
    for at in range(20, len(whole) - 2, 41):
        changed = bytearray(whole)
        changed[at] ^= 1
        place(custody).write_bytes(bytes(changed))
        refused(lambda: published_order_key(custody))
    other = make_house(tmp_path_factory.mktemp("other") / "house", count=24)
    publish_order_key(other.custody())
    place(custody).write_bytes(place(other.custody()).read_bytes())
    other.close()
    assert refused(lambda: published_order_key(custody)).code.startswith("CW-SIGNATURE-")
    place(custody).unlink()
    assert refused(lambda: published_order_key(custody)).code == "CW-FILE-MISSING"


def test_the_version_before_opens_for_a_quarter_of_an_hour(house: House) -> None:
    custody = house.custody()
    first = publish_order_key(custody)
    old = place(custody).read_bytes()
    house.clock.advance(timedelta(days=40))
    second = rotate_order_key(custody)
    assert (second.key != first.key, second.raw != first.raw) == (True, True)
    assert public_half(private_half(custody, first.key)) == first.raw
    house.clock.advance(STILL_OPENS)
    error = refused(lambda: private_half(custody, first.key))
    assert error.code == "CW-MYDATA-KEY"
    assert public_half(private_half(custody, second.key)) == second.raw
    # An older paper that somebody puts back is validly signed, and is refused all the same.
    place(custody).write_bytes(old)
    assert refused(lambda: published_order_key(custody)).code == "CW-MYDATA-KEY"


def test_of_three_versions_the_first_opens_nothing(house: House) -> None:
    custody = house.custody()
    first = publish_order_key(custody)
    rotate_order_key(custody)
    rotate_order_key(custody)
    house.clock.advance(STILL_OPENS)
    assert refused(lambda: private_half(custody, first.key)).code == "CW-MYDATA-KEY"


def test_no_other_key_opens_orders(house: House) -> None:
    custody = house.custody()
    assert refused(lambda: private_half(custody, "0" * 32)).code == "CW-MYDATA-KEY"
    publish_order_key(custody)
    others = [custody.keyring.get(name).id for name in ("membership", "backup", "audit")]
    for key_id in ("", "0" * 32, NAME, "../x", "é" * 32, *others):
        assert refused(lambda: private_half(custody, key_id)).code == "CW-MYDATA-KEY"  # noqa: B023


def test_without_a_first_key_there_is_nothing_to_replace(house: House) -> None:
    with pytest.raises(CommonwealError) as caught:
        rotate_order_key(house.custody())
    assert caught.value.code == "CW-KEY-UNKNOWN"


def test_a_destroyed_key_opens_nothing(house: House) -> None:
    custody = house.custody()
    paper = publish_order_key(custody)
    order = custody.keyring.destruction_order(NAME)
    approvals = [custody.keyring.approve(order, person) for person in ("guardian", "siro")]
    custody.keyring.destroy(NAME, approvals)
    assert refused(lambda: private_half(custody, paper.key)).code == "CW-MYDATA-KEY"
