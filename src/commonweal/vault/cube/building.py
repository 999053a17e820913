"""`feasibility build`: count, perturb, freeze and sign the month's cube of a dataset."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from commonweal import __version__
from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import Fault, Refused
from commonweal.foundation.files import staged_folder
from commonweal.foundation.london import london_day
from commonweal.papers.catalogue import Catalogue, Dataset, Variable
from commonweal.papers.cube import CubeDeclaration, CubeDimension, FrozenCube, cell_name
from commonweal.papers.forms import Form, shows_less
from commonweal.papers.permit import Permit
from commonweal.vault.choices import ChoicesFolder, Decision, read_choices
from commonweal.vault.choices.decision import decide
from commonweal.vault.choices.journal import read_journal
from commonweal.vault.cube import keeping
from commonweal.vault.cube.counting import Belongs, count_cells, first_few
from commonweal.vault.cube.perturbing import Held, Perturbation, bands, hold
from commonweal.vault.custody import Custody, load_permit, settle, status_of
from commonweal.vault.custody.holding import MANIFEST_SIGNER
from commonweal.vault.figures import history
from commonweal.vault.figures.history import Writing
from commonweal.vault.figures.measuring import NUMBER, has_codes
from commonweal.vault.figures.reading import (
    EverybodyRead,
    check_countable,
    choices_told,
    every_choice,
    number_people,
    read_everybody,
)
from commonweal.vault.release.lawful import Lawful
from commonweal.vault.release.loading import PERSON
from commonweal.vault.release.progress import Progress, quiet
from commonweal.vault.release.recipe import make_recipe
from commonweal.vault.release.restricted import every_list
from commonweal.vault.release.shaping import as_shown
from commonweal.vault.sources import Source, open_source
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine
from commonweal.vault.tables.opening import opened_engine

_SPOKEN = frozenset({"sensitive", "quasi_identifier", "other"})


@dataclass(frozen=True)
class BuiltCube:
    """What was frozen, where it is answered from, and its entry on the ledger."""

    cube: FrozenCube
    place: Path
    intent: int


@dataclass(frozen=True)
class CubeOrder:
    """What is built: under which permit, of what, as of when."""

    permit: Permit
    declaration: CubeDeclaration
    dataset: Dataset
    catalogue_digest: str
    at: datetime

    @property
    def month(self) -> str:
        """The month that is frozen, as people in England count it."""
        return f"{london_day(self.at):%Y-%m}"

    @property
    def release(self) -> str:
        """The name of the month's cube."""
        return keeping.release_name(self.dataset.id, self.month)


@dataclass(frozen=True)
class CubeInputs:
    """What a cube is counted from: the catalogue's file, and the folder of people's choices."""

    catalogue: Path
    choices: Path


def build_cube(
    custody: Custody,
    permit_path: Path,
    catalogue_path: Path,
    declaration_path: Path,
    choices: Path,
    by: str,
    progress: Progress = quiet,
) -> BuiltCube:
    """Freeze this month's cube. `by`: the person of the permit who has it made. As `freeze`."""
    permit = load_permit(custody, permit_path)
    declaration = CubeDeclaration.load(declaration_path)
    inputs = CubeInputs(catalogue_path, choices)
    return freeze(custody, permit, declaration, inputs, by, progress)


def freeze(
    custody: Custody,
    permit: Permit,
    declaration: CubeDeclaration,
    inputs: CubeInputs,
    by: str,
    progress: Progress = quiet,
) -> BuiltCube:
    """Freeze this month's cube.

    Raises `PermitRefused`, `Refused` CW-CUBE-PERMIT (the permit does not grant what is declared),
    CW-CUBE-FROZEN (the month has its cube), CW-CUBE-SPREAD, and what reading choices and sources
    raises. None of this hangs on anybody's data, and nothing has been told then.
    """
    order = ordered(custody, permit, declaration, inputs, by)
    with custody.home.run_lock():
        keeping.clear_unfinished(custody)
        keeping.publish_frozen(custody)
        earlier = [one for one in keeping.frozen(custody) if one.dataset == order.dataset.id]
        _refuse_twice(custody, order)
        before = keeping.read_held(custody, earlier[-1].release) if earlier else {}
        _refuse_less_spread(declaration, before)
        progress("Reading people's choices")
        folder = read_choices(
            inputs.choices, journal=read_journal(custody), dataset=order.dataset.id,
            needs_national=True, clock=custody.clock,
            max_age_days=custody.trust.fresh.choices_days,
            not_before=custody.home.info.restored_at,
        )  # fmt: skip
        source = order.dataset.source
        with (
            custody.home.run_folder() as work,
            opened_engine(work) as engine,
            open_source(
                source.kind, source.location, base=inputs.catalogue.absolute().parent
            ) as opened,
        ):
            return _built(custody, order, folder, engine, opened, before, progress)


def ordered(
    custody: Custody, permit: Permit, declaration: CubeDeclaration, inputs: CubeInputs, by: str
) -> CubeOrder:
    """Hold what is to be counted against permit and catalogue; nothing is counted. As `freeze`."""
    catalogue = Catalogue.load(inputs.catalogue)
    permit.check("feasibility", by, custody.clock.now(), status_of(custody, permit))
    return _ordered(custody, permit, declaration, catalogue)


def _ordered(
    custody: Custody, permit: Permit, declaration: CubeDeclaration, catalogue: Catalogue
) -> CubeOrder:
    """Hold the declaration against permit and catalogue."""
    if permit.dataset.dataset != declaration.dataset:
        raise _not_granted("it is about another dataset")
    if not permit.cohort.everyone:
        raise _not_granted("it is about a part of the patients, and a cube is about everybody")
    dataset = catalogue.dataset(declaration.dataset)
    check_countable(custody, catalogue, dataset)
    recipe = make_recipe(permit, catalogue, demo=custody.home.kind == "demo")
    for one in declaration.dimensions:
        variable = next(
            (v for t in dataset.tables if t.name == one.table for v in t.variables
             if v.name == one.variable and t.person_link is not None), None,
        )  # fmt: skip
        granted = [
            item.form for table in recipe.tables for item in table.items
            if (table.name, item.variable.name) == (one.table, one.variable)
        ]  # fmt: skip
        if variable is None or not any(_within(one.parsed, form) for form in granted):
            raise _not_granted(f"it does not grant what {one.name} shows")
        if not _may_be_asked(variable, one.parsed):
            raise _not_granted(f"{one.name} is not something that is counted for everybody")
    digest = catalogue.governed_digest((dataset.id,))
    return CubeOrder(permit, declaration, dataset, digest, custody.clock.now())


def _within(form: Form, granted: Form) -> bool:
    return form == granted or shows_less(form, granted)


def _may_be_asked(variable: Variable, form: Form) -> bool:
    """Whether a variable can be a dimension: codes and groups, never what leads to somebody."""
    if variable.is_birth:
        return form.kind in ("age_band", "year")
    if variable.role not in _SPOKEN or variable.administrative:
        return False
    return form.kind != "exact" or has_codes(variable)


def _not_granted(why: str) -> Refused:
    return Refused(
        "CW-CUBE-PERMIT", f"The permit does not carry this declaration of a cube: {why}."
    )


def _refuse_twice(custody: Custody, order: CubeOrder) -> None:
    if keeping.is_frozen(custody, order.dataset.id, order.month):
        raise Refused(
            "CW-CUBE-FROZEN",
            f"The cube of {order.dataset.id} for {order.month} is frozen: there is one a month.",
        )


def _refuse_less_spread(declaration: CubeDeclaration, before: dict[str, Held]) -> None:
    """With less spread the lowest band would begin to tell of what was perturbed by more."""
    needed = max((one.spread for one in before.values()), default=0)
    if declaration.spread < needed:
        raise Refused(
            "CW-CUBE-SPREAD",
            f"Earlier cubes of this dataset had a spread of {needed}; it cannot become less.",
        )


def _built(
    custody: Custody,
    order: CubeOrder,
    folder: ChoicesFolder,
    engine: Engine,
    source: Source,
    before: dict[str, Held],
    progress: Progress,
) -> BuiltCube:
    """Count, perturb, sign, tell the ledger: in this order, so that a crash leaves nothing told."""
    decision = _decision(order)
    read = read_everybody(
        custody, order.dataset, folder, engine, source, order.at, progress, decision,
        (order.permit.project.id, order.permit.id),
    )  # fmt: skip
    with staged_folder(history.folder_of(custody, order.release)) as staging:
        writing = Writing.into(staging, order.release, custody)
        kept: list[pa.Table] = []
        people = number_people(custody, engine, read.allowed, kept.append)
        writing.people(kept[0])
        progress("Counting people in each figure")
        told, cells = _counted(custody, order, read, kept[0], people, writing, before)
        if source.fingerprint(tuple(read.loaded.views)).digest != read.loaded.fingerprint.digest:
            raise Fault("CW-SOURCE-CHANGED", "The source changed while it was counted.")
        cube = _paper(custody, order, choices_told(read.decision, folder), cells)
        writing.rows(keeping.VALUES, *keeping.held_rows(told))
        signed = cube.signed([custody.signer(MANIFEST_SIGNER)], order.at)
        manifest = writing.finish(signed, cube.digest(), keeping.KIND)
    intent = keeping.tell(custody, cube, signed, manifest)
    keeping.publish_frozen(custody)
    settle(custody)
    return BuiltCube(cube, keeping.place_of(custody, order.dataset.id), intent)


def _decision(order: CubeOrder) -> Decision:
    """Any researcher may ask, so every kind of choice counts, and those of the permit as well."""
    permit = decide(order.permit, order.dataset, london_day(order.at))
    every = every_choice(order.dataset)
    return replace(every, kinds=every.kinds | permit.kinds, consent_needed=permit.consent_needed)


def _counted(
    custody: Custody,
    order: CubeOrder,
    read: EverybodyRead,
    numbered: pa.Table,
    people: ops.Table,
    writing: Writing,
    before: dict[str, Held],
) -> tuple[dict[str, Held], list[dict[str, object]]]:
    """(what every figure tells from now on, the figures above the lowest band)."""
    lawful = Lawful(read.loaded, every_list())
    dimensions = order.declaration.dimensions
    belongs = [
        _belongs(lawful, one, people, numbered.num_rows, order.permit.ages_at, writing)
        for one in dimensions
    ]
    secrets = Perturbation(custody.keyring.secret("audit"))
    counted = count_cells(secrets.person_keys(numbered.column("audit_id")), belongs)
    names = [cell_name(dimensions, at) for at in counted.at]
    spread = order.declaration.spread
    told = hold(secrets, names, counted.count, counted.key, spread, order.month, before)
    values = np.array([told[name].value for name in names], np.int64)
    shown = bands(values, order.declaration.edges).tolist()
    cells: list[dict[str, object]] = [
        {"at": list(at), "band": band}
        for at, band in zip(counted.at, shown, strict=True)
        if band >= 0
    ]
    return told, cells


def _belongs(
    lawful: Lawful,
    dimension: CubeDimension,
    people: ops.Table,
    count: int,
    ages_at: datetime,
    writing: Writing,
) -> Belongs:
    """Who is in which category; it is kept for the audit as well."""
    engine = lawful.loaded.engine
    linked = ops.inner_join(
        lawful.rows(dimension.table), people, {PERSON: "person"}, {NUMBER: "number"}
    )
    table = lawful.loaded.recipe.dataset.table(dimension.table)
    kind = next(one.type for one in table.variables if one.name == dimension.variable)
    shown = as_shown(dimension.parsed, linked[dimension.variable], kind, ages_at)
    pairs = ops.project(linked, {"number": linked[NUMBER], "code": ops.as_text(shown)})
    wanted = sorted({value for one in dimension.categories for value in one.values})
    held = engine.keep(
        "cube_pairs", ops.distinct(ops.keep_where(pairs, ops.is_in(pairs["code"], wanted)))
    )
    try:
        writing.cells(engine, held, dimension.table, dimension.variable)
        found = engine.arrow(held)
    finally:
        engine.forget("cube_pairs")
    rows = found.column("number").to_numpy().astype(np.int64) - 1
    belongs = np.zeros((count, len(dimension.categories)), np.bool_)
    for place, one in enumerate(dimension.categories):
        mine = pc.is_in(found.column("code"), value_set=pa.array(one.values, pa.string()))
        belongs[rows[mine.to_numpy()], place] = True
    return first_few(belongs, dimension.at_most)


def _paper(
    custody: Custody, order: CubeOrder, choices: dict[str, object], cells: list[dict[str, object]]
) -> FrozenCube:
    described = [one for one in history.told(custody) if one.dataset == order.dataset.id]
    return FrozenCube.read(
        {
            "frozen": 1,
            "release": order.release,
            "month": order.month,
            "permit_id": order.permit.id,
            "permit_hash": order.permit.digest(),
            "catalogue_digest": order.catalogue_digest,
            "figures": described[-1].release if described else None,
            "frozen_at": stamp(order.at),
            "commonweal": __version__,
            "choices": choices,
            "declaration": order.declaration.plain(),
            "cells": cells,
        },
        "The cube",
        "CW-CUBE-INVALID",
    )
