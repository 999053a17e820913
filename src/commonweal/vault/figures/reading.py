"""Reading a whole dataset to count its people: everybody whose choices let them be in.

The catalogue's figures and the cube of feasibility counts both start from here, so that neither
counts anybody whom the other leaves out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from commonweal.foundation.errors import Failure, Fault, Refused
from commonweal.foundation.london import london_day
from commonweal.papers.catalogue import Catalogue, Dataset
from commonweal.vault.choices import ChoicesFolder, Decision, apply_choices
from commonweal.vault.choices.rules import KINDS
from commonweal.vault.custody import Custody, find_catalogue
from commonweal.vault.keys.codes import code_column, codes_of, order_of
from commonweal.vault.release.loading import LoadedTables, load_whole
from commonweal.vault.release.people import consider, keys_of
from commonweal.vault.release.progress import Progress
from commonweal.vault.release.recipe import WholeDataset
from commonweal.vault.sources import Source
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine


def check_countable(custody: Custody, catalogue: Catalogue, dataset: Dataset) -> None:
    """Refuse a catalogue that is not in use, and people whose national choice cannot be looked up.

    Raises `Fault` CW-CATALOGUE-NOT-KEPT, `Refused` CW-FIGURES-CHOICES.
    """
    _, kept = find_catalogue(custody, dataset.id)
    if kept.governed_digest((dataset.id,)) != catalogue.governed_digest((dataset.id,)):
        raise Fault(
            "CW-CATALOGUE-NOT-KEPT",
            f"The catalogue that is in use for {dataset.id} is another than this file.",
            remedy="Run `commonweal catalogue check FILE` first.",
        )
    if dataset.national_variable is None:
        raise Refused(
            "CW-FIGURES-CHOICES",
            f"The dataset {dataset.id} holds no NHS numbers, so nobody's national choice can be "
            "looked up: no figures are made of it.",
        )


def every_choice(dataset: Dataset) -> Decision:
    """Anybody may read the catalogue for any purpose, so every kind of choice counts."""
    kinds = frozenset(
        one.kind
        for one in KINDS
        if not one.names_project and (one.kind != "type1" or dataset.primary_care)
    )
    return Decision(
        national=True, kinds=kinds, consent_needed=False, objections=True,
        include_without_identifier=False, sentences=(),
    )  # fmt: skip


@dataclass(frozen=True)
class EverybodyRead:
    """The dataset as it was read, the choices that were applied, and who may be counted."""

    loaded: LoadedTables
    decision: Decision
    everybody: ops.Table
    allowed: ops.Table
    kept: int
    demo: bool


def read_everybody(
    custody: Custody,
    dataset: Dataset,
    folder: ChoicesFolder,
    engine: Engine,
    source: Source,
    at: datetime,
    progress: Progress,
    decision: Decision | None = None,
    projects: Collection[str] = (),
) -> EverybodyRead:
    """Read the whole dataset, and leave out whoever said no.

    `decision`: the choices that count, where they are more than every kind. `projects`: whose
    objections by project count as well.
    """
    loaded = load_whole(source, WholeDataset(dataset), engine, progress)
    progress("Applying people's choices")
    decision = decision or every_choice(dataset)
    demo = custody.home.kind == "demo"
    considered = consider(loaded, decision, demo=demo)
    chosen = apply_choices(
        engine, considered.people, decision, folder, project_ids=tuple(projects), at=london_day(at),
        keys=keys_of(loaded),
    )  # fmt: skip
    return EverybodyRead(loaded, decision, considered.people, chosen.allowed, chosen.kept, demo)


def choices_told(decision: Decision, folder: ChoicesFolder) -> dict[str, Any]:
    """Which choices were applied, as papers say it."""
    applied = sorted({"national", *decision.kinds})
    checked = folder.checked_at
    if checked is None:
        raise Failure("CW-ENGINE-FAILED", "The national list gave no date.")
    return {"applied": applied, "checked_on": checked.date().isoformat()}


def number_people(
    custody: Custody, engine: Engine, allowed: ops.Table, keep: Callable[[pa.Table], None]
) -> ops.Table:
    """`person`, `number`: everybody, numbered in the order of their audit ids.

    `keep` is given `number`, `audit_id` of all of them, in order.
    """
    people = engine.arrow(ops.select(allowed, ["person"])).column("person")
    codes = codes_of(custody.keyring.secret("audit"), people)
    order = order_of(codes)
    numbers = pa.array(np.arange(1, len(order) + 1, dtype=np.int64))
    keep(pa.table({"number": numbers, "audit_id": code_column(codes[order])}))
    data = pa.table({"person": people.take(pa.array(order)), "number": numbers})
    return engine.load("figures_people", data, {"person": "text", "number": "integer"})
