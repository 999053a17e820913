"""Forms chosen inside a release against the gate itself, asked about every choice there is.

Random tiny hospitals with several tables: people, their admissions and the tests of an admission,
joined by codes. What the search proposes passes the gate, is never finer than agreed, and no choice
that passes the gate loses less.
"""

from __future__ import annotations

import itertools
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from commonweal.foundation.errors import Refused
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.forms import Form, shows_less
from commonweal.papers.issue import issue
from commonweal.papers.permit import Permit
from commonweal.vault.choices.recorded import Journal
from commonweal.vault.release.ladders import could_be_issued
from commonweal.vault.release.measuring import calendars
from commonweal.vault.release.prepare import (
    Inputs,
    Prepared,
    _gate,
    opened_source,
    prepare,
)
from commonweal.vault.release.progress import quiet
from commonweal.vault.release.recipe import make_recipe
from commonweal.vault.release.shaping import Shaper
from commonweal.vault.tables.opening import opened_engine
from tests import factories
from tests.property.test_release import NUMBERS, Bench, hospitals
from tests.release_house import permitted, write_tables
from tests.unit.choices.helpers import HEADER
from tests.unit.release.form_oracle import bits

OFFERS = {
    "born": ["age_band(5,90)", "age_band(20,80)", "age_band(50,50)", "year"],
    "ethnicity": ["exact", "rollup(4)"],
    "admitted": ["exact", "month", "year"],
    "days": ["exact", "round(5)"],
    "value": ["exact"],
}
AGREED = {
    "born": st.sampled_from(["age_band(5,90)", "age_band(20,80)"]),
    "ethnicity": st.sampled_from(["exact", "rollup(4)"]),
    "admitted": st.sampled_from(["exact", "month", None]),
    "days": st.sampled_from(["exact", "round(5)", None]),
    "tests": st.booleans(),
}


def catalogue_of(folder: Path) -> Catalogue:
    data = factories.catalogue_data()
    data["datasets"][0]["source"]["location"] = str(folder / "records")
    for table in data["datasets"][0]["tables"]:
        for one in table["variables"]:
            one["forms"] = OFFERS.get(one["name"], one["forms"])
            if one["name"] == "days":
                one["role"] = "quasi_identifier"
    return Catalogue.read(data, "The catalogue", "CW-CATALOGUE-INVALID")


def draft_of(agreed: Mapping[str, Any], risk: Mapping[str, Any]) -> dict[str, Any]:
    stays = {name: agreed[name] for name in ("admitted", "days") if agreed[name]}
    tables = {
        "patients": {
            "nhs_number": "pseudonym", "born": agreed["born"], "ethnicity": agreed["ethnicity"]
        },
        "admissions": {
            "nhs_number": "pseudonym", "admission_id": "record_code", "diagnosis": "exact", **stays
        },
    }  # fmt: skip
    if agreed["tests"]:
        tables["tests"] = {"admission_id": "record_code", "code": "exact"}
    return {
        "data": permitted(**tables),
        "risk": {"rare_people": 2, **risk},
        "optimise_generalisation": True,
        "processing": ["table"],
    }


@contextmanager
def prepared(
    folder: Path, tables: dict[str, Any], draft: dict[str, Any]
) -> Iterator[tuple[Prepared, Shaper]]:
    """What `prepare` chose, and a shaper with the agreed forms."""
    write_tables(folder / "records", tables)
    choices = folder / "choices"
    choices.mkdir()
    (choices / "national_allowed.dat").write_bytes("".join(f"{n},\n" for n in NUMBERS).encode())
    (choices / "national_allowed.json").write_text(
        '{"checked_at": "2026-03-01T09:00:00.000Z", '
        f'"requested": {len(NUMBERS)}, "returned": {len(NUMBERS)}}}'
    )
    (choices / "objections.csv").write_text(HEADER)
    catalogue = catalogue_of(folder)
    trust = factories.trust()
    text = issue(
        factories.draft(**draft), catalogue, trust, [factories.signer()], authority="direct",
        clock=factories.clock(),
    )  # fmt: skip
    permit = Permit.load(text, trust)
    inputs = Inputs(permit, catalogue, folder, choices, Journal(), factories.NOW, True, 7, None)
    with (
        opened_engine(folder / "work") as engine,
        opened_source(inputs, make_recipe(permit, catalogue)) as source,
    ):
        made = prepare(inputs, engine, source, Bench(folder)._keys, quiet)
        assert made.generalisation is not None
        agreed = {name: form for name, (form, _) in made.generalisation.levels.items()}
        yield made, made.shaper.in_forms(agreed)


def columns(shaper: Shaper, made: Prepared, name: str, form: str) -> list[Any]:
    """A variable of everybody who is allowed, as a form shows it, in the order of all rows."""
    table, _, column = name.partition(".")
    changed = shaper.in_forms({name: form})
    recipe = next(one for one in changed.loaded.recipe.tables if one.name == table)
    item = next(one for one in recipe.items if one.variable.name == column)
    cells = shaper.engine.arrow(changed.levels(recipe, made.allowed, (item,))).to_pylist()
    cells.sort(key=lambda row: repr(row["exact"]))
    return [row["level_0"] for row in cells for _ in range(row["rows"])]


def score(
    shaper: Shaper, made: Prepared, chosen: Mapping[str, str], agreed: Mapping[str, str]
) -> float:
    lost = []
    for name, form in agreed.items():
        before = bits(Counter(columns(shaper, made, name, form)).values())
        after = bits(Counter(columns(shaper, made, name, chosen.get(name, form))).values())
        lost.append(1 - after / before if before else 0.0)
    return sum(lost) / len(lost)


def choices(shaper: Shaper, made: Prepared, agreed: Mapping[str, str]) -> dict[str, list[str]]:
    """For each variable the forms that may stand in for the agreed one and join what it joins."""
    recipe = shaper.loaded.recipe
    found = {}
    for table in recipe.tables:
        for item in table.quasi:
            name, fine = item.name, columns(shaper, made, item.name, item.form.text)
            found[name] = [item.form.text]
            for text in item.variable.forms:
                if not shows_less(Form.parse(text), item.form):
                    continue
                if not could_be_issued(recipe, made.inputs.catalogue, {name: text}):
                    continue
                coarse = columns(shaper, made, name, text)
                pairs = {*zip(fine, coarse, strict=True), (None, None)}
                if len(pairs) == len({one for one, _ in pairs}):
                    found[name].append(text)
    assert set(found) == set(agreed)
    return found


def agree(tables: dict[str, Any], agreed: Mapping[str, Any], risk: Mapping[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            with prepared(Path(folder), tables, draft_of(agreed, risk)) as (made, shaper):
                compare(made, shaper)
        except Refused as refusal:
            assert refusal.code == "CW-RELEASE-NOBODY"  # noqa: PT017


def compare(made: Prepared, shaper: Shaper) -> None:
    chosen = made.generalisation
    assert chosen is not None
    names = {name: form for name, (form, _) in chosen.levels.items()}
    offered = choices(shaper, made, names)
    total = made.chosen.allowed - made.chosen.held_out - made.left_empty
    known = calendars(made.loaded)
    passing = []
    for forms in itertools.product(*offered.values()):
        named = dict(zip(offered, forms, strict=True))
        found = _gate(shaper.in_forms(named), made.allowed, total, known, made.inputs.depth)
        if not found.breaches and found.suppressed < total:
            passing.append(score(shaper, made, named, names))
    assert chosen.optimal
    if not passing:
        assert made.breaches
        assert not chosen.found or chosen.nodes == 1
        return
    assert made.breaches == ()
    shown = {name: form for name, (_, form) in chosen.levels.items()}
    assert all(form in offered[name] for name, form in shown.items())
    assert abs(chosen.score - min(passing)) < 1e-9
    assert abs(chosen.score - score(shaper, made, shown, names)) < 1e-9


RISK = st.fixed_dictionaries(
    {
        "k": st.integers(2, 4),
        "suppress_up_to": st.sampled_from([0.0, 0.2, 0.5]),
        "distinct_l": st.sampled_from([None, None, 2]),
        "prosecutor_mean": st.sampled_from([None, 0.3]),
    }
)
given_all = given(tables=hospitals(), agreed=st.fixed_dictionaries(AGREED), risk=RISK)
calm = [HealthCheck.too_slow, HealthCheck.data_too_large]


@pytest.mark.timeout(900)
@settings(max_examples=2, suppress_health_check=calm, phases=[Phase.explicit, Phase.generate])
@given_all
def test_no_choice_that_passes_the_gate_loses_less(
    tables: dict[str, Any], agreed: dict[str, Any], risk: dict[str, Any]
) -> None:
    agree(tables, agreed, risk)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@settings(max_examples=100, suppress_health_check=calm, phases=[Phase.explicit, Phase.generate])
@given_all
def test_no_choice_that_passes_the_gate_loses_less_thoroughly(
    tables: dict[str, Any], agreed: dict[str, Any], risk: dict[str, Any]
) -> None:
    agree(tables, agreed, risk)
