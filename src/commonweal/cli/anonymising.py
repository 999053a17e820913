"""`commonweal anonymise`: the least generalisation of a table that holds what is asked."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commonweal.cli.options import (
    EngineOption,
    JsonOption,
    PersonOption,
    SensitiveOption,
    engine_named,
    names,
    new_place,
)
from commonweal.cli.show import emit, note
from commonweal.foundation.errors import WrongUsage

if TYPE_CHECKING:
    from commonweal.vault.risk.anonymise import Builtin, Generalised, Hierarchy

_WRITTEN = (".csv", ".parquet")
_PAGES = (".html", ".htm")


TableFile = Annotated[Path, typer.Argument(help="A CSV or Parquet file.", metavar="FILE")]
K = Annotated[int, typer.Option(help="People who look alike, at least.")]
NewFile = Annotated[Path, typer.Option(help="The new file, .csv or .parquet.")]
HierarchyFolder = Annotated[
    Path | None,
    typer.Option(help="Folder of hierarchy_<column>.csv.", show_default=False),
]
BuiltinKinds = Annotated[
    str | None,
    typer.Option(
        help="Built-in hierarchies: COLUMN=KIND,... (age, date, postcode, icd10, ethnicity).",
        show_default=False,
    ),
]
L = Annotated[
    float | None,
    typer.Option("--l", help="Sensitive values in each group.", show_default=False),
]
Diversity = Annotated[
    str, typer.Option(help="How values are counted: distinct, entropy or recursive.")
]
RecursiveC = Annotated[float, typer.Option(help="c of recursive diversity.")]
T = Annotated[
    float | None,
    typer.Option(help="Greatest distance of a group's values from all.", show_default=False),
]
TDistance = Annotated[
    str, typer.Option(help="Distance between values: equal, ordered or hierarchical.")
]
MeanRisk = Annotated[
    float | None,
    typer.Option(help="Greatest mean chance of being recognised.", show_default=False),
]
PopulationFile = Annotated[
    Path | None,
    typer.Option(help="A table of the population, for --presence.", show_default=False),
]
Presence = Annotated[
    str | None,
    typer.Option(
        help="Chance that somebody of the population is in the data: LEAST,GREATEST.",
        show_default=False,
    ),
]
Suppress = Annotated[float, typer.Option(help="Share of rows that may be left out.")]
MetricName = Annotated[
    str,
    typer.Option(
        help="What to lose least of: entropy, loss, discernibility or average_class_size."
    ),
]
CountSuppressed = Annotated[
    bool | None,
    typer.Option(
        "--count-suppressed/--ignore-suppressed",
        help="Whether rows left out count as lost (entropy: no; others: yes).",
        show_default=False,
    ),
]
KeptColumns = Annotated[
    str | None,
    typer.Option(help="Other columns to write as they are: A,B.", show_default=False),
]
Local = Annotated[bool, typer.Option("--local", help="Then win back detail, group by group.")]
PageFile = Annotated[
    Path | None,
    typer.Option(
        help="A page with charts, .html: risk and detail of every choice.", show_default=False
    ),
]
MaxNodes = Annotated[int, typer.Option(help="Generalisations to try at most.")]
MaxSeconds = Annotated[float, typer.Option(help="Seconds to search at most.")]


def anonymise(
    data: TableFile,
    k: K,
    out: NewFile,
    hierarchies: HierarchyFolder = None,
    builtin: BuiltinKinds = None,
    sensitive: SensitiveOption = None,
    least: L = None,
    diversity: Diversity = "distinct",
    c: RecursiveC = 3.0,
    t: T = None,
    t_distance: TDistance = "equal",
    mean_risk: MeanRisk = None,
    population: PopulationFile = None,
    presence: Presence = None,
    suppress: Suppress = 0.0,
    metric: MetricName = "entropy",
    count_suppressed: CountSuppressed = None,
    person: PersonOption = None,
    keep: KeptColumns = None,
    local: Local = False,
    max_nodes: MaxNodes = 1_000_000,
    max_seconds: MaxSeconds = 600.0,
    page: PageFile = None,
    engine: EngineOption = "duckdb",
    json: JsonOption = False,
) -> None:
    """Generalise a table as little as will do.

    It is proved that less would not do, where that can be had. Columns with a hierarchy are those
    that others may know. Other columns are left out.
    """
    from commonweal.vault.risk.anonymise import Budget, Request
    from commonweal.vault.risk.anonymise import anonymise as run

    chosen = engine_named(engine)
    if out.suffix.lower() not in _WRITTEN:
        raise WrongUsage("CW-USAGE", "The new file ends in .csv or .parquet.")
    if page is not None and page.suffix.lower() not in _PAGES:
        raise WrongUsage("CW-USAGE", "The page ends in .html.")
    new_place(out)
    new_place(page)
    request = Request(
        k=k, sensitive=names(sensitive), l=least, diversity=diversity, c=c, t=t,
        ground=t_distance, presence=_pair(presence), mean_risk=mean_risk, suppress=suppress,
        metric=metric, counts_suppressed=count_suppressed, person=person, keep=names(keep),
        local=local, budget=Budget(max_nodes, max_seconds),
    )  # fmt: skip
    made = run(data, _hierarchies(hierarchies, builtin), request, population, chosen)
    _write(made, out, page)
    if made.report["left_out"]:
        note(json, f"Left out, without a hierarchy: {', '.join(made.report['left_out'])}.")
    emit(json, made.report, _lines(made.report))


def _hierarchies(folder: Path | None, builtin: str | None) -> Mapping[str, Hierarchy | Builtin]:
    from commonweal.vault.risk.anonymise import Builtin, read_folder

    found: dict[str, Hierarchy | Builtin] = dict(read_folder(folder)) if folder else {}
    for part in names(builtin):
        column, mark, kind = part.rpartition("=")
        if not mark or not column:
            raise WrongUsage("CW-USAGE", "Built-in hierarchies are written COLUMN=KIND,....")
        if column in found:
            raise WrongUsage("CW-USAGE", f"Column {column} has two hierarchies.")
        found[column] = Builtin(kind)
    if not found:
        raise WrongUsage("CW-USAGE", "Name a folder with --hierarchies, or kinds with --builtin.")
    return found


def _pair(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        least, most = (float(part) for part in names(text))
    except ValueError:
        raise WrongUsage("CW-USAGE", "Presence is written LEAST,GREATEST, such as 0,0.2.") from None
    return least, most


def _write(made: Generalised, out: Path, page: Path | None) -> None:
    """Both files or none."""
    from commonweal.foundation.files import write_atomic
    from commonweal.vault.risk.page_anonymise import anonymise_html

    table = _table(made, out)
    picture = b""
    if page is not None:
        picture = anonymise_html(out.name, made.report, made.candidates).encode()
    write_atomic(out, table, exclusive=True)
    if page is not None:
        try:
            write_atomic(page, picture, exclusive=True)
        except BaseException:
            out.unlink(missing_ok=True)
            raise


def _table(made: Generalised, out: Path) -> bytes:
    import pyarrow.csv as csv
    import pyarrow.parquet as parquet

    sink = io.BytesIO()
    if out.suffix.lower() == ".csv":
        csv.write_csv(made.table, sink)
    else:
        parquet.write_table(made.table, sink, compression="zstd")
    return sink.getvalue()


def _lines(report: dict[str, Any]) -> list[str]:
    from commonweal.vault.risk import share_in_words

    after, before = report["risk"]["after"], report["risk"]["before"]
    proof = (
        "No other generalisation of whole columns loses less."
        if report["optimal"]
        else f"The search was ended early: no generalisation can score below {report['bound']:.6g}."
    )
    kept, gone = f"{report['released']:,}", f"{report['suppressed']:,}"
    chances = [share_in_words(one["prosecutor"]["mean"]) for one in (after, before)]
    lines = [
        f"{kept} of {report['rows']:,} rows are in the new table; {gone} were left out.",
        f"Smallest group: {report['k']:,} (before: {before['k']:,}).",
        f"Groups of people who look alike: {report['classes']:,}.",
        "Chance of being recognised by someone who knows that the person is in the data:",
        f"  {chances[0]} on average (before: {chances[1]}).",
        f"Score by {report['metric']}: {report['score']:.6g}. {proof}",
        f"Generalisations tried: {report['nodes_checked']:,} of {report['nodes']:,}.",
    ]
    columns = report["utility"]["columns"]
    for column, level in report["levels"].items():
        one = columns[column]
        lines.append(
            f"{column}: level {level}; {one['values']['after']:,} of {one['values']['before']:,} "
            f"values; {100 * one['entropy']:.0f} % of what it said is lost."
        )
    if "local" in report:
        won = report["local"]
        lines.append(
            f"Local recoding brought back {won['rows_regained']:,} rows and lowered the loss from "
            f"{won['loss_before']:.3f} to {won['loss_after']:.3f}."
        )
    return lines
