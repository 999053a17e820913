"""Codes and content: the same, and different, where they must be (S13, spine 6, 8)."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from commonweal.vault.release.build import BuildReport
from commonweal.vault.release.build import content_hash as hash_of
from commonweal.vault.tables import opening
from tests import factories
from tests.release_house import House, make_house, objection, permitted

DATA = permitted(
    patients={"nhs_number": "pseudonym", "sex": "exact"},
    admissions={
        "nhs_number": "pseudonym", "admission_id": "record_code", "admitted": "shift",
        "diagnosis": "truncate(3)",
    },
    tests={"test_id": "record_code", "admission_id": "record_code", "value": "exact"},
)  # fmt: skip


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = make_house(tmp_path / "house", count=40)
    yield made
    made.close()


def codes(house: House, report: BuildReport) -> set[bytes]:
    """Every code of 16 bytes in a release."""
    return {
        value
        for table in house.contents(report).values()
        for column in table.columns
        for value in column.to_pylist()
        if isinstance(value, bytes)
    }


def built(house: House, **changes: Any) -> BuildReport:
    return house.build(house.issue(data=DATA, **changes))


def project(name: str) -> dict[str, Any]:
    found: dict[str, Any] = factories.draft_data()["project"]
    return {**found, "id": name}


def other_choices(house: House) -> None:
    house.choose(objections=[objection(house.numbers[7])])


def test_identical_inputs_give_identical_content(house: House) -> None:
    permit = house.issue(data=DATA)
    first, second = house.build(permit), house.build(permit)
    assert hash_of(first.manifest) == hash_of(second.manifest)
    assert first.manifest["release"] != second.manifest["release"]
    files = [report.manifest["tables"]["patients"]["files"][0] for report in (first, second)]
    assert files[0]["sealed_hash"] != files[1]["sealed_hash"]


def test_number_of_threads_changes_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    permit = house.issue(data=DATA)
    found = set()
    for threads in (1, 2):
        opened = functools.partial(opening.connect, threads=threads)
        with monkeypatch.context() as patch:
            patch.setattr(opening, "connect", opened)
            found.add(hash_of(house.build(permit).manifest))
    assert len(found) == 1


def test_order_of_rows_and_files_changes_nothing_where_codes_are_linked(house: House) -> None:
    permit = house.issue(data=DATA, link_across_refreshes=True)
    first = house.build(permit)
    for rows in house.tables.values():
        rows.reverse()
    house.tables = dict(reversed(house.tables.items()))
    house.write()
    second = house.build(permit)
    assert first.manifest["source"] != second.manifest["source"]
    assert hash_of(first.manifest) == hash_of(second.manifest)


def test_another_project_has_other_codes_and_shifts(house: House) -> None:
    first = built(house, project=project("first"))
    second = built(house, project=project("second"))
    assert codes(house, first) & codes(house, second) == set()
    assert first.manifest["key_ids"]["project"] != second.manifest["key_ids"]["project"]


def test_a_refresh_has_other_codes_unless_it_is_linked(house: House) -> None:
    for linked in (False, True):
        permit = house.issue(
            data=DATA, link_across_refreshes=linked, project=project(f"project-{linked}")
        )
        house.choose()
        first = codes(house, house.build(permit))
        other_choices(house)
        second = codes(house, house.build(permit))
        assert bool(first & second) == linked
        assert second < first or not linked


def test_a_new_snapshot_has_other_codes(house: House) -> None:
    permit = house.issue(data=DATA)
    first = codes(house, house.build(permit))
    house.tables["tests"][0]["value"] = "9.9"
    house.write()
    assert first & codes(house, house.build(permit)) == set()


def test_the_shift_and_hold_out_of_a_person_are_those_of_the_project(house: House) -> None:
    permit = house.issue(data=DATA, processing=["table", "train"], link_across_refreshes=True)
    seen = []
    for change in (None, other_choices):
        if change is not None:
            change(house)
        report = house.build(permit)
        dates = {
            row["admission_id"]: row["admitted"]
            for row in house.contents(report)["admissions"].to_pylist()
        }
        held = {row["nhs_number"] for row in house.holdout(report)["patients"].to_pylist()}
        seen.append((dates, held))
    (first, held_first), (second, held_second) = seen
    assert second.items() <= first.items()
    assert held_second <= held_first
    assert len(held_first - held_second) + len(first) - len(second) > 0


def test_a_refresh_is_a_release_of_its_own_and_ends_the_older(house: House, tmp_path: Path) -> None:
    permit = house.issue(data=DATA)
    first = house.build(permit)
    content = {path: path.read_bytes() for path in first.folder.rglob("*") if path.is_file()}
    other_choices(house)
    second = house.build(permit)
    assert second.manifest["supersedes"] == first.manifest["release"]
    assert second.manifest["sequence"] == 2
    assert content == {path: path.read_bytes() for path in content}
    verified = house.verify(first.folder)
    assert (verified.faults, verified.opened) == ([], False)
    assert house.verify(second.folder).opened
    assert len(house.events("release.data_key_destroyed")) == 1
