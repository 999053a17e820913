"""A file is compared with a release that was really built, by a key that stays behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest

from commonweal.airlock.files.people import Sieve
from commonweal.airlock.opened import OpenRelease
from commonweal.papers.release import ReleaseManifest
from commonweal.vault.release.sieving import SieveCodes, sieve_codes
from tests.files_house import csv_of, looked
from tests.release_house import House, make_house, unsealed_bytes


@dataclass
class Built:
    house: House
    manifest: ReleaseManifest
    release: OpenRelease
    sieve: Path
    folder: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    base = tmp_path_factory.mktemp("built")
    house = make_house(base / "house")
    permit = house.issue()
    report = house.build(permit)
    manifest = ReleaseManifest.read(dict(report.manifest), "The manifest")
    for file in (file for table in manifest.tables.values() for file in table.files):
        to = base / "open" / file.path.removeprefix("data/")
        to.parent.mkdir(parents=True, exist_ok=True)
        sealed = report.folder / file.path
        to.write_bytes(unsealed_bytes(house.custody(), report.manifest, sealed, file.path))
    aside = house.releases / f"{manifest.release}.airlock" / "sieve"
    sieve = base / "sieve.parquet"
    sieve.write_bytes(unsealed_bytes(house.custody(), report.manifest, aside, "sieve", "sieve"))
    yield Built(house, manifest, OpenRelease.at(manifest, base / "open"), sieve, base)
    house.close()


def found(built: Built, *cells: str) -> set[tuple[str, str]]:
    content = csv_of(["x"], [[cell] for cell in cells])
    with sieve_codes(built.house.custody(), built.manifest) as codes:
        seen = looked(
            built.folder, "x.csv", content, sieve=Sieve.at(built.sieve, codes),
            release=built.release, work=built.folder,
        )  # fmt: skip
    assert seen.verdict != "pass"
    return {(one.rule, one.outcome) for one in seen.findings} - {("declared", "review")}


def test_identifiers_of_the_source_are_found(built: Built) -> None:
    person = built.house.tables["patients"][7]
    number = person["nhs_number"]
    assert ("sieve", "fail") in found(built, f"see {number[:3]}-{number[3:6]}-{number[6:]}")
    assert ("sieve", "fail") in found(built, f"9{number}1")
    assert found(built, str(person["name"]).lower()) == {("sieve", "fail")}
    assert found(built, "Alder", "Birch") == set()


def test_codes_of_the_release_are_found(built: Built) -> None:
    table = next(one for one in built.release.tables.values() if one.person is not None)
    codes = pa.parquet.read_table(table.files[0]).column(table.require_person()).to_pylist()
    assert ("codes", "fail") in found(built, *(code.hex() for code in codes[:3]))


def test_the_function_is_taken_back(built: Built) -> None:
    kept: list[SieveCodes] = []
    with sieve_codes(built.house.custody(), built.manifest) as codes:
        kept.append(codes)
        assert codes(pa.chunked_array([["ABCD"]])).shape == (1, 16)
    with pytest.raises(ValueError, match="one check"):
        kept[0](pa.chunked_array([["ABCD"]]))
