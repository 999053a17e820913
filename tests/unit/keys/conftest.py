from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.unit.keys.full_house import Full, full_house
from tests.unit.keys.support import House, new_house


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch) -> None:
    # What a power cut would do is not asked here; the tests of a full disk count their own calls.
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture
def house(tmp_path) -> House:
    return new_house(tmp_path)


@pytest.fixture
def full(tmp_path) -> Iterator[Full]:
    yield from full_house(tmp_path)
