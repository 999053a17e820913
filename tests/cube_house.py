"""A standing permit, a declaration, and a slow, obvious cube to compare with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from commonweal.papers.cube import CubeDeclaration, CubeDimension
from commonweal.vault.cube.building import BuiltCube, build_cube
from commonweal.vault.keys import Secret
from tests.figures_house import figures_house
from tests.release_house import House, permitted

AGES = ("30-34", "35-39", "50-54", "55-59", "70-74", "75-79")


def category(name: str, *values: str) -> dict[str, Any]:
    return {"name": name, "label": name, "values": list(values or (name,))}


def dimension(name: str, table: str, variable: str, form: str, *categories: dict[str, Any],
              **more: Any) -> dict[str, Any]:  # fmt: skip
    return {"name": name, "label": name, "table": table, "variable": variable, "form": form,
            "categories": list(categories), **more}  # fmt: skip


def declaration_data(**changes: Any) -> dict[str, Any]:
    """Age, sex and diagnosis; somebody counts in at most two diagnoses."""
    return {
        "cube": 1,
        "title": "Patients by age, sex and diagnosis",
        "dataset": "hospital",
        "spread": 30,
        "dimensions": [
            dimension("age", "patients", "born", "age_band(5,90)",
                      category("younger", "55-59", "50-54"), category("older", "75-79", "70-74")),
            dimension("sex", "patients", "sex", "exact", category("F"), category("M")),
            dimension("diagnosis", "admissions", "diagnosis", "truncate(3)",
                      category("rare", "Z99"), category("asthma", "J45"),
                      category("heart", "I21"), at_most=2),
        ],
        **changes,
    }  # fmt: skip


def declaration(**changes: Any) -> CubeDeclaration:
    return CubeDeclaration.read(declaration_data(**changes), "The declaration", "CW-CUBE-INVALID")


def cube_house(base: Path, count: int = 240) -> House:
    return figures_house(base, count)


def standing(house: House, **changes: Any) -> Path:
    """A standing permit of the custodian."""
    data = permitted(
        patients={"nhs_number": "pseudonym", "born": "age_band(5,90)", "sex": "exact"},
        admissions={"nhs_number": "pseudonym", "diagnosis": "truncate(3)"},
    )
    return house.issue(**{"data": data, "purposes": ["feasibility"], "processing": ["feasibility"],
                          "outputs": {"minimum_people": 10}, **changes})  # fmt: skip


def built(house: House, permit: Path, by: str = "amira", **changes: Any) -> BuiltCube:
    place = house.base / "cube.json"
    place.write_text(json.dumps(declaration_data(**changes)))
    return build_cube(house.custody(), permit, house.catalogue, place, house.choices, by)


# --- the slow twin ----------------------------------------------------------------------------


def slow_cells(
    keys: Sequence[int], sets: Sequence[Sequence[set[int]]], at_most: Sequence[int]
) -> dict[tuple[int | None, ...], tuple[int, int]]:
    """(people, key) of each figure. `sets`: by dimension and category the people in it."""
    mine = [
        [[c for c, people in enumerate(categories) if person in people][:most]
         for person in range(len(keys))]
        for categories, most in zip(sets, at_most, strict=True)
    ]  # fmt: skip
    found = {}
    for at in product(*[[None, *range(len(categories))] for categories in sets]):
        inside = [
            person for person in range(len(keys))
            if all(place is None or place in mine[d][person] for d, place in enumerate(at))
        ]  # fmt: skip
        found[at] = len(inside), reduce(lambda a, b: a ^ b, (keys[p] for p in inside), 0)
    return found


def as_arrays(keys: Sequence[int], sets: Sequence[Sequence[set[int]]]) -> tuple[Any, list[Any]]:
    """The same as what the fast path takes."""
    words = np.array([[k >> 64, k & (2**64 - 1)] for k in keys], np.uint64).reshape(-1, 2)
    belongs = []
    for categories in sets:
        one = np.zeros((len(keys), len(categories)), np.bool_)
        for place, people in enumerate(categories):
            one[sorted(people), place] = True
        belongs.append(one)
    return words, belongs


def secret(seed: int) -> Secret:
    return Secret(seed.to_bytes(32, "big"))


def texts(names: Sequence[str]) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(names, pa.string())])


def by_cell(cells: Sequence[Any]) -> Mapping[tuple[int | None, ...], int]:
    return {one.at: one.band for one in cells}


def one_dimension(*categories: dict[str, Any]) -> CubeDimension:
    data = dimension("d", "t", "v", "exact", *categories)
    return CubeDimension.read(data, "The dimension")
