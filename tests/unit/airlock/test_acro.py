"""acro beside ours: the same verdict where it is right, a stricter one where not; its sessions.

The oracle is acro itself, run once in an environment of its own on a data set that is made afresh.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from commonweal.airlock.acro import read_session, write_session
from commonweal.airlock.checking import check_files
from commonweal.airlock.opened import OpenRelease
from commonweal.airlock.profile import RuleProfile
from commonweal.airlock.rules import judge
from commonweal.airlock.rules.findings import verdict_of
from commonweal.airlock.session import Session
from commonweal.foundation.errors import CommonwealError, Fault, Unavailable
from tests import acro_tables_plain as made
from tests.airlock_house import PERSON, col, open_release, request, where
from tests.files_house import desk, looked
from tests.unit.airlock.test_proposing import audited, write_map

ROOT = Path(__file__).resolve().parents[3]
ORACLES = ROOT / ".venv-oracles" / "bin" / "python"
SACRO = RuleProfile.load("sacro-default")
KINDS = {"ward": "text", "ill": "text", "cost": "decimal"}
COUNT = {"measure": "people"}
AT = datetime(2026, 1, 1, tzinfo=UTC)
WARD, ILL = {"column": col("ward")}, {"column": col("ill")}


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], Path]:
    """What acro says of each table, and a session that it finalised."""
    if not ORACLES.is_file():
        pytest.fail("acro's environment is not there: `dev.py test` makes it")
    folder = tmp_path_factory.mktemp("acro")
    command = [str(ORACLES), "-m", "tests.acro_tables", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout), folder / "session"


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> OpenRelease:
    rows = [{PERSON: f"p{n}", **one} for n, one in enumerate(made.records())]
    kinds = {**dict.fromkeys(made.NAMES, "text"), "x": "decimal"}
    return open_release(tmp_path_factory.mktemp("people"), {"stays": (kinds, rows)})


def ours(session: Session, names: list[str], only: dict[str, str], what: str) -> set[str]:
    """The rules that fail on the same table."""
    measure = COUNT if what == "count" else {"measure": "mean", "column": col("x")}
    asked: dict[str, Any] = {"by": [{"column": col(n)} for n in names], "measures": [measure]}
    if only:
        asked["where"] = {"all": [where(name, "eq", value) for name, value in only.items()]}
    found = judge(session.recompute(request(**asked)), SACRO)
    return {one.rule for one in found if one.outcome == "fail"}


def test_where_one_record_is_one_person_the_verdicts_are_acros(
    oracle: tuple[dict[str, str], Path], people: OpenRelease
) -> None:
    verdicts, _ = oracle
    with Session.over(people) as session:
        for name, names, only, what in made.tables():
            rules = ours(session, names, only, what)
            assert ("fail" if rules else "pass") == verdicts[name], (name, rules)
    assert set(verdicts.values()) == {"pass", "fail"}


# --- what acro lets through (the named regression set) -----------------------------------------


def release_of(folder: Path, rows: list[dict[str, Any]]) -> OpenRelease:
    return open_release(folder, {"stays": (KINDS, rows)})


def stays(count: int, **fields: Any) -> list[dict[str, Any]]:
    return [{PERSON: f"{sorted(fields.items())}{n}", **fields} for n in range(count)]


def spread(ward: str, count: int) -> list[dict[str, Any]]:
    return [{PERSON: f"{ward}{n}", "ward": ward, "cost": 1.0 + n % 3} for n in range(count)]


def fails(folder: Path, rows: list[dict[str, Any]], *asked: Any) -> bool:
    """Whether a submission fails, by its rules or by what its tables give away together."""
    release = release_of(folder, rows)
    map_ = write_map(folder, sorted({row[PERSON] for row in rows}))
    with Session.over(release) as session:
        tables = [session.protected(one, SACRO) for one in asked]
        cells = [one for table in tables for one in session.cells(table, map_)]
    alone = {verdict_of(judge(table, SACRO)) for table in tables}
    return "fail" in alone or audited(folder, cells).verdict == "fail"


def of(measure: str) -> dict[str, Any]:
    return (
        {"measure": measure} if measure == "rows" else {"measure": measure, "column": col("cost")}
    )


DOMINATED = [*spread("A", 60), {PERSON: "z", "ward": "A", "cost": 1_000_000.0}]
PASSED_BY_ACRO: dict[str, tuple[list[dict[str, Any]], list[Any]]] = {
    "12 rows of one patient": (
        [*spread("A", 30), *[{PERSON: "z", "ward": "B", "cost": 1.0}] * 12],
        [request(by=[WARD], measures=[of("rows")])],
    ),
    "53 people, then the same less one": (
        [*stays(52, ward="A", ill="n"), *stays(1, ward="A", ill="y")],
        [
            request(by=[WARD], measures=[COUNT]),
            request(name="less", by=[WARD], measures=[COUNT], where=where("ill", "eq", "n")),
        ],
    ),
    "a hidden cell, and the total of its row in another table": (
        [
            *stays(3, ward="x", ill="q"), *stays(50, ward="x", ill="r"),
            *stays(40, ward="y", ill="q"), *stays(60, ward="y", ill="r"),
        ],
        [
            request(by=[WARD, ILL], measures=[COUNT], protect="suppress"),
            request(name="totals", by=[WARD], measures=[COUNT]),
        ],
    ),
    "the largest value, of one person": (
        DOMINATED, [request(by=[WARD], measures=[of("max")])],
    ),
    "a deviation that one person makes": (
        DOMINATED, [request(by=[WARD], measures=[of("sd")])],
    ),
    "a mean that one person makes": (
        DOMINATED, [request(by=[WARD], measures=[of("mean")])],
    ),
    "a cell with nobody": (
        [
            *stays(20, ward="x", ill="q"), *stays(20, ward="y", ill="q"),
            *stays(20, ward="y", ill="r"),
        ],
        [request(by=[WARD, ILL], measures=[COUNT])],
    ),
}  # fmt: skip
"""Two of them acro catches too: they are its controls. The eighth and ninth, a file with names and
NHS numbers and a regression with a dummy for one person, are below."""


@pytest.mark.parametrize("what", PASSED_BY_ACRO)
def test_what_acro_passes_fails_here(tmp_path: Path, what: str) -> None:
    rows, asked = PASSED_BY_ACRO[what]
    assert fails(tmp_path, rows, *asked)


def test_a_regression_with_a_dummy_for_one_person_fails_here(tmp_path: Path) -> None:
    """500 people: the fitted value of the one with the dummy is their own outcome."""
    rows = [
        {PERSON: f"p{n}", "ward": "AB"[n % 2], "ill": "y" if n == 7 else "n", "cost": float(n % 13)}
        for n in range(500)
    ]
    asked = {
        "request": 1, "kind": "regression", "name": "fit", "title": "A fit", "table": "stays",
        "family": "linear", "outcome": col("cost"),
        "terms": [{"column": col(one), "as": "category"} for one in ("ill", "ward")],
    }  # fmt: skip
    path = tmp_path / "fit.json"
    path.write_text(json.dumps(asked))
    report = check_files([path], SACRO, release_of(tmp_path, rows), tmp_path)
    assert report.verdict("reviewer") == "fail"
    many = [one | {"ill": "yn"[n % 3 == 0]} for n, one in enumerate(rows)]
    (tmp_path / "many").mkdir()
    report = check_files([path], SACRO, release_of(tmp_path / "many", many), tmp_path)
    assert report.verdict("reviewer") == "pass"


def test_a_file_with_names_and_nhs_numbers_fails_here(tmp_path: Path) -> None:
    content = b"name,nhs,born\nAnn Ash,943 476 5919,1950-01-01\nBo Birch,943 476 5870,1951-02-02\n"
    assert looked(tmp_path, "own.csv", content).verdict == "fail"


# --- sessions in ----------------------------------------------------------------------------------


@pytest.fixture
def session(oracle: tuple[dict[str, str], Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(oracle[1], tmp_path / "session"))


def test_a_session_of_acro_is_read_and_never_passes(session: Path) -> None:
    reports = {one.path: one for one in read_session(session, SACRO, desk(session))}
    assert set(reports) == {"output_0_0.csv", "output_1_0.csv", "own.csv"}
    assert {name: one.verdict("reviewer") for name, one in reports.items()} == {
        "output_0_0.csv": "review", "output_1_0.csv": "fail", "own.csv": "fail",
    }  # fmt: skip
    first = reports["output_0_0.csv"].findings[0]
    assert (first.where["statbarn"], first.statbarn) == ("Frequencies", "Frequencies")
    marked = [one for one in reports["output_1_0.csv"].findings if one.rule == "threshold"]
    assert all({"row", "column"} <= set(one.where) for one in marked)
    assert marked
    assert any(one.rule == "identifier" for one in reports["own.csv"].findings)
    told = json.dumps([one.plain(SACRO, "reviewer") for one in reports.values()])
    assert "crosstab" not in told
    assert "please" not in told


def again(folder: Path, name: str) -> None:
    """Make a checksum fit, as whoever forges a session would."""
    digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    (folder / "checksums" / f"{name}.txt").write_text(digest)


def results(folder: Path, change: Any) -> None:
    plain = json.loads((folder / "results.json").read_text())
    change(plain)
    (folder / "results.json").write_text(json.dumps(plain))
    again(folder, "results.json")


def _set(path: str, value: Any) -> Any:
    def change(plain: Any) -> None:
        *above, last = path.split("/")
        for one in above:
            plain = plain[int(one)] if isinstance(plain, list) else plain[one]
        plain[int(last) if isinstance(plain, list) else last] = value

    return change


FORGED = {
    "no results": _set("results", {}),
    "a list": _set("results", []),
    "an odd status": _set("results/output_0/status", "safe"),
    "another uid": _set("results/output_0/uid", "output_9"),
    "no files": _set("results/output_0/files", []),
    "a path": _set("results/output_0/files/0/name", "../output_0_0.csv"),
    "an absolute path": _set("results/output_0/files/0/name", "/etc/passwd"),
    "no name": _set("results/output_0/files/0/name", None),
    "a file that is not there": _set("results/output_0/files/0/name", "other.csv"),
    "a result that is none": _set("results/output_0", "pass"),
}


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_session_is_none(session: Path, how: str) -> None:
    results(session, FORGED[how])
    with pytest.raises(Fault) as refused:
        read_session(session, SACRO, desk(session))
    assert refused.value.code == "CW-OUTPUT-SESSION"
    report = check_files([session], SACRO, None, session, desk=desk(session))
    assert report.verdict("reviewer") == report.verdict("author") == "fail"


@pytest.mark.parametrize(
    "how",
    ["changed", "no checksum", "one more", "one fewer", "a link", "hidden", "no json", "a pipe"],
)
def test_a_session_that_is_not_whole_is_none(session: Path, how: str) -> None:
    table = session / "output_0_0.csv"
    if how == "changed":
        table.write_text(table.read_text() + "C,1,1\n")
    elif how == "no checksum":
        (session / "checksums" / "output_0_0.csv.txt").unlink()
    elif how == "one more":
        (session / "extra.csv").write_text("a\n")
    elif how == "one fewer":
        table.unlink()
    elif how == "a link":
        table.rename(session.parent / "moved.csv")
        table.symlink_to(session.parent / "moved.csv")
    elif how == "hidden":
        (session / ".hidden").write_text("a")
    elif how == "a pipe":
        os.mkfifo(session / "pipe")
    else:
        (session / "results.json").write_text("{")
    with pytest.raises(CommonwealError):
        read_session(session, SACRO, desk(session))
    assert (
        check_files([session], SACRO, None, session, desk=desk(session)).verdict("reviewer")
        == "fail"
    )


def test_a_session_that_says_pass_of_itself_is_still_looked_at(session: Path) -> None:
    def lie(plain: Any) -> None:
        for one in plain["results"].values():
            one["status"] = "pass"
            for file in one["files"]:
                file["sdc"] = {"cells": {"MinimumThresholdCheck": [[-1, 0], "x", [0], [True, 1]]}}

    results(session, lie)
    verdicts = {
        one.path: one.verdict("reviewer") for one in read_session(session, SACRO, desk(session))
    }
    assert "pass" not in verdicts.values()
    assert verdicts["own.csv"] == "fail"


def test_without_a_sandbox_a_session_has_no_verdict(session: Path) -> None:
    with pytest.raises(Unavailable):
        read_session(session, SACRO, None)
    with pytest.raises(Unavailable):
        check_files([session], SACRO, None, session)


def test_what_is_no_table_does_not_leave_by_a_session(session: Path) -> None:
    (session / "plot.svg").write_text("<svg/>")
    again(session, "plot.svg")
    results(session, _set("results/output_0/files", [{"name": "plot.svg", "sdc": {}}]))
    (session / "output_0_0.csv").unlink()
    (session / "checksums" / "output_0_0.csv.txt").unlink()
    found = {one.path: one for one in read_session(session, SACRO, desk(session))}
    assert found["plot.svg"].verdict("reviewer") == "fail"


# --- sessions out ---------------------------------------------------------------------------------


def test_recomputed_tables_are_written_as_a_session(tmp_path: Path) -> None:
    rows = [*spread("A", 30), *spread("B", 4)]
    release = release_of(tmp_path, rows)
    path = tmp_path / "t.json"
    asked = request(name="wards", title="Wards", by=[WARD], measures=[COUNT])
    path.write_bytes(asked.canonical())
    report = check_files([path], SACRO, release, tmp_path)
    write_session(tmp_path / "out", report.files, SACRO, AT)
    plain = json.loads((tmp_path / "out" / "results.json").read_text())
    assert set(plain) == {"version", "tool", "results"}
    (one,) = plain["results"].values()
    assert one["status"] == "fail"
    assert one["fair"]["statbarn"] == "Frequencies"
    assert one["files"][0]["sdc"]["cells"]["MinimumThresholdCheck"] == [[1, 1]]
    assert (tmp_path / "out" / "output_0_0.csv").read_text() == "ward,people\nA,30\nB,4\n"
    # Our own form is whole, and marked alike.
    reports = read_session(tmp_path / "out", SACRO, desk(tmp_path))
    assert [found.verdict("reviewer") for found in reports] == ["fail"]
    with pytest.raises(Fault):
        write_session(tmp_path / "out", report.files, SACRO, AT)
