# ruff: noqa: E501 (one file a line)
"""Checking files: requests, tables of others, and everything else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from commonweal.airlock.checking import check_files
from commonweal.airlock.declared import counts_people
from commonweal.airlock.desk import Desk
from commonweal.airlock.profile import RuleProfile
from commonweal.cli.main import run
from commonweal.foundation.errors import Unavailable
from commonweal.sandbox.box import Sandbox
from tests.airlock_house import col, open_release, request
from tests.files_house import desk, looked
from tests.unit.airlock.test_rules import rows
from tests.unit.choices.helpers import nhs_numbers

SACRO = RuleProfile.load("sacro-default")
OPENSAFELY = RuleProfile.load("opensafely")
ONE, TWO = nhs_numbers(2)

TABLES: list[tuple[str, str, RuleProfile, set[str]]] = [
    ("safe counts", "ward,n\nA,20\nB,31\n", SACRO, {"declared"}),
    ("a small count", "ward,n\nA,20\nB,3\n", SACRO, {"declared", "threshold"}),
    ("a small count of another name", "ward,Number of patients\nA,20\nB,3\n", SACRO, {"declared", "threshold"}),
    ("a small count that is a float", "ward,n\nA,20\nB,3.0\n", SACRO, {"declared", "threshold"}),
    ("a small count with spaces", "ward,n\nA,20\nB, 3 \n", SACRO, {"declared", "threshold"}),
    ("a large count with commas", 'ward,n\nA,"1,020"\n', SACRO, {"declared"}),
    ("nobody", "ward,n\nA,20\nB,0\n", SACRO, {"declared", "zero"}),
    ("nobody, where that is fine", "ward,n\nA,20\nB,0\n", OPENSAFELY, {"declared"}),
    ("hidden counts", "ward,n\nA,20\nB,[REDACTED]\n", SACRO, {"declared"}),
    ("counts in fives", "ward,n\nA,20\nB,35\n", OPENSAFELY, {"declared"}),
    ("counts by midpoint 6", "ward,n\nA,21\nB,0\nC,9\n", OPENSAFELY, {"declared"}),
    ("exact counts", "ward,n\nA,21\nB,35\n", OPENSAFELY, {"declared", "exact"}),
    ("a column of another kind", "ward,age\nA,3\n", SACRO, {"declared"}),
    ("one number that may be chance", f"ward,code\nA,{ONE}\n", SACRO, {"declared", "identifier"}),
    ("numbers", f"ward,code\nA,{ONE}\nB,{TWO}\n", SACRO, {"declared", "identifier"}),
    ("a number in a text", f"note\nsee {ONE[:3]} {ONE[3:6]} {ONE[6:]} for it\n", SACRO, {"declared", "identifier"}),
    ("a number as a column", f"{ONE}\nx\n", SACRO, {"declared", "identifier"}),
    ("ten digits that are none", "ward,code\nA,1234567890\n", SACRO, {"declared"}),
    ("rows of people", "sex\n" + "F\n" * 5001, SACRO, {"declared", "rows", "repeated"}),
]  # fmt: skip


@pytest.mark.parametrize(("what", "text", "profile", "wanted"), TABLES, ids=[t[0] for t in TABLES])
def test_tables_of_others(
    tmp_path: Path, what: str, text: str, profile: RuleProfile, wanted: set[str]
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    report = check_files([path], profile, None, tmp_path, desk=desk(tmp_path))
    assert {one.rule for one in report.files[0].findings} == {*wanted, "not-compared"}
    assert report.verdict("reviewer") != "pass"


def test_one_number_is_for_a_person_and_two_are_none(tmp_path: Path) -> None:
    for text, verdict in ((f"x\n{ONE}\n", "review"), (f"x\n{ONE}\n{TWO}\n", "fail")):
        assert looked(tmp_path, "t.csv", text.encode()).verdict == verdict


def test_a_finding_never_repeats_what_it_found(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"x,n\n{ONE},3\n{TWO},4\n")
    report = check_files([path], SACRO, None, tmp_path, desk=desk(tmp_path))
    for reader in ("author", "reviewer"):
        said = json.dumps(report.plain(reader)) + "\n".join(report.lines(reader))
        assert ONE not in said
        assert TWO not in said


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("n", True), ("N", True), ("patientCount", True), ("total_patients", True), ("nights", False),
     ("Number of people", True), ("n2", True), ("mean", False), ("", False), ("discount", False)],
)  # fmt: skip
def test_columns_of_counts_are_known_by_name(name: str, wanted: bool) -> None:
    assert counts_people(name) is wanted


FILES: list[tuple[str, str, bytes, set[str]]] = [
    ("a text file", "x.txt", b"n\n50\n", {"type"}),
    ("a pickle", "model.pkl", b"\x80\x04.", {"type", "kind"}),
    ("no ending", "table", b"n\n50\n", {"type"}),
    ("a workbook that is none", "t.xlsx", b"PK\x03\x04", {"type", "kind"}),
    ("an empty table", "t.csv", b"", {"type", "kind"}),
    ("a table in Latin 1", "t.csv", b"w\xe4rd,n\nA,20\n", {"type", "kind"}),
    ("rows of two lengths", "t.csv", b"a,n\nA\n", {"unreadable"}),
    ("an open quote", "t.csv", b'a,n\n"A,20\n', {"unreadable"}),
    ("a workbook called a table", "t.csv", b"PK\x03\x04\x00\x00", {"type", "kind"}),
    ("no picture", "t.png", b"n\n50\n", {"type", "kind"}),
    ("no JSON", "t.json", b"{", {"unreadable"}),
    ("other JSON", "t.json", b"[1, 2]", {"unreadable"}),
    ("evidence of its own", "t.json", b'{"request": 1, "people": 50}', {"unreadable"}),
]  # fmt: skip


@pytest.mark.parametrize(("what", "name", "content", "wanted"), FILES, ids=[f[0] for f in FILES])
def test_what_cannot_be_read_fails(
    tmp_path: Path, what: str, name: str, content: bytes, wanted: set[str]
) -> None:
    (tmp_path / name).write_bytes(content)
    report = check_files([tmp_path / name], SACRO, None, tmp_path, desk=desk(tmp_path))
    found = report.files[0].findings
    assert {one.rule for one in found} - {"declared"} == wanted
    assert {one.outcome for one in found if one.rule in wanted} == {"fail"}
    assert report.verdict("reviewer") == report.verdict("author") == "fail"
    assert report.files[0].renderings == ()


DECLARED = [
    ("t.csv", "file", "csv"), ("t.json", "file", "json"), ("t.json", "request", "output_request"),
    ("t.csv", "request", "output_request"), ("t.csv", "figure", "csv"),
    ("risk.recipe.json", "model", "json"), ("t.csv", None, "csv"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "declared", "kind"), DECLARED)
def test_a_file_is_taken_for_what_the_study_declared(
    tmp_path: Path, name: str, declared: Any, kind: str
) -> None:
    content = "ward,n\nA,20\n" if name.endswith(".csv") else '{"mean": 4.5}'
    (tmp_path / name).write_text(content)
    place = desk(tmp_path, kinds={} if declared is None else {name: declared})
    (report,) = check_files([tmp_path / name], SACRO, None, tmp_path, desk=place).files
    assert report.kind == kind
    wrong = kind == "output_request" or declared == "figure"
    assert report.verdict("reviewer") == ("fail" if wrong else "review")


@pytest.mark.parametrize("name", ["t.csv", "t.png", "risk.onnx", "risk.recipe.json", "t.pkl", "t"])
def test_without_a_sandbox_there_is_no_verdict(tmp_path: Path, name: str) -> None:
    """S18: never a reading in this process, whatever the file is called."""
    (tmp_path / name).write_text("ward,n\nA,20\n")

    def none() -> Sandbox:
        raise Unavailable("CW-SANDBOX-GUARD", "It does not hold.")

    for place in (None, Desk(none, "p", tmp_path)):
        with pytest.raises(Unavailable) as caught:
            check_files([tmp_path / name], SACRO, None, tmp_path, desk=place)
        assert (caught.value.code, caught.value.exit_code) == ("CW-SANDBOX-GUARD", 5)


def test_requests_need_no_sandbox(tmp_path: Path) -> None:
    def none() -> Sandbox:
        raise AssertionError("a sandbox was opened")

    path = written(tmp_path, "t.json", measures=[{"measure": "people"}])
    report = check_files([path], SACRO, None, tmp_path, desk=Desk(none, "p", tmp_path))
    assert report.verdict("reviewer") == "review"


def written(folder: Path, name: str, **fields: Any) -> Path:
    path = folder / name
    path.write_bytes(request(**fields).canonical())
    return path


def test_requests_are_recomputed_and_the_worst_verdict_counts(tmp_path: Path) -> None:
    data = rows((40, {"ward": "A"}), (40, {"ward": "B"}), (3, {"ward": "C"}))
    release = open_release(tmp_path, {"stays": ({"ward": "text"}, data)})
    people = [{"measure": "people"}]
    good = written(tmp_path, "good.json", measures=people)
    bad = written(tmp_path, "bad.json", measures=people, by=[{"column": col("ward")}])
    odd = written(tmp_path, "odd.json", measures=people, by=[{"column": col("nowhere")}])
    report = check_files([good, bad, odd], SACRO, release, tmp_path)
    assert [file.verdict("reviewer") for file in report.files] == ["pass", "fail", "fail"]
    assert report.verdict("reviewer") == "fail"
    assert check_files([good], SACRO, release, tmp_path).verdict("reviewer") == "pass"
    (small,) = report.plain("reviewer")["files"][1]["findings"]
    assert small["where"] == {"table": "t", "measure": "people", "ward": "C"}
    assert (small["value"], small["threshold"], small["statbarn"]) == (3, 10, "Frequencies")
    (odd_one,) = report.plain("author")["files"][2]["findings"]
    assert odd_one["where"]["code"] == "CW-OUTPUT-COLUMN"


def test_a_request_without_a_release_is_for_a_person(tmp_path: Path) -> None:
    path = written(tmp_path, "t.json", measures=[{"measure": "people"}])
    report = check_files([path], SACRO, None, tmp_path)
    assert report.verdict("reviewer") == "review"
    assert report.files[0].table is None


# --- the command --------------------------------------------------------------------------------


def test_the_command_says_the_verdict_and_exits_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COMMONWEAL_HOME", raising=False)
    path = tmp_path / "t.csv"
    path.write_text("ward,n\nA,20\nB,3\n")
    assert run(["airlock", "check", str(path), "--json"]) == 3
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"verdict", "profile", "files"}
    assert told["verdict"] == "fail"
    assert told["profile"]["name"] == "sacro-default"
    (file,) = told["files"]
    assert set(file) == {"path", "type", "sha256", "verdict", "findings"}
    for one in file["findings"]:
        assert {"code", "statbarn", "rule", "where", "value", "threshold", "sentence"} <= set(one)
    assert run(["airlock", "check", str(path), "--json", "--for", "author"]) == 3
    author = json.loads(capsys.readouterr().out)
    assert {one["value"] for one in author["files"][0]["findings"]} == {None}
    assert run(["airlock", "check", str(path), "--profile", "opensafely"]) == 3
    assert "Verdict under opensafely 1.0: fail" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--profile", "lenient"], 2),
        (["--profile", "nowhere.yaml"], 3),
        (["--for", "everybody"], 2),
        (["--release", "nowhere"], 3),
    ],
)
def test_the_command_refuses_what_it_does_not_know(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
) -> None:
    monkeypatch.delenv("COMMONWEAL_HOME", raising=False)
    path = tmp_path / "t.csv"
    path.write_text("ward,n\nA,20\n")
    assert run(["airlock", "check", str(path), *arguments]) == code
    assert capsys.readouterr().out == ""


def test_a_missing_file_has_no_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["airlock", "check", str(tmp_path / "t.csv")]) == 3
    assert "CW-FILE-MISSING" in capsys.readouterr().err


def test_the_command_refuses_where_the_sandbox_does_not_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """S18: no sandbox, no verdict; nothing of the file is read instead."""
    monkeypatch.delenv("COMMONWEAL_HOME", raising=False)
    monkeypatch.setenv("COMMONWEAL_CGROUP", "/nowhere")
    path = tmp_path / "t.csv"
    path.write_text("ward,n\nA,20\nB,3\n")
    assert run(["airlock", "check", str(path)]) == 5
    told = capsys.readouterr()
    assert told.out == ""
    assert "CW-SANDBOX-GUARD" in told.err


def test_a_home_that_was_named_is_the_one_whose_sandbox_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COMMONWEAL_HOME", str(tmp_path / "nowhere"))
    path = tmp_path / "t.csv"
    path.write_text("ward,n\nA,20\n")
    assert run(["airlock", "check", str(path)]) == 3
    assert "CW-HOME-MISSING" in capsys.readouterr().err
