"""What the toolkit writes, what it refuses and what it gives to look at."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from commonweal.enclave.study import Study, StudyError, bands, category, col, measure, number
from commonweal.enclave.study.place import Place
from commonweal.papers.output_request import OutputRequest
from tests.airlock_house import PERSON
from tests.study_house import KINDS, Worked, job_release, worked
from tests.unit.enclave.stays import PEOPLE, aged

# --- filters ----------------------------------------------------------------------------------


def where(op: str, value: Any) -> dict[str, Any]:
    return {"where": {"column": {"table": "stays", "name": "age"}, "op": op, "value": value}}


@pytest.mark.parametrize(
    ("made", "plain"),
    [
        (aged >= 65, where("ge", 65)),
        (aged > 65, where("gt", 65)),
        (aged <= 6.5, where("le", 6.5)),
        (aged < np.int64(3), where("lt", 3)),
        (aged == 3, where("eq", 3)),
        (aged != 3, where("ne", 3)),
        (aged == dt.date(2024, 2, 29), where("eq", "2024-02-29")),
        (aged == dt.datetime(2024, 2, 29, 6), where("eq", "2024-02-29T06:00:00")),
        (aged.isin([1, 2]), where("in", [1, 2])),
        (aged.isin(np.array([1, 2])), where("in", [1, 2])),
        (aged.between(1, 2), {"all": [where("ge", 1), where("le", 2)]}),
        (~(aged > 1), {"not": where("gt", 1)}),
        ((aged > 1) & (aged < 5) & (aged != 3), {"all": [where("gt", 1), where("lt", 5), where("ne", 3)]}),
        ((aged > 1) | (aged < 5) | (aged == 3), {"any": [where("gt", 1), where("lt", 5), where("eq", 3)]}),
        ((aged > 1) & ((aged < 5) | (aged == 9)), {"all": [where("gt", 1), {"any": [where("lt", 5), where("eq", 9)]}]}),
    ],
)  # fmt: skip
def test_filters_become_closed_conditions(made: Any, plain: Any) -> None:
    assert made.plain() == plain


def test_missing_values_are_asked_for_by_name() -> None:
    there = {"where": {"column": aged.plain(), "op": "is_missing"}}
    assert aged.is_missing().plain() == there
    assert aged.is_present().plain() == {"where": {**there["where"], "op": "is_present"}}


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (lambda: aged == None, "is_missing"),  # noqa: E711
        (lambda: aged == col("stays", "cost"), "another column"),
        (lambda: aged == float("nan"), "2^53"),
        (lambda: aged == 2**53, "2^53"),
        (lambda: aged == b"x", "a text, a number"),
        (lambda: aged == [1], "a text, a number"),
        (lambda: aged == "a\nb", "line breaks"),
        (lambda: aged == "a\u202eb", "cannot be seen"),
        (lambda: aged == "x" * 501, "500"),
        (lambda: aged == dt.datetime(2024, 1, 1, tzinfo=dt.UTC), "time zone"),
        (lambda: aged > True, "no order"),
        (lambda: aged.isin("abc"), "list"),
        (lambda: aged.isin(3), "list"),
        (lambda: aged.isin([]), "1 to 1,000"),
        (lambda: aged.isin(range(1001)), "1 to 1,000"),
        (lambda: aged.isin([True]), "true and false"),
        (lambda: 1 < aged < 5, "neither true nor false"),
        (lambda: (aged > 1) and (aged < 5), "neither true nor false"),
        (lambda: not (aged > 1), "neither true nor false"),
        (lambda: (aged > 1) & True, "brackets"),
        (lambda: (aged > 1) & 5, "brackets"),
        (lambda: col("", "a"), "table"),
        (lambda: col("a", " "), "name"),
        (lambda: col("a", "x" * 129), "name"),
        (lambda: col("a", "b\n"), "line breaks"),
        (lambda: col("a", 3), "name"),
    ],
)  # fmt: skip
def test_what_is_no_filter_is_refused_in_words(made: Callable[[], Any], says: str) -> None:
    with pytest.raises(StudyError, match=says.replace("^", r"\^")):
        made()


# --- requests ---------------------------------------------------------------------------------

DIED = col("stays", "died") == True  # noqa: E712
ASKED: dict[str, Callable[[Study], Any]] = {
    "people": lambda s: s.count("x", by=["sex"], of="stays"),
    "means": lambda s: s.mean("x", aged, by=col("people", "area")),
    "a mean of a joined column": lambda s: s.mean("x", col("people", "visits"), of="stays"),
    "sums": lambda s: s.sum("x", "cost", of="stays", decimals=0),
    "spread": lambda s: s.sd("x", "cost", of="stays"),
    "median": lambda s: s.quantile("x", "cost", 0.5, of="stays", by=bands("age", [30, 40.5])),
    "ratio": lambda s: s.ratio("x", measure.people(DIED), measure.people(), per=100, of="stays"),
    "ratio of sums": lambda s: s.ratio(
        "x", measure.sum("cost", where=aged > 30), measure.rows(), of="stays", by="sex", totals=True
    ),
    "all measures": lambda s: s.table(
        "x", by=["sex", "day", "died"], of="stays", totals=True, rounding="midpoint_6",
        where=(aged > 21) & ~(col("stays", "sex") == "M"), title="All of them",
        measures=[
            measure.people(), measure.rows(), measure.minimum("age"), measure.maximum("age"),
            measure.sd("cost"), measure.quantile("cost", 0.25), measure.quantile("cost", 0.75),
        ],
    ),
    "dates": lambda s: s.count("x", of="stays", where=col("stays", "day") >= dt.date(2024, 1, 5)),
    "times": lambda s: s.count("x", of="stays", where=col("stays", "at") < dt.datetime(2024, 1, 1, 9)),
    "the file's own name": lambda s: s.count("x.json", of="people"),
}  # fmt: skip


@pytest.mark.parametrize("what", ASKED)
def test_what_is_written_is_a_request(fresh: Study, what: str) -> None:
    preview = ASKED[what](fresh)
    written = json.loads((fresh.place.outputs / "x.json").read_text())
    assert written == preview.request
    assert OutputRequest.read(written, "x.json").name == "x"
    assert [one.name for one in fresh.place.outputs.iterdir()] == ["x.json"]
    assert "for use in this job only" in repr(preview)


REFUSED: dict[str, tuple[Callable[[Study], Any], str]] = {
    "no table named": (lambda s: s.count("x"), "of"),
    "two tables": (lambda s: s.count("x", by=[aged, col("people", "area")]), "of"),
    "unknown table": (lambda s: s.count("x", of="tests"), "it has people, stays"),
    "unknown column": (lambda s: s.mean("x", "weight", of="stays"), "has no column"),
    "a slip": (lambda s: s.mean("x", "Aeg", of="stays"), "did you mean 'age'"),
    "no name": (lambda s: s.count("", of="stays"), "name"),
    "a folder": (lambda s: s.count("../x", of="stays"), "name"),
    "a long name": (lambda s: s.count("x" * 60, of="stays"), "name"),
    "two dots": (lambda s: s.count("a..b", of="stays"), "name"),
    "a name of ours": (lambda s: s.count("outputs", of="stays"), "name"),
    "notes' name": (lambda s: s.count("notes", of="stays"), "name"),
    "a number as name": (lambda s: s.count(3, of="stays"), "name"),
    "person": (lambda s: s.count("x", by=PERSON, of="stays"), "singles people"),
    "text measured": (lambda s: s.mean("x", "sex", of="stays"), "no numbers"),
    "flag measured": (lambda s: s.sum("x", "died", of="stays"), "no numbers"),
    "decimals grouped": (lambda s: s.count("x", by="cost", of="stays"), "bands"),
    "times grouped": (lambda s: s.count("x", by="at", of="stays"), "bands"),
    "bands of text": (lambda s: s.count("x", by=bands("sex", [1]), of="stays"), "no bands"),
    "falling bands": (lambda s: bands("age", [2, 1]), "ascending"),
    "equal bands": (lambda s: bands("age", [1, 1]), "ascending"),
    "no bands": (lambda s: bands("age", []), "edges"),
    "bands of flags": (lambda s: bands("age", [False, True]), "edges"),
    "bands as text": (lambda s: bands("age", "12"), "edges"),
    "too many bands": (lambda s: bands("age", range(101)), "edges"),
    "bands of nothing": (lambda s: bands(None, [1]), "column"),
    "grouped twice": (lambda s: s.count("x", by=["sex", "sex"], of="stays"), "twice"),
    "bands beside values": (lambda s: s.count("x", by=["age", bands("age", [9])], of="stays"), "twice"),
    "seven groupings": (lambda s: s.count("x", by=["sex"] * 7, of="stays"), "at most 6"),
    "a filter as group": (lambda s: s.count("x", by=[aged > 3], of="stays"), "by"),
    "a group of nothing": (lambda s: s.count("x", by=None, of="stays"), "by"),
    "totals of nothing": (lambda s: s.count("x", totals=True, of="stays"), "totals"),
    "totals as word": (lambda s: s.count("x", by="sex", totals="yes", of="stays"), "totals"),
    "odd rounding": (lambda s: s.count("x", rounding="up", of="stays"), "rounding"),
    "no measures": (lambda s: s.table("x", measures=[], of="stays"), "measures"),
    "a measure twice": (lambda s: s.table("x", measures=[measure.rows()] * 2, of="stays"), "twice"),
    "21 measures": (lambda s: s.table("x", measures=[measure.rows()] * 21, of="stays"), "1 to 20"),
    "a word as measure": (lambda s: s.table("x", measures=["mean"], of="stays"), "measures"),
    "a filter in a count": (lambda s: s.table("x", measures=measure.people(aged > 3), of="stays"), "ratio"),
    "equal parts": (lambda s: s.ratio("x", measure.rows(), measure.rows(), of="stays"), "the same"),
    "a mean in a ratio": (lambda s: s.ratio("x", measure.mean("age"), measure.rows(), of="stays"), "part of a ratio"),
    "per 7": (lambda s: s.ratio("x", measure.people(), measure.rows(), per=7, of="stays"), "per"),
    "per true": (lambda s: s.ratio("x", measure.people(), measure.rows(), per=True, of="stays"), "per"),
    "quantile 0": (lambda s: s.quantile("x", "age", 0, of="stays"), "quantile"),
    "quantile 50": (lambda s: s.quantile("x", "age", 50, of="stays"), "quantile"),
    "quantile as word": (lambda s: s.quantile("x", "age", "half", of="stays"), "quantile"),
    "seven decimals": (lambda s: s.mean("x", "age", decimals=7, of="stays"), "decimals"),
    "decimals as flag": (lambda s: s.mean("x", "age", decimals=True, of="stays"), "decimals"),
    "a title of lines": (lambda s: s.count("x", title="a\nb", of="stays"), "title"),
    "an endless title": (lambda s: s.count("x", title="a" * 501, of="stays"), "title"),
    "text beside number": (lambda s: s.count("x", where=aged == "old", of="stays"), "compared"),
    "number beside text": (lambda s: s.count("x", where=col("stays", "sex") == 3, of="stays"), "compared"),
    "flag beside number": (lambda s: s.count("x", where=aged == True, of="stays"), "compared"),  # noqa: E712
    "number beside flag": (lambda s: s.count("x", where=col("stays", "died") == 1, of="stays"), "compared"),
    "order of flags": (lambda s: s.count("x", where=col("stays", "died").isin([1]), of="stays"), "order"),
    "no date": (lambda s: s.count("x", where=col("stays", "day") == "soon", of="stays"), "compared"),
    "a flag as filter": (lambda s: s.count("x", where=True, of="stays"), "where"),
    "deep filter": (lambda s: s.count("x", where=~~~~~~~~(aged > 1), of="stays"), "8 levels"),
    "101 conditions": (lambda s: s.count("x", where=_many(101), of="stays"), "100 conditions"),
    "odd protection": (lambda s: s.count("x", protect="hide", of="stays"), "protect"),
    "nothing to merge": (lambda s: s.count("x", protect="merge", of="stays"), "no groups"),
    "hidden deviations": (lambda s: s.sd("x", "age", by="sex", totals=True, protect="suppress", of="stays"), "sums and means only"),
    "several rows beside": (lambda s: s.count("x", by=col("stays", "sex"), of="people"), "several rows"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("protect", "more"),
    [("suppress", {"by": "sex", "totals": True}), ("merge", {"by": bands("age", [30, 50])})],
)
def test_protection_is_asked_for(fresh: Study, protect: str, more: dict[str, Any]) -> None:
    fresh.count("x", of="stays", protect=protect, **more)
    written = json.loads((fresh.place.outputs / "x.json").read_text())
    assert written.pop("protect") == protect
    OutputRequest.read(written, "x.json")


def _many(count: int) -> Any:
    made = aged > 0
    for n in range(1, count):
        made = made & (aged != n)
    return made


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_asked_is_refused_and_nothing_is_written(fresh: Study, what: str) -> None:
    call, says = REFUSED[what]
    with pytest.raises(StudyError, match=says):
        call(fresh)
    assert list(fresh.place.outputs.iterdir()) == []


# --- analyses ---------------------------------------------------------------------------------


def test_a_regression_is_written_as_closed_terms(fresh: Study) -> None:
    fresh.regression(
        "r", "cost", ["age", category(col("people", "area"), "S")], of="stays", where=aged > 20,
        interactions=[("age", col("people", "area"))],
    )  # fmt: skip
    area = {"table": "people", "name": "area"}
    assert json.loads((fresh.place.outputs / "r.json").read_text()) == {
        "request": 1, "kind": "regression", "name": "r", "table": "stays",
        "title": "Linear regression of cost", "family": "linear",
        "outcome": {"table": "stays", "name": "cost"}, "decimals": 3, "rounding": "exact",
        "terms": [{"column": aged.plain(), "as": "number"},
                  {"column": area, "as": "category", "reference": "S"}],
        "interactions": [{"first": aged.plain(), "second": area}], "where": where("gt", 20),
    }  # fmt: skip


def test_a_survival_curve_is_written_with_its_step(fresh: Study) -> None:
    fresh.survival("s", "age", "died", step=10, by="sex", of="stays")
    assert json.loads((fresh.place.outputs / "s.json").read_text()) == {
        "request": 1, "kind": "survival", "name": "s", "table": "stays", "title": "Survival by age",
        "time": aged.plain(), "event": {"table": "stays", "name": "died"},
        "by": [{"column": {"table": "stays", "name": "sex"}}], "step": 10, "decimals": 3,
        "rounding": "exact",
    }  # fmt: skip


def test_correlations_are_written_and_shown(fresh: Study) -> None:
    seen = fresh.correlation("c", ["age", "cost"], of="stays", decimals=2)
    assert json.loads((fresh.place.outputs / "c.json").read_text()) == {
        "request": 1, "kind": "correlation", "name": "c", "table": "stays", "decimals": 2,
        "title": "Correlations of age, cost", "rounding": "exact",
        "of": [aged.plain(), {"table": "stays", "name": "cost"}],
    }  # fmt: skip
    assert seen.columns == {
        "first": ["age"], "second": ["cost"], "correlation": [pytest.approx(1.0)], "rows": [20],
    }  # fmt: skip


NOT_FITTED: dict[str, tuple[Callable[[Study], Any], str]] = {
    "one column": (lambda s: s.correlation("x", ["age"], of="stays"), "2 to 10"),
    "columns as text": (lambda s: s.correlation("x", "age", of="stays"), "list"),
    "text correlated": (lambda s: s.correlation("x", ["age", "sex"], of="stays"), "columns"),
    "with itself": (lambda s: s.correlation("x", ["age", "age"], of="stays"), "twice"),
    "family": (lambda s: s.regression("x", "cost", ["age"], family="tobit", of="stays"), "family"),
    "text outcome": (lambda s: s.regression("x", "sex", ["age"], of="stays"), "outcome"),
    "decimal count": (lambda s: s.regression("x", "cost", ["age"], family="poisson", of="stays"), "outcome"),
    "cox alone": (lambda s: s.regression("x", "age", ["cost"], family="cox", of="stays"), "event"),
    "event elsewhere": (lambda s: s.regression("x", "cost", ["age"], event="died", of="stays"), "event"),
    "cox of nothing": (lambda s: s.regression("x", "age", family="cox", event="died", of="stays"), "term"),
    "text as number": (lambda s: s.regression("x", "cost", [number("sex")], of="stays"), "category"),
    "decimal as category": (lambda s: s.regression("x", "age", [category("cost")], of="stays"), "too many"),
    "used twice": (lambda s: s.regression("x", "cost", ["cost"], of="stays"), "twice"),
    "no such reference": (lambda s: s.regression("x", "cost", [category("sex", "X")], of="stays"), "reference"),
    "31 terms": (lambda s: s.regression("x", "cost", ["age"] * 31, of="stays"), "at most 30"),
    "not terms": (lambda s: s.regression("x", "cost", [3], of="stays"), "terms"),
    "crossed alone": (lambda s: s.regression("x", "cost", ["age"], interactions=[("age", "sex")], of="stays"), "interactions"),
    "crossed with itself": (lambda s: s.regression("x", "cost", ["age"], interactions=[("age", "age")], of="stays"), "interactions"),
    "no pair": (lambda s: s.regression("x", "cost", ["age"], interactions=["age"], of="stays"), "interactions"),
    "not 0 and 1": (lambda s: s.regression("x", "age", ["cost"], family="logistic", of="stays"), "0 and 1"),
    "no person": (lambda s: s.regression("x", PERSON, ["cost"], of="stays"), "singles people"),
    "told exactly": (lambda s: s.regression("x", "born", [category("visits")], of="people"), "too few rows"),
    "event as text": (lambda s: s.survival("x", "age", "sex", step=1, of="stays"), "event"),
    "time as text": (lambda s: s.survival("x", "sex", "died", step=1, of="stays"), "time"),
    "no step": (lambda s: s.survival("x", "age", "died", step=0, of="stays"), "step"),
    "step as flag": (lambda s: s.survival("x", "age", "died", step=True, of="stays"), "step"),
    "three groups": (lambda s: s.survival("x", "age", "died", step=1, by=["sex", "day", bands("cost", [1])], of="stays"), "at most 2"),
    "time is event": (lambda s: s.survival("x", "age", "age", step=1, of="stays"), "twice"),
}  # fmt: skip


@pytest.mark.parametrize("what", NOT_FITTED)
def test_what_cannot_be_fitted_is_refused(fresh: Study, what: str) -> None:
    call, says = NOT_FITTED[what]
    with pytest.raises(StudyError, match=says):
        call(fresh)
    assert list(fresh.place.outputs.iterdir()) == []


def test_a_curve_by_hand(tmp_path: Path) -> None:
    """Four people: deaths at 1 and 2, one lost at 2, one seen until 5."""
    rows = [{PERSON: f"p{n}", "t": t, "e": e} for n, (t, e) in
            enumerate([(1, True), (2, True), (2, False), (5, False)])]  # fmt: skip
    house = worked(tmp_path, {"people": ({"t": "integer", "e": "boolean"}, rows)})
    seen = house.study.survival("s", "t", "e", step=2, of="people")
    assert seen.columns == {
        "time": [2.0, 4.0, 6.0], "at risk": [4, 1, 1], "events": [2, 0, 0],
        "survival": [pytest.approx(0.75 * 2 / 3)] * 3,
    }  # fmt: skip


# --- data -------------------------------------------------------------------------------------


def test_data_are_read_when_asked_for(fresh: Study) -> None:
    assert fresh.tables() == ["stays", "people"]
    table = fresh.data("stays")
    assert (table.name, table.person, table.forms["sex"]) == ("stays", PERSON, "exact")
    assert table.columns == {PERSON: "code", **KINDS["stays"]}
    assert table.arrow().num_rows == 20
    assert table.arrow(["sex"]).column_names == ["sex"]
    assert table.duckdb().filter("age > 30").aggregate("count(*)").fetchone() == (16,)
    with pytest.raises(StudyError, match="no column"):
        table.arrow(["weight"])
    with pytest.raises(StudyError, match="it has people, stays"):
        fresh.data("tests")


def test_queries_see_all_tables_and_what_is_given(fresh: Study) -> None:
    mine = pa.table({"area": ["N"], "word": ["north"]})
    query = (
        "SELECT word, count(*) FROM stays JOIN people USING (person_code) JOIN mine USING (area) "
        "GROUP BY word"
    )
    assert fresh.sql(query, mine=mine).fetchall() == [("north", 11)]
    with pytest.raises(StudyError, match="release has a table"):
        fresh.sql("SELECT 1", people=mine)
    with pytest.raises(StudyError, match="query"):
        fresh.sql("SELECT nothing FROM stays")
    with pytest.raises(StudyError, match="query"):
        fresh.sql("  ")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM glob('/etc/*')",
        "COPY stays TO '/tmp/stays.csv'",
        "ATTACH '/tmp/elsewhere.duckdb'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
        "SELECT * FROM 'https://192.0.2.1/x.parquet'",
    ],
)
def test_queries_reach_for_nothing_else(fresh: Study, query: str) -> None:
    with pytest.raises(StudyError):
        fresh.sql(query).fetchall()


def test_what_is_not_installed_is_said(fresh: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pandas", "polars"):
        monkeypatch.setitem(sys.modules, name, None)
    for call in (fresh.data("stays").pandas, fresh.data("stays").polars):
        with pytest.raises(StudyError, match="not installed in this runtime"):
            call()


# --- where it works ---------------------------------------------------------------------------


def test_nothing_is_printed_of_the_data(fresh: Study, capsys: pytest.CaptureFixture[str]) -> None:
    ASKED["all measures"](fresh)
    said = capsys.readouterr()
    assert said.out + said.err == ""


def test_the_environment_says_where(
    house: Worked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMMONWEAL_RELEASE", str(house.study.place.release_folder))
    monkeypatch.setenv("COMMONWEAL_OUTPUTS", str(tmp_path / "left"))
    monkeypatch.setenv("COMMONWEAL_REFERENCE", str(tmp_path))
    (tmp_path / "codes.csv").write_text("code\n")
    there = Study()
    there.count("x", of="stays")
    assert (tmp_path / "left" / "x.json").is_file()
    assert there.reference("codes.csv") == tmp_path / "codes.csv"
    for odd in ("other.csv", "../x", ""):
        with pytest.raises(StudyError, match="name"):
            there.reference(odd)


@pytest.mark.parametrize(
    ("description", "says"),
    [
        (None, "missing or broken"),
        ("{", "missing or broken"),
        ("[]", "does not describe"),
        ('{"id": "r", "tables": {"a": {}}}', "does not describe"),
        ('{"id": "r", "tables": {"a": {"person": null, "columns": {}}}}', "no files"),
    ],
)
def test_what_is_no_release_is_refused(tmp_path: Path, description: str | None, says: str) -> None:
    if description is not None:
        (tmp_path / "release.json").write_text(description)
    with pytest.raises(StudyError, match=says):
        Study(Place(tmp_path)).tables()


def test_without_a_release_it_is_said_what_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COMMONWEAL_RELEASE", raising=False)
    with pytest.raises(StudyError, match="study dummy"):
        Study().tables()


def test_made_up_data_say_so_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = job_release(tmp_path / "r", {"people": (KINDS["people"], PEOPLE)})
    (folder / "MADE-UP.txt").write_text("These data are made up.\nAnd more.\n")
    study = Study(Place(folder, tmp_path / "o"))
    study.count("x", of="people")
    study.tables()
    assert capsys.readouterr().err == "These data are made up.\n"


def test_rows_of_nobody_are_not_counted(tmp_path: Path) -> None:
    tables = {"wards": ({"ward": "text"}, [{"ward": "A"}]), "people": (KINDS["people"], PEOPLE)}
    study = Study(Place(job_release(tmp_path / "r", tables, ["wards"]), tmp_path / "o"))
    assert study.data("wards").arrow().num_rows == 1
    with pytest.raises(StudyError, match="not about people"):
        study.count("x", of="wards")
    with pytest.raises(StudyError, match="not about people"):
        study.count("x", by=col("wards", "ward"), of="people")
