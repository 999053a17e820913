"""The reference page is the one that the tables make, and the explanation names what exists."""

from __future__ import annotations

import re
from pathlib import Path

from commonweal.foundation.codes import CODES
from commonweal.ledger import membership, report
from commonweal.ledger.reference import events_page

# To make the page anew: write `events_page()` to it.


def test_the_events_page_is_up_to_date(repository: Path) -> None:
    assert (repository / "docs/reference/ledger-events.md").read_text() == events_page()


def test_the_explanation_is_true(repository: Path) -> None:
    text = (repository / "docs/explanation/ledger.md").read_text()
    for path in re.findall(r"`((?:src|tests|docs|benchmarks)/[^`*]+)`", text):
        assert (repository / path).exists(), path
    for code in re.findall(r"CW-[A-Z-]+[A-Z]", text):
        assert code in CODES
    for kind in re.findall(r"fault `([a-z_]+)`", text):
        assert kind in report.KINDS
    for constant in (membership.FORMAT, membership.LABEL_SCHEME):
        assert constant in text
    for domain in (membership.LABEL_DOMAIN, membership.LEAF_DOMAIN):
        assert domain.rstrip(b"\x00").decode() in text
