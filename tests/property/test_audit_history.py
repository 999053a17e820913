"""Whatever is changed in a history is refused with one of our errors, or changes nothing."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.airlock.audit.history import read_history
from commonweal.foundation.errors import CommonwealError
from tests.audit_house import Asked, House, by, hiding, random_people


@pytest.fixture(scope="module")
def whole() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        house = House(Path(folder))
        house.people = random_people(np.random.default_rng(3), 40, {"a": "xyz", "b": "uv"})
        house.leave(Asked("t", (by("a", *"xyz"), by("b", *"uv")), says=hiding), output="one")
        yield house.history


def seen(history: Path) -> list[object]:
    (output,) = read_history(history).load()
    assert output.people is not None
    table = output.tables[0]
    cells = (
        table.cells.low.tolist(),
        table.cells.high.tolist(),
        table.cells.matrix.toarray().tolist(),
    )
    return [output.people.ids.tolist(), table.part_of.tolist(), *cells]


FILES = ["manifest.json", "values/00000.parquet", "cells/00000.parquet", "cells/people.parquet"]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(FILES), st.integers(0, 2**31), st.integers(0, 255),
    st.sampled_from(["set", "cut", "add"]),
)  # fmt: skip
def test_a_change_is_refused_or_changes_nothing(
    whole: Path, name: str, place: int, value: int, how: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "history"
        shutil.copytree(whole, copy)
        file = copy / "one" / name
        content = bytearray(file.read_bytes())
        place %= len(content)
        if how == "set":
            content[place] = value
        elif how == "cut":
            del content[place:]
        else:
            content.insert(place, value)
        file.write_bytes(bytes(content))
        try:
            found = seen(copy)
        except CommonwealError:
            return
        # A title may say something else (the pin shows it); figures and people are the same.
        assert found == seen(whole)
