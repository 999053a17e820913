"""The sandbox of an opened home."""

from __future__ import annotations

from commonweal.sandbox.box import Sandbox
from commonweal.sandbox.homes import sandbox_of
from commonweal.vault.custody import Custody


def opened_sandbox(custody: Custody) -> Sandbox:
    """A sandbox whose guards were tried just now. Raises as `sandbox_of`."""
    return sandbox_of(custody.home.path, demo=custody.home.kind == "demo")
