"""A demonstration home that is made once by the command and copied for each test."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from commonweal.cli.main import run
from commonweal.foundation.clock import SystemClock
from tests import factories
from tests.unit.cli.support import Told, World


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COMMONWEAL_ROOT_STORE", str(folder / "store"))
        home = str(folder / "home")
        assert run(["home", "create", "--name", "Wharfedale", "--demo", "--home", home]) == 0
    return folder


@pytest.fixture
def world(
    made: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> World:
    """A copied home that the environment names, with a draft and a catalogue beside it."""
    folder = tmp_path / "world"
    shutil.copytree(made, folder)
    monkeypatch.setenv("COMMONWEAL_HOME", str(folder / "home"))
    monkeypatch.setenv("COMMONWEAL_ROOT_STORE", str(folder / "store"))
    now = SystemClock().now().date()
    draft = factories.draft_data(
        **{
            "from": (now - timedelta(days=1)).isoformat(),
            "until": (now + timedelta(days=300)).isoformat(),
        }
    )
    (folder / "draft.yaml").write_text(yaml.safe_dump(draft, sort_keys=False))
    (folder / "catalogue.yaml").write_text(yaml.safe_dump(factories.catalogue_data()))

    def told(*arguments: Any) -> Told:
        capfd.readouterr()
        code = run([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return Told(code, out, err)

    return World(folder, told, json.loads)
