"""`commonweal risk authorise`, `withdraw`, `attack`: a motivated intruder, if authorised."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from commonweal.cli.options import (
    EngineOption,
    HomeOption,
    JsonOption,
    SigningKeys,
    engine_named,
    moment,
    names,
    new_place,
    opened,
)
from commonweal.cli.show import emit, steps


def add_to(app: typer.Typer) -> None:
    """Add the three commands to `commonweal risk`."""
    app.command("authorise")(authorise)
    app.command("withdraw")(withdraw)
    app.command("attack")(attack)


def authorise(
    ctx: typer.Context,
    draft: Annotated[Path, typer.Argument(help="The draft (YAML or JSON).", metavar="DRAFT")],
    key: SigningKeys,
    out: Annotated[
        Path,
        typer.Option(help="The authorisation to write; it must not exist.", callback=new_place),
    ],
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Sign a controller's authorisation to attack a release or file, as a test.

    Without one, an attack could be an offence (Data Protection Act 2018, section 171).
    """
    from commonweal.papers.authorisation import AttackDraft
    from commonweal.vault.custody import issue_authorisation

    with opened(ctx, home) as custody:
        paper = issue_authorisation(custody, AttackDraft.load_draft(draft), key, out)
        lines = [
            f"Authorisation {paper.id} was signed and written on the ledger.",
            f"It holds until {paper.until:%d %B %Y}, for {paper.runs} run(s). It is in {out}.",
        ]
        plain = {
            "authorisation": paper.id,
            "until": paper.until.isoformat(),
            "runs": paper.runs,
            "hash": paper.digest(),
            "file": str(out),
        }
        emit(json, plain, lines)


def withdraw(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="The signed authorisation.", metavar="FILE")],
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Let no attack be made any more under an authorisation, for good."""
    from commonweal.vault.custody import withdraw_authorisation

    with opened(ctx, home) as custody:
        paper = withdraw_authorisation(custody, file)
        emit(json, {"authorisation": paper.id}, [f"Authorisation {paper.id} was withdrawn."])


def attack(
    ctx: typer.Context,
    release: Annotated[
        Path, typer.Argument(help="A release, or a CSV or Parquet file.", metavar="RELEASE")
    ],
    against: Annotated[Path, typer.Option(help="A table of what is known of people, with names.")],
    truth: Annotated[
        Path, typer.Option(help="A table person,record: whose record is whose, for counting only.")
    ],
    authorisation: Annotated[Path, typer.Option(help="The controller's signed authorisation.")],
    quasi: Annotated[
        str | None,
        typer.Option(help="Columns to attack: A,B; else all that both sides have."),
    ] = None,
    person: Annotated[
        str, typer.Option(help="The column of --against that says who a row is about.")
    ] = "person",
    record: Annotated[
        str | None, typer.Option(help="For a file: its column that says whose record a row is.")
    ] = None,
    secret: Annotated[
        str | None, typer.Option(help="The column to be guessed from the others (inference).")
    ] = None,
    form: Annotated[
        list[str] | None,
        typer.Option(help="For a file: COLUMN=FORM, in which form it shows a column.",
                     metavar="COLUMN=FORM"),
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="For a file: the day on which ages in it were taken.")
    ] = None,
    within_days: Annotated[
        int, typer.Option(help="By how many days known dates may be off.", min=0, max=3660)
    ] = 0,
    engine: EngineOption = "duckdb",
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:  # fmt: skip
    """Attack a release or a file as a motivated intruder would. Totals only.

    Linkage, singling out, linkability and inference, each beside a control group. Needs a
    controller's authorisation; every run is written on the sealed log, and their number is limited.
    """
    from commonweal.vault.release.attacking import Attack
    from commonweal.vault.release.attacking import attack as run

    chosen = engine_named(engine)
    asked = Attack(
        release, against, truth, authorisation, tuple(names(quasi)), person, record, secret,
        _forms(form or []), _day(at), within_days,
    )  # fmt: skip
    with opened(ctx, home) as custody, steps(json) as progress:
        figures = run(custody, asked, progress, chosen)
        emit(json, figures.plain(), figures.sentences())


def _forms(given: list[str]) -> dict[str, str]:
    from commonweal.foundation.errors import WrongUsage

    found: dict[str, str] = {}
    for text in given:
        column, there, form = text.partition("=")
        if not (column and there and form) or column in found:
            raise WrongUsage("CW-USAGE", "A form is written COLUMN=FORM, once for each column.")
        found[column] = form
    return found


def _day(text: str | None) -> date | None:
    return None if text is None else moment(text).date()
