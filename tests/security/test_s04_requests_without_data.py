"""S4: what a study asks for is the same bytes whatever the data are.

An honest study must not carry data out by way of its requests. The same study runs on two releases
of one schema with different people; everything that it leaves must be equal. The naive twin, a
toolkit that writes what it found beside what it asks, is caught by the same comparison.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from commonweal.enclave import study as toolkit
from commonweal.enclave.study import Study, bands, category, col, measure
from commonweal.enclave.study.place import Place
from commonweal.enclave.study.writing import as_bytes
from tests.airlock_house import PERSON
from tests.study_house import KINDS, job_release

AREA, DIED = col("people", "area"), col("stays", "died")
MODEL: dict[str, Any] = {
    "features": ["age", toolkit.one_of("sex", ["F", "M"])],
    "target": toolkit.target("died", [False, True]),
    "of": "stays",
}


def ask(study: Study) -> None:
    """Everything that can be asked for."""
    counted = study.count("people", by=["sex", AREA], of="stays", totals=True)
    study.figure("people", counted, kind="bar")
    study.table(
        "many", by=bands("age", [30, 60]), of="stays", where=DIED.is_present() & (AREA != "X"),
        measures=[measure.mean("cost"), measure.quantile("cost", 0.9), measure.maximum("age")],
    )  # fmt: skip
    study.ratio("died", measure.people(DIED == True), measure.people(), by="sex", of="stays")  # noqa: E712
    study.regression("line", "cost", ["age", AREA, category("sex")], of="stays")
    study.regression("cox", "age", ["cost"], family="cox", event="died", of="stays")
    study.survival("curve", "age", "died", step=5, by=AREA, of="stays")
    study.model("risk.onnx", b"weights", **MODEL)
    study.note("many.json", context="Table 1.")


def rows(seed: int) -> dict[str, Any]:
    sexes, areas = ("FM", "NS") if seed else (("w", "m", "x"), ("A", "B", "C"))
    people = [
        {
            PERSON: f"p{n}",
            "area": areas[n // 3 % len(areas)],
            "born": 1940 + seed,
            "visits": n * seed,
        }
        for n in range(20 + seed)
    ]
    stays = [
        {PERSON: f"p{n % 20}", "sex": sexes[(n + seed) % len(sexes)],
         "age": 20 + n * (3 + seed) % 71, "cost": (n * n * (1 + seed)) % 37 + 0.5,
         "died": (n * 7 + seed) % 3 == 0, "day": dt.date(2020 + seed, 1, 1)}
        for n in range(60 + 3 * seed)
    ]  # fmt: skip
    return {"stays": (KINDS["stays"], stays), "people": (KINDS["people"], people)}


def left(folder: Path, seed: int, asks: Callable[[Study], None]) -> dict[str, bytes]:
    """All files that a study leaves on the release of a seed."""
    release = job_release(folder / f"release-{seed}", rows(seed))
    study = Study(Place(release, folder / f"outputs-{seed}"))
    asks(study)
    return {one.name: one.read_bytes() for one in study.place.outputs.iterdir()}


def test_requests_are_the_same_whatever_the_data(tmp_path: Path) -> None:
    first, second = (left(tmp_path, seed, ask) for seed in (0, 1))
    assert len(first) == 9
    assert first == second


def naive(study: Study) -> None:
    """A toolkit that writes its figures beside the request, for convenience."""
    seen = study.count("people", by=["sex"], of="stays")
    study.writer.content("people.json", as_bytes({**seen.request, "figures": seen.columns}))


def test_the_naive_twin_is_told_apart(tmp_path: Path) -> None:
    assert left(tmp_path, 0, naive) != left(tmp_path, 1, naive)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_previews_do_differ(tmp_path: Path, seed: int) -> None:
    """Else the comparison above would compare nothing."""
    release = job_release(tmp_path / "release", rows(seed))
    study = Study(Place(release, tmp_path / "outputs"))
    seen = study.count("people", by=["sex"], of="stays")
    assert seen["sex"] == (["F", "M"] if seed else ["m", "w", "x"])
