"""`commonweal release`: plan, build, check, summarise and open releases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commonweal.cli import membership
from commonweal.cli.options import (
    EngineOption,
    HomeOption,
    JsonOption,
    ReleaseFolder,
    engine_named,
    group,
    named_home,
    new_place,
    opened,
)
from commonweal.cli.show import emit, show_table, steps

if TYPE_CHECKING:
    from commonweal.vault.custody import Custody
    from commonweal.vault.risk import Depth

app = group("Releases: data for a project, under its permit.")

PermitOption = Annotated[Path, typer.Option(help="The signed permit.")]
CatalogueOption = Annotated[Path, typer.Option(help="The catalogue of the source.")]
ChoicesOption = Annotated[Path, typer.Option(help="The folder of people's choices.")]
FullRisk = Annotated[
    bool,
    typer.Option(
        "--full-risk", help="Measure several events, gaps and each item's cost in large tables too."
    ),
]
PopulationSize = Annotated[
    int | None,
    typer.Option(
        help="People that those released are a sample of; else everybody in the source.",
        min=1,
        show_default=False,
    ),
]
PopulationTable = Annotated[
    Path | None,
    typer.Option(
        "--population",
        help="A table of the population, in the forms of the release, for journalist risk.",
        show_default=False,
    ),
]
PopulationCount = Annotated[
    str | None,
    typer.Option(help="Its column that counts people; else a row is one person."),
]


@app.command("plan")
def plan(
    ctx: typer.Context,
    permit: PermitOption,
    catalogue: CatalogueOption,
    choices: ChoicesOption,
    engine: EngineOption = "duckdb",
    full_risk: FullRisk = False,
    population: PopulationTable = None,
    population_count: PopulationCount = None,
    population_size: PopulationSize = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Try a release without making it: counts and risk.

    The trust policy limits how often a day, for each permit (20).
    """
    chosen = engine_named(engine)
    from commonweal.vault.release.plan import plan_release

    with opened(ctx, home) as custody, _settled(custody), steps(json) as step:
        depth = _depth(full_risk, population, population_count, population_size)
        report = plan_release(custody, permit, catalogue, choices, step, chosen, depth=depth)
    emit(json, report.plain(), report.sentences())


@app.command("build")
def build(
    ctx: typer.Context,
    permit: PermitOption,
    catalogue: CatalogueOption,
    choices: ChoicesOption,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Another place than the store; needs a permit with delivery handover.",
            show_default=False,
            callback=new_place,
        ),
    ] = None,
    engine: EngineOption = "duckdb",
    full_risk: FullRisk = False,
    population: PopulationTable = None,
    population_count: PopulationCount = None,
    population_size: PopulationSize = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Build the permit's next release: all of it or nothing."""
    chosen = engine_named(engine)
    from commonweal.vault.release.build import build_release

    with opened(ctx, home) as custody, _settled(custody), steps(json) as step:
        depth = _depth(full_risk, population, population_count, population_size)
        report = build_release(custody, permit, catalogue, choices, out, step, chosen, depth=depth)
    emit(json, report.plain(), report.sentences())


def _depth(full: bool, table: Path | None, count: str | None, size: int | None) -> Depth:
    from commonweal.vault.risk import EVERYTHING, Depth
    from commonweal.vault.risk.depth import ALWAYS_UP_TO
    from commonweal.vault.risk.population_table import PopulationFile, check_asked

    check_asked(table, count, size)
    file = None if table is None else PopulationFile(table, count)
    return Depth(EVERYTHING if full else ALWAYS_UP_TO, size, table=file)


@app.command("verify")
def verify(
    ctx: typer.Context, folder: ReleaseFolder, home: HomeOption = None, json: JsonOption = False
) -> int:
    """Check every byte of a release.

    Against its signed manifest and the ledger; exit code 3 if anything was changed.
    """
    from commonweal.vault.release.verify import verify_release

    with opened(ctx, home) as custody, steps(json) as step:
        report = verify_release(custody, folder, step)
    emit(json, report.plain(), report.sentences())
    return 3 if report.faults else 0


@app.command("summary")
def summary(
    ctx: typer.Context, folder: ReleaseFolder, home: HomeOption = None, json: JsonOption = False
) -> None:
    """Show the signed summary: all that may leave about a release."""
    from commonweal.foundation.files import read_bytes
    from commonweal.papers.release import ReleaseSummary
    from commonweal.vault.release.store import SUMMARY, kept_folder

    with opened(ctx, home) as custody:
        kept_folder(custody.home.releases, folder, custody.belief)
        content = read_bytes(folder / SUMMARY, "The summary")
        plain = ReleaseSummary.load(content, custody.belief).plain()
    emit(json, plain, _summary_lines(plain))


@app.command("open")
def open_(
    ctx: typer.Context,
    folder: ReleaseFolder,
    to: Annotated[Path, typer.Option(help="Where to unseal it; must not exist.")],
    permit: Annotated[
        Path | None,
        typer.Option(help="The signed permit; else the home's own copy.", show_default=False),
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Unseal a release for its live permit.

    Into memory, such as below /dev/shm, unless the permit has delivery handover.
    """
    from commonweal.vault.release.opening import open_release

    with opened(ctx, home) as custody, _settled(custody), steps(json) as step:
        paper = permit or _permit_of(custody, folder)
        report = open_release(custody, folder, paper, to, step)
    emit(json, report.plain(), report.sentences())


@app.command("decide")
def decide(
    ctx: typer.Context,
    folder: ReleaseFolder,
    act: Annotated[
        Path, typer.Option(help="What a second person signed (JSON).", show_default=False)
    ],
    reasons: Annotated[
        Path | None,
        typer.Option(help="The reasons that were signed with a sending back.", show_default=False),
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Sign a release off, or send it back.

    A second person has signed that, and the ledger must have heard of the act (`act record`). It is
    checked again: it is about this release, by somebody in a role for it who neither planned nor
    built it, and counts once.
    """
    from commonweal.cli.acts import read_act
    from commonweal.foundation.canonical import parse_json
    from commonweal.foundation.files import read_bytes
    from commonweal.governance.dossier.steps import check_step_acts
    from commonweal.papers.release.sent_back import SentBack
    from commonweal.vault.custody.release_steps import step_of, take_release_step
    from commonweal.vault.release.store import SUMMARY, kept_folder

    signed = read_act(act)
    paper = None
    if reasons is not None:
        content = read_bytes(reasons, "The reasons", limit=256 * 1024)
        paper = SentBack.read(parse_json(content, "The reasons"), "The reasons")
    with opened(ctx, home) as custody:
        kept = kept_folder(custody.home.releases, folder, custody.belief)
        summary = read_bytes(kept / SUMMARY, "The summary")
        step = step_of(signed)
        found = take_release_step(custody, step, [signed], summary, check_step_acts, paper)
    words = "was signed off" if step == "sign_off_release" else "was sent back"
    plain = {"release": found.release, "step": found.step, "ledger_entry": found.intent}
    emit(json, plain, [f"Release {found.release} {words}."])


@app.command("list")
def list_(ctx: typer.Context, home: HomeOption = None, json: JsonOption = False) -> None:
    """List the releases that the ledger of this home knows."""
    from commonweal.vault.release.store import MANIFEST, completed

    with opened(ctx, home) as custody:
        rows = [_listed(custody, one, MANIFEST) for one in completed(custody.ledger)]
    if json:
        emit(json, {"releases": rows}, [])
    elif rows:
        head = ("release", "permit", "people", "data", "folder")
        show_table(head, [[row[name] for name in head] for row in rows])
        kept = [row for row in rows if row["kept_because"]]
        emit(json, {}, [f"{row['release']}: {row['kept_because']}." for row in kept])
    else:
        emit(json, {}, ["There is no release yet."])


@app.command("inputs")
def inputs(
    ctx: typer.Context,
    dataset: Annotated[
        str | None, typer.Option(help="Set what releases of this dataset are made from.")
    ] = None,
    catalogue: Annotated[
        Path | None, typer.Option(help="The catalogue's file.", show_default=False)
    ] = None,
    choices: Annotated[
        Path | None, typer.Option(help="The folder of people's choices.", show_default=False)
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Show or set where the service finds records.

    Releases that are asked for there need to know it, and where choices are.
    Without options it shows what the home knows; to set it, name all three.
    """
    from commonweal.foundation.errors import WrongUsage
    from commonweal.vault.release.inputs import all_inputs, remember_inputs

    named = [one is not None for one in (dataset, catalogue, choices)]
    if any(named) and not all(named):
        raise WrongUsage("CW-USAGE", "Name --dataset, --catalogue and --choices together.")
    with opened(ctx, home) as custody:
        if dataset is not None and catalogue is not None and choices is not None:
            remember_inputs(custody, dataset, catalogue, choices)
        known = all_inputs(custody)
    plain = {
        name: {"catalogue": str(one.catalogue), "choices": str(one.choices)}
        for name, one in known.items()
    }
    lines = [
        f"{name}: catalogue {one['catalogue']}, choices {one['choices']}"
        for name, one in plain.items()
    ]
    emit(json, {"datasets": plain}, lines or ["This home knows no inputs for releases yet."])


@app.command("refresh")
def refresh(
    ctx: typer.Context,
    permit: Annotated[
        str | None,
        typer.Argument(help="The id of a permit; else all that jobs wait for.", metavar="PERMIT"),
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Make releases again whose choices are too old for a job.

    Only by the same recipe as the one that people signed off; the service does it by itself. Exit
    code 4 where people must decide, 5 where something is missing that will come.
    """
    from commonweal.vault.release.refreshing import refresh as make_again
    from commonweal.vault.release.refreshing import refresh_asked

    with opened(ctx, home) as custody, _settled(custody), steps(json) as step:
        if permit is None:
            done = refresh_asked(custody, step)
        else:
            made = make_again(custody, permit, step)
            done = [] if made is None else [made]
    lines = [one.said for one in done] or ["No release has to be made again."]
    emit(json, {"refreshed": [one.plain() for one in done]}, lines)
    return max((one.exit_code for one in done), default=0)


@app.command("retire")
def retire(ctx: typer.Context, home: HomeOption = None, json: JsonOption = False) -> None:
    """Destroy keys of replaced releases that nothing needs.

    A release that was replaced can be read only for what jobs left of it, until that is decided,
    and no longer than the trust policy says. The service does this by itself.
    """
    from commonweal.vault.release.closing import retire_unneeded

    with opened(ctx, home) as custody, _settled(custody):
        gone = retire_unneeded(custody)
    lines = [f"The data of release {one} were made unreadable." for one in gone]
    emit(json, {"destroyed": gone}, lines or ["Nothing had to be destroyed."])


@app.command("prove")
def prove(
    ctx: typer.Context,
    release: membership.ReleaseOption,
    person: membership.PersonOption,
    out: membership.ProofOut,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Prove to one person that their record is in a release.

    The proof tells nothing of anybody else. The identifier is read from standard input.
    """
    with opened(ctx, home) as custody, _settled(custody):
        plain = membership.write_proof(custody, release, membership.read_person(person), out)
    emit(json, plain, [f"The person is in release {plain['release']}; the proof is in {out}."])


@app.command("absence")
def absence(
    ctx: typer.Context,
    release: membership.ReleaseOption,
    person: membership.PersonOption,
    out: membership.ProofOut,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """State to one person that their record is not in a release.

    The statement is signed. It covers this system only. The identifier is read from standard input.
    """
    with opened(ctx, home) as custody, _settled(custody):
        plain = membership.write_absence(custody, release, membership.read_person(person), out)
    emit(json, plain, [plain["sentence"], f"The signed statement is in {out}."])


@app.command("check-person")
def check_person(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="The person's proof.", metavar="FILE")],
    key: Annotated[
        list[str],
        typer.Option(help="The ledger's key, as `home show` prints it.", metavar="VKEY"),
    ],
    chain: Annotated[
        Path | None,
        typer.Option(
            help="A chain of keys (`ledger keys`), for a key that was replaced.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Check the proof that `release prove` gave to one person.

    Needs no home. Where one is named, its ledger tells that a proof was checked.
    """
    if named_home(ctx, home) is None:
        plain = membership.check_person(file, key, chain=chain)
    else:
        with opened(ctx, home) as custody, _settled(custody):
            plain = membership.check_person(file, key, custody, chain)
    emit(json, plain, [f"The proof holds: the record is in release {plain['release']}."])


@contextmanager
def _settled(custody: Custody) -> Iterator[None]:
    from commonweal.vault.custody import settled

    with settled(custody):
        yield


def _permit_of(custody: Custody, folder: Path) -> Path:
    from commonweal.vault.custody import find_permit
    from commonweal.vault.release.store import read_manifest

    manifest = read_manifest(custody.home.releases, folder, custody.belief)
    return find_permit(custody, manifest.permit_id)


def _listed(custody: Custody, one: Any, manifest: str) -> dict[str, Any]:
    from commonweal.vault.release.superseded import find_superseded, need_of
    from commonweal.vault.release.verify import release_key

    folder = custody.home.releases / one.release
    there = (folder / manifest).is_file()
    replaced = find_superseded(custody, one.release)
    need = None if replaced is None else need_of(custody, replaced)
    return {
        "release": one.release,
        "permit": one.permit,
        "people": one.fields.get("people"),
        "data": "sealed" if release_key(custody, one.release) else "destroyed",
        "kept_because": None if need is None else need.sentence,
        "folder": str(folder) if there else None,
        "ledger_entry": one.intent_id,
    }


def _summary_lines(plain: dict[str, Any]) -> list[str]:
    risk, people = plain["risk"], plain["people"]
    lines = [
        f"Release {plain['release']} under permit {plain['permit_id']}, made {plain['built_at']}.",
        f"The data are {plain['data_level']}.",
        (
            f"People released: {_hidden(people.get('released'))}; left out, for all reasons "
            f"together: {_hidden(people.get('left_out'))}."
        ),
        f"Smallest group of people who look alike: {risk['smallest_group']}.",
        (
            f"Mean chance of being recognised by someone who knows that the person is in the data: "
            f"{risk['prosecutor_mean']}."
        ),
    ]
    for name, table in plain["tables"].items():
        columns = ", ".join(f"{column['name']} ({column['form']})" for column in table["columns"])
        lines.append(f"Table {name}, {_hidden(table.get('rows'))} rows: {columns}.")
    return lines


def _hidden(count: int | None) -> str:
    return "under 10" if count is None else f"about {count:,}"
