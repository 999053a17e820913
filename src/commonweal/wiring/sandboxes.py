"""The sandbox of a home: one record of users for all its rooms."""

from __future__ import annotations

import os

from commonweal.foundation.files import make_private_folder
from commonweal.sandbox.box import Sandbox
from commonweal.vault.custody import Custody

FOLDER = "sandbox"
RECORD = "users"


def opened_sandbox(custody: Custody) -> Sandbox:
    """A sandbox whose guards were tried just now; some 1.2 seconds.

    Raises `Unavailable` CW-SANDBOX-GUARD, naming the guard that does not hold.
    """
    folder = custody.home.path / FOLDER
    make_private_folder(folder)
    return Sandbox.open(
        folder / RECORD,
        demo=custody.home.kind == "demo",
        cgroup=os.environ.get("COMMONWEAL_CGROUP"),
    )
