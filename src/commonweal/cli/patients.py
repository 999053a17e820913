"""`commonweal patients`: what the vault needs before people can look at their own record (S8)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commonweal.cli.options import HomeOption, JsonOption, group, opened
from commonweal.cli.show import emit

if TYPE_CHECKING:
    from commonweal.papers.order_key import OrderKey
    from commonweal.vault.custody import Custody
    from commonweal.vault.mydata.believed import Believed

app = group("People's own pages: whose sign-ins count, and the key.")
provider = group("The provider of identity that the vault believes.")
key = group("The vault's key that what people ask is sealed to.")
app.add_typer(provider, name="provider")
app.add_typer(key, name="key")

_MOST_BYTES = 256 * 1024
KeysFile = Annotated[
    Path, typer.Option("--keys", help="The provider's file of public keys (JWKS).", metavar="FILE")
]


@provider.command("set")
def set_(
    ctx: typer.Context,
    issuer: Annotated[str, typer.Option(help="The provider's address, as its tokens write it.")],
    client: Annotated[str, typer.Option(help="The id under which it knows this service.")],
    keys: KeysFile,
    algorithm: Annotated[
        list[str], typer.Option(help="How it signs, such as RS512; may be given again.")
    ],
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Say whose sign-ins the vault believes; the one before is not believed any more.

    Compare the file of keys with what the provider publishes before you hand it in.
    """
    from commonweal.foundation.files import read_bytes
    from commonweal.vault.mydata.believed import set_provider

    content = read_bytes(keys, "The file of keys", limit=_MOST_BYTES)
    with opened(ctx, home) as custody:
        made = set_provider(custody, issuer, client, frozenset(algorithm), content)
    _tell(made, json)


@provider.command("show")
def show(ctx: typer.Context, home: HomeOption = None, json: JsonOption = False) -> None:
    """Show whose sign-ins the vault believes, and with which keys."""
    from commonweal.vault.mydata.believed import believed

    with opened(ctx, home) as custody:
        found = believed(custody)
    _tell(found, json)


@provider.command("keys")
def keys_(
    ctx: typer.Context, keys: KeysFile, home: HomeOption = None, json: JsonOption = False
) -> None:
    """Take in a provider's new file of keys; the keys that are not in it count no more."""
    from commonweal.foundation.files import read_bytes
    from commonweal.vault.mydata.believed import set_keys

    content = read_bytes(keys, "The file of keys", limit=_MOST_BYTES)
    with opened(ctx, home) as custody:
        made = set_keys(custody, content)
    _tell(made, json)


@key.command("publish")
def publish(ctx: typer.Context, home: HomeOption = None, json: JsonOption = False) -> None:
    """Write the signed paper with the vault's key; the first time the key is made."""
    from commonweal.vault.mydata.order_key import publish_order_key

    with opened(ctx, home) as custody:
        _tell_key(custody, publish_order_key(custody), json)


@key.command("rotate")
def rotate(ctx: typer.Context, home: HomeOption = None, json: JsonOption = False) -> None:
    """Make and publish a new key; the one before opens nothing after a quarter of an hour."""
    from commonweal.vault.mydata.order_key import rotate_order_key

    with opened(ctx, home) as custody:
        _tell_key(custody, rotate_order_key(custody), json)


@key.command("show")
def show_key(ctx: typer.Context, home: HomeOption = None, json: JsonOption = False) -> None:
    """Show the published key, and check that it is the vault's."""
    from commonweal.vault.mydata.order_key import published_order_key

    with opened(ctx, home) as custody:
        _tell_key(custody, published_order_key(custody), json)


def _tell(found: Believed, json: bool) -> None:
    from commonweal.foundation.clock import stamp

    held = found.provider
    plain: dict[str, Any] = {
        "issuer": held.issuer,
        "client": held.client,
        "algorithms": sorted(held.algorithms),
        "keys": sorted(held.keys),
        "since": stamp(found.since),
    }
    lines = [
        f"People sign in with {held.issuer}, which knows this service as {held.client}.",
        f"It signs with {', '.join(plain['algorithms'])}. Keys: {', '.join(plain['keys'])}.",
        f"This counts since {found.since:%d %B %Y, %H:%M} UTC.",
    ]
    emit(json, plain, lines)


def _tell_key(custody: Custody, paper: OrderKey, json: bool) -> None:
    from commonweal.vault.mydata.order_key import place

    plain = paper.plain() | {"file": str(place(custody))}
    at = f"{paper.published_at:%d %B %Y, %H:%M}"
    lines = [
        f"The vault's key for orders is {paper.key}, published on {at} UTC.",
        f"Its signed paper is in {plain['file']}.",
    ]
    emit(json, plain, lines)
