"""`commonweal keys`: create, list, rotate and destroy keys. No key is ever shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commonweal.cli.options import HomeOption, JsonOption, group, new_place, opened
from commonweal.cli.show import emit, show_table
from commonweal.foundation.errors import WrongUsage

if TYPE_CHECKING:
    from commonweal.vault.custody import Custody
    from commonweal.vault.keys import KeyInfo

app = group("Keys: made, replaced and destroyed here, and never shown.")

NameArgument = Annotated[str, typer.Argument(help="The name of the key.", metavar="NAME")]


@app.command("create")
def create(
    ctx: typer.Context,
    name: NameArgument,
    purpose: Annotated[
        str, typer.Option(help="What it is for; a wrong word shows the closed list.")
    ],
    project: Annotated[
        str | None, typer.Option(help="The project it belongs to.", show_default=False)
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Make a key; a name is never used twice."""
    from commonweal.vault.custody import create_key

    with opened(ctx, home) as custody:
        info = create_key(custody, name, purpose, project)
    emit(json, info.as_dict(), [f"The key {info.name} was made, for {info.purpose}."])


@app.command("list")
def list_(ctx: typer.Context, home: HomeOption = None, json: JsonOption = False) -> None:
    """List every version of every key."""
    with opened(ctx, home) as custody:
        found = custody.keyring.list()
        trusted = custody.trust.key_ids
    if json:
        rows = [{**info.as_dict(), "in_trust_policy": info.id in trusted} for info in found]
        emit(json, {"keys": rows}, [])
        return
    head = ("name", "version", "purpose", "project", "state", "created", "id")
    show_table(head, [_row(info) for info in found])


@app.command("rotate")
def rotate(
    ctx: typer.Context,
    name: NameArgument,
    out: Annotated[
        Path | None,
        typer.Option(
            help="For a key that the trust policy names: the proposal to write.",
            callback=new_place,
            show_default=False,
        ),
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Make a new version of a key.

    The older ones only open what they sealed. A key that the trust policy or the ledger's readers
    know stays in use until people have signed a new policy, which is written to --out.
    """
    from commonweal.vault.custody import rotate_key
    from commonweal.vault.custody.keeping import is_trusted

    with opened(ctx, home) as custody:
        trusted = is_trusted(custody, name)
        _needs_out(name, out, trusted)
        info = rotate_key(custody, name)
        lines = [f"The key {info.name} has the new version {info.version}."]
        plain = info.as_dict()
        if trusted and out is not None:
            proposal, more = _propose(custody, name, out)
            plain, lines = plain | {"proposal": proposal}, lines + more
    emit(json, plain, lines)


def _needs_out(name: str, out: Path | None, trusted: bool) -> None:
    if trusted and out is None:
        raise WrongUsage(
            "CW-USAGE",
            f"Others know the key {name}, so a new version needs a new trust policy.",
            remedy="Say where its proposal goes with --out FILE.",
        )
    if out is not None and not trusted:
        raise WrongUsage("CW-USAGE", f"The trust policy does not name the key {name}.")


def _propose(custody: Custody, name: str, out: Path) -> tuple[dict[str, Any], list[str]]:
    from commonweal.cli.trust import write_proposal
    from commonweal.vault.custody.proposing import PolicyChanges, propose

    changes = PolicyChanges.read({"changes": 1, "replace": [name]}, "The list of changes")
    return write_proposal(custody, propose(custody, changes, out.parent), out)


@app.command("destroy")
def destroy(
    ctx: typer.Context,
    name: NameArgument,
    approve: Annotated[
        list[str] | None,
        typer.Option(
            help="The key of a person who approves; two people are needed.",
            metavar="NAME",
            show_default=False,
        ),
    ] = None,
    version: Annotated[
        int | None,
        typer.Option(help="Only this version, which must be retired.", show_default=False),
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Destroy all versions of a key, here and in every backup.

    It cannot be undone.
    """
    from commonweal.vault.custody import destroy_key

    with opened(ctx, home) as custody:
        gone = destroy_key(custody, name, approve or [], version)
    plain = {"destroyed": [info.as_dict() for info in gone]}
    which = f"all {len(gone)} version(s)" if version is None else f"its version {version}"
    emit(json, plain, [f"The key {name} was destroyed in {which}."])


def _row(info: KeyInfo) -> list[object]:
    day = info.created_at.date().isoformat()
    return [info.name, info.version, info.purpose, info.project, info.state, day, info.id]
