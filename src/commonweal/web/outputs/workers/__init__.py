"""The airlock's side of outputs: check and freeze, take what people signed, let it leave, tell.

A worker believes nothing of an order but that somebody asked: it holds it against the home's
permit, ledger and acts, and what it does stands on the ledger. It may be killed anywhere; then the
lease of its order runs out, and whoever takes it up next finds by the ledger what was done already.
"""

from __future__ import annotations

from commonweal.web.outputs.workers.listing import steps

__all__ = ["steps"]
