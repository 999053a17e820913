"""The states of a job: the table is complete, and nothing is done that does not stand in it."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from commonweal.enclave.states import (
    AT_WORK,
    ENDED,
    FIRST,
    SENTENCES,
    STATES,
    STEPS,
    Step,
    can_step,
    check_step,
    diagram,
)
from commonweal.foundation.errors import Refused

ALLOWED = {
    ("queued", "take", "running"),
    ("running", "collect", "collecting"),
    ("queued", "finish", "finished"),
    ("running", "finish", "finished"),
    ("collecting", "finish", "finished"),
    ("running", "fail", "failed"),
    ("collecting", "fail", "failed"),
    ("running", "exceed", "over_limit"),
    ("collecting", "exceed", "over_limit"),
    ("queued", "refuse", "refused"),
    ("running", "refuse", "refused"),
    ("collecting", "refuse", "refused"),
    ("queued", "cancel", "cancelled"),
    ("running", "cancel", "cancelled"),
    ("running", "give_back", "queued"),
    ("collecting", "give_back", "queued"),
    ("running", "cut_off", "queued"),
    ("collecting", "cut_off", "queued"),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("step", get_args(Step))
def test_every_state_with_every_step(state: str, step: str) -> None:
    wanted = {after for before, by, after in ALLOWED if (before, by) == (state, step)}
    if wanted:
        assert {check_step(state, step)} == wanted  # type: ignore[arg-type]
        assert can_step(state, step)  # type: ignore[arg-type]
    else:
        assert not can_step(state, step)  # type: ignore[arg-type]
        with pytest.raises(Refused) as caught:
            check_step(state, step)  # type: ignore[arg-type]
        assert caught.value.code == "CW-JOB-STEP"


def test_the_table_is_complete() -> None:
    assert set(STEPS) == set(get_args(Step))
    assert set(SENTENCES) == set(STATES)
    assert ENDED | AT_WORK | {FIRST} == set(STATES)
    reached, before = {FIRST}, set()
    while reached != before:
        before = set(reached)
        reached |= {after for state, _, after in ALLOWED if state in reached}
    assert reached == set(STATES)
    assert not [state for state, _, _ in ALLOWED if state in ENDED]


def test_the_diagram_shows_every_step() -> None:
    drawn = diagram()
    for before, step, after in ALLOWED:
        assert f"    {before} --> {after}: {step}\n" in drawn
    assert drawn.count(" --> ") == len(ALLOWED) + 1 + len(ENDED)


def test_the_page_shows_the_table(repository: Path) -> None:
    page = (repository / "docs" / "explanation" / "jobs.md").read_text("utf-8")
    assert f"```mermaid\n{diagram()}\n```" in page
