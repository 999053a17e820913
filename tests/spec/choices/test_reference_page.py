"""The reference page says what the rules say. Rewrite it with COMMONWEAL_TEST_SNAPSHOTS=write."""

from __future__ import annotations

import os
from pathlib import Path

from commonweal.vault.choices.reference import reference_page

WRITE = os.environ.get("COMMONWEAL_TEST_SNAPSHOTS") == "write"


def test_the_page_is_what_the_rules_say(repository: Path) -> None:
    path = repository / "docs" / "reference" / "choices.md"
    if WRITE:
        path.write_text(reference_page(), encoding="utf-8")
    assert path.read_text(encoding="utf-8") == reference_page()
