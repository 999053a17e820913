"""The labelled analyses: what gives somebody away is caught, as an attacker proves; safe passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from commonweal.airlock.analysis.published import published
from commonweal.airlock.rules.analyses import judge_analysis
from commonweal.airlock.rules.findings import verdict_of
from tests.airlock_corpus.analyses import KINDS, VICTIM, analyses
from tests.airlock_house import PERSON
from tests.analysis_house import SACRO, analysed

OUTCOMES = ("cost", "sick", "ill", "visits", "days", "dead")
NAIVE = SACRO.model_copy(update={"threshold": 1})
"""Every step of a curve, as software draws it."""


@pytest.mark.parametrize("seed", [1, *(pytest.param(s, marks=pytest.mark.slow) for s in (2, 3))])
def test_what_gives_somebody_away_is_caught_and_the_attacker_proves_it(
    tmp_path: Path, seed: int
) -> None:
    told: dict[str, list[tuple[str, str]]] = {"safe": [], "disclosive": []}
    attacked, failed = 0, []
    for place, one in enumerate(analyses(seed)):
        result = analysed(tmp_path / str(place), KINDS, one.rows, one.asked)
        told[one.label].append((one.name, verdict_of(judge_analysis(result, SACRO))))
        if one.recovers is None:
            continue
        assert one.label == "disclosive"
        attacked += 1
        [victim] = {row[PERSON]: row for row in one.rows if row[PERSON] == VICTIM}.values()
        # The attacker is not given what they are after.
        hidden = OUTCOMES + ("twin",) * (one.asked["kind"] == "correlation")
        known = [row | dict.fromkeys(hidden) if row[PERSON] == VICTIM else row for row in one.rows]
        if not one.recovers(published(result, NAIVE), known, victim):
            failed.append(one.name)
    assert failed == []
    assert attacked >= 40
    assert len(told["disclosive"]) >= 60
    assert len(told["safe"]) >= 40
    assert [name for name, verdict in told["disclosive"] if verdict == "pass"] == []
    wrong = [name for name, verdict in told["safe"] if verdict == "fail"]
    assert len(wrong) <= len(told["safe"]) * 0.05, wrong


def test_the_corpus_is_the_same_for_a_seed() -> None:
    first, second = ([(one.name, one.rows) for one in analyses(4)] for _ in range(2))
    assert first == second
    assert len({name for name, _ in first}) == len(first)
