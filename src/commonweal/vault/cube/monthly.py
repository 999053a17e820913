"""Counts for feasibility that are made each month: what a custodian set up, once, for each dataset.

The home remembers the standing permit, who has the counts made, and the declaration itself, as it
was decided: whoever changes the file afterwards changes nothing. Catalogue and choices lie where
releases are made from (`release inputs`). Every month it is all held against the permit anew.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.foundation.files import read_bytes, write_atomic
from commonweal.foundation.london import london_day
from commonweal.papers.cube import CubeDeclaration
from commonweal.vault.cube.building import BuiltCube, CubeInputs, freeze, ordered
from commonweal.vault.cube.keeping import is_frozen
from commonweal.vault.custody import Custody, find_permit, load_permit
from commonweal.vault.release.inputs import find_inputs
from commonweal.vault.release.progress import Progress, quiet

FILE = "feasibility.json"
_CALLED = "The list of monthly counts"
_MAX_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class Monthly:
    """What is counted each month. `by`: the person of the permit who has it made."""

    permit: str
    by: str
    declaration: CubeDeclaration

    @property
    def dataset(self) -> str:
        """The dataset that is counted."""
        return self.declaration.dataset


def set_up(custody: Custody, permit_path: Path, declaration_path: Path, by: str) -> Monthly:
    """Have the counts of a dataset made each month, in place of what was set up for it before.

    Raises as `freeze` for a permit that does not carry it now, and `Fault` CW-RELEASE-INPUTS.
    """
    permit = load_permit(custody, permit_path)
    found = Monthly(permit.id, by, CubeDeclaration.load(declaration_path))
    ordered(custody, permit, found.declaration, _inputs(custody, found), by)
    find_permit(custody, permit.id)
    known = {one.dataset: one for one in every_monthly(custody)} | {found.dataset: found}
    plain = {
        name: {"permit": one.permit, "by": one.by, "declaration": one.declaration.plain()}
        for name, one in known.items()
    }
    content = json.dumps({"monthly": 1, "datasets": plain}, indent=1, sort_keys=True) + "\n"
    write_atomic(custody.home.path / FILE, content.encode())
    return found


def every_monthly(custody: Custody) -> list[Monthly]:
    """What was set up, by the datasets' names. Raises `Fault` CW-CUBE-MONTHLY for a broken list."""
    path = custody.home.path / FILE
    if not path.is_file():
        return []
    try:
        plain: Any = parse_json(read_bytes(path, _CALLED, limit=_MAX_BYTES), _CALLED)
        if plain["monthly"] != 1:
            raise ValueError("another version")
        found = [
            Monthly(
                str(one["permit"]),
                str(one["by"]),
                CubeDeclaration.read(one["declaration"], _CALLED, "CW-CUBE-INVALID"),
            )
            for one in plain["datasets"].values()
        ]
    except (CommonwealError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise Fault(
            "CW-CUBE-MONTHLY",
            f"{_CALLED} of this home cannot be read.",
            remedy=f"Delete {FILE} in the home and run `commonweal feasibility monthly` again.",
        ) from error
    return sorted(found, key=lambda one: one.dataset)


def month_of(at: datetime) -> str:
    """The month of a moment, as people in England count it."""
    return f"{london_day(at):%Y-%m}"


def is_due(custody: Custody, one: Monthly) -> bool:
    """True while the present month has no counts of this dataset."""
    return not is_frozen(custody, one.dataset, month_of(custody.clock.now()))


def build_month(custody: Custody, one: Monthly, progress: Progress = quiet) -> BuiltCube:
    """Freeze the present month's counts. Raises as `freeze`, and `Refused` CW-PERMIT-UNKNOWN."""
    permit = load_permit(custody, find_permit(custody, one.permit))
    inputs = _inputs(custody, one)
    return freeze(custody, permit, one.declaration, inputs, one.by, progress)


def _inputs(custody: Custody, one: Monthly) -> CubeInputs:
    found = find_inputs(custody, one.dataset)
    return CubeInputs(found.catalogue, found.choices)
