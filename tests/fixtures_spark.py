"""One Apache Spark for all tests of a process, started when the first test asks for it.

Starting Java costs seconds, so nothing else of it is shared: every engine has a session of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from commonweal.vault.tables.spark_session import MASTER_SETTING, Spark, running

# Tests are many small statements: Java's best compiler would cost more than it saves.
_QUICK = ("-XX:TieredStopAtLevel=1",)


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spark]:
    """A running Spark with two threads, which `running` hands to everybody meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(MASTER_SETTING, "local[2]")
        with running(
            tmp_path_factory.mktemp("spark"),
            memory="1GB",
            shuffle_partitions=2,
            java_options=_QUICK,
        ) as started:
            yield started
