"""`commonweal register publish` and `check`: the public register, held against the log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commonweal.cli.ledger import ChainOption, KeyOption, read_chain, trusted_keys
from commonweal.cli.options import HomeOption, JsonOption, group, opened
from commonweal.cli.show import emit
from commonweal.cli.witnesses import PolicyOption
from commonweal.foundation.errors import WrongUsage

if TYPE_CHECKING:
    from commonweal.papers.register import Register
    from commonweal.papers.register_log import Compared

app = group("The public register, and holding it against the public log.")

_LIMIT = 64 * 1024 * 1024


@app.command("publish")
def publish(ctx: typer.Context, home: HomeOption = None, json: JsonOption = False) -> None:
    """Write the public register anew from the public log. Steps of permits and outputs do it too.

    Words that are not what the log committed to are left out.
    """
    from commonweal.vault.custody import publish_register, settle
    from commonweal.vault.custody.register import kept_register

    with opened(ctx, home) as custody:
        settle(custody)
        path = publish_register(custody)
        register = kept_register(custody)
    entries = () if register is None else register.entries
    left = sum(len(one.outputs) for one in entries)
    plain = {"file": str(path), "permits": len(entries), "outputs": left}
    emit(json, plain, [f"{len(entries)} permits and {left} outputs are in {path}."])


@app.command("check")
def check(
    ctx: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(
            help="A register; without it that of the home.", metavar="FILE", show_default=False
        ),
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option(
            help="An exported public log (`ledger export`); without it that of the home.",
            metavar="DIR",
            show_default=False,
        ),
    ] = None,
    key: KeyOption = None,
    policy: PolicyOption = None,
    chain: ChainOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Hold a register against the public log: every permit, every output, every recall.

    With --log nothing of a home is needed: anybody can do it with the two files and the log's key.
    Exit code 3 if the register says what the log does not, or lacks what the log has.
    """
    from commonweal.papers.register_log import compare

    if log is not None:
        if file is None:
            raise WrongUsage("CW-USAGE", "With --log the register to check is named.")
        from commonweal.vault.custody import check_export
        from commonweal.vault.custody.examining import exported_entries

        check_export(log, *trusted_keys(key, policy), chain=read_chain(chain))
        found, register = exported_entries(log), read_register(file)
        compared = compare(register, found)
        return _told(register, compared, json)
    from commonweal.vault.custody.register import PUBLIC, REGISTER, public_entries

    with opened(ctx, home) as custody:
        register = read_register(file or custody.home.path / PUBLIC / REGISTER)
        compared = compare(register, public_entries(custody))
    return _told(register, compared, json)


def read_register(file: Path) -> Register:
    """A register in a file, checked in itself. Raises `PaperInvalid`, `Fault` CW-WEB-REGISTER."""
    from commonweal.foundation.canonical import parse_json
    from commonweal.foundation.files import read_bytes
    from commonweal.papers.register import Register

    content = read_bytes(file, "The register", limit=_LIMIT)
    register = Register.read(parse_json(content, "The register"), "The register")
    register.check()
    return register


def _told(register: Register, compared: Compared, json: bool) -> int:
    outputs = [one for entry in register.entries for one in entry.outputs]
    recalled = sum(one.recalled is not None for one in outputs)
    plain = {
        "same": compared.same, "permits": len(register.entries), "outputs": len(outputs),
        "recalled": recalled, "wrong": list(compared.wrong), "missing": list(compared.missing),
        "wordless": list(compared.wordless),
    }  # fmt: skip
    lines = [f"The log says otherwise: {one}." for one in compared.wrong]
    lines += [f"The log has it and the register has not: {one}." for one in compared.missing]
    lines += [f"The register has no words for it: {one}." for one in compared.wordless]
    if compared.same:
        lines.append(
            f"{len(register.entries)} permits and {len(outputs)} outputs, {recalled} of them "
            "recalled, are what the public log says, and all that it says."
        )
    emit(json, plain, lines)
    return 0 if compared.same else 3
