"""Publications made elsewhere: read strictly, and compared by what they say they are about."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from commonweal.airlock.audit.history import read_history
from commonweal.airlock.audit.importing import import_publication
from commonweal.airlock.audit.running import Result, audit, read_proposals
from commonweal.cli.main import run as commonweal
from commonweal.foundation.errors import CommonwealError
from tests.audit_house import Asked, House, by, exactly, fives, tens, values

AGE = by("age", "30s", "40s", "50s")


def about(**changes: Any) -> dict[str, Any]:
    ages = [{"variable": "age", "values": [one]} for one in ("30s", "40s", "50s")]
    plain: dict[str, Any] = {
        "publication": 1,
        "output": "report-2025",
        "title": "Annual report",
        "published_at": "2025-06-01T00:00:00.000Z",
        "snapshot": "y2025",
        "rounded_to": 1,
        "hidden": [{"mark": "*", "least": 0, "most": 9}],
        "tables": [
            {
                "name": "ages",
                "title": "People by age",
                "population": {"conditions": []},
                "dimensions": [{"variable": "age", "categories": ages}],
            }
        ],
    }
    return plain | changes


FIGURES = "table,age,figure\nages,30s,60\nages,40s,60\nages,50s,62\nages,total,182\n"


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(tmp_path)
    for number in range(180):
        house.people[number] = {"age": ("30s", "40s", "50s")[number % 3], "ill": "yn"[number % 2]}
    return house


def bring(house: House, figures: str = FIGURES, **changes: Any) -> None:
    (house.folder / "f.csv").write_text(figures, encoding="utf-8")
    (house.folder / "f.json").write_text(json.dumps(about(**changes)), encoding="utf-8")
    import_publication(house.folder / "f.csv", house.folder / "f.json", house.history)


def run(house: House, *asked: Asked) -> Result:
    proposed = house.propose(*asked, output="new")
    history = read_history(house.history)
    return audit(history, read_proposals([proposed], history))


def test_an_earlier_report_minus_the_new_table(house: House) -> None:
    bring(house)
    result = run(house, Asked("t", (AGE,), margins=False))
    assert result.verdict == "fail"
    (finding,) = result.findings
    assert finding.sentence == "ages row 3 of report-2025 minus t row 3 of new = 2 people"
    assert finding.people is None


def test_a_narrower_table_is_subtracted_too(house: House) -> None:
    bring(house, figures="table,age,figure\nages,50s,33\n")
    result = run(house, Asked("ill", (AGE,), (values("ill", "y"),), margins=False))
    (finding,) = result.findings
    assert (finding.low, finding.high, finding.verdict) == (3, 3, "fail")


def test_sums_do_not_include_it_and_that_is_said(house: House) -> None:
    bring(house, figures="table,age,figure\nages,50s,600\n")
    result = run(house, Asked("t", (AGE,), margins=False, says=tens))
    assert result.findings == ()
    assert any("report-2025" in one for one in result.not_examined)
    assert result.verdict == "review"


def test_rounded_and_hidden_figures_say_what_they_say(house: House) -> None:
    bring(house, figures="table,age,figure\nages,30s,*\nages,50s,60\n", rounded_to=5)
    (output,) = list(read_history(house.history).load())
    cells = output.tables[0].cells
    assert list(zip(cells.low.tolist(), cells.high.tolist(), strict=True)) == [(0, 9), (58, 62)]
    result = run(house, Asked("t", (by("age", "50s"),), margins=False, says=fives))
    assert result.findings == ()  # the same figure again says nothing new


@pytest.mark.parametrize(("figure", "codes"), [(32, ["CW-AUDIT-NEAR"]), (300, [])])
def test_a_part_that_is_larger_than_the_whole_comes_from_another_source(
    house: House, figure: int, codes: list[str]
) -> None:
    """30 people of the fifties are ill now; the report says more of a part of them."""
    ages = {"variable": "age", "values": ["50s"]}
    table = about()["tables"][0]
    table["population"] = {
        "conditions": [
            {"variable": "ill", "values": ["y"]},
            {"variable": "sex", "values": ["f"]},
        ]
    }
    table["dimensions"] = [{"variable": "age", "categories": [ages]}]
    bring(house, figures=f"table,age,figure\nages,50s,{figure}\n", tables=[table])
    ill = Asked("ill", (by("age", "50s"),), (values("ill", "y"),), margins=False)
    result = run(house, ill)
    assert [one.code for one in result.findings] == codes
    assert result.verdict == "review"


WRONG = {
    "no figures of a table": "table,age,figure\n",
    "nothing": "",
    "no column of figures": "table,age\nages,30s\n",
    "a column twice": "table,age,age,figure\nages,30s,30s,1\n",
    "a table that is not there": "table,age,figure\nother,30s,1\n",
    "a category that is not there": "table,age,figure\nages,20s,1\n",
    "no category": "table,age,figure\nages,,1\n",
    "a cell twice": "table,age,figure\nages,30s,1\nages,30s,1\n",
    "a word": "table,age,figure\nages,30s,many\n",
    "a fraction": "table,age,figure\nages,30s,1.5\n",
    "less than nobody": "table,age,figure\nages,30s,-1\n",
    "too few columns": "table,age,figure\nages,30s\n",
    "a variable of no table": "table,age,sex,figure\nages,30s,f,1\n",
    "an open quote": 'table,age,figure\nages,"30s,1\n',
}


@pytest.mark.parametrize("figures", WRONG.values(), ids=WRONG.keys())
def test_figures_that_cannot_be_read_are_refused(house: House, figures: str) -> None:
    with pytest.raises(CommonwealError, match="CW-AUDIT-IMPORT"):
        bring(house, figures)
    assert list(house.history.iterdir()) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"publication": 2},
        {"rounded_to": 0},
        {"tables": []},
        {"hidden": [{"mark": "7", "least": 0, "most": 9}]},
        {"hidden": [{"mark": "*", "least": 9, "most": 0}]},
        {"hidden": [{"mark": "*", "least": 0}, {"mark": "*", "least": 1}]},
        {"output": "../elsewhere"},
        {"snapshot": ""},
        {"more": 1},
    ],
)
def test_documents_that_cannot_be_read_are_refused(house: House, changes: dict[str, Any]) -> None:
    with pytest.raises(CommonwealError, match="CW-AUDIT-IMPORT"):
        bring(house, **changes)


def test_a_figure_that_is_not_so_rounded_is_refused(house: House) -> None:
    with pytest.raises(CommonwealError, match="CW-AUDIT-IMPORT"):
        bring(house, rounded_to=5)


def test_two_categories_of_one_name_are_refused(house: House) -> None:
    tables = about()["tables"]
    tables[0]["dimensions"][0]["categories"] = [
        {"variable": "age", "values": ["total"]},
        {"variable": "age", "values": ["30s"]},
    ]
    with pytest.raises(CommonwealError, match="CW-AUDIT-IMPORT"):
        bring(house, tables=tables)


def test_a_publication_is_brought_in_once(house: House) -> None:
    bring(house)
    with pytest.raises(CommonwealError, match="CW-FILE-EXISTS"):
        bring(house)


def test_the_commands(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    (house.folder / "f.csv").write_text(FIGURES, encoding="utf-8")
    (house.folder / "f.json").write_text(json.dumps(about()), encoding="utf-8")
    history = str(house.history)
    files = [str(house.folder / "f.csv"), "--about", str(house.folder / "f.json")]
    assert commonweal(["airlock", "import-publication", *files, "--history", history]) == 0
    folder = str(house.propose(Asked("t", (AGE,), margins=False, says=exactly), output="new"))
    capsys.readouterr()
    assert commonweal(["airlock", "audit", "--history", history, folder, "--json"]) == 3
    plain = json.loads(capsys.readouterr().out)
    assert plain["verdict"] == "fail"
    assert plain["findings"][0]["sentence"].endswith("= 2 people")
    assert commonweal(["airlock", "audit", "--history", history, folder]) == 3
    assert "= 2 people" in capsys.readouterr().out
    author = ["airlock", "audit", "--history", history, folder, "--for", "author", "--json"]
    assert commonweal(author) == 4
    assert "CW-AUDIT-UNSEEN" in capsys.readouterr().out
    assert commonweal([*author, "--seen-by", "Dr Osei"]) == 0
    assert "2 people" not in capsys.readouterr().out
    assert commonweal(["airlock", "audit", "--history", history, folder, "--for", "x"]) == 2
    assert commonweal(["airlock", "audit", "--history", str(house.folder / "no"), folder]) == 3
    large = house.propose(Asked("u", (by("ill", "y", "n"),), margins=False, says=tens))
    (house.folder / "empty").mkdir()
    capsys.readouterr()
    empty = str(house.folder / "empty")
    assert commonweal(["airlock", "audit", "--history", empty, str(large)]) == 0
    assert "Verdict: pass" in capsys.readouterr().out
