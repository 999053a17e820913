"""S3: a study makes a column that is like another but for one person, and subtracts their sums.

Nobody comes and nobody goes, so the counts are the same and give nothing away; what two sums differ
by is one person's value. The naive twin compares sums of one name only, so another name for the
column hides the attack from it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commonweal.airlock.audit import values
from commonweal.airlock.audit.findings import Finding
from commonweal.airlock.audit.history import read_history
from commonweal.airlock.profile import RuleProfile
from commonweal.airlock.recompute.made import MadeFile
from commonweal.airlock.together import Joined, Submission, check_together
from tests.airlock_house import PERSON, col, open_release, request, where
from tests.audit_house import audit_id
from tests.made_house import KINDS, MADE, content, handed, people

SACRO = RuleProfile.load("sacro-default")
VICTIM = "p007"
ROWS = people()[:60]
Values = list[tuple[str, float]]
COSTS: Values = [(str(one[PERSON]), float(one["cost"])) for one in ROWS]
BUT_ONE: Values = [(code, 0.0 if code == VICTIM else cost) for code, cost in COSTS]
APART: Values = [(code, float(9 + place * 7 % 13)) for place, (code, _) in enumerate(COSTS)]


def summed(*names: tuple[str, str], **more: Any) -> dict[str, Any]:
    measures = [{"measure": "sum", "column": col(name, table)} for table, name in names]
    return {"by": [{"column": col("ward")}], "measures": measures, **more}


def leave(
    folder: Path, output: str, asked: dict[str, Any], columns: dict[str, Values], past: Path
) -> Joined:
    """Check an output over `columns` of its study's own beside what has left, and let it leave."""
    work = folder / f"work-{output}"
    work.mkdir()
    release = open_release(work, {"stays": (KINDS, ROWS)})
    ids = pa.array([audit_id(code) for code, _ in COSTS], pa.binary())
    audit_map = work / "audit_map.parquet"
    pq.write_table(pa.table({"code": [code for code, _ in COSTS], "audit_id": ids}), audit_map)
    path = work / "t.json"
    path.write_bytes(request(**asked).canonical())
    made: dict[str, MadeFile] = {}
    for name, told in columns.items():
        made |= handed(work, content(told), name)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    submission = Submission([path], output, at, work / "proposal", made)
    history = read_history(past) if any(past.iterdir()) else None
    found = check_together(submission, SACRO, release, audit_map, history, seconds=5.0)
    (work / "proposal" / output).rename(past / output)
    return found


@pytest.fixture
def past(tmp_path: Path) -> Path:
    place = tmp_path / "history"
    place.mkdir()
    return place


def told(joined: Joined) -> list[Finding]:
    assert joined.audit is not None
    return [one for one in joined.audit.findings if one.code == "CW-AUDIT-VALUE"]


RISK, OTHER, COST = (MADE, "risk"), (MADE, "other"), ("stays", "cost")
WAYS = {
    "of the same name": (summed(RISK), {"risk": COSTS}, summed(RISK), {"risk": BUT_ONE}),
    "of another name": (summed(RISK), {"risk": COSTS}, summed(OTHER), {"other": BUT_ONE}),
    "like one of the release": (summed(COST), {}, summed(RISK), {"risk": BUT_ONE}),
    "the release's afterwards": (summed(RISK), {"risk": BUT_ONE}, summed(COST), {}),
}


@pytest.mark.parametrize("way", list(WAYS))
def test_a_column_like_another_but_for_one_person_fails(
    tmp_path: Path, past: Path, way: str
) -> None:
    first, before, second, after = WAYS[way]
    leave(tmp_path, "out-a", first, before, past)
    found = leave(tmp_path, "out-b", second, after, past)
    assert found.verdict("reviewer") == "fail"
    (one,) = told(found)
    assert (one.verdict, one.people) == ("fail", 1)
    assert "differ by 2.00, to which 1 person contributes" in one.sentence
    assert " and of " in one.sentence.partition(" behind them,")[0]


@pytest.mark.parametrize("way", ["of another name", "like one of the release"])
def test_the_twin_that_goes_by_names_finds_nothing(
    tmp_path: Path, past: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(values, "is_own", lambda variable: False)
    first, before, second, after = WAYS[way]
    leave(tmp_path, "out-a", first, before, past)
    assert told(leave(tmp_path, "out-b", second, after, past)) == []


def test_two_columns_of_one_table_are_held_against_each_other(tmp_path: Path, past: Path) -> None:
    leave(tmp_path, "nothing", summed(COST, where=where("ward", "eq", "A")), {}, past)
    columns = {"risk": COSTS, "other": BUT_ONE}
    found = leave(tmp_path, "out", summed(RISK, OTHER), columns, past)
    assert [(one.verdict, one.people) for one in told(found) if len(one.terms) == 2] == [
        ("fail", 1)
    ]  # fmt: skip


def test_columns_of_two_studies_of_one_name_are_two_variables(tmp_path: Path, past: Path) -> None:
    leave(tmp_path, "out-a", summed(RISK), {"risk": COSTS}, past)
    found = leave(tmp_path, "out-b", summed(RISK), {"risk": APART}, past)
    assert told(found) == []
    names = {
        amounts.of
        for place in read_history(past).places
        for table in place.paper.tables
        for amounts in table.amounts or ()
    }
    assert len(names) == 2
    assert all(one.startswith(f"{MADE}.risk (made by a study, ") for one in names)


def test_the_same_bytes_again_are_one_variable_and_say_nothing_new(
    tmp_path: Path, past: Path
) -> None:
    leave(tmp_path, "out-a", summed(RISK), {"risk": COSTS}, past)
    assert told(leave(tmp_path, "out-b", summed(RISK), {"risk": COSTS}, past)) == []
    places = read_history(past).places
    kept = [amounts for one in places for amounts in one.paper.tables[0].amounts or ()]
    assert (len(kept), len({one.of for one in kept})) == (2, 1)


def test_who_lies_in_whom_by_a_studys_own_column_fails_as_for_counts(
    tmp_path: Path, past: Path
) -> None:
    """Fifteen people apart, enough for every count; the sums differ by one of them nearly alone.

    No definition says that those of one column lie in those of the other. Of columns of the release
    that is for review; who wrote the code knows it.
    """
    costs = [(code, 3_000.0 if code == VICTIM else 4.0 if n < 30 else 2_000.0 + n % 7)
             for n, (code, _) in enumerate(COSTS)]  # fmt: skip
    every = [(code, 0.0) for code, _ in COSTS]
    some = [(code, float(n < 30 and n % 2)) for n, (code, _) in enumerate(COSTS)]
    asked = summed((MADE, "cost"), where=where("risk", "eq", 0, MADE))
    leave(tmp_path, "out-a", asked, {"risk": every, "cost": costs}, past)
    found = leave(tmp_path, "out-b", asked, {"risk": some, "cost": costs}, past)
    assert found.audit is not None
    (one,) = told(found)
    assert (one.verdict, one.people) == ("fail", 15)
    assert found.verdict("reviewer") == "fail"
