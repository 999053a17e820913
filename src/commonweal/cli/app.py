"""All commands that exist, put together. Rooms that are not built yet have no command here."""

from __future__ import annotations

from typing import Annotated

import typer

from commonweal.cli import (
    acts,
    airlock,
    anonymising,
    backups,
    catalogues,
    demonstration,
    doctor,
    feasibility,
    figures,
    homes,
    keys,
    leaving,
    ledger,
    noise,
    outputs,
    people,
    permits,
    questions,
    register,
    releases,
    risk,
    rules,
    serving,
    sites,
    studies,
    submitting,
)
from commonweal.cli.options import HomeOption, group

app = group("The governed way from a patient's record to public benefit.")


def _version(asked: bool) -> None:
    if asked:
        from commonweal import __version__

        typer.echo(f"commonweal {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    ctx: typer.Context,
    home: HomeOption = None,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Show the version.")
    ] = False,
) -> None:
    """The governed way from a patient's record to public benefit."""
    del version
    ctx.obj = home


app.add_typer(homes.app, name="home")
app.command("doctor")(doctor.doctor)
catalogues.app.command("describe")(figures.describe)
catalogues.app.command("export")(figures.export)
app.add_typer(catalogues.app, name="catalogue")
app.add_typer(feasibility.app, name="feasibility")
app.add_typer(permits.app, name="permit")
app.add_typer(people.app, name="people")
app.add_typer(rules.app, name="rules")
app.add_typer(acts.app, name="act")
app.add_typer(releases.app, name="release")
app.add_typer(studies.app, name="study")
airlock.app.command("check")(outputs.check)
airlock.app.command("submit")(submitting.submit)
airlock.app.command("list")(leaving.list_outputs)
airlock.app.command("look")(leaving.look)
airlock.app.command("review")(leaving.review)
airlock.app.command("release")(leaving.release)
airlock.app.command("download")(leaving.download)
airlock.app.command("withdraw")(leaving.withdraw)
airlock.app.command("recall")(leaving.recall)
airlock.app.command("crate")(leaving.crate)
airlock.app.command("record")(leaving.record)
app.add_typer(airlock.app, name="airlock")
app.add_typer(noise.app, name="noise")
app.add_typer(risk.app, name="risk")
app.add_typer(sites.app, name="site")
app.add_typer(questions.app, name="forms")
app.command("anonymise")(anonymising.anonymise)
app.add_typer(register.app, name="register")
app.add_typer(ledger.app, name="ledger")
app.add_typer(keys.app, name="keys")
app.command("backup")(backups.backup)
app.command("restore")(backups.restore)
app.command("demo")(demonstration.demo)
app.command("serve")(serving.serve)
app.command("worker")(serving.worker)
app.command("carry-on")(serving.carry_on)
app.command("first-account")(serving.first_account)
