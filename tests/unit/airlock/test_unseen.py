"""What somebody labelled who had not seen the rules: caught where an attacker reads something."""

from __future__ import annotations

from pathlib import Path

import pytest

from commonweal.airlock.files.looking import look
from commonweal.airlock.rules import judge
from commonweal.airlock.rules.findings import verdict_of
from commonweal.airlock.session import Session
from tests.airlock_corpus.unseen import KINDS, unseen
from tests.airlock_corpus.unseen_files import unseen_files
from tests.airlock_house import PERSON, Oracle, open_release, request
from tests.files_house import SACRO, Beside, release, sieve
from tests.unit.airlock.test_proposing import audited, write_map


@pytest.mark.parametrize("seed", [1, 2])
def test_outputs(tmp_path: Path, seed: int) -> None:
    told: dict[str, list[tuple[str, str]]] = {"safe": [], "disclosive": []}
    for place, one in enumerate(unseen(seed)):
        asked = request(**one.asked)
        twin = Oracle({"stays": one.rows}, asked)
        shown = {
            at: [twin.figure(rows, measure) for measure in asked.measures]
            for at, rows in twin.cells().items()
        }
        assert (one.label == "disclosive") == (one.reads is not None), one.name
        assert one.reads is None or one.reads(shown), one.name  # the label is true
        inside = tmp_path / str(place)
        inside.mkdir()
        held = open_release(inside, {"stays": (KINDS, one.rows)})
        with Session.over(held) as session:
            table = session.recompute(asked)
            verdict = verdict_of(judge(table, SACRO))
            if verdict == "pass":  # then what its figures give away together
                map_ = write_map(inside, sorted({row[PERSON] for row in one.rows}))
                verdict = audited(inside, list(session.cells(table, map_))).verdict
        told[one.label].append((one.name, verdict))
    assert len(told["disclosive"]) >= 40
    assert len(told["safe"]) >= 20
    assert [name for name, verdict in told["disclosive"] if verdict == "pass"] == []
    assert [name for name, verdict in told["safe"] if verdict == "fail"] == []


def test_files(tmp_path: Path) -> None:
    missed = []
    for place, made in enumerate(unseen_files()):
        inside = tmp_path / str(place)
        inside.mkdir()
        (inside / made.name).write_bytes(made.content)
        found = look(inside / made.name, made.kind, Beside(), "p", SACRO, sieve(),
                     release(tmp_path), work=tmp_path)  # fmt: skip
        more = {one.rule for one in found.findings} - {"declared"}
        if made.leaves:  # what is written anew holds nothing of it, and a person sees that
            caught = found.verdict in ("review", "fail")
            assert not any(made.leaves in one.content for one in found.renderings)
        else:
            caught = found.verdict == "fail" or (made.least == "review" and bool(more))
        if made.bad != caught:
            missed.append((made.what, found.verdict, more))
    assert missed == []
