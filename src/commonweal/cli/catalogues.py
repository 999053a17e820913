"""`commonweal catalogue`: profile a source, and check a catalogue against its sources."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commonweal.cli.options import HomeOption, JsonOption, group, named_home, new_place
from commonweal.cli.show import emit, note, steps

if TYPE_CHECKING:
    from commonweal.vault.custody import Custody
    from commonweal.vault.scan import CheckReport

app = group("Describe the tables of a source, and check the description.")


@dataclass(frozen=True)
class Naming:
    """What a person may say about a catalogue that a scan cannot know."""

    dataset: str | None
    title: str | None
    custodian: str | None

    def check(self) -> None:
        """Refuse what a catalogue cannot hold, before a source is read. Raises CW-USAGE."""
        from pydantic import TypeAdapter, ValidationError

        from commonweal.foundation.errors import WrongUsage
        from commonweal.papers.base import Identifier, Line

        letters = (
            "--dataset takes letters, digits, dots, dashes and underscores, at most 64, and "
            "begins with a letter or digit."
        )
        said = (
            (self.dataset, Identifier, letters),
            (self.title, Line, "--title takes one line of text."),
            (self.custodian, Line, "--custodian takes one line of text."),
        )
        for text, kind, sentence in said:
            if text is None:
                continue
            try:
                TypeAdapter(kind).validate_python(text)
            except ValidationError:
                raise WrongUsage("CW-USAGE", sentence) from None


@app.command("scan")
def scan(
    ctx: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            help="A folder of CSV or Parquet, a DuckDB file, a PostgreSQL URL.", metavar="SOURCE"
        ),
    ],
    out: Annotated[
        Path, typer.Option(help="The catalogue to write; it must not exist.", callback=new_place)
    ],
    dataset: Annotated[
        str | None, typer.Option(help="The id of the dataset.", show_default=False)
    ] = None,
    title: Annotated[str | None, typer.Option(help="Its title.", show_default=False)] = None,
    custodian: Annotated[
        str | None, typer.Option(help="The name of the organisation.", show_default=False)
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Profile every column of a source and suggest roles and forms.

    Each suggestion has its reason. A scan decides nothing: read the catalogue, correct it,
    then run `catalogue check`.
    """
    from commonweal.vault.scan import scan as scan_source
    from commonweal.vault.sources.opening import guess_kind, open_source

    naming = Naming(dataset, title, custodian)
    naming.check()
    kind = guess_kind(source)
    custody = _home_if_named(ctx, home)
    with _work(custody) as work, steps(json) as step:
        location = source if kind == "postgresql" else str(Path(source).expanduser().absolute())
        with open_source(kind, location) as opened:
            result = scan_source(
                opened,
                work_folder=work,
                progress=lambda table, number, of: step(f"Profiling {table}", number / of),
            )
    _write(result, out, naming)
    tables = {name: profile.rows for name, profile in result.profiles.items()}
    undecided = [f"{table}.{column}" for table, column in result.undecided]
    lines = [f"{name}: {rows:,} rows" for name, rows in tables.items()]
    lines.append(f"The suggested catalogue is in {out}.")
    lines += result.warnings
    if undecided:
        lines.append(f"You must choose a role for: {', '.join(undecided)}.")
    lines.append("Read it, correct it, then run `commonweal catalogue check`.")
    plain = {"catalogue": str(out), "tables": tables, "undecided": undecided}
    emit(json, {**plain, "warnings": list(result.warnings)}, lines)


@app.command("check")
def check(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="The catalogue.", metavar="FILE")],
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Check a catalogue against its sources.

    Each fault is named by table, column and number of rows. One that passes is kept in the
    home, so that permits can be issued against it.
    """
    from commonweal.foundation.clock import SystemClock
    from commonweal.papers.catalogue import Catalogue
    from commonweal.vault.custody import remember_catalogue
    from commonweal.vault.scan import check as check_catalogue
    from commonweal.vault.sources.opening import open_source

    catalogue = Catalogue.load(file)
    custody = _home_if_named(ctx, home)
    base = file.absolute().parent
    with _work(custody) as work, steps(json) as step:
        step("Reading the sources")
        report = check_catalogue(
            catalogue,
            lambda dataset: open_source(dataset.source.kind, dataset.source.location, base=base),
            clock=SystemClock(),
            synthetic_only=custody is not None and custody.home.kind == "demo",
            work_folder=work,
        )
        kept = custody is not None and not report.faults
        if custody is not None and kept:
            remember_catalogue(custody, file)
    emit(json, {**report.as_dict(), "kept": kept}, _found(report))
    if not report.faults:
        note(json, "Kept in the home." if kept else "No home was named, so it was not kept.")
    return 3 if report.faults else 0


def _found(report: CheckReport) -> list[str]:
    lines = []
    for finding in (*report.faults, *report.warnings):
        place = ".".join(part for part in (finding.table, finding.variable) if part)
        lines.append(f"{finding.level} {finding.code} {place or finding.dataset}")
        lines.append(f"  {finding.sentence}")
    faults, warnings = len(report.faults), len(report.warnings)
    lines.append(
        f"{faults} fault(s) and {warnings} warning(s)."
        if faults
        else f"The catalogue fits its sources; {warnings} warning(s)."
    )
    return lines


def _write(result: Any, out: Path, naming: Naming) -> None:
    """Write the scan's catalogue with the names that were given and a source that can be found."""
    from commonweal.vault.scan import ScanResult, write_catalogue

    class Named(ScanResult):
        def catalogue(self, **_: Any) -> dict[str, Any]:
            named = naming.custodian
            plain = super().catalogue(**({} if named is None else {"custodian": named}))
            dataset = plain["datasets"][0]
            dataset["id"] = naming.dataset or dataset["id"]
            dataset["title"] = naming.title or dataset["title"]
            if self.kind != "postgresql":
                dataset["source"]["location"] = _seen_from(Path(self.location), out)
            return plain

    write_catalogue(Named(**vars(result)), out)


def _seen_from(source: Path, out: Path) -> str:
    """The source as the catalogue names it: relative to the catalogue where it lies below it."""
    folder = out.absolute().parent.resolve()
    place = source.resolve()
    return os.path.relpath(place, folder) if place.is_relative_to(folder) else str(place)


def _home_if_named(ctx: typer.Context, home: Path | None) -> Custody | None:
    from commonweal.foundation.clock import SystemClock
    from commonweal.vault.custody import open_custody

    path = named_home(ctx, home)
    return None if path is None else open_custody(path, SystemClock())


@contextlib.contextmanager
def _work(custody: Custody | None) -> Iterator[Path]:
    """A private folder for the engine: in the home, where there is one."""
    if custody is not None:
        with custody, custody.home.run_folder() as folder:
            yield folder
        return
    import tempfile

    # Only encrypted spill goes here.
    with tempfile.TemporaryDirectory(prefix="commonweal-") as folder:
        yield Path(folder)
