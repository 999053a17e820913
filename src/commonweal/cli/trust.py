"""`commonweal home policy`: show the trust policy, and change it by what people sign."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commonweal.cli import proposals
from commonweal.cli.options import HomeOption, JsonOption, group, new_place, opened
from commonweal.cli.proposals import ProposalFile, ShownFile
from commonweal.cli.show import emit

if TYPE_CHECKING:
    from datetime import datetime

    from commonweal.papers.trust import TrustPolicy
    from commonweal.vault.custody import Custody

app = group("The trust policy: who may sign what. Show it, and change it together.")

KeyName = Annotated[str, typer.Option(help="The key of a person who may change the policy.")]


@app.command("show")
def show(
    ctx: typer.Context,
    file: ShownFile = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Show the trust policy in force, what waits, and every version before.

    With a file: what that proposal would change, and who has signed it.
    """
    with opened(ctx, home) as custody:
        if file is not None:
            plain, lines = _proposal(custody, file)
        else:
            plain, lines = _history(custody)
    emit(json, plain, lines)


@app.command("propose")
def propose(
    ctx: typer.Context,
    changes: Annotated[
        Path,
        typer.Argument(help="The list of changes (YAML or JSON).", metavar="CHANGES"),
    ],
    out: Annotated[
        Path, typer.Option(help="The proposal to write; must not exist.", callback=new_place)
    ],
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Write the next version of the trust policy from a list of changes.

    It counts for nothing before people have signed it and it is adopted.
    """
    from commonweal.vault.custody.proposing import propose as make
    from commonweal.vault.custody.proposing import read_changes

    with opened(ctx, home) as custody:
        policy = make(custody, read_changes(changes), changes.parent)
        plain, lines = write_proposal(custody, policy, out)
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

    Read first what it would change: `home policy show FILE` says it in words.
    """
    from commonweal.papers.trust_words import changes_in_words
    from commonweal.vault.custody.amending import sign_change

    with opened(ctx, home) as custody:
        policy, signers = sign_change(custody, file, key)
        said, needed = changes_in_words(custody.trust, policy), custody.trust.changers_needed
    adopt_it = f"commonweal home policy adopt {file}"
    plain, lines = proposals.signed(policy.number, said, signers, needed, adopt_it)
    emit(json, plain, lines)


@app.command("adopt")
def adopt(
    ctx: typer.Context, file: ProposalFile, home: HomeOption = None, json: JsonOption = False
) -> None:
    """Put a signed change on the ledger.

    It counts after the wait that the policy in force says; until then it can be withdrawn.
    """
    from commonweal.vault.custody.amending import adopt_change

    with opened(ctx, home) as custody:
        done = adopt_change(custody, file)
        lines = proposals.adopted(
            f"Version {done.policy.number} of the trust policy",
            done.effective_from,
            custody.book.now(),
            "commonweal home policy withdraw --key NAME",
        )
        real = custody.home.kind == "standard"
    if real:
        lines.append("Older backups know nothing of it: make a new one when it counts.")
    emit(json, _adopted(done.policy, done.effective_from, done.entry), lines)


@app.command("withdraw")
def withdraw(
    ctx: typer.Context, key: KeyName, home: HomeOption = None, json: JsonOption = False
) -> None:
    """Withdraw a change that waits: one person is enough."""
    from commonweal.vault.custody.amending import withdraw_change

    with opened(ctx, home) as custody:
        policy = withdraw_change(custody, key)
        in_force = custody.trust.number
    lines = [f"Version {policy.number} will never count; version {in_force} stays in force."]
    emit(json, {"withdrawn": policy.version, "in_force": in_force}, lines)


def write_proposal(
    custody: Custody, policy: TrustPolicy, out: Path
) -> tuple[dict[str, Any], list[str]]:
    """Write a proposal to the new file `out`; what to print about it."""
    from commonweal.foundation.files import write_atomic
    from commonweal.papers.trust_words import changes_in_words
    from commonweal.vault.custody.version_papers import draft_bytes

    write_atomic(out, draft_bytes(policy), exclusive=True)
    said = changes_in_words(custody.trust, policy)
    needed = custody.trust.changers_needed
    names = [key.id for key in custody.trust.keys if custody.trust.changing_role in key.roles]
    keys = {info.id: info.name for info in custody.keyring.list()}
    who = ", ".join(dict.fromkeys(keys.get(id_, id_) for id_ in names))
    lines = [
        *(said or ["It changes nothing."]),
        f"The proposal for version {policy.number} is in {out}.",
        f"{needed} of these must sign it: {who}.",
        f"Next: commonweal home policy sign {out} --key NAME",
    ]
    plain = {"version": policy.version, "file": str(out), "changes": said, "needed": needed}
    return plain, lines


def _proposal(custody: Custody, file: Path) -> tuple[dict[str, Any], list[str]]:
    from commonweal.papers.trust_change import CALLED
    from commonweal.papers.trust_words import changes_in_words
    from commonweal.vault.custody.amending import check_proposal, read_proposal

    policy, text = read_proposal(file)
    check_proposal(custody, policy)
    said, needed = changes_in_words(custody.trust, policy), custody.trust.changers_needed
    return proposals.proposed(policy.number, said, text, CALLED, needed)


def _history(custody: Custody) -> tuple[dict[str, Any], list[str]]:
    from commonweal.papers.trust_words import changes_in_words, policy_in_words
    from commonweal.vault.custody.believing import to_be_looked_at

    history, now = custody.book.history(), custody.book.now()
    policy, pending = history.in_force(now), history.pending(now)
    lines = policy_in_words(policy)
    if pending is not None:
        begins = proposals.day(pending.effective_from)
        lines.append(f"Version {pending.policy.number} waits and counts from {begins}:")
        lines += changes_in_words(policy, pending.policy)
    touched = to_be_looked_at(custody)
    lines += [
        f"Signed since somebody else may hold a key, and to be looked at anew: {kind} "
        f"{', '.join(ids)}."
        for kind, ids in touched.items()
        if ids
    ]
    versions = [
        proposals.version_row(one.policy.number, "hash", one.policy.digest(), one)
        for one in history.versions
    ]
    plain = {
        "policy": policy.plain(),
        "changers_needed": policy.changers_needed,
        "pending": None if pending is None else pending.policy.version,
        "versions": versions,
        "to_be_looked_at": touched,
    }
    return plain, lines


def _adopted(policy: TrustPolicy, begins: datetime, entry: int) -> dict[str, Any]:
    from commonweal.foundation.clock import stamp

    return {
        "version": policy.version,
        "hash": policy.digest(),
        "effective_from": stamp(begins),
        "ledger_entry": entry,
    }
