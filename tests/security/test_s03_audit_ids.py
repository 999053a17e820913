"""S3: two projects subtract their tables, and nobody sees it because pseudonyms differ.

The naive twin audits by pseudonym: two outputs that differ by one person look like outputs about
other people altogether. Ours audits by the custodian's own id, the same in every project, which is
never in a release.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pyarrow.parquet as pq
import pytest

from commonweal.vault.release.build import BuildReport
from tests import factories
from tests.release_house import House, make_house, objection, permitted, unsealed_bytes

DATA = permitted(patients={"nhs_number": "pseudonym", "sex": "exact"})


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, list[BuildReport]]]:
    house = make_house(tmp_path_factory.mktemp("s03") / "house", count=40)
    project: dict[str, Any] = factories.draft_data()["project"]
    reports = []
    for name, objections in (("one", []), ("two", [objection(house.numbers[3])])):
        house.choose(objections=objections)
        permit = house.issue(data=DATA, project={**project, "id": name})
        reports.append(house.build(permit))
    yield house, reports
    house.close()


def audit_map(house: House, report: BuildReport) -> dict[bytes, bytes]:
    path = house.releases / f"{report.manifest['release']}.airlock" / "audit_map"
    content = unsealed_bytes(house.custody(), report.manifest, path, "audit_map", "audit")
    rows = pq.read_table(io.BytesIO(content)).to_pylist()
    return {row["code"]: row["audit_id"] for row in rows}


def codes(house: House, report: BuildReport) -> set[bytes]:
    return set(house.contents(report)["patients"]["nhs_number"].to_pylist())


def test_the_twin_sees_two_foreign_groups(two: tuple[House, list[BuildReport]]) -> None:
    house, (one, other) = two
    assert codes(house, one) & codes(house, other) == set()


def test_ours_sees_that_one_person_makes_the_difference(
    two: tuple[House, list[BuildReport]],
) -> None:
    house, (one, other) = two
    maps = [audit_map(house, report) for report in (one, other)]
    assert maps[0].keys() == codes(house, one)
    assert maps[1].keys() == codes(house, other)
    assert len(set(maps[0].values()) - set(maps[1].values())) == 1
    assert set(maps[1].values()) < set(maps[0].values())


def test_audit_ids_are_in_no_release(two: tuple[House, list[BuildReport]]) -> None:
    house, reports = two
    ids = set(audit_map(house, reports[0]).values())
    for report in reports:
        shown = {
            value
            for table in house.contents(report).values()
            for row in table.to_pylist()
            for value in row.values()
        }
        assert not ids & shown
        for path in report.folder.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                assert not any(one in content or one.hex().encode() in content for one in ids)


def test_the_map_lies_outside_the_release_and_is_sealed_under_its_own_key(
    two: tuple[House, list[BuildReport]],
) -> None:
    house, (one, _) = two
    assert not list(one.folder.rglob("audit_map"))
    path = house.releases / f"{one.manifest['release']}.airlock" / "audit_map"
    assert path.read_bytes().startswith(b"CWSEAL1\n")
    # The key of the release's data does not open it.
    with pytest.raises(Exception, match="CW-SEAL-BROKEN"):
        unsealed_bytes(house.custody(), one.manifest, path, "audit_map", "release")
