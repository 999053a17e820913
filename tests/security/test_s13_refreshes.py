"""S13: two refreshes laid side by side show who left, and people who objected stay for years.

In the naive twin pseudonyms are a project's for ever and every release can be opened: the
difference of two refreshes is a list of the people who objected, with all their rows. Ours has
other codes at each new snapshot or list of choices, opens the newest release only and destroys the
older one's key.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.vault.release.build import BuildReport
from tests.release_house import (
    House,
    make_house,
    objection,
    permitted,
    refused,
    unsealed_bytes,
)

DATA = permitted(
    patients={"nhs_number": "pseudonym", "sex": "exact"},
    admissions={"nhs_number": "pseudonym", "admission_id": "record_code", "days": "exact"},
)


@pytest.fixture(scope="module")
def refreshed(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[House, Path, list[BuildReport], list[set[bytes]]]]:
    house = make_house(tmp_path_factory.mktemp("s13") / "house", count=40)
    permit = house.issue(data=DATA, delivery="handover")
    reports, seen = [], []
    for objections in ([], [objection(house.numbers[3])]):
        house.choose(objections=objections)
        reports.append(house.build(permit))
        seen.append(codes(house, reports[-1]))
    yield house, permit, reports, seen
    house.close()


def codes(house: House, report: BuildReport) -> set[bytes]:
    return {
        value
        for table in house.contents(report).values()
        for row in table.to_pylist()
        for value in row.values()
        if isinstance(value, bytes)
    }


def naive_codes(key: bytes, numbers: list[str]) -> set[bytes]:
    """The twin: one pseudonym a person for the project's life."""
    return {hmac.new(key, number.encode(), hashlib.sha256).digest()[:16] for number in numbers}


def test_the_twins_difference_is_who_objected(
    refreshed: tuple[House, Path, list[BuildReport], list[set[bytes]]],
) -> None:
    house = refreshed[0]
    key = b"k" * 32
    before = naive_codes(key, house.numbers)
    after = naive_codes(key, [n for n in house.numbers if n != house.numbers[3]])
    assert before - after == naive_codes(key, [house.numbers[3]])


def test_ours_have_no_code_in_common(
    refreshed: tuple[House, Path, list[BuildReport], list[set[bytes]]],
) -> None:
    _, _, reports, seen = refreshed
    assert seen[0] & seen[1] == set()
    assert [report.manifest["pseudonym_scope"] for report in reports] == ["release", "release"]


def test_the_older_release_cannot_be_opened_any_more(
    refreshed: tuple[House, Path, list[BuildReport], list[set[bytes]]], tmp_path: Path
) -> None:
    house, permit, (old, new), _ = refreshed
    error = refused(lambda: house.open(old.folder, permit, tmp_path / "old"))
    assert (error.code, error.exit_code) == ("CW-RELEASE-SUPERSEDED", 4)
    assert not (tmp_path / "old").exists()
    assert house.open(new.folder, permit, tmp_path / "new")["patients"].num_rows == 39


def test_the_older_releases_key_is_destroyed_and_the_log_says_so(
    refreshed: tuple[House, Path, list[BuildReport], list[set[bytes]]],
) -> None:
    house, _, (old, new), _ = refreshed
    states = {key.id: key.state for key in house.custody().keyring.list()}
    assert states[old.manifest["key_ids"]["release"]] == "destroyed"
    assert states[new.manifest["key_ids"]["release"]] == "active"
    path = old.folder / "data" / "patients" / "part-0.parquet"
    with pytest.raises(CommonwealError, match="CW-KEY"):
        unsealed_bytes(house.custody(), old.manifest, path, "data/patients/part-0.parquet")
    said = house.events("release.data_key_destroyed")
    assert [(one["release"], one["reason"]) for one in said] == [
        (old.manifest["release"], "superseded")
    ]
    verified = house.verify(old.folder)
    assert (verified.faults, verified.opened) == ([], False)


def test_the_register_tells_of_each_refresh_at_once(
    refreshed: tuple[House, Path, list[BuildReport], list[set[bytes]]],
) -> None:
    register = json.loads((refreshed[0].home / "public" / "register.json").read_bytes())
    (entry,) = register["entries"]
    assert [one["what"] for one in entry["events"]] == [
        "issued", "release_completed", "release_completed", "release_destroyed"
    ]  # fmt: skip


def test_only_a_permit_that_grants_it_links_refreshes(tmp_path: Path) -> None:
    house = make_house(tmp_path / "house", count=40)
    permit = house.issue(data=DATA, link_across_refreshes=True)
    seen = []
    for objections in ([], [objection(house.numbers[3])]):
        house.choose(objections=objections)
        report = house.build(permit)
        seen.append(codes(house, report))
        assert report.manifest["pseudonym_scope"] == "linked"
    assert seen[1] < seen[0]
    house.close()
