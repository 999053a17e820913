"""The labelled corpus of columns that studies make, and of pictures: all that gives somebody away
is caught, nothing that hangs on such a column passes unseen, and no picture says what is hidden."""

from __future__ import annotations

from pathlib import Path

import pytest

from commonweal.airlock.checking import check_files
from commonweal.airlock.drawing import picture_of
from commonweal.airlock.profile import RuleProfile
from commonweal.airlock.published import HIDDEN
from tests.airlock_corpus.made import outputs
from tests.airlock_corpus.single import KINDS
from tests.airlock_house import open_release, request
from tests.made_house import content, handed

SACRO = RuleProfile.load("sacro-default")


@pytest.mark.parametrize("seed", [1, 2])
def test_what_gives_somebody_away_is_caught(tmp_path: Path, seed: int) -> None:
    told: dict[str, list[tuple[str, str]]] = {"safe": [], "disclosive": []}
    for place, output in enumerate(outputs(seed)):
        inside = tmp_path / str(place)
        inside.mkdir()
        release = open_release(inside, {"stays": (KINDS, output.rows)})
        path = inside / "t.json"
        asked = request(**output.asked)
        path.write_bytes(asked.canonical())
        made = handed(inside, content(output.column))
        (file,) = check_files([path], SACRO, release, inside, made=made).files
        verdict = file.verdict("reviewer")
        told[output.label].append((output.name, verdict))
        assert file.table is not None, (output.name, file.findings)
        assert (file.table.grade == "tabulated") is bool(asked.made())
        if asked.made():
            assert verdict != "pass", output.name
        if output.secret is not None:
            drawn = picture_of(file, SACRO)
            assert drawn is not None
            assert output.secret.encode() not in drawn
            assert HIDDEN.encode() in drawn
    assert len(told["safe"]) + len(told["disclosive"]) >= 50
    caught = [name for name, verdict in told["disclosive"] if verdict != "fail"]
    assert caught == []
    failed = [name for name, verdict in told["safe"] if verdict == "fail"]
    assert len(failed) <= len(told["safe"]) * 0.05, failed
