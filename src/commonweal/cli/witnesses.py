"""`commonweal ledger witness`: be a witness of ledgers; and the commands that ask witnesses."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commonweal.cli.options import HomeOption, JsonOption, group, new_place, opened
from commonweal.cli.show import emit
from commonweal.foundation.errors import WrongUsage

if TYPE_CHECKING:
    from commonweal.ledger.witnessing import Witness
    from commonweal.vault.custody.witnesses import AskedWitness

app = group("Be a witness: sign that a ledger only ever grows.")

FolderArgument = Annotated[Path, typer.Argument(help="The witness's folder.", metavar="DIR")]
PolicyOption = Annotated[
    Path | None,
    typer.Option(
        help="A policy file (tlog-policy): logs, witnesses, and how many must sign.",
        metavar="FILE",
        show_default=False,
    ),
]


@app.command("create")
def create(
    folder: Annotated[
        Path,
        typer.Argument(
            help="The folder to make; it must not exist.", metavar="DIR", callback=new_place
        ),
    ],
    name: Annotated[
        str, typer.Option(help="The witness's name: an address without https://, for ever.")
    ],
    json: JsonOption = False,
) -> None:
    """Make a witness with a new key.

    It needs no home, and should not be on the machine of the ledger that it follows.
    """
    from commonweal.foundation.clock import SystemClock
    from commonweal.ledger.witnessing import Witness

    witness = Witness.create(folder, name, SystemClock())
    lines = [f"The witness {name} is in {folder}.", f"Its key: {witness.vkey}"]
    emit(json, {"name": name, "key": str(witness.vkey), "folder": str(folder)}, lines)


@app.command("add-log")
def add_log(
    folder: FolderArgument,
    key: Annotated[
        str,
        typer.Argument(help="The log's key, as `ledger policy` prints it.", metavar="VKEY"),
    ],
    chain: Annotated[
        Path | None,
        typer.Option(
            help="For a log whose key was replaced: the chain from the known key (`ledger keys`).",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Follow one more log, from now on.

    The name of the key must be the whole name of the log, such as commonweal/ID/public.
    """
    from commonweal.foundation.files import read_bytes

    witness = _witness(folder)
    witness.add_log(key, None if chain is None else read_bytes(chain, "The chain of keys"))
    emit(json, _plain(witness), [f"{witness.vkey.name} follows {key.split('+', 1)[0]}."])


@app.command("show")
def show(folder: FolderArgument, json: JsonOption = False) -> None:
    """Show a witness, what it signed last of each log, and evidence."""
    witness = _witness(folder)
    plain = _plain(witness)
    lines = [f"The witness {plain['name']}. Its key: {plain['key']}"]
    for log in plain["logs"]:
        what = f"{log['size']:,} entries, signed {log['at']}" if log["at"] else "nothing signed yet"
        lines.append(f"{log['origin']}: {what}.")
    if plain["evidence"]:
        lines.append(f"Evidence of two ledgers under one name: {len(plain['evidence'])} file(s).")
    emit(json, plain, lines)


@app.command("serve")
def serve(
    folder: FolderArgument,
    port: Annotated[int, typer.Option(help="The port on this machine.", min=0, max=65535)] = 8731,
    pid_file: Annotated[
        Path | None,
        typer.Option(help="Write the number of the process to this file.", show_default=False),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Answer at http://127.0.0.1:PORT until interrupted.

    Only this machine can reach it: a web server with a certificate in front offers it to others.
    """
    from commonweal.foundation.files import write_atomic
    from commonweal.ledger.witness import WitnessServer

    witness = _witness(folder)
    with WitnessServer(witness, port) as server:
        if pid_file is not None:
            write_atomic(pid_file, f"{os.getpid()}\n".encode())
        plain = {"name": witness.vkey.name, "key": str(witness.vkey), "url": server.url}
        emit(json, plain, [f"The witness {witness.vkey.name} answers at {server.url}."])
        # An interruption is how it ends, and no failure.
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()


def ask(
    ctx: typer.Context,
    policy: PolicyOption = None,
    url: Annotated[
        list[str] | None,
        typer.Option(
            help="Where a witness is asked, in place of what the policy says.",
            metavar="NAME=URL",
            show_default=False,
        ),
    ] = None,
    wait: Annotated[
        float, typer.Option(help="Seconds to wait for a witness that does not answer.", min=0)
    ] = 10.0,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Ask witnesses to sign the public log as it stands.

    The witnesses are those of the trust policy, or of a policy file. Every one is asked; the exit
    code is that of the worst answer, and 3 if those who signed are fewer than the policy asks for.
    """
    from commonweal.vault.custody import ask_witnesses, policy_of, read_policy, settle

    urls = dict(_pair(text) for text in url or [])
    with opened(ctx, home) as custody:
        chosen = policy_of(custody) if policy is None else read_policy(policy)
        settle(custody)
        found = ask_witnesses(custody, chosen, urls, timeout=wait)
    enough = chosen.satisfied({one.asked.cosigned.key for one in found if one.asked is not None})
    plain = {"witnesses": [_told(one) for one in found], "quorum": enough}
    lines = [_sentence(one) for one in found]
    lines.append("That is enough." if enough else "That is fewer than the policy asks for.")
    emit(json, plain, lines)
    errors = [one.error.exit_code for one in found if one.error is not None]
    split = 3 in errors
    return 3 if split or not enough else max(errors, default=0)


def policy(
    ctx: typer.Context,
    out: Annotated[
        Path | None,
        typer.Option(
            help="The file to write; it must not exist.", callback=new_place, show_default=False
        ),
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Print the policy by which anyone can check this ledger.

    The public log's key, its witnesses, and how many of them must have signed, in the form of C2SP
    tlog-policy. Give it to readers by a way that they trust.
    """
    from commonweal.foundation.files import write_atomic
    from commonweal.vault.custody import policy_of

    with opened(ctx, home) as custody:
        found = policy_of(custody)
    if out is not None:
        write_atomic(out, found.format().encode(), mode=0o644, exclusive=True)
    plain = {"log": str(found.logs[-1]), "policy": found.format()}
    emit(json, plain, found.format().splitlines())


def checker(
    out: Annotated[
        Path,
        typer.Argument(
            help="The file to write; it must not exist.", metavar="FILE", callback=new_place
        ),
    ],
    json: JsonOption = False,
) -> None:
    """Write the program that checks proofs, as one file.

    It needs only Python: for people who have none of this software. See `python3 FILE --help`.
    """
    from importlib.resources import files

    from commonweal.foundation.files import write_atomic

    text = (files("commonweal.ledger") / "check_proof.py").read_bytes()
    write_atomic(out, text, mode=0o644, exclusive=True)
    emit(json, {"file": str(out)}, [f"Check a proof with: python3 {out} PROOF --key VKEY"])


def _witness(folder: Path) -> Witness:
    from commonweal.foundation.clock import SystemClock
    from commonweal.ledger.witnessing import Witness

    return Witness(folder, SystemClock())


def _plain(witness: Witness) -> dict[str, Any]:
    from commonweal.foundation.clock import stamp

    logs = []
    for origin in dict.fromkeys(key.name for key in witness.logs):
        point, cosigned = witness.last(origin)
        logs.append({
            "origin": origin,
            "size": point.size if point is not None else 0,
            "at": stamp(cosigned.moment) if cosigned is not None else None,
        })  # fmt: skip
    evidence = [str(path) for path in witness.evidence]
    name, key_text = witness.vkey.name, str(witness.vkey)
    return {"name": name, "key": key_text, "logs": logs, "evidence": evidence}


def _pair(text: str) -> tuple[str, str]:
    name, equals, url = text.partition("=")
    if not equals or not name or not url:
        raise WrongUsage("CW-USAGE", "An address is written NAME=URL.")
    return name, url


def _told(one: AskedWitness) -> dict[str, Any]:
    from commonweal.foundation.clock import stamp

    if one.asked is None:
        error = one.error.as_dict() if one.error is not None else None
        return {"name": one.name, "signed": None, "error": error}
    found = one.asked
    signed = {
        "size": found.checkpoint.size, "at": stamp(found.cosigned.moment), "new": found.new,
    }  # fmt: skip
    return {"name": one.name, "signed": signed, "error": None}


def _sentence(one: AskedWitness) -> str:
    if one.asked is None:
        said = one.error
        remedy = f" {said.remedy}" if said is not None and said.remedy else ""
        return f"{one.name}: {said.code}: {said.sentence}{remedy}" if said is not None else one.name
    size = one.asked.checkpoint.size
    return f"{one.name} signed {size:,} entries" + ("." if one.asked.new else " before.")
