"""`feasibility build` and `ask`: what is frozen, for whom, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from commonweal.airlock.audit.history import read_history
from commonweal.cli.app import whole
from commonweal.papers.cube import FrozenCube, cell_name
from commonweal.vault.cube import keeping
from commonweal.vault.cube.asking import ask
from commonweal.vault.cube.building import BuiltCube
from commonweal.vault.custody import change_state
from commonweal.vault.figures import history
from tests.cube_house import built, by_cell, cube_house, declaration, declaration_data, standing
from tests.figures_house import PEOPLE
from tests.release_house import MARKER, House, objection, refused

Made = tuple[House, Path, BuiltCube]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """A house with a cube; tests that use it change nothing."""
    house = cube_house(tmp_path_factory.mktemp("cube") / "house")
    permit = standing(house)
    yield house, permit, built(house, permit)
    house.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = cube_house(tmp_path / "house")
    yield house
    house.close()


def true_cells(house: House) -> dict[tuple[int | None, ...], int]:
    """Counted person by person: nobody of this hospital is in a rare category."""
    diagnoses: dict[str, set[str]] = {}
    for row in house.tables["admissions"]:
        diagnoses.setdefault(row["nhs_number"], set()).add(row["diagnosis"][:3])
    found: dict[tuple[int | None, ...], int] = {}
    for person in house.tables["patients"]:
        age = 2026 - int(person["born"][:4]) - (person["born"][5:] > "03-01")
        ages = [None] + [n for n, low in ((0, 50), (1, 70)) if low <= age < low + 10]
        mine = diagnoses[person["nhs_number"]]
        codes = [code for code in ("Z99", "J45", "I21") if code in mine]
        places = [None] + [("Z99", "J45", "I21").index(c) for c in codes[:2]]
        for one in ages:
            for sex in (None, "FM".index(person["sex"])):
                for code in places:
                    found[one, sex, code] = found.get((one, sex, code), 0) + 1
    return found


def test_every_figure_was_counted_right_and_is_near(made: Made) -> None:
    house, _, one = made
    true = true_cells(house)
    held = keeping.read_held(house.custody(), one.cube.release)
    dimensions = one.cube.declaration.dimensions
    shown = by_cell(one.cube.cells)
    edges = one.cube.declaration.edges
    places = [[None, *range(len(d.categories))] for d in dimensions]
    for at in ((a, b, c) for a in places[0] for b in places[1] for c in places[2]):
        told = held[cell_name(dimensions, at)]
        assert told.people == true.get(at, 0), at
        assert abs(told.value - told.people) <= 30
        band = shown.get(at, -1)
        assert (edges[band] if band >= 0 else 0) <= max(told.value, 0) < edges[band + 1]
    assert true[None, None, None] == PEOPLE
    assert shown[None, None, None] >= 1


def test_answers_are_bands_and_rare_and_unknown_are_alike(made: Made) -> None:
    house, _, one = made
    everybody = ask(house.custody(), "hospital", [])
    assert everybody.answer.low >= 50
    asthma = ask(house.custody(), "hospital", ["diagnosis=asthma"])
    assert asthma.answer.low in one.cube.declaration.edges
    rare = ask(house.custody(), "hospital", ["diagnosis=rare"]).answer
    unknown = ask(house.custody(), "hospital", ["diagnosis=plague"]).answer
    assert rare == unknown
    assert (rare.low, rare.high) == (0, 50)
    assert ask(house.custody(), "hospital", ["diagnosis=asthma"]).answer == asthma.answer
    for question in (["postcode=LS1"], ["diagnosis"], ["sex=F", "sex=M"], ["=F"]):
        assert refused(lambda q=question: ask(house.custody(), "hospital", q)).code == (
            "CW-CUBE-QUESTION"
        )
    assert refused(lambda: ask(house.custody(), "clinic", [])).code == "CW-CUBE-MISSING"


def test_ledger_history_and_what_is_answered_from_agree(made: Made) -> None:
    house, _, one = made
    (event,) = house.events("feasibility.frozen")
    assert event["release"] == one.cube.release == "cube-hospital.2026-03"
    assert one.cube.digest() not in json.dumps(event), "the hash of what is not public (S10)"
    folder = house.home / "history" / one.cube.release
    assert one.place.read_bytes() == (folder / "figures.jws").read_bytes()
    assert FrozenCube.load(one.place.read_bytes(), house.custody().belief) == one.cube
    assert MARKER not in one.cube.canonical().decode()
    sealed = b"".join(path.read_bytes() for path in folder.rglob("*.parquet"))
    assert b"PAR1" not in sealed
    audited = read_history(house.home / "history")
    assert [pin.output for pin in audited.by_rule] == [one.cube.release], "release 0 (S22)"
    behind = {v: rows for _, v, rows in history.read_cells(house.custody(), one.cube.release)}
    assert set(behind) == {"born", "sex", "diagnosis"}
    assert len(set(behind["sex"].column("number").to_pylist())) == PEOPLE


def test_people_who_said_no_are_not_counted(house: House) -> None:
    gone = house.numbers[:60]
    no = [objection(gone[0], "no_companies"), objection(gone[1], "no_research_here"),
          objection(gone[2], "project_objection", "asthma"),
          *(objection(one) for one in gone[3:30])]  # fmt: skip
    house.choose(house.numbers[:30] + house.numbers[60:], no)
    one = built(house, standing(house))
    held = keeping.read_held(house.custody(), one.cube.release)
    everybody = cell_name(one.cube.declaration.dimensions, (None, None, None))
    assert held[everybody].people == PEOPLE - 60
    assert {"national", "no_companies", "local_objection"} <= set(one.cube.choices.applied)


def test_a_month_has_one_cube_and_the_next_keeps_what_hardly_changed(house: House) -> None:
    permit = standing(house)
    first = built(house, permit)
    assert refused(lambda: built(house, permit)).code == "CW-CUBE-FROZEN"
    other = {"title": "Another list of questions"}
    assert refused(lambda: built(house, permit, **other)).code == "CW-CUBE-FROZEN"
    house.clock.advance(timedelta(days=31))
    house.choose(house.numbers[1:], [])
    second = built(house, permit)
    assert second.cube.month == "2026-04"
    assert second.cube.cells == first.cube.cells, "one person less shows nowhere"
    newest = ask(house.custody(), "hospital", [])
    assert newest.cube.release == second.cube.release
    house.clock.advance(timedelta(days=31))
    house.choose()
    assert refused(lambda: built(house, permit, spread=29)).code == "CW-CUBE-INVALID"
    other_dimensions = declaration_data()["dimensions"]
    other_dimensions[2]["categories"][0]["values"] = ["E11"]
    assert built(house, permit, spread=40, dimensions=other_dimensions).cube.month == "2026-05"
    house.clock.advance(timedelta(days=31))
    house.choose()
    assert refused(lambda: built(house, permit, spread=30)).code == "CW-CUBE-SPREAD"
    house.clock.advance(timedelta(days=62))
    assert refused(lambda: ask(house.custody(), "hospital", [])).code == "CW-CUBE-MISSING"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"processing": ["table"]}, "CW-PERMIT-ACTION"),
        ({"cohort": {"where": {"table": "patients", "variable": "sex", "op": "eq", "value": "F"}}},
         "CW-CUBE-PERMIT"),
    ],
)  # fmt: skip
def test_a_permit_that_does_not_carry_it_is_refused(
    house: House, changes: dict[str, object], code: str
) -> None:
    permit = standing(house, **changes)
    assert refused(lambda: built(house, permit)).code == code
    assert house.events("feasibility.frozen") == []


def test_what_the_permit_does_not_grant_is_not_asked_about(house: House) -> None:
    permit = standing(house)
    for place, change in (
        (0, {"form": "age_band(5,60)", "variable": "ethnicity"}),
        (1, {"variable": "ethnicity"}),
        (1, {"table": "tests", "variable": "code"}),
        (0, {"variable": "nhs_number", "form": "exact"}),
        (2, {"form": "exact"}),
        (2, {"variable": "note", "form": "exact"}),
    ):
        data = declaration_data()["dimensions"]
        data[place] |= change
        assert refused(lambda d=data: built(house, permit, dimensions=d)).code == "CW-CUBE-PERMIT"
    assert refused(lambda: built(house, permit, dataset="clinic")).code == "CW-CUBE-PERMIT"
    assert refused(lambda: built(house, permit, by="mallory")).code == "CW-PERMIT-PERSON"
    assert not (house.home / "feasibility").exists()


def test_stale_choices_and_a_stopped_permit_are_refused(house: House) -> None:
    permit = standing(house)
    (house.choices / "objections.csv").unlink()
    assert refused(lambda: built(house, permit)).exit_code == 5
    house.choose()
    built(house, permit)
    change_state(house.custody(), permit, "pause", reason="request_of_controller")
    assert refused(lambda: ask(house.custody(), "hospital", [])).code == "CW-PERMIT-PAUSED"
    house.clock.advance(timedelta(days=31))
    house.choose()
    assert refused(lambda: built(house, permit)).code == "CW-PERMIT-PAUSED"


def test_a_cube_that_was_changed_is_not_answered_from(house: House) -> None:
    one = built(house, standing(house))
    place = house.home / "history" / one.cube.release / "figures.jws"
    place.write_bytes(place.read_bytes().replace(b"e", b"f", 1))
    assert refused(lambda: ask(house.custody(), "hospital", [])).code == "CW-CUBE-INVALID"


def test_the_commands(house: House) -> None:
    permit = standing(house)
    place = house.base / "cube.json"
    place.write_text(json.dumps(declaration_data()))
    house.close()
    env = {"COMMONWEAL_HOME": str(house.home)}
    run = CliRunner()
    # The system's clock is long after the permit, so both are refused: with our errors.
    given = ["--catalogue", str(house.catalogue), "--declaration", str(place),
             "--choices", str(house.choices), "--by", "amira", "--json"]  # fmt: skip
    made = run.invoke(whole(), ["feasibility", "build", str(permit), *given], env=env)
    assert made.exception is not None
    asked = run.invoke(whole(), ["feasibility", "ask", "hospital", "sex=F", "--json"], env=env)
    assert asked.exception is not None
    assert getattr(asked.exception, "code", "").startswith("CW-")
    assert declaration().cells == 36
