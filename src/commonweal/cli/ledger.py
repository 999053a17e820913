"""`commonweal ledger`: verify, prove, export and sequence the ledger, and have it witnessed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commonweal.cli import witnesses
from commonweal.cli.options import HomeOption, JsonOption, group, home_path, new_place, opened
from commonweal.cli.show import emit
from commonweal.cli.witnesses import PolicyOption
from commonweal.foundation.errors import Fault, WrongUsage

if TYPE_CHECKING:
    from commonweal.ledger.policy import WitnessPolicy
    from commonweal.ledger.report import Report
    from commonweal.vault.custody import Custody

app = group("The ledger: what was decided and done, provably unchanged.")

app.add_typer(witnesses.app, name="witness")
app.command("ask-witnesses")(witnesses.ask)
app.command("policy")(witnesses.policy)
app.command("checker")(witnesses.checker)

KeyOption = Annotated[
    list[str] | None,
    typer.Option(
        help="The ledger's key, as `home show` prints it.", metavar="VKEY", show_default=False
    ),
]


ChainOption = Annotated[
    Path | None,
    typer.Option(
        help="A chain of keys (`ledger keys`), for a key that was replaced.",
        metavar="FILE",
        show_default=False,
    ),
]


@app.command("verify")
def verify(
    ctx: typer.Context,
    policy: PolicyOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Recompute the whole ledger from its entries.

    Each fault is named with its place; exit code 3 if there is one. Witnesses must have signed as
    the trust policy says, or the policy file where one is named.
    """
    path = home_path(ctx, home)
    from commonweal.foundation.clock import SystemClock
    from commonweal.vault.custody import open_custody, verify_ledger

    report = verify_ledger(path, SystemClock(), policy=_policy(policy))
    if not report.faults:
        # The ledger is sound: now the trust policy must be the one in its first entry.
        with open_custody(path, SystemClock()):
            pass
    emit(json, report.as_dict(), _sentences(report))
    return 3 if report.faults else 0


@app.command("prove")
def prove(
    ctx: typer.Context,
    entry: Annotated[
        str,
        typer.Argument(
            help="The entry's number, or its place on a log such as public:12.", metavar="ENTRY"
        ),
    ],
    out: Annotated[
        Path, typer.Option(help="The proof file to write; it must not exist.", callback=new_place)
    ],
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Write the proof of one entry.

    A tlog-proof file, with which anyone can check the entry offline.
    """
    from commonweal.foundation.files import write_atomic
    from commonweal.ledger.proving import prove as prove_entry

    with opened(ctx, home) as custody:
        log, index = _place(custody, entry)
        note = _witnessed_note(custody, log, index)
        proof = prove_entry(custody.ledger, log, index, note=note)
        write_atomic(out, proof.encode(), exclusive=True)
        key = str(custody.ledger_keys_in_use[-1])
    plain = {"log": log, "index": index, "file": str(out), "key": key}
    lines = [f"The proof of entry {index} of the {log} log is in {out}.", f"Check it with {key}"]
    emit(json, plain, lines)


@app.command("check-proof")
def check_proof(
    file: Annotated[Path, typer.Argument(help="The proof file.", metavar="FILE")],
    key: KeyOption = None,
    policy: PolicyOption = None,
    chain: ChainOption = None,
    json: JsonOption = False,
) -> None:
    """Check a proof file with the ledger's key or a policy.

    The file may also be a person's receipt, as their own page gives it. A policy also asks for its
    witnesses. Needs no home and no network; `ledger checker` writes a program that needs only
    Python.
    """
    from commonweal.foundation.clock import SystemClock
    from commonweal.foundation.files import read_bytes
    from commonweal.ledger.proving import check_proof as check
    from commonweal.ledger.quorum import check_proof_by

    keys, rules = trusted_keys(key, policy)
    content = read_bytes(file, "The proof", limit=1024 * 1024)
    person = None
    if content.lstrip().startswith(b"{"):
        from commonweal.vault.release.proving import PersonProof

        person = PersonProof.parse(content.strip())
        content = person.ledger_proof.encode()
    if rules is None:
        found = check(content, keys, read_chain(chain))
    else:
        found = check_proof_by(content, rules, SystemClock().now(), keys, read_chain(chain))
    plain = {
        "log": found.log,
        "origin": found.origin,
        "index": found.index,
        "size": found.size,
        "entry": found.entry,
        "signers": list(found.signers),
    }
    shown = ", ".join(f"{name} {value}" for name, value in sorted(found.entry.items()))
    lines = [
        f"Proved: entry {found.index} of {found.size} of the {found.log} log says: {shown}.",
        f"Signed by {', '.join(found.signers)}.",
    ]
    if person is not None:
        plain["person_in_release"] = person.fits(found.entry)
        lines.append("The person with the label in this receipt is on that release's list.")
    emit(json, plain, lines)


@app.command("export")
def export(
    ctx: typer.Context,
    folder: Annotated[
        Path,
        typer.Argument(
            help="The folder to write; it must not exist, except for more tiles.", metavar="DIR"
        ),
    ],
    tiles: Annotated[
        bool,
        typer.Option(
            "--tiles", help="As C2SP tlog-tiles for a web server; again to bring them up to date."
        ),
    ] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Write the public log as files that anyone may have.

    Its entries, one signed checkpoint and the key that checks it; or its tiles.
    """
    from commonweal.vault.custody import export_public, settle

    with opened(ctx, home) as custody:
        settle(custody)
        plain = _tiles(custody, folder) if tiles else export_public(custody, folder)
    lines = [f"{plain['entries']:,} entries of the public log are in {folder}."]
    emit(json, {**plain, "folder": str(folder)}, lines)


@app.command("check-export")
def check_export(
    folder: Annotated[Path, typer.Argument(help="The exported folder.", metavar="DIR")],
    key: KeyOption = None,
    policy: PolicyOption = None,
    chain: ChainOption = None,
    json: JsonOption = False,
) -> None:
    """Check an exported public log with a key or a policy.

    Its entries, or its tiles.
    """
    from commonweal.vault.custody import check_export as check

    plain = check(folder, *trusted_keys(key, policy), chain=read_chain(chain))
    emit(json, plain, [f"All {plain['entries']:,} entries are those that were signed."])


@app.command("keys")
def keys(
    ctx: typer.Context,
    out: Annotated[
        Path | None,
        typer.Option(
            help="The chain file to write; it must not exist.",
            callback=new_place,
            show_default=False,
        ),
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Show the ledger's keys; write the chain between them.

    With the chain whoever trusts a key that was replaced can follow to the new one by proof
    (`check-proof --chain`).
    """
    from commonweal.foundation.files import write_atomic
    from commonweal.ledger.keychain import make_chain

    with opened(ctx, home) as custody:
        using, known = custody.ledger_keys_in_use, custody.ledger_keys
        with custody.ledger.reading() as connection:
            chain = make_chain(connection) if out is not None else None
    if out is not None and chain is not None:
        write_atomic(out, chain.encode(), mode=0o644, exclusive=True)
    before = [str(one) for one in known if one not in using]
    lines = [f"The ledger is signed with {one}" for one in using]
    lines += [f"It is not signed now with {one}" for one in before]
    plain = {"keys": [str(one) for one in using], "others": before,
             "chain": None if out is None else str(out)}  # fmt: skip
    emit(json, plain, lines)


@app.command("sequence")
def sequence(ctx: typer.Context, home: HomeOption = None, json: JsonOption = False) -> None:
    """Give waiting entries their place and sign both logs."""
    from commonweal.vault.custody import settle

    with opened(ctx, home) as custody:
        done = settle(custody)
    plain = {"placed": done.placed, "sealed_today": done.sealed, "checkpoints": dict(done.notes)}
    emit(json, plain, [f"{done.placed} entries were placed; both logs are signed."])


def read_chain(file: Path | None) -> bytes | None:
    """The chain of keys in `file`, if one was named."""
    from commonweal.foundation.files import read_bytes
    from commonweal.ledger.keychain import MAX_BYTES

    return None if file is None else read_bytes(file, "The chain of keys", limit=MAX_BYTES)


def _policy(file: Path | None) -> WitnessPolicy | None:
    from commonweal.vault.custody import read_policy

    return None if file is None else read_policy(file)


def trusted_keys(
    keys: list[str] | None, file: Path | None
) -> tuple[list[str], WitnessPolicy | None]:
    """The keys and the policy that somebody trusts. Raises `WrongUsage` without either."""
    if not keys and file is None:
        raise WrongUsage(
            "CW-USAGE",
            "There is nothing to check with: name a key or a policy.",
            remedy="Add --key VKEY (from `commonweal home show`) or --policy FILE.",
        )
    return keys or [], _policy(file)


def _witnessed_note(custody: Custody, log: str, index: int) -> str | None:
    """The newest checkpoint with enough witnesses that covers the entry, if there is one."""
    from commonweal.vault.custody.witnesses import newest_witnessed

    return newest_witnessed(custody, index) if log == "public" else None


def _tiles(custody: Custody, folder: Path) -> dict[str, Any]:
    from commonweal.vault.custody import export_public_tiles

    done = export_public_tiles(custody, folder)
    key = str(custody.ledger_keys_in_use[-1])
    return {"entries": done.size, "before": done.before, "files": done.files,
            "origin": custody.origin("public"), "key": key}  # fmt: skip


def _place(custody: Custody, entry: str) -> tuple[Any, int]:
    log, colon, number = entry.rpartition(":")
    if not number.isascii() or not number.isdigit() or len(number) > 15:
        raise WrongUsage("CW-USAGE", "An entry is a number, or a place such as public:12.")
    if colon:
        if log not in ("public", "sealed"):
            raise WrongUsage("CW-USAGE", "The log is public or sealed, such as public:12.")
        return log, int(number)
    place = custody.ledger.place(int(number))
    if place is None:
        raise Fault(
            "CW-LEDGER-NOT-PROVABLE",
            f"The ledger has no placed entry with the number {number}.",
            remedy="Run `commonweal ledger sequence` first.",
        )
    return place


def _sentences(report: Report) -> list[str]:
    if report.faults:
        lines = [f"{fault.place}: {fault.sentence}" for fault in report.faults]
        more = report.more_faults
        return [*lines, f"Faults found: {len(lines) + more}."]
    lines = [f"The ledger is whole: {report.entries:,} entries, every one recomputed."]
    for name, log in report.logs.items():
        lines.append(
            f"{name}: {log.entries:,} entries, {log.checkpoints} signed checkpoint(s), the newest "
            f"covers {log.signed:,}; {log.intents_left} wait for their place."
        )
    public = report.logs["public"]
    if public.witnessed:
        lines.append(f"Witnesses have signed {public.witnessed:,} public entries.")
    else:
        lines.append("Not witnessed: whoever holds the ledger's key could keep a second ledger.")
    return lines
