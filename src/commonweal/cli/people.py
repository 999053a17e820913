"""`commonweal people`: the roster of those whose signed acts decide; show it and change it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commonweal.cli import proposals
from commonweal.cli.options import HomeOption, JsonOption, group, new_place, opened
from commonweal.cli.proposals import ProposalFile, ShownFile
from commonweal.cli.rules import rules_in_words
from commonweal.cli.show import emit

if TYPE_CHECKING:
    from commonweal.papers.roster import Roster
    from commonweal.vault.custody import Custody

app = group("The people whose signed acts decide. Show the list, and change it together.")

KeyName = Annotated[str, typer.Option(help="The key of a person who may change the list.")]


@app.command("show")
def show(
    ctx: typer.Context,
    file: ShownFile = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Show the list in force, and what waits.

    With a file: what that proposal would change, and who has signed it.
    """
    with opened(ctx, home) as custody:
        plain, lines = _state(custody) if file is None else _proposal(custody, file)
    emit(json, plain, lines)


@app.command("propose")
def propose(
    ctx: typer.Context,
    people: Annotated[
        Path, typer.Argument(help="The whole list of people (YAML or JSON).", metavar="PEOPLE")
    ],
    out: Annotated[
        Path, typer.Option(help="The proposal to write; must not exist.", callback=new_place)
    ],
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Write the next version of the roster from a list of people.

    It counts for nothing before two people have signed it and it is adopted.
    """
    from commonweal.foundation.files import write_atomic
    from commonweal.papers.roster_words import changes_in_words
    from commonweal.vault.custody.roster_changes import propose_roster, read_people
    from commonweal.vault.custody.version_papers import draft_bytes

    with opened(ctx, home) as custody:
        roster = propose_roster(custody, read_people(people))
        write_atomic(out, draft_bytes(roster), exclusive=True)
        said = changes_in_words(_in_force(custody), roster)
        needed = _needed(custody)
    lines = [
        *said,
        f"The proposal for version {roster.version} is in {out}.",
        f"{needed} people who may change the trust policy must sign it.",
        f"Next: commonweal people sign {out} --key NAME",
    ]
    plain = {"version": roster.version, "file": str(out), "changes": said, "needed": needed}
    emit(json, plain, lines)


@app.command("sign")
def sign(
    ctx: typer.Context,
    file: ProposalFile,
    key: KeyName,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Sign a proposal with one person's key, in its file.

    Read what it says first: the changes are printed before the signature is.
    """
    from commonweal.papers.roster_words import changes_in_words
    from commonweal.vault.custody.roster_changes import read_proposal, sign_roster

    with opened(ctx, home) as custody:
        # Rules that nobody could count by are refused before anybody signs them.
        ruled = rules_in_words(_in_force(custody), read_proposal(file)[0])
        roster, signers = sign_roster(custody, file, key)
        said = [*changes_in_words(_in_force(custody), roster), *ruled]
        adopt_it = f"commonweal people adopt {file}"
        plain, lines = proposals.signed(roster.version, said, signers, _needed(custody), adopt_it)
    emit(json, plain, lines)


@app.command("adopt")
def adopt(
    ctx: typer.Context, file: ProposalFile, home: HomeOption = None, json: JsonOption = False
) -> None:
    """Put a signed proposal on the ledger.

    It counts after the wait that the trust policy says; until then it can be withdrawn.
    """
    from commonweal.foundation.clock import stamp
    from commonweal.vault.custody.roster_changes import adopt_roster, read_proposal

    with opened(ctx, home) as custody:
        rules_in_words(_in_force(custody), read_proposal(file)[0])
        done = adopt_roster(custody, file)
        lines = proposals.adopted(
            f"Version {done.roster.version} of the roster",
            done.effective_from,
            custody.book.now(),
            "commonweal people withdraw --key NAME",
        )
    plain = {
        "version": done.roster.version,
        "digest": done.roster.digest(),
        "effective_from": stamp(done.effective_from),
        "ledger_entry": done.entry,
    }
    emit(json, plain, lines)


@app.command("withdraw")
def withdraw(
    ctx: typer.Context, key: KeyName, home: HomeOption = None, json: JsonOption = False
) -> None:
    """Withdraw a list that waits: one person is enough."""
    from commonweal.vault.custody.roster_changes import withdraw_roster

    with opened(ctx, home) as custody:
        roster = withdraw_roster(custody, key)
        before = _in_force(custody)
    stays = "there is no other" if before is None else f"version {before.version} stays in force"
    lines = [f"Version {roster.version} of the roster will never count; {stays}."]
    in_force = None if before is None else before.version
    emit(json, {"withdrawn": roster.version, "in_force": in_force}, lines)


def _in_force(custody: Custody) -> Roster | None:
    return custody.rosters.history().in_force(custody.book.now())


def _needed(custody: Custody) -> int:
    from commonweal.papers.roster_change import people_needed

    return people_needed(custody.trust)


def _state(custody: Custody) -> tuple[dict[str, Any], list[str]]:
    from commonweal.papers.roster_words import changes_in_words, roster_in_words

    history, now = custody.rosters.history(), custody.book.now()
    roster, pending = history.in_force(now), history.pending(now)
    lines = ["There is no roster in force."] if roster is None else roster_in_words(roster)
    if pending is not None:
        begins = proposals.day(pending.effective_from)
        lines.append(f"Version {pending.roster.version} waits and counts from {begins}:")
        lines += changes_in_words(roster, pending.roster)
    versions = [
        proposals.version_row(one.roster.version, "digest", one.roster.digest(), one)
        for one in history.versions
    ]
    plain = {
        "roster": None if roster is None else roster.plain(),
        "pending": None if pending is None else pending.roster.version,
        "versions": versions,
    }
    return plain, lines


def _proposal(custody: Custody, file: Path) -> tuple[dict[str, Any], list[str]]:
    from commonweal.papers.roster_change import CALLED
    from commonweal.papers.roster_words import changes_in_words
    from commonweal.vault.custody.roster_changes import check_proposal, read_proposal

    roster, text = read_proposal(file)
    check_proposal(custody, roster)
    before = _in_force(custody)
    said = [*changes_in_words(before, roster), *rules_in_words(before, roster)]
    return proposals.proposed(roster.version, said, text, CALLED, _needed(custody))
