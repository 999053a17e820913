"""The sandbox as commands open it: one record of users for all rooms of a home."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from commonweal.sandbox.box import Sandbox
    from commonweal.vault.custody import Custody

RECORD = "users"


def opened_sandbox(custody: Custody) -> Sandbox:
    """A sandbox whose guards were tried just now; some 1.2 seconds.

    Raises `Unavailable` CW-SANDBOX-GUARD, naming the guard that does not hold.
    """
    from commonweal.wiring.sandboxes import opened_sandbox as opened

    return opened(custody)


def homeless_sandbox(folder: Path) -> Sandbox:
    """A sandbox for files of one's own, where there is no home; its users' record is in `folder`.

    Cgroups are needed where the machine's keeper gave one, and not else, as in a demonstration:
    a parser has its own limits of time and memory either way. Raises as `opened_sandbox`.
    """
    from commonweal.sandbox.box import Sandbox

    cgroup = os.environ.get("COMMONWEAL_CGROUP")
    return Sandbox.open(folder / RECORD, demo=cgroup is None, cgroup=cgroup)
