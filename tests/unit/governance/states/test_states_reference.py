"""The page of the states is the one that the tables make."""

from __future__ import annotations

import re
from pathlib import Path

from commonweal.governance.states.guards import GUARDS
from commonweal.governance.states.reference import main, mermaid, states_page
from commonweal.governance.states.registry import MACHINES

HINT = "run: python -m commonweal.governance.states.reference docs/reference/states.md"


def test_the_page_is_up_to_date(repository: Path) -> None:
    assert (repository / "docs/reference/states.md").read_text("utf-8") == states_page(), HINT


def test_a_diagram_shows_every_step_once() -> None:
    for machine in MACHINES.values():
        shown = re.findall(r"^    (\w+) --> (\w+) : (\w+)$", mermaid(machine), re.MULTILINE)
        assert sorted(shown) == sorted((r.from_, r.to, r.action) for r in machine.transitions)
        assert mermaid(machine).count("--> [*]") == len(machine.final)
        assert f"[*] --> {machine.initial}" in mermaid(machine)


def test_sentences_are_for_everybody() -> None:
    said = [
        *GUARDS.values(),
        *(words for machine in MACHINES.values() for words in machine.sentences.values()),
        *(row.says for machine in MACHINES.values() for row in machine.transitions),
    ]
    assert len(said) > 300
    for sentence in said:
        assert re.match(r"[A-Z].*\.$", sentence), sentence
        for jargon in ("custodian", "cohort", "k-", "merkle", "statbarn", "proxy", "pseudonym",
                       "quorum", "aia", "dac"):  # fmt: skip
            assert not re.search(rf"\b{jargon}", sentence.lower()), sentence


def test_the_command_writes_the_page(tmp_path: Path) -> None:
    assert main([str(tmp_path / "states.md")]) == 0
    assert (tmp_path / "states.md").read_text("utf-8") == states_page()
    assert main([]) == 2
    assert main([str(tmp_path / "nowhere" / "states.md")]) == 3
