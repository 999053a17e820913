"""Every disclosive story is caught, and no safe one is failed, whatever the seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from commonweal.airlock.audit.history import read_history
from commonweal.airlock.audit.running import Result, audit, read_proposals
from tests.audit_house import House
from tests.audit_stories import STORIES, Story


def told(folder: Path, story: Story, seed: int) -> Result:
    house = House(folder)
    proposed = house.propose(*story.tell(house, np.random.default_rng(seed)), output="proposed")
    history = read_history(house.history)
    return audit(history, read_proposals([proposed], history), threshold=story.threshold)


def test_there_are_thirty_of_both_kinds() -> None:
    assert len({one.name for one in STORIES}) == len(STORIES) == 30
    assert sum(one.disclosive for one in STORIES) >= 15
    assert sum(not one.disclosive for one in STORIES) >= 10


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("story", STORIES, ids=lambda one: one.name)
def test_a_story(tmp_path: Path, story: Story, seed: int) -> None:
    result = told(tmp_path, story, seed)
    if story.disclosive:
        assert result.verdict == "fail", result.not_examined
    elif "in tens" in story.name:
        # No two figures tell anything, but all of them together may: that is for a person to see.
        assert result.verdict in ("pass", "review")
        assert {one.code for one in result.findings} <= {"CW-AUDIT-BOUNDS"}
    else:
        assert result.verdict == "pass", [one.sentence for one in result.findings]
