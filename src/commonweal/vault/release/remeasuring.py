"""`risk measure RELEASE`: a release that lies there, measured as a whole.

The data are opened for a live permit, under the checks of `release open`, in memory, and the sealed
log says so. What the release tells is laid together as it was when it was made (`views`); each
table has its own figures, and the worst over all stand beside them. Only figures come out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from commonweal.foundation.errors import CommonwealError, Fault, WrongUsage
from commonweal.foundation.files import sha256_file, translated
from commonweal.ledger.entry import Event
from commonweal.papers.release import ReleaseManifest
from commonweal.papers.release.manifest import ReleasedFile
from commonweal.vault.custody import Custody, find_permit, settle
from commonweal.vault.release.closing import MANAGER
from commonweal.vault.release.narrow import WHO
from commonweal.vault.release.opening import data_key, openable
from commonweal.vault.release.progress import Progress, quiet
from commonweal.vault.release.released import OpenFile, Released, released_tables
from commonweal.vault.release.store import MANIFEST, SUMMARY, completed, read_manifest
from commonweal.vault.release.verify import open_file
from commonweal.vault.release.views import measured_views
from commonweal.vault.release.writing import context_of
from commonweal.vault.risk import (
    EVERYTHING,
    Deepening,
    Deeper,
    Depth,
    Figures,
    gaps_of,
    overall,
    view_figures,
)
from commonweal.vault.risk.population_table import population_of
from commonweal.vault.risk.whole import ReleaseAsked, table_document
from commonweal.vault.tables.engine import Engine
from commonweal.vault.tables.opening import EngineName, opened_engine


@dataclass(frozen=True)
class _Opened:
    manifest: ReleaseManifest
    open_file: OpenFile


def is_release(folder: Path) -> bool:
    """Whether a folder looks like a release, sealed or opened."""
    if (folder / MANIFEST).is_file() or (folder / SUMMARY).is_file():
        return True
    return folder.is_dir() and any(folder.glob("*/part-*.parquet"))


def measure_release(
    custody: Custody,
    folder: Path,
    asked: ReleaseAsked | None = None,
    progress: Progress = quiet,
    engine_name: EngineName = "duckdb",
) -> dict[str, Any]:
    """All figures of the release in `folder`: sealed, handed over, or opened by `release open`.

    The keys are those of `measure`, as the worst over all tables, and `tables` with those of each.
    Raises the refusals of `release open`, `Fault` CW-RELEASE-MISSING where the folder holds no
    release that this home knows, `WrongUsage` CW-RISK-COLUMNS and CW-RISK-POPULATION.
    """
    wanted = asked or ReleaseAsked()
    with (
        opened_release(custody, folder, progress) as opened,
        custody.home.run_folder() as work,
        opened_engine(work, engine_name) as engine,
    ):
        progress("Opening the data in memory")
        with released_tables(engine, opened.manifest, opened.open_file) as released:
            progress("Measuring the risk")
            return _measured(engine, released, opened.manifest, wanted)


@contextmanager
def opened_release(custody: Custody, folder: Path, progress: Progress = quiet) -> Iterator[_Opened]:
    """A release whose data may be read now, and how its files are read; said on the sealed log."""
    sealed = (folder / MANIFEST).is_file() or (folder / SUMMARY).is_file()
    store = folder if sealed else _store_of(custody, folder)
    named = read_manifest(custody.home.releases, store, custody.belief)
    permit, manifest = openable(custody, store, find_permit(custody, named.permit_id), progress)
    secret = data_key(custody, manifest)
    fields = {"permit": permit.id, "release": manifest.release, "use": "risk"}
    custody.ledger.append(Event("release.opened", MANAGER, fields))

    def unsealed(file: ReleasedFile, sink: BinaryIO) -> None:
        context = context_of(manifest.release, file.path)
        with translated(file.path):
            open_file(store / file.path, sink, file, secret, context)

    def plain(file: ReleasedFile, sink: BinaryIO) -> None:
        with translated(file.path):
            content = (folder / file.path.removeprefix("data/")).read_bytes()
        if "sha256:" + hashlib.sha256(content).hexdigest() != file.content_hash:
            raise Fault("CW-RELEASE-CHANGED", "The content is not the one that was released.")
        sink.write(content)

    try:
        yield _Opened(manifest, unsealed if sealed else plain)
    finally:
        settle(custody)


def _store_of(custody: Custody, folder: Path) -> Path:
    """The release that an opened folder was opened from: the one that its files belong to."""
    hashes = {sha256_file(path) for path in sorted(folder.glob("*/part-*.parquet"))}
    doubt: CommonwealError | None = None
    for one in reversed(list(completed(custody.ledger))):
        store = custody.home.releases / one.release
        if not (store / MANIFEST).is_file():
            continue
        try:
            manifest = read_manifest(custody.home.releases, store, custody.belief)
        except CommonwealError as error:
            # Of a manifest that is not believed nothing is known; it may be another release's.
            doubt = doubt or error
            continue
        files = [file for table in manifest.tables.values() for file in table.files]
        if {file.content_hash for file in files} == hashes:
            return store
    if doubt is not None:
        raise doubt
    raise Fault(
        "CW-RELEASE-MISSING",
        f"The data in {folder.name} are not those of a release that this home knows.",
        remedy="Name the release's own folder, or measure one of its files with --quasi.",
    )


# --- figures --------------------------------------------------------------------------------


@dataclass
class _Found:
    figures: dict[str, Figures] = field(default_factory=dict)
    deeper: dict[str, Deeper] = field(default_factory=dict)
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)


def _measured(
    engine: Engine, released: Released, manifest: ReleaseManifest, asked: ReleaseAsked
) -> dict[str, Any]:
    found = _Found()
    quasi = {one.name: [item.variable.name for item in one.quasi] for one in released.tables}
    known = {name for names in quasi.values() for name in names}
    with (
        population_of(
            engine, asked.population, asked.population_count, asked.population_size, known
        ) as population,
        measured_views(released, released.people, exact=False) as views,
    ):
        depth = Depth(EVERYTHING, asked.population_size, suda=asked.suda)
        deepening = Deepening(engine, depth)
        for view in views:
            figures = view_figures(engine, view, close_up_to=EVERYTHING)
            deeper = deepening.of(view, figures)
            document = table_document(figures, deeper, quasi.get(view.name, []))
            if population is not None:
                against = population.held_against(engine, view, figures)
                document["notes"] += against.notes
                document |= against.as_dict()
            found.figures[view.name], found.deeper[view.name] = figures, deeper
            found.documents[view.name] = document
        for name, gaps in _gaps(engine, released).items():
            found.documents[name] |= gaps
    return _document(found, manifest, quasi)


def _gaps(engine: Engine, released: Released) -> dict[str, dict[str, Any]]:
    """By table: what moved dates give away by the days between them, date by date."""
    found: dict[str, dict[str, Any]] = {}
    for recipe in released.tables:
        rows, _ = released.measured(recipe, released.people, recipe.shifted)
        by_date = {
            item.variable.name: gaps_of(engine, rows, WHO, item.variable.name)
            for item in recipe.shifted
        }
        if by_date:
            worst = max(by_date.values(), key=lambda one: int(one["unique"]))
            found[recipe.name] = {"gaps": worst, "gaps_by_date": by_date}
    return found


def _document(
    found: _Found, manifest: ReleaseManifest, quasi: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """The worst over all tables under the keys of `measure`, and each table's own figures."""
    known = sorted(f"{table}.{name}" for table, names in quasi.items() for name in names)
    whole = overall(found.figures, None, known)
    worst = min(
        (one for one in found.figures.values() if one.patients),
        key=lambda one: (one.k, -one.prosecutor_mean),
        default=None,
    )
    shift = manifest.risk.after.shift_candidates
    documents = found.documents
    return {
        "release": manifest.release,
        "permit": manifest.permit_id,
        "rows": sum(one.rows for one in found.figures.values()),
        **whole,
        "t": _by_column(documents, "t"),
        "likeness": _by_column(documents, "likeness"),
        "journalist": _worst_of(documents, "journalist", "mean"),
        "population_uniques": _worst_of(documents, "population_uniques", "share"),
        "power_m": _worst_power(documents),
        "shift_candidates": shift,
        "smallest_classes": [] if worst is None else worst.as_dict()["smallest_classes"],
        "tables": documents,
    }


def _by_column(documents: Mapping[str, Mapping[str, Any]], key: str) -> dict[str, Any]:
    return {
        f"{table}.{column}": value
        for table, document in documents.items()
        for column, value in document[key].items()
    }


def _worst_of(documents: Mapping[str, Mapping[str, Any]], key: str, by: str) -> Any:
    told = [one[key] for one in documents.values() if one[key] is not None]
    return max(told, key=lambda one: float(one[by]), default=None)


def _worst_power(documents: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
    told = [one["power_m"] for one in documents.values() if one["power_m"]]
    known = sorted({events for one in told for events in one})
    return {
        events: max((one[events] for one in told), key=lambda one: float(one["mean"]))
        for events in known
    } or None


def refuse_options(named: Mapping[str, object]) -> None:
    """Refuse options that only a single table has. Raises `WrongUsage` CW-USAGE."""
    for name, value in named.items():
        if value:
            raise WrongUsage(
                "CW-USAGE",
                f"--{name} is for one table: a release has its own roles in its manifest.",
                remedy="Name the columns with --quasi to measure one table of the release.",
            )
