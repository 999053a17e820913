"""The stays as a release, and a study over it."""

from __future__ import annotations

from pathlib import Path

import pytest

from commonweal.enclave.study import Study
from commonweal.enclave.study.place import Place
from tests.study_house import KINDS, Worked, worked
from tests.unit.enclave.stays import PEOPLE, STAYS


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Worked:
    tables = {"stays": (KINDS["stays"], STAYS), "people": (KINDS["people"], PEOPLE)}
    return worked(tmp_path_factory.mktemp("house"), tables)


@pytest.fixture
def fresh(house: Worked, tmp_path: Path) -> Study:
    """A study over the same release with outputs of its own."""
    return Study(Place(house.study.place.release_folder, tmp_path / "outputs"))
