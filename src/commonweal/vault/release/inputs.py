"""Where a release's catalogue and choices lie: a setting of the home, kept by a command.

A release that is asked for in the service names its permit and nothing else: where records and
people's choices lie is for whoever runs the home, never for a page. For each dataset the home
remembers the catalogue's file, beside which relative sources are found, and the folder of choices.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.foundation.files import read_bytes, write_atomic
from commonweal.papers.catalogue import Catalogue
from commonweal.vault.custody import Custody
from commonweal.vault.home import Home

FILE = "release-inputs.json"
_CALLED = "The list of release inputs"
_MAX_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Inputs:
    """For one dataset: the file of its catalogue, and the folder of people's choices."""

    catalogue: Path
    choices: Path


def remember_inputs(custody: Custody, dataset: str, catalogue: Path, choices: Path) -> Inputs:
    """Let releases of `dataset` be made from these.

    Raises `Fault` CW-CATALOGUE-INVALID, those of a dataset that the catalogue does not have, and
    CW-CHOICES-FOLDER-MISSING.
    """
    Catalogue.load(catalogue).dataset(dataset)
    if not choices.is_dir():
        raise Fault("CW-CHOICES-FOLDER-MISSING", "There is no choices folder where one is named.")
    home = custody.home
    known = _read(home)
    known[dataset] = {
        "catalogue": _kept_as(home, catalogue.absolute()),
        "choices": _kept_as(home, choices.absolute()),
    }
    content = json.dumps({"inputs": 1, "datasets": known}, indent=1, sort_keys=True) + "\n"
    write_atomic(home.path / FILE, content.encode())
    return find_inputs(custody, dataset)


def find_inputs(custody: Custody, dataset: str) -> Inputs:
    """What releases of `dataset` are made from. Raises `Fault` CW-RELEASE-INPUTS."""
    found = all_inputs(custody).get(dataset)
    if found is None:
        raise Fault(
            "CW-RELEASE-INPUTS",
            f"This home does not know where the catalogue and choices of {dataset} lie.",
            remedy="Run `commonweal release inputs` with --dataset, --catalogue and --choices.",
        )
    return found


def all_inputs(custody: Custody) -> dict[str, Inputs]:
    """What the home remembers, by dataset. Raises `Fault` CW-RELEASE-INPUTS for a broken list."""
    home = custody.home
    return {
        name: Inputs(home.path / one["catalogue"], home.path / one["choices"])
        for name, one in _read(home).items()
    }


def _kept_as(home: Home, path: Path) -> str:
    # What lies inside the home moves with it; joined to the home, an absolute path stays itself.
    return str(path.relative_to(home.path)) if path.is_relative_to(home.path) else str(path)


def _read(home: Home) -> dict[str, dict[str, str]]:
    path = home.path / FILE
    if not path.is_file():
        return {}
    try:
        plain: Any = parse_json(read_bytes(path, _CALLED, limit=_MAX_BYTES), _CALLED)
        if plain["inputs"] != 1:
            raise ValueError("another version")
        return {
            str(name): {"catalogue": str(one["catalogue"]), "choices": str(one["choices"])}
            for name, one in plain["datasets"].items()
        }
    except (CommonwealError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise Fault(
            "CW-RELEASE-INPUTS",
            f"{_CALLED} of this home cannot be read.",
            remedy=f"Delete {FILE} in the home and run `commonweal release inputs` again.",
        ) from error
