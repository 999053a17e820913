from __future__ import annotations

import pytest

from tests.unit.keys.support import House, new_house


@pytest.fixture
def house(tmp_path) -> House:
    return new_house(tmp_path)
