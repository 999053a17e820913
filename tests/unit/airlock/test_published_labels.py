"""Labels of published tables: none that a program for tables would run."""

from __future__ import annotations

import pytest

from commonweal.airlock.published import _label


@pytest.mark.parametrize("text", [
    "=1+1", "+1", "@sum", "-1+cmd|' /C calc'!A0", "-x", "\t=1", " =1", "\r@x", "-1-cmd|x",
])  # fmt: skip
def test_a_formula_becomes_text(text: str) -> None:
    assert _label(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "F", "-5", "-5 to 3", "-3 and over", "-0.5", "under -3"])
def test_other_labels_stay_as_they_are(text: str) -> None:
    assert _label(text) == text
