"""How tests are shared out among processes: whole files, the longest first.

Tests of one file share what is costly (a home, a service, an engine of that file), so they go to
one process, one after the other; all tests with Spark go together, whatever their file, because
each process would start a Java of its own. What takes minutes is begun at once and what takes
moments is left for the end, so that no process waits for the last long file of another.
"""

from __future__ import annotations

import pytest
from xdist.scheduler import LoadGroupScheduling

SPARK = "spark"
FOLDERS = ("browser", "integration", "spec", "property", "security", "crash", "web", "unit")
"""The folders of tests in the order in which they are begun. One that is not here comes first."""
LONG = ("tests/browser/test_all_pages.py", "tests/integration/test_how_to.py",
        "tests/integration/test_demonstration.py", "tests/unit/scan/test_check.py")  # fmt: skip
"""Files of more than a minute that are begun before all others."""


class WholeFiles(LoadGroupScheduling):
    """xdist's scheduler of groups, for which every file is a group.

    Its own keeps a record for each test alone, which it looks through after each test.
    """

    def __init__(self, config: pytest.Config, log: object = None) -> None:
        config.option.loadscopereorder = False  # by our order, not by how many tests a file has
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return group_of(super()._split_scope(nodeid))


def group_of(scope: str) -> str:
    """The group of a test: its file, or what it is marked with."""
    return scope.partition("::")[0]


def turn(item: pytest.Item) -> tuple[int, int]:
    """Where the file of a test stands among all; tests of the same turn keep their order."""
    path = item.nodeid.partition("::")[0]
    folder = path.split("/")[1] if path.count("/") > 1 else ""
    return (
        LONG.index(path) if path in LONG else len(LONG),
        FOLDERS.index(folder) if folder in FOLDERS else -1,
    )
