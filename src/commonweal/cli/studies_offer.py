"""`commonweal study offer`: a file that is too large for a page waits for two signatures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commonweal.cli.options import HomeOption, JsonOption, opened
from commonweal.cli.show import emit
from commonweal.foundation.errors import WrongUsage

FileArgument = Annotated[
    Path, typer.Argument(help="A .csv, .parquet, .safetensors or .whl file.", metavar="FILE")
]
KindOption = Annotated[str, typer.Option(help="reference, weights or package.", show_default=False)]
LicenceOption = Annotated[
    str, typer.Option(help="Its SPDX identifier, or LicenseRef-NAME.", show_default=False)
]
AboutOption = Annotated[str, typer.Option(help="What it is, in a line.", show_default=False)]
NameOption = Annotated[
    str | None, typer.Option(help="Its name in jobs; else the file's.", show_default=False)
]


def check_kind(kind: str) -> None:
    """Refuse what cannot be brought in. Raises `WrongUsage` CW-USAGE."""
    if kind not in ("reference", "weights", "package"):
        raise WrongUsage("CW-USAGE", "What is brought in is a reference, weights or a package.")


def offer(
    ctx: typer.Context,
    file: FileArgument,
    kind: KindOption,
    licence: LicenceOption,
    about: AboutOption,
    by: Annotated[
        str, typer.Option(help="Who brings it, and signs that on a page.", show_default=False)
    ],
    permit: Annotated[
        str | None, typer.Option(help="For this project only; else for all.", show_default=False)
    ] = None,
    name: NameOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Let a file wait until two people have signed for it on the pages of the service.

    For files that are larger than a page takes (20 MB), up to 256 MB. It is scanned in the sandbox
    and lies in the home; nothing comes in by this command. Who brings it finds it on the page
    "Bring something in" and signs; then a data manager decides.
    """
    from commonweal.cli.sandboxes import opened_sandbox
    from commonweal.enclave.ingress import check_licence
    from commonweal.enclave.room import Room
    from commonweal.enclave.waiting import Waiting

    check_kind(kind)
    check_licence(licence)
    said = {"name": name or file.name, "kind": kind, "licence": licence, "about": about,
            "brought_by": by, **({"permit": permit} if permit else {})}  # fmt: skip
    with opened(ctx, home) as custody:
        room = Room.open(custody.home.path, custody.clock)
        made = Waiting.of(room.folder).put(opened_sandbox(custody), file, said)
    lines = [f"{made.name} waits ({made.found}).", f"{by} signs on the page; its id is {made.id}."]
    emit(json, made.plain(), lines)
