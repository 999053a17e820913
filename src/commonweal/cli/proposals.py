"""What `people` and `home policy` share: a proposal is shown, signed by people, and adopted.

Both change a paper that has versions. Here is what is said of a proposal and of versions; what
differs (which paper, and its words) is handed in.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer

Said = tuple[dict[str, Any], list[str]]
"""What is printed: as JSON, and as lines."""

ProposalFile = Annotated[
    Path, typer.Argument(help="The proposal, signed or not.", metavar="FILE", show_default=False)
]
ShownFile = Annotated[
    Path | None,
    typer.Argument(
        help="A proposal, to show what it would change.", metavar="FILE", show_default=False
    ),
]


class Kept(Protocol):
    """A version of a history: when it was adopted, counts, and was withdrawn."""

    @property
    def adopted_at(self) -> datetime:
        """When it came on the ledger."""
        ...

    @property
    def effective_from(self) -> datetime:
        """From when on it counts."""
        ...

    @property
    def withdrawn_at(self) -> datetime | None:
        """When it was withdrawn, or None."""
        ...


def day(at: datetime) -> str:
    """A time as both commands print it."""
    return f"{at:%d %B %Y %H:%M} UTC"


def proposed(
    version: int, said: list[str], text: str | bytes | None, called: str, needed: int
) -> Said:
    """What a proposal would change, and who has signed it. `text`: its signed form, or None."""
    from commonweal.papers.signing import signers_named

    signers = [] if text is None else signers_named(text, called)
    signed = f"Keys that have signed it: {', '.join(signers) or 'none'} ({needed} people must)."
    lines = [f"Version {version} would change this:", *said, signed]
    return {"version": version, "changes": said, "signers": signers, "needed": needed}, lines


def signed(version: int, said: list[str], signers: list[str], needed: int, adopt: str) -> Said:
    """What is said after a signature. `adopt`: the command that comes once enough have signed."""
    must = "one person" if needed == 1 else f"{needed} people"
    lines = [*said, f"Signed with {len(signers)} key(s); {must} must sign."]
    lines += [f"Next: {adopt}"] if len(signers) >= needed else []
    return {"version": version, "signers": signers, "needed": needed}, lines


def adopted(what: str, begins: datetime, now: datetime, withdraw: str) -> list[str]:
    """That `what` is on the ledger, from when on it counts, and how to stop it until then."""
    if begins <= now:
        return [f"{what} is on the ledger and counts now."]
    return [
        f"{what} is on the ledger and counts from {day(begins)}.",
        f"Until then it can be withdrawn: {withdraw}",
    ]


def version_row(version: int, name: str, digest: str, kept: Kept) -> dict[str, Any]:
    """One version as JSON. `name`: what its digest is called."""
    from commonweal.foundation.clock import stamp

    return {
        "version": version,
        name: digest,
        "adopted_at": stamp(kept.adopted_at),
        "effective_from": stamp(kept.effective_from),
        "withdrawn_at": None if kept.withdrawn_at is None else stamp(kept.withdrawn_at),
    }
