"""One round of a room's worker, as a program: `python -m tests.web.releases.working HOME ROOM`."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main(home: Path, room: str) -> None:
    """Take every step of the releases app in `room` once; the signer settles acts first."""
    os.environ["COMMONWEAL_HOME"] = str(home)
    os.environ["DJANGO_SETTINGS_MODULE"] = "commonweal.web.config.settings"
    import django

    django.setup()
    from commonweal.web.releases.workers import steps
    from commonweal.web.signing.workers import settle_waiting
    from tests.web.signing_room import signer

    with signer(home) as custody:
        if room == "signer":
            settle_waiting(custody)
        for step in steps(room):
            step(custody)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
