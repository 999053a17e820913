"""`commonweal permit`: issue, show, check and stop permits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from commonweal.cli.options import (
    HomeOption,
    JsonOption,
    PermitFile,
    SigningKeys,
    group,
    moment,
    new_place,
    opened,
)
from commonweal.cli.show import emit
from commonweal.foundation.errors import WrongUsage

if TYPE_CHECKING:
    from datetime import datetime

    from commonweal.papers.catalogue import Catalogue
    from commonweal.papers.permit import Permit
    from commonweal.papers.permit_state import Event as Step
    from commonweal.papers.permit_status import PermitStatus
    from commonweal.vault.custody import Custody

app = group("Permits: who may see what, for which purpose, until when.")

ReasonOption = Annotated[
    str | None,
    typer.Option(help="Why, as a word of the closed list; a wrong one shows the list."),
]


@app.command("issue")
def issue(
    ctx: typer.Context,
    key: SigningKeys,
    out: Annotated[
        Path,
        typer.Option(help="The signed permit to write; it must not exist.", callback=new_place),
    ],
    draft: Annotated[
        Path | None,
        typer.Argument(help="The draft (YAML or JSON).", metavar="DRAFT", show_default=False),
    ] = None,
    dossier: Annotated[
        Path | None,
        typer.Option(
            help="What a committee decided, with everybody's signed acts.", show_default=False
        ),
    ] = None,
    catalogue: Annotated[
        Path | None,
        typer.Option(help="The catalogue; else the newest checked one.", show_default=False),
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Sign a draft or dossier as a permit.

    It is written on the ledger. From a draft the permit says `authority: direct`: no committee
    decided it. From a dossier it says `authority: committee`, and every act, vote and digest in it
    is checked again first. It is announced, or active at once where the trust policy leaves no time
    to say no.
    """
    from commonweal.papers.catalogue import Catalogue
    from commonweal.vault.custody import status_of

    if (draft is None) is (dossier is None):
        raise WrongUsage("CW-USAGE", "Name either a draft or a dossier.")
    named = None if catalogue is None else Catalogue.load(catalogue)
    with opened(ctx, home) as custody:
        if draft is not None:
            permit = _from_draft(custody, draft, named, key, out)
        else:
            permit = _from_dossier(custody, cast("Path", dossier), named, key, out)
        status = status_of(custody, permit)
        lines = [
            f"Permit {permit.id} was issued; authority: {permit.authority}.",
            (
                f"It is {status.state}, may be used from {permit.begins:%d %B %Y, %H:%M} UTC "
                f"and ends after {permit.until:%d %B %Y}."
            ),
            f"It is in {out}.",
        ]
        emit(json, {**_about(permit, status), "file": str(out)}, lines)


def _from_draft(
    custody: Custody, draft: Path, named: Catalogue | None, keys: list[str], out: Path
) -> Permit:
    from commonweal.papers.permit import PermitDraft
    from commonweal.vault.custody import find_catalogue, issue_permit

    read = PermitDraft.load_draft(draft)
    held_against = named or find_catalogue(custody, read.dataset.dataset)[1]
    return issue_permit(custody, read, held_against, keys, out)


def _from_dossier(
    custody: Custody, dossier: Path, named: Catalogue | None, keys: list[str], out: Path
) -> Permit:
    from commonweal.governance.dossier.judge import DossierJudge, installed_rules
    from commonweal.vault.custody.committee_permits import issue_from_dossier

    judge = DossierJudge(installed_rules())
    return issue_from_dossier(custody, dossier, judge, keys, out, named)


@app.command("signers")
def signers(
    ctx: typer.Context,
    key: Annotated[
        list[str] | None,
        typer.Option(
            help="A key to sign with from now on; may be given again.",
            metavar="NAME",
            show_default=False,
        ),
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Show or name the keys that sign a committee's permits.

    It is recorded on the ledger. A demonstration signs with `permit-signer` until others are named;
    a home for real data makes no permit in the service before somebody names its keys.
    """
    from commonweal.vault.custody.signers import name_signers, named_signers

    with opened(ctx, home) as custody:
        if key:
            name_signers(custody, key)
        names = named_signers(custody)
        line = f"The service signs permits with: {', '.join(names)}."
        emit(json, {"keys": list(names)}, [line])


@app.command("show")
def show(
    ctx: typer.Context, file: PermitFile, home: HomeOption = None, json: JsonOption = False
) -> None:
    """Show a permit in sentences, with its state on the ledger."""
    from commonweal.papers.sentences import permit_sentences
    from commonweal.vault.custody import load_permit, status_of

    with opened(ctx, home) as custody:
        permit = load_permit(custody, file)
        status = status_of(custody, permit)
        lines = [f"Permit {permit.id}, version {permit.version}"]
        for section in permit_sentences(permit, status.state):
            lines += ["", section.heading, *(f"  {line}" for line in section.sentences)]
        emit(json, {**_about(permit, status), "paper": permit.plain()}, lines)


@app.command("check")
def check(
    ctx: typer.Context,
    file: PermitFile,
    action: Annotated[
        str,
        typer.Option(
            help="release, open, table, python, train, federated, test_risk or feasibility."
        ),
    ],
    subject: Annotated[
        str | None, typer.Option(help="The id of the person who asks.", show_default=False)
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(help="What if it were this time; changes nothing.", show_default=False),
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Ask whether a permit allows something now.

    Refused with exit code 4, or 5 where it cannot be told safely.
    """
    from commonweal.papers.permit_check import Action
    from commonweal.vault.custody import load_permit, status_of

    asked = None if at is None else moment(at)
    with opened(ctx, home) as custody:
        permit = load_permit(custody, file)
        status = status_of(custody, permit)
        if asked is not None:
            status = _supposed(custody, status, asked)
        when = asked or custody.clock.now()
        permit.check(cast("Action", action), subject, when, status)
        what_if = " at that time, by what is on the ledger now" if asked else ""
        lines = [f"Permit {permit.id} (authority: {permit.authority}) allows {action}{what_if}."]
        plain = {
            "allowed": True,
            "action": action,
            "subject": subject,
            "what_if": asked is not None,
            **_about(permit, status),
        }
        emit(json, plain, lines)


@app.command("status")
def status(
    ctx: typer.Context,
    file: PermitFile,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write the signed status to this new file.",
            show_default=False,
            callback=new_place,
        ),
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Show a permit's state, fresh from the ledger.

    With --out also as a signed status, which holds for a few minutes.
    """
    from commonweal.foundation.files import write_atomic
    from commonweal.papers.permit_state import SENTENCES
    from commonweal.papers.permit_status import PermitStatus
    from commonweal.vault.custody import load_permit, status_text

    with opened(ctx, home) as custody:
        permit = load_permit(custody, file)
        text = status_text(custody, permit)
        fresh = PermitStatus.load(text, custody.belief)
        if out is not None:
            write_atomic(out, text.encode(), exclusive=True)
        lines = [f"{permit.id}: {SENTENCES[fresh.state]} Authority: {permit.authority}."]
        emit(json, _about(permit, fresh), lines)


def _step(name: str, says: str, *, reasoned: bool = True) -> None:
    """Make the command for one step of a permit's life."""

    def reasoned_step(
        ctx: typer.Context,
        file: PermitFile,
        reason: ReasonOption = None,
        home: HomeOption = None,
        json: JsonOption = False,
    ) -> None:
        _take(ctx, file, name, reason, home, json)

    def plain_step(
        ctx: typer.Context, file: PermitFile, home: HomeOption = None, json: JsonOption = False
    ) -> None:
        _take(ctx, file, name, None, home, json)

    app.command(name, help=says)(reasoned_step if reasoned else plain_step)


def _take(
    ctx: typer.Context, file: Path, name: str, reason: str | None, home: Path | None, json: bool
) -> None:
    from commonweal.vault.custody import change_state

    with opened(ctx, home) as custody:
        change = change_state(custody, file, cast("Step", name), reason)
        plain = {
            "permit": change.permit,
            "before": change.before,
            "state": change.after,
            "ledger_entry": change.entry,
        }
        emit(json, plain, [f"Permit {change.permit} was {change.before}, and is {change.after}."])


_step("pause", "Let no new work start; running work may finish.")
_step("suspend", "Stop all work until the permit is resumed.")
_step("resume", "Let work go on after a pause or suspension.", reasoned=False)
_step("revoke", "Take the permit back, for good.")
_step("close", "Record that the project has ended, for good.")


def _supposed(custody: Custody, status: PermitStatus, at: datetime) -> PermitStatus:
    """The status as it would be at `at`, by the events that are on the ledger now."""
    from commonweal.ledger.state import standing

    with custody.ledger.reading() as connection:
        then = standing(connection, status.permit_id, at)
    if then is None:
        return status.model_copy(update={"as_of": at})
    reason = "yearly_review_overdue" if then.waits_for_review else None
    changes = {"state": then.state, "reason": reason, "review_by": then.review_by, "as_of": at}
    return status.model_copy(update=changes)


def _about(permit: Permit, status: PermitStatus) -> dict[str, Any]:
    from commonweal.foundation.clock import stamp

    return {
        "permit": permit.id,
        "version": permit.version,
        "authority": permit.authority,
        "state": status.state,
        "as_of": stamp(status.as_of),
        "begins": stamp(permit.begins),
        "until": permit.until.isoformat(),
        "hash": permit.digest(),
    }
