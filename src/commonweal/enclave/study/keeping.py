"""What a study keeps for its next attempt, where the machine stops it in the middle."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from commonweal.enclave.study.errors import StudyError

CHECKPOINTS = "COMMONWEAL_CHECKPOINTS"
EARLIER = "COMMONWEAL_CHECKPOINTS_EARLIER"
_MARK = ".writing"


@dataclass(frozen=True)
class Checkpoints:
    """`folder`: what is written here is kept. `earlier`: True if it holds what was kept before."""

    folder: Path
    earlier: bool

    @contextlib.contextmanager
    def writing(self) -> Iterator[Path]:
        """Write files that belong together: nothing is kept in the middle of the block.

        Gives the folder. A block that ends by an error is not kept.
        """
        mark = self.folder / _MARK
        try:
            mark.touch()
        except OSError:
            raise StudyError("There is no room left for checkpoints.") from None
        yield self.folder
        mark.unlink(missing_ok=True)


def checkpoints_here() -> Checkpoints:
    """The folder of a job, or outside one `checkpoints` in the working folder, made if needed."""
    named = os.environ.get(CHECKPOINTS)
    folder = Path(named or "checkpoints")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = any(not one.name.startswith(".") for one in folder.iterdir())
    except OSError:
        raise StudyError(
            "There is no folder for checkpoints: say `checkpoints: true` in study.yaml."
        ) from None
    said = os.environ.get(EARLIER)
    return Checkpoints(folder, there if named is None or said is None else said == "yes")
