"""`release verify` finds every change in a release, in what lies beside it, and in its name."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.vault.custody import rotate_key
from commonweal.vault.release.build import BuildReport
from tests.release_house import House, make_house, permitted, refused

DATA = permitted(
    patients={"nhs_number": "pseudonym", "sex": "exact"},
    admissions={"nhs_number": "pseudonym", "diagnosis": "truncate(3)"},
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, BuildReport, Path]]:
    house = make_house(tmp_path_factory.mktemp("verify") / "house", count=40)
    permit = house.issue(data=DATA, processing=["table", "train"])
    report = house.build(permit)
    assert house.verify(report.folder).faults == []
    yield house, report, permit
    house.close()


def files(built: tuple[House, BuildReport, Path]) -> list[Path]:
    house, report, _ = built
    aside = house.releases / f"{report.manifest['release']}.airlock"
    return [
        path for folder in (report.folder, aside) for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]  # fmt: skip


def faulty(house: House, folder: Path) -> bool:
    """Whether the release is refused or its report has faults; nothing else may be raised."""
    try:
        return bool(house.verify(folder).faults)
    except CommonwealError as error:
        return error.exit_code in (1, 3)


def test_the_release_has_all_its_parts(built: tuple[House, BuildReport, Path]) -> None:
    names = {path.name for path in files(built)}
    assert names == {
        "manifest.jws", "summary.jws", "ledger.tlog-proof", "risk.json", "report.html",
        "part-0.parquet", "audit_map", "sieve", "membership", "membership_index",
    }  # fmt: skip
    assert len(files(built)) == 5 + 2 + 4 + 2


def test_a_release_is_whole_also_after_the_key_of_its_details_was_replaced(tmp_path: Path) -> None:
    house = make_house(tmp_path / "house", count=24)
    report = house.build(house.issue(data=DATA))
    rotate_key(house.custody(), "details")
    assert house.verify(report.folder).faults == []
    house.close()


@pytest.mark.parametrize("thorough", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_every_changed_byte_is_found(
    built: tuple[House, BuildReport, Path], thorough: bool
) -> None:
    house, report, _ = built
    dice = random.Random(5)
    for path in files(built):
        whole = path.read_bytes()
        places = {0, len(whole) - 1, *(dice.randrange(len(whole)) for _ in range(10))}
        if thorough:
            places |= {dice.randrange(len(whole)) for _ in range(400)}
        for place in sorted(places):
            changed = bytearray(whole)
            changed[place] ^= 1 << dice.randrange(8)
            path.write_bytes(changed)
            assert faulty(house, report.folder), (path.name, place)
        path.write_bytes(whole)
    assert not faulty(house, report.folder)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


def empty(path: Path) -> None:
    path.write_bytes(b"")


def to_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def to_link(path: Path) -> None:
    elsewhere = path.parents[3] / f"kept-{path.name}"
    shutil.move(path, elsewhere)
    path.symlink_to(elsewhere)


@pytest.mark.parametrize("change", [cut, lengthen, empty, Path.unlink, to_folder])
def test_files_that_are_cut_lengthened_or_gone(
    built: tuple[House, BuildReport, Path], change: Callable[[Path], None]
) -> None:
    house, report, _ = built
    for path in files(built):
        whole = path.read_bytes()
        change(path)
        assert faulty(house, report.folder), path.name
        if path.is_dir():
            path.rmdir()
        path.write_bytes(whole)
    assert not faulty(house, report.folder)


def test_a_link_in_place_of_a_file(built: tuple[House, BuildReport, Path]) -> None:
    house, report, _ = built
    for path in [one for one in files(built) if one.is_relative_to(report.folder)]:
        whole = path.read_bytes()
        to_link(path)
        assert faulty(house, report.folder), path.name
        path.unlink()
        path.write_bytes(whole)
    data = report.folder / "data"
    shutil.move(data, house.base / "data-elsewhere")
    data.symlink_to(house.base / "data-elsewhere", target_is_directory=True)
    assert faulty(house, report.folder)
    data.unlink()
    shutil.move(house.base / "data-elsewhere", data)
    assert not faulty(house, report.folder)


@pytest.mark.parametrize("name", ["more", "data/patients/part-1.parquet", "data/x/part-0.parquet"])
def test_a_file_too_many(built: tuple[House, BuildReport, Path], name: str) -> None:
    house, report, _ = built
    path = report.folder / name
    made = not path.parent.is_dir()
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"")
    assert faulty(house, report.folder)
    path.unlink()
    if made:
        path.parent.rmdir()


def test_two_files_change_places(built: tuple[House, BuildReport, Path]) -> None:
    house, report, _ = built
    first, second = sorted(report.folder.glob("data/*/part-0.parquet"))
    one, two = first.read_bytes(), second.read_bytes()
    first.write_bytes(two)
    second.write_bytes(one)
    assert faulty(house, report.folder)
    first.write_bytes(one)
    second.write_bytes(two)
    assert not faulty(house, report.folder)


def test_files_of_another_release_and_another_name(
    built: tuple[House, BuildReport, Path],
) -> None:
    house, report, _ = built
    other = house.build(house.issue(data=DATA, processing=["table", "train"]))
    assert not faulty(house, other.folder)
    aside = house.releases / f"{report.manifest['release']}.airlock"
    theirs = house.releases / f"{other.manifest['release']}.airlock"
    for path in files(built):
        inside = path.is_relative_to(report.folder)
        home, away = (report.folder, other.folder) if inside else (aside, theirs)
        whole, swapped = path.read_bytes(), (away / path.relative_to(home)).read_bytes()
        if whole == swapped:
            assert path.name == "risk.json"  # the figures of both, and nothing else
            continue
        path.write_bytes(swapped)
        assert faulty(house, report.folder), path.name
        path.write_bytes(whole)
    moved = house.releases / "permit-9.r1"
    report.folder.rename(moved)
    assert faulty(house, moved)
    moved.rename(report.folder)
    assert not faulty(house, report.folder)


def test_a_changed_release_is_not_opened(
    built: tuple[House, BuildReport, Path], tmp_path: Path
) -> None:
    house, report, permit = built
    path = report.folder / "data" / "patients" / "part-0.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    error = refused(lambda: house.open(report.folder, permit, tmp_path / "opened"))
    assert error.code == "CW-RELEASE-NOT-WHOLE"
    assert not (tmp_path / "opened").exists()
    path.write_bytes(whole)
    assert refused(lambda: house.verify(tmp_path)).code == "CW-RELEASE-MISSING"
