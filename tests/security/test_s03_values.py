"""S3 and S6: two projects' sums are subtracted, and what they differ by is one person's value.

The two tables differ by fifteen people, which is enough for every rule about people. The naive twin
keeps who is in which cell and no values, as an audit of counts does: it finds nothing, while the
attacker reads one person's cost to within a hundredth.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commonweal.airlock.audit.findings import for_author
from commonweal.airlock.audit.history import read_history
from commonweal.airlock.audit.running import Result, audit, read_proposals
from commonweal.airlock.audit.writing import write_output
from commonweal.airlock.profile import RuleProfile
from commonweal.airlock.published import published
from commonweal.airlock.rules import judge
from commonweal.airlock.session import Session
from tests.airlock_house import PERSON, col, open_release, request, where

AT = datetime(2026, 1, 1, tzinfo=UTC)
KINDS = {"ward": "text", "cost": "decimal", "old": "boolean"}
SACRO = RuleProfile.load("sacro-default")
VICTIM, COST = 7, 7_000.0
SUM, MEAN = ({"measure": kind, "column": col("cost")} for kind in ("sum", "mean"))
PEOPLE = {"measure": "people"}
PER_HEAD = {
    "measure": "ratio", "numerator": {"of": "sum", "column": col("cost")},
    "denominator": {"of": "people"},
}  # fmt: skip
NOT_OLD = {"where": where("old", "eq", False)}


def rows(victim: float, even: float = 100.0) -> list[dict[str, Any]]:
    """Ninety people of two wards; eight of each, the victim among them, are old and cost nothing
    much. Others cost much and evenly, so that nobody dominates a sum of all."""
    return [
        {
            PERSON: f"p{n}", "ward": "AB"[n % 2], "old": n < 30,
            "cost": victim if n == VICTIM else (4.0 + n % 3 if n < 30 else even * 20 + n % 7),
        }
        for n in range(90)
    ]  # fmt: skip


def asked(folder: Path, name: str, rows_: list[dict[str, Any]], measures: list[Any],
          naive: bool, **more: Any) -> tuple[Path, bytes]:  # fmt: skip
    """Recompute a table and write it as an output below `folder`."""
    work = folder / f"release-{name}"
    work.mkdir()
    release = open_release(work, {"stays": (KINDS, rows_)})
    codes = [one[PERSON] for one in rows_]
    ids = [hashlib.sha256(one.encode()).digest()[:16] for one in codes]
    pq.write_table(
        pa.table({"code": codes, "audit_id": pa.array(ids, pa.binary())}), work / "map.parquet"
    )
    with Session.over(release) as session:
        table = session.recompute(
            request(name=name, by=[{"column": col("ward")}], measures=measures, **more)
        )
        assert judge(table, SACRO) == []  # by itself it gives nobody away
        tables = session.cells(table, work / "map.parquet")
    if naive:
        tables = tuple(dataclasses.replace(one, amounts=()) for one in tables)
    write_output(folder, name, name, AT, tables)
    return folder / name, published(table)


def attacked(folder: Path, measures: list[Any], *, naive: bool = False, victim: float = COST,
             **more: Any) -> tuple[Result, float]:  # fmt: skip
    """(the audit of the second table, what the attacker reads of ward B by subtraction)."""
    history = folder / "history"
    history.mkdir()
    _, first = asked(history, "all", rows(victim), measures, naive, **more)
    desk = folder / "desk"
    desk.mkdir()
    proposal, second = asked(desk, "younger", rows(victim), measures, naive, **NOT_OLD, **more)
    for one in (history / "release-all", desk / "release-younger"):
        for path in one.iterdir():
            path.unlink()
        one.rmdir()
    past = read_history(history)
    result = audit(past, read_proposals([proposal], past), seconds=10)
    lines = [text.decode().splitlines()[2].split(",") for text in (first, second)]
    figures = [[float(one) for one in line[1:]] for line in lines]
    if measures[-1] is not SUM:  # the number beside it gives the sum
        figures = [[one[0], one[0] * one[1]] for one in figures]
    return result, figures[0][-1] - figures[1][-1]


WAYS = [[PEOPLE, SUM], [SUM], [PEOPLE, MEAN], [PEOPLE, PER_HEAD]]


@pytest.mark.parametrize("measures", WAYS, ids=["counted", "alone", "mean", "ratio"])
def test_the_attack_works_on_the_twin(tmp_path: Path, measures: list[Any]) -> None:
    result, read = attacked(tmp_path, measures, naive=True)
    assert result.verdict == "pass"
    assert abs(read - COST) <= 0.02 * COST


@pytest.mark.parametrize("measures", WAYS, ids=["counted", "alone", "mean", "ratio"])
def test_ours_finds_it_and_writes_the_sum_out(tmp_path: Path, measures: list[Any]) -> None:
    result, read = attacked(tmp_path, measures)
    assert result.verdict == "fail"
    (found,) = [one for one in result.findings if one.code == "CW-AUDIT-VALUE"]
    assert found.people == 15
    assert [(one.times, one.output, one.row) for one in found.terms] == [
        (1, "all", 2), (-1, "younger", 2),
    ]  # fmt: skip
    assert f"differ by {read:,.0f}"[:14] in found.sentence
    assert "15 people contribute and one of them 99%" in found.sentence


def test_even_values_give_nothing_away(tmp_path: Path) -> None:
    result, _ = attacked(tmp_path, [PEOPLE, SUM], victim=5.0)
    assert result.verdict == "pass"


def test_one_value_that_was_put_right_is_found_though_nobody_came_or_went(tmp_path: Path) -> None:
    history, desk = tmp_path / "history", tmp_path / "desk"
    history.mkdir()
    desk.mkdir()
    asked(history, "before", rows(5.0), [PEOPLE, SUM], naive=False)
    proposal, _ = asked(desk, "after", rows(1_900.0), [PEOPLE, SUM], naive=False)
    for path in [*(history / "release-before").iterdir()]:
        path.unlink()
    (history / "release-before").rmdir()
    past = read_history(history)
    result = audit(past, read_proposals([proposal], past), seconds=10)
    assert [(one.code, one.verdict, one.people) for one in result.findings] == [
        ("CW-AUDIT-VALUE", "fail", 1)
    ]


def test_no_time_is_said(tmp_path: Path) -> None:
    history, desk = tmp_path / "history", tmp_path / "desk"
    history.mkdir()
    desk.mkdir()
    asked(tmp_path, "all", rows(COST), [SUM], naive=False)
    (tmp_path / "all").rename(history / "all")
    proposal, _ = asked(desk, "younger", rows(COST), [SUM], naive=False, **NOT_OLD)
    past = read_history(history)
    result = audit(past, read_proposals([proposal], past), seconds=0)
    assert result.verdict == "review"
    assert any("pairs of sums" in one for one in result.not_examined)


def test_the_author_reads_nothing_of_it(tmp_path: Path) -> None:
    """The same lines as for a difference of two people: own cell, one rule, one advice."""
    result, read = attacked(tmp_path, [PEOPLE, SUM])
    told = json.dumps(for_author(result.findings, "younger", 10, "a reviewer"))
    assert "CW-AUDIT-VALUE" not in told
    for secret in ("all row", "99%", f"{read:,.2f}", f"{COST:.0f}", "15"):
        assert secret not in told
    people = [dataclasses.replace(one, code="CW-AUDIT-DIFFERENCE") for one in result.findings]
    column = {line["column"] for line in for_author(people, "younger", 10, "a reviewer")}
    assert {line["column"] for line in json.loads(told)} == column


def test_amounts_are_kept_by_audit_id_only(tmp_path: Path) -> None:
    folder, _ = asked(tmp_path, "all", rows(COST), [SUM], naive=False)
    everything = b"".join(one.read_bytes() for one in folder.rglob("*") if one.is_file())
    assert all(f"p{n}".encode() not in everything for n in range(10, 90))
