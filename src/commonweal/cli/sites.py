"""`commonweal site state`: a custodian's signed word that a site runs jobs without a way out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commonweal.cli.options import HomeOption, JsonOption, SigningKeys, group, new_place, opened
from commonweal.cli.show import emit
from commonweal.foundation.errors import Fault

app = group("Sites that run jobs for this custodian.")


@app.command()
def state(
    ctx: typer.Context,
    draft: Annotated[Path, typer.Argument(help="What was tried and found.", metavar="FILE")],
    key: SigningKeys,
    out: Annotated[
        Path, typer.Option(help="The file to write; it must not exist.", callback=new_place)
    ],
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Sign that jobs at a site have no way out, as somebody tried it there.

    The engine at that address is sent jobs only while the statement holds and the site is as it
    says.
    """
    from commonweal.foundation.clock import stamp
    from commonweal.foundation.documents import load_document
    from commonweal.foundation.files import write_atomic
    from commonweal.papers.site import SiteStatement

    plain = load_document(draft, "The statement")
    if not isinstance(plain, dict) or "stated_at" in plain:
        raise Fault(
            "CW-ENGINE-STATEMENT",
            "The draft of a statement is a set of named fields without stated_at: the time is that "
            "of signing.",
        )
    with opened(ctx, home) as custody:
        at = custody.clock.now()
        paper = SiteStatement.read(
            {**plain, "stated_at": stamp(at)}, f"The statement {draft.name}", "CW-ENGINE-STATEMENT"
        )
        signed = paper.signed([custody.signer(name) for name in key], paper.stated_at)
        SiteStatement.load(signed, custody.belief)  # what nobody would believe is not written
    write_atomic(out, signed.encode(), exclusive=True)
    shown = {"site": paper.site, "address": paper.address, "until": paper.until.isoformat(),
             "file": str(out)}  # fmt: skip
    emit(json, shown, [
        f"The statement about {paper.site} holds until {paper.until:%d %B %Y}. It is in {out}."
    ])  # fmt: skip
