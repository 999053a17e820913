"""`commonweal study dummy`: from a draft or a permit, with a catalogue by name or the home's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from commonweal.enclave.dummy.writing import MARK
from commonweal.foundation.clock import SystemClock
from commonweal.vault.custody import open_custody
from commonweal.vault.custody.catalogues import remember_catalogue
from tests import factories
from tests.unit.cli.support import World


def command(world: World, permit: Path, *more: object) -> tuple[object, ...]:
    return ("study", "dummy", permit, "--patients", "20", "--out", world.folder / "dummy", *more)


def test_a_draft_is_enough_and_no_home_is_needed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COMMONWEAL_HOME")
    named = ("--catalogue", world.folder / "catalogue.yaml", "--seed", "7", "--json")
    told = world.run(*command(world, world.folder / "draft.yaml", *named))
    assert (told.code, told.err) == (0, "")
    assert told.json["patients"] == 20
    assert told.json["seed"] == 7
    assert told.json["tables"]["patients"] == {"rows": 20, "columns": 3}
    described = json.loads((world.folder / "dummy" / "release.json").read_text())
    assert described["id"] == "made-up-asthma-1"
    assert (world.folder / "dummy" / "MADE-UP.txt").read_text() == f"{MARK}\n"


def test_a_permit_and_the_homes_catalogue(world: World) -> None:
    assert world.issue().code == 0
    with open_custody(world.home, SystemClock()) as custody:
        remember_catalogue(custody, world.folder / "catalogue.yaml")
    told = world.run(*command(world, world.permit))
    assert told.code == 0
    assert told.out.splitlines()[0] == "patients: 20 rows"
    assert told.out.splitlines()[-1] == MARK


def test_a_catalogue_that_has_changed_is_said(world: World) -> None:
    assert world.issue().code == 0
    data = factories.catalogue_data()
    data["datasets"][0]["tables"][0]["variables"][3]["forms"].append("rollup(20)")
    (world.folder / "new.yaml").write_text(yaml.safe_dump(data))
    told = world.run(*command(world, world.permit, "--catalogue", world.folder / "new.yaml"))
    assert told.code == 0
    assert told.err.startswith("This is not the catalogue that the permit was issued against")


def test_what_is_refused(world: World) -> None:
    folder = world.folder
    catalogue = ("--catalogue", folder / "catalogue.yaml")
    draft = folder / "draft.yaml"
    (folder / "odd.yaml").write_text("name: x\n")
    (folder / "odd.jws").write_text('{"payload": "e30", "signatures": []}')
    refusals = [
        (command(world, folder / "nothing.yaml", *catalogue), "CW-FILE-MISSING", 3),
        (command(world, folder / "odd.yaml", *catalogue), "CW-DUMMY-PERMIT", 3),
        (command(world, folder / "odd.jws", *catalogue), None, 3),
        (command(world, draft, "--catalogue", folder / "odd.yaml"), "CW-CATALOGUE-INVALID", 3),
        (command(world, draft), "CW-CATALOGUE-NOT-KEPT", 3),
        ((*command(world, draft, *catalogue)[:3], "--patients", "0", "--out", folder / "dummy",
          *catalogue), "CW-DUMMY-SIZE", 2),
        (("study", "dummy", draft, "--patients", "5", "--out", folder / "store", *catalogue),
         "CW-FILE-EXISTS", 3),
        (command(world, draft, *catalogue, "--figures", folder / "odd.yaml"), None, 3),
    ]  # fmt: skip
    for words, code, exit_code in refusals:
        told = world.run(*words)
        told.is_refusal(code or told.err.split(":")[0], exit_code)
        assert not (folder / "dummy").exists()


def test_a_cohort_of_nobody_is_refused(world: World) -> None:
    sex = {"table": "patients", "variable": "sex", "op": "eq"}
    both = {"all": [{"where": sex | {"value": "F"}}, {"where": sex | {"value": "M"}}]}
    (world.folder / "none.yaml").write_text(yaml.safe_dump(factories.draft_data(cohort=both)))
    named = ("--catalogue", world.folder / "catalogue.yaml")
    told = world.run(*command(world, world.folder / "none.yaml", *named))
    told.is_refusal("CW-DUMMY-COHORT", 4)
