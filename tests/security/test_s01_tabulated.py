"""S1, grade `tabulated`: a job makes a column of people, and forges who and how many they are.

The naive airlock takes the table that the job made of its column, with the numbers of people that
the job says are behind it. Ours takes one value for each person of the release and nothing else: it
joins the column itself, counts for itself, and lets nothing pass without a person.
"""

from __future__ import annotations

import hashlib
import json
import struct
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commonweal.airlock.audit.history import read_history
from commonweal.airlock.checking import CheckReport, check_files
from commonweal.airlock.opened import OpenRelease, OpenTable
from commonweal.airlock.profile import RuleProfile
from commonweal.airlock.recompute.made import MOST_COLUMNS, MadeFile
from commonweal.airlock.together import Joined, Submission, check_together
from commonweal.foundation.errors import CommonwealError, Fault, Refused
from tests.airlock_house import PERSON, col, open_release, released, request, where
from tests.audit_house import audit_id
from tests.made_house import KINDS, MADE, by_risk, content, halves, handed, people

SACRO = RuleProfile.load("sacro-default")
NAN, INF = float("nan"), float("inf")


def checked(folder: Path, told: bytes, asked: dict[str, Any], rows: Any = None) -> CheckReport:
    release = open_release(folder, {"stays": (KINDS, people() if rows is None else rows)})
    path = folder / "t.json"
    path.write_bytes(request(**asked).canonical())
    return check_files([path], SACRO, release, folder, made=handed(folder, told))


def codes(report: CheckReport) -> set[str]:
    return {str(one.where.get("code", one.words.code)) for one in report.files[0].findings}


# --- forged evidence ------------------------------------------------------------------------------


def naive_verdict(told: dict[str, Any]) -> str:
    """The twin: it believes the table that the job made of its own column."""
    return "pass" if min(told["people"].values()) >= SACRO.threshold else "fail"


ONE_OUT = [(f"p{n:03}", float(n == 7)) for n in range(60)]
"""One value for one person, another for all others."""


def test_the_naive_airlock_believes_the_jobs_own_table() -> None:
    assert naive_verdict({"people": {"0": 60, "1": 60}}) == "pass"


def test_ours_counts_who_is_behind_the_column(tmp_path: Path) -> None:
    report = checked(tmp_path, content(ONE_OUT), by_risk())
    assert report.verdict("reviewer") == "fail"
    (found,) = [one for one in report.files[0].findings if one.rule == "threshold"]
    assert (found.where["risk"], found.value) == ("1", 1)


@pytest.mark.parametrize("extra", ["people", "evidence", "person_columns", "values", "sha256"])
def test_what_a_job_adds_to_such_a_request_makes_it_no_request(tmp_path: Path, extra: str) -> None:
    release = open_release(tmp_path, {"stays": (KINDS, people())})
    path = tmp_path / "t.json"
    path.write_text(json.dumps({**request(**by_risk()).plain(), extra: {"0": 60, "1": 60}}))
    made = handed(tmp_path, content(ONE_OUT))
    report = check_files([path], SACRO, release, tmp_path, made=made)
    assert report.verdict("reviewer") == "fail"
    assert report.files[0].table is None


def test_a_value_of_ones_own_is_not_measured_unseen(tmp_path: Path) -> None:
    """The largest value of one person, and a sum that one person makes."""
    told = [(f"p{n:03}", 987_654.0 if n == 7 else 1.0) for n in range(60)]
    for kind, rule in (("max", "endpoint"), ("sum", "nk"), ("mean", "nk")):
        inside = tmp_path / kind
        inside.mkdir()
        measure = {"measure": kind, "column": col("risk", MADE)}
        report = checked(inside, content(told), {"measures": [measure]})
        assert rule in {one.rule for one in report.files[0].findings}
        assert report.verdict("reviewer") == "fail"


# --- never without a person -----------------------------------------------------------------------

USES: dict[str, dict[str, Any]] = {
    "grouped by": by_risk(),
    "with labels": by_risk(["low", "high"]),
    "in bands": {"by": [{"column": col("risk", MADE), "bands": [1]}],
                 "measures": [{"measure": "people"}]},
    "measured": {"by": [{"column": col("ward")}],
                 "measures": [{"measure": "mean", "column": col("risk", MADE)}]},
    "filtered by": {"where": where("risk", "eq", 1, MADE), "measures": [{"measure": "people"}]},
    "in a part of a ratio": {"measures": [{
        "measure": "ratio", "denominator": {"of": "people"},
        "numerator": {"of": "people", "where": where("risk", "eq", 1, MADE)},
    }]},
}  # fmt: skip


@pytest.mark.parametrize("use", list(USES))
def test_a_safe_column_is_for_review_and_never_passes(tmp_path: Path, use: str) -> None:
    report = checked(tmp_path, content(halves()), USES[use])
    (file,) = report.files
    assert file.table is not None
    assert file.table.grade == "tabulated"
    assert [one.rule for one in file.findings] == ["tabulated"]
    assert report.verdict("reviewer") == report.verdict("author") == "review"
    assert [one.name for one in file.made] == ["risk"]
    said = file.plain(SACRO, "reviewer")
    assert "own code made a column" in said["findings"][0]["sentence"]
    assert said["made"][0]["people"] == 60
    assert "made" not in file.plain(SACRO, "author")  # its hash would be a word of the job's


def test_counts_are_of_people_and_not_of_rows(tmp_path: Path) -> None:
    report = checked(tmp_path, content(halves()), by_risk(["low", "high"]))
    table = report.files[0].table
    assert table is not None
    assert table.axes[0].labels == ("low", "high")
    assert table.series[0].figures.tolist() == [30, 30]


def test_what_asks_for_no_such_column_is_recomputed_as_before(tmp_path: Path) -> None:
    asked = {"by": [{"column": col("ward")}], "measures": [{"measure": "people"}]}
    report = checked(tmp_path, content(halves()), asked)
    assert report.verdict("reviewer") == "pass"
    assert report.files[0].made == ()


# --- a column that is none ------------------------------------------------------------------------

H60 = halves()
SPOILT: dict[str, bytes] = {
    "a person twice": content([*H60[:-1], H60[0]]),
    "a person twice with two values": content([*H60, ("p000", 1.0)]),
    "a person twice, fewer people in all": content([("p000", 1.0), ("p000", 1.0)]),
    "a made-up person": content([*H60[:-1], ("p999", 1.0)]),
    "nobody's code": content([*H60[:-1], ("", 1.0)]),
    "another release's keys": content([(f"q{n:03}", 1.0) for n in range(60)]),
    "a code that is longer": content([("p0000", 1.0)], wide=5),
    "no number": content([*H60[:-1], ("p059", NAN)]),
    "endless": content([*H60[:-1], ("p059", INF)]),
    "endless below": content([*H60[:-1], ("p059", -INF)]),
    "too large": content([*H60[:-1], ("p059", 2.0**53)]),
    "fewer than it says": content(H60, count=61),
    "more than it says": content(H60, count=59),
    "none": content([], count=0),
    "as many as nobody could hold": content(H60, count=9_999_999_999),
    "a negative number of people": content(H60, count=-60),
    "cut off": content(H60)[:-1],
    "with something behind": content(H60) + b"patient p007 has HIV",
    "texts for numbers": b"commonweal person column 1 1 4\np000high risk of X"[:-1],
    "another version": content(H60).replace(b"column 1 ", b"column 2 "),
    "Parquet": b"PAR1" + bytes(400) + b"PAR1",
    "a pickle": b"\x80\x04cos\nsystem\n(S'true'\ntR.",
    "empty": b"",
}


@pytest.mark.parametrize("way", list(SPOILT))
def test_a_column_that_is_not_one_value_a_person_counts_nothing(tmp_path: Path, way: str) -> None:
    report = checked(tmp_path, SPOILT[way], by_risk())
    assert report.verdict("reviewer") == "fail"
    assert report.files[0].table is None
    sentence = report.files[0].plain(SACRO, "reviewer")["findings"][0]["sentence"]
    assert not any(word in sentence for word in ("p0", "p9", "HIV", "risk of"))
    if way != "texts for numbers":  # eight letters are a number too, and then only that
        assert codes(report) == {"CW-OUTPUT-MADE"}


@pytest.mark.parametrize(
    ("told", "labels"),
    [
        ([(f"p{n:03}", float(n)) for n in range(60)], ["low", "high"]),
        ([(f"p{n:03}", float(n % 3)) for n in range(60)], ["low", "high"]),
        ([(f"p{n:03}", -1.0) for n in range(60)], ["low", "high"]),
        ([(f"p{n:03}", 0.5) for n in range(60)], ["low", "high"]),
        ([(f"p{n:03}", float(n * 100)) for n in range(60)], None),
        ([(f"p{n:03}", n / 7) for n in range(60)], None),
        ([(f"p{n:03}", float(7_308_613_709_768)) for n in range(60)], None),
    ],
    ids=["sixty for two", "three for two", "below nothing", "half", "large", "decimals", "a text"],
)
def test_values_are_few_whole_numbers_or_have_a_label(
    tmp_path: Path, told: list[tuple[str, float]], labels: list[str] | None
) -> None:
    """A number beside a group could spell a text; bands and labels stand in the request."""
    report = checked(tmp_path, content(told), by_risk(labels))
    assert codes(report) <= {"CW-OUTPUT-MADE", "CW-OUTPUT-COLUMN"}
    assert report.verdict("reviewer") == "fail"
    assert report.files[0].table is None


def test_thousands_of_values_make_bands_and_small_ones_fail(tmp_path: Path) -> None:
    rows = people(3_000)
    told = [(str(one[PERSON]), float(place)) for place, one in enumerate(rows[:3_000])]
    side = {"column": col("risk", MADE), "bands": [5, 1_500]}
    asked = {"by": [side], "measures": [{"measure": "people"}]}
    report = checked(tmp_path, content(told, wide=5), asked, rows)
    assert report.verdict("reviewer") == "fail"
    inside = tmp_path / "by value"
    inside.mkdir()
    assert codes(checked(inside, content(told, wide=5), by_risk(), rows)) == {"CW-OUTPUT-MADE"}


HOSTILE_LABELS = (
    ["low"], ["low", "low"], ["low", "LOW"], ["low", ""], ["low", "=1+1"], ["low", "<b>high</b>"],
    ["low", "h\u202eigh"], ["low", "hi\ngh"], ["low", "h" * 41], ["low", "hïgh"],
    [f"l{n}" for n in range(21)],
)  # fmt: skip


@pytest.mark.parametrize("labels", HOSTILE_LABELS)
def test_labels_are_a_short_closed_list_of_plain_words(labels: list[str]) -> None:
    with pytest.raises(CommonwealError, match="CW-PAPER-INVALID"):
        request(**by_risk(labels))


def test_labels_are_for_such_a_column_alone() -> None:
    side = {"column": col("ward"), "labels": ["low", "high"]}
    with pytest.raises(CommonwealError, match="CW-PAPER-INVALID"):
        request(by=[side], measures=[{"measure": "people"}])
    banded = {"column": col("risk", MADE), "labels": ["low", "high"], "bands": [1]}
    with pytest.raises(CommonwealError, match="CW-PAPER-INVALID"):
        request(by=[banded], measures=[{"measure": "people"}])


def test_people_without_a_value_are_a_group_that_is_counted(tmp_path: Path) -> None:
    """Whoever is left out of the column is not left out of the table."""
    report = checked(tmp_path, content(halves()[1:]), by_risk())
    (found,) = [one for one in report.files[0].findings if one.rule == "threshold"]
    assert (found.where["risk"], found.value) == ("no value", 1)
    assert report.verdict("reviewer") == "fail"


# --- which column ---------------------------------------------------------------------------------


def test_a_column_swapped_after_the_job_ended_stops_the_check(tmp_path: Path) -> None:
    release = open_release(tmp_path, {"stays": (KINDS, people())})
    path = tmp_path / "t.json"
    path.write_bytes(request(**by_risk()).canonical())
    made = handed(tmp_path, content(halves()))
    (tmp_path / "risk.column").write_bytes(content(ONE_OUT))
    with pytest.raises(Fault, match="CW-LEAVING-FILE"):
        check_files([path], SACRO, release, tmp_path, made=made)


def test_a_column_that_was_not_handed_in_is_none(tmp_path: Path) -> None:
    for name in ("other", "person", "../risk"):
        asked = {"by": [{"column": col(name, MADE)}], "measures": [{"measure": "people"}]}
        inside = tmp_path / name.replace("/", "-")
        inside.mkdir()
        assert codes(checked(inside, content(halves()), asked)) == {"CW-OUTPUT-MADE"}


def test_the_rows_that_are_counted_are_the_releases(tmp_path: Path) -> None:
    with pytest.raises(CommonwealError, match="CW-PAPER-INVALID"):
        request(table=MADE, by=[{"column": col("risk", MADE)}], measures=[{"measure": "people"}])


def test_a_release_with_a_table_of_that_name_is_not_mistaken(tmp_path: Path) -> None:
    rows = [{PERSON: f"p{n:03}", "risk": 0} for n in range(60)]
    tables = {"stays": (KINDS, people()), MADE: ({"risk": "integer"}, rows)}
    release = open_release(tmp_path, tables)
    path = tmp_path / "t.json"
    path.write_bytes(request(**by_risk()).canonical())
    report = check_files([path], SACRO, release, tmp_path, made=handed(tmp_path, content(ONE_OUT)))
    assert codes(report) == {"CW-OUTPUT-COLUMN"}


def test_analyses_never_see_such_a_column(tmp_path: Path) -> None:
    """Their grade is `recomputed` and may pass, so none may hang on what a job says."""
    release = open_release(tmp_path, {"stays": (KINDS, people())})
    risk = col("risk", MADE)
    head = {"request": 1, "name": "t", "title": "T", "table": "stays"}
    asked = {
        "r": {**head, "kind": "regression", "family": "linear", "outcome": risk, "terms": []},
        "c": {**head, "kind": "correlation", "of": [risk, col("cost")]},
        "s": {**head, "kind": "survival", "time": col("cost"), "event": risk, "step": 1},
        "w": {**head, "kind": "correlation", "of": [col("cost"), col("cost2")],
              "where": where("risk", "eq", 1, MADE)},
    }  # fmt: skip
    table = tmp_path / "t.json"
    table.write_bytes(request(**by_risk()).canonical())
    paths = [table]
    for name, one in asked.items():
        paths.append(tmp_path / f"{name}.json")
        paths[-1].write_text(json.dumps(one))
    report = check_files(paths, SACRO, release, tmp_path, made=handed(tmp_path, content(halves())))
    assert report.files[0].verdict("reviewer") == "review"
    for file in report.files[1:]:
        assert file.verdict("reviewer") == "fail"
        assert file.analysis is None


def test_a_study_hands_in_a_few_columns_only(tmp_path: Path) -> None:
    release = open_release(tmp_path, {"stays": (KINDS, people())})
    made = {f"c{n}": MadeFile(tmp_path / f"c{n}.column") for n in range(MOST_COLUMNS + 1)}
    with pytest.raises(Refused, match="CW-OUTPUT-MADE"):
        check_files([tmp_path / "t.json"], SACRO, release, tmp_path, made=made)


def test_a_code_of_sixteen_bytes_may_end_in_zeros(tmp_path: Path) -> None:
    """As the vault writes codes: nothing is cut off, so nobody is taken for somebody else."""
    codes_ = [hashlib.sha256(bytes([n])).digest()[:14] + bytes(2) for n in range(40)]
    path = tmp_path / "table-0.parquet"
    pq.write_table(pa.table({PERSON: pa.array(codes_, pa.binary()), "ward": ["A"] * 40}), path)
    columns = {PERSON: released(PERSON, "code", "pseudonym", "record_key"),
               "ward": released("ward", "text")}  # fmt: skip
    release = OpenRelease("r", {"stays": OpenTable("stays", (path,), columns, PERSON)})
    asked = tmp_path / "t.json"
    asked.write_bytes(request(**by_risk()).canonical())
    values = b"".join(struct.pack("<d", float(n % 2)) for n in range(40))
    whole = b"commonweal person column 1 40 16\n" + b"".join(codes_) + values
    report = check_files([asked], SACRO, release, tmp_path, made=handed(tmp_path, whole))
    assert report.verdict("reviewer") == "review"
    short = b"commonweal person column 1 40 14\n" + b"".join(c[:14] for c in codes_) + values
    report = check_files([asked], SACRO, release, tmp_path, made=handed(tmp_path, short))
    assert codes(report) == {"CW-OUTPUT-MADE"}


# --- and the audit --------------------------------------------------------------------------------


def joined(
    folder: Path, name: str, told: list[tuple[str, float]], asked: dict[str, Any], past: Path | None
) -> Joined:
    folder.mkdir()
    rows = people()
    release = open_release(folder, {"stays": (KINDS, rows)})
    everybody = sorted({str(row[PERSON]) for row in rows})
    ids = pa.array([audit_id(one) for one in everybody], pa.binary())
    audit_map = folder / "audit_map.parquet"
    pq.write_table(pa.table({"code": everybody, "audit_id": ids}), audit_map)
    path = folder / "t.json"
    path.write_bytes(request(**asked).canonical())
    made = handed(folder, content(told))
    at = datetime(2026, 1, 1, tzinfo=UTC)
    submission = Submission([path], name, at, folder / "proposal", made)
    history = None if past is None else read_history(past)
    return check_together(submission, SACRO, release, audit_map, history, seconds=5.0)


ALL = {"measures": [{"measure": "people"}]}
ON = {"where": where("risk", "eq", 0, MADE), **ALL}


@pytest.mark.parametrize("words", ["eq", "not", "in"])
def test_two_studies_columns_of_one_name_are_two_columns(tmp_path: Path, words: str) -> None:
    """The same words over another column: everybody, then everybody but one.

    No definition says that the one lies in the other, which for columns of the release is only for
    review; but whoever wrote the code that made the columns knows it.
    """
    asked: dict[str, Any] = {
        "eq": ON,
        "not": {"where": {"not": where("risk", "eq", 1, MADE)}, **ALL},
        "in": {"where": where("risk", "in", [0, 2], MADE), **ALL},
    }[words]
    history = tmp_path / "history"
    history.mkdir()
    every = [(code, 0.0) for code, _ in ONE_OUT]
    first = joined(tmp_path / "a", "out-a", every, asked, None)
    assert first.verdict("reviewer") == "review"
    (tmp_path / "a" / "proposal" / "out-a").rename(history / "out-a")
    second = joined(tmp_path / "b", "out-b", ONE_OUT, asked, history)
    assert second.audit is not None
    assert second.audit.verdict == "fail"
    (place,) = read_history(history).places
    assert place.paper.tables[0].population.conditions


def test_the_same_column_again_is_the_same_table(tmp_path: Path) -> None:
    history = tmp_path / "history"
    history.mkdir()
    joined(tmp_path / "a", "out-a", halves(), ON, None)
    (tmp_path / "a" / "proposal" / "out-a").rename(history / "out-a")
    again = joined(tmp_path / "b", "out-b", halves(), ON, history)
    assert again.audit is not None
    assert again.audit.verdict != "fail"
