"""Stories that somebody told who had not seen the audit: what a sum gives away is found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from commonweal.airlock.audit.history import read_history
from commonweal.airlock.audit.running import audit, read_proposals
from tests.airlock_corpus.unseen_stories import Unseen, unseen_stories
from tests.audit_house import Asked, House, counted


class Shown(House):
    """A house that remembers what each table published."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.figures: dict[tuple[str, tuple[int, ...]], tuple[int, int | None]] = {}

    def _write(self, where: Path, asked: Sequence[Asked], output: str | None) -> str:
        for one in asked:
            for cell in counted(self.people, one).cells:
                self.figures[one.name, cell.at] = (cell.low, cell.high)
        return super()._write(where, asked, output)


@pytest.mark.parametrize("story", list(unseen_stories()), ids=lambda one: one.name)
def test_a_story(tmp_path: Path, story: Unseen) -> None:
    house = Shown(tmp_path)
    asked, telling = story.tell(house, np.random.default_rng(5))
    proposed = house.propose(*asked, output="proposed")
    if telling:
        cells = [(sign, *house.figures[name, at]) for sign, name, at in telling]
        assert all(low == high for _, low, high in cells)  # shown exactly
        assert (0 < sum(sign * low for sign, low, _ in cells) < 10) == story.disclosive
    history = read_history(house.history)
    result = audit(history, read_proposals([proposed], history), threshold=10)
    if story.disclosive:
        assert result.verdict == "fail", (result.verdict, result.not_examined)
    else:
        assert result.verdict == "pass", [one.sentence for one in result.findings]
