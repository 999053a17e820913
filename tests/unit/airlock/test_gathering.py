"""What a job left, made ready: which figures leave, under which names, and what never does."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from commonweal.airlock.checking import check_files
from commonweal.airlock.leaving.gathering import Gathered, gather, job_paths
from commonweal.foundation.errors import CommonwealError
from commonweal.papers.job import JobOutputs
from tests.airlock_house import open_release
from tests.analysis_house import SACRO
from tests.output_papers import H
from tests.unit.airlock.test_analysis_checking import ASKED, KINDS, people

TABLE = {
    "request": 1, "name": "wards", "title": "People by ward", "table": "stays",
    "by": [{"column": {"table": "stays", "name": "ward"}}], "measures": [{"measure": "people"}],
}  # fmt: skip


def job(folder: Path, **files: Any) -> JobOutputs:
    (folder / "outputs").mkdir(parents=True)
    named = []
    for name, said in files.items():
        path = folder / "outputs" / name.replace("__", ".")
        path.write_text(said if isinstance(said, str) else json.dumps(said))
        named.append({
            "file": path.name, "kind": "request" if path.suffix == ".json" else "file",
            "sha256": f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}",
            "bytes": path.stat().st_size,
        })  # fmt: skip
    plain = {
        "outputs": 1, "job": "job-1", "attempt": 1, "project": "p", "permit": "permit-1",
        "permit_hash": H(1), "release": "permit-1.r1", "study": H(2), "submitted_by": "amira",
        "collected_at": "2026-03-02T09:00:00.000Z", "files": named,
    }  # fmt: skip
    return JobOutputs.read(plain, "The list of outputs")


def gathered(folder: Path, released: bool = True, **files: Any) -> Gathered:
    left = job(folder / "job", **files)
    paths = job_paths(folder / "job", left)
    release = open_release(folder, {"stays": (KINDS, people())}) if released else None
    report = check_files(paths, SACRO, release, folder)
    work = folder / "made"
    work.mkdir()
    return gather(folder / "job", left, report, work)


def test_figures_leave_and_requests_stay(tmp_path: Path) -> None:
    files = {f"{kind}__json": asked for kind, asked in ASKED.items()}
    found = gathered(tmp_path, wards__json=TABLE, **files)
    made = {one.path.name: one for one in found.sources if one.kind == "table"}
    assert set(made) == {"wards.csv", *(f"{kind}.figures.json" for kind in ASKED)}
    assert {one.made_from for one in made.values()} == {"wards.json", *(f"{k}.json" for k in ASKED)}
    assert made["wards.csv"].path.read_text().splitlines() == ["ward,people", "A,150", "B,150"]
    told = json.loads(made["regression.figures.json"].path.read_text())
    assert told["kind"] == "regression"
    assert {one.path for one in found.found} == {one.path.name for one in found.sources}
    assert all(one.grade == "recomputed" for one in found.sources)


def test_a_file_of_the_jobs_own_is_declared_and_never_passes(tmp_path: Path) -> None:
    found = gathered(tmp_path, rows__csv="ward,people\nA,50\n")
    (one,) = found.sources
    assert (one.kind, one.type, one.grade) == ("file", "csv", "declared")
    assert [one.verdict for one in found.found] == ["review"]


@pytest.mark.parametrize(("code", "released", "files"), [
    ("CW-LEAVING-BLOCKED", True, {"wards__json": TABLE, "model__pkl": "x"}),
    ("CW-LEAVING-BLOCKED", True, {"wards__json": {**TABLE, "evidence": 50}}),
    ("CW-LEAVING-FILE", True, {"wards__json": TABLE, "wards__csv": "a,b\n1,2\n"}),
])  # fmt: skip
def test_what_is_refused(tmp_path: Path, code: str, released: bool, files: dict[str, Any]) -> None:
    with pytest.raises(CommonwealError) as caught:
        gathered(tmp_path, released, **files)
    assert caught.value.code == code


def nowhere(asked: dict[str, Any], table: str = "stays", column: str = "ward") -> dict[str, Any]:
    where = {"column": {"table": table, "name": column}, "op": "eq", "value": "nowhere"}
    return {**asked, "where": {"where": where}}


UNMADE: dict[str, dict[str, Any]] = {
    "nobody": nowhere(TABLE),
    "merging": {**TABLE, "protect": "merge"},
    "column": {**TABLE, "by": [{"column": {"table": "stays", "name": "colour"}}]},
    **{kind: nowhere(asked) for kind, asked in ASKED.items()},
}


@pytest.mark.parametrize("name", UNMADE)
def test_what_the_data_gave_nothing_of_is_told_to_reviewers_only(tmp_path: Path, name: str) -> None:
    """A refusal at once would say whether anybody is there: one question, one person (S5, S6)."""
    asked = UNMADE[name]
    there = {key: value for key, value in asked.items() if key not in ("where", "protect")}
    if name == "column":
        there = TABLE
    made, empty = (
        gathered(tmp_path / "made", one__json=there),
        gathered(tmp_path / "empty", one__json=asked),
    )
    # The author reads the names of the files, and no more.
    assert [one.path.name for one in empty.sources] == [one.path.name for one in made.sources]
    request, file = empty.sources
    assert (request.kind, file.kind, file.grade) == ("request", "file", "declared")
    assert [one.path for one in empty.found] == [one.path.name for one in empty.sources]
    assert empty.found[1].verdict == "unreadable"
    assert b"0" not in file.path.read_bytes()


@pytest.mark.parametrize("how", ["gone", "changed", "link"])
def test_files_are_those_that_the_job_left(tmp_path: Path, how: str) -> None:
    left = job(tmp_path / "job", wards__json=TABLE)
    path = tmp_path / "job" / "outputs" / "wards.json"
    content = path.read_bytes()
    path.unlink()
    if how == "changed":
        path.write_bytes(content + b" ")
    if how == "link":
        (tmp_path / "elsewhere").write_bytes(content)
        path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CommonwealError) as caught:
        job_paths(tmp_path / "job", left)
    assert caught.value.code == "CW-LEAVING-FILE"


def test_a_file_that_is_swapped_while_it_is_checked_is_no_output(tmp_path: Path) -> None:
    left = job(tmp_path / "job", rows__csv="ward,people\nA,50\n")
    (path,) = job_paths(tmp_path / "job", left)
    (tmp_path / "made").mkdir()
    harmless = check_files([path], SACRO, None, tmp_path)
    path.write_text("ward,people\nA,1\n")
    swapped = check_files([path], SACRO, None, tmp_path)
    with pytest.raises(CommonwealError) as caught:
        gather(tmp_path / "job", left, swapped, tmp_path / "made")
    assert caught.value.code == "CW-LEAVING-FILE"
    # Swapped after the check: what is frozen is held against what was checked.
    (source,) = gather(tmp_path / "job", left, harmless, tmp_path / "made").sources
    assert source.sha256 == left.files[0].sha256
