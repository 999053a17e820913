"""The stages that may be told outside: one for whatever a plan or build says of itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from commonweal.vault.release import progress
from commonweal.vault.release.progress import STAGES, stage_of

MODULES = ("assembling", "build", "generalising", "intruding", "loading", "prepare")
_SAID = re.compile(r"progress\(f?\"([^\"]+)\"\)")


def said() -> list[str]:
    """Every text that the modules of a plan and a build tell."""
    folder = Path(progress.__file__).parent
    return [text for name in MODULES for text in _SAID.findall((folder / f"{name}.py").read_text())]


def test_every_text_has_its_stage() -> None:
    texts = said()
    assert len(texts) >= 12
    found = {text: stage_of(text) for text in texts}
    assert {text for text, stage in found.items() if stage is None} == set()
    assert set(found.values()) == set(STAGES)


@pytest.mark.parametrize(
    ("text", "stage"),
    [
        ("Reading people's choices", "choices"),
        ("Reading people", "reading"),
        ("Writing the release on the ledger", "ledger"),
        ("Writing the release", "writing"),
        ("Opening data/patients/part-0.parquet", None),
        ("", None),
    ],
)
def test_a_table_s_name_does_not_make_another_stage(text: str, stage: str | None) -> None:
    assert stage_of(text) == stage
