"""The desk on a real sandbox: what is compared with a release, and a model beside its recipe."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from commonweal.airlock.checking import FileReport, check_files
from commonweal.airlock.desk import Desk
from commonweal.sandbox.box import Sandbox
from tests import files_house
from tests.files_house import SACRO, csv_of, cut_of
from tests.models_house import WIDE, Hospital, coefficients, recipe, ridge, wide_hospital

FED = WIDE[:5]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    record = tmp_path_factory.mktemp("sandbox") / "users.json"
    return Sandbox.open(record, demo=True, cgroup=None)


# --- files ----------------------------------------------------------------------------------------


def compared(folder: Path, sandbox: Sandbox, content: bytes) -> FileReport:
    release = files_house.release(folder)
    place = Desk(lambda: sandbox, "p", folder, sieve=files_house.sieve(), release=release)
    (folder / "t.csv").write_bytes(content)
    (report,) = check_files([folder / "t.csv"], SACRO, None, folder, desk=place).files
    return report


def test_a_number_of_the_source_is_found_by_the_sieve_and_its_author_hears_nothing_of_it(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    safe = compared(tmp_path, sandbox, csv_of(["note"], [["all is well"], ["nothing"]]))
    named = compared(tmp_path, sandbox, csv_of(["note"], [["see RX700091"], ["nothing"]]))
    assert safe.verdict("reviewer") == "review"
    assert named.verdict("reviewer") == "fail"
    assert "sieve" in {one.rule for one in named.findings}
    told = [one.plain(SACRO, "author") for one in (safe, named)]
    for plain in told:
        del plain["sha256"]
    assert told[0] == told[1]


def test_rows_of_people_are_found_in_the_release(tmp_path: Path, sandbox: Sandbox) -> None:
    columns = ["age_band", "ward", "sex", "nights", "admitted"]
    rows = compared(tmp_path, sandbox, csv_of(columns, cut_of(range(60), columns)))
    assert rows.verdict("reviewer") == "fail"


# --- models ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> tuple[Hospital, Path]:
    folder = tmp_path_factory.mktemp("hospital")
    made = wide_hospital(folder / "people", 400, 150)
    for name, files in made.holdout.items():
        (folder / "lent" / "holdout" / name).mkdir(parents=True)
        for number, file in enumerate(files):
            shutil.copy(file, folder / "lent" / "holdout" / name / f"part-{number}.parquet")
    return made, folder / "lent"


def examined(
    folder: Path, sandbox: Sandbox, hospital: tuple[Hospital, Path], *, row: bool = False
) -> dict[str, FileReport]:
    people, lent = hospital
    members = people.fed(recipe(FED))
    fed = np.column_stack([members.fed, np.ones(len(members.fed))])
    weights = ridge(fed, 2 * members.outcome - 1, 5.0)
    if row:
        weights = np.append(members.fed[7], weights[-1])
    coefficients(folder / "risk.json", weights, FED)
    said = recipe(FED, file="risk.json").model_dump(mode="json", by_alias=True)
    (folder / "risk.recipe.json").write_text(json.dumps(said))
    kinds = {"risk.json": "model", "risk.recipe.json": "model"}
    work = folder / "work"
    work.mkdir()
    place = Desk(lambda: sandbox, "p", work, kinds, release=people.release, lent=lent)  # type: ignore[arg-type]
    paths = [folder / name for name in kinds]
    return {one.path: one for one in check_files(paths, SACRO, None, work, desk=place).files}


def test_a_model_is_attacked_with_the_hold_out_and_never_passes(
    tmp_path: Path, sandbox: Sandbox, hospital: tuple[Hospital, Path]
) -> None:
    found = examined(tmp_path, sandbox, hospital)
    model, beside = found["risk.json"], found["risk.recipe.json"]
    assert (model.kind, model.model, beside.kind) == ("model", "coefficients", "json")
    assert model.verdict("reviewer") == beside.verdict("reviewer") == "review"
    assert {"declared", "model-unproved"} <= {one.rule for one in model.findings}
    assert "  trained on 400 people, held out 150" in model.card
    assert model.for_record(SACRO)["card"] == list(model.card)
    # What the card says is about people: it is the reviewers' alone.
    assert "card" not in model.plain(SACRO, "author")
    assert [one.name for one in beside.renderings] == ["risk.json"]


def test_a_model_that_holds_a_patients_row_fails(
    tmp_path: Path, sandbox: Sandbox, hospital: tuple[Hospital, Path]
) -> None:
    found = examined(tmp_path, sandbox, hospital, row=True)["risk.json"]
    assert "model-rows" in {one.rule for one in found.findings if one.outcome == "fail"}
    assert found.verdict("reviewer") == "fail"
