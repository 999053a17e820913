"""What follows from each kind of act. An app says so when it is loaded; nothing else may.

A handler's `check` and `follow` run in one transaction with the ledger's word in between: first
`check`, then the ledger hears of the act, then `follow`. Should the machine stop after the ledger
has heard, both run again, so `follow` writes the same however often it runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from commonweal.foundation.errors import Fault
from commonweal.web.signing.models import Act


@dataclass(frozen=True)
class Told:
    """What a person is shown before they sign. `lines`: what they wrote, as (what, words)."""

    title: str
    link: str
    lines: tuple[tuple[str, str], ...] = ()


class Handler(Protocol):
    """What one kind of act means for the service's own rows."""

    def check(self, act: Act) -> None:
        """Lock what `follow` will write, and raise a `CommonwealError` if it may not be now."""
        ...

    def follow(self, act: Act) -> None:
        """Write what follows, with `govern`. It must not refuse what `check` let pass."""
        ...

    def told(self, act: Act) -> Told:
        """What the page shows above the sentence that is signed."""
        ...


_handlers: dict[str, Handler] = {}


def handle(kind: str, handler: Handler) -> None:
    """Let `handler` deal with acts of `kind`. Raises `Fault` CW-WEB-SIGNING for a second one."""
    if kind in _handlers and type(_handlers[kind]) is not type(handler):
        raise Fault("CW-WEB-SIGNING", f"Acts of the kind {kind} have a handler already.")
    _handlers[kind] = handler


def handler_of(kind: str) -> Handler:
    """Who deals with acts of `kind`. Raises `Fault` CW-WEB-SIGNING."""
    if kind not in _handlers:
        raise Fault("CW-WEB-SIGNING", f"Nobody here deals with acts of the kind {kind}.")
    return _handlers[kind]
