"""`catalogue describe`: what is published, for whom, and what stays in the vault."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from commonweal.cli.app import whole
from commonweal.foundation.canonical import parse_json
from commonweal.foundation.clock import stamp
from commonweal.papers.figures import CatalogueFigures
from commonweal.vault.figures import history
from commonweal.vault.figures.describing import publish_told
from commonweal.vault.figures.publishing import band_of, cell
from tests.figures_house import PEOPLE, Count, described, figures, figures_house, keep
from tests.release_house import MARKER, House, objection, refused


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, CatalogueFigures]]:
    """A house that was described once; tests that use it change nothing."""
    house = figures_house(tmp_path_factory.mktemp("figures") / "house")
    yield house, figures(house)
    house.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = figures_house(tmp_path / "house")
    yield house
    house.close()


Made = tuple[House, CatalogueFigures]


@pytest.mark.parametrize("table", ["patients", "admissions", "tests"])
def test_every_count_is_near_the_slow_one(made: Made, table: str) -> None:
    house, paper = made
    true, shown = Count(house, table), paper.tables[table]
    assert shown.people is not None
    assert shown.rows is not None
    assert abs(shown.people - len(true.people)) < 10
    assert abs(shown.rows - len(true.rows)) < 10
    for name, one in shown.variables.items():
        whole = 100 * true.whole(name) / len(true.people)
        assert one.complete is not None
        assert abs(one.complete - whole) <= 3, name
        counts = true.codes(name)
        assert all(abs(code.people - counts[code.code]) < 10 for code in one.codes), name
        assert all(counts[code.code] >= 10 for code in one.codes), name


@pytest.mark.parametrize(
    ("table", "name"), [("patients", "sex"), ("patients", "ethnicity"),
                        ("admissions", "diagnosis"), ("tests", "value")]
)  # fmt: skip
def test_the_band_of_the_exact_form_is_the_slow_one(made: Made, table: str, name: str) -> None:
    house, paper = made
    shown = paper.tables[table].variables[name].forms["exact"]
    assert shown.band == band_of(Count(house, table).bits(name))
    inner = history.read_inner(house.custody(), paper.release)
    found = inner.bits[cell(table, name, "bits", "exact")]
    assert found == pytest.approx(Count(house, table).bits(name), abs=1e-9)


def test_bits_fall_from_form_to_coarser_form(made: Made) -> None:
    house, paper = made
    bits = history.read_inner(house.custody(), paper.release).bits

    def of(table: str, name: str, form: str) -> float:
        return bits[cell(table, name, "bits", form)]

    admitted = [of("admissions", "admitted", form) for form in ("exact", "month", "year")]
    assert admitted == sorted(admitted, reverse=True)
    assert of("tests", "value", "round(0.5)") <= of("tests", "value", "exact")
    assert of("patients", "ethnicity", "rollup(10)") <= of("patients", "ethnicity", "exact")
    assert of("admissions", "diagnosis", "truncate(3)") <= of("admissions", "diagnosis", "exact")


def test_nothing_of_who_somebody_is_or_wrote_is_published(made: Made) -> None:
    house, paper = made
    text = paper.canonical().decode()
    assert MARKER not in text
    assert not any(number in text for number in house.numbers)
    assert not any(row["postcode"] in text for row in house.tables["patients"])
    admissions = paper.tables["admissions"].variables
    assert (admissions["loaded"].range, admissions["audited"].range) == (None, None), "S16"
    assert "undecided" not in paper.tables["patients"].variables
    assert paper.tables["patients"].variables["genome"].codes == ()


def test_the_ledger_the_public_file_and_the_history_agree(made: Made) -> None:
    house, paper = made
    (event,) = house.events("catalogue.described")
    assert event["figures_hash"] == paper.digest()
    assert event["release"] == paper.release == "figures-hospital.r1"
    folder = house.home / "history" / paper.release
    public = house.home / "public" / "figures" / "hospital.jws"
    assert public.read_bytes() == (folder / "figures.jws").read_bytes()
    assert CatalogueFigures.load(public.read_bytes(), house.custody().belief) == paper
    manifest = parse_json((folder / "manifest.json").read_bytes(), "The manifest")
    assert manifest["kind"] == "catalogue_figures"
    assert {one["path"] for one in manifest["files"]} == {
        str(path.relative_to(folder)) for path in folder.rglob("*")
        if path.is_file() and path.name not in ("figures.jws", "manifest.json")
    }  # fmt: skip
    sealed = b"".join(path.read_bytes() for path in folder.rglob("*.parquet"))
    assert b"PAR1" not in sealed, "exact counts are sealed"
    assert "figures-hospital.r1" in house.events("catalogue.described")[0]["release"]


def test_the_audit_finds_who_is_behind_each_count(made: Made) -> None:
    house, paper = made
    cells = {(t, v): rows for t, v, rows in history.read_cells(house.custody(), paper.release)}
    assert cells["patients", None].num_rows == PEOPLE
    diagnosis = cells["admissions", "diagnosis"].to_pylist()
    true = Count(house, "admissions").codes("diagnosis")
    for code, count in true.items():
        assert len({one["number"] for one in diagnosis if one["code"] == code}) == count
    everybody = {one["number"] for one in diagnosis if one["code"] is None}
    assert everybody == set(range(1, PEOPLE + 1))


def test_people_who_said_no_are_not_counted(house: House) -> None:
    gone = house.numbers[:60]
    no = [objection(gone[0], "no_companies"), objection(gone[1], "no_ai_training"),
          objection(gone[2], "no_research_here"),
          *(objection(one) for one in gone[3:30])]  # fmt: skip
    house.choose(house.numbers[:30] + house.numbers[60:], no)
    paper = figures(house)
    inner = history.read_inner(house.custody(), paper.release)
    assert inner.held[cell("people")] == PEOPLE - 60
    allowed = set(house.numbers) - set(gone)
    true = Count(house, "admissions", allowed)
    held = inner.held[cell("admissions", "diagnosis", "code", "J45.0")]
    assert held == true.codes("diagnosis")["J45.0"]
    assert paper.tables["patients"].variables["sex"].complete is None, "fewer than 200 people"
    assert set(paper.choices.applied) >= {"national", "local_objection", "no_companies"}
    assert all(not shown.measured for one in paper.tables["patients"].variables.values()
               for shown in one.forms.values())  # fmt: skip


def test_codes_that_the_law_keeps_apart_are_never_listed(house: House) -> None:
    for row in house.tables["admissions"][:80]:
        row["diagnosis"] = "A51.0"
    keep(house)
    paper = figures(house)
    codes = [one.code for one in paper.tables["admissions"].variables["diagnosis"].codes]
    assert "A51.0" not in codes
    assert "J45.0" in codes
    assert "A51.0" not in paper.canonical().decode()


def test_without_numbers_without_choices_or_with_another_catalogue_nothing_is_made(
    house: House,
) -> None:
    house.catalogue_data["datasets"][0]["tables"][0]["variables"][2]["forms"] = ["year"]
    house.write_catalogue()
    assert refused(lambda: described(house)).code == "CW-CATALOGUE-NOT-KEPT"
    keep(house)
    house.choose(checked_at=stamp(house.clock.now().replace(year=2020)))
    assert refused(lambda: described(house)).code.startswith("CW-CHOICES-")
    house.choose()
    (house.choices / "objections.csv").unlink()
    assert refused(lambda: described(house)).exit_code == 5
    assert house.events("catalogue.described") == []
    assert not (house.home / "public" / "figures").exists()
    assert list((house.home / "history").glob("*")) == []


def test_what_was_cut_off_is_finished_or_cleared(house: House) -> None:
    first = described(house)
    first.place.unlink()
    publish_told(house.custody())
    assert first.place.is_file()
    left = house.home / "history" / "figures-hospital.r2"
    left.mkdir()
    assert described(house).figures.sequence == 2, "a version that the ledger never heard of"
    (house.home / "history" / "figures-hospital.r2" / "values" / "counts.parquet").unlink()
    assert refused(lambda: described(house)).code == "CW-FIGURES-BROKEN"


def test_the_commands(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house, paper = made
    monkeypatch.setenv("COMMONWEAL_ROOT_STORE", str(house.root))
    run = CliRunner()
    base = ["--home", str(house.home), "catalogue"]
    for kind in ("hdruk", "croissant", "csv"):
        out = tmp_path / f"out.{kind}"
        asked = [*base, "export", "hospital", "--format", kind, "--out", str(out), "--json"]
        answer = run.invoke(whole(), asked)
        assert answer.exit_code == 0, answer.output
        assert json.loads(answer.stdout)["with_figures"] is True
        assert str(house.source) not in out.read_text(), "no place of the data"
        assert str(paper.people) in out.read_text() or kind == "csv"
    gone = run.invoke(
        whole(), [*base, "export", "none", "--format", "csv", "--out", str(tmp_path / "x")]
    )
    assert gone.exit_code != 0
    assert not (tmp_path / "x").exists()
