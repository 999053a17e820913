"""`commonweal keys`: create, list, rotate and destroy keys. No key is ever shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from commonweal.cli.options import HomeOption, JsonOption, group, opened
from commonweal.cli.show import emit, show_table

if TYPE_CHECKING:
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
        trusted = {key.id for key in custody.trust.keys}
    if json:
        rows = [{**info.as_dict(), "in_trust_policy": info.id in trusted} for info in found]
        emit(json, {"keys": rows}, [])
        return
    head = ("name", "version", "purpose", "project", "state", "created", "id")
    show_table(head, [_row(info) for info in found])


@app.command("rotate")
def rotate(
    ctx: typer.Context, name: NameArgument, home: HomeOption = None, json: JsonOption = False
) -> None:
    """Make a new version of a key.

    The older ones only open what they sealed.
    """
    from commonweal.vault.custody import rotate_key

    with opened(ctx, home) as custody:
        info = rotate_key(custody, name)
    emit(json, info.as_dict(), [f"The key {info.name} has the new version {info.version}."])


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
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Destroy all versions of a key, here and in every backup.

    It cannot be undone.
    """
    from commonweal.vault.custody import destroy_key

    with opened(ctx, home) as custody:
        gone = destroy_key(custody, name, approve or [])
    plain = {"destroyed": [info.as_dict() for info in gone]}
    emit(json, plain, [f"The key {name} was destroyed in all {len(gone)} version(s)."])


def _row(info: KeyInfo) -> list[object]:
    day = info.created_at.date().isoformat()
    return [info.name, info.version, info.purpose, info.project, info.state, day, info.id]
