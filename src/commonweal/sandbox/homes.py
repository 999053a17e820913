"""The sandbox of a home: one record of users for all rooms, however it is opened."""

from __future__ import annotations

import os
from pathlib import Path

from commonweal.foundation.files import make_private_folder
from commonweal.sandbox.box import Sandbox

FOLDER = "sandbox"
RECORD = "users"
CGROUP = "COMMONWEAL_CGROUP"


def sandbox_of(home: Path, *, demo: bool) -> Sandbox:
    """The sandbox of the home in this folder, its guards tried just now; some 1.2 seconds.

    demo: whether it is a demonstration's. Raises `Unavailable` CW-SANDBOX-GUARD, naming the guard
    that does not hold.
    """
    folder = home / FOLDER
    make_private_folder(folder)
    return Sandbox.open(folder / RECORD, demo=demo, cgroup=os.environ.get(CGROUP))
