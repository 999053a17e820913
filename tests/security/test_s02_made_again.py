"""S2: models made by running the study's hashed code again, on people of the custodian's choice.

The naive twin runs one attack on what the model says. A study's code that leaves a model which
remembers people, in a way that this attack does not see, passes the twin and not us; and code that
behaves well where it sees that it is being tested is caught by the attack that it cannot see.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commonweal.airlock.checking import known
from commonweal.airlock.models.card import ModelReport
from commonweal.airlock.models.retraining import Samples
from commonweal.airlock.models.running import Bench
from commonweal.airlock.models.telling import most_apart
from commonweal.airlock.report import FileReport
from commonweal.airlock.rules import for_reviewer
from commonweal.airlock.rules.findings import Finding
from commonweal.foundation.errors import Fault
from commonweal.foundation.files import sha256_file
from commonweal.papers.refusal import PermitRefused
from tests.models_house import (
    WIDE,
    Here,
    Hospital,
    InSandbox,
    looked_at,
    open_bench,
    recipe,
    rules,
    training,
    wide_hospital,
    with_limits,
)

FEW = with_limits(shadows=4, least_holdout=100)
REMEMBERS, CALM = 0.05, 1e6


@dataclass
class House:
    hospital: Hospital
    bench: Bench
    folder: Path

    def examined(self, made_by: Here | InSandbox, again: object) -> ModelReport:
        """What is found of the model that `made_by` makes, when `again` is to make it again."""
        place = self.bench.work / "first"
        (place / "sample").mkdir(parents=True, exist_ok=True)
        samples = Samples(self.hospital.release, self.hospital.holdout)
        (place / "made").mkdir(exist_ok=True)
        file = made_by.retrain(samples.same(place / "sample"), place / "made")
        fed = made_by.names if isinstance(made_by, Here) else WIDE
        beside = file.with_name("model.recipe.json")
        material = self.hospital.material(
            recipe=recipe(fed), retrainer=again,
            recipe_file=sha256_file(beside) if beside.is_file() else None,
        )  # fmt: skip
        return looked_at(file, self.bench, material, FEW)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    folder = tmp_path_factory.mktemp("again")
    return House(wide_hospital(folder / "hospital"), open_bench(folder / "bench"), folder)


def figure(report: ModelReport, attack: str) -> dict[str, float]:
    return {one["attack"]: one for one in report.card["figures"] if one["figure"] == "auc"}[attack]


def test_what_remembers_people_is_failed_by_models_made_again(house: House) -> None:
    report = house.examined(Here(REMEMBERS), Here(REMEMBERS))
    # The twin: one attack, by how sure the model is. It cannot tell.
    assert figure(report, "loss")["low"] < FEW.auc
    assert figure(report, "online")["low"] > FEW.auc
    assert report.card["verdict"] == "fail"
    assert report.card["shadows"] == 4
    assert "model-unproved" not in rules(report)
    assert "model-again" not in rules(report)


def test_what_is_made_of_many_people_can_pass(house: House, tmp_path: Path) -> None:
    # More people, fewer numbers: nothing is left to a person's review.
    place = wide_hospital(tmp_path / "many", members=1500, others=700)
    many = House(place, house.bench, tmp_path)
    calm = Here(CALM, WIDE[:10])
    report = many.examined(calm, calm)
    assert [(one.rule, one.where) for one in report.findings] == []
    assert report.card["verdict"] == "pass"
    for attack in ("loss", "learned", "straight", "offline", "online"):
        assert figure(report, attack)["high"] < FEW.auc


def test_code_that_makes_another_model_on_the_same_rows_is_a_review(house: House) -> None:
    report = house.examined(Here(REMEMBERS), Here(CALM))
    assert "model-again" in rules(report, "review")


class Watchful:
    """Makes a calm model wherever the rows are not those of its job: it sees that it is tested."""

    code = "sha256:" + "1" * 64

    def __init__(self, mounted: set[str]) -> None:
        self.mounted = mounted

    def retrain(self, sample: Path, into: Path) -> Path:
        rows = pq.read_table(sample / "data" / "visits" / "part-0.parquet")
        same = set(rows.column("person_code").to_pylist()) == self.mounted
        return Here(REMEMBERS if same else CALM).retrain(sample, into)


def test_code_that_behaves_where_it_is_tested_is_caught_by_the_other_attack(house: House) -> None:
    mounted = set(house.hospital.fed(recipe(WIDE)).codes.to_pylist())
    report = house.examined(Here(REMEMBERS), Watchful(mounted))
    assert "model-again" not in rules(report)
    # It was made well-behaved for the attack with the person's own models ...
    assert report.card["verdict"] == "fail"
    # ... which is not what the one that asks to leave says of people whom neither saw ...
    assert "model-unlike" in rules(report, "review")
    assert "model-unlike" not in rules(house.examined(Here(REMEMBERS), Here(REMEMBERS)))
    # ... and the other ones see what it remembers.
    assert {one.where["attack"] for one in report.findings if one.outcome == "fail"} & {
        "learned", "straight", "offline",
    }  # fmt: skip


class Broken:
    code = "sha256:" + "2" * 64

    def __init__(self, after: int) -> None:
        self.left = after

    def retrain(self, sample: Path, into: Path) -> Path:
        self.left -= 1
        if self.left < 0:
            raise Fault("CW-MODEL-RETRAIN", "The code left no model.")
        return Here(CALM).retrain(sample, into)


@pytest.mark.parametrize("after", [0, 1, 3])
def test_code_that_stops_leaves_a_review_and_no_half_attack(house: House, after: int) -> None:
    report = house.examined(Here(CALM), Broken(after))
    assert "model-unproved" in rules(report, "review")
    assert report.card["shadows"] == 0
    # How far it came is told, to the reviewer in words.
    made = max(0, after - 1)
    again = report.card["again"]
    assert (again["made"], again["asked"], again["control"]) == (made, 4, after > 0)
    assert again["why"] == "CW-MODEL-RETRAIN"
    (told,) = [one for one in for_reviewer(report.findings) if one["rule"] == "model-unproved"]
    assert told["sentence"].startswith("The code left no model.")
    assert f"{made} of 4 models were made on other people" in told["sentence"]
    assert ("and none on the same" in told["sentence"]) == (after == 0)
    assert any(f"models made again: {made} of 4" in line for line in report.lines())
    assert {one["attack"] for one in report.card["figures"]} <= {"loss", "learned", "straight"}


class Revoked:
    """The permit is revoked while a model is made again."""

    code = "sha256:" + "3" * 64

    def __init__(self, after: int) -> None:
        self.left = after

    def retrain(self, sample: Path, into: Path) -> Path:
        self.left -= 1
        if self.left < 0:
            raise PermitRefused("CW-PERMIT-REVOKED", "The permit was stopped.")
        return Here(CALM).retrain(sample, into)


@pytest.mark.parametrize("after", [0, 2])
def test_a_permit_that_ends_is_no_finding_but_the_end(house: House, after: int) -> None:
    with pytest.raises(PermitRefused):
        house.examined(Here(CALM), Revoked(after))
    assert {path.name for path in house.bench.work.iterdir()} <= {"first"}


def naive_apart(one: np.ndarray, other: np.ndarray) -> float:
    """The twin: the largest difference of those that are numbers."""
    away = np.abs(one - other)
    return float(np.nanmax(away)) if not np.isnan(away).all() else 0.0


def test_a_model_that_says_no_numbers_is_another_one() -> None:
    some, none = np.array([[0.2, 0.8], [0.5, 0.5]]), np.full((2, 2), np.nan)
    half = np.array([[0.2, 0.8], [np.nan, np.nan]])
    for other in (none, half):
        assert naive_apart(some, other) == 0.0
        assert most_apart(some, other) == np.inf
        assert most_apart(other, other) == 0.0
    assert most_apart(some, some) == 0.0
    assert most_apart(np.array([[np.inf]]), np.array([[np.inf]])) == 0.0
    assert most_apart(np.array([[np.inf]]), np.array([[1.0]])) == np.inf
    assert most_apart(np.empty((0, 2)), np.empty((0, 2))) == 0.0


@dataclass(frozen=True)
class WithRecipe(Here):
    """Leaves a recipe beside its model, with a number in it that the code chooses."""

    number: Callable[[np.ndarray], float] = lambda _: 1.5

    def retrain(self, sample: Path, into: Path) -> Path:
        rows = pq.read_table(sample / "data" / "visits" / "part-0.parquet")
        number = self.number(rows.column("x1").to_numpy())
        made = Here.retrain(self, sample, into)
        made.with_name("model.recipe.json").write_text(json.dumps({"minus": number}))
        return made


def largest(values: np.ndarray) -> float:
    """A patient's own number."""
    return float(values.max())


def naive_recipe(house: House, code: WithRecipe, folder: Path) -> bool:
    """The twin: the code, run again on the release of its job, left the same recipe."""
    samples, found = Samples(house.hospital.release, house.hospital.holdout), []
    for name in ("one", "two"):
        (folder / name / "made").mkdir(parents=True)
        (folder / name / "sample").mkdir()
        made = code.retrain(samples.same(folder / name / "sample"), folder / name / "made")
        found.append(made.with_name("model.recipe.json").read_bytes())
    return found[0] == found[1]


def test_a_recipe_that_hangs_on_people_is_not_taken_for_the_codes_own_words(
    house: House, tmp_path: Path
) -> None:
    hides, plain = WithRecipe(CALM, number=largest), WithRecipe(CALM)
    assert naive_recipe(house, hides, tmp_path)
    told = {one: house.examined(one, one).card["again"] for one in (hides, plain)}
    assert not told[hides]["same_recipe"]
    assert told[plain]["same_recipe"]
    assert told[hides]["apart"] == told[plain]["apart"] == 0.0
    # One that is not the one beside the model, or is not there, is none.
    assert not house.examined(plain, hides).card["again"]["same_recipe"]
    assert not house.examined(plain, Here(CALM)).card["again"]["same_recipe"]


def test_only_the_very_file_that_was_proved_loses_its_line() -> None:
    line = Finding("declared", "Unknown", "review", {"table": "r"})
    name = Finding("name", "Unknown", "fail", {"table": "r"})
    model = FileReport("m", "model", "sha256:1", (), fixed={"r": "sha256:2"})
    for path, sha256, left in (
        ("r", "sha256:2", [name]), ("r", "sha256:3", [line, name]), ("s", "sha256:2", [line, name]),
    ):  # fmt: skip
        _, found = known([model, FileReport(path, "json", sha256, (line, name))])
        assert list(found.findings) == left


def test_nothing_of_models_made_again_is_left(house: House) -> None:
    house.examined(Here(CALM), Broken(2))
    assert {path.name for path in house.bench.work.iterdir()} <= {"first"}


# --- samples -----------------------------------------------------------------------------------


def test_samples_are_of_whom_we_say_and_hide_who_was_held_out(house: House, tmp_path: Path) -> None:
    place = house.hospital
    samples = Samples(place.release, place.holdout)
    members = place.fed(recipe(WIDE)).codes.to_pylist()
    others = place.fed(recipe(WIDE), held=True).codes.to_pylist()
    chosen = members[:40] + others[:40]
    rows = pq.read_table(
        samples.of(pa.array(chosen), tmp_path) / "data" / "visits" / "part-0.parquet"
    )
    assert set(rows.column("person_code").to_pylist()) == set(chosen)
    # In the order of values: the place of a row does not tell members from others.
    told = np.isin(rows.column("person_code").to_pylist(), others)
    assert 10 < told[:40].sum() < 30
    same = samples.same(tmp_path / "same")
    first = pq.read_table(same / "data" / "visits" / "part-0.parquet")
    assert first.equals(pq.read_table(place.release.tables["visits"].files[0]))


def test_the_studys_own_code_is_run_again_in_the_sandbox(house: House) -> None:
    script = training(REMEMBERS)
    code = InSandbox(house.bench, house.folder, script)
    report = looked_again(house, code)
    assert report.card["code"] == code.code
    assert report.card["shadows"] == 4
    assert figure(report, "online")["value"] > 0.65
    assert "model-again" not in rules(report)
    assert report.card["verdict"] == "fail"


def looked_again(house: House, code: InSandbox) -> ModelReport:
    place = house.bench.work / "sandboxed"
    (place / "sample").mkdir(parents=True)
    (place / "made").mkdir()
    samples = Samples(house.hospital.release, house.hospital.holdout)
    file = code.retrain(samples.same(place / "sample"), place / "made")
    material = house.hospital.material(recipe=recipe(WIDE), retrainer=code)
    return looked_at(file, house.bench, material, with_limits(shadows=4))


def test_code_that_reaches_out_or_fails_leaves_no_model(house: House, tmp_path: Path) -> None:
    for extra in ("raise SystemExit(3)", "import urllib.request as u; u.urlopen('http://1.1.1.1')"):
        code = InSandbox(house.bench, house.folder, training(CALM, extra))
        (tmp_path / "sample").mkdir(exist_ok=True)
        samples = Samples(house.hospital.release, house.hospital.holdout)
        with pytest.raises(Fault, match="left no model"):
            code.retrain(samples.same(tmp_path / "sample"), tmp_path)
