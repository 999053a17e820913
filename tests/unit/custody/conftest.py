"""A demonstration home that is made once and copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from commonweal.vault.custody import create_home
from tests import factories
from tests.unit.custody.support import Place


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    with create_home(
        folder / "home",
        kind="demo",
        name="Wharfedale Hospital",
        ods="RXX",
        clock=factories.clock(),
        root_store=folder / "store",
    ):
        pass
    return folder


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Callable[[], Place]:
    """Makes a fresh copy of the home at each call."""
    number = iter(range(1000))

    def fresh() -> Place:
        folder = tmp_path / f"copy-{next(number)}"
        shutil.copytree(made, folder)
        return Place(folder, factories.clock())

    return fresh


@pytest.fixture
def place(copy: Callable[[], Place]) -> Place:
    return copy()
