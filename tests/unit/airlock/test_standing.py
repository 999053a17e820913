"""Standing outputs: which month is due, what is asked for it, and what is not let by quietly."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commonweal.airlock.audit.history import read_history, read_place
from commonweal.airlock.profile import DEFAULT, RuleProfile
from commonweal.airlock.published import published
from commonweal.airlock.rules import judge
from commonweal.airlock.rules.findings import for_author, for_reviewer
from commonweal.airlock.session import Session
from commonweal.airlock.standing import MonthProposal, make_month
from commonweal.papers.standing import StandingOutput, last_day, month_after
from tests.airlock_house import PERSON, col, open_release, where
from tests.audit_house import audit_id
from tests.release_house import refused

AT = datetime(2026, 5, 20, 9, tzinfo=UTC)
Row = dict[str, Any]


def data(**changes: Any) -> dict[str, Any]:
    layout = {"request": 1, "name": "waits", "title": "People waiting", "table": "stays",
              "by": [{"column": col("ward")}], "measures": [{"measure": "people"}],
              "rounding": "nearest_5"}  # fmt: skip
    return {
        "standing": 1,
        "id": "waits",
        "permit_id": "permit-7",
        "project": "asthma",
        "author": "amira",
        "context": "Who waits.",
        "controls": "Rounded to fives.",
        "layout": layout,
        "period": col("month"),
        "first": "2026-01",
        "until": "2026-12",
        "groups": [{"labels": ["A", "B"]}],
        **changes,
    }


def standing(**changes: Any) -> StandingOutput:
    return StandingOutput.read(data(**changes), "The output", "CW-STANDING-INVALID")


# --- which month -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("today", "made", "due"),
    [
        ("2026-02-13", [], None), ("2026-02-14", [], None), ("2026-02-15", [], "2026-01"),
        ("2026-05-20", [], "2026-01"), ("2026-05-20", ["2026-01"], "2026-02"),
        ("2026-05-20", ["2026-01", "2026-03"], "2026-02"),
        ("2026-05-20", ["2026-01", "2026-02", "2026-03", "2026-04"], None),
        ("2027-06-01", [], "2026-01"), ("2025-12-31", [], None),
    ],
)  # fmt: skip
def test_months_are_made_one_after_another(today: str, made: list[str], due: str | None) -> None:
    one = standing()
    names = frozenset(one.output(month) for month in made)
    assert one.due(date.fromisoformat(today), names) == due


def test_of_the_state_of_things_only_the_newest_month_is_made() -> None:
    one = standing(period=None)
    assert one.due(date(2026, 5, 20), frozenset()) == "2026-04"
    assert one.due(date(2026, 5, 20), frozenset({one.output("2026-04")})) is None


def test_months_follow_each_other_over_years() -> None:
    assert month_after("2026-12") == "2027-01"
    assert last_day("2028-02") == date(2028, 2, 29)
    assert len(standing().months()) == 12


def test_the_months_request_is_the_layout_and_the_month() -> None:
    found = standing(layout=data()["layout"] | {"where": where("days", "gt", 3)}).request("2026-03")
    assert (found.name, found.title) == ("waits-2026-03", "People waiting, March 2026")
    conditions = [(c.column.name, c.op, c.value) for c in found.where.conditions()]  # type: ignore[union-attr]
    assert conditions == [("days", "gt", 3), ("month", "eq", "2026-03")]
    assert standing(period=None).request("2026-03").where is None
    for month in ("2025-12", "2027-01", "2026-13", "x"):
        with pytest.raises(ValueError, match="does not stand"):
            standing().request(month)


@pytest.mark.parametrize(
    "changes",
    [
        {"until": "2025-12"}, {"until": "2028-01"}, {"first": "2026-1"}, {"groups": []},
        {"layout": data()["layout"] | {"name": "x" * 49}}, {"settles_days": -1},
        {"layout": data()["layout"] | {"where": where("month", "eq", "2026-01")}},
        {"layout": data()["layout"] | {"by": [{"column": col("month")}]}},
        {"layout": {"request": 1}},
    ],
)  # fmt: skip
def test_what_cannot_stand_is_refused(changes: dict[str, Any]) -> None:
    assert refused(lambda: standing(**changes)).code == "CW-STANDING-INVALID"


# --- making it ---------------------------------------------------------------------------------


def audit_map(folder: Path, rows: Sequence[Row]) -> Path:
    """Who each code of a release is, in the audit (S3)."""
    codes = sorted({row[PERSON] for row in rows})
    ids = pa.array([audit_id(one) for one in codes], pa.binary())
    pq.write_table(pa.table({"code": codes, "audit_id": ids}), folder / "audit_map.parquet")
    return folder / "audit_map.parquet"


def month_rows(month: str, a: int, b: int, start: int = 0, **more: Any) -> list[Row]:
    wards = ["A"] * a + ["B"] * b + [w for w, n in more.items() for _ in range(n)]
    return [{PERSON: f"{month}-{start + n}", "ward": ward, "month": month, "days": 1}
            for n, ward in enumerate(wards)]  # fmt: skip


def make(
    tmp_path: Path, rows: list[Row], given_up: frozenset[str] = frozenset(), **changes: Any
) -> MonthProposal:
    history, proposals = tmp_path / "history", tmp_path / "proposals"
    history.mkdir(exist_ok=True)
    proposals.mkdir(exist_ok=True)
    folder = tmp_path / f"release-{len(list(tmp_path.iterdir()))}"
    folder.mkdir()
    kinds = {"ward": "text", "month": "text", "days": "integer"}
    opened = open_release(folder, {"stays": (kinds, rows)})
    people, profile = audit_map(folder, rows), RuleProfile.load(DEFAULT)
    with Session.over(opened) as session:
        return make_month(
            standing(**changes), session, people, read_history(history), proposals, profile, AT,
            given_up,
        )  # fmt: skip


def test_a_month_is_made_judged_audited_and_put_forward(tmp_path: Path) -> None:
    rows = month_rows("2026-01", 40, 60) + month_rows("2026-02", 50, 55)
    found = make(tmp_path, rows)
    assert found.month == "2026-01"
    assert found.table.series[0].figures.tolist() == [40, 60]
    assert (found.folder / "manifest.json").is_file()
    assert found.new_groups == ()
    assert found.audited.findings == ()
    assert not [one for one in found.findings if one.code == "CW-OUTPUT-THRESHOLD"]


def test_the_next_month_is_audited_against_the_one_before(tmp_path: Path) -> None:
    """Nearly the same people wait in February, under another definition: three came."""
    stayed = month_rows("2026-01", 40, 60)
    again = [row | {"month": "2026-02"} for row in stayed]
    came = [row | {PERSON: f"new-{n}"} for n, row in enumerate(month_rows("2026-02", 3, 0))]
    first = make(tmp_path, stayed + again + came)
    first.folder.rename(tmp_path / "history" / first.folder.name)
    second = make(tmp_path, stayed + again + came)
    assert second.month == "2026-02"
    assert second.audited.pinned.compared[0].output == first.folder.name
    assert second.audited.findings, "the same people but for three, month by month"
    assert second.verdict != "pass"


def test_a_small_group_fails_and_a_new_one_is_for_a_person(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    small = make(tmp_path / "one", month_rows("2026-01", 4, 60))
    assert small.verdict == "fail"
    (tmp_path / "two").mkdir()
    new = make(tmp_path / "two", month_rows("2026-01", 40, 60, C=30))
    assert new.new_groups == (("ward", "C"),)
    assert new.verdict == "review"


def test_a_month_that_is_given_up_does_not_hold_up_the_next(tmp_path: Path) -> None:
    rows = month_rows("2026-01", 4, 60) + month_rows("2026-02", 40, 60)
    assert make(tmp_path, rows, frozenset({"2026-01"})).month == "2026-02"


NOBODY: dict[str, dict[str, Any]] = {
    "counts": {},
    "means": {"measures": [{"measure": "mean", "column": col("days")}], "rounding": "exact"},
    "in bands": {"by": [{"column": col("days"), "bands": [1, 5]}]},
    "two sides": {"by": [{"column": col("ward")}, {"column": col("days"), "bands": [1]}]},
    "hidden": {"protect": "suppress", "rounding": "exact"},
    "merged": {"by": [{"column": col("days"), "bands": [1, 5]}], "protect": "merge"},
}


@pytest.mark.parametrize("way", list(NOBODY))
def test_a_month_without_figures_is_put_forward_and_says_so(tmp_path: Path, way: str) -> None:
    layout = data()["layout"] | NOBODY[way]
    groups = [{"labels": ["A"]}] * len(layout["by"])
    # Groups of so few people in all that none is named where nobody of this month is in it.
    found = make(tmp_path, month_rows("2026-02", 3, 4), layout=layout, groups=groups)
    assert (found.month, found.new_groups) == ("2026-01", ())
    assert len(published(found.table).splitlines()) == 1
    assert found.verdict == "fail"
    (empty,) = [one for one in for_reviewer(found.findings) if one["rule"] == "empty"]
    assert empty["sentence"] == "The table has no figures: nobody is there to be counted."
    # The author reads what they would read of a few people (S6).
    (told,) = for_author(found.findings, RuleProfile.load(DEFAULT))
    assert told["code"] == "CW-OUTPUT-CELL"
    paper = read_place(found.folder, "CW-AUDIT-OUTPUT").paper
    assert (paper.kind, len(paper.tables)) == ("tables", 1)


def test_the_month_after_one_without_figures_is_held_against_it(tmp_path: Path) -> None:
    found = make(tmp_path, month_rows("2026-02", 3, 4))
    found.folder.rename(tmp_path / "history" / found.folder.name)
    after = make(tmp_path, month_rows("2026-02", 40, 60))
    assert after.month == "2026-02"
    assert [one.output for one in after.audited.pinned.compared] == [found.folder.name]


@pytest.mark.parametrize(
    ("profile", "outcome"), [("sacro-default", "fail"), ("opensafely", "review")]
)
def test_no_figures_never_pass_by_themselves(tmp_path: Path, profile: str, outcome: str) -> None:
    found = make(tmp_path, month_rows("2026-02", 3, 4))
    judged = judge(found.table, RuleProfile.load(profile))
    assert [one.outcome for one in judged if one.rule == "empty"] == [outcome]


def test_where_nothing_is_due_nothing_is_made(tmp_path: Path) -> None:
    rows = month_rows("2026-01", 40, 60)
    error = refused(lambda: make(tmp_path, rows, first="2026-08"))
    assert (error.code, error.exit_code) == ("CW-STANDING-DUE", 4)
    assert list((tmp_path / "proposals").iterdir()) == []
