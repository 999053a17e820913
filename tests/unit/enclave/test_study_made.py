"""A study makes a column of people: what it may hand in, what it sees, and what the airlock makes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from commonweal.airlock.checking import check_files
from commonweal.airlock.profile import RuleProfile
from commonweal.airlock.published import published
from commonweal.airlock.recompute.made import made_files
from commonweal.enclave.study import Study, StudyError, bands, measure
from commonweal.papers.output_request import OutputRequest
from tests.airlock_house import PERSON
from tests.made_house import KINDS, content, halves, people
from tests.study_house import Worked, worked

CODES = [f"p{n:03}" for n in range(60)]
WORDS = ["low", "high"]


@pytest.fixture
def made(tmp_path: Path) -> Worked:
    return worked(tmp_path, {"stays": (KINDS, people())})


def test_the_bytes_are_those_that_the_airlock_reads(made: Worked) -> None:
    column = made.study.person_column("risk", CODES, [float(n >= 30) for n in range(60)])
    assert column.plain() == {"table": "made_by_study", "name": "risk"}
    assert (made.outputs / "risk.column").read_bytes() == content(halves())


@pytest.mark.parametrize(
    "give",
    [list, np.array, pa.array, lambda v: pa.chunked_array([v[:7], v[7:]]),
     lambda v: pa.array(v).dictionary_encode()],
    ids=["list", "numpy", "arrow", "chunks", "dictionary"],
)  # fmt: skip
def test_people_and_values_come_in_any_array(made: Worked, give: Callable[[Any], Any]) -> None:
    made.study.person_column("risk", give(CODES), give(["low", "high"] * 30), labels=WORDS)
    told = [(code, float(n % 2)) for n, code in enumerate(CODES)]
    assert (made.outputs / "risk.column").read_bytes() == content(told)


def test_who_has_no_value_is_left_out(made: Worked) -> None:
    values = [None if n == 3 else float("nan") if n == 4 else 1.0 for n in range(60)]
    made.study.person_column("risk", CODES, values)
    told = [(code, 1.0) for n, code in enumerate(CODES) if n not in (3, 4)]
    assert (made.outputs / "risk.column").read_bytes() == content(told)


def test_the_preview_is_what_the_airlock_makes(made: Worked) -> None:
    study = made.study
    risk = study.person_column("risk", CODES, ["low", "high"] * 30, labels=WORDS)
    score = study.person_column("score", CODES[:40], [n / 8 for n in range(40)])
    asked = {
        "a": {"by": [risk], "measures": [measure.people(), measure.mean("cost")]},
        "b": {"by": ["ward", bands(score, [2])], "measures": [measure.people()]},
        "c": {"where": risk == "high", "measures": [measure.mean(score, decimals=3)]},
        "d": {"where": risk.isin(["high"]) | ~(score > 1), "measures": [measure.rows()]},
        "e": {"by": risk, "measures": [measure.ratio(measure.people(where=score >= 2),
                                                     measure.people())]},
    }  # fmt: skip
    seen = {name: study.table(name, of="stays", **one) for name, one in asked.items()}
    paths = [made.outputs / f"{name}.json" for name in asked]
    columns = made_files((made.outputs / f"{one}.column", None) for one in ("risk", "score"))
    sacro = RuleProfile.load("sacro-default")
    report = check_files(paths, sacro, made.release, made.outputs, made=columns)
    for name, file in zip(asked, report.files, strict=True):
        assert file.table is not None, file.findings
        _, *rows = published(file.table).decode().splitlines()
        labels = len(seen[name].request["by"])
        for mine, theirs in zip(seen[name].rows(), rows, strict=True):
            told, cells = list(mine.values()), theirs.split(",")
            assert told[:labels] == cells[:labels]
            figures = [float(one) for one in cells[labels:]]
            assert figures == pytest.approx(told[labels:], abs=0.006)


def test_labels_stand_in_the_request_and_never_in_the_column(made: Worked) -> None:
    risk = made.study.person_column("risk", CODES, ["low", "high"] * 30, labels=WORDS)
    made.study.count("t", of="stays", by=[risk], where=risk != "low")
    plain = made.written("t")
    assert plain["by"] == [{"column": risk.plain(), "labels": WORDS}]
    assert plain["where"]["where"]["value"] == 0
    OutputRequest.read(plain, "The request")
    assert b"low" not in (made.outputs / "risk.column").read_bytes()


def test_a_column_made_again_takes_the_place_of_the_first(made: Worked) -> None:
    made.study.person_column("risk", CODES, [0] * 60)
    risk = made.study.person_column("risk", CODES, [n % 3 for n in range(60)])
    assert made.study.count("t", of="stays", by=risk)["people"] == [20, 20, 20]
    assert "made_by_study" not in made.study.tables()


WRONG: dict[str, tuple[Callable[[Study], Any], str]] = {
    "twice": (lambda s: s.person_column("a", ["p000", "p000"], [1, 2]), "twice"),
    "nobody": (lambda s: s.person_column("a", ["p999"], [1]), "not in the release"),
    "no code": (lambda s: s.person_column("a", [7], [1]), "people"),
    "a missing code": (lambda s: s.person_column("a", [None], [1]), "people"),
    "too few values": (lambda s: s.person_column("a", CODES, [1]), "one for each"),
    "endless": (lambda s: s.person_column("a", ["p000"], [float("inf")]), r"2\^53"),
    "too large": (lambda s: s.person_column("a", ["p000"], [2.0**53]), r"2\^53"),
    "no value": (lambda s: s.person_column("a", ["p000"], [None]), "nobody"),
    "words without labels": (lambda s: s.person_column("a", ["p000"], ["high"]), "labels"),
    "another word": (
        lambda s: s.person_column("a", ["p000"], ["HIV"], labels=WORDS), "not among"),
    "numbers for labels": (
        lambda s: s.person_column("a", ["p000"], [1], labels=WORDS), "one of these words"),
    "one label": (lambda s: s.person_column("a", ["p000"], ["low"], labels=["low"]), "2 to 20"),
    "labels that are a text": (
        lambda s: s.person_column("a", ["p000"], ["l"], labels="low"), "list"),
    "hostile labels": (
        lambda s: s.person_column("a", ["p000"], ["low"], labels=["low", "=1+1"]), "plain"),
    "labels twice": (
        lambda s: s.person_column("a", ["p000"], ["low"], labels=["low", "Low"]), "once"),
    "a path": (lambda s: s.person_column("../a", ["p000"], [1]), "name"),
    "the person": (lambda s: s.person_column("person", ["p000"], [1]), "name"),
    "a table": (lambda s: s.person_column("a", ["p000"], {"b": 1}), "values"),
}  # fmt: skip


@pytest.mark.parametrize("way", list(WRONG))
def test_what_is_no_column_of_people_is_refused(made: Worked, way: str) -> None:
    ask, says = WRONG[way]
    with pytest.raises(StudyError, match=says):
        ask(made.study)
    assert list(made.outputs.glob("*")) == []


def test_a_column_is_for_tables_alone(made: Worked) -> None:
    study = made.study
    risk = study.person_column("risk", CODES, [n % 2 for n in range(60)])
    for ask in (
        lambda: study.regression("r", risk, of="stays"),
        lambda: study.regression("r", "cost", [risk], of="stays"),
        lambda: study.correlation("c", [risk, "cost"], of="stays"),
        lambda: study.correlation("c", ["cost", "cost"], of="stays", where=risk == 1),
        lambda: study.survival("s", "cost", risk, step=1, of="stays"),
        lambda: study.count("t", of="made_by_study"),
        lambda: study.model("m.onnx", b"x", features=[risk], target="cost", of="stays"),
        lambda: study.model("m.onnx", b"x", features=["cost"], target=risk, of="stays"),
    ):
        with pytest.raises(StudyError):
            ask()
    assert [one.name for one in made.outputs.iterdir()] == ["risk.column"]


def test_a_release_with_a_table_of_that_name_is_left_alone(tmp_path: Path) -> None:
    rows = [{PERSON: "p000", "x": 1}]
    found = worked(tmp_path, {"made_by_study": ({"x": "integer"}, rows)})
    with pytest.raises(StudyError, match="made_by_study"):
        found.study.person_column("risk", ["p000"], [1])


def test_the_column_is_described_once_it_is_declared(made: Worked, capsys: Any) -> None:
    made.study.person_column("risk", CODES, [0] * 60)
    assert json.loads(json.dumps(made.study.place.release.tables["made_by_study"].rows)) is None
    assert capsys.readouterr().err == ""
