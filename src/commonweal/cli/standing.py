"""`commonweal standing`: a table that is approved once and made again each month.

The commands sign with keys that a demonstration home keeps; where people hold security keys they
sign on the pages of the service.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commonweal.cli.leaving import ByOption, KeyOption, act_about, signed_by
from commonweal.cli.options import (
    HomeOption,
    JsonOption,
    PermitProfileOption,
    group,
    new_place,
    opened,
)
from commonweal.cli.show import emit, steps
from commonweal.foundation.errors import Refused, WrongUsage

if TYPE_CHECKING:
    from commonweal.papers.output_request import Column
    from commonweal.papers.standing import StandingOutput
    from commonweal.vault.custody import Custody
    from commonweal.wiring.standing import StandingNow

app = group("Tables that are approved once and made each month.")

StandingArgument = Annotated[
    str, typer.Argument(help="The id of the standing output.", metavar="STANDING")
]
_STATES = {
    "proposed": "waits for two people",
    "approved": "approved",
    "refused": "refused",
    "ended": "ended",
}


@app.command()
def propose(
    ctx: typer.Context,
    by: ByOption,
    key: KeyOption,
    file: Annotated[
        Path | None,
        typer.Argument(help="The standing output, whole.", metavar="FILE", show_default=False),
    ] = None,
    output: Annotated[
        str | None, typer.Option(help="An output that has left; its table is made again.")
    ] = None,
    request: Annotated[
        str | None, typer.Option(help="The file of its request, where it has several.")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--id", help="What the standing output is called.")
    ] = None,
    period: Annotated[
        str | None,
        typer.Option(help="TABLE.COLUMN that says the month of a row; else the state of things."),
    ] = None,
    first: Annotated[str | None, typer.Option(help="The first month, YYYY-MM.")] = None,
    until: Annotated[str | None, typer.Option(help="The last month, YYYY-MM.")] = None,
    settles: Annotated[
        int, typer.Option(help="Days after a month's end until its records are complete.")
    ] = 14,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Ask that a table is made again each month, and sign it.

    Either the whole of it is in FILE, or it is made from an output that has left: its request, and
    the groups of the figures that people saw. Two people who are not of the project approve it.
    """
    from commonweal.airlock.leaving.signed_layouts import propose as run
    from commonweal.governance.outputs import judge_layout
    from commonweal.vault.custody.output_ground import OutputGround
    from commonweal.wiring.outputs import store_of

    if (file is None) is (output is None):
        raise WrongUsage("CW-USAGE", "Name a file, or an output that has left with --output.")
    with opened(ctx, home) as custody:
        if file is not None:
            paper = _read(file, by)
        else:
            if name is None or first is None or until is None:
                raise WrongUsage("CW-USAGE", "With --output also name --id, --first and --until.")
            asked = {"id": name, "first": first, "until": until, "settles_days": settles}
            paper = _from_output(custody, str(output), request, by, asked, _column(period))
        act = act_about(custody, by, "propose_standing", "propose", paper.id, paper.digest())
        judged = run(store_of(custody), OutputGround(custody), judge_layout, paper,
                     signed_by(custody, act, key))  # fmt: skip
    plain = {"standing": paper.id, "state": judged.state, "months": len(paper.months()),
             "digest": paper.digest()}  # fmt: skip
    emit(json, plain, [act.statement, f"{paper.id} waits for two people."])


@app.command()
def draft(
    ctx: typer.Context,
    output: Annotated[str, typer.Option(help="An output that has left; its table is made again.")],
    name: Annotated[str, typer.Option("--id", help="What the standing output is called.")],
    first: Annotated[str, typer.Option(help="The first month, YYYY-MM.")],
    until: Annotated[str, typer.Option(help="The last month, YYYY-MM.")],
    by: Annotated[str, typer.Option("--by", help="Its author, who signs it on a page.")],
    out: Annotated[Path, typer.Option(help="The file to make.", callback=new_place)],
    request: Annotated[
        str | None, typer.Option(help="The file of its request, where it has several.")
    ] = None,
    period: Annotated[
        str | None,
        typer.Option(help="TABLE.COLUMN that says the month of a row; else the state of things."),
    ] = None,
    settles: Annotated[
        int, typer.Option(help="Days after a month's end until its records are complete.")
    ] = 14,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Write the file of a standing output, for its author to sign on a page; sign nothing."""
    from commonweal.foundation.files import write_atomic

    asked = {"id": name, "first": first, "until": until, "settles_days": settles}
    with opened(ctx, home) as custody:
        paper = _from_output(custody, output, request, by, asked, _column(period))
    write_atomic(out, paper.canonical(), exclusive=True)
    plain = {"standing": paper.id, "digest": paper.digest(), "file": str(out)}
    emit(json, plain, [f"{out} is for {by} to bring to the service and sign."])


def _read(file: Path, by: str) -> StandingOutput:
    from commonweal.foundation.documents import load_document
    from commonweal.papers.standing import StandingOutput

    document = load_document(file, "The standing output")
    if isinstance(document, dict):
        document = {"author": by, **document}
    return StandingOutput.read(document, f"The standing output {file.name}", "CW-STANDING-INVALID")


def _column(period: str | None) -> Column | None:
    from commonweal.papers.output_request import Column

    if period is None:
        return None
    table, dot, column = period.partition(".")
    if not dot:
        raise WrongUsage("CW-USAGE", "A column is named TABLE.COLUMN.")
    return Column.read({"table": table, "name": column}, "The column", "CW-STANDING-INVALID")


def _from_output(
    custody: Custody,
    output: str,
    request: str | None,
    by: str,
    asked: dict[str, Any],
    period: Column | None,
) -> StandingOutput:
    from commonweal.vault.custody.output_ground import OutputGround
    from commonweal.wiring.layouts import standing_from
    from commonweal.wiring.outputs import store_of

    store, ground = store_of(custody), OutputGround(custody)
    return standing_from(store, ground, output, request, by, asked, period)


@app.command()
def approve(
    ctx: typer.Context,
    standing: StandingArgument,
    by: ByOption,
    key: KeyOption,
    verdict: Annotated[str, typer.Option(help="approve or refuse.")] = "approve",
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Judge a layout and its groups, and sign it: two output checkers do, not of the project.

    It says that the table may be made each month. Whether a month leaves two people decide anew.
    """
    from commonweal.airlock.leaving.signed_layouts import approve as run
    from commonweal.governance.outputs import judge_layout
    from commonweal.vault.custody.output_ground import OutputGround
    from commonweal.wiring.outputs import store_of

    if verdict not in ("approve", "refuse"):
        raise WrongUsage("CW-USAGE", "A verdict is approve or refuse.")
    with opened(ctx, home) as custody:
        paper = _paper(custody, standing)
        act = act_about(custody, by, "approve_standing", verdict, paper.id, paper.digest())
        judged = run(store_of(custody), OutputGround(custody), judge_layout,
                     signed_by(custody, act, key))  # fmt: skip
    plain = {"standing": standing, "verdict": verdict, "act": act.id, "state": judged.state}
    emit(json, plain, [act.statement, f"It is signed. {standing}: {_STATES[judged.state]}."])


@app.command("list")
def list_standing(ctx: typer.Context, home: HomeOption = None, json: JsonOption = False) -> None:
    """List standing outputs: how each stands, its next month, and how many months are left."""
    from commonweal.wiring.standing import every_standing

    with opened(ctx, home) as custody:
        found = every_standing(custody)
    rows = [_row(one) for one in found]
    lines = [_line(one) for one in found]
    emit(json, {"standing": rows}, lines or ["There are no standing outputs."])


@app.command()
def look(
    ctx: typer.Context,
    standing: StandingArgument,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Show what is approved: the layout, its groups, and where each month is."""
    from commonweal.airlock.leaving.months import MONTH_WORDS
    from commonweal.wiring.standing import standing_now

    with opened(ctx, home) as custody:
        now = standing_now(custody, standing)
    assert now.paper is not None  # noqa: S101 (one that was found by its id was read)
    assert now.months is not None  # noqa: S101
    plain = _row(now) | {"paper": now.paper.plain(), "digest": now.paper.digest(),
                         "states": dict(now.months.states)}  # fmt: skip
    lines = [_line(now), f"Its table: {now.paper.layout.title}."]
    for side, groups in zip(now.paper.layout.by, now.paper.groups, strict=True):
        names = ", ".join("no value" if one is None else one for one in groups.labels)
        lines.append(f"Groups of {side.column.name}: {names}")
    lines += [f"{month}: {MONTH_WORDS[state]}" for month, state in now.months.states.items()]
    emit(json, plain, lines)


@app.command()
def month(
    ctx: typer.Context,
    standing: Annotated[
        str | None,
        typer.Argument(
            help="The id of a standing output; else all.", metavar="STANDING", show_default=False
        ),
    ] = None,
    returned: Annotated[
        bool, typer.Option("--returned", help="Also make a month anew that reviewers returned.")
    ] = False,
    profile: PermitProfileOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Make the month that is due and put it forward as an output for two people.

    The worker of the airlock does this by itself. Nothing of what was found is told here: reviewers
    read it. Without a name, each month that is due is made; exit code 4 where one was refused.
    """
    from commonweal.cli.checks import MEMORY_FOLDER
    from commonweal.wiring.standing import every_standing, put_forward

    if standing is None:
        with opened(ctx, home) as custody:
            wanted = [one.id for one in every_standing(custody) if one.due is not None]
    else:
        wanted = [standing]
    made, refusals = [], []
    with steps(json) as step:
        for one in wanted:
            step(f"The month of {one} is made.")
            try:
                found = put_forward(
                    lambda: opened(ctx, home), one, returned=returned, profile=profile,
                    memory=MEMORY_FOLDER,
                )  # fmt: skip
            except Refused as error:
                if standing is not None:
                    raise
                refusals.append({"standing": one, "code": error.code, "says": error.sentence})
                continue
            made.append({"standing": one, "output": found.manifest.id,
                         "turn": found.manifest.turn, "title": found.manifest.title})  # fmt: skip
    lines = [f"{one['output']} waits for two people: {one['title']}." for one in made]
    lines += [f"{one['standing']}: {one['says']}" for one in refusals]
    emit(json, {"made": made, "refused": refusals}, lines or ["No month is due."])
    if refusals:
        ctx.exit(Refused.exit_code)


@app.command("give-up")
def give_up(
    ctx: typer.Context,
    standing: StandingArgument,
    which: Annotated[str, typer.Argument(help="The month, YYYY-MM.", metavar="MONTH")],
    because: Annotated[str, typer.Option(help="Why it is left out.")],
    by: ByOption,
    key: KeyOption,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Leave a month out for good, so that it does not hold up those after it, and sign that.

    A month that waits for two people is not given up: they reject it.
    """
    from commonweal.foundation.clock import stamp
    from commonweal.papers.standing import MonthGivenUp
    from commonweal.vault.custody.output_ground import OutputGround
    from commonweal.wiring.standing import give_up as run

    with opened(ctx, home) as custody:
        paper, ground = _paper(custody, standing), OutputGround(custody)
        plain = {"month_given_up": 1, "standing": standing, "layout": paper.digest(),
                 "month": which, "why": because, "at": stamp(ground.now())}  # fmt: skip
        left_out = MonthGivenUp.read(plain, "The month", "CW-STANDING-INVALID")
        act = act_about(custody, by, "give_up_month", "give_up", standing, left_out.digest())
        run(custody, signed_by(custody, act, key), left_out)
    told = {"standing": standing, "month": which, "given_up": True}
    emit(json, told, [act.statement, f"{which} of {standing} is not made."])


@app.command()
def end(
    ctx: typer.Context,
    standing: StandingArgument,
    by: ByOption,
    key: KeyOption,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """End a standing output for good, and sign that: no month is made or leaves any more.

    One person is enough: of the project, an output checker, a data manager or an officer.
    """
    from commonweal.airlock.leaving.signed_layouts import end as run
    from commonweal.governance.outputs import judge_layout
    from commonweal.vault.custody.output_ground import OutputGround
    from commonweal.wiring.outputs import store_of

    with opened(ctx, home) as custody:
        paper = _paper(custody, standing)
        act = act_about(custody, by, "end_standing", "end", paper.id, paper.digest())
        judged = run(store_of(custody), OutputGround(custody), judge_layout,
                     signed_by(custody, act, key))  # fmt: skip
    emit(json, {"standing": standing, "state": judged.state},
         [act.statement, f"{standing} is ended."])  # fmt: skip


def _paper(custody: Custody, standing: str) -> StandingOutput:
    from commonweal.wiring.standing import standing_now

    paper = standing_now(custody, standing).paper
    assert paper is not None  # noqa: S101 (one that was found by its id was read)
    return paper


def _row(now: StandingNow) -> dict[str, Any]:
    if now.fault is not None or now.paper is None or now.judged is None or now.months is None:
        code = None if now.fault is None else now.fault.code
        return {"standing": now.id, "state": "broken", "code": code}
    following = now.months.next
    return {
        "standing": now.id, "state": now.judged.state, "project": now.paper.project,
        "permit": now.paper.permit_id, "title": now.paper.layout.title,
        "first": now.paper.first, "until": now.paper.until, "due": now.due, "next": following,
        "next_state": None if following is None else now.months.states[following],
        "months_left": now.months.left, "approved_by": len(now.judged.approvals),
    }  # fmt: skip


def _line(now: StandingNow) -> str:
    from commonweal.airlock.leaving.months import MONTH_WORDS
    from commonweal.papers.standing import month_words

    if now.fault is not None or now.judged is None or now.months is None:
        said = "" if now.fault is None else f" {now.fault.sentence}"
        return f"{now.id}: cannot be believed.{said}"
    following = now.months.next
    still = now.months.left
    many = "1 month is" if still == 1 else f"{still} months are"
    said = f"{now.id}: {_STATES[now.judged.state]}; {many} still to be made"
    if following is None or now.judged.state != "approved":
        return f"{said}."
    return f"{said}; {month_words(following)} {MONTH_WORDS[now.months.states[following]]}."
