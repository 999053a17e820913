"""Sentences that a second hostile review missed: they say what is wrong and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.support import World


@pytest.mark.parametrize("suffix", ["yaml", "json"])
@pytest.mark.parametrize("command", ["show", "check", "plan", "build"])
def test_a_draft_is_called_a_draft(world: World, command: str, suffix: str) -> None:
    draft = world.folder / f"asthma.{suffix}"
    text = (world.folder / "draft.yaml").read_text()
    if suffix == "json":
        import json

        import yaml

        text = json.dumps(yaml.safe_load(text), default=str)
    draft.write_text(text)
    lines = {
        "show": ("permit", "show", draft),
        "check": ("permit", "check", draft, "--action", "release"),
        "plan": ("release", "plan", "--permit", draft, "--catalogue", "c", "--choices", "d"),
        "build": ("release", "build", "--permit", draft, "--catalogue", "c", "--choices", "d"),
    }
    told = world.run(*lines[command])
    told.is_refusal("CW-SIGNATURE-INVALID", 3)
    assert f"asthma.{suffix} is an unsigned draft and not a permit." in told.err
    assert "commonweal permit issue" in told.err


def test_what_is_neither_permit_nor_draft_is_not_called_one(world: World) -> None:
    told = world.run("permit", "show", world.folder / "catalogue.yaml")
    assert told.code == 3
    assert "draft" not in told.err


@pytest.mark.parametrize(
    ("option", "value"), [("--dataset", "My data set"), ("--dataset", ""), ("--title", "a\nb")]
)
def test_a_scan_refuses_a_name_that_a_catalogue_cannot_hold(
    world: World, tmp_path: Path, option: str, value: str
) -> None:
    source = tmp_path / "records"
    source.mkdir()
    (source / "patients.csv").write_text("id\n1\n")
    out = tmp_path / "found.yaml"
    told = world.run("catalogue", "scan", source, "--out", out, option, value)
    told.is_refusal("CW-USAGE", 2)
    assert option in told.err
    assert not out.exists()


def test_the_risk_of_a_folder_that_is_no_release(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "records"
    folder.mkdir()
    (folder / "patients.csv").write_text("id\n1\n")
    told = world.run("risk", "measure", folder, "--quasi", "id")
    told.is_refusal("CW-USAGE", 2)
    assert "records is a folder and not a release" in told.err
