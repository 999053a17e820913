"""A vault for the session, and the way by page open for one test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from commonweal.vault.custody import Custody
from tests.web.choices.vault import a_vault, opened_way


@pytest.fixture(scope="session")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Custody]:
    with a_vault(tmp_path_factory.mktemp("choices")) as custody:
        yield custody


@pytest.fixture
def way(db: None, web_home: Path, vault: Custody) -> Iterator[Custody]:
    """The pages can send to this vault."""
    with opened_way(web_home, vault):
        yield vault
