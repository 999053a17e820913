"""Everything up to the risk gate, shared by `release plan` and `release build`.

Nothing is written here. What comes out is a set of people, the recipe's tables as expressions over
them, and the figures before and after.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from commonweal.foundation.canonical import digest
from commonweal.foundation.clock import FixedClock
from commonweal.foundation.errors import Fault, Refused
from commonweal.foundation.london import london_day
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.missing import MissingExact
from commonweal.papers.permit import Permit
from commonweal.vault.choices import ChoicesFolder, Decision, decide, read_choices
from commonweal.vault.choices.recorded import Journal
from commonweal.vault.custody import Lineage
from commonweal.vault.equality.measuring import measure_missing
from commonweal.vault.equality.telling import Cited
from commonweal.vault.release.edges import away_from_edges
from commonweal.vault.release.generalising import Earlier, Generalisation, generalise
from commonweal.vault.release.lawful import Lawful
from commonweal.vault.release.loading import Loaded, load
from commonweal.vault.release.measuring import (
    Calendars,
    Measured,
    calendars,
    measure,
    measure_views,
    windows,
)
from commonweal.vault.release.narrow import WHO
from commonweal.vault.release.people import Chosen, Considered, choose, consider
from commonweal.vault.release.progress import Progress
from commonweal.vault.release.project_keys import ProjectKeys
from commonweal.vault.release.recipe import Recipe, make_recipe
from commonweal.vault.release.restricted import RestrictedLists, lists_for
from commonweal.vault.release.shaping import Shaper
from commonweal.vault.release.views import views_of
from commonweal.vault.risk import Breach, Depth, RiskView, people_to_leave_out
from commonweal.vault.risk.intruder.testing import IntruderFigures
from commonweal.vault.risk.population_table import check_asked, opened_population
from commonweal.vault.sources import Source, open_source
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine


@dataclass(frozen=True)
class Inputs:
    """What a build or plan starts from, already verified."""

    permit: Permit
    catalogue: Catalogue
    catalogue_folder: Path
    choices_folder: Path
    journal: Journal
    """The choices that the home recorded itself."""
    at: datetime
    demo: bool
    choices_max_age_days: int
    choices_not_before: datetime | None
    depth: Depth = field(default_factory=Depth)
    """How far risk is measured beyond what the gate needs."""
    lineage: Lineage | None = None
    """The permits that this one replaced, and the names that the home knows."""
    earlier: Earlier | None = None
    """The forms of the linked release before, where this one must keep to them."""
    cited: Cited | None = None
    """What the catalogue's figures told of people who cannot be found."""


@dataclass(frozen=True)
class Prepared:
    """A release that could be made, and what it would be like."""

    inputs: Inputs
    recipe: Recipe
    loaded: Loaded
    decision: Decision
    folder: ChoicesFolder
    considered: Considered
    chosen: Chosen
    restricted: RestrictedLists
    shaper: Shaper
    allowed: ops.Table
    """Everybody who could be released, before anyone was left out to keep the risk limits."""
    released: ops.Table
    """person, weeks, number of the people to be released."""
    left_empty: int
    suppressed: int
    before: Measured
    after: Measured
    breaches: tuple[Breach, ...]
    generalisation: Generalisation | None = None
    """Which forms were chosen, where the permit lets coarser ones be chosen."""
    intruder: IntruderFigures | None = None
    """What the intruder test found, where the permit asks for one and it was made."""
    missing: MissingExact | None = None
    """Who of the source cannot be found; None where nobody has to be."""


Trial = Callable[[Prepared], IntruderFigures | None]
"""Tries an intruder in a release that could be made; None where the permit asks for no test."""


@contextlib.contextmanager
def opened_source(inputs: Inputs, recipe: Recipe) -> Iterator[Source]:
    """The source of the permit's dataset."""
    source = recipe.dataset.source
    with open_source(source.kind, source.location, base=inputs.catalogue_folder) as opened:
        yield opened


def prepare(
    inputs: Inputs,
    engine: Engine,
    source: Source,
    keys_for: Callable[[Recipe, str, str], ProjectKeys],
    progress: Progress,
    before_rows: Callable[[], None] = lambda: None,
    trial: Trial | None = None,
) -> Prepared:
    """Read, choose, shape and measure.

    `before_rows` is called once papers and choices were read, before any row of the source is.
    `trial` tries an intruder where forms are chosen: what fails it is not chosen.

    `keys_for(recipe, fingerprint, choices digest)` gives the project's keys once the scope is
    known. Raises what its parts raise; nothing has been written then.
    """
    recipe = make_recipe(inputs.permit, inputs.catalogue, demo=inputs.demo)
    with _population(inputs.depth, recipe, engine) as depth:
        known = replace(inputs, depth=depth)
        return _prepared(known, recipe, engine, source, keys_for, progress, before_rows, trial)


@contextlib.contextmanager
def _population(depth: Depth, recipe: Recipe, engine: Engine) -> Iterator[Depth]:
    """`depth` with the table of the population opened, where there is one, for the block."""
    if depth.table is None:
        yield depth
        return
    check_asked(depth.table.path, depth.table.count, depth.population)
    items = {item.variable.name for one in recipe.tables if one.about_people for item in one.quasi}
    with opened_population(engine, depth.table, items) as against:
        yield replace(depth, against=against, population=against.people)


@dataclass(frozen=True)
class _Start:
    """All that is known before risk is measured: lawful rows, choices, and who was chosen."""

    folder: ChoicesFolder
    decision: Decision
    loaded: Loaded
    considered: Considered
    chosen: Chosen
    restricted: RestrictedLists
    shaper: Shaper
    known: Calendars
    missing: MissingExact | None


def _start(
    inputs: Inputs,
    recipe: Recipe,
    engine: Engine,
    source: Source,
    keys_for: Callable[[Recipe, str, str], ProjectKeys],
    progress: Progress,
    before_rows: Callable[[], None],
) -> _Start:
    """Read people's choices and the source, and choose people."""
    day = london_day(inputs.at)
    restricted = lists_for(inputs.permit)
    decision = decide(inputs.permit, recipe.dataset, day)
    progress("Reading people's choices")
    folder = read_choices(
        inputs.choices_folder,
        journal=inputs.journal,
        dataset=recipe.dataset.id,
        needs_national=decision.national,
        clock=FixedClock(inputs.at),
        max_age_days=inputs.choices_max_age_days,
        not_before=inputs.choices_not_before,
    )
    before_rows()
    loaded = load(source, recipe, engine, progress)
    progress("Applying people's choices")
    considered = consider(loaded, decision, demo=inputs.demo)
    missing = _missing(inputs, loaded, decision)
    keys = keys_for(recipe, loaded.fingerprint.digest, choices_digest(folder))
    lawful = Lawful(loaded, restricted)
    lineage = inputs.lineage or Lineage((inputs.permit.id,))
    chosen = choose(loaded, lawful, considered, decision, folder, keys, day, lineage)
    known = calendars(loaded)
    shaper = Shaper.over(loaded, keys, lawful, windows(loaded, known), chosen.people)
    return _Start(folder, decision, loaded, considered, chosen, restricted, shaper, known, missing)


def _missing(inputs: Inputs, loaded: Loaded, decision: Decision) -> MissingExact | None:
    found = measure_missing(loaded, decision, inputs.at.date(), demo=inputs.demo)
    if found is None:
        return None
    return found.exact(None if inputs.cited is None else inputs.cited.told(found))


def _allowed(start: _Start, engine: Engine) -> tuple[ops.Table, int]:
    """(the people who could be released, how many have no row left to show)."""
    chosen, shaper = start.chosen, start.shaper
    mine = ops.keep_where(chosen.people, ops.negate(chosen.people["held_out"]))
    mine = engine.keep("allowed_0", ops.select(mine, ["person", "weeks", "number"]))
    if not chosen.held_out:
        shaper.narrow.whole = mine
    mine, empty = _with_rows(shaper, mine)
    mine, near = away_from_edges(shaper, mine)
    return mine, empty + near


def _prepared(
    inputs: Inputs,
    recipe: Recipe,
    engine: Engine,
    source: Source,
    keys_for: Callable[[Recipe, str, str], ProjectKeys],
    progress: Progress,
    before_rows: Callable[[], None],
    trial: Trial | None,
) -> Prepared:
    start = _start(inputs, recipe, engine, source, keys_for, progress, before_rows)
    mine, empty = _allowed(start, engine)
    depth = inputs.depth
    if depth.population is None:
        # Whoever knows that somebody was a patient here looks among all patients here.
        depth = replace(depth, population=start.considered.total)
    progress("Measuring the risk before")
    before = measure(start.shaper, mine, start.known, exact=True, depth=depth)
    progress("Measuring the risk after")
    total = start.chosen.allowed - start.chosen.held_out - empty

    def made(shaper: Shaper, gate: _Gate, generalisation: Generalisation | None = None) -> Prepared:
        loaded = shaper.loaded
        return Prepared(
            inputs, loaded.recipe, loaded, start.decision, start.folder, start.considered,
            start.chosen, start.restricted, shaper, mine, gate.people, empty, gate.suppressed,
            before, gate.after, tuple(gate.breaches), generalisation, gate.intruder,
            start.missing,
        )  # fmt: skip

    def tried(shaper: Shaper, gate: _Gate) -> _Gate:
        if trial is None or gate.suppressed >= total:
            return gate
        return replace(gate, intruder=trial(made(shaper, gate)))

    asked = _Asked(mine, total, start.known, depth, tried)
    shaper, gate, generalisation = _settled(inputs, start.shaper, asked, progress)
    if gate.suppressed >= total:
        # An empty release would take the place of the one before it, whose key is then destroyed.
        raise Refused("CW-RELEASE-NOBODY", "After all that is left out, nobody is left to release.")
    return made(shaper, gate, generalisation)


def choices_digest(folder: ChoicesFolder) -> str:
    """One hash for all the choices that were read. Stays in the vault."""
    national = None if folder.national is None else folder.national.sha256
    return digest([national, folder.objections_hash])


@dataclass(frozen=True)
class _Gate:
    people: ops.Table
    suppressed: int
    after: Measured
    breaches: list[Breach]
    intruder: IntruderFigures | None = None


@dataclass(frozen=True)
class _Asked:
    """What is judged: `people` to be released, `total` of them; `tried` adds an intruder's test."""

    people: ops.Table
    total: int
    known: Calendars
    depth: Depth
    tried: Callable[[Shaper, _Gate], _Gate]


def _settled(
    inputs: Inputs, shaper: Shaper, asked: _Asked, progress: Progress
) -> tuple[Shaper, _Gate, Generalisation | None]:
    """The forms in which the release is shown, and what the gate finds for them."""

    def gate(one: Shaper) -> _Gate:
        return _gate(one, asked.people, asked.total, asked.known, asked.depth)

    if not inputs.permit.optimise_generalisation:
        return shaper, gate(shaper), None
    most = _may_be_left_out(inputs.permit, asked.total)
    return generalise(
        shaper, asked.people, inputs.catalogue, most, gate, progress,
        earlier=inputs.earlier, trial=asked.tried,
    )  # fmt: skip


def _may_be_left_out(permit: Permit, total: int) -> int:
    return int(round(permit.risk.suppress_up_to * total, 6))


def _gate(shaper: Shaper, people: ops.Table, total: int, known: Calendars, depth: Depth) -> _Gate:
    """Leave out people in small classes where the permit allows it, then measure what is left.

    Who is in a small class follows from the quasi-identifiers alone (and from sensitive values
    only where the permit limits l), so the full measurement is made of what is released. Leaving
    people out can make a value rare among the others, which then look different: so it goes round
    while there are people to leave out. Breaches that remain are for the caller to refuse.
    """
    limits = shaper.loaded.recipe.permit.risk
    most = _may_be_left_out(shaper.loaded.recipe.permit, total)
    suppressed = 0
    while True:
        with views_of(shaper, people) as views:
            people, out = _leave_out(shaper, views, people, most - suppressed)
            if not out:
                after = measure_views(shaper, people, known, views(True), depth=depth)
        if out:
            suppressed += out
            after = measure(shaper, people, known, depth=depth)
        breaches = after.breaches(limits)
        if not out or not breaches:
            return _Gate(people, suppressed, after, breaches)


def _leave_out(
    shaper: Shaper, views: Callable[[bool], list[RiskView]], people: ops.Table, most: int
) -> tuple[ops.Table, int]:
    """(people without those in small classes, how many were left out); at most `most`, or none.

    `views`: of `people`, by whether sensitive columns are wanted.
    """
    if most <= 0:
        return people, 0
    limits = shaper.loaded.recipe.permit.risk
    wanted = views(limits.distinct_l is not None)
    out = people_to_leave_out(shaper.engine, wanted, limits, kept_as="left_out")
    try:
        if not 0 < out.people <= most:
            return people, 0
        fewer = ops.anti_join(people, out.table, {"number": "person"})
        return shaper.engine.keep(shaper.engine.fresh("allowed"), fewer), out.people
    finally:
        shaper.engine.forget("left_out")


def _with_rows(shaper: Shaper, people: ops.Table) -> tuple[ops.Table, int]:
    """(the people who have a row in the release, how many have none).

    In the person table everybody has a row; without it some may have lost all of theirs.
    """
    recipe = shaper.loaded.recipe
    if recipe.row_is_person or any(one.name == recipe.person_table for one in recipe.tables):
        return people, 0
    about = [one for one in recipe.tables if one.about_people]
    if not about:
        return people, 0
    parts = [ops.select(shaper.rows(one, people), [WHO]) for one in about]
    found = shaper.engine.keep("with_rows", ops.distinct(ops.union(*parts)))
    kept = shaper.engine.keep("released", ops.semi_join(people, found, {"number": WHO}))
    shaper.engine.forget("with_rows")
    before = shaper.engine.one(ops.group(people, [], {"n": ops.count_rows(people)}))["n"]
    after = shaper.engine.one(ops.group(kept, [], {"n": ops.count_rows(kept)}))["n"]
    return kept, before - after


def verify_unchanged(prepared: Prepared, source: Source) -> None:
    """Refuse if the source changed while it was read. Raises `Fault` CW-SOURCE-CHANGED."""
    names = tuple(prepared.loaded.views)
    if source.fingerprint(names).digest != prepared.loaded.fingerprint.digest:
        raise Fault("CW-SOURCE-CHANGED", "The source changed while the release was being made.")
