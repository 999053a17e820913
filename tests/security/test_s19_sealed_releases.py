"""S19: somebody copies a release folder, or opens another project's.

The naive twin writes plain Parquet: a copy is the data. Ours is sealed under a key of its own for
each release, bound to its name and place; without the home's root key a copy is noise, and it is
opened only for a live permit, into memory.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commonweal.foundation.errors import Fault
from commonweal.foundation.sealing import unseal_bytes
from commonweal.vault.custody import change_state
from commonweal.vault.release import opening
from commonweal.vault.release.build import BuildReport
from tests.release_house import House, hospital, make_house, permitted, refused, unsealed_bytes

DATA = permitted(
    patients={"nhs_number": "pseudonym", "sex": "exact"},
    admissions={"nhs_number": "pseudonym", "diagnosis": "exact"},
)


@pytest.fixture(scope="module")
def two(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[House, list[tuple[Path, BuildReport]]]]:
    house = make_house(tmp_path_factory.mktemp("s19") / "house", count=40)
    made = []
    for _ in range(2):
        permit = house.issue(data=DATA)
        made.append((permit, house.build(permit)))
    yield house, made
    house.close()


def naive_release(folder: Path) -> None:
    """The twin: Parquet as everybody writes it."""
    for name, rows in hospital(40).items():
        (folder / name).mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist(rows), folder / name / "part-0.parquet")


def stolen(folder: Path) -> list[dict[str, Any]]:
    """What a thief reads from a copied folder."""
    rows: list[dict[str, Any]] = []
    for path in folder.rglob("*.parquet"):
        try:
            rows += pq.read_table(io.BytesIO(path.read_bytes())).to_pylist()
        except pa.ArrowInvalid:
            continue
    return rows


def test_a_copied_folder_is_the_data_of_the_twin_and_noise_of_ours(
    two: tuple[House, list[tuple[Path, BuildReport]]], tmp_path: Path
) -> None:
    _, made = two
    naive_release(tmp_path / "naive")
    assert len(stolen(tmp_path / "naive")) == 40 + 80 + 80
    shutil.copytree(made[0][1].folder, tmp_path / "copy")
    assert stolen(tmp_path / "copy") == []
    for path in (tmp_path / "copy").rglob("*.parquet"):
        content = path.read_bytes()
        assert b"PAR1" not in content
        assert not any(word in content for word in (b"J45", b"nhs_number", b"diagnosis"))


def test_the_key_of_another_release_and_another_place_do_not_open_it(
    two: tuple[House, list[tuple[Path, BuildReport]]],
) -> None:
    house, made = two
    (_, first), (_, second) = made
    path = first.folder / "data" / "patients" / "part-0.parquet"
    inside = "data/patients/part-0.parquet"
    assert unsealed_bytes(house.custody(), first.manifest, path, inside).startswith(b"PAR1")
    key = house.custody().keyring.secret_of(second.manifest["key_ids"]["release"])
    own = house.custody().keyring.secret_of(first.manifest["key_ids"]["release"])
    names = [report.manifest["release"] for report in (first, second)]
    for used, context in (
        (key, f"release/{names[0]}/{inside}"),
        (key, f"release/{names[1]}/{inside}"),
        (own, f"release/{names[1]}/{inside}"),
        (own, f"release/{names[0]}/data/admissions/part-0.parquet"),
    ):
        with pytest.raises(Fault, match="CW-SEAL-BROKEN"):
            unseal_bytes(path.read_bytes(), used.use(), context, "the file")


def test_the_same_rows_are_never_sealed_to_the_same_bytes(tmp_path: Path) -> None:
    house = make_house(tmp_path)
    permit = house.issue(data=permitted(patients={"nhs_number": "pseudonym", "sex": "exact"}))
    made = [house.build(permit) for _ in range(2)]
    files = [report.manifest["tables"]["patients"]["files"][0] for report in made]
    assert files[0]["content_hash"] == files[1]["content_hash"]  # one permit, one snapshot
    assert files[0]["sealed_hash"] != files[1]["sealed_hash"]
    house.close()


def test_another_permit_does_not_open_it(
    two: tuple[House, list[tuple[Path, BuildReport]]], tmp_path: Path
) -> None:
    house, made = two
    (_, first), (other, _) = made
    error = refused(lambda: house.open(first.folder, other, tmp_path / "opened"))
    assert (error.code, error.exit_code) == ("CW-RELEASE-OTHER-PERMIT", 4)


def test_it_is_opened_in_memory_only(
    two: tuple[House, list[tuple[Path, BuildReport]]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house, made = two
    permit, report = made[0]
    monkeypatch.setattr(opening, "file_system", lambda path: "ext4")
    error = refused(lambda: house.open(report.folder, permit, tmp_path / "disk"))
    assert (error.code, error.exit_code) == ("CW-RELEASE-NOT-IN-MEMORY", 4)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(opening, "file_system", lambda path: "tmpfs")
    assert house.open(report.folder, permit, tmp_path / "memory")["patients"].num_rows == 40
    assert len(house.events("release.opened")) == 1


def test_nothing_is_opened_for_a_permit_that_was_stopped(tmp_path: Path) -> None:
    house = make_house(tmp_path / "house", count=24)
    permit = house.issue(data=DATA, delivery="handover", risk={"k": 2})
    report = house.build(permit)
    change_state(house.custody(), permit, "suspend")
    error = refused(lambda: house.open(report.folder, permit, tmp_path / "opened"))
    assert (error.code, error.exit_code) == ("CW-PERMIT-SUSPENDED", 4)
    change_state(house.custody(), permit, "revoke")
    assert refused(lambda: house.open(report.folder, permit, tmp_path / "opened")).code == (
        "CW-PERMIT-REVOKED"
    )
    assert not (tmp_path / "opened").exists()
    house.close()
