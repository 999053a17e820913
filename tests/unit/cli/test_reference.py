"""The pages of commands and codes are those of the code."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from commonweal.cli import reference
from commonweal.foundation.codes import CODES

REMEDY = "run `python -m commonweal.cli.reference docs/reference`"


@pytest.mark.parametrize("page", ["commands.md", "error-codes.md"])
def test_the_page_is_what_the_code_says(repository: Path, page: str) -> None:
    made = {
        reference.COMMANDS_PAGE: reference.commands_page,
        reference.CODES_PAGE: reference.codes_page,
    }[page]()
    assert (repository / "docs" / "reference" / page).read_text("utf-8") == made, REMEDY


@pytest.fixture(scope="module")
def exits() -> Mapping[str, str]:
    # The whole source is read for it, so it is read once.
    return reference.exit_codes()


def test_every_code_has_an_exit_code(exits: Mapping[str, str]) -> None:
    assert set(exits) == set(CODES)
    assert set(", ".join(exits.values()).split(", ")) == {*"12345", "130", "finding"}


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [
        ("CW-RISK-LIMIT", "4"),
        ("CW-PERMIT-REVOKED", "4"),
        ("CW-PERMIT-STATUS-STALE", "5"),
        ("CW-CLOCK-BEHIND", "5"),
        ("CW-TRUST-CHANGED", "3"),
        ("CW-USAGE", "2"),
        ("CW-INTERNAL", "1"),
        ("CW-NHS-NUMBER-INVALID", "3"),
        ("CW-CATALOGUE-INVALID", "3"),
        ("CW-CHECK-ORPHAN", "finding"),
        ("CW-INTERRUPTED", "130"),
    ],
)
def test_exit_codes_are_read_off_the_code(
    exits: Mapping[str, str], code: str, exit_code: str
) -> None:
    assert exits[code] == exit_code


def test_both_pages_are_written(tmp_path: Path) -> None:
    reference.write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"commands.md", "error-codes.md"}
