"""`catalogue describe`: make, sign and publish the figures of one dataset (release 0)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from commonweal import __version__
from commonweal.foundation.canonical import parse_json
from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import Fault
from commonweal.foundation.files import (
    make_private_folder,
    read_bytes,
    staged_folder,
    write_atomic,
)
from commonweal.foundation.london import london_day
from commonweal.ledger.details import Details, commitment
from commonweal.ledger.entry import Event
from commonweal.papers.catalogue import Catalogue, Dataset, Table, Variable
from commonweal.papers.figures import CatalogueFigures, Shown
from commonweal.papers.forms import Form
from commonweal.papers.missing import LostShare, MissingPeople
from commonweal.vault.choices import ChoicesFolder, read_choices
from commonweal.vault.choices.journal import read_journal
from commonweal.vault.custody import Custody, settle
from commonweal.vault.custody.holding import MANIFEST_SIGNER
from commonweal.vault.custody.register import PUBLIC
from commonweal.vault.equality.measuring import measure_missing, rows_of_nobody
from commonweal.vault.equality.telling import share_of_rows, tell
from commonweal.vault.figures import history
from commonweal.vault.figures.history import Inner, Told, Writing
from commonweal.vault.figures.measuring import Measured, has_codes, has_range
from commonweal.vault.figures.publishing import (
    ENOUGH,
    Counts,
    band_of,
    catalogue_margins,
    cell,
    coarser_never_dearer,
    listed,
    percent,
    rounded_out,
    without_small_rest,
)
from commonweal.vault.figures.reading import (
    EverybodyRead,
    check_countable,
    choices_told,
    number_people,
    read_everybody,
)
from commonweal.vault.release.closing import MANAGER
from commonweal.vault.release.lawful import Lawful
from commonweal.vault.release.progress import Progress, quiet
from commonweal.vault.release.recipe import WholeDataset
from commonweal.vault.release.restricted import every_list
from commonweal.vault.sources import Source, open_source
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine
from commonweal.vault.tables.opening import opened_engine

FOLDER = "figures"


@dataclass(frozen=True)
class Described:
    """What was published: the paper, its place for the service, and its entry on the ledger."""

    figures: CatalogueFigures
    place: Path
    intent: int


@dataclass
class _Made:
    """Everything of one version while it is made."""

    counts: Counts
    before: Inner | None
    catalogue: str
    at: datetime
    exact: dict[str, int] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)
    bits: dict[str, float] = field(default_factory=dict)

    def hold(self, exact: dict[str, int], *, new: bool) -> dict[str, int]:
        """Keep counts, and give those that figures are made of."""
        held = self.counts.hold(exact, new)
        self.exact |= exact
        self.held |= held
        return held

    def inner(self) -> Inner:
        """What the next version goes by.

        What this one does not tell of stays as it was told last: it may come back.
        """
        before = self.before or Inner({}, {}, {}, self.catalogue)
        held, ranges = {**before.held, **self.held}, {**before.ranges, **self.ranges}
        return Inner(held, ranges, self.bits, self.catalogue)

    def same(self, name: str) -> bool:
        """Whether a count is held as it was, so that what hangs on it stays."""
        return self.before is not None and self.before.held.get(name) == self.held[name]


def describe(
    custody: Custody,
    catalogue_path: Path,
    dataset_id: str,
    choices: Path,
    progress: Progress = quiet,
) -> Described:
    """Make the figures of a dataset anew.

    Raises `Refused` CW-FIGURES-CHOICES where people's national choice cannot be looked up, `Fault`
    CW-CATALOGUE-NOT-KEPT for a catalogue that is not the one in use, and what reading choices and
    sources raises. Nothing has been published then.
    """
    catalogue = Catalogue.load(catalogue_path)
    dataset = catalogue.dataset(dataset_id)
    check_countable(custody, catalogue, dataset)
    with custody.home.run_lock():
        history.clear_unfinished(custody)
        publish_told(custody)
        progress("Reading people's choices")
        folder = read_choices(
            choices,
            journal=read_journal(custody),
            dataset=dataset.id,
            needs_national=True,
            clock=custody.clock,
            max_age_days=custody.trust.fresh.choices_days,
            not_before=custody.home.info.restored_at,
        )
        source = dataset.source
        base = catalogue_path.absolute().parent
        with (
            custody.home.run_folder() as work,
            opened_engine(work) as engine,
            open_source(source.kind, source.location, base=base) as opened,
        ):
            digest = catalogue.governed_digest((dataset.id,))
            return _described(custody, dataset, digest, folder, engine, opened, progress)


def _described(
    custody: Custody,
    dataset: Dataset,
    digest: str,
    folder: ChoicesFolder,
    engine: Engine,
    source: Source,
    progress: Progress,
) -> Described:
    """Read, count, sign, tell the ledger: in this order, so that a crash leaves nothing told."""
    at = custody.clock.now()
    read = read_everybody(custody, dataset, folder, engine, source, at, progress)
    earlier = [one for one in history.told(custody) if one.dataset == dataset.id]
    release = f"{history.PREFIX}{dataset.id[:48]}.r{len(earlier) + 1}"
    made = _begun(custody, earlier, digest, at)
    with staged_folder(history.folder_of(custody, release)) as staging:
        writing = Writing.into(staging, release, custody)
        people = number_people(custody, engine, read.allowed, writing.people)
        tables = _tables(made, read, dataset, people, writing, progress)
        progress("Counting who cannot be found")
        missing = _missing(made, read, dataset)
        if source.fingerprint(tuple(read.loaded.views)).digest != read.loaded.fingerprint.digest:
            raise Fault("CW-SOURCE-CHANGED", "The source changed while it was counted.")
        choices = choices_told(read.decision, folder)
        figures = _paper(made, dataset, release, earlier, choices, read.kept, tables, missing)
        writing.values(made.exact, made.counts.shown(made.held), made.inner())
        signed = figures.signed([custody.signer(MANIFEST_SIGNER)], at)
        manifest = writing.finish(signed, figures.digest())
    intent = _tell(custody, figures, manifest)
    publish_told(custody)
    settle(custody)
    return Described(figures, public_place(custody, dataset.id), intent)


def _begun(custody: Custody, earlier: Sequence[Told], digest: str, at: datetime) -> _Made:
    """A version of which nothing is counted yet, with what the one before it held."""
    before = history.read_inner(custody, earlier[-1].release) if earlier else None
    margins = catalogue_margins(custody.keyring.secret("audit"))
    return _Made(Counts(margins, before.held if before else None), before, digest, at)


def _tables(
    made: _Made,
    read: EverybodyRead,
    dataset: Dataset,
    people: ops.Table,
    writing: Writing,
    progress: Progress,
) -> dict[str, Any]:
    """The figures of each table that says something of people, without restricted codes."""
    lawful = Lawful(read.loaded, every_list())
    tables = {}
    for table in WholeDataset(dataset).about_people():
        progress(f"Counting {table.name}")
        measured = Measured.of(lawful, table, people)
        tables[table.name] = _table(made, measured, writing)
        measured.close()
    return tables


def _paper(
    made: _Made,
    dataset: Dataset,
    release: str,
    earlier: Sequence[Told],
    choices: dict[str, Any],
    kept: int,
    tables: dict[str, Any],
    missing: MissingPeople | None,
) -> CatalogueFigures:
    """The paper that is signed. `kept`: how many people are counted, exactly."""
    total = cell("people")
    held = made.hold({total: kept}, new=made.before is None)
    return CatalogueFigures.read(
        {
            "figures": 1,
            "release": release,
            "sequence": len(earlier) + 1,
            "supersedes": earlier[-1].release if earlier else None,
            "dataset": dataset.id,
            "catalogue_digest": made.catalogue,
            "measured_at": stamp(made.at),
            "commonweal": __version__,
            "choices": choices,
            "people": made.counts.shown(held)[total],
            "tables": tables,
            **({} if missing is None else {"missing": missing.plain()}),
        },
        "The catalogue's figures",
    )


def _missing(made: _Made, read: EverybodyRead, dataset: Dataset) -> MissingPeople | None:
    """Who cannot be found (P9), after all tables were counted."""
    whole = WholeDataset(dataset)
    found = measure_missing(
        read.loaded, read.decision, london_day(made.at), demo=read.demo, allowed=read.allowed
    )
    if found is None:
        return None
    shares = {}
    for table in whole.about_people():
        if table.name != whole.person_table:
            lost, rows = rows_of_nobody(read.loaded, table.name, read.everybody)
            shares[table.name] = _share_of_rows(made, table.name, lost, rows)
    return tell(made, found, shares)


def _share_of_rows(made: _Made, table: str, lost: int, rows: int) -> LostShare | None:
    """The share of rows that lead to nobody, told anew only where ten people of the table differ:
    a row more or less is somebody's."""
    names = cell("", table, "rows of nobody"), cell("", table, "rows")
    before = made.before.held if made.before is not None else {}
    stays = names[0] in before and made.same(cell(table, "people"))
    for name, count in zip(names, (lost, rows), strict=True):
        made.exact[name], made.held[name] = count, before[name] if stays else count
    return share_of_rows(made.held[names[0]], made.held[names[1]])


# --- one table --------------------------------------------------------------------------------


def _table(made: _Made, measured: Measured, writing: Writing) -> dict[str, Any]:
    name = measured.table.name
    people, rows = cell(name, "people"), cell(name, "rows")
    new = not made.counts.knows(people)
    made.hold({people: measured.people}, new=new)
    # A row more or less is somebody's: rows are told anew only where ten people are.
    stays = made.before is not None and made.same(people) and rows in made.before.held
    row_count = made.before.held[rows] if made.before and stays else measured.row_count
    made.exact[rows], made.held[rows] = measured.row_count, row_count
    shown = made.counts.shown({people: made.held[people], rows: row_count})
    who = ops.distinct(ops.project(measured.each, {"number": measured.each["cw__number"]}))
    writing.cells(measured.engine, who, name, None)
    _measure_forms(made, measured)
    variables = {
        one.name: _variable(made, measured, one, writing)
        for one in measured.table.variables
        if one.role is not None
    }
    hidden = shown[people] is None
    return {
        "rows": None if hidden else shown[rows],
        "people": shown[people],
        "variables": variables,
    }


def _variable(
    made: _Made, measured: Measured, variable: Variable, writing: Writing
) -> dict[str, Any]:
    table = measured.table.name
    filled = measured.filled[variable.name]
    present, whole = cell(table, variable.name, "present"), cell(table, variable.name, "whole")
    new = not made.counts.knows(present)
    made.hold({present: filled.present, whole: int(filled.whole)}, new=new)
    complete = percent(made.held[whole], made.held[cell(table, "people")])
    codes, hidden = _codes(made, measured, variable, new=new)
    writing.cells(
        measured.engine, measured.held(variable, [c["code"] for c in codes]), table, variable.name
    )
    return {
        "complete": complete,
        "range": _range(made, measured, variable, present),
        "codes": codes,
        "codes_hidden": hidden,
        "forms": {k: v.plain() for k, v in _forms(made, measured, variable).items()},
    }


def _range(
    made: _Made, measured: Measured, variable: Variable, present: str
) -> dict[str, float] | None:
    """The range, as the version before showed it while nearly the same people have values."""
    if not has_range(variable) or made.held[present] < ENOUGH:
        return None
    earlier = made.before.ranges.get(present) if made.before and made.same(present) else None
    if earlier is None:
        found = measured.range(variable)
        if found is None:
            return None
        years = variable.type in ("date", "timestamp")
        earlier = rounded_out(*found, years=years)
    made.ranges[present] = earlier
    return {"low": earlier[0], "high": earlier[1]}


def _codes(
    made: _Made, measured: Measured, variable: Variable, *, new: bool
) -> tuple[list[dict[str, Any]], bool]:
    """(the codes that are shown with their people, whether others are hidden)."""
    if not has_codes(variable):
        return [], False
    table, name = measured.table.name, variable.name
    known = history.known_codes(made.before.held, table, name) if made.before else ()
    exact = measured.codes(variable, known)
    exact = dict.fromkeys(known, 0) | exact
    held = made.hold({cell(table, name, "code", c): n for c, n in exact.items()}, new=new)
    codes = listed({code: held[cell(table, name, "code", code)] for code in exact})
    others, rest = measured.others(variable, codes)
    left = {"others": others} | ({} if rest is None else {"rest": rest})
    over = made.hold({cell(table, name, what): n for what, n in left.items()}, new=new)
    fewer = without_small_rest(codes, over.values())
    hidden = over[cell(table, name, "others")]
    shown = made.counts.shown(held)
    told = [{"code": one, "people": shown[cell(table, name, "code", one)]} for one in fewer]
    return told, bool(hidden) or len(fewer) < len(codes)


def _measure_forms(made: _Made, measured: Measured) -> None:
    """What each form of the table's variables costs, as it was known or measured now."""
    people = cell(measured.table.name, "people")
    if made.held[people] < ENOUGH:
        return
    same = made.before is not None and made.before.catalogue == made.catalogue and made.same(people)
    known = made.before.bits if made.before is not None and same else {}
    asked = {
        _bits_cell(measured.table, one, form): (one, _told_by(form))
        for one in measured.table.variables
        for form in (one.offered() if one.role is not None else ())
        if _fixed(one, form) is None
    }
    new = {name: one for name, one in asked.items() if name not in known}
    found = measured.bits(list(new.values()), made.at)
    made.bits |= {name: known[name] for name in asked if name in known}
    made.bits |= dict(zip(new, found, strict=True))


def _bits_cell(table: Table, variable: Variable, form: Form) -> str:
    return cell(table.name, variable.name, "bits", form.text)


def _forms(made: _Made, measured: Measured, variable: Variable) -> dict[str, Shown]:
    """The band of each form that is offered; high where nothing was measured."""
    found: dict[str, Shown] = {}
    for form in variable.offered():
        bits = made.bits.get(_bits_cell(measured.table, variable, form))
        fixed = _fixed(variable, form)
        if fixed is not None:
            found[form.text] = fixed
        elif bits is None:
            found[form.text] = Shown(band="high", measured=False)
        else:
            found[form.text] = Shown(band=band_of(bits))
    return coarser_never_dearer(found)


def _fixed(variable: Variable, form: Form) -> Shown | None:
    """The band that follows from role and form alone, whatever the data are."""
    if not form.rule.built or variable.role in ("free_text", "image", "genomic"):
        return Shown(band="high", measured=False)
    if form.kind in ("pseudonym", "record_code") and variable.role != "quasi_identifier":
        return Shown(band="low", measured=False)
    if form.kind in ("shift", "interval") and variable.is_birth:
        return Shown(band="high", measured=False)
    return None


def _told_by(form: Form) -> Form:
    """The form that is measured for one whose values only mean something within a project: a date
    that is moved by weeks still tells about its month, and a code tells who shares a value."""
    if form.kind in ("shift", "interval"):
        return Form("month")
    return Form("exact") if form.kind in ("pseudonym", "record_code") else form


# --- the ledger, and what the service reads ---------------------------------------------------


def _tell(custody: Custody, figures: CatalogueFigures, manifest: bytes) -> int:
    salt = secrets.token_bytes(32)
    info = custody.keyring.get("details")
    content = {"manifest_salt": salt.hex(), "manifest": parse_json(manifest, "The manifest")}
    details = Details(content, info.id, custody.keyring.secret("details").use())
    fields = {
        "release": figures.release,
        "dataset": figures.dataset,
        "figures_hash": figures.digest(),
        "inner": commitment(salt, manifest),
    }
    return custody.ledger.append(Event(history.EVENT, MANAGER, fields), details)


def public_place(custody: Custody, dataset: str) -> Path:
    """Where the service finds the figures of a dataset."""
    return custody.home.path / PUBLIC / FOLDER / f"{dataset}.jws"


def publish_told(custody: Custody) -> None:
    """Put the newest figures of each dataset where the service finds them. May be done again."""
    newest: dict[str, Told] = {one.dataset: one for one in history.told(custody)}
    for dataset, one in newest.items():
        place = history.folder_of(custody, one.release) / history.FIGURES
        content = read_bytes(place, "The catalogue's figures")
        paper = CatalogueFigures.load(content, custody.belief)
        if paper.digest() != one.figures_hash:
            raise Fault(
                "CW-FIGURES-BROKEN",
                f"The catalogue's figures {one.release} are not those that the ledger holds.",
                remedy="Restore a backup.",
            )
        target = public_place(custody, dataset)
        make_private_folder(target.parent)
        if not target.is_file() or target.read_bytes() != content:
            write_atomic(target, content)
