"""What a job left, made ready: which figures leave, under which names, and what never does."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from commonweal.airlock.checking import CheckReport, FileReport, check_files
from commonweal.airlock.files.writing import Rendering
from commonweal.airlock.leaving.gathering import Gathered, gather, job_paths
from commonweal.airlock.rules import Finding
from commonweal.foundation.errors import CommonwealError
from commonweal.papers.job import JobOutputs
from tests.airlock_house import open_release
from tests.analysis_house import SACRO
from tests.files_house import COUNTS_FILE, book_of, desk, plot, png_of, svg_of, zip_of
from tests.made_house import content, handed
from tests.output_papers import H
from tests.unit.airlock.test_analysis_checking import ASKED, KINDS, people

TABLE = {
    "request": 1, "name": "wards", "title": "People by ward", "table": "stays",
    "by": [{"column": {"table": "stays", "name": "ward"}}], "measures": [{"measure": "people"}],
}  # fmt: skip


def kind_of(name: str) -> str:
    if name.endswith((".onnx", ".recipe.json")):
        return "model"
    return {".json": "request", ".png": "figure", ".svg": "figure"}.get(Path(name).suffix, "file")


def job(folder: Path, **files: Any) -> JobOutputs:
    (folder / "outputs").mkdir(parents=True)
    named = []
    for name, said in files.items():
        path = folder / "outputs" / name.replace("__", ".")
        if isinstance(said, bytes):
            path.write_bytes(said)
        else:
            path.write_text(said if isinstance(said, str) else json.dumps(said))
        named.append({
            "file": path.name, "kind": kind_of(path.name),
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
    kinds = {one.file: one.kind for one in left.files}
    report = check_files(paths, SACRO, release, folder, desk=desk(folder, kinds=kinds))
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


def test_a_picture_leaves_beside_its_figures_and_is_drawn_of_them(tmp_path: Path) -> None:
    survival = {**ASKED["survival"], "figure": "curve"}
    found = gathered(tmp_path, wards__json={**TABLE, "figure": "bar"}, days__json=survival)
    made = {one.path.name: one for one in found.sources}
    assert set(made) == {"wards.json", "wards.csv", "wards.svg", "days.json", "days.figures.json",
                         "days.svg"}  # fmt: skip
    for name, request in (("wards.svg", "wards.json"), ("days.svg", "days.json")):
        one = made[name]
        assert (one.kind, one.type, one.grade) == ("drawing", "svg", "recomputed")
        assert one.made_from == request
    drawn = made["wards.svg"].path.read_text()
    assert drawn.startswith("<svg ")
    assert drawn.count(">150</text>") == 2
    verdicts = {one.path: one.verdict for one in found.found}
    assert (verdicts["wards.svg"], verdicts["days.svg"]) == ("pass", "pass")


def test_a_picture_of_figures_that_fail_fails_with_them(tmp_path: Path) -> None:
    few = {"where": {"column": {"table": "stays", "name": "age"}, "op": "lt", "value": 21}}
    found = gathered(tmp_path, wards__json={**TABLE, "figure": "bar", "where": few})
    assert {one.verdict for one in found.found} == {"fail"}
    nobody = {"where": {"column": {"table": "stays", "name": "age"}, "op": "lt", "value": 0}}
    found = gathered(tmp_path / "none", wards__json={**TABLE, "by": TABLE["by"], "figure": "bar",
                                                     "where": nobody, "name": "x"})  # fmt: skip
    assert {one.path.name for one in found.sources} >= {"wards.csv"}


def test_a_picture_whose_name_is_taken_gets_a_number(tmp_path: Path) -> None:
    drawn = svg_of('<text x="1" y="9">Alder</text>')
    found = gathered(tmp_path, wards__json={**TABLE, "figure": "bar"}, wards__svg=drawn)
    kinds = {one.path.name: one.kind for one in found.sources}
    assert kinds["wards-2.svg"] == "drawing"
    assert kinds["wards.svg"] == "figure"


def test_a_column_of_people_never_leaves(tmp_path: Path) -> None:
    """Not even where somebody asks for it as a file of another kind."""
    left = job(tmp_path / "job", wards__json=TABLE, risk__column=b"commonweal person column 1")
    files = [*left.files]
    files[1] = files[1].model_copy(update={"kind": "person_column"})
    named = left.model_copy(update={"files": tuple(files)})
    with pytest.raises(CommonwealError, match="CW-LEAVING-BLOCKED"):
        gather(tmp_path / "job", named, CheckReport(SACRO, ()), tmp_path)
    told = b"commonweal person column 1 1 1\nx" + bytes(8)
    found = gathered(tmp_path / "again", wards__json=TABLE, risk__column=told)
    assert not any(b"person column" in content for content in leaving(found).values())


def test_what_hangs_on_such_a_column_is_tabulated(tmp_path: Path) -> None:
    side = {"column": {"table": "made_by_study", "name": "risk"}, "labels": ["low", "high"]}
    asked = {**TABLE, "by": [side], "figure": "bar"}
    left = job(tmp_path / "job", risk__json=asked)
    told = content([(f"p{n:04d}", float(n % 2)) for n in range(300)], wide=5)
    release = open_release(tmp_path, {"stays": (KINDS, people())})
    made = handed(tmp_path, told)
    report = check_files(job_paths(tmp_path / "job", left), SACRO, release, tmp_path, made=made)
    (tmp_path / "made").mkdir()
    found = gather(tmp_path / "job", left, report, tmp_path / "made")
    assert {(one.path.name, one.kind, one.grade) for one in found.sources} == {
        ("risk.json", "request", "tabulated"), ("risk.csv", "table", "tabulated"),
        ("risk.svg", "drawing", "tabulated"),
    }  # fmt: skip
    assert {one.verdict for one in found.found} == {"review"}
    assert found.found[0].report["made"][0]["sha256"] == made["risk"].sha256


def test_a_file_of_the_jobs_own_is_declared_and_never_passes(tmp_path: Path) -> None:
    found = gathered(tmp_path, rows__csv="ward,people\nA,50\n")
    (one,) = found.sources
    assert (one.kind, one.type, one.grade) == ("file", "csv", "declared")
    (told,) = found.found
    assert told.verdict == "review"
    assert [column["name"] for column in told.report["summaries"]] == ["ward", "people"]


# --- what was written anew leaves, and the file itself never --------------------------------------


def leaving(found: Gathered) -> dict[str, bytes]:
    return {one.path.name: one.path.read_bytes() for one in found.sources if one.kind != "request"}


def test_what_leaves_is_written_anew_and_never_the_file(tmp_path: Path) -> None:
    files: dict[str, Any] = {
        "counts__csv": "\ufeffward,n\nA\u200blder,20\nBirch,=1+1\n",
        "plot__png": png_of(plot()) + zip_of({"patients.csv": COUNTS_FILE}),
        "book__xlsx": book_of(),
    }  # fmt: skip
    found = gathered(tmp_path, wards__json=TABLE, **files)
    made = leaving(found)
    assert set(made) == {"wards.csv", "counts.csv", "plot.png", "book.csv"}
    assert made["counts.csv"] == b"ward,n\r\nAlder,20\r\nBirch,'=1+1\r\n"
    assert made["plot.png"].endswith(b"IEND\xaeB`\x82")
    assert b"patients.csv" not in made["plot.png"]
    assert made["book.csv"].startswith(b"ward,n\r\n")
    places = {one.path.parent for one in found.sources if one.kind != "request"}
    assert places == {tmp_path / "made"}
    kinds = {one.path.name: (one.kind, one.type) for one in found.sources}
    assert kinds["plot.png"] == ("figure", "png")
    assert kinds["book.csv"] == ("file", "csv")
    verdicts = {one.path: one.verdict for one in found.found}
    assert (verdicts["wards.csv"], verdicts["plot.png"]) == ("pass", "fail")
    assert {one.path for one in found.found} == {one.path.name for one in found.sources}


def test_reviewers_read_the_texts_of_a_drawing(tmp_path: Path) -> None:
    drawn = svg_of('<text x="1" y="9">Alder</text>')
    found = gathered(tmp_path, wards__json=TABLE, plot__svg=drawn)
    (told,) = [one for one in found.found if one.path == "plot.svg"]
    assert told.report["reading"][0].startswith("Alder\n")
    assert b"<text" in leaving(found)["plot.svg"]


def test_a_recipe_keeps_the_name_by_which_its_model_is_found(tmp_path: Path) -> None:
    made = leaving(gathered(tmp_path, wards__json=TABLE, risk__recipe__json={"recipe": 1}))
    assert json.loads(made["risk.recipe.json"]) == {"recipe": 1}


def reported(kind: str, *rules: str, content: bytes = b"a model") -> FileReport:
    found = [Finding(rule, "Unknown", "review", {"table": "risk.onnx"}) for rule in rules]
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    return FileReport("risk.onnx", "model", digest, tuple(found), model=kind, card=("A card.",))


def gathered_model(folder: Path, report: FileReport) -> Gathered:
    left = job(folder / "job", risk__onnx=b"a model")
    (folder / "made").mkdir()
    return gather(folder / "job", left, CheckReport(SACRO, (report,)), folder / "made")


def test_a_model_leaves_as_it_is_with_its_card_for_reviewers(tmp_path: Path) -> None:
    found = gathered_model(tmp_path, reported("onnx", "declared"))
    assert leaving(found) == {"risk.onnx": b"a model"}
    (one,) = found.sources
    assert (one.kind, one.type, one.grade) == ("model", "onnx", "declared")
    assert found.found[0].report["card"] == ["A card."]


@pytest.mark.parametrize("report", [
    reported("unknown", "declared"),
    reported("onnx", "model-permit"),
    reported("onnx", "model-kind"),
    reported("onnx", "model-file"),
    reported("onnx", "model-hidden"),
])  # fmt: skip
def test_of_models_that_nobody_saw_whole_nothing_leaves(tmp_path: Path, report: FileReport) -> None:
    assert_stays(gathered_model(tmp_path, report), "risk.unreadable.txt")


def test_a_model_that_is_not_the_one_that_was_checked_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommonwealError) as caught:
        gathered_model(tmp_path, reported("onnx", "declared", content=b"another"))
    assert caught.value.code == "CW-LEAVING-FILE"


def assert_stays(found: Gathered, name: str) -> None:
    """Nothing of a file is frozen, the author reads the same name, and reviewers read why."""
    (one,) = [one for one in found.sources if one.path.name == name]
    assert one.path.read_bytes() == b"Nothing of this file leaves.\n"
    assert (one.kind, one.type, one.grade) == ("file", "text", "declared")
    (told,) = [one for one in found.found if one.path == name]
    assert told.verdict == "unreadable"
    assert told.report["findings"]


@pytest.mark.parametrize(("name", "content"), [
    ("model__pkl", "x"),
    ("wards__json", {**TABLE, "evidence": 50}),
    ("a__csv", "a,b\n1\n"),
    ("a__csv", zip_of({"x": b"x"})),
    ("a__txt", "a,b\n1,2\n"),
    ("a__png", "a,b\n1,2\n"),
    ("a__svg", svg_of("<script>x()</script>")),
    ("a__json", b" " * ((16 << 20) + 1)),
], ids=["pickle", "request", "ragged", "zip", "text", "picture", "script", "large"])  # fmt: skip
@pytest.mark.parametrize("more", [{}, {"other__json": TABLE}], ids=["alone", "beside"])
def test_of_what_cannot_be_read_nothing_leaves_and_its_author_is_told_nothing(
    tmp_path: Path, name: str, content: Any, more: dict[str, Any]
) -> None:
    """A refusal would say a bit with each check: a job that saw data writes a broken file or not
    (S4). Nor may the file itself leave, whoever approves it."""
    found = gathered(tmp_path, **{name: content}, **more)
    assert_stays(found, f"{name.partition('__')[0]}.unreadable.txt")
    leaves = leaving(found)
    assert set(leaves) - {"other.csv"} == {f"{name.partition('__')[0]}.unreadable.txt"}


def test_an_output_of_no_file_is_refused(tmp_path: Path) -> None:
    left = job(tmp_path / "job", wards__json=TABLE)
    empty = left.model_copy(update={"files": ()})
    with pytest.raises(CommonwealError) as caught:
        gather(tmp_path / "job", empty, CheckReport(SACRO, ()), tmp_path)
    assert caught.value.code == "CW-LEAVING-BLOCKED"


@pytest.mark.parametrize(("files", "names"), [
    ({"wards__json": TABLE, "wards__csv": "a,b\n1,2\n"}, {"wards-2.csv", "wards.csv"}),
    ({"a__csv": "a,b\n1,2\n", "a__old__csv": "a,b\n3,4\n"}, {"a.csv", "a-2.csv"}),
    ({"a__old__csv": "a,b\n1,2\n", "a__csv": "a,b\n3,4\n"}, {"a.csv", "a-2.csv"}),
    ({"a__csv": "a,b\n1,2\n", "a__xlsx": book_of()}, {"a.csv", "a-2.csv"}),
    ({"a__csv": "a,b\n1\n", "A__xlsx": "x", "a__unreadable__txt": "x"},
     {"a-2.unreadable.txt", "A-3.unreadable.txt", "a-4.unreadable.txt"}),
], ids=["table", "dots", "dots-first", "workbook", "placeholders"])  # fmt: skip
def test_a_name_that_is_taken_gets_a_number(
    tmp_path: Path, files: dict[str, Any], names: set[str]
) -> None:
    """Which names what is written anew has is chosen by a job that saw data: no refusal says it."""
    found = gathered(tmp_path, **files)
    assert set(leaving(found)) == names
    assert {one.path for one in found.found} == {one.path.name for one in found.sources}


def test_a_workbook_of_too_many_sheets_stays(tmp_path: Path) -> None:
    """More files than a manifest takes would be a refusal that a job can choose."""
    parts = tuple(Rendering(f"book-{n}.csv", "text/csv", b"a\r\n") for n in range(201))
    content = book_of()
    left = job(tmp_path / "job", book__xlsx=content)
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    seen = [Finding("declared", "Unknown", "review", {"table": "book.xlsx"})]
    report = FileReport("book.xlsx", "xlsx", digest, tuple(seen), renderings=parts)
    (tmp_path / "made").mkdir()
    found = gather(tmp_path / "job", left, CheckReport(SACRO, (report,)), tmp_path / "made")
    assert_stays(found, "book.unreadable.txt")


@pytest.mark.parametrize("stem", ["a" * 60, "b" * 38 + "-1-" + "c" * 19, "d" * 39, "e-1", "f" * 40])
def test_numbers_and_placeholders_leave_what_an_author_reads_of_a_name(stem: str) -> None:
    from commonweal.airlock.leaving.gathering import _named
    from commonweal.web.outputs.wishes import authors_name

    plain = authors_name(f"{stem}.csv")
    for ending in ("csv", "figures.json", "unreadable.txt"):
        for number in (1, 2, 12, 200):
            name = _named(f"{stem}.{ending}", number)
            assert len(name) <= 64
            assert name.endswith(f".{ending}")
            assert authors_name(name) == plain


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
    left = job(tmp_path / "job", wards__json=TABLE)
    (path,) = job_paths(tmp_path / "job", left)
    (tmp_path / "made").mkdir()
    harmless = check_files([path], SACRO, None, tmp_path)
    path.write_bytes(path.read_bytes() + b" ")
    swapped = check_files([path], SACRO, None, tmp_path)
    with pytest.raises(CommonwealError) as caught:
        gather(tmp_path / "job", left, swapped, tmp_path / "made")
    assert caught.value.code == "CW-LEAVING-FILE"
    # Swapped after the check: what is frozen is held against what was checked.
    request, _ = gather(tmp_path / "job", left, harmless, tmp_path / "made").sources
    assert request.sha256 == left.files[0].sha256
