"""`commonweal act`: what a person signed, read on a machine that the web does not own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commonweal.cli.options import HomeOption, JsonOption, group, opened
from commonweal.cli.show import emit

if TYPE_CHECKING:
    from commonweal.papers.acts import SignedAct

app = group("Signed acts: what a person signed.")

ActFile = Annotated[
    Path, typer.Argument(help="The signed act (JSON).", metavar="FILE", show_default=False)
]
_MAX_BYTES = 256 * 1024


@app.command("show")
def show(file: ActFile, json: JsonOption = False) -> None:
    """Show what an act says, with its fingerprint. It is not verified: that takes the ledger."""
    signed = read_act(file)
    act = signed.act
    lines = [
        act.statement,
        f"By {act.actor}, with a {_KINDS[signed.evidence.kind]}, {act.at:%d %B %Y %H:%M:%S} UTC.",
        f"About: {act.object_type} {act.object_digest}",
        "It is not verified here; `commonweal act record` does that.",
    ]
    emit(json, {**signed.plain(), "digest": signed.digest()}, lines)


_KINDS = {"software": "key of a demonstration", "webauthn": "security key"}


@app.command("record")
def record(
    ctx: typer.Context, file: ActFile, home: HomeOption = None, json: JsonOption = False
) -> None:
    """Verify a new act, and let the ledger hear of it.

    It must have been signed in the last minutes. An act that the ledger did not hear of in time
    counts for nothing.
    """
    from commonweal.foundation.clock import stamp
    from commonweal.vault.custody.acts import record_act

    signed = read_act(file)
    with opened(ctx, home) as custody:
        verified = record_act(custody, signed)
    act = verified.act
    plain: dict[str, Any] = {
        "act": act.id, "kind": act.kind, "verdict": act.verdict, "actor": act.actor,
        "role": act.role, "subject": act.subject, "digest": verified.digest,
        "heard": stamp(verified.heard),
    }  # fmt: skip
    emit(json, plain, [act.statement, f"The ledger has heard of it, as signed by {act.actor}."])


def read_act(file: Path) -> SignedAct:
    """The signed act in a file; nothing of it is verified. Raises `Fault` CW-ACT-INVALID."""
    from commonweal.foundation.canonical import parse_json
    from commonweal.foundation.files import read_bytes
    from commonweal.papers.acts import CALLED, SignedAct

    return SignedAct.load(parse_json(read_bytes(file, CALLED, limit=_MAX_BYTES), CALLED))
