"""S3, from the release on: two projects' recomputed tables are subtracted, and codes differ.

The naive twin keeps the people behind a table by the codes of each release, as a job would see
them; the second project's people are then strangers. Ours keeps audit ids by the sealed map.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commonweal.airlock.audit.history import read_history
from commonweal.airlock.audit.running import Result, audit, read_proposals
from commonweal.airlock.audit.writing import write_output
from commonweal.airlock.opened import OpenRelease
from commonweal.airlock.profile import RuleProfile
from commonweal.airlock.rules import judge
from commonweal.airlock.session import Session
from commonweal.foundation.errors import Fault
from tests.airlock_house import PERSON, col, open_release, request

AT = datetime(2026, 1, 1, tzinfo=UTC)
KINDS = {"ward": "text"}
ASKED: dict[str, Any] = {"by": [{"column": col("ward")}], "measures": [{"measure": "people"}]}
SACRO = RuleProfile.load("sacro-default")


def code(project: str, person: int) -> str:
    return hashlib.sha256(f"{project} {person}".encode()).hexdigest()[:16]


class Project:
    """A project's release of the same hospital, and the map that the vault made for it."""

    def __init__(self, folder: Path, name: str, people: list[int]) -> None:
        folder.mkdir()
        self.folder, self.name = folder, name
        rows = [{PERSON: code(name, one), "ward": "AB"[one % 2]} for one in people]
        self.release: OpenRelease = open_release(folder, {"stays": (KINDS, rows)})
        self.map, self.naive = folder / "audit_map.parquet", folder / "naive.parquet"
        codes = pa.array([code(name, one) for one in people])
        for path, whose in ((self.map, "custodian"), (self.naive, name)):
            ids = [hashlib.sha256(f"{whose} {one}".encode()).digest()[:16] for one in people]
            pq.write_table(pa.table({"code": codes, "audit_id": pa.array(ids, pa.binary())}), path)

    def ask(self, where: Path, map_: Path, **more: Any) -> Path:
        """Recompute the table and write it as a proposal below `where`."""
        with Session.over(self.release) as session:
            table = session.recompute(request(**ASKED, **more))
            assert judge(table, SACRO) == []  # by itself nobody sees anything
            tables = session.cells(table, map_)
        write_output(where, self.name, self.name, AT, tables)
        return where / self.name


def attacked(folder: Path, *, naive: bool, **more: Any) -> Result:
    """One project's table has left; one person objected; another project asks for the same."""
    heart = Project(folder / "heart", "heart", list(range(60)))
    lung = Project(folder / "lung", "lung", [one for one in range(60) if one != 7])
    history = folder / "history"
    heart.ask(history, heart.naive if naive else heart.map, **more)
    proposal = lung.ask(folder / "desk", lung.naive if naive else lung.map, **more)
    past = read_history(history)
    return audit(past, read_proposals([proposal], past), seconds=10)


def test_the_attack_works_on_the_twin(tmp_path: Path) -> None:
    assert attacked(tmp_path, naive=True).findings == ()


def test_ours_finds_the_one_person(tmp_path: Path) -> None:
    result = attacked(tmp_path, naive=False)
    assert result.verdict == "fail"
    assert {(one.code, one.people) for one in result.findings} == {("CW-AUDIT-DIFFERENCE", 1)}


@pytest.mark.parametrize("rounding", ["midpoint_6", "nearest_5"])
def test_steps_under_ten_do_not_hide_it_and_the_audit_says_so(
    tmp_path: Path, rounding: str
) -> None:
    """30 and 29 people: both are shown as 27 or 30, so between 0 and 5 people went."""
    result = attacked(tmp_path, naive=False, rounding=rounding)
    assert result.verdict in ("review", "fail")


def test_a_map_of_another_release_is_no_way_round(tmp_path: Path) -> None:
    heart = Project(tmp_path / "heart", "heart", list(range(60)))
    lung = Project(tmp_path / "lung", "lung", list(range(60)))
    with pytest.raises(Fault) as refused:
        lung.ask(tmp_path / "desk", heart.map)
    assert refused.value.code == "CW-OUTPUT-RELEASE"
    assert not (tmp_path / "desk").exists()


def test_a_proposal_holds_no_code_of_a_project(tmp_path: Path) -> None:
    heart = Project(tmp_path / "heart", "heart", list(range(60)))
    folder = heart.ask(tmp_path / "desk", heart.map)
    everything = b"".join(one.read_bytes() for one in folder.rglob("*") if one.is_file())
    assert all(code("heart", one).encode() not in everything for one in range(60))
