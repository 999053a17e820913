"""`commonweal anonymise` at the command line: what it writes, prints and refuses."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from commonweal.cli.main import run
from commonweal.foundation import files
from commonweal.foundation.errors import Failure
from tests.unit.cli.support import Told

ROWS = [
    ("31", "F", "flu", "n1"), ("33", "F", "gout", "n2"), ("38", "M", "flu", "n3"),
    ("36", "M", "cold", "n4"), ("71", "F", "gout", "n5"), ("74", "F", "flu", "n6"),
    ("78", "M", "cold", "n7"), ("79", "M", "gout", "n8"), ("12", "F", "cold", "n9"),
]  # fmt: skip
Run = Callable[..., Told]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines = ["age,sex,ill,name", *(",".join(row) for row in ROWS)]
    (tmp_path / "people.csv").write_text("\n".join(lines) + "\n")
    trees = tmp_path / "trees"
    trees.mkdir()
    (trees / "hierarchy_sex.csv").write_text("F;*\nM;*\n")
    (trees / "hierarchy_age.csv").write_text(
        "".join(f"{a};{a // 10 * 10}s;{'under' if a < 50 else 'over'} 50;*\n" for a in range(100))
    )
    return tmp_path


@pytest.fixture
def command(folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def told(*more: Any, out: str = "new.csv", trees: str = "trees") -> Told:
        arguments = [
            "anonymise", folder / "people.csv", "--hierarchies", folder / trees, "--k", "2",
            "--out", folder / out, *more,
        ]  # fmt: skip
        code = run([str(one) for one in arguments])
        said = capsys.readouterr()
        return Told(code, said.out, said.err)

    return told


def rows(path: Path) -> list[list[str]]:
    with path.open(newline="") as stream:
        return list(csv.reader(stream))


def test_the_keys_that_others_rely_on(command: Run, folder: Path) -> None:
    told = command("--suppress", "0.12", "--json")
    assert (told.code, told.err) == (0, "")
    report = told.json
    wanted = {
        "levels", "score", "metric", "optimal", "bound", "k", "rows", "suppressed", "classes",
        "nodes_checked", "seconds",
    }  # fmt: skip
    assert wanted <= report.keys()
    assert report["levels"] == {"age": 1, "sex": 0}
    assert (report["k"], report["rows"], report["suppressed"], report["classes"]) == (2, 9, 1, 4)
    assert report["optimal"] is True
    assert report["bound"] == report["score"]
    assert report["left_out"] == ["ill", "name"]
    head, *body = rows(folder / "new.csv")
    assert head == ["age", "sex"]
    assert body == [["30s", "F"]] * 2 + [["30s", "M"]] * 2 + [["70s", "F"]] * 2 + [["70s", "M"]] * 2


def test_what_it_says_to_people(command: Run) -> None:
    told = command("--suppress", "0.12", "--sensitive", "ill", "--l", "2", "--t", "0.5")
    assert told.code == 0
    assert "8 of 9 rows are in the new table; 1 were left out." in told.out
    assert "Smallest group: 2 (before: 1)." in told.out
    assert "No other generalisation of whole columns loses less." in told.out
    assert "age: level 1; 2 of 9 values" in told.out
    assert told.err == "Left out, without a hierarchy: name.\n"


def test_parquet_people_and_other_columns(command: Run, folder: Path) -> None:
    told = command("--person", "name", "--keep", "ill", "--local", "--json", out="new.parquet")
    assert told.code == 0
    made = parquet.read_table(folder / "new.parquet")
    assert set(made.column_names) == {"age", "sex", "ill", "name"}
    assert made["name"].type == pa.int64()
    assert sorted(made["name"].to_pylist()) == list(range(1, 10))
    assert told.json["by_person"] is True
    assert told.json["local"]["loss_after"] <= told.json["local"]["loss_before"]


def test_built_in_hierarchies(command: Run, folder: Path) -> None:
    (folder / "trees" / "hierarchy_age.csv").unlink()
    told = command("--builtin", "age=age", "--json")
    assert told.code == 0
    assert told.json["levels"].keys() == {"age", "sex"}


def test_a_search_that_is_ended_early_says_so(command: Run) -> None:
    told = command("--max-nodes", "1", "--metric", "loss")
    assert told.code == 0
    assert "The search was ended early: no generalisation can score below" in told.out
    assert command("--max-nodes", "1", "--json", out="two.csv").json["optimal"] is False


@pytest.mark.parametrize(
    ("more", "code", "exit_code"),
    [
        (["--suppress", "1.2"], "CW-ANONYMISE-INPUT", 2),
        (["--suppress", "nan"], "CW-ANONYMISE-INPUT", 2),
        (["--metric", "height"], "CW-ANONYMISE-INPUT", 2),
        (["--person", ""], "CW-ANONYMISE-INPUT", 2),
        (["--l", "2"], "CW-ANONYMISE-INPUT", 2),
        (["--sensitive", "ill", "--l", "1.5"], "CW-ANONYMISE-INPUT", 2),
        (["--sensitive", "ill", "--l", "2", "--diversity", "odd"], "CW-ANONYMISE-INPUT", 2),
        (["--sensitive", "ill", "--t", "2"], "CW-ANONYMISE-INPUT", 2),
        (["--sensitive", "ill", "--t", "nan"], "CW-ANONYMISE-INPUT", 2),
        (["--sensitive", "ill", "--t", "0.2", "--t-distance", "odd"], "CW-ANONYMISE-INPUT", 2),
        (
            ["--sensitive", "ill", "--t", "0.2", "--t-distance", "hierarchical"],
            "CW-ANONYMISE-INPUT",
            2,
        ),
        (["--sensitive", "nothing"], "CW-ANONYMISE-INPUT", 2),
        (["--person", "nobody"], "CW-ANONYMISE-INPUT", 2),
        (["--person", "age"], "CW-ANONYMISE-INPUT", 2),
        (["--keep", "age"], "CW-ANONYMISE-INPUT", 2),
        (["--keep", "name", "--person", "name"], "CW-ANONYMISE-INPUT", 2),
        (["--sensitive", "age,sex"], "CW-ANONYMISE-INPUT", 2),
        (["--presence", "0,0.5"], "CW-ANONYMISE-INPUT", 2),
        (["--presence", "0.5"], "CW-USAGE", 2),
        (["--presence", "a,b"], "CW-USAGE", 2),
        (["--mean-risk", "0"], "CW-ANONYMISE-INPUT", 2),
        (["--max-nodes", "0"], "CW-ANONYMISE-INPUT", 2),
        (["--builtin", "age"], "CW-USAGE", 2),
        (["--builtin", "age=age"], "CW-USAGE", 2),
        (["--builtin", "ill=snomed"], "CW-ANONYMISE-INPUT", 2),
        (["--builtin", "ill=icd10"], "CW-ANONYMISE-VALUE", 3),
        (["--k", "10"], "CW-ANONYMISE-IMPOSSIBLE", 4),
        (["--k", "0"], "CW-ANONYMISE-INPUT", 2),
        (["--sensitive", "ill", "--l", "4"], "CW-ANONYMISE-IMPOSSIBLE", 4),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(
    command: Run, folder: Path, more: list[str], code: str, exit_code: int
) -> None:
    command(*more).is_refusal(code, exit_code)
    assert not (folder / "new.csv").exists()


def test_values_without_a_hierarchy_are_counted_and_not_shown(command: Run, folder: Path) -> None:
    (folder / "trees" / "hierarchy_sex.csv").write_text("F;*\n")
    told = command()
    told.is_refusal("CW-ANONYMISE-VALUE", 3)
    assert "4 row(s) have a value in sex" in told.err


def test_a_hierarchy_without_a_column_is_refused(command: Run, folder: Path) -> None:
    (folder / "trees" / "hierarchy_postcode.csv").write_text("a;*\n")
    told = command()
    told.is_refusal("CW-ANONYMISE-INPUT", 2)
    assert "There is no column postcode" in told.err


def test_nothing_is_overwritten_and_only_tables_are_written(command: Run, folder: Path) -> None:
    (folder / "new.csv").write_text("mine")
    command().is_refusal("CW-FILE-EXISTS", 3)
    assert (folder / "new.csv").read_text() == "mine"
    command(out="new.xlsx").is_refusal("CW-USAGE", 2)
    command(out="none/new.csv").is_refusal("CW-FILE-MISSING", 3)


def test_a_page_of_every_choice(command: Run, folder: Path) -> None:
    told = command("--suppress", "0.12", "--page", folder / "page.html", "--json")
    assert told.code == 0
    page = (folder / "page.html").read_text()
    report = told.json
    assert "<h1>How new.csv was made coarse enough</h1>" in page
    assert "8 of 9 rows are in the new table; 1 row were left out." not in page
    assert "8 of 9 rows are in the new table; 1 row was left out." in page
    for heading in ("In short", "Risk before and after", "What each column costs", "Privacy"):
        assert f"<h2>{heading}" in page
    assert page.count('class="ring"') == 1
    looked = report["nodes_checked"]
    assert f"{looked} choices of levels were looked at, of {report['nodes']} that" in page
    assert f"The best {looked} of {looked} choices" in page
    assert "<td>at least " in page
    # Names of columns and figures, and no value of anybody nor a label that stands for one.
    for word in ("flu", "gout", "n1<", "30s", "over 50"):
        assert word not in page


@pytest.mark.parametrize(
    ("page", "code", "exit_code"),
    [("page.txt", "CW-USAGE", 2), ("there.html", "CW-FILE-EXISTS", 3),
     ("none/page.html", "CW-FILE-MISSING", 3), ("new.csv", "CW-USAGE", 2)],
)  # fmt: skip
def test_a_page_that_cannot_be_put_there_stops_before_any_work(
    command: Run, folder: Path, page: str, code: str, exit_code: int
) -> None:
    (folder / "there.html").write_text("mine")
    command("--page", folder / page).is_refusal(code, exit_code)
    assert not (folder / "new.csv").exists()
    assert (folder / "there.html").read_text() == "mine"


def test_without_its_page_there_is_no_table(
    command: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes, **more: Any) -> None:
        if path.suffix == ".html":
            raise Failure("CW-DISK-FULL", "The disk is full.")
        plainly(path, data, **more)

    plainly = files.write_atomic
    monkeypatch.setattr(files, "write_atomic", full)
    command("--page", folder / "page.html").is_refusal("CW-DISK-FULL", 1)
    assert not (folder / "new.csv").exists()
    assert not (folder / "page.html").exists()


def test_a_population(command: Run, folder: Path) -> None:
    head, *body = (folder / "people.csv").read_text().splitlines()
    (folder / "all.csv").write_text("\n".join([head, *body, *body, *body]) + "\n")
    told = command("--population", folder / "all.csv", "--presence", "0,0.34", "--json")
    assert told.code == 0
    few = command("--population", folder / "all.csv", "--presence", "0,0.33", "--json", out="b.csv")
    assert json.loads(few.out)["error"]["code"] == "CW-ANONYMISE-IMPOSSIBLE"
    (folder / "some.csv").write_text("\n".join([head, *body[:-1]]) + "\n")
    command("--population", folder / "some.csv", "--presence", "0,1", out="c.csv").is_refusal(
        "CW-ANONYMISE-POPULATION", 3
    )


def test_missing_values_are_a_value_until_the_top(command: Run, folder: Path) -> None:
    with (folder / "people.csv").open("a") as stream:
        stream.write("40,,flu,n10\n41,,flu,n11\n")
    told = command("--json", "--suppress", "0.1")
    assert told.code == 0
    assert ["40s", ""] in rows(folder / "new.csv")


def test_an_empty_table_and_a_person_who_is_missing(command: Run, folder: Path) -> None:
    (folder / "people.csv").write_text("age,sex,ill,name\n")
    command().is_refusal("CW-ANONYMISE-EMPTY", 3)
    (folder / "people.csv").write_text("age,sex,ill,name\n31,F,flu,\n32,F,flu,n2\n")
    command("--person", "name").is_refusal("CW-RISK-PERSON-MISSING", 3)
