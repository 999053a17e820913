"""The trace of a search: every node that was looked at, as data."""

from __future__ import annotations

import pyarrow as pa
import pytest

from commonweal.vault.risk.anonymise import Hierarchy, Request, candidates
from commonweal.vault.risk.anonymise.anonymise import work_out

TABLE = pa.table({"age": ["1", "1", "2", "3", "3", "4"], "sex": ["F", "F", "F", "M", "M", "M"]})
HIERARCHIES = {
    "age": Hierarchy("age", (tuple("1234"), ("1-2", "1-2", "3-4", "3-4"), ("*",) * 4)),
    "sex": Hierarchy("sex", (("F", "M"), ("*", "*"))),
}


def test_the_trace_holds_the_best_and_what_was_refused() -> None:
    made = work_out(TABLE, HIERARCHIES, Request(k=2))
    found = made.candidates
    assert len(found) == made.report["nodes_checked"]
    holding = [one for one in found if one.holds]
    best = min(holding, key=lambda one: one.score)
    assert best.levels == ("1", "0")
    assert best.score == made.report["score"]
    assert best.k == made.report["k"] == 3
    assert [one.score for one in found] == sorted(one.score for one in found)
    refused = {one.levels: one for one in found if not one.holds}
    assert refused[("0", "0")].k == 1
    assert not refused[("0", "0")].plain()["holds"]


def test_the_trace_is_capped_and_keeps_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "MOST_CANDIDATES", 1)
    made = work_out(TABLE, HIERARCHIES, Request(k=2))
    (only,) = made.candidates
    assert only.score == made.report["score"]
    assert only.holds
