"""`commonweal noise`: a project's budget for counts with noise, and the counts (OpenDP)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commonweal.cli.leaving import ByOption, KeyOption, act_of, signed_by
from commonweal.cli.options import (
    HomeOption,
    JsonOption,
    PermitFile,
    PermitProfileOption,
    SigningKeys,
    group,
    opened,
)
from commonweal.cli.show import emit
from commonweal.foundation.errors import WrongUsage

if TYPE_CHECKING:
    from commonweal.airlock.noise.budget import Standing

app = group("Counts with noise, and the budgets that pay for them.")


@app.command()
def budget(
    ctx: typer.Context,
    permit: PermitFile,
    epsilon: Annotated[str, typer.Option(help="What the project may spend in all, such as 1.5.")],
    why: Annotated[str, typer.Option(help="Why it is needed.")],
    key: SigningKeys,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Sign a budget for counts with noise and put it in force.

    It takes the place of an earlier one; what was spent stays spent. The ledger says it publicly.
    """
    from commonweal.airlock.noise.budget import set_budget, standing_of
    from commonweal.foundation.clock import stamp
    from commonweal.papers.noise import NoiseBudget
    from commonweal.vault.custody import load_permit, settle
    from commonweal.vault.custody.permits import ACTOR

    with opened(ctx, home) as custody:
        about = load_permit(custody, permit)
        at = custody.book.now()
        plain = {
            "budget": 1,
            "permit_id": about.id,
            "project": about.project.id,
            "epsilon": epsilon,
            "why": why,
            "stated_at": stamp(at),
        }
        paper = NoiseBudget.read(plain, "The budget", "CW-NOISE-INVALID")
        signed = paper.signed([custody.signer(name) for name in key], paper.stated_at)
        set_budget(custody.ledger, signed, custody.belief, ACTOR)
        settle(custody)
        standing = standing_of(custody.ledger, about.project.id)
    emit(json, _plain(about.project.id, standing), [_line(about.project.id, standing)])


@app.command()
def people(
    ctx: typer.Context,
    dataset: Annotated[str, typer.Argument(help="The id of the dataset.", metavar="DATASET")],
    epsilon: Annotated[
        str, typer.Option(help="What all projects together may spend on its people.")
    ],
    why: Annotated[str, typer.Option(help="Why so much.")],
    key: SigningKeys,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Sign what all projects together may spend on the people of a dataset, and put it in force.

    Without it nobody gets counts with noise of these people. What was spent stays spent. The
    ledger says it publicly.
    """
    from commonweal.airlock.noise.budget import people_standing_of, set_people_budget
    from commonweal.foundation.clock import stamp
    from commonweal.papers.noise import PeopleBudget
    from commonweal.vault.custody import settle
    from commonweal.vault.custody.permits import ACTOR

    with opened(ctx, home) as custody:
        at = custody.book.now()
        plain = {"people_budget": 1, "dataset": dataset, "epsilon": epsilon, "why": why,
                 "stated_at": stamp(at)}  # fmt: skip
        paper = PeopleBudget.read(plain, "The budget", "CW-NOISE-INVALID")
        signed = paper.signed([custody.signer(name) for name in key], paper.stated_at)
        set_people_budget(custody.ledger, signed, custody.belief, ACTOR)
        settle(custody)
        standing = people_standing_of(custody.ledger, dataset)
    told = _figures(standing) | {"dataset": dataset}
    emit(json, told, [_people_line(dataset, standing)])


@app.command()
def left(
    ctx: typer.Context,
    project: Annotated[str, typer.Argument(help="The id of the project.", metavar="PROJECT")],
    dataset: Annotated[
        str | None,
        typer.Option(help="Also what all projects may still spend on this dataset's people."),
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Say what a project may still spend."""
    from commonweal.airlock.noise.budget import people_standing_of, standing_of

    with opened(ctx, home) as custody:
        standing = standing_of(custody.ledger, project)
        together = None if dataset is None else people_standing_of(custody.ledger, dataset)
    plain, lines = _plain(project, standing), [_line(project, standing)]
    if dataset is not None and together is not None:
        plain["people"] = _figures(together) | {"dataset": dataset}
        lines.append(_people_line(dataset, together))
    emit(json, plain, lines)


@app.command()
def count(
    ctx: typer.Context,
    request: Annotated[Path, typer.Argument(help="The request.", metavar="FILE")],
    release: Annotated[Path, typer.Option(help="The release that people are counted in.")],
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Pay for counts with noise and draw them, or give them again if they were drawn before.

    The release is unsealed into memory for that under its live permit, and deleted afterwards.
    """
    from commonweal.airlock.session import Session
    from commonweal.cli.desks import unsealed
    from commonweal.foundation.documents import load_document
    from commonweal.papers.noise import NoisyRequest
    from commonweal.vault.custody import find_permit, load_permit, settled
    from commonweal.vault.release.store import read_manifest
    from commonweal.wiring.noise import noise_desk

    document = load_document(request, "The request")
    asked = NoisyRequest.read(document, f"The request {request.name}", "CW-NOISE-INVALID")
    with unsealed(ctx, home, release) as lent, opened(ctx, home) as custody, settled(custody):
        manifest = read_manifest(custody.home.releases, release, custody.belief)
        permit = load_permit(custody, find_permit(custody, manifest.permit_id))
        desk = noise_desk(custody)
        with Session.over(lent.release) as session:
            answer = desk.answer(
                asked, permit.id, permit.project.id, permit.dataset.dataset, session
            )
    lines = [f"{one.name}: about {one.people:,} people." for one in answer.counts]
    emit(json, answer.plain(), [*lines, answer.sentence])


@app.command()
def submit(
    ctx: typer.Context,
    request: Annotated[Path, typer.Argument(help="The request, as counted.", metavar="FILE")],
    release: Annotated[Path, typer.Option(help="The release that people were counted in.")],
    output: Annotated[str, typer.Option(help="The id of the output.")],
    title: Annotated[str, typer.Option(help="What the output is, in one line.")],
    context: Annotated[str, typer.Option(help="What the figures are about, for who checks them.")],
    by: ByOption,
    key: KeyOption,
    profile: PermitProfileOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Ask that counts with noise may leave, and sign it as their author.

    Only an answer that was drawn and paid for: nothing is drawn anew. Two people look at it as at
    every output. They see its accuracy, what was paid, and exact figures about the same people.
    """
    from commonweal.airlock.leaving.freezing import submit as run
    from commonweal.airlock.leaving.store import is_id
    from commonweal.cli.checks import MEMORY_FOLDER
    from commonweal.foundation.documents import load_document
    from commonweal.papers.noise import NoisyRequest
    from commonweal.vault.custody.output_ground import OutputGround
    from commonweal.wiring.noise import NoisyAsked, freeze_noisy
    from commonweal.wiring.outputs import store_of

    if not is_id(output):
        raise WrongUsage("CW-USAGE", "An output's id is 1 to 64 letters, digits, dots or dashes.")
    document = load_document(request, "The request")
    wanted = NoisyRequest.read(document, f"The request {request.name}", "CW-NOISE-INVALID")
    asked = NoisyAsked(
        wanted, release, output, title, context, "Random noise was added.", by, profile
    )
    frozen = freeze_noisy(lambda: opened(ctx, home), asked, MEMORY_FOLDER)
    with opened(ctx, home) as custody:
        act = act_of(custody, by, "submit_output", "submit", frozen.manifest)
        done = run(store_of(custody), OutputGround(custody), frozen, signed_by(custody, act, key))
    manifest = done.manifest
    plain = {"output": output, "turn": manifest.turn, "manifest": manifest.digest(),
             "state": "in_review", "expires": manifest.plain()["expires"]}  # fmt: skip
    emit(json, plain, [act.statement, f"{output} is frozen and waits for two people."])


def _plain(project: str, standing: Standing) -> dict[str, object]:
    return {"project": project, **_figures(standing)}


def _figures(standing: Standing) -> dict[str, object]:
    return {
        "budget_millionths": standing.budget,
        "spent_millionths": standing.spent,
        "left_millionths": standing.left,
    }


def _people_line(dataset: str, standing: Standing) -> str:
    from commonweal.papers.noise import MILLION

    if standing.budget is None:
        return (
            f"There is no budget for counts with noise of the people of {dataset}: none are made."
        )
    return (
        f"All projects together may spend {standing.budget / MILLION:g} on the people of "
        f"{dataset}; {standing.left / MILLION:g} is left."
    )


def _line(project: str, standing: Standing) -> str:
    from commonweal.papers.noise import MILLION

    if standing.budget is None:
        return f"The project {project} has no budget for counts with noise."
    return (
        f"The project {project} may spend {standing.budget / MILLION:g} in all; "
        f"{standing.left / MILLION:g} is left."
    )
